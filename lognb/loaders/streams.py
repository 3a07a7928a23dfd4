"""A source's bytes, decompressed and bounded: gzip (several members) and zstd (several frames), by content.

A one-shot decompress silently stops after the first member or frame; here each is followed by the next. Damage ends
a gzip stream; in zstd the next frame is looked for. Output is bounded by its ratio to the input, so that a bomb is
refused before it fills memory or disk.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING, Final, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator

GZIP: Final = b"\x1f\x8b\x08"
ZSTD: Final = b"\x28\xb5\x2f\xfd"
BLOCK: Final = 1 << 20
FREE: Final = 256 << 20  # bytes that any stream may expand to; the ratio counts above it
MAX_LAYERS: Final = 2  # dump.json.zst inside a .gz happens; deeper is an attack


class _Decompressor(Protocol):
    @property
    def eof(self) -> bool: ...
    @property
    def unused_data(self) -> bytes: ...
    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


class _Gzip:
    """zlib behind the interface of zstd's decompressor: input that was not used yet is kept inside."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max_length)


def _zstd() -> tuple[_Decompressor, type[Exception]]:
    # Python 3.14 has it in the standard library; before, the backport has the same interface.
    try:
        from compression import zstd  # type: ignore[import-not-found,unused-ignore]
    except ImportError:
        from backports import zstd
    return zstd.ZstdDecompressor(), zstd.ZstdError


@dataclass(slots=True)
class Damage:
    """Compressed bytes that gave nothing: `offset` and `length` in the file as it lies on disk, or -1 where unknown."""

    offset: int
    length: int
    reason: str


@dataclass(slots=True)
class Stream:
    """Blocks of decompressed bytes of `raw`. After the loop: `compression`, `damage`, `bytes_in`, `bytes_out`."""

    raw: IO[bytes]
    max_expansion: float
    compression: list[str] = field(default_factory=list)
    damage: list[Damage] = field(default_factory=list)
    bytes_in: int = 0
    bytes_out: int = 0

    def __iter__(self) -> Iterator[bytes]:
        blocks = self._read()
        for _ in range(MAX_LAYERS):
            first = next(blocks, b"")
            while len(first) < 9 and (more := next(blocks, b"")):  # a first member or frame may hold next to nothing
                first += more
            kind = "gzip" if first.startswith(GZIP) else "zstd" if _is_zstd(first) else None
            blocks = _chain(first, blocks)
            if kind is None:
                break
            self.compression.append(kind)
            blocks = self._inflate(blocks, kind)
        for block in blocks:
            self.bytes_out += len(block)
            yield block

    def _read(self) -> Iterator[bytes]:
        while block := self.raw.read(BLOCK):
            self.bytes_in += len(block)
            yield block

    def _inflate(self, blocks: Iterator[bytes], kind: str) -> Iterator[bytes]:
        magic = GZIP if kind == "gzip" else ZSTD
        data, produced = b"", 0
        while data := data or next(blocks, b""):
            if kind == "zstd" and _skippable(data[:4]):
                data = _skip_frame(data, blocks)
                continue
            decompressor, error = (_Gzip(), zlib.error) if kind == "gzip" else _zstd()
            try:
                while not decompressor.eof:
                    out = decompressor.decompress(data, BLOCK)
                    if out:
                        produced += len(out)
                        if produced > FREE and produced > self.max_expansion * self.bytes_in:
                            limit = f"{self.max_expansion:g} times its size (max_expansion)"
                            self._damaged(f"expands to more than {limit}; raise it if so")
                            return
                        yield out
                    data = b"" if len(out) == BLOCK or decompressor.eof else next(blocks, b"")
                    if not data and not out and not decompressor.eof:
                        self._damaged(f"{kind} stream ends early: the file is cut")
                        return
                data = decompressor.unused_data
            except error as e:
                if kind == "gzip":
                    self._damaged(f"gzip stream is damaged ({e}); what follows cannot be read")
                    return
                self._damaged(f"zstd frame is damaged ({e}); reading goes on at the next frame")
                data = _find(magic, data[4:], blocks)
            data = data.lstrip(b"\0") if kind == "gzip" else data  # tar and some writers pad with zero bytes
            if data and not data.startswith(magic[: len(data)]) and not _skippable(data[:4]):
                if len(data) < 4 and (more := next(blocks, b"")):
                    data += more
                    continue
                self._damaged(f"bytes that are no {kind} follow the end of the {kind} data")
                data = _find(magic, data, blocks)

    def _damaged(self, reason: str) -> None:
        self.damage.append(Damage(self.bytes_in, -1, reason))


def _is_zstd(head: bytes) -> bool:
    return head.startswith(ZSTD) or (_skippable(head[:4]) and len(head) > 8)


def _skippable(magic: bytes) -> bool:
    """Zstandard's skippable frames (RFC 8878, 3.1.2): magic 0x184D2A50 to 0x184D2A5F, little-endian."""
    return len(magic) == 4 and magic[1:] == b"\x2a\x4d\x18" and magic[0] & 0xF0 == 0x50


def _skip_frame(data: bytes, blocks: Iterator[bytes]) -> bytes:
    while len(data) < 8 and (more := next(blocks, b"")):
        data += more
    size = 8 + int.from_bytes(data[4:8], "little")
    while len(data) < size and (more := next(blocks, b"")):
        size -= len(data)
        data = more
    return data[size:]


def _find(magic: bytes, data: bytes, blocks: Iterator[bytes]) -> bytes:
    """The rest of the stream from the next `magic` on; b"" if there is none."""
    while True:
        at = data.find(magic)
        if at >= 0:
            return data[at:]
        more = next(blocks, b"")
        if not more:
            return b""
        data = data[-3:] + more


def _chain(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    if first:
        yield first
    yield from rest


def zstd_start(data: bytes) -> bytes:
    """The first bytes that a zstd frame holds; b"" if it is damaged. The frame may be cut."""
    decompressor, error = _zstd()
    try:
        return decompressor.decompress(data, 64)
    except error:
        return b""


def zstd_message(data: bytes, max_bytes: int) -> bytes:
    """One message's own zstd frames, as the Collector's file exporter writes them by default.

    Raises ValueError if the data is damaged or expands beyond `max_bytes`.
    """
    parts, total = [], 0
    while data:
        decompressor, error = _zstd()
        try:
            part = decompressor.decompress(data, max_bytes - total + 1)
        except error as e:
            raise ValueError(f"zstd frame is damaged ({e})") from None
        total += len(part)
        if total > max_bytes:
            raise ValueError(f"message expands beyond max_unit_bytes={max_bytes}; raise it if that is right")
        if not decompressor.eof:
            raise ValueError("zstd frame ends early")
        parts.append(part)
        data = decompressor.unused_data
    return b"".join(parts)
