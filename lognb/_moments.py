"""What a person calls a time, as nanoseconds since 1970: absolute, relative to the data, or a time of its day."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from lognb import _text
from lognb._text import DAY, SECOND
from lognb.errors import QueryError
from lognb.query import format_time, parse_time

Moment = datetime | date | str

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?(?:\s*(?:Z|UTC))?$")
_ZONED: Final = re.compile(r"(?:Z|UTC|:\d{2}(?:\.\d+)?\s*[+-]\d{2}:?\d{2})$")
_HELP: Final = 'write "2026-11-03T09:00", "09:00", "-15m" (before the last record) or "+2h" (after the first)'


def resolve(moment: Moment, first: int | None, last: int | None) -> int:
    """Nanoseconds UTC of `moment`, for data whose first and last record are at `first` and `last`.

    "-15m" counts back from the last record and "+2h" on from the first; "09:00" is on the day of the data, and where
    the data has several days it must fit only one of them. Times without a zone are UTC. Raises QueryError for what
    is no time, or fits several days, or needs data with times where there is none.
    """
    if isinstance(moment, datetime):
        return of_datetime(moment) + int(getattr(moment, "nanosecond", 0))  # a pandas Timestamp has those
    if isinstance(moment, date):
        return of_datetime(datetime.combine(moment, time(), UTC))
    if not isinstance(moment, str):
        raise QueryError(f"{moment!r} is no time; {_HELP}")
    text = moment.strip()
    if text[:1] in ("-", "−", "+"):
        return _relative(text, moment, first, last)
    if match := _CLOCK.match(text):
        return _clock(match, moment, first, last)
    if (at := parse_time(text)) is not None:
        return at
    raise QueryError(f"{moment!r} is no time; {_HELP}")


def in_zone(moment: Moment, first: int | None, last: int | None, zone: str) -> int:
    """The same, but a time that says no zone is of this one: the clock on the wall of who wrote it."""
    named = isinstance(moment, datetime) and moment.tzinfo is not None
    said = isinstance(moment, str) and (moment.strip()[:1] in ("-", "−", "+") or _ZONED.search(moment.strip()))
    if named or said or last is None or first is None:
        return resolve(moment, first, last)
    away = _away(last, zone)
    at = resolve(moment, first + away, last + away)
    return at - _away(at - away, zone)


def _away(at: int, zone: str) -> int:
    """By how many ns the zone is ahead of UTC then."""
    offset = datetime.fromtimestamp(at // SECOND, ZoneInfo(zone)).utcoffset()
    return 0 if offset is None else int(offset.total_seconds()) * SECOND


def of_datetime(at: datetime) -> int:
    """Nanoseconds since 1970; without a zone it is UTC."""
    at = at.replace(tzinfo=UTC) if at.tzinfo is None else at
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1) * 1_000


def _relative(text: str, moment: str, first: int | None, last: int | None) -> int:
    length = _text.length(text[1:].replace(" ", ""))
    if length is None:
        raise QueryError(f"{moment!r} is no length of time; write one like -15m, +2h or -1h30m (ms s m h d w)")
    if first is None or last is None:
        raise QueryError(f"{moment!r} is relative to the data, but no record has a time")
    return first + length if text[0] == "+" else last - length


def _clock(match: re.Match[str], moment: str, first: int | None, last: int | None) -> int:
    if first is None or last is None:
        raise QueryError(f"{moment!r} is a time of the data's day, but no record has a time")
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if hour > 24 or minute > 59 or second > 59 or (hour == 24 and (minute or second)):
        raise QueryError(f"{moment!r} is no time of day")
    of_day = ((hour * 60 + minute) * 60 + second) * SECOND + _fraction(match[4])
    days = range(first // DAY - 1, last // DAY + 2)
    inside = [d * DAY + of_day for d in days if first <= d * DAY + of_day <= last]
    if len(inside) > 1:
        one = format_time(inside[0])
        raise QueryError(f'{moment!r} fits {len(inside)} days of the data; say which, like "{one}"')
    if inside:
        return inside[0]
    if first // DAY == last // DAY:
        return first // DAY * DAY + of_day
    # Around midnight: the occurrence nearest to the data, "23:00" before it and "01:00" after it.
    return min((d * DAY + of_day for d in days), key=lambda at: max(first - at, at - last))


def _fraction(digits: str | None) -> int:
    return int(digits[1:].ljust(9, "0")) if digits else 0
