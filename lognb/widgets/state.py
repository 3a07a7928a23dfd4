"""What a panel shows, as one frozen value, and what clicks make of it. Pure: no widget, no engine.

A View is a query and how it is looked at. A click in a facet edits the field's own conditions at the top of the query
(Query.own) and nothing else: what is wanted becomes one `field=value` or `field in (…)`, what is not wanted one
`field!=value` or `-field in (…)`; records that lack the field are `-field exists`, or `field exists` without them.
Conditions of other kinds (a pattern, a range) stay what they are; `severity>=error` is a list of severities.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, Literal

from lognb._clauses import part_text
from lognb.errors import QueryError
from lognb.query import Condition, Not, Number, Or, Query, format_time
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from lognb.query import Clause, Value

State = Literal["include", "exclude"]

REMEMBERED: Final = 200
"""How many steps can be undone."""
_ORDERED: Final = ("<", "<=", ">", ">=")


@dataclass(frozen=True, slots=True)
class View:
    """A query and how its records are looked at.

    `columns` are those of the table beside time, severity, service and body: (field, width in pixels or None). `zone`
    is "UTC", "local" or an IANA name; `by` is what the timeline splits, `unit` what it counts ("records" or "bytes"),
    `log` its scale. `fields` are the facets, None: those most worth a look. `baseline` is a window, ns, to compare
    with, `against` what the tab Compare looks at: "baseline", or "rest" for errors against the rest.
    `tab` is what is listed: "records", or the name of one of tabs.TABS.
    """

    query: Query = field(default_factory=Query)
    columns: tuple[tuple[str, int | None], ...] = ()
    newest: bool = True
    zone: str = "UTC"
    by: str | None = "severity"
    unit: str = "records"
    log: bool = False
    fields: tuple[str, ...] | None = None
    baseline: tuple[int, int] | None = None
    against: str = "baseline"
    tab: str = "records"

    def text(self, text: str) -> View:
        """Other conditions, and the window that they name, else the one there is. Raises QueryError."""
        new = Query.parse(text)
        bounds = (new.since, new.until) if new != Query(new.conditions) else (self.query.since, self.query.until)
        return replace(self, query=Query(new.conditions, *bounds))

    def toggle(self, field: str, value: Value | None, state: State | None) -> View:
        """Want a value of a field, want all but it, or neither; `value` None are the records that lack the field."""
        own = _Own.of(self.query, field)
        new = own.put(value, state)
        return self if new == own else replace(self, query=_owned(self.query, field, new))

    def only(self, field: str, value: Value | None) -> View:
        """This value of the field and no other, whatever was chosen before."""
        own = _Own().put(value, "include")
        return replace(self, query=_owned(self.query, field, own))

    def clear(self, field: str) -> View:
        """Nothing about this field alone."""
        return replace(self, query=self.query.without(field))

    def drop(self, i: int) -> View:
        """Without the condition `i`."""
        return self._with(i, ())

    def negate(self, i: int) -> View:
        """The exact complement of the condition `i` in its place."""
        return self._with(i, (_negated(self._at(i)),))

    def edit(self, i: int, text: str) -> View:
        """What a text says in the place of the condition `i`; raises QueryError."""
        new = Query.parse(text)
        view = self._with(i, new.conditions)
        return replace(view, query=view.query & Query((), new.since, new.until))

    def window(self, since: int | None, until: int | None) -> View:
        """Only records with a time in [since, until), ns; None is no bound. Raises QueryError for an empty window."""
        if since is not None and until is not None and since >= until:
            raise QueryError(f"the window begins at {format_time(since)}, which is not before its end")
        return replace(self, query=Query(self.query.conditions, since, until))

    def zoom_out(self, first: int | None, last: int | None) -> View:
        """A window of twice the length around the same middle, moved into the data; all of the data is no window."""
        if first is None or last is None or (self.query.since is None and self.query.until is None):
            return self
        since = first if self.query.since is None else self.query.since
        until = last + 1 if self.query.until is None else self.query.until
        length = max(until - since, 1)
        since, until = widened(since, until, length // 2 + 1, first, last)
        return self.window(None, None) if since <= first and until > last else self.window(since, until)

    def chips(self) -> list[dict[str, object]]:
        """The conditions at the top: `i`, `text`, and whether it says what is not wanted."""
        return [{"i": i, "text": part_text(c), "negated": _is_negated(c)} for i, c in enumerate(self.query.conditions)]

    def words(self) -> list[str]:
        """What the body is said to contain: to be marked in it."""
        found = [leaf for c in self.query.conditions for leaf in _positive(c) if leaf.field == "body"]
        return list(dict.fromkeys(str(leaf.value) for leaf in found if leaf.op == ":" and leaf.value))

    def _at(self, i: int) -> Clause:
        if not 0 <= i < len(self.query.conditions):
            raise QueryError(f"the query has no condition {i}; it has {len(self.query.conditions)}")
        return self.query.conditions[i]

    def _with(self, i: int, new: tuple[Clause, ...]) -> View:
        self._at(i)
        kept = self.query.conditions
        rest = (*kept[:i], *(c for c in new if c not in kept[:i] + kept[i + 1 :]), *kept[i + 1 :])
        return replace(self, query=Query(rest, self.query.since, self.query.until))


def states(query: Query, field: str) -> tuple[dict[Value, State], State | None, bool]:
    """What a query says of a field alone: of its values, of the records that lack it, and whether it says more."""
    own = _Own.of(query, field)
    said: dict[Value, State] = {**dict.fromkeys(own.wanted, "include"), **dict.fromkeys(own.without, "exclude")}
    return said, own.absent, bool(own.rest)


def widened(since: int, until: int, more: int, first: int, last: int) -> tuple[int, int]:
    """A window with `more` ns on both sides, moved and cut so that it lies within the data."""
    since, until = since - more, until + more
    if since < first:
        since, until = first, until + first - since
    if until > last + 1:
        since, until = since - (until - last - 1), last + 1
    return max(since, first), until


class History:
    """The queries that were shown before and behind this one. A new step forgets what could be redone."""

    def __init__(self) -> None:
        self.past: list[Query] = []
        self.future: list[Query] = []

    def step(self, old: Query, new: Query) -> None:
        if old != new:
            self.past = [*self.past, old][-REMEMBERED:]
            self.future = []

    def undo(self, now: Query) -> Query:
        """The query before; the same one where there is none."""
        if not self.past:
            return now
        self.future.append(now)
        return self.past.pop()

    def redo(self, now: Query) -> Query:
        if not self.future:
            return now
        self.past.append(now)
        return self.future.pop()


@dataclass(frozen=True, slots=True)
class _Own:
    """What is said of one field alone: values (not) wanted, the records without it, and clauses of other kinds."""

    wanted: tuple[Value, ...] = ()
    without: tuple[Value, ...] = ()
    absent: State | None = None
    rest: tuple[Clause, ...] = ()

    @classmethod
    def of(cls, query: Query, field: str) -> _Own:
        own = cls()
        for clause in query.own(field):
            own = own.heard(clause)
        left = tuple(v for v in own.wanted if v not in own.without)
        return replace(own, wanted=left) if left else own

    def heard(self, clause: Clause) -> _Own:
        """With one more clause that must hold too."""
        said = _wanted(clause)
        if said is not None:
            return self._both(clause, *said)
        values, absent = _wanted(_negated(clause)) or ((), False)
        if absent and not values and (self.absent != "include" or self.wanted):
            return replace(self, absent="exclude")
        if values and not absent:
            return replace(self, without=_more(self.without, values))
        return replace(self, rest=(*self.rest, clause))

    def _both(self, clause: Clause, values: tuple[Value, ...], absent: bool) -> _Own:
        """With a clause that names what is wanted: what it and those before want."""
        if self.wanted or self.absent == "include":
            values = tuple(v for v in self.wanted if v in values)
            absent = absent and self.absent == "include"
        elif self.absent == "exclude":
            absent = False
        if not values and not absent:
            return replace(self, rest=(*self.rest, clause))
        kept = None if self.absent == "include" else self.absent
        return replace(self, wanted=values, absent="include" if absent else kept)

    def put(self, value: Value | None, state: State | None) -> _Own:
        # What named other values than those before left no record at all; a click is to lead out of that.
        rest = tuple(c for c in self.rest if _wanted(c) is None and _wanted(_negated(c)) != ((), True))
        if value is None:
            return replace(self, absent=state, rest=rest)
        wanted = tuple(v for v in self.wanted if v != value)
        without = tuple(v for v in self.without if v != value)
        if state == "include":
            wanted = (*wanted, value) if value not in self.wanted else self.wanted
        elif state == "exclude":
            without = (*without, value) if value not in self.without else self.without
        return replace(self, wanted=wanted, without=without, rest=rest)

    def clauses(self, field: str) -> tuple[Clause, ...]:
        out: list[Clause] = []
        if self.absent == "include":
            lacking = Not(Condition(field, "exists"))
            out.append(Or((_any(field, self.wanted), lacking)) if self.wanted else lacking)
        elif self.wanted:
            out.append(_any(field, self.wanted))
        if self.absent == "exclude":
            out.append(Condition(field, "exists"))
        if len(self.without) == 1:
            out.append(Condition(field, "!=", self.without[0]))
        elif self.without:
            out.append(Not(Condition(field, "in", self.without)))
        return (*out, *self.rest)


def _owned(query: Query, field: str, own: _Own) -> Query:
    """The query with other own conditions of a field, where its first one stood."""
    old = query.own(field)
    at = query.conditions.index(old[0]) if old else len(query.conditions)
    others = tuple(c for c in query.conditions if c not in old)
    return Query((*others[:at], *own.clauses(field), *others[at:]), query.since, query.until)


def _any(field: str, values: tuple[Value, ...]) -> Condition:
    return Condition(field, "=", values[0]) if len(values) == 1 else Condition(field, "in", values)


def _wanted(clause: Clause) -> tuple[tuple[Value, ...], bool] | None:
    """The values that a clause names as wanted, and whether it wants the records without; None for another clause."""
    if isinstance(clause, Or):
        parts = [_wanted(part) for part in clause.parts]
        if None in parts:
            return None
        named = [part for part in parts if part is not None]
        return tuple(dict.fromkeys(v for values, _ in named for v in values)), any(absent for _, absent in named)
    if isinstance(clause, Not) and isinstance(clause.part, Condition) and clause.part.op == "exists":
        return (), True
    if not isinstance(clause, Condition):
        return None
    if clause.field == "severity" and clause.op in _ORDERED and clause.value in LEVELS[1:]:
        levels = _levels(clause.op, LEVELS.index(str(clause.value)))
        return (levels, False) if levels else None
    values = clause.value if isinstance(clause.value, tuple) else (clause.value,) if clause.op == "=" else ()
    named_values = tuple(dict.fromkeys(v for v in values if isinstance(v, str | bool | Number)))
    return (named_values, False) if named_values else None


def _levels(op: str, at: int) -> tuple[str, ...]:
    """The severities that an order lets through; `unspecified` is in no order."""
    return LEVELS[at + (op == ">") :] if op[0] == ">" else LEVELS[1 : at + (op == "<=")]


def _more(have: tuple[Value, ...], new: tuple[Value, ...]) -> tuple[Value, ...]:
    return (*have, *(v for v in new if v not in have))


def _negated(clause: Clause) -> Clause:
    if isinstance(clause, Not):
        return clause.part
    if isinstance(clause, Condition) and clause.op in ("=", "!="):
        return Condition(clause.field, "!=" if clause.op == "=" else "=", clause.value)
    return Not(clause)


def _is_negated(clause: Clause) -> bool:
    return isinstance(clause, Not) or (isinstance(clause, Condition) and clause.op == "!=")


def _positive(clause: Clause) -> list[Condition]:
    """The comparisons that are not under a NOT."""
    if isinstance(clause, Condition):
        return [clause]
    return [] if isinstance(clause, Not) else [leaf for part in clause.parts for leaf in _positive(part)]
