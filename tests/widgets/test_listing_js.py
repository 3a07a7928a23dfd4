"""The list in a real browser, with its real other half: what a person sees, and does with mouse and keys."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.query import Query
from lognb.result import Result
from lognb.widgets.listing import Listing
from lognb.widgets.tabs import Column, Tab
from tests.widgets.test_table_js import PAYLOADS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser
T0 = 1_793_696_400_000_000_000
COLUMNS = (
    Column("title", rank=0),
    Column("culprit", "code", rank=3),
    Column("severity", "severity", rank=4),
    Column("records", "bar"),
    Column("services", "words", rank=5),
    Column("trend", "trend", rank=2),
    Column("new", "flag", rank=2),
    Column("last", "time"),
    Column("took", "duration", rank=4),
)
TABS = [{"name": "records", "title": "Records"}, {"name": "things", "title": "Things", "rows": 3}]


def frame(titles: list[str | None]) -> pl.DataFrame:
    draw = random.Random(7)
    n = len(titles)
    return pl.DataFrame(
        {
            "title": pl.Series(titles, dtype=pl.String),
            "culprit": [f"charge (api{i % 7}.py)" for i in range(n)],
            "severity": [("error", "fatal", "warn")[i % 3] for i in range(n)],
            "records": [draw.randrange(1, 3000) for _ in range(n)],
            "services": [["shop-web", "checkout"][: 1 + i % 2] for i in range(n)],
            "trend": [[draw.randrange(9) for _ in range(24)] for _ in range(n)],
            "new": [i % 5 == 0 for i in range(n)],
            "last": pl.Series([T0 + draw.randrange(3600 * 10**9) for _ in range(n)]).cast(pl.Datetime("ns", "UTC")),
            "took": [None if i % 4 == 3 else draw.randrange(10**5, 10**12) for i in range(n)],
        }
    )


def details(_: Any, __: Any, row: Any) -> list[dict[str, Any]]:
    title = row["title"] or ""
    frames = [{"call": title, "place": f"{title}:1", "own": True}]
    frames += [{"call": f"lib{i}", "place": "vendor.js:2", "own": False} for i in range(12)]
    record = {"time": str(T0), "severity": "error", "service": title, "body": title, "how": "session", "at": True}
    return [
        {"kind": "stack", "title": "stack", "head": title, "frames": frames},
        {
            "kind": "records",
            "title": "before",
            "rows": [record, {**record, "time": None, "service": None, "body": None}],
        },
        {"kind": "links", "title": "sessions", "to": "session", "ids": [{"id": title or "-", "note": title}]},
        {"kind": "pairs", "title": title, "pairs": [[title, title]]},
        {"kind": "text", "text": title},
        {"kind": "unknown"},
    ]


def tab(**more: Any) -> Tab:
    return Tab(
        "things", "Things", lambda _: None, COLUMNS, **{"narrows": ("name", "title"), "details": details, **more}
    )  # type: ignore[arg-type,return-value]


class On:
    """A panel around the list: what it was told, and the query that its choices make."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.told.append((name, *args))


@pytest.fixture
def shown(bench: Callable[..., Bench], shop: Path) -> Iterator[Callable[..., tuple[Bench, Locator, Listing, On]]]:
    logs = ln.read(shop)

    def show(titles: list[str | None], width: int = 1256, **more: Any) -> tuple[Bench, Locator, Listing, On]:
        made, on = bench(viewport={"width": width, "height": 560}), On()
        listing = Listing(logs, on)
        el = made.show(listing)
        result = Result(frame(titles), "things are so", "Things", Query(), ("a",))
        listing.show(tab(**more), result, tabs=TABS, query=Query())
        made.settle()
        return made, el, listing, on

    return show


def press(made: Bench, *keys: str) -> None:
    for key in keys:
        made.page.keyboard.press(key)
    made.settle()


def rows(el: Locator) -> Locator:
    return el.locator(".ll-rows > .ll-row:visible")


def column(el: Locator, kind: str) -> list[str]:
    """The texts of a column, from the top."""
    found = el.locator(".ll-rows > .ll-row:visible").evaluate_all(
        "(rows, kind) => rows.sort((a, b) => a.dataset.index - b.dataset.index)"
        ".map((r) => r.querySelector(`.ll-${kind}`).innerText)",
        kind,
    )
    return [str(text) for text in found]


def again(listing: Listing, query: str = "", **more: Any) -> None:
    listing.show(listing._state.tab, listing.result, tabs=TABS, query=Query.parse(query), **more)


def test_rows_are_drawn_by_the_kind_of_their_columns(shown: Any) -> None:
    made, el, listing, _ = shown([f"thing {i}" for i in range(40)])
    first = listing.result.frame.row(0, named=True)
    texts = rows(el).first.locator("[role=gridcell]").all_inner_texts()
    assert texts[2:5] == ["thing 0", "charge (api0.py)", "ERROR"]
    assert texts[5] == f"{first['records']:,}"
    assert texts[6] == "shop-web"
    assert texts[8] == "new"
    assert texts[9] == f"{first['last']:%H:%M:%S}"
    assert el.get_by_text("things are so").is_visible()
    assert el.get_by_text("rows 1–16 of 40 · UTC").is_visible()
    grid = el.get_by_role("grid", name="Things")
    assert grid.get_attribute("aria-rowcount") == "41"
    assert rows(el).first.locator("svg path").get_attribute("d")
    made.picture("listing-light")
    made.theme("dark")
    made.picture("listing-dark")


def test_a_heading_sorts_and_then_gives_the_order_of_the_answer_back(shown: Any) -> None:
    made, el, listing, _ = shown([f"thing {i}" for i in range(12)])
    known = listing.result.frame
    head = el.get_by_role("columnheader", name="records")
    head.get_by_role("button").click()
    assert column(el, "bar") == [f"{n:,}" for n in sorted(known["records"], reverse=True)]
    assert head.get_attribute("aria-sort") == "descending"
    head.get_by_role("button").click()
    assert column(el, "bar") == [f"{n:,}" for n in sorted(known["records"])]
    head.get_by_role("button").click()
    assert column(el, "text") == known["title"].to_list()
    assert head.get_attribute("aria-sort") is None
    el.get_by_role("columnheader", name="title").get_by_role("button").click()
    assert column(el, "text") == sorted(known["title"], key=lambda t: int(t.split()[1])), "2 stands before 10"
    el.get_by_role("columnheader", name="took").get_by_role("button").click()
    assert column(el, "duration")[-3:] == [""] * 3, "what is absent stands last"
    assert len(made.sent("rows")) == 1, "sorted where it is"


def test_a_tab_may_be_sorted_from_the_beginning(shown: Any) -> None:
    made, el, listing, _ = shown([f"thing {i}" for i in range(12)], order=("records", True))
    known = listing.result.frame
    assert column(el, "bar") == [f"{n:,}" for n in sorted(known["records"], reverse=True)]
    for _ in range(2):
        el.get_by_role("columnheader", name="records").get_by_role("button").click()
    assert column(el, "text") == known["title"].to_list()
    listing.show(tab(order=("absent", True)), listing.result, tabs=TABS, query=Query())
    made.settle()
    assert column(el, "text") == known["title"].to_list()


def test_keys_move_choose_and_open(shown: Any) -> None:
    made, el, listing, on = shown([f"thing {i}" for i in range(400)])
    el.get_by_role("grid").focus()
    press(made, "j", "ArrowDown", "k", "PageDown", "PageUp")
    press(made, "i")
    assert on.told.pop() == ("toggle", "name", "thing 1", "include")
    again(listing, 'name="thing 1"')
    made.settle()
    assert rows(el).nth(1).get_attribute("aria-selected") == "true"
    press(made, "i")
    assert on.told.pop() == ("toggle", "name", "thing 1", None)
    press(made, "x")
    assert on.told.pop() == ("toggle", "name", "thing 1", "exclude")
    press(made, "o", "r")
    assert on.told[-2:] == [("only", "name", "thing 1"), ("records", "name", "thing 1")]
    press(made, "End")
    assert "–400 of 400" in el.locator(".ll-foot").inner_text()
    active = el.get_by_role("grid").get_attribute("aria-activedescendant")
    assert made.page.locator(f"#{active}").evaluate("e => e.closest('[role=row]').ariaRowIndex") == "401"
    press(made, "Home", "ArrowRight", "ArrowRight", "ArrowRight", "s")
    assert el.get_by_role("columnheader", name="records").get_attribute("aria-sort") == "descending"
    press(made, "Home", "Enter")
    assert el.locator(".ll-detail:visible").count() == 1
    press(made, "Tab")
    assert el.locator(".ll-detail button:focus").inner_text() == "show its records"
    press(made, "Escape", "Escape")
    assert el.locator(".ll-detail").count() == 0
    press(made, "?")
    assert el.get_by_role("dialog", name="keys").is_visible()
    press(made, "Escape")
    press(made, "m")
    made.page.get_by_role("menuitem", name="exclude").click()
    made.settle()
    assert on.told[-1][3] == "exclude"
    made.page.evaluate("document.addEventListener('ln-search-focus', () => { window.searched = true })")
    press(made, "/")
    assert made.page.evaluate("window.searched") is True


def test_a_click_on_the_box_chooses_and_on_the_row_opens(shown: Any) -> None:
    made, el, listing, on = shown([f"thing {i}" for i in range(20)])
    rows(el).nth(2).locator(".ll-tick").click()
    made.settle()
    assert on.told.pop() == ("toggle", "name", "thing 2", "include")
    again(listing, 'name="thing 2"')
    made.settle()
    rows(el).nth(2).locator(".ll-tick").click()
    made.settle()
    assert on.told.pop() == ("toggle", "name", "thing 2", "exclude")
    rows(el).nth(3).hover()
    rows(el).nth(3).get_by_text("only", exact=True).click()
    made.settle()
    assert on.told.pop() == ("only", "name", "thing 3")
    rows(el).nth(4).locator(".ll-text").click()
    made.settle()
    detail = el.locator(".ll-detail")
    assert "12 frames of libraries" in detail.inner_text()
    detail.get_by_text("12 frames of libraries").click()
    assert "lib11" in detail.inner_text()
    made.picture("listing-open")
    detail.get_by_role("button", name="thing 4 thing 4", exact=True).click()
    made.settle()
    assert on.told.pop() == ("go", "session", "thing 4")
    el.get_by_role("columnheader", name="title").get_by_role("button").click()
    made.settle()
    assert detail.is_visible(), "what is open stays open when rows are sorted"
    rows(el).filter(has_text="thing 4").first.locator(".ll-text").click()
    made.settle()
    assert detail.count() == 0


def test_a_row_that_is_a_session_opens_it(shown: Any) -> None:
    made, el, _, on = shown(["s-1", "s-2"], opens=("session", "title"), narrows=None)
    rows(el).nth(1).locator(".ll-text").click()
    made.settle()
    assert on.told == [("go", "session", "s-2")]
    el.get_by_role("grid").focus()
    press(made, "i", "x", "o", "Enter")
    assert on.told[1:] == [("go", "session", "s-2")]


def test_find_marks_what_it_found(shown: Any) -> None:
    made, el, _, _ = shown([f"thing {i}" for i in range(40)])
    el.get_by_role("grid").focus()
    press(made, "f")
    made.page.keyboard.type("THING 3")
    el.get_by_text("rows 1–11 of 11 · found in 40 · UTC").wait_for()
    assert set(rows(el).locator("mark").all_inner_texts()) == {"thing 3"}
    press(made, "Enter", "Home", "o")
    assert made.sent("only")[-1]["row"] == 3
    press(made, "f", "Escape")
    el.get_by_text("of 40 · UTC").wait_for()
    made.page.keyboard.press("f")
    made.page.keyboard.type("nowhere")
    el.get_by_text("no row has this in it").wait_for()


def test_ten_thousand_rows_and_more(shown: Any) -> None:
    made, el, listing, on = shown([f"thing {i}" for i in range(10_000)])
    start = made.page.evaluate("performance.now()")
    el.get_by_role("columnheader", name="last").get_by_role("button").click()
    made.page.wait_for_function("document.querySelector('[aria-sort=descending]')")
    assert made.page.evaluate("performance.now()") - start < 1_500
    newest = listing.result.frame["last"].max()
    assert column(el, "time")[0] == f"{newest:%H:%M:%S}"
    assert rows(el).count() < 40, "only the rows in view are elements"
    el.get_by_role("grid").focus()
    press(made, "End", "o")
    assert on.told == [("only", "name", listing.result.frame.sort("last")["title"][0])]
    assert len(made.sent("rows")) == 1
    many = Result(frame([f"thing {i}" for i in range(10_100)]), "more", "Things", Query(), ("a",))
    listing.show(tab(), many, tabs=TABS, query=Query())
    made.settle()
    el.get_by_text("the first 10,000 are here").wait_for()
    el.get_by_role("textbox", name="Find in the list").or_(el.get_by_role("searchbox")).fill("thing 10099")
    el.get_by_text("rows 1–1 of 1 · found in 10,100").wait_for()
    assert column(el, "text") == ["thing 10099"]


def test_columns_are_left_out_where_there_is_no_room_and_widened_by_hand(shown: Any) -> None:
    made, el, _, _ = shown([f"thing {i}" for i in range(9)], width=620)
    foot = el.locator(".ll-foot").inner_text()
    assert "no room for" in foot
    assert "services" in foot
    heads = el.locator(".ll-head [role=columnheader]").all_inner_texts()
    assert heads[2] == "title"
    assert el.evaluate("e => e.scrollWidth - e.clientWidth") <= 0
    made.picture("listing-narrow")
    head = el.get_by_role("columnheader", name="records")
    before = head.evaluate("e => e.offsetWidth")
    head.get_by_role("button").focus()
    press(made, "Shift+ArrowRight", "Shift+ArrowRight")
    assert head.evaluate("e => e.offsetWidth") == before + 40
    grip = head.locator(".lt-grip").bounding_box()
    made.page.mouse.move(grip["x"] + 3, grip["y"] + 5)
    made.page.mouse.down()
    made.page.mouse.move(grip["x"] - 17, grip["y"] + 5)
    made.page.mouse.up()
    assert head.evaluate("e => e.offsetWidth") == before + 20
    assert head.get_attribute("aria-sort") is None, "a drag of its edge does not sort"


def test_tabs_by_mouse_and_keys(shown: Any) -> None:
    made, el, listing, on = shown(["a"])
    tabs = el.get_by_role("tab")
    assert [t.get_attribute("aria-selected") for t in tabs.all()] == ["false", "true"]
    assert el.get_by_role("tabpanel", name="Things").is_visible()
    tabs.nth(1).focus()
    press(made, "ArrowLeft", "Enter")
    assert on.told == [("tab", "records")]
    listing.show(tabs=TABS)
    made.settle()
    assert not el.get_by_role("tabpanel").is_visible()
    assert tabs.nth(0).get_attribute("aria-selected") == "true"
    assert tabs.nth(0).evaluate("e => e === document.activeElement")


def test_what_is_slow_is_said_after_a_while_and_can_be_stopped(shown: Any) -> None:
    made, el, listing, on = shown(["a"])
    wait = el.locator(".ll-wait")
    wait.evaluate("e => new MutationObserver(() => { window.flickered ||= !e.hidden }).observe(e, {attributes: true})")
    again(listing, busy=True)
    again(listing)  # both are there before the page looks
    made.page.wait_for_timeout(300)
    assert not made.page.evaluate("window.flickered")
    again(listing, busy=True)
    el.get_by_text("asking …").wait_for(timeout=2_000)
    el.get_by_role("button", name="stop").click()
    made.settle()
    assert on.told == [("stop",)]
    again(listing, error="there are <b>no</b> spans")
    made.settle()
    assert el.get_by_role("alert").inner_text().startswith("there are <b>no</b> spans")
    assert not el.get_by_text("asking …").is_visible()
    again(listing)
    made.settle()
    assert not el.get_by_role("alert").is_visible()


def test_copied_rows_and_code(shown: Any, bench: Any) -> None:
    made, el, listing, _ = shown(["=1+1", "b"])
    made.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    again(listing, code="logs.things()")
    made.settle()
    for item, part in (
        ("as CSV", "'=1+1"),
        ("as Markdown", "| title |"),
        ("the code that gives them", "logs.things()"),
    ):
        el.get_by_role("button", name="copy").click()
        made.page.get_by_role("menuitem", name=item).click()
        made.settle()
        made.page.wait_for_timeout(100)
        assert part in made.page.evaluate("navigator.clipboard.readText()")


def test_hostile_text_stays_text(shown: Any) -> None:
    made, el, listing, on = shown([*PAYLOADS, "m" * 1_000_000 + PAYLOADS[0], None])
    for i in range(len(PAYLOADS) + 2):
        el.get_by_role("grid").focus()
        press(made, "Home", *["j"] * i, "Enter")
        assert el.locator(".ll-detail:visible").count() == 1
        press(made, "m", "Escape", "Enter")
    titles = [{"name": "records", "title": PAYLOADS[0]}, {"name": "things", "title": PAYLOADS[2]}]
    hostile = Result(frame(PAYLOADS), PAYLOADS[0], "x", Query(), ())
    listing.show(listing._state.tab, hostile, error=PAYLOADS[1], tabs=titles, query=Query())
    made.settle()
    el.get_by_role("searchbox").fill("<img")
    made.page.wait_for_timeout(300)
    assert made.page.evaluate("window.ran") is None
    assert el.locator("img, script, iframe").count() == 0
    assert json.dumps(on.told) == "[]"


def test_differences_are_words_and_bars_on_both_sides_and_hostile_text_is_text(
    bench: Callable[..., Bench], shop: Path
) -> None:
    made, on = bench(viewport={"width": 1256, "height": 560}), On()
    listing = Listing(ln.read(shop), on)
    el = made.show(listing)
    changes = ["new", "gone", "grown", "shrunk", "once"]
    said = [*PAYLOADS, "plain"]
    rows_ = pl.DataFrame(
        {
            "change": [changes[i % 5] for i in range(len(said))],
            "difference": said,
            "shift": [(6.0, -6.0, 1.5, -3.0, 0.0)[i % 5] for i in range(len(said))],
            "query": [f'body:"{i}" n=1' for i in range(len(said))],
        }
    )
    columns = (Column("change", "change", rank=0), Column("difference", rank=0), Column("shift", "shift", rank=0))
    of = Tab("compare", "Compare", lambda _: None, columns, row="query", versus=True)  # type: ignore[arg-type,return-value]
    option = {"on": False, "can": True}
    options = [
        {"how": "before", "text": "before", "title": PAYLOADS[0], "on": False, "can": False},
        {"how": "rest", "text": "errors against the rest", "title": "", **option},
        *({"how": "mark", "text": text, "title": text, "time": str(T0), **option} for text in PAYLOADS),
    ]
    choices = {"options": options, "sides": None, "rest": False, "within": False}
    tabs_ = [{"name": "records", "title": "Records"}, {"name": "compare", "title": "Compare"}]
    listing.show(of, None, tabs=tabs_, choices=choices)
    made.settle()
    assert el.get_by_text("Mark a stretch in which all was well").is_visible()
    assert not el.locator(".ll-grid").is_visible()
    assert el.get_by_role("button", name="before").is_disabled()
    el.locator(".ll-options button").last.click()
    made.settle()
    assert on.told.pop() == ("against", "mark", T0)
    made.picture("compare-none")
    sides = [[str(T0), None], [str(T0 - 60 * 10**9), str(T0)]]
    result = Result(rows_, "so", "Comparison", Query(), ("a",))
    listing.show(of, result, tabs=tabs_, choices={**choices, "sides": sides, "within": True})
    made.settle()
    assert "from 2026-11-03 09:00:00 against the baseline 2026-11-03 08:59:00–09:00:00" in el.inner_text()
    assert column(el, "change")[:5] == changes
    left = rows(el).evaluate_all(
        "(all) => all.sort((a, b) => a.dataset.index - b.dataset.index).map((r) => {"
        "const box = r.querySelector('.ll-cell.ll-shift').getBoundingClientRect();"
        "const bar = r.querySelector('span.ll-shift').getBoundingClientRect();"
        "return Math.round(100 * (bar.left + bar.width / 2 - box.left) / box.width) - 50; })"
    )
    assert [(n > 0) - (n < 0) for n in left[:4]] == [1, -1, 1, -1]
    assert abs(left[0]) > abs(left[2]), "a longer bar is further from nothing"
    el.get_by_role("button", name="compare within what is chosen").click()
    el.get_by_role("grid").focus()
    press(made, "x", "r", "o")
    first = 'body:"0" n=1'
    assert on.told == [("against", "within", None), *(("choose", first, how) for how in ("exclude", "records", "only"))]
    again(listing, f"-({first})", choices=choices)
    made.settle()
    assert rows(el).first.locator(".ll-tick").inner_text() == "excluded"
    el.get_by_role("columnheader", name="shift").get_by_role("button").click()
    assert column(el, "change")[0] == "new"
    made.picture("compare-light")
    made.theme("dark")
    made.picture("compare-dark")
