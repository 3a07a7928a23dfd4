"""The errors' share of each service's records as bars, those of an earlier time behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 26, 30
_NAMES, _NUMBERS = 170, 360


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A bar for each service, in red what its errors are now, below it thin and grey what they were before."""
    import altair as alt

    rows = [_row(i, row) for i, row in enumerate(frame.head(MOST).iter_rows(named=True))]
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * len(rows))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))
    most = max([row[k] for row in rows for k in ("now", "before")], default=0) or 1
    x = alt.Scale(domain=[0, most], range=[_NAMES, axes.WIDTH - _NUMBERS], nice=False)
    tips = [alt.Tooltip(f"{name}:N") for name in ("name", "number")]
    bars = [
        base.mark_bar(style=colour, height=high, yOffset=low).encode(
            x=alt.X("none:Q", scale=x, axis=None), x2=of, y=y, tooltip=tips
        )
        for of, colour, high, low in (("now", "error", 11, -2), ("before", "other", 4, 7))
    ]
    told = ["errors' share of each service's records; the longest bar is " + _text.share(round(most * 1e6), 10**6)]
    told += ["grey: before"] if any(row["before"] for row in rows) else []
    layers = [
        *bars,
        axes.text(base, "name", 0, y, limit=_NAMES - 10),
        axes.text(base, "number", axes.WIDTH - _NUMBERS + 10, y, limit=_NUMBERS - 10),
        axes.foot([*told, axes.cut(len(rows), frame.height, "rows")], ROW * len(rows)),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _row(i: int, row: dict[str, Any]) -> dict[str, Any]:
    name = "(no service)" if row["service_name"] is None else _text.plain(row["service_name"], 60) or '""'
    number = (
        f"{_text.plural(row['errors'], 'error record')}, {_text.share(row['errors'], row['records'])} of its records"
    )
    if row["records_before"] is not None:
        number += f"; before {_text.share(row['errors_before'], row['records_before'])}"
    return {
        "row": i, "name": name, "none": 0, "now": row["error_share"] or 0, "before": row["error_share_before"] or 0,
        "number": number,
    }  # fmt: skip
