"""What a Report promises of all it writes: one pseudonym for one value, and no word of redaction that is not so."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path

LINES = b'{"time": "2026-11-03T09:00:00Z", "level": "error", "msg": "no mail to ann.lee@shop.example"}'


def hidden(document: object) -> str:
    return next(word for word in str(document).split() if "@" in word)


def test_a_value_has_one_pseudonym_in_all_that_one_report_writes() -> None:
    report, other = (ln.Report("Mail", redact=True).add("sent to ann.lee@shop.example today") for _ in range(2))
    first = hidden(report.document().blocks[0].text)
    assert first == hidden(report.document().blocks[0].text)
    assert first != "ann.lee@shop.example"
    assert first != hidden(other.document().blocks[0].text), "its key is its own"


def test_what_is_added_to_a_redacted_report_ends_its_being_redacted(tmp_path: Path) -> None:
    ln.Report("Mail", redact=True).add(ln.read(LINES).facets("severity"), "as seen").save(tmp_path / "r.zip")
    report = ln.open_bundle(tmp_path / "r.zip").report
    assert report.document().redacted
    report.add("call ann.lee@shop.example")
    assert not report.document().redacted
    page = report.save(tmp_path / "r.html").read_text()
    assert "Not redacted" in page
    report.blocks.pop()
    assert report.document().redacted
    report.blocks[0] = replace(report.blocks[0], note="ann.lee@shop.example")
    assert not report.document().redacted


def test_rules_are_judged_when_they_are_given() -> None:
    with pytest.raises(ln.LognbError, match="emial"):
        ln.Report("x", redact=["emial"])


def test_a_window_in_which_clocks_were_set_says_so(tmp_path: Path) -> None:
    lines = b"\n".join(b'{"time": "2026-10-25T0%d:30:00Z", "msg": "a"}' % hour for hour in (0, 1))
    logs = ln.read(lines).between("2026-10-25T00:30Z", "2026-10-25T01:30Z")
    page = (
        ln.Report("Night", timezone="Europe/Berlin").add(logs.facets("severity")).save(tmp_path / "n.html").read_text()
    )
    assert "2026-10-25 02:30:00 +0200 – 02:30:00 +0100" in page
    assert page.count("+0200 – ") == 2, "in short and whole"
