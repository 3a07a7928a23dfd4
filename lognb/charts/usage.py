"""Billed bytes of each value of a field, as bars; what would be saved is the faded part."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, shade, wide

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 22, 30
_NAMES, _FADED = 200, 0.35


def draw(frame: pl.DataFrame, *, by: str) -> alt.TopLevelMixin:
    """A bar for each row, its name before it, bytes and cost behind it; the part that a measure takes away is faded."""
    import altair as alt

    rows = _rows(frame.head(MOST), by)
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * len(rows))
    # An "other" that is longer than any value would shrink all bars; it fills its row instead.
    values = [row["billed"] for row in rows if not row["value"].startswith("other (")]
    most = max(values or [row["billed"] for row in rows]) or 1
    numbers = 16 + max(wide(row["number"]) for row in rows)
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))
    x: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, most], range=[_NAMES, axes.WIDTH - numbers], nice=False, clamp=True),
        "axis": None,
    }
    colour = alt.Color("colour:N", scale=None)
    tips = [alt.Tooltip(f"{name}:N") for name in ("value", "number")]
    bars = [
        base.mark_rect(opacity=opacity).encode(x=alt.X(f"{since}:Q", **x), x2=until, y=y, color=colour, tooltip=tips)
        for since, until, opacity in (("none", "kept", 1), ("kept", "billed", _FADED))
    ]
    told = ["billed bytes", "cost"] if "cost" in frame.columns else ["billed bytes"]
    told += ["faded: would be saved"] if any(row["kept"] < row["billed"] for row in rows) else []
    layers = [
        *bars,
        axes.text(base, "value", 0, y, limit=_NAMES - 10),
        axes.text(base, "number", axes.WIDTH, y, align="right"),
        axes.foot([*told, axes.cut(len(rows), frame.height, "rows")], ROW * len(rows)),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _rows(frame: pl.DataFrame, by: str) -> list[dict[str, Any]]:
    out = []
    for i, row in enumerate(frame.iter_rows(named=True)):
        value = "(absent)" if row[by] is None else _text.plain(str(row[by]), 60) or '""'
        kept = round(row["billed_gib_after"] * 2**30) if "billed_gib_after" in row else row["billed_bytes"]
        told = [_text.size(row["billed_bytes"])]
        if "billed_gib_after" in row:
            told.append(f"→ {_text.size(kept)}")
        if "cost" in row:
            told.append(
                f"· {_text.dollars(row['cost'])}"
                + (f" → {_text.dollars(row['cost_after'])}" if "cost_after" in row else "")
            )
        grey = value == "(absent)" or value.startswith("other (")
        out.append(
            {
                "row": i, "value": value, "none": 0, "kept": kept, "billed": row["billed_bytes"],
                "number": " ".join(told), "colour": shade("other" if grey else "accent"),
            }
        )  # fmt: skip
    return out
