"""Records and spans that name no session, joined to the one session of their trace while the store is built.

A backend rarely knows the session of the browser that called it, but it carries on the browser's trace. A trace whose
records and spans name two sessions (a queue, a cron job that serves many) joins nothing: a guess would be worse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    import duckdb

    from lognb.engines.duckdb.stage import Stage

JOINED_SQL: Final = {
    "session": "coalesce(session_id, trace_session)",
    "joined_by": "CASE WHEN session_id IS NOT NULL THEN 'session id' WHEN trace_session IS NOT NULL THEN 'trace' END",
}
"""The fields of schema.JOINED over a row of `logs` or `spans`."""

_TABLE: Final = "trace_sessions"


def find(con: duckdb.DuckDBPyConnection, stage: Stage, sources: Iterable[str]) -> bool:
    """Make the table of the traces with one session and a record or span without; False where there can be none."""
    if not (stage.sessions and stage.loose):
        return False
    said = " UNION ALL ".join(f"SELECT trace_id, session_id FROM {s} WHERE trace_id IS NOT NULL" for s in sources)
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {_TABLE} AS SELECT trace_id, min(session_id) AS session "
        f"FROM ({said}) GROUP BY trace_id "
        "HAVING min(session_id) = max(session_id) AND count(session_id) < count(*)"
    )
    return True


def joined(source: str, where: str, *, found: bool) -> str:
    """FROM of the rows of `source` that fit `where`, with their `trace_session`."""
    rows = f"SELECT * FROM {source} WHERE {where}"
    if not found:
        return f"FROM (SELECT *, NULL::VARCHAR AS trace_session FROM ({rows}))"
    return (
        f"FROM (SELECT s.*, t.session AS trace_session FROM ({rows}) s LEFT JOIN {_TABLE} t "
        "ON s.session_id IS NULL AND s.trace_id = t.trace_id)"
    )


def forget(con: duckdb.DuckDBPyConnection) -> None:
    con.execute(f"DROP TABLE IF EXISTS {_TABLE}")
