"""Spans as bars under one another: services by colour, the critical path as a line, failures in red and a word."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, cast

import polars as pl

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import LEGEND, SMALL, colours, dress, fit, shade, wide

ROW, MOST, TICKS = 22, 60, 500
_NAMES, _NOTES = 290, 240
_DEEPEST, _STEP = 12, 10  # steps of indentation, and how wide one is
_SERVICES: Final = 12  # with a colour of their own
_UNITS: Final = (("µs", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000), ("h", 3_600_000_000_000))
RECORDS: Final = {
    "span_id": pl.String(),
    "trace_id": pl.String(),
    "time": pl.Datetime("ns", "UTC"),
    "severity": pl.String(),
}
PATH: Final = {"row": pl.UInt32(), "start": pl.Int64(), "end": pl.Int64()}


class _Scale(NamedTuple):
    """ns since the epoch -> what the x axis counts."""

    first: int
    last: int
    unit: str
    ns: int

    def at(self, ns: int) -> float:
        return (ns - self.first) / self.ns


def draw(frame: pl.DataFrame, *, records: pl.DataFrame | None = None, path: pl.DataFrame | None = None) -> Any:
    """A bar for each row of a waterfall, in its order, from `shown_start` to `shown_end`, coloured by service.

    `path` (PATH) are stretches of rows on the critical path, in ns: a line under their bars. `records` (RECORDS) are
    ticks on the bars of their spans, red for errors. What failed has a red edge and the word "error". Beyond MOST rows
    those are drawn that are roots, failed, have most of the critical path or are longest; the chart says of how many.
    """
    import altair as alt

    frame = frame.with_row_index("row")
    shown = _chosen(frame)
    rows = _rows(shown)
    ticks = _ticks(shown, pl.DataFrame(schema=RECORDS) if records is None else records)
    x_scale = _scale(shown, ticks)
    inside = ticks.filter(pl.col("time").is_between(x_scale.first, x_scale.last))
    noted = max(wide(row["note"]) for row in rows)
    notes = min(_NOTES, 12 + noted) if noted else 0
    right = axes.WIDTH - 66 - notes
    y = alt.Y("place:O", axis=None, scale=alt.Scale(domain=list(range(len(rows))), paddingInner=0, paddingOuter=0))
    layers = _bars(shown, x_scale, right, y)
    layers += _marks(shown, x_scale, inside.head(TICKS), path, y)
    base = alt.Chart(alt.InlineData(values=rows))
    for depth in {row["depth"] for row in rows}:
        named = alt.Chart(alt.InlineData(values=[row for row in rows if row["depth"] == depth]))
        layers.append(axes.text(named, "name", _STEP * depth, y, limit=_NAMES - 12 - _STEP * depth))
    layers.append(axes.text(base, "took", right + 62, y, align="right"))
    base = alt.Chart(alt.InlineData(values=[row for row in rows if row["note"]]))
    note = axes.text(base, "note", right + 74, y, limit=_NOTES - 8)
    layers.append(note.encode(color=alt.Color("colour:N", scale=None)))
    told = ["line: critical path"] if path is not None and path.height else []
    told += ["ticks: records"] if ticks.height else []
    told += ["red edge: error"] if shown["error"].any() else []
    told += _told(len(shown), len(frame), min(len(inside), TICKS), len(ticks))
    if told:
        layers.append(axes.foot(told, ROW * len(rows)))
    return dress(alt.layer(*layers).properties(width=axes.WIDTH, height=ROW * len(rows)))


def _chosen(frame: pl.DataFrame) -> pl.DataFrame:
    """At most MOST rows, in their order, with `place` and `service`."""
    order = [
        pl.col("depth") == 0,
        pl.col("error"),
        pl.col("critical_ns").fill_null(0),
        pl.col("duration_ns").fill_null(0),
    ]
    kept = frame.sort(order, descending=True, maintain_order=True).head(MOST).sort("row")
    names = kept["service_name"].to_list()
    seen = list(dict.fromkeys(_service(name) for name in names))
    other = f"other ({len(seen) - _SERVICES} more)"
    label = {name: name if i < _SERVICES else other for i, name in enumerate(seen)}
    service = pl.Series("service", [label[_service(name)] for name in names], dtype=pl.String)
    return kept.with_columns(service).with_row_index("place")


def _service(name: str | None) -> str:
    return "(absent)" if name is None else fit(_text.plain(name, 40) or '""', LEGEND, SMALL)


def _rows(shown: pl.DataFrame) -> list[dict[str, Any]]:
    out = []
    for row in shown.iter_rows(named=True):
        deep = f"…{row['depth']} " if row["depth"] > _DEEPEST else ""
        said = [*(["error"] if row["error"] else []), *([_text.plain(row["why"], 60)] if row["why"] else [])]
        took = "" if row["duration_ns"] is None else _text.duration(row["duration_ns"])
        colour = shade("error-word" if row["error"] else "ink")
        name = f"{deep}{_service(row['service_name'])} · {_text.plain(row['name'] or '(no name)', 60)}"
        out.append(
            {
                "place": row["place"], "depth": min(row["depth"], _DEEPEST), "name": name, "took": took,
                "note": " · ".join(said), "colour": colour,
            }
        )  # fmt: skip
    return out


def _scale(shown: pl.DataFrame, ticks: pl.DataFrame) -> _Scale:
    """From the first to the last time that is drawn, in the largest unit that gives whole numbers.

    Records near the spans' time widen it; those further away than a third of it would leave no room for the spans.
    """
    spans = shown.select(pl.col("shown_start", "shown_end").dt.timestamp("ns"))
    times = pl.concat([spans["shown_start"], spans["shown_end"].rename("shown_start")]).drop_nulls()
    first, last = (cast("int", times.min()), cast("int", times.max())) if len(times) else (0, 0)
    room = (last - first) // 3
    near = ticks["time"].filter(ticks["time"].is_between(first - room, last + room))
    if len(near) and len(times):
        first, last = min(first, cast("int", near.min())), max(last, cast("int", near.max()))
    unit, ns = next((u for u in reversed(_UNITS) if last - first >= 2 * u[1]), _UNITS[0])
    return _Scale(first, max(last, first + 1), unit, ns)


def _x(scale: _Scale, right: float) -> dict[str, Any]:
    import altair as alt

    when = _text.window(scale.first, scale.first, 1_000_000).split("–")[0]
    return {
        "scale": alt.Scale(domain=[0, scale.at(scale.last)], range=[_NAMES, right], nice=False),
        "axis": alt.Axis(orient="top", tickCount=6, format=",~f", grid=True),
        "title": f"{scale.unit} after {when} UTC",
    }


def _bars(shown: pl.DataFrame, scale: _Scale, right: float, y: Any) -> list[Any]:
    import altair as alt

    hair = (scale.last - scale.first) * 1.5 / max(right - _NAMES, 1)  # what is too short to be seen is 1.5 pixels wide
    bars = []
    for row in shown.with_columns(pl.col("shown_start", "shown_end").dt.timestamp("ns")).iter_rows(named=True):
        start, end = row["shown_start"], row["shown_end"]
        if start is None and end is None:
            continue
        start, end = (end if start is None else start), (start if end is None else end)
        bars.append(
            {
                "place": row["place"], "since": scale.at(min(start, end)),
                "until": scale.at(max(start, end, start + hair)), "service": row["service"],
                "name": _text.plain(row["name"] or "", 80), "failed": row["error"],
                "own": _text.duration(row["self_ns"] or 0), "why": _text.plain(row["why"] or "", 80),
            }
        )  # fmt: skip
    series = list(dict.fromkeys(shown["service"].to_list()))
    legend = alt.Legend(columns=axes.columns(series), symbolOpacity=1)
    colour = alt.Color("service:N", scale=colours(series, severities=False), sort=series, legend=legend)
    tips = [
        alt.Tooltip(f"{c}:N", title=t)
        for c, t in (("service", "service"), ("name", "name"), ("own", "own time"), ("why", "odd"))
    ]
    base = alt.Chart(alt.InlineData(values=bars))
    place = {"x": alt.X("since:Q", **_x(scale, right)), "x2": "until", "y": y}
    bar = base.mark_bar(height=10, yOffset=-1).encode(**place, color=colour, tooltip=tips)
    base = alt.Chart(alt.InlineData(values=[b for b in bars if b["failed"]]))
    failed = base.mark_bar(height=11, yOffset=-1, filled=False, stroke=shade("error"), strokeWidth=1.8)
    return [bar, failed.encode(**place)]


def _marks(shown: pl.DataFrame, scale: _Scale, ticks: pl.DataFrame, path: pl.DataFrame | None, y: Any) -> list[Any]:
    import altair as alt

    layers: list[Any] = []
    place = dict(shown.select("row", "place").rows())
    if path is not None:
        found = [
            {"place": place[row], "since": scale.at(start), "until": scale.at(end)}
            for row, start, end in path.rows()
            if row in place
        ]
        base = alt.Chart(alt.InlineData(values=found))
        layers.append(base.mark_bar(height=2.5, yOffset=7.5, style="ink").encode(x="since:Q", x2="until", y=y))
    base = alt.Chart(alt.InlineData(values=[{"place": p, "at": scale.at(t), "colour": c} for p, t, c in ticks.rows()]))
    colour = alt.Color("colour:N", scale=None)
    for width, of in ((3.5, alt.value(shade("paper"))), (1.6, colour)):  # light around it, so that it shows on any bar
        mark = base.mark_tick(height=9, thickness=width, yOffset=-1, opacity=1)
        layers.append(mark.encode(x="at:Q", y=y, color=of))
    return layers


def _ticks(shown: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """`place`, `time` in ns and colour of each record of a drawn span, errors first; they move with their span."""
    moved = (pl.col("shown_start") - pl.col("start")).dt.total_nanoseconds().fill_null(0)
    spans = shown.filter(pl.col("records") > 0).select("trace_id", "span_id", "place", moved=moved)
    found = records.filter(pl.col("time").is_not_null()).join(spans, on=("trace_id", "span_id"))
    bad = pl.col("severity").cast(pl.String).is_in(["error", "fatal"])
    colour = pl.when(bad).then(pl.lit(shade("error"))).otherwise(pl.lit(shade("ink"))).alias("colour")
    found = found.sort(bad, descending=True, maintain_order=True)
    return found.select("place", pl.col("time").dt.timestamp("ns") + pl.col("moved"), colour)


def _told(rows: int, spans: int, ticks: int, records: int) -> list[str]:
    parts = [axes.cut(rows, spans, "spans")]
    parts += [] if ticks == records else [f"{_text.count(ticks)} of {_text.count(records)} records are ticks"]
    return list(filter(None, parts))
