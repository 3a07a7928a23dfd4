"""The page of the tests itself, with a toy: a widget that counts, slowly, and answers in kind."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, ClassVar

import pytest
import traitlets

import lognb as ln
from lognb.errors import QueryError
from lognb.widgets import base
from lognb.widgets.base import Ask, Widget

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser

MODULE = """
import { h, number, notebook } from "./common.js";
export function mount(el, port) {
  const out = h("output"), note = h("p");
  const draw = () => {
    const c = port.get("counts");
    const sum = Array.from({ length: c.byteLength / 4 }, (_, i) => c.getUint32(4 * i, true)).reduce((a, b) => a + b, 0);
    out.textContent = `${port.get("data").word} ${number(sum)}`;
  };
  const said = (text) => { note.textContent = text; };
  const more = (by) => port.ask("more", { by }).then((n) => said(`now ${n}`), (error) => said(error.message));
  for (const [name, by] of [["more", 3], ["less", -1], ["odd", "x"]]) {
    el.append(h("button", { onclick: () => more(by) }, name));
  }
  el.append(out, note);
  draw();
  return port.on("data", draw);
}
export default notebook(mount);
"""


class More(Ask, tag="more"):
    by: int


class Toy(Widget):
    name = "toy"
    asks: ClassVar[dict[type[Ask], str]] = {More: "more"}
    counts = traitlets.Bytes().tag(sync=True)

    def more(self, ask: More) -> int:
        assert threading.current_thread() is not threading.main_thread()
        if ask.by < 0:
            raise QueryError("there is no less")
        total = int.from_bytes(self.counts[:4], "little") + ask.by
        with self.hold_sync():
            self.data = {"word": "more <b>"}
            self.counts = total.to_bytes(4, "little") * 2
        return total


@pytest.fixture
def toy(shop: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Any:
    for name in ("common.js", "common.css"):
        (tmp_path / name).write_bytes((base.STATIC / name).read_bytes())
    (tmp_path / "toy.js").write_text(MODULE.lstrip(), encoding="utf-8")
    (tmp_path / "toy.css").write_text(".ln output { color: var(--ln-error) }", encoding="utf-8")
    monkeypatch.setattr(base, "STATIC", tmp_path)
    base.module.cache_clear()
    base.style.cache_clear()
    yield Toy(ln.read(shop), data={"word": "start"}, counts=bytes(8))
    base.module.cache_clear()
    base.style.cache_clear()


def test_questions_reach_python_and_answers_the_page(bench: Callable[..., Bench], toy: Toy) -> None:
    made = bench()
    el = made.show(toy, width=400)
    assert el.locator("output").inner_text() == "start 0"
    el.get_by_text("more").click()
    made.settle()
    assert el.locator("output").inner_text() == "more <b> 6"
    assert el.locator("p").inner_text() == "now 3"
    for name, said in [("less", "there is no less"), ("odd", "not a question of this panel")]:
        el.get_by_text(name, exact=True).click()
        made.settle()
        assert said in el.locator("p").inner_text()
    assert made.sent("more") == [{"kind": "more", "by": by} for by in (3, -1, "x")]


def test_a_change_in_python_reaches_the_page(bench: Callable[..., Bench], toy: Toy) -> None:
    from playwright.sync_api import expect

    made = bench()
    el = made.show(toy)
    toy.data = {"word": "later"}
    expect(el.locator("output")).to_have_text("later 0")  # without settle(): the page polls while Playwright waits


def test_themes_and_what_a_page_may_not_do(bench: Callable[..., Bench], toy: Toy) -> None:
    colour = "e => getComputedStyle(e).color"
    made = bench("dark")
    out = made.show(toy).locator("output")
    dark = out.evaluate(colour)
    made.theme("light")
    assert out.evaluate(colour) != dark
    assert bench(None, "dark").show(toy).locator("output").evaluate(colour) == dark
    made.page.evaluate("fetch('https://example.com/').catch(() => 0)")
    made.page.evaluate("console.error('oh')")
    assert made.outside == ["https://example.com/"]
    assert "oh" in made.wrong
    made.outside.clear()
    made.wrong.clear()
