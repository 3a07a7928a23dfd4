"""A recording as the player wants it: what is in it, and its events in packed pieces that are opened one by one.

The page of a notebook must stay alive while 20 MB are opened, and a seek need not read what it does not use. So a
piece is about half a megabyte of JSON, belongs to one window of the browser, and begins anew at each picture of the
whole page (rrweb's full snapshot), from which a seek can start.
"""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import msgspec

from lognb.replay import events as rr
from lognb.replay.lanes import IDLE_MS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PIECE: Final = 500_000
"""Bytes of JSON after which a piece ends; what is larger is one event."""
_BY_USER: Final = frozenset({rr.MOUSE_MOVE, rr.MOUSE, rr.SCROLL, rr.INPUT, rr.TOUCH_MOVE, rr.MEDIA, rr.DRAG})


@dataclass(frozen=True, slots=True)
class Parts:
    """`about` is plain JSON, `pieces` gzip of JSON arrays of events; `about["chunks"]` says what is in each.

    about: `start`, `end` (ms of the browser's clock); `windows` (id, start, end, events, width and height of the first
    page); `chunks` (window, first, last, size in bytes of JSON, `full`: when the whole page is in it or null); `active`
    ([ms, window]: from then on the user is in that window); `idle` ([from, to] ms); `remote`: whether the page may load
    what is at other addresses.
    """

    about: dict[str, Any]
    pieces: list[bytes]


@dataclass(slots=True)
class _Window:
    id: str
    events: int = 0
    start: float = 0
    end: float = 0
    width: int = 0
    height: int = 0
    # The piece that is being filled.
    held: list[bytes] = field(default_factory=list)
    size: int = 0
    first: float = 0
    full: float | None = None
    done: list[tuple[dict[str, Any], bytes]] = field(default_factory=list)

    def cut(self) -> None:
        """End the piece."""
        if self.held:
            about = {"window": self.id, "first": self.first, "last": self.end, "full": self.full, "size": self.size}
            self.done.append((about, gzip.compress(b"[" + b",".join(self.held) + b"]", 4, mtime=0)))
        self.held, self.size, self.full = [], 0, None


def parts(events: Iterable[Mapping[str, Any]], *, remote: bool = False) -> Parts:
    """Take the events of a recording apart; they are of any number of windows, in order of their time, and clean.

    >>> made = parts([{"type": 4, "timestamp": 1000, "data": {"width": 800, "height": 600, "href": "/"}}])
    >>> made.about["windows"]
    [{'id': '', 'start': 1000, 'end': 1000, 'events': 1, 'width': 800, 'height': 600}]
    """
    encode = msgspec.json.Encoder().encode
    windows: dict[str, _Window] = {}
    active: list[tuple[float, str]] = []
    busy: list[tuple[float, float]] = []
    for event in events:
        at, kind, data = event["timestamp"], event["type"], event.get("data")
        name = str(event.get("windowId") or "")
        if name not in windows:
            windows[name] = _Window(name, start=at)
            active.append((at, name))
        window = windows[name]
        _begin(window, kind, at, data)
        text = encode({"type": kind, "timestamp": at, "data": data})
        if not window.held:
            window.first = at
        window.held.append(text)
        window.size += len(text) + 1
        window.events += 1
        window.end = at
        if window.size > PIECE:
            window.cut()
        if (since := _user(kind, at, data)) is not None:
            busy.append((since, at))
            if active[-1][1] != name:
                active.append((at, name))
    return _parts(list(windows.values()), active, busy, remote)


def _begin(window: _Window, kind: Any, at: float, data: Any) -> None:
    """A page that begins is the beginning of a piece: its Meta, then the picture of it."""
    if kind == rr.META:
        window.cut()
        if not window.width and isinstance(data, dict):
            window.width, window.height = _px(data.get("width")), _px(data.get("height"))
    elif kind == rr.FULL:
        if window.full is not None or window.size > PIECE // 2:
            window.cut()
        window.full = at


def _user(kind: Any, at: float, data: Any) -> float | None:
    """Since when the user did what this event tells; None for what no user did. To open a page counts too."""
    if kind == rr.META:
        return at
    if kind != rr.INCREMENTAL or not isinstance(data, dict) or data.get("source") not in _BY_USER:
        return None
    positions = data.get("positions")
    if isinstance(positions, list) and positions and isinstance(positions[0], dict):
        offset = positions[0].get("timeOffset")
        return at + max(-5000, min(0, offset)) if isinstance(offset, int | float) else at
    return at


def _parts(
    windows: list[_Window], active: list[tuple[float, str]], busy: list[tuple[float, float]], remote: bool
) -> Parts:
    for window in windows:
        window.cut()
    start = min((w.start for w in windows), default=0)
    end = max((w.end for w in windows), default=0)
    found = [piece for w in windows for piece in w.done]
    about = {
        "start": start,
        "end": end,
        "windows": [
            {"id": w.id, "start": w.start, "end": w.end, "events": w.events, "width": w.width, "height": w.height}
            for w in windows
        ],
        "chunks": [about for about, _ in found],
        "active": [list(one) for one in active],
        "idle": _idle(sorted(busy), start, end),
        "remote": remote,
    }
    return Parts(about, [piece for _, piece in found])


def _idle(busy: list[tuple[float, float]], start: float, end: float) -> list[list[float]]:
    found, at = [], start
    for since, until in [*busy, (end, end)]:
        if since - at > IDLE_MS:
            found.append([at, since])
        at = max(at, until)
    return found


def _px(value: Any) -> int:
    return min(16_384, max(1, int(value))) if isinstance(value, int | float) and value == value else 0
