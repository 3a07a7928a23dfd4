"""What a panel is asked in the browser: each call makes another View of it, or notes something down."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Literal

from lognb import _notes
from lognb.analyses.facets import ALWAYS
from lognb.errors import QueryError
from lognb.query import Query, format_time
from lognb.widgets import counted, versus
from lognb.widgets.narrow import narrowed
from lognb.widgets.tabs import RECORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.analyses.whose import Kind
    from lognb.query import Value
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.state import State

MORE: Final = (10, 50, 200, 1_000)
"""How many values a facet shows, one step after the other."""
_EDITS: Final = {"query": "text", "drop": "drop", "negate": "negate", "edit": "edit", "clear": "clear"}
_LOOKS: Final = ("newest", "zone", "by", "unit", "log", "tab")


def calls(panel: Explorer) -> dict[str, Callable[..., None]]:
    """The callables that the widgets of a panel are given, by the kind of the question."""
    asked = Asked(panel)
    names = [name for name in vars(Asked) if not name.startswith("_")]
    return {
        **{kind: partial(asked._edit, name) for kind, name in _EDITS.items()},
        **{name: partial(asked._look, name) for name in _LOOKS},
        **{name: getattr(asked, name) for name in names},
        "undo": panel.undo,
        "redo": panel.redo,
        "cancel": panel.cancel,
        "stop": lambda: panel._lists.stop(),
        "facet": asked.add,
    }


class Asked:
    """The questions that take more than one edit of the view. Times are ns; errors are told where one asked."""

    def __init__(self, panel: Explorer) -> None:
        self._panel = panel

    def toggle(self, field: str, value: str | None, state: State | None) -> None:
        self._edit("toggle", field, self._meant(field, value), state)

    def only(self, field: str, value: str | None) -> None:
        self._edit("only", field, self._meant(field, value))

    def records(self, field: str, value: str | None) -> None:
        """The records that a row of a list stands for, in the table."""
        panel = self._panel
        with panel._lock:
            panel._go(replace(panel._view.only(field, self._meant(field, value)), tab=RECORDS))

    def drop_window(self) -> None:
        self.window(None, None)

    def window(self, since: int | None, until: int | None) -> None:
        panel = self._panel
        with panel._lock:
            before = panel.query.since, panel.query.until
            view = panel._view.window(since, until)
            if before != (view.query.since, view.query.until):
                panel._windows.append(before)
            panel._go(view)

    def zoom_out(self) -> None:
        overview = self._panel._of.engine.overview
        query = self._panel._view.zoom_out(overview["first"], overview["last"]).query
        self.window(query.since, query.until)

    def back(self) -> None:
        panel = self._panel
        with panel._lock:
            if panel._windows:
                panel._go(panel._view.window(*panel._windows.pop()))

    def baseline(self, since: int | None, until: int | None) -> None:
        panel = self._panel
        with panel._lock:
            baseline = None if since is None or until is None else (since, until)
            panel._go(replace(panel._view, baseline=baseline, against=versus.WINDOW))

    def against(self, how: versus.How, time: int | None) -> None:
        """Compare with something else, or, "within", ask anew of what was chosen in the rows."""
        panel = self._panel
        with panel._lock:
            if how == "within":
                panel._lists.within()
                return
            overview, old = panel._of.engine.overview, panel.query
            view = versus.against(panel._view, how, overview["first"], overview["last"], time)
            if (view.query.since, view.query.until) != (old.since, old.until):
                panel._windows.append((old.since, old.until))
            panel._go(view)

    def choose(self, row: str, how: State | Literal["only", "records"] | None) -> None:
        """What the records of a row, which are those of a query, make of the query."""
        panel = self._panel
        with panel._lock:
            view = versus.chosen(panel._view, Query.parse(row), "only" if how == "records" else how)
            panel._go(replace(view, tab=RECORDS) if how == "records" else view)

    def split(self, time: int) -> None:
        """From here on, compared with what the window had before."""
        panel = self._panel
        with panel._lock:
            overview, query = panel._of.engine.overview, panel.query
            since = overview["first"] if query.since is None else query.since
            until = overview["last"] + 1 if query.until is None else query.until
            if not since < time < until:
                raise QueryError("the window has nothing before this record to compare with")
            panel._windows.append((query.since, query.until))
            view = panel._view.window(time, until)
            panel._go(replace(view, baseline=(since, time), against=versus.WINDOW, tab="compare"))

    def mark(self, time: int, text: str) -> None:
        self._panel._of.mark(format_time(time), text)
        self._panel._redraw()

    def unmark(self, i: int) -> None:
        marks = _notes.of(self._panel._of.engine).marks
        if i >= len(marks):
            raise QueryError(f"there is no mark {i}; there are {len(marks)}")
        self._panel._of.unmark(format_time(int(marks[i]["time"])), marks[i]["text"])
        self._panel._redraw()

    def columns(self, columns: list[dict[str, Any]]) -> None:
        self._look("columns", tuple((c["field"], None if c["width"] is None else round(c["width"])) for c in columns))

    def filter(self, field: str, value: Value | None, op: str) -> None:
        panel = self._panel
        with panel._lock:
            panel._go(replace(panel._view, query=narrowed(panel.query, field, value, op)))

    def go(self, to: Kind, id: str, record: str | None = None) -> None:
        """The story of a trace, session or user, below the table."""
        self._panel.tell(to, id, record)

    def pin(self, id: int, note: str) -> None:
        self._panel._of.pin(id, note)
        self._panel._redraw()

    def unpin(self, id: int) -> None:
        self._panel._of.unpin(id)
        self._panel._redraw()

    def view(self, since: int | None, until: int | None) -> None:
        with self._panel._lock:
            self._panel._drawing.rows_in_view(since, until)

    def more(self, field: str) -> None:
        panel = self._panel
        with panel._lock:
            now = panel._shown.get(field, counted.TOP)
            panel._shown[field] = next((n for n in MORE if n > now), MORE[-1])
            panel._put()

    def add(self, field: str) -> None:
        panel = self._panel
        with panel._lock:
            if field not in panel.fields:
                self._look("fields", (*panel.fields, field))

    def remove(self, field: str) -> None:
        panel = self._panel
        with panel._lock:
            self._look("fields", tuple(f for f in panel.fields if f != field or f in ALWAYS))

    def _edit(self, name: str, *args: Any) -> None:
        with self._panel._lock:
            self._panel._go(getattr(self._panel._view, name)(*args))

    def _look(self, name: str, value: Any) -> None:
        with self._panel._lock:
            self._panel._go(replace(self._panel._view, **{name: value}))

    def _meant(self, field: str, text: str | None) -> Value | None:
        return None if text is None else counted.meant(self._panel._of.engine, self._panel.query, field, text)
