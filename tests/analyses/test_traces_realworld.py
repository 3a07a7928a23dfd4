"""A labelled incident of a public data set: Nezha's TrainTicket of 29 January 2023 (github.com/IntelligentDDS/Nezha).

A fault makes one method of one service return the wrong thing. No span says so, and nothing takes longer; what tells
is that the records of that service are errors in every trace that meets it.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest
import trainticket

from lognb.analyses.clock import skew

if TYPE_CHECKING:
    from pathlib import Path

    import lognb as ln

pytestmark = pytest.mark.realworld


@pytest.fixture(scope="module")
def folder(realworld: Path) -> Path:
    return realworld / "nezha"


@pytest.fixture(scope="module")
def incident(folder: Path) -> ln.Logs:
    return trainticket.read(folder)


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
    calm = incident.between(*trainticket.window(folder, trainticket.NORMAL))
    seen = []
    for file, since, until, service in trainticket.minutes(folder):
        minute = incident.between(since, until)
        result = minute.traces(by="service", baseline=calm)
        if until - since < timedelta(seconds=10):
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
    since, until = trainticket.window(folder, trainticket.NORMAL)
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
