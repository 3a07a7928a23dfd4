"""Edges of a histogram are round, in order, and hold every number."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb._bins import MOST, edges

NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


def of(values: list[float], *, whole: bool) -> list[float]:
    ranked = sorted(values)
    above = [v for v in ranked if v > 0]
    return edges(ranked[0], ranked[-1], ranked[(len(ranked) - 1) // 2], min(above, default=None), whole=whole)


@given(st.lists(NUMBERS, min_size=1))
def test_every_number_has_one_bin(values: list[float]) -> None:
    found = of(values, whole=False)
    assert found == sorted(set(found))
    assert found[0] <= min(values)
    assert max(values) < found[-1] or max(values) == float("1.7976931348623157e308")
    assert 2 <= len(found) <= MOST + 8


@given(st.lists(st.integers(-(2**64), 2**64).map(float), min_size=1))
def test_no_bin_of_whole_numbers_is_narrower_than_one(values: list[float]) -> None:
    found = of(values, whole=True)
    assert found[0] <= min(values) <= max(values) < found[-1]
    assert len(found) <= MOST + 8


@given(st.lists(st.integers(-10_000, 10_000), min_size=1), st.sampled_from([1.0, 0.001, 1000.0]))
def test_edges_are_round(values: list[int], scale: float) -> None:
    for edge in of([v * scale for v in values], whole=False):
        digits = Decimal(repr(edge)).normalize().as_tuple().digits
        assert len(digits) <= 4 + (scale == 0.001), edge


@pytest.mark.parametrize(
    ("values", "whole", "expected"),
    [
        ([0, 1, 3], True, [0, 1, 2, 3, 4]),
        ([7], True, [7, 8]),
        ([0.3], False, [0.3, 0.35]),
        ([0], False, [0, 1]),
        ([-2, 2], True, [-2, -1, 0, 1, 2, 3]),
        ([1, 2, 3, 900], False, [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]),
        ([0, 1, 2, 900], True, [0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000]),
        ([0, 0, 0, 29], True, list(range(31))),
        ([2**53 - 1, 2**53], True, [2**53 - 1, 2**53, 2**53 + 2]),
    ],
)
def test_edges(values: list[float], whole: bool, expected: list[float]) -> None:
    assert of([float(v) for v in values], whole=whole) == expected
