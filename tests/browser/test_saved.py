"""A panel in a notebook that was run, saved, sent and exported: with no kernel behind it, it is a page to read."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import jlab
import nbformat
import pytest

import demo
import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.browser
PICTURES = jlab.ROOT / "build" / "pictures"
OPEN = "import lognb as ln\nln.read({shop!r}, progress=False).where('severity>=warn').explore()"
WIDGET = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def saved(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A notebook with a panel, after its run."""
    path = tmp_path_factory.mktemp("saved") / "panel.ipynb"
    jlab.write(path, [OPEN.format(shop=str(shop))])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(jlab.ROOT))
        nbformat.write(demo.run(path), path)
    return path


def test_the_file_holds_the_page_beside_the_widget(saved: Path) -> None:
    node = nbformat.read(saved, as_version=4)
    nbformat.validate(node)
    page, widget = node.cells[0].outputs
    assert set(page.data) == {"text/html", "text/plain"}
    assert "420 of 23,876 records" in page.data["text/html"]
    assert set(widget.data) == {WIDGET, "text/html"}
    assert widget.data["text/html"] == ""
    assert set(widget.data[WIDGET]) == {"model_id", "version_major", "version_minor"}
    assert "widgets" not in node.metadata


def test_exported_it_is_read_offline(saved: Path, shop: Path, chrome: Any) -> None:
    page, _ = demo.exporter().from_notebook_node(nbformat.read(saved, as_version=4))
    target = saved.with_suffix(".html")
    target.write_text(page, encoding="utf-8")
    logs = ln.read(shop).where("severity>=warn")
    tab = chrome.new_context(viewport={"width": 1200, "height": 1000}).new_page()
    asked: list[str] = []
    tab.context.route("**/*", lambda route: (asked.append(route.request.url), route.continue_()))
    tab.goto(target.as_uri())
    PICTURES.mkdir(parents=True, exist_ok=True)
    tab.screenshot(path=PICTURES / "explore-saved.png", full_page=True)
    panel = tab.locator("[data-ln-still]")
    said = panel.inner_text()
    assert f"{len(logs)} of 23,876 records" in said
    assert f"newest 20 of {len(logs)} records" in said
    assert panel.locator("svg rect:visible, svg path:visible").count() > 20
    *facets, rows = panel.locator("table:visible").all()
    assert [f.locator("th").first.inner_text() for f in facets][:2] == ["severity", "service_name"]
    of_worker = len(logs.where("service_name=worker"))
    assert facets[1].locator("tr", has_text="worker").inner_text().split() == ["worker", str(of_worker)]
    newest = logs.engine.page(logs.query, 20, newest=True).records["body"]
    assert [row.locator("td").last.inner_text() for row in rows.locator("tbody tr").all()] == newest.to_list()
    # Scripts of nbconvert's template are in the page; none is of the panel.
    assert panel.locator("script").count() == 0
    for ours in (
        WIDGET,
        "vnd.jupyter.widget-state",
        "_esm",
        "jupyter-widgets",
        "Error displaying",
        "VBox(",
        "Explorer(",
    ):
        assert ours not in page
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
    tab.context.close()


def test_who_is_sent_it_sees_it_before_running_it(saved: Path, tabs: Callable[..., jlab.Tab], notebooks: Path) -> None:
    """JupyterLab does not trust it then, and shows the page without style and SVG: see test_outputs.py."""
    shutil.copy(saved, notebooks / "sent.ipynb")
    tab = tabs()
    tab.go("sent.ipynb")
    panel = tab.page.locator(".jp-OutputArea-output").first
    panel.get_by_text("420 of 23,876 records").wait_for()
    panel.get_by_text("newest 20 of 420 records").wait_for()
    assert panel.locator("img:visible").evaluate("e => e.naturalWidth") > 300
    tab.page.screenshot(path=PICTURES / "explore-sent.png")


def test_opened_again_without_its_kernel_it_is_still_there(
    tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path
) -> None:
    """Trusted, so JupyterLab prefers the widget, which has no kernel: the page before it stays; live it is hidden."""
    tab = tabs()
    tab.run(notebooks, "mine.ipynb", [OPEN.format(shop=str(shop))])
    still = tab.page.locator("[data-ln-still]")
    tab.page.locator(".lt-title", has_text="420 record").wait_for()
    still.wait_for(state="hidden")
    tab.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    tab.page.wait_for_timeout(800)
    tab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    tab.go("mine.ipynb")
    still.get_by_text("newest 20 of 420 records").wait_for()
    assert still.locator("svg:visible").count() > 0
    tab.page.screenshot(path=PICTURES / "explore-again.png")
