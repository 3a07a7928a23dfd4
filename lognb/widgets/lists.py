"""The lists of a panel beside its records: an analysis is asked when its tab is open, and the newest question wins.

An answer is kept for a while, so that going back to a tab, or choosing a row of the list, which does not change what is
asked, costs nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from lognb.errors import LognbError
from lognb.widgets.state import code
from lognb.widgets.tabs import RECORDS, TABS

if TYPE_CHECKING:
    from lognb.query import Query
    from lognb.result import Result
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.tabs import Tab

KEPT: Final = 8
"""Answers that are kept."""
_log = logging.getLogger("lognb.widgets")


class Lists:
    """Draws the list of a panel's open tab. The panel's lock is held by whoever calls `put`."""

    def __init__(self, panel: Explorer) -> None:
        self._panel, self._revision = panel, 0
        self._kept: OrderedDict[tuple[str, Query], Result] = OrderedDict()
        self._shown: tuple[Tab, Query, Result] | None = None

    def put(self) -> None:
        """Show the list of the panel's view, or ask for it; what is asked for another view is not wanted any more."""
        panel, key = self._panel, ("list", id(self._panel))
        self._revision += 1
        tab = TABS.get(panel._view.tab)
        if tab is None or (tab.name, tab.query(panel.query)) in self._kept:
            panel._worker.stop(key)
            self._draw()
            return
        self._draw(busy=True)
        revision = self._revision
        dropped = partial(self._ended, revision, "stopped; another query or tab asks anew")
        panel._worker.put(partial(self._ask, revision, tab), key, dropped=dropped, now=True)

    def stop(self) -> None:
        """Stop asking; what was found last stays."""
        self._panel._worker.stop(("list", id(self._panel)))

    def found(self) -> tuple[Tab, Result, str] | None:
        """The open tab, its answer and the code that gives it; None while there is none, or the records are shown."""
        panel, tab = self._panel, TABS.get(self._panel._view.tab)
        result = None if tab is None else self._kept.get((tab.name, tab.query(panel.query)))
        return None if tab is None or result is None else (tab, result, self._code(tab))

    def _code(self, tab: Tab) -> str:
        panel = self._panel
        return tab.code(code(tab.query(panel.query), panel._of.query))

    def _ask(self, revision: int, tab: Tab) -> None:
        panel = self._panel
        with panel._lock:
            if revision != self._revision:
                return
            query = tab.query(panel.query)
        of = panel._of
        try:
            result = tab.ask(type(of)(of.engine, query, of.sources, of.load_report))
        except LognbError as error:
            self._ended(revision, str(error))
            return
        except Exception:
            _log.exception("a panel could not list %s of %r", tab.name, str(query))
            self._ended(revision, "lognb made a mistake; logging has its traceback")
            return
        with panel._lock:
            self._kept[tab.name, query] = result
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
            if revision == self._revision:
                self._draw()

    def _ended(self, revision: int, why: str) -> None:
        with self._panel._lock:
            if revision == self._revision:
                self._draw(error=why)

    def _draw(self, *, busy: bool = False, error: str | None = None) -> None:
        panel = self._panel
        view, query = panel._view, panel.query
        tab = TABS.get(view.tab)
        found: dict[str, Any] = {}
        if tab is not None:
            asked = tab.query(query)
            result = self._kept.get((tab.name, asked))
            if result is not None:
                self._kept.move_to_end((tab.name, asked))
                self._shown = (tab, asked, result)
            elif busy and self._shown is not None and self._shown[0] is tab:
                asked, result = self._shown[1:]  # the rows of before, until those that were asked for are here
            of = panel._of
            found = {
                "tab": tab, "result": result, "logs": type(of)(of.engine, asked, of.sources, of.load_report),
                "code": self._code(tab),
            }  # fmt: skip
        panel._drawing.listing(
            view.tab, zone=view.zone, query=query, busy=busy, error=error, tabs=self._tabs(), **found
        )

    def _tabs(self) -> list[dict[str, Any]]:
        """Those that there are, with the number of rows where it is known."""
        query = self._panel.query
        known = {
            name: r.frame.height
            for name, r in ((t.name, self._kept.get((t.name, t.query(query)))) for t in TABS.values())
            if r is not None
        }
        named = [(RECORDS, "Records"), *((tab.name, tab.title) for tab in TABS.values())]
        return [{"name": name, "title": title, "rows": known.get(name)} for name, title in named] if TABS else []
