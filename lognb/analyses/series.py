"""The series in which changes are looked for: what is counted, of which records, in whole buckets of one width."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb._text import plain
from lognb.analyses.levels import Counts, Others, Shares
from lognb.analyses.segments import LEAST
from lognb.errors import QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lognb.analyses.levels import Model
    from lognb.logs import Logs

FEW: Final = 8
"""Records in all: a series of fewer has no changes that one could be sure of."""
MOST: Final = 2_000
"""Combinations of fields: those with most records."""

_ENOUGH: Final = 20  # records of which a percentile says something
_GAP: Final = 20.0  # records that a stretch without any should have had, noise taken off: e^-20 is no chance


@dataclass(frozen=True)
class Grid:
    """Whole buckets of `width` ns from `start`, `n` of them; `gaps`: those that are in a gap of the data."""

    start: int
    width: int
    n: int
    gaps: tuple[tuple[int, int], ...] = ()

    def place(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        at = frame["bucket"].dt.timestamp("ns").to_numpy()
        return (at - self.start) // self.width

    def time(self, bucket: int) -> int:
        return self.start + bucket * self.width

    def dense(self, frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
        """A value for each bucket, 0 where the frame has none."""
        values = np.zeros(self.n)
        if not self.n:
            return values
        np.add.at(values, self.place(frame), frame[column].to_numpy())
        return values

    def edges(self, kept: NDArray[np.int64]) -> NDArray[np.int64]:
        return self.start + kept * self.width

    @property
    def kept(self) -> NDArray[np.int64]:
        """The buckets that are in no gap."""
        inside = np.ones(self.n, bool)
        for low, high in self.gaps:
            inside[low:high] = False
        return np.flatnonzero(inside)


@dataclass(frozen=True)
class Series:
    """What is counted of the records with these values of fields.

    `at` are the left edges, ns, of the buckets that the model speaks of, `width` is how wide they are. `per_minute`
    turns a level into what is shown: 1 for shares and numbers.
    """

    measure: str
    values: dict[str, str | None]
    model: Model
    at: NDArray[np.int64]
    width: int
    per_minute: float = 1.0


def gathered(
    logs: Logs, query: Query, grid: Grid, fields: Sequence[str], number: str | None, of: str
) -> tuple[Grid, list[Series], pl.DataFrame]:
    """The grid with its gaps, all series, and records and errors by bucket, for a picture."""
    whole = logs.engine.series(query, grid.width, [], 1, "session")
    counted = {c: grid.dense(whole, c) for c in ("records", "errors", "bytes", "distinct")}
    grid = Grid(grid.start, grid.width, grid.n, _gaps(_everything(logs, query, grid, counted["records"])))
    found = list(_overall(grid, counted))
    if fields:
        found += _split(grid, logs.engine.series(query, grid.width, list(fields), FEW), fields)
    if number is not None:
        found += _numbers(logs, query, grid, fields, number, of)
    return grid, found, whole


def _everything(logs: Logs, query: Query, grid: Grid, records: NDArray[np.float64]) -> NDArray[np.float64]:
    """All records by bucket, whatever the query: where others were logged, that there are none of these is no gap."""
    if not query.conditions:
        return records
    return grid.dense(logs.engine.series(Query((), query.since, query.until), grid.width, []), "records")


def _gaps(records: NDArray[np.float64]) -> tuple[tuple[int, int], ...]:
    """Stretches without any record, between records, where many should have been."""
    some = np.flatnonzero(records)
    if len(some) < LEAST:
        return ()
    model = Counts(records)
    holes = np.flatnonzero(np.diff(some) > 1)
    usual = float(np.median(records[some]))
    return tuple(
        (int(some[i]) + 1, int(some[i + 1])) for i in holes if (some[i + 1] - some[i] - 1) * usual / model.noise > _GAP
    )


def _overall(grid: Grid, counted: dict[str, NDArray[np.float64]]) -> Iterator[Series]:
    kept, minute = grid.kept, 60e9 / grid.width
    where = (grid.edges(kept), grid.width)
    records, errors = counted["records"][kept], counted["errors"][kept]
    yield Series("records", {}, Counts(records), *where, minute)
    yield Series("bytes", {}, Counts(counted["bytes"][kept]), *where, minute)
    if errors.sum():
        yield Series("error share", {}, Shares(errors, records), *where)
    if counted["distinct"].sum() >= FEW:
        yield Series("sessions", {}, Counts(counted["distinct"][kept]), *where)


def _split(grid: Grid, counted: pl.DataFrame, fields: Sequence[str]) -> Iterator[Series]:
    """By the first field alone, by the first two, and so on; none that has the same records as one before."""
    kept, minute = grid.kept, 60e9 / grid.width
    where = (grid.edges(kept), grid.width)
    for depth in range(1, len(fields) + 1):
        names = [f"by{i}" for i in range(depth)]
        totals = counted.group_by(names, maintain_order=True).agg(pl.col("records").sum())
        most = totals.sort("records", descending=True, maintain_order=True).head(MOST)
        if depth > 1:  # with one value below it, a combination is its parent again
            most = most.filter(pl.col("by0").len().over(names[:-1]) > 1)
        frequent = counted.join(most.select(names), on=names, how="semi", nulls_equal=True)
        for values, part in frequent.group_by(names, maintain_order=True):
            of = dict(zip(fields, values, strict=False))
            records, errors = grid.dense(part, "records")[kept], grid.dense(part, "errors")[kept]
            yield Series("records", of, Counts(records), *where, minute)
            if depth == 1 and errors.sum():
                yield Series("error share", of, Shares(errors, records), *where)


def _numbers(logs: Logs, query: Query, grid: Grid, fields: Sequence[str], number: str, of: str) -> Iterator[Series]:
    """A percentile of a field, of all records, then by the first field; in buckets wide enough to have one."""
    found = logs.engine.stats(query, number)
    if not found["records"].sum():
        raise QueryError(f"{plain(number)} has no numbers in these records; logs.fields() says the type of each")
    usual = int(found["records"].sum()) / max(grid.n, 1)
    width = grid.width * max(1, int(np.ceil(_ENOUGH / max(usual, 1e-9))))
    width = min(width, max(grid.width * grid.n // LEAST, grid.width))
    whole = Query((), -(-grid.start // width) * width, grid.time(grid.n) // width * width)
    for by in (None, *fields[:1]):
        frame = logs.engine.stats(query & whole, number, width, by).filter(pl.col("records") >= _ENOUGH // 4)
        if by is None:
            frame = frame.with_columns(by=pl.lit(None, pl.String))
        for (value,), part in frame.group_by("by", maintain_order=True):
            if by is None or not str(value).startswith("other ("):
                numbers = part[of].cast(pl.Float64).to_numpy()
                at = part["bucket"].dt.timestamp("ns").to_numpy()
                yield Series(f"{of} of {number}", {} if by is None else {by: value}, Others(numbers), at, width)
