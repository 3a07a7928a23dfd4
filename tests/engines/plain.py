"""The operations as plain SQL, one statement each, with no mask, code or cache: what the engine is held against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params

if TYPE_CHECKING:
    from lognb.engines.duckdb import DuckDB
    from lognb.query import Query


def count(engine: DuckDB, query: Query) -> int:
    params = Params()
    return int(engine.rows(f"SELECT count(*) FROM store.logs WHERE {engine.where(query, params)}", params)[0][0])


def facet(engine: DuckDB, query: Query, field: str) -> dict[str | None, tuple[int, bool]]:
    """Each value with its records and whether the field's own conditions let it through."""
    params = Params()
    where, text = engine.where(query.without(field), params), engine.field(field).text(params)
    own = " AND ".join(f"({sql.of_clause(c, engine._fields, params)})" for c in query.own(field)) or "true"
    statement = (
        f"SELECT {text} AS v, count(*), coalesce(bool_or({own}), false) FROM store.logs WHERE {where} GROUP BY 1"
    )
    return {value: (n, chosen) for value, n, chosen in engine.rows(statement, params)}


def volume(engine: DuckDB, query: Query, every: int, by: str | None) -> dict[tuple[int, str | None], tuple[int, int]]:
    """Records and bytes by left edge and value, nothing folded."""
    params = Params()
    text = "NULL" if by is None else engine.field(by).text(params)
    statement = (
        f"SELECT floor(epoch_ns(time) / {every}::DOUBLE)::BIGINT * {every}, {text}, count(*), sum(size_bytes)::BIGINT "
        f"FROM store.logs WHERE time IS NOT NULL AND {engine.where(query, params)} GROUP BY 1, 2"
    )
    return {(at, value): (n, size) for at, value, n, size in engine.rows(statement, params)}


def page(engine: DuckDB, query: Query, *, newest: bool) -> list[int]:
    """The ids of all records, in order."""
    params = Params()
    order = f"time IS NULL, {engine.rowid} DESC" if newest else engine.rowid
    statement = f"SELECT record_id FROM store.logs WHERE {engine.where(query, params)} ORDER BY {order}"
    found: list[tuple[Any, ...]] = engine.rows(statement, params)
    return [i for (i,) in found]
