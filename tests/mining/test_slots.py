"""What stands in the slots: kinds, values, numbers; and the expressions that a template becomes."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lognb import _regex
from lognb.mining.slots import fill
from lognb.mining.texts import searched

KINDS = {
    "int": ["17", "-3", "0"],
    "number": ["1.5", "2", "1e9"],
    "percent": ["17%", "3.5 %"],
    "ip": ["10.0.0.7", "10.0.0.7:8080", "fe80::1:2:3", "10.0.0.0/8"],
    "uuid": ["3f2a0000-1111-2222-3333-444455556666"],
    "time": ["2026-11-03T09:00:00Z", "09:15", "2026/11/03 09:00:00,123"],
    "duration": ["17ms", "1.5 s", "1h30m"],
    "size": ["17 MB", "9KiB"],
    "version": ["1.21.4", "v2.0.1-rc1"],
    "hex": ["0x1f", "deadbeef7"],
    "url": ["https://a.b/c?d=1"],
    "email": ["ann@shop.example"],
    "path": ["/var/log/x", "C:\\temp\\x", "a/b/c"],
    "id": ["u-17", "job_9:x"],
    "word": ["ann", "résumé"],
    "text": ["two words", ""],
}


@pytest.mark.parametrize(("kind", "values"), KINDS.items(), ids=list(KINDS))
def test_kind(kind: str, values: list[str]) -> None:
    (slot,) = fill("said <*> now", pl.Series([f"said {value} now" for value in values])).slots
    assert slot["kind"] == kind


def test_few_values_are_shown_and_many_are_counted() -> None:
    lines = pl.Series([f"answered {status} in {ms} ms" for ms in range(100) for status in (500, 200)])
    filled = fill("answered <*> in <*> ms", lines)
    assert filled.text == "answered {200|500} in <int> ms"
    assert filled.fitting == 200
    status, ms = filled.slots
    assert status["top"] == [{"value": "200", "records": 100}, {"value": "500", "records": 100}]
    assert (ms["values"], ms["min"], ms["median"], ms["p99"]) == (100, 0, 49, 98)
    assert len(ms["top"]) == 5


def test_a_few_records_do_not_tell_that_a_slot_never_varies() -> None:
    assert fill("took <*> ms", pl.Series(["took 7 ms"] * 4)).text == "took <int> ms"
    assert fill("took <*> ms", pl.Series(["took 7 ms"] * 5)).text == "took {7} ms"


def test_what_does_not_fit_is_counted_out() -> None:
    filled = fill("took <*> ms", pl.Series(["took 7 ms", "else"]))
    assert (filled.fitting, filled.slots[0]["values"]) == (1, 1)
    assert fill("a <*>", pl.Series([], dtype=pl.String)).slots == []


@settings(max_examples=200, deadline=None)
@given(parts=st.lists(st.text(max_size=8), min_size=2, max_size=5), value=st.text(min_size=1, max_size=5))
def test_an_expression_finds_what_its_template_was_made_of(parts: list[str], value: str) -> None:
    template = " ".join("<*>".join(parts).split())
    body = template.replace("<*>", value)
    found = searched(template)
    assert found is not None
    assert _regex.fault(found) is None, found
    assert pl.Series([body]).str.contains(f"(?i){found}").item()
