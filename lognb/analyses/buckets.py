"""Buckets of time: which are shown, how wide they are, and how much of each was looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import count
from lognb.errors import LimitError, QueryError
from lognb.schema import LEVELS, SEVERITY, TIME

if TYPE_CHECKING:
    from lognb.logs import Logs

BUCKETS: Final = 120
"""`every="auto"` takes the narrowest round width that needs no more buckets than this."""

LEAST: Final = 0.1
"""A bucket of which less is covered says nothing about a rate."""

_MOST_BUCKETS: Final = 50_000


def window(logs: Logs) -> tuple[int, int]:
    """First and last nanosecond to show: all of the data that the query's window leaves."""
    first, last = logs.engine.overview["first"], logs.engine.overview["last"]
    if first is None:
        return 0, 0
    since, until = logs.query.since, logs.query.until
    first = first if since is None else max(first, since)
    last = last if until is None else min(last, until - 1)
    return first, max(first, last)


def width(every: str, span: int) -> int:
    """Nanoseconds of a length like "5m", or of the round width that fits."""
    if every == "auto":
        return _text.step(span, BUCKETS)
    wide = _text.length(every)
    if not wide:
        raise QueryError(f'every={every!r} is no length of time; write "10s", "5m", "1h30m" or "auto"')
    if span // wide > _MOST_BUCKETS:
        buckets = count(span // wide)
        raise LimitError(f'{buckets} buckets of {every} are more than a chart or a reader can take; every="auto" fits')
    return wide


def filled(counted: pl.DataFrame, first: int, last: int, every: int, of: str = "records") -> pl.DataFrame:
    """A row for each bucket and value of `by`: severities in their order, others by `of`, what is left over last."""
    if not counted.height:
        return counted
    values = counted.group_by("by", maintain_order=True).agg(pl.col(of).sum())
    rest = pl.col("by").str.starts_with("other (").fill_null(False)
    if set(values["by"]) <= set(LEVELS):
        values = values.sort(pl.col("by").cast(SEVERITY))
    else:
        values = values.sort(rest, of, descending=[False, True], maintain_order=True)
    full = edges(first, last, every).join(values.select("by"), how="cross", maintain_order="left_right")
    full = full.join(counted, on=["bucket", "by"], how="left", nulls_equal=True, maintain_order="left")
    return full.with_columns(pl.col(pl.UInt64, pl.Int64).exclude("bucket").fill_null(0))


def edges(first: int, last: int, every: int) -> pl.DataFrame:
    """The column `bucket` with each bucket between two times."""
    left, right = first // every * every, last // every * every
    return pl.DataFrame({"bucket": pl.int_range(left, right + 1, every, dtype=pl.Int64, eager=True).cast(TIME)})


def covered(first: int, last: int, every: int) -> pl.Expr:
    """How many ns of the `bucket` lie between the first and the last time that were looked at, both included."""
    at = pl.col("bucket").dt.timestamp("ns")
    return pl.min_horizontal(at + every, pl.lit(last + 1)) - pl.max_horizontal(at, pl.lit(first))


def column(by: str | None, taken: tuple[str, ...]) -> str:
    """The name of the column with the values of `by`: its own, unless the answer has another such column."""
    return "by" if by is None else f"attributes.{by}" if by in taken else by
