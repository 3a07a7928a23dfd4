"""Records over time as stacked bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb._text import DAY, MINUTE, SECOND
from lognb.charts.theme import ACCENT, colours, dress
from lognb.schema import LEVELS

if TYPE_CHECKING:
    import altair as alt

WIDTH, HEIGHT = 860, 150


def draw(frame: pl.DataFrame, *, by: str | None, every: int) -> alt.TopLevelMixin:
    """Stacked bars of `records` per `bucket`, split by the column `by`; severities in their order, errors on top.

    Buckets without a record draw nothing and keep their place on the axis, which is UTC.
    """
    import altair as alt

    stamps = frame["bucket"].dt.timestamp("ns")
    first, last = cast("int", stamps.min()), cast("int", stamps.max()) + every
    series = _series(frame, by)
    width = _text.step(last - first, 10)
    width *= -(-(last - first) // (11 * width))  # a hundred years have more of the widest steps than there is room for
    ticks = range(-(-first // width) * width, last + 1, width)
    x = alt.X(
        "since:T",
        scale=alt.Scale(type="utc", domain=[first / 1e6, last / 1e6], nice=False),
        axis=alt.Axis(
            values=[t / 1e6 for t in ticks], format=_format(last - first, width), grid=False, labelOverlap=True
        ),
        title=_days(first, last),
    )
    y = alt.Y("low:Q", title=f"records per {_text.duration(every)}", axis=alt.Axis(format=",d", tickCount=3))
    tips = [alt.Tooltip("at:N", title="UTC"), alt.Tooltip("records:Q", format=",")]
    bars = alt.Chart(alt.InlineData(values=_bars(frame, by, every, series)), width=WIDTH, height=HEIGHT)
    if by is None:
        drawn = bars.mark_rect(color=ACCENT).encode(x=x, x2="until", y=y, y2="high", tooltip=tips)
    else:
        colour = alt.Color("value:N", scale=colours(series, severities=by == "severity"), sort=series)
        tips.insert(1, alt.Tooltip("value:N", title=_text.plain(by)))
        drawn = bars.mark_rect().encode(x=x, x2="until", y=y, y2="high", color=colour, tooltip=tips)
    return cast("alt.TopLevelMixin", dress(drawn))


def _series(frame: pl.DataFrame, by: str | None) -> list[str]:
    """The labels, bottom first: severities in their order; else the most frequent first, the rest last."""
    if by is None:
        return []
    totals = frame.group_by(by, maintain_order=True).agg(pl.col("records").sum()).filter(pl.col("records") > 0)
    if by == "severity":
        present = set(totals[by].to_list())
        return [level for level in LEVELS if level in present]
    labels = [_label(v) for v in totals.sort("records", descending=True, maintain_order=True)[by].to_list()]
    return sorted(dict.fromkeys(labels), key=lambda label: label.startswith("other ("))


def _bars(frame: pl.DataFrame, by: str | None, every: int, series: list[str]) -> list[dict[str, Any]]:
    """Rectangles with their place in the stack; Vega-Lite stacks no bars that have both ends in time."""
    rank = {value: i for i, value in enumerate(series)}
    labels = [""] * frame.height if by is None else [_label(v) for v in frame[by].to_list()]
    rows = zip(frame["bucket"].dt.timestamp("ns").to_list(), labels, frame["records"].to_list(), strict=True)
    high: dict[int, int] = {}
    bars = []
    for since, label, records in sorted((r for r in rows if r[2]), key=lambda r: (r[0], rank.get(r[1], 0))):
        until, low = since + every, high.get(since, 0)
        high[since] = low + records
        bars.append(
            {
                "since": since / 1e6,
                "until": (until - every * 0.12) / 1e6,  # a hair of air, so that single bars can be told
                "at": _text.window(since, until, every).removesuffix(" UTC"),
                "value": label,
                "records": records,
                "low": low,
                "high": low + records,
            }
        )
    return bars


def _label(value: Any) -> str:
    return "(absent)" if value is None else _text.plain(str(value), 40)


def _format(length: int, width: int) -> str:
    """As fine as the distance of the labels needs, so that no two of them are the same."""
    if width % MINUTE:
        return "%H:%M:%S" if width % SECOND == 0 else "%H:%M:%S.%L"
    return "%H:%M" if length <= DAY else "%-d %b %H:%M" if length <= 10 * DAY else "%-d %b %Y"


def _days(first: int, last: int) -> str:
    if first // DAY == (last - 1) // DAY:
        return f"UTC, {_text.day(first)}"
    return f"UTC, {_text.day(first)} – {_text.day(last)}"
