"""Records, errors and bytes in each bucket of time, for each combination of fields: where changes are sought."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lognb.engines.base import SERIES
from lognb.engines.duckdb.connect import name
from lognb.engines.duckdb.volume import bucket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query


def counted(
    engine: DuckDB, query: Query, every: int, fields: Sequence[str], least: int = 1, distinct: str | None = None
) -> pl.DataFrame:
    """See engines.base.Engine.series."""
    with engine.within(query) as (where, params):
        keys = [engine.field(field).text(params) for field in fields]
        values = "".join(f"{key} AS {name(f'by{i}')}, " for i, key in enumerate(keys))
        wanted = "NULL" if distinct is None else engine.field(distinct).text(params)
        at = bucket("epoch_ns(time)", params.add(int(every)))
        names = "".join(f"by{i}, " for i in range(len(keys)))
        places = ", ".join(map(str, range(1, len(keys) + 2)))
        kept = ", ".join(f"by{i}" for i in range(len(keys))) or "true"
        frame = engine.frame(
            f"WITH g AS (SELECT {values}{at} AS bucket, count(*)::UBIGINT AS records, "
            "(count(*) FILTER (severity IN ('error', 'fatal')))::UBIGINT AS errors, "
            f'sum(size_bytes)::BIGINT AS bytes, count(DISTINCT {wanted})::UBIGINT AS "distinct" '
            f"FROM store.logs WHERE isfinite(time) AND {where} GROUP BY {places}) "
            f'SELECT {names}bucket, records, errors, bytes, "distinct" FROM g '
            f"QUALIFY sum(records) OVER (PARTITION BY {kept}) >= {params.add(int(least))} ORDER BY {names}bucket",
            params,
        )
    types: dict[str, pl.DataType] = {**{f"by{i}": pl.String() for i in range(len(fields))}, **SERIES}
    return pl.DataFrame([frame[name].cast(pl.Int64 if name == "bucket" else t).cast(t) for name, t in types.items()])
