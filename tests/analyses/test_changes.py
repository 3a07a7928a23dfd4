"""Changes of whole captures: what is said of them, gaps, edges, and what is in the sample."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

Load = "Callable[[Iterable[Any]], ln.Logs]"
SECOND = timedelta(seconds=1)


def at(frame: pl.DataFrame, **row: Any) -> pl.DataFrame:
    """The changes with these cells."""
    return frame.filter(pl.all_horizontal(*(pl.col(k).eq_missing(pl.lit(v)) for k, v in row.items())))


def test_the_outage_is_found_with_its_begin_and_end(outage: ln.Logs) -> None:
    result = outage.changes(every="10s")
    share = at(result.frame, measure="error share", service_name="checkout", severity=None)
    assert share["kind"].to_list() == ["step", "step"]
    assert sorted(t.strftime("%H:%M:%S") for t in share["time"]) == ["09:08:00", "09:11:00"]
    begin = share.sort("time").row(0, named=True)
    assert (begin["before"], begin["after"], begin["ratio"]) == (0, 1, None)
    assert begin["query"] == "service_name=checkout"
    assert "09:08:00" in result.sentence
    assert set(result.frame["service_name"].to_list()) <= {None, "checkout"}, "web did not change"
    assert result.frame["confidence"].is_between(0.99, 1).all()


def test_a_row_finds_its_records(outage: ln.Logs) -> None:
    frame = at(outage.changes(every="10s").frame, measure="records", severity="error").sort("time")
    row = frame.row(0, named=True)
    failing = outage.where(row["query"], since="09:08", until="09:11")
    assert len(failing) == 60
    assert row["after"] == pytest.approx(20), "a minute"


def test_a_gap_is_no_drop(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    """Both services are silent for two minutes; then one stops for good."""
    records = [
        (t / 4, "info", service, {})
        for t in range(4 * 1200)
        for service in ("web", "checkout")
        if not 300 <= t / 4 < 420 and not (service == "web" and t / 4 >= 900)
    ]
    frame = load(records).changes(every="5s").frame
    gap = at(frame, kind="gap").row(0, named=True)
    assert (gap["time"].strftime("%H:%M:%S"), gap["until"].strftime("%H:%M:%S")) == ("09:05:00", "09:07:00")
    steps = at(frame, kind="step", measure="records")
    assert set(steps["time"].dt.strftime("%H:%M:%S")) == {"09:15:00"}
    assert at(steps, service_name="web")["after"].to_list() == [0]
    assert not at(steps, service_name="checkout").height


def test_edges_that_the_data_cuts_are_no_change(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    logs = load([(t / 2 + 4.4, "info", "web", {}) for t in range(1000)])
    assert logs.changes(every="10s").frame.height == 0
    assert "no change that one could be sure of" in logs.changes(every="10s").sentence
    cut = logs.between("09:01:03", "09:06:07")
    assert cut.changes(every="10s").frame.height == 0


def test_a_number_of_a_field(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    rng = random.Random(3)
    records = []
    for second in range(1200):
        for service in ("web", "search"):
            slow = 900 if service == "search" and second >= 700 else 90
            records.append((second + rng.random(), "info", service, {"ms": round(slow * rng.uniform(0.7, 1.3))}))
    frame = load(records).changes(field="ms", percentile="p50").frame
    slow = at(frame, measure="p50 of ms", service_name="search", kind="step").row(0, named=True)
    assert abs(slow["time"].minute * 60 + slow["time"].second - 700) <= 25
    assert slow["ratio"] == pytest.approx(10, rel=0.1)
    assert not at(frame, measure="p50 of ms", service_name="web").height


def test_hostile_and_absent_values_are_told_as_text(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    name = 'x" OR 1=1 <img src=x>\n'
    records = [(t / 4, "info", None, {"k": "a"}) for t in range(4 * 600)]
    records += [(300 + t / 20, "info", name, {}) for t in range(20 * 300)]
    logs = load(records)
    result = logs.changes(every="5s")
    rows = at(result.frame, measure="records", kind="step").filter(pl.col("service_name").is_not_null())
    for row in rows.iter_rows(named=True):
        assert len(logs.where(row["query"])) in (6000, 2400)
    assert "<img src=x" not in result._repr_mimebundle_()["text/html"]
    assert {"(absent)"} >= set(logs.changes(by="k", every="5s").frame["k"].drop_nulls()) - {"a"}


@pytest.mark.parametrize(
    "records", [[], [(None, "info", "a", {})], [(1, "error", "a", {})], [(0, "info", "a", {})] * 40]
)
def test_too_little_has_no_changes(load: Callable[[Iterable[Any]], ln.Logs], records: list[Any]) -> None:
    logs = load([*records, (None, "info", "web", {})])
    result = logs.changes()
    assert result.frame.height == 0
    assert "no change" in result.sentence
    assert result._repr_mimebundle_()["text/plain"]
    assert logs.where("severity=fatal").changes(by=None).frame.height == 0


def test_what_cannot_be_asked(outage: ln.Logs) -> None:
    with pytest.raises(QueryError, match="percentile='p51'"):
        outage.changes(percentile="p51")
    with pytest.raises(QueryError, match="every="):
        outage.changes(every="soon")
    with pytest.raises(FieldError):
        outage.changes(by="nosuch")
    with pytest.raises(QueryError, match="route has no numbers"):
        outage.changes(field="route")
    with pytest.raises(FieldError):
        outage.changes(field="nosuch")


@pytest.mark.truth
def test_the_faults_of_the_sample_are_found_when_they_were(shop: Path, truth: dict[str, Any]) -> None:
    logs = ln.read(shop)
    frame = logs.changes().frame
    faults = truth["faults"]

    def found(when: Any, **row: Any) -> bool:
        near = at(frame, **row).filter((pl.col("time") - when).abs() <= timedelta(seconds=2))
        return near.height > 0

    probes, release, memory = faults["probes"], faults["release"], faults["memory"]
    assert found(probes["first"], service_name="front", severity="warn", measure="records", kind="step")
    # The shop's front gives up 2 s before checkout, whose first failure the truth names.
    # Fewer in six minutes are not beyond chance; logs.summary() says then which issue began when.
    if release["timeouts_at_the_front"] >= 8:
        assert found(release["first_failure"] - 2 * SECOND, service_name="front", measure="error share", kind="step")
    payloads = {"service_name": memory["service"], "severity": "info", "measure": "records"}
    assert found(memory["since"], **payloads, text=memory["pattern"])
    assert found(memory["until"], **payloads, text=memory["pattern"])
    assert frame["moment"].n_unique() < 16, "most of the time nothing changes"
    chart = logs.changes().chart().to_dict()
    assert "vconcat" in chart


def test_that_a_filter_lets_nothing_through_is_no_gap(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    """One slow record early, then none for a minute while others are logged, then many: that is a step, and no gap."""
    records = [(t, "info", "web", {"ms": 900 if t == 20 or t >= 100 else 9}) for t in range(200)]
    frame = load(records).where("ms>600").changes(by=None, every="1s").frame
    assert at(frame, kind="gap").height == 0
    steps = at(frame, kind="step", measure="records")
    assert steps["time"].dt.strftime("%H:%M:%S").to_list() == ["09:01:40"]


def test_values_that_no_query_can_write_have_a_row_all_the_same() -> None:
    times = [datetime(2026, 11, 3, 9, tzinfo=UTC) + i * SECOND for i in range(400)]
    x = [1.0] * 200 + [float("nan")] * 200
    logs = ln.read(pl.DataFrame({"time": times, "body": ["said"] * 400, "x": x}), progress=False)
    assert at(logs.changes(by="x", every="5s").frame, measure="records", x="NaN").height == 1
    assert logs.compare(("09:00:00", "09:03:20"), ("09:03:20", "09:07"), fields=["x"]).frame.height


def test_a_field_with_the_name_of_a_column_stands_beside_it(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    logs = load([(t / 4, "info", "web", {"text": "a" if t < 1000 else "b"}) for t in range(2000)])
    frame = logs.changes(by="text", every="5s").frame
    assert set(frame["attributes.text"].drop_nulls()) == {"a", "b"}
    assert frame["text"].null_count() == frame.height


def test_moments_beyond_those_drawn_are_counted(outage: ln.Logs) -> None:
    result = outage.changes(every="10s")
    rows = [result.frame.head(1).with_columns(moment=pl.col("moment") + i * 60 * SECOND) for i in range(11)]
    drawn = json.dumps(result.draw(pl.concat(rows)).to_dict()) if result.draw else ""
    assert "8 of 11 moments are drawn, the surest" in drawn
