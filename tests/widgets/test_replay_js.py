"""A recording in a real browser: what is shown when, what the bar and the keys do. Python is the real one."""

from __future__ import annotations

import copy
import gzip
import json
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from benchmarks.recordings import T0, Page, long
from lognb.replay.parts import parts
from lognb.widgets.replay import Replay
from tests.widgets import players

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Browser, Locator

    from lognb.replay.parts import Parts
    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser

MS = 1_000_000
EVIL = '<img src=x onerror="window.pwned=1">\u202e'


class Given(Replay):
    """The widget over events that no source holds."""

    given: list[dict[str, Any]]

    def _gather(self) -> Parts:
        return parts(self.given)


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture(scope="module")
def recorded(samples: Path) -> dict[str, list[dict[str, Any]]]:
    """The events of the sample's recordings, by session."""
    found = {}
    for path in sorted((samples / "recordings").iterdir()):
        events = json.loads(gzip.decompress(path.read_bytes()))["data"]["snapshots"]
        found[path.name.removesuffix(".json.gz")] = sorted(events, key=lambda e: e["timestamp"])
    return found


class Shown:
    """A recording on a page."""

    def __init__(
        self, page: Bench, logs: ln.Logs, events: list[dict[str, Any]], width: int = 800, **options: Any
    ) -> None:
        self.bench = page
        Given.given = copy.deepcopy(events)
        self.start = events[0]["timestamp"]
        self.widget = Given(logs, "given", **options)
        self.el = page.show(self.widget, width=width)
        self.el.scroll_into_view_if_needed()  # what is not in view is not opened
        self.el.locator(".rc-ready").wait_for()
        page.settle()

    @property
    def ms(self) -> float:
        """Where Python thinks the player is, from the start."""
        return self.widget.time / MS - self.start

    def seek(self, ms: float, **more: Any) -> None:
        self.widget.seek(int((self.start + ms) * MS), **more)
        self.rest()

    def rest(self) -> None:
        """Until the moment that was asked for is shown."""
        self.bench.settle()
        self.el.locator(".rp:not(.rp-seeking)").wait_for()
        self.bench.settle()

    def press(self, key: str) -> None:
        self.el.locator(".rp-track").focus()
        self.bench.page.keyboard.press(key)
        self.rest()

    def button(self, name: str) -> Locator:
        return self.el.locator(f".rp-{name}")

    def html(self) -> str:
        return str(self.inside(_PLAIN))

    def text(self, selector: str = "body") -> str:
        return str(self.inside(f"(root) => root.querySelector({selector!r})?.innerText ?? ''"))

    def inside(self, program: str) -> Any:
        """Of the root of the recorded page; from the page around: Playwright leaves scripts in a frame it enters."""
        frame = self.el.locator(".rp-stage:not(.rp-away) iframe")
        return frame.evaluate(f"(frame) => ({program})(frame.contentDocument.documentElement)")


# A page as text, without what a player marks in it.
_PLAIN = """(root) => {
  const copy = root.cloneNode(true);
  for (const el of copy.querySelectorAll("link, meta, noscript")) el.remove(); // where the fence has one for the other
  for (const el of copy.querySelectorAll("a[href]")) el.setAttribute("href", "#");
  copy.classList.remove("rrweb-paused");
  for (const el of [copy, ...copy.querySelectorAll("[class]")]) {
    el.classList.remove(":hover");
    if (!el.className) el.removeAttribute("class");
  }
  if (!copy.className) copy.removeAttribute("class");
  const values = [...root.querySelectorAll("input")].map((i) => `${i.value} ${i.checked}`);
  return copy.outerHTML.replaceAll("<style></style>", "").replace(/,\\s+/g, ", ") + values.join();
}"""


def test_the_samples_exception_is_seen_as_the_user_saw_it(
    bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any], truth: dict[str, Any]
) -> None:
    events = recorded[truth["recordings"]["timeout"]]
    shown = Shown(bench(), logs, events)
    assert "Tea shop" in shown.text()
    assert shown.el.locator(".rp-time").inner_text() == "0:00 / 0:09"
    first = shown.html()
    shown.seek(9_700)
    assert "Your cart" in shown.text()
    assert shown.ms == 9_700
    shown.seek(0)
    assert shown.html() == first


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_looks_right(bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any], theme: str) -> None:
    """Pictures for a person: build/pictures/replay-*.png, as wide as a notebook and as a part of a story."""
    page = bench(theme, viewport={"width": 1100, "height": 1150})
    for events, width in zip(recorded.values(), (1000, 400), strict=True):
        at = events[0]["timestamp"] * MS
        marks = [
            {"time": at + 100 * MS, "text": "slow", "severity": "warn"},
            {"time": at + 150 * MS, "text": f"TypeError {EVIL}", "severity": "error"},
            {"time": at + 6_000 * MS, "text": "504", "severity": "error"},
        ]
        shown = Shown(page, logs, events, width=width, marks=marks)
        shown.seek(6_000)
        shown.el.locator(".rp-track").hover()
    page.picture(f"replay-{theme}")
    assert page.page.evaluate("document.body.scrollWidth <= window.innerWidth")


def test_each_moment_is_what_rrwebs_own_clock_shows(
    browser: Browser, bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any], tmp_path: Path
) -> None:
    """Forwards, backwards, over pictures of the whole page and between them."""
    made = long(minutes=1, megabytes=1, rules=50, snapshots=3, rows=20)
    theirs = browser.new_page()
    for events in (made, next(iter(recorded.values()))):
        length = events[-1]["timestamp"] - events[0]["timestamp"]
        moments = [round(length * part) for part in (0.9, 0.35, 0.36, 1, 0.67)]
        theirs.goto(players.saved(tmp_path, players.page(copy.deepcopy(events))))
        # No event at the moment itself: whether it is before or after is a matter of taste.
        wanted = theirs.evaluate(_THEIRS % _PLAIN, [events, [m + 0.5 for m in moments]])
        page = bench()
        shown = Shown(page, logs, events)
        for moment, html in zip(moments, wanted, strict=True):
            shown.seek(moment + 0.5)
            assert shown.html() == html, f"at {moment} ms"
        assert shown.el.locator(".rp-notes").text_content() == ""


_THEIRS = """async ([events, moments]) => {
  const { Replayer } = await window.rrweb(), found = [];
  for (const moment of moments) {
    const root = document.body.appendChild(document.createElement("div"));
    const replayer = new Replayer(structuredClone(events), { root, triggerFocus: false });
    replayer.pause(moment);
    await new Promise((done) => setTimeout(done, 50));
    found.push((%s)(replayer.iframe.contentDocument.documentElement));
    replayer.destroy();
  }
  return found;
}"""


def test_it_plays_to_the_end_and_again(bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any]) -> None:
    events = next(iter(recorded.values()))
    shown = Shown(bench(), logs, events)
    shown.widget.speed = 4.0
    seen: list[int] = []
    shown.widget.observe(lambda change: seen.append(change["new"]), "time")
    shown.button("play").click()
    shown.bench.page.wait_for_function("document.querySelector('.rp-play').title.startsWith('play')", timeout=8000)
    shown.rest()
    length = events[-1]["timestamp"] - events[0]["timestamp"]
    assert shown.ms == length
    assert not shown.widget.playing
    assert len(seen) > 5
    assert seen == sorted(seen)
    assert shown.el.locator(".rp-time").inner_text() == "0:09 / 0:09"
    shown.button("play").click()
    shown.bench.page.wait_for_timeout(500)
    shown.bench.settle()
    assert shown.widget.playing
    assert 0 < shown.ms < 6000
    shown.widget.pause()
    shown.rest()
    assert not shown.widget.playing


def test_keys(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    events = long(minutes=1, megabytes=0.5, rules=50, rows=12, snapshots=2)
    marks = [{"time": (T0 + s * 1000) * MS, "text": f"error {s}", "severity": "error"} for s in (20, 40)]
    shown = Shown(bench(), logs, events, marks=[*marks, {"time": (T0 + 30_000) * MS, "text": "w", "severity": "warn"}])
    length = events[-1]["timestamp"] - T0
    for key, at in (
        ("ArrowRight", 5_000), ("Shift+ArrowRight", 6_000), ("ArrowLeft", 1_000), ("ArrowLeft", 0), ("n", 20_000),
        ("n", 40_000),
        ("n", 40_000), ("Shift+N", 20_000), ("End", length), ("Home", 0),
    ):  # fmt: skip
        shown.press(key)
        assert shown.ms == at, key
    for key, name, value in (
        (">", "speed", 2),
        (">", "speed", 4),
        ("<", "speed", 2),
        ("i", "skip_idle", True),
        ("i", "skip_idle", False),
    ):
        shown.press(key)
        assert getattr(shown.widget, name) == value
    shown.press(" ")
    assert shown.widget.playing
    shown.press("k")
    assert not shown.widget.playing
    slider = shown.el.get_by_role("slider")
    assert "of 1 minute" in str(slider.get_attribute("aria-valuetext"))
    # No key leads into the recorded page, in which a link could be followed.
    inside = 0
    for _ in range(25):
        shown.bench.page.keyboard.press("Tab")
        inside += shown.bench.page.evaluate("document.activeElement.tagName === 'IFRAME'")
    assert inside == 0


def test_the_line_is_dragged(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    shown = Shown(bench(), logs, long(minutes=1, megabytes=0.5, rules=50, rows=12, snapshots=2))
    box = shown.el.locator(".rp-line").bounding_box()
    assert box
    mouse, y = shown.bench.page.mouse, box["y"] + 3
    mouse.move(box["x"], y)
    mouse.down()
    mouse.move(box["x"] + box["width"] / 4, y, steps=5)
    mouse.move(box["x"] + box["width"] / 2, y, steps=5)
    mouse.up()
    shown.rest()
    assert shown.ms == pytest.approx(30_000, rel=0.05)
    assert "UTC" in shown.el.locator(".rp-tip").inner_text()


def test_idle_time_is_passed_over_but_never_an_error(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    """Nothing happens from 2 s to 60 s and then for another minute, in which there is an error at 90 s."""
    page = Page(Random(3), 12)
    moves = {"source": 1, "positions": [{"x": 1, "y": 1, "id": 5, "timeOffset": 0}]}
    events = [
        *page.whole(T0),
        *({"type": 3, "timestamp": T0 + s * 1000, "windowId": "1", "data": moves} for s in (2, 60, 61, 121)),
    ]
    shown = Shown(bench(), logs, events, marks=[{"time": (T0 + 90_000) * MS, "text": "x", "severity": "error"}])
    assert shown.el.locator(".rp-idle").count() == 2
    shown.widget.skip_idle = True
    shown.seek(1_500, play=True)
    shown.bench.page.wait_for_function(
        "document.querySelector('.rp-time').textContent.startsWith('0:59')", timeout=3000
    )
    shown.bench.page.wait_for_function(
        "document.querySelector('.rp-time').textContent.startsWith('1:29')", timeout=6000
    )
    shown.widget.pause()
    shown.rest()
    assert 89_000 <= shown.ms < 95_000


def test_windows(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    """Two windows side by side: the one in which the user does something is shown, or the one that is chosen."""
    events = []
    for name, offset, words in (("a", 0, "first window"), ("b", 10_000, "second window")):
        whole = Page(Random(1), 2).whole(T0 + offset)
        whole[1]["data"]["node"]["childNodes"][1]["childNodes"][1]["childNodes"][0]["childNodes"][0]["textContent"] = (
            words
        )
        move = {
            "type": 3,
            "timestamp": T0 + offset + 5_000,
            "data": {"source": 1, "positions": [{"x": 1, "y": 1, "id": 5, "timeOffset": 0}]},
        }
        later = {**move, "timestamp": T0 + offset + 20_000}
        events += [{**event, "windowId": name} for event in (*whole, move, later)]
    events.sort(key=lambda e: e["timestamp"])
    shown = Shown(bench(), logs, events)
    for at, words in ((1_000, "first"), (12_000, "second"), (21_000, "first"), (30_000, "second"), (2_000, "first")):
        shown.seek(at)
        assert shown.text("h1") == f"{words} window"
    shown.el.get_by_label("window", exact=True).select_option(label="window 2")
    shown.rest()
    assert shown.text("h1") == "second window"
    shown.press("w")
    assert shown.text("h1") == "first window"


def test_it_stands_again_after_it_was_moved_in_the_page(
    bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any]
) -> None:
    """A frame that is moved is empty; a notebook moves outputs as one scrolls."""
    shown = Shown(bench(), logs, next(iter(recorded.values())))
    shown.seek(5_000)
    before = shown.html()
    shown.el.evaluate(
        "(el) => { const box = document.body.appendChild(document.createElement('section')); box.append(el); }"
    )
    shown.bench.page.wait_for_function("document.querySelector('iframe').contentDocument.querySelector('h1')")
    shown.rest()
    assert shown.html() == before
    assert shown.ms == 5_000


def test_what_cannot_be_shown_is_said_in_the_widget(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    events = long(minutes=0.2, megabytes=0.1, rules=50, rows=12, snapshots=1)
    lost = {
        "source": 0,
        "adds": [],
        "removes": [],
        "texts": [],
        "attributes": [{"id": 4242, "attributes": {"class": EVIL}}],
    }
    events[5:5] = [
        {"type": 3, "timestamp": events[5]["timestamp"], "windowId": "1", "data": data}
        for data in (lost, lost, {"source": 2, "type": "x", "id": 5}, {"source": 9, "id": 5})
    ]
    shown = Shown(bench(), logs, events)
    shown.seek(10_000)
    notes = shown.el.locator(".rp-notes")
    notes.locator("summary", has_text="kinds of things").click()
    said = notes.inner_text()
    assert "not found" in said
    assert "(2 times)" in said
    assert "canvas" in said


def test_a_piece_that_does_not_come_is_an_error_in_words_and_is_asked_for_again(
    bench: Callable[..., Bench], logs: ln.Logs
) -> None:
    shown = Shown(bench(), logs, long(minutes=2, megabytes=3, rules=50, rows=20, snapshots=2))
    pieces = shown.widget._parts.pieces
    held = list(pieces)
    pieces[2:] = [b"no gzip"] * len(pieces[2:])
    shown.widget.seek("+110s")
    fault = shown.el.locator(".rp-over [role=alert]")
    fault.wait_for()
    assert "could not be shown" in fault.inner_text()
    pieces[:] = held
    shown.el.get_by_role("button", name="try again").click()
    fault.wait_for(state="hidden")
    shown.rest()
    assert shown.text("h1") == "Orders"


def test_rrweb_is_sent_once_to_a_page_and_only_what_is_looked_at_is_opened(
    bench: Callable[..., Bench], logs: ln.Logs, recorded: dict[str, Any]
) -> None:
    page = bench()
    for _ in range(2):
        Shown(page, logs, next(iter(recorded.values())))
    assert len(page.sent("player")) == 1
    far = long(minutes=5, megabytes=5, rules=50, snapshots=5, rows=20)
    shown = Shown(page, logs, far)
    asked = len(page.sent("events"))
    shown.seek(290_000)
    assert len(page.sent("events")) - asked <= 3
    assert len(shown.widget._parts.pieces) >= 10


def test_a_newer_wish_ends_the_work_on_an_older_one(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    """And the page has its turn all the while."""
    shown = Shown(bench(), logs, long(minutes=10, megabytes=8, rules=50, snapshots=1, rows=100))
    shown.bench.page.evaluate(
        "() => { window.turns = 0; const turn = () => { window.turns += 1; setTimeout(turn); }; turn(); }"
    )
    for at in (590, 580, 300, 30):
        shown.widget.seek(f"+{at}s")
    shown.rest()
    assert shown.ms == 30_000
    before = shown.bench.page.evaluate("window.turns")
    shown.seek(595_000)
    assert shown.bench.page.evaluate("window.turns") - before > 5


def test_python_seeks_by_any_word_for_a_time(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    shown = Shown(bench(), logs, long(minutes=1, megabytes=0.2, rules=50, rows=12, snapshots=1), offset=-2_000 * MS)
    shown.widget.seek("+12s")
    shown.rest()
    assert shown.ms == 10_000  # the story's clock is two seconds behind the browser's
    assert "09:46:50.000" in shown.el.locator(".rp-wall").inner_text()
    shown.widget.time = (T0 + 18_000) * MS
    shown.rest()
    assert "09:46:58.000" in shown.el.locator(".rp-wall").inner_text()
    shown.widget.seek("09:47:00")
    shown.rest()
    assert shown.el.locator(".rp-time").inner_text().startswith("0:22")
