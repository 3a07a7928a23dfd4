"""The shop's faults as issues: data/samples/truth.toml says what they were."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.query import parse_time

if TYPE_CHECKING:
    from pathlib import Path

    from lognb.analyses.errors import Errors


pytestmark = pytest.mark.truth


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet")


@pytest.fixture(scope="module")
def errors(logs: ln.Logs) -> Errors:
    return logs.errors()


def the(errors: Errors, kind: str) -> dict[str, Any]:
    """The one issue of an exception's type."""
    (row,) = errors.frame.filter(pl.col("title").str.contains(f"^{kind}(:|$)")).rows(named=True)
    return row


def ns(errors: Errors, row: dict[str, Any], column: str) -> int:
    return int(errors.frame.filter(pl.col("issue") == row["issue"])[column].dt.timestamp("ns")[0])


def test_a_release_that_asks_who_never_answers(errors: Errors, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    row = the(errors, fault["exception"])
    assert (row["culprit"], row["services"], row["releases"]) == (
        "discount (checkout.py)", [fault["service"]], [fault["version"]],
    )  # fmt: skip
    assert (row["occurrences"], row["records"], row["spans"]) == (fault["failed_orders"],) * 3
    assert (row["sessions"], row["users"]) == (len(fault["sessions"]), len(fault["users"]))
    records = errors.records(row["issue"]).to_polars(["session", "user_id"])
    assert set(records["session"]) == set(fault["sessions"])
    assert abs(ns(errors, row, "first") - (parse_time(str(fault["first_failure"].isoformat())) or 0)) < 1_000_000_000
    assert "loyalty:<*> did not answer within <*> ms" in row["title"]


def test_what_the_front_said_of_it_is_an_issue_of_its_own(errors: Errors, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    row = the(errors, fault["front_exception"])
    assert (row["occurrences"], row["services"]) == (fault["timeouts_at_the_front"], ["front"])
    assert (row["sessions"], row["users"]) == (len(fault["sessions"]), len(fault["users"]))


def test_a_browser_s_exception_is_one_issue_in_logs_and_events(
    logs: ln.Logs, errors: Errors, truth: dict[str, Any]
) -> None:
    fault = truth["faults"]["exception"]
    row = the(errors, fault["exception"])
    assert row["title"] == f"{fault['exception']}: {fault['message']}"
    assert (row["services"], row["sessions"], row["users"]) == ([fault["service"]], 1, 1)
    records = errors.records(row["issue"]).to_polars(["service_name", "event_name", "session", "user_id"])
    assert records.sort("event_name").rows() == [
        (fault["service"], None, fault["session"], fault["user"]),
        (None, "$exception", fault["session"], fault["user"]),
    ]
    assert len(logs.where(f"issue={row['issue']} service_name={fault['service']}")) == fault["records"]


def test_its_cause_is_found_behind_it_in_the_same_trace(errors: Errors, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    cause = the(errors, fault["cause_exception"])
    assert (cause["services"], cause["occurrences"]) == ([fault["cause_service"]], fault["cause_records"])
    assert (cause["culprit"], cause["sessions"], cause["users"]) == ("recommend (checkout.py)", 1, 1)
    browser = the(errors, fault["exception"])
    record = errors.records(browser["issue"]).where("trace_id exists").head(1)["record_id"][0]
    around = errors.surrounding(record, seconds=5).filter(pl.col("how") == "trace")
    assert cause["sample_record_id"] in around["record_id"].to_list()


def test_a_worker_that_dies_of_memory_from_the_lines_of_its_standard_error(
    errors: Errors, truth: dict[str, Any]
) -> None:
    fault, split = truth["faults"]["memory"], truth["faults"]["split_trace"]
    row = the(errors, fault["exception"])
    assert (row["occurrences"], row["records"]) == (split["traces"], split["lines"])
    assert (row["culprit"], row["services"]) == ("export (worker.py)", [fault["service"]])
    records = errors.records(row["issue"]).to_polars(["body", "log.file.name"])
    assert sorted(set(records["log.file.name"])) == split["files"]
    for part in records.partition_by("log.file.name"):
        assert (part["body"][0], part["body"][-1]) == (split["first_line"], split["last_line"])
    assert f"{split['traces']} stacks of all records put together from {split['lines']} lines" in errors.sentence
    deaths = [parse_time(d.isoformat()) or 0 for d in fault["deaths"]]
    found = (ns(errors, row, "first"), ns(errors, row, "last"))
    assert all(abs(a - b) < 1_000_000_000 for a, b in zip(found, (deaths[0], deaths[-1]), strict=True))


def test_what_the_release_brought_is_new(logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    window = logs.between(fault["deployed"], fault["rolled_back"]).errors()
    new = dict(window.frame.select("title", "new").rows())
    assert new[the(window, fault["exception"])["title"]] is True
    declined = the(logs.errors(), "checkout.CardDeclined")
    assert declined["occurrences"] > 1
    again = logs.between(declined["last"], "+1h").errors()
    assert the(again, "checkout.CardDeclined")["new"] is False


def test_without_joining_a_split_stack_is_no_error(logs: ln.Logs) -> None:
    frame = logs.errors(join_lines=False).frame
    assert frame.filter(pl.col("title").str.contains("MemoryError")).height == 0
