"""Patterns against labels that people gave; see benchmarks/accuracy.py."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from benchmarks import accuracy

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.realworld
def test_eight_systems_with_one_setting(realworld: Path) -> None:
    found = accuracy.of_folder(realworld / "loghub")
    assert len(found) == 9
    mean = dict(zip(accuracy.TARGETS, found["mean"], strict=True))
    assert all(mean[name] >= target for name, target in accuracy.TARGETS.items()), mean
    assert min(row.ga for row in found.values()) >= 0.94


def test_the_four_numbers() -> None:
    """Three of four lines grouped rightly; one template of two is right, and has half of the lines."""
    found = accuracy.measured(["a", "a", "b", "b"], [1, 1, 2, 3], ["a", "a", "x", "b"])
    assert found == pytest.approx((0.5, 2 * 1 / (3 + 2), 0.75, 2 * 2 / (3 + 2)))
