"""Recordings (rrweb) in JSON -> their events, normalised: of PostHog's exports, of its API, of plain arrays and lines.

An event is `{type, timestamp, data}`, found at any of the places where these formats have them; the window it belongs
to stands in it, beside it or above it. What PostHog compresses inside of an event (`cv`: a gzip as a text of latin-1)
is unpacked. Nothing is judged here: an event says what it says, and is made harmless before it is shown.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from lognb.loaders.framing import BOM
from lognb.loaders.json_text import document_spans
from lognb.schema import RECORDED

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lognb.loaders.columns import Place
    from lognb.loaders.decode import Decoded
    from lognb.loaders.framing import Unit

Json = dict[str, Any]

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_list: Final = msgspec.json.Decoder(list[msgspec.Raw]).decode
_value: Final = msgspec.json.Decoder().decode

_HINTS: Final = (b'"type', b'"timestamp', b'"data')
_HINTS_INSIDE: Final = (b'\\"type', b'\\"timestamp', b'\\"data')  # events as texts
_DEEP: Final = 8  # objects and lists above an event
_TYPES: Final = range(8)
_SESSION: Final = ("session_id", "$session_id", "sessionId", "session.id", "session_secure_id", "id")
_USER: Final = ("distinct_id", "$distinct_id", "distinctId", "user_id", "userId")
_WINDOW: Final = ("windowId", "window_id", "$window_id")
_HOLDS: Final = ("data", "snapshots", "events", "properties", "snapshot_data", "$snapshot_data", "messages")
_BY_WINDOW: Final = ("snapshotsByWindowId", "snapshots_by_window_id")
_PACKED: Final = ("texts", "adds", "removes", "attributes")
_MOST: Final = 1 << 28  # bytes that one packed field may become
_FIRST, _LAST = 0, 4_102_444_800_000  # ms, the year 2100
_EVENTS: Final = re.compile(rb'"(?:snapshots|events)"\s*:\s*\[')
_ABOUT: Final = {
    "session": re.compile(rb'"(?:session_id|id)"\s*:\s*"([^"\\]{1,100})"'),
    "user": re.compile(rb'"distinct_ids"\s*:\s*\[\s*"([^"\\]{1,200})"'),
}
_STEM: Final = re.compile(
    r"(?:\.(?:gz|zst|zstd|bz2|xz|lz4|json|jsonl|ndjson|txt|log|rrweb|recording|ph-recording))+\Z", re.IGNORECASE
)


@dataclass
class Recordings:
    """What the units of a chunk hold of recordings: of each session, its events and where the first one stood."""

    events: dict[str | None, list[Json]] = field(default_factory=dict)
    users: dict[str | None, str] = field(default_factory=dict)
    positions: dict[str | None, int] = field(default_factory=dict)

    def take(self, unit: Unit, position: int, out: Decoded) -> bool:
        """The events of a unit, if it is a recording; what of it is bad is reported."""
        data = unit.data.strip(b" \t\r\n,").removeprefix(BOM)
        if not (all(h in data for h in _HINTS) or all(h in data for h in _HINTS_INSIDE)):
            return False
        found = _Found()
        read = found.read(data, unit.reason)
        if not found.events and found.untimed <= found.bad:
            return False
        if found.damage:
            what = f"{found.damage}; {len(found.events):,} events of a recording in front of it"
            out.reject(unit, what, offset=read, records=0)
        bad = found.bad + found.untimed
        if bad:
            what = f"{bad:,} of {bad + len(found.events):,} events of a recording are none of rrweb's ({found.why})"
            out.reject(unit, what, length=0 if found.events else None, records=0)
        for about, event in found.events:
            session = about.get("session")
            if session not in self.events:
                self.events[session], self.positions[session] = [], position
            if "user" in about:
                self.users.setdefault(session, about["user"])
            self.events[session].append(event)
        return True

    def frame(self, place: Place, out: Decoded) -> pl.DataFrame:
        """One row for each session, in RECORDED. Events that name none belong to the one that others name; where there
        is no such one, the name of the file stands for it."""
        named = [session for session in self.events if session is not None]
        if None in self.events and len(named) == 1:
            self.events[named[0]] += self.events.pop(None)
            if None in self.users:
                self.users.setdefault(named[0], self.users.pop(None))
        rows = []
        for session, events in self.events.items():
            events.sort(key=_time)
            text = msgspec.json.encode(events)
            windows = sorted({str(e["windowId"]) for e in events if e["windowId"] is not None})
            rows.append({
                "session_id": session or stem(place.source), "user_id": self.users.get(session),
                "start": _ns(events[0]), "end": _ns(events[-1]), "events": len(events), "windows": max(len(windows), 1),
                "size_bytes": len(text), "source": place.source, "source_position": self.positions[session],
                "window_ids": windows, "named": session is not None, "data": gzip.compress(text, 5, mtime=0),
            })  # fmt: skip
            out.recorded += len(events)
        out.signals.add("recordings")
        numbers = {n: pl.Int64() if n in ("start", "end") else t for n, t in RECORDED.items()}
        return pl.DataFrame(rows, schema=numbers).cast(RECORDED)  # type: ignore[arg-type]


def stem(source: str) -> str:
    """What a file's name says of its session: "export-<id>.ph-recording.json" and "<id>.json.gz" say its id.

    >>> stem("a/export-0198.ph-recording.json"), stem("0198-7b8d.json.gz"), stem("<bytes 0>")
    ('0198', '0198-7b8d', 'bytes 0')
    """
    name = PurePosixPath(source.replace("\\", "/")).name.strip("<>")
    bare = _STEM.sub("", name).removesuffix("-ph-recording").removesuffix(".ph-recording").removeprefix("export-")
    return bare or name or source


class _Found:
    """Events as they are found in a text; `bad` counts what stands where events do and is none."""

    def __init__(self) -> None:
        self.events: list[tuple[Json, Json]] = []  # what is said of its session and user, the event
        self.bad = self.untimed = 0
        self.why = self.damage = ""

    def read(self, data: bytes, damage: str) -> int:
        """Look for events in a text that is said to be damaged, or is not; how far it could be read."""
        for patient in () if damage else (False, True):
            try:
                self.inside(_patient(data) if patient else data, {}, 0)
                return len(data)
            except (ValueError, RecursionError) as error:
                damage = damage or f"damaged: {str(error)[:100]}"
                self.__init__()  # type: ignore[misc]
        self.damage = damage
        return self._before_damage(data)

    def inside(self, raw: bytes, about: Json, depth: int) -> None:
        """Look for events in a JSON text; `about`: the session, user and window that stand above."""
        first = raw[:1]
        if depth > _DEEP or first not in (b"{", b"[", b'"'):
            self._none("no object")
        elif first == b"[":
            items = _list(raw)
            if len(items) == 2 and bytes(items[0])[:1] not in (b"{", b"[") and bytes(items[1])[:1] in (b"{", b"["):
                about = about | _window(_value(items[0]))  # [windowId, event]
                items = items[1:]
            for item in items:
                self.inside(bytes(item).strip(), about, depth + 1)
        elif first == b'"':
            text = _value(raw)
            if text[:1] in ("{", "["):
                self.inside(text.encode("utf-8", "replace"), about, depth + 1)
            else:
                self._none("a text")
        else:
            self._of_object(raw, _object(raw), about, depth)

    def _before_damage(self, data: bytes) -> int:
        """The events of a damaged text that are whole; how far it was read."""
        about: Json = {}
        starts = [m.end() for m in _EVENTS.finditer(data)] or [1 if data[:1] == b"[" else 0]
        end = 0
        for at, stop in zip(starts, [*starts[1:], len(data)], strict=True):
            head = data[: starts[0]]
            about = {what: m[1].decode("utf-8", "replace") for what, mark in _ABOUT.items() if (m := mark.search(head))}
            for start, after, whole in document_spans(data[at:stop]):
                if not whole:
                    break
                try:
                    self.inside(data[at + start : at + after], about, 1)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    break
                end = at + after
        return end

    def _of_object(self, raw: bytes, have: Mapping[str, Any], about: Json, depth: int) -> None:
        if "type" in have and bytes(have["type"]).isdigit() and ("data" in have or "timestamp" in have):
            self._event(have, about)
            return
        about = _about(have, about)
        windows = next((have[name] for name in _BY_WINDOW if name in have), None)
        if windows is not None:
            for window, events in _object(windows).items():
                self.inside(bytes(events).strip(), about | _window(window), depth + 1)
            return
        holds = [bytes(have[name]).strip() for name in _HOLDS if name in have]
        found = [inner for inner in holds if inner[:1] in (b"{", b"[") or inner[:3] in (b'"{\\', b'"[{')]
        for inner in found:
            self.inside(inner, about, depth + 1)
        if not found:
            self._none("an object without events")

    def _event(self, have: Mapping[str, Any], about: Json) -> None:
        kind = int(bytes(have["type"]))
        time = _value(have["timestamp"]) if "timestamp" in have else None
        if kind not in _TYPES:
            self._none(f"type {kind}")
            return
        if isinstance(time, str) and time.isdigit():
            time = int(time)
        try:
            data = _unpacked(_value(have.get("data", b"null")))
        except (ValueError, RecursionError, zlib.error) as error:
            self._none(f"its data cannot be read: {str(error)[:100]}")
            return
        if not _fits(kind, data):
            self._none(f"data that an event of type {kind} has not")
        elif not isinstance(time, (int, float)) or isinstance(time, bool) or not _FIRST <= time <= _LAST:
            self.untimed += 1
            self.why = self.why or "no timestamp in ms"
        else:
            about = _about({k: v for k, v in have.items() if k != "id"}, about)
            event = {"type": kind, "timestamp": time, "data": data, "windowId": about.get("window")}
            self.events.append((about, event))

    def _none(self, why: str) -> None:
        self.bad += 1
        self.why = self.why or why


def _about(have: Mapping[str, Any], about: Json) -> Json:
    """Session, user and window, where an object names them; what stands further in counts."""
    out = dict(about)
    for what, names in (("session", _SESSION), ("user", _USER), ("window", _WINDOW)):
        for name in names:
            if name not in have or (name == "id" and not _holds_events(have)):
                continue
            value = _value(have[name])
            if isinstance(value, (str, int)) and not isinstance(value, bool) and value != "":
                out[what] = value if what == "window" else str(value)
                break
    if "person" in have and bytes(have["person"])[:1] == b"{" and "user" not in out:
        person = _value(have["person"])
        ids = person.get("distinct_ids") or [person.get("distinct_id")]
        if isinstance(ids, list) and ids and isinstance(ids[0], str):
            out["user"] = ids[0]
    return out


def _holds_events(have: Mapping[str, Any]) -> bool:
    return any(name in have for name in (*_BY_WINDOW, "snapshots", "events"))


def _window(value: Any) -> Json:
    return {"window": value} if isinstance(value, (str, int)) and not isinstance(value, bool) else {}


def _patient(raw: bytes) -> bytes:
    """The text again, without half surrogates, as JavaScript's texts may have them, and bytes that are no UTF-8."""
    return json.dumps(json.loads(raw.decode("utf-8", "replace")), ensure_ascii=False).encode("utf-8", "replace")


def _unpacked(data: Any) -> Any:
    """PostHog's `cv` "2024-10": a full snapshot as a whole, or the lists of a change, as a gzip in a text."""
    if isinstance(data, str):
        return _unzipped(data)
    if isinstance(data, dict):
        for name in _PACKED:
            if isinstance(data.get(name), str) and data[name][:2] == "\x1f\x8b":
                data[name] = _unzipped(data[name])
    return data


def _unzipped(text: str) -> Any:
    if text[:2] != "\x1f\x8b":
        raise ValueError("a text")
    unzip = zlib.decompressobj(31)
    out = unzip.decompress(text.encode("latin-1"), _MOST)
    if not unzip.eof:
        raise ValueError("a gzip that is cut, or of no known size")
    try:
        return _value(out)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return _value(_patient(out))


def _fits(kind: int, data: Any) -> bool:
    """Whether `data` is what an event of rrweb of this type has; a log record with a `type` and `data` has not."""
    if kind in (0, 1):
        return data is None or isinstance(data, dict)
    if not isinstance(data, dict):
        return False
    if kind == 2:
        return isinstance(data.get("node"), dict)
    if kind == 3:
        return type(data.get("source")) is int
    if kind == 4:
        return "href" in data or "width" in data
    return isinstance(data.get("tag" if kind == 5 else "plugin" if kind == 6 else "url"), str)


def _time(event: Json) -> float:
    return float(event["timestamp"])


def _ns(event: Json) -> int:
    time: float = event["timestamp"]
    return int(time) * 1_000_000 + round((time - int(time)) * 1_000_000)
