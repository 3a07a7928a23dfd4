"""Times in any column -> nanoseconds since 1970, UTC. What cannot be read is left to the caller, never guessed.

Numbers: the units s, ms, µs and ns put the years 2000 to 2100 into ranges that do not meet, so each value says its
own unit. Text: ISO 8601 with or without zone, a comma or a point before the fraction, and the time of access logs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections import Counter

UNITS: Final = {"s": 10**9, "ms": 10**6, "µs": 10**3, "ns": 1}
_WORDS: Final = {"s": "seconds", "ms": "milliseconds", "µs": "microseconds", "ns": "nanoseconds"}
_FIRST, _LAST = 946_684_800, 4_102_444_800  # 2000 and 2100
_MAX: Final = 2**63 - 1

_NUMBER: Final = r"^\s*[+-]?\d{1,19}(?:\.\d+)?\s*$"
_POWER: Final = r"^\s*[+-]?\d+(?:\.\d+)?[eE][+-]?\d{1,3}\s*$"
_ISO: Final = (
    r"^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d+))?)?"
    r"\s*(?i:(z|utc|gmt)|([+-])(\d\d):?(\d\d)?)?\s*$"
)
_ACCESS: Final = r"^\s*\[?(\d\d/[A-Z][a-z][a-z]/\d{4}:\d\d:\d\d:\d\d) ([+-])(\d\d)(\d\d)\]?\s*$"


def nanoseconds(column: pl.Series, notes: Counter[str], unit: str = "") -> tuple[pl.Series, pl.Series]:
    """(Int64 nanoseconds, null where absent or not readable; the rows, as Boolean, whose value was not readable).

    `unit` of numbers, if it is known; 0 and "" are absent.
    """
    kind = column.dtype
    if isinstance(kind, pl.Datetime):
        if kind.time_zone is None:
            notes["time without a zone, read as UTC"] += len(column) - column.null_count()
        ns = _datetime(column)
    elif kind == pl.Date:
        notes["time without a zone, read as UTC"] += len(column) - column.null_count()
        ns = _datetime(column.cast(pl.Datetime("us")))
    elif kind.is_numeric() and not kind.is_decimal():
        ns = _numbers(column, notes, unit)
    elif kind == pl.String or kind.is_decimal():
        column = column.cast(pl.String)
        absent = column.str.strip_chars() == ""
        column = column.set(absent.fill_null(value=False), None)
        ns = _text(column, notes, unit)
    else:
        ns = pl.repeat(None, len(column), dtype=pl.Int64, eager=True)
    return ns, column.is_not_null() & ns.is_null()


def relative(column: pl.Series) -> str | None:
    """ "0.5 to 12.5" if all values are small numbers or lengths of time: counted from a start, not times of day."""
    texts = column.cast(pl.String, strict=False).drop_nulls() if column.dtype != pl.Binary else column.clear()
    texts = texts.filter(texts.str.strip_chars() != "")
    if not len(texts) or not texts.str.contains(_LENGTH).all():
        return None
    numbers = texts.str.extract(r"(\d+(?:\.\d+)?)", 1).cast(pl.Float64)
    least, most = texts[numbers.arg_min() or 0], texts[numbers.arg_max() or 0]
    return f"{least} to {most}" if numbers.max() < _FIRST // 10 else None  # type: ignore[operator]


_LENGTH: Final = r"^\s*[+]?(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|ms|s|sec|m|min|h)?|\d+:\d\d(?::\d\d)?(?:\.\d+)?)\s*$"


def _datetime(column: pl.Series) -> pl.Series:
    """Null beyond the years 1677 to 2262, which nanoseconds can hold."""
    return column.dt.replace_time_zone(None).cast(pl.Datetime("ns"), strict=False).cast(pl.Int64)


def _numbers(column: pl.Series, notes: Counter[str], unit: str) -> pl.Series:
    whole = column.cast(pl.Int64, strict=False)
    if unit:
        # A time before 1970, and one that Int64 cannot hold, is none.
        return _scaled(column, whole, UNITS[unit]).to_frame("ns").select(
            pl.when(pl.col("ns") >= 0).then(pl.col("ns"))
        ).to_series()  # fmt: skip
    out = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(column))
    zero = (whole == 0).fill_null(value=False)
    out = out.set(zero, 0)
    for name, factor in UNITS.items():
        low, high = _FIRST * 10**9 // factor, _LAST * 10**9 // factor
        mine = ((whole >= low) & (whole < high)).fill_null(value=False)
        if count := int(mine.sum()):
            notes[f"times that are numbers, read as {_WORDS[name]} since 1970 by their magnitude"] += count
            at = mine.arg_true()
            out = out.scatter(at, _scaled(column.gather(at), whole.gather(at), factor))
    return out


def _scaled(column: pl.Series, whole: pl.Series, factor: int) -> pl.Series:
    """In nanoseconds; the fraction of a number that has one is rounded, since a double is not exact there."""
    fits = (whole.abs() <= _MAX // factor).fill_null(value=False)
    ns = whole.set(~fits, None) * factor
    if column.dtype.is_float() and factor > 1:
        ns = ns + ((column - whole.cast(pl.Float64)) * factor).round().cast(pl.Int64, strict=False)
    return ns


def _text(column: pl.Series, notes: Counter[str], unit: str) -> pl.Series:
    """Numbers written as text, then dates; an exact fraction is taken from the text, not through a double."""
    number = column.str.contains(_NUMBER).fill_null(value=False)
    out = pl.Series([None], dtype=pl.Int64).new_from_index(0, len(column))
    if number.any():
        at = number.arg_true()
        parts = column.gather(at).str.strip_chars().str.split_exact(".", 1).struct.unnest()
        whole = parts["field_0"].cast(pl.Int64, strict=False)
        ns = _numbers(whole, notes, unit)
        size = pl.select(pl.when(pl.lit(whole) != 0).then(pl.lit(ns) // pl.lit(whole))).to_series()
        digits = parts["field_1"].fill_null("").str.pad_end(9, "0").str.slice(0, 9).cast(pl.Int64)
        out = out.scatter(at, ns + (digits * size.fill_null(0) // 10**9))
    power = column.str.contains(_POWER).fill_null(value=False)
    if power.any():
        at = power.arg_true()
        out = out.scatter(at, _numbers(column.gather(at).str.strip_chars().cast(pl.Float64, strict=False), notes, unit))
    if not number.all():
        at = (~number & ~power & column.is_not_null()).arg_true()
        out = out.scatter(at, _dates(column.gather(at), notes)) if len(at) else out
    return out


def _dates(text: pl.Series, notes: Counter[str]) -> pl.Series:
    iso = text.str.extract_groups(_ISO).struct.unnest()
    day, minute, second, fraction, zulu, sign, hours, minutes = (iso[name] for name in iso.columns)
    access = text.str.extract_groups(_ACCESS).struct.unnest()
    stamp, other_sign, other_hours, other_minutes = (access[name] for name in access.columns)
    clock = (minute.fill_null("00:00"), second.fill_null(":00"))
    parts = pl.DataFrame({
        "date": pl.select(pl.concat_str(day, pl.lit(" "), *clock)).to_series(),
        "stamp": stamp,
        "fraction": fraction.fill_null("").str.slice(0, 9).str.pad_end(9, "0").cast(pl.Int64),
        "sign": sign.fill_null(other_sign),
        "hours": hours.fill_null(other_hours).cast(pl.Int64).fill_null(0),
        "minutes": minutes.fill_null(other_minutes).cast(pl.Int64).fill_null(0),
    })  # fmt: skip
    # Seconds first: in microseconds every year can be said, so that one beyond nanoseconds is seen and not wrapped.
    seconds = pl.coalesce(
        pl.col("date").str.to_datetime("%Y-%m-%d %H:%M:%S", strict=False, time_unit="us"),
        pl.col("stamp").str.to_datetime("%d/%b/%Y:%H:%M:%S", strict=False, time_unit="us"),
    ).cast(pl.Int64) // 1_000_000  # fmt: skip
    offset = (pl.col("hours") * 3600 + pl.col("minutes") * 60) * pl.when(pl.col("sign") == "-").then(-1).otherwise(1)
    seconds = seconds - offset
    ns = parts.select(
        pl.when(seconds.abs() < _MAX // 10**9).then(seconds * 10**9 + pl.col("fraction"))
    ).to_series()  # fmt: skip
    read = ns.is_not_null()
    if bare := int((read & zulu.is_null() & parts["sign"].is_null()).sum()):
        notes["time without a zone, read as UTC"] += bare
    if long := int((read & (fraction.str.len_bytes() > 9)).fill_null(value=False).sum()):
        notes["time finer than a nanosecond, cut there"] += long
    return ns
