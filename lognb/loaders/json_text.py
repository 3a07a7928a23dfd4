"""JSON text -> documents: lines, several documents end to end, pretty-printed ones, arrays of documents, damaged ones.

A document that stands on a line of its own is the fast case. Otherwise lines are collected until their brackets
close. Two facts limit what damage can do: a JSON string holds no raw newline, so a lost quote costs its line; and a
line that starts with a request's first key is a new document, whatever came before.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lognb.loaders.framing import BOM, Unit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

_STRING: Final = re.compile(rb'"(?:[^"\\]|\\.)*"?')
_REQUEST: Final = re.compile(rb'\{\s*"resource_?(?:Logs|Spans|Metrics|logs|spans|metrics)"\s*:')
_ENDS: Final = b" \t\r,"
_SOME: Final = 32 << 20  # bytes without a line end after which documents are looked for inside the line


def documents(blocks: Iterator[bytes], max_bytes: int) -> Iterator[Unit]:
    """Units of a JSON stream, in order. Between them lie white space, and brackets and commas of an array of them."""
    return _Splitter(max_bytes).run(blocks)


class _Splitter:
    """Goes through the lines of a stream; `region` are those of a document that is not closed yet."""

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self.region: list[bytes] = []
        self.at = self.line = self.size = self.depth = 0
        self.careful: bool | None = None  # whether a line that looks whole must be checked to be so

    def run(self, blocks: Iterator[bytes]) -> Iterator[Unit]:
        offset, number, ended = 0, 0, True
        for line, size, lost in _lines(blocks, self.max_bytes):
            number, ended = number + ended, size > len(line) and not lost
            start, offset = offset, offset + size
            text = line.removeprefix(BOM) if start == 0 else line
            bare = text.strip(_ENDS)
            new = not self.region or (self.depth > 0 and bool(_REQUEST.match(text)))
            if lost:
                yield from self._flush("damaged or cut: its brackets do not close")
                yield Unit(b"", start, size, number, self._too_large())
            elif new and bare in (b"", b"[", b"]"):
                continue
            elif new and self._whole(bare):
                yield from self._flush("damaged or cut: its brackets do not close")
                yield from split(line, size, start, number, "")
            else:
                if new:
                    yield from self._flush("damaged or cut: its brackets do not close")
                yield from self._collect(line, size, start, number, _balance(text))
        yield from self._flush("cut: the text ends before its brackets close")

    def _whole(self, bare: bytes) -> bool:
        if bare[:1] not in (b"{", b"[") or bare[-1:] not in (b"}", b"]"):
            return False
        if self.careful is None:
            self.careful = not is_json(bare)
        return not self.careful or _balance(bare) == 0

    def _collect(self, line: bytes, size: int, start: int, number: int, balance: int) -> Iterator[Unit]:
        if not self.region:
            self.at, self.line = start, number
        self.region.append(line if size == len(line) else line + b"\n")
        self.size += size
        self.depth += balance
        if self.depth <= 0:
            yield from self._flush("" if self.depth == 0 else "damaged: more brackets close than open")
        elif self.size > self.max_bytes:
            yield from self._flush(self._too_large())

    def _flush(self, reason: str) -> Iterator[Unit]:
        data = b"".join(self.region)
        self.region, self.size, self.depth = [], 0, 0
        if len(data) > self.max_bytes:
            yield Unit(b"", self.at, len(data), self.line, reason)
        elif data:
            yield from split(data, len(data), self.at, self.line, reason, many=True)

    def _too_large(self) -> str:
        return f"damaged, or a document of more than max_unit_bytes={self.max_bytes}; raise it if that is right"


def _lines(blocks: Iterator[bytes], max_bytes: int) -> Iterator[tuple[bytes, int, bool]]:
    """(line without its end, bytes of the stream it takes, whether it was given up). A line of very many bytes is cut
    between documents, so that a file without line ends streams; one document of more than `max_bytes` is given up to
    where the next request starts.
    """
    parts: list[bytes] = []
    held, look_at = 0, _SOME
    for block in blocks:
        parts.append(block)
        held += len(block)
        if b"\n" in block:
            *lines, rest = b"".join(parts).split(b"\n")
            for line in lines:
                yield line, len(line) + 1, False
            parts, held, look_at = [rest], len(rest), _SOME
        elif held > min(look_at, max_bytes):
            data = b"".join(parts)
            spans = document_spans(data)
            stop = spans[-1][1] if spans and spans[-1][2] else spans[-2][1] if len(spans) > 1 else 0
            if stop:
                yield data[:stop], stop, False
            parts, held, look_at = [data[stop:]], len(data) - stop, _SOME if stop else 2 * held
            if held > max_bytes:
                rest, size = _give_up(parts.pop(), blocks)
                yield b"", size, True
                parts, held, look_at = [rest], len(rest), _SOME
    if held:
        yield b"".join(parts), held, False


def _give_up(data: bytes, blocks: Iterator[bytes]) -> tuple[bytes, int]:
    """(what follows, bytes given up): to the next start of a request, or to the end of the line."""
    size, at = 0, 1  # not the start of the request itself
    while True:
        request, end = _REQUEST.search(data, at), data.find(b"\n", at)
        stops = [m for m in (request.start() if request else -1, end) if m >= 0]
        if stops:
            return data[min(stops) :], size + min(stops)
        block = next(blocks, b"")
        if not block:
            return b"", size + len(data)
        keep = data[-64:]  # a start may lie across two blocks
        size, data, at = size + len(data) - len(keep), keep + block, 0


def is_json(text: str | bytes) -> bool:
    """Whether it is one JSON document, such as an empty array."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def _balance(text: bytes) -> int:
    """Opening minus closing brackets outside strings."""
    bare = _STRING.sub(b"", text)
    return bare.count(b"{") + bare.count(b"[") - bare.count(b"}") - bare.count(b"]")


def split(data: bytes, size: int, offset: int, line: int, reason: str, *, many: bool = False) -> Iterator[Unit]:
    """One stretch of text as its documents, where more than one stand end to end in it; `size` with its line end."""
    if not many and not _more_than_one(data):
        yield Unit(data, offset, size, line)
        return
    spans = document_spans(data)
    covered = 0
    for i, (_, stop, whole) in enumerate(spans):
        last = i == len(spans) - 1
        piece = data[covered:] if last else data[covered:stop]
        first = line + piece[: len(piece) - len(piece.lstrip())].count(b"\n")
        line += piece.count(b"\n")
        taken = size - covered if last else len(piece)
        yield Unit(
            piece, offset + covered, taken, first, "" if whole else reason or "damaged: its brackets do not close"
        )
        covered = stop
    if not spans:
        yield Unit(data, offset, size, line, reason)


def _more_than_one(data: bytes) -> bool:
    """Whether the start of a request stands in the text a second time; in a string its quote would be escaped."""
    at = 1
    while (at := data.find(b'{"resource', at)) >= 0:
        at += 10
        if data[at : at + 1] in (b"L", b"S", b"M", b"_"):
            return True
    return False


def document_spans(data: bytes) -> list[tuple[int, int, bool]]:
    """(start, stop, closed) of each top-level object or array in `data`; the last one may not be closed.

    Brackets inside strings do not count; they are found with numpy, since stepping through the text would be far
    slower.
    """
    a = np.frombuffer(data, np.uint8)
    quotes = np.flatnonzero(a == 0x22)
    if len(quotes):
        slash = np.flatnonzero(a == 0x5C)
        if len(slash):
            quotes = quotes[~_escaped(quotes, slash)]
    at = np.flatnonzero((a == 0x7B) | (a == 0x5B) | (a == 0x7D) | (a == 0x5D))
    at = at[np.searchsorted(quotes, at) % 2 == 0]
    step = np.where((a[at] == 0x7B) | (a[at] == 0x5B), 1, -1)
    depth = np.cumsum(step)
    starts = at[(depth == 1) & (step == 1)]
    stops = at[(depth == 0) & (step == -1)] + 1
    n = min(len(starts), len(stops))
    spans = [(int(s), int(e), True) for s, e in zip(starts[:n], stops[:n], strict=True)]
    if len(starts) > n:
        spans.append((int(starts[n]), len(data), False))
    return spans


def _escaped(quotes: NDArray[Any], slash: NDArray[Any]) -> NDArray[Any]:
    """Which quotes stand behind an odd number of backslashes."""
    run_start = slash[np.concatenate(([True], np.diff(slash) != 1))]
    place = np.searchsorted(slash, quotes)  # backslashes before each quote
    before = (place > 0) & (slash[np.maximum(place - 1, 0)] == quotes - 1)
    run = run_start[np.maximum(np.searchsorted(run_start, quotes) - 1, 0)]
    escaped: NDArray[np.bool_] = before & ((quotes - run) % 2 == 1)
    return escaped
