"""The numbers that a facets chart draws."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import polars as pl

from lognb.charts.facets import draw
from lognb.charts.theme import shade

SCHEMA = {
    "field": pl.String,
    "value": pl.String,
    "records": pl.UInt64,
    "share": pl.Float64,
    "values": pl.UInt64,
    "chosen": pl.Boolean,
}
ROWS = [
    ("severity", "error", 10, 0.1, 1, True),
    ("severity", "info", 90, 0.9, 1, False),
    ("route", "/a", 20, 0.2, 1, True),
    ("route", "<script>alert(1)</script>\n", 10, 0.1, 1, True),
    ("route", "", 5, 0.05, 1, True),
    ("route", None, 60, 0.6, 7, None),
    ("route", None, 5, 0.05, 0, True),
]


def lists() -> list[dict[str, Any]]:
    chart = draw(pl.DataFrame(ROWS, schema=SCHEMA, orient="row")).to_dict()
    assert chart["columns"] == 2
    return [part | {"bars": chart["datasets"][part["data"]["name"]]} for part in chart["concat"]]


def test_one_list_per_field_every_value_with_its_number() -> None:
    severity, route = lists()
    titles = [(part["title"]["text"], part["title"]["subtitle"]) for part in (severity, route)]
    assert titles == [("severity", "records"), ("route", "records of 3 of 10 values")]
    assert [(b["label"], b["number"], b["share"]) for b in severity["bars"]] == [
        ("error", "10", "10 %"),
        ("info", "90", "90 %"),
    ]
    labels = [b["label"] for b in route["bars"]]
    assert labels == ["/a", "<script>alert(1)</script>\\n", '""', "7 more", "(absent)"]


def test_only_severities_have_colours_of_their_own() -> None:
    severity, route = lists()
    assert [b["colour"] for b in severity["bars"]] == [shade("error"), shade("info")]
    assert route["bars"][0]["colour"] == shade("neutral")


def test_the_rest_never_shrinks_the_values() -> None:
    _, route = lists()
    bars = route["bars"]
    assert [b["records"] for b in bars] == [20, 10, 5, 20, 5]
    assert [b["number"] for b in bars] == ["20", "10", "5", "60", "5"]


def test_log_text_stays_text_in_the_picture() -> None:
    out = io.StringIO()
    draw(pl.DataFrame(ROWS, schema=SCHEMA, orient="row")).save(out, format="svg")
    elements = {e.tag.split("}")[-1] for e in ElementTree.fromstring(out.getvalue()).iter()}
    assert "script" not in elements


def test_what_is_not_chosen_is_faint() -> None:
    severity, route = lists()
    assert [b["opacity"] for b in severity["bars"]] == [1, 0.5]
    assert {b["opacity"] for b in route["bars"]} == {1}
