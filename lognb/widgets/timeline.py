"""A timeline to look at and to choose a window from: alone over Logs, or as the part of a panel that draws it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final, Literal

import msgspec
import numpy as np
import polars as pl
import traitlets

from lognb import _notes, _timeline
from lognb._html import block, text
from lognb._text import clock, count, duration, plain, plural, size, step
from lognb.analyses import buckets
from lognb.errors import LognbError, QueryError
from lognb.query import Query, format_time
from lognb.schema import LEVELS
from lognb.widgets.base import Ask, Widget
from lognb.widgets.calls import call, forward

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lognb.logs import Logs

Ns = Annotated[str, msgspec.Meta(pattern=r"^-?[0-9]{1,19}\Z")]

NAME: Final = 200
"""Characters of a value in the legend."""
OFFERED: Final = 300
"""Fields in the menu."""

_REST: Final = re.compile(r"other \([0-9]+ more\)")
# Hardly two records share a value of these.
_NOT_OFFERED: Final = frozenset(
    {
        "attributes", "body", "observed_timestamp", "record_id", "resource", "scope_attributes", "source_position",
        "span_id", "time", "timestamp",
    }
)  # fmt: skip
_UINT32: Final = 2**32 - 1


class Window(Ask, tag="window"):
    """Only this stretch of time; nulls: all of it."""

    since: Ns | None
    until: Ns | None


class ZoomOut(Ask, tag="zoom_out"):
    """Twice as long a window."""


class Back(Ask, tag="back"):
    """The window before this one."""


class By(Ask, tag="by"):
    """Split by another field, or by none."""

    field: str | None


class Unit(Ask, tag="unit"):
    name: Literal["records", "bytes"]


class Log(Ask, tag="log"):
    on: bool


class Baseline(Ask, tag="baseline"):
    """The stretch to compare with; nulls: none."""

    since: Ns | None
    until: Ns | None


class Mark(Ask, tag="mark"):
    """Remember a moment."""

    time: Ns
    text: Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class Unmark(Ask, tag="unmark"):
    i: Annotated[int, msgspec.Meta(ge=0)]


class Timeline(Widget):
    """Stacked bars over time, from which a window is chosen with the mouse or the keyboard.

    Alone, `Timeline(logs)` counts for itself: `query` and `logs` are what is chosen in it, its marks are those of the
    logs. As a part of a panel it is given `on`, functions (see calls.py) for window(since, until), zoom_out(), back(),
    by(field), unit(name), log(on), baseline(since, until), mark(time, text) and unmark(i), times in ns or None, and
    draws what `show` and `counts` say.
    """

    name = "timeline"
    asks: ClassVar[dict[type[Ask], str]] = {
        Window: "_choose",
        ZoomOut: "_tell",
        Back: "_tell",
        By: "_tell",
        Unit: "_tell",
        Log: "_tell",
        Baseline: "_choose",
        Mark: "_mark",
        Unmark: "_tell",
    }
    latest: ClassVar[frozenset[type[Ask]]] = frozenset({Window})

    counts = traitlets.Bytes().tag(sync=True)
    """uint32, little-endian: for each bucket a number for each series."""

    def __init__(self, logs: Logs, on: Any = None, **traits: Any) -> None:
        super().__init__(logs, **traits)
        self._alone = _Alone(self, logs) if on is None else None
        self._on = on if self._alone is None else self._alone.calls()
        if self._alone:
            self._worker.put(self._alone.first)

    @property
    def query(self) -> Query:
        """The query with the window that is chosen; only alone, else the panel knows."""
        if self._alone is None:
            raise QueryError("this timeline is a part of a panel; ask the panel for its query")
        return self._alone.query

    @property
    def logs(self) -> Logs:
        """The records of the window that is chosen."""
        return type(self._logs)(self._logs.engine, self.query, self._logs.sources, self._logs.load_report)

    def show(self, counts: bytes | None = None, **data: Any) -> None:
        """Draw other data, as a whole; without `counts` those that are there."""
        with self.hold_sync():
            if counts is not None:
                self.counts = counts
            self.data = data

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        """For a page without a kernel also a still picture, for a terminal a line of blocks."""
        bundle, more = super()._repr_mimebundle_(**options) or ({}, {})
        self._worker.wait(30)
        said, (bars, every) = str(self.data.get("said", "nothing is counted yet")), self._bars()
        bundle["text/plain"] = f"{said}\n|{_timeline.blocks(bars, every)}|" if bars else said
        bundle["text/html"] = block(f'<p class="ln-say">{text(said)}</p>', _timeline.html(bars, every))
        return bundle, more

    def _bars(self) -> tuple[list[_timeline.Bucket], int]:
        """What is drawn, by severity; split by another field, as if all were info."""
        if not self.data.get("buckets"):
            return [], 1
        since, every, series = int(self.data["since"]), int(self.data["every"]), self.data["series"]
        table = np.frombuffer(self.counts, "<u4").reshape(-1, len(series)).tolist()
        found: dict[tuple[int, str], int] = {}
        for i, row in enumerate(table):
            for one, n in zip(series, row, strict=True):
                key = (since + i * every, one["level"] or "info")
                found[key] = found.get(key, 0) + n * self.data["scale"]
        return [(at, level, n) for (at, level), n in found.items() if n], every

    def _tell(self, ask: Ask) -> None:
        forward(self._on, ask)

    def _choose(self, ask: Window | Baseline) -> None:
        call(self._on, "window" if isinstance(ask, Window) else "baseline", *_stretch(ask))

    def _mark(self, ask: Mark) -> None:
        call(self._on, "mark", _ns(ask.time), ask.text)


def drawn(
    frame: pl.DataFrame,
    since: int,
    until: int,
    every: int,
    by: str | None,
    of: str,
    said: Mapping[str, str] | None = None,
) -> tuple[dict[str, Any], bytes]:
    """What the page draws of an engine's volume frame, from `since` up to but not including `until`, ns.

    The buckets are multiples of `every`, so the first and the last may be only partly within: `partial`. Series stand
    from the bottom up: severities in their order, other values most frequent first, "other (N more)" last; those
    without a record are left out; `said` are the texts of
    values that are ids. The bytes are uint32, little-endian, a row of series for each bucket, in units of
    `scale`.
    """
    left, right = since // every, max(-(-until // every), since // every + 1)
    at = pl.col("bucket").dt.timestamp("ns") // every - left
    cells = frame.select(at=at, by="by" if by else pl.lit(of), n=pl.col(of).fill_null(0).cast(pl.Int64))
    cells = cells.filter(pl.col("at").is_between(0, right - left - 1), pl.col("n") > 0)
    totals = cells.group_by("by", maintain_order=True).agg(pl.col("n").sum()).rows()
    totals.sort(key=lambda row: _rank(row[0], row[1], by))
    place = {value: i for i, (value, _) in enumerate(totals)}
    table = np.zeros((right - left, max(len(totals), 1)), np.int64)
    series = [place[value] for value in cells["by"].to_list()]
    texts = {value: (said or {}).get(value or "", value) for value in place}
    np.add.at(table, (cells["at"].to_numpy(), np.array(series, np.int64)), cells["n"].to_numpy())
    scale = 1
    while int(table.max(initial=0)) // scale > _UINT32:
        scale *= 2
    data = {
        "since": str(left * every),
        "until": str(right * every),
        "covered": {"since": str(since), "until": str(until)},
        "every": str(every),
        "buckets": right - left,
        "series": [_series(texts[value], by) for value, _ in totals] or [{"name": of, "level": None}],
        "partial": [since > left * every, until < right * every],
        "unit": of,
        "by": by,
        "scale": scale,
        "said": _said(table.sum(axis=1), [(texts[value], n) for value, n in totals], left * every, every, of, by),
    }
    return data, np.round(table / scale).astype("<u4").tobytes() if scale > 1 else table.astype("<u4").tobytes()


def around(since: int, until: int, more: int, first: int, last: int) -> tuple[int, int]:
    """A window with `more` ns on both sides, within the data of which `last` is the last record."""
    return max(since - more, min(first, since)), min(until + more, max(last + 1, until))


def menu(names: list[str]) -> list[str]:
    """The fields that the timeline can be split by, those that all records have first."""
    first = ["severity", "service_name"]
    return [*first, *sorted(n for n in names if n not in _NOT_OFFERED and n not in first)]


class _Alone:
    """What a timeline that is no part of a panel remembers."""

    def __init__(self, widget: Timeline, logs: Logs) -> None:
        self.widget = widget
        self.logs = logs
        self.query = logs.query
        self.past: list[Query] = []
        self.compared: tuple[int, int] | None = None
        self.look: dict[str, Any] = {"by": "severity", "unit": "records", "log": False}

    def calls(self) -> dict[str, Callable[..., None]]:
        looks = {name: lambda value, name=name: self.draw(**{name: value}) for name in self.look}
        names = ("window", "zoom_out", "back", "baseline", "mark", "unmark")
        return {**looks, **{name: getattr(self, name) for name in names}}

    def first(self) -> None:
        try:
            self.draw()
        except LognbError as error:
            self.widget.show(counts=b"", said=str(error), error=str(error))

    def window(self, since: int | None, until: int | None) -> None:
        whole = self.logs.query
        self._go(whole if since is None else whole & Query((), since, until))

    def zoom_out(self) -> None:
        first, last = buckets.window(self.logs)
        since, until = self._chosen() or (first, last + 1)
        since, until = around(since, until, max((until - since) // 2, 1), first, last)
        whole = since <= first and until > last
        self.window(None if whole else since, None if whole else until)

    def back(self) -> None:
        if self.past:
            self.query = self.past.pop()
            self.draw()

    def baseline(self, since: int | None, until: int | None) -> None:
        self.compared = None if since is None or until is None else (since, until)
        self.draw()

    def mark(self, time: int, text: str) -> None:
        self.logs.mark(format_time(time), text)
        self.draw()

    def unmark(self, i: int) -> None:
        marks = _notes.of(self.logs.engine).marks
        if i >= len(marks):
            raise QueryError(f"there is no mark {i}; there are {len(marks)}")
        self.logs.unmark(format_time(int(marks[i]["time"])), marks[i]["text"])
        self.draw()

    def draw(self, **look: Any) -> None:
        """Count the window that is chosen and half of its length on both sides, and show that."""
        look = {**self.look, **look}
        if self.logs.engine.overview["first"] is None:
            self.widget.show(counts=b"", said="no record has a time", busy=False)
            return
        first, last = buckets.window(self.logs)
        chosen = self._chosen()
        since, until = first, last + 1
        if chosen:
            since, until = around(*chosen, (chosen[1] - chosen[0]) // 2, first, last)
        every = step(until - since, buckets.BUCKETS)
        query = self.logs.query & Query((), since, until)
        frame = self.logs.engine.volume(query, every, look["by"], of=look["unit"])
        self.look = look  # only what could be counted
        data, numbers = drawn(frame, since, until, every, look["by"], look["unit"])
        offered = menu(self.logs.engine.field_names())
        self.widget.show(
            counts=numbers,
            **data,
            bys=offered[:OFFERED],
            bys_left=max(0, len(offered) - OFFERED),
            log=look["log"],
            selected=_pair(chosen),
            baseline=_pair(self.compared),
            marks=_notes.of(self.logs.engine).marks,
            view=None,
            zone="UTC",
            total=int(frame["records"].sum()),
            back=bool(self.past),
            busy=False,
        )

    def _chosen(self) -> tuple[int, int] | None:
        """The window of the query, where it is not all of what the timeline is about."""
        if self.query == self.logs.query or self.query.since is None or self.query.until is None:
            return None
        return self.query.since, self.query.until

    def _go(self, query: Query) -> None:
        if query != self.query:
            self.past.append(self.query)
            self.query = query
        self.draw()


def _rank(value: str | None, total: int, by: str | None) -> tuple[int, int]:
    if by == "severity" and value in LEVELS:
        return LEVELS.index(value), 0
    return len(LEVELS) + bool(value and _REST.fullmatch(value)), -total


def _series(value: str | None, by: str | None) -> dict[str, Any]:
    name = "(absent)" if value is None else plain(value, NAME)
    rest = bool(value is None or _REST.fullmatch(value))
    return {"name": name, "level": value if by == "severity" and value in LEVELS else None, "rest": rest}


def _said(totals: Any, series: list[tuple[Any, int]], since: int, every: int, of: str, by: str | None) -> str:
    """The picture in a sentence, for those who do not see it."""
    whole = int(totals.sum())
    if not whole:
        return "no records to draw"
    peak = int(totals.argmax())
    amount = size if of == "bytes" else count
    at = format_time(since + peak * every)[:10] + " " + clock(since + peak * every, every)
    parts = ", ".join(
        f"{'(absent)' if v is None else plain(v, 40)} {amount(n)}"
        for v, n in (series[::-1] if by == "severity" else series)
    )
    split = f" by {plain(by)}: {parts}" if by else ""
    what = size(whole) if of == "bytes" else plural(whole, "record")
    return f"{what}{split}; most, {amount(int(totals[peak]))} in {duration(every)}, at {at} UTC"


def _stretch(ask: Window | Baseline) -> tuple[int | None, int | None]:
    if ask.since is None or ask.until is None:
        if ask.since == ask.until:
            return None, None
        raise QueryError("a window needs both ends, or none")
    since, until = _ns(ask.since), _ns(ask.until)
    if since >= until:
        raise QueryError(f"the window begins at {format_time(since)}, which is not before its end")
    return since, until


def _ns(text: str) -> int:
    ns = int(text)
    if not -(2**63) <= ns < 2**63:
        raise QueryError(f"{text} ns is beyond the years that a time can be in, 1677 to 2262")
    return ns


def _pair(window: tuple[int, int] | None) -> dict[str, str] | None:
    return None if window is None else {"since": str(window[0]), "until": str(window[1])}
