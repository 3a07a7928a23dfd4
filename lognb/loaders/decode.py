"""One chunk of units -> one Decoded: the seam between splitting a stream and everything after it.

`decode` is a pure function of its arguments, so that it runs as well in another process.
"""

from __future__ import annotations

import gc
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from lognb.loaders.columns import Groups, Owner, Place, unit_key
from lognb.loaders.streams import ZSTD, zstd_message

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb.loaders.framing import Unit
    from lognb.schema import Batch


class Rejected(NamedTuple):
    """Bytes that gave no record. `position`: line or message number; `offset` and `length`: bytes of the decompressed
    stream; `records`: how many records they held, None where that cannot be known."""

    position: int
    offset: int
    length: int
    reason: str
    records: int | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Units of one source that are decoded together. `first` is columns.first_hash of the source's first unit."""

    source: str
    format: str  # "json" or "protobuf"
    framing: str
    first: bytes
    units: Sequence[Unit]
    max_bytes: int
    keys: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    columns: Mapping[str, str] | None = None  # as `read` takes them; for what is no OTLP
    names: tuple[str, ...] = ()  # the header of a table
    partition: tuple[tuple[str, str], ...] = ()  # columns that the path of a table names


@dataclass(slots=True)
class Decoded:
    """What came of a chunk. Bytes: those of its units, framing included, either accepted or rejected."""

    batch: Batch | None = None
    rejected: list[Rejected] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    units: int = 0
    records: int = 0
    spans: int = 0
    metrics: int = 0
    recorded: int = 0  # events of recordings
    accepted_bytes: int = 0
    rejected_bytes: int = 0
    signals: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)  # of plain JSON, where the caller named some

    def reject(
        self, unit: Unit, reason: str, *, offset: int = 0, length: int | None = None, records: int | None = None
    ) -> None:
        """Note that `length` bytes at `offset` in the unit's stretch, by default all of it, gave nothing."""
        # In a message that is compressed by itself offsets count decompressed bytes, the unit's size compressed ones.
        offset = max(0, min(offset, unit.size))
        size = unit.size - offset if length is None else min(length, unit.size - offset)
        self.rejected.append(Rejected(unit.position, unit.offset + offset, size, reason, records))


def decode(chunk: Chunk) -> Decoded:
    """Decode a chunk. Bad units are reported in the result; nothing in the data makes this raise."""
    from lognb.loaders.decode_json import decode_json
    from lognb.loaders.decode_proto import decode_proto

    out = Decoded(units=len(chunk.units))
    units = []
    for u in chunk.units:
        if u.reason and not u.data:
            out.reject(u, u.reason)
        else:
            units.append(u)
    format_ = chunk.format
    if format_ == "csv":
        from lognb.loaders import delimited

        delimited.decode(replace(chunk, units=units), out)
        return _accounted(chunk, out)
    if chunk.framing == "be32 zstd":
        units = _inflate(units, chunk.max_bytes, out)
        format_ = "json" if any(u.data[:1] in (b"{", b"[") for u in units[:1]) else "protobuf"
    hashed = [unit_key(chunk.first, u.offset) for u in units]
    place = Place(chunk.source, np.asarray(hashed, np.uint64), np.asarray([u.position for u in units], np.int64))
    collecting = gc.isenabled()
    gc.disable()  # a million small objects that live until the chunk is done: looking through them costs a fifth
    try:
        if format_ == "json":
            decode_json(units, place, chunk.keys, out, chunk.columns)
        else:
            decode_proto(units, place, chunk.keys, out)
    finally:
        if collecting:
            gc.enable()
    return _accounted(chunk, out)


def _accounted(chunk: Chunk, out: Decoded) -> Decoded:
    total = sum(u.size for u in chunk.units)
    out.rejected_bytes = min(total, sum(r.length for r in out.rejected))
    out.accepted_bytes = total - out.rejected_bytes
    return out


def _inflate(units: list[Unit], max_bytes: int, out: Decoded) -> list[Unit]:
    """Messages that are each their own zstd frame; one that is damaged costs itself."""
    good = []
    for u in units:
        try:
            data = zstd_message(u.data, max_bytes) if u.data.startswith(ZSTD) or not u.reason else b""
        except ValueError as e:
            out.reject(u, str(e))
            continue
        if u.reason and not data:
            out.reject(u, u.reason)
        else:
            good.append(u._replace(data=data, reason=""))
    return good


__all__ = ["Chunk", "Decoded", "Groups", "Owner", "Rejected", "decode"]
