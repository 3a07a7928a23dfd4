"""Who did what: one row for each session, each visit of a user, or each transaction of any key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _asking, _text
from lognb._text import count, plain, plural, share
from lognb.analyses import buckets
from lognb.charts import sessions as charts
from lognb.engines.base import SESSIONS
from lognb.errors import QueryError
from lognb.query import Query
from lognb.result import Result

if TYPE_CHECKING:
    from lognb.logs import Logs

_TAKEN: Final = tuple(n for n in SESSIONS if n != "key")
_IDS: Final = ("session", "session_id")
_TOLD: Final = 3  # keys that the sentence names


def sessions(
    logs: Logs,
    gap: str | None = None,
    key: str | None = None,
    start: str | Query | None = None,
    end: str | Query | None = None,
) -> Result:
    """One row for each session; or, with a `gap`, each visit of a user; or, with a `key`, each transaction.

    Without arguments a session is all that the field `session` ties together: the records that name it, and those that
    its traces join. `gap="30m"` without a key cuts what a user did where nothing happened for so long; a record that
    names no user is of the one user of its session. `key` is any field: "order.id", "trace_id", "thread.id". `start`
    and `end` are query texts: a transaction begins at each record that fits `start` and ends with the first that fits
    `end`, or before a `gap`; what lies outside is in none. Without `start` the next one begins behind an end.

    A session has all its records, also those that the query does not match: the query chooses which sessions are
    listed, those with at least one of its records. Records without the key are in none, and so are, where `gap`,
    `start` or `end` cut, records without a time.

    Rows, by start: the key (String, a column named like the field: `session`, `user_id`, `order.id`), `part` (UInt32,
    1 for the first transaction of a key), `user` (String, the last that a record names) and `other_user` (another one,
    null if there is none), `start` and `end` (Datetime ns UTC, null if no record has a time), `duration_ns` (Int64),
    `records`, `matching` (those of the query) and `errors` (UInt64, errors and worse), `severity` (Enum, the worst),
    `services` (list of String), `pages` (UInt32, distinct addresses of pages, `$current_url` and the like, less query
    and fragment), `traces` (UInt32, distinct), `joined` (UInt64, records that are there by their trace),
    `has_recording` (Boolean) and `ended` (Boolean, did a record fit `end`; null without `end`).

    Raises FieldError for a key that no record has, QueryError for a condition or a gap that cannot be.

    >>> from lognb import read
    >>> logs = read(b'''{"time": "2026-11-03T09:00:00Z", "msg": "paid", "session_id": "s-1", "user.id": "ann"}
    ... {"time": "2026-11-03T09:00:05Z", "level": "error", "msg": "mail failed", "session_id": "s-1"}''')
    >>> logs.sessions().sentence
    '1 session of 1 user, 1 with errors (100 %); half last 5 s or more'
    """
    name = key if key is not None else "user_id" if gap is not None else "session"
    conditions = [_condition(logs, part) for part in (start, end)]
    wide = None if gap is None else _text.length(gap)
    if gap is not None and not wide:
        raise QueryError(f'gap={gap!r} is no length of time; write "30m" or "1h30m"')
    asked = None if key is None and gap is not None else name
    counted = logs.engine.sessions(logs.query, asked, wide, *conditions)
    column = buckets.column(name, _TAKEN)
    frame = counted.rename({"key": column})
    what = _what(name, cut=gap is not None or start is not None or end is not None)
    return Result(
        frame=frame,
        sentence=_sentence(logs, frame, column, what),
        title=what[1][0].upper() + what[1][1:],
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
    )


def _condition(logs: Logs, part: str | Query | None) -> Query | None:
    if part is None:
        return None
    query = Query.parse(part) if isinstance(part, str) else part
    _asking.check(logs.engine, query, part if isinstance(part, str) else None)
    return query


def _what(name: str, *, cut: bool) -> tuple[str, str]:
    """What a row is called, and several."""
    if name in _IDS:
        return ("part of a session", "parts of sessions") if cut else ("session", "sessions")
    if name == "user_id":
        return ("visit", "visits") if cut else ("user", "users")
    shown = plain(name, 40)
    return ("transaction", "transactions") if cut else (f"value of {shown}", f"values of {shown}")


def _sentence(logs: Logs, frame: pl.DataFrame, column: str, what: tuple[str, str]) -> str:
    total = len(logs)
    outside = total - int(frame["matching"].sum())
    if not frame.height:
        return f"no {what[0]}; {plural(total, 'record')} in none" if total else "no records"
    own = [frame[column]] if column == "user_id" else [frame["user"], frame["other_user"]]
    users = pl.concat(own).drop_nulls().n_unique()
    said = f"{count(frame.height)} {what[frame.height != 1]}"
    said += f" of {plural(users, 'user')}" if users and what[0] != "user" else ""
    failed = int((frame["errors"] > 0).sum())
    said += f", {count(failed)} with errors ({share(failed, frame.height)})" if failed else ", none with errors"
    parts = [said, *_lengths(frame), *_unended(frame)]
    joined = int(frame["joined"].sum())
    parts += [f"{plural(joined, 'record')} joined by a trace"] if joined else []
    parts += [f"{count(outside)} of {plural(total, 'record')} in none"] if outside else []
    return "; ".join([*parts, *_shared(frame, column)])


def _lengths(frame: pl.DataFrame) -> list[str]:
    lengths = frame["duration_ns"].drop_nulls().sort()
    return [f"half last {_text.duration(int(lengths[len(lengths) // 2]))} or more"] if len(lengths) else []


def _unended(frame: pl.DataFrame) -> list[str]:
    open_ = int((~frame["ended"]).sum() or 0)
    return [f"{count(open_)} did not end"] if open_ else []


def _shared(frame: pl.DataFrame, column: str) -> list[str]:
    """Keys of sessions that belong to two users: an id that is used twice, or someone who signed in meanwhile."""
    two = frame.filter(pl.col("other_user").is_not_null()).unique(column, keep="first", maintain_order=True)
    if not two.height or column not in _IDS:
        return []
    rows = two.select(column, "other_user", "user").head(_TOLD).rows()
    named = ", ".join(f"{plain(s, 40)}: {plain(a, 40)} and {plain(b, 40)}" for s, a, b in rows)
    more = f" and {count(two.height - _TOLD)} more" if two.height > _TOLD else ""
    belong = "session id belongs" if two.height == 1 else "session ids belong"
    return [f"{count(two.height)} {belong} to several users ({named}{more})"]
