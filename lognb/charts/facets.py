"""How often each value of some fields occurs, as small multiples of bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, fit, shade, wide
from lognb.schema import LEVELS

if TYPE_CHECKING:
    import altair as alt

GAP, ROW, COLUMNS = 28, 22, 4


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """One list per `field`, each value with its records at the right edge and a bar below, longest = most records.

    What the field's own conditions did not choose is faint.
    """
    import altair as alt

    parts = list(frame.group_by("field", maintain_order=True))
    columns = min(COLUMNS, len(parts))
    width = min(420, (axes.WIDTH - GAP * (columns - 1)) // columns)
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
    room = width - 12 - max(wide(bar["number"]) for bar in bars)
    label = axes.text(base, "label", 0, y, dy=-1, limit=room).encode(opacity=faint)
    number = axes.text(base, "number", width, y, dy=-1, align="right").encode(opacity=faint)
    title = {"text": fit(_text.plain(field, 60), width, 14), "subtitle": _values(rows), "limit": width}
    return (bar + label + number).properties(title=title)


def _values(rows: pl.DataFrame) -> str:
    """ "records of 10 of 14 values": how many of a field's values have a row."""
    there = rows.filter(pl.col("value").is_not_null()).height
    left = int(rows.filter(pl.col("value").is_null())["values"].sum())
    return f"records of {_text.count(there)} of {_text.plural(there + left, 'value')}" if left else "records"


def _bar(field: str, i: int, row: dict[str, Any], longest: int) -> dict[str, Any]:
    value, records = row["value"], row["records"]
    if value is None:
        label = "(absent)" if row["values"] == 0 else f"{_text.count(row['values'])} more"
        colour = "other"
    else:
        label = _text.plain(value, 60)
        colour = value if field == "severity" and value in LEVELS else "neutral"
    return {
        "row": i,
        "label": label or '""',
        "records": min(records, longest),
        "number": _text.count(records),
        "share": _text.share(round(row["share"] * 1_000_000), 1_000_000),
        "colour": shade(colour),
        "opacity": 0.5 if row["chosen"] is False else 1,
    }
