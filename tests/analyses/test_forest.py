"""Any rows at all become trees in which each stands once, and whose times add up."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lognb.analyses.forest import Forest, critical_path, plant, self_times, walk

KINDS = ["internal", "server", "client", "producer", "consumer"]
IDS = st.sampled_from([None, "", *"abcdefgh"])


@st.composite
def rows(draw: st.DrawFn) -> tuple[list[str | None], ...]:
    """Few ids, so that they repeat, miss and go round in circles; few times, so that they meet."""
    n = draw(st.integers(0, 14))
    columns = [st.sampled_from(["t", "u", None]), IDS, IDS, st.sampled_from(KINDS)]
    times = st.one_of(st.none(), st.integers(0, 30))
    return tuple([draw(c) for _ in range(n)] for c in [*columns, times, times])


def planted(of: tuple[list[str | None], ...]) -> tuple[Forest, list[int | None], list[int | None], list[str | None]]:
    traces, spans, parents, kinds, starts, ends = of
    return plant(traces, spans, parents, kinds, starts), starts, ends, kinds  # type: ignore[return-value, arg-type]


@settings(max_examples=500, deadline=None)
@given(rows())
def test_each_row_is_drawn_once_under_its_parent(of: tuple[list[str | None], ...]) -> None:
    trees, starts, _, _ = planted(of)
    traces, spans, parents, kinds = of[:4]
    drawn = list(walk(trees, traces, starts))
    assert sorted(row for row, _ in drawn) == list(range(len(spans)))
    above: list[int] = []
    for row, depth in drawn:
        del above[depth:]
        assert len(above) == depth
        assert trees.parent[row] == (above[-1] if depth else -1)
        above.append(row)
    for row, parent in enumerate(trees.parent):
        if parent >= 0:  # it is the one it named, in its trace, or the client that shares its id
            same = spans[parent] == parents[row] or (spans[parent] == spans[row] and kinds[row] == "server")
            assert same
            assert traces[parent] == traces[row]
        elif parents[row]:
            assert trees.why[row], "a row that names a parent and has none says why"
        known = (traces[row], parents[row]) in {*zip(traces, spans, strict=True)}
        assert trees.missing[row] <= (bool(parents[row]) and not known)


@settings(max_examples=500, deadline=None)
@given(rows())
def test_self_time_is_what_no_child_covers(of: tuple[list[str | None], ...]) -> None:
    trees, starts, ends, kinds = planted(of)
    for row, own in enumerate(self_times(trees, starts, ends, kinds)):
        start, end = starts[row], ends[row]
        if start is None or end is None:
            assert own is None
            continue
        ticks = set(range(start, end))
        for child in trees.children[row]:
            low, high = starts[child], ends[child]
            if low is not None and high is not None and kinds[child] != "consumer":
                ticks -= set(range(low, high))
        assert own == len(ticks)


def by_definition(
    trees: Forest,
    row: int,
    low: int,
    high: int,
    starts: list[int | None],
    ends: list[int | None],
    kinds: list[str | None],
) -> dict[int, int]:
    """The critical path of [low, high] in a span, told from its end: which row has each tick."""
    cut = []
    for child in trees.children[row]:
        start, end = starts[child], ends[child]
        if start is not None and end is not None and kinds[child] != "consumer" and max(start, low) < min(end, high):
            cut.append((min(end, high), end, -max(start, low), -child))
    if not cut:
        return dict.fromkeys(range(low, high), row)
    until, _, since, child = max(cut)
    path = dict.fromkeys(range(until, high), row)
    path |= by_definition(trees, -child, -since, until, starts, ends, kinds)
    # Before it: what had ended by the time it started.
    kept = [c for c in trees.children[row] if c != -child and (ends[c] or 0) <= -since]
    before = Forest(trees.parent, [kept if i == row else c for i, c in enumerate(trees.children)], [], [])
    return path | by_definition(before, row, low, -since, starts, ends, kinds)


@settings(max_examples=500, deadline=None)
@given(rows())
def test_the_critical_path_adds_up_to_the_root(of: tuple[list[str | None], ...]) -> None:
    trees, starts, ends, kinds = planted(of)
    path = critical_path(trees, starts, ends, kinds)
    own = self_times(trees, starts, ends, kinds)
    expected = []
    for root in trees.roots():
        start, end = starts[root], ends[root]
        if start is not None and end is not None:
            found = by_definition(trees, root, start, max(start, end), starts, ends, kinds)
            expected += [(row, tick) for tick, row in found.items()]
    assert sorted((row, tick) for row, since, until in path for tick in range(since, until)) == sorted(expected)
    lengths = [0 if starts[i] is None or ends[i] is None else max(ends[i] - starts[i], 0) for i in trees.roots()]
    assert sum(until - since for _, since, until in path) == sum(lengths)
    assert all(own[row] is not None for row, _, _ in path)


def test_a_textbook_trace() -> None:
    """A server calls b, then c and d side by side; d ends last, so c is not on the path."""
    starts: list[int | None] = [0, 10, 30, 35]
    ends: list[int | None] = [100, 25, 60, 90]
    trees = plant(["t"] * 4, ["a", "b", "c", "d"], [None, "a", "a", "a"], ["internal"] * 4, starts)
    assert self_times(trees, starts, ends, ["internal"] * 4) == [25, 15, 30, 55]
    path = critical_path(trees, starts, ends, ["internal"] * 4)
    assert sorted(path, key=lambda part: part[1]) == [(0, 0, 10), (1, 10, 25), (0, 25, 35), (3, 35, 90), (0, 90, 100)]


def test_both_sides_of_a_call_under_one_id() -> None:
    trees = plant(["t"] * 3, ["a", "a", "b"], [None, None, "a"], ["server", "client", "internal"], [5, 0, 6])
    assert (trees.parent, trees.why) == ([1, -1, 0], [None, None, None])


def test_a_chain_as_deep_as_a_trace_is_long() -> None:
    n = 50_000
    ids = [str(i) for i in range(n)]
    parents = [None, *ids[:-1]]
    trees = plant(["t"] * n, ids, parents, ["internal"] * n, [*range(n)])
    assert [depth for _, depth in walk(trees, ["t"] * n, [*range(n)])] == [*range(n)]
    path = critical_path(trees, [*range(n)], [n] * n, ["internal"] * n)
    assert sorted(path) == [(i, i, i + 1) for i in range(n)]
    ring = plant(["t"] * n, ids, [ids[-1], *ids[:-1]], ["internal"] * n, [*range(n, 0, -1)])
    assert ring.roots() == [n - 1]
