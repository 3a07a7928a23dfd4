"""From bytes to a finished store: what the store costs beside the decoding, and its memory.

    python -m benchmarks.bench_store [REQUESTS] [ROUNDS]

Interleaved in one run, each in a process of its own, CPU seconds with all threads: the decoding to batches, the decoding to
the whole record (what `lognb.frames` gives), and `lognb.read`. The store's cost is read less batches, since a store is
made of batches; it is held against the decoding to the whole record.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks import corpus

GOAL, LIMIT = 1.5, 2048
_RUN = """
import json, os, resource, sys, time
import lognb as ln
from lognb.loaders import Load, expand
what, path, store = sys.argv[1:]
start = time.process_time()
if what == "batches":
    records = sum(len(batch.records) for batch in Load(expand([path]), workers=1, progress=False))
elif what == "frames":
    records = sum(map(len, ln.frames(path, workers=1, progress=False)))
else:
    records = len(ln.read(path, store=store, workers=1, progress=False))
cpu = time.process_time() - start
size = os.path.getsize(store) if os.path.exists(store) else 0
print(json.dumps([cpu, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, records, size]))
"""


def run(what: str, path: Path, store: Path) -> list[float]:
    store.unlink(missing_ok=True)
    done = subprocess.run([sys.executable, "-c", _RUN, what, str(path), str(store)], stdout=subprocess.PIPE, check=True)
    out: list[float] = json.loads(done.stdout)
    return out


def main() -> None:
    requests, rounds = (int(a) for a in (sys.argv[1:] + ["5000", "3"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        n = corpus.write(folder, requests, seed=2)
        for name in ("corpus.pb", "corpus.jsonl"):
            ratios, last = [], []
            for _ in range(rounds):
                batches, frames, whole = (
                    run(what, folder / name, folder / "x.duckdb") for what in ("batches", "frames", "store")
                )
                ratios.append((whole[0] - batches[0]) / frames[0])
                last = [frames[0] / n * 1e6, (whole[0] - batches[0]) / n * 1e6, whole[1], whole[3]]
            print(
                f"{name}: {n:,} records; decode {last[0]:.2f} us/record CPU, the store {last[1]:.2f}: "
                f"the store costs {statistics.median(ratios):.2f} x the decode (goal {GOAL}); peak {last[2]:,.0f} MB "
                f"(goal {LIMIT}), store {last[3] / 1e6:,.0f} MB of {(folder / name).stat().st_size / 1e6:,.0f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
