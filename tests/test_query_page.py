"""docs/query.md: every example of the language runs on the sample and lets through as many records as the page says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lognb as ln
from lognb._clauses import OPS
from lognb.schema import FIELD_UNITS, UNITS

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (Path(__file__).resolve().parents[1] / "docs" / "query.md").read_text(encoding="utf-8")


def examples() -> Iterator[tuple[str, int]]:
    for block in re.findall(r"^```query\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            text, _, number = line.rpartition("  # ")
            yield text.strip(), int(number.replace(",", ""))


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop, progress=False)


@pytest.mark.parametrize(("text", "records"), list(examples()))
def test_an_example_lets_through_what_the_page_says(logs: ln.Logs, text: str, records: int) -> None:
    assert len(logs.where(text)) == records


def test_the_page_speaks_of_every_operator_and_unit() -> None:
    used = {c.op for text, _ in examples() for c in ln.Query.parse(text).leaves()}
    assert {*OPS, "in", "exists"} - used <= {"<="}  # >= stands for it
    words = set(re.findall(r"[\w.]+", PAGE))
    assert {*FIELD_UNITS} - words == set()
    assert {u for units in UNITS.values() for u in units if u.isascii()} - words <= {"KB"}
