"""A drafted postmortem names what the sample's programs know of each fault, and of a calm time it claims nothing."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln

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
