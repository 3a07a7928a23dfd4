"""Decode to the whole record, against the frozen naive baseline, interleaved in one run: CPU seconds and ratios.

    python -m benchmarks.bench_decode [REQUESTS] [ROUNDS]

Both sides give all columns of schema.RECORD from the same bytes; lognb's with its whole road: splitting, checks, report, fallbacks.
The ratio of each round is of neighbours in time, so that a machine that changes its speed changes both.
"""

from __future__ import annotations

import statistics
import struct
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import corpus, naive
from lognb.loaders import Load, expand, to_frame

if TYPE_CHECKING:
    from collections.abc import Callable

GOAL = {"protobuf": 3.0, "JSON": 2.5}


def ours(path: Path, workers: int = 1) -> int:
    return sum(len(to_frame(batch)) for batch in Load(expand([path]), workers=workers, progress=False))


def messages(path: Path) -> list[bytes]:
    data, at, out = path.read_bytes(), 0, []
    while at < len(data):
        (n,) = struct.unpack_from(">I", data, at)
        out.append(data[at + 4 : at + 4 + n])
        at += 4 + n
    return out


def cpu(run: Callable[[], object]) -> tuple[float, float]:
    """(CPU seconds of this process, wall seconds)."""
    c, w = time.process_time(), time.perf_counter()
    run()
    return time.process_time() - c, time.perf_counter() - w


def main() -> None:
    requests, rounds = (int(a) for a in (sys.argv[1:] + ["2400", "5"][len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        n = corpus.write(folder, requests, seed=1)
        jsonl, snake, pb = (folder / f for f in ("corpus.jsonl", "corpus.snake.jsonl", "corpus.pb"))
        print(
            f"{n:,} records: {jsonl.stat().st_size / 1e6:.0f} MB JSON, {pb.stat().st_size / 1e6:.0f} MB protobuf; {rounds} rounds, interleaved"
        )
        pairs = {
            "protobuf": (lambda: len(naive.protobuf(messages(pb))), lambda: ours(pb)),
            "JSON": (lambda: len(naive.json_lines(jsonl.read_bytes().splitlines())), lambda: ours(jsonl)),
            "JSON, snake_case keys": (
                lambda: len(naive.json_lines(jsonl.read_bytes().splitlines())),
                lambda: ours(snake),
            ),
        }
        for name, (base, own) in pairs.items():
            assert base() == own() == n, f"{name}: the two do not give the same number of records"
            seen = [(cpu(base), cpu(own)) for _ in range(rounds)]
            ratios = [b[0] / o[0] for b, o in seen]
            best_base, best_own = (min(s[i][0] for s in seen) for i in (0, 1))
            goal = f" (goal {GOAL[name]})" if name in GOAL else ""
            print(
                f"{name:22} naive {best_base / n * 1e6:6.2f} us/record CPU, lognb {best_own / n * 1e6:6.2f}; ratio median {statistics.median(ratios):.2f}x, of the best {best_base / best_own:.2f}x{goal}"
            )
        for name, path in (("protobuf", pb), ("JSON", jsonl)):
            ours(path, workers=2)  # start the processes
            walls = [(cpu(lambda p=path: ours(p))[1], cpu(lambda p=path: ours(p, workers=2))[1]) for _ in range(rounds)]
            print(f"{name:22} two processes against one, wall: {statistics.median(a / b for a, b in walls):.2f}x")


if __name__ == "__main__":
    main()
