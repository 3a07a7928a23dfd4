"""Where a page lets no style in, a recording looks as it does elsewhere: at each moment, by computed styles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.replay.recorded import START, added, change, recording, tag
from tests.widgets import players

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser

SEEN = ["color", "background-color", "font-weight", "margin-left", "letter-spacing", "text-transform", "display"]


def sheet(number: int, css: str, **attributes: str) -> dict[str, Any]:
    return tag(number, "style", attributes, [{"type": 3, "id": number + 1, "textContent": css, "isStyle": True}])


SHADOW = {**tag(130, "span", {}, [{"type": 3, "id": 131, "textContent": "inside"}]), "isShadow": True}
WIDE = "b { letter-spacing: 3px }"
CHANGES = [
    added(tag(100, "b", {"style": "background: rgb(1, 2, 3)"}, [{"type": 3, "id": 101, "textContent": "bold"}])),
    change(texts=[{"id": 7, "value": "b { color: rgb(0, 128, 0) } "}]),
    {"source": 8, "id": 6, "adds": [{"rule": "b { font-weight: 300 }", "index": 1}]},
    change(attributes=[{"id": 100, "attributes": {"style": {"margin-left": "7px"}}}]),
    change(attributes=[{"id": 100, "attributes": {"style": "margin-left: 9px"}}]),
    added(sheet(110, "b { color: rgb(0, 0, 255) }")),
    added(sheet(112, "b { color: rgb(9, 9, 9); text-transform: uppercase }"), before=6),  # before the first: it loses
    added(sheet(114, "b { color: rgb(8, 8, 8) }", media="print")),
    {"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": WIDE}]}]},
    change(removes=[{"parentId": 4, "id": 110}]),
    change(attributes=[{"id": 112, "attributes": {"media": "print"}}]),
    {"source": 8, "id": 6, "removes": [{"index": 1}]},
    added({**tag(120, "b", {}, [{"type": 3, "id": 121, "textContent": "host"}, SHADOW]), "isShadowHost": True}),
    added({**sheet(140, "span { color: rgb(5, 6, 7) } :host { display: block }"), "isShadow": True}, parent=120),
]  # fmt: skip
_LOOK = """async ({ seen, start, n }) => {
  const out = [], ns = (ms) => String(BigInt(ms) * 1000000n);
  const players = window.given.map((one, i) => begin({ ...one, strict: i === 1 }));
  await Promise.all(players.map((one) => one.ready));
  const look = (frame) => {
    const doc = frame.contentDocument, all = [...doc.querySelectorAll("b")];
    all.push(...all.flatMap((b) => (b.shadowRoot ? [...b.shadowRoot.querySelectorAll("span")] : [])));
    return all.map((el) => seen.map((name) => frame.contentWindow.getComputedStyle(el).getPropertyValue(name)));
  };
  const moments = [...Array.from({ length: n + 1 }, (_, i) => i), 3, 11, 0, n];
  for (const i of moments) {
    for (const one of players) await one.seek(ns(start + 1000 * i + 500));
    out.push([...document.querySelectorAll("iframe")].map(look));
  }
  return out;
}"""


def test_styles_hold_as_they_do_where_they_may_stand_in_line(browser: Browser, tmp_path: Path) -> None:
    given = recording(changes=CHANGES)
    page = browser.new_page()
    page.goto(players.saved(tmp_path, players.page(given, given)))
    found = page.evaluate(_LOOK, {"seen": SEEN, "start": START, "n": len(CHANGES)})
    page.close()
    assert [strict for _, strict in found] == [usual for usual, _ in found]
    looks = [str(usual) for usual, _ in found[: len(CHANGES) + 1]]
    assert len(set(looks)) >= len(CHANGES) - 2  # nearly each change is seen
