"""Issues as rows: the title, when it happened as small bars, how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes, trends
from lognb.charts.theme import dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 36, 20
_BARS, _NUMBERS, _GAP = 300, 110, 16


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A row for each issue: title and culprit, its trend as bars of its own scale, occurrences and users behind it."""
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
    layers = [
        line,
        trends.drawn(bars, "occurrences", axes.WIDTH),
        axes.text(base, "title", 0, y, dy=-7, limit=left - _GAP),
        axes.text(base, "culprit", 0, y, dy=9, limit=left - _GAP, style="small"),
        axes.text(base, "number", axes.WIDTH, y, dy=-7, align="right"),
        axes.text(base, "whom", axes.WIDTH, y, dy=9, align="right", style="small"),
        axes.foot([*trends.told(shown["trend"], "occurrences"), axes.cut(len(rows), len(frame), "issues")], height),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _data(frame: pl.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, bars = [], []
    place = (axes.WIDTH - _BARS - _NUMBERS, _BARS, ROW - 12)
    for i, row in enumerate(frame.iter_rows(named=True)):
        ground = ROW * (i + 1) - 6
        new = "new · " if row["new"] else ""
        services = ", ".join(row["services"] or ())
        where = " · ".join(_text.plain(part, 60) for part in (row["culprit"], services) if part)
        users = _text.plural(row["users"], "user") if row["users"] else ""
        rows.append(
            {
                "y": ROW * (i + 0.5), "ground": ground, "title": _text.plain(row["title"], 90) or '""',
                "culprit": new + where, "number": f"{_text.count(row['occurrences'])} ×", "whom": users,
            }
        )  # fmt: skip
        bars += trends.bars(row["trend"], "occurrences", ground, place)
    return rows, bars
