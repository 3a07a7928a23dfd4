"""What looks like OTLP and is not: a refusal that says what it is and what to do. Data first: add a case here.

Sources: the console exporters of the OpenTelemetry SDKs, the OTel Arrow protocol (OTAP), Apache Arrow's IPC format,
magic numbers of common files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

_JS: Final = (
    "what the JavaScript SDK's console exporter prints, for people to read; send the records through"
    " exporter-logs-otlp-http, or a Collector with the file exporter, and read what that wrote"
)
_OTAP: Final = (
    "OpenTelemetry Arrow batches (OTAP), not OTLP; let a Collector with the otelarrow receiver and the file exporter"
    " turn them into OTLP"
)
_FRAME: Final = "; open it with Polars or DuckDB and pass the frame"

# First bytes -> what it is and what to do.
_MAGIC: Final = (
    (b"ARROW1", "an Arrow IPC (Feather) file" + _FRAME),
    (b"\xff\xff\xff\xff", "an Arrow IPC stream" + _FRAME),
    (b"SQLite format 3\0", "a SQLite database" + _FRAME),
    (b"Obj\x01", "an Avro file" + _FRAME),
    (b"ORC", "an ORC file" + _FRAME),
    (
        b"PK\x03\x04",
        "a zip archive; unpack it and read the folder; if it is an incident bundle, ln.open_bundle opens it",
    ),
    (b"BZh", "compressed with bzip2; unpack it first (gzip and zstd are read as they are)"),
    (b"\xfd7zXZ\0", "compressed with xz; unpack it first (gzip and zstd are read as they are)"),
    (b"\x04\x22\x4d\x18", "compressed with lz4; unpack it first (gzip and zstd are read as they are)"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"\x7fELF", "a program"),
    (b"LPKSHHRH", "a systemd journal; export it with: journalctl -o json"),
)

# Keys that a JSON document has, all of them -> what it is and what to do.
_DOCUMENTS: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"hrTime"}), _JS),
    (frozenset({"streams"}), "a push to Loki, not OTLP; export with the Collector's file exporter"),
)


def of_bytes(head: bytes) -> str:
    """What data is that is neither JSON, protobuf nor Parquet, and what to do with it."""
    for magic, what in _MAGIC:
        if head.startswith(magic):
            return what
    # BatchArrowRecords: a batch id or a payload first, in which an Arrow stream starts.
    if head[:1] in (b"\x08", b"\x12") and b"\xff\xff\xff\xff" in head[:64]:
        return _OTAP
    if head[257:262] == b"ustar":
        return "a tar archive; unpack it and read the folder"
    try:
        text = head[:2000].decode()
    except UnicodeDecodeError as e:
        if e.start < 1990:
            return "binary data that is no OTLP protobuf, in no known framing"
        text = head[: e.start].decode()
    if "hrTime" in text or re.search(r"^\s*\{\s*\n\s*(resource|instrumentationScope|timestamp):", text):
        return _JS
    line = next((line for line in text.splitlines() if line.strip()), "")[:60]
    if not line.isprintable():
        return "data of no known format"
    return (
        f"plain text, not OTLP; it starts with {line!r}; let a Collector with the filelog receiver and the file"
        " exporter read it, or pass rows as a frame"
    )


def of_text(text: str) -> str | None:
    """What text is that starts as JSON but does not parse, if it is known."""
    return _JS if re.search(r"^\s*(?:hrTime|instrumentationScope|traceId): ", text[:20_000], re.MULTILINE) else None


_NEITHER: Final = "JSON without resourceLogs, resourceSpans or resourceMetrics, and no usual time or body (columns=)"


def known(keys: Iterable[str]) -> str | None:
    """What a JSON document with these keys is, if it is in the table."""
    have = frozenset(keys)
    return next((what for needed, what in _DOCUMENTS if needed <= have), None)


def of_document(document: Any) -> str:
    """What a JSON document is that holds neither OTLP nor plain records."""
    keys = list(document) if isinstance(document, dict) else []
    if what := known(keys):
        return what
    shown = ", ".join(map(repr, keys[:4])) if keys else type(document).__name__
    return f"{_NEITHER}; it has {shown}"[:300]
