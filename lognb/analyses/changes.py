"""When something changed: in how much is logged, how much of it is errors, by whom, and in any number of a field."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _completer, _text
from lognb._moments import of_datetime
from lognb._text import clock, count, plural
from lognb.analyses import buckets, mined
from lognb.analyses.mined import FIELD as PATTERN
from lognb.analyses.series import Grid, Series, gathered
from lognb.analyses.shifts import BACK, Shift, shifts
from lognb.charts import changes as charts
from lognb.errors import QueryError
from lognb.query import Query
from lognb.result import Result
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lognb.engines.base import Engine
    from lognb.logs import Logs

BUCKETS: Final = 500
"""`every="auto"` takes the narrowest round width that needs no more: 200 to 500 where the data is long enough."""

_PERCENTILES: Final = ("p50", "p75", "p90", "p95", "p99", "mean", "max")
_TAKEN: Final = (
    "moment", "time", "until", "kind", "measure", "before", "after", "ratio", "confidence", "query", "returns", "text",
    "gain",
)  # fmt: skip
_TOLD: Final = 3  # moments that the sentence names
_SAME: Final = 3  # buckets apart, or a hundredth of all: changes of one moment


def changes(
    logs: Logs,
    *,
    by: str | Sequence[str] | None = ("service_name", "severity", "pattern"),
    field: str | None = None,
    percentile: str = "p95",
    every: str = "auto",
) -> Result:
    """Find when the records changed, and in what: steps, spikes, dips, trends, changes of spread, gaps in the data.

    Rows, one a change: `moment` (Datetime ns UTC; changes of about the same time are one moment, named by its surest),
    `time` (left edge of the first bucket of the new level), `until` (where it is over: spike, dip, trend, gap; else
    null), `kind` ("step", "spike", "dip", "trend", "variance", "gap"), `measure`, a column for each field of `by` (the
    value of the series; null for the series of all values), `before` and `after` (levels: records or bytes a minute,
    shares from 0 to 1, sessions a bucket, the number itself; of a "variance" the spread in standard deviations),
    `ratio` (after / before; null from 0), `confidence` (0 to 1: 1 less a bound of the chance that noise alone does this
    in all buckets and series that were looked at) and `query` (the text that finds the series' records) and `returns`
    (Boolean: the level goes back to what it was before the change before). The moments of the surest changes first, in
    them the surest first; what only goes back stands behind what went up or down. `text` is that of a pattern.

    Measures: "records", "bytes", "error share" (severity error and fatal, of the records) and "sessions" (those active
    in a bucket) of all records; "records" and "error share" of each value of the first of `by`; "records" of each
    combination of the first two, of the first three and so on, with at least 8 records, the 2,000 with most. With
    `field`, a number, also its `percentile` ("p50" to "p99", "mean", "max"), of all records and by the first of `by`,
    in buckets of 20 numbers.

    `every` is the width of a bucket; "auto" gives up to 500. The first and the last bucket are left out where the data
    or the window cuts them. Buckets in which nothing at all was logged, where that is no chance, are a "gap" and count
    for no series, so that a gap is not taken for a drop. Records without a time are left out. How segments are found
    and noise is measured: levels.py, segments.py and shifts.py of this package, with their sources.

    Raises QueryError for a `percentile` or `every` that is none and a `field` without numbers, FieldError if no
    record has a field.
    """
    fields = [by] if isinstance(by, str) else list(by or ())
    if percentile not in _PERCENTILES:
        raise QueryError(f"percentile={percentile!r} is none of {', '.join(_PERCENTILES)}")
    first, last = buckets.window(logs)
    width = _text.step(last - first, BUCKETS) if every == "auto" else buckets.width(every, last - first)
    grid = _whole(first, last, width)
    query = logs.query & Query((), grid.start, grid.time(grid.n)) if grid.n else logs.query
    grid, series, whole = gathered(logs, query, grid, fields, field, percentile)
    names = {f: buckets.column(f, _TAKEN) for f in fields}
    rows = [row for one in series for row in _rows(logs, one, names, len(series))]
    rows += [_gap(grid, gap, names) for gap in grid.gaps]
    frame = _told(logs, _moments(rows, names, max(_SAME, grid.n // 100) * width), names.get(PATTERN))
    return Result(
        frame=frame.drop("gain"),
        sentence=_sentence(frame, names, len(series), grid),
        title="Changes",
        query=logs.query,
        sources=logs.sources,
        draw=partial(charts.draw, whole=whole, every=width, names=tuple(names.values())),
    )


def _told(logs: Logs, frame: pl.DataFrame, pattern: str | None) -> pl.DataFrame:
    """The frame with the `text` of the patterns in the column of that name."""
    texts: dict[str, str] = {}
    if pattern is not None and frame[pattern].drop_nulls().len():
        texts = mined.texts(logs.engine)
    said = pl.lit(None, pl.String) if pattern is None else pl.col(pattern).replace_strict(texts, default=None)
    return frame.with_columns(said.cast(pl.String).alias("text"))


def _whole(first: int, last: int, width: int) -> Grid:
    """The buckets that the data and the window cover as a whole."""
    start = -(-first // width) * width
    return Grid(start, width, max((last + 1 - start) // width, 0))


def _rows(logs: Logs, series: Series, names: dict[str, str], tests: int) -> Iterator[dict[str, Any]]:
    before: Shift | None = None
    for shift in shifts(series.model, tests):
        yield _row(logs.engine, series, shift, names) | {"returns": before is not None and _returns(before, shift)}
        before = shift


def _returns(before: Shift, shift: Shift) -> bool:
    """Does the level go back to about what it was before the change before?"""
    height = abs(shift.before - before.before)
    return shift.kind == before.kind == "step" and abs(shift.after - before.before) <= BACK * height


def _row(engine: Engine, series: Series, shift: Shift, names: dict[str, str]) -> dict[str, Any]:
    per = 1.0 if shift.kind == "variance" else series.per_minute
    end = None if shift.end is None else int(series.at[shift.end - 1]) + series.width
    return {
        "time": int(series.at[shift.start]),
        "until": end,
        "kind": shift.kind,
        "measure": series.measure,
        **{name: _shown(series.values, field) for field, name in names.items()},
        "before": shift.before * per,
        "after": shift.after * per,
        "ratio": shift.after / shift.before if shift.before > 0 else None,
        "confidence": shift.confidence,
        "query": str(Query(tuple(_completer.conditions(engine, f, [v])[v] for f, v in series.values.items()))),
        "gain": shift.gain,
    }


def _shown(values: dict[str, str | None], field: str) -> str | None:
    if field not in values:
        return None
    value = values[field]
    return "(absent)" if value is None else value


def _gap(grid: Grid, gap: tuple[int, int], names: dict[str, str]) -> dict[str, Any]:
    absent = dict.fromkeys(names.values())
    level = {"before": None, "after": 0.0, "ratio": 0.0, "confidence": 1.0, "query": ""}
    low, high = gap
    when = {"time": grid.time(low), "until": grid.time(high), "kind": "gap", "measure": "records"}
    return {**when, **absent, **level, "gain": float("inf"), "returns": False}


def _moments(rows: list[dict[str, Any]], names: dict[str, str], near: int) -> pl.DataFrame:
    """The rows with their moment: each takes the others that are near, the surest change first."""
    schema = {
        "moment": pl.Int64(), "time": pl.Int64(), "until": pl.Int64(), "kind": pl.String(), "measure": pl.String(),
        **dict.fromkeys(names.values(), pl.String()),
        **dict.fromkeys(("before", "after", "ratio", "confidence"), pl.Float64()), "query": pl.String(),
        "returns": pl.Boolean(), "gain": pl.Float64(),
    }  # fmt: skip
    moments: list[int] = []
    placed = []
    for row in sorted(rows, key=lambda r: (r["returns"], -r["gain"], r["time"])):
        at = next((m for m in moments if abs(m - row["time"]) <= near), None)
        if at is None:
            moments.append(at := row["time"])
        placed.append((moments.index(at), {"moment": at, **row}))
    placed.sort(key=lambda pair: pair[0])  # stable: in a moment the surest stays first
    frame = pl.DataFrame([row for _, row in placed], schema=schema, orient="row")
    return frame.with_columns(pl.col("moment", "time", "until").cast(TIME))


def _sentence(frame: pl.DataFrame, names: dict[str, str], series: int, grid: Grid) -> str:
    looked = f"{count(series)} series in {plural(grid.n, 'bucket')} of {_text.duration(grid.width)}"
    if not frame.height:
        return f"no change that one could be sure of, in {looked}"
    tops = frame.group_by("moment", maintain_order=True).agg(pl.all().first(), pl.len().alias("rows"))
    told = [_said(row, names, grid) for row in tops.head(_TOLD).iter_rows(named=True)]
    more = f"; and {plural(tops.height - _TOLD, 'moment')} more" if tops.height > _TOLD else ""
    return f"{'; '.join(told)}{more}; looked at {looked}"


def _said(row: dict[str, Any], names: dict[str, str], grid: Grid) -> str:
    at = clock(of_datetime(row["moment"]), grid.width)
    if row["kind"] == "gap":
        return f"{at} nothing was logged"
    of = charts.of(row, tuple(names.values()))
    return f"{at} {_word(row)} {row['measure']}" + (f" of {of}" if of else "")


def _word(row: dict[str, Any]) -> str:
    before, after, ratio = row["before"], row["after"], row["ratio"]
    if row["kind"] == "variance":
        return f"{'wider' if after > before else 'narrower'} spread of"
    kind = {"spike": "spike of ", "dip": "dip of ", "trend": "trend of "}.get(row["kind"], "")
    if not before:
        return kind + "new"
    if not after:
        return kind + "no more"
    return f"{kind}×{_text.number(ratio) if ratio >= 1 else format(ratio, '.2g')}"
