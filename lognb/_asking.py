"""What a query asks, held against the records: errors with their place, its steps, and why it leaves nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from lognb._parse import places, stop
from lognb._text import count, plain, plural
from lognb.errors import FieldError, LognbError, QueryError, pointed
from lognb.query import Condition, Number, Query, format_time
from lognb.schema import ID_BYTES

if TYPE_CHECKING:
    from lognb._clauses import Clause
    from lognb.engines.base import Engine

_TOLD = 3  # reasons that are given for an empty answer
_LOOKED = 500  # values of a field among which the nearest is looked for

# What an error is about ends where a field does before its operator, and a value before a space or a parenthesis.
_FIELD: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s"()<>=!:~]+', re.DOTALL)
_VALUE: Final = re.compile(r'"(?:[^"\\]|\\.)*"?|[^\s"(),]+', re.DOTALL)


@dataclass(frozen=True)
class Fault:
    """What is wrong with a query text, and the characters, [start, end), that it is about."""

    message: str
    start: int
    end: int


@dataclass(frozen=True)
class Step:
    """One step of a query: its text, the records left after it, and those that it alone lets through."""

    text: str
    records: int
    alone: int


def check(engine: Engine, query: Query, text: str | None) -> None:
    """Raise what the engine has against a query, where the query is asked and not where its records are.

    FieldError for a field that no record has, QueryError for a value that cannot be compared; both point at the place
    in `text`, the newest part of the query, if they are about it.
    """
    try:
        engine.check(query)
    except (FieldError, QueryError) as error:
        found = None if text is None else _place(engine, text)
        if found is None or text is None:
            raise
        reason, at = found
        raise type(error)(pointed(str(reason), text, at)) from None


def fault(engine: Engine, text: str) -> Fault | None:
    """The first thing in a query text that makes no sense or does not fit the records; None if all of it does."""
    try:
        engine.check(Query.parse(text))
    except (FieldError, QueryError) as error:
        reason: LognbError = error
        at, word = stop(text), _VALUE
        if at is None and (found := _place(engine, text)) is not None:
            reason, at = found
            word = _FIELD if isinstance(reason, FieldError) else _VALUE
        message = str(reason).partition("\n")[0]
        if at is None:
            return Fault(message, 0, len(text))
        match = word.match(text, at)
        return Fault(message, at, match.end() if match else min(at + 1, len(text)))
    return None


def _place(engine: Engine, text: str) -> tuple[LognbError, int] | None:
    """The first thing in a text that the engine refuses, and where it stands."""
    for place in places(text):
        condition = place.condition
        values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
        # The values of a list one by one; what has no value is refused for its field only.
        tried = [Condition(condition.field, "=", v) for v in values] if condition.op == "in" else [condition]
        for at, one in zip(place.values or (place.field,), tried or [condition], strict=False):
            try:
                engine.check(Query((one,)))
            except FieldError as error:
                return error, place.field
            except QueryError as error:
                return error, at
    return None


def steps(engine: Engine, query: Query) -> list[Step]:
    """The steps of a query in their order: its window, if it has one, then each condition at its top."""
    out: list[Step] = []
    so_far = Query()
    for part in split(query):
        so_far = so_far & part
        alone = engine.count(part)
        records = alone if not out else engine.count(so_far) if out[-1].records else 0
        out.append(Step(str(part), records, alone))
    return out


def split(query: Query) -> list[Query]:
    """The steps of a query: its window, if it has one, then each condition at its top."""
    window = Query((), query.since, query.until)
    return [window] * (window != Query()) + [Query((c,)) for c in query.conditions]


def why_empty(engine: Engine, query: Query) -> list[str]:
    """Why a query lets no record through, in words: the conditions that none fits, with the nearest value there is.

    Where each fits some records, those without which some would be left; else that they exclude one another.
    """
    told = [text for _, text in emptied(engine, query)]
    told = told or ["each condition fits some records, but no record fits even all but one of them"] * bool(str(query))
    more = len(told) - _TOLD
    return told[:_TOLD] + ([f"and {count(more)} more"] if more > 0 else [])


def emptied(engine: Engine, query: Query) -> list[tuple[Query, str]]:
    """The steps that leave a query no record, each with why, in words; none where no single one does."""
    parts = split(query)
    barren = [part for part in parts if not engine.count(part)]
    told = [(part, _barren(engine, part)) for part in barren]
    if not barren and len(parts) > 1:
        for part in parts:
            left = engine.count(_all([p for p in parts if p is not part]))
            if left:
                told.append((part, f"without {plain(str(part), 200)} there are {plural(left, 'record')}"))
    return told


def _all(parts: list[Query]) -> Query:
    out = Query()
    for part in parts:
        out = out & part
    return out


def _barren(engine: Engine, part: Query) -> str:
    """A step that no record fits, and what would."""
    text = plain(str(part), 200)
    if not part.conditions:
        first, last = engine.overview["first"], engine.overview["last"]
        if first is None:
            return f"{text} matches no record: none has a time"
        return f"{text} matches no record: they are from {format_time(first)} to {format_time(last)}"
    near = _nearest(engine, part.conditions[0])
    return f"{text} matches no record" + (f"; nearest value: {near}" if near else "")


def _nearest(engine: Engine, clause: Clause) -> str:
    """The value of a condition's field that is most like the wanted text, as it is to be written; "" if none is."""
    if not isinstance(clause, Condition) or clause.op not in ("=", "in", ":") or _unlike(clause.field):
        return ""
    known = engine.facets(Query(), [clause.field], _LOOKED)["value"].drop_nulls().to_list()
    folded = {v.casefold(): v for v in reversed(known)}
    for value in clause.value if isinstance(clause.value, tuple) else (clause.value,):
        if isinstance(value, Number) and value.text in known:
            return f'"{value.text}", a text'  # the same characters as another type
        if isinstance(value, str) and value in known:
            return f"{value}, not a text"
        near = get_close_matches(value[:200].casefold(), folded, n=1) if isinstance(value, str) else []
        if near:
            return repr(folded[near[0]][:100])
    return ""


def _unlike(field: str) -> bool:
    """Fields whose values are too many to look through, or tell nothing by being alike."""
    return field in (*ID_BYTES, "record_id", "attributes", "resource") or field.partition(".")[0] == "body"
