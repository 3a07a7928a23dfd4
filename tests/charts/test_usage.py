"""The bars of usage."""

from __future__ import annotations

from typing import Any

import polars as pl

from lognb.charts.usage import draw


def told(frame: pl.DataFrame) -> list[dict[str, Any]]:
    (rows,) = (rows for rows in draw(frame, by="k").to_dict()["datasets"].values() if "row" in rows[0])
    found: list[dict[str, Any]] = rows
    return found


def test_a_bar_is_what_is_billed_and_the_strong_part_what_is_left() -> None:
    frame = pl.DataFrame(
        {
            "k": ["a", None, "other (3 more)"],
            "billed_bytes": [2**30, 5000, 10],
            "cost": [0.25, 0.0, 0.0],
            "billed_gib_after": [0.5, 0.0, 10 / 2**30],
            "cost_after": [0.125, 0.0, 0.0],
        }
    )
    rows = told(frame)
    assert [(r["value"], r["kept"], r["billed"]) for r in rows] == [
        ("a", 2**29, 2**30),
        ("(absent)", 0, 5000),
        ("other (3 more)", 10, 10),
    ]
    assert rows[0]["number"] == "1.1 GB → 537 MB · $0.25 → $0.12"
    assert rows[1]["colour"] == rows[2]["colour"] != rows[0]["colour"]


def test_without_a_measure_all_is_left() -> None:
    rows = told(pl.DataFrame({"k": ["a", ""], "billed_bytes": [300, 0]}))
    assert [(r["value"], r["kept"], r["number"]) for r in rows] == [("a", 300, "300 B"), ('""', 0, "0 B")]


def test_the_rest_does_not_shrink_the_bars_and_what_is_not_drawn_is_told() -> None:
    frame = pl.DataFrame({"k": ["a", "b", "other (5 more)"], "billed_bytes": [300, 100, 90_000]})
    bar = draw(frame, by="k").to_dict()["layer"][0]["encoding"]["x"]["scale"]
    assert (bar["domain"], bar["clamp"]) == ([0, 300], True)
    many = pl.DataFrame({"k": [str(i) for i in range(50)], "billed_bytes": [1] * 50})
    (note,) = (d for d in draw(many, by="k").to_dict()["datasets"].values() if len(d) == 1)
    assert note == [{"text": "billed bytes · 30 of 50 rows are drawn"}]
