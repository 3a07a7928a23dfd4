"""What volume counts, fills and finds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from lognb.errors import FieldError, LimitError, QueryError
from lognb.query import parse_time
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb import Logs

    Load = Callable[[list[tuple[float | None, str, str | None, dict[str, Any]]]], Logs]


def test_columns_are_what_the_docstring_tables(outage: Logs) -> None:
    assert outage.volume().frame.schema == {
        "bucket": TIME,
        "severity": SEVERITY,
        "records": pl.UInt64,
        "bytes": pl.Int64,
        "partial": pl.Boolean,
    }


def test_every_record_with_a_time_is_in_one_bucket(outage: Logs) -> None:
    frame = outage.volume(every="1m").frame
    assert frame["records"].sum() == 1200
    assert frame["bytes"].sum() == outage.where("severity!=warn").to_polars()["size_bytes"].sum()
    assert frame["bucket"].n_unique() == 20
    assert frame.filter(pl.col("severity") == "error").group_by("bucket").len()["len"].to_list() == [1] * 20


def test_the_finding_names_the_fault(outage: Logs) -> None:
    assert outage.volume(every="1m").sentence == (
        "1,200 records in 19 min 59 s; errors peak at 09:08–09:11 UTC: 63 of 180 (35 %), 1.7 % elsewhere; "
        "2 records without a time left out"
    )


def test_the_finding_is_the_same_whatever_the_split(outage: Logs) -> None:
    said = outage.volume(every="1m").sentence
    assert outage.volume(every="1m", by=None).sentence == said
    assert outage.volume(every="1m", by="route").sentence == said


def test_auto_takes_a_round_width(outage: Logs) -> None:
    buckets = outage.volume().frame["bucket"].unique().sort()
    assert buckets.diff().drop_nulls().dt.total_seconds().unique().to_list() == [10]
    assert len(buckets) == 120


def test_empty_buckets_are_filled_with_0(load: Load) -> None:
    frame = load([(0, "info", "a", {}), (300, "error", "a", {})]).volume(every="1m").frame
    assert frame["bucket"].n_unique() == 6
    assert frame.height == 12
    assert frame.filter(pl.col("records") == 0).height == 10
    assert frame["bytes"].null_count() == 0


def test_a_narrow_query_keeps_the_buckets_of_the_data_or_of_its_window(outage: Logs) -> None:
    errors = outage.where("service_name=checkout severity=error")
    assert errors.volume(every="1m").frame["bucket"].n_unique() == 20
    inside = errors.between("09:08", "09:10").volume(every="1m").frame
    assert inside["records"].to_list() == [20, 20]
    beyond = errors.between("2020-01-01", "2030-01-01").volume(every="1m").frame
    assert beyond["bucket"].n_unique() == 20


def test_buckets_are_multiples_of_the_width(load: Load) -> None:
    frame = load([(59.9, "info", "a", {}), (61, "info", "a", {})]).volume(every="5m").frame
    assert frame["bucket"].dt.timestamp("ns").to_list() == [parse_time("2026-11-03T09:00:00Z")]


def test_values_beyond_twelve_are_one_other(outage: Logs) -> None:
    frame = outage.volume(every="20m", by="route").frame
    totals = dict(frame.group_by("route", maintain_order=True).agg(pl.col("records").sum()).iter_rows())
    assert next(iter(totals)) == "/pay"
    assert list(totals)[-1] == "other (9 more)"
    assert sum(totals.values()) == 1200


def test_records_that_lack_the_field_are_null(load: Load) -> None:
    frame = load([(0, "info", "a", {"k": "x"}), (1, "info", "a", {})]).volume(by="k").frame
    assert set(frame["k"].to_list()) == {"x", None}


def test_a_field_named_like_a_column_of_the_answer(load: Load) -> None:
    frame = load([(0, "info", "a", {"records": "x"})]).volume(by="records").frame
    assert frame.columns == ["bucket", "attributes.records", "records", "bytes", "partial"]


def test_an_unknown_field_is_told_with_the_nearest(outage: Logs) -> None:
    with pytest.raises(FieldError, match="no field 'servce_name'; did you mean 'service_name'"):
        outage.volume(by="servce_name")


@pytest.mark.parametrize("every", ["", "5", "0s", "soon", "-1m"])
def test_a_width_that_is_no_length(outage: Logs, every: str) -> None:
    with pytest.raises(QueryError, match="is no length of time"):
        outage.volume(every=every)


def test_too_many_buckets_are_refused(outage: Logs) -> None:
    with pytest.raises(LimitError, match="buckets of 1ms"):
        outage.volume(every="1ms")


def test_no_errors(load: Load) -> None:
    calm = load([(s, "info", "a", {}) for s in range(60)] + [(30 + i / 100, "info", "a", {}) for i in range(40)])
    assert calm.volume(every="1s").sentence == (
        "100 records in 59 s; no errors; busiest 09:00:30–09:00:31 UTC: 41 (41 %)"
    )


def test_only_errors(outage: Logs) -> None:
    said = outage.where("severity>=error").volume(every="1m").sentence
    assert said == "80 records in 19 min; all errors; busiest 09:08–09:11 UTC: 63 (79 %)"


def test_all_in_one_stretch(outage: Logs) -> None:
    said = outage.where('route="/pay" severity=error').between("09:08", "10:00").volume(every="1m").sentence
    assert said == "60 records in 2 min 57 s; all errors; all at 09:08–09:11 UTC"


def test_nothing_and_nothing_with_a_time(outage: Logs) -> None:
    nothing = outage.where("severity=fatal").volume()
    assert nothing.sentence == "no records"
    assert nothing.frame.height == 0
    timeless = outage.where("severity=warn").volume()
    assert timeless.sentence == "2 records, none with a time"
    assert "text/html" in timeless._repr_mimebundle_()


def test_one_record(load: Load) -> None:
    one = load([(0, "error", "a", {})]).volume()
    assert one.frame["records"].to_list() == [1]
    assert one.sentence == "1 record; all errors; all at 09:00:00.000–09:00:00.001 UTC"


def test_data_of_several_days_says_the_day(load: Load) -> None:
    days = load([(h * 3600, "info", "a", {}) for h in range(100)] + [(180_000 + i, "error", "a", {}) for i in range(9)])
    assert "errors peak at 5 Nov 2026, 11:00–5 Nov" not in days.volume(every="1h").sentence
    assert (
        "errors peak at 5 Nov 2026, 11:00–12:00 UTC: 9 of 10 (90 %), 0 % elsewhere" in days.volume(every="1h").sentence
    )


def test_a_few_wrong_clocks_do_not_hide_when_the_others_were(load: Load) -> None:
    wrong = load([(-40 * 86400, "info", "a", {})] + [(s, "info", "a", {}) for s in range(300)])
    assert wrong.volume().sentence.endswith("; 300 of them within 4 min 59 s from 3 Nov 2026, 09:00:00 UTC on")
    assert "of them" not in wrong.between("2026-11-01", "2026-11-04").volume().sentence


def test_a_handful_of_errors_has_no_peak(load: Load) -> None:
    records = [(s, "error" if s in (61, 200) else "info", "a", {}) for s in range(300)]
    assert load(records).volume(every="1m").sentence == (
        "300 records in 4 min 59 s; 2 errors (0.7 %) at 09:01–09:04 UTC"
    )
