"""A labelled incident of a public data set: TrainTicket of 29 January 2023, in github.com/IntelligentDDS/Nezha."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path

NORMAL = "normal_08_50"
"""The minute without a fault."""


def read(folder: Path) -> ln.Logs:
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


def minutes(folder: Path) -> list[tuple[str, datetime, datetime, str]]:
    """The files of fault minutes: name, from when (the fault or the minute, what is later) until when, and whose fault.

    A fault of this data set lasts until the next is begun; after three minutes it is called off.
    """
    found = []
    for file in sorted(set(spans_of(folder)["file"]) - {NORMAL}):
        since, until = window(folder, file)
        met = [(b, service) for b, service in faults(folder) if b < until and since < b + timedelta(minutes=3)]
        assert len(met) == 1, "each of these minutes has one fault"
        began, service = met[0]
        found.append((file, max(since, began), until, service))
    return found
