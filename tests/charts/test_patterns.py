"""The rows of patterns: text, small bars, numbers."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

from lognb._html import PALETTE
from lognb.charts import axes
from lognb.charts.patterns import MOST, draw


def row(text: str, trend: list[int], **other: Any) -> dict[str, Any]:
    at = [datetime(2026, 11, 3, 9, m, tzinfo=UTC) for m in range(len(trend))]
    made = {
        "text": text, "records": sum(trend), "share": 0.5, "new": False,
        "severities": [{"value": "error", "records": 3}, {"value": "info", "records": 1}],
        "services": ["web"],
        "trend": [{"bucket": t, "records": n} for t, n in zip(at, trend, strict=True)],
    }  # fmt: skip
    return {**made, **other}


def told(rows: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    sets = draw(pl.DataFrame(rows)).to_dict()["datasets"].values()
    return next(s for s in sets if "text" in s[0] and "under" in s[0]), next(s for s in sets if "top" in s[0])


def test_a_row_says_its_text_and_a_bar_its_share_of_the_highest() -> None:
    rows, bars = told([row("took <int> ms", [1, 0, 3]), row("disk full", [4, 0, 0], new=True)])
    assert [r["text"] for r in rows] == ["took <int> ms", "disk full"]
    assert [(r["number"], r["share"]) for r in rows] == [("4", "50 %")] * 2
    assert [r["under"] for r in rows] == ["web · error 75 %, info 25 %", "new · web · error 75 %, info 25 %"]
    assert [b["records"] for b in bars] == ["1", "3", "4"]
    heights = [b["bottom"] - b["top"] for b in bars]
    assert heights[1] == heights[2] == 3 * heights[0]
    assert bars[0]["right"] <= bars[1]["left"] <= axes.WIDTH
    assert bars[0]["when"] == "2026-11-03 09:00:00 UTC"
    assert {b["colour"] for b in bars} == {PALETTE["error"][0]}


def test_hostile_text_is_plain_and_what_is_not_drawn_is_told() -> None:
    rows, _ = told([row("\x1b[31m\u202e", [1], services=["\x07"])])
    assert rows[0]["text"] == "\\x1b[31m\\u202e"
    assert rows[0]["under"].startswith("\\x07 · ")
    many = pl.DataFrame([row(str(i), [1]) for i in range(MOST + 5)])
    foot = " ".join(d[0]["text"] for d in draw(many).to_dict()["datasets"].values() if set(d[0]) == {"text"})
    assert foot.startswith("numbers: records · bars: records per 1 s, each row on its own scale")
    assert foot.endswith(f"{MOST} of {MOST + 5} patterns are drawn")
