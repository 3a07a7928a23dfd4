"""How many records in each hour of the week: what is usual at this time, in the clock of a place."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from difflib import get_close_matches
from functools import partial
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo, available_timezones

import polars as pl

from lognb import _text
from lognb._text import DAY, HOUR, SECOND, duration, plural, size
from lognb.analyses.buckets import LEAST, window
from lognb.analyses.stretches import crowd
from lognb.charts import hours as charts
from lognb.errors import QueryError
from lognb.result import Result

if TYPE_CHECKING:
    from lognb.logs import Logs

WEEKDAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

Span = tuple[int, int, int]  # from and to (not included) in ns since 1970 UTC, and the zone's offset in ns

_WEEK: Final = 7 * DAY
_MONDAY: Final = 4 * DAY  # 1970-01-05


def hours(logs: Logs, *, zone: str = "UTC", of: str = "records") -> Result:
    """Count records by hour of the week, on the clock of a zone.

    168 rows: `weekday` (Enum, Monday first), `hour` (0 to 23), `records` (UInt64), `bytes` (Int64), `hours` (Float64,
    how many such hours the data, in the query's window, covers; weekdays are rarely covered alike), and
    `records_per_hour` or, with `of="bytes"`, `bytes_per_hour` (Float64): the mean, null where less than a tenth of an
    hour is covered. Records without a time are left out. `zone` is a name like "Europe/Berlin"; each record goes by the
    clock of its own moment, so that an hour which a change of the clock repeats counts twice, and one it skips not.

    Raises QueryError for a zone that is not known.
    """
    if of not in ("records", "bytes"):
        raise QueryError(f'of={of!r} is neither "records" nor "bytes"')
    first, last = window(logs)
    spans = _spans(first, last + 1, _zone(zone))
    # A bucket must lie in one hour of the clock, whatever the offsets: minutes and seconds, before standard time.
    step = math.gcd(HOUR, *(offset for *_, offset in spans), *(since for since, *_ in spans[1:]))
    counted = logs.engine.volume(logs.query, step, None).with_columns(ns=pl.col("bucket").dt.timestamp("ns"))
    mean = f"{of}_per_hour"
    frame = _cells(counted, spans).with_columns(
        pl.when(pl.col("hours") >= LEAST).then(pl.col(of) / pl.col("hours")).alias(mean)
    )
    return Result(
        frame=frame,
        sentence=_sentence(frame, mean, zone, last - first) + _crowd(logs, counted, step),
        title=("Bytes" if of == "bytes" else "Volume") + f" by hour of the week, {zone}",
        query=logs.query,
        sources=logs.sources,
        draw=partial(charts.draw, column=mean, zone=zone),
    )


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # a name is also a path, with all that can be wrong with one
        near = get_close_matches(name, sorted(available_timezones()), 1, 0.5)
        hint = f"did you mean {near[0]!r}?" if near else 'names are like "UTC" or "Europe/Berlin"'
        raise QueryError(f"no time zone {name!r}; {hint}") from error


def _spans(since: int, until: int, zone: ZoneInfo) -> list[Span]:
    """The stretches of one offset between two times."""
    spans: list[Span] = []
    at, offset = since, _offset(since, zone)
    while at < until:
        end = min(until, at // DAY * DAY + DAY)
        after = _offset(end, zone)
        if after != offset:
            end = _change(at, end, offset, zone)
            after = _offset(end, zone)
        if spans and spans[-1][2] == offset:
            spans[-1] = (spans[-1][0], end, offset)
        else:
            spans.append((at, end, offset))
        at, offset = end, after
    return spans


def _change(low: int, high: int, offset: int, zone: ZoneInfo) -> int:
    """The second at which an offset ends, between two times of which only the first has it."""
    low, high = low // SECOND, -(-high // SECOND)
    while high - low > 1:
        middle = (low + high) // 2
        if _offset(middle * SECOND, zone) == offset:
            low = middle
        else:
            high = middle
    return high * SECOND


def _offset(ns: int, zone: ZoneInfo) -> int:
    shift = datetime.fromtimestamp(ns // SECOND, UTC).astimezone(zone).utcoffset()
    return 0 if shift is None else (shift.days * 86_400 + shift.seconds) * SECOND


def _cells(counted: pl.DataFrame, spans: list[Span]) -> pl.DataFrame:
    sums, covered = pl.DataFrame(schema={"cell": pl.Int64, "records": pl.UInt64, "bytes": pl.Int64}), [0] * 168
    for i, (since, until, offset) in enumerate(spans):
        # The first bucket may begin before the first time, since it is a multiple of its width.
        inside = counted.filter((pl.col("ns") < until) & (pl.col("ns") >= since if i else pl.lit(True)))
        cell = (pl.col("ns") + offset - _MONDAY).mod(_WEEK) // HOUR
        sums = pl.concat([sums, inside.select(cell.alias("cell"), "records", "bytes")])
        covered = [a + b for a, b in zip(covered, _covered(since + offset, until + offset), strict=True)]
    grid = pl.DataFrame(
        {"cell": range(168), "hours": [ns / HOUR for ns in covered]}, schema_overrides={"cell": pl.Int64}
    )
    frame = grid.join(
        sums.group_by("cell").agg(pl.col("records", "bytes").sum()), on="cell", how="left", maintain_order="left"
    )
    return frame.select(
        pl.Series("weekday", [WEEKDAYS[i // 24] for i in range(168)], dtype=pl.Enum(WEEKDAYS)),
        (pl.col("cell") % 24).cast(pl.Int8).alias("hour"),
        pl.col("records").fill_null(0),
        pl.col("bytes").fill_null(0),
        "hours",
    )


def _covered(since: int, until: int) -> list[int]:
    """How many ns of each hour of the week lie between two times of a clock."""
    weeks, rest = divmod(until - since, _WEEK)
    out = [weeks * HOUR] * 168
    at, end = since, since + rest
    while at < end:
        step = min(end, at // HOUR * HOUR + HOUR) - at
        out[(at - _MONDAY) % _WEEK // HOUR] += step
        at += step
    return out


def _sentence(frame: pl.DataFrame, mean: str, zone: str, length: int) -> str:
    known = frame.filter(pl.col(mean).is_not_null())
    of = mean.removesuffix("_per_hour")
    total = int(known[of].sum())
    if not total:
        return "no records with a time"
    usual = total / float(known["hours"].sum())
    best = known.sort(mean, descending=True, maintain_order=True).row(0, named=True)
    quiet = known.sort(mean, maintain_order=True).row(0, named=True)
    amount = (lambda v: size(round(v))) if of == "bytes" else _text.number
    missing = 168 - known.height
    unseen = f"; {plural(missing, 'hour')} of the 168 not covered" if missing else ""
    most = f"busiest {_name(best)}: {amount(best[mean])} per hour"
    most += f", {_text.number(float(f'{best[mean] / usual:.2g}'))} times the mean" if known.height > 1 else ""
    least = f"; quietest {_name(quiet)}: {amount(quiet[mean])}" if known.height > 1 else ""
    return f"{most}{least} ({zone}, {duration(length)}){unseen}"


def _crowd(logs: Logs, counted: pl.DataFrame, step: int) -> str:
    """A far-off time makes the data seem to cover years, and the means small."""
    rows = [(at, records, 0) for at, records in counted.select("ns", "records").rows()]
    return crowd(logs, rows, step) if rows else ""


def _name(row: dict[str, object]) -> str:
    return f"{row['weekday']} {row['hour']:02d}–{(int(str(row['hour'])) + 1) % 24:02d} h"
