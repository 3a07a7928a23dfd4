"""Values that are known by the name of their key or column, to be hidden wherever else they occur as whole words."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Final

from lognb.redaction.pairs import STAFF, Found, identifies, trivial

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORD: Final = re.compile(r"[^\W_]+")
_PLAIN: Final = re.compile(r"[A-Za-z0-9_.:-]+\Z")
_RUN: Final = re.compile(r"[A-Za-z0-9]+")


def worth(value: str, kind: str) -> bool:
    """Can a value be looked for in free text without hiding what is none?

    Numbers under 6 digits and words under 5 letters stand in too many texts, and a secret that is a plain word may be
    any word: these are hidden under their key alone.

    >>> [worth(v, "user") for v in ("u-24", "1042", "984201", "ann", "beatrix", "root")]
    [True, False, True, False, True, False]
    """
    bare = value.strip()
    if not 3 <= len(bare) <= 5_000 or bare.lower() in STAFF or trivial(bare):
        return False
    if kind == "user" and not identifies(bare):
        return False
    letters, digits = any(c.isalpha() for c in bare), any(c.isdigit() for c in bare)
    if not letters:
        return sum(c.isdigit() for c in bare) >= 6
    if digits:
        return len(bare) >= 4 or not bare.isalnum()
    if kind in ("user", "name", "person"):
        return len(bare) >= 5
    return len(bare) >= 6 and bare != bare.lower() and bare != bare.capitalize()


class Known:
    """Known values and their kinds; found in any case."""

    def __init__(self) -> None:
        self.kinds: dict[str, str] = {}
        # A value is found by its words, all of them: many users share the first ("u-1", "u-2") or the last ("@cart").
        self._by_words: dict[tuple[str, ...], list[tuple[str, int, str]]] = {}
        self._lengths: dict[str, list[int]] = {}
        self.anchors: set[str] = set()
        """What a text has to contain, in any case, to hold one of them, however it is escaped."""

    def __len__(self) -> int:
        return len(self.kinds)

    def add(self, value: str, kind: str) -> None:
        low = _folded(value)
        if low in self.kinds:
            return
        words = tuple(_WORD.findall(low))
        if not words:
            return
        self.kinds[low] = kind
        self._by_words.setdefault(words, []).append((low, low.index(words[0]), kind))
        lengths = self._lengths.setdefault(words[0], [])
        if len(words) not in lengths:
            lengths.append(len(words))
            lengths.sort(reverse=True)  # "ann-2" before "ann"
        if _PLAIN.match(value):
            self.anchors.add(low)
        elif runs := [run for run in _RUN.findall(low) if len(run) >= 2]:
            self.anchors.add(max(runs, key=len))
        else:
            cases = {words[0], words[0].upper(), words[0].capitalize()}  # what looks for anchors knows those of ASCII
            self.anchors |= {form for case in cases for form in (case, json.dumps(case)[1:-1])}

    def find(self, text: str) -> Iterator[Found]:
        """Where they stand in a text, with no letter or digit beside them."""
        low = _folded(text)
        found = [(m[0], m.start()) for m in _WORD.finditer(low)]
        end = 0
        for i, (word, at) in enumerate(found):
            for n in self._lengths.get(word, ()) if at >= end else ():
                words = tuple(w for w, _ in found[i : i + n])
                hit = next(
                    (one for one in self._by_words.get(words, ()) if _stands(low, one[0], at - one[1], end)), None
                )
                if hit is not None:
                    start = at - hit[1]
                    end = start + len(hit[0])
                    yield Found(start, end, hit[2])
                    break


def _folded(text: str) -> str:
    """In lower case, each character in its place: a letter that would become two ("İ") stays."""
    low = text.lower()
    return low if len(low) == len(text) else "".join(one if len(one := c.lower()) == 1 else c for c in text)


def _stands(text: str, value: str, start: int, least: int) -> bool:
    return (
        start >= least
        and text.startswith(value, start)
        and not text[start + len(value) : start + len(value) + 1].isalnum()
    )
