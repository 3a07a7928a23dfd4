"""What a recording tells without being played, and what product events tell where there is none."""

from __future__ import annotations

import datetime as dt
import json
import tomllib
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from recorded import START, change, incremental, recording

import lognb as ln
from lognb.errors import SourceError
from lognb.replay import clean, decode, encode, from_events, lanes
from lognb.schema import ITEM

SAMPLES = Path(__file__).parents[2] / "data" / "samples"


def click(after_ms: float, node: int = 9, x: int = 100, y: int = 100) -> dict[str, Any]:
    return incremental(after_ms, {"source": 2, "type": 2, "id": node, "x": x, "y": y})


def told(events: list[dict[str, Any]], lane: str) -> list[dict[str, Any]]:
    """The items of a lane, `after` in ms from the start."""
    frame = lanes(events)
    assert dict(frame.schema) == ITEM
    assert frame["time"].is_sorted()
    ms = (pl.col("time").dt.epoch("ms") - START).alias("after")
    end = (pl.col("end").dt.epoch("ms") - START).alias("until")
    rows = frame.filter(lane=lane).with_columns(ms, end).to_dicts()
    return [row | {"detail": json.loads(row["detail"])} for row in rows]


def kinds(events: list[dict[str, Any]]) -> list[str]:
    return [row["kind"] for row in told(events, "clicks")]


def test_pages_last_until_the_next() -> None:
    meta = {"type": 4, "data": {"href": "http://shop.example/cart?id=7", "width": 8, "height": 6}}
    again = meta | {"timestamp": START + 9000}  # a snapshot says again where it is
    there = {
        "type": 5,
        "timestamp": START + 12_000,
        "data": {"tag": "$pageview", "payload": {"href": "http://shop.example/x"}},
    }
    events = [
        *recording(),
        meta | {"timestamp": START + 4000},
        again,
        there,
        incremental(15_000, {"source": 3, "id": 1}),
    ]
    pages = [(p["after"], p["until"], p["text"], p["detail"]["url"]) for p in told(events, "pages")]
    assert pages == [
        (0, 4000, "/", "http://shop.example/"),
        (4000, 12_000, "/cart?id=7", "http://shop.example/cart?id=7"),
        (12_000, 15_000, "/x", "http://shop.example/x"),
    ]


def test_a_reload_is_a_page() -> None:
    first = recording()
    reloaded = [{"type": 0, "timestamp": START + 5000, "data": {}}, first[0] | {"timestamp": START + 5001}]
    assert len(told(first + reloaded, "pages")) == 2


def test_windows_have_pages_of_their_own() -> None:
    other = {
        "type": 4,
        "timestamp": START + 500,
        "windowId": "b",
        "data": {"href": "http://shop.example/", "width": 1, "height": 1},
    }
    assert [p["detail"].get("window") for p in told([*recording(), other], "pages")] == [None, "b"]


def test_a_click_has_the_words_of_what_was_clicked() -> None:
    (one,) = told([*recording(), click(100)], "clicks")
    assert (one["text"], one["detail"]["tag"], one["detail"]["x"]) == ("Cart", "a", 100)
    (one,) = told([*recording(), click(100, node=8)], "clicks")
    assert one["text"] == "a pot"
    (one,) = told([*recording(), click(100, node=999)], "clicks")
    assert one["text"] == "(an element that was not recorded)"


def test_words_that_have_changed_and_elements_that_came_later() -> None:
    button = {"type": 2, "id": 50, "tagName": "button", "attributes": {}, "childNodes": []}
    added = change(
        adds=[
            {"parentId": 4, "nextId": None, "node": button},
            {"parentId": 50, "nextId": None, "node": {"type": 3, "id": 51, "textContent": "Pay"}},
        ],
        texts=[{"id": 13, "value": "Cart (1)"}],
    )
    events = [*recording(changes=[added]), click(1500), click(3000, node=50)]
    assert [c["text"] for c in told(events, "clicks")] == ["Cart (1)", "Pay"]


def test_dead_clicks() -> None:
    end = incremental(20_000, {"source": 1, "positions": []})
    answer = incremental(3000, change(texts=[{"id": 13, "value": "x"}]))
    assert kinds([*recording(), click(1000), answer, end]) == ["click"]  # 2.0 s later
    assert kinds([*recording(), click(400), answer, end]) == ["dead click"]  # 2.6 s later
    assert kinds([*recording(), click(1000)]) == ["click"]  # what came after is not known
    assert kinds([*recording(), click(1000, node=10), end]) == ["click"]  # a field answers by its cursor
    request = {
        "type": 6,
        "timestamp": START + 9000,
        "data": {
            "plugin": "rrweb/network@1",
            "payload": {"requests": [{"name": "http://shop.example/api", "duration": 7900, "responseStatus": 200}]},
        },
    }
    assert kinds([*recording(), click(1000), request, end]) == ["click"]  # it began at once, and was told at its end


def test_rage_clicks() -> None:
    def some(*at: tuple[int, int]) -> list[str]:
        answers = [incremental(t + 1, change(texts=[{"id": 13, "value": "x"}])) for t, _ in at]
        return kinds([*recording(), *(click(t, x=x) for t, x in at), *answers])

    assert some((100, 5), (1000, 9), (1900, 5)) == ["rage click"] * 3
    assert some((100, 5), (1000, 9)) == ["click"] * 2
    assert some((100, 5), (1000, 9), (2001, 5)) == ["click"] * 3  # a second and more later
    assert some((100, 5), (300, 36), (500, 5)) == ["click"] * 3  # 30 px and more away
    (first, *_) = told([*recording(), click(1), click(2), click(3)], "clicks")
    assert first["severity"] == "warn"


def test_inputs_that_follow_one_another_are_one() -> None:
    typed = [
        incremental(t, {"source": 5, "id": 10, "text": text, "isChecked": False})
        for t, text in ((1000, "t"), (1200, "te"), (1400, "tea"), (9000, "teapot"))
    ]
    rows = told([*recording(), *typed], "inputs")
    assert [(r["after"], r["until"], r["text"]) for r in rows] == [(1000, 1400, "q: tea"), (9000, 9000, "q: teapot")]
    assert rows[0]["detail"]["events"] == 3
    masked, _ = clean([*recording(), *typed], mask_inputs=True)
    assert told(masked, "inputs")[0]["text"] == "q: ***"


def plugin(name: str, payload: Any) -> dict[str, Any]:
    return {"type": 6, "timestamp": START + 1000, "data": {"plugin": name, "payload": payload}}


def test_console() -> None:
    said = {"level": "error", "payload": ['"order failed"', '{"id":7}', "not json"], "trace": ["f (x.js:1:2)"]}
    (row,) = told([*recording(), plugin("rrweb/console@1", said)], "console")
    assert (row["text"], row["kind"], row["severity"]) == ('order failed {"id":7} not json', "error", "error")
    assert row["detail"]["trace"] == ["f (x.js:1:2)"]
    levels = {"log": "info", "warn": "warn", "debug": "debug", "assert": "error", "whatever": "info"}
    for level, severity in levels.items():
        (row,) = told([*recording(), plugin("rrweb/console@1", {"level": level, "payload": []})], "console")
        assert row["severity"] == severity


def test_network() -> None:
    trace = {"traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    requests = [
        {
            "name": "http://shop.example/api/x?q=1",
            "method": "post",
            "responseStatus": 504,
            "timeOrigin": START,
            "startTime": 200.5,
            "duration": 700,
            "initiatorType": "fetch",
            "requestHeaders": trace,
        },
        {"name": "http://shop.example/i.png", "responseStatus": 404, "timestamp": START + 300, "duration": 5},
        {"name": "http://shop.example/gone", "status": 0, "timestamp": START + 400},
        {"name": "first-paint", "entryType": "paint"},
        7,
    ]
    rows = told([*recording(), plugin("rrweb/network@1", {"requests": requests})], "network")
    assert [(r["after"], r["until"], r["text"], r["severity"]) for r in rows] == [
        (200, 900, "POST /api/x?q=1 504", "error"),
        (300, 305, "GET /i.png 404", "warn"),
        (400, None, "GET /gone failed", "error"),
    ]
    assert (rows[0]["trace_id"], rows[0]["span_id"], rows[0]["time"].microsecond) == ("a" * 32, "b" * 16, 200_500)
    assert (rows[0]["detail"]["status"], rows[0]["detail"]["duration_ms"]) == (504, 700)


def test_network_of_an_older_plugin_has_numbers_for_names() -> None:
    said = [
        {"0": "resource", "1": START, "2": "http://shop.example/api/x", "3": 200.5, "21": 504, "39": 700},
        {"0": "resource", "1": START, "2": "http://shop.example/i.png", "3": 300, "15": 310.5, "18": "img", "22": 9},
        {"0": "navigation", "2": "http://shop.example/", "21": 200, "39": 50, "40": START + 400},
        {"0": "paint", "1": START, "2": "first-paint", "3": 9},
        {"name": "http://shop.example/by-name"},
    ]
    rows = told([*recording(), *(plugin("posthog/network@1", one) for one in said)], "network")
    assert [(r["after"], r["until"], r["text"], r["severity"]) for r in rows] == [
        (200, 900, "GET /api/x 504", "error"),
        (300, 310, "GET /i.png", None),
        (400, 450, "GET / 200", None),
    ]
    assert rows[1]["detail"] == {**rows[1]["detail"], "initiator": "img", "bytes": 9, "duration_ms": 10.5}


def test_what_the_call_got_counts_more_than_what_the_timings_say() -> None:
    requests = [
        {"name": "http://shop.example/a", "status": 500, "responseStatus": 200, "timestamp": START + 1},
        {"name": "http://fonts.example/b", "responseStatus": 0, "timestamp": START + 2},  # another site's: not told
        {"name": "http://fonts.example/c", "status": 0, "responseStatus": 0, "timestamp": START + 3},
    ]
    rows = told([*recording(), plugin("rrweb/network@1", {"requests": requests})], "network")
    assert [(r["text"], r["severity"]) for r in rows] == [
        ("GET /a 500", "error"),
        ("GET /b", None),
        ("GET /c failed", "error"),
    ]


def test_idle_time_is_what_lies_between() -> None:
    events = [*recording(), click(3000), click(8000), click(20_000), incremental(20_500, change())]
    assert [(r["after"], r["until"]) for r in told(events, "idle")] == [(8000, 20_000)]


def test_custom_events() -> None:
    events = [*recording(), {"type": 5, "timestamp": START + 1, "data": {"tag": "paid", "payload": {"cents": 5}}}]
    (row,) = told(events, "events")
    assert (row["text"], row["detail"]["payload"]) == ("paid", {"cents": 5})


def test_the_sample() -> None:
    truth = tomllib.loads((SAMPLES / "truth.toml").read_text(encoding="utf-8"))
    logs = ln.read(SAMPLES / "recordings", progress=False)
    fault = truth["faults"]["exception"]
    items = lanes(decode(logs.engine.recording(fault["session"])))
    errors = items.filter(severity="error")
    assert [fault["message"] in text for text in errors["text"]] == [True]
    assert abs((errors["time"][0] - fault["time"]).total_seconds()) < 0.1
    release = lanes(decode(logs.engine.recording(truth["recordings"]["timeout"])))
    assert release.filter(lane="clicks")["text"].to_list()[-1] == "Check out"
    assert "504" in release.filter(severity="error")["text"][0]


def test_a_damaged_part_is_said() -> None:
    with pytest.raises(SourceError, match="cannot be read"):
        decode([encode([])[:-4]])


KEYS = (
    "type",
    "timestamp",
    "data",
    "source",
    "id",
    "node",
    "tag",
    "payload",
    "plugin",
    "requests",
    "name",
    "level",
    "text",
)
ANY = st.recursive(
    st.none() | st.booleans() | st.integers(-2, 2**70) | st.text(max_size=4) | st.floats(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(list(KEYS)), inner),
    max_leaves=12,
)


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "type": st.integers(0, 7),
                "timestamp": st.integers(0, 10**6) | ANY,
                "data": ANY
                | st.fixed_dictionaries(
                    {
                        "source": st.integers(0, 16),
                        "type": st.integers(0, 4),
                        "id": ANY,
                        "text": ANY,
                        "tag": st.just("$pageview"),
                        "payload": ANY,
                        "plugin": st.sampled_from(["rrweb/console@1", "rrweb/network@1"]),
                        "href": ANY,
                        "node": ANY,
                        "adds": ANY,
                    }
                ),
            }
        ),
        max_size=4,
    )
)
@example([{"type": 3, "timestamp": 0, "data": {"source": []}}])
def test_no_event_makes_it_fail(events: list[dict[str, Any]]) -> None:
    assert dict(lanes(events).schema) == ITEM


def product(event: str, after_s: float, **properties: Any) -> dict[str, Any]:
    time = dt.datetime.fromtimestamp(START / 1000 + after_s, dt.UTC)
    text = json.dumps({"$window_id": "w", "$current_url": "http://shop.example/a?b=1", **properties})
    return {
        "time": time,
        "event": event,
        "session": "s",
        "user": "u",
        "url": None,
        "record_id": int(after_s),
        "properties": text,
    }


def test_product_events() -> None:
    chain = 'span:text="";button.primary:attr__id="add"text="Add to \\"cart\\""nth-child="1";div.x'
    exception = [{"type": "TypeError", "value": "x is null"}]
    rows = [
        product("$pageview", 1),
        product("$autocapture", 2, **{"$event_type": "click", "$elements_chain": chain}),
        product(
            "$autocapture", 3, **{"$event_type": "change", "$elements": [{"tag_name": "input", "attr__name": "q"}]}
        ),
        product("$rageclick", 4, **{"$el_text": "Pay"}),
        product("$exception", 5, **{"$exception_list": exception}),
        product("order_paid", 6),
        product("$pageleave", 7),
        product("$pageview", 8),
        product("$exception", 9, **{"$exception_list": json.dumps(exception), "$exception_level": "warning"}),
    ]
    schema = {"time": pl.Datetime("ns", "UTC"), "record_id": pl.UInt64}
    items = from_events(pl.DataFrame(rows, schema_overrides=schema))
    assert dict(items.schema) == ITEM
    told_ = items.select("lane", "kind", "text", "severity", "record_id").rows()
    assert told_ == [
        ("pages", "page", "/a?b=1", None, 1),
        ("clicks", "click", 'Add to "cart"', None, 2),
        ("inputs", "change", "q", None, 3),
        ("clicks", "rage click", "Pay", "warn", 4),
        ("events", "exception", "TypeError: x is null", "error", 5),
        ("events", "event", "order_paid", None, 6),
        ("events", "event", "$pageleave", None, 7),
        ("pages", "page", "/a?b=1", None, 8),
        ("events", "exception", "TypeError: x is null", "warn", 9),
    ]
    assert items["end"].to_list() == [items["time"][6], *[None] * 8]


def test_product_events_of_the_sample() -> None:
    truth = tomllib.loads((SAMPLES / "truth.toml").read_text(encoding="utf-8"))
    events = ln.read(SAMPLES / "events.parquet", progress=False).events
    assert dict(events["event"].value_counts().iter_rows()) == truth["events"]
    items = from_events(events)
    assert items.filter(lane="pages").height == truth["events"]["$pageview"]
    assert items.filter(pl.col("text") == "").is_empty()
