r"""A text as it reads once its escapes are undone, with the place of each character.

One value stands in logs in many ways: plain, in JSON (`\u0040`, `\"`), in JSON inside JSON (`\\\"`), in an address
(`%40`), in HTML (`&#64;`). Detectors look at the view, so that all of them are found, and have one pseudonym.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_ESCAPE: Final = re.compile(
    r"""\\+(?:u(?P<hex>[0-9A-Fa-f]{4})|(?P<one>["'/nrtbf]))|(?P<back>\\\\+)"""
    r"""|(?P<percent>(?:%(?:25)*[0-9A-Fa-f]{2})+)|&(?P<entity>amp|lt|gt|quot|apos|\#[0-9]{1,6}|\#[xX][0-9a-fA-F]{1,5});"""
)
_BYTE: Final = re.compile(r"%(?:25)*([0-9A-Fa-f]{2})")
_ONE: Final = {"n": "\n", "r": "\r", "t": "\t", "b": " ", "f": " "}
_ENTITIES: Final = {"amp": "&", "lt": "<", "gt": ">", "quot": '"', "apos": "'"}


class View(NamedTuple):
    """`text` as it reads; `starts` and `ends` say where each of its characters stands, None: in the same places."""

    text: str
    starts: list[int] | None = None
    ends: list[int] | None = None

    def raw(self, start: int, end: int) -> tuple[int, int]:
        """Where a stretch of the view stands in the text."""
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1] if end > start else self.starts[start]


def view(text: str) -> View:
    r"""What a text reads as.

    >>> view(r"mail=ann%40shop.example\nnext").text
    'mail=ann@shop.example\nnext'
    """
    if ("\\" not in text and "%" not in text and "&" not in text) or not _ESCAPE.search(text):
        return View(text)
    out: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    at = 0
    for m in _ESCAPE.finditer(text):
        start, end = m.span()
        out.append(text[at:start])
        starts += range(at, start)
        ends += range(at + 1, start + 1)
        for chars, first, last in _read(m, start, end):
            out.append(chars)
            starts += [first] * len(chars)
            ends += [last] * len(chars)
        at = end
    out.append(text[at:])
    starts += range(at, len(text))
    ends += range(at + 1, len(text) + 1)
    return View("".join(out), starts, ends)


def plain(text: str) -> str:
    """The text of the view alone, as often as it reads as something else."""
    for _ in range(4):
        read = view(text).text
        if read == text:
            break
        text = read
    return text


def _read(m: re.Match[str], start: int, end: int) -> list[tuple[str, int, int]]:
    """The characters of one escape, and where each of them stands."""
    if m["percent"]:
        return _percent(m["percent"], start)
    if m["hex"]:
        code = int(m["hex"], 16)
        return [("\ufffd" if 0xD800 <= code < 0xE000 else chr(code), start, end)]
    if m["one"]:
        return [(_ONE.get(m["one"], m["one"]), start, end)]
    if m["back"]:
        return [("\\", start, end)]
    entity = m["entity"]
    if entity[0] != "#":
        return [(_ENTITIES[entity], start, end)]
    code = int(f"0{entity[1:]}", 0) if entity[1] in "xX" else int(entity[1:])
    return [(chr(code) if 0 < code < 0xD800 else "\ufffd", start, end)]


def _percent(text: str, offset: int) -> list[tuple[str, int, int]]:
    """Bytes as %XX, read as UTF-8."""
    found = [(int(m[1], 16), m.start() + offset, m.end() + offset) for m in _BYTE.finditer(text)]
    out = []
    i = 0
    while i < len(found):
        first = found[i][0]
        n = 1 if first < 0xC0 else 2 if first < 0xE0 else 3 if first < 0xF0 else 4
        part = found[i : i + n]
        chars = bytes(b for b, _, _ in part).decode("utf-8", "replace")
        out.append((chars, part[0][1], part[-1][2]))
        i += n
    return out
