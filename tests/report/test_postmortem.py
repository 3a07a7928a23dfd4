"""A drafted postmortem names what the sample's programs know of each fault, and of a calm time it claims nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.report.drafted import Draft
from lognb.report.incident import incident

if TYPE_CHECKING:
    from pathlib import Path

    from lognb.logs import Logs
    from lognb.report.report import Report


@pytest.fixture(scope="module")
def logs(shop: Path) -> Logs:
    return ln.read(shop)


@pytest.fixture(scope="module")
def found(logs: Logs) -> Report:
    return ln.postmortem(logs)


def section(report: Report, name: str) -> str:
    """What is said under a heading, words and sentences of the blocks below it."""
    said: list[str] = []
    inside = False
    for block in report.blocks:
        if block.text.startswith("## "):
            inside = block.text.startswith(f"## {name}")
        said += [block.text] if inside else []
    return "\n".join(said)


@pytest.mark.truth
def test_the_worst_time_is_found_without_a_hint(found: Report, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    summary = section(found, "Summary")
    clocks = [
        timedelta(hours=int(h), minutes=int(m), seconds=int(s))
        for h, m, s in re.findall(r"(\d\d):(\d\d):(\d\d)", summary)
    ]
    day = fault["first_failure"].replace(hour=0, minute=0, second=0, microsecond=0)
    for at, near in ((fault["first_failure"], 4), (fault["last_failure"], 4), (fault["deployed"], 4)):
        assert any(abs(clock - (at - day)) < timedelta(seconds=near) for clock in clocks), (at, summary)
    assert fault["version"] in summary
    assert "does not make it the cause" in summary
    users = len(fault["users"])
    assert f"{fault['failed_orders']} of " in summary
    assert re.search(rf"\b{users} of \d+ active users", summary)
    errors = next(b for b in found.blocks if b.title == "Errors").frames["rows"].frame
    assert any(fault["exception"] in title for title in errors["title"])
    services = next(b for b in found.blocks if b.title == "Services").frames["rows"].frame
    row = services.row(by_predicate=pl.col("service_name") == fault["service"], named=True)
    assert row["errors"] >= fault["failed_orders"]
    assert [r["value"] for r in row["releases"]] == [fault["version"]]


def test_the_order_is_that_of_the_published_outlines(found: Report) -> None:
    heads = [b.text.splitlines()[0].removeprefix("## ") for b in found.blocks if b.text.startswith("## ")]
    assert heads == [
        "Summary", "Impact", "Timeline", "What changed", "Evidence", "Affected services",
        "Detection, response and recovery", "Lessons", "Open questions", "Action items", "Sources",
    ]  # fmt: skip
    kinds = {b.kind for b in found.blocks}
    assert {"words", "result", "timeline", "actions"} <= kinds
    assert all(b.origin is not None and b.origin.code for b in found.blocks if b.kind in ("result", "timeline"))


@pytest.mark.truth
def test_a_window_around_another_fault_is_about_that_fault(logs: Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["memory"]
    report = ln.postmortem(logs, window=(fault["deaths"][0] - timedelta(seconds=2), fault["until"]))
    errors = next(b for b in report.blocks if b.title == "Errors").frames["rows"].frame
    deaths = dict(errors.select("title", "occurrences").iter_rows())
    assert deaths[fault["exception"]] == len(fault["deaths"])
    services = next(b for b in report.blocks if b.title == "Services").frames["rows"].frame
    row = services.row(by_predicate=pl.col("service_name") == fault["service"], named=True)
    assert [r["value"] for r in row["nodes"]] == [fault["node"]]
    assert fault["exception"] in section(report, "Evidence")


@pytest.mark.truth
def test_nothing_is_made_of_a_calm_time(logs: Logs, truth: dict[str, Any]) -> None:
    calm = (truth["since"] + timedelta(seconds=2), truth["since"] + timedelta(seconds=20))
    report = ln.postmortem(logs, window=calm, timezone="Europe/Berlin")
    assert report.title.startswith("Review of ")
    summary = section(report, "Summary")
    assert "there is no error" in summary
    assert re.search(r"\d\d:\d\d:\d\d CET \(\d\d:\d\d:\d\d UTC\)", summary)
    assert "prevent" not in [
        row["kind"] for b in report.blocks if b.kind == "actions" for row in b.frames["actions"].frame.to_dicts()
    ]


def test_where_nothing_is_wrong_nothing_is_claimed() -> None:
    lines = (
        f'{{"time": "2026-11-03T09:{s // 60:02d}:{s % 60:02d}Z", "level": "info", "msg": "order {s} paid"}}'
        for s in range(600)
    )
    report = ln.postmortem(ln.read("\n".join(lines).encode()))
    assert "Nothing stands out" in section(report, "Summary")
    assert "all of the data: there are no errors" in section(report, "Summary")
    assert "How many requests failed cannot be told" in section(report, "Impact")
    assert "None that the data raises" in section(report, "Open questions")


def test_what_cannot_be_a_window_is_said(logs: Logs) -> None:
    with pytest.raises(ln.QueryError, match="is not before"):
        ln.postmortem(logs, window=("09:30", "09:00"))
    with pytest.raises(ln.LognbError, match="no records"):
        ln.postmortem(logs.where("user_id=nobody"))


def test_times_without_a_zone_are_of_the_reports_zone(logs: Logs, truth: dict[str, Any]) -> None:
    first = truth["faults"]["release"]["first_failure"]
    since = first - timedelta(seconds=10)
    berlin = (f"{since + timedelta(hours=1):%H:%M:%S}", f"{since + timedelta(hours=1, minutes=1):%Y-%m-%dT%H:%M:%S}")
    found = incident(logs, berlin, None, "Europe/Berlin")
    assert found.since == int(since.replace(microsecond=0).timestamp()) * 10**9
    assert found.until - found.since == 60 * 10**9
    assert (
        incident(logs, (since, since + timedelta(minutes=1)), None, "Europe/Berlin").since // 10**9
        == found.since // 10**9
    )


@pytest.mark.parametrize("window", [("09:00", "09:30"), ("2020-01-01T00:00", "2020-01-02T00:00")])
def test_a_window_beside_the_data_is_no_all_clear(logs: Logs, window: tuple[str, str]) -> None:
    with pytest.raises(ln.QueryError, match=r"no record lies in .* the data is of"):
        ln.postmortem(logs, window=window)


def test_a_rollout_in_the_window_is_told_though_another_error_came_first(logs: Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    found = Draft(
        incident(logs, (fault["deployed"] - timedelta(seconds=10), fault["rolled_back"]), None), ln.Report("x")
    )
    assert any(fault["version"] in what for _, what in found.deploys)
    assert found.first is not None
    assert "did not answer" in found.first[1]
    ours = int(fault["deployed"].timestamp())
    assert abs(found.deploys[0][0] // 10**9 - ours) < 5
