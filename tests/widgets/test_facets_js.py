"""Facets in a page: clicked, typed and read as a person does, with the real Python half and an engine behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.engines.duckdb import build
from lognb.loaders.report import LoadReport
from lognb.query import Condition, Not, Query
from lognb.widgets.facets import Facets, facet
from tests.engines.factory import T0, Rec, batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Locator

    from lognb.engines.base import Engine
    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser
HOSTILE = ["<img src=x onerror=window.hacked=1>", "</script><script>window.hacked=1</script>", "\u202egnp", "nul\0", ""]
FIELDS = ["severity", "service_name", "http.route", "odd"]


class Panel:
    """A panel of facets only: what is included and excluded of each value, and what it was told."""

    def __init__(self, engine: Engine, fields: list[str]) -> None:
        self.engine, self.fields, self.tops = engine, list(fields), dict.fromkeys(fields, 5)
        self.state: dict[tuple[str, str | None], str] = {}
        self.told: list[tuple[Any, ...]] = []
        self.extra = Query()
        on = {"toggle": self.toggle, "only": self.only, "clear": self.clear, "more": self.more, "add": self.add}
        self.widget = Facets(ln.Logs(engine, Query(), [], LoadReport()), {**on, "remove": self.remove})
        self.show()

    @property
    def query(self) -> Query:
        out: list[Any] = []
        for field in {f for f, _ in self.state}:
            for way in ("include", "exclude"):
                values = [v for (f, v), state in self.state.items() if f == field and state == way]
                named = tuple(v for v in values if v is not None)
                if named:
                    out.append(
                        Condition(field, "in", named) if way == "include" else Not(Condition(field, "in", named))
                    )
                if None in values:
                    out.append(Not(Condition(field, "exists")) if way == "include" else Condition(field, "exists"))
        return Query(tuple(out)) & self.extra

    def show(self, **more: Any) -> None:
        query = self.query
        made = [
            facet(self.engine, self.engine.facets(query, [f], self.tops[f]), query, f, fixed=f in FIELDS[:2])
            for f in self.fields
        ]
        self.widget.query = query
        count = self.engine.count(query)
        strip = {"records": count, "sessions": 3, "users": 1, "with_session": count - 1, "with_user": count}
        self.widget.show(facets=made, strip=strip, **more)

    def toggle(self, field: str, value: str | None, state: str | None) -> None:
        self.told.append(("toggle", field, value, state))
        self.state.pop((field, value), None)
        self.state |= {(field, value): state} if state else {}
        self.show()

    def only(self, field: str, value: str | None) -> None:
        self.told.append(("only", field, value))
        self.state = {k: v for k, v in self.state.items() if k[0] != field} | {(field, value): "include"}
        self.show()

    def clear(self, field: str) -> None:
        self.told.append(("clear", field))
        self.state = {k: v for k, v in self.state.items() if k[0] != field}
        self.show()

    def more(self, field: str) -> None:
        self.tops[field] *= 10
        self.show()

    def add(self, field: str) -> None:
        self.fields.append(field)
        self.tops[field] = 5
        self.show()

    def remove(self, field: str) -> None:
        self.fields.remove(field)
        self.show()


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    records = []
    for i in range(420):
        pairs = [
            ("http.route", "string", f"/r{min(i % 23, i % 31)}"),
            ("odd", "string", HOSTILE[i % len(HOSTILE)]),
            ("http.status", "int", str(200 + 100 * (i % 3))),
            (HOSTILE[0], "string", "key"),
        ]
        service = [None, "checkout", "cart", "checkout"][i % 4]
        level = ["info", "info", "warn", "error", "unspecified"][i % 5]
        records.append(Rec(i + 1, T0 + i, severity=level, service=service, attributes=pairs, body="x"))
    made = build(tmp_path_factory.mktemp("facets") / "s.duckdb", [batch(records)])
    yield made
    made.close()


@pytest.fixture
def panel(engine: Engine) -> Panel:
    return Panel(engine, FIELDS)


def _facet(el: Locator, field: str) -> Locator:
    return el.get_by_role("region", name=field, exact=True)


def _box(el: Locator, field: str, value: str) -> Locator:
    return _facet(el, field).locator("[role=checkbox]", has=el.page.get_by_text(value, exact=True))


def _counts(el: Locator, field: str) -> list[tuple[str, str, str]]:
    """(what is read of it, its state, its count) of each value, in order."""
    return [
        tuple(row)
        for row in _facet(el, field)
        .locator("[role=checkbox]")
        .evaluate_all(
            "all => all.map((e) => [e.querySelector('.ln-say').textContent, e.ariaChecked,"
            " e.querySelector('.ln-count').textContent])"
        )
    ]


def test_a_value_is_included_excluded_and_let_go(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    assert _counts(el, "service_name") == [
        ("checkout", "false", "210"), ("cart", "false", "105"), ("(no service)", "false", "105"),
    ]  # fmt: skip
    box = _box(el, "service_name", "cart")
    for state, checked, word in (("include", "true", ""), ("exclude", "mixed", "excluded"), (None, "false", "")):
        box.click()
        assert box.get_attribute("aria-checked") == checked  # at once
        page.settle()
        assert panel.told[-1] == ("toggle", "service_name", "cart", state)
        assert box.get_attribute("aria-checked") == checked
        assert box.locator(".ln-word").inner_text() == word
    _box(el, "service_name", "(no service)").click()
    page.settle()
    assert panel.told[-1] == ("toggle", "service_name", None, "include")
    assert str(panel.query) == "-service_name exists"
    # Counts of the others are under it, its own are not.
    assert _counts(el, "service_name")[0] == ("checkout", "false", "210")
    assert sum(int(n) for _, _, n in _counts(el, "severity")) == 105


def test_only_by_button_key_and_alt(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    _box(el, "severity", "warn").click()
    _box(el, "severity", "error").click(modifiers=["Alt"])
    page.settle()
    assert panel.told[-1] == ("only", "severity", "error")
    _box(el, "severity", "info").hover()
    el.get_by_role("button", name="Only info").click()
    page.settle()
    assert panel.told[-1] == ("only", "severity", "info")
    _box(el, "service_name", "cart").focus()
    page.page.keyboard.press("o")
    page.settle()
    assert panel.told[-1] == ("only", "service_name", "cart")
    assert str(panel.query) in (
        "severity in (info) service_name in (cart)",
        "service_name in (cart) severity in (info)",
    )


def test_the_keyboard_moves_toggles_and_clears(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    where = "document.activeElement.querySelector('.ln-say').textContent"
    assert _facet(el, "severity").locator("[role=checkbox][tabindex='0']").count() == 1
    _box(el, "severity", "fatal").focus()
    for key, expect in (
        ("ArrowDown", "error"),
        ("End", "unspecified"),
        ("ArrowDown", "unspecified"),
        ("Home", "fatal"),
    ):
        page.page.keyboard.press(key)
        assert page.page.evaluate(where) == expect
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Space")
    page.settle()
    assert panel.told[-1] == ("toggle", "severity", "error", "include")
    assert page.page.evaluate(where) == "error"  # the focus stays through the redrawing
    page.page.keyboard.press("Space")
    page.settle()
    assert panel.told[-1] == ("toggle", "severity", "error", "exclude")
    page.page.keyboard.press("Delete")
    page.settle()
    assert panel.told[-1] == ("clear", "severity")
    assert panel.state == {}
    _box(el, "severity", "warn").click()
    page.settle()
    _facet(el, "severity").get_by_role("button", name="Clear severity").click()
    page.settle()
    assert panel.state == {}
    assert not el.get_by_role("button", name="Clear severity").is_visible()


def test_bare_keys_stay_in_the_panel(bench: Callable[..., Bench], panel: Panel) -> None:
    """At the document JupyterLab would take "d d" for: remove the cell."""
    page = bench()
    el = page.show(panel.widget, width=236)
    page.page.evaluate("document.addEventListener('keydown', (e) => (window.heard ||= []).push(e.key))")
    for focused in (_box(el, "severity", "warn"), el.get_by_role("combobox"), el.get_by_role("button").first):
        focused.focus()
        for key in ("d", "x", "Escape", "Shift+Enter", "Control+Enter", "Control+b"):
            page.page.keyboard.press(key)
    assert page.page.evaluate("window.heard.filter((key) => key !== 'Control')") == ["b"] * 3


def test_severity_lists_all_in_order_with_colours_and_pale_zeros(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    assert [row[0] for row in _counts(el, "severity")] == [
        "fatal", "error", "warn", "info", "debug", "trace", "unspecified",
    ]  # fmt: skip
    rows = _facet(el, "severity").locator(".ln-row")
    assert [rows.nth(i).evaluate("e => e.classList.contains('ln-zero')") for i in range(7)] == [
        True, False, False, False, True, True, False,
    ]  # fmt: skip
    colour = "e => getComputedStyle(e.querySelector('.ln-fill')).backgroundColor"
    assert len({rows.nth(i).evaluate(colour) for i in (0, 1, 2, 3, 6)}) == 5
    width = "e => e.querySelector('.ln-fill').getBoundingClientRect().width"
    assert rows.nth(1).evaluate(width) == pytest.approx(rows.nth(3).evaluate(width) / 2, abs=1)
    assert rows.nth(0).evaluate(width) == 0


def test_the_order_holds_still_under_the_pointer(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    before = [row[0] for row in _counts(el, "service_name")]
    node = _box(el, "service_name", "cart").element_handle()
    _box(el, "service_name", "cart").hover()
    panel.extra = Query.parse("service_name=cart OR http.route=/r1 OR (-service_name exists severity!=warn)")
    panel.show()
    page.settle()
    now = _counts(el, "service_name")
    assert [row[0] for row in now] == before
    assert now[0][2] < "210"
    assert int(now[1][2]) > int(now[0][2])
    page.page.mouse.move(600, 5)
    page.settle()
    assert [row[0] for row in _counts(el, "service_name")] == ["cart", "(no service)", "checkout"]
    assert node.evaluate("e => e.isConnected")  # the same node, moved


def test_more_values_folding_and_removing(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    routes = _facet(el, "http.route")
    assert len(_counts(el, "http.route")) == 5
    routes.get_by_role("button", name="18 more values").click()
    page.settle()
    assert len(_counts(el, "http.route")) == 23
    assert not routes.locator(".ln-more").is_visible()
    name = routes.get_by_role("button", name="http.route", exact=True)
    name.click()
    assert name.get_attribute("aria-expanded") == "false"
    panel.show()
    page.settle()
    assert not routes.get_by_role("group").is_visible()
    name.press("Enter")
    page.settle()
    assert routes.get_by_role("group").is_visible()
    routes.get_by_role("button", name="Remove the facet http.route").click()
    page.settle()
    assert routes.count() == 0
    assert el.get_by_role("button", name="Remove the facet severity").count() == 0  # it always is there


def test_values_are_searched_among_all(bench: Callable[..., Bench], panel: Panel) -> None:
    from playwright.sync_api import expect

    page = bench()
    el = page.show(panel.widget, width=236)
    routes = _facet(el, "http.route")
    routes.get_by_role("button", name="Search the values").click()
    text = routes.get_by_role("searchbox")
    text.fill("R22")
    expect(routes.locator(".ln-row")).to_have_count(1)
    assert [row[0] for row in _counts(el, "http.route")] == ["/r22"]
    text.press("ArrowDown")
    page.page.keyboard.press("Space")
    page.settle()
    assert panel.told[-1] == ("toggle", "http.route", "/r22", "include")
    assert _counts(el, "http.route")[0][:2] == ("/r22", "true")
    text.fill("nothing like it")
    expect(routes.get_by_role("status")).to_have_text("no value contains this")
    text.press("Escape")
    page.settle()
    assert len(_counts(el, "http.route")) == 6  # five, and the one that was chosen
    assert not text.is_visible()


def test_a_facet_is_added_by_name_or_by_value(bench: Callable[..., Bench], panel: Panel) -> None:
    from playwright.sync_api import expect

    panel.fields.remove("service_name")
    panel.show()
    page = bench()
    el = page.show(panel.widget, width=236)
    find = el.get_by_role("combobox", name="Add a facet")
    for typed, option, field in (("status", "http.status", "http.status"), ("check", "checkout", "service_name")):
        find.fill(typed)
        el.locator("[role=option]", has_text=option).wait_for(timeout=5000)
        page.settle()
        find.press("Enter")
        page.settle()
        assert panel.fields[-1] == field
        assert _facet(el, field).is_visible()
        assert find.input_value() == ""
    assert _counts(el, "http.status")[0][0] == "200"
    find.fill("zzzz")
    expect(el.locator(".ln-add [role=status]")).to_contain_text("no other field")


def test_the_strip_never_calls_a_part_all_or_nothing(bench: Callable[..., Bench], panel: Panel) -> None:
    page = bench()
    el = page.show(panel.widget, width=236)
    strip = el.locator(".ln-strip")
    for given, text in [
        ((420, 3, 1, 344, 420), "420 records · 3 sessions (82 % carry one) · 1 user"),
        ((100_000, 1, 2, 1, 99_999), "100,000 records · 1 session (<0.1 % carry one) · 2 users (>99.9 % carry one)"),
        ((1000, 9, 0, 995, 0), "1,000 records · 9 sessions (99.5 % carry one) · 0 users"),
        ((1000, None, None, None, None), "1,000 records · … sessions · … users"),
    ]:
        names = ("records", "sessions", "users", "with_session", "with_user")
        panel.widget.show(strip=dict(zip(names, given, strict=True)))
        page.settle()
        assert strip.inner_text() == text


def test_an_error_takes_back_what_a_click_showed(bench: Callable[..., Bench], engine: Engine) -> None:
    panel = Panel(engine, FIELDS)

    def refuse(*args: Any) -> None:
        raise ln.QueryError(f"not now {HOSTILE[0]}")

    panel.widget._on["toggle"] = refuse
    page = bench()
    el = page.show(panel.widget, width=236)
    _box(el, "severity", "warn").click()
    page.settle()
    assert _box(el, "severity", "warn").get_attribute("aria-checked") == "false"
    assert el.get_by_role("alert").inner_text() == f"not now {HOSTILE[0]}"


def test_a_click_stands_while_it_is_being_counted(bench: Callable[..., Bench], panel: Panel) -> None:
    def begin(*args: Any) -> None:
        panel.widget.data = {**panel.widget.data, "busy": True}

    panel.widget._on["toggle"] = begin
    page = bench()
    el = page.show(panel.widget, width=236)
    box = _box(el, "severity", "warn")
    box.click()
    _facet(el, "service_name").get_by_role("button", name="service_name", exact=True).click()
    page.settle()
    page.page.mouse.move(600, 5)
    page.settle()
    assert box.get_attribute("aria-checked") == "true"
    assert not _facet(el, "service_name").get_by_role("group").is_visible()  # folded it stays, too
    panel.widget.data = {**panel.widget.data, "busy": False}  # stopped, and the query is as before
    page.settle()
    assert box.get_attribute("aria-checked") == "false"
    assert not _facet(el, "service_name").get_by_role("group").is_visible()


def test_what_is_hostile_stays_text_and_comes_back_whole(bench: Callable[..., Bench], panel: Panel) -> None:
    panel.add(HOSTILE[0])
    page = bench()
    el = page.show(panel.widget, width=236)
    assert {row[0] for row in _counts(el, "odd")} == {HOSTILE[0], HOSTILE[1], "\\u202egnp", "nul\\u0000", '""'}
    for text, value in ((HOSTILE[0], HOSTILE[0]), ("\\u202egnp", HOSTILE[2]), ("nul\\u0000", HOSTILE[3]), ('""', "")):
        _box(el, "odd", text).click()
        page.settle()
        assert panel.told[-1] == ("toggle", "odd", value, "include")
    assert sum(int(n) for _, _, n in _counts(el, "severity")) == 336
    _facet(el, "odd").get_by_role("button", name="Remove the facet odd").click()
    el.get_by_role("combobox").fill("onerror")
    el.locator("[role=option]").first.wait_for(timeout=5000)
    page.settle()
    assert el.locator("img, script").count() == 0
    assert page.page.evaluate("window.hacked") is None


def test_a_very_long_value_is_cut_and_comes_back_whole(bench: Callable[..., Bench], panel: Panel) -> None:
    long = "z" * 1_000_000
    value = {"value": long, "records": 1, "state": None, "chosen": True}
    shown = {"field": "odd", "values": [value], "shown": 1, "distinct": 1, "fixed": False, "open": True}
    panel.widget.show(facets=[shown])
    page = bench()
    el = page.show(panel.widget, width=236)
    box = _facet(el, "odd").get_by_role("checkbox")
    assert len(box.inner_text()) < 400
    box.click()
    page.settle()
    assert panel.told[-1] == ("toggle", "odd", long, "include")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_pictures(bench: Callable[..., Bench], panel: Panel, theme: str) -> None:
    panel.toggle("severity", "error", "include")
    panel.toggle("service_name", "checkout", "include")
    panel.toggle("http.route", "/r3", "exclude")
    page = bench(theme, viewport={"width": 260, "height": 760})
    el = page.show(panel.widget, width=236)
    page.settle()
    page.picture(f"facets-{theme}")
    assert el.evaluate("e => e.scrollWidth <= e.clientWidth")
