"""Are two blocks the same? Frames have no `==` that says so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from polars.testing import assert_frame_equal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.report.blocks import Block


def assert_same(found: Sequence[Block], wanted: Sequence[Block]) -> None:
    assert len(found) == len(wanted)
    for one, other in zip(found, wanted, strict=True):
        assert list(one.frames) == list(other.frames)
        for name, table in other.frames.items():
            assert_frame_equal(one.frames[name].frame, table.frame)
            assert (one.frames[name].rows, one.frames[name].columns) == (table.rows, table.columns)
        assert replace(one, frames={}) == replace(other, frames={})
