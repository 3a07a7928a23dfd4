"""How often each value of some fields occurs, as small multiples of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb._html import INK
from lognb.charts.theme import NEUTRAL, OTHER, SEVERITY_COLOURS, dress

if TYPE_CHECKING:
    import altair as alt

WIDTH, GAP, ROW, COLUMNS = 860, 28, 21, 4


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """One list per `field`, each value with its number at the right edge and a bar below, longest = most records.

    What the field's own conditions did not choose is faint.
    """
    import altair as alt

    parts = list(frame.group_by("field", maintain_order=True))
    columns = min(COLUMNS, len(parts))
    width = min(420, (WIDTH - GAP * (columns - 1)) // columns)
    lists = [_list(str(field), part, width) for (field,), part in parts]
    return cast("alt.TopLevelMixin", dress(alt.concat(*lists, columns=columns, spacing=GAP)))


def _list(field: str, rows: pl.DataFrame, width: int) -> Any:
    import altair as alt

    # A "4 more" that is longer than any value would shrink all bars; it fills its row instead.
    longest = max(1, cast("int", rows.filter(pl.col("values") <= 1)["records"].max() or 0))
    bars = [_bar(field, i, row, longest) for i, row in enumerate(rows.iter_rows(named=True))]
    base = alt.Chart(alt.InlineData(values=bars), width=width, height=ROW * len(bars))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    x = alt.X("records:Q", axis=None, scale=alt.Scale(domain=[0, longest], nice=False, zero=True))
    tips = [alt.Tooltip("label:N"), alt.Tooltip("records:Q", format=","), alt.Tooltip("share:N")]
    colour = alt.Color("colour:N", scale=None)
    faint = alt.Opacity("opacity:Q", scale=None)
    bar = base.mark_bar(height=3, yOffset=8).encode(y=y, x=x, color=colour, opacity=faint, tooltip=tips)
    style: dict[str, Any] = {"baseline": "middle", "dy": -1, "fontSize": 11.5, "color": INK}
    label = base.mark_text(align="left", limit=width - 62, **style).encode(
        y=y, x=alt.value(0), text="label:N", opacity=faint
    )
    number = base.mark_text(align="right", **style).encode(y=y, x=alt.value(width), text="number:N", opacity=faint)
    return (bar + label + number).properties(title=_text.plain(field, 36))


def _bar(field: str, i: int, row: dict[str, Any], longest: int) -> dict[str, Any]:
    value, records = row["value"], row["records"]
    if value is None:
        label = "(absent)" if row["values"] == 0 else f"{_text.count(row['values'])} more"
        colour = OTHER
    else:
        label = _text.plain(value, 60)
        colour = SEVERITY_COLOURS.get(value, NEUTRAL) if field == "severity" else NEUTRAL
    return {
        "row": i,
        "label": label or '""',
        "records": min(records, longest),
        "number": _text.count(records),
        "share": _text.share(round(row["share"] * 1_000_000), 1_000_000),
        "colour": colour,
        "opacity": 0.5 if row["chosen"] is False else 1,
    }
