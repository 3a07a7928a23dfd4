"""How many records, when, and of which kind: the first chart of every investigation."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import HOUR, MINUTE, SECOND, clock, count, duration, plural, share, size
from lognb.analyses import buckets
from lognb.analyses.stretches import busiest, crowd, finding, when
from lognb.charts import volume as charts
from lognb.errors import QueryError
from lognb.query import Query
from lognb.result import Result
from lognb.schema import SEVERITY

if TYPE_CHECKING:
    from lognb.logs import Logs

_PER: Final = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": 24 * HOUR}
_TAKEN: Final = ("bucket", "records", "bytes", "partial")


def volume(
    logs: Logs,
    *,
    every: str = "auto",
    by: str | None = "severity",
    of: str = "records",
    per: str | None = None,
    cumulative: bool = False,
    earlier: str | None = None,
    top: int = 12,
) -> Result:
    """Count records, and their bytes, in buckets of `every`, split `by` a field.

    Rows: `bucket` (Datetime ns, UTC, left edge, a multiple of `every` since 1970), the `by` value (a column named
    like the field; null = the record has none; values beyond the `top` with most records are one "other (N more)"),
    `records` (UInt64), `bytes` (Int64), `partial` (Boolean). Buckets without a record are filled with 0, over the part
    of the data that the query's window leaves. A bucket is partial if that part, from the first of all records or the
    window's begin to the last of all records or the window's end, does not cover all of it: the first or the last.
    Records without a time are left out and counted in the sentence. The sentence names the stretch of buckets where
    errors (severity error or fatal) are most beyond their usual share, and their share there and elsewhere; without
    errors, the busiest stretch. Where a few far-off times leave no room for the others, it says when those were.

    `of="bytes"` ranks values, draws and speaks of bytes. One of these adds a column, named after `of`, and draws it:
    `per` ("second", "minute", "hour", "day") adds `records_per_minute` (Float64): a rate, over the covered part of the
    bucket, null where that is less than a tenth of it. `cumulative` adds `records_so_far`, up to the end of the bucket.
    `earlier` ("1d", "7d", any length) adds `records_earlier`: the same value in the same stretch of time so much
    earlier, whatever the window's begin; null where the data does not reach back to all of it.

    `every` is a length like "10s", "5m", "1h30m"; "auto" gives about 60 to 120 buckets of a round width.
    Raises FieldError if no record has `by`, QueryError for an `every` or `earlier` that is no length and for views
    that exclude each other, LimitError if there would be over 50,000 buckets.
    """
    shift = _checked(of, per, cumulative, earlier)
    first, last = buckets.window(logs)
    width = buckets.width(every, last - first)
    query = logs.query & Query((), first, last + 1) if shift else logs.query
    counted = logs.engine.volume(query, width, by, top, of=of, earlier=shift)
    name = buckets.column(by, (*_TAKEN, *(f"{of}_{end}" for end in ("earlier", "so_far", f"per_{per}"))))
    frame = buckets.filled(counted, first, last, width, of)
    covered = buckets.covered(first, last, width)
    frame = frame.with_columns(covered=covered).with_columns(partial=pl.col("covered") < width)
    frame, drawn = _view(frame, of, width, per, cumulative)
    if shift:
        frame = _compared(frame, of, logs.engine.overview["first"], shift, first)
    frame = frame.select("bucket", *(["by"] if by else []), "records", "bytes", "partial", pl.col(f"^{of}_.*$"))
    frame = frame.rename({"by": name}, strict=False)
    if by == "severity":
        frame = frame.with_columns(pl.col(name).cast(SEVERITY))
    draw = partial(charts.draw, by=None if by is None else name, every=width, of=of, column=drawn, earlier=earlier)
    return Result(
        frame=frame,
        sentence=_sentence(logs, frame, counted if by == "severity" and not shift else None, width, of, drawn, earlier),
        title=("Bytes" if of == "bytes" else "Volume") + ("" if by is None else f" by {_text.plain(by)}"),
        query=logs.query,
        sources=logs.sources,
        draw=draw,
    )


def _checked(of: str, per: str | None, cumulative: bool, earlier: str | None) -> int:
    """Nanoseconds of `earlier`, 0 for none; raises QueryError for what cannot be asked."""
    if of not in ("records", "bytes"):
        raise QueryError(f'of={of!r} is neither "records" nor "bytes"')
    if per is not None and per not in _PER:
        raise QueryError(f"per={per!r} is none of {', '.join(map(repr, _PER))}")
    if (per is not None) + cumulative + (earlier is not None) > 1:
        raise QueryError("per, cumulative and earlier are three views; ask for one at a time")
    shift = 0 if earlier is None else _text.length(earlier)
    if shift is None or (earlier is not None and not shift):
        raise QueryError(f'earlier={earlier!r} is no length of time; write "1d", "7d" or "1h30m"')
    return shift


def _view(frame: pl.DataFrame, of: str, width: int, per: str | None, cumulative: bool) -> tuple[pl.DataFrame, str]:
    """The frame with the column that is asked for, and its name."""
    if per is not None:
        rate = pl.col(of) * (_PER[per] / pl.col("covered"))
        enough = pl.col("covered") >= buckets.LEAST * width
        return frame.with_columns(pl.when(enough).then(rate).alias(f"{of}_per_{per}")), f"{of}_per_{per}"
    if cumulative:
        return frame.with_columns(pl.col(of).cum_sum().over("by").alias(f"{of}_so_far")), f"{of}_so_far"
    return frame, of


def _compared(frame: pl.DataFrame, of: str, begin: int | None, shift: int, first: int) -> pl.DataFrame:
    """Null instead of 0 where there is no data so much earlier; only the measure that was asked for."""
    start = pl.max_horizontal(pl.col("bucket").dt.timestamp("ns"), pl.lit(first))
    known = start - shift >= pl.lit(begin)
    other = "bytes" if of == "records" else "records"
    return frame.with_columns(pl.when(known).then(pl.col(f"{of}_earlier"))).drop(f"{other}_earlier")


def _sentence(
    logs: Logs,
    frame: pl.DataFrame,
    severities: pl.DataFrame | None,
    width: int,
    of: str,
    drawn: str,
    earlier: str | None,
) -> str:
    total = len(logs)
    first, last = logs.engine.window(logs.query)
    if first is None or last is None:
        none = f"{plural(total, 'record')}, none with a time" if total else "no records"
        return none if earlier is None or not frame.height else f"{none}; {_said_earlier(frame, of, width, earlier)}"
    if severities is None:
        severities = logs.engine.volume(logs.query, width, "severity")
    errors = pl.col(of).filter(pl.col("by").is_in(("error", "fatal"))).sum()
    grouped = severities.group_by("bucket").agg(pl.col("records", "bytes").sum(), errors=errors).sort("bucket")
    grouped = grouped.with_columns(pl.col("bucket").dt.timestamp("ns"))
    timed = int(grouped["records"].sum())
    rows = grouped.select("bucket", of, "errors").rows()
    head = (
        plural(timed, "record")
        if of == "records"
        else f"{size(int(grouped['bytes'].sum()))} in {plural(timed, 'record')}"
    )
    head += f" in {duration(last - first)}" if last > first and of == "records" else ""
    lost = f"; {plural(total - timed, 'record')} without a time left out" if timed < total else ""
    shown = frame["bucket"].n_unique()
    if earlier is not None:
        said = _said_earlier(frame, of, width, earlier)
    elif drawn == f"{of}_so_far":
        said = _said_so_far(rows, width, of)
    elif drawn != of:
        said = _said_rate(frame, drawn, width, of)
    elif of == "bytes":
        said = _said_bytes(rows, width, shown)
    else:
        said = finding(rows, width, shown)
    return f"{head}; {said}{crowd(logs, rows, width)}{lost}"


def _said_bytes(rows: list[tuple[int, int, int]], width: int, shown: int) -> str:
    since, until = busiest(rows, width, shown)
    inside, total = (sum(n for at, n, _ in rows if a <= at < b) for a, b in ((since, until), (-(2**63), 2**63)))
    return f"most at {when(since, until, width, rows)}: {size(inside)} ({share(inside, total)})"


def _said_rate(frame: pl.DataFrame, drawn: str, width: int, of: str) -> str:
    """The highest bucket, against the median of those that are covered."""
    whole = frame.group_by("bucket", maintain_order=True).agg(pl.col(drawn).sum(), pl.col(drawn).count().alias("n"))
    whole = whole.filter(pl.col("n") > 0)
    if not whole.height:
        return "too short for a rate"
    at, most = whole.sort(drawn, descending=True, maintain_order=True).row(0)[:2]
    since = frame.select(pl.lit(at).dt.timestamp("ns")).item()
    unit = drawn.replace("_", " ").removeprefix("bytes ")
    edges = frame["bucket"].dt.timestamp("ns")
    ends = [(int(edges[0]), 0, 0), (int(edges[-1]), 0, 0)]
    peak = f"{_amount(most, of)} {unit.removeprefix('records ')}"
    usual = _amount(float(whole[drawn].median() or 0), of)  # type: ignore[arg-type]
    return f"at most {peak} at {when(since, since + width, width, ends)}, half of the time up to {usual}"


def _said_so_far(rows: list[tuple[int, int, int]], width: int, of: str) -> str:
    """When half and when nine tenths were there."""
    total, so_far = sum(n for _, n, _ in rows), 0
    when_reached: dict[int, int] = {}
    for at, n, _ in rows:
        so_far += n
        for part in (50, 90):
            if 100 * so_far >= part * total:
                when_reached.setdefault(part, at + width)
    several = rows[0][0] // _text.DAY != rows[-1][0] // _text.DAY
    half, most = (
        (f"{_text.day(t)}, " if several else "") + clock(t, width) for t in (when_reached[50], when_reached[90])
    )
    return f"half of the {of} by {half}, 90 % by {most} UTC"


def _said_earlier(frame: pl.DataFrame, of: str, width: int, earlier: str) -> str:
    """Both counts where both are known, and the stretch that grew most."""
    ago = f"{duration(_text.length(earlier) or 0)} earlier"
    known = frame.filter(pl.col(f"{of}_earlier").is_not_null())
    if not known.height:
        return f"no data {ago}"
    both = known.group_by("bucket", maintain_order=True).agg(pl.col(of, f"{of}_earlier").sum())
    now, then = int(both[of].sum()), int(both[f"{of}_earlier"].sum())
    amount = size if of == "bytes" else count
    part = "" if known.height == frame.height else " of them"
    text = f"{amount(now)}{part} against {amount(then)}, {ago}"
    text += f" ({_change(now, then)})" if then else ""
    both = both.with_columns(
        pl.col("bucket").dt.timestamp("ns"), more=pl.col(of).cast(pl.Int64) - pl.col(f"{of}_earlier")
    )
    at, here, there, more = both.sort("more", descending=True, maintain_order=True).row(0)
    rows = [(int(t), 0, 0) for t in both["bucket"]]
    if more <= 0:
        return text
    return f"{text}; most beyond at {when(at, at + width, width, rows)}: {amount(here)} against {amount(there)}"


def _change(now: int, then: int) -> str:
    percent = 100 * (now - then) / then
    if now == then:
        return "the same"
    sign = "+" if now > then else "−"
    return f"{sign}{abs(percent):.0f} %" if abs(percent) >= 1 else f"{sign}<1 %"


def _amount(value: float, of: str) -> str:
    return size(round(value)) if of == "bytes" else _text.number(value)
