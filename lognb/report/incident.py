"""The time of an incident and what it is held against: as given, or found from the first surest rise of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._moments import resolve
from lognb._text import SECOND, duration, plain, plural, window
from lognb.analyses import buckets
from lognb.analyses.findings import Asked, onset
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from lognb._moments import Moment
    from lognb.analyses.findings import Finding
    from lognb.logs import Logs

ERRORS: Final = Query.parse("severity>=error OR issue exists")
_NEAR: Final = 50  # errors that begin within a 50th of the data around the onset are of the same incident
_LEAST: Final = 5 * SECOND
_FEW: Final = 0.1  # of an incident's errors, that may come long after the others


@dataclass(frozen=True)
class Incident:
    """`during` are the records of [since, until), `before` those it is held against, None where there are none.

    `around` is what is drawn: the incident with as much before and behind it as it lasted, within the data. `began` is
    the line of a summary about the onset, `issues` the issues that began then, `how` says where the times are from.
    """

    logs: Logs
    since: int
    until: int
    during: Logs
    before: Logs | None
    around: Logs
    began: Finding | None
    issues: tuple[str, ...]
    how: str
    held: str
    over: bool

    @property
    def errors(self) -> Logs:
        return self.during.where(ERRORS)


def incident(logs: Logs, given: tuple[Moment, Moment] | None, baseline: Any) -> Incident:
    """The times. Raises QueryError for a window or a baseline that cannot be, or if no record has a time."""
    first, last = buckets.window(logs)
    if given is not None:
        during = logs.where(since=given[0], until=given[1])
        since, until = (t for t in (during.query.since, during.query.until) if t is not None)
        began = onset(Asked(_around(logs, since, until, first, last)))
        inside = began is not None and since <= _ns(began) < until
        issues: tuple[str, ...] = ()
        how, over, began = "as given", True, began if inside else None
    else:
        asked = Asked(logs)
        began = onset(asked)
        since, until, issues, how, over = _found(asked, began, first, last)
    before, held = _baseline(logs, baseline, since, until, first)
    return Incident(
        logs, since, until, logs.where(Query((), since, until)), before, _around(logs, since, until, first, last),
        began, issues, how, held, over,
    )  # fmt: skip


def _found(asked: Asked, began: Finding | None, first: int, last: int) -> tuple[int, int, tuple[str, ...], str, bool]:
    """From the onset to the last of the errors that began with it."""
    if began is None:
        errors = "errors, but none that stand out in time" if asked.errors.frame.height else "no errors"
        return first, last + 1, (), f"all of the data: there are {errors}", True
    at = _ns(began)
    near = max((last - first) // _NEAR, _LEAST)
    times = [pl.col(name).dt.timestamp("ns") for name in ("first", "last")]
    frame = asked.errors.frame.select("issue", "title", *times).drop_nulls()
    same = frame.filter((pl.col("first") >= at - near) & (pl.col("first") <= at + near))
    if same.height:
        issues = tuple(same["issue"])
        settled, late = _settled(asked.logs, issues, same["last"].to_list())
        how = f"found: from the first of {same.height} issues that began together to the last of their errors"
        how = how if same.height > 1 else "found: from the first to the last error of an issue"
        how += f", but for {plural(late, 'record')} long after the others" if late else ""
        return min(at, *same["first"].to_list()), settled + 1, issues, how, settled < last - near
    end = _end(asked.changes.frame, at)
    how = "found: from the surest rise of the errors' share to its fall" if end else "found: from the surest rise on"
    return at, end or last + 1, (), how, end is not None


def _settled(logs: Logs, issues: tuple[str, ...], lasts: list[int]) -> tuple[int, int]:
    """The time of the last error, and how many are left out of that: a few that come after a pause longer than all
    that was before it, as from a browser whose clock is wrong.
    """
    found = logs.where(Query((Condition("issue", "in", issues), Condition("time", "exists"))))
    times = found.to_polars(columns=["time"])["time"].dt.timestamp("ns").sort().to_list()
    n = cut = len(times)
    while n > 1 and len(times) - n < _FEW * len(times):
        n -= 1
        if times[n] - times[n - 1] > times[n - 1] - times[0] > 0:
            cut = n
    late = len(times) - cut
    ends = [*times[:cut][-1:], *(end for end in lasts if not late or end < times[cut])]
    return max(ends), late


def _end(frame: pl.DataFrame, at: int) -> int | None:
    """When the share of errors that rose at `at` was over, or fell again."""
    time = pl.col("time").dt.timestamp("ns")
    row = frame.filter((time == at) & (pl.col("measure") == "error share")).head(1)
    if not row.height:
        return None
    if row["until"][0] is not None:
        return resolve(row["until"][0], None, None)
    falls = frame.filter(
        (time > at) & (pl.col("measure") == "error share") & (pl.col("after") < pl.col("before")),
        pl.col("service_name").eq_missing(pl.lit(row["service_name"][0])),
    )
    times = falls["time"].dt.timestamp("ns").to_list()
    return min(times) if times else None


def _around(logs: Logs, since: int, until: int, first: int, last: int) -> Logs:
    more = until - since
    return logs.where(Query((), max(first, since - more), min(last + 1, until + more)))


def _baseline(logs: Logs, baseline: Any, since: int, until: int, first: int) -> tuple[Logs | None, str]:
    """What it is held against, and that in words."""
    if isinstance(baseline, type(logs)):
        return baseline, plain(str(baseline.query), 200) or "all records"
    if baseline is not None:
        found = logs.where(since=baseline[0], until=baseline[1])
        low, high = found.query.since, found.query.until
        return found, window(low, high) if low is not None and high is not None else ""
    low = max(first, 2 * since - until)
    before = logs.where(Query((), low, since)) if low < since else None
    if before is None or not len(before):
        return None, "nothing: the data begins with the incident"
    return before, f"the {duration(since - low)} before, {window(low, since)}"


def _ns(began: Finding) -> int:
    """The time of the line, not later: its seconds are a float, which knows microseconds."""
    return int(began.number * 1_000_000) * 1_000
