"""Two windows of counts in which what changed is known: how much of it is found, and how much is claimed that is not.

The windows: 1,200 kinds with log-normal rates, 30 bins each, 20 new, 15 gone, 30 grown 2 to 10 times, 15 shrunk to a
half to a tenth; "bursty": half of the kinds with an AR(1) intensity (0.7, standard deviation 0.2 to 1).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lognb.analyses.contrast import contrast, discovery_rates, size_factor

KINDS, BINS = 1200, 30
NEW, GONE, GROWN, SHRUNK = 1, 2, 3, 4


def windows(seed: int, load: float, *, bursty: bool) -> tuple[Any, Any, Any]:
    """Counts before and after, and what became of each kind."""
    rng = np.random.default_rng(seed)
    rate = np.minimum(np.exp(rng.normal(0.5, 2.2, KINDS)), 3000)
    fate, by = np.zeros(KINDS, int), np.ones(KINDS)
    order, at = rng.permutation(np.flatnonzero(rate > 0.3)), 0
    for kind, number, low, high in ((NEW, 20, 1, 1), (GONE, 15, 1, 1), (GROWN, 30, 2, 10), (SHRUNK, 15, 0.1, 0.5)):
        taken = order[at : at + number]
        fate[taken], by[taken] = kind, np.exp(rng.uniform(np.log(low), np.log(high), number))
        at += number
    sides = []
    for mult, missing in ((np.ones(KINDS), NEW), (load * by, GONE)):
        each = rate[:, None] * mult[:, None] * (_bursts(rng) if bursty else 1.0)
        each = np.broadcast_to(each, (KINDS, BINS)) * (fate != missing)[:, None]
        sides.append(rng.poisson(each).astype(float))
    return sides[0], sides[1], fate


def _bursts(rng: np.random.Generator) -> Any:
    spread = np.where(rng.random(KINDS) < 0.5, rng.uniform(0.2, 1.0, KINDS), 0)[:, None]
    z = np.zeros((KINDS, BINS))
    z[:, 0] = rng.normal(size=KINDS)
    for t in range(1, BINS):
        z[:, t] = 0.7 * z[:, t - 1] + np.sqrt(1 - 0.7**2) * rng.normal(size=KINDS)
    return np.exp(spread * z - spread**2 / 2)


@pytest.mark.parametrize(
    ("bursty", "load", "precision", "recall"),
    [(False, 1.0, 0.99, 0.92), (True, 1.0, 0.85, 0.80), (True, 1.4, 0.85, 0.80)],
)
def test_what_changed_is_found_and_little_else(bursty: bool, load: float, precision: float, recall: float) -> None:
    hits = told = true = facts = right = there = 0
    for seed in range(40):
        before, after, fate = windows(1000 + seed, load, bursty=bursty)
        change = contrast(before, after).change
        claimed = np.isin(change, ["new", "gone", "grown", "shrunk"])
        hits, told, true = hits + (claimed & (fate > 0)).sum(), told + claimed.sum(), true + (fate > 0).sum()
        fact, changed = np.isin(change, ["new", "gone"]), np.isin(fate, [NEW, GONE])
        facts, right, there = facts + fact.sum(), right + (fact & changed).sum(), there + changed.sum()
    print(f"precision {hits / told:.3f} recall {hits / true:.3f} new+gone {right / facts:.3f} {right / there:.3f}")
    assert hits / told >= precision
    assert hits / true >= recall
    assert right / facts >= 0.98
    assert right / there >= 0.97


def test_one_kind_that_grows_does_not_make_the_others_shrink() -> None:
    before = np.full((40, 30), 10.0)
    after = before.copy()
    after[7] *= 50
    found = contrast(before, after)
    assert found.change.tolist() == ["grown" if i == 7 else "" for i in range(40)]
    assert found.factor == 1


def test_facts_need_five_records_and_a_chance_of_their_own() -> None:
    before, after = np.zeros((12, 1)), np.zeros((12, 1))
    before[2:], after[2:] = 50, 50
    after[0], before[1], before[2], after[3] = 4, 40, 0, 0
    assert contrast(before, after).change[:5].tolist() == ["once", "gone", "new", "gone", ""]
    # A window a hundred times as long has new kinds by chance alone.
    long = contrast(before[:2] * 0, np.array([[6.0], [0]]), length=100.0)
    assert long.change.tolist() == ["", ""]


def test_what_comes_and_goes_elsewhere_takes_nothing_from_errors() -> None:
    """Ten records of an error that is new, among other kinds that also come, in numbers that may be chance."""
    before, after = np.zeros((60, 1)), np.zeros((60, 1))
    after[0], after[1:30], before[30:] = 9, 2, 50
    after[30:] = 50
    errors = np.arange(60) < 1
    assert contrast(before, after).change[0] == ""
    assert contrast(before, after, apart=errors).change[0] == "new"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.lists(st.integers(0, 50), min_size=12, max_size=12), min_size=1, max_size=12), st.randoms())
def test_order_and_direction_do_not_matter(rows: list[list[int]], random: Any) -> None:
    counts = np.array(rows, float)
    before, after = counts[:, :6], counts[:, 6:]
    found = contrast(before, after)
    assert np.isfinite(found.log2).all()
    assert ((found.q >= 0) & (found.q <= 1)).all()
    order = random.sample(range(len(rows)), len(rows))
    assert contrast(before[order], after[order]).change.tolist() == found.change[order].tolist()
    back = contrast(after, before)
    if size_factor(after.sum(1), before.sum(1)) * found.factor == pytest.approx(1):
        swap = {"new": "gone", "gone": "new"}
        one = np.isin(found.change, ["new", "gone"])
        assert back.change[one].tolist() == [swap[c] for c in found.change[one].tolist()]


def test_discovery_rates_are_those_of_the_paper() -> None:
    p = np.array([0.01, 0.04, 0.03, 0.005])
    assert discovery_rates(p).tolist() == pytest.approx([0.02, 0.04, 0.04, 0.02])
    assert discovery_rates(np.array([])).tolist() == []
