"""Small bars in a row: when something was said or went wrong, each row on a scale of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb import _text
from lognb._moments import of_datetime
from lognb._text import SECOND
from lognb.charts.theme import shade

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    Cell = dict[str, Any]


def bars(
    cells: Sequence[Cell] | None, of: str, ground: float, place: tuple[float, float, float], level: str = "error"
) -> list[dict[str, Any]]:
    """A rectangle in px for each of `cells` with some `of`, standing on `ground`, in the colour of `level`.

    `place` is where the first begins, how wide all are together, and how high the longest is.
    """
    left, width, high = place
    cells = cells or []
    most = max((cell[of] for cell in cells), default=0) or 1
    slot = width / max(len(cells), 1)
    return [
        {
            "left": left + at * slot, "right": left + (at + 1) * slot - min(0.5, slot / 4), "bottom": ground,
            "top": ground - max(2.0, high * cell[of] / most), "colour": shade(level),
            "when": f"{cell['bucket']:%Y-%m-%d %H:%M:%S} UTC", of: _text.count(cell[of]),
        }
        for at, cell in enumerate(cells)
        if cell[of]
    ]  # fmt: skip


def drawn(found: list[dict[str, Any]], of: str, width: float) -> Any:
    """The layer of those rectangles, in a picture `width` px wide."""
    import altair as alt

    x = alt.X("left:Q", axis=None, scale=alt.Scale(domain=[0, width], range=[0, width], nice=False))
    place = {"x": x, "x2": "right:Q", "y": alt.Y("top:Q", axis=None), "y2": "bottom:Q"}
    colour = alt.Color("colour:N", scale=None)
    return (
        alt.Chart(alt.InlineData(values=found)).mark_rect().encode(**place, color=colour, tooltip=["when:N", f"{of}:N"])
    )


def told(trends: pl.Series, of: str) -> list[str]:
    """What the bars are, and from when to when; nothing where nothing says when."""
    cells = next((cells for cells in trends.to_list() if cells), None)
    if not cells:
        return []
    first, last = of_datetime(cells[0]["bucket"]), of_datetime(cells[-1]["bucket"])
    every = (last - first) // (len(cells) - 1) if len(cells) > 1 else SECOND
    what = f"bars: {of} per {_text.duration(every)}, each row on its own scale"
    return [what, _text.window(first, last + every)]
