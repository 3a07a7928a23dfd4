"""The bars of a trace: what is drawn, where, and what is said of the rest."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import polars as pl

sys.path.insert(0, str(Path(__file__).parents[1] / "analyses"))

from spanning import MS, NINE, Span, frame

from lognb.analyses.waterfall import arranged
from lognb.charts.waterfall import MOST, RECORDS, TICKS, draw

HOSTILE = '<img src=x onerror="alert(1)">\u202e\x1b[2J'


def sets(chart: Any, *has: str) -> list[dict[str, Any]]:
    """The rows of the largest data set whose rows have these names."""
    found: list[list[dict[str, Any]]] = list(chart.to_dict()["datasets"].values())
    return max((d for d in found if d and set(has) <= set(d[0])), key=len)


def records(*rows: tuple[str, float, str]) -> pl.DataFrame:
    data = [(span, "t", NINE + round(ms * MS), level) for span, ms, level in rows]
    schema = RECORDS | {"time": pl.Int64()}
    return pl.DataFrame(data, schema=schema, orient="row").cast({"time": RECORDS["time"]})  # type: ignore[arg-type]


def test_bars_lie_where_the_spans_do_and_failures_have_a_word() -> None:
    spans = frame(
        [Span("a", None, 0, 100, "web"), Span("b", "a", 20, 70, "api", status="error"), Span("c", "zz", 30, 30)]
    )
    chart = draw(arranged(spans))
    bars = sets(chart, "since", "service")
    assert [(b["service"], b["since"], b["until"]) for b in bars[:2]] == [("web", 0, 100), ("api", 20, 70)]
    assert 30 < bars[2]["until"] < 31  # a moment can be seen
    rows = [(r["name"], r["depth"], r["took"], r["note"]) for r in sets(chart, "took")]
    orphan = ("a · work", 0, "0 ns", "its parent is not among the spans")
    assert rows == [("web · work", 0, "100 ms", ""), ("api · work", 1, "50 ms", "error"), orphan]


def test_the_critical_path_and_records_are_marked() -> None:
    spans = frame([Span("a", None, 0, 100), Span("b", "a", 20, 70)])
    found = records(("b", 30, "info"), ("b", 40, "error"), ("b", 60_000, "info"), ("zz", 30, "info"))
    path = pl.DataFrame({"row": [0, 1], "start": [NINE, NINE + 20 * MS], "end": [NINE + 20 * MS, NINE + 70 * MS]})
    chart = draw(arranged(spans, found), records=found, path=path)
    ticks = sets(chart, "at", "colour")
    assert [(t["place"], t["at"]) for t in ticks] == [(1, 40), (1, 30)]  # errors first
    assert ticks[0]["colour"] != ticks[1]["colour"]
    line = next(d for d in chart.to_dict()["datasets"].values() if d and set(d[0]) == {"place", "since", "until"})
    assert [(p["place"], p["since"], p["until"]) for p in line] == [(0, 0, 20), (1, 20, 70)]
    assert sets(chart, "text") == [{"text": "line: critical path · ticks: records · 2 of 3 records are ticks"}]


def test_of_many_spans_those_that_matter_are_drawn_and_the_rest_is_told() -> None:
    many = [Span("r", None, 0, 1000), *(Span(str(i), "r", i, i + 1) for i in range(500))]
    many += [Span("bad", "r", 700, 700.1, status="error"), Span("long", "r", 0, 900)]
    found = records(*(("long", i / 10, "info") for i in range(TICKS + 100)))
    chart = draw(arranged(frame(many), found), records=found)
    rows = sets(chart, "since", "service")
    assert len(rows) == MOST
    assert {"error"} == {r["note"] for r in sets(chart, "took") if r["note"]} or any(r["failed"] for r in rows)
    told = (
        f"ticks: records · red edge: error · {MOST} of 503 spans are drawn · {TICKS} of {TICKS + 100} records are ticks"
    )
    assert sets(chart, "text") == [{"text": told}]


def test_names_are_safe_and_what_has_no_time_has_a_row_without_a_bar() -> None:
    spans = frame([Span("a", None, None, None, HOSTILE, name=HOSTILE), Span("b", None, 1, None, None, trace="u")])
    chart = draw(arranged(spans))
    text = repr(chart.to_dict())
    assert "\u202e" not in text
    assert "\x1b" not in text
    names = {r["name"]: r["note"] for d in chart.to_dict()["datasets"].values() for r in d if "took" in r}
    assert sorted(names.values()) == ["no end", "no time"]
    assert len(sets(chart, "since", "service")) == 1
    assert "(absent) · work" in names
    none = draw(arranged(frame([Span("a", None, None, None)])))
    assert none.to_dict()
