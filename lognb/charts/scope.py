"""Some records over the time of all of them, with the moment at which their number went up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._html import INK
from lognb.charts import axes
from lognb.charts.theme import ACCENT, dress

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

HEIGHT = 110


def draw(
    frame: pl.DataFrame, *, whole: pl.DataFrame, every: int, window: tuple[int, int], onset: int | None
) -> alt.TopLevelMixin:
    """Bars of `whole`, its errors in red, over the `window` of all records; a rule and a word at the `onset`."""
    import altair as alt

    first, last = window
    x = axes.time("since", first, max(last, first + 1))
    layers = axes.records(whole, every, x, HEIGHT)
    if onset is not None:
        mark = alt.Chart(alt.InlineData(values=[{"since": onset / 1e6, "said": f"onset {_text.clock(onset)}"}]))
        style: dict[str, Any] = {"align": "left", "baseline": "bottom", "dy": -3, "fontSize": 11, "color": INK}
        layers += [
            mark.mark_rule(color=ACCENT, strokeWidth=1.5).encode(x="since:T"),
            mark.mark_text(**style, clip=False).encode(x="since:T", y=alt.value(0), text="said:N"),
        ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))
