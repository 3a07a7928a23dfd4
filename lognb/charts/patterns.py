"""Patterns as rows: the text, when it was said as small bars of its own scale, how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._html import DIM, INK
from lognb.charts import axes
from lognb.charts.theme import SEVERITY_COLOURS, dress
from lognb.schema import LEVELS

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, MOST = 36, 20
_BARS, _NUMBERS, _GAP = 190, 96, 14
_MIX = 5  # the height of the strip of severities
_LETTERS = 74  # of a text that are drawn; the table has it all


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """A row for each pattern: its text, services and severities; its trend in the colour of its commonest severity."""
    import altair as alt

    rows, bars = _data(frame.head(MOST))
    height = ROW * len(rows)
    left = axes.WIDTH - _BARS - _NUMBERS
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[0, height], range=[0, height], nice=False))
    x = alt.X("left:Q", axis=None, scale=alt.Scale(domain=[0, axes.WIDTH], range=[0, axes.WIDTH], nice=False))
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=height)
    style: dict[str, Any] = {"align": "left", "baseline": "middle", "limit": left - _GAP}
    right: dict[str, Any] = {"align": "right", "baseline": "middle"}
    text = base.mark_text(dy=-7, fontSize=12, color=INK, **style).encode(x=alt.value(0), y=y, text="text:N")
    under = base.mark_text(dy=9, fontSize=11, color=DIM, **style).encode(x=alt.value(0), y=y, text="under:N")
    number = base.mark_text(dy=-7, fontSize=12, color=INK, **right).encode(
        x=alt.value(axes.WIDTH), y=y, text="number:N"
    )
    part = base.mark_text(dy=9, fontSize=11, color=DIM, **right).encode(x=alt.value(axes.WIDTH), y=y, text="share:N")
    ground = base.mark_rule(color=DIM, opacity=0.3).encode(
        x=alt.value(left), x2=alt.value(left + _BARS), y=alt.Y("ground:Q", axis=None)
    )
    trend = (
        alt.Chart(alt.InlineData(values=bars))
        .mark_rect()
        .encode(
            x=x, x2="right:Q", y=alt.Y("top:Q", axis=None), y2="bottom:Q", color=alt.Color("colour:N", scale=None),
            tooltip=["when:N", "records:N"],
        )
    )  # fmt: skip
    layers = [ground, trend, text, under, number, part]
    if frame.height > len(rows):
        said = f"{len(rows)} of {_text.count(frame.height)} patterns are drawn"
        cut = alt.Chart(alt.InlineData(values=[{"text": said}]))
        more = cut.mark_text(align="left", baseline="top", fontSize=11, color=DIM)
        layers.append(more.encode(x=alt.value(0), y=alt.value(height + 4), text="text:N"))
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _data(frame: pl.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    rows, bars = [], []
    for i, row in enumerate(frame.iter_rows(named=True)):
        ground = ROW * (i + 1) - 8
        levels = {c["value"]: c["records"] for c in row["severities"]}
        mix = [f"{level} {_text.share(levels[level], row['records'])}" for level in reversed(LEVELS) if level in levels]
        if len(mix) == 1:
            mix = list(levels)
        services = row["services"]
        whom = [_text.plain(s, 24) for s in services[:3]] + ([f"{len(services) - 3} more"] if len(services) > 3 else [])
        under = [*(["new"] if row["new"] else []), ", ".join(whom), ", ".join(mix)]
        rows.append(
            {
                "y": ROW * (i + 0.5), "ground": ground, "text": _text.plain(row["text"], _LETTERS) or '""',
                "under": " · ".join(part for part in under if part), "number": _text.count(row["records"]),
                "share": _text.share(round(row["share"] * 1_000_000), 1_000_000),
            }
        )  # fmt: skip
        commonest = row["severities"][0]["value"] if row["severities"] else "unspecified"
        bars += _bars(row["trend"], ground, SEVERITY_COLOURS[commonest])
    return rows, bars


def _bars(trend: list[dict[str, Any]], ground: float, colour: str) -> list[dict[str, Any]]:
    most = max((cell["records"] for cell in trend), default=0) or 1
    width, left = _BARS / max(len(trend), 1), axes.WIDTH - _BARS - _NUMBERS
    return [
        {
            "left": left + at * width, "right": left + (at + 1) * width - 0.5, "bottom": ground,
            "top": ground - max(1.5, (ROW - 12) * cell["records"] / most), "colour": colour,
            "when": f"{cell['bucket']:%Y-%m-%d %H:%M:%S}", "records": _text.count(cell["records"]),
        }
        for at, cell in enumerate(trend)
        if cell["records"]
    ]  # fmt: skip
