"""A story in a real JupyterLab: from an exception in the browser to its replay to the cause in three clicks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jlab
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.browser
PICTURES = jlab.ROOT / "build" / "pictures"
READ = "import lognb as ln\nlogs = ln.read({sources}, progress=False)\n"


@pytest.fixture
def read(samples: Path) -> str:
    sources = [samples / name for name in ("shop.json.zst", "events.parquet", "recordings")]
    PICTURES.mkdir(parents=True, exist_ok=True)
    return READ.format(sources=", ".join(repr(str(s)) for s in sources))


def replayed(tab: jlab.Tab) -> str:
    """What the recorded page says, as it is shown now."""
    script = "() => [...document.querySelectorAll('.rp iframe')].map((f) => f.contentDocument.body.innerText).join(' ')"
    return str(tab.page.evaluate(script))


def test_from_the_exception_to_its_replay_to_the_cause_in_three_clicks(
    tabs: Callable[..., jlab.Tab], notebooks: Path, read: str, truth: dict[str, Any]
) -> None:
    fault = truth["faults"]["exception"]
    tab = tabs()
    cell = read + "panel = logs.explore()\npanel.query_text = 'service_name=shop-web exception.type=TypeError'\npanel"
    tab.run(notebooks, "story.ipynb", [cell])
    page = tab.page
    page.locator(".lt-title", has_text="1 record").wait_for()
    # One: the exception.
    page.locator(".lt-rows > .lt-row", has_text="TypeError").click()
    # Two: its session, with the recording at that moment.
    page.locator(".lt-details").get_by_role("button", name="Session", exact=True).click()
    story = page.locator(".ls-story")
    story.locator(".rp").wait_for()
    assert "Session 01a210b2" in story.locator(".ls-head").inner_text()
    assert fault["message"] in story.locator(".ls-row.ls-at .ls-text").inner_text()
    page.wait_for_function("() => document.querySelector('.rp iframe')?.contentDocument.body.innerText.trim()")
    assert "Tea shop" in replayed(tab)
    page.screenshot(path=PICTURES / "story-lab-light.png")
    # Three: what the backend was doing.
    cause = story.locator(".ls-row", has_text=fault["cause_exception"])
    assert cause.locator(".ls-who").inner_text() == fault["cause_service"]
    cause.click()
    detail = story.locator(".ls-detail")
    detail.get_by_text("Traceback (most recent call last)").wait_for()
    assert "checkout.py" in detail.inner_text()
    cause_time = "panel.story.logs.where('service_name=checkout severity=error').head(1)['time'][0].timestamp()"
    assert int(float(tab.python(f"print({cause_time})"))) == int(fault["cause_time"].timestamp())
    tab.theme("JupyterLab Dark")
    page.screenshot(path=PICTURES / "story-lab-dark.png")
    story.get_by_role("button", name="close the story").click()
    story.wait_for(state="detached")
    assert tab.python("print(panel.story)").strip() == "None"
    assert "1 record" in page.locator(".lt-title").inner_text()


def test_the_cursor_needs_no_kernel(
    tabs: Callable[..., jlab.Tab], notebooks: Path, read: str, truth: dict[str, Any]
) -> None:
    tab = tabs()
    tab.run(notebooks, "busy_story.ipynb", [read + f"logs.session({truth['recordings']['timeout']!r})"])
    page = tab.page
    page.locator(".rp").wait_for()
    page.wait_for_function("() => document.querySelector('.rp iframe')?.contentDocument.body.innerText.trim()")
    page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.session.kernel.shutdown()")
    page.locator(".ls-grid").focus()
    seen = set()
    for _ in range(4):
        page.keyboard.press("n")
        seen.add(page.locator(".ls-row.ls-at").inner_text())
    assert len(seen) == 4
    page.keyboard.press("Home")
    before = replayed(tab)
    page.keyboard.press("End")
    page.wait_for_timeout(400)
    assert replayed(tab) != before
    page.keyboard.press(" ")
    page.wait_for_timeout(300)
    assert page.locator(".ls-row.ls-now").count() == 1


def test_a_saved_story_is_read_without_a_kernel(
    tabs: Callable[..., jlab.Tab], notebooks: Path, read: str, truth: dict[str, Any]
) -> None:
    tab = tabs()
    tab.run(notebooks, "kept_story.ipynb", [read + f"logs.user({truth['faults']['clock']['user']!r})"])
    still = tab.page.locator("[data-ln-still]")
    tab.page.locator(".ls-head", has_text="User u-53").wait_for()
    still.wait_for(state="hidden")
    tab.page.evaluate("window.jupyterapp.commands.execute('docmanager:save')")
    tab.page.wait_for_timeout(800)
    tab.page.evaluate("window.jupyterapp.shell.currentWidget.sessionContext.shutdown()")
    tab.go("kept_story.ipynb")
    still.get_by_text("User u-53: no errors").wait_for()
    assert still.locator("svg:visible").count() > 0
    assert "browser clock 57.4 s ahead, corrected here" in still.inner_text()


def test_nothing_serious_for_who_cannot_see_it(
    tabs: Callable[..., jlab.Tab], notebooks: Path, read: str, truth: dict[str, Any], axe: str
) -> None:
    tab = tabs()
    tab.run(notebooks, "axe_story.ipynb", [read + f"logs.session({truth['recordings']['timeout']!r})"])
    tab.page.locator(".rp").wait_for()
    tab.page.evaluate(axe)
    tab.page.locator(".ls-grid").focus()
    for key in ("n", "Enter", "t"):
        tab.page.keyboard.press(key)
        tab.page.wait_for_timeout(300)
    run = """async () => {
      const story = document.querySelector(".ls-story");
      const { violations } = await axe.run(story, { resultTypes: ["violations"], iframes: false });
      return violations.filter((v) => v.impact === "serious" || v.impact === "critical").map((v) =>
        `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`);
    }"""
    found: dict[str, Any] = {"light": tab.page.evaluate(run)}
    tab.theme("JupyterLab Dark")
    found["dark"] = tab.page.evaluate(run)
    assert found == {"light": [], "dark": []}
    said = tab.page.locator(".ls-story").aria_snapshot()
    for part in ('- grid "what happened"', 'slider "time of the story"', '- group "lanes"', 'region "story"', "- row"):
        assert part.removeprefix("- ") in said, said[:3000]
