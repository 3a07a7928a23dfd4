"""Issues as rows: the title, when it happened as small bars, how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._html import DIM, INK, LINE
from lognb.charts import axes
from lognb.charts.theme import SEVERITY_COLOURS, dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 34, 20
_BARS, _NUMBERS = 300, 110


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A row for each issue: title and culprit, its trend as bars of its own scale, occurrences and users behind it."""
    import altair as alt

    rows, bars = _data(frame.head(MOST))
    height = ROW * len(rows)
    left = axes.WIDTH - _BARS - _NUMBERS
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, height], range=[0, height], nice=False))
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=height)
    style: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 12, "limit": left - 16}
    title = base.mark_text(dy=-7, color=INK, **style).encode(x=alt.value(0), y=y, text="title:N")
    culprit = base.mark_text(dy=8, color=DIM, **{**style, "fontSize": 11}).encode(x=alt.value(0), y=y, text="culprit:N")
    number = base.mark_text(align="right", baseline="middle", dy=-7, fontSize=12, color=INK).encode(
        x=alt.value(axes.WIDTH), y=y, text="number:N"
    )
    whom = base.mark_text(align="right", baseline="middle", dy=8, fontSize=11, color=DIM).encode(
        x=alt.value(axes.WIDTH), y=y, text="whom:N"
    )
    x = alt.X("left:Q", axis=None, scale=alt.Scale(domain=[0, axes.WIDTH], range=[0, axes.WIDTH], nice=False))
    trend = (
        alt.Chart(alt.InlineData(values=bars))
        .mark_rect(color=SEVERITY_COLOURS["error"])
        .encode(x=x, x2="right:Q", y=alt.Y("top:Q", axis=None), y2="bottom:Q", tooltip=["when:N", "times:N"])
    )
    line = base.mark_rule(color=LINE).encode(
        x=alt.value(left), x2=alt.value(left + _BARS), y=alt.Y("ground:Q", axis=None)
    )
    layers = [line, trend, title, culprit, number, whom]
    if frame.height > len(rows):
        said = f"{len(rows)} of {_text.count(frame.height)} issues are drawn"
        cut = alt.Chart(alt.InlineData(values=[{"text": said}]))
        more = cut.mark_text(align="left", baseline="top", fontSize=11, color=DIM)
        layers.append(more.encode(x=alt.value(0), y=alt.value(height + 4), text="text:N"))
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _data(frame: pl.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, bars = [], []
    left = axes.WIDTH - _BARS - _NUMBERS
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
        trend = row["trend"] or []
        most = max((cell["occurrences"] for cell in trend), default=0) or 1
        width = _BARS / max(len(trend), 1)
        for at, cell in enumerate(trend):
            if cell["occurrences"]:
                high = max(2.0, (ROW - 12) * cell["occurrences"] / most)
                bars.append(
                    {
                        "left": left + at * width, "right": left + (at + 1) * width - 0.5, "top": ground - high,
                        "bottom": ground, "when": f"{cell['bucket']:%Y-%m-%d %H:%M:%S}",
                        "times": _text.count(cell["occurrences"]),
                    }
                )  # fmt: skip
    return rows, bars
