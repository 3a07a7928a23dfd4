"""What explaining costs over a large store: changes, comparison, explanation and summary, in searches of text, in one run.

    python -m benchmarks.bench_explain [RECORDS] [ROUNDS] [STORE]     (1,000,000 and 1; STORE: one that is there)

The unit U is one raw count of `contains(body, …)` on the same store, taken before each question. Ratios are of CPU time
with both threads, medians over the rounds, in which the questions take turns; wall time stands beside. Patterns are
learnt before, as any of the questions does once for a store, and stand apart. Memory is that of a process which asks
all of them, over its imports.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.bench_ask import Bench, Cost, cost, made, peak, show
from lognb.engines.duckdb import open_store
from lognb.loaders.report import LoadReport
from lognb.logs import Logs
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.engines.duckdb import DuckDB

# 20 minutes of the second day have 6 % of all records; see many.py.
INCIDENT, BEFORE = ("2026-11-03T15:00", "2026-11-03T16:00"), ("2026-11-03T13:00", "2026-11-03T14:00")
GOALS = {"changes": 6, "compare two hours": 20, "compare errors and the rest": 20, "explain": 26, "summary": 60}
MOST_MEMORY = 1536


def questions(engine: DuckDB) -> dict[str, Callable[[], object]]:
    logs = Logs(engine, Query(), ["many"], LoadReport())
    return {
        "changes": lambda: logs.changes(),
        "compare two hours": lambda: logs.compare(BEFORE, INCIDENT),
        "compare errors and the rest": lambda: logs.compare("severity<error", "severity>=error"),
        "explain": lambda: logs.explain("2026-11-03T15:00"),
        "summary": lambda: logs.summary(),
    }


def ask(path: Path, rounds: int) -> None:
    bench = Bench(path, path, rounds)
    questions(bench.engine)  # offers patterns and issues
    bench.unit()
    unit = bench.unit()
    cpu, wall = cost(lambda: bench.engine.labels("pattern"))
    print(f"patterns, learnt once: {cpu / unit:.1f} U, {cpu:.0f} ms CPU, {wall:.0f} ms wall")
    cpu, wall = cost(lambda: bench.engine.derived("issue"))
    print(f"issues, made once: {cpu / unit:.1f} U, {cpu:.0f} ms CPU, {wall:.0f} ms wall")
    units: dict[str, list[float]] = {}
    ours: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for name, question in questions(bench.engine).items():
            units.setdefault(name, []).append(bench.unit())
            ours.setdefault(name, []).append(cost(question))
    print(f"U: contains(body, '{bench.word}'): {sum(map(sum, units.values())) / (rounds * len(units)):.0f} ms CPU")
    for name, costs in ours.items():
        show(name, costs, units[name], GOALS[name])
    bench.close()


def memory(path: str) -> None:
    """What a process needs for all questions over its imports; run by itself."""
    base = peak()
    engine = open_store(path)
    assert engine is not None
    for question in questions(engine).values():
        question()
    print(json.dumps((peak() - base) / 1024))


def main() -> None:
    arguments = [*sys.argv[1:], *["1000000", "1"][len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(arguments[2]) if arguments[2:] else made(Path(tmp), int(arguments[0]))
        ask(path, int(arguments[1]))
        call = [sys.executable, "-m", "benchmarks.bench_explain", "--memory", str(path)]
        used = float(json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout))
        missed = "" if used <= MOST_MEMORY else "   MISSED"
        print(f"memory while asking all of them, over the imports: {used:,.0f} MB (goal {MOST_MEMORY}){missed}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory(sys.argv[2])
    else:
        main()
