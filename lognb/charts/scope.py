"""Some records over the time of all of them, with the moment at which their number went up."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, wide

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
    x = axes.time("since", first, max(last, first + every))
    layers = axes.records(whole, every, x, HEIGHT)
    if onset is not None:
        said = f"onset {_text.clock(onset)}"
        mark = alt.Chart(alt.InlineData(values=[{"since": onset / 1e6, "said": said}]))
        # At the right end there is no room behind the rule.
        late = (onset - first) / max(last - first, 1) * axes.WIDTH + wide(said) > axes.WIDTH
        word = mark.mark_text(style="bold", align="right" if late else "left", dy=-8, clip=False)
        layers += [
            mark.mark_rule(style="accent", strokeWidth=1.5).encode(x="since:T"),
            word.encode(x="since:T", y=alt.value(0), text="said:N"),
        ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))
