"""A labelled incident of a public data set: Nezha's TrainTicket of 29 January 2023 (github.com/IntelligentDDS/Nezha).

A fault makes one method of one service return the wrong thing. No span says so, and nothing takes longer; what tells
is that the records of that service are errors in every trace that meets it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.analyses.clock import skew

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.realworld

NORMAL = "normal_08_50"


@pytest.fixture(scope="module")
def folder(realworld: Path) -> Path:
    return realworld / "nezha"


@pytest.fixture(scope="module")
def incident(folder: Path) -> ln.Logs:
    """Its records, with the level that stands in each line, and its spans as OTLP."""
    records = pl.concat([pl.read_csv(f, infer_schema=False) for f in sorted((folder / "log").glob("*.csv"))])
    level = pl.col("Log").str.json_path_match("$.log").str.extract(r"^\S+ (TRACE|DEBUG|INFO|WARN|ERROR) ")
    records = records.with_columns(service=_service("PodName"), level=level)
    columns = {
        "timestamp": "TimeUnixNano", "body": "Log", "trace_id": "TraceID", "span_id": "SpanID",
        "service_name": "service", "severity_text": "level",
    }  # fmt: skip
    return ln.read(records, _otlp(spans_of(folder)), columns=columns, progress=False)


def spans_of(folder: Path) -> pl.DataFrame:
    """The spans as the files have them, with `file` and `service`."""
    frames = [
        pl.read_csv(f, infer_schema=False).with_columns(file=pl.lit(f.name.removesuffix("_trace.csv")))
        for f in sorted((folder / "trace").glob("*.csv"))
    ]
    return pl.concat(frames).with_columns(service=_service("PodName"))


def _service(pod: str) -> pl.Expr:
    """A pod's name without the hashes of its deployment."""
    return pl.col(pod).str.extract(r"^(.*-service)-")


def _otlp(spans: pl.DataFrame) -> bytes:
    lines = []
    for (service,), group in spans.group_by("service", maintain_order=True):
        told = [
            {
                "traceId": row["TraceID"], "spanId": row["SpanID"], "name": row["OperationName"],
                "parentSpanId": "" if row["ParentID"] == "root" else row["ParentID"],
                "startTimeUnixNano": row["StartTimeUnixNano"], "endTimeUnixNano": row["EndTimeUnixNano"],
            }
            for row in group.iter_rows(named=True)
        ]  # fmt: skip
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
        lines.append(json.dumps({"resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": told}]}]}))
    return "\n".join(lines).encode()


def window(folder: Path, file: str) -> tuple[datetime, datetime]:
    """From the first to the last start of a root of one file."""
    roots = spans_of(folder).filter(pl.col("file") == file, pl.col("ParentID") == "root")
    starts = roots["StartTimeUnixNano"].cast(pl.Int64)
    first, last = (datetime.fromtimestamp(int(t) / 1e9, UTC) for t in (starts.min(), starts.max()))  # type: ignore[arg-type]
    return first, last + timedelta(milliseconds=1)


def faults(folder: Path) -> list[tuple[datetime, str]]:
    """When a fault began, and the service that has it."""
    listed: dict[str, list[dict[str, Any]]] = json.loads((folder / "2023-01-29-fault_list.json").read_text())
    found = [fault for hour in listed.values() for fault in hour]
    pods = pl.DataFrame({"pod": [f["inject_pod"] for f in found]}).select(_service("pod")).to_series()
    return [(datetime.fromisoformat(f"{f['inject_time']}+00:00"), p) for f, p in zip(found, pods, strict=True)]


def test_records_and_spans_join_completely(incident: ln.Logs, folder: Path) -> None:
    frame = incident.to_polars(["trace_id", "span_id"])
    spans = incident.spans
    assert len(frame) == 10_341
    assert len(spans) == 19_350
    assert frame["trace_id"].null_count() == 0
    assert set(frame["trace_id"]) <= set(spans["trace_id"])
    traces = incident.traces().frame
    assert len(traces) == spans["trace_id"].n_unique() == 240
    assert traces["records"].sum() == 10_341
    assert traces["missing_parents"].sum() == 0
    assert traces["duration_ns"].null_count() == 0
    assert set(traces["root_service"]) == {"ts-gateway-service"}


def test_the_faulty_service_stands_out_in_every_minute_in_which_it_is_met(incident: ln.Logs, folder: Path) -> None:
    calm = incident.between(*window(folder, NORMAL))
    seen = []
    for file in sorted(set(spans_of(folder)["file"]) - {NORMAL}):
        since, until = window(folder, file)
        met = [
            (began, service)
            for began, service in faults(folder)
            # A fault of this data set lasts until the next is begun; after three minutes it is called off.
            if began < until and since < began + timedelta(minutes=3)
        ]
        assert len(met) == 1, "each of these minutes has one fault"
        began, service = met[0]
        minute = incident.between(max(since, began), until)
        result = minute.traces(by="service", baseline=calm)
        if until - began < timedelta(seconds=10):
            # The fault has four seconds of this minute; in them one request meets the service, and is still answered.
            calls = result.frame.filter(service_name=service).select("traces", "failed_traces").rows()
            assert (file, calls) == ("08_43", [(1, 0)])
            assert result.sentence.startswith("nothing fails more often")
            continue
        seen.append(file)
        best = result.frame.row(0, named=True)
        assert best["service_name"] == service
        assert best["failed_traces"] == best["traces"]
        assert best["failed_traces_before"] == 0
        assert (result.frame["failing_more"] > 0).sum() == 1, "and no other does"
        assert result.sentence.startswith(
            f"{service} fails in {best['traces']} of {best['traces']} traces, before in 0"
        )
    assert seen == ["08_44", "08_45"]


def test_without_a_fault_nothing_fails_more_often(incident: ln.Logs, folder: Path) -> None:
    since, until = window(folder, NORMAL)
    middle = since + (until - since) / 2
    halves = incident.between(since, middle), incident.between(middle, until)
    for now, before in (halves, halves[::-1]):
        assert (now.traces(by="service", baseline=before).frame["failing_more"] == 0).all()


def test_the_clocks_of_its_nodes_are_some_ms_apart(incident: ln.Logs) -> None:
    frame = skew(incident.spans)
    assert frame["pairs"].sum() > 1_000
    many = frame.filter(pl.col("pairs") >= 20)
    assert (many["agree"] > many["pairs"] / 2).all()
    assert not frame.filter(2 * pl.col("agree") <= pl.col("pairs"))["proven"].any()
    assert frame["low_ns"].max() < 5_000_000  # type: ignore[operator]
    assert frame["high_ns"].min() > -5_000_000  # type: ignore[operator]
