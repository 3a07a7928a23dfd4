"""The moments of an incident on one axis: a lane for each kind, told apart by shape and place as well as by colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import SMALL, dress, fit, shade

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

KINDS: Final = {
    "deploy": ("c0", "triangle-up"),
    "change": ("c5", "diamond"),
    "error": ("error", "cross"),
    "pin": ("c2", "square"),
    "mark": ("c3", "circle"),
}
"""How a kind is drawn; the order is that of the lanes, and of moments of the same time."""
_OTHER: Final = ("neutral", "triangle-down")
_LANE: Final = 22
_NAMES: Final = 130


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A symbol for each row of a timeline's moments, see report/moments.py."""
    import altair as alt

    times = frame["time"].dt.timestamp("ns").to_list()
    first, last = min(times), max(times)
    room = max((last - first) // 50, _text.SECOND)  # a symbol at the edge stays whole
    kinds = list(dict.fromkeys([*(k for k in KINDS if k in set(frame["kind"])), *frame["kind"]]))
    looks = [KINDS.get(kind, _OTHER) for kind in kinds]
    names = [_name(kind) for kind in kinds]
    rows: list[dict[str, Any]] = [
        {"at": at / 1e6, "kind": _name(kind), "said": _text.plain(f"{who} {what}".strip(), 120)}
        for at, kind, who, what in zip(times, frame["kind"], frame["who"], frame["what"], strict=True)
    ]
    chart = (
        alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH - 80, height=_LANE * len(kinds))
        .mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=axes.time("at", first - room, last + room),
            y=alt.Y("kind:N", sort=names, title=None, axis=alt.Axis(grid=True, labelLimit=_NAMES)),
            color=alt.Color("kind:N", scale=alt.Scale(domain=names, range=[shade(c) for c, _ in looks]), legend=None),
            shape=alt.Shape("kind:N", scale=alt.Scale(domain=names, range=[s for _, s in looks]), legend=None),
            tooltip="said:N",
        )
    )
    return cast("alt.TopLevelMixin", dress(chart))


def _name(kind: str) -> str:
    return fit(_text.plain(kind, 24), _NAMES, SMALL)
