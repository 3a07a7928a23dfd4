"""A story gathers what belongs to a session, a user or a trace, and puts it on one clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lognb as ln
from lognb.analyses import happened
from lognb.analyses.links import links
from lognb.analyses.story import Told, on_one_clock, story
from lognb.errors import QueryError
from lognb.query import parse_time
from lognb.schema import ITEM

if TYPE_CHECKING:
    from pathlib import Path

NINE = parse_time("2026-11-03T09:00:00Z") or 0


@pytest.fixture(scope="module")
def shop_logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet", progress=False)


def record(seconds: float, body: str = "said", **attributes: Any) -> dict[str, Any]:
    """One record as JSON lines have it."""
    at = NINE + round(seconds * 1e9)
    return {"timestamp": at, "message": body, "level": attributes.pop("level", "info"), **attributes}


def read(*records: dict[str, Any]) -> ln.Logs:
    return ln.read("\n".join(map(json.dumps, records)).encode(), progress=False)


def lanes(told: Told) -> dict[str, int]:
    return dict(told.items.group_by("lane").len().iter_rows())


@pytest.mark.truth
def test_a_session_has_its_records_spans_and_events_in_one_order(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    told = story(shop_logs, "session", fault["session"])
    own = shop_logs.where(f"session_id={fault['session']}")
    assert told.items.columns[: len(ITEM)] == list(ITEM)
    assert set(own.to_polars(["record_id"])["record_id"]) <= set(told.items["record_id"].drop_nulls())
    assert told.records == told.records_of
    spans = shop_logs.spans.filter(pl.col("trace_id") == fault["trace_id"])
    assert told.spans == told.spans_of == spans.height
    assert told.services == ("shop-web", "front", "checkout")
    assert told.users == (fault["user"],)
    # The cause is there, and stands before what the browser says of it.
    wrong = told.items.filter(pl.col("severity") == "error", pl.col("lane") == "logs")
    assert wrong["service_name"].to_list() == [fault["cause_service"], fault["service"]]
    assert fault["cause_exception"] in wrong["text"][0]
    assert fault["message"] in wrong["text"][1]
    assert told.items["time"].is_sorted()


@pytest.mark.truth
def test_the_clock_that_is_off_is_found_and_put_right(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["clock"]
    for session in fault["sessions"]:
        told = story(shop_logs, "session", session)
        assert told.clock.offset_ns == pytest.approx(-fault["skew_ms"] * 1e6, abs=60e6)
        items = on_one_clock(told.items, told.clock)
        # A call begins at the browser before it is answered: on one clock again so.
        called = items.filter(pl.col("kind").str.starts_with("shop-web → "))
        asked = items.filter(pl.col("lane") == "spans", pl.col("service_name") == "shop-web")
        both = called.join(asked, on="trace_id", suffix="_web")
        assert both.height
        late = (both["time"].dt.timestamp("ns") - both["time_web"].dt.timestamp("ns")).to_list()
        assert max(map(abs, late)) < 1e9
        # What was said stays as it was.
        assert told.items.filter("browser")["time"].min() != items.filter("browser")["time"].min()
    assert story(shop_logs, "user", fault["user"]).clock.offset_ns == pytest.approx(-fault["skew_ms"] * 1e6, abs=60e6)


@pytest.mark.truth
def test_a_clock_that_nothing_proves_to_be_off_is_left_alone(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    faults = truth["faults"]
    for session in set(faults["release"]["sessions"]) - set(faults["clock"]["sessions"]):
        clock = story(shop_logs, "session", session).clock
        # A browser takes the time when it starts, and counts on from there: that it is some ms off can be proven too.
        assert abs(clock.offset_ns) < 50_000_000


@pytest.mark.truth
def test_a_user_has_all_sessions_and_the_ids_before_they_were_known(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["clock"]
    told = story(shop_logs, "user", fault["user"])
    assert set(told.sessions["session"]) == set(fault["sessions"])
    assert told.whose.sessions_of == 3
    assert told.whose.ids[0] == fault["user"]
    anonymous = shop_logs.where(f'event_name="$identify" user_id={fault["user"]}').to_polars(["$anon_distinct_id"])
    assert set(told.whose.ids[1:]) == set(anonymous["$anon_distinct_id"])
    assert told.whose.others == ()


def test_ids_of_one_person_are_followed_those_of_another_in_the_session_only_told() -> None:
    logs = read(
        record(0, distinct_id="anon-1", session_id="s1"),
        record(1, distinct_id="u", session_id="s1", **{"$anon_distinct_id": "anon-1"}),
        record(2, distinct_id="anon-1", session_id="s0"),
        record(3, distinct_id="sister", session_id="s1"),
        record(4, distinct_id="sister", session_id="s2"),
        record(5, distinct_id="other", session_id="s3"),
    )
    for id in ("u", "anon-1"):
        told = story(logs, "user", id)
        assert set(told.whose.ids) == {"u", "anon-1"}
        assert set(told.whose.sessions) == {"s0", "s1"}
        assert told.whose.others == ("sister",)
        assert told.records == 4


def test_a_trace_may_be_known_from_its_spans_alone() -> None:
    span = {
        "traceId": "ab" * 16, "spanId": "cd" * 8, "name": "work", "startTimeUnixNano": str(NINE),
        "endTimeUnixNano": str(NINE + 5),
    }  # fmt: skip
    dump = {"resourceSpans": [{"scopeSpans": [{"spans": [span]}]}]}
    told = story(ln.read(json.dumps(dump).encode(), progress=False), "trace", "ab" * 16)
    assert (told.records, told.spans) == (0, 1)
    assert lanes(told) == {"spans": 1}
    assert told.items["text"].to_list() == ["work"]


@pytest.mark.truth
def test_a_trace_is_found_however_its_id_is_written(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    trace = truth["faults"]["exception"]["trace_id"]
    told = story(shop_logs, "trace", trace.upper())
    assert told.whose.id == trace
    assert told.records == len(shop_logs.where(f"trace_id={trace}"))
    assert set(told.sessions["session"]) == {truth["faults"]["exception"]["session"]}


@pytest.mark.parametrize(
    ("kind", "id", "said"),
    [
        ("user", "u53", "no user has the id 'u53'; did you mean 'u-53'?"),
        ("user", "u-", "58 users have an id that begins with 'u-': "),
        ("session", "nope", "no session has the id 'nope'; there are 277, as '"),
        ("session", " ", 'a session has an id; "" is none'),
        ("trace", "12345", "no trace has the id '12345'; there are 1,584, as '"),
        ("user", "\x1b[31m\n", "no user has the id '\\x1b[31m'; there are"),
    ],
)
def test_an_id_that_nobody_has(shop_logs: ln.Logs, kind: Any, id: str, said: str) -> None:
    with pytest.raises(QueryError) as error:
        story(shop_logs, kind, id)
    assert str(error.value).startswith(said)


def test_no_record_has_a_session_at_all() -> None:
    with pytest.raises(QueryError, match=r"no session has the id 's': no record has the field session(_id)? at all"):
        story(read(record(0)), "session", "s")


def test_the_beginning_of_an_id_is_enough_where_only_one_begins_so(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    session = truth["faults"]["exception"]["session"]
    assert story(shop_logs, "session", session[:14]).whose.id == session


def test_of_very_many_records_the_first_are_there_and_all_later_errors() -> None:
    logs = read(
        *(record(i, f"n{i}", level="error" if i in (3, 120, 140) else "info", session_id="s") for i in range(150))
    )
    told = story(logs, "session", "s", most=50)
    assert (told.records, told.records_of) == (52, 150)
    assert told.items["text"].to_list()[-2:] == ["n120", "n140"]
    assert told.errors == 3


def test_only_the_window_of_the_logs_narrows_a_story() -> None:
    logs = read(*(record(i, level="info" if i % 2 else "error", session_id="s") for i in range(20)))
    assert story(logs.where("severity>=error"), "session", "s").records == 20
    told = story(logs.where(since="+5s", until="+10s"), "session", "s")
    assert told.records == told.records_of == 5


def test_records_without_a_time_are_in_no_story() -> None:
    logs = read(record(0, session_id="s"), {"message": "when?", "session_id": "s"})
    assert story(logs, "session", "s").items["text"].to_list() == ["said"]


@pytest.mark.parametrize(
    ("attributes", "kind", "text"),
    [
        ({"exception.type": "KeyError", "exception.message": "'bowl'"}, "exception", "said · KeyError: 'bowl'"),
        ({"exception.type": "Odd", "exception.message": "said"}, "exception", "said"),
        ({"exception.type": "Odd"}, "exception", "said · Odd"),
        ({"exception.message": "why"}, "log", "said · why"),
        ({"log.source": "console.warn"}, "console", "said"),
        ({}, "log", "said"),
    ],
)
def test_what_a_row_says_of_a_record(attributes: dict[str, str], kind: str, text: str) -> None:
    row = story(read(record(0, session_id="s", **attributes)), "session", "s").items.row(0, named=True)
    assert (row["kind"], row["text"]) == (kind, text)


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12))
def test_pages_end_where_the_next_begins(times: list[tuple[int, int]]) -> None:
    items = pl.DataFrame(
        {"time": [NINE + a for a, _ in times], "lane": ["pages" if b % 2 else "logs" for _, b in times],
         "record_id": list(range(len(times))), "session": ["s"] * len(times)},
        schema={"time": pl.Int64, "lane": pl.String, "record_id": pl.UInt64, "session": pl.String},
    ).sort("time")  # fmt: skip
    whole = pl.DataFrame(items, schema_overrides={"time": pl.Int64}).with_columns(
        pl.col("time").cast(ITEM["time"]), end=pl.lit(None).cast(ITEM["end"])
    )
    found = happened.staying(whole)
    assert found.drop("end").equals(whole.drop("end"))
    pages = found.filter(pl.col("lane") == "pages")
    last = found["time"].max()
    assert pages["end"].to_list() == [*pages["time"].to_list()[1:], last][: pages.height]
    assert found.filter(pl.col("lane") != "pages")["end"].null_count() == found.height - pages.height


def test_addresses_of_other_tools() -> None:
    ids = {"session_id": 'a"><script>/..?&#', "user_id": None, "trace_id": "4b"}
    found = links(ids, "https://eu.posthog.com/project/7/", {"own": "https://t.example/{trace_id}?at={iso}&ms={ms}"})
    assert found == [
        {
            "name": "replay",
            "url": "https://eu.posthog.com/project/7/replay/a%22%3E%3Cscript%3E%2F..%3F%26%23?t={seconds}",
        },
        {"name": "own", "url": "https://t.example/4b?at={iso}&ms={ms}"},
    ]
    assert links(ids) == []
    (issue,) = links({"issue_id": "0199"}, "https://eu.posthog.com/project/7")
    assert issue == {"name": "error", "url": "https://eu.posthog.com/project/7/error_tracking/0199"}


@pytest.mark.parametrize(
    "address",
    [
        "javascript:alert(1)//{session_id}", "data:text/html,x", "//host/x", "/replay", "https://", "https://a b/",
        "https://{session_id}.example/", "https://x.example\\@evil/", "http://[", "https://x.example/{password}",
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(QueryError):
        links({"session_id": "s"}, templates={"bad": address})


def test_the_project_may_stand_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNB_PROJECT_URL", "https://us.posthog.com/project/1")
    (replay, person) = links({"session_id": "s", "user_id": "a b"})
    assert replay["url"] == "https://us.posthog.com/project/1/replay/s?t={seconds}"
    assert person["url"] == "https://us.posthog.com/project/1/person/a%20b"


def test_the_issue_of_an_exception_event_is_linked() -> None:
    thrown = {"$exception_issue_id": "0199-issue", "$exception_list": [{"type": "TypeError", "value": "no"}]}
    logs = read(record(0, session_id="s", event_name="$exception", **thrown))
    told = logs.session("s", project_url="https://eu.posthog.com/project/7")
    assert {"name": "error", "url": "https://eu.posthog.com/project/7/error_tracking/0199-issue"} in told.data["links"]
    told.close()


@pytest.mark.truth
def test_spans_say_where_a_call_came_from(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    told = story(shop_logs, "trace", truth["faults"]["exception"]["trace_id"])
    kinds = told.items.filter(pl.col("lane") == "spans")["kind"].to_list()
    assert kinds.count("shop-web → front") == 1
    assert kinds.count("front → checkout") == 2


def test_what_is_known_and_not_told_is_said(monkeypatch: pytest.MonkeyPatch, samples: Path) -> None:
    logs = ln.read(samples / "shop.json.zst", samples / "events.parquet", samples / "recordings", progress=False)
    user = "u-35"
    assert story(logs, "user", user).left == ()
    monkeypatch.setattr(happened, "EVENTS", 3)
    monkeypatch.setattr("lognb.analyses.story.RECORDED", 0)
    told = story(logs, "user", user)
    events = len(logs.where(f"user_id={user} event_name exists"))
    assert told.left == ("0 of 1 recordings in lanes", f"{events} product events by their names alone")


def test_a_recording_is_told_once_for_each_logs(samples: Path, truth: dict[str, Any]) -> None:
    session = truth["recordings"]["timeout"]
    one, other = (ln.read(samples / "recordings", progress=False) for _ in range(2))
    told = happened.recorded(one.engine, session)
    assert told.height
    assert happened.recorded(one.engine, session) is told
    assert happened.recorded(other.engine, session) is not told
    assert happened.recorded(other.engine, session).equals(told)
    assert not happened.recorded(one.engine, "no such session").height


def test_the_beginning_of_an_id_that_no_record_has(samples: Path, truth: dict[str, Any]) -> None:
    logs = ln.read(samples / "recordings", progress=False)
    session = truth["recordings"]["timeout"]
    assert story(logs, "session", session[:13]).whose.id == session
    assert story(logs, "user", "u-3").whose.id == "u-35"
    with pytest.raises(QueryError, match=r"2 sessions have an id that begins with '01a210b'"):
        story(logs, "session", "01a210b")


def test_the_beginning_of_a_trace_of_spans_alone(tmp_path: Path) -> None:
    def spans(*traces: str) -> bytes:
        one = {"spanId": "b" * 16, "name": "x", "startTimeUnixNano": str(NINE), "endTimeUnixNano": str(NINE + 5)}
        found = [one | {"traceId": trace} for trace in traces]
        return json.dumps({"resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": found}]}]}).encode()

    alone, also, told = "abc1" * 8, "abc2" * 8, "abd3" * 8
    said = json.dumps(record(1, trace_id=told)).encode()
    logs = ln.read(spans(alone, also, told), said, progress=False)
    assert logs.waterfall("ABC1").frame["trace_id"].to_list() == [alone]
    assert story(logs, "trace", "abd").whose.id == told
    with pytest.raises(QueryError, match=r"2 traces have an id that begins with 'abc'"):
        story(logs, "trace", "abc")
    with pytest.raises(QueryError, match=r"3 traces have an id that begins with 'ab'"):
        story(logs, "trace", "ab")
