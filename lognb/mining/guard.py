"""The guard against explosion: when there are too many kinds of text, words that hardly ever occur become slots.

Search queries, names, base64: each record would be an outline of its own, and no memory holds them. How many records
have a word is counted over everything, in a table of fixed size: counts of parts add up, and no order matters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb.mining.words import pieces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Tables = Callable[[], Iterator[tuple[pl.Series, pl.Series]]]

HELD: Final = 200_000
"""So many distinct outlines are held; beyond it rare words go."""

RARE: Final = tuple(8 * 4**i for i in range(8))
"""Words of fewer records are rare: the first of these that leaves few enough."""

MANY: Final = 8
"""Rare words are taken out of texts only where that makes so many one: a rare message keeps its words."""

_BITS: Final = 24  # a table of 64 MB
_MASK: Final = np.uint64((1 << _BITS) - 1)


class Words:
    """How many records have each word, at least: two counters a word, of which the smaller counts."""

    def __init__(self) -> None:
        self._first = np.zeros(1 << _BITS, np.uint32)
        self._second = np.zeros(1 << _BITS, np.uint32)

    def add(self, texts: pl.Series, records: pl.Series) -> None:
        """Count the words of texts, each of which so many records have."""
        numbers, done = records.to_numpy().astype(np.uint32), 0
        for part in pieces(texts):
            own = numbers[done + part.rows]
            np.add.at(self._first, part.hashes & _MASK, own)
            np.add.at(self._second, (part.hashes >> np.uint64(_BITS)) & _MASK, own)
            done += len(part.ends)

    def of(self, hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
        """The records of each word."""
        first, second = self._first[hashes & _MASK], self._second[(hashes >> np.uint64(_BITS)) & _MASK]
        smaller: NDArray[np.uint32] = np.minimum(first, second)
        return smaller

    def without_rare(self, texts: pl.Series, rare: int, slot: str) -> pl.Series:
        """The texts with `slot` for words of fewer than `rare` records; several slots in a row are one."""
        parts = [part.without(self.of(part.hashes) < rare, slot) for part in pieces(texts)]
        again = "".join("\\" + c if c in "<*>" else c for c in slot)
        return pl.concat(parts).str.replace_all(rf"{again}(?: {again})+", slot) if parts else texts


@dataclass(frozen=True)
class Guard:
    """Which texts lose their words of fewer than `rare` records; `common` are the hashes of what many texts become."""

    words: Words
    rare: int
    slot: str
    common: pl.Series

    def __call__(self, texts: pl.Series) -> pl.Series:
        changed = self.words.without_rare(texts, self.rare, self.slot)
        stay = ~changed.hash().is_in(self.common.implode())
        return changed.zip_with(~stay, texts)


def guard(tables: Tables, most: int, slot: str) -> Guard:
    """What leaves at most `most` texts; `tables` gives distinct texts and their records, in parts, each time anew."""
    words = Words()
    for texts, records in tables():
        words.add(texts, records)
    common = None
    for rare in RARE:
        common = _common(tables, words, rare, slot, most if rare < RARE[-1] else None)
        if common is not None:
            return Guard(words, rare, slot, common)
    raise AssertionError  # the last one has no limit


def _common(tables: Tables, words: Words, rare: int, slot: str, most: int | None) -> pl.Series | None:
    """The hashes of what MANY texts become; None if more than `most` texts would be left."""
    known = pl.DataFrame(schema={"after": pl.UInt64, "before": pl.UInt64})
    for texts, _ in tables():
        hashes = {"after": words.without_rare(texts, rare, slot).hash(), "before": texts.hash()}
        # MANY of the texts say enough; the lowest hashes, so that it does not matter in which order they came.
        known = pl.concat([known, pl.DataFrame(hashes)]).unique(maintain_order=False).sort("after", "before")
        known = known.group_by("after", maintain_order=True).head(MANY)
        if most is not None and known.height > most * MANY:
            return None
    counted = known.group_by("after").len()
    many = counted.filter(pl.col("len") >= MANY)["after"]
    left = many.len() + counted.filter(pl.col("len") < MANY)["len"].sum()
    return None if most is not None and left > most else many


def guarded(texts: pl.Series, records: pl.Series, most: int, slot: str) -> pl.Series:
    """The texts, which are distinct, such that at most `most` different ones are left, as far as rare words do it."""
    return texts if len(texts) <= most else guard(lambda: iter([(texts, records)]), most, slot)(texts)
