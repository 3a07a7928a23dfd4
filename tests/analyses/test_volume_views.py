"""The views of volume: bytes, rates, sums, the same time earlier, buckets that are only partly covered."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lognb.errors import QueryError
from lognb.query import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb import Logs

    Load = Callable[[list[tuple[float | None, str, str | None, dict[str, Any]]]], Logs]

DAY = 86_400


def ns(text: str) -> int:
    return parse_time(f"2026-11-03T{text}Z") or 0


def edges(frame: pl.DataFrame) -> list[int]:
    """The partial buckets."""
    found = frame.filter("partial")["bucket"].unique().sort()
    return found.dt.timestamp("ns").to_list()


def test_a_bucket_that_the_data_cuts_is_partial(load: Load) -> None:
    logs = load([(s, "info", "a", {}) for s in range(90, 331)])
    assert edges(logs.volume(every="1m").frame) == [ns("09:01:00"), ns("09:05:00")]
    whole = load([(60, "info", "a", {}), (119.999999999, "info", "a", {}), (179.999999999, "info", "a", {})])
    assert edges(whole.volume(every="1m").frame) == []


def test_a_bucket_that_the_window_cuts_is_partial(outage: Logs) -> None:
    assert edges(outage.between("09:03", "09:05").volume(every="1m").frame) == []
    cut = outage.between("09:03:30", "09:05:10").volume(every="1m").frame
    assert edges(cut) == [ns("09:03:00"), ns("09:05:00")]
    # A window wider than the data does not make the data any wider.
    assert edges(outage.between("2020-01-01", "2030-01-01").volume(every="1m").frame) == [ns("09:19:00")]


def test_a_rate_is_over_what_is_covered(outage: Logs) -> None:
    frame = outage.between("09:03:30", "09:05:10").volume(every="1m", by=None, per="minute").frame
    assert frame["records"].to_list() == [30, 60, 10]
    assert frame["records_per_minute"].to_list() == pytest.approx([60, 60, 60])
    hourly = outage.between("09:03", "09:05").volume(every="30s", by=None, per="hour").frame
    assert hourly["records_per_hour"].to_list() == pytest.approx([3600] * 4)
    size = outage.between("09:03", "09:05").volume(every="1m", of="bytes", by="severity", per="second").frame
    assert size["bytes_per_second"].to_list() == pytest.approx([b / 60 for b in size["bytes"]])


def test_a_rate_over_next_to_nothing_is_not_told(load: Load) -> None:
    frame = load([(0, "info", "a", {}), (60, "info", "a", {})]).volume(every="1m", by=None, per="second").frame
    assert frame["records_per_second"].to_list() == [pytest.approx(1 / 60), None]
    alone = load([(0, "info", "a", {})]).volume(per="second")
    assert alone.frame["records_per_second"].to_list() == [None]
    assert alone.sentence == "1 record; too short for a rate"
    assert "text/html" in alone._repr_mimebundle_()


def test_a_rate_names_the_highest_bucket(outage: Logs) -> None:
    said = outage.where("severity=error").volume(every="1m", per="minute").sentence
    assert said == "80 records in 19 min; at most 21 per minute at 09:08–09:09 UTC, half of the time up to 1"


def test_sums_go_up_to_the_total_of_each_value(outage: Logs) -> None:
    result = outage.volume(every="1m", by="service_name", cumulative=True)
    for (_,), part in result.frame.group_by("service_name"):
        assert part["records_so_far"].to_list() == part["records"].cum_sum().to_list()
    assert result.frame["records_so_far"].tail(2).to_list() == [800, 400]
    said = "1,200 records in 19 min 59 s; half of the records by 09:10, 90 % by 09:18 UTC"
    assert result.sentence == f"{said}; 2 records without a time left out"


def test_bytes_rank_the_values_and_are_spoken_of(load: Load) -> None:
    many = [(s, "info", "small", {"k": "x"}) for s in range(60)]
    logs = load([*many, (30, "info", "large", {"k": "x" * 9000}), (59.999999999, "info", "small", {"k": "x"})])
    frame = logs.volume(every="10s", by="service_name", of="bytes", top=1).frame
    assert frame["service_name"].unique(maintain_order=True).to_list() == ["large", "other (1 more)"]
    assert logs.volume(every="10s", by="service_name", top=1).frame["service_name"][0] == "small"
    assert logs.volume(every="10s", of="bytes").sentence == (
        "10 kB in 62 records; most at 09:00:30–09:00:40 UTC: 9.3 kB (89 %)"
    )


@pytest.fixture
def days(load: Load) -> Logs:
    """Three days: every hour a record of a, at noon ten more; on the last day b, too, and no noon."""
    records: list[tuple[float | None, str, str | None, dict[str, Any]]] = []
    for hour in range(72):
        records.append((hour * 3600, "info", "a", {}))
        if hour % 24 == 12 and hour < 48:
            records += [(hour * 3600 + i, "info", "a", {}) for i in range(10)]
        if hour >= 48:
            records.append((hour * 3600 + 60, "warn", "b", {}))
    return load(records)


def test_the_same_time_a_day_earlier(days: Logs) -> None:
    frame = days.volume(every="1h", by="service_name", earlier="1d").frame
    assert frame.columns == ["bucket", "service_name", "records", "bytes", "partial", "records_earlier"]
    a, b = (frame.filter(service_name=name) for name in "ab")
    assert a["records_earlier"].to_list() == [None] * 24 + a["records"].to_list()[:48]
    assert b["records_earlier"].to_list() == [None] * 24 + [0] * 48
    assert a["records_earlier"].to_list()[36] == 11


def test_a_value_that_was_only_there_earlier_has_a_row(outage: Logs) -> None:
    frame = outage.where("service_name=checkout").between("09:12", "09:13").volume(every="1m", earlier="3m").frame
    assert frame.select("severity", "records", "records_earlier").rows() == [("info", 20, 0), ("error", 0, 20)]


def test_earlier_looks_beyond_the_window_and_at_the_same_part_of_a_cut_bucket(outage: Logs) -> None:
    frame = outage.between("09:10:30", "09:12").volume(every="1m", by=None, earlier="5m").frame
    assert frame["records"].to_list() == [30, 60]
    assert frame["records_earlier"].to_list() == [30, 60]
    errors = outage.where("severity=error service_name=checkout").between("09:13", "09:15")
    gone = errors.volume(every="1m", by=None, earlier="5m")
    assert gone.frame["records_earlier"].to_list() == [20, 20]
    assert gone.sentence == "no records; 0 against 40, 5 min earlier (−100 %)"
    assert "<svg" in gone._repr_mimebundle_()["text/html"]


def test_earlier_need_not_be_a_multiple_of_the_bucket(outage: Logs) -> None:
    frame = outage.between("09:10", "09:12").volume(every="1m", by="severity", earlier="90s").frame
    shifted = outage.between("09:08:30", "09:10:30").volume(every="30s", by="severity").frame
    both = {level: shifted.filter(pl.col("severity") == level)["records"].to_list() for level in ("info", "error")}
    for level, (a, b, c, d) in both.items():
        assert frame.filter(pl.col("severity") == level)["records_earlier"].to_list() == [a + b, c + d]


def test_earlier_is_compared_in_words(days: Logs) -> None:
    assert days.volume(every="1h", earlier="1d").sentence == (
        "116 records in 2 d 23 h; 82 of them against 68, 1 d earlier (+21 %); "
        "most beyond at 5 Nov 2026, 09:00–10:00 UTC: 2 against 1"
    )
    assert days.volume(every="1h", earlier="7d").sentence == "116 records in 2 d 23 h; no data 7 d earlier"


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ({"of": "lines"}, "of='lines' is neither"),
        ({"per": "m"}, "per='m' is none of 'second', 'minute'"),
        ({"earlier": "yesterday"}, "earlier='yesterday' is no length"),
        ({"earlier": "0s"}, "earlier='0s' is no length"),
        ({"per": "minute", "cumulative": True}, "one at a time"),
        ({"earlier": "1d", "cumulative": True}, "one at a time"),
    ],
)
def test_what_cannot_be_asked(outage: Logs, ask: dict[str, Any], said: str) -> None:
    with pytest.raises(QueryError, match=said):
        outage.volume(**ask)


def test_a_field_named_like_an_added_column(load: Load) -> None:
    frame = load([(0, "info", "a", {"records_so_far": "x"})]).volume(by="records_so_far", cumulative=True).frame
    assert frame.columns == ["bucket", "attributes.records_so_far", "records", "bytes", "partial", "records_so_far"]


@pytest.mark.parametrize("view", [{"per": "hour"}, {"cumulative": True}, {"earlier": "1d"}, {"of": "bytes"}])
def test_every_view_shows_itself_also_where_there_is_nothing(outage: Logs, view: dict[str, Any]) -> None:
    assert "<svg" in outage.volume(**view)._repr_mimebundle_()["text/html"]
    for query in ("severity=fatal", "severity=warn"):
        empty = outage.where(query).volume(**view)
        assert "text/html" in empty._repr_mimebundle_()
        assert empty.frame.height == 0
