"""Spans as tests write them: a few fields, the rest as if it had never been sent."""

from __future__ import annotations

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
        "resource": span.resource, "attributes": "{}", "events": "[]", "links": "[]", "source": "a",
    }  # fmt: skip
