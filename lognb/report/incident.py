"""The time of an incident and what it is held against: as given, or found from the first surest rise of errors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._moments import in_zone, resolve
from lognb._text import SECOND, duration, plain, plural, window
from lognb.analyses import buckets
from lognb.analyses.findings import Asked, onset
from lognb.analyses.services import ERRORS
from lognb.errors import QueryError
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from lognb._moments import Moment
    from lognb.analyses.findings import Finding
    from lognb.logs import Logs

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


def incident(logs: Logs, given: tuple[Moment, Moment] | None, baseline: Any, zone: str = "UTC") -> Incident:
    """The times; one without a zone is of `zone`. Raises QueryError for a window or a baseline that cannot be, or that
    no record lies in.
    """
    first, last = buckets.window(logs)
    if given is not None:
        low, high = _pair("window", given, first, last, zone)
        since, until = max(low, first), min(high, last + 1)
        if since >= until or not logs.engine.count(logs.query & Query((), since, until)):
            raise QueryError(f"no record lies in {window(low, high)}: the data is of {window(first, last)}")
        asked = Asked(_around(logs, since, until, first, last))
        found = onset(asked)
        began = found if found is not None and since <= began_at(found) < until else None
        issues = () if began is None else tuple(_together(asked, began, first, last)["issue"])
        how, over = "as given" if (since, until) == (low, high) else "as given, as far as there is data", True
    else:
        asked = Asked(logs)
        began = onset(asked)
        since, until, issues, how, over = _found(asked, began, first, last)
    times = (
        None if baseline is None or isinstance(baseline, type(logs)) else _pair("baseline", baseline, first, last, zone)
    )
    before, held = _baseline(logs, baseline if times is None else times, since, until, first)
    return Incident(
        logs, since, until, logs.where(Query((), since, until)), before, _around(logs, since, until, first, last),
        began, issues, how, held, over,
    )  # fmt: skip


def _pair(name: str, given: Any, first: int, last: int, zone: str) -> tuple[int, int]:
    if not isinstance(given, tuple | list) or len(given) != 2:
        raise QueryError(f'{name}={given!r} is no pair of times; write ("09:00", "09:30")')
    low, high = (in_zone(moment, first, last, zone) for moment in given)
    if low >= high:
        raise QueryError(f"{name}={given!r}: its beginning is not before its end")
    return low, high


def _found(asked: Asked, began: Finding | None, first: int, last: int) -> tuple[int, int, tuple[str, ...], str, bool]:
    """From the onset to the last of the errors that began with it."""
    if began is None:
        errors = "errors, but none that stand out in time" if asked.errors.frame.height else "no errors"
        return first, last + 1, (), f"all of the data: there are {errors}", True
    at, near = began_at(began), _near(first, last)
    same = _together(asked, began, first, last)
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


def _together(asked: Asked, began: Finding, first: int, last: int) -> pl.DataFrame:
    """The issues that began at about the onset: `issue`, `first`, `last` (ns)."""
    at, near = began_at(began), _near(first, last)
    times = [pl.col(name).dt.timestamp("ns") for name in ("first", "last")]
    frame = asked.errors.frame.select("issue", *times).drop_nulls()
    return frame.filter((pl.col("first") >= at - near) & (pl.col("first") <= at + near))


def _near(first: int, last: int) -> int:
    return max((last - first) // _NEAR, _LEAST)


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
    low, high = (max(first, 2 * since - until), since) if baseline is None else baseline
    before = logs.where(Query((), low, high)) if low < high else None
    if before is None:
        return None, "nothing: the data begins with the incident"
    if not len(before):
        return None, f"nothing: there are no records in {window(low, high)}"
    overlap = " (which overlaps it)" if high > since and low < until else ""
    return before, f"the {duration(high - low)} {'before,' if high == since else 'of'} {window(low, high)}{overlap}"


def began_at(began: Finding) -> int:
    """The time of the line, not later: its seconds are a float, which knows microseconds."""
    return int(began.number * 1_000_000) * 1_000
