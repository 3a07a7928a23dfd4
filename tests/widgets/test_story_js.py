"""A story in a real browser, with its real other half: lanes, cursor, rows, details and keys."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.replay import decode, encode
from lognb.widgets.story import Story

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser
WIDE = {"width": 1272, "height": 760}


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet", progress=False)


@pytest.fixture
def told(bench: Callable[..., Bench], logs: ln.Logs, truth: dict[str, Any]) -> tuple[Bench, Locator, Story]:
    return show(bench, logs, "session", truth["recordings"]["timeout"])


def show(
    bench: Callable[..., Bench], logs: ln.Logs, kind: Any, id: str, **options: Any
) -> tuple[Bench, Locator, Story]:
    made = bench(viewport=WIDE)
    story = Story(logs, kind, id, **options)
    el = made.show(story)
    made.settle()
    return made, el, story


def lines(el: Locator) -> list[list[str]]:
    """The rows that are drawn, from top to bottom."""
    found = el.locator(".ls-row:visible").evaluate_all(
        "all => all.map(r => [Number(r.dataset.index), [...r.children].map(c => c.textContent)])"
    )
    return [cells for _, cells in sorted(found)]


def now(el: Locator) -> str:
    """What the row of the cursor says."""
    return el.locator(".ls-row.ls-now .ls-text").inner_text()


def press(made: Bench, *keys: str) -> None:
    for key in keys:
        made.page.keyboard.press(key)
    made.settle()


def clock(ns: int) -> str:
    """The time of day, UTC, in ms."""
    ms = ns // 10**6
    return f"{ms // 3600000 % 24:02}:{ms // 60000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def name(el: Locator, lane: str) -> Locator:
    return el.locator("button.ls-name", has_text=lane)


def place(el: Locator, lane: str, story: Story, row: dict[str, Any]) -> dict[str, float]:
    """Where the mark of an item of `story.frame` is on the surface, if all of the story is shown."""
    box = el.locator(".ls-surface").bounding_box()
    top = name(el, lane).bounding_box()
    assert box
    assert top
    frame = story.frame
    first = frame["time"].dt.timestamp("ns").min()
    last = frame.select(pl.max_horizontal("time", "end").dt.timestamp("ns").max()).item()
    pad = max((last - first) * 0.015, 1e6)
    wide = box["width"] + 114 - 124 - 14
    share = (row["time"] - first + pad) / (last - first + 2 * pad)
    return {"x": 10 + share * wide, "y": top["y"] + top["height"] / 2 - box["y"]}


def item(story: Story, **want: str) -> dict[str, Any]:
    """The first item with these values, its time in ns."""
    frame = story.frame.with_columns(pl.col("time", "end").dt.timestamp("ns"))
    return frame.filter(*(pl.col(k).cast(pl.String) == v for k, v in want.items())).row(0, named=True)


def test_it_says_whose_it_is_and_begins_at_the_first_error(told: Any) -> None:
    made, el, story = told
    head = el.locator(".ls-head").inner_text()
    for said in ("Session 01a210b0", "user u-35", "4 errors", "shop-web → front → checkout", "26 records · 11 spans"):
        assert said in head
    assert "no recording" in head
    assert now(el) == "ERROR POST /api/checkout 504"
    shown = [text for *_, text in lines(el)]
    assert "ERROR order 849600 failed: loyalty:8443 did not answer within 4000 ms" in shown
    lanes = el.locator(".ls-name").all_inner_texts()
    assert [lane.split("\n")[-1] for lane in lanes] == [lane["name"] for lane in story.data["lanes"]]
    assert el.locator(".ls-joined").inner_text().startswith("joined: 23 by session id, 3 by trace")
    made.picture("story-light")
    made.theme("dark")
    made.settle()
    made.picture("story-dark")


def test_a_click_on_a_row_moves_the_cursor_and_opens_its_record(told: Any) -> None:
    made, el, story = told
    el.locator(".ls-row", has_text="order 849600 received").click()
    made.settle()
    assert now(el) == "order 849600 received with 1 items"
    record = el.locator(".ls-detail")
    assert record.get_by_role("button", name="Trace", exact=True).is_visible()
    assert record.locator("pre").first.inner_text() == "order 849600 received with 1 items"
    assert made.sent("record")[-1]["id"] == str(item(story, text="order 849600 received with 1 items")["record_id"])
    # Alone it has no table to filter.
    assert record.get_by_role("button", name="Compare from here").count() == 0
    record.locator(".lt-value").first.click()
    assert made.page.get_by_role("menuitem").all_inner_texts() == ["copy"]
    press(made, "Escape")
    press(made, "Escape")
    assert el.locator(".ls-detail").count() == 0


def test_keys_go_from_error_to_error_and_back(told: Any) -> None:
    made, el, story = told
    el.locator(".ls-grid").focus()
    wrong = story.frame.filter(pl.col("severity") == "error", pl.col("lane") != "spans").sort("time")["text"].to_list()
    assert len(wrong) == 4
    seen = []
    for _ in range(5):
        press(made, "n")
        seen.append(el.locator(".ls-row.ls-at .ls-text").inner_text().removeprefix("ERROR "))
    start = wrong.index(seen[0])
    assert seen == [wrong[(start + k) % 4] for k in range(5)]
    press(made, "Shift+N")
    assert el.locator(".ls-row.ls-at .ls-text").inner_text().removeprefix("ERROR ") == seen[3]
    assert "error" in el.locator(".ls-said").inner_text()


def test_a_click_on_a_mark_is_a_click_on_its_row(told: Any) -> None:
    made, el, story = told
    row = item(story, lane="logs", service_name="checkout", severity="error")
    el.locator(".ls-surface").click(position=place(el, "checkout", story, row))
    made.settle()
    assert el.locator(".ls-row.ls-at .ls-text").inner_text() == f"ERROR {row['text']}"
    at = el.locator(".ls-surface").get_attribute("aria-valuetext")
    assert at == clock(row["time"])
    el.locator(".ls-surface").hover(position=place(el, "checkout", story, row))
    assert row["text"] in el.locator(".ls-tip").inner_text()


def test_the_cursor_asks_the_kernel_for_nothing(told: Any) -> None:
    made, el, _ = told
    before = len(made.sent())
    el.locator(".ls-surface").focus()
    press(made, "Home", "ArrowRight", "ArrowRight", "PageDown", "End", "ArrowLeft")
    el.locator(".ls-grid").focus()
    press(made, "j", "k", "n", "PageUp", "+", "-", "0")
    assert len(made.sent()) == before


def test_zoom_by_keys_drag_and_wheel_and_back(told: Any) -> None:
    made, el, _ = told
    wide = el.locator(".ls-axis em")
    whole = wide.inner_text()
    el.locator(".ls-grid").focus()
    press(made, "+")
    assert wide.inner_text() != whole
    press(made, "0")
    assert wide.inner_text() == whole
    box = el.locator(".ls-surface").bounding_box()
    assert box
    made.page.mouse.move(box["x"] + 300, box["y"] + 60)
    made.page.mouse.down()
    made.page.mouse.move(box["x"] + 500, box["y"] + 60, steps=4)
    made.page.mouse.up()
    made.settle()
    dragged = wide.inner_text()
    assert dragged != whole
    el.get_by_role("button", name="back").click()
    made.settle()
    assert wide.inner_text() == whole
    made.page.mouse.move(box["x"] + 400, box["y"] + 60)
    made.page.mouse.wheel(0, -200)  # not before one has clicked there
    made.settle()
    assert wide.inner_text() == whole
    el.locator(".ls-surface").focus()
    made.page.mouse.wheel(0, -200)
    made.settle()
    assert wide.inner_text() != whole


def test_lanes_and_severities_filter_the_rows(told: Any) -> None:
    made, el, story = told
    name(el, "front").click()
    made.settle()
    assert name(el, "front").get_attribute("aria-pressed") == "false"
    assert not [who for _, who, kind, _ in lines(el) if who == "front" and "→" not in kind and kind != "client"]
    name(el, "front").click()
    name(el, "spans").click()
    el.get_by_label("rows of which severity").select_option("errors")
    made.settle()
    assert [text.startswith("ERROR") for *_, text in lines(el)] == [True] * 4
    assert "4 of " in el.locator(".ls-tools").last.inner_text()
    # The next error shows itself, whatever is hidden.
    name(el, "checkout").click()
    name(el, "shop-web").click()
    name(el, "front").click()
    made.settle()
    assert el.get_by_text("nothing here").is_visible()
    el.locator(".ls-grid").focus()
    press(made, "n")
    assert len(lines(el)) == 1
    assert story.data["errors"] == 4


def test_t_opens_the_trace_and_closes_it(told: Any) -> None:
    made, el, story = told
    el.locator(".ls-grid").focus()
    press(made, "n", "t")
    trace = made.sent("trace")[-1]["id"]
    assert trace in story.frame["trace_id"].to_list()
    assert el.locator(".ls-name", has_text=f"trace {trace[:6]}").is_visible()
    assert "5 spans" in el.locator(".ls-said").inner_text()
    made.picture("story-trace")
    press(made, "t")
    assert el.locator(".ls-name", has_text="trace ").count() == 0


def test_p_pins_with_a_note(told: Any) -> None:
    made, el, story = told
    el.locator(".ls-grid").focus()
    press(made, "n", "p")
    made.page.keyboard.type("look")
    press(made, "Enter")
    assert made.sent("pin")[-1]["note"] == "look"
    assert el.locator(".ls-row.ls-at .ls-pin").is_visible()
    el.locator(".ls-grid").focus()
    press(made, "p")
    assert el.locator(".ls-pin").count() == 0
    assert story.data["pinned"] == []


def test_the_offset_of_the_browser_is_shown_and_can_be_set(
    bench: Callable[..., Bench], logs: ln.Logs, truth: dict[str, Any]
) -> None:
    made, el, _ = show(bench, logs, "session", truth["faults"]["clock"]["sessions"][0])
    button = el.locator(".ls-clocked button.ls-go")
    assert button.inner_text() == "browser clock +57.4 s, corrected"

    def order() -> list[str]:
        return [who for _, who, kind, _ in lines(el)[:6] if kind != "x"]

    before = order()
    assert before.index("shop-web") < before.index("front")
    asked = len(made.sent())
    button.click()
    box = el.get_by_label("seconds that the browser's clock is ahead")
    box.fill("0")
    box.press("Enter")
    made.settle()
    assert len(made.sent()) == asked
    assert el.locator(".ls-clocked button.ls-go").inner_text() == "browser clock left as it was"
    el.locator(".ls-surface").focus()
    press(made, "Home")
    assert order()[0] == "front"  # as the clocks said it


def test_a_user_has_sessions_to_choose_from(bench: Callable[..., Bench], logs: ln.Logs, truth: dict[str, Any]) -> None:
    made, el, story = show(bench, logs, "user", truth["faults"]["clock"]["user"])
    box = el.get_by_label("session", exact=True)
    assert box.locator("option").count() == 4
    whole = el.locator(".ls-axis em").inner_text()
    session = story.data["sessions"][1]["id"]
    box.select_option(value=session)
    made.settle()
    assert el.locator(".ls-axis em").inner_text() != whole
    assert el.locator(".ls-row.ls-now").is_visible()
    made.picture("story-user")


def test_a_trace_is_shown_as_a_waterfall(bench: Callable[..., Bench], logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    made, el, story = show(bench, logs, "trace", fault["trace_id"])
    assert el.locator(".ls-name", has_text=f"trace {fault['trace_id'][:6]}").is_visible()
    el.locator(".ls-head").get_by_role("button", name="session 01a210b2").click()
    made.settle()
    assert story.data["kind"] == "session"
    assert "Session 01a210b2" in el.locator(".ls-head").inner_text()


def test_links_follow_the_cursor(bench: Callable[..., Bench], logs: ln.Logs, truth: dict[str, Any]) -> None:
    session = truth["recordings"]["timeout"]
    templates = {"own": "https://x.example/{session_id}?s={seconds}&ms={ms}&at={iso}"}
    made, el, story = show(bench, logs, "session", session, links=templates)
    link = el.locator(".ls-links a")
    el.locator(".ls-grid").focus()
    press(made, "n")
    made.page.wait_for_timeout(300)
    wrong = el.locator(".ls-row.ls-at .ls-text").inner_text().removeprefix("ERROR ")
    at = item(story, text=wrong)["time"]
    first = int(story.data["origin"])
    assert link.get_attribute("href") == (
        f"https://x.example/{session}?s={(at - first) // 10**9}&ms={at // 10**6}"
        f"&at={pl.select(pl.lit(at // 10**6).cast(pl.Datetime('ms')).dt.strftime('%Y-%m-%dT%H:%M:%S%.3fZ')).item()}"
    )
    assert link.get_attribute("rel") == "noopener noreferrer"


def test_hostile_text_stays_text_in_every_lane_and_row(bench: Callable[..., Bench], root: Path) -> None:
    cases = tomllib.loads((root / "tests/cases/hostile_html.toml").read_text(encoding="utf-8"))["payloads"]
    texts = [*cases[::6], "\u202egnp.exe\u202c", "\x1b[31mred\x1b[0m", "nul\0 \x07", "m" * 100_000]
    records = [
        {
            "message": text, "timestamp": 1_793_696_400_000 + 500 * i, "session_id": texts[0], "level": "error",
            "distinct_id": text, "service": text, "event_name": text if i % 2 else None, "trace_id": f"{i + 1:032x}",
            "exception.type": text, "exception.message": text,
        }
        for i, text in enumerate(texts)
    ]  # fmt: skip
    given = "\n".join(json.dumps({k: v for k, v in r.items() if v is not None}) for r in records)
    hostile = ln.read(given.encode(), progress=False)
    made, el, _ = show(bench, hostile, "session", texts[0])
    el.locator(".ls-grid").focus()
    for _ in texts:
        press(made, "n", "Enter")
        press(made, "Enter")
    box = el.locator(".ls-surface").bounding_box()
    assert box
    for y in range(20, int(box["height"]), 30):
        made.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + y)
        made.page.mouse.move(box["x"] + box["width"] / 3, box["y"] + y)
    assert made.page.evaluate("[window.ran, window.__ran].every((r) => r === undefined)")
    assert made.page.locator("#widget-0 :is(img, iframe, object, embed, script, svg)").count() == 0
    said = el.inner_text()
    assert "\u202e" not in said
    assert "\x1b" not in said


def test_a_long_story_brings_its_texts_as_they_are_looked_at(
    bench: Callable[..., Bench], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lognb.widgets.story.TEXTS", 500)
    records = [
        {
            "message": f"n{i}",
            "timestamp": 1_793_696_400_000 + i,
            "session_id": "s",
            "level": "error" if i == 4321 else "info",
        }
        for i in range(5_000)
    ]
    made, el, _ = show(bench, ln.read("\n".join(map(json.dumps, records)).encode(), progress=False), "session", "s")
    assert now(el) == "ERROR n4321"
    el.locator(".ls-grid").focus()
    press(made, "End")
    assert lines(el)[-1][-1] == "n4999"
    press(made, "Home")
    assert lines(el)[0][-1] == "n0"
    assert 2 <= len(made.sent("texts")) <= 8


@pytest.fixture(scope="module")
def with_recordings(samples: Path) -> ln.Logs:
    return ln.read(*(samples / n for n in ("shop.json.zst", "events.parquet", "recordings")), progress=False)


def at_of(el: Locator) -> str:
    """The time of day that the recording shows."""
    return el.locator(".rp-wall").inner_text().split()[0]


def test_recording_and_cursor_are_tied_both_ways(
    bench: Callable[..., Bench], with_recordings: ln.Logs, truth: dict[str, Any]
) -> None:
    made, el, story = show(bench, with_recordings, "session", truth["recordings"]["timeout"])
    el.locator(".rp").wait_for()
    made.settle()
    assert "recording" in el.locator(".ls-head").inner_text().split(" · ")[-1]
    lanes = [lane["name"] for lane in story.data["lanes"]]
    assert lanes[:5] == ["pages", "clicks", "inputs", "console", "events"]
    # A row, a mark, a key: the recording shows that moment.
    asked = len(made.sent())
    row = item(story, lane="clicks")
    el.locator(".ls-surface").click(position=place(el, "clicks", story, row))
    assert at_of(el) == clock(row["time"])
    el.locator(".ls-grid").focus()
    press(made, "j")
    below = el.locator(".ls-row.ls-at .ls-time").inner_text()
    assert at_of(el) == below
    # 5 s before, where one wants it.
    lead = el.get_by_role("button", name="5 s before")
    assert lead.get_attribute("aria-pressed") == "false"
    wrong = item(story, lane="console", severity="error")
    lead.click()
    el.locator(".ls-grid").focus()
    for _ in range(story.data["errors"]):
        press(made, "n")
        if wrong["text"] in el.locator(".ls-row.ls-at").inner_text():
            break
    chosen = item(story, text=el.locator(".ls-row.ls-at .ls-text").inner_text().removeprefix("ERROR "))
    assert at_of(el) == clock(chosen["time"] - 5 * 10**9)
    # The recording moves the cursor, rows and lanes; nothing was asked for all that but pieces of it.
    el.locator(".rp").get_by_role("button", name="play").focus()
    press(made, "Home")
    first = el.locator(".ls-row.ls-now").get_attribute("data-index")
    press(made, "End")
    last = el.locator(".ls-row.ls-now").get_attribute("data-index")
    assert int(first or 0) < int(last or 0)
    press(made, "Home")
    el.locator(".ls-grid").focus()
    made.page.keyboard.press(" ")
    made.page.wait_for_function(f"() => document.querySelector('.ls-now').dataset.index !== '{first}'")
    made.page.keyboard.press(" ")
    made.settle()
    stopped = at_of(el)
    made.page.wait_for_timeout(300)
    assert at_of(el) == stopped
    assert {ask["kind"] for ask in made.sent()[asked:]} <= {"events"}


def test_a_hostile_recording_is_clean_before_it_comes_here(
    bench: Callable[..., Bench], with_recordings: ln.Logs, truth: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = {"tagName": "img", "type": 2, "id": 900, "childNodes": [],
            "attributes": {"src": "http://evil.invalid/x.png", "onerror": "top.ran = 1"}}  # fmt: skip
    own = type(with_recordings.engine).recording

    def worse(engine: Any, session: str) -> list[bytes]:
        events = decode(own(engine, session))
        for event in events:
            if event["type"] == 2:
                event["data"]["node"]["childNodes"][-1]["childNodes"].append(evil)
        return [encode(events)]

    monkeypatch.setattr(type(with_recordings.engine), "recording", worse)
    made, el, _ = show(bench, with_recordings, "session", truth["recordings"]["timeout"])
    el.locator(".rp iframe").wait_for()
    made.page.wait_for_timeout(500)
    assert made.page.evaluate("window.ran") is None
    assert made.outside == []


def test_it_cleans_up(told: Any) -> None:
    made, _, _ = told
    made.page.evaluate("window.lognb.end(0)")
    made.theme("dark")
    made.settle()
