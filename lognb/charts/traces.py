"""Traces by when they began and how long they took; services by their own time."""

from __future__ import annotations

from typing import Any, Final, cast

import polars as pl

from lognb import _text
from lognb.charts import axes
from lognb.charts.theme import dress, shade, wide

HEIGHT: Final = 220
_AIR: Final = 1.2  # above and below the marks, as a ratio
_CELLS: Final = (120, 36)  # of the plane: one mark stands for all traces of a kind in a cell
ROW, MOST = 22, 30
_NAMES, _FADED, _AXIS = 260, 0.35, 36


def draw(frame: pl.DataFrame) -> Any:
    """A mark for each trace, or for several that are near to one another, at its start and its duration, log scale.

    Those with errors, of spans or records, are red triangles on top. What has no start or duration is counted below.
    """
    import altair as alt

    shown = frame.filter(pl.col("start").is_not_null(), pl.col("duration_ns") > 0)
    marks = _marks(shown)
    first, last = _ends(shown)
    axis = alt.Axis(values=_steps(shown), labelExpr=_LENGTHS)
    shortest, longest = min([m["ms"] for m in marks] or [1]), max([m["ms"] for m in marks] or [1])
    scale = alt.Scale(type="log", nice=False, domain=[shortest / _AIR, longest * _AIR])
    y = alt.Y("ms:Q", title="duration", scale=scale, axis=axis)
    kinds = ["without errors", "with errors"]
    scale = alt.Scale(domain=kinds, range=[shade("neutral"), shade("error")])
    colour = alt.Color("kind:N", scale=scale, legend=alt.Legend(symbolOpacity=1, columns=2))
    shape = alt.Shape("kind:N", scale=alt.Scale(domain=kinds, range=["circle", "triangle-up"]))
    sizes = alt.Scale(type="sqrt", domain=[1, max([20, *(mark["traces"] for mark in marks)])], range=[36, 280])
    size = alt.Size("traces:Q", legend=None, scale=sizes)
    tips = [alt.Tooltip(f"{name}:N", title=title) for name, title in (("took", "duration"), ("traces", "traces"))]
    base = alt.Chart(alt.InlineData(values=marks), width=axes.WIDTH, height=HEIGHT)
    strength = alt.condition(f"datum.kind == '{kinds[1]}'", alt.value(1), alt.value(0.7))  # what is many shows through
    points = base.mark_point(filled=True, strokeWidth=0).encode(
        x=axes.time("at", first, last), y=y, color=colour, shape=shape, size=size, opacity=strength, tooltip=tips
    )
    layers = [points]
    if len(shown) < len(frame):
        told = f"{_text.count(len(shown))} of {_text.count(len(frame))} traces are drawn: the others have no duration"
        layers.append(axes.foot([told], HEIGHT + _AXIS))
    return dress(alt.layer(*layers))


# Vega's axis counts ms.
_LENGTHS: Final = (
    "datum.value < 1 ? format(datum.value * 1000, '~g') + ' µs' "
    ": datum.value < 1000 ? format(datum.value, '~g') + ' ms' : format(datum.value / 1000, ',~g') + ' s'"
)


def _ends(shown: pl.DataFrame) -> tuple[int, int]:
    stamps = shown["start"].dt.timestamp("ns")
    first, last = (cast("int", stamps.min()), cast("int", stamps.max())) if len(shown) else (0, 0)
    air = max((last - first) // 100, 1_000_000)  # so that no mark lies on the labels at the left
    return first - air, last + air


def _steps(shown: pl.DataFrame) -> list[float]:
    """Round lengths, in ms, over the range of durations: 1, 10, 100; where it is short also 2 and 5."""
    lengths = shown["duration_ns"]
    low, high = (cast("int", lengths.min()), cast("int", lengths.max())) if len(shown) else (1, 1)
    within = (1, 2, 5) if high < 50 * low else (1,)
    return [m * 10**e / 1e6 for e in range(20) for m in within if low / _AIR <= m * 10**e <= high * _AIR]


def _marks(shown: pl.DataFrame) -> list[dict[str, Any]]:
    """`at` (ms), `ms`, `kind` and `traces` of each cell of the plane that has some; with errors last, so on top."""
    if not len(shown):
        return []
    failed = (pl.col("errors") > 0) | (pl.col("error_records") > 0)
    at, log = pl.col("start").dt.timestamp("ns"), pl.col("duration_ns").log(10)
    placed = shown.select(at=at, log=log, failed=failed)
    cell = []
    for name, n in zip(("at", "log"), _CELLS, strict=True):
        begin, length = pl.col(name).min(), pl.col(name).max() - pl.col(name).min()
        cell.append(((pl.col(name) - begin) * (n - 1) / pl.max_horizontal(length, 1e-9)).round())
    cells = placed.group_by(*(c.alias(f"_{i}") for i, c in enumerate(cell)), "failed").agg(
        pl.col("at").mean(), pl.col("log").mean(), traces=pl.len()
    )
    return [
        {
            "at": row["at"] / 1e6, "ms": 10 ** row["log"] / 1e6, "traces": row["traces"],
            "kind": "with errors" if row["failed"] else "without errors",
            "took": _text.duration(round(10 ** row["log"])),
        }
        for row in cells.sort("failed", "at", "log").iter_rows(named=True)
    ]  # fmt: skip


def draw_services(frame: pl.DataFrame) -> Any:
    """A bar for each row, its own time a trace; what of it waits for answers is faded, what was before is a line.

    Behind it stand the time and, in red, in how many of its traces it fails.
    """
    import altair as alt

    rows = [_row(i, row) for i, row in enumerate(frame.head(MOST).iter_rows(named=True))]
    base = alt.Chart(alt.InlineData(values=rows), width=axes.WIDTH, height=ROW * len(rows))
    most = max((max(row["own"], row["before"] or 0) for row in rows), default=1) or 1
    failing = max((wide(row["failing"]) for row in rows), default=0)
    took = 16 + max((wide(row["took"]) for row in rows), default=0)
    right = axes.WIDTH - failing - took
    y = alt.Y("row:O", axis=None, scale=alt.Scale(paddingInner=0.3, paddingOuter=0.15))
    x: dict[str, Any] = {"scale": alt.Scale(domain=[0, most], range=[_NAMES, right - 8], nice=False), "axis": None}
    parts = (("none", "worked", 1), ("worked", "own", _FADED))
    layers = [
        base.mark_rect(opacity=opacity, style="accent").encode(x=alt.X(f"{since}:Q", **x), x2=until, y=y)
        for since, until, opacity in parts
    ]
    known = alt.Chart(alt.InlineData(values=[row for row in rows if row["before"] is not None]))
    layers.append(known.mark_tick(thickness=2, height=16, style="ink", opacity=1).encode(x=alt.X("before:Q", **x), y=y))
    layers.append(axes.text(base, "name", 0, y, limit=_NAMES - 10))
    layers.append(axes.text(base, "took", right + took - 10, y, align="right"))
    layers.append(axes.text(base, "failing", axes.WIDTH, y, align="right", style=["said", "error-word"]))
    told = ["own time per trace" + ("" if "failing_more" in frame.columns else ", most in all first")]
    told += ["faded: waiting for answers"]
    told += ["line: before"] if any(row["before"] is not None for row in rows) else []
    told += [axes.cut(len(rows), len(frame), "rows")]
    layers.append(axes.foot(told, ROW * len(rows)))
    return dress(alt.layer(*layers))


def _row(place: int, row: dict[str, Any]) -> dict[str, Any]:
    names = [row[c] for c in ("service_name", "name") if c in row]
    own = row["self_per_trace_ns"] or 0
    waits = own * row["gap_ns"] // row["self_ns"] if row["self_ns"] else 0
    earlier = row.get("self_per_trace_before_ns")
    failing = (
        f"fails in {_text.count(row['failed_traces'])} of {_text.count(row['traces'])}" if row["failed_traces"] else ""
    )
    if row.get("failing_more") and failing:
        before = f"{_text.count(row['failed_traces_before'])} of {_text.count(row['traces_before'])}"
        failing += f", before {before}" if row["traces_before"] else ", new"
    return {
        "row": place, "name": " · ".join("(absent)" if n is None else _text.plain(n, 60) for n in names), "none": 0,
        "worked": own - waits, "own": own, "before": earlier, "took": _text.duration(own), "failing": failing,
    }  # fmt: skip
