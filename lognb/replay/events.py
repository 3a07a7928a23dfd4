"""The events of a recording as they are stored: gzipped JSON arrays of `{type, timestamp, data, windowId}`."""

from __future__ import annotations

import gc
import gzip
import zlib
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from lognb.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

Event = dict[str, Any]
"""One event of rrweb: `type` (see TYPES), `timestamp` in ms of the browser's clock, `data`, `windowId`."""

DOM_LOADED: Final = 0
LOADED: Final = 1
FULL: Final = 2
INCREMENTAL: Final = 3
META: Final = 4
CUSTOM: Final = 5
PLUGIN: Final = 6

# Of an incremental event, `data.source`.
MUTATION: Final = 0
MOUSE_MOVE: Final = 1
MOUSE: Final = 2
SCROLL: Final = 3
RESIZE: Final = 4
INPUT: Final = 5
TOUCH_MOVE: Final = 6
MEDIA: Final = 7
STYLE_RULE: Final = 8
CANVAS: Final = 9
FONT: Final = 10
LOG: Final = 11
DRAG: Final = 12
STYLE_DECLARATION: Final = 13
SELECTION: Final = 14
ADOPTED_STYLE: Final = 15
CUSTOM_ELEMENT: Final = 16

# Of a mouse event, `data.type`.
CLICK: Final = 2
DOUBLE_CLICK: Final = 4
TOUCH_START: Final = 7

DOCUMENT: Final = 0
DOCTYPE: Final = 1
ELEMENT: Final = 2
TEXT: Final = 3
CDATA: Final = 4
COMMENT: Final = 5


def decode(parts: Iterable[bytes]) -> list[Event]:
    """The events of one session, sorted by time; `parts` are what the engine's `recording` gives.

    Raises SourceError if a part is damaged: what was stored was whole.

    >>> [e["type"] for e in decode([encode([{"type": 4, "timestamp": 2}]), encode([{"type": 0, "timestamp": 1}])])]
    [0, 4]
    """
    out: list[Event] = []
    collecting = gc.isenabled()
    gc.disable()  # a million small objects that all live on: looking through them costs as much again
    try:
        for part in parts:
            out += msgspec.json.decode(gzip.decompress(part), type=list[dict[str, Any]])
    except (OSError, EOFError, zlib.error, msgspec.MsgspecError, RecursionError) as e:
        raise SourceError(f"a stored recording cannot be read: {e}; clear the store (ln.cache) and read again") from e
    finally:
        if collecting:
            gc.enable()
    out.sort(key=itemgetter("timestamp"))
    return out


def encode(events: Sequence[Event]) -> bytes:
    """The reverse: what the player in the browser is given."""
    return gzip.compress(msgspec.json.encode(events), 5, mtime=0)
