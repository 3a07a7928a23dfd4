"""The one look of all charts: fonts, text sizes, colours, quiet axes; on light paper and on dark.

It is an Altair theme too, for charts of your own: `alt.theme.enable("lognb")`, or "lognb-dark". While "lognb-dark" is
enabled, lognb's own charts are dark as well; pages need no theme, their pictures follow what is around them.

A chart names what its marks are ("ink", "dim", "error"), as their `style` or by `shade`; what that looks like is said
here alone. Altair is imported when a chart is drawn, not before: it takes longer to load than most dumps to read.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, Any, Final, cast

from lognb._html import CATEGORIES, NAMED, PALETTE, TEXT
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

NAMES: Final = ("lognb", "lognb-dark")
SMALL: Final = 11  # px; a picture of 960 px on a slide is still read from the last row
ROW: Final = 12
LEGEND: Final = 260  # px of a label

_ASTRAL: Final = re.compile("[\U00010000-\U0010ffff]")
_FONT: Final = "system-ui, DejaVu Sans, sans-serif"
_SHADES: Final = {
    **NAMED,
    **TEXT,
    "neutral": PALETTE["info"],
    "quiet": PALETTE["debug"],
    "other": PALETTE["trace"],
}


def light() -> alt.theme.ThemeConfig:
    """Altair's theme "lognb"."""
    return cast("alt.theme.ThemeConfig", {"config": _config(0)})


def dark() -> alt.theme.ThemeConfig:
    """Altair's theme "lognb-dark"."""
    return cast("alt.theme.ThemeConfig", {"config": _config(1)})


def dress(chart: Any) -> Any:
    """Give a finished chart the look. No ARIA per mark: the page says the finding in words beside it."""
    return chart.configure(**_config(_dark()))


def shade(name: str) -> str:
    """The colour of a severity, or of what else a chart has: the keys of _SHADES."""
    return _SHADES[name][_dark()]


def colours(values: Sequence[str], *, severities: bool) -> alt.Scale:
    """One colour per value, in the order given: the severity palette, or categories with grey for the rest."""
    import altair as alt

    if severities:
        return alt.Scale(domain=list(values), range=[shade(v) for v in values])
    grey = [v.startswith("other (") or v == "(absent)" for v in values]
    chosen = [shade("other") if g else CATEGORIES[i % len(CATEGORIES)][_dark()] for i, g in enumerate(grey)]
    return alt.Scale(domain=list(values), range=chosen)


def wide(text: str, size: float = ROW) -> float:
    """About how many px a text takes, rather more than fewer; a letter of CJK and an emoji take the room of two."""
    ems = 0.0
    for letter in text:
        if unicodedata.east_asian_width(letter) in "WF":
            ems += 1.0
        elif not unicodedata.combining(letter):
            ems += 0.4 if letter in "iljtfrI.,:;'|!()[]/ " else 0.95 if letter in "mwMW@%—…→" else 0.65
    return ems * size


def fit(text: str, limit: float, size: float = ROW) -> str:
    """The text cut to `limit` px where Vega must not: it would cut an emoji in two, which no picture can be made of."""
    if not _ASTRAL.search(text) or wide(text, size) <= limit:
        return text
    room, end = limit - wide("…", size), 0
    while end < len(text) and (room := room - wide(text[end], size)) >= 0:
        end += 1
    return text[:end] + "…"


def _dark() -> int:
    """0 or 1: which of each pair of colours; registers the themes, so that they are there also where no package is."""
    import altair as alt

    for name, made in zip(NAMES, (light, dark), strict=True):
        alt.theme.register(name, enable=False)(
            made
        )  # each time: leaving a `with alt.theme.enable(…)` forgets what came in
    return int(alt.theme.active == NAMES[1])


def _config(which: int) -> dict[str, Any]:
    shades = {name: pair[which] for name, pair in _SHADES.items()}
    ink, dim, line = (shades[n] for n in ("ink", "dim", "line"))
    quiet = {"labelColor": dim, "titleColor": dim, "titleFontWeight": "normal", "labelFont": _FONT, "titleFont": _FONT}
    small = quiet | {"labelFontSize": SMALL, "titleFontSize": SMALL}
    words: dict[str, Any] = {"font": _FONT, "baseline": "middle"}
    return {
        "font": _FONT,
        "aria": False,
        "background": shades["paper"],
        "padding": 8,
        "view": {"stroke": None},
        "axis": {**small, "gridColor": line, "domain": False, "ticks": False, "labelOverlap": True},
        "legend": {**small, "orient": "top", "title": None, "symbolType": "square", "offset": 4, "labelLimit": LEGEND},
        "header": small,
        "title": {
            "color": ink, "font": _FONT, "fontSize": 13, "fontWeight": 600, "anchor": "start",
            "subtitleColor": dim, "subtitleFont": _FONT, "subtitleFontSize": ROW,
        },
        "range": {
            "category": [pair[which] for pair in CATEGORIES],
            "ordinal": [shades[level] for level in LEVELS],
            "ramp": [line, shades["accent"]], "heatmap": [line, shades["accent"]],
            "diverging": [CATEGORIES[0][which], line, CATEGORIES[5][which]],
        },
        "mark": {"color": shades["accent"]},
        "rule": {"color": dim},
        "text": {"color": ink, "font": _FONT, "fontSize": ROW},
        "style": {
            **{name: {"color": colour} for name, colour in shades.items()},
            "said": {**words, "color": ink, "fontSize": ROW},
            "bold": {**words, "color": ink, "fontSize": SMALL, "fontWeight": 600},
            "small": {**words, "color": dim, "fontSize": SMALL},
        },
    }  # fmt: skip
