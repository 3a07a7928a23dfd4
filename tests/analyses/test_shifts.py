"""Cuts of a series: the best there are, few where there is nothing but noise, and of the kind that was made."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lognb.analyses.levels import Counts, Others, Shares
from lognb.analyses.segments import segments
from lognb.analyses.shifts import shifts

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.analyses.levels import Model

N: Final = 300
AT: Final = np.arange(N)


def bursts(rng: np.random.Generator, agreed: float, spread: float) -> Any:
    """Factors whose logarithm is an AR(1)."""
    z = np.zeros(N)
    z[0] = rng.normal(0, spread)
    for i, e in enumerate(rng.normal(0, spread * np.sqrt(1 - agreed**2), N - 1), 1):
        z[i] = agreed * z[i - 1] + e
    return np.exp(z)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(0, 30), min_size=12, max_size=40), st.sampled_from(["counts", "shares", "others"]))
def test_no_other_cut_is_better(values: list[int], kind: str) -> None:
    """Against the sum over all cuts, by dynamic programming without leaving anything out."""
    x = np.array(values, float)
    models = {"counts": Counts(x), "shares": Shares(x, x + 5), "others": Others(x + 1)}
    model: Model = models[kind]
    n = len(x)
    penalty = 3 * np.log(model.places)
    best = [-penalty]
    for end in range(1, n + 1):
        best.append(min(best[a] + model.cost(a, end) for a in range(end)) + penalty)
    found = segments(model)
    assert [s.start for s in found[1:]] == [s.end for s in found[:-1]]
    assert (found[0].start, found[-1].end) == (0, n)
    total = sum(model.cost(s.start, s.end) for s in found) + penalty * (len(found) - 1)
    assert total == pytest.approx(best[n], abs=1e-6)


@pytest.mark.parametrize("mean", [0.5, 5, 200])
@pytest.mark.parametrize(("agreed", "spread"), [(0, 0), (0, 0.5), (0.5, 0.3), (0.7, 0.4)])
def test_noise_alone_has_next_to_no_changes(mean: float, agreed: float, spread: float) -> None:
    rng = np.random.default_rng(5)
    series = [Counts(rng.poisson(mean * bursts(rng, agreed, spread))) for _ in range(40)]
    false = sum(len(shifts(model, tests=20)) for model in series)
    assert false <= (12 if agreed > 0.6 else 4), f"{false} changes in 40 series of noise"


@pytest.mark.parametrize(("mean", "near", "least"), [(0.5, 8, 0.8), (5, 3, 0.95), (200, 3, 0.95)])
def test_a_step_of_four_times_is_found_where_it_is(mean: float, near: int, least: float) -> None:
    rng = np.random.default_rng(6)
    found = 0
    for _ in range(40):
        level = np.where(AT < 180, mean, 4 * mean) * bursts(rng, 0.4, 0.2)
        found += any(s.kind == "step" and abs(s.start - 180) <= near for s in shifts(Counts(rng.poisson(level)), 20))
    assert found / 40 >= least


def _made(kind: str, rng: np.random.Generator) -> Model:
    level = np.full(N, 30.0)
    if kind == "spike":
        level[150:152] = 150
    if kind == "dip":
        level[150:153] = 2
    if kind == "trend":
        level = np.interp(AT, [100, 220], [30, 120])
    if kind == "variance":
        return Others(np.exp(3 + rng.normal(0, 1, N) * np.where(AT < 150, 0.1, 0.5)))
    if kind == "share":
        of = rng.poisson(30, N)
        return Shares(rng.binomial(of, np.where(AT < 150, 0.02, 0.2)), of)
    if kind == "latency":
        return Others(np.exp(rng.normal(np.where(AT < 150, 4, 6), 0.3)))
    return Counts(rng.poisson(level))


KINDS: Final = {"share": "step", "latency": "step"}


@pytest.mark.parametrize("kind", ["spike", "dip", "trend", "variance", "share", "latency"])
def test_a_change_is_called_what_it_is(kind: str) -> None:
    rng = np.random.default_rng(7)
    seen: Counter[str] = Counter()
    for _ in range(30):
        seen.update(s.kind for s in shifts(_made(kind, rng), 20))
    wanted = KINDS.get(kind, kind)
    assert seen[wanted] >= 27
    assert seen.total() - seen[wanted] <= 4, seen


@pytest.mark.parametrize("n", [0, 1, 2, 11, 12])
@pytest.mark.parametrize("make", [Counts, Others, lambda x: Shares(x, x)])
def test_short_and_flat_series_have_no_changes(n: int, make: Callable[[Any], Model]) -> None:
    for value in (0.0, 1.0, 1e18):
        assert shifts(make(np.full(n, value))) == []


def test_levels_are_those_of_the_segments_and_confidence_grows_with_the_step() -> None:
    x = np.array([4.0] * 50 + [40.0] * 50)
    (shift,) = shifts(Counts(x))
    assert (shift.kind, shift.start, shift.end, shift.before, shift.after) == ("step", 50, None, 4, 40)
    assert shift.confidence > 0.999
    (weak,) = shifts(Counts(np.array([4.0] * 50 + [7.0] * 50)))
    assert weak.gain < shift.gain
