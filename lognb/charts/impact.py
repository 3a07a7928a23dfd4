"""Conversion of who was affected and who was not, or their share of all active, as bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, shade

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW = 26
_NAMES, _NUMBERS = 170, 250


def draw(frame: pl.DataFrame, *, event: str | None) -> alt.TopLevelMixin:
    """A bar for each row: of `event` how many converted, without one how many of all active; the affected in red."""
    import altair as alt

    rows = _rows(frame, event)
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * len(rows))
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.35, paddingOuter=0.2))
    scale = alt.Scale(domain=[0, 1], range=[_NAMES, axes.WIDTH - _NUMBERS], nice=False)
    bar = base.mark_rect().encode(
        x=alt.X("none:Q", scale=scale, axis=None), x2="part", y=y, color=alt.Color("colour:N", scale=None)
    )
    one = _one(frame)
    whole = f"share of all active {one}s" if event is None else f"share of {one}s with {_text.plain(event, 60)}"
    layers = [
        bar,
        axes.text(base, "name", 0, y, limit=_NAMES - 10),
        axes.text(base, "number", axes.WIDTH - _NUMBERS + 10, y, limit=_NUMBERS - 10),
        axes.foot([f"{whole}, in %; a bar to the numbers is 100 %"], ROW * len(rows)),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _one(frame: pl.DataFrame) -> str:
    """What is counted."""
    return "session" if frame["sessions"].sum() else "user"


def _rows(frame: pl.DataFrame, event: str | None) -> list[dict[str, Any]]:
    one = _one(frame)
    out = []
    for i, row in enumerate(frame.iter_rows(named=True)):
        total = row[f"{one}s"]
        part = row[f"{one}_share"] if event is None else row[f"{one}_conversion"]
        if event is None:
            number = (
                f"{_text.plural(total, one)}, {_text.share(round((part or 0) * 1_000_000), 1_000_000)} of all active"
            )
        else:
            done = row[f"{one}s_converted"]
            number = f"{_text.count(done)} of {_text.plural(total, one)} ({_text.share(done, total)})"
        red = row["who"] == "affected"
        out.append(
            {
                "row": i, "name": f"{row['side']}, {row['who']}", "none": 0, "part": part or 0, "number": number,
                "colour": shade("error" if red else "quiet"),
            }
        )  # fmt: skip
    return out
