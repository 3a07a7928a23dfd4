"""The tabs of a panel beside its records. Each is data: an analysis, how its answer is shown, what a row stands for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lognb.logs import Logs
    from lognb.query import Query
    from lognb.result import Result

RECORDS: Final = "records"
"""The tab that a panel begins with; what it shows is the table's."""

Kind = Literal[
    "text", "code", "words", "number", "bar", "bytes", "share", "time", "duration", "severity", "trend", "flag"
]
"""How a value is drawn and sorted. `bar` is a number with its part of the largest; `duration` are ns; `trend` is a list
of numbers, `words` one of texts; a `flag` shows its column's name where it is true."""


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
    opens in place and shows what `details` finds: sections as `listing.js` draws them.
    """

    name: str
    title: str
    ask: Callable[[Logs], Result]
    columns: tuple[Column, ...]
    narrows: tuple[str, str] | None = None
    opens: tuple[Literal["session", "trace", "user"], str] | None = None
    details: Callable[[Logs, Result, Mapping[str, Any]], list[dict[str, Any]]] | None = None

    def query(self, query: Query) -> Query:
        """What is asked of."""
        return query if self.narrows is None else query.without(self.narrows[0])

    def code(self, line: str) -> str:
        """The Python line that gives the answer, from that of the Logs."""
        return f"{line}.{self.name}()"


_ALL: tuple[Tab, ...] = ()
TABS: Final[dict[str, Tab]] = {tab.name: tab for tab in _ALL}
"""By name, in the order in which they stand behind the records."""
