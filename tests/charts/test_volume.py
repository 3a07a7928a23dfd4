"""The numbers that a volume chart draws."""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import polars as pl
import pytest

from lognb._text import MINUTE
from lognb.charts.volume import draw, steps
from lognb.query import parse_time
from lognb.schema import LEVELS, SEVERITY, TIME

NINE = parse_time("2026-11-03T09:00:00Z") or 0
HOSTILE = '<img src=x onerror="alert(1)">\x1b[2J'


def frame(rows: list[tuple[int, str | None, int]], by: str) -> pl.DataFrame:
    times, values, records = zip(*rows, strict=True)
    data = {"bucket": [NINE + t * MINUTE for t in times], by: values, "records": records, "bytes": records}
    kind = SEVERITY if by == "severity" else pl.String()
    return pl.DataFrame(data, schema={"bucket": pl.Int64, by: kind, "records": pl.UInt64, "bytes": pl.Int64}).cast(
        {"bucket": TIME}
    )


def drawn(chart: Any) -> list[dict[str, Any]]:
    told = chart.to_dict()
    found: list[dict[str, Any]] = told["datasets"][told["data"]["name"]]
    return found


ROWS = [(0, "error", 2), (0, "info", 5), (1, "info", 0), (1, "error", 0), (2, "fatal", 1), (2, "info", 3)]


def test_bars_stack_in_the_order_of_severity_errors_on_top() -> None:
    bars = drawn(draw(frame(ROWS, "severity"), by="severity", every=MINUTE))
    stack = [(b["value"], b["low"], b["high"]) for b in bars]
    assert stack == [("info", 0, 5), ("error", 5, 7), ("info", 0, 3), ("fatal", 3, 4)]
    assert all(b["high"] - b["low"] == b["records"] for b in bars)


def test_bars_stand_where_their_bucket_is_and_empty_ones_keep_their_place() -> None:
    chart = draw(frame(ROWS, "severity"), by="severity", every=MINUTE)
    bars = drawn(chart)
    assert sorted({b["since"] for b in bars}) == [NINE / 1e6, (NINE + 2 * MINUTE) / 1e6]
    assert all(b["since"] < b["until"] <= b["since"] + MINUTE / 1e6 for b in bars)
    scale = chart.to_dict()["encoding"]["x"]["scale"]
    assert scale["type"] == "utc"
    assert scale["domain"] == [NINE / 1e6, (NINE + 3 * MINUTE) / 1e6]
    assert bars[0]["at"] == "3 Nov 2026, 09:00–09:01"


def test_the_axis_says_utc_day_and_width() -> None:
    encoding = draw(frame(ROWS, "severity"), by="severity", every=MINUTE).to_dict()["encoding"]
    assert encoding["x"]["title"] == "UTC, 3 Nov 2026"
    assert encoding["y"]["title"] == "records per 1 min"


def test_every_severity_can_be_drawn() -> None:
    rows = [(0, level, 1) for level in LEVELS]
    bars = drawn(draw(frame(rows, "severity"), by="severity", every=MINUTE))
    assert [b["value"] for b in bars] == list(LEVELS)


def test_other_fields_go_by_frequency_the_rest_last_and_absent_is_named() -> None:
    rows = [(0, "other (3 more)", 90), (0, None, 5), (0, "web", 7), (1, "db", 8)]
    chart = draw(frame(rows, "service_name"), by="service_name", every=MINUTE)
    assert chart.to_dict()["encoding"]["color"]["sort"] == ["db", "web", "(absent)", "other (3 more)"]


def test_without_a_split_there_is_one_bar_per_bucket() -> None:
    total = frame(ROWS, "severity").group_by("bucket", maintain_order=True).agg(pl.col("records", "bytes").sum())
    bars = drawn(draw(total, by=None, every=MINUTE))
    assert [b["records"] for b in bars] == [7, 4]


def test_log_text_stays_text_in_the_picture() -> None:
    out = io.StringIO()
    draw(frame([(0, HOSTILE, 3)], HOSTILE), by=HOSTILE, every=MINUTE).save(out, format="svg")
    elements = {e.tag.split("}")[-1] for e in ElementTree.fromstring(out.getvalue()).iter()}
    assert elements <= {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "title"}
    assert "\x1b" not in out.getvalue()


def test_more_bars_than_altair_takes_from_a_frame_can_be_drawn() -> None:
    rows: list[tuple[int, str | None, int]] = [(t, f"v{k}", 1) for t in range(800) for k in range(8)]
    assert len(drawn(draw(frame(rows, "k"), by="k", every=MINUTE))) == 6400


@pytest.mark.parametrize("minutes", [0.05, 0.5, 4, 6.5, 20, 59, 3 * 60, 26 * 60, 9 * 1440, 60 * 1440, 200 * 365 * 1440])
def test_no_two_labels_of_the_time_axis_are_the_same(minutes: float) -> None:
    step = int(minutes * MINUTE / 60)
    rows = pl.DataFrame({"bucket": [NINE, NINE + 59 * step], "records": [1, 1], "bytes": [1, 1]})
    axis = draw(rows.cast({"bucket": TIME}), by=None, every=step).to_dict()["encoding"]["x"]["axis"]
    times = [datetime.fromtimestamp(ms / 1e3, UTC) for ms in axis["values"]]
    shown = [t.strftime(axis["format"].replace("%L", "%f")) for t in times]
    assert 3 <= len(set(shown)) == len(shown) <= 12


def cut(rows: list[tuple[int, str | None, int]], partial: list[bool]) -> pl.DataFrame:
    return frame(rows, "severity").with_columns(pl.Series("partial", partial))


def test_partial_buckets_are_faded_and_the_axis_says_so() -> None:
    chart = draw(cut(ROWS, [True, True, False, False, False, False]), by="severity", every=MINUTE)
    faded = {b["since"]: b["opacity"] for b in drawn(chart)}
    assert faded[NINE / 1e6] < 0.6
    assert faded[(NINE + 2 * MINUTE) / 1e6] == 1
    assert chart.to_dict()["encoding"]["x"]["title"] == "UTC, 3 Nov 2026 · faded: only partly covered"
    whole = draw(cut(ROWS, [False] * 6), by="severity", every=MINUTE).to_dict()["encoding"]
    assert "opacity" not in whole
    assert whole["x"]["title"] == "UTC, 3 Nov 2026"


def test_another_column_can_be_drawn() -> None:
    rates = frame(ROWS, "severity").with_columns(records_per_minute=pl.Series([2.5, None, 0, 1, 7, 3.25]))
    chart = draw(rates, by="severity", every=MINUTE, column="records_per_minute")
    assert [(b["value"], b["low"], b["high"]) for b in drawn(chart)] == [
        ("error", 0, 2.5),
        ("error", 0, 1),
        ("info", 0, 3.25),
        ("fatal", 3.25, 10.25),
    ]
    assert chart.to_dict()["encoding"]["y"]["title"] == "records per minute"


def test_sums_stand_without_air_between_them() -> None:
    summed = frame(ROWS, "severity").with_columns(records_so_far=pl.Series([2, 5, 5, 2, 1, 8]))
    bars = drawn(draw(summed, by="severity", every=MINUTE, column="records_so_far"))
    assert all(MINUTE / 1e6 <= b["until"] - b["since"] < 1.01 * MINUTE / 1e6 for b in bars)


def test_bytes_are_told_in_bytes() -> None:
    chart = draw(frame([(0, "info", 20_500)], "severity"), by="severity", every=MINUTE, of="bytes")
    assert drawn(chart)[0]["amount"] == "20 kB"
    assert chart.to_dict()["encoding"]["y"]["title"] == "bytes per 1 min"


def test_the_line_of_earlier_is_the_sum_of_all_values_and_ends_where_nothing_is_known() -> None:
    rows: list[tuple[int, str | None, int]] = [(t, s, 1) for t in range(5) for s in ("info", "error")]
    both = frame(rows, "severity").with_columns(
        records_earlier=pl.Series([1, 2, None, None, 0, 0, 7, 1, None, None], dtype=pl.UInt64)
    )
    points = [
        (round((p["since"] * 1e6 - NINE) / MINUTE), p["low"], p["run"]) for p in steps(both, "records_earlier", MINUTE)
    ]
    assert points == [(0, 3, 0), (1, 3, 0), (2, 0, 1), (3, 0, 1), (3, 8, 1), (4, 8, 1)]
    layers = draw(both, by="severity", every=MINUTE, earlier="1d").to_dict()["layer"]
    assert [layer["mark"]["type"] for layer in layers] == ["rect", "line", "text"]


def test_a_legend_is_no_wider_than_the_chart() -> None:
    rows: list[tuple[int, str | None, int]] = [(0, f"a-rather-long-service-name-{i}", 5) for i in range(12)]
    told = draw(frame(rows, "service_name"), by="service_name", every=MINUTE).to_dict()["encoding"]["color"]
    assert told["legend"]["columns"] == 3


def test_of_buckets_narrower_than_a_pixel_the_fullest_are_drawn_and_counted() -> None:
    rows: list[tuple[int, str | None, int]] = [(t, v, 1) for t in range(5000) for v in ("error", "info")]
    rows[2 * 3333] = (3333, "error", 70)
    chart = draw(frame(rows, "severity"), by="severity", every=MINUTE)
    bars = drawn(chart)
    assert len({b["since"] for b in bars}) == 834  # every sixth
    assert max(b["high"] for b in bars) == 71
    (peak,) = (b for b in bars if b["records"] == 70)
    assert peak["at"] == "5 Nov 2026, 16:33–16:34"
    assert peak["since"] <= (NINE + 3333 * MINUTE) / 1e6 < peak["until"]
    title = chart.to_dict()["encoding"]["x"]["title"]
    assert title.endswith("834 of 5,000 buckets are drawn, the fullest of each 6")
