"""The two sides of a comparison: what each looks at, its bins of time, how often each value is in them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb import _text
from lognb.errors import QueryError
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from lognb.logs import Logs

BINS: Final = 30
"""Into so many bins a side is cut, so that bursts can be told from changes."""


@dataclass(frozen=True)
class Side:
    """The records of one side; `first` and `last` are their times in ns, None without any."""

    logs: Logs
    records: int
    first: int | None
    last: int | None

    @property
    def length(self) -> int:
        """ns that are looked at: the window where the query has one, else from first to last."""
        since, until = self.logs.query.since, self.logs.query.until
        low = since if since is not None else self.first
        high = until if until is not None else None if self.last is None else self.last + 1
        return 0 if low is None or high is None else max(high - low, 1)

    def said(self) -> str:
        return f"{_text.count(self.records)} of {_text.plain(str(self.logs.query), 120) or 'all records'}"


def side(logs: Logs, what: Any) -> Side:
    """Logs as they are; a query text or Query over these; or a (since, until) pair of times as for `between`.

    Raises QueryError for anything else, and for Logs of other sources.
    """
    if isinstance(what, str | Query):
        found = logs.where(what)
    elif isinstance(what, tuple) and len(what) == 2:
        found = logs.where(since=what[0], until=what[1])
    elif isinstance(what, type(logs)):
        found = what
    else:
        raise QueryError(f"a side of a comparison is Logs, a query or (since, until), not {type(what).__name__}")
    if found.engine is not logs.engine:
        raise QueryError("both sides of a comparison must come from one ln.read(…): read their sources together")
    first, last = found.engine.window(found.query)
    timed = found.query & Query((Condition("time", "exists"),))
    return Side(found, found.engine.count(timed), first, last)


def length(before: Side, after: Side) -> float:
    """What the current side would have of everything, against the baseline, if nothing had changed.

    The ratio of their lengths where they are of different times; where they share time, as errors and the rest do, of
    their records.
    """
    apart = None in (before.first, after.first) or not overlap(before, after)
    if apart and before.length and after.length:
        return after.length / before.length
    return max(after.records, 1) / max(before.records, 1)


def overlap(a: Side, b: Side) -> bool:
    if a.first is None or b.first is None or a.last is None or b.last is None:
        return False
    return a.first <= b.last and b.first <= a.last


def counts(
    before: Side, after: Side, fields: Sequence[str]
) -> Iterator[tuple[list[str | None], NDArray[np.float64], NDArray[np.float64]]]:
    """For each field: its values on either side, null for none, and how often each is in each bin of the two sides."""
    # Sides that share time share its bursts: then these say nothing of chance, and one bin is right.
    bins = 1 if overlap(before, after) else BINS
    for frames in zip(*(_binned(s, fields, bins) for s in (before, after)), strict=True):
        values = pl.concat([f.select("by0") for f in frames]).unique().sort("by0", nulls_last=True)["by0"]
        place = {value: i for i, value in enumerate(values.to_list())}
        out = []
        for frame in frames:
            matrix = np.zeros((len(place), bins))
            rows = np.array([place[v] for v in frame["by0"].to_list()], dtype=np.int64)
            if len(rows):
                np.add.at(matrix, (rows, frame["bin"].to_numpy()), frame["records"].to_numpy())
            out.append(matrix)
        yield values.to_list(), out[0], out[1]


def _binned(one: Side, fields: Sequence[str], bins: int) -> Iterator[pl.DataFrame]:
    """`by0`, `bin`, `records` of each field."""
    width = max(-(-one.length // bins), 1)
    since = one.logs.query.since
    start = (since if since is not None else one.first or 0) // width * width
    for frame in one.logs.engine.tallies(one.logs.query, width, fields):
        at = ((frame["bucket"].dt.timestamp("ns") - start) // width).clip(0, bins - 1)
        yield frame.select("by0", bin=at, records="records")
