"""The search bar in a page: typed, clicked and read as a person does, with the real Python half behind it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.query import Not, Query
from lognb.widgets.search import Search, chips

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser
HOSTILE = '<img src=x onerror="window.hacked=1">'
DAY = 1_793_696_400_000_000_000  # 2026-11-03T09:00:00Z


@dataclass
class Panel:
    """A panel of a search bar only: a query that the bar edits, and what else `show` is to draw."""

    logs: ln.Logs
    query: Query = field(default_factory=Query)
    more: dict[str, Any] = field(default_factory=dict)
    told: list[tuple[Any, ...]] = field(default_factory=list)

    def __post_init__(self) -> None:
        names = ("undo", "redo", "cancel", "zone", "drop_window")
        note = {name: lambda *args, name=name: self.told.append((name, *args)) for name in names}
        self.bar = Search(
            self.logs, {**note, "query": self.text, "drop": self.drop, "negate": self.turn, "edit": self.edit}
        )
        self.show()

    def show(self, **more: Any) -> None:
        self.more |= more
        self.bar.show(text=str(self.query), chips=chips(self.query), **self.more)

    def text(self, text: str) -> None:
        self.told.append(("query", text))
        self._is(Query.parse(text).conditions)

    def drop(self, i: int) -> None:
        self._is(self.query.conditions[:i] + self.query.conditions[i + 1 :])

    def turn(self, i: int) -> None:
        found = self.query.conditions[i]
        self._put(i, (found.part if isinstance(found, Not) else Not(found),))

    def edit(self, i: int, text: str) -> None:
        self._put(i, Query.parse(text).conditions)

    def _put(self, i: int, new: tuple[Any, ...]) -> None:
        self._is(self.query.conditions[:i] + new + self.query.conditions[i + 1 :])

    def _is(self, conditions: tuple[Any, ...]) -> None:
        self.query = Query(conditions)
        self.show()


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def panel(logs: ln.Logs) -> Panel:
    return Panel(logs)


def _text(el: Locator) -> Locator:
    return el.get_by_role("combobox", name="Query")


def _wait(page: Bench, el: Locator, selector: str) -> Locator:
    el.locator(selector).first.wait_for(state="visible", timeout=5000)
    page.settle()
    return el.locator(selector)


def test_fields_operators_and_values_complete(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.press_sequentially("sev")
    options = _wait(page, el, "[role=option]")
    assert options.first.inner_text().split() == ["severity", "field"]
    text.press("Tab")
    assert text.input_value() == "severity"
    _wait(page, el, "[role=option]:has-text('>=')")
    assert text.get_attribute("aria-expanded") == "true"
    text.press_sequentially(">=")
    _wait(page, el, "[role=option]:has-text('fatal')")
    text.press("ArrowDown")
    text.press("ArrowDown")
    active = text.get_attribute("aria-activedescendant")
    assert el.locator(f"#{active}").get_attribute("aria-selected") == "true"
    assert el.locator("[aria-selected=true]").inner_text().split() == ["error", "value"]
    text.press("Enter")
    assert text.input_value() == "severity>=error"
    assert panel.told == []  # it was taken from the menu, and not asked yet
    page.settle()
    text.press("Enter")
    page.settle()
    assert panel.told == [("query", "severity>=error")]
    assert el.locator(".ln-chip").inner_text().startswith("severity ≥ error")


def test_completion_is_at_the_cursor(bench: Callable[..., Bench], panel: Panel) -> None:
    """Python counts characters, the page halves of them."""
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.fill("😀 sev x😀")
    for _ in range(3):
        text.press("ArrowLeft")
    text.press("Control+Space")
    page.settle()
    assert _wait(page, el, "[role=option]").first.inner_text().split() == ["severity", "field"]
    text.press("Tab")
    assert text.input_value() == "😀 severity x😀"


def test_escape_closes_the_menu_then_gives_the_query_back(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.text("severity>=warn")
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.press("End")
    text.press_sequentially(" serv")
    _wait(page, el, "[role=option]")
    text.press("Escape")
    assert not el.get_by_role("listbox").is_visible()
    assert text.input_value() == "severity>=warn serv"
    text.press("Escape")
    assert text.input_value() == "severity>=warn"
    text.press("Control+z")  # the field's own undo has it still
    assert text.input_value() == "severity>=warn serv"
    assert page.sent("undo") == []


def test_an_error_is_drawn_under_its_word(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.fill("😀 severity>=blue timeout")
    wrong = _wait(page, el, ".ln-wrong")
    assert wrong.all_inner_texts() == ["blue"]
    assert "'blue' is no severity" in el.locator(".ln-fault").first.inner_text()
    assert text.get_attribute("aria-invalid") == "true"
    assert "wavy" in wrong.first.evaluate(
        "e => getComputedStyle(e).textDecorationLine + getComputedStyle(e).textDecorationStyle"
    )
    text.press("Enter")
    page.settle()
    assert panel.told == []
    assert wrong.all_inner_texts() == ["blue"]
    text.fill("😀 severity>=error timeout")
    page.settle()
    assert wrong.count() == 0
    assert el.locator(".ln-fault").first.inner_text() == ""
    text.fill("severity>=")
    assert _wait(page, el, ".ln-wrong").inner_text().strip() == ""  # a mark behind the end
    text.press("Enter")
    page.settle()
    assert page.sent("query")[-1] == {"kind": "query", "text": "severity>="}
    assert panel.told == []


@pytest.mark.parametrize("width", [300, 900])
def test_the_colours_lie_over_the_text(bench: Callable[..., Bench], panel: Panel, width: int) -> None:
    page = bench()
    el = page.show(panel.bar, width=width)
    text = _text(el)
    for typed in [
        "a",
        'severity>=error service_name in (checkout, cart) "timed out" -http.route=/a/very/long/route' * 3,
        "x" * 500,
        "line\nand another\n",
        "tab\there 😀😀😀 naïve Ä -(a OR b) !x",
        "\u202eright to left " * 30,
    ]:
        text.fill(typed)
        sizes = el.evaluate(
            "e => { const [t, f] = ['.ln-tint', '.ln-text'].map((s) => e.querySelector(s));"
            " return [t.offsetHeight, f.scrollHeight, t.offsetWidth, f.offsetWidth, t.textContent] }"
        )
        assert sizes[0] == sizes[1]
        assert sizes[2] == sizes[3]
        assert sizes[4] == typed + "\u200b"


def test_chips_are_edited_negated_and_removed(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.text('severity>=error service_name!=cart "timed out"')
    page = bench()
    el = page.show(panel.bar)
    assert [t.split("\n")[0] for t in el.locator(".ln-chip").all_inner_texts()] == [
        "severity ≥ error", "service_name ≠ cart", '"timed out"',
    ]  # fmt: skip
    assert el.locator(".ln-not").count() == 1
    el.get_by_role("button", name='not: "timed out"').click()
    page.settle()
    assert str(panel.query) == 'severity>=error service_name!=cart -"timed out"'
    pressed = el.get_by_role("button", name='not: not "timed out"')
    assert pressed.get_attribute("aria-pressed") == "true"
    assert pressed.evaluate("e => e === document.activeElement")
    assert el.locator(".ln-not").nth(1).evaluate("e => getComputedStyle(e).borderTopStyle") == "dashed"
    el.get_by_role("button", name="severity ≥ error", exact=True).click()
    edit = el.get_by_role("textbox", name="Edit severity ≥ error")
    edit.fill("severity>=blue")
    edit.press("Enter")
    page.settle()
    assert "'blue' is no severity" in el.get_by_role("alert").inner_text()
    assert edit.evaluate("e => e.value.slice(e.selectionStart, e.selectionEnd)") == "blue"
    edit.fill("severity=fatal")
    edit.press("Enter")
    page.settle()
    assert not el.get_by_role("alert").is_visible()
    assert str(panel.query) == 'severity=fatal service_name!=cart -"timed out"'
    assert _text(el).input_value() == str(panel.query)
    el.get_by_role("button", name="Remove service_name ≠ cart").press("Enter")
    page.settle()
    assert str(panel.query) == 'severity=fatal -"timed out"'
    # What is edited is not lost when something else changes.
    el.get_by_role("button", name="severity = fatal", exact=True).click()
    el.get_by_role("textbox", name="Edit severity = fatal").fill("severity=warn")
    panel.show(undo=True, window={"since": str(DAY), "until": None})
    page.settle()
    assert el.get_by_role("textbox", name="Edit severity = fatal").input_value() == "severity=warn"


def test_a_draft_gives_way_to_another_query_and_is_found_again(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.text("severity>=warn")
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.fill("half a thou")
    panel.show(count=3, total=9)  # numbers only: what is typed stays
    page.settle()
    assert text.input_value() == "half a thou"
    panel.text("severity=error")  # a click elsewhere
    page.settle()
    assert text.input_value() == "severity=error"
    panel.show(history=["severity=error", "timeout", HOSTILE])
    page.settle()
    text.fill("")
    page.settle()
    text.press("ArrowUp")
    assert [t.split("\n")[0] for t in el.locator(".ln-menu [role=option]").all_inner_texts()] == [
        "half a thou", "severity=error", "timeout", HOSTILE,
    ]  # fmt: skip
    text.press("ArrowDown")
    text.press("ArrowDown")
    text.press("ArrowDown")
    text.press("Enter")
    page.settle()
    assert panel.told[-1] == ("query", "timeout")
    assert text.input_value() == "timeout"


def test_what_is_typed_behind_a_query_stays(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.bar)
    text = _text(el)
    text.fill("a AND b")
    page.page.evaluate("window.lognb.stop()")  # the answer is slow
    text.press("Enter")
    text.press_sequentially(" c")
    page.page.evaluate("window.lognb.start()")
    page.settle()
    assert panel.told == [("query", "a AND b")]
    assert text.input_value() == "a AND b c"
    text.press("Enter")
    page.settle()
    assert text.input_value() == "a b c"  # as the query prints it
    text.fill("")
    panel.show(count=3, total=9)
    page.settle()
    assert text.input_value() == ""
    text.press("ArrowDown")
    assert "no query" in el.get_by_role("alert").inner_text()  # what was asked is no draft


def test_undo_and_redo_by_button_and_by_key(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.text("a")
    panel.show(undo=True)
    page = bench()
    el = page.show(panel.bar)
    assert el.get_by_role("button", name="Redo (Ctrl+Shift+Z)").is_disabled()
    el.get_by_role("button", name="Undo (Ctrl+Z)").click()
    el.get_by_role("button", name="Copy code").press("Control+z")
    el.get_by_role("button", name="Copy code").press("Control+Shift+Z")
    _text(el).press("Control+z")
    page.settle()
    assert [t[0] for t in panel.told[1:]] == ["undo", "undo", "redo"]


def test_the_chain_the_window_and_the_hint(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.text("severity>=error x -y")
    window = {"since": str(DAY), "until": str(DAY + 20 * 60 * 10**9 + 1)}
    steps = [
        {"text": "severity>=error", "records": 12408},
        {"text": "x", "records": 3120},
        {"text": "-y", "records": 0},
    ]
    hint = {"text": "no record is left; without -y there are 3,120 records", "drop": 2}
    panel.show(steps=steps, total=48211, count=0, window=window, hint=hint, zone="Europe/Berlin")
    page = bench()
    el = page.show(panel.bar)
    trail = el.get_by_role("list", name="Records after each step")
    assert trail.locator("li").evaluate_all("all => all.map((e) => e.textContent)") == [
        "all records: 48,211 records", "severity>=error: 12,408 records", "x: 3,120 records", "-y: 0 records",
    ]  # fmt: skip
    assert trail.locator("li").nth(1).get_attribute("title") == "severity>=error"
    assert el.locator(".ln-window .ln-words").inner_text() == "2026-11-03 10:00:00 – 10:20:00.000000001"
    el.get_by_role("button", name="Remove the window").click()
    el.get_by_role("button", name="drop not y").click()
    page.settle()
    assert panel.told[-1] == ("drop_window",)
    assert str(panel.query) == "severity>=error x"
    el.get_by_role("combobox", name="Time zone").select_option("UTC")
    page.settle()
    assert panel.told[-1] == ("zone", "UTC")


def test_work_shows_only_when_it_lasts_and_can_be_stopped(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.bar)
    panel.show(busy=True)
    panel.show(busy=False)  # the page gets both at once
    page.settle()
    page.page.wait_for_timeout(250)
    stop = el.get_by_role("button", name="Cancel counting")
    assert not stop.is_visible()
    panel.show(busy=True)
    page.page.evaluate("window.lognb.poll()")
    stop.wait_for(timeout=5000)
    assert el.get_attribute("aria-busy") == "true"
    stop.click()
    panel.show(busy=False)
    page.settle()
    assert panel.told == [("cancel",)]
    assert not el.get_by_role("button", name="Cancel counting").is_visible()
    assert _text(el).evaluate("e => e === document.activeElement")


def test_focus_is_called_for_within_the_own_panel(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    page = bench()
    one, two = page.show(Panel(logs).bar), page.show(Panel(logs).bar)
    page.page.evaluate(
        "for (const e of document.querySelectorAll('.ln-search')) { const box = document.createElement('div');"
        " box.className = 'ln-explorer'; e.replaceWith(box); box.append(e, document.createElement('button')) }"
    )
    call = "e => e.dispatchEvent(new CustomEvent('ln-search-focus', {bubbles: true}))"
    for i, el in ((1, two), (0, one)):
        page.page.locator(".ln-explorer > button").nth(i).evaluate(call)
        assert _text(el).evaluate("e => e === document.activeElement")


def test_code_and_link_are_copied(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.show(code='logs.where("a")', permalink="lognb:1:abc")
    page = bench(permissions=["clipboard-read", "clipboard-write"])
    el = page.show(panel.bar)
    for name, expect in (("Copy code", 'logs.where("a")'), ("Copy link", "lognb:1:abc")):
        el.get_by_role("button", name=name).click()
        _wait(page, el, "button:has-text('Copied')")
        assert page.page.evaluate("navigator.clipboard.readText()") == expect


def test_an_error_of_the_panel_is_a_calm_line(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    def refuse(*args: Any) -> None:
        raise ln.QueryError(f"cannot: {HOSTILE}")

    page = bench()
    bar = Search(logs, {"query": refuse})
    el = page.show(bar)
    _text(el).fill("a")
    _text(el).press("Enter")
    page.settle()
    assert el.get_by_role("alert").inner_text() == f"cannot: {HOSTILE}"


def test_what_is_hostile_stays_text(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    texts = [HOSTILE, "</script><script>window.hacked=1</script>", "\u202egnp.exe", "\x1b[31mred\x07", "nul\0nul"]
    texts.append("y" * 1_000_000)
    query = Query(tuple(ln.query.Condition("body", ":", t) for t in texts))
    panel = Panel(logs, query)
    steps = [{"text": t, "records": 1} for t in texts]
    hint = {"text": HOSTILE, "drop": 0}
    error = {"message": HOSTILE, "start": 0, "end": 5}
    panel.show(steps=steps, total=5, count=1, hint=hint, history=texts, error=error, zone="UTC", zones=[HOSTILE])
    page = bench()
    el = page.show(panel.bar)
    el.get_by_role("button", name="Queries of before").click()
    page.settle()
    assert el.locator(".ln-hint").inner_text().startswith(HOSTILE)
    assert [t.split("\n")[0] for t in el.locator(".ln-menu [role=option]").all_inner_texts()][:2] == texts[:2]
    assert "\\u202e" in el.locator(".ln-chips").inner_text()
    assert max(map(len, el.locator("button, li").all_inner_texts())) < 400
    assert el.locator("img, script").count() == 0
    assert page.page.evaluate("window.hacked") is None


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(bench: Callable[..., Bench], panel: Panel, theme: str) -> None:
    panel.text('severity>=error service_name=checkout "timed out" -url.path=/healthz')
    steps = [{"text": t, "records": n} for t, n in (("severity>=error", 12408), ("x", 3120), ("y", 1284))]
    window = {"since": str(DAY), "until": str(DAY + 20 * 60 * 10**9)}
    panel.show(steps=steps, total=48211, count=1284, window=window, undo=True)
    page = bench(theme, viewport={"width": 1240, "height": 260})
    el = page.show(panel.bar)
    page.settle()
    page.picture(f"search-{theme}")
    _text(el).press("End")
    _text(el).press_sequentially(" severity>blue serv")
    _wait(page, el, ".ln-wrong")
    _wait(page, el, "[role=option]")
    page.picture(f"search-typing-{theme}")
    el.get_by_role("button", name="Copy code").focus()
    page.page.set_viewport_size({"width": 420, "height": 400})
    page.settle()
    page.picture(f"search-narrow-{theme}")
    assert el.evaluate("e => e.scrollWidth <= e.clientWidth")
