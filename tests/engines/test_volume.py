"""Volume beside an earlier time, and by bytes, is what plain Python counts."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from factory import T0, Rec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import _value, matches

from lognb.query import Query

if TYPE_CHECKING:
    from lognb.engines.duckdb import DuckDB

SECOND = 10**9
EARLIER = ("records_earlier", "bytes_earlier")


def time(rec: Rec) -> int | None:
    return rec.time if rec.time is not None else rec.observed


def counted(records: list[Rec], query: Query, every: int, by: str, shift: int) -> Counter[tuple[int, Any, str]]:
    """By bucket, value and column; times moved by `shift`."""
    out = Counter[tuple[int, Any, str]]()
    for r in records:
        at = time(r)
        if at is not None and matches(query, r):
            key = ((at + shift) // every * every, _value(by, r)[0])
            out[*key, "records"] += 1
            out[*key, "bytes"] += len(r.body)
    return out


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.sampled_from(["", "severity>=warn", "-timed", "n<3 OR env=test"]),
    by=st.sampled_from(["http.route", "service_name", "severity"]),
    every=st.sampled_from([1, 7, 60, 3600]),
    shift=st.integers(1, 700),
    window=st.none() | st.tuples(st.integers(0, 600), st.integers(1, 600)),
)
def test_then_beside_now(
    engine: DuckDB, records: list[Rec], text: str, by: str, every: int, shift: int, window: tuple[int, int] | None
) -> None:
    since = None if window is None else T0 + window[0] * SECOND
    until = None if window is None or since is None else since + window[1] * SECOND
    conditions = Query.parse(text).conditions
    ns = shift * SECOND
    now = counted(records, Query(conditions, since, until), every * SECOND, by, 0)
    moved = Query(conditions, None if since is None else since - ns, None if until is None else until - ns)
    then = counted(records, moved, every * SECOND, by, ns)
    frame = engine.volume(Query(conditions, since, until), every * SECOND, by, 100, earlier=ns)
    got = {
        (bucket, value, column): n
        for bucket, value, *counts in frame.with_columns(pl.col("bucket").dt.timestamp("ns")).rows()
        for column, n in zip(("records", "bytes", *EARLIER), counts, strict=True)
        if n
    }
    assert got == {k: n for k, n in now.items() if n} | {
        (b, v, f"{c}_earlier"): n for (b, v, c), n in then.items() if n
    }


@pytest.mark.parametrize("of", ["records", "bytes"])
def test_the_values_with_most_are_kept(engine: DuckDB, records: list[Rec], of: str) -> None:
    totals = Counter[str]()
    for r in records:
        if time(r) is not None:
            totals[str(_value("body", r)[0])] += 1 if of == "records" else len(r.body)
    best = sorted(totals, key=lambda v: (-totals[v], v))[:3]
    frame = engine.volume(Query(), 3600 * SECOND, "body", 3, of=of)
    assert set(frame["by"]) == {*best, f"other ({len(totals) - 3} more)"}
    assert dict(frame.group_by("by").agg(pl.col(of).sum()).rows())[best[0]] == totals[best[0]]


def test_a_value_is_one_series_now_and_then(engine: DuckDB) -> None:
    """The values are ranked once: what is told apart now is told apart then, and the rest is the rest of both."""
    half = Query((), T0 + 300 * SECOND, T0 + 600 * SECOND)
    frame = engine.volume(half, 60 * SECOND, "http.route", 2, earlier=300 * SECOND)
    assert frame["by"].n_unique() == 3
    before = engine.count(Query((), T0, T0 + 300 * SECOND))
    assert (frame["records"].sum(), frame["records_earlier"].sum()) == (engine.count(half), before)
