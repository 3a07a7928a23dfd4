"""Redaction of what a bundle holds beside blocks and records: pins and marks; and the proof that nothing is left."""

from __future__ import annotations

import io
import zipfile
from typing import IO, TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq

from lognb._notes import Notes
from lognb.errors import LognbError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lognb.redaction import Redactor

# What leads from a pin back to its record, and says nothing by itself; unless the rules name it.
_STAYS: Final = (
    "record_id", "time", "timestamp", "observed_timestamp", "trace_id", "span_id", "session_id", "source_position",
    "size_bytes", "severity", "severity_number", "trace_flags", "body_type",
)  # fmt: skip
_CHUNK: Final = 32 << 20  # bytes that are searched at once


def notes(kept: Notes, redactor: Redactor | None) -> Notes:
    """Pins and marks with their words, authors and records redacted."""
    if redactor is None:
        return kept

    def said(entry: dict[str, Any]) -> dict[str, str]:
        return {name: redactor.text(entry[name]) for name in ("note", "text", "who") if name in entry}

    pins = [p | said(p) | {"record": _record(p["record"], redactor)} for p in kept.pins]
    return Notes(pins, [m | said(m) for m in kept.marks])


def _record(record: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    hides = {name: v for name, v in record.items() if name not in _STAYS or redactor.texts.meaning(name) is not None}
    hidden: dict[str, Any] = redactor.value(hides)
    return record | hidden


def prove(path: Path, redactor: Redactor) -> None:
    """Look through each file of a zip for values that were hidden; raises LognbError, which names file and kinds.

    Only when all is written it is known what was hidden, so this is a pass of its own.
    """
    with zipfile.ZipFile(path) as zipped:
        for name in zipped.namelist():
            with zipped.open(name) as file:
                for chunk in _chunks(name, file):
                    if kinds := redactor.leaks(chunk):
                        raise LognbError(
                            f"nothing was saved: {name} would still hold {', '.join(kinds)} that was hidden elsewhere; "
                            "take out what holds it, or say with Redaction(keep=…) that it may be seen"
                        )


def _chunks(name: str, file: IO[bytes]) -> Iterator[bytes]:
    """A file in parts that cut no line and no value in two."""
    if name.endswith(".parquet"):
        with pq.ParquetFile(file) as stored:
            for group in range(stored.num_row_groups):
                out = io.BytesIO()
                pq.write_table(stored.read_row_group(group), out, compression="none")
                yield out.getvalue()
        return
    if not name.endswith(".jsonl"):
        yield file.read()
        return
    while lines := file.readlines(_CHUNK):
        yield b"".join(lines)
