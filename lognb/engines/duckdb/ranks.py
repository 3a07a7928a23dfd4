"""Where the n-th of a query's records stands, so that a page deep in the table costs no walk to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.duckdb.masks import Picked

BLOCK: Final = 1 << 14


class Ranks:
    """The picked rows by their rank, 0 for the first in the order of the table.

    Kept are counts of blocks of rows, and only the blocks that hold a page are looked into: an index of all picked rows
    would be eight bytes for each, 80 MB at 10 M.
    """

    def __init__(self, picked: Picked) -> None:
        self._picked = picked
        bits, counts = picked.bits, [picked.high - picked.low]
        if bits is not None:
            counts = [int(np.count_nonzero(bits[at : at + BLOCK])) for at in range(0, len(bits), BLOCK)]
        self._before = np.cumsum([0, *counts])
        self._block = BLOCK

    def __len__(self) -> int:
        return int(self._before[-1])

    def places(self, start: int, stop: int) -> NDArray[np.int64]:
        """Where the rows of the ranks [start, stop) stand, in order; there may be fewer."""
        start, stop = (max(0, min(at, len(self))) for at in (start, stop))
        low, bits = self._picked.low, self._picked.bits
        if bits is None:
            return np.arange(low + start, low + max(start, stop))
        if start >= stop:
            return np.empty(0, np.int64)
        first = int(np.searchsorted(self._before, start, side="right")) - 1
        last = int(np.searchsorted(self._before, stop, side="left"))
        found = np.flatnonzero(bits[first * self._block : last * self._block])
        skipped = int(self._before[first])
        return found[start - skipped : stop - skipped] + (low + first * self._block)

    def before(self, place: int) -> int:
        """How many of the rows stand before a place."""
        inside = max(self._picked.low, min(place, self._picked.high)) - self._picked.low
        bits = self._picked.bits
        if bits is None:
            return inside
        block = inside // self._block
        return int(self._before[block]) + int(np.count_nonzero(bits[block * self._block : inside]))
