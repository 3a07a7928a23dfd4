"""Dumps for tests, made with the official protobuf classes, and what must hold of every load."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import zstandard
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from lognb.loaders import Load, LoadReport, Source, to_frame
from lognb.schema import RECORD

if TYPE_CHECKING:
    from collections.abc import Sequence

BASE = 1_760_000_000_000_000_000
PLACE = ["record_id", "source", "source_position"]


def request(
    n: int, start: int = 0, service: str = "shop", *, body: str = "order {i} was paid: straße", run: int = 3
) -> ExportLogsServiceRequest:
    """A request of `n` records, in groups of `run` per scope, of all value types."""
    out = ExportLogsServiceRequest()
    of_resource = out.resource_logs.add()
    of_resource.resource.attributes.append(KeyValue(key="service.name", value=AnyValue(string_value=service)))
    for i in range(start, start + n):
        if (i - start) % run == 0:
            of_scope = of_resource.scope_logs.add()
            of_scope.scope.name = f"scope {i % 2}"
        record = of_scope.log_records.add(
            time_unix_nano=BASE + i * 1_000_000,
            severity_number=9 + 4 * (i % 3),  # type: ignore[arg-type]
            severity_text="Info",
            trace_id=(i + 1).to_bytes(16, "big"),
            span_id=(i + 1).to_bytes(8, "big"),
        )
        record.body.string_value = body.format(i=i)
        for key, value in (
            ("n", AnyValue(int_value=i)), ("ratio", AnyValue(double_value=i / 7)),
            ("ok", AnyValue(bool_value=i % 2 == 0)),
            ("route", AnyValue(string_value=f"/orders/{i % 3}")), ("raw", AnyValue(bytes_value=bytes([i % 256]))),
        ):  # fmt: skip
            record.attributes.append(KeyValue(key=key, value=value))
    return out


def requests(n: int = 6, each: int = 4) -> list[ExportLogsServiceRequest]:
    return [request(each, i * each, f"service {i % 2}") for i in range(n)]


def as_json(message: Any) -> dict[str, Any]:
    """A message as OTLP JSON: ids in hex, int64 as text, enums as numbers."""
    from google.protobuf.descriptor import FieldDescriptor

    out: dict[str, Any] = {}
    for field, value in message.ListFields():
        name, ids = field.json_name, field.name in ("trace_id", "span_id", "parent_span_id")
        repeated = isinstance(value, (list, tuple)) or (
            hasattr(value, "MergeFrom") and not hasattr(value, "ListFields")
        )
        values = [_json_value(field, v, ids, FieldDescriptor) for v in (value if repeated else [value])]
        out[name] = values if repeated else values[0]
    return out


def _json_value(field: Any, value: Any, ids: bool, kinds: Any) -> Any:
    if field.type == kinds.TYPE_MESSAGE:
        return as_json(value)
    if field.type == kinds.TYPE_BYTES:
        import base64

        return value.hex() if ids else base64.b64encode(value).decode()
    if field.type in (kinds.TYPE_INT64, kinds.TYPE_FIXED64, kinds.TYPE_UINT64):
        return str(value)
    if field.type == kinds.TYPE_DOUBLE and value != value:
        return "NaN"
    if field.type == kinds.TYPE_DOUBLE and value in (float("inf"), float("-inf")):
        return "Infinity" if value > 0 else "-Infinity"
    return value


def json_line(message: Any) -> bytes:
    return json.dumps(as_json(message), ensure_ascii=False, separators=(",", ":")).encode()


def be32(messages: Sequence[bytes]) -> bytes:
    return b"".join(len(m).to_bytes(4, "big") + m for m in messages)


def varint(messages: Sequence[bytes]) -> bytes:
    return b"".join(size(len(m)) + m for m in messages)


def size(n: int) -> bytes:
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])


def zstd(data: bytes, frames: int = 1) -> bytes:
    """As several zstd frames, cut anywhere, with a skippable frame between them."""
    step = -(-len(data) // frames)
    parts = [zstandard.compress(data[i : i + step]) for i in range(0, len(data), step)]
    return b"\x50\x2a\x4d\x18\x05\x00\x00\x00hello".join(parts)


def gzipped(data: bytes, members: int = 1) -> bytes:
    step = -(-len(data) // members)
    return b"".join(gzip.compress(data[i : i + step], mtime=0) for i in range(0, len(data), step))


def load(*data: bytes | Source, **options: Any) -> tuple[pl.DataFrame, LoadReport]:
    """All records as one frame, and the report."""
    sources = [d if isinstance(d, Source) else Source(f"<bytes {i}>", data=d) for i, d in enumerate(data)]
    batches = Load(sources, **options)
    frames = [to_frame(b) for b in batches]
    return pl.concat([pl.DataFrame(schema=RECORD), *frames]), batches.report


def spans(*data: bytes) -> pl.DataFrame:
    return pl.concat([b.spans for b in Load([Source("x", data=d) for d in data])])


def unplaced(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the columns that say where a record stands."""
    return frame.drop(PLACE)


def check(data: bytes, frame: pl.DataFrame, report: LoadReport) -> None:
    """What must hold of every load of one stream: each byte is in one accepted or rejected part, or is white space."""
    (file,) = report.files
    rest = file.stream_bytes - file.accepted_bytes - file.rejected_bytes
    blank = sum(
        len(line)
        for line in data.splitlines(keepends=True)
        if line.strip(b" \t\r\n\f\v\x1c\x1d\x1e,[]\xef\xbb\xbf") == b""
    )
    text = file.format == "json" or file.framing == "empty"
    assert 0 <= rest <= (blank + 3 if text else 0), (rest, blank, str(report))
    assert file.accepted_bytes >= 0
    assert sum(r.length for r in file.rejections) == file.rejected_bytes or file.rejected > len(file.rejections), str(
        report
    )
    covered = 0
    for r in sorted(file.rejections, key=lambda r: (r.offset, r.length)):
        assert r.offset >= covered or r.length == 0, ("parts overlap", str(report))
        assert 0 <= r.offset <= r.offset + r.length <= file.stream_bytes, ("outside the stream", str(report))
        covered = max(covered, r.offset + r.length)
    assert file.records == len(frame)
    assert dict(frame.schema) == RECORD
    for name in ("attributes", "resource", "scope_attributes"):
        for text_ in frame[name].unique():
            assert isinstance(json.loads(text_), dict), (name, text_)
    if not file.records and not file.spans and not file.metrics:
        assert "nothing loaded" in file.outcome
