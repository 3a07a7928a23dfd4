"""The panel in the other front ends of a Jupyter server: all of it is there, and a click counts anew.

What a person does in it is tested in JupyterLab, in test_explore.py.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import jlab
import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.browser
PICTURES = jlab.ROOT / "build" / "pictures"
OPEN = "import lognb as ln\npanel = ln.read({shop!r}, progress=False).explore()\npanel"
VOILA_ASKS: Final = ("https://cdn.jsdelivr.net/npm/@fortawesome/", "https://cdnjs.cloudflare.com/ajax/libs/mathjax/")
"""Voila's page asks for icons and formulas there, whatever it shows. They are refused, and the panel needs neither."""


def works(tab: jlab.Tab, shop: Path, picture: str) -> None:
    """The four parts are drawn, and a value that is clicked narrows them."""
    logs, page = ln.read(shop), tab.page
    page.locator(".lt-title", has_text=f"{len(logs):,} record").wait_for()
    for part in (".ln textarea.ln-text", ".tl-surface", ".ln-facet", "[role=grid]:visible"):
        page.locator(part).first.wait_for()
    page.locator(".ln-facet").first.get_by_role("checkbox", name="warn").click()
    page.locator(".lt-title", has_text=f"{len(logs.where('severity=warn')):,} record").wait_for()
    page.locator(".ln-chip", has_text="severity = warn").wait_for()
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"{picture}.png")


def test_in_notebook_7(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path) -> None:
    tab = tabs(path="notebooks")
    tab.run(notebooks, "seven.ipynb", [OPEN.format(shop=str(shop))])
    assert tab.page.locator("#jp-NotebookLogo").count() == 1, "another page came instead"
    works(tab, shop, "explore-notebook-7")


def test_in_voila(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path) -> None:
    """Voila runs the notebook itself and shows what comes out of its cells."""
    tab = tabs(path="voila/render", theirs=VOILA_ASKS)
    jlab.write(notebooks / "served.ipynb", [OPEN.format(shop=str(shop))])
    tab.go("served.ipynb")
    works(tab, shop, "explore-voila")
