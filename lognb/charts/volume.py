"""Records, or bytes, over time as stacked bars; beside an earlier time as a line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import polars as pl

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import LEGEND, SMALL, colours, dress, fit
from lognb.schema import LEVELS

if TYPE_CHECKING:
    import altair as alt

HEIGHT = 150
_FADED = 0.45


def draw(
    frame: pl.DataFrame,
    *,
    by: str | None,
    every: int,
    of: str = "records",
    column: str | None = None,
    earlier: str | None = None,
) -> alt.TopLevelMixin:
    """Stacked bars of `column` (default: `of`) per `bucket`, split by the column `by`; errors on top.

    Buckets without a record draw nothing and keep their place on the axis, which is UTC; partial buckets are faded.
    What was so much `earlier`, in all, is a line of steps, which ends where nothing is known. Of buckets that are
    narrower than a pixel the fullest of each few is drawn, and how many that are is said.
    """
    import altair as alt

    column = column or of
    stamps = frame["bucket"].dt.timestamp("ns")
    first, last = cast("int", stamps.min()), cast("int", stamps.max()) + every
    series = _series(frame, by, of)
    frame, every_drawn, told = _fullest(frame, column, every)
    rows = _bars(frame, by, every, series, column, every_drawn)
    note = "faded: only partly covered" if any(bar["opacity"] < 1 for bar in rows) else ""
    x = axes.time("since", first, last, " · ".join(filter(None, (note, told))))
    counts = "records" if column in ("records", "records_so_far") else of if of == "bytes" else "number"
    y = alt.Y("low:Q", title=_title(column, every), axis=alt.Axis(tickCount=3, **axes.amounts(counts)))
    tips = [alt.Tooltip("at:N", title="UTC"), alt.Tooltip("amount:N", title=column.replace("_", " "))]
    bars = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=HEIGHT)
    faded = {"opacity": alt.Opacity("opacity:Q", scale=None, legend=None)} if note else {}
    if by is None:
        drawn = bars.mark_rect(style="accent").encode(x=x, x2="until", y=y, y2="high", tooltip=tips, **faded)
    else:
        scale = colours(series, severities=by == "severity")
        colour = alt.Color("value:N", scale=scale, sort=series, legend=alt.Legend(columns=axes.columns(series)))
        tips.insert(1, alt.Tooltip("value:N", title=_text.plain(by)))
        drawn = bars.mark_rect().encode(x=x, x2="until", y=y, y2="high", color=colour, tooltip=tips, **faded)
    if earlier is not None:
        ago = f"{_text.duration(_text.length(earlier) or 0)} earlier"
        drawn = alt.layer(drawn, *_line(steps(frame, f"{of}_earlier", every_drawn), ago))
    return cast("alt.TopLevelMixin", dress(drawn))


def _fullest(frame: pl.DataFrame, column: str, every: int) -> tuple[pl.DataFrame, int, str]:
    """The buckets that are drawn with their `place` (ns, left edge), how wide each is drawn, and of how many."""
    at = pl.col("bucket").dt.timestamp("ns")
    buckets = frame["bucket"].n_unique()
    few = -(-buckets // axes.WIDTH)
    first, wide = cast("int", frame.select(at.min()).item()), few * every
    placed = frame.with_columns(place=first + (at - first) // wide * wide)
    if few == 1:
        return placed, every, ""
    best = placed.group_by("place", "bucket").agg(pl.col(column).sum()).sort(column, "bucket", descending=[True, False])
    kept = best.group_by("place", maintain_order=True).first().select("bucket")
    drawn = placed.join(kept, on="bucket", how="semi", maintain_order="left")
    return drawn, wide, axes.cut(kept.height, buckets, "buckets", f", the fullest of each {few}")


def steps(frame: pl.DataFrame, column: str, every: int) -> list[dict[str, Any]]:
    """Two points for each bucket, its edges, at the sum of `column`; `run` counts the stretches without a gap."""
    place = pl.col("place") if "place" in frame.columns else pl.col("bucket").dt.timestamp("ns")
    total = frame.group_by(place.alias("at"), maintain_order=True).agg(pl.col(column).sum(), n=pl.col(column).count())
    points: list[dict[str, Any]] = []
    run, before = 0, None
    for at, amount, known in total.rows():
        if not known:
            continue
        run += before is not None and at > before
        before = at + every
        points += [{"since": t / 1e6, "low": amount, "run": run} for t in (at, before)]
    return points


def _line(points: list[dict[str, Any]], label: str) -> list[Any]:
    import altair as alt

    base = alt.Chart(alt.InlineData(values=points)).encode(x="since:T", y="low:Q")
    line = base.mark_line(style="ink", strokeWidth=1.4).encode(detail="run:N")
    if not points:
        return [line]
    name = alt.Chart(alt.InlineData(values=[{"label": f"line: {label}"}]))
    return [line, axes.text(name, "label", axes.WIDTH, alt.value(-9), align="right", style="small")]


def _title(column: str, every: int) -> str:
    if column in ("records", "bytes"):
        return f"{column} per {_text.duration(every)}"
    return column.replace("_", " ")


def _series(frame: pl.DataFrame, by: str | None, of: str) -> list[str]:
    """The labels, bottom first: severities in their order; else the most frequent first, the rest last."""
    if by is None:
        return []
    totals = frame.group_by(by, maintain_order=True).agg(pl.col(of).sum()).filter(pl.col(of) > 0)
    if by == "severity":
        present = set(totals[by].to_list())
        return [level for level in LEVELS if level in present]
    labels = [_label(v) for v in totals.sort(of, descending=True, maintain_order=True)[by].to_list()]
    return sorted(dict.fromkeys(labels), key=lambda label: label.startswith("other ("))


def _bars(
    frame: pl.DataFrame, by: str | None, every: int, series: list[str], column: str, wide: int
) -> list[dict[str, Any]]:
    """Rectangles with their place in the stack; Vega-Lite stacks no bars that have both ends in time."""
    rank = {value: i for i, value in enumerate(series)}
    labels = [""] * frame.height if by is None else [_label(v) for v in frame[by].to_list()]
    partial = frame["partial"].to_list() if "partial" in frame.columns else [False] * frame.height
    times = frame["bucket"].dt.timestamp("ns").to_list()
    found = zip(times, labels, frame[column].to_list(), partial, frame["place"].to_list(), strict=True)
    # A hair of air, so that single bars can be told; a sum is one shape, in which a seam would be seen.
    stretch = wide * frame["bucket"].n_unique()
    air = -stretch / axes.WIDTH / 2 if column.endswith("_so_far") else wide * 0.12
    high: dict[int, float] = {}
    bars = []
    for since, label, amount, cut, place in sorted((r for r in found if r[2]), key=lambda r: (r[0], rank.get(r[1], 0))):
        low = high.get(since, 0)
        high[since] = low + amount
        bars.append(
            {
                "since": place / 1e6,
                "until": (place + wide - air) / 1e6,
                "at": _text.window(since, since + every, every).removesuffix(" UTC"),
                "value": label,
                column: amount,
                "amount": _text.size(round(amount)) if column.startswith("bytes") else _text.number(amount),
                "low": low,
                "high": low + amount,
                "opacity": _FADED if cut else 1,
            }
        )
    return bars


def _label(value: Any) -> str:
    return "(absent)" if value is None else fit(_text.plain(str(value), 40) or '""', LEGEND, SMALL)
