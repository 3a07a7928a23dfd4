"""Two windows of counts, side by side: which kinds of record are new, gone, more or fewer, and how sure that is.

One row of counts for each kind, one column for each bin of time inside its window. Windows of different length or load
are made comparable by the median of ratios (Anders, Huber 2010, Genome Biology 11:R106), not by totals: one kind that
grows tenfold would make all others shrink. Kinds come in bursts, so the variance is measured in the bins, as quasi-
Poisson, and multiplied by how much more of it blocks of bins have, which is what neighbours share. Many kinds are
looked at, so p-values are held against the false discovery rate (Benjamini, Hochberg 1995, JRSS B 57:289).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]

RATE: Final = 0.015
"""Of what is said to have changed, so much may be chance."""
FACT_RATE: Final = 0.005
"""The same of what is only on one side: stricter, as bursts are not in the exact chance."""
LEAST: Final = 1.0
"""A change is at least twofold: log2 of the ratio."""
FACT: Final = 5
"""What is only on one side is new or gone from so many records on; fewer are told as seen once or twice."""

_BLOCK: Final = 5  # bins that carry what neighbours share
_RATIOS: Final = 10  # kinds on both sides that a median needs
_OFTEN: Final = 20  # records in all: of fewer a ratio says little
_BURSTY: Final = 1.5  # dispersion from which on a kind tells of bursts
_FAMILIES: Final = 50  # bursty kinds that a median of inflations needs; of fewer, noise inflates it


@dataclass(frozen=True)
class Contrast:
    """One value for each kind.

    `change`: "new", "gone", "grown", "shrunk", "once" (on one side only, fewer than FACT records) or "" (no confident
    claim). `log2`: of the ratio current to baseline, both with half a record added, after the size factor. `q`: the
    false discovery rate at which the change would be told. `bound`: the lower bound of |log2|, by which changes rank.
    """

    change: NDArray[np.str_]
    log2: Numbers
    q: Numbers
    bound: Numbers
    factor: float


def contrast(
    before: Numbers,
    after: Numbers,
    length: float = 1.0,
    *,
    factor: float | None = None,
    least: float = LEAST,
    apart: NDArray[np.bool_] | None = None,
) -> Contrast:
    """Compare counts (kinds x bins) of a baseline and a current window; `length` is current / baseline in time.

    The number of bins may differ, and may be 1: then the variance is taken to be Poisson's. `factor` is the size factor
    where it is known, as for shares of all records; `least` the smallest |log2| that is told. Kinds that are `apart`,
    as errors are, have discovery rates of their own (stratified, Sun et al. 2006, Genetic Epidemiology 30:519): what
    comes and goes among the others says nothing of how many of them are chance.
    """
    from scipy import special

    n0, n1 = before.sum(1).astype(float), after.sum(1).astype(float)
    n = n0 + n1
    factor = size_factor(n0, n1, length) if factor is None else factor
    log2 = np.log2(((n1 + 0.5) / factor) / (n0 + 0.5))
    spread, df = _spread(before, after)
    one = (n0 == 0) | (n1 == 0)
    both = ~one & (n > 0)
    families = [np.ones(len(n), bool)] if apart is None else [apart, ~apart]
    # F(1, df) upper tail of G / spread, by the incomplete beta function.
    f = _deviance(n0, n1, factor) / spread
    p = special.betainc(df / 2, 0.5, df / (df + f))
    # On one side only: the chance that all n records fall there, each by the windows' sizes.
    share = np.where(n1 > 0, factor / (1 + factor), 1 / (1 + factor))
    p = np.where(one, share**n, p)
    q = np.ones(len(n))
    for family in families:
        for kinds in (family & both, family & one & (n > 0)):
            q[kinds] = discovery_rates(p[kinds])
    error = np.sqrt(spread * (1 / (n0 + 0.5) + 1 / (n1 + 0.5))) / np.log(2)
    bound = np.maximum(np.abs(log2) - 1.96 * error, 0)
    return Contrast(_names(n0, n1, log2, q, least), log2, q, bound, factor)


def size_factor(n0: Numbers, n1: Numbers, length: float = 1.0) -> float:
    """How much more of everything there is in the current window; by length where too little is on both sides."""
    kept = (n0 + n1 >= _OFTEN) & (n0 > 0) & (n1 > 0)
    if kept.sum() >= _RATIOS:
        return float(np.median(n1[kept] / n0[kept]))
    return length


def discovery_rates(p: Numbers) -> Numbers:
    """Benjamini's and Hochberg's adjusted p-values."""
    if not len(p):
        return p
    order = np.argsort(p, kind="stable")
    ranked = p[order] * len(p) / np.arange(1, len(p) + 1)
    out = np.empty(len(p))
    out[order] = np.minimum(np.minimum.accumulate(ranked[::-1])[::-1], 1)
    return out


def _names(n0: Numbers, n1: Numbers, log2: Numbers, q: Numbers, least: float) -> NDArray[np.str_]:
    sure = q < RATE
    few = n0 + n1 < FACT
    names = np.full(len(n0), "", dtype="<U6")
    names[sure & (log2 >= least)] = "grown"
    names[sure & (log2 <= -least)] = "shrunk"
    new, gone = (n0 == 0) & (n1 > 0), (n1 == 0) & (n0 > 0)
    names[new | gone] = ""
    sure = q < FACT_RATE
    names[new & sure & ~few], names[gone & sure & ~few] = "new", "gone"
    names[(new | gone) & few] = "once"
    return names


def _deviance(n0: Numbers, n1: Numbers, factor: float) -> Numbers:
    """G of both counts against what the size factor says, one degree of freedom."""
    n = n0 + n1
    e0, e1 = n / (1 + factor), n * factor / (1 + factor)
    return np.maximum(2 * (_part(n0, e0) + _part(n1, e1)), 0)


def _part(n: Numbers, expected: Numbers) -> Numbers:
    return np.where(n > 0, n * np.log(np.maximum(n, 1e-300) / np.maximum(expected, 1e-300)), 0.0)


def _spread(before: Numbers, after: Numbers) -> tuple[Numbers, Numbers]:
    """The long-run dispersion of each kind, at least 1, and the degrees of freedom it was measured with."""
    spread, df = _dispersion(before, after)
    blocks, _ = _dispersion(_blocks(before), _blocks(after))
    mean = (before.mean(1) + after.mean(1)) / 2
    bursty = (spread > _BURSTY) & (mean >= 1)
    shared = float(np.median((blocks - 1)[bursty] / (spread - 1)[bursty])) if bursty.sum() >= _FAMILIES else 1.0
    return 1 + (spread - 1) * max(shared, 1.0), df


def _dispersion(before: Numbers, after: Numbers) -> tuple[Numbers, Numbers]:
    """Pearson's chi-square of the bins around their own window's mean, for each degree of freedom."""
    total, df = np.zeros(len(before)), np.zeros(len(before))
    for counts in (before, after):
        mean = counts.mean(1, keepdims=True)
        there = mean[:, 0] > 0
        total += np.where(there[:, None], (counts - mean) ** 2 / np.maximum(mean, 1e-9), 0).sum(1)
        df += np.where(there, counts.shape[1] - 1, 0)
    known = np.maximum(df, 1)
    # Without bins there is nothing to measure, and Poisson's variance is exact: as if by very many bins.
    return np.where(df > 0, np.maximum(total / known, 1.0), 1.0), np.where(df > 0, known, 1e6)


def _blocks(counts: Numbers) -> Numbers:
    whole = counts.shape[1] // _BLOCK
    return counts[:, : whole * _BLOCK].reshape(len(counts), whole, _BLOCK).sum(2) if whole else counts[:, :1] * 0
