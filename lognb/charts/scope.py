"""Some records over the time of all of them, with the moment at which their number went up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._html import INK
from lognb.charts import axes
from lognb.charts.theme import ACCENT, NEUTRAL, SEVERITY_COLOURS, dress

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
    bars = [
        {"since": at / 1e6, "until": (at + every) / 1e6, "records": records, "errors": errors}
        for at, records, errors in zip(
            whole["bucket"].dt.timestamp("ns"), whole["records"], whole["errors"], strict=True
        )
    ]
    x = axes.time("since", first, max(last, first + 1))
    title = f"records per {_text.duration(every)}"
    y = alt.Y("records:Q", title=title, axis=alt.Axis(tickCount=3, **axes.amounts("records")))
    base = alt.Chart(alt.InlineData(values=bars), width=axes.WIDTH, height=HEIGHT)
    layers: list[Any] = [
        base.mark_rect(color=NEUTRAL).encode(x=x, x2="until", y=y, y2=alt.datum(0)),
        base.mark_rect(color=SEVERITY_COLOURS["error"]).encode(x="since:T", x2="until", y="errors:Q", y2=alt.datum(0)),
    ]
    if onset is not None:
        mark = alt.Chart(alt.InlineData(values=[{"since": onset / 1e6, "said": f"onset {_text.clock(onset)}"}]))
        style: dict[str, Any] = {"align": "left", "baseline": "bottom", "dy": -3, "fontSize": 11, "color": INK}
        layers += [
            mark.mark_rule(color=ACCENT, strokeWidth=1.5).encode(x="since:T"),
            mark.mark_text(**style, clip=False).encode(x="since:T", y=alt.value(0), text="said:N"),
        ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))
