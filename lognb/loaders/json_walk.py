"""A parsed JSON document -> runs of records and spans: any spelling, any level of the tree, older schemas, wrappings.

Sources: opentelemetry-proto's JSON mapping; its releases before 1.0, where scopes were instrumentation libraries (until
0.15) and a log record had a name (until 0.14); forms that SDKs print (bare ResourceLogs) and pipelines make
(OTLP inside another object, or as text inside JSON).
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from msgspec import Raw
from msgspec.structs import fields as struct_fields

from lognb.loaders import lookalikes, values
from lognb.loaders.otlp_json import KeyValue, KeyValues, Record, Span, Status, Value, Values
from lognb.loaders.values import ARRAY, BOOL, BYTES, DOUBLE, EMPTY, INT, STRING

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterator

_CAMEL: Final = re.compile(r"(?<!^)(?=[A-Z])")


class Tree(NamedTuple):
    """The keys that lead from a request to its items; `mid` in today's form and in that of before 0.15."""

    top: str
    mid: tuple[str, str]
    low: str


TREE: Final = {
    "logs": Tree("resource_logs", ("scope_logs", "instrumentation_library_logs"), "log_records"),
    "traces": Tree("resource_spans", ("scope_spans", "instrumentation_library_spans"), "spans"),
    "metrics": Tree("resource_metrics", ("scope_metrics", "instrumentation_library_metrics"), "metrics"),
}


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


def snake(key: str) -> str:
    return _CAMEL.sub("_", key).lower() if not key.islower() else key


def known(item: Any) -> dict[str, Any]:
    """An object's members by snake_case key, whatever the spelling; {} for what is no object."""
    if not isinstance(item, dict):
        return {}
    out: dict[str, Any] = {}
    for key, content in item.items():
        name = snake(key)
        # The same list in both spellings is two halves of it.
        both = isinstance(content, list) and isinstance(out.get(name), list)
        out[name] = [*out[name], *content] if both else content
    return out


def whole_document(document: Any, place: tuple[int, int], out: Found, notes: Counter[str]) -> None:
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
    if isinstance(document, str) and (inner := _text(document)) is not None:
        notes["documents that stood as text inside JSON"] += 1
        _document(inner, place, out, notes)
        return
    have = known(document)
    signals = [s for s, tree in TREE.items() if tree.top in have]
    for signal in signals:
        top = TREE[signal].top
        for i, r in enumerate(_list(have[top], top, place, out)):
            _resource(signal, r, f"{top}[{i}]", place, out, notes)
    if signals:  # what stands beside a request may hold another
        beside = [content for key, content in have.items() if not any(key == TREE[s].top for s in signals)]
        for part in _inside(beside, 0):
            notes["requests inside another JSON document"] += 1
            _document(part, place, out, notes)
    if not signals and document != {} and not _part(document, have, place, out, notes):
        _wrapped(document, place, out, notes)


def _part(document: Any, have: dict[str, Any], place: tuple[int, int], out: Found, notes: Counter[str]) -> bool:
    """Whether it is a part of a request that stands alone: the records of a resource, or a single one."""
    for signal, tree in TREE.items():
        if any(isinstance(have.get(mid), list) for mid in tree.mid):
            notes["resources without a request around them"] += 1
            _resource(signal, document, tree.top, place, out, notes)
            return True
    signal = "logs" if _is_record(have) else "traces" if have.keys() >= _SPAN else ""
    if signal:
        notes["records or spans without a resource around them"] += 1
        add_items(signal, None, None, [document], place, out, notes)
    return bool(signal)


def _is_record(have: dict[str, Any]) -> bool:
    body = have.get("body")
    typed = isinstance(body, dict) and any(snake(k) in _VALUE for k in body)
    return bool(_TIMES & have.keys()) or (typed and bool(_BESIDE & have.keys()))


_TIMES: Final = {"time_unix_nano", "observed_time_unix_nano"}
_BESIDE: Final = {"severity_number", "severity_text", "attributes", "trace_id"}
_SPAN: Final = {"trace_id", "span_id", "start_time_unix_nano"}
_VALUE: Final = {f"{k}_value" for k in ("string", "int", "double", "bool", "bytes", "array", "kvlist")}


def _wrapped(document: Any, place: tuple[int, int], out: Found, notes: Counter[str]) -> None:
    """OTLP somewhere inside another document; if there is none, what the document is instead."""
    inside = list(_inside(document, 0))
    for part in inside:
        notes["requests inside another JSON document"] += 1
        _document(part, place, out, notes)
    if not inside:
        out.lost.append(Lost(place[0], 0, lookalikes.of_document(document), None))


def holds(data: bytes) -> bool:
    """Whether JSON text holds a request or a part of one, at whatever depth; one of nothing is none."""
    try:
        found = _inside(json.loads(data.decode("utf-8", "replace"), strict=False), 0)
        return any(have[key] for have in map(known, found) for key in _LISTS if isinstance(have.get(key), list))
    except (ValueError, RecursionError):
        return False


def _inside(content: Any, depth: int) -> Iterator[Any]:
    if depth > _DEEPEST:
        return
    if isinstance(content, str):
        content = _text(content)
    have = known(content)
    if any(isinstance(have.get(key), list) for key in _LISTS):
        yield content
        return
    for part in content if isinstance(content, list) else have.values():
        if isinstance(part, dict | list | str):
            yield from _inside(part, depth + 1)


_DEEPEST: Final = 6
_LISTS: Final = tuple(key for tree in TREE.values() for key in (tree.top, *tree.mid))


def _text(content: str) -> Any:
    """The document that a string holds; None if it holds none that could be a request."""
    if content.lstrip()[:1] not in ("{", "[") or "esource" not in content:
        return None
    try:
        return json.loads(content, strict=False)
    except (ValueError, RecursionError):
        return None


def _resource(signal: str, r: Any, path: str, place: tuple[int, int], out: Found, notes: Counter[str]) -> None:
    tree, resource = TREE[signal], known(r)
    if not isinstance(r, dict):
        out.lost.append(Lost(place[0], 0, f"{path} is no object", None))
    for mid in tree.mid:
        old = mid.startswith("instrumentation_library")
        for s in _list(resource.get(mid), f"{path}.{mid}", place, out):
            scope = known(s)
            low = "logs" if old and tree.low not in scope and "logs" in scope else tree.low
            items = _list(scope.get(low), f"{path}.{mid}.{low}", place, out)
            named = scope.get("instrumentation_library") if old else scope.get("scope")
            add_items(signal, resource.get("resource"), named, items, place, out, notes)


def _list(items: Any, path: str, place: tuple[int, int], out: Found) -> list[Any]:
    if isinstance(items, list):
        return items
    if items is not None:
        out.lost.append(Lost(place[0], 0, f"{path} is no array", None))
    return []


def add_items(
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
    names = _FIELDS[cls]
    for key, content in item.items():
        name = snake(key)
        if name == "name" and cls is Record:
            name = "event_name"  # what a record had before 0.14
        if name not in names:
            notes["keys that the schema does not know, passed over"] += 1
        elif content is not None:
            try:
                setattr(out, name, _member(name, names[name], content, notes))
            except (ValueError, TypeError, OverflowError):
                notes[f"{name} that could not be read, taken as absent"] += 1
    return out


def _member(name: str, kind: Any, content: Any, notes: Counter[str]) -> Any:
    if name == "body":
        return value(content, notes)
    if name == "status":
        return _struct(Status, known(content), notes)
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
