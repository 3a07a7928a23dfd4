"""What a recording tells without being played: pages, clicks, inputs, console, network, idle time."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

from lognb.replay import events as rr
from lognb.replay import told
from lognb.replay.clicks import Clicks
from lognb.replay.items import MS, frame, item, number, path
from lognb.replay.page import Page, key

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

    from lognb.replay.events import Event

IDLE_MS: Final = 5_000
"""A stretch without a movement, click, scroll, input or touch is idle from this length on."""
_ACTIVE: Final = (
    rr.MOUSE_MOVE,
    rr.MOUSE,
    rr.SCROLL,
    rr.INPUT,
    rr.TOUCH_MOVE,
    rr.MEDIA,
    rr.DRAG,
)  # no set: see clicks.py
_PAGES: Final = ("$pageview", "$url_changed")
TYPING_MS: Final = 2_000
"""Inputs into one field that follow one another within this time are one item."""


def lanes(events: Iterable[Event]) -> pl.DataFrame:
    """The items of a recording, in schema.ITEM, sorted by time (of the browser's clock).

    Lane `pages`: kind "page" until the next one of its window. `clicks`: "click", "rage click", "dead click" (see
    clicks.py), with the words of what was clicked. `inputs`: "input", as recorded, masked where that was. `console`:
    the level; `network`: the method; `idle`: "idle", over all windows. `events`: custom events, by their tag.
    `severity` is set on console items, on failed requests (from 400 a warning, from 500 or without an answer an
    error), and on rage and dead clicks (warnings). `detail` tells the window, and what else is known: node, x, y, url,
    status, duration_ms …

    Events may be cleaned or not; what has not the shape of an event is passed over. Nothing raises.
    """
    state = _Lanes()
    for event in sorted(events, key=lambda e: number(e.get("timestamp")) or 0):
        if number(event.get("timestamp")) is not None:
            state.event(event)
    return frame(state.items())


class _Lanes:
    def __init__(self) -> None:
        self._windows: dict[Any, _Window] = {}
        self._active: list[float] = []
        self._first = self._last = 0.0
        self._told: list[dict[str, Any]] = []

    def event(self, event: Event) -> None:
        time, kind, data = event["timestamp"], event.get("type"), event.get("data")
        self._first, self._last = self._first or time, time
        name = event.get("windowId")
        window = self._windows.setdefault(key(name), _Window(name))
        window.last = time
        if kind == rr.DOM_LOADED:
            window.reloaded = True
        if not isinstance(data, dict):
            return
        if kind == rr.INCREMENTAL:
            if data.get("source") in _ACTIVE:
                self._active.append(time)
            if data.get("source") == rr.LOG:
                self._told += told.console(time, data, name)
        elif kind == rr.PLUGIN:
            found = told.plugin(time, data, name)
            for one in found:
                if one["lane"] == "network":
                    window.clicks.reaction(one["time"] / MS)
            self._told += found
        elif kind == rr.CUSTOM and data.get("tag") not in _PAGES:
            self._told += told.custom(time, data, name)
        window.event(time, event, data)

    def items(self) -> list[dict[str, Any]]:
        out = self._told
        for window in self._windows.values():
            out += window.items()
        return out + list(self._idle())

    def _idle(self) -> Iterable[dict[str, Any]]:
        moments = [self._first, *self._active, self._last]
        for before, after in pairwise(moments):
            if after - before > IDLE_MS:
                text = f"nothing was done for {(after - before) / 1000:,.1f} s"
                yield item(before, "idle", "idle", text, end_ms=after, duration_ms=after - before)


class _Window:
    """One tab: its pages, clicks and inputs."""

    def __init__(self, name: Any) -> None:
        self.name = name
        self.last = 0.0
        self.reloaded = False
        self.page = Page()
        self.clicks = Clicks(self.page, name)
        self._pages: list[dict[str, Any]] = []  # time, url, and the size of the window
        self._inputs: list[dict[str, Any]] = []

    def event(self, time: float, event: Event, data: dict[str, Any]) -> None:
        kind, source = event.get("type"), data.get("source")
        if kind == rr.META:
            self._visit(time, data.get("href"), width=data.get("width"), height=data.get("height"))
        elif kind == rr.CUSTOM and data.get("tag") in _PAGES and isinstance(data.get("payload"), dict):
            self._visit(time, data["payload"].get("href"))
        elif kind == rr.FULL:
            self.clicks.reaction(time)
            self.page.apply(event)
        elif kind == rr.INCREMENTAL:
            if source == rr.INPUT:
                self._input(time, data)
            self.clicks.event(time, data)
            if source == rr.MUTATION:
                self.page.apply(event)

    def _visit(self, time: float, url: Any, **more: Any) -> None:
        """A page begins, unless it is the one that is open: a recording says again where it is with each snapshot."""
        if not isinstance(url, str) or (self._pages and self._pages[-1]["url"] == url and not self.reloaded):
            return
        self.reloaded = False
        self.clicks.reaction(time)
        self._pages.append({"time": time, "url": url, **more})

    def _input(self, time: float, data: dict[str, Any]) -> None:
        node, text = key(data.get("id")), data.get("text")
        before = self._inputs[-1] if self._inputs else None
        if before and before["node"] == node and time - before["end"] <= TYPING_MS:
            before.update(end=time, value=text, checked=data.get("isChecked"), events=before["events"] + 1)
            return
        self._inputs.append({
            "time": time, "end": time, "node": node, "name": self.page.name(node), "tag": self.page.tag(node),
            "value": text, "checked": data.get("isChecked"), "events": 1,
        })  # fmt: skip

    def items(self) -> Iterable[dict[str, Any]]:
        ends = [*(p["time"] for p in self._pages[1:]), self.last]
        for page, end in zip(self._pages, ends, strict=False):
            time, url = page.pop("time"), page["url"]
            yield item(time, "pages", "page", path(url), end_ms=end, window=self.name, **page)
        yield from self.clicks.items(self.last)
        for one in self._inputs:
            yield item(
                one["time"], "inputs", "input", told.said(one["name"], one["value"], one["checked"]), end_ms=one["end"],
                window=self.name, **{k: v for k, v in one.items() if k not in ("time", "end")},
            )  # fmt: skip
