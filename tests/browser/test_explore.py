"""The panel in a real JupyterLab: what a person does with it, and that each click is code."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import jlab
import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser
PICTURES = jlab.ROOT / "build" / "pictures"
OPEN = "import lognb as ln\nlogs = ln.read({shop!r}, progress=False)\npanel = logs.explore()\npanel"


@pytest.fixture(scope="module")
def tab(chrome: Any, jupyter: str, notebooks: Path, shop: Path) -> Iterator[jlab.Tab]:
    """The panel on the sample, in one tab for all of these tests."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab = jlab.Tab(chrome, jupyter, permissions=["clipboard-read", "clipboard-write"])
    tab.run(notebooks, "explore.ipynb", [OPEN.format(shop=str(shop))])
    yield tab
    tab.close()
    assert tab.outside == []
    assert tab.wrong == []


@pytest.fixture
def panel(tab: jlab.Tab) -> jlab.Tab:
    """The same, all records shown again."""
    tab.page.keyboard.press("Escape")
    tab.python("panel.query_text = ''")
    tab.page.locator(".lt-title", has_text="23,876").wait_for()
    return tab


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


def query(tab: jlab.Tab) -> str:
    return tab.python("print(panel.wait() and panel.query)").strip()


def title(tab: jlab.Tab, records: int) -> None:
    """Waits until the table is of so many records."""
    tab.page.locator(".lt-title", has_text=f"{records:,} record").wait_for()


def test_a_typed_query_narrows_all_of_it(panel: jlab.Tab, logs: ln.Logs) -> None:
    box = panel.page.locator(".ln textarea.ln-text")
    box.fill("severity>=error service_name=checkout")
    box.press("Enter")
    n = len(logs.where("severity>=error service_name=checkout"))
    title(panel, n)
    assert query(panel) == "severity>=error service_name=checkout"
    trail = panel.page.locator(".ln-trail").inner_text()
    assert "23,876" in trail
    assert str(n) in trail
    panel.page.screenshot(path=PICTURES / "explore-light.png")


def test_a_mistake_is_shown_at_its_place_and_nothing_changes(panel: jlab.Tab) -> None:
    box = panel.page.locator(".ln textarea.ln-text")
    box.fill("servce_name=checkout")
    box.press("Enter")
    panel.page.get_by_text("did you mean 'service_name'").first.wait_for()
    assert query(panel) == ""
    title(panel, 23_876)
    box.fill("")
    box.press("Enter")


def test_completion_offers_fields_and_values(panel: jlab.Tab, logs: ln.Logs) -> None:
    box = panel.page.locator(".ln textarea.ln-text")
    box.click()
    box.press_sequentially("service_na", delay=30)
    panel.page.get_by_role("option", name="service_name").first.wait_for()
    box.press_sequentially("me=check", delay=30)
    panel.page.get_by_role("option", name="checkout").first.wait_for()
    panel.page.keyboard.press("Escape")
    box.fill("service_name=checkout")
    box.press("Enter")
    title(panel, len(logs.where("service_name=checkout")))


def test_a_facet_goes_from_include_to_exclude_to_off(panel: jlab.Tab, logs: ln.Logs) -> None:
    box = panel.page.locator(".ln-facet").nth(1).get_by_role("checkbox", name="checkout")
    for text in ("service_name=checkout", "service_name!=checkout", ""):
        box.click()
        title(panel, len(logs.where(text)))
        assert query(panel) == text
        # Its own choice does not restrict its own counts.
        assert "14,533" in panel.page.locator(".ln-facet").nth(1).inner_text()


def test_a_brush_sets_the_window_and_back_takes_it_away(panel: jlab.Tab, logs: ln.Logs) -> None:
    surface = panel.page.get_by_label("time", exact=True)
    surface.scroll_into_view_if_needed()
    box = surface.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    panel.page.mouse.move(box["x"] + box["width"] * 0.4, y)
    panel.page.mouse.down()
    panel.page.mouse.move(box["x"] + box["width"] * 0.6, y, steps=8)
    panel.page.mouse.up()
    panel.page.locator(".ln-window").wait_for()
    text = query(panel)
    assert text.startswith("time>=2026-11-25T03:1")
    n = len(logs.where(text))
    assert 0 < n < 23_876
    title(panel, n)
    panel.page.get_by_role("button", name="back").click()
    title(panel, 23_876)
    assert query(panel) == ""


def test_the_keyboard_sets_a_window_too(panel: jlab.Tab) -> None:
    surface = panel.page.get_by_label("time", exact=True)
    surface.focus()
    for key in ["ArrowRight"] * 3 + ["Shift+ArrowRight"] * 4 + ["Enter"]:
        panel.page.keyboard.press(key)
    panel.page.locator(".ln-window").wait_for()
    assert query(panel).count("time") == 2


def test_undo_and_redo(panel: jlab.Tab, logs: ln.Logs) -> None:
    panel.python("panel.query_text = 'severity>=warn'")
    n = len(logs.where("severity>=warn"))
    title(panel, n)
    panel.page.get_by_role("button", name="Undo").click()
    title(panel, 23_876)
    panel.page.get_by_role("button", name="Redo").click()
    title(panel, n)


def test_a_record_opens_and_its_value_narrows(panel: jlab.Tab, logs: ln.Logs) -> None:
    panel.python("panel.query_text = 'severity=error service_name=checkout'")
    title(panel, len(logs.where("severity=error service_name=checkout")))
    grid = panel.page.get_by_role("grid")
    grid.focus()
    panel.page.keyboard.press("j")
    panel.page.keyboard.press("Enter")
    detail = panel.page.locator(".lt-details").first
    detail.wait_for()
    assert "exception.type" in detail.inner_text()
    panel.page.screenshot(path=PICTURES / "explore-record-light.png")
    detail.get_by_role("button", name=re.compile("^exception.type: ")).click()
    panel.page.get_by_role("menuitem", name="include", exact=False).first.click()
    n = len(logs.where("exception.type=checkout.LoyaltyTimeout severity=error service_name=checkout"))
    title(panel, n)
    assert "exception.type=checkout.LoyaltyTimeout" in query(panel)


def test_from_a_record_to_its_trace(panel: jlab.Tab, logs: ln.Logs, truth: dict[str, Any]) -> None:
    """Narrow, see what stands out, open it, go to its trace: every record of it, across services, below the table."""
    trace = truth["faults"]["exception"]["trace_id"]
    panel.python("panel.query_text = 'exception.type=TypeError'")
    title(panel, truth["faults"]["exception"]["records"])
    panel.page.get_by_role("grid").focus()
    panel.page.keyboard.press("Home")
    panel.page.keyboard.press("Enter")
    panel.page.locator(".lt-details").first.wait_for()
    panel.page.get_by_role("button", name="Trace", exact=True).click()
    whole = logs.where(f"trace_id={trace}")
    story = panel.page.locator(".ls-story")
    story.wait_for()
    assert f"{len(whole)} records" in story.locator(".ls-head").inner_text()
    title(panel, truth["faults"]["exception"]["records"])
    services = set(whole.to_polars(["service_name"])["service_name"])
    assert {truth["faults"]["exception"]["cause_service"], "shop-web"} <= services
    story.get_by_role("button", name="close the story").click()
    story.wait_for(state="detached")


def test_what_stands_around_a_record_by_time_and_what_came_before_it(panel: jlab.Tab, logs: ln.Logs) -> None:
    panel.python("panel.query_text = 'exception.type=TypeError'")
    title(panel, 1)
    panel.page.get_by_role("grid").focus()
    panel.page.keyboard.press("Home")
    panel.page.keyboard.press("Enter")
    panel.page.get_by_role("button", name="Context ±20").click()
    panel.page.get_by_label("how far around").select_option("1")
    record = logs.where("exception.type=TypeError").head(1)["record_id"][0]
    near = logs.context(record, "1s", "1s").height
    panel.page.wait_for_function(f"document.querySelectorAll('.lt-around > *').length === {near}")
    panel.python("panel.query_text = 'service_name=shop-web'")
    title(panel, len(logs.where("service_name=shop-web")))
    panel.page.get_by_role("grid").focus()
    for key in ("Home", "j", "j", "Enter"):
        panel.page.keyboard.press(key)
    panel.page.get_by_role("button", name="Compare from here").click()
    panel.page.locator(".ln-window").wait_for()
    said = panel.python("print(panel.wait() and panel.baseline[1] == panel.query.since)").strip()
    assert said == "True"
    panel.page.locator(".ll-choices", has_text="against the baseline").wait_for()
    panel.python("panel.tab = 'records'")


def test_a_record_is_pinned_with_a_note(panel: jlab.Tab) -> None:
    panel.python("panel.query_text = 'exception.type=TypeError'")
    title(panel, 1)
    panel.page.get_by_role("grid").focus()
    panel.page.keyboard.press("Home")
    panel.page.keyboard.press("Enter")
    panel.page.get_by_role("button", name="Pin with note").first.click()
    panel.page.keyboard.type("<b>the page</b> throws")
    panel.page.keyboard.press("Enter")
    panel.page.locator(".lt-pins", has_text="<b>the page</b> throws").wait_for()
    found = json.loads(panel.python("import json; print(json.dumps(logs.pins['note'].to_list()))"))
    assert found == ["<b>the page</b> throws"]


def test_copied_code_gives_the_same_records(panel: jlab.Tab, logs: ln.Logs) -> None:
    panel.python("panel.query_text = '-service_name=worker \"failed\" time>=2026-11-25T03:12:00Z'")
    n = len(logs.where("-service_name=worker failed", since="2026-11-25T03:12:00Z"))
    title(panel, n)
    panel.page.get_by_role("button", name="Copy code").click()
    panel.page.wait_for_timeout(200)
    code = panel.page.evaluate("navigator.clipboard.readText()")
    assert panel.python(f"print(len({code}), {code}.query == panel.query)").strip() == f"{n} True"
    link = panel.python("print(panel.permalink)").strip()
    assert panel.python(f"print(logs.explore({link!r}).query == panel.query)").strip() == "True"


def test_it_answers_while_a_cell_runs(panel: jlab.Tab, logs: ln.Logs) -> None:
    panel.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute("
        "{ code: 'import time; time.sleep(6)' }); }"
    )
    panel.page.wait_for_timeout(500)
    panel.page.locator(".ln-facet").first.get_by_role("checkbox", name="warn").click()
    panel.page.locator(".lt-title", has_text=f"{len(logs.where('severity=warn')):,} record").wait_for(timeout=5_000)


def test_an_empty_answer_says_why(panel: jlab.Tab) -> None:
    panel.python("panel.query_text = 'severity>=error service_name=chekout'")
    title(panel, 0)
    panel.page.locator(".ln-hint", has_text="service_name=chekout").wait_for()


def test_dark_narrow_and_large(panel: jlab.Tab) -> None:
    panel.theme("JupyterLab Dark")
    panel.python("panel.query_text = 'severity>=warn'")
    title(panel, 420)
    panel.page.wait_for_timeout(800)
    panel.page.screenshot(path=PICTURES / "explore-dark.png")
    ink, ground = panel.page.locator(".lt-title").evaluate(
        "(e) => [getComputedStyle(e).color, getComputedStyle(e.closest('.ln')).backgroundColor].map((colour) => {"
        " const pen = new OffscreenCanvas(1, 1).getContext('2d'); pen.fillStyle = colour; pen.fillRect(0, 0, 1, 1);"
        " return pen.getImageData(0, 0, 1, 1).data.slice(0, 3).reduce((sum, x) => sum + x, 0); })"
    )
    assert ink > 450 > 200 > ground
    panel.page.set_viewport_size({"width": 800, "height": 900})
    panel.page.wait_for_timeout(500)
    panel.page.screenshot(path=PICTURES / "explore-dark-narrow.png")
    wide = panel.page.locator(".jp-OutputArea-output", has=panel.page.locator(".lt-grid")).evaluate(
        "(e) => e.scrollWidth - e.clientWidth"
    )
    assert wide <= 2
    panel.page.set_viewport_size({"width": 1400, "height": 1000})
    panel.theme("JupyterLab Light")
