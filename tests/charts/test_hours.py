"""The cells of the map of a week."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from lognb.charts.hours import draw

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def week(means: dict[int, float | None]) -> pl.DataFrame:
    """Means by hour of the week; 0 where none is given."""
    return pl.DataFrame(
        {
            "weekday": pl.Series([DAYS[i // 24] for i in range(168)], dtype=pl.Enum(DAYS)),
            "hour": [i % 24 for i in range(168)],
            "hours": [0.0 if means.get(i, 0.0) is None else 2.0 for i in range(168)],
            "records_per_hour": pl.Series([means.get(i, 0.0) for i in range(168)], dtype=pl.Float64),
        }
    )


def told(chart: Any) -> tuple[list[dict[str, Any]], str]:
    spec = chart.to_dict()
    (cells,) = (d for d in spec["datasets"].values() if len(d) == 168)
    (note,) = (d for d in spec["datasets"].values() if len(d) == 1)
    return cells, note[0]["text"]


def test_a_cell_is_the_stronger_the_more_there_is() -> None:
    cells, note = told(draw(week({0: 100.0, 25: 50.0, 30: None}), column="records_per_hour", zone="Europe/Berlin"))
    at = {(c["weekday"], c["hour"]): c for c in cells}
    assert at["Monday", 0]["strength"] == 1
    assert at["Tuesday", 1]["strength"] == pytest.approx(0.53)
    assert 0 < at["Sunday", 5]["strength"] < 0.1
    assert at["Tuesday", 1]["amount"] == "50 per hour"
    assert note == "strength: records per hour · the strongest 100 per hour · outlined: not covered"


def test_what_is_not_covered_is_no_zero() -> None:
    cells, _ = told(draw(week({30: None}), column="records_per_hour", zone="UTC"))
    assert [c["amount"] for c in cells if not c["known"]] == ["not covered"]
    _, note = told(draw(week({}), column="records_per_hour", zone="UTC"))
    assert note == "strength: records per hour"


def test_the_axis_names_the_zone_and_days_are_in_order() -> None:
    layer = draw(week({}), column="records_per_hour", zone="Asia/Kathmandu").to_dict()["layer"][0]
    assert layer["encoding"]["x"]["title"] == "hour, Asia/Kathmandu"
    assert layer["encoding"]["y"]["sort"] == list(DAYS)
