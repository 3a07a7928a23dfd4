"""Whose records a story tells: the query of a session, of a user with all their ids and sessions, or of a trace.

A user is known by several ids: a browser begins with one of its own, and PostHog's `$identify` says which one that was.
These are followed, one to the next. Other ids that are seen in the same sessions are told and not followed: two people
may use one browser.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal

import polars as pl

from lognb._text import plain
from lognb.errors import QueryError
from lognb.query import Condition, Or, Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine

Kind = Literal["session", "user", "trace"]

FIELDS: Final[dict[str, str]] = {"session": "session", "user": "user_id", "trace": "trace_id"}
SESSIONS: Final = 1_000
"""Sessions of a user whose records are asked for; there may be more, which are counted."""
ALIASES: Final = 1_000
"""Ids of one user that are followed."""
IDENTIFIED: Final = "$anon_distinct_id"
_NEAR: Final = 5
_KNOWN: Final = 2_000
_HEX: Final = re.compile(r"[0-9a-f]{1,32}")
_PLAIN: Final = re.compile(r"[\w:@/+=,.\-]+", re.ASCII)


@dataclass(frozen=True)
class Whose:
    """`id` is the one that was meant, in full; `ids` are all ids of a user, `sessions` of how many `sessions_of`.

    `others` are user ids seen in the same sessions that nothing says to be the same person.
    """

    kind: Kind
    id: str
    query: Query
    ids: tuple[str, ...] = ()
    sessions: tuple[str, ...] = ()
    sessions_of: int = 0
    others: tuple[str, ...] = ()


def whose(engine: Engine, kind: Kind, id: str) -> Whose:
    """The records of a session, user or trace. The beginning of an id is enough where it is the beginning of one only.

    Raises QueryError if there is none with this id, and names those that are near.
    """
    field = FIELDS[kind]
    id = str(id).strip()
    if not id:
        raise QueryError(f'a {kind} has an id; "" is none')
    if not _there(engine, kind, id):
        id = _near(engine, kind, field, id)
    if kind == "user":
        return _user(engine, id)
    # What a condition makes of it is how ids are written: a trace's in lower hex.
    own = Condition(field, "=", id)
    return Whose(kind, str(own.value), Query((own,)))


def values(engine: Engine, query: Query, field: str, top: int) -> tuple[list[str], int]:
    """The most frequent values of a field, and how many there are."""
    found = engine.facets(query, [field], top, own=True).filter(pl.col("value").is_not_null())
    return found["value"].to_list(), int(found["values"][0]) if found.height else 0


def _there(engine: Engine, kind: Kind, id: str) -> bool:
    own = Condition(FIELDS[kind], "=", id)
    if engine.count(Query((own,))):
        return True
    if kind == "trace":
        return engine.spans([str(own.value)]).height > 0
    recordings = engine.recordings()
    if kind == "user":
        return id in recordings["user_id"]
    return id in recordings["session_id"] or engine.spans(session=id).height > 0


def _near(engine: Engine, kind: Kind, field: str, id: str) -> str:
    """The one id that begins so; else raises QueryError with those that are near."""
    known: list[str] = []
    n = 0
    if _PLAIN.fullmatch(id):
        begins = Condition(field, "~", "^" + "".join(f"[{c}]" if c in ".+" else c for c in id))
        known, n = values(engine, Query((begins,)), field, _NEAR + 1)
        more = [one for one in _elsewhere(engine, kind, id) if one not in known and not _told(engine, field, one)]
        known, n = [*known, *more], n + len(more)
    if n == 1:
        return known[0]
    if n:
        raise QueryError(f"{n:,} {kind}s have an id that begins with {_said(id)}: {_listed(known, n)}")
    known, n = values(engine, Query(), field, _KNOWN)
    if kind == "session" and not n:
        known = engine.recordings()["session_id"].drop_nulls().unique().sort().to_list()
        n = len(known)
    if not n:
        raise QueryError(f"no {kind} has the id {_said(id)}: no record has the field {field} at all")
    close = get_close_matches(id, known, _NEAR, 0.7)
    hint = f"did you mean {_listed(close, len(close))}?" if close else f"there are {n:,}, as {_listed(known[:3], n)}"
    raise QueryError(f"no {kind} has the id {_said(id)}; {hint}")


def _elsewhere(engine: Engine, kind: Kind, id: str) -> list[str]:
    """Ids that begin so, of what need not have a record: recordings, and traces. At most some of them."""
    if kind == "trace":
        id = id.lower()
        found = engine.traces(Query())["trace_id"] if _HEX.fullmatch(id) else pl.Series([], dtype=pl.String)
    else:
        found = engine.recordings()["session_id" if kind == "session" else "user_id"]
    return found.filter(found.str.starts_with(id)).unique().sort().head(_NEAR + 1).to_list()


def _told(engine: Engine, field: str, id: str) -> bool:
    """Has a record this id? Those were counted."""
    return engine.count(Query((Condition(field, "=", id),))) > 0


def _said(id: str) -> str:
    return f"'{plain(id, 80)}'"


def _listed(ids: Sequence[str], n: int) -> str:
    said = ", ".join(_said(id) for id in ids[:_NEAR])
    return f"{said} … ({n - _NEAR:,} more)" if n > _NEAR < len(ids) else said


def _user(engine: Engine, id: str) -> Whose:
    ids = [id]
    new: list[str] = [id] if IDENTIFIED in engine.field_names() else []
    while new and len(ids) < ALIASES:
        known = tuple(new)
        either = Or((Condition("user_id", "in", known), Condition(IDENTIFIED, "in", known)))
        said = (Condition(IDENTIFIED, "exists"), either)
        heard = [value for field in ("user_id", IDENTIFIED) for value in values(engine, Query(said), field, ALIASES)[0]]
        new = [value for value in dict.fromkeys(heard) if value not in ids][: ALIASES - len(ids)]
        ids += new
    field = FIELDS["session"]
    own = Query((Condition("user_id", "in", tuple(ids)),))
    sessions, n = values(engine, own, field, SESSIONS)
    theirs = (Condition("user_id", "in", tuple(ids)), Condition(field, "in", tuple(sessions)))
    query = Query((Or(theirs),)) if sessions else own
    recordings = engine.recordings().filter(pl.col("user_id").is_in(ids))["session_id"].drop_nulls().unique().to_list()
    alone = [session for session in sorted(recordings) if session not in sessions]
    seen = values(engine, query, "user_id", ALIASES)[0]
    others = tuple(i for i in seen if i not in ids)
    return Whose("user", id, query, tuple(ids), (*sessions, *alone), n + len(alone), others)
