"""Clocks that are off are found from calls, to within what the calls leave open, and nothing is found where none is."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spanning import MS, NINE, Span, frame

from lognb.analyses.clock import NOISE, SKEW, agreed, browser_offset, shifted, shifts, skew, spoken
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

BROWSER = '{"telemetry.sdk.language":"webjs"}'


def calls(ahead: float, n: int = 20, seed: int = 1, *, session: str | None = None) -> list[Span]:
    """A caller `a` and a server `b` whose clock is so many ms ahead; delays to and fro are drawn."""
    rng = random.Random(seed)
    out = []
    for i in range(n):
        start, out_ms, work, back = i * 1000, rng.uniform(1, 50), rng.uniform(1, 100), rng.uniform(1, 50)
        trace = f"t{seed}-{i}"
        out.append(Span("c", None, start, start + out_ms + work + back, "a", "client", trace=trace, session=session))
        at = start + out_ms + ahead
        out.append(Span("s", "c", at, at + work, "b", "server", trace=trace))
    return out


@settings(max_examples=100, deadline=None)
@given(st.floats(-1e6, 1e6), st.integers(1, 30), st.integers(0, 1000))
def test_the_truth_is_within_the_bounds(ahead: float, n: int, seed: int) -> None:
    (row,) = skew(frame(calls(ahead, n, seed))).iter_rows(named=True)
    assert row["low_ns"] - 2 <= ahead * MS <= row["high_ns"] + 2  # times are rounded to whole ns
    assert row["low_ns"] <= row["offset_ns"] <= row["high_ns"]
    assert row["spread_ns"] == row["high_ns"] - row["low_ns"]
    assert (row["pairs"], row["agree"]) == (n, n)
    assert row["proven"] == (row["low_ns"] > NOISE or row["high_ns"] < -NOISE)
    if abs(ahead) < 1:
        assert not row["proven"]
    if abs(ahead) > 150:
        assert row["proven"]


@settings(max_examples=200)
@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 9)).map(lambda p: (p[0], p[0] + p[1])), min_size=1))
def test_the_range_in_which_most_agree(bounds: Sequence[tuple[int, int]]) -> None:
    at = [sum(low <= t <= high for low, high in bounds) for t in range(41)]
    low, high, count = agreed(bounds)
    assert count == max(at)
    lows, highs = {low for low, _ in bounds}, {high for _, high in bounds}
    ranges = [(a, b) for a in lows for b in highs if a <= b and {*at[a : b + 1]} == {count}]
    tight = [b - a for a, b in ranges if not any(a < t <= b for t in lows) and not any(a <= t < b for t in highs)]
    assert high - low == min(tight), "the narrowest"
    assert all(n == count for n in at[low : high + 1])


def test_a_few_odd_calls_do_not_move_it() -> None:
    """A retry whose first answer was lost, and one call that its caller gave up."""
    odd = [
        Span("c", None, 0, 10, "a", "client", trace="x"), Span("s", "c", 90_000, 90_005, "b", "server", trace="x"),
        Span("c", None, 0, 10, "a", "client", trace="y"), Span("s", "c", 1, 2_000, "b", "server", trace="y"),
    ]  # fmt: skip
    (row,) = skew(frame([*calls(5_000), *odd])).iter_rows(named=True)
    assert (row["pairs"], row["agree"]) == (21, 20)  # what lasted longer than its caller waited is no pair
    assert abs(row["offset_ns"] - 5_000 * MS) < 50 * MS
    assert row["outside"] == 21
    assert row["proven"]


def test_what_only_a_minority_says_is_not_proven() -> None:
    apart = [s for n in range(5) for s in calls(n * 10_000, n=1, seed=n)]
    (row,) = skew(frame(apart)).iter_rows(named=True)
    assert (row["pairs"], row["agree"], row["proven"]) == (5, 1, False)
    assert set(shifts(frame(apart)).values()) == {0}


def test_columns_are_what_the_docstring_says_also_without_a_row() -> None:
    assert skew(frame([])).schema == SKEW
    assert skew(frame(calls(0))).schema == SKEW
    assert len(skew(frame([Span("a", None, 0, 9), Span("b", "a", 1, 2)]))) == 0  # one clock


def test_a_node_is_a_clock_of_its_own() -> None:
    nodes = ['{"host.name":"n1"}', '{"k8s.node.name":"n2"}', "[]", "no json"]
    spans = [
        Span("c", None, 0, 10, "a", "client", resource=nodes[0]),
        *(Span(f"s{i}", "c", 100, 105, "a", "server", resource=nodes[i]) for i in (0, 1, 2, 3)),
    ]
    rows = skew(frame(spans)).sort("child_node").rows()
    assert [(r[1], r[3], r[8]) for r in rows] == [("n1", None, 2), ("n1", "n2", 1)]


@pytest.mark.parametrize("kinds", [("producer", "consumer"), ("producer", "server"), ("internal", "consumer")])
def test_what_waits_in_a_queue_tells_nothing(kinds: tuple[str, str]) -> None:
    spans = [Span("p", None, 0, 2, "a", kinds[0]), Span("c", "p", 5_000, 5_001, "b", kinds[1])]
    assert len(skew(frame(spans))) == 0


def test_spans_are_moved_to_the_clock_of_most_servers() -> None:
    """A browser that is 60 s ahead calls a, which calls b, whose clock is 5 s behind."""
    spans = [
        Span("1", None, 60_000, 60_100, "web", "client", resource=BROWSER),
        Span("2", "1", 10, 90, "a", "server"), Span("3", "2", 20, 80, "a", "client"),
        Span("4", "3", -4_970, -4_930, "b", "server"),
    ]  # fmt: skip
    found = shifts(frame(spans))
    assert found["a", None] == 0
    assert found["web", None] == -60_000 * MS
    assert found["b", None] == 5_000 * MS
    assert shifted(frame(spans), found).to_list() == [-60_000 * MS, 0, 0, 5_000 * MS]
    assert spoken(found) == ["web's clock is 60.000 s ahead", "b's clock is 5.000 s behind"]
    agree = [Span("1", None, 0, 100, "web", "client", resource=BROWSER), Span("2", "1", 10, 90, "a", "server")]
    assert set(shifts(frame(agree)).values()) == {0}


@pytest.mark.parametrize("resource", [BROWSER, "{}"])
def test_a_browser_by_its_resource_or_by_its_session(resource: str) -> None:
    spans = [*calls(-57_370, session="s1"), *calls(3_000, seed=2, session="s2")]
    spans += [
        Span("d", "s", 5, 6, "b", "client", trace="t1-0"),
        Span("e", "d", 900_005, 900_006, "c", "server", trace="t1-0"),
    ]
    for span in spans:
        span.resource = resource if span.service == "a" else "{}"
    found = browser_offset(frame(spans), "s1")
    assert found.offset_ns is not None
    assert abs(found.offset_ns + 57_370 * MS) <= 50 * MS
    assert found.low_ns is not None
    assert found.high_ns is not None
    assert found.low_ns <= -57_370 * MS <= found.high_ns
    assert (found.pairs, found.proven, found.how) == (20, True, "calls")
    assert found.why.startswith("20 calls: the browser's clock is 57.3")
    assert " s ahead, give or take " in found.why
    assert "nothing proves that the clocks differ" in browser_offset(frame(calls(0, session="s")), "s").why


def observed(*pairs: tuple[int | None, int | None]) -> pl.DataFrame:
    data = {"timestamp": [p[0] for p in pairs], "observed_timestamp": [p[1] for p in pairs]}
    return pl.DataFrame(data, schema=dict.fromkeys(data, pl.Int64)).cast(TIME)


def test_without_a_call_records_may_tell() -> None:
    none = frame([Span("c", None, 0, 9, "a", "client", session="s")])
    assert browser_offset(none, "s")[:6] == (None, None, None, 0, False, None)
    assert "no trace crosses" in browser_offset(none, "s").why
    ahead = observed((NINE + 60_000 * MS, NINE), (NINE + 59_000 * MS, NINE + 2_000 * MS), (NINE, None))
    found = browser_offset(none, "s", ahead)
    assert found[:6] == (-60_000 * MS, None, -60_000 * MS, 2, True, "observed")
    late = browser_offset(none, "s", observed((NINE, NINE + 5_000 * MS)))
    assert late.offset_ns is None
    assert "none was observed before it was made" in late.why
    assert browser_offset(none, "s", observed((NINE, None))).offset_ns is None
