"""Patterns as rows: the text, when it was said as small bars of its own scale, how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes, trends
from lognb.charts.theme import dress
from lognb.schema import LEVELS

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 36, 20
_BARS, _NUMBERS, _GAP = 190, 96, 14
_LETTERS = 74  # of a text that are drawn; the table has it all


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A row for each pattern: its text, services and severities; its trend in the colour of its commonest severity."""
    import altair as alt

    shown = frame.head(MOST)
    rows, bars = _data(shown)
    height = ROW * len(rows)
    left = axes.WIDTH - _BARS - _NUMBERS
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, height], range=[0, height], nice=False))
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=height)
    line = base.mark_rule(style="line").encode(
        x=alt.value(left), x2=alt.value(left + _BARS), y=alt.Y("ground:Q", axis=None)
    )
    told = [*trends.told(shown["trend"], "records"), "colour: commonest severity"]
    layers = [
        line,
        trends.drawn(bars, "records", axes.WIDTH),
        axes.text(base, "text", 0, y, dy=-7, limit=left - _GAP),
        axes.text(base, "under", 0, y, dy=9, limit=left - _GAP, style="small"),
        axes.text(base, "number", axes.WIDTH, y, dy=-7, align="right"),
        axes.text(base, "share", axes.WIDTH, y, dy=9, align="right", style="small"),
        axes.foot(["numbers: records", *told, axes.cut(len(rows), len(frame), "patterns")], height),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _data(frame: pl.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, bars = [], []
    place = (axes.WIDTH - _BARS - _NUMBERS, _BARS, ROW - 12)
    for i, row in enumerate(frame.iter_rows(named=True)):
        ground = ROW * (i + 1) - 8
        levels = {c["value"]: c["records"] for c in row["severities"]}
        mix = [f"{level} {_text.share(levels[level], row['records'])}" for level in reversed(LEVELS) if level in levels]
        if len(mix) == 1:
            mix = list(levels)
        services = row["services"]
        whom = [_text.plain(s, 24) for s in services[:3]] + ([f"{len(services) - 3} more"] if len(services) > 3 else [])
        under = [*(["new"] if row["new"] else []), ", ".join(whom), ", ".join(mix)]
        rows.append(
            {
                "y": ROW * (i + 0.5), "ground": ground, "text": _text.plain(row["text"], _LETTERS) or '""',
                "under": " · ".join(part for part in under if part), "number": _text.count(row["records"]),
                "share": _text.share(round(row["share"] * 1_000_000), 1_000_000),
            }
        )  # fmt: skip
        commonest = row["severities"][0]["value"] if row["severities"] else "unspecified"
        bars += trends.bars(row["trend"], "records", ground, place, commonest)
    return rows, bars
