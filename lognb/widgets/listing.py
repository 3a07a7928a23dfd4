"""A list of the rows of a Result, with the tabs above it: what a panel has beside the table of its records.

Python keeps the Result; the browser names a row by its number in it. What a click on a row asks for goes to `on`: tab,
toggle, only, records, go and stop, each of which may be missing.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NamedTuple

import msgspec
import polars as pl

from lognb.errors import FieldError, QueryError
from lognb.query import Query
from lognb.widgets import versus
from lognb.widgets.base import Ask, Widget
from lognb.widgets.calls import call
from lognb.widgets.records import text_of
from lognb.widgets.rows import arranged, cells, copied, head, speaks
from lognb.widgets.state import states

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs
    from lognb.result import Result
    from lognb.widgets.tabs import Column, Tab

MOST: Final = 10_000
"""Rows that the browser has at once; of more, it has the first ones of each order and search."""

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]
Id = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,19})$")]


class OpenTab(Ask, tag="tab"):
    name: Text


class AskRows(Ask, tag="rows"):
    """The rows with a text in them, sorted by a column; None is the order of the answer."""

    revision: Whole
    by: Text | None = None
    down: bool = False
    text: Text = ""


class AskDetails(Ask, tag="details"):
    revision: Whole
    row: Whole


class Toggle(Ask, tag="toggle"):
    revision: Whole
    row: Whole
    state: Literal["include", "exclude"] | None


class Only(Ask, tag="only"):
    revision: Whole
    row: Whole


class Records(Ask, tag="records"):
    """The records of a row and no others, in the table."""

    revision: Whole
    row: Whole


class Open(Ask, tag="open"):
    """The story of a row."""

    revision: Whole
    row: Whole


class Go(Ask, tag="go"):
    """A story that details name, at the time of a record."""

    to: Literal["trace", "session", "user"]
    id: Text
    record: Id | None = None


class Against(Ask, tag="against"):
    """Compare with something else; `time`, ns, is that of a mark."""

    how: Literal["before", "rest", "mark", "within"]
    time: Id | None = None


class Copy(Ask, tag="copy"):
    revision: Whole
    format: Literal["markdown", "csv"]
    rows: Annotated[list[Whole], msgspec.Meta(max_length=MOST)]


class Stop(Ask, tag="stop"):
    pass


class _State(NamedTuple):
    """What the rows are of; exchanged as a whole, since asks are answered in other threads."""

    revision: int
    logs: Logs
    tab: Tab | None
    result: Result | None

    @property
    def columns(self) -> list[Column]:
        """Those of the tab that the answer has, and has something to say in."""
        if self.tab is None or self.result is None:
            return []
        frame = self.frame
        return [
            c for c in self.tab.columns if c.name in frame.columns and (c.rank == 0 or speaks(frame[c.name], c.kind))
        ]

    @property
    def frame(self) -> pl.DataFrame:
        return pl.DataFrame() if self.result is None else self.result.frame


class Listing(Widget):
    """The rows of a Result, and the tabs."""

    name = "listing"
    asks: ClassVar = {
        OpenTab: "_tab", AskRows: "_rows", AskDetails: "_details", Toggle: "_toggle", Only: "_only",
        Records: "_records", Open: "_open", Go: "_go", Copy: "_copy", Stop: "_stop", Against: "_against",
    }  # fmt: skip
    at_once = frozenset({OpenTab, AskRows, Toggle, Only, Records, Copy, Stop, Against})
    latest = frozenset({AskDetails})

    def __init__(self, logs: Logs, on: Any = None, **traits: Any) -> None:
        super().__init__(logs, **traits)
        self._on = {} if on is None else on
        self._revisions = itertools.count(1)
        self._state = _State(0, logs, None, None)

    @property
    def result(self) -> Result | None:
        """What is listed."""
        return self._state.result

    def show(self, tab: Tab | None = None, result: Result | None = None, logs: Logs | None = None, **data: Any) -> None:
        """List the rows of a result as a tab shows them; `logs` are those that were asked.

        `data` has tabs ([{name, title, rows}]), zone, busy, error, code and, as `query`, what the panel around says
        of the rows: a Query, by default that of the logs.
        """
        old, query = self._state, data.pop("query", None)
        same = old.tab is tab and old.result is result
        revision = old.revision if same else next(self._revisions)
        self._state = state = _State(revision, logs or old.logs, tab, result)
        query = state.logs.query if query is None else query
        named = {"tabs": [], "zone": "UTC", "busy": False, "error": None, "code": None, "choices": None}
        self.data = {
            **named,
            "tab": None if tab is None else tab.name,
            "revision": revision,
            "ready": result is not None,
            "sentence": "" if result is None else result.sentence,
            "columns": [_told(c) for c in state.columns],
            "narrows": tab is not None and (tab.narrows or tab.row) is not None,
            "opens": None if tab is None or tab.opens is None else tab.opens[0],
            "order": None if tab is None else tab.order,
            "states": _states(state, query),
            **data,
        }

    def _tab(self, ask: OpenTab) -> None:
        call(self._on, "tab", ask.name)

    def _rows(self, ask: AskRows) -> dict[str, Any]:
        state = self._state
        if ask.revision != state.revision:
            return {"revision": state.revision, "stale": True}
        by = None if ask.by is None else _named(state.columns, ask.by)
        rows = arranged(state.frame, state.columns, by, down=ask.down, text=ask.text)["at"]
        shown = rows.head(MOST)
        return {
            "revision": ask.revision,
            "total": state.frame.height,
            "found": len(rows),
            "at": shown.to_list(),
            "cells": cells(state.frame[shown.to_list()], state.columns),
        }

    def _details(self, ask: AskDetails) -> list[dict[str, Any]]:
        state = self._at(ask.revision, ask.row)
        row = state.frame.row(ask.row, named=True)
        if state.tab is not None and state.tab.details is not None and state.result is not None:
            return state.tab.details(state.logs, state.result, row)
        pairs = [
            [name, text_of(state.frame[name][ask.row : ask.row + 1])[0]] for name in row if _plain(state.frame[name])
        ]
        return [{"kind": "pairs", "pairs": [pair for pair in pairs if pair[1] is not None]}]

    def _toggle(self, ask: Toggle) -> None:
        whole, what = self._narrowing(ask.revision, ask.row)
        call(self._on, "choose" if whole else "toggle", *what, ask.state)

    def _only(self, ask: Only) -> None:
        self._take(ask, "only")

    def _records(self, ask: Records) -> None:
        self._take(ask, "records")

    def _take(self, ask: Only | Records, how: str) -> None:
        whole, what = self._narrowing(ask.revision, ask.row)
        if whole:
            call(self._on, "choose", *what, how)
        else:
            call(self._on, how, *what)

    def _open(self, ask: Open) -> None:
        state = self._at(ask.revision, ask.row)
        if state.tab is None or state.tab.opens is None:
            raise QueryError("a row of this list opens in its place")
        to, column = state.tab.opens
        id = state.frame[column][ask.row]
        if id is None:
            raise QueryError(f"this row has no {to}")
        call(self._on, "go", to, str(id))

    def _go(self, ask: Go) -> None:
        call(self._on, "go", ask.to, ask.id, *([] if ask.record is None else [ask.record]))

    def _copy(self, ask: Copy) -> str:
        state = self._at(ask.revision, max(ask.rows, default=0))
        if state.result is None:
            raise QueryError("there is nothing to copy")
        return copied(state.result, state.frame[ask.rows], state.columns, ask.format)

    def _against(self, ask: Against) -> None:
        call(self._on, "against", ask.how, None if ask.time is None else int(ask.time))

    def _stop(self, ask: Stop) -> None:
        call(self._on, "stop")

    def _at(self, revision: int, row: int) -> _State:
        """The state that a question is of; raises QueryError for one of before, or a row that is not there."""
        state = self._state
        if revision != state.revision or row >= max(1, state.frame.height):
            raise QueryError("the list has changed since; try again")
        return state

    def _narrowing(self, revision: int, row: int) -> tuple[bool, tuple[Any, ...]]:
        """The query of a row, where rows are such; else its field and value."""
        state = self._at(revision, row)
        if state.tab is not None and state.tab.row is not None:
            return True, (str(state.frame[state.tab.row][row]),)
        if state.tab is None or state.tab.narrows is None:
            raise QueryError("a row of this list is no condition on records")
        field, column = state.tab.narrows
        return False, (field, text_of(state.frame[column][row : row + 1])[0])


def _told(column: Column) -> dict[str, Any]:
    return {**{name: getattr(column, name) for name in ("name", "kind", "rank", "width")}, "head": head(column)}


def _states(state: _State, query: Query) -> dict[str, str]:
    """What the query says of the values of rows: row -> "include" or "exclude"."""
    if state.tab is None or state.result is None:
        return {}
    if state.tab.row is not None:
        said_of = ((i, versus.state(query, Query.parse(text))) for i, text in enumerate(state.frame[state.tab.row]))
        return {str(i): what for i, what in said_of if what is not None} if query.conditions else {}
    if state.tab.narrows is None:
        return {}
    field, column = state.tab.narrows
    said, absent, _ = states(query, field)
    texts = {str(getattr(value, "text", value)): what for value, what in said.items()}
    if not texts and absent is None:
        return {}
    values = text_of(state.frame[column]).to_list()
    found = ((i, absent if v is None else texts.get(v)) for i, v in enumerate(values))
    return {str(i): what for i, what in found if what is not None}


def _named(columns: Sequence[Column], name: str) -> Column:
    for column in columns:
        if column.name == name and column.kind != "trend":
            return column
    raise FieldError(f"the list has no column {name[:60]!r} to sort by")


def _plain(column: pl.Series) -> bool:
    return not isinstance(column.dtype, pl.List | pl.Struct | pl.Array | pl.Object)
