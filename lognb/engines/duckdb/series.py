"""Records, errors and bytes in each bucket of time, for each combination of fields: where changes are sought."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.engines.base import SERIES
from lognb.engines.duckdb.connect import Params, name
from lognb.engines.duckdb.fields import Attribute, Json
from lognb.engines.duckdb.volume import bucket

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_AT_ONCE: Final = 64  # fields of the lists: their counts are in memory together
_COLUMNS: Final = ["by0", "bucket", "records"]


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


def tallies(engine: DuckDB, query: Query, every: int, fields: Sequence[str]) -> Iterator[pl.DataFrame]:
    """See engines.base.Engine.tallies."""
    whole: pl.DataFrame | None = None
    listed: dict[str, pl.DataFrame] = {}
    waiting = [f for f in fields if _is_listed(engine, f)]
    for field in fields:
        if not _is_listed(engine, field):
            yield counted(engine, query, every, [field]).select(_COLUMNS)
            continue
        if field not in listed:
            whole = counted(engine, query, every, []) if whole is None else whole
            some, waiting = waiting[:_AT_ONCE], waiting[_AT_ONCE:]
            listed = _in_lists(engine, query, every, some, whole)
        yield listed.pop(field)


def _is_listed(engine: DuckDB, field: str) -> bool:
    """Is it in the lists of rare attributes alone? Each of these would cost a search in all lists."""
    found = engine.field(field)
    return isinstance(found, Attribute) and not found.flats and field in engine.catalog.rest


def _in_lists(
    engine: DuckDB, query: Query, every: int, keys: Sequence[str], whole: pl.DataFrame
) -> dict[str, pl.DataFrame]:
    """The frames of attributes in the lists, by one pass over these; `whole` are all records by bucket."""
    with engine.within(query) as (where, params):
        at = bucket("epoch_ns(time)", params.add(int(every)))
        pairs = (
            f"SELECT attr_keys AS ks, attr_values AS vs, {at} AS bucket, unnest(range(1, len(attr_keys) + 1)) AS i "
            f"FROM store.logs WHERE isfinite(time) AND {where}"
        )
        found = engine.frame(
            "SELECT k, x, bucket, count(*)::UBIGINT AS records FROM (SELECT ks[i] AS k, vs[i] AS x, bucket "
            f"FROM ({pairs}) WHERE list_position(ks, ks[i]) = i) "
            f"WHERE k IN (SELECT unnest({params.add(list(keys))}::VARCHAR[])) GROUP BY ALL",
            params,
        )
    found = found.with_columns(pl.col("bucket").cast(pl.Int64).cast(SERIES["bucket"]))
    parts = found.partition_by("k", as_dict=True, include_key=False)
    return {key: _with_rest(engine, key, parts.get((key,), found.clear().drop("k")), whole) for key in keys}


def _with_rest(engine: DuckDB, key: str, part: pl.DataFrame, whole: pl.DataFrame) -> pl.DataFrame:
    """Rows of one attribute, from rows `x` (a literal), `bucket`, `records`; null are the records without it."""
    params = Params()
    literals = part["x"].unique().to_list()
    texts = engine.each(literals, Json(lambda _: "x", engine.catalog.kinds(key)).text(params), params)
    of = pl.DataFrame({"x": literals, "by0": texts}, schema={"x": pl.String(), "by0": pl.String()})
    rows = part.join(of, on="x").filter(pl.col("by0").is_not_null()).select(_COLUMNS)
    have = rows.group_by("bucket").agg(pl.col("records").sum().alias("have"))
    rest = whole.join(have, on="bucket", how="left").with_columns(pl.col("records") - pl.col("have").fill_null(0))
    rest = rest.filter(pl.col("records") > 0).select(pl.lit(None, pl.String).alias("by0"), "bucket", "records")
    rows = pl.concat([rows, rest]).group_by("by0", "bucket").agg(pl.col("records").sum())
    return rows.sort("by0", "bucket", nulls_last=True)
