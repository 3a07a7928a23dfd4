"""What charts share: the axis of time (UTC, round labels, the day said once), records with their errors, words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb import _text
from lognb._text import DAY, MINUTE, SECOND
from lognb.charts.theme import LEGEND, SMALL, fit, wide

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt
    import polars as pl

WIDTH = 860


def time(field: str, first: int, last: int, note: str = "", *, labels: bool = True, most: int = 10) -> alt.X:
    """The x channel for `field`, from `first` to `last` ns; `note` is said under the axis, behind zone and day.

    `most` is for how many labels there is room.
    """
    import altair as alt

    width = _text.step(last - first, most)
    width *= -(-(last - first) // ((most + 1) * width))  # a hundred years have more of the widest steps than fit
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
        base.mark_rect(style="quiet").encode(x=x, x2="until", y=y, y2=alt.datum(0)),
        base.mark_rect(style="error").encode(x="since:T", x2="until", y="errors:Q", y2=alt.datum(0)),
    ]


def text(
    base: Any, field: str, x: float, y: Any, *, style: str | list[str] = "said", align: str = "left", **more: Any
) -> Any:
    """A layer of words, one for each row of `base`, beginning (or, with `align`, ending) at `x`; `limit` cuts them."""
    import altair as alt

    if "limit" in more:
        for row in base.data["values"]:
            row[field] = fit(row[field], more["limit"])
    return base.mark_text(style=style, align=align, **more).encode(x=alt.value(x), y=y, text=f"{field}:N")


def foot(parts: Sequence[str], y: float, x: float = 0, most: float = WIDTH) -> Any:
    """What a reader must know of the chart above, as a line below it at `y`, in several lines where it is long."""
    import altair as alt

    lines = [""]
    for part in filter(None, parts):
        longer = f"{lines[-1]} · {part}" if lines[-1] else part
        lines = [*lines, part] if lines[-1] and wide(longer, SMALL) > most else [*lines[:-1], longer]
    layers = [
        alt.Chart(alt.InlineData(values=[{"text": line}]))
        .mark_text(style="small", align="left", limit=most)
        .encode(x=alt.value(x), y=alt.value(y + 13 + 15 * i), text="text:N")
        for i, line in enumerate(lines)
    ]
    return alt.layer(*layers)


def cut(shown: int, total: int, things: str, which: str = "") -> str:
    """ "20 of 68 patterns are drawn", nothing where all are; `which` says how they were chosen."""
    return "" if shown >= total else f"{_text.count(shown)} of {_text.count(total)} {things} are drawn{which}"


def columns(series: Sequence[str]) -> int:
    """As many columns of a legend as fit over the chart."""
    widest = max((min(wide(label, SMALL), LEGEND) for label in series), default=0) + 26
    return max(1, int(WIDTH // widest))


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
