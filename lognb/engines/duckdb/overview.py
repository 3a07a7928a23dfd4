"""Facts about a whole store, in a form that JSON can hold; computed once, when the store is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lognb.engines.duckdb import recordings
from lognb.engines.duckdb.connect import array, rows
from lognb.engines.duckdb.joins import JOINED_SQL

if TYPE_CHECKING:
    import duckdb

_SECOND: Final = 1_000_000_000
_MINUTE: Final = 60 * _SECOND
_FAR: Final = 1440 * _MINUTE  # what lies less far off may belong to the story
_WIDTHS: Final = tuple(
    n * unit
    for unit, counts in (
        (_SECOND // 1000, (1, 2, 5, 10, 20, 50, 100, 200, 500)),
        (_SECOND, (1, 2, 5, 10, 15, 30)),
        (_MINUTE, (1, 2, 5, 10, 15, 30)),
        (60 * _MINUTE, (1, 2, 3, 4, 6, 12)),
        (1440 * _MINUTE, (1, 2, 7, 14, 30, 90, 365, 3650)),
    )
    for n in counts
)


def overview(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """See interfaces: engines.base.Engine.overview. Times and durations are in ns."""
    records, without, observed, size, first, last, sessions, joined, users, traces, ids = rows(
        con,
        "SELECT count(*), count(*) - count(time), "
        "count(*) FILTER (timestamp IS NULL AND observed_timestamp IS NOT NULL), coalesce(sum(size_bytes), 0)::BIGINT, "
        "epoch_ns(min(time) FILTER (isfinite(time))), epoch_ns(max(time) FILTER (isfinite(time))), "
        f"count(DISTINCT {JOINED_SQL['session']}), count(trace_session), count(DISTINCT user_id), "
        "count(DISTINCT trace_id), count(DISTINCT record_id) FROM store.logs",
    )[0]
    severities = rows(con, "SELECT severity, count(*) FROM store.logs GROUP BY 1 ORDER BY 2 DESC, 1")
    services = rows(con, "SELECT service_name, count(*) FROM store.logs GROUP BY 1 ORDER BY 2 DESC, 1")
    ties, gaps = _times(con, first, last)
    left, right, outside = _crowd(con, first, last, records, gaps)
    if outside:  # what is a gap is now measured against the crowd
        gaps = (gaps + _times(con, left, right)[1])[:5]
    every = _every(left, right)
    return {
        "records": records,
        "spans": rows(con, "SELECT count(*) FROM store.spans")[0][0],
        "recordings": recordings.facts(con),
        "first": first,
        "last": last,
        "without_time": without,
        "by_observed_time": observed,
        "time_ties": ties,
        "duplicate_record_ids": records - ids,
        "severities": dict(severities),
        "services": [list(s) for s in services[:20]],
        "services_total": sum(s is not None for s, _ in services),
        "sessions": sessions,
        "joined_by_trace": joined,
        "users": users,
        "traces": traces,
        "skew": _skew(con),
        "gaps": gaps,
        "size_bytes": size,
        "volume": {"every": every, "buckets": _volume(con, every, left, right), "outside": outside},
    }


def _times(con: duckdb.DuckDBPyConnection, first: int | None, last: int | None) -> tuple[int, list[list[int]]]:
    """How many records share their time with another, and the longest gaps: one pass over the times in order."""
    if first is None or last is None:
        return 0, []
    least = max((last - first) // 20, _MINUTE)
    ties, gaps = 0, []
    before, tied = None, False
    reader = con.sql(f"SELECT epoch_ns(time) AS t FROM store.logs WHERE {_between(first, last)} ORDER BY time")
    for batch in reader.to_arrow_reader(1 << 20):
        times = array(batch.column(0))
        if not len(times):
            continue
        joined = times if before is None else np.concatenate(([before], times))
        step = np.diff(joined)
        same = step == 0
        # A run of n equal times is n records: each equal step adds one, and the first of them one more.
        opened = same & ~np.concatenate(([tied], same[:-1])) if len(same) else same
        ties += int(same.sum() + opened.sum())
        gaps += [[int(joined[i]), int(joined[i + 1])] for i in np.flatnonzero(step >= least)]
        before, tied = int(joined[-1]), bool(same[-1]) if len(same) else tied
    return ties, sorted(gaps, key=lambda g: (g[0] - g[1], g[0]))[:5]


def _crowd(
    con: duckdb.DuckDBPyConnection, first: int | None, last: int | None, records: int, gaps: list[list[int]]
) -> tuple[int | None, int | None, int]:
    """First and last time of nearly all records, and how many of those with a time lie outside: a few wrong clocks
    (1970, a far future) would leave the others no room in a picture.
    """
    outside = 0
    for start, stop in gaps:
        if first is None or last is None or not first <= start < stop <= last:
            continue
        if stop - start < max((last - first) // 2, _FAR):
            continue
        before, after = (
            int(rows(con, f"SELECT count(*) FROM store.logs WHERE {_between(*side)}")[0][0])
            for side in ((first, start), (stop, last))
        )
        if outside + min(before, after) > max(records // 50, 3) or before == after:
            break
        outside += min(before, after)
        first, last = (first, start) if before > after else (stop, last)
    return first, last, outside


def _between(first: int, last: int) -> str:
    return f"time BETWEEN make_timestamp_ns({first}) AND make_timestamp_ns({last})"


def _skew(con: duckdb.DuckDBPyConnection) -> list[list[Any]]:
    """How much later than it happened each service's records were observed: median, least, most."""
    late = "epoch_ns(observed_timestamp) - epoch_ns(timestamp)"
    return [
        list(row)
        for row in rows(
            con,
            f"SELECT service_name, count(*), median({late})::BIGINT, min({late}), max({late}) FROM store.logs "
            "WHERE observed_timestamp IS NOT NULL AND timestamp IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 20",
        )
    ]


def _every(first: int | None, last: int | None) -> int:
    """A round width that gives at most about 60 buckets."""
    span = (last or 0) - (first or 0)
    return next((width for width in _WIDTHS if span / width <= 60), _WIDTHS[-1])


def _volume(con: duckdb.DuckDBPyConnection, every: int, first: int | None, last: int | None) -> list[list[Any]]:
    if first is None or last is None:
        return []
    bucket = f"epoch_ns(time) - ((epoch_ns(time) % {every}) + {every}) % {every}"
    sql = (
        f"SELECT {bucket}, severity, count(*) FROM store.logs WHERE {_between(first, last)} GROUP BY 1, 2 ORDER BY 1, 2"
    )
    return [list(row) for row in rows(con, sql)]
