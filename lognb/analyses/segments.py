"""Where a series of numbers, one a bucket, changes its level: the best cut into segments, by the costs of levels.py.

Found by PELT (Killick, Fearnhead, Eckley 2012, JASA 107:1590): the exact minimum of what the segments cost plus a
penalty for each change. Buckets that say nothing are left out before; places are of the buckets that are there.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from lognb.analyses.levels import Costs

LEAST: Final = 12
"""A series of fewer buckets has no changes that one could be sure of."""

_PENALTY: Final = 3.0  # times log of places for each change: two numbers, where and how much, and some caution (BIC)


@dataclass(frozen=True)
class Segment:
    """Buckets [start, end) of one level; `gain` is what the change at its start is worth beyond its penalty."""

    start: int
    end: int
    level: float
    gain: float


def segments(model: Costs, tests: int = 1) -> list[Segment]:
    """The segments of a series, the first with no gain; one alone where nothing changes.

    `tests` is in how many series one looks: the more, the more a change has to be worth (Bonferroni).
    """
    n = len(model)
    if n < LEAST:
        return [Segment(0, n, model.level(0, n), 0.0)] if n else []
    penalty = _PENALTY * float(np.log(model.places)) + 2 * float(np.log(max(tests, 1)))
    edges = _cut(model, penalty)
    found = []
    for i, (start, end) in enumerate(pairwise(edges)):
        before = edges[i - 1] if i else 0
        apart = model.cost(before, start) + model.cost(start, end) if i else 0.0
        gain = model.cost(before, end) - apart - penalty if i else 0.0
        found.append(Segment(start, end, model.level(start, end), gain))
    return found


def _cut(model: Costs, penalty: float) -> list[int]:
    """The edges of the best segments, 0 and n included."""
    n = len(model)
    best, last = np.zeros(n + 1), np.zeros(n + 1, np.int64)
    best[0] = -penalty
    open_ = np.zeros(1, np.int64)
    for end in model.ends.tolist():
        costs = best[open_] + model.costs(open_, end)
        place = int(costs.argmin())
        best[end], last[end] = costs[place] + penalty, open_[place]
        # A start that is already worse than the best cannot become it again; a stretch that is still too short can.
        open_ = np.append(open_[(costs <= best[end]) | np.isinf(costs)], end)
    edges = [n]
    while edges[-1]:
        edges.append(int(last[edges[-1]]))
    return edges[::-1]
