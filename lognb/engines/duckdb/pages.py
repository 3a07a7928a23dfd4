"""Which of the picked rows are on a page, by rank: no page costs more for being far down."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from lognb.errors import QueryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.duckdb.masks import Picked

_CURSOR: Final = re.compile(r"([on])([0-9]{1,15})")


def page(picked: Picked, timed: int, limit: int, offset: int, *, newest: bool, after: str | None) -> NDArray[np.int64]:
    """The places on a page, in its order: that of the table, or turned round with those without a time still last.

    Places below `timed` have a time.
    """
    total, split = picked.count, int(picked.edges(np.array([timed]))[0])
    start = offset + (0 if after is None else _behind(picked, after, split, timed, newest=newest))
    ranks = np.arange(start, max(start, min(start + limit, total)))
    if newest:
        ranks = np.where(ranks < split, split - 1 - ranks, total - 1 - (ranks - split))
    return ranks + picked.low if picked.bits is None else picked.index[ranks] + picked.low


def cursor(places: NDArray[np.int64], *, newest: bool) -> str:
    """Where the page behind one with these places goes on."""
    return f"{'n' if newest else 'o'}{places[-1]}"


def _behind(picked: Picked, after: str, split: int, timed: int, *, newest: bool) -> int:
    """The rank of the first row behind the cursor's."""
    match = _CURSOR.fullmatch(after) if isinstance(after, str) else None
    if match is None or (match[1] == "n") != newest:
        raise QueryError(f"after={after!r} is no cursor of a page in this order; take it from the page before")
    place = int(match[2])
    before = int(picked.edges(np.array([place]))[0])
    if not newest:
        return int(picked.edges(np.array([place + 1]))[0])
    return split - before if place < timed else split + picked.count - before
