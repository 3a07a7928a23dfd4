"""Whom it hit: users and sessions of these records beside all that were active, and whether they reached their aim."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _asking
from lognb._moments import resolve
from lognb._text import count, plain, plural, share
from lognb.charts import impact as charts
from lognb.errors import QueryError, did_you_mean
from lognb.query import Condition, Query
from lognb.result import Result
from lognb.schema import TIME

if TYPE_CHECKING:
    from lognb._moments import Moment
    from lognb.logs import Logs

_SCHEMA: Final = {
    "side": pl.String(), "who": pl.String(), "since": TIME, "until": TIME, "sessions": pl.UInt64(),
    "session_share": pl.Float64(), "users": pl.UInt64(), "user_share": pl.Float64(), "sessions_converted": pl.UInt64(),
    "session_conversion": pl.Float64(), "users_converted": pl.UInt64(), "user_conversion": pl.Float64(),
}  # fmt: skip

_NAMES: Final = 1_000  # of events, that a name may have been meant to be

_Window = tuple[int, int]


def impact(logs: Logs, event: str | Query | None = None, baseline: tuple[Moment, Moment] | None = None) -> Result:
    """How many users and sessions these records are of, their share of all that were active, and their conversion.

    "During" is the window of the query or, where it has a bound only or none, from the first to the last of its
    records; "active" is who has any record then. `event` is what people came for: the name of an event
    ("order_paid") or, if no event has that name, a query text; who has such a record in the window has converted.
    "Before" is the time of equal length that ends where the window begins, or `baseline`, a pair of times as for
    `where`. A record that names no user is of the one user of its session.

    Rows: `side` ("before", "during") and `who`: all, and during it also "affected", with a record of these Logs, and
    "others". `since` and `until` (Datetime ns UTC, half-open), `sessions` and `users` (UInt64), `session_share` and
    `user_share` (Float64, of all on that side), `sessions_converted` and `users_converted` (UInt64),
    `session_conversion` and `user_conversion` (Float64, the converted ones' share of the row's); the last four are
    null without `event`, shares of none are null. Records without a time are left out.

    An event that no record is, at any time, is said to be none.

    Raises QueryError for an event or a baseline that cannot be, FieldError for a field that no record has.

    >>> from lognb import read
    >>> line = '{"time": "2026-11-03T09:00:0%dZ", "level": "%s", "msg": "order", "session_id": "%s", "user.id": "%s"}'
    >>> rows = [(0, "info", "s-1", "ann"), (1, "error", "s-1", "ann"), (1, "info", "s-2", "bob")]
    >>> logs = read(b"\\n".join((line % row).encode() for row in rows))
    >>> logs.where("severity=error", since="09:00:00", until="09:00:02").impact().sentence
    '1 of 2 active sessions (50 %), 1 of 2 active users (50 %)'
    """
    chosen = None if event is None else _event(logs, event)
    during = _during(logs)
    rows: list[dict[str, Any]] = []
    if during is not None:
        before = _before(logs, during, baseline)
        rows = [_row("before", "all", before, *(_reach(logs, before, chosen, who) for who in ("session", "user")))]
        reached = [_reach(logs, during, chosen, who) for who in ("session", "user")]
        rows += [_row("during", who, during, *reached) for who in ("all", "affected", "others")]
    frame = pl.DataFrame(rows, schema=_SCHEMA, orient="row")
    if chosen is None:
        frame = frame.with_columns(pl.lit(None).cast(t).alias(n) for n, t in _SCHEMA.items() if "conver" in n)
    name = None if event is None else plain(str(event), 60)
    never = chosen is not None and not logs.engine.count(chosen)
    return Result(
        frame=frame,
        sentence=_sentence(frame, name) + (f"; no record of any time is {name}{_near(logs, event)}" if never else ""),
        title="Impact",
        query=logs.query,
        sources=logs.sources,
        draw=partial(charts.draw, event=name),
    )


def _event(logs: Logs, event: str | Query) -> Query:
    """What an event is as a query: its name, if an event has it, else a text."""
    if isinstance(event, Query):
        _asking.check(logs.engine, event, None)
        return event
    named = Query((Condition("event_name", "=", event),))
    if logs.engine.count(named):
        return named
    query = Query.parse(event)
    if not query.conditions:
        raise QueryError("event names nothing; give the name of an event, or a query text")
    _asking.check(logs.engine, query, event)
    return query


def _near(logs: Logs, event: str | Query | None) -> str:
    """The events whose names are like one that there is not."""
    names = logs.engine.facets(Query(), ["event_name"], _NAMES, own=True)["value"].drop_nulls().to_list()
    return did_you_mean(event, names) if isinstance(event, str) else ""


def _during(logs: Logs) -> _Window | None:
    since, until = logs.query.since, logs.query.until
    if since is None or until is None:
        first, last = logs.engine.window(logs.query)
        if first is None or last is None:
            return None
        since, until = first if since is None else since, last + 1 if until is None else until
    return (since, until) if since < until else None


def _before(logs: Logs, during: _Window, baseline: tuple[Moment, Moment] | None) -> _Window:
    if baseline is None:
        return 2 * during[0] - during[1], during[0]
    if not isinstance(baseline, tuple | list) or len(baseline) != 2:
        raise QueryError(f'baseline={baseline!r} is no pair of times; write ("09:00", "09:30")')
    first, last = logs.engine.overview["first"], logs.engine.overview["last"]
    since, until = (resolve(t, first, last) for t in baseline)
    if since >= until:
        raise QueryError(f"baseline={baseline!r} ends before it begins")
    return since, until


def _reach(logs: Logs, window: _Window, event: Query | None, who: str) -> dict[tuple[bool, bool], int]:
    """How many sessions or users there are by (affected, converted)."""
    marks = [logs.query, *([event] if event is not None else [])]
    frame = logs.engine.reach(Query((), *window), marks, who)
    return {(bool(m[0]), bool(m[1]) if len(m) > 1 else False): n for *m, n in frame.rows()}


def _row(
    side: str, who: str, window: _Window, sessions: dict[tuple[bool, bool], int], users: dict[tuple[bool, bool], int]
) -> dict[str, Any]:
    wanted = {"all": (True, False), "affected": (True,), "others": (False,)}[who]
    row: dict[str, Any] = {"side": side, "who": who, "since": window[0], "until": window[1]}
    for name, found in (("session", sessions), ("user", users)):
        total = sum(found.values())
        here = sum(n for (affected, _), n in found.items() if affected in wanted)
        converted = sum(n for (affected, done), n in found.items() if affected in wanted and done)
        row |= {
            f"{name}s": here, f"{name}_share": here / total if total else None,
            f"{name}s_converted": converted, f"{name}_conversion": converted / here if here else None,
        }  # fmt: skip
    return row


def _sentence(frame: pl.DataFrame, event: str | None) -> str:
    if not frame.height:
        return "no records with a time"
    row = {(r["side"], r["who"]): r for r in frame.iter_rows(named=True)}
    every, hit = row["during", "all"], row["during", "affected"]
    if not every["sessions"] and not every["users"]:
        return "no record names a session or a user"
    said = [
        f"{count(hit[many])} of {plural(every[many], f'active {many[:-1]}')} ({share(hit[many], every[many])})"
        for many in ("sessions", "users")
        if every[many]
    ]
    if event is None:
        return ", ".join(said)
    one, many = ("session", "sessions") if every["sessions"] else ("user", "users")
    parts = [
        f"{_part(row[key], many)} {words}"
        for key, words in (
            (("during", "affected"), f"of the affected {many}"),
            (("during", "others"), "of the others"),
            (("before", "all"), "of all before"),
        )
        if row[key][f"{one}_conversion"] is not None
    ]
    return f"{', '.join(said)}; {event}: {', '.join(parts)}"


def _part(row: dict[str, Any], many: str) -> str:
    return f"{count(row[f'{many}_converted'])} ({share(row[f'{many}_converted'], row[many])})"
