"""Sessions as bars from start to end, in the colour of their worst severity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import colours, dress
from lognb.schema import LEVELS, TIME

if TYPE_CHECKING:
    import altair as alt

ROW, MOST = 20, 40
_NAMES, _NOTES, _AXIS = 210, 150, 36


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A bar for each row that has a time; beyond MOST those with most errors, then the longest, still by start."""
    import altair as alt

    shown = _chosen(frame)
    first, last = (cast("int", shown[c].cast(pl.Int64).max() if c == "end" else shown[c].cast(pl.Int64).min())
                   for c in ("start", "end"))  # fmt: skip
    left, right = _NAMES, axes.WIDTH - _NOTES
    rows = _rows(shown, 3 * (last - first) / (right - left))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(domain=list(range(len(rows))), paddingInner=0.5, paddingOuter=0.25))
    told = axes.cut(len(rows), frame.height, "sessions", ", those with most errors, then the longest")
    x = axes.time("start", first, max(last, first + 1), most=6)
    x["scale"]["range"] = [left, right]
    worst = [level for level in LEVELS if level in set(shown["severity"].to_list())]
    legend = alt.Legend(title="worst severity", titleOrient="left")
    colour = alt.Color("severity:N", scale=colours(worst, severities=True), sort=worst, legend=legend)
    tips = [alt.Tooltip(f"{name}:N") for name in ("name", "user", "since", "note")]
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * max(len(rows), 1))
    bar = base.mark_rect().encode(x=x, x2="until", y=y, color=colour, tooltip=tips)
    layers = [
        bar,
        axes.text(base, "label", 0, y, limit=_NAMES - 14),
        axes.text(base, "note", right + 12, y, limit=_NOTES - 12, style="small"),
    ]
    if told:
        layers.append(axes.foot([told], ROW * len(rows) + _AXIS))
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _chosen(frame: pl.DataFrame) -> pl.DataFrame:
    timed = frame.filter(pl.col("start").is_not_null())
    if not timed.height:  # nothing says when: they stand at the beginning of time rather than nowhere
        return frame.head(MOST).with_columns(start=pl.lit(0).cast(TIME), end=pl.lit(0).cast(TIME))
    best = timed.with_row_index().sort("errors", "duration_ns", descending=True, maintain_order=True).head(MOST)
    return best.sort("index").drop("index")


def _rows(frame: pl.DataFrame, least: float) -> list[dict[str, Any]]:
    """What is drawn; a session of a single moment has a bar too, `least` ns long."""
    out = []
    times = zip(*(frame[c].cast(pl.Int64).to_list() for c in ("start", "end")), strict=True)
    several = frame["part"].max() != 1
    for i, ((start, end), row) in enumerate(zip(times, frame.iter_rows(named=True), strict=True)):
        key = _text.plain(str(row[frame.columns[0]]), 60)
        user = "" if row["user"] is None else _text.plain(row["user"], 40)
        part = f" #{row['part']}" if several else ""
        errors = f", {_text.plural(row['errors'], 'error')}" if row["errors"] else ""
        out.append(
            {
                "row": i, "name": key + part, "user": user,
                "start": start / 1e6, "until": max(end, start + least) / 1e6,
                "label": f"{user} · {_short(key)}{part}" if user and user != key else key + part,
                "since": _text.window(start, end), "note": _text.plural(row["records"], "record") + errors,
                "severity": row["severity"],
            }
        )  # fmt: skip
    return out


def _short(key: str) -> str:
    """Both ends of an id; those of one hour often begin alike."""
    return key if len(key) <= 20 else f"{key[:8]}…{key[-6:]}"
