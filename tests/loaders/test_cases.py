"""Behaviours as data: tests/cases/loaders*.toml. A case that does not name a note or a rejection must have none."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from making import check, load, spans, unplaced

CASES = [
    case
    for file in sorted((Path(__file__).parents[1] / "cases").glob("loaders*.toml"))
    for case in tomllib.loads(file.read_text(encoding="utf-8"))["case"]
]


def stream(case: dict[str, Any]) -> bytes:
    """`hex`, `text` with its abbreviations written out, or one `record` or its `attributes` in an OTLP JSON request."""
    if "hex" in case:
        return bytes.fromhex(case["hex"])
    if "attributes" in case:
        case = {
            "record": f'{{"timeUnixNano":"1","attributes":{case["attributes"]}}}',
            "resource": case.get("resource", ""),
        }
    if "record" in case:
        resource = f'"resource":{case["resource"]},' if case.get("resource") else ""
        case = {"text": f'{{"resourceLogs":[{{{resource}"scopeLogs":[{{"logRecords":[{case["record"]}]}}]}}]}}'}
    return SHORT.sub(lambda m: REQUEST[m[1]].replace("?", m[2]), str(case["text"])).encode()


# «log a», «span a», «metric a»: a request with one of them.
SHORT = re.compile("«(log|span|metric) ([^»]*)»")
REQUEST = {
    "log": '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"?"}}]}]}]}',
    "span": '{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"?"}]}]}]}',
    "metric": '{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"?"}]}]}]}',
}


def rows(frame: pl.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    times = [n for n in columns if isinstance(frame.schema[n], pl.Datetime)]
    return frame.select(columns).with_columns(pl.col(times).cast(pl.Int64)).to_dicts()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_case(case: dict[str, Any]) -> None:
    data = stream(case)
    frame, report = load(data, **case.get("options", {}))
    check(data, frame, report)
    (file,) = report.files
    expected = case.get("expect", [])
    assert len(frame) == case.get("records", len(expected)), str(report)
    for i, want in enumerate(expected):
        # TOML has no null: "<null>" stands for it.
        have = rows(frame[i : i + 1], list(want))[0]
        assert have == {k: None if v == "<null>" else v for k, v in want.items()}
    if "spans" in case:
        found = rows(spans(data), list(case["spans"][0]))
        assert found == [{k: None if v == "<null>" else v for k, v in want.items()} for want in case["spans"]]
    assert file.spans == len(case.get("spans", []))
    assert file.metrics == case.get("metrics", 0)
    for name in ("format", "framing", "compression"):
        assert getattr(file, name) == case.get(name, getattr(file, name))
    _same_counts(file.notes, case.get("notes", {}))
    have = [(r.position, r.records, r.reason) for r in file.rejections]
    wanted = case.get("rejected", [])
    assert len(have) == len(wanted), have
    for (position, records, reason), want in zip(have, wanted, strict=True):
        assert position == want["position"]
        assert records == want.get("records")
        assert want["reason"] in reason


def _same_counts(notes: dict[str, int], wanted: dict[str, int]) -> None:
    """Each wanted note is the beginning of one note, with its count; there are no others."""
    left = dict(notes)
    for words, n in wanted.items():
        found = [note for note in left if note.startswith(words)]
        assert len(found) == 1, (words, notes)
        assert left.pop(found[0]) == n, (words, notes)
    assert not left


ROADS = [case for case in CASES if not case.get("rejected") and "hex" not in case and "text" not in case]


@pytest.mark.parametrize("case", ROADS, ids=lambda case: case["name"])
def test_the_lenient_road_reads_the_same(case: dict[str, Any]) -> None:
    """A key that OTLP does not have sends the document down the road of odd spellings; its records stay the same."""
    data = stream(case)
    assert data.startswith(b'{"resourceLogs"')
    fast, slow = load(data), load(b'{"oddKey":1,' + data[1:])
    assert unplaced(fast[0]).equals(unplaced(slow[0]))
    odd = "keys that the schema does not know"
    assert {k: v for k, v in fast[1].files[0].notes.items() if not k.startswith(odd)} == {
        k: v for k, v in slow[1].files[0].notes.items() if not k.startswith(odd)
    }
