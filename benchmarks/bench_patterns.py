"""Patterns: lines per CPU-second and memory, beside Drain3, in one run.

    python -m benchmarks.bench_patterns [RECORDS]

`logs.patterns()` as a person asks for it, all its columns, on a store that is there (by default of 3 M records; bodies
of 80 to 200 characters from 1,200 kinds of messages): once with nearly every body another, once with 8,000 bodies that
repeat, once with four random words in each, which explodes. Drain3 with its own settings on a part of the same lines.
Each run is a process of its own; its CPU time is that of all its threads, its peak the kernel's high-water mark.
"""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from benchmarks import many
from lognb.engines.duckdb import build
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lognb.schema import Batch

RECORDS: Final = 3_000_000
OTHER: Final = 60_000  # lines for Drain3
TARGETS: Final = {"distinct": 0.8, "repeating": 1.6}  # M lines per CPU-second
LEAST_RATIO: Final = 24  # times the lines of Drain3
MOST_MB: Final = 1000  # of the process, at its peak

_OURS = """
import json, re, sys, time
from pathlib import Path
from lognb.engines.duckdb import open_store
from lognb.loaders import LoadReport
from lognb.logs import Logs
from lognb.query import Query
engine = open_store(sys.argv[1])
logs = Logs(engine, Query(), ["bench"], LoadReport())
start, clock = time.process_time(), time.perf_counter()
found = logs.patterns()
cpu, wall = time.process_time() - start, time.perf_counter() - clock
# The peak of this process; ru_maxrss would begin with what the one that started it had.
peak = int(re.search(r"VmHWM:\\s+(\\d+) kB", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps([cpu, wall, found.frame.height, peak]))
"""
_DRAIN = """
import json, sys, time
try:
    from drain3 import TemplateMiner
    from drain3.template_miner_config import TemplateMinerConfig
except ImportError:
    print("null"); sys.exit()
lines = open(sys.argv[1], encoding="utf-8").read().split("\\0")
miner = TemplateMiner(config=TemplateMinerConfig())
start, clock = time.process_time(), time.perf_counter()
for line in lines:
    miner.add_log_message(line)
print(json.dumps([time.process_time() - start, time.perf_counter() - clock, len(miner.drain.clusters), len(lines)]))
"""


def _repeating(batch: Batch, rng: np.random.Generator) -> pl.Series:
    return batch.records["body"].head(8000).gather(rng.integers(0, 8000, batch.records.height) % batch.records.height)


def _random(batch: Batch, rng: np.random.Generator) -> pl.Series:
    n = batch.records.height
    words = rng.integers(97, 123, n * 36, dtype=np.uint8).tobytes().decode()
    words = pl.Series([words]).str.extract_all(".{9}").explode()
    parts = [words.gather_every(4, i) for i in range(4)]
    return pl.select(pl.format("search for {} {} by {} found nothing like {}", *parts)).to_series()


CORPORA: Final[dict[str, Callable[[Batch, np.random.Generator], pl.Series] | None]] = {
    "distinct": None, "repeating": _repeating, "random": _random,
}  # fmt: skip


def batches(kind: str, count: int) -> Iterator[Batch]:
    """The records of benchmarks.many with other bodies; those of "repeating" are of the first batch."""
    change, rng, first = CORPORA[kind], np.random.default_rng(5), None
    for batch in many.batches(count):
        first = first or batch
        if change is None:
            yield batch
            continue
        body = change(first if kind == "repeating" else batch, rng).head(batch.records.height)
        yield dataclasses.replace(batch, records=batch.records.with_columns(body.alias("body")))


def run(code: str, *arguments: str) -> list[float] | None:
    """What a program of its own printed."""
    done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
    out: list[float] | None = json.loads(done.stdout)
    return out


def main() -> None:
    records = int(sys.argv[1]) if len(sys.argv) > 1 else RECORDS
    failed = []
    with tempfile.TemporaryDirectory() as tmp:
        for kind in CORPORA:
            count = records if kind != "random" else records // 3
            store, lines = Path(tmp) / f"{kind}.lognb", Path(tmp) / f"{kind}.txt"
            engine = build(store, batches(kind, count))
            some = engine.page(Query(), OTHER, columns=["body"]).records["body"]
            lines.write_text("\0".join(some), "utf-8")
            engine.close()
            cpu, wall, found, peak = run(_OURS, str(store)) or [0.0] * 4
            rate = count / cpu / 1e6
            print(f"{kind:10} {count:,} records, {found:,.0f} patterns: {rate:.2f} M lines per CPU-second", end="")
            print(f" ({count / wall / 1e6:.2f} M/s by the clock), peak {peak:,.0f} MB", flush=True)
            other = run(_DRAIN, str(lines))
            if other is None:
                print(f"{'':10} Drain3 is not here: pip install drain3")
            else:
                theirs = other[3] / other[0] / 1e6
                print(
                    f"{'':10} Drain3 {theirs:.3f} M lines per CPU-second, {other[2]:,} clusters of {other[3]:,} lines;"
                )
                print(f"{'':10} {rate / theirs:.0f} times as many")
                if kind != "random" and rate / theirs < LEAST_RATIO:
                    failed.append(f"{kind}: {rate / theirs:.0f} times Drain3, the goal is {LEAST_RATIO}")
            if rate < TARGETS.get(kind, 0):
                failed.append(f"{kind}: {rate:.2f} M lines per CPU-second, the goal is {TARGETS[kind]}")
            if peak > MOST_MB:
                failed.append(f"{kind}: {peak:,.0f} MB, the goal is {MOST_MB:,}")
    print("\n".join(f"missed: {what}" for what in failed) or "all goals are met")


if __name__ == "__main__":
    main()
