"""Spans as tests write them: a few fields, the rest as if it had never been sent."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from lognb.schema import SPAN

if TYPE_CHECKING:
    from collections.abc import Sequence

NINE = 1_793_696_400_000_000_000  # 2026-11-03T09:00:00Z
MS = 1_000_000


@dataclass
class Span:
    """One span; times are ms after nine."""

    id: str | None
    parent: str | None
    start: float | None
    end: float | None
    service: str | None = "a"
    kind: str = "internal"
    status: str = "unset"
    trace: str | None = "t"
    name: str = "work"
    session: str | None = None
    resource: str = "{}"
    links: str = "[]"


def frame(spans: Sequence[Span]) -> pl.DataFrame:
    rows = [_row(span) for span in spans]
    data = {name: [row.get(name) for row in rows] for name in SPAN}
    kinds = {name: pl.Int64() if isinstance(kind, pl.Datetime) else kind for name, kind in SPAN.items()}
    return pl.DataFrame(data, schema=kinds).cast(SPAN)  # type: ignore[arg-type]


def _row(span: Span) -> dict[str, Any]:
    start, end = (None if t is None else NINE + round(t * MS) for t in (span.start, span.end))
    return {
        "trace_id": span.trace, "span_id": span.id, "parent_span_id": span.parent, "name": span.name,
        "kind": span.kind, "start": start, "end": end, "service_name": span.service, "status_code": span.status,
        "duration_ns": None if start is None or end is None else end - start, "session_id": span.session,
        "resource": span.resource, "attributes": "{}", "events": "[]", "links": span.links, "source": "a",
    }  # fmt: skip


KINDS = {"internal": 1, "server": 2, "client": 3, "producer": 4, "consumer": 5}


def dump(spans: Sequence[Span], records: Sequence[tuple[str, str, float, str]] = ()) -> bytes:
    """OTLP JSON lines of spans, and of records as (service, trace, seconds, severity)."""
    lines = [
        {"resourceSpans": [{**_resource(s.service), "scopeSpans": [{"spans": [_span(s)]}]}]}
        for s in spans
    ]  # fmt: skip
    for service, trace, seconds, severity in records:
        record = {
            "timeUnixNano": str(NINE + round(seconds * 1e9)), "traceId": trace, "body": {"stringValue": "said"},
            "severityNumber": {"info": 9, "error": 17}[severity],
        }  # fmt: skip
        lines.append({"resourceLogs": [{**_resource(service), "scopeLogs": [{"logRecords": [record]}]}]})
    return "\n".join(map(json.dumps, lines)).encode()


def _resource(service: str | None) -> dict[str, Any]:
    attributes = [] if service is None else [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": attributes}}


def _span(span: Span) -> dict[str, Any]:
    times = {"startTimeUnixNano": span.start, "endTimeUnixNano": span.end}
    return {
        "traceId": span.trace, "spanId": span.id, "parentSpanId": span.parent or "", "name": span.name,
        "kind": KINDS[span.kind], "status": {"code": 2} if span.status == "error" else {},
        "links": json.loads(span.links),
        "attributes": [] if span.session is None else [{"key": "session.id", "value": {"stringValue": span.session}}],
        **{name: str(NINE + round(t * MS)) for name, t in times.items() if t is not None},
    }  # fmt: skip
