"""Facets: the values of a few fields with how many records have each, to be included, excluded or left."""

from __future__ import annotations

import time
import weakref
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import msgspec
import polars as pl

from lognb._clauses import And, Clause, Condition, Not, Or, quoted
from lognb._complete import matching
from lognb._completer import DEAR
from lognb._literals import Number, Value, read
from lognb.query import Query
from lognb.schema import FIELDS, LEVELS, RECORD, SEVERITY_WORDS
from lognb.widgets import meanings
from lognb.widgets.base import Ask, Widget
from lognb.widgets.calls import forward

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine
    from lognb.logs import Logs

_WHOLE: Final = 1_000  # a field with fewer values is searched in one list of all of them
_MOST: Final = 100_000  # of more numbers or times than these only the most frequent are searched
_FOUND: Final = 50
_SOME: Final = 30  # values of a field among which a suggestion looks
_SECONDS: Final = 0.4  # and for so long at a time
_frequent: weakref.WeakKeyDictionary[Any, dict[str, list[tuple[str, int]]]] = weakref.WeakKeyDictionary()

Field = Annotated[str, msgspec.Meta(max_length=10_000)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Valued = Annotated[str, msgspec.Meta(max_length=10_000_000)] | None


class Toggle(Ask, tag="toggle"):
    """Include or exclude the records with this value (null: without the field), or leave them as they come."""

    field: Field
    value: Valued
    state: Literal["include", "exclude"] | None


class Only(Ask, tag="only"):
    """Include this value and no other."""

    field: Field
    value: Valued


class Clear(Ask, tag="clear"):
    """Take away what is included and excluded in this facet."""

    field: Field


class More(Ask, tag="more"):
    """List more values."""

    field: Field


class Add(Ask, tag="add"):
    """A facet of this field, too."""

    field: Field


class Remove(Ask, tag="remove"):
    """No facet of this field any more."""

    field: Field


class Fold(Ask, tag="fold"):
    """Hide the values of this facet, or show them again."""

    field: Field
    open: bool


class SearchValues(Ask, tag="search"):
    """Which values contain this text?"""

    field: Field
    text: Text


class Suggest(Ask, tag="suggest"):
    """Which fields have such a name, or such a value?"""

    text: Text


class Facets(Widget):
    """The column of facets. `on` has a callable for each question but search, suggest and fold, named as its `kind`.

    What it shows is set with `show`. `query` is the query of what is shown; value search counts under it.
    """

    name = "facets"
    asks: ClassVar[dict[type[Ask], str]] = {
        Toggle: "_forward",
        Only: "_forward",
        Clear: "_forward",
        More: "_forward",
        Add: "_forward",
        Remove: "_forward",
        Fold: "_fold",
        SearchValues: "_search",
        Suggest: "_suggest",
    }
    at_once = frozenset(asks) - {SearchValues, Suggest}
    latest = frozenset({SearchValues, Suggest})

    def __init__(self, logs: Logs, on: Any = None) -> None:
        super().__init__(logs)
        self._on = {} if on is None else on
        self._folded: set[str] = set()
        self.query = logs.query
        self.show()

    def show(self, **data: Any) -> None:
        """Draw this: `strip`, `facets` as `rows` gives them, and `busy`. What a person folded stays so."""
        given = {"strip": None, "facets": [], "busy": False} | data
        given["facets"] = [f | {"open": f["open"] and f["field"] not in self._folded} for f in given["facets"]]
        self.data = given

    def _forward(self, ask: Any) -> None:
        if not isinstance(ask, Remove):  # what is not there can still be taken away
            self._logs.engine.check(Query((Condition(ask.field, "exists"),)))
        forward(self._on, ask)

    def _fold(self, ask: Fold) -> None:
        (self._folded.discard if ask.open else self._folded.add)(ask.field)

    def _search(self, ask: SearchValues) -> list[dict[str, Any]]:
        """The values that contain a text, in any case, the most frequent first."""
        return containing(self._logs.engine, self.query, ask.field, ask.text)

    def _suggest(self, ask: Suggest) -> dict[str, Any]:
        """`found`: fields by name, then by a frequent value; `left`: fields whose values were not looked at yet."""
        shown = {f["field"] for f in self.data["facets"]}
        return suggested(self._logs.engine, ask.text.strip(), shown)


def rows(
    frame: pl.DataFrame,
    query: Query,
    field: str,
    *,
    found: pl.DataFrame | None = None,
    fixed: bool = False,
    open: bool = True,
) -> dict[str, Any]:
    """One facet as `data` has it, from what the engine's facets or panel say of a query.

    `values` are {`value`, `records`, `state`, `chosen`}, with a `text` where values are ids that nobody reads (see
    meanings.py). `state` is "include" or "exclude" where a condition of the query's own on
    the field names the value, null where none does; `chosen` is false for what these conditions keep out. A value that
    they name stands there also with 0 records. Beyond the values of `frame` its count is not known, null; `found`, as
    `facets` gives it for such values, tells it. `shown` of the `distinct` values are listed because they are frequent.
    """
    own = frame.filter(pl.col("field") == field)
    listed = {r["value"]: _row(r["value"], r["records"], chosen=r["chosen"]) for r in own.iter_rows(named=True)}
    distinct = int(own["values"][0]) if own.height else 0
    shown = len(listed) - (None in listed)
    if field == "severity":
        listed = {v: listed.get(v) or _row(v, 0) for v in (*LEVELS[:0:-1], LEVELS[0])}
    known = dict(zip(found["value"], found["records"], strict=True)) if found is not None else {}
    none = 0 if found is not None or shown >= distinct else None
    for value, state in named(query, field):
        text = _text(value, field, listed, state)
        row = listed.setdefault(text, _row(text, known.get(text, none), chosen=state == "include"))
        row["state"] = state
    return {
        "field": field,
        "values": list(listed.values()),
        "shown": shown,
        "distinct": distinct,
        "fixed": fixed,
        "open": open,
    }


def facet(
    engine: Engine, frame: pl.DataFrame, query: Query, field: str, *, fixed: bool = False, open: bool = True
) -> dict[str, Any]:
    """The same as `rows`, with the records of every value that the query names: asked for where `frame` lacks it."""
    made = rows(frame, query, field, fixed=fixed, open=open)
    if all(row["records"] is not None for row in made["values"]):
        return made
    wanted = tuple(value for value, _ in named(query, field) if value is not None)
    asked = query.without(field) & Query((Condition(field, "in", wanted),))
    found = engine.facets(asked, [field], len(wanted), own=True)
    return rows(frame, query, field, found=found, fixed=fixed, open=open)


def named(query: Query, field: str) -> list[tuple[Value | None, str]]:
    """The values that a query's own conditions on a field name, and how: "include" or "exclude". None is absence.

    An order of severities names those that it lets through; of other fields it names none.

    >>> named(Query.parse("level=a -level in (b, c) level!=d level exists"), "level")
    [('a', 'include'), ('b', 'exclude'), ('c', 'exclude'), ('d', 'exclude'), (None, 'exclude')]
    """
    return [
        (value, "include" if yes else "exclude") for clause in query.own(field) for value, yes in _named(clause, True)
    ]


def _named(clause: Clause, yes: bool) -> list[tuple[Value | None, bool]]:
    if isinstance(clause, Not):
        return _named(clause.part, not yes)
    if isinstance(clause, Or | And):
        return [one for part in clause.parts for one in _named(part, yes)]
    if clause.op == "exists":
        return [(None, not yes)]
    if clause.field == "severity" and clause.op[0] in "<>" and clause.value in LEVELS[1:]:
        # What an order lets through is a list of severities, `unspecified` being in none.
        at = LEVELS.index(str(clause.value))
        after = clause.op in ("<=", ">")
        return [(level, yes) for level in (LEVELS[at + after :] if clause.op[0] == ">" else LEVELS[1 : at + after])]
    if clause.op not in ("=", "!=", "in"):
        return []
    values: Any = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    return [(value, yes == (clause.op != "!=")) for value in values]


def _row(value: str | None, records: int | None, *, chosen: bool = True) -> dict[str, Any]:
    return {"value": value, "records": records, "state": None, "chosen": chosen}


def _text(value: Value | None, field: str, listed: dict[str | None, dict[str, Any]], state: str) -> str | None:
    """The text under which an engine's facets have a value of a query."""
    if value is None:
        return None
    text = value.text if isinstance(value, Number) else str(value) if isinstance(value, str) else str(value).lower()
    if field == "severity":
        word = text.lower()
        return word if word in LEVELS else SEVERITY_WORDS.get(word, word)
    if field in FIELDS and FIELDS[field] == pl.String():
        return text
    if isinstance(value, Number) and text not in listed:
        same = (t for t in listed if t is not None and _equal(read("", "=", t), value))
        return next(same, text)
    if isinstance(value, str) and not isinstance(read("", "=", text), str):
        # Beside numbers, text that looks like one is in quotes; alone it is not, and then it is what was chosen.
        other = listed.get(text)
        if quoted(text) in listed or (other is not None and state == "include" and not other["chosen"]):
            return quoted(text)
    return text


def _equal(a: Value, b: Number) -> bool:
    return isinstance(a, Number) and Decimal(a.text) == Decimal(b.text)


def containing(engine: Engine, query: Query, field: str, text: str) -> list[dict[str, Any]]:
    """The values of a field that contain a text, in any case, over the records that all other conditions let through.

    As `values` of `rows`, the most frequent first, at most 50. Of numbers and times the 100,000 most frequent are
    looked through, of other fields all values.
    """
    others = query.without(field)
    said = meanings.known(engine).get(field, {})
    frame = engine.facets(others, [field], _MOST if said else _WHOLE if text else _FOUND)
    values = int(frame["values"][0]) if frame.height else 0
    if text and values > _WHOLE and not said and _textual(engine, field):
        # Not the query's own condition, but one more: which records count is the same, and all values are looked at.
        frame = engine.facets(others & Query((Condition(field, ":", text),)), [field], _FOUND, own=True)
    elif text:
        if values > _WHOLE and not said:
            frame = engine.facets(others, [field], _MOST)
        frame = frame.filter(
            pl.Series(
                [text.casefold() in f"{v or ''} {said.get(v, '')}".casefold() for v in frame["value"]],
                dtype=pl.Boolean,
            )
        )
    frame = frame.filter(pl.col("value").is_not_null()).head(_FOUND)
    kept = set(frame["value"])
    made = [row for row in rows(frame, query, field)["values"] if row["value"] in kept]
    return [row | {"chosen": True} | ({"text": said[row["value"]]} if row["value"] in said else {}) for row in made]


def _textual(engine: Engine, field: str) -> bool:
    """Is `field:text` a question that its values can answer?"""
    kind = engine.dtypes([field])[field]
    return kind == pl.String() or isinstance(kind, pl.Enum)


def suggested(engine: Engine, text: str, shown: set[str]) -> dict[str, Any]:
    """Fields that are not `shown`, whose name or one of whose frequent values contains a text.

    `found` are {`field`, `match`: "name" or "value", `value` and `records`: the value that matches and how many records
    have it, else null}. Values are looked at for a short time only; `left` says in how many fields they were not, and
    the next call goes on there.
    """
    names = [n for n in engine.field_names() if n not in shown]
    out: list[dict[str, Any]]
    out = [{"field": n, "match": "name", "value": None, "records": None} for n in matching(text, names)[:_FOUND]]
    if len(text) < 2:
        return {"found": out, "left": 0}
    seen, end, left = _frequent.setdefault(engine, {}), time.monotonic() + _SECONDS, 0
    hits: list[tuple[str, str, int]] = []
    for name in _looked(names):
        if name not in seen and time.monotonic() > end:
            left += 1
            continue
        hits += [(name, *hit) for hit in _values(engine, name, seen) if text.casefold() in hit[0].casefold()][:1]
    hits.sort(key=lambda hit: -hit[2])
    taken = {row["field"] for row in out}
    out += [
        {"field": n, "match": "value", "value": v[:200], "records": r} for n, v, r in hits[:_FOUND] if n not in taken
    ]
    return {"found": out, "left": left}


def _looked(names: Sequence[str]) -> list[str]:
    """Fields whose values people look for: not ids, times, bodies and what is in them, and numbers of records."""
    dull = {n for n, kind in RECORD.items() if isinstance(kind, pl.Datetime) or kind.is_integer()} | DEAR
    return [n for n in names if n not in dull and not n.startswith("body.")]


def _values(engine: Engine, field: str, seen: dict[str, list[tuple[str, int]]]) -> list[tuple[str, int]]:
    if field not in seen:
        frame = engine.facets(Query(), [field], _SOME).filter(pl.col("value").is_not_null())
        seen[field] = list(zip(frame["value"], frame["records"], strict=True))
    return seen[field]
