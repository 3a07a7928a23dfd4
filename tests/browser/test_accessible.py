"""What axe-core finds in the panel, in JupyterLab, light and dark: nothing serious."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import jlab

pytestmark = pytest.mark.browser
_RUN = """async () => {
  const panel = document.querySelector(".lt-grid").closest(".jp-OutputArea-output");
  const { violations } = await axe.run(panel, { resultTypes: ["violations"] });
  return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
    `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
}"""


def test_nothing_serious(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path, axe: str) -> None:
    tab = tabs()
    cell = (
        f"import lognb as ln\nlogs = ln.read({str(shop)!r}, progress=False)\nlogs.mark('03:12:10', 'checkout 2.10.0')\n"
        "panel = logs.explore()\npanel.query_text = 'severity>=warn -service_name=worker'\npanel"
    )
    tab.run(notebooks, "axe.ipynb", [cell])
    tab.page.locator(".lt-title", has_text="192 record").wait_for()
    tab.page.evaluate(axe)
    tab.page.get_by_role("grid").focus()
    tab.page.keyboard.press("Home")
    tab.page.keyboard.press("Enter")
    tab.page.locator(".lt-details").first.wait_for()
    found: dict[str, Any] = {"light": tab.page.evaluate(_RUN)}
    tab.theme("JupyterLab Dark")
    found["dark"] = tab.page.evaluate(_RUN)
    assert found == {"light": [], "dark": []}


def test_nothing_serious_in_the_lists(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path, axe: str) -> None:
    """Each tab with its first row chosen; where rows open in place, one is open."""
    tab = tabs()
    cell = f"import lognb as ln\npanel = ln.read({str(shop)!r}, progress=False).explore()\npanel"
    tab.run(notebooks, "axe_lists.ipynb", [cell])
    tab.page.locator(".lt-title", has_text="23,876 record").wait_for()
    tab.page.evaluate(axe)
    found: dict[str, Any] = {}
    for tabbed in tab.page.locator(".ll-tab").all()[1:]:
        name = tabbed.get_attribute("data-name")
        tabbed.click()
        tab.page.locator(f".ll-tab[aria-selected=true][data-name={name}]").wait_for()
        if name == "compare":
            found["nothing to compare with"] = tab.page.evaluate(_RUN.replace(".lt-grid", ".ll-tabs"))
            tab.page.get_by_role("button", name="errors against the rest").click()
        tab.page.locator(".ll-rows > .ll-row:visible").first.wait_for()
        tab.page.locator(".ll-grid").focus()
        tab.page.keyboard.press("Home")
        if name == "errors":
            tab.page.keyboard.press("Enter")
            tab.page.locator(".ll-stack").first.wait_for()
        tab.page.keyboard.press("i")
        tab.page.locator(".ll-in:visible").wait_for()
        for theme in ("Light", "Dark"):
            tab.theme(f"JupyterLab {theme}")
            found[f"{name} {theme}"] = tab.page.evaluate(_RUN.replace(".lt-grid", ".ll-grid"))
        tab.python("panel.query_text = ''")
    assert found
    assert found == {key: [] for key in found}


def test_the_panel_as_it_is_read_out(tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path) -> None:
    tab = tabs()
    cell = f"import lognb as ln\npanel = ln.read({str(shop)!r}, progress=False).explore()\npanel"
    tab.run(notebooks, "read_out.ipynb", [cell])
    tab.page.locator(".lt-title", has_text="23,876 record").wait_for()
    said = tab.page.locator(".jp-OutputArea-output", has=tab.page.locator(".lt-grid")).aria_snapshot()
    for part in (
        '- grid "records"', "columnheader", '- checkbox "error', 'combobox', 'slider "time"', "23,876 records",
        "277 sessions",
    ):  # fmt: skip
        assert part in said, said[:3000]
