"""What it costs to say that some buckets have one level: for counts, for shares of counts, and for other numbers.

A cost is minus twice the log-likelihood, divided by the noise: how much more than the model's the variance is. Logs
come in bursts, so noise is the dispersion times the factor by which neighbours agree, (1 + r) / (1 - r) for an AR(1) of
correlation r. Both come from differences of near buckets, which a few changes of level hardly touch.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Protocol

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Places = NDArray[np.int64]

_KEPT: Final = 0.95  # of squared differences; those beyond are changes and spikes
_TRIMMED: Final = 0.759  # the mean of a chi-square of one degree below its 95th percentile
_MOST_AGREED: Final = 0.9
_ENOUGH: Final = 8  # buckets that tell of noise
_ENOUGH_TO_AGREE: Final = 60  # of fewer, changes of level touch too many differences
_FINEST: Final = 1e-9  # of a number: finer than floating point can tell apart for long


class Costs(Protocol):
    """A series and the cost of its stretches. Its best cuts are at `ends`; `places` is how many are paid for."""

    places: int
    ends: Places

    def __len__(self) -> int: ...

    def costs(self, starts: Places, end: int) -> Numbers:
        """Of each stretch [start, end)."""

    def cost(self, start: int, end: int) -> float: ...

    def level(self, start: int, end: int) -> float: ...


class Model(Costs, Protocol):
    """A series of which one can also say how far a bucket is from a level."""

    noise: float

    def rates(self, start: int, end: int) -> Numbers:
        """Each bucket as a level of its own."""

    def residuals(self, start: int, end: int, level: Numbers | float) -> Numbers:
        """How far each bucket is from a level, in standard deviations of the model without noise."""


class _Model:
    """What the three have in common."""

    noise = 1.0

    def __init__(self, values: Numbers) -> None:
        self.values = np.asarray(values, np.float64)
        self._sum = _summed(self.values)
        self.places = len(self.values)
        self.ends = np.arange(1, len(self.values) + 1)

    def __len__(self) -> int:
        return len(self.values)

    def costs(self, starts: Places, end: int) -> Numbers:
        raise NotImplementedError

    def cost(self, start: int, end: int) -> float:
        return float(self.costs(np.array([start]), end)[0])

    def level(self, start: int, end: int) -> float:
        return float(self.values[start:end].mean())

    def rates(self, start: int, end: int) -> Numbers:
        return self.values[start:end]


class Counts(_Model):
    """Numbers of things that happen: quasi-Poisson, also for their bytes."""

    def __init__(self, values: Numbers) -> None:
        super().__init__(values)
        x = self.values
        self._mean = max(float(x.mean()) if len(x) else 0.0, 1e-300)
        self.places = _places(x)
        # Between two buckets of nothing the cost of a cut has no least: it falls towards one of the records beside.
        self.ends = self.ends[np.append((x[1:] > 0) | (x[:-1] > 0), True)] if len(x) else self.ends
        noise = _noise(lambda k: (x[k:] - x[:-k]) ** 2 / np.maximum(x[k:] + x[:-k], 1), x[1:] + x[:-1] > 0)
        self.noise = max(noise, _FINEST * self._mean)

    def costs(self, starts: Places, end: int) -> Numbers:
        total = self._sum[end] - self._sum[starts]
        # Against the mean of all, which changes no difference of cuts, and keeps large numbers exact.
        return -2 * _xlogy(total, total / (end - starts) / self._mean) / self.noise

    def residuals(self, start: int, end: int, level: Numbers | float) -> Numbers:
        return (self.values[start:end] - level) / np.sqrt(np.maximum(level, 1e-9))


class Shares(_Model):
    """Parts of counts, as errors among records: quasi-binomial. A bucket of no records says nothing."""

    def __init__(self, values: Numbers, of: Numbers) -> None:
        super().__init__(values)
        self.of = np.asarray(of, np.float64)
        self._of = _summed(self.of)
        self.places = _places(self.values)
        self.noise = _noise(self._apart, (self.of[1:] > 0) & (self.of[:-1] > 0))

    def _apart(self, k: int) -> Numbers:
        """Squared differences of shares against the binomial's variance, with the share of both together."""
        (a, b), (m, n) = (self.values[k:], self.values[:-k]), (self.of[k:], self.of[:-k])
        both = (a + b + 0.5) / (m + n + 1)
        m, n = np.maximum(m, 1), np.maximum(n, 1)
        return (a / m - b / n) ** 2 / np.maximum(both * (1 - both) * (1 / m + 1 / n), 1e-12)

    def costs(self, starts: Places, end: int) -> Numbers:
        part, whole = self._sum[end] - self._sum[starts], self._of[end] - self._of[starts]
        some = np.maximum(whole, 1)
        return -2 * (_xlogy(part, part / some) + _xlogy(whole - part, (whole - part) / some)) / self.noise

    def level(self, start: int, end: int) -> float:
        return float((self._sum[end] - self._sum[start]) / max(self._of[end] - self._of[start], 1))

    def rates(self, start: int, end: int) -> Numbers:
        return self.values[start:end] / np.maximum(self.of[start:end], 1)

    def residuals(self, start: int, end: int, level: Numbers | float) -> Numbers:
        of, level = self.of[start:end], np.clip(level, 1e-9, 1 - 1e-9)
        return (self.values[start:end] - level * of) / np.sqrt(np.maximum(level * (1 - level) * of, 1e-9))


class Others(_Model):
    """Numbers of any kind, as a percentile: normal, of one variance, on a log scale where all are positive."""

    def __init__(self, values: Numbers) -> None:
        given = np.asarray(values, np.float64)
        self.logs = bool(len(given)) and bool((given > 0).all())
        super().__init__(np.log(given) if self.logs else given)
        self._middle = float(np.median(self.values)) if len(given) else 0.0
        self.values = self.values - self._middle
        self._sum = _summed(self.values)
        self._squares = _summed(self.values**2)
        x = self.values
        self._variance = 1.0
        if len(x) > 2:
            # Rounding alone is noise too: no finer than the step in which values come.
            step = np.diff(np.unique(x)).min(initial=np.inf)
            floor = step**2 / 12 if np.isfinite(step) else 1e-18
            finest = (_FINEST * max(abs(self._middle), 1e-9)) ** 2
            self._variance = max(_trimmed((x[1:] - x[:-1]) ** 2) / 2, floor, finest)
        v = 2 * self._variance
        self.noise = _noise(lambda k: (x[k:] - x[:-k]) ** 2 / v, np.ones(max(len(x) - 1, 0), bool))

    def costs(self, starts: Places, end: int) -> Numbers:
        total, n = self._sum[end] - self._sum[starts], end - starts
        spread = self._squares[end] - self._squares[starts] - total**2 / n
        return np.asarray(spread / self._variance / self.noise)

    def level(self, start: int, end: int) -> float:
        mean = super().level(start, end) + self._middle
        return float(np.exp(mean)) if self.logs else mean

    def rates(self, start: int, end: int) -> Numbers:
        part = self.values[start:end] + self._middle
        return np.asarray(np.exp(part) if self.logs else part)

    def residuals(self, start: int, end: int, level: Numbers | float) -> Numbers:
        expected = np.log(np.maximum(level, 1e-300)) if self.logs else level
        return np.asarray((self.values[start:end] + self._middle - expected) / np.sqrt(self._variance))


class Spreads(_Model):
    """Residuals of another model, for changes of their variance alone: normal around 0, of a variance of its own."""

    def __init__(self, residuals: Numbers) -> None:
        super().__init__(np.clip(residuals, *_fences(residuals)) ** 2)
        # Few values have few variances: below a hundredth of the usual one there is nothing to tell.
        self._floor = max(float(np.median(self.values)) / 100, 1e-9)

    def costs(self, starts: Places, end: int) -> Numbers:
        n = end - starts
        variance = np.maximum((self._sum[end] - self._sum[starts]) / n, self._floor)
        return np.where(n < _SHORT, np.inf, n * (np.log(variance) + 1) / _KURTOSIS)

    def level(self, start: int, end: int) -> float:
        return float(np.sqrt(self.values[start:end].mean()))


_SHORT: Final = 10  # buckets that a variance needs
_KURTOSIS: Final = 1.5  # squares of what is not quite normal vary more than those of what is


def _places(counts: Numbers) -> int:
    """The best level of a stretch begins and ends at something that is counted: where that is rare, few cuts are tried.

    So the ten records of a rare kind have to pay for the search among twenty places, and not among all buckets.
    """
    return min(len(counts), 2 * int(np.count_nonzero(counts)) + 1)


def _fences(residuals: Numbers) -> tuple[float, float]:
    """Beyond these a residual is a spike, which is no change of variance."""
    if not len(residuals):
        return 0.0, 0.0
    low, high = np.percentile(residuals, [25, 75])
    wide = 4 * max(high - low, 1e-9)
    return float(low - wide), float(high + wide)


def _noise(apart: Callable[[int], Numbers], kept: NDArray[np.bool_]) -> float:
    """The long-run variance against the model's, at least 1; `apart(k)`: squared differences of buckets k apart.

    Of an AR(1) of variance a and agreement r, with a variance w of single buckets on top, differences of k buckets have
    the variance 2 (w + a (1 - r^k)). Three of them tell r, a and w; the long-run variance is w + a (1 + r) / (1 - r).
    """
    n = int(kept.sum())
    if n < _ENOUGH:
        return 1.0
    one, two, four = (_trimmed(apart(k)[kept[k - 1 :]]) for k in (1, 2, 4))
    if n < _ENOUGH_TO_AGREE or two - one <= 2 * one / np.sqrt(n):  # no more than chance does
        return max(one, 1.0)
    q = min(max((four - two) / (two - one), 0.0), _MOST_AGREED * (1 + _MOST_AGREED))
    r = (np.sqrt(1 + 4 * q) - 1) / 2
    r = max(r, min(two / max(one, 1e-12) - 1, _MOST_AGREED))  # that of an AR(1) alone is the least
    a = (two - one) / max(r * (1 - r), 1e-12)
    w = max(one - a * (1 - r), 0.0)
    return float(max(w + a * (1 + r) / (1 - r), one, 1.0))


def _trimmed(squares: Numbers) -> float:
    """The mean of squared differences without the largest, as a variance."""
    if not len(squares):
        return 0.0
    kept = np.sort(squares)[: max(int(len(squares) * _KEPT), 1)]
    return float(kept.mean()) / _TRIMMED


def _summed(values: Numbers) -> Numbers:
    return np.concatenate(([0.0], np.cumsum(values)))


def _xlogy(x: Numbers, y: Numbers) -> Numbers:
    return np.where(x > 0, x * np.log(np.maximum(y, 1e-300)), 0.0)
