"""The numbers of a field: how they are spread, over time, by the values of another."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _text
from lognb._text import count, measure, plural
from lognb.analyses import buckets
from lognb.analyses.stretches import when
from lognb.charts import stats as charts
from lognb.errors import QueryError
from lognb.result import Result
from lognb.schema import LEVELS, SEVERITY

if TYPE_CHECKING:
    from lognb.logs import Logs

PERCENTILES: Final = ("p5", "p25", "p50", "p75", "p90", "p95", "p99")

_COUNTS: Final = ("records", "nan", "infinite", "other")


def stats(logs: Logs, field: str, *, every: str | None = None, by: str | None = None, top: int = 12) -> Result:
    """Measure the numbers of a field: of each bucket of `every` if given, of each value of `by` if given.

    Rows: `bucket` (Datetime ns, UTC, left edge; with `every`), the `by` value (a column named like the field; null = no
    value; values beyond the `top` with most records are one "other (N more)"), `records` (UInt64, those with a finite
    number), `min`, `p5`, `p25`, `p50`, `p75`, `p90`, `p95`, `p99`, `max`, `mean`, `sum` (null where `records`
    is 0), `nan`, `infinite` and `other` (UInt64: the field is not a number, infinite, or no number but text, true or
    false, a list …); without `every` also `histogram`. Records that lack the field are only counted in the sentence; so
    the counts of all rows add up to the records that have it. With `every`, records without a time are left out.

    Whole numbers and fractions count together, text that looks like a number does not. A percentile is the number of a
    record, with nothing interpolated: the smallest that at least so many per cent do not exceed. Whole numbers keep all
    digits (Int64, or Int128 if that is too short); where the field also has fractions, everything is Float64, and the
    sentence counts the integers beyond 2^53 that were rounded. `histogram` is a list of {`low`, `high`, `records`},
    half-open bins with round edges, the same in all rows; they widen where a few numbers are far larger than most.
    A unit that the field's name states (_ns, _us, _ms, _s, _bytes) is said with the numbers.

    Raises FieldError for a field that no record has, QueryError if none of the records has a number in it or for an
    `every` that is no length, LimitError if there would be over 50,000 buckets.
    """
    first, last = buckets.window(logs)
    width = None if every is None else buckets.width(every, last - first)
    measured = logs.engine.stats(logs.query, field, width, by, top)
    if not measured["records"].sum():
        raise QueryError(_no_number(measured, field))
    rounded = int(measured["rounded"].sum())
    taken = ("bucket", *_COUNTS, "min", *PERCENTILES, "max", "mean", "sum", "histogram")
    name = buckets.column(by, taken)
    frame = measured if width is None else _filled(measured, first, last, width, by)
    order = [
        "bucket",
        "by",
        "records",
        "min",
        *PERCENTILES,
        "max",
        "mean",
        "sum",
        "nan",
        "infinite",
        "other",
        "histogram",
    ]
    frame = frame.select(c for c in order if c in frame.columns).rename({"by": name}, strict=False)
    if by == "severity":
        frame = frame.with_columns(pl.col(name).cast(SEVERITY))
    split = None if by is None else name
    return Result(
        frame=frame,
        sentence=_sentence(logs, frame, field, split, width) + _left_out(logs, measured, rounded),
        title=_title(field, by),
        query=logs.query,
        sources=logs.sources,
        draw=partial(charts.draw, field=field, by=split, every=width),
    )


def _title(field: str, by: str | None) -> str:
    word = _text.unit(field)[0]
    return _text.plain(field) + (f", {word}" if word else "") + (f", by {_text.plain(by)}" if by else "")


def _no_number(measured: pl.DataFrame, field: str) -> str:
    name = _text.plain(field)
    there = {c: int(measured[c].sum()) for c in _COUNTS[1:]}
    if not any(there.values()):
        return f"none of these records has {name}" + (" and a time" if "bucket" in measured.columns else "")
    kinds = [
        f"{count(n)} {word}"
        for n, word in zip(there.values(), ("NaN", "infinite", "text or other values"), strict=True)
        if n
    ]
    return f"{name} is never a number in these records: {', '.join(kinds)}; logs.facets({name!r}) counts its values"


def _filled(measured: pl.DataFrame, first: int, last: int, width: int, by: str | None) -> pl.DataFrame:
    """A row for each bucket and value; the values with most records first."""
    frame = measured if by is not None else measured.with_columns(by=pl.lit(None, pl.String))
    had = pl.sum_horizontal(*_COUNTS)
    values = frame.group_by("by", maintain_order=True).agg(had.sum().alias("had"))
    rest = pl.col("by").str.starts_with("other (").fill_null(False)
    values = (
        values.sort(pl.col("by").cast(SEVERITY))
        if set(values["by"]) <= set(LEVELS)
        else values.sort(rest, "had", descending=[False, True], maintain_order=True)
    )
    full = buckets.edges(first, last, width).join(values.select("by"), how="cross", maintain_order="left_right")
    full = full.join(frame, on=["bucket", "by"], how="left", nulls_equal=True, maintain_order="left")
    full = full.with_columns(pl.col(*_COUNTS).fill_null(0))
    return full if by is not None else full.drop("by")


def _sentence(logs: Logs, frame: pl.DataFrame, field: str, split: str | None, width: int | None) -> str:
    total = int(frame["records"].sum())
    head = f"{plural(total, 'record')} with a number in {_text.plain(field)}"
    if split is None and width is None:
        row = frame.row(0, named=True)
        low, mid, high, most = (measure(row[c], field) for c in ("min", "p50", "p95", "max"))
        return f"{head}: median {mid}, 95 % up to {high}; from {low} to {most}"
    frame = frame if width is None else frame.with_columns(pl.col("bucket").dt.timestamp("ns"))
    ends = (0, 0) if width is None else (int(frame["bucket"][0]), int(frame["bucket"][-1]))
    had = frame.filter(pl.col("records") > 0)
    if width is not None:
        # A bucket with few records has no 95th percentile to speak of: it is its largest number.
        median = pl.col("records").median()
        had = had.filter(pl.col("records") * 2 >= (median if split is None else median.over(split)))
    ranked = had.sort("p95", descending=True, maintain_order=True)
    best = ranked.row(0, named=True)
    text = f"{head}; 95th percentile highest {_place(best, split, width, ends)}: {measure(best['p95'], field)}"
    if ranked.height < 2:
        return text
    if width is not None:
        usual: Any = ranked["p95"].median()
        return f"{text}, half of the {'rows' if split else 'buckets'} up to {measure(usual, field)}"
    last = ranked.row(-1, named=True)
    if last["p95"] == best["p95"]:
        return f"{head}; 95th percentile {measure(best['p95'], field)} for each value"
    return f"{text}, lowest {_place(last, split, width, ends)}: {measure(last['p95'], field)}"


def _place(row: dict[str, Any], split: str | None, width: int | None, ends: tuple[int, int]) -> str:
    parts = []
    if split is not None:
        value = row[split]
        parts.append(f"for {_text.plain(value, 40) if value is not None else f'records without {_text.plain(split)}'}")
    if width is not None:
        parts.append(f"at {when(row['bucket'], row['bucket'] + width, width, [(ends[0], 0, 0), (ends[1], 0, 0)])}")
    return " ".join(parts)


def _left_out(logs: Logs, measured: pl.DataFrame, rounded: int) -> str:
    words = {"nan": "NaN", "infinite": "infinite", "other": "no number"}
    odd = [f"{count(n)} {word}" for c, word in words.items() if (n := int(measured[c].sum()))]
    lack = len(logs) - int(measured.select(pl.sum_horizontal(pl.col(*_COUNTS).sum())).item())
    parts = [f"; {', '.join(odd)}"] if odd else []
    parts += (
        [f"; {plural(lack, 'record')} without it" + (" or a time" if "bucket" in measured.columns else "")]
        if lack
        else []
    )
    parts += [f"; {plural(rounded, 'integer')} beyond 2^53 rounded"] if rounded else []
    return "".join(parts)
