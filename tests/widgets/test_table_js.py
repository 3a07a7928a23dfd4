"""The table in a real browser, with its real other half: what a person sees, and does with mouse and keys."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.logs import Logs
from lognb.query import Query
from lognb.widgets.table import TableView
from tests.engines import factory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser

PAYLOADS = [
    "<img src=x onerror=window.ran=1>",
    "</script><script>window.ran=1</script>",
    '"><svg onload=window.ran=1>',
    "javascript:window.ran=1",
    "{{constructor.constructor('window.ran=1')()}}",
    "\u202egnp.exe\u202c \u200fabc",
    "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "nul\0 tab\t bell\x07\nnext",
    "'; DROP TABLE logs; --",
    "=HYPERLINK(1)",
]


def stored(tmp_path: Path, records: list[factory.Rec]) -> Logs:
    from lognb.engines.duckdb import build
    from lognb.loaders import LoadReport

    engine = build(tmp_path / "s.duckdb", factory.batches(records, 5000), [("a", "a.jsonl"), ("b", "b.jsonl")], dict)
    return Logs(engine, Query(), ["a.jsonl"], LoadReport.from_dict({"overall": engine.overview}))


@pytest.fixture
def shown(bench: Callable[..., Bench], shop: Path) -> tuple[Bench, Locator, TableView]:
    made = bench(viewport={"width": 1256, "height": 620})
    table = TableView(ln.read(shop).where("severity>=warn"))
    el = made.show(table)
    made.settle()
    return made, el, table


@pytest.fixture
def hostile(bench: Callable[..., Bench], tmp_path: Path) -> Iterator[tuple[Bench, Locator, TableView]]:
    records = [
        factory.Rec(
            id=100 + i,
            time=factory.T0 + i * 10**9,
            severity="error",
            service=text,
            body=f"{text} needle",
            attributes=[(text, "string", text), ("same", "string", text), ("in", "kvlist", json.dumps({text: [text]}))],
            resource=json.dumps({"service.name": text, f"r.{text}": text}),
            session=text,
            trace="ab" * 16,
            position=i,
        )
        for i, text in enumerate(PAYLOADS)
    ]
    records.append(factory.Rec(id=99, time=factory.T0 - 1, body="m" * 1_000_000 + PAYLOADS[0], position=99))
    logs = stored(tmp_path, records)
    made = bench(viewport={"width": 1256, "height": 620})
    table = TableView(logs)
    el = made.show(table)
    made.settle()
    yield made, el, table
    logs.engine.close()


def press(made: Bench, *keys: str) -> None:
    for key in keys:
        made.page.keyboard.press(key)
    made.settle()


def rows(el: Locator) -> Locator:
    return el.locator(".lt-rows > .lt-row:visible")


def at(el: Locator) -> dict[str, str]:
    """The row in focus, by what its cells are."""
    cells = el.locator(".lt-rows > .lt-row.lt-at").first.locator("[role=gridcell]")
    return dict(zip(["open", "time", "delta", "severity", "service", "body"], cells.all_inner_texts(), strict=False))


def test_rows_are_the_newest_with_time_gap_severity_service_and_body(shown: Any) -> None:
    made, el, table = shown
    first = table.logs.engine.page(table.logs.query, 2, newest=True).records
    texts = [rows(el).nth(i).locator("[role=gridcell]").all_inner_texts() for i in range(2)]
    for text, row in zip(texts, first.to_dicts(), strict=True):
        assert f"{row['time']:%H:%M:%S.%f}"[:-3] in text[1]
        assert text[3:] == [row["severity"].upper(), row["service_name"], row["body"]]
    assert texts[0][2] == ""
    gap = (first["time"][1] - first["time"][0]).total_seconds()
    assert float(texts[1][2].replace("−", "-").removesuffix(" s")) == pytest.approx(gap, abs=0.01)
    count = len(table.logs)
    assert el.get_by_text("rows 1–17 of 420 · newest first · UTC").is_visible()
    assert el.locator("[role=grid]").get_attribute("aria-rowcount") == str(count + 1)
    made.picture("table-light")


def test_keys_move_open_and_close(shown: Any) -> None:
    made, el, table = shown
    ids = table.logs.engine.page(table.logs.query, 500, newest=True, columns=["record_id", "body"]).records
    el.locator(".lt-grid").focus()
    press(made, "j", "ArrowDown", "k", "PageDown", "PageUp", "j")
    assert at(el)["body"] == ids["body"][2]
    press(made, "End")
    assert at(el)["body"] == ids["body"][419]
    assert "of 420" in el.locator(".lt-foot").inner_text()
    assert "–420 of" in el.locator(".lt-foot").inner_text()
    active = el.locator(".lt-grid").get_attribute("aria-activedescendant")
    assert (
        made.page.locator(f"#{active}").evaluate("e => e.closest('[role=row]').getAttribute('aria-rowindex')") == "421"
    )
    press(made, "Home", "Enter")
    assert made.sent("record") == [{"kind": "record", "id": str(ids["record_id"][0])}]
    assert el.locator(".lt-detail").is_visible()
    assert rows(el).first.locator("[role=gridcell]").first.get_attribute("aria-expanded") == "true"
    press(made, "Tab")  # into the record
    assert el.locator(".lt-detail button:focus").count() == 1
    press(made, "Escape")
    assert el.locator(".lt-grid:focus").count() == 1
    press(made, "Escape")
    assert el.locator(".lt-detail").count() == 0
    press(made, "?")
    assert el.get_by_role("dialog", name="keys").is_visible()
    press(made, "Escape")
    assert not el.get_by_role("dialog", name="keys").is_visible()
    made.page.evaluate("document.addEventListener('ln-search-focus', () => { window.searched = true })")
    press(made, "/")
    assert made.page.evaluate("window.searched") is True


def test_a_record_shows_types_frames_and_what_stands_around(shown: Any) -> None:
    made, el, table = shown
    some = table.logs.where("exception.stacktrace exists order.id exists service_name=front")
    record = some.tail(1)
    table._set(some)
    made.settle()
    el.locator(".lt-grid").focus()
    press(made, "Enter")
    detail = el.locator(".lt-detail")
    order = json.loads(record["attributes"][0])["order.id"]
    assert detail.get_by_role("button", name=f'order.id: "{order}", string').is_visible()  # quotes: no number
    assert detail.get_by_role("button", name=", int").count() >= 1
    frames = detail.get_by_role("button", name="frames").last
    lines = json.loads(record["attributes"][0])["exception.stacktrace"].splitlines()
    assert f"all {len(lines) - 1} frames" in detail.inner_text()
    assert lines[-1] not in detail.inner_text()
    frames.click()
    assert lines[-1].strip() in detail.inner_text()
    made.picture("table-record-light")
    detail.get_by_role("button", name="Context ±20").click()
    made.settle()
    around = table.logs.context(int(record["record_id"][0]))
    assert detail.locator(".lt-small").count() == len(around)
    assert detail.locator(".lt-small[aria-current]").inner_text().splitlines()[-1] == record["body"][0]
    detail.get_by_label("around", exact=True).select_option("trace")
    made.settle()
    assert detail.locator(".lt-small").count() == len(table.logs.context(int(record["record_id"][0]), same="trace"))
    detail.get_by_role("button", name="Trace", exact=True).click()
    made.settle()
    assert str(table.logs.query) == f"trace_id={record['trace_id'][0]}"
    made.theme("dark")
    press(made, "Enter")
    made.picture("table-record-dark")


def test_values_are_included_and_excluded_and_become_columns(shown: Any) -> None:
    made, el, table = shown
    el.locator(".lt-grid").focus()
    press(made, *["ArrowRight"] * 3)
    service = at(el)["service"]
    press(made, "m")
    menu = made.page.get_by_role("menu")
    deeds = [t.split("\n")[0] for t in menu.get_by_role("menuitem").all_inner_texts()]
    assert deeds == [f"include {service}", f"exclude {service}", "service_name exists", "facet this", "copy"]
    press(made, "ArrowDown", "ArrowUp", "Enter")
    assert str(table.logs.query) == f"severity>=warn service_name={service}"
    assert el.locator(".lt-grid:focus").count() == 1
    el.get_by_role("button", name="back").click()
    made.settle()
    el.locator(".lt-grid").focus()
    press(made, "x")
    assert str(table.logs.query) == f"severity>=warn service_name!={service}"
    el.get_by_role("button", name="columns +").click()
    made.page.keyboard.type("order.id")
    press(made, "Enter")
    el.get_by_role("button", name="columns +").click()
    made.page.keyboard.type("http.route")
    press(made, "Enter")
    assert [c["field"] for c in table.data["columns"]] == ["order.id", "http.route"]
    el.get_by_role("button", name="http.route").focus()
    press(made, "Alt+ArrowLeft", "Shift+ArrowRight")
    assert [c["field"] for c in table.data["columns"]] == ["http.route", "order.id"]
    assert table.data["columns"][0]["width"] == 150
    assert el.locator("[role=columnheader]").all_inner_texts()[4:] == ["service", "http.route", "order.id", "body"]
    routes = table.logs.engine.page(table.logs.query, 5, newest=True, columns=["http.route"]).records["http.route"]
    shown_routes = [rows(el).nth(i).locator("[role=gridcell]").nth(5).inner_text() for i in range(5)]
    assert shown_routes == [r or "" for r in routes]
    grip = el.locator("[role=columnheader]").nth(6).locator(".lt-grip").bounding_box()
    assert grip
    made.page.mouse.move(grip["x"] + 3, grip["y"] + 5)
    made.page.mouse.down()
    made.page.mouse.move(grip["x"] + 53, grip["y"] + 5)
    made.page.mouse.up()
    made.settle()
    assert table.data["columns"][1]["width"] == pytest.approx(180, abs=3)
    el.get_by_role("button", name="order.id").drag_to(el.locator("[role=columnheader]").nth(5))
    made.settle()
    assert [c["field"] for c in table.data["columns"]] == ["order.id", "http.route"]
    el.get_by_role("button", name="order.id").focus()
    press(made, "Delete")
    assert [c["field"] for c in table.data["columns"]] == ["http.route"]


def test_the_order_turns_round_and_times_show_their_nanoseconds(shown: Any) -> None:
    made, el, table = shown
    el.get_by_role("button", name="time").click()
    made.settle()
    assert table.data["newest"] is False
    assert "oldest first" in el.locator(".lt-foot").inner_text()
    first = table.logs.head(1)
    assert at(el)["body"] == first["body"][0]
    assert "+" in rows(el).nth(1).locator(".lt-delta").inner_text()
    el.get_by_role("button", name="ns", exact=True).click()
    ns = int(first["time"].cast(int)[0])
    assert at(el)["time"].endswith(f"{ns % 10**9:09d}")
    table.data = {**table.data, "zone": "Asia/Kolkata"}
    made.settle()
    at_home = first["time"].dt.convert_time_zone("Asia/Kolkata")[0]
    assert f"{at_home:%H:%M}" in at(el)["time"]


def test_rows_are_selected_copied_and_exported(shown: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    made, el, table = shown
    made.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    newest = table.logs.engine.page(table.logs.query, 300, newest=True).records
    el.locator(".lt-grid").focus()
    press(made, "c")
    assert "no rows are selected" in el.locator(".lt-said").inner_text()
    press(made, "j", " ", "Shift+ArrowDown", "Shift+ArrowDown")
    assert "3 selected" in el.locator(".lt-foot").inner_text()
    assert el.locator(".lt-rows > [aria-selected=true]:visible").count() == 3
    press(made, "c")
    assert sorted(made.page.evaluate("navigator.clipboard.readText()").split("\n")) == sorted(newest["body"][1:4])
    el.get_by_role("button", name="export").click()
    made.page.get_by_role("menuitem", name="CSV").click()
    made.settle()
    (path,) = tmp_path.glob("records-*.csv")
    assert len(ln.read(path, progress=False)) == 3
    assert f"3 records in {path}" in el.locator(".lt-said").inner_text()
    press(made, "Escape")
    el.locator(".lt-grid").focus()
    press(made, "Escape", "Home", " ", "End")
    assert "1 selected" in el.locator(".lt-foot").inner_text()
    press(made, "Shift+ ")  # a range over pages that are not there
    assert "420 selected" in el.locator(".lt-foot").inner_text()


def test_pins_stand_above_with_their_note(shown: Any) -> None:
    made, el, table = shown
    el.locator(".lt-grid").focus()
    press(made, "j", "Enter")
    body = at(el)["body"]
    el.get_by_role("button", name="Pin with note").click()
    made.page.keyboard.type(PAYLOADS[0])
    press(made, "Enter")
    strip = el.get_by_role("group", name="pinned records")
    assert strip.locator(".lt-small").count() == 1
    assert body in strip.inner_text()
    assert PAYLOADS[0] in strip.inner_text()
    assert el.locator(".lt-detail").is_visible()  # what was open stays so
    assert el.locator(".lt-detail .lt-pinning").inner_text() == "Unpin"
    strip.get_by_role("button", name="unpin").click()
    made.settle()
    assert not strip.is_visible()
    assert table.data["pinned"] == []


def test_hostile_text_stays_text(hostile: Any) -> None:
    made, el, table = hostile
    page = made.page
    el.get_by_role("button", name="columns +").click()
    made.page.keyboard.type(PAYLOADS[0])
    press(made, "Enter")
    assert [c["field"] for c in table.data["columns"]] == [PAYLOADS[0]]
    assert PAYLOADS[0] in el.locator("[role=columnheader]").all_inner_texts()
    for i in range(len(PAYLOADS) + 1):
        el.locator(".lt-grid").focus()
        press(made, "Home", *["j"] * i, "ArrowRight", "m", "Escape", "Enter")
        press(made, "Tab", *["ArrowDown"] * 12, "Enter", "Escape", "Escape", "Enter")
    el.get_by_text(PAYLOADS[1] + " needle").first.wait_for()
    text = el.inner_text()
    for raw in ("\u202e", "\x1b", "\x07", "\0"):
        assert raw not in text
    assert "red" in text
    assert "\\n" in text
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    el.locator(".lt-grid").focus()
    press(made, "Escape", "Home")
    if not el.locator(".lt-detail:visible").count():
        press(made, "Enter")
    el.get_by_role("button", name="Copy JSON").first.click()
    copied = json.loads(page.evaluate("navigator.clipboard.readText()"))
    assert copied["attributes"] == {
        PAYLOADS[-1]: PAYLOADS[-1],
        "same": PAYLOADS[-1],
        "in": {PAYLOADS[-1]: [PAYLOADS[-1]]},
    }
    press(made, "Escape", "Escape")
    table.data = {**table.data, "pinned": ["100"], "notes": {"100": PAYLOADS[1]}, "words": ["<img", "needle", "("]}
    made.settle()
    assert "needle" in el.locator(".lt-rows mark").all_inner_texts()
    assert "<img" in el.locator(".lt-rows mark").all_inner_texts()
    assert page.evaluate("window.ran") is None
    assert page.locator("#widget-0").locator("img, script, svg, a, iframe").count() == 0
    made.picture("table-hostile")


def test_the_mouse_finds_the_menu_of_a_value(shown: Any) -> None:
    made, el, table = shown
    cell = rows(el).nth(2).locator("[role=gridcell]").nth(4)
    service = cell.inner_text()
    cell.hover()
    el.locator(".lt-dots").click()
    made.page.get_by_role("menuitem", name="exclude").click()
    made.settle()
    assert str(table.logs.query) == f"severity>=warn service_name!={service}"
    rows(el).nth(1).locator("[role=gridcell]").nth(3).click(button="right")
    assert made.page.get_by_role("menuitem").first.inner_text().startswith("include ")
    made.page.mouse.click(5, 600)
    assert made.page.get_by_role("menu").count() == 0
    rows(el).nth(1).locator("[role=gridcell]").nth(5).click()
    made.settle()
    assert el.locator(".lt-detail").is_visible()


def test_errors_are_said_in_the_table(shown: Any) -> None:
    made, el, _ = shown
    el.locator(".lt-grid").focus()
    press(made, *["ArrowRight"] * 3, "m")
    made.page.get_by_role("menuitem", name="facet this").click()
    made.settle()
    assert "a table by itself has no facets" in el.get_by_role("alert").inner_text()
    el.get_by_role("button", name="dismiss").click()
    assert not el.get_by_role("alert").is_visible()


class Far(TableView):
    """Ten million rows without a store: a row says its own index."""

    slow = 0.0

    def _page(self, ask: Any) -> dict[str, Any]:
        time.sleep(self.slow)
        some = range(ask.offset, min(ask.offset + ask.limit, self.data["count"]))
        return {
            "revision": ask.revision,
            "offset": ask.offset,
            "ids": [str(i) for i in some],
            "time": [str(i * 10**6) for i in some],
            "severity": ["info" for _ in some],
            "service": ["s" for _ in some],
            "body": [f"row {i}" for i in some],
            "cells": {},
        }


def test_ten_million_rows_are_scrolled_exactly(bench: Callable[..., Bench], shop: Path) -> None:
    made = bench(viewport={"width": 1000, "height": 620})
    table = Far(ln.read(shop))
    count = 10_000_000
    table.show(
        revision=9,
        count=count,
        newest=True,
        columns=[],
        zone="UTC",
        words=[],
        pinned=[],
        fields=[],
        busy=False,
        every_ns=False,
    )
    el = made.show(table)
    made.settle()
    assert el.locator(".lt-bar > div").evaluate("e => e.offsetHeight") <= 1_000_000
    el.locator(".lt-grid").focus()
    press(made, "End")
    assert at(el)["body"] == f"row {count - 1}"
    press(made, "k", "k")
    assert at(el)["body"] == f"row {count - 3}"
    press(made, "Home")
    box = el.locator(".lt-rows").bounding_box()
    assert box
    made.page.mouse.move(box["x"] + 50, box["y"] + 50)
    for _ in range(5):
        made.page.mouse.wheel(0, 240)  # ten rows
    made.settle()
    top = el.locator(".lt-rows > .lt-row:visible").evaluate_all(
        "all => all.map(e => [e.getBoundingClientRect().top, e.lastChild.textContent]).sort((a, b) => a[0] - b[0])[0]"
    )
    assert top == [pytest.approx(box["y"], abs=0.6), "row 50"]
    # The bar, half-way down.
    el.locator(".lt-bar").evaluate("e => { e.scrollTop = (e.scrollHeight - e.clientHeight) / 2 }")
    made.settle()
    middle = int(rows(el).first.locator("[role=gridcell]").last.inner_text().split()[1])
    assert abs(middle - count / 2) < count / 1000
    assert rows(el).count() < 40
    # A drag asks for few of the pages it passes: no more than can be answered, three at once.
    table.slow, before = 0.05, len(made.sent("page"))
    took = el.locator(".lt-bar").evaluate(
        """async e => {
          const start = performance.now();
          for (let i = 0; i < 100; i++) { e.scrollTop = 9000 * i; await new Promise(requestAnimationFrame) }
          return performance.now() - start;
        }"""
    )
    assert len(made.sent("page")) - before < took / 1000 / table.slow + 4
    made.settle()
    assert not el.locator(".lt-wait:visible").count()


def test_new_rows_keep_the_open_record_and_the_focus(shown: Any) -> None:
    made, el, table = shown
    el.locator(".lt-grid").focus()
    press(made, "j", "j", "j", "Enter")
    body = at(el)["body"]
    el.evaluate("e => { e.querySelector('.lt-detail').marked = true }")
    press(made, "ArrowRight", "ArrowRight", "ArrowRight", "m")
    made.page.get_by_role("menuitem", name="include").click()
    made.settle()
    assert el.evaluate("e => e.querySelector('.lt-detail')?.marked") is True
    assert at(el)["body"] == body
    assert el.locator(".lt-grid:focus").count() == 1
    table.data = {**table.data, "busy": True}
    made.page.wait_for_selector(".lt-busy")
    table.data = {**table.data, "busy": False}
    made.page.wait_for_selector(".lt-table:not(.lt-busy)")


@pytest.mark.parametrize(
    ("name", "width", "options"), [("narrow", 380, {}), ("zoomed", 620, {"device_scale_factor": 2})]
)
def test_narrow_and_at_twice_the_size(
    bench: Callable[..., Bench], shop: Path, name: str, width: int, options: Any
) -> None:
    made = bench(viewport={"width": width + 16, "height": 560}, **options)
    el = made.show(TableView(ln.read(shop).where("severity>=error")), width=width)
    made.settle()
    el.locator(".lt-grid").focus()
    press(made, "Enter")
    made.picture(f"table-{name}")
    detail = el.locator(".lt-detail").bounding_box()
    assert detail
    assert made.page.evaluate("document.documentElement.scrollWidth") <= width + 16
    assert el.get_by_role("button", name="columns +").is_visible()


def test_an_empty_table_says_so(bench: Callable[..., Bench], shop: Path) -> None:
    made = bench()
    el = made.show(TableView(ln.read(shop).where("severity=fatal")))
    made.settle()
    assert "no records" in el.locator(".lt-foot").inner_text()
    el.locator(".lt-grid").focus()
    press(made, "j", "Enter", "x", "m", " ")
    assert rows(el).count() == 0
