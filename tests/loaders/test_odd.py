"""OTLP that is old, bare or wrapped loads, and says so; what only looks like it is refused by its name."""

from __future__ import annotations

import json
import struct
from typing import Any

import polars as pl
import pytest
from making import as_json, be32, check, json_line, load, request, requests, unplaced
from polars.testing import assert_frame_equal

import lognb as ln

REQUEST = request(5)
DOCUMENT = as_json(REQUEST)
PLAIN = unplaced(load(json_line(REQUEST))[0])


def old_logs(low: str) -> dict[str, Any]:
    """The same as before 0.15: instrumentation libraries; before 0.13 their records were `logs`."""
    out = json.loads(json.dumps(DOCUMENT))
    for r in out["resourceLogs"]:
        r["instrumentationLibraryLogs"] = [
            {"instrumentationLibrary": s["scope"], low: s["logRecords"]} for s in r.pop("scopeLogs")
        ]
    return out


RESOURCES = DOCUMENT["resourceLogs"]
TWO = [json.dumps(as_json(r)) for r in requests(2, 3)]
TWO_PLAIN = unplaced(load("\n".join(TWO).encode())[0])
OLD = {
    "libraries": json.dumps(old_logs("logRecords")),
    "libraries with logs": json.dumps(old_logs("logs")),
    "snake_case": json.dumps({
        "resource_logs": [
            {
                "resource": r["resource"],
                "instrumentation_library_logs": [
                    {"instrumentation_library": s["scope"], "logs": s["logRecords"]} for s in r["scopeLogs"]
                ],
            }
            for r in RESOURCES
        ]
    }),
    "without the request": json.dumps(RESOURCES[0]),
    "an array of resources": json.dumps(RESOURCES),
    "in an object": json.dumps({"kind": "export", "payload": {"request": DOCUMENT}}),
    "in a list in an object": json.dumps({"messages": [{"id": 1, "value": DOCUMENT}]}),
    "as text": json.dumps(json.dumps(DOCUMENT)),
    "as text in an object": json.dumps({"offset": 17, "value": json.dumps(DOCUMENT)}),
}  # fmt: skip


@pytest.mark.parametrize("name", OLD)
def test_old_bare_and_wrapped_forms_load_equal(name: str) -> None:
    frame, report = load(OLD[name].encode())
    check(OLD[name].encode(), frame, report)
    assert_frame_equal(unplaced(frame), PLAIN)


@pytest.mark.parametrize("form", ["end to end", "array of texts", "lines of texts", "resources end to end"])
def test_several_of_them(form: str) -> None:
    data = {
        "end to end": "".join(json.dumps({"r": t}) for t in TWO),
        "array of texts": json.dumps(TWO),
        "lines of texts": "\n".join(map(json.dumps, TWO)),
        "resources end to end": "".join(json.dumps(r) for t in TWO for r in json.loads(t)["resourceLogs"]),
    }[form].encode()
    frame, report = load(data)
    check(data, frame, report)
    assert_frame_equal(unplaced(frame), TWO_PLAIN)
    assert frame["record_id"].n_unique() == 6


def test_what_was_unusual_is_counted() -> None:
    notes = {name: load(OLD[name].encode())[1].files[0].notes for name in OLD}
    assert notes["without the request"] == {"resources without a request around them": 1}
    assert notes["in an object"] == {"requests inside another JSON document": 1}
    assert notes["as text"] == {"documents that stood as text inside JSON": 1}


def test_single_records_and_spans() -> None:
    records = [r for s in RESOURCES[0]["scopeLogs"] for r in s["logRecords"]]
    span = {"traceId": "0" * 31 + "1", "spanId": "0" * 15 + "2", "name": "GET /", "startTimeUnixNano": "5"}
    frame, report = load("\n".join(map(json.dumps, [*records, span])).encode())
    assert frame["body"].equals(PLAIN["body"])
    assert frame["service_name"].null_count() == len(records)
    assert (report.records, report.spans) == (5, 1)


def test_the_name_of_an_old_record_is_its_event_name() -> None:
    record = {"timeUnixNano": "1700000000000000000", "name": "checkout.failed", "body": {"stringValue": "x"}}
    by_json, _ = load(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]}).encode())

    def field(number: int, data: bytes) -> bytes:
        return bytes([number << 3 | 2, len(data)]) + data

    time = struct.pack("<Q", 1_700_000_000_000_000_000)
    item = b"\x09" + time + field(4, b"checkout.failed") + field(5, field(1, b"x"))
    by_wire, report = load(be32([field(1, field(2, field(2, item)))] * 2))
    assert report.records == 2
    assert by_json["event_name"].to_list() == ["checkout.failed"]
    assert by_wire["event_name"].to_list() == ["checkout.failed"] * 2


JS = """{
  resource: { attributes: { 'service.name': 'front' } },
  instrumentationScope: { name: 'app', version: undefined },
  timestamp: 1700000000000000,
  traceId: undefined,
  severityText: 'INFO',
  body: 'started'
}
"""
LOOK_ALIKES = {
    "JavaScript's console exporter": (JS * 3, "JavaScript SDK's console exporter"),
    "its spans": (
        "{\n  traceId: 'aa',\n  name: 'GET',\n  hrTime: [ 1700, 5 ]\n}\n",
        "JavaScript SDK's console exporter",
    ),
    "the same as JSON": ('{"hrTime":[1700,5],"body":"x"}\n', "JavaScript SDK's console exporter"),
    "plain text": ("2026-11-03 09:00:00 INFO started\n" * 5, "plain text, not OTLP; it starts with '2026-11-03"),
    "Arrow": (b"ARROW1\0\0....", "Arrow IPC (Feather) file; open it with Polars"),
    "zip": (b"PK\x03\x04abc", "a zip archive; unpack it"),
    "xz": (b"\xfd7zXZ\0abc", "compressed with xz"),
    "Loki": ('{"streams":[{"stream":{},"values":[["1","x"]]}]}', "a push to Loki"),
    "noise": (bytes(range(128, 256)) * 9, "binary data that is no OTLP protobuf"),
}


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_look_alikes_are_refused_by_name(name: str) -> None:
    data, words = LOOK_ALIKES[name]
    raw = data.encode() if isinstance(data, str) else data
    frame, report = load(raw)
    check(raw, frame, report)
    assert len(frame) == 0
    assert words in report.files[0].rejections[0].reason
    with pytest.raises(ln.SourceError, match="no log record and no span"):
        ln.read(raw)


@pytest.mark.realworld
def test_arrow_batches_are_refused_by_name(realworld: Any) -> None:
    files = sorted((realworld / "duckdb-otlp/otap").glob("*.bar"))
    assert len(files) == 5
    for file in files:
        assert "OpenTelemetry Arrow" in load(file.read_bytes())[1].files[0].rejections[0].reason


def test_a_document_of_its_own_kind_between_ours_costs_itself() -> None:
    frame, report = load("\n".join([TWO[0], '{"level":30}', TWO[1]]).encode())
    assert_frame_equal(unplaced(frame), TWO_PLAIN)
    assert [r.position for r in report.files[0].rejections] == [2]
    assert isinstance(frame, pl.DataFrame)


def test_both_spellings_of_a_list_are_two_halves_of_it() -> None:
    one, two = (json.loads(t)["resourceLogs"] for t in TWO)
    frame, _ = load(json.dumps({"resourceLogs": one, "resource_logs": two}).encode())
    assert_frame_equal(unplaced(frame), TWO_PLAIN)
    scope = {"logRecords": one[0]["scopeLogs"][0]["logRecords"], "log_records": two[0]["scopeLogs"][0]["logRecords"]}
    frame, _ = load(json.dumps({"resourceLogs": [{"scopeLogs": [scope]}]}).encode())
    assert len(frame) == sum(map(len, scope.values()))


def test_a_request_beside_a_request_loads_too() -> None:
    one, two = map(json.loads, TWO)
    frame, report = load(json.dumps({**one, "extra": {"more": two}, "new": 1}).encode())
    assert_frame_equal(unplaced(frame), TWO_PLAIN)
    assert report.files[0].notes == {"requests inside another JSON document": 1}
