"""What charts over time share: the axis (UTC, round labels, the day said once), and records with their errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb import _text
from lognb._text import DAY, MINUTE, SECOND
from lognb.charts.theme import NEUTRAL, SEVERITY_COLOURS

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

WIDTH = 860


def time(field: str, first: int, last: int, note: str = "", *, labels: bool = True) -> alt.X:
    """The x channel for `field`, from `first` to `last` ns; `note` is said under the axis, behind the day."""
    import altair as alt

    width = _text.step(last - first, 10)
    width *= -(-(last - first) // (11 * width))  # a hundred years have more of the widest steps than there is room for
    ticks = range(-(-first // width) * width, last + 1, width)
    axis: dict[str, Any] = {"grid": False, "labelOverlap": True, "labels": labels}
    return alt.X(
        f"{field}:T",
        scale=alt.Scale(type="utc", domain=[first / 1e6, last / 1e6], nice=False),
        axis=alt.Axis(values=[t / 1e6 for t in ticks], format=_format(last - first, width), **axis),
        title=_days(first, last) + (f" · {note}" if note else "") if labels else None,
    )


def records(whole: pl.DataFrame, every: int, x: alt.X, height: int) -> list[Any]:
    """Layers: bars of `records` per `bucket`, their `errors` in red."""
    import altair as alt

    bars = [
        {"since": at / 1e6, "until": (at + every) / 1e6, "records": n, "errors": errors}
        for at, n, errors in zip(whole["bucket"].dt.timestamp("ns"), whole["records"], whole["errors"], strict=True)
    ]
    title = f"records per {_text.duration(every)}"
    y = alt.Y("records:Q", title=title, axis=alt.Axis(tickCount=3, **amounts("records")))
    base = alt.Chart(alt.InlineData(values=bars), width=WIDTH, height=height)
    return [
        base.mark_rect(color=NEUTRAL).encode(x=x, x2="until", y=y, y2=alt.datum(0)),
        base.mark_rect(color=SEVERITY_COLOURS["error"]).encode(x="since:T", x2="until", y="errors:Q", y2=alt.datum(0)),
    ]


def amounts(unit: str) -> dict[str, Any]:
    """Options of an axis of numbers: bytes as "20 kB", others with thousands told apart."""
    if unit == "bytes":
        return {"labelExpr": "replace(format(datum.value, '.3~s'), /([a-zA-Z]?)$/, ' $1') + 'B'"}
    # Of few records ticks lie between whole numbers; such a tick has no label.
    whole = {"labelExpr": "datum.value % 1 ? '' : format(datum.value, ',d')"}
    return whole if unit == "records" else {"format": ",~r"}


def _format(length: int, width: int) -> str:
    """As fine as the distance of the labels needs, so that no two of them are the same."""
    if width % MINUTE:
        return "%H:%M:%S" if width % SECOND == 0 else "%H:%M:%S.%L"
    return "%H:%M" if length <= DAY else "%-d %b %H:%M" if length <= 10 * DAY else "%-d %b %Y"


def _days(first: int, last: int) -> str:
    if first // DAY == (last - 1) // DAY:
        return f"UTC, {_text.day(first)}"
    return f"UTC, {_text.day(first)} – {_text.day(last)}"
