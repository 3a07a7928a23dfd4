"""How many records and bytes lie in each bucket of time, by the value of a field; also beside an earlier time."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.engines.base import VOLUME
from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.engines.duckdb.engine import DuckDB

_EARLIER: Final = {"records_earlier": pl.UInt64(), "bytes_earlier": pl.Int64()}


def counted(
    engine: DuckDB, query: Query, every: int, by: str | None, top: int, of: str = "records", earlier: int = 0
) -> pl.DataFrame:
    """See engines.base.Engine.volume. The values are ranked once for both times, so that a value is one series."""
    before = Query(query.conditions, *(None if t is None else t - earlier for t in (query.since, query.until)))
    then = engine.within(before) if earlier else nullcontext(("", Params()))
    with engine.within(query) as (where, params), then as (there, _):
        if earlier and not sql.dear(query):  # rows that are known need no parameters; else one statement has one set
            there = engine.where(before, params)
        value = "NULL::VARCHAR" if by is None else engine.field(by).text(params)
        width, rest = params.add(int(every)), params.add(int(top))
        now = ["count(*) AS records", "sum(size_bytes)::BIGINT AS bytes"]
        parts = [_grouped(where, value, "epoch_ns(time)", width, [*now, *(f"0 AS {n}" for n in _EARLIER if earlier)])]
        if earlier:
            moved = f"epoch_ns(time) + {params.add(int(earlier))}"
            counts = ["0", "0", "count(*)", "sum(size_bytes)::BIGINT"]
            parts.append(_grouped(there, value, moved, width, counts))
        names = ["records", "bytes", *(_EARLIER if earlier else ())]
        ranks = ", ".join(f"sum({n}) DESC NULLS LAST" for n in names if n.startswith(of))
        sums = ", ".join(f"sum({n}) AS {n}" for n in names)
        frame = engine.frame(
            f"WITH g AS MATERIALIZED ({' UNION ALL '.join(parts)}), "
            f"v AS (SELECT value, row_number() OVER (ORDER BY {ranks}, value) AS place FROM g GROUP BY value) "
            f"SELECT bucket, CASE WHEN place <= {rest} THEN g.value "
            f"ELSE 'other (' || (SELECT count(*) - {rest} FROM v) || ' more)' END AS \"by\", {sums} "
            "FROM g JOIN v ON g.value IS NOT DISTINCT FROM v.value GROUP BY 1, 2 ORDER BY 1, 2",
            params,
        )
    schema: dict[str, pl.DataType] = {**VOLUME, **(_EARLIER if earlier else {})}
    return frame.cast({"bucket": pl.Int64()}).cast(schema)  # type: ignore[arg-type]


def bucket(ns: str, width: str) -> str:
    """The left edge; the remainder of a time before 1970 is negative in SQL."""
    return f"({ns}) - ((({ns}) % {width}) + {width}) % {width}"


def _grouped(where: str, value: str, ns: str, width: str, counts: list[str]) -> str:
    return (
        f"SELECT {bucket(ns, width)} AS bucket, {value} AS value, {', '.join(counts)} FROM store.logs "
        f"WHERE isfinite(time) AND {where} GROUP BY 1, 2"
    )
