"""What all charts share: severity colours, quiet axes, UTC.

Altair is imported when a chart is drawn, not before: it takes longer to load than most dumps take to read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lognb._html import DIM, INK, LINE, PALETTE
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

SEVERITY_COLOURS: Final = {level: PALETTE[level][0] for level in LEVELS}
ACCENT: Final = PALETTE["accent"][0]
NEUTRAL: Final = PALETTE["info"][0]

# For the values of any other field: Okabe and Ito's colours without black, which all readers can tell apart, then
# lighter ones of the same hues. What is left over ("other") is grey.
CATEGORIES: Final = (
    "#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#b8a900",
    "#7fb8d8", "#f2cf7f", "#7fceb9", "#e5bcd3", "#aad9f4",
)  # fmt: skip
OTHER: Final = PALETTE["trace"][0]

_FONT: Final = "system-ui, DejaVu Sans, sans-serif"


def dress(chart: Any) -> Any:
    """Give a finished chart the common look. No ARIA per mark: the page says the finding in words beside it."""
    quiet = {"labelColor": DIM, "titleColor": DIM, "titleFontWeight": "normal", "labelFont": _FONT, "titleFont": _FONT}
    return (
        chart.configure(font=_FONT, aria=False)
        .configure_view(stroke=None)
        .configure_axis(**quiet, gridColor=LINE, domain=False, ticks=False, labelFontSize=11, titleFontSize=11)
        .configure_legend(**quiet, orient="top", title=None, symbolType="square", labelFontSize=11, offset=4)
        .configure_title(color=INK, font=_FONT, fontSize=12, fontWeight=600, anchor="start", subtitleColor=DIM)
    )


def colours(values: Sequence[str], *, severities: bool) -> alt.Scale:
    """One colour per value, in the order given: the severity palette, or categories with grey for the rest."""
    import altair as alt

    if severities:
        return alt.Scale(domain=list(values), range=[SEVERITY_COLOURS[v] for v in values])
    grey = [v.startswith("other (") or v == "(absent)" for v in values]
    chosen = [OTHER if g else CATEGORIES[i % len(CATEGORIES)] for i, g in enumerate(grey)]
    return alt.Scale(domain=list(values), range=chosen)
