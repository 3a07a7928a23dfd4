"""What each step of a query leaves, as bars of one length scale."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._html import INK
from lognb.charts.theme import NEUTRAL, OTHER, dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

WIDTH, ROW = 860, 30


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
    base = alt.Chart(alt.InlineData(values=rows), width=WIDTH, height=ROW * len(rows))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    scale = alt.Scale(domain=[0, longest], nice=False, zero=True)
    tips = [alt.Tooltip(f"{name}:N") for name in ("step", "number", "removed", "alone")]
    bars = {
        name: base.mark_bar(height=6, yOffset=10, color=colour).encode(
            y=y, x=alt.X(f"{name}:Q", axis=None, scale=scale), tooltip=tips
        )
        for name, colour in (("before", OTHER), ("records", NEUTRAL))
    }
    style: dict[str, Any] = {"baseline": "middle", "dy": -3, "fontSize": 12, "color": INK}
    step = base.mark_text(align="left", limit=WIDTH - 170, **style).encode(y=y, x=alt.value(0), text="step:N")
    number = base.mark_text(align="right", **style).encode(y=y, x=alt.value(WIDTH), text="number:N")
    removed = base.mark_text(align="right", opacity=0.65, **style).encode(
        y=y, x=alt.value(WIDTH - 80), text="removed:N"
    )
    chart = bars["before"] + bars["records"] + step + number + removed
    return cast("alt.TopLevelMixin", dress(chart))
