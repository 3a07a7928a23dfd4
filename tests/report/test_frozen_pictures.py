"""A picture in a report is of all rows, also where the report keeps the first of them only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("redact", [False, True])
def test_a_picture_of_more_rows_than_are_kept_reaches_to_the_end(shop: Path, *, redact: bool) -> None:
    report = ln.Report("x", redact=redact).add(ln.read(shop).volume(every="1s", by="service_name"))
    block = next(b for b in report.document().blocks if b.kind == "result")
    rows = block.frames["rows"]
    assert (rows.frame.height, rows.rows) == (1000, 1965)
    assert ">03:15<" in block.pictures["rows"]  # the thousandth row is of 03:12
