"""Payloads of public projects, with exact counts."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING

import polars as pl
import pytest
from making import check, load, unplaced
from polars.testing import assert_frame_equal

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.realworld


def test_the_same_81_logs_from_json_lines_and_protobuf(realworld: Path) -> None:
    lines = load((realworld / "otlp2parquet/logs.jsonl").read_bytes())[0]
    proto = load((realworld / "otlp2parquet/logs.pb").read_bytes())[0]
    assert len(lines) == len(proto) == 81
    assert lines["trace_id"].null_count() == proto["trace_id"].null_count() < 81
    assert lines["time"].null_count() == 0
    # The two files group resources and scopes in their own ways; what they hold is the same.
    keys = ["timestamp", "observed_timestamp", "trace_id", "span_id", "body", "attributes"]
    assert_frame_equal(unplaced(lines).sort(keys), unplaced(proto).sort(keys))


def test_elastic_loadgen(realworld: Path) -> None:
    data = (realworld / "elastic-loadgen/logs.jsonl").read_bytes()
    frame, report = load(data)
    check(data, frame, report)
    (file,) = report.files
    assert (file.records, file.rejected, file.without_time, file.out_of_order) == (1443, 0, 0, 143)
    assert frame["time"].null_count() == 0
    by_observed = frame.filter(pl.col("timestamp").is_null())
    assert len(by_observed) == 534
    assert by_observed["time"].equals(by_observed["observed_timestamp"])
    assert frame["service_name"].n_unique() == 8
    assert empty_trace_ids(data) == 92
    without = [r for r in raw_records(data) if not r.get("traceId")]
    assert frame["trace_id"].null_count() == len(without)


def raw_records(data: bytes) -> list[dict[str, object]]:
    return [
        record
        for line in data.splitlines()
        for r in json.loads(line)["resourceLogs"]
        for s in r["scopeLogs"]
        for record in s["logRecords"]
    ]


def empty_trace_ids(data: bytes) -> int:
    return sum(r.get("traceId") == "" for r in raw_records(data))


# file: (records, spans, metrics, [(line, part of the reason)], notes)
DUCKDB_OTLP = {
    "empty.jsonl": (0, 0, 0, [], {}),
    "whitespace.jsonl": (0, 0, 0, [], {}),
    "logs_document.json": (1, 0, 0, [], {}),
    "logs_nulls.jsonl": (3, 0, 0, [], {}),
    "logs_simple.jsonl": (3, 0, 0, [], {}),
    "malformed.jsonl": (
        0, 1, 0,
        [(1, "it has 'invalid'"), (2, "no valid JSON"), (4, "brackets")],
        {
            "span id of wrong length or alphabet, taken as absent": 1,
            "trace id of wrong length or alphabet, taken as absent": 1,
        },
    ),
    "multifile_malformed_traces.jsonl": (
        0, 0, 0,
        [(1, "brackets")],
        {"resource or scope that could not be read, taken as empty": 1},
    ),
    "multifile_valid_traces.jsonl": (0, 1, 0, [], {}),
    "otlp_logs.pb": (1, 0, 0, [], {}),
    "otlp_metrics.pb": (0, 0, 1, [], {}),
    "otlp_traces.pb": (0, 1, 0, [], {}),
    "single_trace.jsonl": (0, 1, 0, [], {}),
    "traces_deep_nesting.jsonl": (0, 1, 0, [], {}),
    "traces_large_attrs.jsonl": (0, 1, 0, [], {}),
    "traces_nulls.jsonl": (0, 3, 0, [], {}),
    "traces_simple.jsonl": (0, 3, 0, [], {}),
    "ts_boundary_logs.jsonl": (1, 0, 0, [], {}),
    "ts_overflow_logs.jsonl": (1, 0, 0, [], {"time outside int64, taken as absent": 1}),
    "otap/logs-initial.otlp": (3, 0, 0, [], {}),
    "otap/metrics-initial.otlp": (0, 0, 5, [], {}),
    "otap/traces-initial.otlp": (0, 1, 0, [], {}),
    "otap/logs-initial.bar": (0, 0, 0, [(1, "OpenTelemetry Arrow")], {}),
    "otap/logs-zstd.bar": (0, 0, 0, [(1, "OpenTelemetry Arrow")], {}),
    "otap/traces-initial.bar": (0, 0, 0, [(1, "OpenTelemetry Arrow")], {}),
}  # fmt: skip


@pytest.mark.parametrize("name", DUCKDB_OTLP)
def test_duckdb_otlp(realworld: Path, name: str) -> None:
    records, spans, metrics, rejected, notes = DUCKDB_OTLP[name]
    data = (realworld / "duckdb-otlp" / name).read_bytes()
    frame, report = load(data)
    check(data, frame, report)
    (file,) = report.files
    assert (file.records, file.spans, file.metrics) == (records, spans, metrics), str(report)
    assert [r.position for r in file.rejections] == [line for line, _ in rejected]
    assert all(words in r.reason for (_, words), r in zip(rejected, file.rejections, strict=True)), str(report)
    assert file.notes == notes


def test_nulls_and_overflow_as_the_rules_say(realworld: Path) -> None:
    folder = realworld / "duckdb-otlp"
    nulls = load((folder / "logs_nulls.jsonl").read_bytes())[0]
    assert nulls["body"].to_list() == ["minimal log", "no trace context", None]
    assert nulls["severity"].to_list() == ["info", "unspecified", "info"]
    assert nulls["service_name"].to_list() == [None] * 3
    over = load((folder / "ts_overflow_logs.jsonl").read_bytes())[0]
    assert over["timestamp"].null_count() == 1


def test_json_test_suite(realworld: Path) -> None:
    """What a parser must accept, must refuse, or may do either: none of it is OTLP, none of it breaks the reader."""
    files = [f for f in sorted((realworld / "jsontestsuite").rglob("*")) if f.is_file()]
    assert len(files) > 300
    for file in files:
        for data in (
            file.read_bytes(),
            b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + file.read_bytes() + b"}]}]}]}\n",
        ):
            started = time.perf_counter()
            frame, report = load(data)
            assert time.perf_counter() - started < 5, file.name
            check(data, frame, report)
            assert report.files[0].records or "nothing loaded" in report.files[0].outcome


@pytest.mark.parametrize(
    "folder",
    [
        "otlp-proto-examples",
        "otlp-lnav",
        "otlp-highlight",
        "gcp-otel-exporter",
        "otlp2parquet",
        "parquet-otlp2parquet",
        "axiom-cli",
        "hl-samples",
        "node-bunyan",
    ],
)
def test_every_file_of_a_folder_is_accounted_for(realworld: Path, folder: str) -> None:
    for file in sorted((realworld / folder).rglob("*")):
        if file.is_file() and file.stat().st_size < 20_000_000:
            data = file.read_bytes()
            frame, report = load(data)
            if not report.files[0].compression:
                check(data, frame, report)
