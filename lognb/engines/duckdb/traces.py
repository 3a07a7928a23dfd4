"""Traces counted in SQL: one row for each, or for each service or operation; see engines.base.Engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lognb.engines.base import OPERATIONS, TRACES
from lognb.engines.duckdb.answers import as_type
from lognb.engines.duckdb.sql import within_range

if TYPE_CHECKING:
    import polars as pl

    from lognb.engines.duckdb.connect import Params
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_ERROR: Final = "severity IN ('error', 'fatal')"

# `r`: the records of the query, by trace. `t`: the traces that are meant. `spans`: theirs, with a number for each row.
_CHOSEN: Final = f"""
WITH r AS MATERIALIZED (
    SELECT trace_id, count(*) AS records, count(*) FILTER ({_ERROR}) AS error_records, min(time) AS first
    FROM store.logs WHERE trace_id IS NOT NULL AND {{where}} GROUP BY trace_id),
t AS MATERIALIZED (SELECT trace_id FROM r {{silent}}),
spans AS MATERIALIZED (
    SELECT row_number() OVER () AS row, s.* FROM (
        SELECT trace_id, span_id, nullif(parent_span_id, '') AS parent, start, "end", duration_ns, status_code,
            service_name, nullif(session_id, '') AS session_id, name, kind
        FROM store.spans WHERE trace_id IN (SELECT trace_id FROM t)
            OR (trace_id IS NULL AND EXISTS (SELECT 1 FROM t WHERE trace_id IS NULL))) s)
"""

# What is first without a parent, else what is first at all, is the root: nulls stand last in a struct.
_TRACES: Final = """,
s AS (
    SELECT trace_id, count(*) AS spans, count(*) FILTER (status_code = 'error') AS errors,
        min((parent IS NOT NULL, start, span_id, "end", service_name, name, duration_ns)) AS root,
        epoch_ns(max("end")) - epoch_ns(min(start)) AS extent_ns
    FROM spans GROUP BY trace_id),
m AS (
    SELECT c.trace_id, count(*) AS missing_parents
    FROM spans c LEFT JOIN (SELECT DISTINCT trace_id, span_id AS id FROM spans) p
        ON p.trace_id IS NOT DISTINCT FROM c.trace_id AND p.id = c.parent
    WHERE c.parent IS NOT NULL AND p.id IS NULL GROUP BY c.trace_id),
u AS (
    SELECT trace_id, service_name, session_id FROM spans
    UNION SELECT trace_id, service_name, nullif(session_id, '') FROM store.logs
    WHERE trace_id IN (SELECT trace_id FROM t)),
f AS (
    SELECT trace_id, count(DISTINCT service_name) AS services, min(session_id) AS low, max(session_id) AS high
    FROM u GROUP BY trace_id)
SELECT t.trace_id, root[5] AS root_service, root[6] AS root, CASE WHEN spans > 0 THEN root[2] ELSE r.first END AS start,
    root[7] AS duration_ns, extent_ns, coalesce(spans, 0) AS spans, services, coalesce(errors, 0) AS errors,
    coalesce(missing_parents, 0) AS missing_parents, coalesce(records, 0) AS records,
    coalesce(error_records, 0) AS error_records, CASE WHEN low = high THEN low END AS session
FROM t LEFT JOIN s ON s.trace_id IS NOT DISTINCT FROM t.trace_id
    LEFT JOIN r ON r.trace_id = t.trace_id
    LEFT JOIN m ON m.trace_id IS NOT DISTINCT FROM t.trace_id
    LEFT JOIN f ON f.trace_id IS NOT DISTINCT FROM t.trace_id
ORDER BY duration_ns DESC NULLS LAST, start, t.trace_id
"""

# `o`: the spans with their own time, as analyses/forest.py defines it on times as sent: their length without what their
# children cover. Of spans with one id one has the children, a server rather than the client that shares it. `kin` are
# the spans that someone waits for, with the row of their parent.
_OWN: Final = """,
ids AS (
    SELECT trace_id, span_id, count(*) AS n, min(row) AS first, min(row) FILTER (kind = 'client') AS client,
        min(row) FILTER (kind = 'server') AS server
    FROM spans WHERE span_id IS NOT NULL GROUP BY trace_id, span_id),
held AS (
    SELECT trace_id, span_id, CASE WHEN n > 1 AND client > 0 AND server > 0 THEN server ELSE first END AS holder,
        CASE WHEN n > 1 AND server > 0 THEN client END AS client
    FROM ids),
kin AS (
    SELECT c.start, c."end", coalesce(CASE WHEN c.kind = 'server' THEN same.client END, up.holder) AS parent
    FROM spans c LEFT JOIN held same ON same.trace_id IS NOT DISTINCT FROM c.trace_id AND same.span_id = c.span_id
        LEFT JOIN held up ON up.trace_id IS NOT DISTINCT FROM c.trace_id AND up.span_id = c.parent
            AND c.parent IS DISTINCT FROM c.span_id
    WHERE c.kind IS DISTINCT FROM 'consumer'),
cut AS (
    SELECT p.row, greatest(k.start, p.start) AS low, least(k."end", p."end") AS high
    FROM kin k JOIN spans p ON p.row = k.parent
    WHERE k.start IS NOT NULL AND k."end" IS NOT NULL AND p.start IS NOT NULL AND p."end" IS NOT NULL
        AND greatest(k.start, p.start) < least(k."end", p."end")),
w AS (
    SELECT row, low, high, max(high) OVER (
        PARTITION BY row ORDER BY low, high ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM cut),
covered AS (
    SELECT row, sum(greatest(epoch_ns(high) - epoch_ns(greatest(low, coalesce(before, low))), 0)) AS ns
    FROM w GROUP BY row),
o AS (
    SELECT s.*, greatest(epoch_ns("end") - epoch_ns(start), 0) - coalesce(ns, 0) AS own
    FROM spans s LEFT JOIN covered USING (row))
"""

# `met`: the traces that each row is part of, a service also by its records; `e`: those in which it fails.
_OPERATIONS: Final = """,
met AS (SELECT {columns}, trace_id FROM o {met}),
n AS (SELECT {columns}, count(DISTINCT trace_id) AS traces FROM met GROUP BY {keys}),
g AS (
    SELECT {keys}, count(*) AS spans, count(*) FILTER (status_code = 'error') AS errors, sum(own)::BIGINT AS self_ns,
        sum(own) FILTER (kind = 'client')::BIGINT AS gap_ns, quantile_disc(duration_ns, 0.5) AS p50_ns,
        quantile_disc(duration_ns, 0.95) AS p95_ns
    FROM o GROUP BY {keys}),
e AS (SELECT {columns}, trace_id FROM o WHERE status_code = 'error' {failed}),
f AS (SELECT {keys}, count(DISTINCT trace_id) AS failed_traces FROM e GROUP BY {keys})
SELECT n.*, coalesce(spans, 0) AS spans, coalesce(errors, 0) AS errors, coalesce(failed_traces, 0) AS failed_traces,
    coalesce(self_ns, 0) AS self_ns, coalesce(gap_ns, 0) AS gap_ns, p50_ns, p95_ns
FROM n LEFT JOIN g ON {same_g} LEFT JOIN f ON {same_f}
ORDER BY self_ns DESC, n.service_name, n.name, n.kind
"""
_RECORDS: Final = (
    "UNION ALL SELECT DISTINCT service_name, NULL, NULL, trace_id FROM store.logs "
    "WHERE trace_id IN (SELECT trace_id FROM t)"
)


def counted(engine: DuckDB, query: Query) -> pl.DataFrame:
    """See engines.base.Engine.traces."""
    with engine.within(query) as (where, params):
        frame = engine.frame(_chosen(query, where, params) + _TRACES, params)
    return frame.select(as_type(frame[name], dtype) for name, dtype in TRACES.items())


def by_service(engine: DuckDB, query: Query, *, names: bool) -> pl.DataFrame:
    """See engines.base.Engine.operations."""
    keys = ["service_name", "name", "kind"] if names else ["service_name"]
    same = " AND ".join(f"{{0}}.{key} IS NOT DISTINCT FROM n.{key}" for key in keys)
    statement = _OPERATIONS.format(
        columns=", ".join(keys) if names else "service_name, NULL::VARCHAR AS name, NULL::VARCHAR AS kind",
        keys=", ".join(keys),
        met="" if names else _RECORDS,
        failed="" if names else f"{_RECORDS} AND {_ERROR}",
        same_g=same.format("g"),
        same_f=same.format("f"),
    )
    with engine.within(query) as (where, params):
        frame = engine.frame(_chosen(query, where, params) + _OWN + statement, params)
    return frame.select(as_type(frame[name], dtype) for name, dtype in OPERATIONS.items())


def _chosen(query: Query, where: str, params: Params) -> str:
    """The traces of the query's records; where it is at most a window, also those of which a root starts in it."""
    if query.conditions:
        return _CHOSEN.format(where=where, silent="")
    inside = ["true"]
    if query.since is not None:
        inside.append(f"start >= make_timestamp_ns({params.add(within_range(query.since))})")
    if query.until is not None:
        inside.append(f"start < make_timestamp_ns({params.add(within_range(query.until))})")
    if len(inside) > 1:
        inside.append("coalesce(parent_span_id, '') = ''")
    return _CHOSEN.format(where=where, silent=f"UNION SELECT trace_id FROM store.spans WHERE {' AND '.join(inside)}")
