"""A change, explained in one call: what is different after it, what failed first, and where."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._moments import resolve
from lognb._text import clock, plain
from lognb.analyses import buckets
from lognb.analyses.changes import changes
from lognb.analyses.compare import compare
from lognb.charts.changes import words
from lognb.charts.compare import words as difference
from lognb.errors import QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.logs import Logs
    from lognb.result import Result

_TOLD: Final = 4
_LONGER: Final = 3  # times the shorter side: more of the other says what was long before, or long after
_ERRORS: Final = Query.parse("severity>=error")
_NOT_OF_SERIES: Final = (
    "moment", "time", "until", "kind", "before", "after", "ratio", "confidence", "query", "returns", "text",
)  # fmt: skip


def explain(logs: Logs, change: Any = 0, **options: Any) -> Result:
    """Compare the time after a change with the time before it, and say which error came first, and where.

    `change` is the number of a row of `logs.changes(**options).frame` (0, the surest), such a row as a dict
    (`frame.row(0, named=True)`), or a time as for `between`. Before and after reach to the next change of the same
    series, so that what has come back to normal is not mixed with what had not; and neither is more than three times
    as long as the other.

    The answer is that of `compare` over all records of these Logs: its rows and columns, "before" is the baseline. The
    sentence begins with the change and ends with the first error after it. Raises QueryError for a row that is not
    there and for a time that leaves no record on one side.
    """
    frame = changes(logs, **options).frame
    return explained(logs, frame, *_found(logs, frame, change))


def explained(logs: Logs, frame: pl.DataFrame, at: int, row: dict[str, Any] | None) -> Result:
    """The same for a change whose time (ns) and row are known, `frame` being all changes."""
    first, last = buckets.window(logs)
    if not first < at <= last:
        stretch = f"{clock(first)} to {clock(last)}"
        raise QueryError(f"nothing lies on both sides of {clock(at)}: these records are of {stretch}")
    since, until = _sides(at, *_neighbours(frame, at, row, first, last + 1))
    before, after = (logs.where(Query((), low, high)) for low, high in ((since, at), (at, until)))
    found = compare(logs, before, after)
    told = found.frame.filter(pl.col("change") != "once").head(_TOLD)
    parts = [f"{clock(at)} {words(row, _names(row))}" if row else f"at {clock(at)}"]
    parts += [difference(r) for r in told.iter_rows(named=True)] or ["nothing else differs that one could be sure of"]
    return replace(found, sentence=plain("; ".join([*parts, *_first_error(after)])), title="Explanation")


def _found(logs: Logs, frame: pl.DataFrame, change: Any) -> tuple[int, dict[str, Any] | None]:
    """The time of a change, ns, and its row, if it is one."""
    if isinstance(change, dict):
        if not {"time", "kind", "measure", "before", "after"} <= change.keys():
            raise QueryError("a row of logs.changes().frame has a time, a kind, a measure, before and after")
        return resolve(change["time"], None, None), change
    if isinstance(change, int) and not isinstance(change, bool):
        if not 0 <= change < frame.height:
            raise QueryError(f"there is no change {change}: logs.changes() found {frame.height}")
        row = frame.row(change, named=True)
        return resolve(row["time"], None, None), row
    return resolve(change, logs.engine.overview["first"], logs.engine.overview["last"]), None


def _names(row: dict[str, Any]) -> tuple[str, ...]:
    """The columns that say of which series a row is."""
    return tuple(name for name in row if name not in (*_NOT_OF_SERIES, "measure"))


def _neighbours(frame: pl.DataFrame, at: int, row: dict[str, Any] | None, first: int, last: int) -> tuple[int, int]:
    """Where the level before the change began, and where that after it ended."""
    if row is not None:
        series = [name for name in row if name not in _NOT_OF_SERIES and name in frame.columns]
        frame = frame.filter(pl.all_horizontal(pl.col(n).eq_missing(pl.lit(row[n])) for n in series))
    times = frame["time"].dt.timestamp("ns").to_list()
    if row is not None and row.get("until") is not None:
        times.append(resolve(row["until"], None, None))
    return max((t for t in times if t < at), default=first), min((t for t in times if t > at), default=last)


def _sides(at: int, since: int, until: int) -> tuple[int, int]:
    shorter = min(at - since, until - at)
    return max(since, at - _LONGER * shorter), min(until, at + _LONGER * shorter)


def _first_error(after: Logs) -> list[str]:
    found = after.engine.page(after.query & _ERRORS, 1, columns=["time", "service_name", "body"]).records
    if not found.height:
        return []
    time, service, body = found.row(0)
    where = f" in {service}" if service is not None else ""
    return [f"first error {clock(resolve(time, None, None), 1_000_000)}{where}: {plain(body or '', 120)}"]
