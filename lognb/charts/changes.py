"""Records over time with the moments at which something changed, each with its words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb._html import INK
from lognb._moments import of_datetime
from lognb.charts import axes
from lognb.charts.theme import ACCENT, dress

if TYPE_CHECKING:
    import altair as alt

HEIGHT, _LINE, _LINES = 120, 15, 8


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
            marks.mark_rect(color=ACCENT, opacity=0.15).encode(x="since:T", x2="until", tooltip="said:N"),
            marks.mark_rule(color=ACCENT, strokeWidth=1.4).encode(x="since:T", tooltip="said:N"),
            marks.mark_text(baseline="bottom", dy=-3, fontSize=11, fontWeight="bold", color=INK, clip=False).encode(
                x="since:T", y=alt.value(0), text="number:N"
            ),
        ]
    top = alt.layer(*layers)
    if not moments:
        return cast("alt.TopLevelMixin", dress(top))
    more = frame["moment"].n_unique() - len(moments)
    lines = [*moments, *([{"row": len(moments), "line": f"and {_text.plural(more, 'moment')} more"}] if more else [])]
    words = alt.Chart(alt.InlineData(values=lines), width=axes.WIDTH, height=_LINE * len(lines))
    style: dict[str, Any] = {"align": "left", "baseline": "middle", "fontSize": 11.5, "color": INK, "limit": axes.WIDTH}
    under = words.mark_text(**style).encode(y=alt.Y("row:O", axis=None), x=alt.value(0), text="line:N")
    return cast("alt.TopLevelMixin", dress(alt.vconcat(top, under, spacing=6)))


def _moments(frame: pl.DataFrame, names: tuple[str, ...], every: int) -> list[dict[str, Any]]:
    tops = frame.group_by("moment", maintain_order=True).agg(pl.all().first(), pl.len().alias("rows")).head(_LINES)
    tops = tops.sort("time", maintain_order=True)
    out = []
    for i, row in enumerate(tops.iter_rows(named=True)):
        at, until = of_datetime(row["time"]), None if row["until"] is None else of_datetime(row["until"])
        said = words(row, names)
        more = f" · {_text.plural(row['rows'] - 1, 'other change')}" if row["rows"] > 1 else ""
        end = f"–{_text.clock(until, every)}" if until is not None else ""
        line = f"{i + 1}  {_text.clock(at, every)}{end}  {said}{more}"
        out.append(
            {
                "row": i,
                "number": str(i + 1),
                "since": at / 1e6,
                "until": (until or at) / 1e6,
                "said": said,
                "line": line,
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
