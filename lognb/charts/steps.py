"""How many records each step of a query leaves, as bars of one length scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, wide

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW = 32


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """One row per `step` from the top: its text and what it removed, the records left at the right edge, a bar below.

    The pale part of a bar is what the step removed.
    """
    import altair as alt

    rows = [
        {
            "row": i,
            "step": _text.plain(step, 90),
            "records": records,
            "before": records + removed,
            "number": _text.count(records),
            "removed": f"−{_text.count(removed)}" if i else "",
            "alone": _text.count(alone),
        }
        for i, (step, records, removed, alone) in enumerate(frame.iter_rows())
    ]
    longest = max(1, *(row["records"] for row in rows))
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * len(rows))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    scale = alt.Scale(domain=[0, longest], nice=False, zero=True)
    tips = [alt.Tooltip(f"{name}:N") for name in ("step", "number", "removed", "alone")]
    bars = {
        name: base.mark_bar(height=6, yOffset=10, style=colour).encode(
            y=y, x=alt.X(f"{name}:Q", axis=None, scale=scale), tooltip=tips
        )
        for name, colour in (("before", "other"), ("records", "neutral"))
    }
    left = axes.WIDTH - 16 - max(wide(row["number"]) for row in rows)
    limit = left - 16 - max(wide(row["removed"]) for row in rows)
    layers = [
        bars["before"],
        bars["records"],
        axes.text(base, "step", 0, y, dy=-3, limit=limit),
        axes.text(base, "number", axes.WIDTH, y, dy=-3, align="right"),
        axes.text(base, "removed", left, y, dy=-3, align="right", style="small"),
        axes.foot(["records after each step · pale: what the step removed"], ROW * len(rows)),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))
