"""Which rows stand around one, and which of a query are drawn by lot: places first, records after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.sql import within_range
from lognb.errors import QueryError

if TYPE_CHECKING:
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

SAME: Final = {
    "service": ("service_name",),
    "node": ("host.name", "k8s.node.name"),
    "session": ("session",),
    "trace": ("trace_id",),
}
"""The fields that say it; the first that the record has counts."""


def around(
    engine: DuckDB, record_id: int, before: int, after: int, same: str | None, within: tuple[int | None, int | None]
) -> list[int]:
    """The rows of the records around one and its own; see engines.base.Engine.context."""
    params = Params()
    # A tie of ids is possible, if unlikely: the first in order counts.
    own = engine.rows(
        f"SELECT {engine.rowid}, epoch_ns(time) FROM store.logs WHERE record_id = {params.add(record_id)} "
        f"ORDER BY {engine.rowid} LIMIT 1",
        params,
    )
    if not own:
        raise QueryError(f"no record has the id {record_id}; ids are in the column record_id, as in logs.head()")
    row, ns = own[0]
    if ns is None and within != (None, None):
        raise QueryError(f"the record {record_id} has no time to count seconds from; give numbers of records")
    params = Params()
    at = params.add(row)
    like = f"time IS {'NULL' if ns is None else 'NOT NULL'} AND {_alike(engine, row, record_id, same, params)}"
    parts = [
        f"(SELECT {engine.rowid} FROM store.logs WHERE {like} AND {engine.rowid} {side} {at} "
        f"{_no_farther(ns, side, far, params)} ORDER BY {engine.rowid} {way} LIMIT {params.add(most)})"
        for side, way, most, far in (("<", "DESC", before, within[0]), (">", "ASC", after, within[1]))
    ]
    return [row, *(r for (r,) in engine.rows(" UNION ALL ".join(parts), params))]


def _no_farther(ns: int | None, side: str, far: int | None, params: Params) -> str:
    """The condition that a row on a side of time `ns` lies within `far` ns of it."""
    if ns is None or far is None:
        return ""
    edge = within_range(ns - far if side == "<" else ns + far)
    return f"AND time {'>=' if side == '<' else '<='} make_timestamp_ns({params.add(edge)})"


def drawn(engine: DuckDB, query: Query, n: int, seed: int) -> list[int]:
    """The rows of `n` records of a query: those with the smallest MD5 of seed and id.

    MD5, since DuckDB's own hash may change with its version; an order by random() would change with the threads.
    """
    with engine.within(query) as (where, params):
        lot = f"md5({params.add(f'{seed}:')} || record_id::VARCHAR), {engine.rowid}"
        statement = f"SELECT {engine.rowid} FROM store.logs WHERE {where} ORDER BY {lot} LIMIT {params.add(n)}"
        return [row for (row,) in engine.rows(statement, params)]


def _alike(engine: DuckDB, row: int, record_id: int, same: str | None, params: Params) -> str:
    """The condition that a record shares the value that `same` names with the record at `row`."""
    if same is None:
        return "true"
    if same not in SAME:
        raise QueryError(f"same={same!r} is none of {', '.join(map(repr, SAME))}; None takes all records")
    known = set(engine.field_names())
    names = [n for name in SAME[same] for n in (name, f"resource.{name}") if n in known]
    for name in names:
        field, own = engine.field(name), Params()
        text = field.text(own)
        value = engine.rows(f"SELECT {text} FROM store.logs WHERE {engine.rowid} = {own.add(row)}", own)[0][0]
        if value is not None:
            return f"{field.text(params)} = {params.add(value)}"
    raise QueryError(f"the record {record_id} has no {' or '.join(SAME[same])}, so same={same!r} cannot be said of it")
