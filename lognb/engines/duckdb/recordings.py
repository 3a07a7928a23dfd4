"""Recordings in the store: a row for each stretch as it was read, with its events as they came."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.engines.duckdb.answers import as_type
from lognb.engines.duckdb.connect import Params, literal, name, rows
from lognb.schema import RECORDED, RECORDING

if TYPE_CHECKING:
    import duckdb

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.engines.duckdb.stage import Stage

_COLUMNS: Final = {
    "session_id": "VARCHAR", "user_id": "VARCHAR", "start": "TIMESTAMP_NS", "end": "TIMESTAMP_NS", "events": "UBIGINT",
    "window_ids": "VARCHAR[]", "size_bytes": "BIGINT", "source_ix": "UINTEGER", "source_position": "BIGINT",
    "named": "BOOLEAN", "data": "BLOB",
}  # fmt: skip
STAGED: Final = {n: t for n, t in RECORDED.items() if n in _COLUMNS} | {"source_ix": pl.UInt32()}


def create(con: duckdb.DuckDBPyConnection, stage: Stage) -> None:
    """The table `recordings`, from what was staged. A stretch that names no session, while others of its source name
    exactly one, belongs to that; so a file that was read in pieces is one recording.
    """
    columns = ", ".join(f"{name(n)} {kind}" for n, kind in _COLUMNS.items())
    con.execute(f"CREATE TABLE store.recordings ({columns}, linked_from VARCHAR)")
    if stage.recording_files:
        source = f"read_parquet([{', '.join(literal(str(f)) for f in stage.recording_files)}])"
    elif stage.recordings:
        con.register("staged", pl.concat(stage.recordings).to_arrow(compat_level=pl.CompatLevel.oldest()))
        source = "staged"
    else:
        return
    listed = ", ".join(map(name, _COLUMNS))
    con.execute(f"INSERT INTO store.recordings BY NAME SELECT {listed} FROM {source} ORDER BY start, source_ix")
    if not stage.recording_files:
        con.unregister("staged")
    con.execute(
        "UPDATE store.recordings r SET session_id = o.one, named = true FROM (SELECT source_ix, min(session_id) AS one "
        "FROM store.recordings WHERE named GROUP BY 1 HAVING count(DISTINCT session_id) = 1) o "
        "WHERE NOT r.named AND r.source_ix = o.source_ix"
    )
    _link(con)


def _link(con: duckdb.DuckDBPyConnection) -> None:
    """Recordings whose session no record and no span has: where the time of exactly one session, of the same user if
    both say one, meets theirs, they are its. Of a recording that says another session itself more is asked: that the
    users are one, or that the session lasts for half of it at least. `linked_from` keeps what they said.
    """
    ids = "SELECT session_id FROM store.{} WHERE session_id <> ''"
    unknown = (
        f"SELECT 1 FROM store.recordings WHERE session_id NOT IN ({ids.format('logs')} UNION ALL {ids.format('spans')})"
    )
    if not rows(con, f"{unknown} LIMIT 1"):
        return
    con.execute(
        "CREATE TEMP TABLE fits AS WITH seen AS ("
        "SELECT session_id, user_id, time AS a, time AS b FROM store.logs WHERE session_id <> '' AND isfinite(time) "
        "UNION ALL SELECT session_id, user_id, start, \"end\" FROM store.spans WHERE session_id <> ''), "
        "sessions AS (SELECT session_id, min(a) AS first, max(b) AS last, list(DISTINCT user_id) "
        "FILTER (user_id <> '') AS users FROM seen GROUP BY 1), "
        'mine AS (SELECT session_id, source_ix, min(start) AS start, max("end") AS "end", max(user_id) AS user_id, '
        "bool_or(named) AS named "
        "FROM store.recordings WHERE session_id NOT IN (SELECT session_id FROM sessions) GROUP BY 1, 2) "
        "SELECT m.session_id AS said, m.source_ix, min(s.session_id) AS one FROM mine m JOIN sessions s "
        'ON s.first <= m."end" AND s.last >= m.start AND (m.user_id IS NULL OR s.users IS NULL '
        "OR list_contains(s.users, m.user_id)) GROUP BY 1, 2 HAVING count(*) = 1 AND bool_and(NOT m.named "
        "OR coalesce(list_contains(s.users, m.user_id), false) OR "
        '2 * (epoch_ns(least(s.last, m."end")) - epoch_ns(greatest(s.first, m.start))) '
        '>= epoch_ns(m."end") - epoch_ns(m.start))'
    )
    con.execute(
        "UPDATE store.recordings r SET session_id = f.one, linked_from = f.said FROM fits f "
        "WHERE r.session_id = f.said AND r.source_ix = f.source_ix"
    )
    con.execute("DROP TABLE fits")


def facts(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What the overview says of them: how many sessions, which were linked by time, which belong to none."""
    ids = " UNION ALL ".join(f"SELECT session_id FROM store.{t} WHERE session_id <> ''" for t in ("logs", "spans"))
    count = rows(con, "SELECT count(DISTINCT session_id) FROM store.recordings")[0][0]
    linked = rows(
        con,
        "SELECT DISTINCT linked_from, session_id FROM store.recordings WHERE linked_from IS NOT NULL ORDER BY ALL",
    )
    alone = rows(
        con, f"SELECT DISTINCT session_id FROM store.recordings WHERE session_id NOT IN ({ids}) ORDER BY 1"
    ) if count else []  # fmt: skip
    return {"sessions": count, "linked": [list(r) for r in linked], "alone": [s for (s,) in alone]}


def listed(engine: DuckDB) -> pl.DataFrame:
    """See engines.base.Engine.recordings."""
    frame = engine.frame(
        'SELECT session_id, max(user_id) AS user_id, min(start) AS start, max("end") AS "end", '
        "sum(events)::UBIGINT AS events, greatest(1, len(list_distinct(flatten(list(window_ids)))))::UINTEGER "
        "AS windows, sum(size_bytes)::BIGINT AS size_bytes, source_ix, min(source_position) AS source_position "
        "FROM store.recordings GROUP BY session_id, source_ix ORDER BY start, session_id, source_ix",
        Params(),
    )
    names = pl.Series(engine.source_names(), dtype=pl.String)
    frame = frame.with_columns(names.gather(frame["source_ix"]).alias("source"))
    return frame.select(as_type(frame[column], dtype) for column, dtype in RECORDING.items())


def parts(engine: DuckDB, session_id: str) -> list[bytes]:
    """See engines.base.Engine.recording. The same stretch read twice, from two files, is one."""
    params = Params()
    statement = (
        "SELECT data FROM (SELECT data, min(start) AS start FROM store.recordings "
        f"WHERE session_id = {params.add(session_id)} GROUP BY data) ORDER BY start"
    )
    return [bytes(data) for (data,) in engine.rows(statement, params)]
