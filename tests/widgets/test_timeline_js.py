"""The timeline in a real browser: what is painted, told, chosen and spoken. Its Python half is the real one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb._html import PALETTE
from lognb.engines.base import VOLUME
from lognb.errors import QueryError
from lognb.widgets.base import module
from lognb.widgets.timeline import Timeline, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Locator

    from tests.widgets.browser import Bench

pytestmark = pytest.mark.browser

S = 1_000_000_000
T0 = 1_793_696_400 * S  # 2026-11-03T09:00:00Z
EVIL = '<img src=x onerror="window.pwned=1">\u202e\x1b[31m</script>\x00'
ASKS = ("window", "zoom_out", "back", "by", "unit", "log", "baseline", "mark", "unmark")

Row = tuple[int, str | None, int]  # bucket; value; records

PAINTED = """([canvas, colours]) => {
  // For each column of pixels: how many have each colour, exactly.
  const { width, height } = canvas, copy = new OffscreenCanvas(width, height).getContext("2d");
  copy.drawImage(canvas, 0, 0);
  const { data } = copy.getImageData(0, 0, width, height);
  return Array.from({ length: width }, (_, x) => colours.map((c) => {
    let n = 0;
    for (let y = 0; y < height; y++) {
      const i = 4 * (y * width + x);
      if (data[i] === c[0] && data[i + 1] === c[1] && data[i + 2] === c[2] && data[i + 3] === 255) n += 1;
    }
    return n;
  }));
}"""


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


class Part:
    """A timeline that is given what it draws, on a page; what it asks for is noted."""

    def __init__(self, page: Bench, logs: ln.Logs, rows: list[Row], n: int, every: int = 10 * S, **more: Any) -> None:
        self.bench = page
        self.calls: list[tuple[Any, ...]] = []
        self.widget = Timeline(logs, on={kind: self._noting(kind) for kind in ASKS})
        self.since, self.every, self.n = T0, every, n
        self.fill(rows, **more)
        self.el = page.show(self.widget, width=more.pop("width", 800))
        self.plot = self.el.locator(".tl-surface")
        self.tip = self.el.locator(".tl-tip")
        page.settle()

    def fill(self, rows: list[Row], by: str | None = "severity", of: str = "records", **more: Any) -> None:
        columns = {"bucket": [T0 + r[0] * self.every for r in rows], "by": [r[1] for r in rows]}
        frame = pl.DataFrame(columns | {"records": [r[2] for r in rows], "bytes": [1000 * r[2] for r in rows]})
        until = T0 + self.n * self.every
        data, counts = drawn(frame.cast(VOLUME), T0, until, self.every, by, of)  # type: ignore[arg-type]
        self.data = {**data, "bys": ["severity", "service_name"], "zone": "UTC", "marks": [], **more}
        self.left: float | None = None
        self.widget.show(counts, **self.data)

    def change(self, **data: Any) -> None:
        self.data = {**self.data, **data}
        self.widget.show(**self.data)
        self.bench.settle()

    def _noting(self, kind: str) -> Callable[..., None]:
        def note(*args: Any) -> None:
            self.calls.append((kind, *args))
            if args == ("no.such",):
                raise QueryError("no field 'no.such'")

        return note

    def x(self, bucket: float) -> float:
        """Where a bucket begins, in the page."""
        left, right = self.edges()
        return left + bucket * (right - left) / self.n

    def edges(self) -> tuple[float, float]:
        box = self.plot.bounding_box()
        assert box
        self.left = self.axis() if self.left is None else self.left
        return box["x"] + self.left, box["x"] + box["width"] - 6

    def axis(self) -> float:
        """How wide the numbers at the left are; the cursor tells it."""
        self.plot.focus()
        self.bench.page.keyboard.press("Home")
        wide = self.el.locator(".tl-cursor").evaluate("e => parseFloat(e.style.left)")
        self.plot.blur()
        return float(wide)

    def y(self) -> float:
        box = self.plot.bounding_box()
        assert box
        return box["y"] + box["height"] - 40

    def drag(self, a: float, b: float, y: float | None = None, alt: bool = False) -> None:
        mouse, y = self.bench.page.mouse, self.y() if y is None else y
        mouse.move(self.x(a), y)
        if alt:
            self.bench.page.keyboard.down("Alt")
        mouse.down()
        mouse.move((self.x(a) + self.x(b)) / 2, y)
        mouse.move(self.x(b), y)
        mouse.up()
        if alt:
            self.bench.page.keyboard.up("Alt")
        self.bench.settle()

    def hover(self, bucket: float) -> str:
        self.bench.page.mouse.move(self.x(bucket), self.y())
        return self.tip.inner_text() if self.tip.is_visible() else ""

    def keys(self, *keys: str) -> None:
        for key in keys:
            self.bench.page.keyboard.press(key)
        self.bench.settle()

    def painted(self, *levels: str, theme: int = 0) -> list[list[int]]:
        """For each bucket the painted height of each severity, in pixels of the canvas, in the middle of its bar."""
        colours = [[int(PALETTE[level][theme][i : i + 2], 16) for i in (1, 3, 5)] for level in levels]
        canvas = self.el.locator("canvas")
        found = self.bench.page.evaluate(PAINTED, [canvas.element_handle(), colours])
        box = canvas.bounding_box()
        assert box
        ratio = len(found) / box["width"]
        middles = [int((self.x(b + 0.45) - box["x"]) * ratio) for b in range(self.n)]
        return [found[x] for x in middles]


ROWS: list[Row] = [(0, "info", 50), (0, "error", 50), (1, "info", 25), (3, "info", 10), (3, "warn", 5), (4, "error", 1)]


def test_bars_are_as_high_as_their_numbers(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    for ratio in (1, 2):
        part = Part(bench(device_scale_factor=ratio), logs, ROWS, 5)
        whole = 92 * ratio - 8 * ratio  # pixels of the highest bar
        expected = [[0.5, 0, 0.5], [0.25, 0, 0], [0, 0, 0], [0.1, 0.05, 0], [0, 0, 0.01]]
        for found, wanted in zip(part.painted("info", "warn", "error"), expected, strict=True):
            # One row of pixels is a grid line's, another may be shared between two colours.
            assert found == pytest.approx([w * whole for w in wanted], abs=2.1), (ratio, found, wanted)


def test_a_log_scale_shows_rare_ones_and_bytes_are_told_as_bytes(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, [(0, "info", 10_000), (0, "error", 9), (1, "info", 99)], 3, log=True)
    (info, error), (less, _), _ = part.painted("info", "error")
    assert info + error == pytest.approx(84, abs=4)
    assert error == pytest.approx(84 * 1 / 5, abs=3)
    assert less == pytest.approx(84 * 2 / 4, abs=3)
    part.fill([(0, "info", 10_000), (1, "error", 99)], of="bytes")
    part.bench.settle()
    assert part.hover(0.5).splitlines()[1:] == ["10 MB", "info", "10 MB"]
    assert part.el.get_by_role("button", name="bytes").get_attribute("aria-pressed") == "true"


def test_hovering_tells_the_numbers(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, [*ROWS, (3, "fatal", 7)], 6)
    assert part.hover(0.5).splitlines() == ["09:00:00–09:00:10, 3 Nov 2026", "100 records", "error", "50", "info", "50"]
    assert part.hover(2.5).splitlines() == ["09:00:20–09:00:30, 3 Nov 2026", "0 records"]
    assert part.hover(3.5).splitlines()[1:] == ["22 records", "info", "10", "fatal", "7", "warn", "5"]
    assert part.hover(4.5).splitlines()[1:] == ["1 record", "error", "1"]
    part.bench.page.mouse.move(5, 500)
    assert not part.tip.is_visible()


def test_dragging_asks_for_the_window_once_to_the_nanosecond(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 40, every=8)
    part.drag(10.4, 20.6)
    assert part.calls == [("window", T0 + 80, T0 + 168)]
    assert part.bench.sent("window") == [{"kind": "window", "since": str(T0 + 80), "until": str(T0 + 168)}]
    part.drag(30.5, 5.5)  # backwards
    assert part.calls[1:] == [("window", T0 + 40, T0 + 248)]
    part.drag(38, 60)  # out of the picture
    assert part.calls[2:] == [("window", T0 + 304, T0 + 320)]
    part.bench.page.mouse.click(part.x(3), part.y())
    part.bench.settle()
    assert len(part.calls) == 3


def test_a_chosen_window_is_moved_and_resized(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 40, every=S)
    odd = {"since": str(T0 + 10 * S + 1), "until": str(T0 + 20 * S)}
    part.change(selected=odd)
    top = part.plot.bounding_box()["y"] + 5  # type: ignore[index]
    part.drag(15, 18, y=top)
    assert part.calls == [("window", T0 + 13 * S + 1, T0 + 23 * S)]
    part.change(selected=odd)
    part.drag(20, 30)
    assert part.calls[1:] == [("window", T0 + 10 * S + 1, T0 + 30 * S)]
    part.change(selected=odd)
    part.drag(10, 5)
    assert part.calls[2:] == [("window", T0 + 5 * S, T0 + 20 * S)]
    part.change(selected=odd)
    part.drag(12, 15)  # inside, below the grip: a new one
    assert part.calls[3:] == [("window", T0 + 12 * S, T0 + 15 * S)]
    band = part.el.locator(".tl-band").bounding_box()
    assert band is None or band["width"] > 0


def test_while_one_drags_it_says_what_is_in_it(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5)
    mouse = part.bench.page.mouse
    mouse.move(part.x(0.5), part.y())
    mouse.down()
    mouse.move(part.x(1.5), part.y())
    assert part.tip.inner_text() == "09:00:00–09:00:20, 3 Nov 2026 (20 s, 125 records)"
    part.keys("Escape")
    mouse.up()
    part.bench.settle()
    assert part.calls == []


def test_a_baseline_is_chosen_with_alt_or_its_button_and_cleared(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5)
    part.drag(1, 2, alt=True)
    button = part.el.get_by_role("button", name="baseline")
    button.click()
    assert button.get_attribute("aria-pressed") == "true"
    part.drag(3, 4)
    expected = [("baseline", T0 + a * 10 * S, T0 + b * 10 * S) for a, b in [(1, 2), (3, 4)]]
    assert part.calls == expected
    part.change(baseline={"since": str(T0 + 30 * S), "until": str(T0 + 40 * S)})
    assert part.el.locator(".tl-base").inner_text() == "baseline"
    button.click()
    part.bench.settle()
    assert part.calls[2:] == [("baseline", None, None)]


def test_the_keyboard_does_what_the_mouse_does(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 40, every=S)
    part.plot.focus()
    part.keys("Home", "ArrowRight", "ArrowRight", "Enter")
    assert part.calls == [("window", T0 + 2 * S, T0 + 3 * S)]
    part.keys("Shift+ArrowRight", "Shift+ArrowRight", "Enter")
    assert part.calls[1:] == [("window", T0 + 2 * S, T0 + 5 * S)]
    part.keys("End", "Shift+PageDown", "Shift+PageUp", "Alt+Enter")
    assert part.calls[2:] == [("baseline", T0 + 29 * S, T0 + 40 * S)]
    part.keys("Shift+ArrowLeft", "Escape", "-", "Backspace")
    assert part.calls[3:] == [("zoom_out",)]
    part.change(back=True, selected={"since": str(T0), "until": str(T0 + S)})
    part.keys("Backspace", "Escape")
    assert part.calls[4:] == [("back",), ("window", None, None)]
    assert part.el.get_by_role("status").inner_text() == "no window"


def test_notes_are_written_and_taken_away(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 40, every=S)
    part.plot.focus()
    part.keys("Home", "ArrowRight", "m")
    part.bench.page.keyboard.type("deploy <b>2</b>")
    part.keys("Enter")
    assert part.calls == [("mark", T0 + S, "deploy <b>2</b>")]
    assert part.plot.evaluate("e => e === document.activeElement")
    part.change(marks=[{"time": str(T0 + S), "text": "one"}, {"time": str(T0 + 2 * S), "text": "two"}])
    part.el.get_by_role("button", name="remove the mark two").click()
    part.keys("m", "Escape")
    assert part.calls[1:] == [("unmark", 1)]


def test_texts_of_marks_do_not_overlap(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    marks = [{"time": str(T0 + i * S // 2), "text": f"{EVIL} deploy {i}"} for i in range(0, 160, 7)]
    part = Part(bench(), logs, ROWS, 40, every=S, marks=[*marks, {"time": str(T0 - 1), "text": "outside"}])
    texts = part.el.locator(".tl-marks span:visible")
    boxes = [texts.nth(i).bounding_box() for i in range(texts.count())]
    assert len(boxes) >= 6
    assert part.el.locator(".tl-marks i:visible").count() == 12
    assert "outside" not in part.el.locator(".tl-marks").inner_text()
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            assert a
            assert b
            assert a["y"] != b["y"] or a["x"] >= b["x"] + b["width"] or b["x"] >= a["x"] + a["width"]
    assert part.bench.page.evaluate("window.pwned") is None


def test_menus_and_buttons_ask_and_a_refusal_is_shown(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5, bys=["severity", "no.such"], back=True, bys_left=7)
    for name in ("bytes", "log", "zoom out", "back"):
        part.el.get_by_role("button", name=name).click()
    part.el.get_by_label("split by").select_option("")
    part.bench.settle()
    assert part.calls == [("unit", "bytes"), ("log", True), ("zoom_out",), ("back",), ("by", None)]
    assert "7 more" in part.el.get_by_label("split by").inner_text()
    part.el.get_by_label("split by").select_option("no.such")
    part.bench.settle()
    assert part.el.get_by_role("alert").inner_text() == "no field 'no.such'"
    assert part.el.get_by_label("split by").input_value() == "severity"
    part.change(said="next")
    assert not part.el.get_by_role("alert").is_visible()


def test_hostile_names_stay_text(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    names = [EVIL, "a" * 100_000, "__proto__", "constructor", "", None, "other (3 more)"]
    rows: list[Row] = [(0, name, 9 - i) for i, name in enumerate(names)]
    part = Part(bench(), logs, rows, 3, by=EVIL, bys=[EVIL, "x"])
    told = part.hover(0.5)
    shown = '<img src=x onerror="window.pwned=1">\\u202e\\x1b[31m</script>\\x00'
    assert shown in told
    assert "other (3 more)" in told
    assert shown in part.el.locator(".tl-legend").inner_text()
    assert part.bench.page.evaluate("[window.pwned, document.images.length]") == [None, 0]
    part.el.get_by_label("split by").select_option("x")
    part.bench.settle()
    assert part.calls == [("by", "x")]


def test_ten_thousand_buckets_show_their_peaks(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    rows: list[Row] = [(i, "info", 10) for i in range(10_000)]
    part = Part(bench(), logs, [*rows, (5003, "fatal", 90)], 10_000, every=S)
    part.bench.page.mouse.move(part.x(5003), part.y())
    assert part.tip.inner_text().splitlines()[1:] == ["100 records", "fatal", "90", "info", "10"]
    took = part.bench.page.evaluate("""() => new Promise((done) => {
      const began = performance.now();
      document.body.classList.toggle("again");  // a change of theme paints anew
      requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - began)));
    })""")
    assert took < 500
    part.drag(100.2, 200.9)
    assert part.calls[0][0] == "window"
    assert all((at - T0) % S == 0 for at in part.calls[0][1:])


def test_where_there_is_nothing_it_says_so(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, [], 5)
    assert part.el.locator(".tl-empty").inner_text() == "no records to draw"
    part.drag(1, 3)
    assert part.calls == []
    part.fill(ROWS)
    part.bench.settle()
    assert not part.el.locator(".tl-empty").is_visible()
    part.widget.show(b"")
    part.bench.settle()
    assert part.el.get_by_role("slider").count() == 1


def test_it_follows_width_height_and_theme(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5)
    light = part.painted("info")[0]
    part.bench.theme("dark")
    part.bench.settle()
    assert (part.painted("info")[0][0], part.painted("info", theme=1)[0]) == (0, light)
    plot = part.el.locator(".tl-plot")
    plot.evaluate("e => { e.style.display = 'none' }")
    part.bench.theme("light")
    part.bench.settle()
    plot.evaluate("e => { e.style.display = '' }")
    part.bench.settle()
    assert part.painted("info")[0] == light
    part.el.evaluate("e => { e.style.width = '333px' }")
    part.bench.settle()
    assert part.el.locator("canvas").evaluate("e => e.width") == plot.evaluate("e => e.clientWidth")
    assert part.painted("info")[0] == light
    assert part.el.evaluate("e => e.scrollWidth") <= 333


def test_rows_in_view_and_partial_edges_are_marked(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, [(i, "error", 10) for i in range(5)], 5)
    whole = part.painted("error")
    part.change(partial=[True, False], view={"since": str(T0 + 10 * S), "until": str(T0 + 10 * S + 5)})
    hatched = part.painted("error")
    assert hatched[0][0] < 0.8 * whole[0][0]
    assert hatched[1:] == whole[1:]
    assert "partly covered" in part.hover(0.5)
    box = part.el.locator(".tl-view").bounding_box()
    assert box
    assert (box["x"], box["width"]) == (pytest.approx(part.x(1), abs=1), 3)


def test_being_busy_shows_and_does_not_move_anything(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5)
    before = part.el.bounding_box()
    part.change(busy=True)
    assert "tl-busy" in part.el.locator(".tl").get_attribute("class")  # type: ignore[operator]
    assert part.el.bounding_box() == before
    part.plot.focus()
    part.change(busy=False)
    assert part.plot.evaluate("e => e === document.activeElement")


def test_what_it_says_to_those_who_do_not_see(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    part = Part(bench(), logs, ROWS, 5, selected={"since": str(T0), "until": str(T0 + 20 * S)})
    part.plot.focus()
    part.keys("End", "ArrowLeft")
    spoken = part.plot.get_attribute("aria-valuetext")
    assert spoken == (
        "09:00:30–09:00:40, 3 Nov 2026: 15 records: info 10, warn 5; "
        "window 09:00:00–09:00:20, 3 Nov 2026 (20 s, 125 records)"
    )
    assert part.el.aria_snapshot().splitlines() == SNAPSHOT.strip().splitlines()


SNAPSHOT = """
- text: records per 10 s, by
- combobox "split by":
  - option "nothing"
  - option "severity" [selected]
  - option "service_name"
- button "bytes"
- button "log"
- button "baseline"
- button "mark"
- list "colours":
  - listitem "error"
  - listitem "warn"
  - listitem "info"
- text: 09:00:00–09:00:50, 3 Nov 2026 UTC
- button "zoom out"
- button "back" [disabled]
- 'img "141 records by severity: error 51, warn 5, info 85; most, 100 in 10 s, at 2026-11-03 09:00:00 UTC"'
- slider "time"
- list "marks"
- status
"""


@pytest.mark.parametrize(
    ("since", "span", "zone", "most", "labels"),
    [
        ("2026-11-03T13:50:00Z", 1800, "UTC", 7, ["13:50", "13:55", "14:00", "14:05", "14:10", "14:15", "14:20"]),
        ("2026-11-03T22:10:00Z", 4 * 3600, "UTC", 5, ["23:00", "4 Nov", "01:00", "02:00"]),
        ("2026-11-03T09:10:00Z", 4 * 3600, "Asia/Kolkata", 5, ["15:00", "16:00", "17:00", "18:00"]),
        ("2026-10-24T22:00:00Z", 25 * 3600, "Europe/Berlin", 5, ["25 Oct", "06:00", "12:00", "18:00", "26 Oct"]),
        ("2026-11-03T09:00:00Z", 1, "UTC", 3, ["09:00:00.000", "09:00:00.500", "09:00:01.000"]),
        ("2026-11-03T09:00:00Z", 1e-7, "UTC", 3, ["09:00:00.00000000", "09:00:00.00000005", "09:00:00.00000010"]),
        ("2026-11-03T09:00:00Z", 5 * 86400, "UTC", 6, ["4 Nov", "5 Nov", "6 Nov", "7 Nov", "8 Nov"]),
        ("2026-11-03T09:00:00Z", 120 * 86400, "UTC", 5, ["Dec 2026", "Jan 2027", "Feb 2027", "Mar 2027"]),
        ("1970-01-01T00:00:00Z", 57 * 365.25 * 86400, "UTC", 7, ["1970", "1980", "1990", "2000", "2010", "2020"]),
    ],
)  # fmt: skip
def test_times_on_the_axis_are_round_in_the_zone(
    ticks: Locator, since: str, span: float, zone: str, most: int, labels: list[str]
) -> None:
    first = int(pl.Series([since]).str.to_datetime(time_unit="ns").dt.timestamp("ns")[0])
    given = [str(first), str(first + round(span * S)), zone, most]
    found = ticks.evaluate("(_, [a, b, z, n]) => axes.ticks(BigInt(a), BigInt(b), z, n).map((t) => t.label)", given)
    assert found == labels


@pytest.mark.parametrize(
    ("since", "until", "said"),
    [
        ("2026-11-03T09:00:00Z", "2026-11-03T09:00:30Z", "09:00:00–09:00:30, 3 Nov 2026"),
        ("2026-11-03T09:00:00Z", "2026-11-03T10:30:00Z", "09:00–10:30, 3 Nov 2026"),
        ("2026-11-03T09:00:00Z", "2026-11-03T09:00:00.250Z", "09:00:00.000–09:00:00.250, 3 Nov 2026"),
        ("2026-11-03T09:00:00Z", "2026-11-03T09:00:00.000000001Z", "09:00:00.000000000–09:00:00.000000001, 3 Nov 2026"),
        ("2026-11-03T09:00:00Z", "2026-11-04T09:00:00Z", "09:00, 3 Nov – 09:00, 4 Nov 2026"),
        ("2026-12-31T09:00:00Z", "2027-01-01T00:00:00Z", "09:00, 31 Dec 2026 – 00:00, 1 Jan 2027"),
    ],
)
def test_a_stretch_of_time_is_said_as_fine_as_it_is(ticks: Locator, since: str, until: str, said: str) -> None:
    both = [str(t) for t in pl.Series([since, until]).str.to_datetime(time_unit="ns").dt.timestamp("ns")]
    assert ticks.evaluate('(_, [a, b]) => axes.stretch(a, b, "UTC")', both) == said


@pytest.fixture(scope="module")
def ticks(browser: Any) -> Locator:
    from tests.widgets.browser import bench

    page = bench(browser).page
    page.evaluate(
        """async (text) => { window.lognb.stop();
          window.axes = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))); }""",
        module("axes"),
    )
    return page.locator("body")


def test_alone_it_goes_all_the_way_and_looks_well(bench: Callable[..., Bench], logs: ln.Logs) -> None:
    for theme in ("light", "dark"):
        page = bench(theme, viewport={"width": 1000, "height": 480})
        widget = Timeline(logs)
        el = page.show(widget)
        other = Timeline(logs)
        page.show(other)
        page.settle()
        box = el.locator(".tl-surface").bounding_box()
        assert box
        page.page.mouse.move(box["x"] + 300, box["y"] + 50)
        page.page.mouse.down()
        page.page.mouse.move(box["x"] + 600, box["y"] + 50, steps=3)
        page.page.mouse.up()
        page.settle()
        (asked,) = page.sent("window")
        assert (str(widget.query.since), str(widget.query.until)) == (asked["since"], asked["until"])
        assert len(widget.logs) == len(logs.where(str(widget.query)))
        for kind, value in (("by", "service_name"), ("log", True)):
            other._on[kind](value)
        other._on["mark"](int(other.data["since"]) + 60 * S, "deploy checkout 2.3")
        other._on["baseline"](int(other.data["since"]) + 180 * S, int(other.data["since"]) + 240 * S)
        page.settle()
        page.page.mouse.move(box["x"] + 450, box["y"] + 50)
        page.picture(f"timeline-{theme}")
        el.get_by_role("button", name="back").click()
        other._on["unmark"](0)
        page.settle()
        assert widget.query == logs.query
        assert logs.marks.height == 0
