"""A saved report in a browser, from a file: alive with scripts, readable without, and asking nobody for anything."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jlab
import pytest

import lognb as ln
from lognb.report import page
from lognb.report.freeze import freeze
from lognb.widgets.table import TableView
from tests.replay.recorded import START, added, recording, tag
from tests.widgets import players

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser
CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "hostile_recordings.toml").read_text(encoding="utf-8"))
PICTURES = jlab.ROOT / "build" / "pictures"


_AXE = """async () => {
  const { violations } = await axe.run({ exclude: [["iframe"]] }, { resultTypes: ["violations"], iframes: false });
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
    `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 200)).join(" | ")}`);
}"""


@pytest.fixture(scope="module")
def logs(shop: Path, samples: Path) -> ln.Logs:
    return ln.read(shop, samples / "recordings", progress=False)


@pytest.fixture(scope="module")
def saved(logs: ln.Logs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A result of many rows (block 2), a panel with all its records, a table with the first of many, a recorded story,
    a result of few rows (6).
    """
    panel = logs.where("severity>=warn").explore(tab="errors")
    report = ln.Report("Checkout times out", timezone="Europe/Berlin")
    report.add("What we know.", logs.patterns(), panel, TableView(logs), logs.session(logs.recordings["session_id"][0]))
    report.add(logs.errors())
    panel.close()
    return report.save(tmp_path_factory.mktemp("report") / "report.html")


@pytest.fixture
def opened(chrome: Any) -> Iterator[Callable[..., Page]]:
    """Opens files; at the end none may have asked for anything, or have said anything on its console."""
    tabs: list[Page] = []
    asked: list[str] = []
    wrong: list[str] = []

    def one(path: Path, wait: str = "html[data-alive]", **how: Any) -> Page:
        context = chrome.new_context(**{"viewport": {"width": 1300, "height": 1000}, "offline": True, **how})
        tab: Page = context.new_page()
        tabs.append(tab)
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("console", lambda message: wrong.append(message.text))
        tab.on("pageerror", lambda error: wrong.append(str(error)))
        tab.goto(path.as_uri())
        tab.locator(wait).first.wait_for(state="attached")
        return tab

    yield one
    for tab in tabs:
        tab.context.close()
    assert ([url for url in asked if not url.startswith(("file:", "data:"))], wrong) == ([], [])


def rows(block: Any) -> Any:
    return block.locator(".lt-rows > .lt-row:visible")


def brush(tab: Page, block: Any, since: float, until: float) -> None:
    block.locator(".tl-surface").scroll_into_view_if_needed()
    box = block.locator(".tl-surface").bounding_box()
    left, wide, y = box["x"] + 35, box["width"] - 41, box["y"] + 40  # behind the axis
    tab.mouse.move(left + since * wide, y)
    tab.mouse.down()
    tab.mouse.move(left + until * wide, y, steps=5)
    tab.mouse.up()


def test_a_panel_is_brushed_filtered_searched_and_opened(
    opened: Callable[..., Page], saved: Path, logs: ln.Logs
) -> None:
    tab = opened(saved)
    assert tab.locator("html").get_attribute("data-alive") == "4"
    assert tab.locator(".ln-still:visible").count() == 1
    block, title = tab.locator("#b-3"), tab.locator("#b-3 .lt-title")
    block.get_by_role("tab", name="Records").click()
    assert title.inner_text() == "420 records"
    brush(tab, block, 0.5, 0.75)
    said = block.locator(".tl-said").inner_text()
    n = int(re.search(r"([\d,]+) records?\)", said)[1])  # type: ignore[index]
    assert 0 < n < 420
    assert title.inner_text() == f"{n} of 420 records"
    worker = block.locator(".ln-box", has_text="worker").first
    many = int(worker.locator(".ln-count").inner_text())
    worker.click()
    title.get_by_text(f"{many} of 420").wait_for()
    assert {row.locator("[role=gridcell]").nth(4).inner_text() for row in rows(block).all()} == {"worker"}
    block.get_by_role("button", name="show all").click()
    title.get_by_text("420 records").wait_for()
    block.locator(".lf-find").fill("TIMED out")
    n = len(logs.where('severity>=warn "timed out"'))
    title.get_by_text(f"{n} of 420 records").wait_for()
    assert rows(block).first.locator("mark").first.inner_text() == "timed out"
    newest = rows(block).first.inner_text()
    block.locator(".lt-head").get_by_role("button", name="time").click()
    assert rows(block).last.inner_text().split()[-1] == newest.split()[-1]
    rows(block).first.click(position={"x": 40, "y": 8})
    block.locator(".lt-details").wait_for()
    assert block.locator(".lt-acts button:visible").all_inner_texts() == ["Copy JSON"]
    assert block.locator(".lt-tools button:visible").all_inner_texts() == ["ns", "?"]


def test_of_more_records_it_says_of_how_many(opened: Callable[..., Page], saved: Path) -> None:
    block = opened(saved).locator("#b-4")
    assert block.locator(".lt-title").inner_text() == "1,000 of 23,876 records: the newest are kept here"
    block.locator(".lf-find").fill("no such text")
    block.get_by_text("0 of the 1,000 records kept here, of 23,876").first.wait_for()


def test_rows_of_a_result_are_sorted_found_and_opened_and_marks_of_its_chart_speak(
    opened: Callable[..., Page], saved: Path, logs: ln.Logs
) -> None:
    tab = opened(saved)
    block, lines = tab.locator("#b-2"), tab.locator("#b-2 .ll-rows > .ll-row:visible")
    found = logs.patterns().frame
    for way in ("max", "min"):
        block.locator(".ll-head").get_by_role("button", name="records").click()
        assert lines.first.locator(".ll-bar").inner_text() == f"{getattr(found['records'], way)():,}"
    block.get_by_role("searchbox").fill("LOYALTY")
    tab.wait_for_timeout(300)
    assert lines.count() == found["text"].str.to_lowercase().str.contains("loyalty", literal=True).sum()
    lines.first.click(position={"x": 60, "y": 8})
    assert "loyalty" in block.locator(".ll-pairs").inner_text()
    assert tab.locator("#b-6 .ln-still table").is_visible()  # all of it can be read as it is
    mark = tab.locator("#b-6 .ln-pic [data-said]").first
    mark.dispatch_event("pointermove", {"bubbles": True, "clientX": 300, "clientY": 300})
    assert "when: 2026-11-25 03:1" in tab.locator(".lf-tip").inner_text()


def test_the_recording_plays_as_it_looked(opened: Callable[..., Page], saved: Path) -> None:
    tab = opened(saved)
    block = tab.locator("#b-5")
    block.scroll_into_view_if_needed()
    frame = block.frame_locator("iframe")
    frame.get_by_text("Your cart").wait_for()
    # Its sheet holds under a policy that lets no style in.
    held = "e => getComputedStyle(e.contentDocument.body).maxWidth"
    assert block.locator("iframe").evaluate(held) == "960px"
    block.locator(".rp-track").click(position={"x": 30, "y": 8})
    before = block.locator(".rp-time").inner_text()
    block.get_by_role("button", name="play (space)").click()
    block.locator(".rp-time", has_text="0:02 /").wait_for()
    assert before != block.locator(".rp-time").inner_text()
    block.get_by_role("button", name="pause (space)").click()
    cursor = block.locator(".ls-now .ls-time").inner_text()
    block.locator(".ls-row:visible").last.click(position={"x": 40, "y": 8})
    block.locator(".lt-details, .ls-dl").first.wait_for()
    assert block.locator(".ls-now .ls-time").inner_text() != cursor
    block.screenshot(path=PICTURES / "report-story.png")


def test_without_scripts_it_is_read(opened: Callable[..., Page], saved: Path) -> None:
    tab = opened(saved, ".ln-still", java_script_enabled=False)
    assert tab.locator(".ln-alive:visible").count() == 0
    for n, words in ((3, "worker"), (4, "1,000 kept"), (5, "key moments")):
        block = tab.locator(f"#b-{n}")
        assert block.locator("table:visible").count() >= 1
        assert words in block.inner_text()
    for n in (2, 3, 5, 6):
        assert tab.locator(f"#b-{n} svg:visible").count() == 1


def test_a_link_to_a_row_of_a_block_that_is_alive_shows_the_row(opened: Callable[..., Page], saved: Path) -> None:
    tab = opened(saved)
    row = tab.locator("#b-4 .ln-still tr[id^=r-]").last
    assert row.is_hidden()
    tab.evaluate("id => { location.hash = id; }", row.get_attribute("id"))
    row.wait_for()
    assert tab.locator("#b-4 .ln-alive").is_hidden()


def test_a_block_that_cannot_live_stays_as_it_was(opened: Callable[..., Page], saved: Path, tmp_path: Path) -> None:
    text = saved.read_text(encoding="utf-8")
    at = text.index('id="ln-block-3">') + len('id="ln-block-3">')
    broken = tmp_path / "broken.html"
    broken.write_text(f"{text[:at]}AAAA{text[text.index('<', at) :]}", encoding="utf-8")
    tab = opened(broken)
    assert tab.locator("html").get_attribute("data-alive") == "3"
    assert tab.locator("#b-3 .ln-still").is_visible()


def test_what_is_hostile_in_a_recording_runs_nothing_and_asks_nobody(
    opened: Callable[..., Page], logs: ln.Logs, tmp_path: Path
) -> None:
    """All of the cases in one page of one recording, as if a bundle had brought it."""
    nodes = [json.loads(case["node"]) for case in CASES["node"]]
    nodes += [tag(1, "style", {}, [{"type": 3, "textContent": case["text"], "isStyle": True}]) for case in CASES["css"]]
    for i, one in enumerate((one for node in nodes for one in _nodes(node)), 1_000):
        one["id"] = i
    changes = [added(node) for node in nodes]
    changes += [json.loads(case["data"]) for case in CASES["change"]]
    events = recording(changes=changes)
    for i, event in enumerate(events):
        event["timestamp"] = START + i
    story = freeze(logs.session(logs.recordings["session_id"][0]))
    report = ln.Report("x")
    with players.stranger() as who:
        lines = "\n".join(json.dumps(event) for event in events)
        for there in ("http://evil.invalid", "https://evil.invalid"):
            lines = lines.replace(there, who.address)
        lines = lines.replace("//evil.invalid", who.address.removeprefix("http:"))
        report.blocks.append(replace(story, recordings={"any": lines.encode()}))
        path = tmp_path / "hostile.html"
        path.write_text(page.html(report.document()), encoding="utf-8")
        tab = opened(path)
        block = tab.locator("#b-1")
        block.scroll_into_view_if_needed()
        block.frame_locator("iframe").get_by_text("hello").first.wait_for()
        block.locator(".rp-track").click(position={"x": 2, "y": 8})
        block.get_by_role("button", name="play (space)").click()
        tab.wait_for_timeout(600)
        assert tab.evaluate("window.__pwn") is None
        assert block.locator(".rp-over [role=alert]:visible").count() == 0
        assert who.knocked == []


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("childNodes") or []:
        if isinstance(child, dict):
            yield from _nodes(child)


def test_nothing_serious(opened: Callable[..., Page], saved: Path, axe: str) -> None:
    tab = opened(saved, bypass_csp=True)  # axe-core is no script of the page
    tab.evaluate(axe)
    found = {}
    for scheme in ("light", "dark"):
        tab.emulate_media(color_scheme=scheme)
        for n in (2, 3, 5):
            tab.locator(f"#b-{n}").scroll_into_view_if_needed()
        tab.locator("#b-5 iframe").wait_for()
        found[scheme] = tab.evaluate(_AXE)
        tab.screenshot(path=PICTURES / f"report-{scheme}.png", full_page=True)
    assert found == {"light": [], "dark": []}
