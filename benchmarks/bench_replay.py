"""A recording of 30 minutes and 20 MB in a browser: what opening it, seeking and playing cost the page.

    python -m benchmarks.bench_replay [MINUTES] [MEGABYTES]     (30 and 20)

The page is the bare one of the widgets' tests, with the real Python half: cleaned and taken apart in Python, opened piece
by piece in the page. A task is what the browser does without hearing a key or painting; the longest one is its own number
(PerformanceObserver; 50 ms is the least it tells). With seven pictures of the whole page as PostHog's recorder makes them,
and with one, where a seek to the end has to apply all that ever happened. "heavy" is a page of 33,000 nodes and 1 MB of
styles, whose layout alone is one task of 0.17 s of CPU, here as in the browser of whoever was recorded. Tasks are measured
by the clock: on a machine that does other things too they look longer, so its load is printed.
"""

from __future__ import annotations

import os
import resource
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, Final

from playwright.sync_api import sync_playwright

import lognb as ln
from benchmarks import recordings
from lognb.replay import clean
from lognb.replay.parts import Parts, parts
from lognb.widgets.replay import Replay
from tests.widgets.browser import FLAGS, bench

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.widgets.browser import Bench

SEEKS: Final = (0.5, 0.98, 0.03, 0.33, 0.35, 0.99)
"""Where to, as parts of the whole, one after the other."""
CASES: Final[dict[str, dict[str, int]]] = {
    "7 pictures": {"snapshots": 7},
    "1 picture": {"snapshots": 1},
    "heavy": {"snapshots": 5, "rows": 3000, "rules": 10_000},
}
_WATCH: Final = """() => {
  window.tasks = [];
  new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map((e) => e.duration))).observe({ entryTypes: ["longtask"] });
}"""
_DONE: Final = """async () => {
  while (document.querySelector(".rp-seeking")) await new Promise((done) => setTimeout(done, 10));
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 60))));
}"""


class Made(Replay):
    """The widget over a recording that no source holds."""

    made: Parts

    def _gather(self) -> Parts:
        return self.made


def main() -> None:
    minutes, megabytes = (float(sys.argv[i]) if len(sys.argv) > i else usual for i, usual in ((1, 30.0), (2, 20.0)))
    logs = ln.read("data/samples/shop.json.zst", progress=False)
    with sync_playwright() as p:
        browser = p.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=list(FLAGS)
        )
        for name, how in CASES.items():
            events = recordings.long(minutes, megabytes, **how)
            print(f"\n{name}: {len(events):,} events, {minutes:g} minutes, {megabytes:g} MB")
            began = time.perf_counter()
            cleaned, _ = clean(events)
            cleaned_in = time.perf_counter() - began
            Made.made = parts(cleaned)
            size = sum(map(len, Made.made.pieces))
            print(
                f"  python      cleaned in {cleaned_in:.2f} s, taken apart in {time.perf_counter() - began - cleaned_in:.2f} s: {len(Made.made.pieces)} pieces, {size / 1e6:.1f} MB"
            )
            _measure(bench(browser), logs, events)
    print(f"\nload of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    print(f"peak memory of Python {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:,.0f} MB")


def _measure(page: Bench, logs: ln.Logs, events: list[dict[str, Any]]) -> None:
    page.page.set_default_timeout(120_000)
    page.page.evaluate(_WATCH)
    start, length = events[0]["timestamp"], events[-1]["timestamp"] - events[0]["timestamp"]
    widget = Made(logs, "made")

    def opened() -> None:
        page.show(widget)
        page.page.wait_for_selector(".rc-ready")

    def sought(part: float) -> None:
        widget.seek(int((start + part * length) * 1_000_000))
        page.settle()

    def played() -> None:
        widget.seek(int((start + 0.4 * length) * 1_000_000), play=True)
        page.page.wait_for_timeout(5000)
        widget.pause()
        page.settle()

    longest = [
        _step(page, "open", opened),
        *(_step(page, f"seek {part:.0%}", lambda part=part: sought(part)) for part in SEEKS),
    ]
    widget.speed = 8.0
    page.settle()
    _step(page, "5 s at 8×", played)
    print(
        f"  the longest task of opening and seeking: {max(longest):.0f} ms"
        if max(longest)
        else "  no task of opening and seeking was over 50 ms"
    )
    assert (page.outside, page.wrong) == ([], [])
    page.page.context.close()
    widget.close()


def _step(page: Bench, name: str, do: Callable[[], None]) -> float:
    """Print what a step took; its longest task, 0 where none was over 50 ms."""
    page.page.evaluate("window.tasks.length = 0")
    began = time.perf_counter()
    do()
    page.page.evaluate(_DONE)
    took = time.perf_counter() - began
    tasks = page.page.evaluate("window.tasks")
    longest = max(tasks, default=0)
    print(
        f"  {name:<11} {took:5.2f} s   {f'longest task {longest:.0f} ms, {len(tasks)} over 50' if tasks else 'no task over 50 ms'}",
        flush=True,
    )
    return float(longest)


if __name__ == "__main__":
    main()
