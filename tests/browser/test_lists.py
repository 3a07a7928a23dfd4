"""The lists of the panel in a real JupyterLab: from an issue to its records and back, and to a session's story."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jlab
import polars as pl
import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.browser
PICTURES = jlab.ROOT / "build" / "pictures"


@pytest.fixture(scope="module")
def sources(samples: Path) -> list[str]:
    return [str(samples / name) for name in ("shop.json.zst", "events.parquet", "recordings")]


@pytest.fixture(scope="module")
def tab(chrome: Any, jupyter: str, notebooks: Path, sources: list[str]) -> Iterator[jlab.Tab]:
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab = jlab.Tab(chrome, jupyter)
    tab.page.set_viewport_size({"width": 1640, "height": 1000})
    cell = f"import lognb as ln\nlogs = ln.read(*{sources!r}, progress=False)\npanel = logs.explore()\npanel"
    tab.run(notebooks, "lists.ipynb", [cell])
    yield tab
    tab.close()
    assert tab.outside == []
    assert tab.wrong == []


@pytest.fixture(scope="module")
def logs(sources: list[str]) -> ln.Logs:
    return ln.read(*sources)


def trail(tab: jlab.Tab, records: int) -> None:
    """Waits until the panel has so many records."""
    tab.page.locator(".ln-strip", has_text=f"{records:,} record").wait_for()


def test_an_issue_is_opened_chosen_and_given_up_again(tab: jlab.Tab, logs: ln.Logs) -> None:
    page = tab.page
    page.get_by_role("tab", name="Errors").click()
    found = logs.errors()
    page.locator(".ll-say", has_text=found.sentence[:40]).wait_for()
    assert not page.locator(".lt-table").is_visible()
    row = page.locator(".ll-rows > .ll-row", has_text="LoyaltyTimeout")
    row.locator(".ll-text").click()
    detail = page.locator(".ll-detail")
    detail.locator(".ll-stack").first.wait_for()
    assert "discount" in detail.inner_text()
    page.screenshot(path=PICTURES / "lists-errors-light.png")
    issue = found.frame.row(by_predicate=pl.col("title").str.contains("LoyaltyTimeout"), named=True)
    row.locator(".ll-tick").click()
    trail(tab, issue["records"])
    assert tab.python("print(panel.query)").strip() == f"issue={issue['issue']}"
    assert page.locator(".ll-rows > .ll-row:visible").count() > 0, "the other issues stay in sight"
    page.get_by_role("button", name="Undo").click()
    trail(tab, len(logs))
    detail.get_by_role("button", name="show its records").click()
    page.locator(".lt-title", has_text=f"{issue['records']} record").wait_for()
    assert tab.python("print(panel.tab, panel.query)").strip() == f"records issue={issue['issue']}"
    page.get_by_role("button", name="Undo").click()
    trail(tab, len(logs))


def test_tabs_by_keys_and_from_python(tab: jlab.Tab) -> None:
    page = tab.page
    page.get_by_role("tab", name="Records").click()
    page.locator(".lt-table").wait_for()
    page.get_by_role("tab", name="Records").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".ll-choices", has_text="Mark a stretch in which all was well").wait_for()
    assert page.locator(".ll-tab[aria-selected=true]").get_attribute("data-name") == "compare"
    assert tab.python("print(panel.tab)").strip() == "compare"
    assert not page.locator(".ll-grid").is_visible(), "there are no rows of nothing"
    page.wait_for_timeout(400)
    page.screenshot(path=PICTURES / "lists-compare-none.png")
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert tab.python("print(panel.tab)").strip() == "compare", "bare keys stay here: the cell is still there"
    tab.python("panel.tab = 'records'")
    page.locator(".lt-table").wait_for()


def test_each_list_light_and_dark(tab: jlab.Tab) -> None:
    page = tab.page
    for theme in ("Light", "Dark"):
        tab.theme(f"JupyterLab {theme}")
        for tabbed in page.locator(".ll-tab").all()[1:]:
            name = tabbed.get_attribute("data-name")
            tabbed.click()
            page.locator(f".ll-tab[aria-selected=true][data-name={name}]").wait_for()
            if name == "compare" and theme == "Light":
                page.get_by_role("button", name="errors against the rest").click()
            page.locator(".ll-rows > .ll-row:visible").first.wait_for()
            page.wait_for_timeout(400)
            page.screenshot(path=PICTURES / f"lists-{name}-{theme.lower()}.png")
            wide = page.locator(".jp-OutputArea-output", has=page.locator(".ll-grid")).last
            assert wide.evaluate("(e) => e.scrollWidth - e.clientWidth") <= 2


def test_from_a_baseline_to_what_is_different_and_back_to_its_pattern(tab: jlab.Tab, logs: ln.Logs) -> None:
    """An incident in four clicks: window, before, the pattern that is new, its records."""
    page = tab.page
    tab.theme("JupyterLab Light")
    tab.python("panel.query = logs.where(since='03:12:10').query; panel.tab = 'compare'")
    page.get_by_role("button", name="before", exact=True).click()
    page.locator(".ll-choices", has_text="against the baseline 2026-11-25").wait_for()
    page.locator(".ll-rows > .ll-row:visible").first.wait_for()
    page.wait_for_timeout(300)
    page.screenshot(path=PICTURES / "lists-compare-before.png")
    row = page.locator(".ll-rows > .ll-row", has_text="service.version=2.10.0").first
    assert "grown" in row.inner_text()
    for theme in ("Light", "Dark"):
        tab.theme(f"JupyterLab {theme}")
        row.locator(".ll-text").first.click()
        page.locator(".ll-detail").wait_for()
        page.wait_for_timeout(400)
        page.screenshot(path=PICTURES / f"lists-compare-open-{theme.lower()}.png")
        row.locator(".ll-text").first.click()
    tab.theme("JupyterLab Light")
    page.get_by_role("button", name="errors against the rest").click()
    page.locator(".ll-choices", has_text="errors against the rest, from").wait_for()
    page.get_by_role("searchbox", name="Find in the list").fill("loyalty")
    row = page.locator(".ll-rows > .ll-row", has_text="did not answer within").first
    row.wait_for()
    page.wait_for_timeout(400)  # what is looked for is drawn anew when one has stopped to type
    row.hover()
    row.get_by_text("records", exact=True).click()
    page.locator(".lt-table").wait_for()
    assert tab.python("print('pattern=' in str(panel.query))").strip() == "True"
    chip = page.locator(".ln-chip", has_text="pattern")
    chip.locator(".ln-soft", has_text="loyalty").wait_for()
    tab.python("panel.by = 'pattern'; panel.query_text = 'severity>=warn'; panel.fields = ['severity', 'pattern']")
    page.locator(".tl-legend", has_text="did not answer within").wait_for()
    facet = page.locator(".ln-facet", has_text="pattern")
    facet.get_by_text("did not answer within").first.wait_for()
    page.wait_for_timeout(300)
    page.screenshot(path=PICTURES / "lists-pattern-facet.png")
    facet.get_by_text("did not answer within").first.click()
    page.locator(".ln-chip .ln-soft", has_text="did not answer within").wait_for()
    found = tab.python("print(panel.query.conditions[-1].value, len(panel.logs))").split()
    assert len(logs.where(f"severity>=warn pattern={found[0]}")) == int(found[1]) > 0
    tab.python("panel.query_text = ''; panel.by = 'severity'; panel.tab = 'records'")
