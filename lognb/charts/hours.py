"""The hours of the week as a map of 7 by 24 cells."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, _AXIS, _DAYS = 24, 36, 40
_FAINT = 0.06


def draw(frame: pl.DataFrame, *, column: str, zone: str) -> alt.TopLevelMixin:
    """A cell for each hour, the stronger the more there is per hour; one that is not covered is an outline."""
    import altair as alt

    cells = _cells(frame, column)
    days = list(dict.fromkeys(frame["weekday"].to_list()))
    base = alt.Chart(alt.InlineData(values=cells), width=axes.WIDTH - _DAYS, height=ROW * len(days))
    x = alt.X(
        "hour:O",
        axis=alt.Axis(labelAngle=0, labelExpr="(datum.value < 10 ? '0' : '') + datum.value"),
        title=f"hour, {_text.plain(zone)}",
        scale=alt.Scale(paddingInner=0.06, paddingOuter=0),
    )
    y = alt.Y("weekday:O", sort=days, title=None, scale=alt.Scale(paddingInner=0.08, paddingOuter=0))
    tips = [alt.Tooltip(f"{name}:N") for name in ("weekday", "hour", "amount", "covered")]
    opacity = alt.Opacity("strength:Q", scale=None, legend=None)
    known = (
        base.transform_filter("datum.known").mark_rect(style="accent").encode(x=x, y=y, opacity=opacity, tooltip=tips)
    )
    none = base.transform_filter("!datum.known").mark_rect(style="other", filled=False, strokeWidth=0.7)
    drawn = known + none.encode(x=x, y=y, tooltip=tips)
    most = max((cell["mean"] for cell in cells), default=0)
    told = ["strength: " + column.replace("_", " "), f"the strongest {_amount(most, column)} per hour"][
        : 2 if most else 1
    ]
    told += ["outlined: not covered"] if not all(c["known"] for c in cells) else []
    return cast("alt.TopLevelMixin", dress(drawn + axes.foot(told, ROW * len(days) + _AXIS)))


def _cells(frame: pl.DataFrame, column: str) -> list[dict[str, Any]]:
    most = cast("float", frame[column].max() or 1)
    out = []
    for row in frame.iter_rows(named=True):
        mean = row[column]
        out.append(
            {
                "weekday": row["weekday"],
                "hour": row["hour"],
                "known": mean is not None,
                "mean": mean or 0,
                "amount": "not covered" if mean is None else f"{_amount(mean, column)} per hour",
                "covered": f"{row['hours']:.3g} h",
                # Nothing is not the same as not known: it is a faint cell, not none.
                "strength": _FAINT + (1 - _FAINT) * (mean or 0) / most,
            }
        )
    return out


def _amount(value: float, column: str) -> str:
    return _text.size(round(value)) if column.startswith("bytes") else _text.number(value)
