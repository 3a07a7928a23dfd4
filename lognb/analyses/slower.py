"""Where something is slower than the same thing is elsewhere: one route on one node, or in one release."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb import _completer, _text
from lognb._text import plain, share
from lognb.analyses.contrast import FACT, contrast
from lognb.analyses.facets import WHERE_PRESENT
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.logs import Logs

SOME: Final = 100
"""Numbers of a duration; of fewer a twentieth is no group."""

_SERVICES: Final = 8
_ROUTES: Final = 12
_ROUTE: Final = "http.route"
_LIMITS: Final = ("p95", "p99")  # beyond these an operation is slow, each in its own measure
# What was asked for and what came of it: no place.
_NOT_WHERE: Final = frozenset({
    _ROUTE, "http.request.method", "http.response.status_code", "exception.type", "event_name", "scope_name",
})  # fmt: skip


@dataclass(frozen=True)
class Operation:
    """A service, or one route of it, and how long 19 of 20 take."""

    service: str
    route: str | None
    limits: tuple[float, ...]
    query: Query

    def beyond(self, name: str, limit: int) -> Query:
        return self.query & Query((Condition(name, ">", self.limits[limit]),))

    def said(self) -> str:
        return plain(self.service, 40) + (f" {_ROUTE}={plain(self.route, 60)}" if self.route is not None else "")


@dataclass(frozen=True)
class Slower:
    """One value of a field that has more of the slow ones than the rest of the same operation has."""

    operation: Operation
    field: str
    value: str
    limit: int  # which of the operation's limits tells it best
    slow: int
    all_slow: int
    share: float  # of the operation's records, how many have the value
    score: float


def operations(logs: Logs, name: str) -> list[Operation]:
    """Services with enough numbers, by their routes where they have such."""
    found = []
    for service, *limits in _percentiles(logs, Query(), name, "service_name", _SERVICES):
        own = Query((Condition("service_name", "=", service),))
        routes = []
        if _ROUTE in logs.engine.field_names():
            routes = list(_percentiles(logs, own, name, _ROUTE, _ROUTES))
        found += [
            Operation(service, route, tuple(low), own & Query((Condition(_ROUTE, "=", route),)))
            for route, *low in routes
        ]
        if not routes:
            found.append(Operation(service, None, tuple(limits), own))
    return found


def _percentiles(logs: Logs, some: Query, name: str, by: str, top: int) -> Iterator[tuple[str, float, float]]:
    frame = logs.engine.stats(logs.query & some, name, None, by, top).filter(pl.col("records") >= SOME)
    for row in frame.select("by", *_LIMITS).drop_nulls().iter_rows():
        if not row[0].startswith("other ("):
            yield row


def slower(logs: Logs, name: str, found: list[Operation]) -> Slower | None:
    """The value of a field in which an operation is slow most surely more often than with other values of it.

    A route is another thing than the next route, and takes what it takes; so each operation is held against itself.
    """
    known = set(logs.engine.field_names())
    fields = [f for f in WHERE_PRESENT if f in known and f not in _NOT_WHERE]
    if not fields or not found:
        return None
    routed = [_ROUTE] if _ROUTE in known else []
    names = ["service_name", *routed, *fields]
    timed = Query((Condition(name, "exists"),))
    whole = _counted(logs, timed, names)
    best: Slower | None = None
    for i in range(len(_LIMITS)):
        slow = _counted(logs, reduce(or_, (o.beyond(name, i) for o in found)), names)
        for one in found:
            for field, at in zip(fields, range(1 + len(routed), len(names)), strict=True):
                for told in _values(one, field, i, _of(slow, one, at, bool(routed)), _of(whole, one, at, bool(routed))):
                    best = told if best is None or told.score > best.score else best
    return best


def _counted(logs: Logs, query: Query, names: list[str]) -> pl.DataFrame:
    """`by0`, `by1` …, `records`."""
    frame = logs.engine.series(logs.query & query, 1 << 62, names)
    keys = [f"by{i}" for i in range(len(names))]
    return frame.group_by(keys, maintain_order=True).agg(pl.col("records").sum())


def _of(counted: pl.DataFrame, one: Operation, at: int, routed: bool) -> dict[str, int]:
    """The values of one field among an operation's records, and how many have each."""
    rows = counted.filter(pl.col("by0") == one.service)
    if routed and one.route is not None:
        rows = rows.filter(pl.col("by1") == one.route)
    told = rows.filter(pl.col(f"by{at}").is_not_null()).group_by(f"by{at}").agg(pl.col("records").sum())
    return dict(told.sort(f"by{at}").iter_rows())


def _values(one: Operation, field: str, limit: int, slow: dict[str, int], whole: dict[str, int]) -> Iterator[Slower]:
    total, all_slow = sum(whole.values()), sum(slow.values())
    if len(whole) < 2 or not all_slow:
        return
    values = [v for v in whole if slow.get(v, 0) >= FACT]
    if not values:
        return
    # Slow and not, of each value against the same of all others.
    many = np.array([[slow[v]] for v in values], float)
    quick = np.array([[whole[v] - slow[v]] for v in values], float)
    factor = all_slow / max(total - all_slow, 1)
    told = contrast(quick, many, factor=factor)
    for value, change, bound in zip(values, told.change.tolist(), told.bound.tolist(), strict=True):
        if change in ("grown", "new"):
            n = slow[value]
            # What is most of the slow ones tells more than what is few of them, however rare it is else.
            yield Slower(one, field, value, limit, n, all_slow, whole[value] / total, bound * n / all_slow)


def said(logs: Logs, name: str) -> tuple[str, Query] | None:
    """In words, and the slow ones that are meant; where nothing is slower than elsewhere, what takes longest."""
    found = operations(logs, name)
    if not found:
        return None
    told = slower(logs, name, found)
    if told is None:
        one = max(found, key=lambda o: (o.limits[0], o.said()))
        words = f"{plain(name)} of {one.said()}: 19 of 20 up to {_text.measure(one.limits[0], name)}, nothing is slower"
        return words, one.beyond(name, 0)
    one = told.operation
    of = f"{share(told.slow, told.all_slow)} of those over {_text.measure(one.limits[told.limit], name)}"
    where = f"{plain(told.field, 40)}={plain(told.value, 60)}"
    has = _completer.conditions(logs.engine, told.field, [told.value])[told.value]
    rows = one.beyond(name, told.limit) & Query((has,))
    return f"{plain(name)} of {one.said()}: {of} are of {where}, which has {100 * told.share:.0f} % of all", rows
