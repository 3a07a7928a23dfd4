"""The same panel by other hands: Polars, and plain DuckDB, each over the exported Parquet."""

from __future__ import annotations

import statistics
import time
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from benchmarks import states

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lognb.engines.duckdb import DuckDB

ROUNDS = 4


def compare(engine: DuckDB, parquet: Path, deck: states.Deck) -> None:
    """Print what one state of services and severities costs each of them."""
    con = duckdb.connect(":memory:", config={"threads": 2})
    con.execute("ATTACH ':memory:' AS store")
    con.execute(f"CREATE VIEW store.logs AS SELECT * FROM read_parquet('{parquet}/logs-*.parquet')")
    con.execute(f"CREATE VIEW store.resource_attrs AS SELECT * FROM read_parquet('{parquet}/resource_attrs.parquet')")
    took: dict[str, list[tuple[float, float]]] = {"lognb": [], "DuckDB on Parquet": [], "Polars on Parquet": []}
    for _ in range(ROUNDS):
        parts = (deck.service(), states.Part("severity", "severity>=warn", "severity IN ('warn', 'error', 'fatal')"))
        state = states.State(parts)
        counts = [
            _timed(
                took["lognb"], lambda s=state: engine.panel(s.query, states.FACETS, s.every, limit=states.LIMIT).count
            ),  # type: ignore[misc]
            _timed(took["DuckDB on Parquet"], lambda s=state: states.answers(con, s)[7][0][0]),  # type: ignore[misc]
            _timed(took["Polars on Parquet"], lambda s=state: polars_panel(parquet, s)),  # type: ignore[misc]
        ]
        assert len(set(counts)) == 1, counts
    for name, costs in took.items():
        cpu, wall = (statistics.median(c[i] for c in costs) for i in (0, 1))
        print(f"the panel for three services and severity>=warn, {name}: {cpu:.0f} ms CPU, {wall:.0f} ms wall")
    con.close()


def _timed(costs: list[tuple[float, float]], ask: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    answer = ask()
    costs.append(((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000))
    return answer


def polars_panel(parquet: Path, state: states.State) -> int:
    """Nine lazy frames, collected together; services and severities only."""
    logs = pl.scan_parquet(parquet / "logs-*.parquet")
    attrs = pl.scan_parquet(parquet / "resource_attrs.parquet")
    services = [v.strip("' ") for v in state.parts[0].sql.partition("(")[2].rstrip(")").split(",")]
    tests = {
        "service_name": pl.col("service_name").is_in(services),
        "severity": pl.col("severity").is_in(["warn", "error", "fatal"]),
    }
    frames = []
    for name in states.FACETS:
        left = logs.filter([test for field, test in tests.items() if field != name])
        column = {"http.route": "http.route|string", "http.response.status_code": "http.response.status_code|int"}.get(
            name, name
        )
        if column == name and "." in name:
            values = attrs.filter(pl.col("key") == name).select("resource_ix", "value")
            counted = left.group_by("resource_ix").len().join(values, on="resource_ix")
            frames.append(counted.group_by("value").agg(pl.col("len").sum()).sort("len", descending=True).head(10))
        else:
            frames.append(left.group_by(column).len().sort("len", descending=True).head(10))
    chosen = logs.filter(list(tests.values()))
    frames.append(chosen.group_by(pl.col("time").dt.truncate(f"{state.every}ns"), "severity").len())
    frames.append(chosen.select(pl.len()))
    frames.append(chosen.top_k(states.LIMIT, by="time"))
    return int(pl.collect_all(frames)[7].item())
