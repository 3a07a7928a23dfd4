"""Services with errors: held to what the sample's programs wrote down, and to a count in plain Python."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.truth
def test_the_release_fault_is_in_the_services_that_it_was_in(shop: Path, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    since, until = fault["deployed"], fault["rolled_back"]
    logs = ln.read(shop)
    result = logs.between(since, until).where("issue exists").services(baseline=(since - (until - since), since))
    assert result.origin is not None
    rows = {row["service_name"]: row for row in result.frame.iter_rows(named=True)}
    row = rows[fault["service"]]
    assert row["errors"] >= fault["failed_orders"]
    assert {r["value"]: r["records"] for r in row["releases"]}[fault["version"]] >= fault["failed_orders"]
    assert row["sessions"] >= len(fault["sessions"])
    assert row["records_before"] is not None
    assert next(iter(rows)) in result.sentence


def test_numbers_are_those_of_a_plain_count(shop: Path) -> None:
    logs = ln.read(shop)
    frame = logs.services().frame
    records = logs.to_polars(columns=["service_name", "severity", "issue"])
    whole = Counter(records["service_name"].to_list())
    bad = Counter(
        records.filter(pl.col("severity").cast(pl.String).is_in(["error", "fatal"]) | pl.col("issue").is_not_null())[
            "service_name"
        ].to_list()
    )
    assert {name: (n, e) for name, n, e in frame.select("service_name", "records", "errors").iter_rows()} == {
        name: (n, bad[name]) for name, n in whole.items()
    }
    assert frame["errors"].to_list() == sorted(frame["errors"].to_list(), reverse=True)
    assert logs.where("user_id=nobody").services().sentence == "no records"
