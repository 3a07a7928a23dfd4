"""The tabs of a panel are what their analyses say of the sample; a row leads to its records, or to its story."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.query import Query
from lognb.widgets.listing import Listing
from lognb.widgets.state import View
from lognb.widgets.tabs import TABS, Tab
from tests.widgets.asking import Heard, ask

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


ONE = [tab for tab in TABS.values() if not tab.versus]  # of one side; test_versus.py has the other


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet", samples / "recordings")


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def listing(logs: ln.Logs, heard: Heard) -> Iterator[Listing]:
    made = Listing(logs, heard)
    yield made
    made.close()


def shown(listing: Listing, tab: Tab, logs: ln.Logs) -> dict[str, Any]:
    listing.show(tab, tab.ask(logs), logs)
    return ask(listing, "rows", revision=listing.data["revision"])


@pytest.mark.parametrize("tab", ONE, ids=lambda tab: tab.name)
def test_a_tab_lists_what_the_function_of_its_name_says(tab: Tab, logs: ln.Logs, listing: Listing) -> None:
    some = logs.where("service_name in (checkout, front, shop-web)")
    result = getattr(some, tab.name)()
    rows = shown(listing, tab, some)
    assert rows["total"] == result.frame.height > 0
    assert listing.data["sentence"] == result.sentence
    lacking = [c.name for c in tab.columns if c.name not in result.frame.columns]
    assert lacking == [], "a column of the tab that the analysis does not have"
    named = [tab.narrows and tab.narrows[1], tab.opens and tab.opens[1]]
    assert set(filter(None, named)) <= set(result.frame.columns)
    asked = tab.question(View(some.query))
    assert asked is not None
    assert asked.code("logs", Query()) == f"logs.{tab.name}()"


@pytest.mark.parametrize("tab", ONE, ids=lambda tab: tab.name)
def test_a_tab_of_no_records_says_so(tab: Tab, logs: ln.Logs, listing: Listing) -> None:
    none = logs.where("nothing at all like this")
    assert shown(listing, tab, none)["total"] == 0
    assert listing.data["sentence"].startswith("no ")


@pytest.mark.parametrize("tab", ONE, ids=lambda tab: tab.name)
def test_the_records_of_a_row_are_those_of_its_condition(
    tab: Tab, logs: ln.Logs, listing: Listing, heard: Heard
) -> None:
    shown(listing, tab, logs)
    assert listing.result is not None
    ask(listing, "only", revision=listing.data["revision"], row=0)
    ((_, field, value),) = heard.told
    found = logs.where(Query((ln.query.Condition(field, "=", value),)))
    assert len(found) == listing.result.frame["records"][0]


def test_an_issue_opens_why_whom_stack_and_what_was_before(
    logs: ln.Logs, listing: Listing, heard: Heard, truth: dict[str, Any]
) -> None:
    rows = shown(listing, TABS["errors"], logs)
    at = next(i for i, title in enumerate(rows["cells"]["title"]) if title.startswith("TypeError"))
    sections = ask(listing, "details", revision=listing.data["revision"], row=at)
    kinds = [s["kind"] for s in sections]
    assert kinds == ["text", "links", "links", "stack", "records"]
    _, sessions, users, stack, before = sections
    fault = truth["faults"]["exception"]
    assert [link["id"] for link in sessions["ids"]] == [fault["session"]]
    assert [link["id"] for link in users["ids"]] == [fault["user"]]
    assert stack["head"].startswith("TypeError: ")
    assert any(frame["own"] for frame in stack["frames"])
    assert before["rows"][-1]["at"] is True
    assert "session" in {row["how"] for row in before["rows"]}
    ask(listing, "go", to="session", id=sessions["ids"][0]["id"], record=sessions["ids"][0]["record"])
    assert heard.told[-1][:3] == ("go", "session", fault["session"])
    record = logs.get(heard.told[-1][3])
    assert record["session_id"][0] == fault["session"]


def test_every_issue_opens(logs: ln.Logs, listing: Listing) -> None:
    rows = shown(listing, TABS["errors"], logs)
    for i in range(rows["total"]):
        sections = ask(listing, "details", revision=listing.data["revision"], row=i)
        assert {"text", "records"} <= {s["kind"] for s in sections}


def test_an_issue_of_spans_alone_says_that_it_has_no_record(tmp_path: Path, heard: Heard) -> None:
    raised = {"exception.type": "Broken", "exception.stacktrace": "Broken: x\n    at pay (/srv/pay.js:3:1)"}
    event = {
        "name": "exception",
        "timeUnixNano": "1793696400000000000",
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in raised.items()],
    }
    span = {"traceId": "ab" * 16, "spanId": "cd" * 8, "name": "pay", "startTimeUnixNano": "1793696400000000000",
            "endTimeUnixNano": "1793696401000000000", "events": [event]}  # fmt: skip
    dump = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}).encode()
    logs = ln.read(dump, store=tmp_path / "spans.duckdb")
    listing = Listing(logs, heard)
    assert shown(listing, TABS["errors"], logs)["cells"]["title"] == ["Broken: x"]
    sections = ask(listing, "details", revision=listing.data["revision"], row=0)
    assert sections[-1]["rows"] == []
    assert "spans only" in sections[-1]["none"]
    listing.close()


def test_a_pattern_opens_its_slots_and_examples(logs: ln.Logs, listing: Listing, heard: Heard) -> None:
    rows = shown(listing, TABS["patterns"], logs)
    at = next(i for i, text in enumerate(rows["cells"]["text"]) if "loyalty" in text)
    said, pairs, records, *links = ask(listing, "details", revision=listing.data["revision"], row=at)
    assert "slots of 9 records" in said["text"]
    values = dict(pairs["pairs"])
    assert values["slot 3, int"] == "from 4,000, median 4,000, p99 4,000: 4000 (9)"
    assert "did not answer within 4000 ms" in values["example 1"]
    assert values["body~"].startswith("^")
    assert values["bytes of its bodies"].endswith("B")
    assert len(records["rows"]) == 5
    assert records["rows"] == sorted(records["rows"], key=lambda row: row["time"])
    assert {"trace", "session"} <= {link["to"] for link in links}
    trace = next(link for link in links if link["to"] == "trace")["ids"][0]
    assert "loyalty" in logs.get(trace["record"])["body"][0]
    assert logs.get(trace["record"])["trace_id"][0] == trace["id"]
    ask(listing, "only", revision=listing.data["revision"], row=at)
    assert heard.told[-1][1] == "pattern"


def test_a_session_opens_its_story_and_those_with_errors_come_first(
    logs: ln.Logs, listing: Listing, heard: Heard
) -> None:
    shown(listing, TABS["sessions"], logs)
    by, down = listing.data["order"]
    found = ask(listing, "rows", revision=listing.data["revision"], by=by, down=down)
    assert found["cells"]["errors"] == sorted(found["cells"]["errors"], reverse=True)
    assert found["cells"]["errors"][0] > 0
    ask(listing, "open", revision=listing.data["revision"], row=found["at"][0])
    assert heard.told == [("go", "session", found["cells"]["session"][0])]
    assert len(logs.where(f"session={heard.told[0][2]}")) == found["cells"]["records"][0]


def test_a_trace_opens_its_story(logs: ln.Logs, listing: Listing, heard: Heard) -> None:
    rows = shown(listing, TABS["traces"], logs)
    ask(listing, "open", revision=listing.data["revision"], row=3)
    assert listing.result is not None
    assert heard.told == [("go", "trace", listing.result.frame["trace_id"][3])]
    assert rows["cells"]["duration_ns"] == sorted(rows["cells"]["duration_ns"], reverse=True)
