"""The bars of sessions and of impact."""

from __future__ import annotations

from typing import Any

import polars as pl

from lognb.charts import impact, sessions
from lognb.charts.theme import shade
from lognb.engines.base import SESSIONS

NINE = 1_793_696_400_000_000_000


def _frame(rows: list[dict[str, Any]]) -> pl.DataFrame:
    usual = {"part": 1, "records": 1, "errors": 0, "severity": "info", "duration_ns": 0}
    data = [{**dict.fromkeys(SESSIONS), **usual, **row} for row in rows]
    return pl.DataFrame(data, schema=SESSIONS, orient="row").rename({"key": "session"})


def _told(chart: Any) -> list[dict[str, Any]]:
    (rows,) = (rows for rows in chart.to_dict()["datasets"].values() if "row" in rows[0])
    found: list[dict[str, Any]] = rows
    return found


def test_a_bar_goes_from_start_to_end_in_the_colour_of_the_worst() -> None:
    frame = _frame(
        [
            {"key": "01a210b0-bab0-7752-82c2-026cceba9260", "user": "ann", "start": NINE, "end": NINE + 10**9,
             "records": 1200, "errors": 1, "severity": "error"},
            {"key": "<b>\x1b", "start": NINE + 5, "end": NINE + 5, "part": 2},
        ]
    )  # fmt: skip
    rows = _told(sessions.draw(frame))
    (begin, end), moment = ((r["start"], r["until"]) for r in rows)
    assert (begin, end) == (NINE / 1e6, NINE / 1e6 + 1000)
    assert 2 < (moment[1] - moment[0]) * 500 / (end - begin) < 4  # about 3 px, so that it is seen
    assert rows[0]["severity"] == "error"
    assert [r["label"] for r in rows] == ["ann · 01a210b0…ba9260 #1", "<b>\\x1b #2"]
    assert [r["note"] for r in rows] == ["1,200 records, 1 error", "1 record"]


def test_of_many_the_worst_and_longest_are_drawn_and_the_rest_counted() -> None:
    lines = [
        {"key": f"s{i}", "start": NINE + i, "end": NINE + i * 2, "duration_ns": i, "errors": int(i == 3)}
        for i in range(100)
    ]
    chart = sessions.draw(_frame(lines))
    rows = _told(chart)
    assert [r["name"] for r in rows] == ["s3", *(f"s{i}" for i in range(61, 100))]
    assert "40 of 100 sessions are drawn" in str(chart.to_dict())


def test_without_any_time_they_are_listed() -> None:
    assert [r["name"] for r in _told(sessions.draw(_frame([{"key": "a"}, {"key": "b"}])))] == ["a", "b"]


def test_impact_draws_conversion_or_share() -> None:
    frame = pl.DataFrame(
        {
            "side": ["before", "during"], "who": ["all", "affected"], "sessions": [4, 2], "users": [0, 0],
            "session_share": [1.0, 0.5], "sessions_converted": [2, 0], "session_conversion": [0.5, 0.0],
        }
    )  # fmt: skip
    rows = _told(impact.draw(frame, event="paid"))
    assert [(r["name"], r["part"], r["number"]) for r in rows] == [
        ("before, all", 0.5, "2 of 4 sessions (50 %)"), ("during, affected", 0.0, "0 of 2 sessions (0 %)"),
    ]  # fmt: skip
    assert rows[1]["colour"] == shade("error")
    assert [r["number"] for r in _told(impact.draw(frame, event=None))][1] == "2 sessions, 50 % of all active"
