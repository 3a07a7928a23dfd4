"""Traces as rows, the services their time goes to, and who stands out against an earlier time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from spanning import MS, Span, dump

import lognb as ln
from lognb.analyses.traces import _wilson
from lognb.engines.base import OPERATIONS, TRACES
from lognb.errors import QueryError

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '<img src=x onerror="alert(1)">\u202e\x1b[2J'


def minute(at: int, failing: int = 0, slow: float = 1.0) -> tuple[list[Span], list[tuple[str, str, float, str]]]:
    """Ten requests a → b in a minute: so many fail in b, which only a record says, and b takes `slow` × 40 ms."""
    spans, records = [], []
    for i in range(10):
        trace, start = f"{at * 100 + i + 1:032x}", at * 60_000 + i * 5_000
        spans.append(Span(f"{1:016x}", None, start, start + 60 + 40 * slow, "a", "client", trace=trace, name="GET"))
        spans.append(Span(f"{2:016x}", f"{1:016x}", start + 20, start + 20 + 40 * slow, "b", "server", trace=trace))
        records.append(("b", trace, (start + 30) / 1e3, "error" if i < failing else "info"))
    return spans, records


@pytest.fixture(scope="module")
def minutes() -> ln.Logs:
    """Nine o'clock is as always, then seven of ten fail, then it is slow."""
    parts = [minute(0), minute(1, failing=7), minute(2, slow=5)]
    return ln.read(dump([s for p in parts for s in p[0]], [r for p in parts for r in p[1]]), progress=False)


def test_columns_are_what_the_docstring_tables(minutes: ln.Logs) -> None:
    assert minutes.traces().frame.schema == TRACES
    assert minutes.where("nothing").traces().frame.schema == TRACES
    numbers = {c: t for c, t in OPERATIONS.items() if c not in ("name", "kind", "p50_ns", "p95_ns")}
    each = {"self_per_trace_ns": pl.Int64(), "p50_ns": pl.Int64(), "p95_ns": pl.Int64()}
    assert minutes.traces(by="service").frame.schema == numbers | each
    operation = minutes.traces(by="operation", baseline=minutes).frame
    assert operation.columns[:3] == ["service_name", "name", "kind"]
    before = {
        "traces_before": pl.UInt64(), "failed_traces_before": pl.UInt64(), "self_per_trace_before_ns": pl.Int64(),
        "failing_more": pl.Float64(), "slower": pl.Float64(),
    }  # fmt: skip
    assert dict(list(operation.schema.items())[-5:]) == before


def test_a_row_a_trace(minutes: ln.Logs) -> None:
    result = minutes.traces()
    assert len(result.frame) == 30
    first = result.frame.row(0, named=True)
    assert (first["root_service"], first["root"], first["duration_ns"]) == ("a", "GET", 260 * MS)
    assert (first["spans"], first["services"], first["records"]) == (2, 2, 1)
    told = "30 traces; 7 with errors; half take 100 ms or less, the longest 260 ms (a GET)"
    assert result.sentence == told
    assert minutes.where("severity=error").traces().frame["trace_id"].n_unique() == 7
    assert minutes.between("09:01", "09:02").traces().frame["error_records"].sum() == 7
    assert "<svg" in result._repr_mimebundle_()["text/html"]


def test_a_row_a_service(minutes: ln.Logs) -> None:
    a, b = minutes.traces(by="service").frame.sort("service_name").rows(named=True)
    assert (a["traces"], a["spans"], a["failed_traces"], b["failed_traces"]) == (30, 30, 0, 7)
    assert (a["self_ns"], a["gap_ns"], b["self_ns"], b["gap_ns"]) == (1800 * MS, 1800 * MS, 2800 * MS, 0)
    assert (b["self_per_trace_ns"], b["p50_ns"], b["p95_ns"]) == (2800 * MS // 30, 40 * MS, 200 * MS)
    assert minutes.traces(by="service").sentence == "most own time: b with 2.8 s; b fails in 7 of 30 traces"


def test_who_stands_out(minutes: ln.Logs) -> None:
    calm, failing, slow = (minutes.between(f"09:0{i}", f"09:0{i + 1}") for i in range(3))
    result = failing.traces(by="service", baseline=calm)
    assert result.sentence == "b fails in 7 of 10 traces, before in 0 of 10"
    assert result.frame["service_name"].to_list() == ["b", "a"]
    assert result.frame["failing_more"].to_list() == [pytest.approx(0.397 - 0.278, abs=0.001), 0]
    told = "nothing fails more often; b work takes 5 times its time: 40 ms → 200 ms a trace"
    assert slow.traces(by="operation", baseline=calm).sentence == told
    assert calm.traces(by="service", baseline=calm).sentence == "nothing fails more often or takes longer than before"
    nothing = failing.traces(by="service", baseline=minutes.where("nothing"))
    assert nothing.sentence == "b fails in 7 of 10 traces, and was not there before"
    assert "<svg" in result._repr_mimebundle_()["text/html"]


def test_a_service_that_sends_records_and_no_spans_can_be_the_one_that_fails(minutes: ln.Logs) -> None:
    spans, records = minute(0)
    silent = [("c", trace, seconds, "error") for _, trace, seconds, _ in records]
    logs = ln.read(dump(spans, [*records, *silent]), progress=False)
    row = logs.traces(by="service").frame.filter(service_name="c").row(0, named=True)
    assert (row["traces"], row["spans"], row["failed_traces"], row["self_ns"]) == (10, 0, 10, 0)
    told = logs.traces(by="service", baseline=minutes.where("severity=info")).sentence
    assert told == "c fails in 10 of 10 traces, and was not there before"
    nameless = ln.read(dump([Span("1" * 16, None, 0, 5, trace="")]), progress=False).traces(by="service", baseline=logs)
    assert nameless.frame["self_per_trace_ns"].to_list() == [None]
    assert "<svg" in nameless._repr_mimebundle_()["text/html"]


def test_the_range_of_a_share() -> None:
    """Values of the table in Newcombe, "Two-sided confidence intervals for the single proportion" (1998)."""
    assert _wilson(81, 263) == (pytest.approx(0.2553, abs=1e-4), pytest.approx(0.3662, abs=1e-4))
    assert _wilson(15, 148) == (pytest.approx(0.0624, abs=1e-4), pytest.approx(0.1605, abs=1e-4))
    assert _wilson(0, 20) == (0, pytest.approx(0.1611, abs=1e-4))
    assert _wilson(1, 29) == (pytest.approx(0.0061, abs=1e-4), pytest.approx(0.1718, abs=1e-4))
    assert _wilson(0, 0) == (0, 1)


def test_traces_that_are_not_whole(tmp_path: Path) -> None:
    trace = ["a" * 32, "b" * 32, "c" * 32]
    spans = [
        Span("1" * 16, "9" * 16, 0, 5, trace=trace[0], service=HOSTILE, name=HOSTILE),
        Span("2" * 16, None, None, None, trace=trace[1], service=None),
    ]
    logs = ln.read(dump(spans, [("a", trace[2], 1, "info")]), progress=False)
    result = logs.traces()
    assert "3 traces; " in result.sentence
    assert "1 with spans whose parent is missing; 1 known by records alone" in result.sentence
    assert dict(result.frame.select("trace_id", "missing_parents").rows()) == {trace[0]: 1, trace[1]: 0, trace[2]: 0}
    for shown in (result, logs.traces(by="service"), logs.traces(by="operation")):
        bundle = shown._repr_mimebundle_()
        assert "<img src=x" not in bundle["text/html"]
        assert "\x1b" not in bundle["text/plain"]
        assert "\u202e" not in bundle["text/html"]
    none = ln.read(b'{"msg": "alone"}\n', progress=False)
    assert none.traces().sentence == "no traces"
    assert none.traces(by="service").sentence == none.traces(by="service", baseline=none).sentence == "no spans"


def test_what_cannot_be_asked(minutes: ln.Logs) -> None:
    with pytest.raises(QueryError, match="by='name' is neither"):
        minutes.traces(by="name")
    with pytest.raises(QueryError, match="add by="):
        minutes.traces(baseline=minutes)


@pytest.mark.truth
def test_the_release_of_the_sample(shop: Path, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    logs = ln.read(shop, progress=False)
    during = logs.between(fault["deployed"], fault["rolled_back"])
    result = during.traces(by="operation", baseline=logs.where(until=fault["deployed"]))
    failed = fault["failed_orders"]
    assert (
        result.sentence
        == f"checkout GET loyalty discount fails in {failed} of {failed} traces, and was not there before"
    )
    slowest = logs.traces().frame.head(failed)
    assert slowest["session"].sort().to_list() == sorted(fault["sessions"])
    assert slowest["root"].unique().to_list() == ["HTTP POST /api/checkout"]
