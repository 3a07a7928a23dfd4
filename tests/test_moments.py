"""What a person calls a time, against the data it is said about."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from lognb._moments import resolve
from lognb.errors import QueryError
from lognb.query import format_time, parse_time

FIRST = parse_time("2026-11-03T09:00:00Z")
LAST = parse_time("2026-11-03T09:20:00.5Z")
NIGHT = (parse_time("2026-11-03T23:30:00Z"), parse_time("2026-11-04T00:30:00Z"))
DAYS = (parse_time("2026-11-01T06:00:00Z"), parse_time("2026-11-04T00:30:00Z"))


@pytest.mark.parametrize(
    ("moment", "at"),
    [
        ("-15m", "2026-11-03T09:05:00.5Z"),
        ("+1h30m", "2026-11-03T10:30:00Z"),
        ("09:10", "2026-11-03T09:10:00Z"),
        ("9:10:00.25", "2026-11-03T09:10:00.25Z"),
        ("08:00", "2026-11-03T08:00:00Z"),
        ("24:00", "2026-11-04T00:00:00Z"),
        ("2026-11-03", "2026-11-03T00:00:00Z"),
        ("2026-11-03 09:10", "2026-11-03T09:10:00Z"),
        ("2026-11-03T10:10:00.123456789+01:00", "2026-11-03T09:10:00.123456789Z"),
        (datetime(2026, 11, 3, 9, 10), "2026-11-03T09:10:00Z"),
        (datetime(2026, 11, 3, 9, 10, tzinfo=timezone(timedelta(hours=-2))), "2026-11-03T11:10:00Z"),
        (datetime(2026, 11, 3, 9, 10, 0, 7, tzinfo=UTC), "2026-11-03T09:10:00.000007Z"),
        (date(2026, 11, 3), "2026-11-03T00:00:00Z"),
    ],
)
def test_resolved(moment: object, at: str) -> None:
    assert format_time(resolve(moment, FIRST, LAST)) == at  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("clock", "at"),
    [
        ("23:45", "2026-11-03T23:45:00Z"),
        ("00:15", "2026-11-04T00:15:00Z"),
        ("23:00", "2026-11-03T23:00:00Z"),
        ("01:00", "2026-11-04T01:00:00Z"),
    ],
)
def test_times_of_day_around_midnight_are_the_nearest(clock: str, at: str) -> None:
    assert format_time(resolve(clock, *NIGHT)) == at


def test_a_time_of_day_that_fits_several_days_is_refused_with_an_example() -> None:
    with pytest.raises(QueryError, match=r"fits 3 days of the data; say which, like \"2026-11-01T09:00:00Z\""):
        resolve("09:00", *DAYS)


@pytest.mark.parametrize("moment", ["yesterday", "25:00", "09:61", "24:01", "2026-13-01", "-15", "+x", "", 5, None])
def test_what_is_no_time_is_refused(moment: object) -> None:
    with pytest.raises(QueryError):
        resolve(moment, FIRST, LAST)  # type: ignore[arg-type]


@pytest.mark.parametrize("moment", ["-15m", "+2h", "09:00"])
def test_relative_times_need_data_with_times(moment: str) -> None:
    with pytest.raises(QueryError, match="no record has a time"):
        resolve(moment, None, None)
