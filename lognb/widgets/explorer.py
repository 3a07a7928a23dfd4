"""The panel: search, timeline, facets and table over one View of some Logs; each change of it is counted anew.

Whatever is done, in the browser or from Python, makes another View and puts one job to the engine's worker; the newest
job wins and stops the one before. Handlers do no more than that, so the panel answers while a cell runs. What it shows
can be had again from `query`, `logs`, `code` and `permalink`.
"""

from __future__ import annotations

import logging
import threading
import time
import warnings
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import ipywidgets
import traitlets

from lognb import _notes
from lognb._origin import where as code
from lognb._text import plain
from lognb.analyses.facets import ALWAYS
from lognb.errors import LognbError, QueryError
from lognb.widgets import asked, counted, meanings, permalink, still
from lognb.widgets.drawing import Drawing
from lognb.widgets.lists import Lists
from lognb.widgets.settings import settled
from lognb.widgets.shown import show
from lognb.widgets.state import History, View
from lognb.widgets.worker import worker_of

if TYPE_CHECKING:
    from lognb.analyses.whose import Kind
    from lognb.logs import Logs
    from lognb.query import Query
    from lognb.widgets.counted import Counted
    from lognb.widgets.story import Story

FACETS: Final = 30
"""Facets that a panel has at most: each is counted at every change."""
MANY: Final = 1_000_000
"""Of more records rows and timeline are drawn before the facets, whose fields are read once at the beginning."""
_TRAITS: Final = ("query_text", "columns", "newest", "zone", "by", "unit", "log_scale", "fields", "tab")
_log = logging.getLogger("lognb.widgets")


class Explorer(ipywidgets.VBox):  # type: ignore[misc]  # ipywidgets has no types
    """What `logs.explore()` gives. Its traits can be set and observed; setting one changes all that is shown.

    `query_text` is the whole query, its window included. `columns` are those of the table beside time, severity,
    service and body, `fields` the facets, `tab` what is listed: "records" or one of `tabs.TABS`. A wrong value raises
    QueryError or FieldError, and nothing changes.
    """

    query_text = traitlets.Unicode()
    columns = traitlets.List(traitlets.Unicode())
    newest = traitlets.Bool(True)
    zone = traitlets.Unicode("UTC")
    by = traitlets.Unicode("severity", allow_none=True)
    unit = traitlets.Unicode("records")
    log_scale = traitlets.Bool(False)
    fields = traitlets.List(traitlets.Unicode())
    tab = traitlets.Unicode("records")

    def __init__(self, logs: Logs, link: str | None = None, **view: Any) -> None:
        self._of, self._worker = logs, worker_of(logs.engine)
        self._lock = threading.RLock()
        self._view, self._history = View(query=logs.query), History()
        self._windows: list[tuple[int | None, int | None]] = []
        self._shown: dict[str, int] = {}
        self._counts: dict[Query, int] = {}
        self._found: Counted | None = None
        self._rows: Counted | None = None
        self._usual: tuple[str, ...] | None = None
        self._revision, self._mirroring = 0, 0
        self.note = ""
        """What the person at the panel has to know, as that a link was of other sources."""
        self.story: Story | None = None
        """The story that is open below the table."""
        self._view = self._begin(link, view)
        self._drawing, self._lists = Drawing(logs, asked.calls(self)), Lists(self)
        super().__init__(self._drawing.boxes())
        self._mirror()
        self._put()

    @property
    def query(self) -> Query:
        """What is shown, as a query."""
        return self._view.query

    @query.setter
    def query(self, query: Query) -> None:
        self._go(replace(self._view, query=query))

    @property
    def logs(self) -> Logs:
        """The records that are shown."""
        of = self._of
        return type(of)(of.engine, self.query, of.sources, of.load_report)

    @property
    def code(self) -> str:
        """The line of Python that gives the records that are shown, from the `logs` that were explored."""
        return code(self.query, self._of.query)

    @property
    def permalink(self) -> str:
        """One string for the whole view: `logs.explore(panel.permalink)` shows it again."""
        return permalink.write(self._view, _notes.fingerprint(self._of.engine))

    @property
    def baseline(self) -> tuple[int, int] | None:
        """The window to compare with, ns."""
        return self._view.baseline

    def undo(self) -> None:
        """The query before the last step; how it is looked at stays."""
        with self._lock:
            self._go(replace(self._view, query=self._history.undo(self.query)), step=False)

    def redo(self) -> None:
        """The query that was undone."""
        with self._lock:
            self._go(replace(self._view, query=self._history.redo(self.query)), step=False)

    def cancel(self) -> None:
        """Stop counting; what was counted last stays."""
        with self._lock:
            if self._drawing.busy:
                self._revision += 1
                self._worker.stop(("explorer", id(self)))
                self._ended(self._revision, "stopped: the numbers are of the query before")

    def tell(self, kind: Kind, id: str, at: int | str | None = None) -> Story:
        """Open the story of a session, user or trace below the table, at the time of a record; `story` has it then.

        Raises QueryError if there is none with this id.
        """
        from lognb.widgets.story import Story

        with self._lock:
            if self.story is not None:
                self.story.go(kind, id, at)
                return self.story
            called = asked.calls(self)
            on = {name: called[name] for name in ("filter", "facet", "pin", "unpin")}
            on["close"] = self.end_story
            self.story = Story(self._of.all, kind, id, at=at, zone=self._view.zone, on=on)
            self.set_trait("children", (*self.children, self.story))
            return self.story

    def end_story(self) -> None:
        """Close the story, if one is open."""
        with self._lock:
            story, self.story = self.story, None
            if story is not None:
                self.set_trait("children", tuple(child for child in self.children if child is not story))
                story.layout.close()
                story.close()

    def wait(self, timeout: float = 60) -> bool:
        """Until all is counted and drawn; False if that takes longer."""
        return self._worker.wait(timeout)

    def close(self) -> None:
        """Let go of the widgets."""
        if hasattr(self, "_drawing"):
            self.end_story()
            self._drawing.close()
        super().close()

    def _begin(self, link: str | None, settings: dict[str, Any]) -> View:
        view = self._view
        if link is not None:
            restored, of = permalink.read(link)
            differs = of != _notes.fingerprint(self._of.engine)
            try:
                self._check(restored)
                view = restored
            except LognbError as error:
                if not differs:
                    raise
                self.note = f"; its query does not fit these records: {plain(str(error).splitlines()[0], 200)}"
            if differs:
                self.note = f"the link is of other sources than these{self.note}"
                warnings.warn(self.note, UserWarning, stacklevel=4)
        view = settled(self._of, view, settings)
        self._check(view)
        return view

    def _check(self, view: View) -> None:
        """Raises QueryError or FieldError for what cannot be shown of these records."""
        permalink.check(view)
        engine = self._of.engine
        engine.check(view.query)
        names = [name for name, _ in view.columns] + [*(view.fields or ())] + ([view.by] if view.by else [])
        engine.dtypes(names)
        if len(view.fields or ()) > FACETS:
            raise QueryError(f"a panel has at most {FACETS} facets; remove one first")

    def _go(self, view: View, *, step: bool = True) -> None:
        """Show another view."""
        self._check(view)
        with self._lock:
            old = self._view
            if step:
                self._history.step(old.query, view.query)
            if view.query != old.query:
                self.note = ""
            self._view = view
            self._mirror()
            if replace(old, tab=view.tab) != view:
                self._put()
                return
            self._draw_search()
            self._lists.put()

    def _put(self) -> None:
        self._revision += 1
        revision = self._revision
        self._drawing.start(self._view)
        self._draw_search()
        dropped = partial(self._ended, revision, "")
        self._worker.put(partial(self._count, revision), ("explorer", id(self)), dropped=dropped, now=True)
        self._lists.put()

    def _count(self, revision: int) -> None:
        """The job: ask the engine, draw. What is no longer wanted is not drawn."""
        with self._lock:
            view, shown, found = self._view, dict(self._shown), self._found
        try:
            if revision != self._revision:
                return
            if found is None and self._of.engine.overview["records"] > MANY:
                self._draw_rows(revision, counted.count(self._of, view, shown, ALWAYS), busy=True)
            if found is None or not found.same(view, shown):
                found = counted.count(self._of, view, shown, self._usual)
            meanings.of(self._of.engine, meanings.named(view.query))  # counting has made them
            self._draw_found(revision, replace(found, view=view))
        except LognbError as error:
            self._ended(revision, str(error))
        except Exception:
            _log.exception("a panel could not count %r", str(view.query))
            self._ended(revision, "lognb made a mistake; logging has its traceback")

    def _draw_rows(self, revision: int, found: Counted, *, busy: bool = False) -> None:
        """Draw the picture and the rows; the facets, if they are all that is still being counted, later."""
        notes = _notes.of(self._of.engine)
        with self._lock:
            if revision == self._revision:
                self._rows = found
                self._drawing.timeline(found, notes, back=bool(self._windows), busy=busy)
                self._drawing.table(found, notes, busy=busy)

    def _draw_found(self, revision: int, found: Counted) -> None:
        """Draw what was counted, the picture and the rows first; then what takes a few more questions."""
        engine, query, count = self._of.engine, found.view.query, found.panel.count
        with self._lock:
            if revision != self._revision:
                return
            self._draw_rows(revision, found)
            self._found, self._usual = found, self._usual or found.fields
            self._mirror()
        strip = counted.strip(engine, query, count)
        facets = counted.facets_of(engine, found)
        with self._lock:
            if revision != self._revision:
                return
            self._drawing.facets(query, strip, facets)
        steps = counted.chain(engine, query, count, self._counts)
        hint = None if count else counted.hint(engine, query)
        with self._lock:
            if revision == self._revision:
                self._drawing.busy = False
                self._draw_search(steps=steps, hint=hint, count=count)

    def _ended(self, revision: int, why: str) -> None:
        """A job came to nothing; the last good answer stays, and `why` is said."""
        with self._lock:
            if revision == self._revision:
                self._drawing.still()
                self._draw_search(hint={"text": why, "drop": None} if why else None)

    def _draw_search(self, **more: Any) -> None:
        noted = {"hint": {"text": self.note, "drop": None}} if self.note and not more.get("hint") else {}
        self._drawing.search(
            self._view, code=self.code, permalink=self.permalink, undo=bool(self._history.past),
            redo=bool(self._history.future), **{**more, **noted},
        )  # fmt: skip

    def _mirror(self) -> None:
        """Set the traits to what the view is."""
        view = self._view
        fields = view.fields if view.fields is not None else self._found.fields if self._found else ()
        self._mirroring = threading.get_ident()
        try:
            self.set_trait("query_text", str(view.query))
            self.set_trait("columns", [name for name, _ in view.columns])
            self.set_trait("fields", list(fields))
            self.set_trait("log_scale", view.log)
            for name in ("newest", "zone", "by", "unit", "tab"):
                self.set_trait(name, getattr(view, name))
        finally:
            self._mirroring = 0

    @traitlets.observe(*_TRAITS)
    def _set(self, change: Any) -> None:
        if self._mirroring == threading.get_ident() or not hasattr(self, "_drawing"):
            return
        try:
            name = {"query_text": "query", "log_scale": "log"}.get(change["name"], change["name"])
            self._go(settled(self._of, self._view, {name: change["new"]}))
        except LognbError:
            with self._lock:
                self._mirror()
            raise

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:
        return {**(super()._repr_mimebundle_(**options) or {}), **self._still()}

    def _still(self) -> dict[str, str]:
        found, line = self._counted()
        plainly, page = (
            form(self._of, found, line, self.note, self._lists.found()) for form in (still.text, still.html)
        )
        return {"text/plain": plainly, "text/html": page}

    def _ipython_display_(self, **options: Any) -> None:
        """Show the still page, then the widget, which hides it."""
        show(self._still(), self._drawing.page_name, super()._repr_mimebundle_(**options) or {})

    def __repr__(self) -> str:
        return still.text(self._of, *self._counted(), self.note, self._lists.found())

    def _counted(self) -> tuple[Counted | None, str]:
        """What stands in an output, and its code. The first showing waits for rows only, not for every facet."""
        end = time.monotonic() + 30
        while not self._worker.wait(0.05) and time.monotonic() < end:
            if self._found is None and self._rows is not None and time.monotonic() > end - 29:
                break
        found = self._rows
        return found, code(self._view.query if found is None else found.view.query, self._of.query)

    def _redraw(self) -> None:
        """Pins or marks changed."""
        notes = _notes.of(self._of.engine)
        with self._lock:
            self._drawing.notes(notes)
            if self.story is not None:
                self.story.repin()
