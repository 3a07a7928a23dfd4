"""How far something goes, in numbers that are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.errors import QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lognb.result import Result


def facts(result: Result) -> dict[str, tuple[float, float | None]]:
    return {row["fact"]: (row["number"], row["of"]) for row in result.frame.iter_rows(named=True)}


@pytest.mark.truth
def test_an_issue_of_the_sample(shop: Path, truth: dict[str, Any]) -> None:
    logs, fault = ln.read(shop), truth["faults"]["release"]
    record = logs.where(f"exception.type={fault['exception']}").head(1)
    result = logs.scope(int(record["record_id"][0]))
    found = facts(result)
    assert found["records"] == (fault["failed_orders"], len(logs))
    assert found["sessions"] == (len(fault["sessions"]), truth["sessions"])
    assert found["users"] == (len(fault["users"]), truth["users"])
    assert found["services"] == (1, len(truth["services"]))
    assert found["nodes"][1] == 2
    said = {row["fact"]: row["said"] for row in result.frame.iter_rows(named=True)}
    first = fault["first_failure"]
    told = f"{first.day} {first:%b %Y, %H:%M:%S}.{first.microsecond // 1000:03d}"
    assert said["first seen"].startswith(told)
    if fault["failed_orders"] >= 8:  # fewer may lie anywhere by chance
        assert said["onset"].startswith(f"{first:%H:%M:%S}, from 0 to ")
        assert "onset" in result.chart().to_json()
    assert said["new since"].startswith(f"{fault['version']} of checkout, which began at ")


def test_a_query_an_issue_logs_and_a_record_mean_the_same_records(shop: Path) -> None:
    logs = ln.read(shop)
    text = "exception.type=checkout.LoyaltyTimeout"
    record = int(logs.where(text).head(1)["record_id"][0])
    issue = logs.errors().frame.filter(logs.errors().frame["sample_record_id"] == record)["issue"][0]
    by = [
        logs.scope(x).frame.drop("query")
        for x in (text, Query.parse(text), logs.where(text), record, str(record), issue)
    ]
    assert all(frame.equals(by[0]) for frame in by[1:])
    assert logs.scope(issue).query == Query.parse(f"issue={issue}")


def test_each_row_finds_its_records(outage: ln.Logs) -> None:
    result = outage.scope("severity=error")
    assert facts(result)["records"] == (80, 1202)
    row = result.frame.row(0, named=True)
    assert len(outage.where(row["query"])) == row["number"]
    onset = facts(result)["onset"]
    assert onset[0] > 10 > (onset[1] or 0)
    assert "routes" not in facts(result)
    assert "sessions" not in facts(result), "none has one"


def test_hostile_few_and_none(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    name = "<img src=x onerror=alert(1)>"
    logs = load([(1, "info", name, {}), (None, "info", None, {})])
    assert facts(logs.scope(logs))["services"] == (1, 1)
    assert name not in logs.scope("severity=info")._repr_mimebundle_()["text/html"]
    none = logs.scope("severity=fatal")
    assert facts(none)["records"] == (0, 2)
    assert "first seen" not in facts(none)
    assert none._repr_mimebundle_()["text/plain"]


def test_what_has_no_scope(outage: ln.Logs, load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    with pytest.raises(QueryError, match="no record has the id 7"):
        outage.scope(7)
    with pytest.raises(QueryError, match="not of float"):
        outage.scope(1.5)
    with pytest.raises(QueryError, match=r"same ln\.read"):
        outage.scope(load([(1, "info", "a", {})]))
