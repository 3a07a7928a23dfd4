"""Sessions over a large store: what they cost in searches of text, in one run.

    python -m benchmarks.bench_follow [RECORDS] [ROUNDS] [STORE]     (10,000,000 and 3; STORE: one that is there)

The unit U is one raw count of `contains(body, …)` on the same store, taken before each question. Ratios are of CPU time
with both threads, medians over the rounds, in which the questions take turns; wall time stands beside. Memory is that of
a process which asks all of them, over its imports.
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
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.engines.duckdb import DuckDB

HALF_HOUR = 30 * 60 * 10**9
GOAL = 6
OPENS, CLOSES = "http.request.method=DELETE", "http.response.status_code>=500"


def questions(engine: DuckDB) -> dict[str, Callable[[], object]]:
    all_, opens, closes = (Query.parse(text) for text in ("", OPENS, CLOSES))
    errors = Query.parse("severity>=fatal")
    return {
        "sessions by id": lambda: engine.sessions(all_),
        "sessions by id that have a fatal record": lambda: engine.sessions(errors),
        "visits of users, gap of 30 min": lambda: engine.sessions(all_, None, HALF_HOUR),
        "transactions in sessions, start and end": lambda: engine.sessions(all_, "session", None, opens, closes),
        "transactions of 500 tenants, start and end": lambda: engine.sessions(all_, "tenant", None, opens, closes),
        "impact: sessions and users hit": lambda: [engine.reach(all_, [errors], who) for who in ("session", "user")],
    }


def ask(path: Path, rounds: int) -> None:
    bench = Bench(path, path, rounds)
    bench.unit()
    units: dict[str, list[float]] = {}
    ours: dict[str, list[Cost]] = {}
    for _ in range(rounds):
        for name, question in questions(bench.engine).items():
            units.setdefault(name, []).append(bench.unit())
            ours.setdefault(name, []).append(cost(question))
    print(f"U: contains(body, '{bench.word}'): {sum(map(sum, units.values())) / (rounds * len(units)):.0f} ms CPU")
    for name, costs in ours.items():
        show(name, costs, units[name], GOAL)
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
    arguments = [*sys.argv[1:], *["10000000", "3"][len(sys.argv) - 1 :]]
    with tempfile.TemporaryDirectory() as tmp:
        path = Path(arguments[2]) if arguments[2:] else made(Path(tmp), int(arguments[0]))
        ask(path, int(arguments[1]))
        call = [sys.executable, "-m", "benchmarks.bench_follow", "--memory", str(path)]
        used = float(json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout))
        print(f"memory while asking all of them, over the imports: {used:,.0f} MB (goal 1536)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory(sys.argv[2])
    else:
        main()
