"""One trace as a waterfall: each span in its place, whose time it is, and what is odd about it."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._text import count, duration, plain, plural, share
from lognb.analyses import clock
from lognb.analyses.forest import critical_path, plant, self_times, walk
from lognb.analyses.whose import whose
from lognb.charts import waterfall as charts
from lognb.result import Result
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Container, Mapping, Sequence

    from lognb.logs import Logs

ROW: Final[dict[str, pl.DataType]] = {
    "trace_id": pl.String(), "span_id": pl.String(), "parent_span_id": pl.String(), "depth": pl.UInt32(),
    "service_name": pl.String(), "name": pl.String(), "kind": pl.String(), "start": TIME, "end": TIME,
    "shown_start": TIME, "shown_end": TIME, "duration_ns": pl.Int64(), "self_ns": pl.Int64(),
    "critical_ns": pl.Int64(), "gap_ns": pl.Int64(), "missing_parent": pl.Boolean(), "error": pl.Boolean(),
    "records": pl.UInt64(), "error_records": pl.UInt64(), "why": pl.String(),
}  # fmt: skip
"""The columns of a waterfall; what each is: the docstring of `arranged`."""

RECORDS: Final = ("time", "severity", "trace_id", "span_id")


@dataclass(frozen=True, eq=False, repr=False)
class Waterfall(Result):
    """The spans of a trace, and `clocks`: how far the clocks of the services that call each other in it are apart.

    One row for each pair of a caller and who it called, by service and node (null where not said), most calls first,
    from all calls of the trace's session where it has one. `offset_ns` (Int64): so much is the clock of the called one
    ahead, the middle of `low_ns` to `high_ns`, in which most calls agree, `spread_ns` wide. `pairs` (UInt32): calls, of
    which `agree` do, and in `outside` the called span does not lie in the caller's. `proven` (Boolean): most agree that
    the clocks differ; no others are corrected. Without such calls there are no rows.
    """

    clocks: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=clock.SKEW))


def waterfall(logs: Logs, trace_id: str, *, correct: bool = True) -> Waterfall:
    """All spans of one trace in the order in which a waterfall draws them; the query does not narrow them.

    Rows: a span, parents before their children, siblings by start, those without a time last. `depth` (UInt32): 0 is a
    root, and a span whose parent is missing (`missing_parent`). `start`, `end` and `duration_ns` (ns UTC; Int64) are as
    sent; `shown_start` and `shown_end` on one clock, moved where the calls of its session, or of the trace, prove that
    a clock is off. That is for display only: `correct=False` shows the times as they were sent, and `clocks` of the
    answer is the table of what is known. On the shown times are measured (Int64) `self_ns`, in which none of the span's
    children runs, `critical_ns`, its part of the critical path, and `gap_ns`, in which it waits and nothing tells for
    what; null where a start or an end is absent. `error`: its status; `records` and `error_records` (UInt64): those
    that name it; `why` (null where all is well): a missing parent, an id that repeats, parents in a circle, a time that
    is absent.

    The sentence says what the trace took, who used the time on its critical path, what failed, what is missing, what
    was corrected, and which other traces it links to. A trace that is known from its records alone has no rows. The
    beginning of an id is enough where it is the beginning of one only. Raises QueryError for an id that no span and no
    record has, and names those that are near.

    >>> from lognb import read
    >>> logs = read(b'{"time": "2026-11-03T09:00:00Z", "msg": "paid", "trace_id": "0af7651916cd43dd8448eb211c80319c"}')
    >>> logs.waterfall("0af76519").sentence
    'no spans; 1 record'
    """
    found = whose(logs.engine, "trace", trace_id)
    trace, query = found.id, found.query
    spans = logs.engine.spans([trace])
    records = logs.engine.fetch(query, RECORDS)
    called = _called(logs, spans)
    mine = clock.shifts(spans)
    moved = {at: ns for at, ns in clock.shifts(called).items() if at in mine}
    by_row, path = _placed(spans, moved if correct else {})
    frame = _filled(spans, by_row, records)
    return Waterfall(
        frame=frame,
        sentence=_sentence(spans, records, frame, moved, correct=correct),
        title=f"Trace {plain(trace, 40)}",
        query=query,
        sources=logs.sources,
        draw=partial(charts.draw, records=records, path=path),
        clocks=_of_trace(clock.skew(called), mine),
    )


def arranged(spans: pl.DataFrame, records: pl.DataFrame | None = None, *, correct: bool = True) -> pl.DataFrame:
    """Spans, in the columns of schema.SPAN, as the rows of a waterfall, in the columns of ROW; each span is one row.

    Several traces follow one another by their first start; in each, parents come before their children, siblings by
    start, what has none last. Bad input is drawn too, and `why` (String, null where all is well) says what is odd:
    a parent that is not among the spans (then also `missing_parent`), an id that repeats, parents in a circle, a start
    or an end that is absent, an end before the start.

    `depth` (UInt32): 0 is a root, as is a span whose parent is missing. `start`, `end`, `duration_ns` as sent.
    `shown_start`, `shown_end`: by one clock, where calls between services prove that another is off (clock.shifts); for
    display only, and equal to `start`, `end` where `correct` is False. What follows is measured on them.
    `self_ns` (Int64): in which none of the span's children runs. `critical_ns` (Int64): what of the span is on the
    critical path of its tree (rule and source: forest.critical_path); in each tree they add up to the root's duration.
    `gap_ns` (Int64): the part of `self_ns` in which the span only waits and nothing tells for what: all of it for a
    client, whose call is on the wire, in a queue, or in a callee that sent no spans; 0 for other kinds, which work
    themselves. These are null where start or end is absent. `error` (Boolean): the span's status is error.
    `records` and `error_records` (UInt64): the `records` given, with RECORDS as columns, that name the span; those of
    severity error or fatal. Of spans with one id the first has them.
    """
    return _filled(spans, _placed(spans, clock.shifts(spans) if correct else {})[0], records)


def _filled(spans: pl.DataFrame, by_row: pl.DataFrame, records: pl.DataFrame | None) -> pl.DataFrame:
    """What the trees say, with what the spans say, and their records counted."""
    frame = by_row.join(spans.with_row_index("row"), on="row", how="left", maintain_order="left").with_columns(
        error=(pl.col("status_code") == "error").fill_null(value=False)
    )
    if records is None:
        return frame.with_columns(records=0, error_records=0).select(pl.col(c).cast(t) for c, t in ROW.items())
    names = ("trace_id", "span_id")
    counted = records.group_by(names).agg(
        records=pl.len(), error_records=pl.col("severity").is_in(["error", "fatal"]).sum()
    )
    frame = frame.join(counted, on=names, how="left", maintain_order="left")
    mine = pl.col("records").is_not_null() & pl.struct(names).is_first_distinct()
    frame = frame.with_columns(pl.when(mine).then(c).otherwise(0).alias(c) for c in ("records", "error_records"))
    return frame.select(pl.col(c).cast(t) for c, t in ROW.items())


def _called(logs: Logs, spans: pl.DataFrame) -> pl.DataFrame:
    """The spans that tell how the clocks of a trace go: all of its session, as a single call proves little."""
    sessions = spans["session_id"].drop_nulls().unique().to_list()
    return logs.engine.spans(session=sessions[0]) if len(sessions) == 1 else spans


def _of_trace(clocks: pl.DataFrame, mine: Container[clock.Clock]) -> pl.DataFrame:
    """Rows of clock.skew whose both sides are in the trace."""
    sides = clocks.select("parent_service", "parent_node", "child_service", "child_node").rows()
    return clocks.filter(pl.Series([row[:2] in mine and row[2:] in mine for row in sides], dtype=pl.Boolean))


def _placed(spans: pl.DataFrame, moved: Mapping[clock.Clock, int]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What the trees say of each row of the spans, in the order of drawing, and the critical path by place in it."""
    shift = clock.shifted(spans, moved)
    starts, ends = ((spans[c].dt.timestamp("ns") + shift).to_list() for c in ("start", "end"))
    traces, kinds = spans["trace_id"].to_list(), spans["kind"].to_list()
    trees = plant(traces, spans["span_id"].to_list(), spans["parent_span_id"].to_list(), kinds, starts)
    own = self_times(trees, starts, ends, kinds)
    critical = [0] * len(spans)
    path = critical_path(trees, starts, ends, kinds)
    for i, since, until in path:
        critical[i] += until - since
    why = [_odd(*odd) for odd in zip(trees.why, starts, ends, strict=True)]
    rows = [
        (i, depth, starts[i], ends[i], own[i], None if own[i] is None else critical[i],
         own[i] if kinds[i] == "client" or own[i] is None else 0, trees.missing[i], why[i])
        for i, depth in walk(trees, traces, starts)
    ]  # fmt: skip
    schema = {"row": pl.UInt32} | {c: ROW[c] for c in ("depth", "shown_start", "shown_end", "self_ns", "critical_ns")}
    schema |= {c: ROW[c] for c in ("gap_ns", "missing_parent", "why")}
    plain_times = {c: pl.Int64() if t == TIME else t for c, t in schema.items()}
    frame = pl.DataFrame(rows, schema=plain_times, orient="row").cast(schema)  # type: ignore[arg-type]
    place = {row: at for at, row in enumerate(frame["row"].to_list())}
    drawn = [(place[i], since, until) for i, since, until in path]
    return frame, pl.DataFrame(drawn, schema=charts.PATH, orient="row")


def _odd(place: str | None, start: int | None, end: int | None) -> str | None:
    times = None
    if start is None or end is None:
        times = "no time" if start is None and end is None else "no start" if start is None else "no end"
    elif end < start:
        times = "ends before it starts"
    return "; ".join(part for part in (place, times) if part) or None


def _sentence(
    spans: pl.DataFrame, records: pl.DataFrame, frame: pl.DataFrame, moved: Mapping[clock.Clock, int], *, correct: bool
) -> str:
    if not len(frame):
        return f"no spans; {plural(len(records), 'record')}"
    services = list(dict.fromkeys(frame["service_name"].to_list()))
    parts = [f"{_took(frame)}: {plural(len(frame), 'span')} in {_order(services)}", *_path(frame)]
    failed = frame.filter("error")
    if len(failed):
        last = failed.sort("depth").row(-1, named=True)  # the deepest is nearest to the cause
        parts.append(f"{plural(len(failed), 'error')}, the deepest in {_service(last['service_name'])} {_name(last)}")
    if len(records):
        apart = len(records) - int(frame["records"].sum())
        bad = records.filter(pl.col("severity").is_in(["error", "fatal"])).height
        more = (f", {count(bad)} of them errors" if bad else "") + (f", {count(apart)} on no span" if apart else "")
        parts.append(plural(len(records), "record") + more)
    parts += _linked(spans)
    odd = Counter(why for why in frame["why"].to_list() if why)
    parts += [f"{count(n)} × {why}" for why, n in odd.most_common(3)]
    off = clock.spoken(moved)
    parts += [f"{told} ({'' if correct else 'not '}corrected)" for told in off[:2]]
    return "; ".join(parts)


def _took(frame: pl.DataFrame) -> str:
    """The longest root and, where spans lie outside of it, what all of them took."""
    timed = frame.filter(pl.col("shown_start").is_not_null(), pl.col("shown_end").is_not_null())
    roots = timed.filter(pl.col("depth") == 0).sort("duration_ns", descending=True, maintain_order=True)
    if not len(roots):
        return "no root has both its times"
    root = roots.row(0, named=True)
    took = f"{_service(root['service_name'])} {_name(root)} took {duration(root['duration_ns'])}"
    ends = timed.select(pl.col("shown_end").dt.timestamp("ns").max()).item()
    whole = ends - timed.select(pl.col("shown_start").dt.timestamp("ns").min()).item()
    return took if duration(whole) == duration(root["duration_ns"]) else f"{took}, all spans {duration(whole)}"


def _linked(spans: pl.DataFrame) -> list[str]:
    """The other traces that spans link to: what a queue or a batch carried on."""
    texts = spans["links"].drop_nulls().unique(maintain_order=True).to_list()
    own = set(spans["trace_id"].to_list())
    found = [
        link["trace_id"] for text in texts for link in json.loads(text) if isinstance(link, dict) and "trace_id" in link
    ]
    others = list(dict.fromkeys(str(trace) for trace in found if trace and trace not in own))
    if not others:
        return []
    more = f" and {count(len(others) - 2)} more" if len(others) > 2 else ""
    return [f"links to {plural(len(others), 'other trace')}: {', '.join(plain(t, 40) for t in others[:2])}{more}"]


def _order(services: Sequence[str | None]) -> str:
    shown = [_service(s) for s in services[:5]]
    more = f" and {count(len(services) - 5)} more services" if len(services) > 5 else ""
    return " → ".join(shown) + more


def _path(frame: pl.DataFrame) -> list[str]:
    """What used most of the critical path."""
    total = int(frame["critical_ns"].sum())
    if not total:
        return []
    by = frame.group_by("service_name", "name", "kind", maintain_order=True).agg(pl.col("critical_ns").sum())
    best = by.sort("critical_ns", descending=True, maintain_order=True).row(0, named=True)
    waits = " waiting for its answer" if best["kind"] == "client" else ""
    who = f"{_service(best['service_name'])} {_name(best)}{waits}"
    return [f"{share(best['critical_ns'], total)} of the critical path is {who}"]


def _service(name: str | None) -> str:
    return "(no service)" if name is None else plain(name, 40)


def _name(row: dict[str, Any]) -> str:
    return "(no name)" if not row["name"] else plain(row["name"], 60)
