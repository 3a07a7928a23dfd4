"""Hours of the week on the clock of a zone, changes of the clock included."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lognb as ln
from lognb.analyses.hours import WEEKDAYS
from lognb.errors import QueryError

ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Monrovia"]


def logs_at(times: list[datetime]) -> ln.Logs:
    return ln.read(pl.DataFrame({"time": times, "body": ["x"] * len(times)}), progress=False)


def cells(frame: pl.DataFrame, column: str) -> dict[tuple[str, int], float]:
    return {(day, hour): n for day, hour, n in frame.select("weekday", "hour", column).rows() if n}


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("begin", ["2026-03-20", "2026-10-20", "1971-12-28"])
def test_counts_and_hours_are_those_of_the_clock(zone: str, begin: str) -> None:
    """Every 10 minutes of three weeks, against the clock of each moment in plain Python."""
    since = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    times = [since + timedelta(minutes=10 * i) for i in range(21 * 144)]
    frame = logs_at(times).hours(zone=zone).frame
    local = [t.astimezone(ZoneInfo(zone)) for t in times]
    expected = Counter((WEEKDAYS[t.weekday()], t.hour) for t in local)
    assert cells(frame, "records") == expected
    covered = Counter[tuple[str, int]]()
    for minute in range(21 * 1440 - 10):
        t = (since + timedelta(minutes=minute)).astimezone(ZoneInfo(zone))
        covered[WEEKDAYS[t.weekday()], t.hour] += 1
    got = cells(frame, "hours")
    assert got.keys() == covered.keys()
    # Offsets before standard time have seconds (Monrovia until 1972), which a walk by minutes does not see.
    assert all(abs(got[key] * 60 - n) <= 1.01 for key, n in covered.items())
    assert frame["hours"].sum() == pytest.approx((21 * 1440 - 10) / 60)


def test_the_hour_that_summer_skips_and_the_one_that_winter_repeats() -> None:
    times = [datetime(2026, 3, 29, tzinfo=UTC) + timedelta(minutes=m) for m in range(4 * 60 + 1)]
    spring = logs_at(times).hours(zone="Europe/Berlin").frame
    assert cells(spring, "records") == {
        ("Sunday", 1): 60,
        ("Sunday", 3): 60,
        ("Sunday", 4): 60,
        ("Sunday", 5): 60,
        ("Sunday", 6): 1,
    }
    times = [datetime(2026, 10, 25, tzinfo=UTC) + timedelta(minutes=m) for m in range(3 * 60 + 1)]
    autumn = logs_at(times).hours(zone="Europe/Berlin").frame
    assert cells(autumn, "records") == {("Sunday", 2): 120, ("Sunday", 3): 60, ("Sunday", 4): 1}
    assert cells(autumn, "hours")["Sunday", 2] == 2
    assert cells(autumn, "records_per_hour")["Sunday", 2] == 60


def test_a_weekday_that_is_there_twice_is_not_twice_as_busy() -> None:
    times = [datetime(2026, 11, 2, tzinfo=UTC) + timedelta(minutes=30 * i) for i in range(8 * 48 + 1)]
    frame = logs_at(times).hours().frame
    assert frame.filter(weekday="Monday", hour=5).select("records", "hours", "records_per_hour").row(0) == (4, 2.0, 2.0)
    assert frame.filter(weekday="Tuesday", hour=5).select("records", "hours", "records_per_hour").row(0) == (
        2,
        1.0,
        2.0,
    )


def test_the_window_says_what_is_covered(outage: ln.Logs) -> None:
    result = outage.between("09:05", "09:15").hours()
    row = result.frame.filter(weekday="Tuesday", hour=9).row(0, named=True)
    assert row["records"] == 600
    assert row["hours"] == pytest.approx(1 / 6)
    assert row["records_per_hour"] == pytest.approx(3600)
    assert result.sentence == "busiest Tuesday 09–10 h: 3,600 per hour (UTC, 10 min); 167 hours of the 168 not covered"
    assert result.frame.height == 168
    assert result.frame["records_per_hour"].null_count() == 167


def test_bytes(outage: ln.Logs) -> None:
    frame = outage.hours(of="bytes").frame
    assert frame["bytes"].sum() == outage.where("time exists").to_polars()["size_bytes"].sum()
    assert frame["bytes_per_hour"].drop_nulls().len() == 1


def test_columns(outage: ln.Logs) -> None:
    assert outage.hours().frame.schema == {
        "weekday": pl.Enum(WEEKDAYS),
        "hour": pl.Int8,
        "records": pl.UInt64,
        "bytes": pl.Int64,
        "hours": pl.Float64,
        "records_per_hour": pl.Float64,
    }


@pytest.mark.parametrize("zone", ["Europe/Berln", "", "../../etc/passwd", "/etc/passwd", "Europe", "x\0y", "é" * 300])
def test_a_zone_that_is_not_there(outage: ln.Logs, zone: str) -> None:
    with pytest.raises(QueryError, match="no time zone"):
        outage.hours(zone=zone)


def test_the_nearest_zone_is_offered(outage: ln.Logs) -> None:
    with pytest.raises(QueryError, match="did you mean 'Europe/Berlin'"):
        outage.hours(zone="Europe/Berln")


def test_nothing(outage: ln.Logs) -> None:
    nothing = outage.where("severity=fatal").hours()
    assert nothing.sentence == "no records with a time"
    assert nothing.frame["records"].sum() == 0
    assert "text/html" in nothing._repr_mimebundle_()


@settings(max_examples=40, deadline=None)
@given(since=st.integers(-(10**9), 4 * 10**9), length=st.integers(1, 10**8), zone=st.sampled_from(ZONES))
def test_the_stretches_of_one_offset_are_the_zones(since: int, length: int, zone: str) -> None:
    from lognb.analyses.hours import _spans

    spans = _spans(since * 10**9, (since + length) * 10**9, ZoneInfo(zone))
    assert spans[0][0] == since * 10**9
    assert spans[-1][1] == (since + length) * 10**9
    for (_, until, before), (begin, _, after) in pairwise(spans):
        assert until == begin
        assert before != after
    for begin, until, offset in spans:
        for at in (begin, until - 10**9):
            clock = datetime.fromtimestamp(at // 10**9, UTC).astimezone(ZoneInfo(zone)).utcoffset()
            assert clock is not None
            assert clock.total_seconds() * 10**9 == offset


def test_a_wrong_clock_is_told() -> None:
    since = datetime(2026, 11, 2, tzinfo=UTC)
    wrong = logs_at([datetime(1985, 11, 2, tzinfo=UTC), *(since + timedelta(minutes=m) for m in range(60))])
    said = wrong.hours().sentence
    assert "; 60 of them within 59 min from 2 Nov 2026, 00:00:00 UTC on" in said
    assert " 170 times the mean" in said
    assert "of them" not in wrong.between("2026-11-02", "2026-11-03").hours().sentence
