"""A change and what is said of it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import QueryError

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path


def test_before_and_after_end_where_the_series_changes_again(outage: ln.Logs) -> None:
    frame = outage.changes(every="10s").frame
    row = frame.filter((pl.col("measure") == "error share") & (pl.col("service_name") == "checkout")).sort("time")
    result = outage.explain(row.row(0, named=True), every="10s")
    failing = outage.where("severity=error", since="09:08", until="09:11")
    severity = result.frame.filter((pl.col("field") == "severity") & (pl.col("value") == "error")).row(0, named=True)
    assert severity["current"] == len(failing), "from 09:08 to 09:11, and not beyond"
    assert result.sentence.startswith("09:08:00 error share of checkout: new, 0 % → 100 %; ")
    assert result.sentence.endswith("first error 09:08:00.000 in checkout: said")


def test_a_number_a_row_and_a_time_are_the_same_change(outage: ln.Logs) -> None:
    frame = outage.changes(every="10s").frame
    by_number = outage.explain(1, every="10s")
    by_row = outage.explain(frame.row(1, named=True), every="10s")
    assert by_number.sentence == by_row.sentence
    assert by_number.frame.equals(by_row.frame)
    assert outage.explain("09:08").sentence.startswith("at 09:08:00; ")


def test_what_is_no_change(outage: ln.Logs) -> None:
    for wrong in (99, -1):
        with pytest.raises(QueryError, match="there is no change"):
            outage.explain(wrong, every="10s")
    with pytest.raises(QueryError, match="both sides"):
        outage.explain("09:30", every="10s")
    with pytest.raises(QueryError, match="has a time, a kind"):
        outage.explain({"time": 7})
    with pytest.raises(QueryError, match="is no time"):
        outage.explain("soon")


@pytest.mark.truth
def test_the_faults_of_the_sample_are_explained(shop: Path, truth: dict[str, Any]) -> None:
    logs, faults = ln.read(shop), truth["faults"]
    frame = logs.changes().frame.with_row_index()

    def told(change: Any) -> str:
        result = logs.explain(change)
        return " ".join([result.sentence, *result.frame["query"], *(q for qs in result.frame["also"] for q in qs)])

    def at(when: datetime, **cells: Any) -> int:
        rows = frame.filter(*(pl.col(k).eq_missing(pl.lit(v)) for k, v in cells.items()))
        rows = rows.filter((pl.col("time") - when).abs() <= timedelta(seconds=3))
        return int(rows["index"][0])

    probes, memory, release = faults["probes"], faults["memory"], faults["release"]
    assert probes["client_address"] in told(at(probes["first"], service_name="front", severity="warn"))
    # The shop's front gives up 2 s before checkout, whose first failure the truth names.
    if release["timeouts_at_the_front"] >= 8:  # fewer in six minutes are not beyond chance
        when = release["first_failure"] - timedelta(seconds=2)
        explained = told(at(when, service_name="front", measure="error share"))
        assert "exception.type=checkout.LoyaltyTimeout" in explained
    else:
        explained = told(logs.where(f"exception.type={release['front_exception']}").head(1)["time"][0])
    assert any(f"service.version={release[name]}" in explained for name in ("version", "previous"))
    payloads = told(at(memory["since"], service_name=memory["service"], severity="info"))
    assert "export <*> sent, payload <*>" in payloads
    assert f"k8s.pod.name=worker-{memory['node'][-1]}" in payloads, "on whose node they are"
