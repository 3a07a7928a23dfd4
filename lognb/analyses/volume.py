"""How many records, when, and of which kind: the first chart of every investigation."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import DAY, clock, count, duration, plural, share
from lognb.charts import volume as charts
from lognb.errors import LimitError, QueryError
from lognb.query import Query
from lognb.result import Result
from lognb.schema import LEVELS, SEVERITY, TIME

if TYPE_CHECKING:
    from lognb.logs import Logs

BUCKETS: Final = 120
"""`every="auto"` takes the narrowest round width that needs no more buckets than this."""

Bucket = tuple[int, int, int]  # left edge in ns, records, errors

_MOST_BUCKETS: Final = 50_000
_ERRORS: Final = ("error", "fatal")
_FEW: Final = 5  # fewer errors have no peak


def volume(logs: Logs, *, every: str = "auto", by: str | None = "severity") -> Result:
    """Count records in buckets of `every`, split `by` a field.

    Rows: `bucket` (Datetime ns, UTC, left edge, a multiple of `every` since 1970), the `by` value (a column named
    like the field; null = the record has none; values beyond the twelve most frequent are one "other (N more)"),
    `records` (UInt64), `bytes` (Int64). Buckets without a record are filled with 0, over the part of the data that
    the query's window leaves. Records without a time are left out and counted in the sentence. The sentence names the
    stretch of buckets where errors (severity error or fatal) are most beyond their usual share, and their share there
    and elsewhere; without errors, the busiest stretch. Where a few far-off times leave no room for the others, it says
    when those were.

    `every` is a length like "10s", "5m", "1h30m"; "auto" gives about 60 to 120 buckets of a round width.
    Raises FieldError if no record has `by`, QueryError for an `every` that is no length, LimitError if there would
    be over 50,000 buckets.
    """
    query, engine = logs.query, logs.engine
    first, last = _range(logs)
    width = _width(every, last - first)
    counted = engine.volume(query, width, by).with_columns(pl.col("bucket").cast(TIME))
    name = "by" if by is None else by if by not in ("bucket", "records", "bytes") else f"attributes.{by}"
    frame = _filled(counted, first, last, width).rename({"by": name}, strict=False)
    if by is None:
        frame = frame.drop("by", strict=False)
    elif by == "severity":
        frame = frame.with_columns(pl.col(name).cast(SEVERITY))
    severities = counted if by == "severity" else engine.volume(query, width, "severity")
    return Result(
        frame=frame,
        sentence=_sentence(logs, severities, width, last // width - first // width + 1),
        title="Volume" if by is None else f"Volume by {_text.plain(by)}",
        query=query,
        sources=logs.sources,
        draw=partial(charts.draw, by=None if by is None else name, every=width),
    )


def _range(logs: Logs) -> tuple[int, int]:
    """First and last nanosecond to show: all of the data that the query's window leaves."""
    first, last = logs.engine.overview["first"], logs.engine.overview["last"]
    if first is None:
        return 0, 0
    since, until = logs.query.since, logs.query.until
    first = first if since is None else max(first, since)
    last = last if until is None else min(last, until - 1)
    return first, max(first, last)


def _width(every: str, span: int) -> int:
    if every == "auto":
        return _text.step(span, BUCKETS)
    width = _text.length(every)
    if not width:
        raise QueryError(f'every={every!r} is no length of time; write "10s", "5m", "1h30m" or "auto"')
    if span // width > _MOST_BUCKETS:
        buckets = count(span // width)
        raise LimitError(f'{buckets} buckets of {every} are more than a chart or a reader can take; every="auto" fits')
    return width


def _filled(counted: pl.DataFrame, first: int, last: int, width: int) -> pl.DataFrame:
    if not counted.height:
        return counted
    left, right = first // width * width, last // width * width
    buckets = pl.DataFrame({"bucket": pl.int_range(left, right + 1, width, dtype=pl.Int64, eager=True).cast(TIME)})
    values = counted.group_by("by", maintain_order=True).agg(pl.col("records").sum())
    rest = pl.col("by").str.starts_with("other (").fill_null(False)
    if set(values["by"]) <= set(LEVELS):
        values = values.sort(pl.col("by").cast(SEVERITY))
    else:
        values = values.sort(rest, "records", descending=[False, True], maintain_order=True)
    full = buckets.join(values.select("by"), how="cross", maintain_order="left_right")
    full = full.join(counted, on=["bucket", "by"], how="left", nulls_equal=True, maintain_order="left")
    return full.with_columns(
        pl.col("records").cast(pl.UInt64).fill_null(0),
        pl.col("bytes").cast(pl.Int64).fill_null(0),
    )


def _sentence(logs: Logs, severities: pl.DataFrame, width: int, shown: int) -> str:
    total, timed = len(logs), int(severities["records"].sum())
    first, last = logs.engine.window(logs.query)
    if first is None or last is None:
        return f"{plural(total, 'record')}, none with a time" if total else "no records"
    buckets = severities.group_by("bucket").agg(
        pl.col("records").sum(),
        errors=pl.col("records").filter(pl.col("by").is_in(_ERRORS)).sum(),
    )
    rows = buckets.sort("bucket").select(pl.col("bucket").dt.timestamp("ns"), "records", "errors").rows()
    head = f"{plural(timed, 'record')} in {duration(last - first)}" if last > first else plural(timed, "record")
    lost = f"; {plural(total - timed, 'record')} without a time left out" if timed < total else ""
    return f"{head}; {_finding(rows, width, shown)}{_crowd(logs, rows, width)}{lost}"


def _finding(rows: list[Bucket], width: int, shown: int) -> str:
    total, errors = sum(r for _, r, _ in rows), sum(e for _, _, e in rows)
    if not 0 < errors < total:
        kind = "all errors" if errors else "no errors"
        since, until = _busiest(rows, width, shown)
        when = _when(since, until, width, rows)
        inside = sum(r for at, r, _ in rows if since <= at < until)
        if inside == total:
            return f"{kind}; all at {when}"
        return f"{kind}; busiest {when}: {count(inside)} ({share(inside, total)})"
    if errors < _FEW:
        at = [at for at, _, e in rows if e]
        return f"{plural(errors, 'error')} ({share(errors, total)}) at {_when(at[0], at[-1] + width, width, rows)}"
    since, until = _peak(rows, width, errors / total)
    inside = sum(r for at, r, _ in rows if since <= at < until)
    bad = sum(e for at, _, e in rows if since <= at < until)
    text = f"errors peak at {_when(since, until, width, rows)}: {count(bad)} of {count(inside)} ({share(bad, inside)})"
    return text + (f", {share(errors - bad, total - inside)} elsewhere" if total > inside else "")


def _crowd(logs: Logs, rows: list[Bucket], width: int) -> str:
    """Where most records are, if a gap leaves next to no room for them: a few wrong clocks can do that to a chart."""
    gaps = [(later[0] - sooner[0], later[0]) for sooner, later in pairwise(rows)]
    gap, edge = max(gaps, default=(0, 0))
    if gap <= 0.9 * (rows[-1][0] + width - rows[0][0]):
        return ""
    sides = [logs.query & Query((), until=edge), logs.query & Query((), since=edge)]
    side = max(sides, key=logs.engine.count)
    first, last = logs.engine.window(side)
    if first is None or last is None:
        return ""
    crowd = f"{count(logs.engine.count(side))} of them within {duration(last - first)}"
    return f"; {crowd} from {_text.day(first)}, {clock(first)} UTC on"


def _peak(rows: list[Bucket], width: int, usual: float) -> tuple[int, int]:
    """The stretch with the most errors beyond 1.5 times the usual share; else the bucket with the most errors.

    A stretch, since a fault lasts: single buckets of a quiet service hold too few errors to say when it began.
    """
    found = _stretch([(at, errors - 1.5 * usual * records) for at, records, errors in rows])
    inside = sum(e for at, _, e in rows if found and found[0] <= at <= found[1])
    if found and inside >= _FEW:
        return found[0], found[1] + width
    at = max(rows, key=lambda row: (row[2], -row[0]))[0]
    return at, at + width


def _busiest(rows: list[Bucket], width: int, shown: int) -> tuple[int, int]:
    """The stretch with the most records beyond 1.5 times the mean of the `shown` buckets, empty ones too."""
    mean = sum(r for _, r, _ in rows) / shown
    scores: list[tuple[int, float]] = []
    for at, records, _ in rows:
        if scores and (empty := (at - scores[-1][0]) // width - 1):
            scores.append((at - width, -1.5 * mean * empty))
        scores.append((at, records - 1.5 * mean))
    found = _stretch(scores)
    at = max(rows, key=lambda row: (row[1], -row[0]))[0]
    return (found[0], found[1] + width) if found else (at, at + width)


def _stretch(scores: list[tuple[int, float]]) -> tuple[int, int] | None:
    """First and last place of the run with the largest sum (Kadane's scan); None if no score is above 0."""
    best, found, running, start = 0.0, None, 0.0, 0
    for at, score in scores:
        if running <= 0:
            running, start = 0.0, at
        running += score
        if running > best:
            best, found = running, (start, at)
    return found


def _when(since: int, until: int, width: int, rows: list[Bucket]) -> str:
    if rows[0][0] // DAY == rows[-1][0] // DAY:
        return f"{clock(since, width)}–{clock(until, width)} UTC"
    return _text.window(since, until, width)
