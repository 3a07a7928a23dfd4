"""Tables of public projects: what each says must be what its other forms say, with exact counts."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from making import load

import lognb as ln
from lognb.loaders import Source

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.realworld

COLUMNS = {"time": "TimeUnixNano", "body": "Log", "trace_id": "TraceID", "span_id": "SpanID", "service_name": "PodName"}


def told(frame: pl.DataFrame) -> list[dict[str, Any]]:
    """Every column but the place of a record; JSON parsed, since the order of keys is nobody's promise."""
    objects = ("attributes", "resource", "scope_attributes")
    rows = frame.drop("record_id", "source", "source_position").to_dicts()
    rows = [{k: json.loads(v) if k in objects else v for k, v in row.items()} for row in rows]
    return sorted(rows, key=lambda r: (r["timestamp"], r["trace_id"] or "", r["span_id"] or "", r["body"]))


def test_81_logs_from_json_lines_protobuf_and_parquet_are_the_same_in_every_column(realworld: Path) -> None:
    lines = load((realworld / "otlp2parquet/logs.jsonl").read_bytes())[0]
    proto = load((realworld / "otlp2parquet/logs.pb").read_bytes())[0]
    table, report = load((realworld / "parquet-otlp2parquet/logs.parquet").read_bytes())
    assert len(lines) == len(proto) == len(table) == 81
    assert (report.files[0].framing, report.files[0].rejected) == ("otlp2parquet", 0)
    assert told(lines) == told(proto) == told(table)


def test_other_signals_as_parquet_are_told_apart(realworld: Path) -> None:
    for path in sorted((realworld / "otlp2parquet/parquet").glob("*.parquet")):
        frame, report = load(path.read_bytes())
        (file,) = report.files
        if path.name == "logs.parquet":
            assert len(frame) == 81
        elif path.name == "traces.parquet":
            assert (len(frame), file.rejected_records) == (0, 19)
        else:
            rows = pq.read_metadata(path).num_rows  # one of the files has none
            assert (len(frame), file.rejected, file.metrics) == (0, 0, rows), path.name


def test_an_incident_in_csv_by_columns_all_rows_and_every_trace_id_is_in_the_spans(realworld: Path) -> None:
    files = sorted((realworld / "nezha/log").glob("*.csv"))
    rows = [len(pl.read_csv(f, infer_schema=False)) for f in files]
    logs = ln.read(*files, columns=COLUMNS)
    assert [f.records for f in logs.load_report.files] == rows
    assert len(logs) == sum(rows) == 10_341
    assert all(f.rejected == 0 for f in logs.load_report.files)
    frame = logs.to_polars()
    assert frame["time"].null_count() == frame["trace_id"].null_count() == 0
    spans = pl.concat([pl.read_csv(f, infer_schema=False) for f in sorted((realworld / "nezha/trace").glob("*.csv"))])
    assert set(frame["trace_id"]) <= set(spans["TraceID"])
    raw = pl.concat([pl.read_csv(f, infer_schema=False) for f in files])
    assert sorted(frame["body"]) == sorted(raw["Log"])
    assert sorted(frame["time"].cast(pl.Int64)) == sorted(raw["TimeUnixNano"].cast(pl.Int64))
    assert frame["record_id"].n_unique() == 10_341


# file: (records, places rejected)
PLAIN = {
    "node-bunyan/test/corpus/all.log": (13, 5),
    "node-bunyan/test/corpus/bogus.log": (0, 2),
    "node-bunyan/test/corpus/simple.log": (1, 0),
    "node-bunyan/test/corpus/log1.log.gz": (4, 0),
    "hl-samples/sample/kitchen-sink.log": (23, 0),
    "hl-samples/src/index/testdata/mixed_valid_invalid.log": (2, 1),
    "hl-samples/src/index/testdata/pretty_json.log": (3, 0),
    "hl-samples/src/index/testdata/nested_json.jsonl": (0, 2),
    "axiom-cli/testdata/logs.csv.gz": (1000, 0),
    "axiom-cli/testdata/logs.ndjson.gz": (1000, 0),
    "axiom-cli/testdata/logs.json.gz": (1000, 0),
}


@pytest.mark.parametrize("name", PLAIN)
def test_logs_of_other_loggers_by_the_usual_names(realworld: Path, name: str) -> None:
    frame, report = load(Source(name, realworld / name))
    (file,) = report.files
    assert (file.records, file.rejected) == PLAIN[name], str(report)
    assert frame["time"].null_count() == 0
    if "bunyan" in name and len(frame):
        # 55 is a level that somebody made; the word stays as it was sent.
        odd = frame.filter(pl.col("severity") == "unspecified")["severity_text"].to_list()
        assert odd == (["55"] if name.endswith("all.log") else [])
        assert frame["service_name"].null_count() == 0


def test_one_access_log_from_csv_json_lines_and_an_array_is_the_same(realworld: Path) -> None:
    found = []
    for kind in ("csv", "ndjson", "json"):
        name = f"axiom-cli/testdata/logs.{kind}.gz"
        frame = load(Source(name, realworld / name))[0]
        rows = [{k: str(v) for k, v in json.loads(a).items() if v != ""} for a in frame["attributes"]]
        found.append((frame["time"].to_list(), rows))
    assert found[0] == found[1] == found[2]
