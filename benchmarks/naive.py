"""The frozen baseline of benchmarks/decode.py: what anyone would write first. Do not improve it.

Generated protobuf classes (upb) or orjson, Python loops over records, a row appended at a time, the same columns as
schema.RECORD but for the rules about odd input, of which it has none.
"""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from lognb.schema import LEVELS, RECORD, SESSION_KEYS, USER_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterable

KINDS = {
    "stringValue": "string",
    "intValue": "int",
    "doubleValue": "double",
    "boolValue": "bool",
    "bytesValue": "bytes",
    "arrayValue": "array",
    "kvlistValue": "kvlist",
}


def proto_value(v: Any) -> Any:
    kind = v.WhichOneof("value")
    if kind is None:
        return None
    if kind == "array_value":
        return [proto_value(x) for x in v.array_value.values]
    if kind == "kvlist_value":
        return {p.key: proto_value(p.value) for p in v.kvlist_value.values}
    value = getattr(v, kind)
    return base64.b64encode(value).decode() if kind == "bytes_value" else value


def json_value(v: dict[str, Any]) -> Any:
    for kind, x in v.items():
        if kind == "intValue":
            return int(x)
        if kind == "arrayValue":
            return [json_value(y) for y in x.get("values", ())]
        if kind == "kvlistValue":
            return {p["key"]: json_value(p.get("value", {})) for p in x.get("values", ())}
        return x
    return None


def text(v: Any) -> str | None:
    return v if v is None or isinstance(v, str) else orjson.dumps(v).decode()


def first(keys: tuple[str, ...], *owners: dict[str, Any]) -> str | None:
    for owner in owners:
        for key in keys:
            if owner.get(key):
                return str(owner[key])
    return None


def size(d: dict[str, Any]) -> int:
    return sum(len(k) + len(text(v) or "") for k, v in d.items())


class Rows:
    def __init__(self) -> None:
        self.columns: dict[str, list[Any]] = {name: [] for name in RECORD}

    def add(self, unit: int, index: int, time: int, observed: int, number: int, word: str, body: Any, kind: str | None, trace: str, span: str, event: str,
            flags: int, dropped: int, attributes: dict[str, Any], resource: dict[str, Any], resource_text: str, resource_size: int,
            scope: tuple[str, str, str]) -> None:  # fmt: skip
        shown = text(body)
        record_id = int.from_bytes(hashlib.blake2b(b"%d:%d" % (unit, index), digest_size=8).digest(), "little")
        row = (
            record_id, time or observed or None, time or None, observed or None, number, word or None, LEVELS[(number + 3) // 4], resource.get("service.name"), shown, kind,
            trace or None, span or None, first(SESSION_KEYS, attributes, resource), first(USER_KEYS, attributes, resource), event or None,
            scope[0] or None, scope[1] or None, flags, dropped, orjson.dumps(attributes).decode(), resource_text, scope[2], "naive", unit,
            len(shown or "") + size(attributes) + resource_size,
        )  # fmt: skip
        for column, value in zip(self.columns.values(), row, strict=True):
            column.append(value)

    def frame(self) -> pl.DataFrame:
        return pl.DataFrame(self.columns, schema=RECORD)


def protobuf(messages: Iterable[bytes]) -> pl.DataFrame:
    rows = Rows()
    for unit, message in enumerate(messages):
        index = 0
        for rl in ExportLogsServiceRequest.FromString(message).resource_logs:
            resource = {p.key: proto_value(p.value) for p in rl.resource.attributes}
            resource_text, resource_size = orjson.dumps(resource).decode(), size(resource)
            for sl in rl.scope_logs:
                scope = (
                    sl.scope.name,
                    sl.scope.version,
                    orjson.dumps({p.key: proto_value(p.value) for p in sl.scope.attributes}).decode(),
                )
                for r in sl.log_records:
                    kind = r.body.WhichOneof("value")
                    rows.add(unit, index, r.time_unix_nano, r.observed_time_unix_nano, r.severity_number, r.severity_text, proto_value(r.body), kind and kind[:-6],
                             r.trace_id.hex(), r.span_id.hex(), r.event_name, r.flags, r.dropped_attributes_count,
                             {p.key: proto_value(p.value) for p in r.attributes}, resource, resource_text, resource_size, scope)  # fmt: skip
                    index += 1
    return rows.frame()


def json_lines(lines: Iterable[bytes]) -> pl.DataFrame:
    rows = Rows()
    for unit, line in enumerate(lines):
        index = 0
        for rl in orjson.loads(line).get("resourceLogs", ()):
            resource = {p["key"]: json_value(p["value"]) for p in rl.get("resource", {}).get("attributes", ())}
            resource_text, resource_size = orjson.dumps(resource).decode(), size(resource)
            for sl in rl.get("scopeLogs", ()):
                s = sl.get("scope", {})
                scope = (
                    s.get("name", ""),
                    s.get("version", ""),
                    orjson.dumps({p["key"]: json_value(p["value"]) for p in s.get("attributes", ())}).decode(),
                )
                for r in sl.get("logRecords", ()):
                    get = r.get
                    body = get("body", {})
                    rows.add(unit, index, int(get("timeUnixNano", 0)), int(get("observedTimeUnixNano", 0)), get("severityNumber", 0), get("severityText", ""), json_value(body),
                             KINDS[next(iter(body))] if body else None, get("traceId", ""), get("spanId", ""), get("eventName", ""), get("flags", 0), get("droppedAttributesCount", 0),
                             {p["key"]: json_value(p["value"]) for p in get("attributes", ())}, resource, resource_text, resource_size, scope)  # fmt: skip
                    index += 1
    return rows.frame()
