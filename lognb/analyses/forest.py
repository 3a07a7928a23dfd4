"""Spans as trees, in plain lists by row: who is whose parent, in which order they are drawn, whose time is whose.

Nothing is trusted: parents may be missing, be the span itself or stand in a circle, ids may repeat, times be absent.
Each row is in exactly one tree, and no step recurses, so a trace may be as deep as it likes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Time = int | None
NOWHERE: Final = 2**63  # later than any time: what has none stands last


@dataclass
class Forest:
    """Row i has the parent row `parent[i]`, -1 for a root, and `children[i]`; `why[i]` is what is odd about its place.

    `missing[i]`: the parent it names is not among the rows.
    """

    parent: list[int]
    children: list[list[int]]
    why: list[str | None]
    missing: list[bool]

    def roots(self) -> list[int]:
        return [i for i, p in enumerate(self.parent) if p < 0]


def plant(
    traces: Sequence[str | None],
    spans: Sequence[str | None],
    parents: Sequence[str | None],
    kinds: Sequence[str | None],
    starts: Sequence[Time],
) -> Forest:
    """Trees of rows.

    Of rows that share an id the first one has the children, but where a client and a server share it, as Zipkin does,
    the server is the client's child and has them (so does Jaeger: adjuster SpanIDUniquifier). Of a circle the first to
    start becomes a root.
    """
    n = len(spans)
    first, calls = _holders(traces, spans, kinds)
    parent, missing = [-1] * n, [False] * n
    why: list[str | None] = [None] * n
    for i in range(n):
        key = (traces[i], spans[i])
        if kinds[i] == "server" and spans[i] is not None and calls.get(key, i) != i:
            parent[i] = calls[key]
            continue
        if spans[i] is not None and first[key] != i and calls.get(key) != i:
            why[i] = "another span has the same id"
        if not parents[i]:
            continue
        at = first.get((traces[i], parents[i]), -1)
        if parents[i] == spans[i]:
            why[i] = "names itself as its parent"
        elif at < 0:
            missing[i], why[i] = True, "its parent is not among the spans"
        else:
            parent[i] = at
    children: list[list[int]] = [[] for _ in range(n)]
    for i, p in enumerate(parent):
        if p >= 0:
            children[p].append(i)
    forest = Forest(parent, children, why, missing)
    _cut_circles(forest, starts)
    return forest


Key = tuple[str | None, str | None]


def _holders(
    traces: Sequence[str | None], spans: Sequence[str | None], kinds: Sequence[str | None]
) -> tuple[dict[Key, int], dict[Key, int]]:
    """The row that has the children of each id; and, where a client shares its id with a server, the client's row."""
    first: dict[Key, int] = {}
    shared: dict[Key, list[int]] = {}
    for i, span in enumerate(spans):
        if span is not None and first.setdefault((traces[i], span), i) != i:
            shared.setdefault((traces[i], span), [first[traces[i], span]]).append(i)
    calls: dict[Key, int] = {}
    for key, rows in shared.items():
        client = next((i for i in rows if kinds[i] == "client"), None)
        server = next((i for i in rows if kinds[i] == "server"), None)
        if client is not None and server is not None:
            first[key], calls[key] = server, client
    return first, calls


def _cut_circles(forest: Forest, starts: Sequence[Time]) -> None:
    """Make a root of one span of each circle."""
    seen = [False] * len(forest.parent)
    for root in forest.roots():
        _mark(forest, root, seen)
    for i in range(len(seen)):
        if seen[i]:
            continue
        on: set[int] = set()
        at = i
        while at not in on:
            on.add(at)
            at = forest.parent[at]
        circle = [at]
        while forest.parent[circle[-1]] != at:
            circle.append(forest.parent[circle[-1]])
        top = min(circle, key=lambda j: (_or_last(starts[j]), j))
        forest.children[forest.parent[top]].remove(top)
        forest.parent[top] = -1
        forest.why[top] = "its parents are in a circle"
        _mark(forest, top, seen)


def _mark(forest: Forest, root: int, seen: list[bool]) -> None:
    stack = [root]
    while stack:
        at = stack.pop()
        seen[at] = True
        stack += forest.children[at]


def _or_last(time: Time) -> int:
    return NOWHERE if time is None else time


def walk(forest: Forest, traces: Sequence[str | None], starts: Sequence[Time]) -> Iterator[tuple[int, int]]:
    """(row, depth) of every row, parents before children, traces by their first start, siblings by theirs."""

    def by_start(rows: list[int]) -> list[int]:
        return sorted(rows, key=lambda i: (_or_last(starts[i]), i))

    begin: dict[str | None, int] = {}
    for trace, start in zip(traces, starts, strict=True):
        begin[trace] = min(begin.get(trace, NOWHERE), _or_last(start))
    roots = sorted(by_start(forest.roots()), key=lambda i: (begin[traces[i]], traces[i] or ""))
    stack = [(root, 0) for root in reversed(roots)]
    while stack:
        at, depth = stack.pop()
        yield at, depth
        stack += [(child, depth + 1) for child in reversed(by_start(forest.children[at]))]


def self_times(
    forest: Forest, starts: Sequence[Time], ends: Sequence[Time], kinds: Sequence[str | None]
) -> list[int | None]:
    """The ns of each span in which none of its children runs; None for one without a start or an end.

    Children count as far as they lie inside their parent. A consumer takes nothing away: nobody waits for it
    (OpenTelemetry, "SpanKind": producer and consumer are asynchronous). A span that ends before it starts has 0.
    """
    out: list[int | None] = []
    for i, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if start is None or end is None:
            out.append(None)
            continue
        own, at = max(end - start, 0), start
        for low, high in sorted(_inside(forest.children[i], start, end, starts, ends, kinds)):
            own -= max(high - max(low, at), 0)
            at = max(at, high)
        out.append(own)
    return out


def _inside(
    rows: Sequence[int], low: int, high: int, starts: Sequence[Time], ends: Sequence[Time], kinds: Sequence[str | None]
) -> Iterator[tuple[int, int]]:
    """What of the times of some rows, which are waited for, lies in [low, high]."""
    for i in rows:
        start, end = starts[i], ends[i]
        if start is not None and end is not None and kinds[i] != "consumer" and max(start, low) < min(end, high):
            yield max(start, low), min(end, high)


def critical_path(
    forest: Forest, starts: Sequence[Time], ends: Sequence[Time], kinds: Sequence[str | None]
) -> list[tuple[int, int, int]]:
    """(row, start, end) of the stretches that are on the critical path: in each tree they cover the root once.

    From the end of a span back: the child that ends last made it wait, then the child that ended last before that one
    started, and so on; what lies between is the span's own. Children are cut to their parent, which also is what there
    is to do about clocks that disagree. The rule is that of CRISP (Zhang et al., "CRISP: Critical Path Analysis of
    Large-Scale Microservice Architectures", USENIX ATC 2022, section 4) and of Jaeger's user interface
    (TraceTimelineViewer/CriticalPath). A consumer is never on the path.
    """
    out: list[tuple[int, int, int]] = []
    stack = [
        (i, start, end) for i in forest.roots() if (start := starts[i]) is not None and (end := ends[i]) is not None
    ]
    while stack:
        at, low, high = stack.pop()
        if high <= low:
            continue
        waited = []
        for child in forest.children[at]:
            inside = _inside((child,), low, high, starts, ends, kinds)
            waited += [(until, ends[child], -since, -child) for since, until in inside]
        for end, _, minus_start, minus_child in sorted(waited, reverse=True):
            if end <= high:
                if end < high:
                    out.append((at, end, high))
                high = -minus_start
                stack.append((-minus_child, high, end))
        if low < high:
            out.append((at, low, high))
    return out
