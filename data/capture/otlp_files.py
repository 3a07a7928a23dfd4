"""Write export requests as the Collector's file exporter does: OTLP JSON lines, or framed protobuf in zstd."""

from __future__ import annotations

import base64
import json
import struct
from typing import TYPE_CHECKING, Any

import zstandard
from google.protobuf.json_format import MessageToDict

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from google.protobuf.message import Message

# protobuf's own JSON writes bytes as base64; OTLP JSON wants these as hex (and only these).
IDS = {"traceId", "spanId", "parentSpanId"}


def write_json_lines(requests: Iterable[Message], path: Path) -> None:
    """One request a line, enums as numbers, 64-bit integers as strings, ids as lower hex."""
    with path.open("w", encoding="utf-8", newline="\n") as out:
        for request in requests:
            document = _hex_ids(MessageToDict(request, use_integers_for_enums=True))
            out.write(json.dumps(document, ensure_ascii=False, separators=(",", ":")) + "\n")


def write_protobuf(requests: Iterable[Message], path: Path) -> None:
    """Each message after its length in four bytes, big-endian; all of it as one zstd stream."""
    messages = [r.SerializeToString(deterministic=True) for r in requests]
    framed = b"".join(struct.pack(">I", len(m)) + m for m in messages)
    path.write_bytes(zstandard.ZstdCompressor(level=19, write_checksum=True).compress(framed))


def _hex_ids(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        return {k: _hex_ids(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [_hex_ids(v) for v in value]
    return base64.b64decode(value).hex() if key in IDS else value
