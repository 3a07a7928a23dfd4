"""What the chart of issues draws: their names, their bars, what is cut."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from lognb.analyses.errors import _FRAME
from lognb.charts.errors import draw

NINE = datetime(2026, 11, 3, 9, tzinfo=UTC)


def frame(issues: int, trend: list[int], **other: Any) -> pl.DataFrame:
    cells = [{"bucket": NINE + timedelta(minutes=i), "occurrences": n} for i, n in enumerate(trend)]
    row = {
        "issue": "a1", "title": "Failed: no", "culprit": "pay (a.py)", "occurrences": sum(trend), "users": 2,
        "services": ["shop"], "trend": cells, "new": None,
    } | other  # fmt: skip
    return pl.DataFrame([{n: row.get(n) for n in _FRAME}] * issues, schema=_FRAME)


def data(chart: Any) -> list[list[dict[str, Any]]]:
    drawn = chart.to_dict()
    given = [layer.get("data", drawn.get("data")) for layer in drawn["layer"]]
    return [d["values"] if "values" in d else drawn["datasets"][d["name"]] for d in given]


def test_a_bar_for_each_bucket_that_has_some_the_highest_where_most_are() -> None:
    bars = next(d for d in data(draw(frame(1, [0, 1, 4, 0]))) if "top" in d[0])
    assert [(b["occurrences"], b["when"]) for b in bars] == [
        ("1", "2026-11-03 09:01:00 UTC"), ("4", "2026-11-03 09:02:00 UTC"),
    ]  # fmt: skip
    heights = [b["bottom"] - b["top"] for b in bars]
    assert heights[1] == 4 * heights[0]
    assert bars[0]["right"] <= bars[1]["left"]


def test_a_row_says_what_fails_where_and_whom_it_met() -> None:
    (row,) = next(d for d in data(draw(frame(1, [3], new=True))) if "title" in d[0])
    assert (row["title"], row["culprit"]) == ("Failed: no", "new · pay (a.py) · shop")
    assert (row["number"], row["whom"]) == ("3 ×", "2 users")


def test_what_is_not_drawn_is_said() -> None:
    foot = str(draw(frame(23, [1, 0])).to_dict()["datasets"])
    assert "bars: occurrences per 1 min, each row on its own scale" in foot
    assert "3 Nov 2026, 09:00:00–09:02:00 UTC · 20 of 23 issues are drawn" in foot
