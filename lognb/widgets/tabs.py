"""The tabs of a panel beside its records. Each is data: an analysis, how its answer is shown, what a row stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from lognb.analyses.errors import errors
from lognb.analyses.patterns import patterns
from lognb.analyses.sessions import sessions
from lognb.analyses.traces import traces
from lognb.widgets import details, versus
from lognb.widgets.versus import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lognb.logs import Logs
    from lognb.query import Query
    from lognb.result import Result
    from lognb.widgets.state import View

RECORDS: Final = "records"
"""The tab that a panel begins with; what it shows is the table's."""

Kind = Literal[
    "text",
    "code",
    "words",
    "number",
    "errors",
    "bar",
    "bytes",
    "share",
    "time",
    "duration",
    "severity",
    "trend",
    "flag",
    "change",
    "shift",
]
"""How a value is drawn and sorted. `errors` is a number that stands out where it is not 0 (a column of 0 takes no
room), `bar` one with its part of the largest; `duration` are ns; `trend` is a list of numbers, `words` one of texts; a
`flag` shows its column's heading where it is true; a `change` is "new", "gone", "grown", "shrunk" or "once", and a
`shift` log2 of how many times more there is, a bar to the right of nothing, or to the left."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of an answer: its name there, its kind, and its heading, by default its name in words.

    Where there is no room for all, those with the highest `rank` are left out first; 0 is never left out. `width` is
    in pixels, None the usual one of its kind.
    """

    name: str
    kind: Kind = "text"
    head: str = ""
    rank: int = 1
    width: int | None = None


@dataclass(frozen=True, slots=True)
class Tab:
    """A list of what an analysis says of some Logs.

    `narrows` is (field, column): the records of a row are those whose field has what the row has in the column. The
    answer is asked for without the query's own conditions on that field, as in a facet: what was not chosen stays in
    sight. `opens` is (kind, column): a row is the "session", "trace" or "user" with the id in the column. Else a row
    opens in place and shows what `details` finds: sections as `sections.js` draws them. `order` is (column, largest
    first): how the list is sorted until somebody sorts it otherwise; None as the answer has it. Where rows are of
    several fields, `row` is the column with the query of a row's records. `versus` is a tab that compares two Logs.
    """

    name: str
    title: str
    ask: Callable[..., Result]
    columns: tuple[Column, ...]
    narrows: tuple[str, str] | None = None
    opens: tuple[Literal["session", "trace", "user"], str] | None = None
    details: Callable[[Logs, Result, Mapping[str, Any]], list[dict[str, Any]]] | None = None
    order: tuple[str, bool] | None = None
    row: str | None = None
    versus: bool = False

    def query(self, query: Query) -> Query:
        """What is asked of."""
        return query if self.narrows is None else query.without(self.narrows[0])

    def question(self, view: View) -> Question | None:
        """What is asked of a View; None where it has nothing to compare with."""
        if self.versus:
            return versus.question(self.name, view)
        return Question(self.name, self.query(view.query))


ERRORS: Final = Tab(
    name="errors",
    title="Errors",
    ask=errors,
    columns=(
        Column("title", rank=0),
        Column("culprit", "code", "where", rank=3),
        Column("occurrences", "bar", "times", rank=0),
        Column("trend", "trend"),
        Column("sessions", "number", rank=4),
        Column("users", "number", rank=2),
        Column("services", "words", rank=5),
        Column("releases", "words", rank=7),
        Column("new", "flag", rank=2),
        Column("first", "time", rank=6),
        Column("last", "time", rank=2),
    ),
    narrows=("issue", "issue"),
    details=details.issue,
)
SESSIONS: Final = Tab(
    name="sessions",
    title="Sessions",
    ask=sessions,
    columns=(
        Column("session", "code", rank=0),
        Column("user", "code", rank=1),
        Column("other_user", "code", "also", rank=6),
        Column("start", "time", rank=1),
        Column("duration_ns", "duration", "duration", rank=1),
        Column("records", "bar", rank=1),
        Column("errors", "errors", rank=0),
        Column("severity", "severity", "worst", rank=3),
        Column("has_recording", "flag", "recording", rank=2),
        Column("pages", "number", rank=3),
        Column("traces", "number", rank=4),
        Column("services", "words", rank=5),
        Column("joined", "number", "by trace", rank=7),
    ),
    narrows=("session", "session"),
    opens=("session", "session"),
    order=("errors", True),
)
TRACES: Final = Tab(
    name="traces",
    title="Traces",
    ask=traces,
    columns=(
        Column("root", rank=0),
        Column("root_service", "code", "service", rank=1),
        Column("start", "time", rank=1),
        Column("duration_ns", "duration", "duration", rank=0),
        Column("spans", "number", rank=3),
        Column("errors", "errors", "failed", rank=2),
        Column("services", "number", rank=4),
        Column("records", "number", rank=3),
        Column("error_records", "errors", "errors", rank=2),
        Column("missing_parents", "errors", "no parent", rank=6),
        Column("session", "code", rank=5),
        Column("trace_id", "code", "trace", rank=6),
    ),
    narrows=("trace_id", "trace_id"),
    opens=("trace", "trace_id"),
)
PATTERNS: Final = Tab(
    name="patterns",
    title="Patterns",
    ask=patterns,
    columns=(
        Column("text", "code", "pattern", rank=0, width=420),
        Column("records", "bar", rank=0),
        Column("share", "share", rank=3),
        Column("trend", "trend"),
        Column("errors", "errors", rank=1),
        Column("new", "flag", rank=1),
        Column("services", "words", rank=2),
        Column("sessions", "number", rank=5),
        Column("users", "number", rank=5),
        Column("first", "time", rank=4),
        Column("last", "time", rank=4),
    ),
    narrows=("pattern", "pattern"),
    details=details.pattern,
)
COMPARE: Final = Tab(
    name="compare",
    title="Compare",
    ask=versus.compared,
    columns=(
        Column("change", "change", rank=0),
        Column("difference", rank=0),
        Column("shift", "shift", "fewer | more", rank=1),
        Column("said", "text", "share", rank=0, width=180),
        Column("baseline", "number", rank=2),
        Column("current", "number", "now", rank=2),
        Column("since", "time", "new since", rank=3),
        Column("what", "code", rank=6),
        Column("also", "words", rank=5),
    ),
    row="query",
    details=details.difference,
    versus=True,
)
TABS: Final[dict[str, Tab]] = {tab.name: tab for tab in (ERRORS, SESSIONS, TRACES, PATTERNS, COMPARE)}
"""By name, in the order in which they stand behind the records."""
