"""Which rows are on a page: found by walking from its end of the table, in growing steps, until the page is full.

So the first page of a search costs the search in its newest records, not in all; and no page costs more for being far
down, as its cursor says where to go on. A jump far down has no cursor: it takes all rows of the query, which are then
remembered, and finds the page by rank.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import numpy as np

from lognb.errors import QueryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.duckdb.masks import Masks
    from lognb.engines.duckdb.ranks import Ranks
    from lognb.query import Query

_STEP: Final = 1 << 16
FAR: Final = 1 << 14
"""So many records from the end of the table a page is found by rank; nearer, a walk needs no more than the newest."""
_CURSOR: Final = re.compile(r"([on])([0-9]{1,15})")


def page(masks: Masks, query: Query, limit: int, offset: int, *, newest: bool, after: str | None) -> NDArray[np.int64]:
    """The places on a page, in its order: that of the table, or turned round with those without a time still last."""
    at = None if after is None else _place(after, newest=newest)
    if at is None and (offset >= FAR or (offset and masks.ranked(query))):
        return by_rank(masks.ranks(query), masks.timed, limit, offset, newest=newest)
    return walked(masks, query, limit, offset, newest=newest, after=at)


def by_rank(ranks: Ranks, timed: int, limit: int, offset: int, *, newest: bool) -> NDArray[np.int64]:
    """The places on a page; those of records with a time are below `timed`."""
    if not newest:
        return ranks.places(offset, offset + limit)
    middle, last = ranks.before(timed), len(ranks)
    start, stop = offset, min(offset + limit, last)
    with_time = ranks.places(middle - min(stop, middle), middle - min(start, middle))
    without = ranks.places(last - max(stop - middle, 0), last - max(start - middle, 0))
    return np.concatenate([with_time[::-1], without[::-1]])


def walked(
    masks: Masks, query: Query, limit: int, offset: int, *, newest: bool, after: int | None
) -> NDArray[np.int64]:
    """The places on a page behind the place `after`."""
    stretches = _stretches(masks, query, newest=newest, after=after)
    found, missing = [np.empty(0, np.int64)], offset + limit
    for low, high in stretches:
        step = _STEP
        while low < high and missing > 0:
            cut = max(low, high - step) if newest else min(high, low + step)
            part = masks.within(query, cut, high) if newest else masks.within(query, low, cut)
            low, high = (low, cut) if newest else (cut, high)
            places = part.places()[:: -1 if newest else 1][:missing]
            found.append(places)
            missing -= len(places)
            step *= 4
    return np.concatenate(found)[offset:]


def cursor(places: NDArray[np.int64], *, newest: bool) -> str:
    """Where the page behind one with these places goes on."""
    return f"{'n' if newest else 'o'}{places[-1]}"


def _stretches(masks: Masks, query: Query, *, newest: bool, after: int | None) -> list[tuple[int, int]]:
    """The stretches of places to walk through, in order; the newest first, from their ends."""
    low, high = masks.window(query)
    if not newest:
        return [(low if after is None else max(low, after + 1), high)]
    timed, timeless = (low, min(high, masks.timed)), (max(low, masks.timed), high)
    if after is None:
        return [timed, timeless]
    if after >= masks.timed:
        return [(timeless[0], min(timeless[1], after))]
    return [(timed[0], min(timed[1], after)), timeless]


def _place(after: str, *, newest: bool) -> int:
    match = _CURSOR.fullmatch(after) if isinstance(after, str) else None
    if match is None or (match[1] == "n") != newest:
        raise QueryError(f"after={after!r} is no cursor of a page in this order; take it from the page before")
    return int(match[2])
