"""The panel in a real JupyterLab in a real browser: what a brush, a jump and the wheel cost, beside pings and an idle page.

    python -m benchmarks.bench_widgets [RECORDS] [RUNS]     (10,000,000 and 25)
    python -m benchmarks.bench_widgets STORE [RUNS]         (a store that many.py made)

All times are the page's own clock, in milliseconds, p50 and p95 of one run of one page. A ping is an empty message to the
kernel and back by the same way as the panel's. Engine time is what the kernel spends on the questions of that brush. A
frame is the time between two animation frames; beside an idle page, which shows the same panel and does nothing.
Altair's brush counts only the bars of its chart, and draws nothing else.
"""

from __future__ import annotations

import importlib.util
import itertools
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from benchmarks import many
from lognb.engines.duckdb import build

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests" / "browser"))

import jlab

if TYPE_CHECKING:
    from collections.abc import Sequence

OPEN: Final = """
import time, anywidget, traitlets
import lognb as ln
from lognb.engines.duckdb import open_store
from lognb.loaders import LoadReport
from lognb.logs import Logs
from lognb.query import Query
from lognb.widgets import counted

class Ping(anywidget.AnyWidget):
    _esm = '''export default { render({ model, el }) {
      window.ping = () => new Promise((done) => {
        const began = performance.now(), heard = () => { model.off("msg:custom", heard); done(performance.now() - began); };
        model.on("msg:custom", heard);
        model.send({});
      });
      el.textContent = "ping";
    } };'''

spent = []
def timed(name):
    was = getattr(counted, name)
    def ask(*args, **named):
        began = time.perf_counter()
        try:
            return was(*args, **named)
        finally:
            spent.append((time.perf_counter() - began) * 1000)
    setattr(counted, name, ask)
for name in ("count", "strip", "facets_of"):
    timed(name)

engine = open_store(PATH)
logs = Logs(engine, Query(), ["many"], LoadReport.from_dict({**engine.report.get("load", {}), "overall": engine.overview}))
ping = Ping()
ping.on_msg(lambda widget, content, buffers: widget.send({}))
"""

# The same bars and the same brush with Altair, as its documentation has it: the chart is set anew.
CHART: Final = """
import altair as alt, polars as pl
from opened import Query, engine
alt.JupyterChart.enable_offline()

def chart(since, until):
    counts = engine.volume(Query((), since, until), max(1, (until - since) // 100), "severity")
    rows = counts.select(pl.col("bucket").dt.epoch("ms"), "by", "records").to_dicts()
    brush = alt.selection_interval(encodings=["x"], name="brush")
    bars = alt.Chart(alt.InlineData(values=rows), width=700, height=90).mark_bar()
    return bars.encode(x="bucket:T", y="records:Q", color="by:N").add_params(brush)

def chosen(change):
    if window := change.new.value.get("bucket"):
        altair.chart = chart(*(int(ms * 1e6) for ms in window))
        altair.selections.observe(chosen, ["brush"])

WHOLE = (engine.overview["first"], engine.overview["last"])
altair = alt.JupyterChart(chart(*WHOLE))
altair.selections.observe(chosen, ["brush"])
altair
"""

# The same columns in itables, all rows of them in the page, as it holds them. 10 M it cannot; these many it can.
HELD: Final = 20_000
TABLE: Final = f"""
import itables
itables.init_notebook_mode(connected=False)
names = ["time", "severity", "service_name", "body"]
rows = engine.page(Query(), {HELD}, newest=True, columns=names).records.to_pandas()
"""
SHOWN: Final = "itables.show(rows, maxBytes=0, paging=False, scrollY='400px', scrollCollapse=True)"

WATCH: Final = """() => {
  const seen = (window.seen = { up: 0, bars: 0, facets: 0 });
  document.addEventListener("pointerup", () => { seen.up = performance.now(); seen.bars = seen.facets = 0; }, true);
  const clear = CanvasRenderingContext2D.prototype.clearRect;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (this.canvas.closest(".tl-plot")) seen.bars ||= performance.now();
    return clear.apply(this, box);
  };
  new MutationObserver(() => { seen.facets = performance.now(); })
    .observe(document.querySelector(".ln-facets"), { subtree: true, childList: true, characterData: true });
}"""

FRAMES: Final = """() => {
  window.times = [];
  window.turning = true;
  const frame = (now) => { window.times.push(now); if (window.turning) requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
}"""

WATCH_CHART: Final = """() => {
  const seen = (window.seen = { up: 0, chart: 0 });
  document.addEventListener("pointerup", () => { seen.up = performance.now(); }, true);
  new MutationObserver(() => { seen.chart = performance.now(); })
    .observe(document.querySelector(".vega-embed").closest(".jp-OutputArea-output"), { subtree: true, childList: true });
}"""

JUMP: Final = """(share) => new Promise((done) => {
  const bar = document.querySelector(".lt-bar"), began = performance.now();
  bar.scrollTop = share * (bar.scrollHeight - bar.clientHeight);
  const look = () => {
    const rows = [...document.querySelectorAll(".lt-grid .lt-row")];
    const filled = rows.length > 5 && !rows.some((row) => row.classList.contains("lt-wait"));
    if (filled && performance.now() - began > 1) done(performance.now() - began); else requestAnimationFrame(look);
  };
  requestAnimationFrame(() => requestAnimationFrame(look));
})"""


def quantiles(times: Sequence[float]) -> tuple[float, float]:
    """p50 and p95."""
    ordered = sorted(times)
    return statistics.median(ordered), ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


def show(what: str, times: Sequence[float], beside: str = "") -> None:
    p50, p95 = quantiles(times)
    print(f"{what:44s} p50 {p50:7.1f} ms   p95 {p95:7.1f} ms   n {len(times):4d}   {beside}".rstrip(), flush=True)


def verdict(found: float, goal: float) -> str:
    return f"(goal {goal:.1f})" + ("" if found <= goal else "   MISSED")


class Bench:
    """One tab with the panel."""

    def __init__(self, tab: jlab.Tab, folder: Path, store: Path) -> None:
        self.tab, self.page, self.folder = tab, tab.page, folder
        self.chance = random.Random(3)
        (folder / "opened.py").write_text(OPEN.replace("PATH", repr(str(store))), encoding="utf-8")
        tab.run(folder, "bench.ipynb", ["from opened import *\nping", "panel = logs.explore()\npanel"])
        self.page.locator(".lt-grid .lt-row").first.wait_for()
        self.page.locator(".lt-grid").scroll_into_view_if_needed()
        self.page.locator(".tl-surface").scroll_into_view_if_needed()
        self.rest()
        self.page.evaluate(WATCH)

    def altair(self, n: int) -> list[float]:
        """For each brush over a chart of Altair: from its end until the last change of the chart."""
        tab = jlab.Tab(self.tab.context.browser, self.tab.address)  # the first has changes that are not saved
        tab.run(self.folder, "altair.ipynb", ["from opened import *\nping", CHART])
        drawn, mouse = tab.page.locator(".vega-embed :is(svg, canvas)").first, tab.page.mouse
        drawn.wait_for(timeout=60_000)
        tab.page.evaluate(WATCH_CHART)
        found = []
        for _ in range(n):
            box = drawn.bounding_box()
            assert box
            a, b = sorted(self.chance.sample(range(80, 600), 2))
            mouse.move(box["x"] + a, box["y"] + 50)
            mouse.down()
            mouse.move(box["x"] + max(b, a + 8), box["y"] + 50)
            mouse.up()
            tab.page.wait_for_timeout(1500)
            seen: dict[str, Any] = tab.page.evaluate("window.seen")
            found.append(seen["chart"] - seen["up"])
            tab.python("altair.chart = chart(*WHOLE); altair.selections.observe(chosen, ['brush'])")
            tab.page.wait_for_timeout(1500)
        tab.close()
        return found

    def itables(self) -> tuple[float, list[float]]:
        """How long a page takes to hold and show its rows, ms, and the frames while the wheel turns over them."""
        tab = jlab.Tab(self.tab.context.browser, self.tab.address)
        began = time.perf_counter()
        tab.run(self.folder, "itables.ipynb", ["from opened import *\nping", TABLE, SHOWN])
        cells = tab.page.locator(".dt-scroll-body tbody tr, .dataTables_scrollBody tbody tr")
        cells.nth(HELD - 1).wait_for(state="attached", timeout=120_000)
        took = (time.perf_counter() - began) * 1000
        frames = _turn(tab.page, ".dt-scroll-body, .dataTables_scrollBody", 4, wheel=True)
        tab.close()
        return took, frames

    def rest(self) -> None:
        """Until the kernel and the page are quiet."""
        self.tab.python("panel.wait()")
        self.page.wait_for_timeout(250)

    def pings(self, n: int) -> list[float]:
        return [float(self.page.evaluate("window.ping()")) for _ in range(n)]

    def brushes(self, n: int) -> tuple[list[float], list[float], list[float]]:
        """For each brush over all records: bars painted, facets redrawn, engine time."""
        bars, facets, engine = [], [], []
        for _ in range(n):
            self.tab.python("spent.clear()")
            box = self.page.locator(".tl-surface").bounding_box()
            assert box
            a, b = sorted(self.chance.sample(range(60, int(box["width"]) - 20), 2))
            y = box["y"] + box["height"] - 50
            self.page.mouse.move(box["x"] + a, y)
            self.page.mouse.down()
            self.page.mouse.move(box["x"] + (a + b) / 2, y)
            self.page.mouse.move(box["x"] + max(b, a + 8), y)
            self.page.mouse.up()
            self.rest()
            seen: dict[str, Any] = self.page.evaluate("window.seen")
            bars.append(seen["bars"] - seen["up"])
            facets.append(seen["facets"] - seen["up"])
            engine.append(float(self.tab.python("print(sum(spent))")))
            self.tab.python("panel.query_text = ''")
            self.rest()
        return bars, facets, engine

    def jumps(self, n: int) -> list[float]:
        found = []
        for _ in range(n):
            found.append(float(self.page.evaluate(JUMP, self.chance.random())))
            self.page.wait_for_timeout(100)
        return found

    def frames(self, *, wheel: bool, seconds: float = 4) -> list[float]:
        """Times between frames, with the wheel turning over the table or not."""
        return _turn(self.page, ".lt-grid", seconds, wheel=wheel)


def _turn(page: Any, over: str, seconds: float, *, wheel: bool) -> list[float]:
    place = page.locator(over).first
    place.scroll_into_view_if_needed()
    box = place.bounding_box()
    assert box
    page.mouse.move(box["x"] + 200, box["y"] + min(150, box["height"] / 2))
    page.evaluate(FRAMES)
    if wheel:
        for _ in range(int(seconds * 60)):
            page.mouse.wheel(0, 120)
            page.wait_for_timeout(10)
    else:
        page.wait_for_timeout(seconds * 1000)
    frames = page.evaluate("window.turning = false, window.times")
    return [b - a for a, b in itertools.pairwise(frames)]


def measure(bench: Bench, runs: int) -> None:
    pings = bench.pings(2 * runs)
    ping, _ = quantiles(pings)
    show("an empty ping", pings)
    bars, facets, engine = bench.brushes(runs)
    asked, _ = quantiles(engine)
    show("engine time of a brush", engine)
    show("brush end → bars painted", bars, verdict(quantiles(bars)[0], asked + 2 * ping))
    show("brush end → facets redrawn", facets, verdict(quantiles(facets)[0], asked + 2 * ping))
    jumps = bench.jumps(runs)
    show("jump → all rows filled", jumps, verdict(quantiles(jumps)[0], 4 * ping))
    idle, turning = bench.frames(wheel=False), bench.frames(wheel=True)
    show("frames of the idle page", idle)
    show("frames while the wheel turns", turning, verdict(quantiles(turning)[1], 3 * quantiles(idle)[1]))
    ratios = {
        "bars / (engine + 2 pings)": quantiles(bars)[0] / (asked + 2 * ping),
        "facets / (engine + 2 pings)": quantiles(facets)[0] / (asked + 2 * ping),
        "jump / ping": quantiles(jumps)[0] / ping,
        "wheel p95 / idle p95": quantiles(turning)[1] / quantiles(idle)[1],
    }
    altair = bench.altair(max(5, runs // 3))
    show("the same brush with Altair's JupyterChart", altair)
    ratios["Altair / bars"] = quantiles(altair)[0] / quantiles(bars)[0]
    print("  ".join(f"{name} {ratio:.2f}" for name, ratio in ratios.items()))
    if importlib.util.find_spec("itables") is None:
        print("itables is not installed, so it is not beside the table: pip install itables pandas")
        return
    took, frames = bench.itables()
    show(
        f"frames while the wheel turns, itables, {HELD:,} rows", frames, f"shown after {took:,.0f} ms, opening included"
    )


def main() -> None:
    import shutil

    from playwright.sync_api import sync_playwright

    what, runs = (sys.argv[1:] + ["10000000", "25"][len(sys.argv) - 1 :])[:2]
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        sys.exit("no Chromium here; `make system` installs it")
    with tempfile.TemporaryDirectory() as tmp:
        folder, home, store = Path(tmp) / "notebooks", Path(tmp) / "home", Path(what)
        folder.mkdir()
        if what.isdigit():
            store = Path(tmp) / "many.duckdb"
            build(store, many.batches(int(what))).close()
        with jlab.server(folder, home) as address, sync_playwright() as p:
            browser = p.chromium.launch(executable_path=chromium, args=jlab.FLAGS)
            tab = jlab.Tab(browser, address)
            bench = Bench(tab, folder, store)
            print(f"{bench.tab.python('print(len(logs))').strip()} records", flush=True)
            measure(bench, int(runs))
            assert tab.outside == [], tab.outside
            assert tab.wrong == [], tab.wrong
            browser.close()


if __name__ == "__main__":
    main()
