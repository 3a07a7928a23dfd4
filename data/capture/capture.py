"""Run the shop for some minutes and write what its telemetry said: `make capture SEED=7`.

Writes into --out: shop.json.zst and shop.pb.zst (all records and spans, through the Collector, in two framings),
events.parquet (what posthog-js sent), recordings/ (rrweb), truth.toml (what happened, from the programs' own ledgers).
--all also keeps the other framings, the ledgers and the plain text lines; tests hold every field against them.
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

from driver import build, events, leaks, probes, truth
from driver.plan import NODES, Plan, draw
from driver.processes import Shop
from driver.visitors import Visitors

ROOT = Path(__file__).resolve().parents[2]


def main() -> None:
    given = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    given.add_argument("--seed", type=int, default=7)
    given.add_argument("--out", type=Path, default=ROOT / "data" / "samples")
    given.add_argument("--seconds", type=float, default=390.0, help="how long the shop runs; faults scale with it")
    given.add_argument("--visitors", type=int, default=7, help="browsers in parallel")
    given.add_argument("--jobs", type=float, default=14.0, help="jobs per second of each worker")
    given.add_argument("--all", action="store_true", help="keep everything: all framings, ledgers, lines")
    options = given.parse_args()
    lacking = build.missing()
    if lacking:
        raise SystemExit("the capture cannot run here.\n" + "\n".join(lacking))
    plan = draw(options.seed, options.seconds, options.visitors, options.jobs)
    with tempfile.TemporaryDirectory(prefix="shop-") as folder:
        run = capture(plan, Path(folder))
        write(run, options.out, everything=options.all)
    print(f"written to {options.out}", file=sys.stderr)


def capture(plan: Plan, folder: Path) -> truth.Run:
    """Let the plan happen; everything it leaves is in `folder`."""
    cache = ROOT / "build" / "capture"
    shop = Shop(plan, build.collector(cache), build.bundles(cache, plan.front), folder)
    print(f"the shop runs for {plan.seconds:.0f} s ...", file=sys.stderr)
    began_ns = time.time_ns()
    try:
        shop.start()
        began = time.monotonic()
        visitors = Visitors(plan, shop, began)
        over = threading.Event()
        threads = [threading.Thread(target=shop.told, args=(f, plan, shop, began, over)) for f in (_faults, _health)]
        for thread in threads:
            thread.start()
        try:
            asyncio.run(visitors.run())
        finally:
            over.set()
        for thread in threads:
            thread.join()
        shop.stop()
        if shop.failed:
            raise SystemExit(f"the run is void: {shop.failed[0]}") from shop.failed[0]
    finally:
        shop.kill()
    return truth.Run(plan, folder, began_ns, time.time_ns(), shop.done, visitors.sessions)


def write(run: truth.Run, out: Path, *, everything: bool = False) -> None:
    """Check that nothing of this machine is in it, then put the samples in place."""
    events.write(run.folder / "events.jsonl", run.folder / "out" / "events.parquet")
    (run.folder / "out" / "truth.toml").write_text(truth.write(run), encoding="utf-8")
    leaks.check(run.folder / "out", ROOT)
    out.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(out / "recordings", ignore_errors=True)
    shutil.copytree(run.folder / "out" / "recordings", out / "recordings")
    for name in ("shop.json.zst", "shop.pb.zst", "events.parquet", "truth.toml"):
        shutil.copy(run.folder / "out" / name, out / name)
    shutil.rmtree(out / "all", ignore_errors=True)
    if everything:
        shutil.copytree(run.folder / "out", out / "all", dirs_exist_ok=True)
        for name in ("ledger", "lines"):
            shutil.copytree(run.folder / name, out / "all" / name, dirs_exist_ok=True)
        for said in [*run.folder.glob("*.log"), *run.folder.glob("*.stderr")]:
            shutil.copy(said, out / "all")


def _faults(plan: Plan, shop: Shop, began: float, over: threading.Event) -> None:
    """What goes wrong, at its time; after an early end the rest does not happen."""
    steps = [
        (plan.oom[0], lambda: shop.switch(f"export@{plan.oom_node}", on=True)),
        (plan.oom[1], lambda: shop.switch(f"export@{plan.oom_node}", on=False)),
        (plan.slow[0], lambda: shop.switch(f"slow@{plan.slow_node}", on=True)),
        (plan.slow[1], lambda: shop.switch(f"slow@{plan.slow_node}", on=False)),
        (plan.release[0], lambda: shop.release(plan.checkout_bad, shop.silent())),
        (plan.release[1], lambda: shop.release(plan.checkout, "")),
    ]
    fronts = [shop.ports[f"front@{node}"] for node in NODES]
    probing = threading.Timer(plan.probes_at, probes.run, (plan, fronts))
    probing.start()
    for at, step in sorted(steps, key=lambda s: s[0]):
        if over.wait(max(0.0, at - (time.monotonic() - began))):
            break
        step()
    probing.join()


def _health(plan: Plan, shop: Shop, began: float, over: threading.Event) -> None:
    while not over.wait(1.0):
        shop.health()


if __name__ == "__main__":
    main()
