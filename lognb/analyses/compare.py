"""What is different between two windows, or any two sets of records: patterns, values, numbers, pairs of values."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._text import count, plain, plural
from lognb.analyses.differences import LEFT_OUT, MOST, Row, numbers, pairs, patterns, values
from lognb.analyses.facets import ALWAYS, WHERE_PRESENT
from lognb.analyses.patterns import shown
from lognb.analyses.sides import side
from lognb.charts import compare as charts
from lognb.query import Query
from lognb.result import Result
from lognb.schema import FIELD_UNITS, TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.analyses.sides import Side
    from lognb.logs import Logs

_SCHEMA: Final = {
    "what": pl.String(), "field": pl.String(), "value": pl.String(), "text": pl.String(), "change": pl.String(),
    "baseline": pl.UInt64(), "current": pl.UInt64(), "baseline_share": pl.Float64(), "current_share": pl.Float64(),
    "ratio": pl.Float64(), "baseline_median": pl.Float64(), "current_median": pl.Float64(), "since": TIME,
    "q": pl.Float64(), "rank": pl.Float64(), "query": pl.String(), "also": pl.List(pl.String()),
}  # fmt: skip
_DATED: Final = 50  # rows, the first, whose first record is looked for
_TOLD: Final = 3
_NO_MEASURE: Final = (".id", "_id", "pid")  # ends of names of numbers that only name a thing


def compare(
    logs: Logs, baseline: Any, current: Any = None, *, fields: Sequence[str] | None = None, paired: bool = True
) -> Result:
    """Find what is new, gone, more or fewer in `current` against `baseline`: patterns, values, numbers, pairs.

    Each side is Logs, a query text or Query over these Logs, or a (since, until) pair of times as for `between`;
    without `current` it is these Logs. During against before, errors against the rest, one release against another.

    Rows, one a difference, what is surest and largest first, what was seen only once or twice last: `what` ("pattern",
    "value", "number", "pair"), `field` and `value` (of a pair both, joined by " and "; null value: the records that
    lack the field), `text` (of a pattern, as `patterns` shows it among both sides' records), `change` ("new", "gone",
    "grown", "shrunk", or "once": on one side only, in fewer than 5 records), `baseline` and `current` (records),
    `baseline_share` and `current_share` (of the side's records), `ratio` (of the shares, current to baseline; of a
    pattern, of the numbers after the size factor; of a number, of the medians; null from 0), `baseline_median` and
    `current_median` (of numbers), `since` (the first record of what is new; in the first 50 rows), `q` (the false
    discovery rate at which it would be told; below 0.015, of new and gone 0.005, it is), `rank` (lower bound of |log2
    ratio|, by which rows are ordered; errors that are new come before all), `query` (its records) and `also` (queries
    of other values with the same counts on both sides: a pod, its process, its release). Records without a time are
    left out.

    A pattern is told if its number is at least twice, or half, what the median of all patterns makes of it. A value is
    told if G on its counts is beyond chance, the bursts of its own counts in 30 bins of each side taken into
    account unless the sides share time, and the effect is at least 1.5 times and half a point of share, or thrice. New
    and gone are facts, with the exact binomial chance. A number is told if its medians are apart by half the pooled
    interquartile range, beyond their notches (McGill, Tukey, Larsen 1978), and by a fifth. A pair is told if its
    ratio is beyond those of both its parts. What has no row: no confident claim. Statistics: contrast.py of this
    package, with sources.

    `fields` are those to compare; without, all that say of which kind a record is: not ids and times, not numbers
    whose name states a unit, not fields of over 2,000 values, nor of over 100 that are in fewer than 5 records each;
    nor, where conditions on a field tell the sides apart, that field and those that only say it again, as a pod does of
    its node. `paired=False` leaves pairs out. Raises QueryError for a side that is none or has other sources,
    FieldError for a field that no record has.
    """
    before, after = side(logs, baseline), side(logs, logs if current is None else current)
    names = _fields(logs, before, after, fields)
    rows: list[Row] = []
    if before.records and after.records:
        rows = _read(logs, [*patterns(before, after)], before, after) if fields is None else []
        rows += values(before, after, names)
        rows = rows if fields is not None else _informative(rows, before, after)
        rows += numbers(before, after, names if fields else _numeric(logs))
        if paired:
            rows += pairs(before, after, rows)
    frame = _frame(_folded(rows), after)
    return Result(
        frame=frame,
        sentence=_sentence(frame, before, after, len(names)),
        title="Comparison",
        query=after.logs.query,
        sources=logs.sources,
        draw=charts.draw,
    )


def _fields(logs: Logs, before: Side, after: Side, asked: Sequence[str] | None) -> list[str]:
    if asked is not None:
        for name in asked:
            logs.engine.dtypes([name])
        return list(dict.fromkeys(asked))
    names = [n for n in logs.engine.field_names() if n not in LEFT_OUT]
    # A number with a unit is a measure: it is compared as a number, and its single values are of no kind.
    measures = logs.engine.dtypes([n for n in names if n.endswith(tuple(FIELD_UNITS))])
    names = [n for n in names if not (n in measures and measures[n].is_numeric())]
    union = before.logs.query | after.logs.query
    found = logs.engine.facets(union, names, 1, own=True)
    kept = found.group_by("field", maintain_order=True).agg(pl.col("values").max(), rows=pl.len())
    kept = kept.filter((pl.col("values") <= MOST) & ((pl.col("values") > 1) | (pl.col("rows") > 1)))
    return kept["field"].to_list()


def _read(logs: Logs, rows: list[Row], before: Side, after: Side) -> list[Row]:
    """The rows of patterns with their texts as a list of patterns shows them, of the records of both sides."""
    texts = shown(logs, before.logs.query | after.logs.query, [str(row.value) for row in rows])
    return [replace(row, text=texts.get(str(row.value), row.text)) for row in rows]


def _informative(rows: list[Row], before: Side, after: Side) -> list[Row]:
    """The rows without those that say no more than which side is which, where a condition on a field says that."""
    here, there = (set(side.logs.query.conditions) for side in (before, after))
    telling = set.intersection(*({c.field for c in Query(tuple(one)).leaves()} for one in (here - there, there - here)))
    if not telling:
        return rows
    apart: dict[str, list[int]] = {}
    for row in rows:
        if row.what == "value" and row.value is not None and 0 in (row.baseline, row.current):
            sums = apart.setdefault(row.field, [0, 0])
            sums[0] += row.baseline
            sums[1] += row.current
    # All records of both sides have the field, and no value is on both.
    again = {field for field, sums in apart.items() if sums == [before.records, after.records]}
    return [row for row in rows if row.what != "value" or row.field not in telling | again]


def _numeric(logs: Logs) -> list[str]:
    names = [n for n in logs.engine.field_names() if n not in LEFT_OUT or n == "size_bytes"]
    names = [n for n in names if not n.endswith(_NO_MEASURE)]
    return [name for name, dtype in logs.engine.dtypes(names).items() if dtype.is_numeric()]


def _folded(rows: list[Row]) -> list[Row]:
    """Values with the same counts on both sides as one row, that of the field that people ask for first.

    A pod, its process and its release come and go together; one row says so, and names the others.
    """
    order = {name: i for i, name in enumerate((*ALWAYS, *WHERE_PRESENT))}
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for i, row in enumerate(rows):
        key = (row.baseline, row.current) if row.what == "value" and row.change != "once" else (i,)
        groups.setdefault(key, []).append(row)
    out = []
    for group in groups.values():
        first, *others = sorted(group, key=lambda r: (order.get(r.field, len(order)), r.field, str(r.value)))
        out.append(replace(first, also=tuple(str(Query(r.clauses)) for r in others)) if others else first)
    return out


def _frame(rows: list[Row], after: Side) -> pl.DataFrame:
    """The rows in their order; errors that are new come first."""
    ranked = sorted(rows, key=lambda r: (r.change == "once", not r.grave, -r.rank, -(r.baseline + r.current), str(r)))
    told = []
    for i, row in enumerate(ranked):
        since = row.since(after) if row.change == "new" and i < _DATED else None
        told.append(row.cells() | {"since": since})
    frame = pl.DataFrame(told, schema={**_SCHEMA, "since": pl.Int64()}, orient="row")
    return frame.with_columns(pl.col("since").cast(TIME))


def _sentence(frame: pl.DataFrame, before: Side, after: Side, fields: int) -> str:
    sides = f"{count(after.records)} against {plural(before.records, 'record')}"
    if not before.records or not after.records:
        empty = (
            "neither side has"
            if not before.records and not after.records
            else ("the baseline has" if not before.records else "the current side has")
        )
        return f"{sides}: no data, {empty} no record"
    sure = frame.filter(pl.col("change") != "once")
    if not sure.height:
        return f"{sides}: no difference that one could be sure of in {plural(fields, 'field')}"
    told = "; ".join(charts.words(row) for row in sure.head(_TOLD).iter_rows(named=True))
    more = f"; and {count(sure.height - _TOLD)} more" if sure.height > _TOLD else ""
    return f"{sides}: {plain(told)}{more}"
