"""A stream of bytes -> units: JSON documents, or protobuf messages in one of their framings.

A unit is the smallest piece that stands for itself: one JSON document, one length-framed message, or one entry of a
bare message (protobuf messages are concatenable, so each top-level entry is a message). Units tile the stream: each
byte belongs to one of them, or to the white space between them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from lognb.loaders import lookalikes, wire
from lognb.loaders.streams import ZSTD, zstd_start

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BOM: Final = b"\xef\xbb\xbf"
HEAD: Final = 1 << 16


class Unit(NamedTuple):
    """`data` as it is to be decoded; `offset` and `size`: the bytes of the stream it stands for, its framing included;
    `position`: line (JSON) or message number, from 1."""

    data: bytes
    offset: int
    size: int
    position: int
    reason: str = ""  # why it cannot be decoded as it is; empty if nothing is known against it


@dataclass(frozen=True, slots=True)
class Form:
    """What a stream is: `format` "json", "protobuf", "parquet" or "unknown"; `framing`; `why` in words."""

    format: str
    framing: str
    why: str


_CONTROL: Final = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def sniff(head: bytes) -> Form:
    """Decide by content what the first bytes of a decompressed stream are."""
    text = head.removeprefix(BOM).lstrip()
    if not text:
        return Form("unknown", "empty", "only white space" if head else "no bytes")
    if head[:4] == b"PAR1":
        why = "Parquet inside of a compressed stream; it is read from its end, so unpack it first"
        return Form("parquet", "file", why)
    form = Form("json", "documents", "starts as JSON")
    starts = text[:1] in b"{[" or (text[:2] in (b'"{', b'"[') and b"esource" in text)
    # A bracket is also the length of a message of 91 or 123 bytes; its text then goes on with control characters.
    if starts and not _CONTROL.search(text[:64]):
        return form
    # Binary: each framing must show its evidence in the first message.
    found = []
    for framing, header in HEADERS.items():
        first = header(head, 0)
        if first is None:
            continue
        size, length = first
        if framing == "be32" and not length:  # empty messages in front
            at = (len(head) - len(head.lstrip(b"\0"))) // 4 * 4
            head, (size, length) = head[at:], header(head, at) or (0, 0)
        payload = head[size : size + length] if framing != "bare" else head[: size + length]
        if framing == "be32" and payload[:4] == ZSTD:
            json = zstd_start(payload)[:1] in (b"{", b"[")
            return Form("json" if json else "protobuf", "be32 zstd", "a length, then a zstd frame")
        if framing == "be32" and payload[:1] in (b"{", b"["):
            return Form("json", "be32", "a length, then JSON")
        signal, why = wire.signal_of(payload)
        if signal is not None and length:
            found.append((signal != "empty", size + length <= len(head), framing, why))
    if not found and starts:
        return form
    if not found:
        return _json_lines(text) or Form("unknown", "unknown", lookalikes.of_bytes(head))
    # Two framings can both show evidence only by accident; the better kept one wins, in the order of HEADERS.
    best = max(found, key=lambda f: f[:2])
    return Form("protobuf", best[2], best[3])


def _json_lines(text: bytes) -> Form | None:
    """JSON lines behind others, as a program has them that says something before its logger is set up."""
    lines = [line for line in text.splitlines()[:200] if line.strip()]
    whole = sum(line.lstrip()[:1] == b"{" and line.rstrip()[-1:] == b"}" for line in lines)
    if 2 * whole < len(lines):
        return None
    return Form("json", "documents", f"{whole} of its first {len(lines)} lines are JSON")


def _be32(data: bytes, at: int) -> tuple[int, int] | None:
    return (4, int.from_bytes(data[at : at + 4], "big")) if at + 4 <= len(data) else None


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    try:
        length, stop = wire.varint(data, at, len(data))
    except wire.WireError:
        return None
    return stop - at, length


def _entry(data: bytes, at: int) -> tuple[int, int] | None:
    """An entry of a bare message: tag of field 1, then its length."""
    if data[at : at + 1] != b"\x0a":
        return None
    header = _varint(data, at + 1)
    return (header[0] + 1, header[1]) if header else None


# (bytes of the header, bytes of the payload) at an offset; None if there is no header.
HEADERS: Final[dict[str, Callable[[bytes, int], tuple[int, int] | None]]] = {
    "bare": _entry,
    "be32": _be32,
    "varint": _varint,
}


def frames(blocks: Iterator[bytes], framing: str, max_bytes: int) -> Iterator[Unit]:
    """Units of a framed stream. A frame whose successor makes no sense is taken together with all up to the next that
    does.
    """
    header, keep_header = HEADERS[framing.removesuffix(" zstd")], framing == "bare"
    starts = _STARTS.get(framing, b"\x0a{[")
    window, base, at, number, ended = b"", 0, 0, 0, False
    while True:
        first = header(window, at)
        need = sum(first) + 16 if first else 16  # and a look at the frame behind it
        if not ended and at + need > len(window) and need <= max_bytes:
            window, base, at = window[at:], base + at, 0
            window, ended = _fill(window, blocks, need)
            continue
        if at >= len(window):
            return
        number += 1
        stop = at + sum(first) if first else len(window) + 1
        whole = first and stop <= len(window) and (first[1] == 0 or keep_header or window[at + first[0]] in starts)
        if first and whole and (stop == len(window) or _follows(window, stop, header, starts, max_bytes)):
            yield Unit(window[at if keep_header else at + first[0] : stop], base + at, stop - at, number)
            at = stop
            continue
        if not ended:  # damage: look for where to go on with as much in hand as may be
            window, base, at = window[at:], base + at, 0
            window, ended = _fill(window, blocks, min(len(window) + (8 << 20), max_bytes))
        resume = _resync(window, at + 1, framing)
        reason = _reason(first, len(window) - at, resume is None and ended, max_bytes)
        stop = len(window) if resume is None else resume
        body = window[at if keep_header or not first else at + first[0] : stop]
        yield Unit(body, base + at, stop - at, number, reason)
        at = stop


def _reason(first: tuple[int, int] | None, have: int, at_end: bool, max_bytes: int) -> str:
    if at_end and first and sum(first) > have:
        return f"cut: the message says {first[1]} bytes, the file ends after {have - first[0]}"
    if first and first[1] > max_bytes:
        return f"damaged, or a message of {first[1]} bytes, more than max_unit_bytes={max_bytes}; raise it if so"
    return "damaged: its length does not lead to another message"


def _fill(window: bytes, blocks: Iterator[bytes], need: int) -> tuple[bytes, bool]:
    parts, have = [window], len(window)
    while have < need:
        block = next(blocks, b"")
        if not block:
            return b"".join(parts), True
        parts.append(block)
        have += len(block)
    return b"".join(parts), False


# What the first byte of a payload can be; everywhere else a tag of field 1 or the start of a JSON text.
_STARTS: Final = {"be32 zstd": ZSTD[:1], "bare": b"\x0a\x12\x1a"}


def _follows(
    data: bytes, at: int, header: Callable[[bytes, int], tuple[int, int] | None], starts: bytes, max_bytes: int
) -> bool:
    """Whether a frame seems to begin here; its payload may lie beyond what is in hand."""
    first = header(data, at)
    if first is None:
        return False
    size, length = first
    return length <= max_bytes and (
        length == 0 or at + size >= len(data) or header is _entry or data[at + size] in starts
    )


def _resync(data: bytes, at: int, framing: str) -> int | None:
    """The next place where a whole frame lies that holds OTLP."""
    header = HEADERS[framing.removesuffix(" zstd")]
    marker = ZSTD if framing.endswith("zstd") else b"\x0a"
    before = {"be32": (4,), "be32 zstd": (4,), "varint": (1, 2, 3, 4), "bare": (0,)}[framing]
    found = at
    while (found := data.find(marker, found)) >= 0:
        for i in (found - n for n in before if found - n >= at):
            first = header(data, i)
            if (
                not first
                or not 2 <= first[1] <= len(data) - i - first[0]
                or (framing != "bare" and i + first[0] != found)
            ):
                continue
            payload = data[i if framing == "bare" else found : i + sum(first)]
            if marker == ZSTD or wire.signal_of(payload)[0] in ("logs", "traces", "metrics"):
                return i
        found += 1
    return None
