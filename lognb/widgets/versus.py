"""The tab Compare: which two sides a View compares, what its rows are, and what a click on one makes of the View."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple

import polars as pl

from lognb._origin import where as line_of
from lognb._text import count
from lognb.analyses.compare import compare
from lognb.charts.compare import name, said
from lognb.errors import QueryError
from lognb.query import And, Condition, Not, Or, Query, format_time
from lognb.widgets.state import states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs
    from lognb.query import Clause
    from lognb.result import Result
    from lognb.widgets.state import State, View

How = Literal["before", "rest", "mark", "within"]
REST: Final = "rest"
WINDOW: Final = "baseline"
_ERRORS: Final = Query.parse("severity>=error")
_OTHERS: Final = Query.parse("-severity>=error")
_FULL: Final = 6.0  # log2: a bar ends at 64 times, as in the chart
_MARKS: Final = 4  # buttons

Pairs = frozenset[tuple[str, Any]]


class Question(NamedTuple):
    """What a tab asks: of `query`, and of `baseline` where it compares; `of` is the query of the View by then."""

    tab: str
    query: Query
    baseline: Query | None = None
    of: Query = Query()
    against: str = WINDOW

    def code(self, line: str, base: Query) -> str:
        """The Python line that compares the same; `line` is that of what an answer of one side is of."""
        if self.baseline is None:
            return f"{line}.{self.tab}()"
        if self.against == REST:
            return f"{line_of(self.of, base)}.{self.tab}({str(_OTHERS)!r}, {str(_ERRORS)!r})"
        before, after = (
            tuple(None if ns is None else format_time(ns) for ns in (q.since, q.until))
            for q in (self.baseline, self.query)
        )
        return f"{line_of(Query(self.of.conditions), base)}.{self.tab}({before}, {after})"


def question(tab: str, view: View) -> Question | None:
    """Both sides of a View: its window against its baseline, or its errors against the rest; None without a baseline.

    Where the query has no window, the current side is what follows the baseline.
    """
    query = view.query
    if view.against == REST:
        return Question(tab, query & _ERRORS, query & _OTHERS, query, REST)
    if view.baseline is None:
        return None
    since, until = (query.since, query.until)
    if since is None and until is None:
        since = view.baseline[1]
    own = query.conditions
    return Question(tab, Query(own, since, until), Query(own, *view.baseline), query)


def compared(logs: Logs, baseline: Logs) -> Result:
    """What `compare` finds, with each difference as people read it, and as a bar."""
    found = compare(logs, baseline)
    return replace(found, frame=read(found.frame))


def read(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a comparison with `difference`, `said` and `shift`: each as people read it, and as a bar."""
    rows = frame.to_dicts()
    shown = pl.DataFrame(
        {
            "difference": [name(row) for row in rows],
            "said": [_said(row) for row in rows],
            "shift": [_shift(row) for row in rows],
        },
        schema={"difference": pl.String, "said": pl.String, "shift": pl.Float64},
    )
    return frame.hstack(shown)


def _said(row: dict[str, Any]) -> str:
    """As the chart has it, without what other columns of the list say."""
    if row["change"] == "once" and row["what"] != "number":
        return f"{count(row['current'])} now, {count(row['baseline'])} before"
    return said({**row, "since": None}).removeprefix(f"{row['change']}: ")


def _shift(row: dict[str, Any]) -> float:
    """log2 of the ratio; to the end of the bar where one side has nothing."""
    more = row["change"] in ("new", "grown") or (row["change"] == "once" and row["current"] > 0)
    length = _FULL if not row["ratio"] else min(abs(math.log2(row["ratio"])), _FULL)
    return length if more else -length


def still_holds(asked: Question, rows: Pairs, view: View) -> bool:
    """Is the answer to what was asked still what a View wants? What is chosen in its rows does not ask again.

    Else the row that was clicked, and all others, would be gone with the click.
    """
    query, of = view.query, asked.of
    fresh = question(asked.tab, replace(view, query=Query(of.conditions, query.since, query.until)))
    if fresh != asked or not set(of.conditions) <= set(query.conditions):
        return False
    added = [c for c in query.conditions if c not in of.conditions]
    return all(_pairs(clause) <= rows for clause in added)


def pairs_of(queries: Sequence[str]) -> Pairs:
    """The fields and values that the rows are about."""
    return frozenset(pair for text in queries for clause in Query.parse(text).conditions for pair in _pairs(clause))


def _pairs(clause: Clause) -> Pairs:
    if isinstance(clause, Not):
        return _pairs(clause.part)
    if isinstance(clause, And | Or):
        return frozenset().union(*(_pairs(part) for part in clause.parts))
    if clause.op == "exists":
        return frozenset({(clause.field, None)})
    values = clause.value if isinstance(clause.value, tuple) else (clause.value,)
    return frozenset(
        (clause.field, value if clause.op in ("=", "!=", "in") else (clause.op, value)) for value in values
    )


def state(query: Query, row: Query) -> State | None:
    """What a query says of a row."""
    found = _single(row)
    if found is not None:
        known, absent, _ = states(query, found[0])
        return absent if found[1] is None else known.get(found[1])
    if set(row.conditions) <= set(query.conditions):
        return "include"
    return "exclude" if _not(row) in query.conditions else None


def chosen(view: View, row: Query, how: State | Literal["only"] | None) -> View:
    """A View that wants the records of a row, all but them, them and no others of its fields, or does not mind."""
    found = _single(row)
    if found is not None:
        return view.only(*found) if how == "only" else view.toggle(*found, how)
    query = view.query
    if how == "only":
        for field in {field for clause in row.conditions for field, _ in _pairs(clause)}:
            query = query.without(field)
    gone = {*row.conditions, _not(row)}
    kept = tuple(clause for clause in query.conditions if clause not in gone)
    more = () if how is None else (_not(row),) if how == "exclude" else row.conditions
    return replace(view, query=Query((*kept, *more), query.since, query.until))


def _single(row: Query) -> tuple[str, Any] | None:
    """(field, value) of a row that is one value, or lacks the field."""
    clause = row.conditions[0]
    if len(row.conditions) > 1:
        return None
    if isinstance(clause, Condition) and clause.op == "=":
        return clause.field, clause.value
    if isinstance(clause, Not) and isinstance(clause.part, Condition) and clause.part.op == "exists":
        return clause.part.field, None
    return None


def _not(row: Query) -> Clause:
    return (~row).conditions[0]


def against(view: View, how: How, first: int | None, last: int | None, time: int | None) -> View:
    """A View that compares with another side; raises QueryError where there is none. Times are ns.

    "before" is the stretch of equal length before the window; "mark" what is before a moment, the window being what is
    behind it; "rest" compares the errors with all else, and once more no longer.
    """
    if how == "rest":
        return replace(view, against=WINDOW if view.against == REST else REST)
    if first is None or last is None:
        raise QueryError("no record has a time, so there is no before; errors can be compared with the rest")
    query = view.query
    since = first if query.since is None else query.since
    until = last + 1 if query.until is None else query.until
    if how == "before":
        if since <= first:
            raise QueryError("there is nothing before the window; choose one on the timeline that begins later")
        return replace(view, baseline=(since - (until - since), since), against=WINDOW)
    if time is None or not first < time <= last:
        raise QueryError("no record is before this moment")
    if not since < time < until:
        since, until = first, last + 1
    return replace(view.window(time, until), baseline=(since, time), against=WINDOW)


def choices(
    view: View, asked: Question | None, marks: Sequence[dict[str, Any]], first: int | None, *, busy: bool = False
) -> dict[str, Any]:
    """What was compared, for the browser to say, and the buttons that compare something else. Times are texts of ns."""
    before = view.query.since is not None and first is not None and view.query.since > first
    options = [
        {
            "how": "before", "text": "before", "on": False, "can": before,
            "title": "with the stretch of equal length before the window"
            if before else "choose a window on the timeline first, one that begins behind the first record",
        },
        {
            "how": "rest", "text": "errors against the rest", "on": view.against == REST, "can": True,
            "title": "what do errors have that other records have not?",
        },
    ]  # fmt: skip
    here = [m for m in marks if first is not None and int(m["time"]) > first][-_MARKS:]
    options += [
        {"how": "mark", "text": "since " + m["text"], "time": str(m["time"]), "on": False, "can": True,
         "title": "what is behind this mark with what was before it"}
        for m in here
    ]  # fmt: skip
    told: dict[str, Any] = {"options": options, "sides": None, "rest": False, "within": False}
    if asked is not None and asked.baseline is not None:
        told["sides"] = [
            [None if ns is None else str(ns) for ns in (q.since, q.until)] for q in (asked.query, asked.baseline)
        ]
        told |= {"rest": asked.against == REST, "within": not busy and asked.of != view.query}
    return told
