"""The marks of traces and the bars of services."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from lognb.charts.traces import MOST, draw, draw_services
from lognb.engines.base import TRACES
from lognb.schema import TIME

NINE = 1_793_696_400_000_000_000


def sets(chart: Any, *has: str) -> list[dict[str, Any]]:
    """The rows of the largest data set whose rows have these names."""
    found: list[list[dict[str, Any]]] = list(chart.to_dict()["datasets"].values())
    return max((d for d in found if d and set(has) <= set(d[0])), key=len, default=[])


def traces(*rows: tuple[int | None, int | None, int]) -> pl.DataFrame:
    """Start in s after nine, duration in ms, errors."""
    data = {
        "start": [None if s is None else NINE + s * 10**9 for s, _, _ in rows],
        "duration_ns": [None if ms is None else ms * 10**6 for _, ms, _ in rows],
        "errors": [errors for _, _, errors in rows],
        "error_records": [0 for _ in rows],
    }
    schema = {name: TRACES[name] for name in data} | {"start": pl.Int64()}
    return pl.DataFrame(data, schema=schema).cast({"start": TIME})


def test_marks_stand_for_all_traces_and_failures_are_on_top() -> None:
    chart = draw(traces((0, 100, 0), (600, 1000, 0), (600, 1000, 1), (600, 1000, 0), (None, 5, 0), (7, None, 0)))
    marks = sets(chart, "at", "ms")
    found = [(m["at"], round(m["ms"]), m["traces"], m["kind"], m["took"]) for m in marks]
    assert found == [
        (NINE / 1e6, 100, 1, "without errors", "100 ms"),
        ((NINE + 600 * 10**9) / 1e6, 1000, 2, "without errors", "1 s"),
        ((NINE + 600 * 10**9) / 1e6, 1000, 1, "with errors", "1 s"),
    ]
    (note,) = sets(chart, "text")
    assert note["text"] == "4 of 6 traces are drawn: the others have no duration"


def test_a_hundred_thousand_traces_are_a_few_thousand_marks() -> None:
    n = 100_000
    frame = traces(*((i % 3600, 1 + i * 7919 % 60_000, i % 50 == 0) for i in range(n)))
    marks = sets(draw(frame), "at", "ms")
    assert sum(m["traces"] for m in marks) == n
    assert len(marks) < 8_000


@pytest.mark.parametrize("rows", [[], [(0, 0, 0)], [(0, 5, 1)], [(None, None, 0)]])
def test_few_or_none_can_be_drawn(rows: list[tuple[int | None, int | None, int]]) -> None:
    assert draw(traces(*rows)).to_dict()


def services(n: int, **more: list[Any]) -> pl.DataFrame:
    base: dict[str, list[Any]] = {
        "service_name": [None, *(f"s{i}\x1b" for i in range(1, n))],
        "traces": [10] * n, "failed_traces": [0, *[3] * (n - 1)],
        "self_ns": [1000] * n, "gap_ns": [400] * n, "self_per_trace_ns": [100] * n,
    }  # fmt: skip
    return pl.DataFrame(base | more)


def test_a_bar_is_own_time_a_trace_and_its_faded_part_waits() -> None:
    chart = draw_services(services(2))
    rows = sets(chart, "worked", "own")
    assert [(r["name"], r["worked"], r["own"], r["failing"]) for r in rows] == [
        ("(absent)", 60, 100, ""),
        ("s1\\x1b", 60, 100, "fails in 3 of 10"),
    ]
    (note,) = sets(chart, "text")
    assert note["text"] == "own time per trace, most in all first · faded: waiting for answers"


def test_beside_a_baseline() -> None:
    more = {
        "traces_before": [8, 0], "failed_traces_before": [1, 0], "self_per_trace_before_ns": [50, None],
        "failing_more": [0.1, 0.2], "slower": [2.0, None],
    }  # fmt: skip
    chart = draw_services(services(2, **more))
    rows = sets(chart, "worked", "own")
    assert [(r["before"], r["failing"]) for r in rows] == [(50, ""), (None, "fails in 3 of 10, new")]
    many = draw_services(services(MOST + 5))
    assert sets(many, "text")[0]["text"].endswith(f"{MOST} of {MOST + 5} rows are drawn")
