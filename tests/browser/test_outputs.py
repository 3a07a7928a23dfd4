"""Outputs in a real browser: their colours follow the page, and they read well where style is taken out of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb._html import PALETTE

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.browser
FILL = "e => getComputedStyle(e).fill"
COLOUR = "e => getComputedStyle(e).color"


@pytest.fixture(scope="module")
def outputs(shop: Path) -> list[str]:
    logs = ln.read(shop)
    return [shown._repr_mimebundle_()["text/html"] for shown in (logs, logs.volume(), logs.facets())]


@pytest.mark.parametrize(
    ("body", "prefers", "theme"),
    [
        ('<body data-jp-theme-light="true">', "dark", 0),
        ('<body data-jp-theme-light="false" style="background:#111;color:#eee">', "light", 1),
        ("<body>", "light", 0),
        ('<body style="background:#111;color:#eee">', "dark", 1),
        ('<body class="vscode-dark" style="background:#111;color:#eee">', "light", 1),
    ],
)
def test_colours_follow_the_page(browser: Any, outputs: list[str], body: str, prefers: str, theme: int) -> None:
    tab = browser.new_context(color_scheme=prefers).new_page()
    tab.set_content(f"<!doctype html>{body}{''.join(outputs)}")
    light, _ = PALETTE["error"]
    errors = tab.locator(f'svg [fill*="--ln-error,{light}"]')
    assert {errors.nth(i).evaluate(FILL) for i in range(errors.count())} == {_rgb(PALETTE["error"][theme])}
    assert tab.locator("td").first.is_visible()
    cells = tab.locator("td.ln-r").first
    assert cells.evaluate(COLOUR) == tab.locator("body").evaluate(COLOUR)
    tab.context.close()


def test_the_drawing_shows_and_the_still_image_does_not(browser: Any, outputs: list[str]) -> None:
    asked: list[str] = []
    tab = browser.new_context().new_page()
    tab.on("request", lambda r: asked.append(r.url[:10]))
    tab.set_content("<!doctype html><body>" + "".join(outputs))
    assert [tab.locator(".ln-live").nth(i).is_visible() for i in range(3)] == [True] * 3
    assert [tab.locator(".ln-still").nth(i).is_visible() for i in range(3)] == [False] * 3
    assert set(asked) <= {"data:image"}
    tab.context.close()


def test_without_our_style_the_still_image_shows_and_no_loose_text(browser: Any, outputs: list[str]) -> None:
    """What JupyterLab's sanitizer leaves of an output that is not trusted: neither style nor SVG elements."""
    page = re.sub(
        r"</?(svg|g|path|rect|line|text|title)\b[^>]*>", "", re.sub(r"<style>.*?</style>", "", "".join(outputs))
    )
    tab = browser.new_context().new_page()
    tab.set_content("<!doctype html><body>" + page)
    assert [tab.locator(".ln-live").nth(i).is_visible() for i in range(3)] == [False] * 3
    for i in range(3):
        still = tab.locator(".ln-still").nth(i)
        assert still.is_visible()
        assert still.evaluate("e => e.naturalWidth") > 300
    said = tab.locator("body").inner_text()
    assert re.search(r"\d\d,\d{3} records", said)
    assert not re.search(r"\d\d:\d\d\d\d:\d\d", said)  # the loose labels of an axis
    tab.context.close()


def _rgb(colour: str) -> str:
    return "rgb({}, {}, {})".format(*(int(colour[i : i + 2], 16) for i in (1, 3, 5)))
