"""The numbers that bands and histograms draw."""

from __future__ import annotations

import io
from typing import Any
from xml.etree import ElementTree

import polars as pl

from lognb._text import MINUTE
from lognb.charts.stats import bands, bins, draw
from lognb.query import parse_time
from lognb.schema import TIME

NINE = parse_time("2026-11-03T09:00:00Z") or 0
NAMES = ("p5", "p25", "p50", "p75", "p95", "p99")
HOSTILE = "'+alert(1)+'<b>"


def over_time(rows: list[tuple[int, str | None, int]]) -> pl.DataFrame:
    """Minute, value of k, and the median; other percentiles lie around it; 0: no number."""
    data: dict[str, list[Any]] = {
        "bucket": [NINE + t * MINUTE for t, _, _ in rows],
        "k": [k for _, k, _ in rows],
        "records": [3 if n else 0 for *_, n in rows],
    }
    for i, name in enumerate(NAMES):
        data[name] = [n + i - 2 if n else None for *_, n in rows]
    return pl.DataFrame(data, schema_overrides={"k": pl.String}).cast({"bucket": TIME})


def counted(values: list[str | None]) -> pl.DataFrame:
    bins_of = [{"low": 0.0, "high": 0.5, "records": 4}, {"low": 0.5, "high": 1000.0, "records": 1}]
    return pl.DataFrame({"k": values, "records": [5] * len(values), "histogram": [bins_of] * len(values)})


def layers(spec: dict[str, Any]) -> list[str]:
    return [layer["mark"]["type"] for layer in spec["layer"]]


def test_bands_are_the_percentiles_of_their_bucket() -> None:
    rows = bands(over_time([(0, None, 10), (1, None, 0), (2, None, 30)]), "took_ms", MINUTE)
    assert [(r["p5"], r["p25"], r["p50"], r["p75"], r["p95"], r["p99"]) for r in rows] == [
        (8, 9, 10, 11, 12, 13),
        (28, 29, 30, 31, 32, 33),
    ]
    assert [r["since"] for r in rows] == [NINE / 1e6, (NINE + 2 * MINUTE) / 1e6]
    assert rows[0]["median"] == "10 ms"


def test_one_strip_for_each_value_with_a_number_on_one_scale() -> None:
    frame = over_time([(0, "a", 10), (0, None, 500), (0, "never", 0), (1, "a", 10), (1, None, 500), (1, "never", 0)])
    spec = draw(frame, field="took_ms", by="k", every=MINUTE).to_dict()
    assert [strip["title"]["text"] for strip in spec["vconcat"]] == ["a", "(absent)"]
    assert {strip["layer"][0]["encoding"]["y"]["scale"]["domain"][1] for strip in spec["vconcat"]} == {502}
    assert [s["layer"][0]["encoding"]["x"]["axis"]["labels"] for s in spec["vconcat"]] == [False, True]


def test_bars_are_the_bins() -> None:
    rows = bins(counted(["a"]), "took_ms")
    assert [(r["left"], r["records"], r["bin"]) for r in rows] == [(0, 4, "0 to 0.5"), (1, 1, "0.5 to 1,000")]
    spec = draw(counted(["a"]).drop("k"), field="took_ms", by=None, every=None).to_dict()
    axis = spec["encoding"]["x"]["axis"]
    assert axis["values"] == [0, 1, 2]
    assert axis["labelExpr"] == "{0: '0', 1: '0.5', 2: '1,000'}[datum.value]"
    assert spec["encoding"]["x"]["title"] == "took_ms, milliseconds"


def test_log_text_stays_text_in_the_picture() -> None:
    for frame, every in ((counted([HOSTILE]), None), (over_time([(0, HOSTILE, 5)]), MINUTE)):
        out = io.StringIO()
        draw(frame.rename({"k": HOSTILE}), field=HOSTILE, by=HOSTILE, every=every).save(out, format="svg")
        elements = {e.tag.split("}")[-1] for e in ElementTree.fromstring(out.getvalue()).iter()}
        assert elements <= {"svg", "g", "path", "text", "rect", "line", "defs", "clipPath", "title"}
