"""OTLP JSON -> structs: the fast road.

Each document is decoded by msgspec into the structs below, which know every key of the specification in one spelling
and refuse any other, so that nothing is passed over silently. A document that they refuse goes to json_repair, which
knows all spellings and finds what can be saved. Source: opentelemetry-proto's JSON mapping (ids in hex, enums as
numbers, int64 as strings), and what exporters really write (see tests/loaders).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import Raw, Struct

if TYPE_CHECKING:
    from collections.abc import Callable

_NONE: Final = Raw()
Int = int | str | None  # enum names come as text


class Value(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    string_value: str | None = None
    int_value: int | None = None
    double_value: float | str | None = None
    bool_value: bool | None = None
    bytes_value: str | None = None
    array_value: Values | None = None
    kvlist_value: KeyValues | None = None


class KeyValue(Struct, gc=False, forbid_unknown_fields=True):
    key: str = ""
    value: Value | None = None


class Values(Struct, gc=False, forbid_unknown_fields=True):
    """An ArrayValue."""

    values: list[Value] | None = None


class KeyValues(Struct, gc=False, forbid_unknown_fields=True):
    """A KeyValueList."""

    values: list[KeyValue] | None = None


class SnakeValue(Struct, gc=False, forbid_unknown_fields=True):
    """Value in the other spelling; a subclass would keep the names of the members it inherits."""

    string_value: str | None = None
    int_value: int | None = None
    double_value: float | str | None = None
    bool_value: bool | None = None
    bytes_value: str | None = None
    array_value: SnakeValues | None = None
    kvlist_value: SnakeKeyValues | None = None


class SnakeKeyValue(Struct, gc=False, forbid_unknown_fields=True):
    key: str = ""
    value: SnakeValue | None = None


class SnakeValues(Struct, gc=False, forbid_unknown_fields=True):
    values: list[SnakeValue] | None = None


class SnakeKeyValues(Struct, gc=False, forbid_unknown_fields=True):
    values: list[SnakeKeyValue] | None = None


class Record(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    time_unix_nano: int | None = 0
    observed_time_unix_nano: int | None = 0
    severity_number: Int = 0
    severity_text: str | None = None
    body: Value | None = None
    attributes: Raw = _NONE
    dropped_attributes_count: int | None = 0
    flags: int | None = 0
    trace_id: str | None = None
    span_id: str | None = None
    event_name: str | None = None


class Status(Struct, gc=False, forbid_unknown_fields=True):
    code: Int = 0
    message: str | None = None


class Span(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    trace_id: str | None = None
    span_id: str | None = None
    trace_state: str | None = None
    parent_span_id: str | None = None
    flags: int | None = 0
    name: str | None = None
    kind: Int = 0
    start_time_unix_nano: int | None = 0
    end_time_unix_nano: int | None = 0
    attributes: Raw = _NONE
    dropped_attributes_count: int | None = 0
    events: Raw = _NONE
    dropped_events_count: int | None = 0
    links: Raw = _NONE
    dropped_links_count: int | None = 0
    status: Status | None = None


class ScopeLogs(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    scope: Raw = _NONE
    log_records: list[Record] | None = None
    schema_url: str | None = None


class ScopeSpans(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    scope: Raw = _NONE
    spans: list[Span] | None = None
    schema_url: str | None = None


class ScopeMetrics(Struct, gc=False):
    metrics: list[Raw] | None = None


class ResourceLogs(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    resource: Raw = _NONE
    scope_logs: list[ScopeLogs] | None = None
    schema_url: str | None = None


class ResourceSpans(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    resource: Raw = _NONE
    scope_spans: list[ScopeSpans] | None = None
    schema_url: str | None = None


class ResourceMetrics(Struct, rename="camel", gc=False):
    scope_metrics: list[ScopeMetrics] | None = None


class Request(Struct, rename="camel", gc=False, forbid_unknown_fields=True):
    resource_logs: list[ResourceLogs] | None = None
    resource_spans: list[ResourceSpans] | None = None
    resource_metrics: list[ResourceMetrics] | None = None


def _snake_case() -> dict[Any, Any]:
    """The structs around values with snake_case keys, made from those above so that there is one list of fields."""
    made: dict[Any, Any] = {Value | None: SnakeValue | None}
    for cls in (
        Record,
        Status,
        Span,
        ScopeLogs,
        ScopeSpans,
        ScopeMetrics,
        ResourceLogs,
        ResourceSpans,
        ResourceMetrics,
        Request,
    ):
        fields = [(name, made.get(kind, kind), default) for name, kind, default in _fields(cls)]
        strict = cls.__struct_config__.forbid_unknown_fields
        new = msgspec.defstruct(cls.__name__, fields, gc=False, forbid_unknown_fields=strict)
        made |= {cls: new, cls | None: new | None, list[cls] | None: list[new] | None}  # type: ignore[valid-type]
    return made


def _fields(cls: Any) -> list[tuple[str, Any, Any]]:
    return [(f.name, f.type, f.default) for f in msgspec.structs.fields(cls)]


def _decoders(*types: Any) -> tuple[Callable[[bytes], Any], ...]:
    """Decoders of a type in both spellings. Not strict: int64 may come as text, as the specification wants it, or as a
    number.
    """
    return tuple(msgspec.json.Decoder(t, strict=False).decode for t in types)


REQUEST: Final = _decoders(Request, _snake_case()[Request])
PAIRS: Final = _decoders(list[KeyValue], list[SnakeKeyValue])
_REFUSED: Final = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def first_of(decoders: tuple[Callable[[bytes], Any], ...], data: bytes) -> Any:
    """What the first decoder that takes the data makes of it; None if none does."""
    for decode in decoders:
        try:
            return decode(data)
        except _REFUSED:
            pass
    return None


def loads(raw: Raw | bytes) -> Any:
    """JSON text -> Python; what only a lenient parser takes (NaN, lone surrogates, invalid UTF-8) is taken."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(bytes(raw).decode("utf-8", "replace"), strict=False)
