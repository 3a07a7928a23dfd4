"""The stretch of time that a volume's sentence names: where errors, or records, are far beyond the usual."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

from lognb import _text
from lognb._text import DAY, clock, count, duration, plural, share
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.logs import Logs

Bucket = tuple[int, int, int]  # left edge in ns, records (or bytes), errors

_FEW: Final = 5  # fewer errors have no peak


def finding(rows: list[Bucket], width: int, shown: int) -> str:
    """Where errors peak; without errors, or with nothing else, the busiest stretch."""
    total, errors = sum(r for _, r, _ in rows), sum(e for _, _, e in rows)
    if not 0 < errors < total:
        kind = "all errors" if errors else "no errors"
        since, until = busiest(rows, width, shown)
        stretch = when(since, until, width, rows)
        inside = sum(r for at, r, _ in rows if since <= at < until)
        if inside == total:
            return f"{kind}; all at {stretch}"
        return f"{kind}; busiest {stretch}: {count(inside)} ({share(inside, total)})"
    if errors < _FEW:
        at = [at for at, _, e in rows if e]
        return f"{plural(errors, 'error')} ({share(errors, total)}) at {when(at[0], at[-1] + width, width, rows)}"
    since, until = _peak(rows, width, errors / total)
    inside = sum(r for at, r, _ in rows if since <= at < until)
    bad = sum(e for at, _, e in rows if since <= at < until)
    text = f"errors peak at {when(since, until, width, rows)}: {count(bad)} of {count(inside)} ({share(bad, inside)})"
    return text + (f", {share(errors - bad, total - inside)} elsewhere" if total > inside else "")


def crowd(logs: Logs, rows: list[Bucket], width: int) -> str:
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


def busiest(rows: list[Bucket], width: int, shown: int) -> tuple[int, int]:
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


def when(since: int, until: int, width: int, rows: list[Bucket]) -> str:
    """A stretch in words; the day only where the rows are of several."""
    if rows[0][0] // DAY == rows[-1][0] // DAY:
        return f"{clock(since, width)}–{clock(until, width)} UTC"
    return _text.window(since, until, width)
