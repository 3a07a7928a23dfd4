"""Questions to a large store: what a panel, a page and a look-up cost, as ratios taken in one run.

    python -m benchmarks.bench_ask [RECORDS] [STATES]     (10,000,000 and 30)
    python -m benchmarks.bench_ask --growth               (1, 10 and 30 million)

The unit U is one raw count of `contains(body, …)`, a word in about 1 % of the records, on the same store. Ratios are of
CPU time with both threads, medians over filter states that never repeat; wall time stands beside. Ours and the plain
SQL take turns in one process; memory is taken in a process that does only ours. The first panel of an engine, which
makes the codes of its fields, is printed apart.
"""

from __future__ import annotations

import json
import re
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from benchmarks import many, others, states
from lognb.engines.duckdb import DuckDB, build, open_store, scan_parquet
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable

Cost = tuple[float, float]  # CPU and wall, ms


def cost(ask: Callable[[], Any]) -> Cost:
    wall, cpu = time.perf_counter(), time.process_time()
    ask()
    return (time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000


def show(
    what: str, ours: list[Cost], unit: list[float], goal: float, of: str = "U", beside: list[Cost] | None = None
) -> None:
    ratios = [cpu / u for (cpu, _), u in zip(ours, unit, strict=True)]
    median, most = statistics.median(ratios), max(ratios)
    cpu, wall = (statistics.median(c[i] for c in ours) for i in (0, 1))
    text = f"{what:58s} {median:6.3f} {of} (goal {goal}; largest {most:.3f}); {cpu:6.0f} ms CPU, {wall:6.0f} ms wall"
    if beside:
        cpu, wall = (statistics.median(c[i] for c in beside) for i in (0, 1))
        text += f"; plain SQL {cpu:.0f} CPU, {wall:.0f} wall"
    print(text + ("" if median <= goal else "   MISSED"), flush=True)


class Bench:
    """One store, asked by us and by plain SQL."""

    def __init__(self, path: Path, parquet: Path, count: int) -> None:
        engine = open_store(path)
        assert engine is not None
        self.path, self.n, self.count = path, int(engine.overview["records"]), count
        self.engine, self.parquet = engine, parquet
        self.con = duckdb.connect(":memory:", config={"threads": 2})
        self.con.execute(f"ATTACH '{path}' AS store (READ_ONLY)")
        self.deck = states.Deck(seed=5)
        self.word = self._needle()

    def _needle(self) -> str:
        sample = "SELECT avg(contains(body, $1)::INT) FROM store.logs WHERE rowid < 200000"
        share = {
            w: self.con.execute(sample, [w]).fetchall()[0][0] for w in [w for w in self.deck.words if w.islower()][:150]
        }
        return min(share, key=lambda w: abs(share[w] - 0.01))

    def unit(self) -> float:
        return cost(
            lambda: self.con.execute("SELECT count(*) FROM store.logs WHERE contains(body, $1)", [self.word]).fetchall()
        )[0]

    def panel(self, state: states.State) -> Cost:
        return cost(lambda: self.engine.panel(state.query, states.FACETS, state.every, limit=states.LIMIT))

    def panels(self) -> None:
        self.unit()
        first, again = (self.panel(self.deck.plain()) for _ in range(2))
        print(f"the first panel, which makes the codes of six fields: {first[0]:.0f} ms CPU, {first[1]:.0f} ms wall "
              f"({first[0] / self.unit():.2f} U); the second {again[0]:.0f} and {again[1]:.0f}")  # fmt: skip
        ours, plain = [], []
        for _ in range(self.count):
            state = self.deck.plain()
            ours.append(self.panel(state))
            plain.append(cost(lambda s=state: states.answers(self.con, s)))  # type: ignore[misc]
        show("whole panel, cheap filters", ours, [c for c, _ in plain], 0.6, "of nine raw queries", plain)
        ours, units, plain, refined = [], [], [], []
        for i in range(self.count):
            units.append(self.unit())
            state = self.deck.dear()
            ours.append(self.panel(state))
            refined.append(self.panel(self.deck.refined(state)))
            if i % 6 == 0:
                plain.append(cost(lambda s=state: states.answers(self.con, s)))  # type: ignore[misc]
        show("whole panel, a new text or rare attribute", ours, units, 1.5, beside=plain)
        show("refinement after it", refined, units, 0.2)

    def pages(self) -> None:
        scanned = scan_parquet(self.parquet)
        for engine, goal, name in ((self.engine, 0.02, "page of 200"), (scanned, 0.1, "page of 200, Parquet in place")):
            units, first, behind = [], [], []
            engine.page(Query(), 1, newest=True)
            for _ in range(self.count):
                units.append(self.unit())
                query, got = self.deck.plain().query, []
                first.append(cost(lambda e=engine, q=query, g=got: g.append(e.page(q, 200, newest=True))))  # type: ignore[misc]
                cursor = got[0].cursor
                behind.append(cost(lambda e=engine, q=query, c=cursor: e.page(q, 200, newest=True, after=c)))  # type: ignore[misc]
            show(f"first {name}", first, units, goal)
            show(f"next {name}", behind, units, goal)
        scanned.close()

    def ids(self) -> None:
        for column in ("trace_id", "session_id", "record_id"):
            units, ours = [], []
            for _ in range(self.count):
                units.append(self.unit())
                row = int(self.deck.rng.integers(0, self.n))
                wanted = f"SELECT {column} FROM store.logs WHERE rowid >= {row} AND {column} IS NOT NULL LIMIT 1"
                query = Query.parse(f'{column}="{self.con.execute(wanted).fetchall()[0][0]}"')
                if column == "record_id":
                    query = Query.parse(str(query).replace('"', ""))
                ours.append(cost(lambda q=query: self.engine.fetch(q)))  # type: ignore[misc]
            show(f"one {column.removesuffix('_id')} by id, whole records", ours, units, 0.05)

    def close(self) -> None:
        self.engine.close()
        self.con.close()


def memory(path: str, count: int) -> None:
    """What a process needs for panels, pages and look-ups over its imports; run by itself."""
    base = peak()
    engine = open_store(path)
    assert engine is not None
    deck = states.Deck(seed=9)
    for _ in range(count):
        for state in (deck.plain(), dear := deck.dear(), deck.refined(dear)):
            engine.panel(state.query, states.FACETS, state.every, limit=states.LIMIT, size=True)
            engine.page(state.query, 200, newest=True)
    some = engine.page(Query(), 1).records
    for column in ("trace_id", "session_id"):
        engine.fetch(Query.parse(f'{column}="{some[column][0]}"'))
    print(json.dumps((peak() - base) / 1024))


def peak() -> int:
    """The most memory that this process had, kB; ru_maxrss would begin with what the one that started it had."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1])


def measured(path: Path, count: int) -> float:
    call = [sys.executable, "-m", "benchmarks.bench_ask", "--memory", str(path), str(count)]
    return float(json.loads(subprocess.run(call, stdout=subprocess.PIPE, check=True).stdout))


def made(folder: Path, records: int) -> Path:
    path = folder / f"{records}.duckdb"
    start = time.perf_counter()
    build(path, many.batches(records)).close()
    size = path.stat().st_size / 1e6
    print(f"{records:,} records: store of {size:,.0f} MB, made in {time.perf_counter() - start:.0f} s", flush=True)
    return path


def growth(folder: Path) -> None:
    for records in (1_000_000, 10_000_000, 30_000_000):
        path = made(folder, records)
        bench = Bench(path, folder, 8)
        bench.unit()
        unit = statistics.median(bench.unit() for _ in range(3))
        first = bench.panel(bench.deck.plain())
        cheap = [bench.panel(bench.deck.plain()) for _ in range(12)]
        dear = [bench.panel(bench.deck.dear()) for _ in range(6)]
        bench.close()
        cells = [
            f"{statistics.median(c for c, _ in x):.0f} ms CPU {statistics.median(w for _, w in x):.0f} wall"
            for x in ([first], cheap, dear)
        ]
        print(f"  U {unit:.0f} ms CPU; first panel {cells[0]}; cheap {cells[1]}; new text or rare key {cells[2]}; "
              f"memory over imports {measured(path, 8):,.0f} MB", flush=True)  # fmt: skip
        path.unlink()


def main() -> None:
    with tempfile.TemporaryDirectory() as tmp:
        folder = Path(tmp)
        if sys.argv[1:2] == ["--growth"]:
            growth(folder)
            return
        records, count = (int(a) for a in (sys.argv[1:] + ["10000000", "30"][len(sys.argv) - 1 :]))
        path = made(folder, records)
        engine: DuckDB | None = open_store(path)
        assert engine is not None
        engine.write_parquet(folder / "parquet", Query())
        engine.close()
        bench = Bench(path, folder / "parquet", count)
        print(
            f"U: contains(body, '{bench.word}'): {bench.unit():.0f} ms CPU; {states.LIMIT} rows a page, {count} states"
        )
        bench.panels()
        bench.pages()
        bench.ids()
        others.compare(bench.engine, folder / "parquet", bench.deck)
        bench.close()
        print(f"memory while doing it, over the imports: {measured(path, count):,.0f} MB (goal 1536)")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--memory"]:
        memory(sys.argv[2], int(sys.argv[3]))
    else:
        main()
