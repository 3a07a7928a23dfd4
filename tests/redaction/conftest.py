"""Tests of redaction share the secrets that `planting` makes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import planting


@pytest.fixture(scope="session")
def secrets() -> list[planting.Planted]:
    """2,100 secrets of 49 kinds, all distinct."""
    return planting.planted(2_100)
