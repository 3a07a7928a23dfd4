"""Records in the schema -> OTLP JSON lines: the way back of the loaders.

What a record does not keep cannot be written: `schema_url`, the dropped counts of resources, scopes and a span's
lists, entity references, and the difference between "" or 0 and absent in the record's own fields. What lognb adds
is not written: record_id (it stands for a place in a file, so the new file gives new ones), time, severity, session_id,
user_id, source, size_bytes; reading derives them again. A console body that was unquoted stays so.
"""

from __future__ import annotations

import json
from functools import lru_cache
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from lognb._export import replacing
from lognb.loaders.values import Pairs, key_values, untag
from lognb.schema import SPAN, SPAN_KINDS, STATUS_CODES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Iterator

LINE: Final = 1000
"""Records or spans of one request at most."""
MOST: Final = 1_000_000
"""Bytes of one line at most, where one record is not larger: the Collector's receivers of files cut lines at 1 MiB."""

_dump: Final = msgspec.json.encode
_parse: Final = json.JSONDecoder(object_pairs_hook=Pairs).decode
_Row = dict[str, Any]

_LOG: Final = (
    "timestamp", "observed_timestamp", "severity_number", "severity_text", "body", "body_type", "trace_id", "span_id",
    "event_name", "trace_flags", "dropped_attributes_count", "attributes", "resource", "scope_name", "scope_version",
    "scope_attributes",
)  # fmt: skip
_SPAN: Final = tuple(n for n in SPAN if n not in ("source", "source_position", "duration_ns"))


def write_otlp(frames: Iterable[pl.DataFrame], path: str | os.PathLike[str], spans: pl.DataFrame | None = None) -> None:
    """Write frames in the columns of RECORD, and `spans` in those of SPAN, as OTLP JSON lines to `path`.

    Written beside `path` first, so that an earlier file stays whole until the new one is. Raises LognbError if `path`
    cannot be written.
    """
    with replacing(path) as file:
        file.writelines(log_lines(frames))
        file.writelines(span_lines([] if spans is None else [spans]))


def log_lines(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """Frames in the columns of RECORD as OTLP JSON lines.

    One line is one request of at most LINE records and, where a record is not larger, MOST bytes; within it, neighbours
    of one resource and one scope share them, and the order stays.
    """
    for frame in frames:
        yield from _lines(frame.select(_times(frame, _LOG)), ("resourceLogs", "scopeLogs", "logRecords"), _record)


def span_lines(frames: Iterable[pl.DataFrame]) -> Iterator[bytes]:
    """The same of frames in the columns of SPAN, of which `source` and `source_position` need not be there."""
    for frame in frames:
        members = ("resourceSpans", "scopeSpans", "spans")
        yield from _lines(frame.select(_times(frame, _SPAN)), members, _span)


def _times(frame: pl.DataFrame, names: Iterable[str]) -> list[pl.Expr]:
    """The columns, times as ns: Python's datetime would cut them to microseconds."""
    return [pl.col(n).cast(pl.Int64) if isinstance(frame.schema[n], pl.Datetime) else pl.col(n) for n in names]


def _lines(frame: pl.DataFrame, members: tuple[str, str, str], item: Callable[[_Row], _Row]) -> Iterator[bytes]:
    for part in frame.iter_slices(LINE):
        yield from _cut(part.to_dicts(), members, item)


def _cut(rows: list[_Row], members: tuple[str, str, str], item: Callable[[_Row], _Row]) -> Iterator[bytes]:
    """One line, or the lines of both halves where that would be too long."""
    line = _dump({members[0]: list(_grouped(rows, members, item))}) + b"\n"
    if len(line) <= MOST or len(rows) == 1:
        yield line
        return
    half = len(rows) // 2
    yield from _cut(rows[:half], members, item)
    yield from _cut(rows[half:], members, item)


def _grouped(rows: list[_Row], members: tuple[str, str, str], item: Callable[[_Row], _Row]) -> Iterator[_Row]:
    for resource, of_resource in groupby(rows, itemgetter("resource")):
        scopes = [
            {"scope": _scope(*scope), members[2]: [item(row) for row in of_scope]}
            for scope, of_scope in groupby(of_resource, itemgetter("scope_name", "scope_version", "scope_attributes"))
        ]
        yield {"resource": _owner(resource or "{}"), members[1]: scopes}


def _record(row: _Row) -> _Row:
    return _present(
        timeUnixNano=_text(row["timestamp"]),
        observedTimeUnixNano=_text(row["observed_timestamp"]),
        severityNumber=row["severity_number"],
        severityText=row["severity_text"],
        body=_body(row["body_type"], row["body"]),
        attributes=_attributes(row["attributes"]),
        droppedAttributesCount=row["dropped_attributes_count"],
        flags=row["trace_flags"],
        traceId=row["trace_id"],
        spanId=row["span_id"],
        eventName=row["event_name"],
    )


def _span(row: _Row) -> _Row:
    status = _present(code=STATUS_CODES.index(row["status_code"] or "unset"), message=row["status_message"])
    return _present(
        traceId=row["trace_id"],
        spanId=row["span_id"],
        traceState=row["trace_state"],
        parentSpanId=row["parent_span_id"],
        flags=row["trace_flags"],
        name=row["name"],
        kind=SPAN_KINDS.index(row["kind"] or "unspecified"),
        startTimeUnixNano=_text(row["start"]),
        endTimeUnixNano=_text(row["end"]),
        attributes=_attributes(row["attributes"]),
        droppedAttributesCount=row["dropped_attributes_count"],
        events=[_part(e) for e in _parse(row["events"] or "[]")],
        links=[_part(link) for link in _parse(row["links"] or "[]")],
        status=status or None,
    )


# The members of span events and links as `events` and `links` of SPAN name them.
_PART: Final = {
    "time": "timeUnixNano", "name": "name", "trace_id": "traceId", "span_id": "spanId", "trace_state": "traceState",
    "flags": "flags", "dropped_attributes_count": "droppedAttributesCount",
}  # fmt: skip


def _part(pairs: Pairs) -> _Row:
    """A span event or link."""
    out: _Row = {_PART[k]: str(v) if k == "time" else v for k, v in pairs if k in _PART and v is not None}
    return out | _present(attributes=key_values(dict(pairs).get("attributes", ())))


def _body(kind: str | None, text: str | None) -> _Row | None:
    """The AnyValue of a body: bytes and doubles that are no number stand in it without their tag."""
    if kind is None or text is None:
        return None
    if kind == "string":
        return {"stringValue": text}
    if kind == "int":
        return {"intValue": text}
    if kind == "bool":
        return {"boolValue": text == "true"}
    if kind == "double":
        return {"doubleValue": text if text in ("NaN", "Infinity", "-Infinity") else float(text)}
    if kind == "bytes":
        return {"bytesValue": text}
    return dict(untag(_parse(text)))


def _attributes(text: str | None) -> list[_Row] | None:
    return None if text is None or text == "{}" else key_values(_parse(text))


@lru_cache(1024)
def _owner(text: str) -> msgspec.Raw:
    """A resource; few are shared by many records."""
    return msgspec.Raw(_dump(_present(attributes=_attributes(text))))


@lru_cache(1024)
def _scope(name: str | None, version: str | None, attributes: str | None) -> msgspec.Raw:
    return msgspec.Raw(_dump(_present(name=name, version=version, attributes=_attributes(attributes))))


def _text(ns: int | None) -> str | None:
    """int64 is text in OTLP JSON."""
    return None if ns is None else str(ns)


def _present(**members: Any) -> _Row:
    """What is absent, empty or 0 is left out, as OTLP JSON does."""
    return {name: value for name, value in members.items() if value}
