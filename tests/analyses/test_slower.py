"""Where something is slower than the same is elsewhere, and what a summary says of other changes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import polars as pl

import lognb as ln
from lognb.analyses import changed
from lognb.analyses.slower import said

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    Load = Callable[[Iterable[Any]], ln.Logs]


def requests(slow: Callable[[int, str, str], int]) -> list[Any]:
    """Twenty minutes of one service: /report takes its two seconds on every node, /pay a twentieth of one."""
    rng, out = random.Random(3), []
    for i in range(6000):
        route, node = ("/report", "/pay")[i % 3 > 0], f"n{i % 4}"
        ms = round((2000 if route == "/report" else 50) * rng.uniform(0.8, 1.2)) * slow(i, route, node)
        out.append((i / 5, "info", "web", {"duration_ms": ms, "http.route": route, "k8s.node.name": node}))
    return out


def test_a_route_is_held_against_itself_on_other_nodes(load: Load) -> None:
    logs = load(requests(lambda i, route, node: 6 if (route, node) == ("/pay", "n2") and i % 2 == 0 else 1))
    words, rows = said(logs, "duration_ms") or ("", None)
    assert words.startswith("duration_ms of web http.route=/pay: ")
    assert words.endswith(" are of k8s.node.name=n2, which has 25 % of all")
    found = logs.where(rows).to_polars(columns=["http.route", "k8s.node.name", "duration_ms"])
    assert set(found.select("http.route", "k8s.node.name").rows()) == {("/pay", "n2")}
    assert found["duration_ms"].min() > 60


def test_what_takes_long_everywhere_is_not_slower_somewhere(load: Load) -> None:
    words, _ = said(load(requests(lambda i, route, node: 1)), "duration_ms") or ("", None)
    assert words == "duration_ms of web http.route=/report: 19 of 20 up to 2,365 ms, nothing is slower"
    assert said(load([(i, "info", "web", {"duration_ms": i}) for i in range(50)]), "duration_ms") is None, "too few"


def test_a_moment_is_told_with_what_its_records_have_in_common(load: Load) -> None:
    usual = [(i / 16, "info", "web", {"tenant": f"t{i % 9}"}) for i in range(19200)]
    more = [(600 + i * 4, "warn", "web", {"tenant": "t5" if i % 8 else "t1"}) for i in range(150)]
    logs = load([*usual, *more])
    words, moments = changed.told(logs, logs.changes().frame)
    assert moments == 1
    assert words == "09:10:00 records of web warn: new, 0 a minute → 15 a minute (87 % tenant=t5)"


def test_the_end_of_most_records_is_said_once(load: Load) -> None:
    logs = load([(i / 10 if i < 9000 else 900 + (i - 9000), "info", "web", {}) for i in range(9300)])
    words, _ = changed.told(logs, logs.changes().frame)
    assert words.endswith("after 09:15:00 little is logged (60 records a minute, before 600)")


def test_changes_are_the_same_of_parquet(outage: ln.Logs, tmp_path: Path) -> None:
    outage.write_parquet(tmp_path)
    found, again = (
        logs.changes(by=["service_name", "severity", "pattern"]).frame for logs in (outage, ln.scan(tmp_path))
    )
    assert found.height
    assert again.equals(found)
    assert found.filter(pl.col("service_name") == "checkout").height
