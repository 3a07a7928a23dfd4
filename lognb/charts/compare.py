"""Differences as bars on both sides of nothing: what is fewer to the left, what is more to the right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, cast

from lognb import _text
from lognb._moments import of_datetime
from lognb.charts import axes
from lognb.charts.theme import dress, shade

if TYPE_CHECKING:
    import altair as alt
    import polars as pl

ROW, SHOWN = 20, 20
_NAMES, _WORDS, _GAP = 340, 290, 10
_FULL: float = 6.0  # log2: a bar ends at 64 times


def draw(frame: pl.DataFrame) -> alt.TopLevelMixin:
    """The first rows: what, a bar as long as log2 of the ratio (new and gone to the end), and the shares in words."""
    import altair as alt

    sure = frame.filter(frame["change"] != "once")
    rows = [_bar(i, row) for i, row in enumerate(sure.head(SHOWN).iter_rows(named=True))]
    height = ROW * max(len(rows), 1)
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=height)
    y = alt.Y("row:O", axis=None, scale=alt.Scale(type="band", padding=0.2))
    tips = [alt.Tooltip(f"{n}:N") for n in ("name", "said", "query")]
    left, right = _NAMES, axes.WIDTH - _WORDS
    x = alt.X("log2:Q", scale=alt.Scale(domain=[-_FULL, _FULL], range=[left, right], nice=False), axis=None)
    colour = alt.Color("colour:N", scale=None)
    zero = alt.Chart(alt.InlineData(values=[{}])).mark_rule(style="dim").encode(x=alt.value((left + right) / 2))
    told = ["left: fewer than before; right: more; to the end: ×64, or new or gone"]
    told += [axes.cut(len(rows), frame.height, "differences", ", the surest and largest")]
    layers = [
        base.mark_rect().encode(x=x, x2=alt.datum(0), y=y, color=colour, tooltip=tips),
        zero,
        axes.text(base, "name", left - _GAP, y, align="right", limit=left - _GAP).encode(tooltip=tips),
        axes.text(base, "said", right + _GAP, y, limit=_WORDS - _GAP).encode(tooltip=tips),
        axes.foot(told, height),
    ]
    return cast("alt.TopLevelMixin", dress(alt.layer(*layers)))


def _bar(i: int, row: dict[str, Any]) -> dict[str, Any]:
    up = row["change"] in ("new", "grown")
    ratio = row["ratio"]
    length = _FULL if not ratio else min(abs(math.log2(ratio)), _FULL)
    return {
        "row": i,
        "name": name(row),
        "said": said(row),
        "log2": length if up else -length,
        "colour": shade("c5" if up else "c0"),
        "query": row["query"],
    }


def words(row: dict[str, Any]) -> str:
    """One difference in words: "version=2.10.0 ×6.2: 3 % → 19 %"."""
    return f"{name(row)} {said(row)}"


def name(row: dict[str, Any]) -> str:
    """What is different: "version=2.10.0", or the text of a pattern."""
    field, value = _text.plain(row["field"], 60), row["value"]
    if row["what"] == "number":
        return field
    if row["what"] == "pattern":
        return f"“{_text.plain(row['text'] or value, 80)}”"
    if row["what"] == "pair":
        parts = zip(field.split(" and "), str(value).split(" and "), strict=False)
        return " and ".join(f"{f}={_text.plain(v, 40)}" for f, v in parts)
    return f"no {field}" if value is None else f"{field}={_text.plain(value, 60)}"


def said(row: dict[str, Any]) -> str:
    """How: "×6.2: 3 % → 19 %"."""
    if row["what"] == "number":
        old, new = (_text.measure(row[f"{side}_median"], row["field"]) for side in ("baseline", "current"))
        return f"median {_times(row['ratio'])}: {old} → {new}"
    old, new = (_share(row[f"{side}_share"]) for side in ("baseline", "current"))
    if row["change"] == "new":
        at = f" since {_text.clock(of_datetime(row['since']))}" if row["since"] is not None else ""
        return f"new{at}: {_text.plural(row['current'], 'record')}, {new}"
    if row["change"] == "gone":
        return f"gone: {_text.plural(row['baseline'], 'record')} before, {old}"
    return f"{_times(row['ratio'])}: {old} → {new}"


def _times(ratio: float | None) -> str:
    if ratio is None or not ratio:
        return "" if ratio is None else "×0"
    return (
        f"×{_text.number(round(ratio, 1 if ratio >= 1 else 2 if ratio >= 0.1 else 1 - math.floor(math.log10(ratio))))}"
    )


def _share(part: float) -> str:
    percent = 100 * part
    return f"{percent:.0f} %" if percent >= 10 else f"{percent:.1f} %" if percent >= 0.1 else f"{percent:.2g} %"
