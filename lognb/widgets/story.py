"""The story of a session, a user or a trace: lanes over one axis of time, the recording beside them, the rows below.

The browser half has all marks and, of a story of usual length, all texts; the cursor and the recording need no kernel.
What is asked of it are a record whole, the spans of a trace, and the texts of rows far down in a long story.
"""

from __future__ import annotations

import itertools
import uuid
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final

import msgspec
import traitlets

from lognb import _notes
from lognb.analyses.happened import TOLD
from lognb.analyses.links import links as _links
from lognb.analyses.story import story
from lognb.analyses.waterfall import waterfall
from lognb.errors import QueryError
from lognb.query import Number
from lognb.schema import ITEM
from lognb.widgets import still_story
from lognb.widgets.base import Ask, Binary, Widget
from lognb.widgets.records import page_of, record_in
from lognb.widgets.replay import player_text, prepare
from lognb.widgets.shown import show
from lognb.widgets.story_data import drawn, ids_of, item_of, place, spans_of, spans_told
from lognb.widgets.story_marks import Marks
from lognb.widgets.table import AskContext, AskRecord, Facet, Filter, Go, Pin, Text, Unpin, Whole, Written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import polars as pl

    from lognb.analyses.story import Told
    from lognb.analyses.whose import Kind
    from lognb.logs import Logs
    from lognb.query import Value
    from lognb.replay.parts import Parts


TEXTS: Final = 10_000
"""Rows whose texts go with the story; of a longer one the others are asked for."""
_serial = itertools.count(1)


class AskTexts(Ask, tag="texts"):
    offset: Whole
    limit: Annotated[int, msgspec.Meta(ge=0, le=500)]


class AskItem(Ask, tag="item"):
    i: Whole


class AskTrace(Ask, tag="trace"):
    id: Text


class AskPlayer(Ask, tag="player"):
    """The text of replay.js; a page that has it asks no more."""


class AskRecording(Ask, tag="recording"):
    session: Text


class AskEvents(Ask, tag="events"):
    """One piece of a recording."""

    session: Text
    i: Whole


class Close(Ask, tag="close"):
    pass


class Story(Widget):
    """What `logs.session`, `logs.user` and `logs.trace` give: a story, to look at and to take apart.

    `frame` are its rows (schema.ITEM, and `session` and `browser`: whose, and by whose clock), `logs` its records,
    `code` the line of Python that gives those. `on` may hold callables that are called instead of what it does by
    itself: go(to, id, record), close(), filter(field, value, op), facet(field), pin(id, note), unpin(id).
    """

    name = "story"
    asks: ClassVar = {
        AskTexts: "_texts", AskItem: "_item", AskTrace: "_trace", AskRecord: "_record", AskContext: "_context",
        AskPlayer: "_player", AskRecording: "_recording", AskEvents: "_events", Go: "_go", Close: "_close", Pin: "_pin",
        Unpin: "_unpin", Filter: "_filter", Facet: "_facet",
    }  # fmt: skip
    marks = traitlets.Bytes().tag(sync=True)
    texts = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        logs: Logs,
        kind: Kind,
        id: str,
        *,
        at: int | str | None = None,
        project_url: str | None = None,
        links: Mapping[str, str] | None = None,
        zone: str = "UTC",
        on: Mapping[str, Callable[..., Any]] | None = None,
        **traits: Any,
    ) -> None:
        told = story(logs, kind, id)
        _links({}, project_url, links)  # what is wrong in them is said before there is a widget
        super().__init__(logs, **traits)
        self._on = dict(on or {})
        self._project, self._templates, self._zone = project_url, links, zone
        self._page_name = uuid.uuid4().hex
        self._opened: tuple[str, Parts] | None = None
        self._show(told, at)

    @property
    def frame(self) -> pl.DataFrame:
        """What happened, in the order of time: the columns of schema.ITEM, then `session` and `browser`."""
        return self._told.items.select([*ITEM, *(c for c in TOLD if c not in ITEM)])

    @property
    def logs(self) -> Logs:
        """The records of the story."""
        of, told = self._logs, self._told
        return type(of)(of.engine, told.whose.query & told.window, of.sources, of.load_report)

    @property
    def code(self) -> str:
        """The line of Python that gives the records, from the `logs` that were asked."""
        from lognb._origin import where as code

        return code(self.logs.query, self._logs.query)

    def go(self, kind: Kind, id: str, at: int | str | None = None) -> None:
        """Tell another story in the place of this one, at the time of a record."""
        self._show(story(self._logs, kind, id), at)

    def _show(self, told: Told, at: int | str | None) -> None:
        self._told = told
        self._marks = Marks(told)
        data = self._data(told, at)
        with self.hold_sync():
            self.marks = self._marks.bytes
            self.texts = self._marks.texts(0, TEXTS) if len(self._marks) <= TEXTS else self._marks.texts(0, 400)
            self.data = data

    def _data(self, told: Told, at: int | str | None) -> dict[str, Any]:
        return {
            **drawn(told, self._marks),
            "told": next(_serial),
            "links": _links(ids_of(told), self._project, self._templates),
            "at": None if at is None else _text(self._time_of(at)),
            "at_item": None if at is None else place(told.items, int(at)),
            "zone": self._zone,
            "inside": "close" in self._on,
            "still": self._page_name,
            "pinned": self._pins(),
        }

    def _time_of(self, record_id: int | str) -> int | None:
        """The time of a record, ns; raises QueryError if there is none with this id."""
        time: int | None = self._logs.context(record_id, 0, 0)["time"].dt.timestamp("ns")[0]
        return time

    def _pins(self) -> list[str]:
        return [p["record_id"] for p in _notes.of(self._logs.engine).pins]

    def _texts(self, ask: AskTexts) -> dict[str, Any]:
        return self._marks.texts(ask.offset, ask.limit)

    def _item(self, ask: AskItem) -> dict[str, Any]:
        """All that is known of what is no record."""
        if ask.i >= len(self._marks):
            raise QueryError(f"the story has no item {ask.i}; it has {len(self._marks)}")
        return item_of(self._told, ask.i)

    def _trace(self, ask: AskTrace) -> dict[str, Any]:
        """The spans of a trace as a waterfall, in drawing order; of very many those that matter to its duration."""
        found = waterfall(self._logs, ask.id)
        rows = spans_of(found.frame)
        if not rows.height:
            raise QueryError(f"trace {ask.id}: {found.sentence}")
        return spans_told(rows, found.frame.height, found.sentence)

    def _record(self, ask: AskRecord) -> dict[str, Any]:
        return record_in(self._logs.engine, int(ask.id))

    def _context(self, ask: AskContext) -> dict[str, Any]:
        far = None if ask.seconds is None else round(ask.seconds * 1e9)
        found = self._logs.engine.context(int(ask.id), ask.before, ask.after, ask.same, within=(far, far))
        out = page_of(found, [])
        return {**out, "at": out["ids"].index(ask.id)}

    def _go(self, ask: Go) -> None:
        if not self._told_of("go", ask.to, ask.id, ask.record):
            self.go(ask.to, ask.id, ask.record)

    def _close(self, ask: Close) -> None:
        self._told_of("close")

    def _player(self, _: Ask) -> dict[str, str]:
        return {"text": player_text()}

    def _recording(self, ask: AskRecording) -> dict[str, Any]:
        return {"recording": self._parts(ask.session).about}

    def _events(self, ask: AskEvents) -> Binary:
        pieces = self._parts(ask.session).pieces
        if ask.i >= len(pieces):
            raise QueryError(f"there is no piece {ask.i} of this recording; there are {len(pieces)}")
        return Binary({}, [pieces[ask.i]])

    def _parts(self, session: str) -> Parts:
        """The recording of a session, cleaned and taken apart; the last one is kept."""
        if self._opened is None or self._opened[0] != session:
            self._opened = (session, prepare(self._logs, session))
        return self._opened[1]

    def _pin(self, ask: Pin) -> None:
        if not self._told_of("pin", int(ask.id), ask.note):
            self._logs.pin(ask.id, ask.note)
        self.repin()

    def _unpin(self, ask: Unpin) -> None:
        if not self._told_of("unpin", int(ask.id)):
            self._logs.unpin(ask.id)
        self.repin()

    def repin(self) -> None:
        """Pins changed."""
        self.data = {**self.data, "pinned": self._pins()}

    def _filter(self, ask: Filter) -> None:
        self._logs.engine.dtypes([ask.field])
        value: Value | None = Number(ask.value.number) if isinstance(ask.value, Written) else ask.value
        self._told_of("filter", ask.field, value, ask.op)

    def _facet(self, ask: Facet) -> None:
        self._told_of("facet", ask.field)

    def _told_of(self, what: str, *args: Any) -> bool:
        if what in self._on:
            self._on[what](*args)
        return what in self._on

    def _still(self) -> dict[str, str]:
        page = still_story.html(self._told, self._marks, self.code)
        return {"text/plain": repr(self), "text/html": page}

    def _view(self, **options: Any) -> dict[str, Any]:
        """What a front end that draws widgets takes; anywidget gives it with its metadata."""
        view: Any = super()._repr_mimebundle_(**options) or {}
        return dict(view[0] if isinstance(view, tuple) else view)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, Any]:  # type: ignore[override]  # as IPython takes it
        return {**self._view(**options), **self._still()}

    def _ipython_display_(self, **options: Any) -> None:
        """Show the still page, then the widget, which hides it, as a panel does."""
        show(self._still(), self._page_name, self._view(**options))

    def __repr__(self) -> str:
        return still_story.text(self._told, self.code)


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)
