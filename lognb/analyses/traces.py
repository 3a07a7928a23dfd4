"""Every trace as one row; or the services, or operations, that their time goes to, beside an earlier time."""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._text import count, duration, number, plain, plural
from lognb.charts import traces as charts
from lognb.errors import QueryError
from lognb.result import Result

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs

_BY: Final = {None: (), "service": ("service_name",), "operation": ("service_name", "name", "kind")}
_Z: Final = 1.96  # 95 %


def traces(logs: Logs, *, by: str | None = None, baseline: Logs | None = None) -> Result:
    """One row a trace, the longest first; or one row a service or operation, what its own time is and how it fails.

    The traces are those of which these Logs have a record; where the query is at most a window, also those without a
    record whose root starts in it.

    Rows: `trace_id`; `root_service` and `root` (its name), `start` (Datetime ns, UTC) and `duration_ns` (Int64) of the
    root: the first span without a parent, else the first span; `extent_ns` (Int64) from the first start to the last end
    of any span, whatever their clocks; `spans` (UInt64), of which `errors` by their status and `missing_parents` whose
    parent is not there; `services` (UInt64) over spans and records; `records` (UInt64) of these Logs, of which
    `error_records` are error or fatal; `session` (String): the one that its spans and records name, null for none or
    several. A trace known by records alone has no duration. Spans without a trace id are one row, its id null.

    `by="service"` gives one row for each `service_name`, `by="operation"` one for each service, span `name` and `kind`,
    most own time first: `traces` (UInt64), in which it has a span or, a service, a record; `spans`, `errors`;
    `failed_traces`, in which one of its spans has the status error, or a record of the service is error or fatal;
    `self_ns` (Int64), the time of its spans in which none of their children runs (times as sent); `gap_ns`, the part of
    it in which clients wait for an answer; `self_per_trace_ns` (Int64, null where it has no trace); `p50_ns` and
    `p95_ns` (Int64), percentiles of its spans' durations, each that of a span.

    `baseline`, Logs of another time or kind, adds `traces_before`, `failed_traces_before`, `self_per_trace_before_ns`;
    `failing_more` (Float64, 0 to 1): by so much at least the failing share of its traces has grown: the lower bound of
    it less the upper bound of that before (Wilson's ranges of 95 %), 0 where they meet, and nothing less where it was
    not there; `slower` (Float64): own time a trace, over that before, null where it was not there. Rows that fail more
    stand first, then the slower. The sentence says who stands out.

    Raises QueryError for another `by`, or a baseline without one.
    """
    if by not in _BY:
        raise QueryError(f'by={by!r} is neither "service" nor "operation"')
    if baseline is not None and by is None:
        raise QueryError('a baseline compares services or operations: add by="service" or by="operation"')
    if by is None:
        frame = logs.engine.traces(logs.query)
        said, draw = _said(frame), charts.draw
    else:
        frame = _counted(logs, by)
        if baseline is not None:
            frame = _compared(frame, _counted(baseline, by), _BY[by])
        said = _found(frame) if baseline is not None else _spent(frame)
        draw = partial(charts.draw_services)
    return Result(
        frame=frame,
        sentence=said,
        title="Traces" if by is None else f"Traces by {by}",
        query=logs.query,
        sources=logs.sources,
        draw=draw,
    )


def _counted(logs: Logs, by: str) -> pl.DataFrame:
    frame = logs.engine.operations(logs.query, names=by == "operation")
    traces = pl.col("traces").cast(pl.Int64)
    each = pl.when(traces > 0).then(pl.col("self_ns") // traces).alias("self_per_trace_ns")
    numbers = ("traces", "spans", "errors", "failed_traces", "self_ns", "gap_ns", each, "p50_ns", "p95_ns")
    return frame.select(*_BY[by], *numbers)


def _compared(now: pl.DataFrame, before: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    then = before.select(
        *keys,
        traces_before="traces",
        failed_traces_before="failed_traces",
        self_per_trace_before_ns="self_per_trace_ns",
    )
    frame = now.join(then, on=keys, how="left", nulls_equal=True, maintain_order="left")
    frame = frame.with_columns(pl.col("traces_before", "failed_traces_before").fill_null(0))
    more = [
        max(0.0, _wilson(failed, of)[0] - (_wilson(failed_then, of_then)[1] if of_then else 0.0))
        for failed, of, failed_then, of_then in frame.select(
            "failed_traces", "traces", "failed_traces_before", "traces_before"
        ).rows()
    ]
    was = pl.col("self_per_trace_before_ns")
    frame = frame.with_columns(
        pl.Series("failing_more", more, dtype=pl.Float64),
        slower=pl.when(was > 0).then(pl.col("self_per_trace_ns") / was),
    )
    return frame.sort("failing_more", "slower", descending=True, nulls_last=True, maintain_order=True)


def _wilson(part: int, whole: int) -> tuple[float, float]:
    """The range in which a share lies, 95 % (Wilson, 1927); all of it where nothing was seen.

    >>> [round(p, 2) for p in _wilson(0, 7)], [round(p, 2) for p in _wilson(11, 11)]
    ([0.0, 0.35], [0.74, 1.0])
    """
    if not whole:
        return 0.0, 1.0
    p, z = part / whole, _Z * _Z / whole
    middle, half = (p + z / 2) / (1 + z), _Z * sqrt(p * (1 - p) / whole + z / (4 * whole)) / (1 + z)
    return max(0.0, middle - half), min(1.0, middle + half)


def _said(frame: pl.DataFrame) -> str:
    if not len(frame):
        return "no traces"
    parts = [plural(len(frame), "trace")]
    failed = frame.filter((pl.col("errors") > 0) | (pl.col("error_records") > 0))
    if len(failed):
        parts.append(f"{count(len(failed))} with errors")
    timed = frame.filter(pl.col("duration_ns").is_not_null())
    if len(timed):
        longest = timed.row(0, named=True)
        half = timed.row(len(timed) // 2, named=True)["duration_ns"]
        name = f"{_named(longest['root_service'], '(no service)')} {_named(longest['root'], '(no name)')}"
        parts.append(f"half take {duration(half)} or less, the longest {duration(longest['duration_ns'])} ({name})")
    orphans = frame.filter(pl.col("missing_parents") > 0).height
    if orphans:
        parts.append(f"{count(orphans)} with spans whose parent is missing")
    silent = frame.filter(pl.col("spans") == 0).height
    if silent:
        parts.append(f"{count(silent)} known by records alone")
    return "; ".join(parts)


def _spent(frame: pl.DataFrame) -> str:
    if not len(frame):
        return "no spans"
    best = frame.row(0, named=True)
    waits = f", {duration(best['gap_ns'])} of it waiting for answers" if best["gap_ns"] else ""
    parts = [f"most own time: {_who(best)} with {duration(best['self_ns'])}{waits}"]
    failing = frame.filter(pl.col("failed_traces") > 0)
    if len(failing):
        share = (pl.col("failed_traces") / pl.col("traces")).alias("share")
        worst = failing.sort(share, descending=True, maintain_order=True).row(0, named=True)
        parts.append(f"{_who(worst)} fails in {count(worst['failed_traces'])} of {plural(worst['traces'], 'trace')}")
    return "; ".join(parts)


def _found(frame: pl.DataFrame) -> str:
    """Who stands out against the baseline."""
    if not len(frame):
        return "no spans"
    best = frame.row(0, named=True)
    if best["failing_more"] > 0:
        before = f"before in {count(best['failed_traces_before'])} of {count(best['traces_before'])}"
        before = before if best["traces_before"] else "and was not there before"
        return f"{_who(best)} fails in {count(best['failed_traces'])} of {plural(best['traces'], 'trace')}, {before}"
    slow = frame.filter(pl.col("slower") > 1)
    if not len(slow):
        return "nothing fails more often or takes longer than before"
    best = slow.sort("slower", descending=True, maintain_order=True).row(0, named=True)
    then, now = duration(best["self_per_trace_before_ns"]), duration(best["self_per_trace_ns"])
    return (
        f"nothing fails more often; {_who(best)} takes {number(best['slower'])} times its time: {then} → {now} a trace"
    )


def _who(row: dict[str, Any]) -> str:
    service = _named(row["service_name"], "(no service)")
    return f"{service} {_named(row['name'], '(no name)')}" if "name" in row else service


def _named(text: str | None, absent: str) -> str:
    return plain(text, 60) if text else absent
