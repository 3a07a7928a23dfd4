"""The table of a panel: pages of records, each record whole, and what a click on a value asks for.

It shows `logs` in an order and with columns. What is to change beyond that (the query, the pins) is asked of the
callables in `on`; where there is none, as in `TableView(logs)`, the table keeps a little state of its own.
"""

from __future__ import annotations

import itertools
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal, NamedTuple

import msgspec

from lognb.errors import FieldError, LognbError, QueryError
from lognb.query import Condition, Number, Query, Value
from lognb.widgets.base import Ask, Widget
from lognb.widgets.narrow import narrowed
from lognb.widgets.records import SHOWN, fields_of_page, page_of, record_in, text_of, words_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from lognb.logs import Logs

MOST: Final = 500
"""Rows that one answer may have."""
_GO: Final = {"trace": "trace_id", "session": "session", "user": "user_id"}

Whole = Annotated[int, msgspec.Meta(ge=0, le=2**53)]
Rows = Annotated[int, msgspec.Meta(ge=0, le=MOST)]
Id = Annotated[str, msgspec.Meta(pattern=r"^(0|[1-9][0-9]{0,19})$")]
"""A record id in decimal, since JavaScript has no integers of 64 bits."""
Ids = Annotated[list[Id], msgspec.Meta(min_length=1, max_length=100_000)]
Text = Annotated[str, msgspec.Meta(max_length=10_000)]


class Written(msgspec.Struct, forbid_unknown_fields=True):
    """A number as it is written, as in the JSON of a query."""

    number: Text


class Shown(msgspec.Struct, forbid_unknown_fields=True):
    """A column: its field and its width in pixels, None for one of the browser's choice."""

    field: str
    width: Annotated[float, msgspec.Meta(ge=20, le=10_000)] | None = None


class AskPage(Ask, tag="page"):
    revision: Whole
    offset: Whole
    limit: Rows


class AskRecord(Ask, tag="record"):
    id: Id


class AskContext(Ask, tag="context"):
    """`seconds`: none that is farther away, however many there are."""

    id: Id
    before: Rows
    after: Rows
    seconds: Annotated[float, msgspec.Meta(gt=0, le=86_400)] | None = None
    same: Literal["service", "node", "session", "trace"] | None = None


class AskPinned(Ask, tag="pinned"):
    pass


class AskBodies(Ask, tag="bodies"):
    """The bodies of records, whole, in the order of time."""

    ids: Ids


class SetColumns(Ask, tag="columns"):
    columns: Annotated[list[Shown], msgspec.Meta(max_length=100)]


class SetNewest(Ask, tag="newest"):
    on: bool


class Filter(Ask, tag="filter"):
    """A click on a value: `value` says it, or is what the record `id` has, None where it has none."""

    field: str
    op: Literal["include", "exclude", "exists", "only"]
    value: str | bool | Written | None = None
    id: Id | None = None


class Facet(Ask, tag="facet"):
    field: str


class Pin(Ask, tag="pin"):
    id: Id
    note: Text = ""


class Unpin(Ask, tag="unpin"):
    id: Id


class View(Ask, tag="view"):
    offset: Whole
    rows: Rows


class Export(Ask, tag="export"):
    """`ids` None: all records of the query."""

    format: Literal["csv", "jsonl", "parquet"]
    ids: Ids | None = None


class Go(Ask, tag="go"):
    """To the story of a session, user or trace, at the time of a record where one is named."""

    to: Literal["trace", "session", "user"]
    id: Text
    record: Id | None = None


class Split(Ask, tag="split"):
    """Compare what came from this record on with what came before it."""

    id: Id


class Back(Ask, tag="back"):
    pass


class _State(NamedTuple):
    """What pages are of; exchanged as a whole, since asks are answered in another thread."""

    revision: int
    logs: Logs
    newest: bool
    columns: tuple[Shown, ...]

    def fields(self) -> list[str]:
        """The columns beside those that every row has."""
        return [c.field for c in self.columns if c.field == "record_id" or c.field not in SHOWN]


class TableView(Widget):
    """A table of all records of `logs`, newest or oldest first, in a notebook.

    `on` may hold callables that are called instead of what the table does by itself: newest(on), columns([{field,
    width}]), filter(field, value, op), facet(field), pin(id, note), unpin(id), go(to, id, record) and view(since,
    until), the times in ns of the rows in view, None for none. Who gives `on` shows with `show` what became of it.
    """

    name = "table"
    asks: ClassVar = {
        AskPage: "_page", AskRecord: "_record", AskContext: "_context", AskPinned: "_pinned", AskBodies: "_bodies",
        SetColumns: "_columns", SetNewest: "_newest", Filter: "_filter", Facet: "_facet", Pin: "_pin", Unpin: "_unpin",
        View: "_view", Export: "_export", Go: "_go", Split: "_split", Back: "_back",
    }  # fmt: skip
    latest = frozenset({View})

    def __init__(self, logs: Logs, on: Mapping[str, Callable[..., Any]] | None = None, **traits: Any) -> None:
        super().__init__(logs, **traits)
        self._on = dict(on or {})
        self._revisions = itertools.count(1)
        self._notes: dict[int, str] = {}
        self._before: list[Logs] = []
        self._state = _State(0, logs, True, ())
        if on is None:
            self._set(logs)

    @property
    def logs(self) -> Logs:
        """The records that the table shows."""
        return self._state.logs

    def show(self, logs: Logs | None = None, **data: Any) -> None:
        """Show `data` as a whole, and pages of `logs`, by default those of before. `data` has:

        revision (another for other rows), count, newest, columns, zone, words, pinned (ids), fields, busy, every_ns;
        also notes ({id: text} of pins), and page, the first page as records.page_of makes it.
        """
        columns = msgspec.convert(data.get("columns", []), list[Shown])
        self._state = _State(
            data["revision"], self.logs if logs is None else logs, bool(data["newest"]), tuple(columns)
        )
        self.data = data

    def _set(self, logs: Logs, **changed: Any) -> None:
        """The state of a table that stands alone."""
        state = self._state
        newest = changed.get("newest", state.newest)
        columns = changed.get("columns", state.columns)
        self.show(
            logs,
            revision=next(self._revisions),
            count=len(logs),
            newest=newest,
            columns=[{"field": c.field, "width": c.width} for c in columns],
            zone="UTC",
            words=words_of(logs.query),
            pinned=[str(i) for i in self._notes],
            notes={str(i): note for i, note in self._notes.items()},
            fields=logs.engine.field_names(),
            busy=False,
            every_ns=False,
            query=str(logs.query),
            back=bool(self._before),
            alone=True,
        )

    def _page(self, ask: AskPage) -> dict[str, Any]:
        state = self._state
        if ask.revision != state.revision:
            return {"revision": state.revision, "stale": True}
        names = state.fields()
        logs, wanted = state.logs, fields_of_page(names)
        found = logs.engine.page(logs.query, ask.limit, ask.offset, state.newest, wanted).records
        return {"revision": ask.revision, "offset": ask.offset, **page_of(found, names)}

    def _record(self, ask: AskRecord) -> dict[str, Any]:
        return record_in(self.logs.engine, _id(ask.id))

    def _context(self, ask: AskContext) -> dict[str, Any]:
        names = self._state.fields()
        far = None if ask.seconds is None else round(ask.seconds * 1e9)
        found = self.logs.engine.context(_id(ask.id), ask.before, ask.after, ask.same, within=(far, far))
        out = page_of(found.with_columns(self._cells(found["record_id"].to_list(), names)), names)
        return {**out, "at": out["ids"].index(ask.id)}

    def _cells(self, ids: Sequence[int], names: Sequence[str]) -> list[Any]:
        """The columns that are no part of a record, of records in the order of the table."""
        if not names:
            return []
        engine = self.logs.engine
        found = engine.fetch(_these(map(str, ids)), ["record_id", *(n for n in names if n != "record_id")])
        place = {record_id: i for i, record_id in enumerate(found["record_id"].to_list())}
        return [found[n].gather([place[i] for i in ids]) for n in names if n != "record_id"]

    def _pinned(self, ask: AskPinned) -> dict[str, Any]:
        """The rows of the pins, in the order of time."""
        engine, names = self.logs.engine, self._state.fields()
        ids = self.data.get("pinned", [])
        return page_of(engine.fetch(_these(ids), fields_of_page(names)), names) if ids else {"ids": []}

    def _bodies(self, ask: AskBodies) -> list[str]:
        found = self.logs.engine.fetch(_these(ask.ids), ["body"])["body"]
        return [body or "" for body in found.to_list()]

    def _columns(self, ask: SetColumns) -> None:
        names = [c.field for c in ask.columns]
        self.logs.engine.dtypes(names)
        if len(set(names)) < len(names):
            raise QueryError("a field is a column once")
        if not self._told("columns", [{"field": c.field, "width": c.width} for c in ask.columns]):
            self._set(self.logs, columns=tuple(ask.columns))

    def _newest(self, ask: SetNewest) -> None:
        if not self._told("newest", ask.on):
            self._set(self.logs, newest=ask.on)

    def _filter(self, ask: Filter) -> None:
        engine = self.logs.engine
        engine.dtypes([ask.field])
        value: Value | None = Number(ask.value.number) if isinstance(ask.value, Written) else ask.value
        if ask.id is not None and ask.op != "exists":
            value = self._value(ask.field, _id(ask.id))
        query = narrowed(self.logs.query, ask.field, value, ask.op)
        engine.check(query)
        if not self._told("filter", ask.field, value, ask.op):
            self._narrow(query)

    def _value(self, field: str, record_id: int) -> Value | None:
        """The value of a record that a query compares with: what its text means depends on its type."""
        engine, own = self.logs.engine, Query((Condition("record_id", "=", record_id),))
        found = engine.page(own, 1, columns=[field]).records
        if not len(found):
            raise QueryError(f"no record has the id {record_id}")
        text = text_of(found[field])[0]
        if text is None:
            return None
        for value in _meanings(text):
            try:
                fits = engine.count(own & Query((Condition(field, "=", value),)))
            except LognbError:  # no number, for one
                continue
            if fits:
                return value
        raise QueryError(f"no condition finds the value {text[:60]!r} of {field}")

    def _facet(self, ask: Facet) -> None:
        self.logs.engine.dtypes([ask.field])
        if not self._told("facet", ask.field):
            raise FieldError("a table by itself has no facets; logs.explore() has, and logs.facets(field) counts them")

    def _pin(self, ask: Pin) -> None:
        self.logs.engine.context(_id(ask.id), 0, 0)  # raises for an id that no record has
        if not self._told("pin", _id(ask.id), ask.note):
            self._notes[_id(ask.id)] = ask.note
            self._keep()

    def _unpin(self, ask: Unpin) -> None:
        if not self._told("unpin", _id(ask.id)):
            self._notes.pop(_id(ask.id), None)
            self._keep()

    def _keep(self) -> None:
        """Other pins, the same rows."""
        pinned = {str(i): note for i, note in self._notes.items()}
        self.data = {**self.data, "pinned": list(pinned), "notes": pinned}

    def _view(self, ask: View) -> None:
        if "view" not in self._on or not ask.rows:
            return
        logs, newest = self.logs, self._state.newest
        ends = [
            logs.engine.page(logs.query, 1, at, newest, ["time"]).records["time"].cast(int).to_list()
            for at in (ask.offset, ask.offset + ask.rows - 1)
        ]
        times = [t for end in ends for t in end if t is not None]
        self._on["view"](min(times, default=None), max(times, default=None))

    def _export(self, ask: Export) -> dict[str, Any]:
        logs = self.logs
        if ask.ids is not None:
            logs = _seen_through(logs, _these(ask.ids))
        path = _free(ask.format)
        {"csv": logs.write_csv, "jsonl": logs.write_jsonl, "parquet": logs.write_parquet}[ask.format](path)
        return {"path": str(path), "records": len(logs)}

    def _go(self, ask: Go) -> None:
        if not self._told("go", ask.to, ask.id, ask.record):
            self._narrow(Query((Condition(_GO[ask.to], "=", ask.id),)))

    def _split(self, ask: Split) -> None:
        time = self.logs.engine.context(_id(ask.id), 0, 0)["time"].dt.timestamp("ns")[0]
        if time is None:
            raise QueryError("this record has no time, so there is no before and after it")
        if not self._told("split", time):
            raise QueryError("a table alone has no baseline; logs.explore() has one")

    def _back(self, ask: Back) -> None:
        if self._before:
            self._set(self._before.pop())

    def _narrow(self, query: Query) -> None:
        if query != self.logs.query:
            self._before.append(self.logs)
            self._set(_seen_through(self.logs, query))

    def _told(self, what: str, *args: Any) -> bool:
        if what in self._on:
            self._on[what](*args)
        return what in self._on


def _seen_through(logs: Logs, query: Query) -> Logs:
    return type(logs)(logs.engine, query, logs.sources, logs.load_report)


def _these(ids: Iterable[str]) -> Query:
    return Query((Condition("record_id", "in", tuple(_id(i) for i in ids)),))


def _id(text: str) -> int:
    number = int(text)
    if number >= 2**64:
        raise QueryError(f"{text} is no record id: ids have 64 bits")
    return number


def _meanings(text: str) -> list[Value]:
    """What the text of a value may stand for, the likeliest first; in quotes is a string that looks like a number."""
    found: list[Value] = [text, text == "true"] if text in ("true", "false") else [text]
    if len(text) > 1 and text[0] == text[-1] == '"':
        found.append(text[1:-1])
    found.append(Number(text))
    return found


def _free(format: str) -> Path:
    """A name in the current folder that is not taken."""
    ending = {"csv": ".csv", "jsonl": ".jsonl", "parquet": ""}[format]
    stem = f"records-{datetime.now(UTC):%Y%m%d-%H%M%S}" + ("-parquet" if format == "parquet" else "")
    names = (Path(f"{stem}{again}{ending}") for again in ("", *(f"-{n}" for n in range(2, 1000))))
    return next(p for p in names if not p.exists()).absolute()
