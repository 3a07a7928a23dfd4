"""The widgets of a panel, and their data made from what was counted."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

import ipywidgets

from lognb.query import Query
from lognb.widgets import meanings, zones
from lognb.widgets import timeline as bars
from lognb.widgets.facets import Facets
from lognb.widgets.listing import Listing
from lognb.widgets.records import page_of, words_of
from lognb.widgets.search import Search, chips
from lognb.widgets.table import TableView
from lognb.widgets.tabs import RECORDS
from lognb.widgets.timeline import Timeline

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb._notes import Notes
    from lognb.logs import Logs
    from lognb.widgets.base import Widget
    from lognb.widgets.counted import Counted
    from lognb.widgets.state import View

_KEPT = 50  # query texts that can be gone back to


class Drawing:
    """Sets the data of search, timeline, facets, table and list. The panel's lock is held by whoever calls."""

    def __init__(self, logs: Logs, calls: dict[str, Callable[..., Any]]) -> None:
        self._logs, self.busy = logs, False
        self._search, self._facets = Search(logs, calls), Facets(logs, calls)
        self.page_name = uuid.uuid4().hex
        """Names the still page that the widget hides while it is there."""
        self._timeline, self._table = Timeline(logs, calls), TableView(logs, calls)
        self._listing = Listing(logs, calls)
        # Alone these count when they are asked; here an answer is to put a job, which must not wait for the job before.
        self._timeline.at_once = frozenset(Timeline.asks)
        self._table.at_once = TableView.at_once | {a for a in TableView.asks if a.__name__ in _EDITS}
        self._texts: list[str] = []
        self._rows: tuple[Any, int] = (None, 0)
        self._names = logs.engine.field_names()

    def widgets(self) -> list[Widget]:
        return [self._search, self._timeline, self._facets, self._table, self._listing]

    def boxes(self) -> list[Any]:
        """The widgets as they stand: facets beside the tabs, above them where there is little room."""
        self._facets.layout = ipywidgets.Layout(
            flex="1 1 230px", min_width="0", max_height="520px", overflow="hidden auto"
        )
        self._table.layout, self._listing.layout = (ipywidgets.Layout(width="auto", min_width="0") for _ in range(2))
        self._main = ipywidgets.VBox(
            [self._listing, self._table], layout=ipywidgets.Layout(flex="999 1 480px", min_width="0")
        )
        self._sides = ipywidgets.HBox([self._facets, self._main], layout=ipywidgets.Layout(flex_flow="row wrap"))
        return [self._search, self._timeline, self._sides]

    def close(self) -> None:
        """ipywidgets keeps whatever is not closed, and with it the engine."""
        for widget in (*self.widgets(), self._main, self._sides):
            widget.layout.close()
            widget.close()

    def start(self, view: View) -> None:
        """Counting begins: what needs no counting is drawn."""
        self.busy = True
        if self._timeline.data:
            self._timeline.show(**{**self._timeline.data, "busy": True, "selected": _pair(_window(view.query))})
        for widget in (self._facets, self._table):
            if widget.data:
                widget.data = {**widget.data, "busy": True}

    def still(self) -> None:
        """Nothing is being counted any more."""
        self.busy = False
        for widget in (self._search, self._timeline, self._facets, self._table):
            if widget.data:
                widget.data = {**widget.data, "busy": False}

    def search(self, view: View, **more: Any) -> None:
        query = view.query
        text = str(Query(query.conditions))
        if text and text not in self._texts[:1]:
            self._texts = [text, *(t for t in self._texts if t != text)][:_KEPT]
        kept = {name: self._search.data.get(name) for name in ("steps", "count")}
        self._search.show(
            **{
                **kept,
                "text": text,
                "chips": chips(query, meanings.known(self._logs.engine)),
                "window": None if _window(query) is None else _bounds(query),
                "zone": view.zone,
                "zones": zones.names(),
                "total": int(self._logs.engine.overview["records"]),
                "busy": self.busy,
                "history": self._texts,
                "still": self.page_name,
                **more,
            }
        )

    def timeline(self, found: Counted, notes: Notes, *, back: bool, busy: bool = False) -> None:
        view = found.view
        said = meanings.of(self._logs.engine, [view.by]).get(view.by or "")
        data, numbers = bars.drawn(found.volume, found.since, found.until, found.every, view.by, view.unit, said)
        offered = bars.menu(self._names)
        self._timeline.show(
            counts=numbers,
            **data,
            bys=offered[: bars.OFFERED],
            bys_left=max(0, len(offered) - bars.OFFERED),
            log=view.log,
            selected=_pair(_window(view.query)),
            baseline=_pair(view.baseline),
            marks=notes.marks,
            view=None,
            zone=view.zone,
            total=int(found.volume["records"].sum()),
            back=back,
            busy=busy,
        )

    def facets(self, query: Query, strip: dict[str, Any], facets: list[dict[str, Any]]) -> None:
        self._facets.query = query
        self._facets.show(strip=strip, facets=facets, busy=False)

    def table(self, found: Counted, notes: Notes, *, busy: bool = False) -> None:
        view, names = found.view, [name for name, _ in found.view.columns]
        rows = (view.query, view.newest, names)
        if self._rows[0] != rows:
            self._rows = (rows, self._rows[1] + 1)
        self._table.show(
            type(self._logs)(self._logs.engine, view.query, self._logs.sources, self._logs.load_report),
            revision=self._rows[1],
            count=found.panel.count,
            newest=view.newest,
            columns=[{"field": name, "width": width} for name, width in view.columns],
            zone=view.zone,
            words=words_of(view.query),
            fields=self._names,
            busy=busy,
            every_ns=False,
            split=True,
            query=str(view.query),
            page=page_of(found.panel.page.records, names),
            **_pins(notes),
        )

    def listing(self, opened: str, **data: Any) -> None:
        """The tabs, and the list of the one that is open; the table where that is the records."""
        self._table.layout.display = None if opened == RECORDS else "none"
        self._listing.show(**data)

    def notes(self, notes: Notes) -> None:
        if self._timeline.data:
            self._timeline.show(**{**self._timeline.data, "marks": notes.marks})
        if self._table.data:
            self._table.data = {**self._table.data, **_pins(notes)}

    def rows_in_view(self, since: int | None, until: int | None) -> None:
        seen = None if since is None or until is None else (since, until)
        if self._timeline.data:
            self._timeline.show(**{**self._timeline.data, "view": _pair(seen)})


_EDITS = frozenset({"SetColumns", "SetNewest", "Filter", "Facet", "Pin", "Unpin"})


def _pins(notes: Notes) -> dict[str, Any]:
    return {"pinned": [p["record_id"] for p in notes.pins], "notes": {p["record_id"]: p["note"] for p in notes.pins}}


def _window(query: Query) -> tuple[int | None, int | None] | None:
    return None if query.since is None and query.until is None else (query.since, query.until)


def _bounds(query: Query) -> dict[str, str | None]:
    return {name: None if ns is None else str(ns) for name, ns in (("since", query.since), ("until", query.until))}


def _pair(window: tuple[int | None, int | None] | None) -> dict[str, str] | None:
    """Both ends as text; a window without one is drawn as none."""
    if window is None or window[0] is None or window[1] is None:
        return None
    return {"since": str(window[0]), "until": str(window[1])}
