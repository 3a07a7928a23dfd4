"""OTLP JSON that the fast road refuses: other spellings, new keys, odd values, damaged text.

First the text is parsed leniently and walked key by key. If it does not parse, the records in it are looked for one
by one: a record that stands whole loads, one that does not is lost and counted, and reading goes on behind it.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Raw
from msgspec.structs import fields as struct_fields

from lognb.loaders import values
from lognb.loaders.framing import BOM
from lognb.loaders.otlp_json import KeyValue, KeyValues, Record, Span, Status, Value, Values, loads
from lognb.loaders.values import ARRAY, BOOL, BYTES, DOUBLE, EMPTY, INT, KVLIST, STRING

if TYPE_CHECKING:
    from collections import Counter

_decoder: Final = json.JSONDecoder(strict=False)  # raw control characters in strings are taken as they are
_CAMEL: Final = re.compile(r"(?<!^)(?=[A-Z])")
_ITEMS: Final = {
    "logs": ("resource_logs", "scope_logs", "log_records"),
    "traces": ("resource_spans", "scope_spans", "spans"),
    "metrics": ("resource_metrics", "scope_metrics", "metrics"),
}
_NOTHING: Final = "JSON without resourceLogs, resourceSpans or resourceMetrics, and no usual time or body (columns=)"
_BLANK: Final = re.compile(r"[\s,\]\[]*")


class Run(NamedTuple):
    """Items of one resource and scope; `resource` and `scope` are JSON."""

    signal: str
    resource: bytes
    scope: bytes
    items: list[Any]


class Lost(NamedTuple):
    offset: int
    length: int
    reason: str
    records: int | None


@dataclass(slots=True)
class Found:
    runs: list[Run] = field(default_factory=list)
    metrics: int = 0
    lost: list[Lost] = field(default_factory=list)


def repair(data: bytes, reason: str, notes: Counter[str]) -> Found:
    """All records that can be read in one unit's bytes. `reason`: what is already known against it."""
    out = Found()
    text = _decode(data)
    at = _BLANK.match(text, 1 if text.startswith("\ufeff") else 0).end()  # type: ignore[union-attr]
    while at < len(text):
        try:
            document, stop = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as e:
            _Salvage(text, data, out, notes).run(at, reason or _why(e))
            break
        _whole_document(document, _place(text, data, at, stop), out, notes)
        at = _BLANK.match(text, stop).end()  # type: ignore[union-attr]
    bare = text.strip(" \t\r\n,\ufeff")
    empty = not (out.runs or out.metrics or out.lost or bare.strip("[] \t\r\n,"))
    if empty and (reason or not _whole(bare)):
        out.lost.append(Lost(0, len(data), reason or "no JSON document", None))
    return out


def _whole(text: str) -> bool:
    """Whether it is JSON, such as an empty array."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Bad bytes become lone surrogates, which values.clean replaces and counts, text by text.
        return data.decode("utf-8", "surrogateescape")


def _why(e: Exception) -> str:
    return (
        f"no valid JSON: {e.msg} at character {e.pos}"
        if isinstance(e, json.JSONDecodeError)
        else "no valid JSON: nested too deep"
    )


def _place(text: str, data: bytes, at: int, stop: int) -> tuple[int, int]:
    """(offset, length) in bytes of text[at:stop]."""
    if len(text) == len(data):
        return at, stop - at
    return len(text[:at].encode("utf-8", "surrogateescape")), len(text[at:stop].encode("utf-8", "surrogateescape"))


def snake(key: str) -> str:
    return _CAMEL.sub("_", key).lower() if not key.islower() else key


def _known(item: Any) -> dict[str, Any]:
    """An object's members by snake_case key, whatever the spelling; {} for what is no object."""
    return {snake(k): v for k, v in item.items()} if isinstance(item, dict) else {}


def _whole_document(document: Any, place: tuple[int, int], out: Found, notes: Counter[str]) -> None:
    """A document that parses; if it gives nothing, its bytes count as those of the first thing said against it."""
    had, lost = (len(out.runs), out.metrics), len(out.lost)
    _document(document, place, out, notes)
    if len(out.lost) > lost and had == (len(out.runs), out.metrics):
        out.lost[lost] = out.lost[lost]._replace(length=place[1])


def _document(document: Any, place: tuple[int, int], out: Found, notes: Counter[str]) -> None:
    if isinstance(document, list):
        for part in document:
            _document(part, place, out, notes)
        return
    have = _known(document)
    signals = [s for s, (top, _, _) in _ITEMS.items() if top in have]
    if not signals:
        if document == {}:
            return
        keys = ", ".join(map(repr, list(document)[:4])) if isinstance(document, dict) else type(document).__name__
        out.lost.append(Lost(place[0], 0, f"{_NOTHING}; it has {keys}"[:300], None))
    for signal in signals:
        top, mid, low = _ITEMS[signal]
        for i, r in enumerate(_list(have[top], top, place, out)):
            resource = _known(r)
            if not isinstance(r, dict):
                out.lost.append(Lost(place[0], 0, f"{top}[{i}] is no object", None))
            for s in _list(resource.get(mid), f"{top}[{i}].{mid}", place, out):
                scope = _known(s)
                items = _list(scope.get(low), f"{top}[{i}].{mid}.{low}", place, out)
                _items(signal, resource.get("resource"), scope.get("scope"), items, place, out, notes)


def _list(items: Any, path: str, place: tuple[int, int], out: Found) -> list[Any]:
    if isinstance(items, list):
        return items
    if items is not None:
        out.lost.append(Lost(place[0], 0, f"{path} is no array", None))
    return []


def _items(
    signal: str, resource: Any, scope: Any, items: list[Any], place: tuple[int, int], out: Found, notes: Counter[str]
) -> None:
    if signal == "metrics":
        out.metrics += len(items)
        return
    good = []
    for i, item in enumerate(items):
        if isinstance(item, dict):
            good.append(_struct(Record if signal == "logs" else Span, item, notes))
        else:
            out.lost.append(Lost(place[0], 0, f"item {i} is no object but {json.dumps(item)[:60]}", 1))
    if good:
        out.runs.append(Run(signal, _raw(resource), _raw(scope), good))


def _raw(content: Any) -> bytes:
    return b"" if content is None else json.dumps(content).encode()


_FIELDS: Final = {cls: {f.name: f.type for f in struct_fields(cls)} for cls in (Record, Span, Status)}


def _struct(cls: type[Any], item: dict[str, Any], notes: Counter[str]) -> Any:
    """A record or span from an object in any spelling. A member that cannot be read costs itself and is counted."""
    out = cls()
    known = _FIELDS[cls]
    for key, content in item.items():
        name = snake(key)
        if name not in known:
            notes["keys that the schema does not know, passed over"] += 1
        elif content is not None:
            try:
                setattr(out, name, _member(name, known[name], content, notes))
            except (ValueError, TypeError, OverflowError):
                notes[f"{name} that could not be read, taken as absent"] += 1
    return out


def _member(name: str, kind: Any, content: Any, notes: Counter[str]) -> Any:
    if name == "body":
        return value(content, notes)
    if name == "status":
        return _struct(Status, _known(content), notes)
    if kind is Raw:
        return Raw(_raw(content))
    if kind == (str | None):
        return values.clean(content if isinstance(content, str) else json.dumps(content), notes)
    if isinstance(content, str) and kind == (int | str | None):
        return content
    number = int(content)
    if isinstance(content, float) and number != content:
        raise ValueError("no whole number")
    return number


def value(content: Any, notes: Counter[str]) -> Value | None:
    """A parsed AnyValue in any spelling -> the struct of the fast road."""
    kind, text = values.from_json(content, notes)
    if kind == EMPTY:
        return None
    if kind == STRING:
        return Value(string_value=text)
    if kind == INT:
        return Value(int_value=int(text))
    if kind == BOOL:
        return Value(bool_value=text == "true")
    if kind == DOUBLE:
        return Value(double_value=text.split('":"')[1][:-2] if text.startswith("{") else float(text))
    if kind == BYTES:
        return Value(bytes_value=base64.b64encode(base64.b64decode(text.split('":"')[1][:-2])).decode())
    inner = next(
        v
        for k, v in content.items()
        if snake(k) == ("array_value" if kind == ARRAY else "kvlist_value") and v is not None
    )
    items = inner.get("values") if isinstance(inner, dict) else inner
    if kind == ARRAY:
        return Value(array_value=Values([value(v, notes) or Value() for v in items or ()]))
    return Value(
        kvlist_value=KeyValues(
            [
                KeyValue(values.clean(str(p.get("key", "")), notes), value(p.get("value"), notes))
                for p in items or ()
                if isinstance(p, dict)
            ]
        )
    )


def events_text(raw: bytes, notes: Counter[str]) -> str:
    """A span's events as a JSON array of {time (ns), name, attributes, dropped_attributes_count}."""
    return _parts(
        raw,
        notes,
        (("time_unix_nano", "time"), ("name", "name"), ("dropped_attributes_count", "dropped_attributes_count")),
    )


def links_text(raw: bytes, notes: Counter[str]) -> str:
    """Links as a JSON array of {trace_id, span_id, trace_state, flags, attributes, dropped_attributes_count}."""
    return _parts(
        raw, notes, tuple((n, n) for n in ("trace_id", "span_id", "trace_state", "flags", "dropped_attributes_count"))
    )


def _parts(raw: bytes, notes: Counter[str], members: tuple[tuple[str, str], ...]) -> str:
    content = loads(raw) if raw else None
    if not isinstance(content, list):
        return "[]"
    out = []
    for item in content:
        have = _known(item)
        parts = [
            f'"{name}":{_scalar(key, have[key], notes)}'
            for key, name in members
            if have.get(key) not in (None, "", 0, "0")
        ]
        attributes = list(values.json_pairs(have.get("attributes") or [], notes))
        out.append(
            "{"
            + ",".join(
                [*parts, '"attributes":{' + ",".join(f"{values.literal(STRING, k)}:{v}" for k, v in attributes) + "}"]
            )
            + "}"
        )
    return "[" + ",".join(out) + "]"


def _scalar(key: str, content: Any, notes: Counter[str]) -> str:
    if key in ("name", "trace_state"):
        return values.literal(STRING, values.clean(str(content), notes))
    if key in ("trace_id", "span_id"):
        return values.literal(STRING, str(content).lower())
    try:
        return str(int(content))
    except (ValueError, TypeError, OverflowError):
        notes[f"{key} that could not be read, taken as absent"] += 1
        return "null"


_ANCHOR: Final = re.compile(
    r'"(?P<owner>resource|scope)"\s*:\s*(?=\{)'
    r'|"(?P<list>logRecords|log_records|spans|metrics|resource_?[lLsSmM](?:ogs|pans|etrics))"\s*:'
    r'|(?P<item>\{)\s*"(?:time_?[uU]nix_?[nN]ano|observed_?[tT]ime_?[uU]nix_?[nN]ano|severity_?(?:[nN]umber|[tT]ext)|body|attributes'
    r'|dropped_?[aA]ttributes_?[cC]ount|flags|trace_?[iI]d|span_?[iI]d|event_?[nN]ame|name|kind|parent_?[sS]pan_?[iI]d|start_?[tT]ime_?[uU]nix_?[nN]ano)"\s*:'
)


@dataclass(slots=True)
class _Salvage:
    """Looks for whole records in text that does not parse."""

    text: str
    data: bytes
    out: Found
    notes: Counter[str]
    signal: str | None = None
    resource: Any = None
    scope: Any = None

    def run(self, at: int, reason: str) -> None:
        start, found, lost = at, 0, len(self.out.lost)
        while match := _ANCHOR.search(self.text, at):
            at = match.end()
            if match["list"]:
                self._enter(snake(match["list"]))
            elif match["owner"]:
                at = self._owner(match["owner"], at)
            elif self.signal:
                stop = self._item(match.start(), reason)
                found += stop is not None
                at = stop or at
        if len(self.out.lost) == lost:  # damage between records, or nothing at all
            rest = start if found == 0 else max(start, self.text.rfind("}", start) + 1)
            self.out.lost.append(Lost(*_place(self.text, self.data, rest, len(self.text)), reason, None))

    def _enter(self, name: str) -> None:
        for signal, (top, _, low) in _ITEMS.items():
            if name == top:
                self.resource = self.scope = self.signal = None
            elif name == low:
                self.signal = signal

    def _owner(self, name: str, at: int) -> int:
        try:
            content, stop = _decoder.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            content, stop = None, at
            self.notes["resource or scope that could not be read, taken as empty"] += 1
        if name == "resource":
            self.resource, self.scope, self.signal = content, None, None
        else:
            self.scope, self.signal = content, None
        return stop

    def _item(self, at: int, reason: str) -> int | None:
        """Behind the item that starts at `at`; None if it does not stand whole."""
        try:
            item, stop = _decoder.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            following = _ANCHOR.search(self.text, at + 1)
            end = following.start() if following else len(self.text)
            self.out.lost.append(Lost(*_place(self.text, self.data, at, end), f"record is damaged ({reason})", 1))
            return None
        if self.signal == "traces" and not {"trace_id", "span_id"} & set(map(snake, item)):
            return stop  # an event of a damaged span
        _items(
            self.signal or "logs",
            self.resource,
            self.scope,
            [item],
            _place(self.text, self.data, at, stop),
            self.out,
            self.notes,
        )
        return stop


__all__ = ["ARRAY", "BOM", "KVLIST", "Found", "Lost", "Run", "events_text", "links_text", "repair", "snake", "value"]
