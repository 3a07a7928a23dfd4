"""The numbers of a field: counts, percentiles and a histogram, over time and by the value of another field."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._bins import edges
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.numbers import number
from lognb.engines.duckdb.volume import bucket
from lognb.schema import TIME

if TYPE_CHECKING:
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

PERCENTILES: Final = (5, 25, 50, 75, 90, 95, 99)

_COUNTS: Final = ("records", "nan", "infinite", "other", "rounded")
_NUMBERS: Final = ("min", *(f"p{p}" for p in PERCENTILES), "max", "sum")
_BINS: Final = pl.List(pl.Struct({"low": pl.Float64(), "high": pl.Float64(), "records": pl.UInt64()}))


def counted(engine: DuckDB, query: Query, field: str, every: int | None, by: str | None, top: int) -> pl.DataFrame:
    """See engines.base.Engine.stats. The query is evaluated once: its numbers go into a table of this cursor."""
    asked = engine.field(field)
    with engine.within(query) as (where, params):
        whole, real = number(asked, params)
        at = "NULL::BIGINT" if every is None else bucket("epoch_ns(time)", params.add(int(every)))
        value = "NULL::VARCHAR" if by is None else engine.field(by).text(params)
        timed = "true" if every is None else "isfinite(time)"
        engine.rows(
            f"CREATE OR REPLACE TEMP TABLE numbers AS SELECT {at} AS bucket, {value} AS value, {whole} AS whole, "
            f"{real} AS real FROM store.logs WHERE {timed} AND ({asked.exists(params)}) AND {where}",
            params,
        )
    try:
        return _measured(engine, every, by, top)
    finally:
        engine.rows("DROP TABLE numbers", Params())


def _measured(engine: DuckDB, every: int | None, by: str | None, top: int) -> pl.DataFrame:
    facts = "count(*) FILTER (isfinite(real)), coalesce(max(abs(whole)), 0)"
    fractions, largest = engine.rows(f"SELECT {facts} FROM numbers", Params())[0]
    one = "coalesce(whole::DOUBLE, CASE WHEN isfinite(real) THEN real END)"
    x = one if fractions else "whole"
    params = Params()
    rest = params.add(int(top))
    rows = engine.rows(
        "WITH v AS (SELECT value, row_number() OVER (ORDER BY count(*) DESC, value) AS place FROM numbers "
        "GROUP BY value) "
        f"SELECT bucket, CASE WHEN place <= {rest} THEN n.value "
        f"ELSE 'other (' || (SELECT count(*) - {rest} FROM v) || ' more)' END AS \"by\", min(place), count(x), "
        "count(*) FILTER (isnan(real)), count(*) FILTER (isinf(real)), "
        f"count(*) FILTER (whole IS NULL AND real IS NULL), count(*) FILTER ({_rounded(fractions)}), "
        f"min(x), quantile_disc(x, [{', '.join(str(p / 100) for p in PERCENTILES)}]), max(x), "
        f"{'fsum' if fractions else 'sum'}(x) "
        f"FROM (SELECT *, {x} AS x FROM numbers) n JOIN v ON n.value IS NOT DISTINCT FROM v.value "
        "GROUP BY 1, 2 ORDER BY 1, 3",
        params,
    )
    frame = _frame(rows, fractions=bool(fractions), largest=int(largest))
    if every is None:
        frame = frame.drop("bucket").with_columns(_histograms(engine, frame, one, whole=not fractions))
    return frame if by is not None else frame.drop("by")


def _rounded(fractions: int) -> str:
    return f"abs(whole) > {2**53}" if fractions else "false"


def _frame(rows: list[tuple[Any, ...]], *, fractions: bool, largest: int) -> pl.DataFrame:
    """Numbers in the narrowest type that holds all of them; the sum of 64-bit integers may need 128."""
    bits = 2**63
    kind = pl.Float64() if fractions else pl.Int64() if largest < bits else pl.Int128()
    sums = kind if fractions or all(abs(r[11] or 0) < bits for r in rows) else pl.Int128()
    schema = {"bucket": pl.Int64(), "by": pl.String(), **dict.fromkeys(_COUNTS, pl.UInt64())}
    types = schema | dict.fromkeys(_NUMBERS, kind) | {"sum": sums, "mean": pl.Float64()}
    none = [None] * len(PERCENTILES)
    flat = [(*r[:2], *r[3:9], *(r[9] or none), *r[10:12], _mean(r[11], r[3])) for r in rows]
    return pl.DataFrame(flat, schema=types, orient="row").cast({"bucket": TIME})


def _mean(total: float | None, records: int) -> float | None:
    return None if total is None or not records else total / records


def _histograms(engine: DuckDB, frame: pl.DataFrame, one: str, *, whole: bool) -> pl.Series:
    """One for each row, all with the same bins."""
    facts = "min(x), max(x), quantile_disc(x, 0.5), min(x) FILTER (x > 0)"
    low, high, median, smallest = engine.rows(f"SELECT {facts} FROM (SELECT {one} AS x FROM numbers)", Params())[0]
    if low is None:
        return pl.Series("histogram", [[] for _ in range(frame.height)], dtype=_BINS)
    bins = edges(low, high, median, smallest, whole=whole)
    params = Params()
    known = [v for v in frame["by"] if v is not None]
    # DuckDB's bins are closed on the right, ours on the left: turned round, they are the same.
    turned = params.add([-edge for edge in reversed(bins)])
    found = dict(
        engine.rows(
            f"SELECT CASE WHEN list_contains({params.add(known)}::VARCHAR[], value) THEN value "
            f"WHEN value IS NULL AND {'true' if None in frame['by'].to_list() else 'false'} THEN NULL "
            f'ELSE {params.add(next((v for v in known if v.startswith("other (")), None))}::VARCHAR END AS "by", '
            f"histogram(-x, {turned}::DOUBLE[]) FROM (SELECT value, {one} AS x FROM numbers) GROUP BY 1",
            params,
        )
    )
    rows = [_bins_of(found.get(value) or {}, bins) for value in frame["by"]]
    return pl.Series("histogram", rows, dtype=_BINS)


def _bins_of(found: dict[float, int], bins: list[float]) -> list[dict[str, float]]:
    return [{"low": low, "high": high, "records": found.get(-low, 0)} for low, high in pairwise(bins)]
