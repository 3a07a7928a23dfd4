"""Issues among the records of a query: counted in SQL over the rows that are known to be of one.

Exceptions on span events are few beside records, and are counted in Polars; a query that asks for what only records
have says nothing of them, and then none is counted.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.exceptions import release_sql
from lognb.engines.duckdb.fields import Column
from lognb.engines.duckdb.volume import bucket
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from lognb.engines.base import Issues
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_TREND: Final = pl.List(pl.Struct({"bucket": TIME, "occurrences": pl.UInt64()}))
COLUMNS: Final[dict[str, pl.DataType]] = {
    "code": pl.Int64(), "records": pl.UInt64(), "occurrences": pl.UInt64(), "spans": pl.UInt64(),
    "sessions": pl.UInt64(), "users": pl.UInt64(), "services": pl.List(pl.String()), "releases": pl.List(pl.String()),
    "first": TIME, "last": TIME, "sample_record_id": pl.UInt64(), "earlier": pl.Boolean(), "trend": _TREND,
}  # fmt: skip
# What a span has in common with a record, as far as a query may ask for it, and where the exception on it has it.
_SHARED: Final = {
    "time": "time", "service_name": "service_name", "trace_id": "trace_id", "span_id": "span_id",
    "session": "session_id", "user_id": "user_id", "issue": "issue",
}  # fmt: skip
_LISTS: Final = {"services": "service_name", "releases": "release", "sessions": "session_id", "users": "user_id"}


def counted(engine: DuckDB, issues: Issues, query: Query, every: int | None) -> pl.DataFrame:
    """See engines.base.Engine.issues."""
    engine.check(query)
    found = issues.found
    table = pa.table({"lognb_r": found.rows, "lognb_c": found.codes, "lognb_h": found.heads})
    with engine.registered(table) as name, engine.within(query) as (where, params):
        source = f"FROM store.logs JOIN {name} ON {engine.rowid} = lognb_r"
        records = _records(engine, source, where, params)
        trend = _trend(engine, source, where, params, every)
        before = _firsts(engine, source)
    ids = issues.table[found.spans["code"].to_list()]["issue"]
    spans = _matching(engine, found.spans.with_columns(ids), query)
    out = _joined(records, spans)
    out = out.join(_before(query, before, found.spans), on="code", how="left", maintain_order="left")
    out = out.join(_trends(trend, spans, every), on="code", how="left", maintain_order="left")
    return out.select(pl.col(n).cast(t) for n, t in COLUMNS.items())


def told_twice(engine: DuckDB, issues: Issues) -> Issues:
    """The same, with each exception counted once that several spans of a trace, or a record of it too, tell.

    A span that an exception leaves tells it again, with one more call in its stack; the record of whoever caught it has
    the most, so its issue is the one. Without a record it is that of the outermost span, which tells it last.
    """
    found = issues.found
    if not found.spans.height:
        return issues
    table = pa.table({"lognb_r": found.rows, "lognb_c": found.codes, "lognb_k": issues.kinds})
    same = found.spans.select("trace_id", "kind").unique().drop_nulls()
    with engine.registered(table) as name, engine.registered(same.to_arrow()) as spans:
        told = engine.frame(
            f"SELECT l.trace_id, s.kind, arg_min(lognb_c, lognb_r)::BIGINT AS whose FROM store.logs l "
            f"JOIN {name} ON l.{engine.rowid} = lognb_r "
            f"JOIN {spans} s ON l.trace_id = s.trace_id AND s.kind = lognb_k GROUP BY 1, 2",
            Params(),
        )
    out = found.spans.join(told, on=["trace_id", "kind"], how="left", maintain_order="left")
    known = pl.col("trace_id").is_not_null()
    last = pl.col("code").last().over("trace_id", "kind")
    again = ~pl.int_range(pl.len()).eq(0).over("trace_id", "kind")
    out = out.with_columns(
        pl.when(known).then(pl.coalesce("whose", last)).otherwise("code").alias("code"),
        (known & (pl.col("whose").is_not_null() | again)).alias("told"),
    )
    return replace(issues, found=replace(found, spans=out.drop("whose")))


def _records(engine: DuckDB, source: str, where: str, params: Params) -> pl.DataFrame:
    values = {
        "sessions": engine.field("session").text(params),
        "users": "user_id",
        "services": "service_name",
        "releases": release_sql(engine, params),
    }
    lists = ", ".join(f"list(DISTINCT {v}) FILTER (({v}) IS NOT NULL) AS {n}" for n, v in values.items())
    return engine.frame(
        f"SELECT lognb_c::BIGINT AS code, count(*) AS records, count(*) FILTER (lognb_h) AS heads, {lists}, "
        "epoch_ns(min(time)) AS first, epoch_ns(max(time)) AS last, "
        f"arg_min(record_id, lognb_r) FILTER (lognb_h) AS sample, min(record_id) AS other {source} "
        f"WHERE {where} GROUP BY 1",
        params,
    )


def _trend(engine: DuckDB, source: str, where: str, params: Params, every: int | None) -> pl.DataFrame:
    if every is None:
        return pl.DataFrame(schema={"code": pl.Int64(), "bucket": pl.Int64(), "n": pl.Int64()})
    edge = bucket("epoch_ns(time)", params.add(int(every)))
    statement = (
        f"SELECT lognb_c::BIGINT AS code, {edge} AS bucket, count(*)::BIGINT AS n {source} "
        f"WHERE lognb_h AND isfinite(time) AND {where} GROUP BY 1, 2"
    )
    return engine.frame(statement, params)


def _firsts(engine: DuckDB, source: str) -> pl.DataFrame:
    """When each issue was first seen at all."""
    statement = f"SELECT lognb_c::BIGINT AS code, epoch_ns(min(time)) AS first_ever {source} GROUP BY 1"
    return engine.frame(statement, Params())


def _matching(engine: DuckDB, spans: pl.DataFrame, query: Query) -> pl.DataFrame:
    """The span events that a query lets through; none where it asks for what spans do not have."""
    if not spans.height or any(leaf.field not in (*_SHARED, "severity") for leaf in query.leaves()):
        return spans.head(0)
    params = Params()
    with engine.registered(spans.with_columns(pl.col("time").dt.replace_time_zone(None)).to_arrow()) as name:
        shared = {n: Column(column, spans.schema[column]) for n, column in _SHARED.items()}
        fields: dict[str, Any] = {**shared, "severity": Column("'error'", SEVERITY)}
        tests = [sql.of_clause(clause, fields, params) for clause in query.conditions]
        for op, ns in ((">=", query.since), ("<", query.until)):
            if ns is not None:
                tests.append(f"time {op} make_timestamp_ns({params.add(sql.within_range(ns))})")
        statement = f"SELECT i FROM (SELECT *, row_number() OVER () - 1 AS i FROM {name})"
        kept = engine.frame(f"{statement} WHERE {' AND '.join(tests) or 'true'} ORDER BY i", params)
    return spans[kept["i"].to_list()]


def _joined(records: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    lists = [pl.col(v).drop_nulls().unique().alias(f"{n}_more") for n, v in _LISTS.items()]
    more = spans.group_by("code").agg(
        pl.len().alias("spans"),
        (~pl.col("told")).sum().alias("untold"),
        pl.col("time").min().dt.timestamp("ns").alias("first_more"),
        pl.col("time").max().dt.timestamp("ns").alias("last_more"),
        *lists,
    )
    out = records.join(more, on="code", how="full", coalesce=True)
    none = pl.lit([], pl.List(pl.String()))
    both = {n: pl.col(n).fill_null(none).list.set_union(pl.col(f"{n}_more").fill_null(none)) for n in _LISTS}
    return out.select(
        "code",
        pl.col("records").fill_null(0),
        (pl.col("heads").fill_null(0) + pl.col("untold").fill_null(0)).alias("occurrences"),
        pl.col("spans").fill_null(0),
        both["sessions"].list.len().alias("sessions"),
        both["users"].list.len().alias("users"),
        both["services"].list.sort().alias("services"),
        both["releases"].list.sort().alias("releases"),
        _time(pl.min_horizontal("first", "first_more")).alias("first"),
        _time(pl.max_horizontal("last", "last_more")).alias("last"),
        pl.coalesce("sample", "other").alias("sample_record_id"),
    )


def _before(query: Query, records: pl.DataFrame, spans: pl.DataFrame) -> pl.DataFrame:
    """Whether each issue was there before the query's window."""
    ever = spans.group_by("code").agg(pl.col("time").min().dt.timestamp("ns").alias("first_ever"))
    firsts = pl.concat([records.select("code", "first_ever"), ever]).group_by("code").agg(pl.col("first_ever").min())
    earlier = pl.lit(None, pl.Boolean) if query.since is None else pl.col("first_ever") < query.since
    return firsts.select("code", earlier.alias("earlier"))


def _trends(records: pl.DataFrame, spans: pl.DataFrame, every: int | None) -> pl.DataFrame:
    if every is None:
        return pl.DataFrame(schema={"code": pl.Int64(), "trend": _TREND})
    ns = pl.col("time").dt.timestamp("ns")
    more = (
        spans.filter(~pl.col("told")).group_by("code", (ns // every * every).alias("bucket")).agg(pl.len().alias("n"))
    )
    every_one = pl.concat([records, more.cast(records.schema)])
    summed = every_one.group_by("code", "bucket").agg(pl.col("n").sum()).sort("code", "bucket")
    cell = pl.struct(_time(pl.col("bucket")).alias("bucket"), pl.col("n").cast(pl.UInt64).alias("occurrences"))
    return summed.group_by("code").agg(cell.alias("trend"))


def _time(ns: pl.Expr) -> pl.Expr:
    return ns.cast(pl.Int64).cast(TIME)
