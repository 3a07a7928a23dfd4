"""The lists of a panel beside its records: an analysis is asked when its tab is open, and the newest question wins.

An answer is kept for a while, so that going back to a tab, or choosing a row of the list, which does not change what is
asked, costs nothing.
"""

from __future__ import annotations

import logging
from collections import OrderedDict
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from lognb import _notes
from lognb._origin import where as code
from lognb.errors import LognbError
from lognb.widgets import versus
from lognb.widgets.tabs import RECORDS, TABS

if TYPE_CHECKING:
    from lognb.logs import Logs
    from lognb.query import Query
    from lognb.result import Result
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.tabs import Tab
    from lognb.widgets.versus import Question

KEPT: Final = 8
"""Answers that are kept."""
_log = logging.getLogger("lognb.widgets")


class Lists:
    """Draws the list of a panel's open tab. The panel's lock is held by whoever calls `put`."""

    def __init__(self, panel: Explorer) -> None:
        self._panel, self._revision = panel, 0
        self._kept: OrderedDict[Question, Result] = OrderedDict()
        self._shown: tuple[Tab, Question, Result] | None = None
        self._compared: tuple[Question, versus.Pairs] | None = None

    def put(self) -> None:
        """Show the list of the panel's view, or ask for it; what is asked for another view is not wanted any more."""
        panel, key = self._panel, ("list", id(self._panel))
        self._revision += 1
        tab = TABS.get(panel._view.tab)
        asked = None if tab is None else self._question(tab)
        if tab is None or asked is None or asked in self._kept:
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

    def within(self) -> None:
        """Compare anew what was chosen in the rows of the comparison."""
        self._compared = None
        self.put()

    def found(self) -> tuple[Tab, Result, str] | None:
        """The open tab, its answer and the code that gives it; None while there is none, or the records are shown."""
        tab = TABS.get(self._panel._view.tab)
        asked = None if tab is None else self._question(tab)
        result = None if asked is None else self._kept.get(asked)
        return None if tab is None or asked is None or result is None else (tab, result, self._code(asked))

    def _question(self, tab: Tab) -> Question | None:
        view, last = self._panel._view, self._compared
        if tab.versus and last is not None and last[0] in self._kept and versus.still_holds(*last, view):
            return last[0]
        return tab.question(view)

    def _code(self, asked: Question) -> str:
        base = self._panel._of.query
        return asked.code(code(asked.query, base), base)

    def _logs(self, query: Query) -> Logs:
        of = self._panel._of
        return type(of)(of.engine, query, of.sources, of.load_report)

    def _ask(self, revision: int, tab: Tab) -> None:
        panel = self._panel
        with panel._lock:
            asked = self._question(tab)
            if revision != self._revision or asked is None:
                return
        try:
            result = tab.ask(*(self._logs(side) for side in (asked.query, asked.baseline) if side is not None))
        except LognbError as error:
            self._ended(revision, str(error))
            return
        except Exception:
            _log.exception("a panel could not list %s of %r", tab.name, str(asked.query))
            self._ended(revision, "lognb made a mistake; logging has its traceback")
            return
        with panel._lock:
            self._kept[asked] = result
            if tab.versus and tab.row is not None:
                self._compared = (asked, versus.pairs_of(result.frame[tab.row].to_list()))
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
        view, tab = panel._view, TABS.get(panel._view.tab)
        found: dict[str, Any] = {}
        if tab is not None:
            asked = self._question(tab)
            result = None if asked is None else self._kept.get(asked)
            if asked is not None and result is not None:
                self._kept.move_to_end(asked)
                self._shown = (tab, asked, result)
            elif busy and self._shown is not None and self._shown[0] is tab:
                asked, result = self._shown[1:]  # the rows of before, until those that were asked for are here
            found = {
                "tab": tab, "result": result, "logs": self._logs(view.query if asked is None else asked.query),
                "code": None if asked is None else self._code(asked),
                "choices": self._choices(asked, busy=busy) if tab.versus else None,
            }  # fmt: skip
        panel._drawing.listing(
            view.tab, zone=view.zone, query=view.query, busy=busy, error=error, tabs=self._tabs(), **found
        )

    def _choices(self, asked: Question | None, *, busy: bool) -> dict[str, Any]:
        engine = self._panel._of.engine
        marks, first = _notes.of(engine).marks, engine.overview["first"]
        return versus.choices(self._panel._view, asked, marks, first, busy=busy)

    def _tabs(self) -> list[dict[str, Any]]:
        """Those that there are, with the number of rows where it is known."""
        named: list[dict[str, Any]] = [{"name": RECORDS, "title": "Records", "rows": None}]
        for tab in TABS.values():
            asked = self._question(tab)
            known = None if asked is None else self._kept.get(asked)
            named.append({"name": tab.name, "title": tab.title, "rows": None if known is None else known.frame.height})
        return named if TABS else []
