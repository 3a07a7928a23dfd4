"""A picture of few colours as a small PNG: one byte a pixel, the 256 most frequent colours, others as their nearest."""

from __future__ import annotations

import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = b"\x89PNG\r\n\x1a\n"


def small(png: bytes) -> bytes:
    """The same picture; `png` has 8 bits for each of red, green, blue and alpha, is not interlaced, and opaque."""
    header, data = b"", b""
    for kind, body in _chunks(png):
        header, data = (body, data) if kind == b"IHDR" else (header, data + body) if kind == b"IDAT" else (header, data)
    width, height, *form = struct.unpack(">IIBBBBB", header)
    if form != [8, 6, 0, 0, 0]:
        raise ValueError(f"not a plain RGBA picture: {form}")
    pixels = _unfiltered(np.frombuffer(zlib.decompress(data), np.uint8).reshape(height, 1 + 4 * width), width)
    codes = pixels[..., :3].astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
    found, place, often = np.unique(codes, return_inverse=True, return_counts=True)
    kept = np.sort(found[np.argsort(often)[-256:]])
    rgb, all_rgb = (np.stack([c >> 16 & 255, c >> 8 & 255, c & 255], axis=1) for c in (kept, found))
    nearest = np.array([int(((rgb - one) ** 2).sum(axis=1).argmin()) for one in all_rgb], np.uint8)
    rows = np.zeros((height, width + 1), np.uint8)  # a row begins with its filter: none
    rows[:, 1:] = nearest[place.reshape(height, width)]
    body = zlib.compress(rows.tobytes(), 9)
    made = ((b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)), (b"PLTE", rgb.astype(np.uint8).tobytes()))
    return _HEAD + b"".join(_chunk(kind, part) for kind, part in (*made, (b"IDAT", body), (b"IEND", b"")))


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = len(_HEAD)
    while at < len(png):
        length = int.from_bytes(png[at : at + 4], "big")
        yield png[at + 4 : at + 8], png[at + 8 : at + 8 + length]
        at += 12 + length


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _unfiltered(rows: Any, width: int) -> Any:
    """The pixels, (height, width, 4), from rows that each say how they were filtered (PNG, section 9)."""
    out = np.zeros((len(rows) + 1, width + 1, 4), np.uint8)  # nothing above the first and before the first
    for y, row in enumerate(rows, 1):
        raw = row[1:].reshape(width, 4)
        if row[0] == 0:
            out[y, 1:] = raw
        elif row[0] == 1:
            out[y, 1:] = np.cumsum(raw, axis=0, dtype=np.uint8)
        elif row[0] == 2:
            out[y, 1:] = raw + out[y - 1, 1:]
        else:
            _one_by_one(out[y], out[y - 1], raw, paeth=row[0] == 4)
    return out[1:, 1:]


def _one_by_one(line: Any, above: Any, raw: Any, *, paeth: bool) -> None:
    for channel in range(4):
        up, given = above[:, channel].tolist(), raw[:, channel].tolist()
        left = 0
        done = []
        for x, value in enumerate(given):
            b, c = up[x + 1], up[x]
            if paeth:
                p = left + b - c
                near = min((abs(p - left), 0, left), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
            else:
                near = (left + b) // 2
            left = (value + near) & 255
            done.append(left)
        line[1:, channel] = done
