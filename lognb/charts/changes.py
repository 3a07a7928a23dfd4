"""Records over time with the moments at which something changed, each with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb._moments import of_datetime
from lognb.charts import axes
from lognb.charts.theme import dress, wide

if TYPE_CHECKING:
    import altair as alt

HEIGHT, _LINE, _LINES = 120, 17, 8


def draw(frame: pl.DataFrame, *, whole: pl.DataFrame, every: int, names: tuple[str, ...]) -> alt.TopLevelMixin:
    """Bars of `whole`, its errors in red, and under them a line for each of the first moments: when, and what changed.

    The moments are those of `frame`, the surest first; how many there are beyond those drawn is said.
    """
    import altair as alt

    stamps = whole["bucket"].dt.timestamp("ns")
    first, last = cast("int", stamps.min()), cast("int", stamps.max()) + every
    moments = _moments(frame, names, every)
    x = axes.time("since", first, last)
    layers = axes.records(whole, every, x, HEIGHT)
    if moments:
        marks = alt.Chart(alt.InlineData(values=moments))
        layers += [
            marks.mark_rect(style="accent", opacity=0.15).encode(x="since:T", x2="until", tooltip="said:N"),
            marks.mark_rule(style="accent", strokeWidth=1.4).encode(x="since:T", tooltip="said:N"),
        ]
        layers += _numbers(moments, first, last)
    top = alt.layer(*layers)
    if not moments:
        return cast("alt.TopLevelMixin", dress(top))
    height = _LINE * len(moments)
    words = alt.Chart(alt.InlineData(values=moments), width=axes.WIDTH, height=height)
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0, paddingOuter=0))
    under = [axes.text(words, "number", 0, y, style="bold"), axes.text(words, "when", 18, y)]
    left = 30 + max(wide(moment["when"]) for moment in moments)
    under.append(axes.text(words, "line", left, y, limit=axes.WIDTH - left))
    told = axes.cut(len(moments), frame["moment"].n_unique(), "moments", ", the surest")
    if told:
        under.append(axes.foot([told], height))
    return cast("alt.TopLevelMixin", dress(alt.vconcat(top, alt.layer(*under), spacing=6)))


def _numbers(moments: list[dict[str, Any]], first: int, last: int) -> list[Any]:
    """The number of each moment over its line; where they are near to one another, one above the other."""
    import altair as alt

    ends: list[float] = []  # of the last number at each height, in px
    layers = []
    for moment in moments:
        at = (moment["since"] * 1e6 - first) / max(last - first, 1) * axes.WIDTH
        level = next((i for i, end in enumerate(ends) if at - end > 4), len(ends))
        ends[level : level + 1] = [at + wide(moment["number"])]
        one = alt.Chart(alt.InlineData(values=[moment])).mark_text(style="bold", clip=False)
        layers.append(one.encode(x="since:T", y=alt.value(-8 - 13 * level), text="number:N"))
    return layers


def _moments(frame: pl.DataFrame, names: tuple[str, ...], every: int) -> list[dict[str, Any]]:
    tops = frame.group_by("moment", maintain_order=True).agg(pl.all().first(), pl.len().alias("rows")).head(_LINES)
    tops = tops.sort("time", maintain_order=True)
    out = []
    for i, row in enumerate(tops.iter_rows(named=True)):
        at, until = of_datetime(row["time"]), None if row["until"] is None else of_datetime(row["until"])
        said = words(row, names)
        more = f" · {_text.plural(row['rows'] - 1, 'other change')}" if row["rows"] > 1 else ""
        end = f"–{_text.clock(until, every)}" if until is not None else ""
        out.append(
            {
                "row": i,
                "number": str(i + 1),
                "since": at / 1e6,
                "until": (until or at) / 1e6,
                "said": said,
                "when": f"{_text.clock(at, every)}{end}",
                "line": said + more,
            }
        )
    return out


def of(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """The values of the series, a pattern by its text."""
    parts = []
    for name in names:
        if row[name] is not None:
            text = row.get("text") if name == "pattern" else None
            parts.append(_text.plain(str(row[name]), 60) if text is None else f"“{_text.plain(text, 60)}”")
    return " ".join(parts)


def words(row: dict[str, Any], names: tuple[str, ...]) -> str:
    """One change in words: "records of checkout error ×6.2, 3 → 19 a minute"."""
    told = of(row, names)
    what = f"{row['measure']}{f' of {told}' if told else ''}"
    if row["kind"] == "gap":
        return "nothing was logged at all"
    before, after = row["before"], row["after"]
    if row["kind"] == "variance":
        return f"{what}: {'wider' if after > before else 'narrower'} spread, ×{after / max(before, 1e-9):.2g}"
    ratio = "new" if not before else "no more" if not after else f"×{after / before:.2g}"
    kind = "" if row["kind"] == "step" else f"{row['kind']}, "
    return f"{what}: {kind}{ratio}, {_level(before, row['measure'])} → {_level(after, row['measure'])}"


def _level(value: float, measure: str) -> str:
    if measure == "error share":
        return f"{100 * value:.0f} %" if value >= 0.1 else f"{100 * value:.2g} %"
    if measure == "bytes":
        return f"{_text.size(round(value))} a minute"
    unit = {"records": " a minute", "sessions": " a bucket"}.get(measure, "")
    return _text.number(round(value, 3 if abs(value) < 10 else 0)) + unit
