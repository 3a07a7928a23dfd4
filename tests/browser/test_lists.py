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


def test_tabs_by_keys_and_from_python(tab: jlab.Tab, logs: ln.Logs) -> None:
    page = tab.page
    page.get_by_role("tab", name="Records").click()
    page.locator(".lt-table").wait_for()
    page.get_by_role("tab", name="Records").focus()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    page.locator(".ll-say", has_text=logs.traces().sentence[:20]).wait_for()
    assert tab.python("print(panel.tab)").strip() == "traces"
    page.keyboard.press("d")
    page.keyboard.press("d")
    assert tab.python("print(panel.tab)").strip() == "traces", "bare keys stay here: the cell is still there"
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
            page.locator(".ll-rows > .ll-row:visible").first.wait_for()
            page.wait_for_timeout(400)
            page.screenshot(path=PICTURES / f"lists-{name}-{theme.lower()}.png")
            wide = page.locator(".jp-OutputArea-output", has=page.locator(".ll-grid")).last
            assert wide.evaluate("(e) => e.scrollWidth - e.clientWidth") <= 2
