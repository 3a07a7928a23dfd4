"""The timeline in a real JupyterLab, which has plans of its own for most keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import jlab

pytestmark = pytest.mark.browser
CELLS = "window.jupyterapp.shell.currentWidget.content.widgets.map((c) => [c.model.type, c.model.sharedModel.source])"


def test_its_keys_are_its_own(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path) -> None:
    tab = tabs()
    tab.run(notebooks, "timeline.ipynb", [f"import lognb as ln\nline = ln.Timeline(ln.read({str(shop)!r}))\nline"])
    before = tab.page.evaluate(CELLS)
    surface = tab.page.locator(".tl-surface")
    first = int(tab.python("print(line.data['since'])"))
    surface.focus()
    for key in ("Home", "ArrowRight", "ArrowRight", "Shift+ArrowRight", "Enter"):
        tab.page.keyboard.press(key)
    tab.page.locator(".tl-band").wait_for()
    every = 5_000_000_000
    assert tab.python("print(line.query.since, line.query.until)").split() == [
        str(first + 2 * every), str(first + 4 * every)
    ]  # fmt: skip
    tab.page.keyboard.press("m")
    tab.page.keyboard.type("dd a b deploy")
    tab.page.keyboard.press("Enter")
    mark = tab.page.get_by_role("button", name="remove the mark dd a b deploy")
    mark.focus()
    tab.page.keyboard.press("Enter")
    mark.wait_for(state="detached")
    surface.focus()
    tab.page.keyboard.press("Escape")
    tab.page.locator(".tl-band").wait_for(state="hidden")
    assert tab.python("print(repr(str(line.query)))").strip() == "''"
    assert tab.page.evaluate(CELLS) == before
    assert tab.page.evaluate("document.activeElement.classList.contains('tl-surface')")


def test_it_answers_while_a_cell_runs(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path) -> None:
    tab = tabs()
    tab.run(notebooks, "busy.ipynb", [f"import lognb as ln, time\nline = ln.Timeline(ln.read({str(shop)!r}))\nline"])
    tab.page.locator(".tl-when", has_text="2026").wait_for()
    tab.page.evaluate(
        "() => { window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.requestExecute("
        "{ code: 'time.sleep(8)' }) }"
    )
    tab.page.locator(".tl-by select").select_option("service_name")
    tab.page.locator(".tl-legend", has_text="checkout").wait_for(timeout=6000)
