"""Round edges for a histogram."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from typing import Final

MOST: Final = 30
"""About as many bins as a reader can take in."""

_HEAVY = 20  # a largest value so many times the median would leave half of all records in the first two bins
_ROUND: Final = (Decimal(1), Decimal(2), Decimal(5))


def edges(low: float, high: float, median: float, smallest: float | None, *, whole: bool) -> list[float]:
    """Edges of half-open bins [edge, next), from `low` or less to more than `high`.

    Equal steps of 1, 2 or 5 times a power of ten (at least 1 for `whole` numbers) or, where nothing is negative and the
    largest is over twenty times the median, edges of 1, 2 and 5 times the powers of ten, coarser if those are too many.
    `smallest` is the smallest number above 0.

    >>> edges(0, 4, 2, 1, whole=True)
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    >>> edges(0, 700, 6, 3, whole=False)
    [0.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0]
    """
    with localcontext(prec=400):  # doubles reach from 1e308 to 5e-324, and must not round on the way
        heavy = low >= 0 and smallest is not None and median > 0 and high > _HEAVY * median
        parts = _growing(low, high, smallest) if heavy and smallest is not None else _equal(low, high, whole=whole)
        found = sorted({float(part) for part in parts})
    if found[-1] <= high:  # beyond 2^53 an edge may round down to the largest value itself
        found.append(math.nextafter(high, math.inf))
    return found


def _equal(low: float, high: float, *, whole: bool) -> list[Decimal]:
    least, most = _written(low), _written(high)
    span = most - least
    step = _step(span / MOST if span else abs(most) / 10 if not whole else Decimal(1))
    step = max(step, Decimal(1)) if whole else step
    first = (least / step).to_integral_value("ROUND_FLOOR")
    bins = int((most / step).to_integral_value("ROUND_FLOOR") - first) + 1
    return [(first + i) * step for i in range(bins + 1)]


def _growing(low: float, high: float, smallest: float) -> list[Decimal]:
    first, last = (_written(x).adjusted() for x in (smallest, high))
    decades = last - first + 1
    at_each = _ROUND if 3 * decades <= MOST + 6 else _ROUND[:1]
    stride = max(1, -(-decades // MOST))
    grown = [m * Decimal(10) ** k for k in range(first, last + stride + 1, stride) for m in at_each]
    below = max(e for e in grown if e <= _written(smallest))
    above = min((e for e in grown if e > _written(high)), default=grown[-1])
    return ([Decimal(0)] if low == 0 else []) + [e for e in grown if below <= e <= above]


def _written(value: float) -> Decimal:
    """As it is written: 0.3, not the 0.29999999999999998 that the double is."""
    return Decimal(repr(float(value)))


def _step(least: Decimal) -> Decimal:
    """The smallest of 1, 2, 5 times a power of ten that is at least so much; 1 where nothing is asked."""
    if not least:
        return Decimal(1)
    power = Decimal(10) ** least.adjusted()
    return next((m * power for m in _ROUND if m * power >= least), 10 * power)
