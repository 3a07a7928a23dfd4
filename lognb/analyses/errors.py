"""Errors grouped into issues: what fails, where it began, whom it met, since when."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _text
from lognb._text import count, plural
from lognb.analyses.issues import BY_LINE, FIELD, exceptions, offer
from lognb.charts import errors as charts
from lognb.errors import QueryError, did_you_mean
from lognb.query import Condition, Query
from lognb.result import Result
from lognb.schema import RECORD, TIME
from lognb.stacks import counted, in_app, uses_app

if TYPE_CHECKING:
    from lognb.logs import Logs

__all__ = ["Errors", "errors", "offer"]

BUCKETS: Final = 40
_TREND: Final = pl.List(pl.Struct({"bucket": TIME, "occurrences": pl.UInt64()}))
_FRAME: Final = {
    "issue": pl.String(), "title": pl.String(), "culprit": pl.String(), "occurrences": pl.UInt64(),
    "records": pl.UInt64(), "spans": pl.UInt64(), "sessions": pl.UInt64(), "users": pl.UInt64(),
    "services": pl.List(pl.String()), "releases": pl.List(pl.String()), "first": TIME, "last": TIME, "trend": _TREND,
    "new": pl.Boolean(), "sample_record_id": pl.UInt64(), "why": pl.String(),
}  # fmt: skip
FRAMES: Final = {
    "exception": pl.UInt32(), "relation": pl.String(), "type": pl.String(), "message": pl.String(),
    "frame": pl.UInt32(), "function": pl.String(), "file": pl.String(), "line": pl.Int64(), "column": pl.Int64(),
    "language": pl.String(), "in_app": pl.Boolean(), "counts": pl.Boolean(),
}  # fmt: skip
_HOW: Final = {"trace": "trace_id", "session": "session", "service": "service_name"}


@dataclass(frozen=True, eq=False, repr=False)
class Errors(Result):
    """The issues, and what is behind one of them: its stack, its records, what went on around it."""

    logs: Logs | None = field(default=None)
    by: str = FIELD

    def frames(self, issue: str) -> pl.DataFrame:
        """The stack of an issue, as its first record has it. Rows: a frame, or an exception without any.

        `exception` counts from 0, the one that was reported; `relation` says what each is to the one before: "cause",
        "context" (raised while that was handled), "member" of a group, "suppressed". `frame` counts from 0, the
        innermost. `function`, `file`, `line` and `column` are as written, null where not said. `in_app`: the frame is
        of the application, not of a library. `counts`: the issue is grouped by this frame.
        """
        made = self._logs.engine.derived(self.by)
        row = made.table.row(by_predicate=pl.col("issue") == self._id(issue), named=True)
        chain = exceptions(made.found.texts.row(row["text"], named=True))
        app = uses_app(chain)
        out: list[tuple[Any, ...]] = []
        for i, raised in enumerate(chain):
            used = {id(f) for f in counted(raised, only_app=app).frames} if raised.relation != "suppressed" else set()
            start = (i, raised.relation or None, raised.type or None, raised.message or None)
            for at, f in enumerate(raised.frames):
                called = (f.function or None, f.file or None, f.line, f.column, f.language or None)
                out.append((*start, at, *called, in_app(f), id(f) in used))
            if not raised.frames:
                out.append((*start, *[None] * 8))
        return pl.DataFrame(out, schema=FRAMES, orient="row")

    def records(self, issue: str) -> Logs:
        """The records of an issue, as Logs; exceptions on spans are none."""
        return self._logs.where(Query((Condition(self.by, "=", self._id(issue)),)))

    def surrounding(self, issue: str | int, seconds: float = 30) -> pl.DataFrame:
        """What the same trace, session and service did in so many seconds before an error, in time order.

        `issue` is an issue, whose sample record is meant, or the id of a record. Rows: records, the error last, in the
        columns of schema.RECORD with `how` before them: what the record has in common with the error, the closest of
        "trace", "session" and "service". Raises QueryError for a record without a time, or one that is not there.
        """
        at = self._sample(issue)
        columns = [*RECORD, "session"]
        error = self._logs.engine.fetch(Query((Condition("record_id", "=", at),)), columns).head(1)
        if not error.height:
            raise QueryError(f"no record has the id {at}")
        row = error.row(0, named=True)
        if row["time"] is None:
            raise QueryError(f"record {at} has no time, so there are no seconds before it")
        until = error["time"].dt.timestamp("ns")[0]
        same = {how: row[column] for how, column in _HOW.items() if row[column] is not None}
        parts = [self._near(_HOW[how], value, until, seconds) for how, value in same.items()]
        found = pl.concat([error, *parts]).unique("record_id", keep="first", maintain_order=True)
        found = found.sort("time", pl.col("record_id") == at, maintain_order=True)
        how = pl.lit(None, pl.String)
        for name in reversed(list(same)):
            how = pl.when(pl.col(_HOW[name]) == same[name]).then(pl.lit(name)).otherwise(how)
        return found.select(how.alias("how"), *RECORD)

    @property
    def _logs(self) -> Logs:
        assert self.logs is not None
        return self.logs

    def _near(self, column: str, value: str, until: int, seconds: float) -> pl.DataFrame:
        since = until - round(seconds * _text.SECOND)
        query = Query((Condition(column, "=", value),), since, until + 1)
        return self._logs.engine.fetch(query, [*RECORD, "session"])

    def _sample(self, issue: str | int) -> int:
        if not isinstance(issue, str | int):
            raise QueryError(f"surrounding is of an issue or of a record's id, not of {type(issue).__name__}")
        if isinstance(issue, int) or issue.isdecimal():
            return int(issue)
        chosen = self.frame.filter(pl.col("issue") == self._id(issue))["sample_record_id"][0]
        if chosen is None:
            raise QueryError(f"issue {issue} is told by spans only; there is no record to look around")
        return int(chosen)

    def _id(self, issue: str) -> str:
        """An issue by its id, or by the beginning of it where that is enough."""
        ids = self.frame["issue"].to_list()
        found = [i for i in ids if isinstance(issue, str) and issue and i.startswith(issue)]
        if len(found) != 1:
            why = f"{len(found)} begin so" if found else f"there are {count(len(ids))}, in .frame"
            raise QueryError(f"{issue!r} is no issue here{did_you_mean(str(issue), ids)}; {why}")
        return str(found[0])


def errors(logs: Logs, *, join_lines: bool = True) -> Errors:
    """Errors grouped into issues, the most frequent first.

    An error is an exception: attributes `exception.type`, `.message` and `.stacktrace` of OpenTelemetry and what other
    loggers write for them, also on the events of spans; PostHog's `$exception` events; a stack trace in a body (Python,
    JavaScript of Chrome, Firefox, Safari and Node, Java, Go, .NET); else any record of severity error or fatal. Issues
    are what lognb.stacks.fingerprint makes of them: frames of the application first, the type second, the message
    without its variables last; never path prefixes, line numbers, ids or the depth of a recursion.

    Rows: `issue` (12 characters; the first is the version of the rules), `title` (type and masked message), `culprit`
    (the frame where it began), `occurrences`, `records`, `spans` (events of spans; one that a record of the same span
    tells too is one occurrence), `sessions` and `users` (how many), `services` and `releases` (lists), `first` and
    `last` (Datetime ns, UTC), `trend` (a list of {`bucket`, `occurrences`}, all buckets of the window), `new` (Boolean:
    seen in this window and never before it, by any record; null where the query has no start), `sample_record_id` (the
    first), `why` it is one. A stack that a collector split into a record for each line is put together and counts as
    one occurrence in several records, which the sentence says; `join_lines=False` leaves the lines alone.

    The answer also has `.frames(issue)`, `.records(issue)` and `.surrounding(issue)`. The field `issue` can be used in
    any query. Spans are looked at as far as the query asks for what spans have: time, service, trace, session, user,
    severity (error).
    """
    by = FIELD if join_lines else BY_LINE
    made = logs.engine.derived(by)
    since, until = _window(logs, made.found.spans)
    every = _text.step(max(until - since, 1), BUCKETS)
    found = logs.engine.issues(by, logs.query, every)
    frame = found.with_columns(made.table[found["code"].to_list()].select("issue", "title", "culprit", "why"))
    frame = frame.with_columns(
        (~pl.col("earlier")).alias("new"),
        pl.col("title").map_elements(_text.plain, pl.String),
        pl.col("culprit").map_elements(_text.plain, pl.String),
        _filled(frame["trend"], since, until, every),
    )
    # Of equal number what tells where it began stands before what only says an error.
    bare = pl.col("culprit") == ""
    frame = frame.sort("occurrences", bare, "first", "issue", descending=[True, False, False, False])
    frame = frame.select(pl.col(n).cast(t) for n, t in _FRAME.items())
    joined = made.found.joined if join_lines else (0, 0)
    return Errors(
        frame=frame,
        sentence=_sentence(frame, joined),
        title="Errors",
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
        logs=logs,
        by=by,
    )


def _window(logs: Logs, spans: pl.DataFrame) -> tuple[int, int]:
    """The query's window, else that of the records and spans that it has."""
    first, last = logs.engine.window(logs.query)
    times: list[int] = spans["time"].dt.timestamp("ns").drop_nulls().to_list()
    known = [*times, *(t for t in (first, last) if t is not None)]
    since = logs.query.since if logs.query.since is not None else min(known, default=0)
    until = logs.query.until if logs.query.until is not None else max(known, default=0) + 1
    return since, max(until, since + 1)


def _filled(trend: pl.Series, since: int, until: int, every: int) -> pl.Series:
    """Each trend with all buckets of the window, also those with none."""
    first = since // every * every
    edges = list(range(first, until, every))
    times = pl.Series(edges, dtype=pl.Int64).cast(TIME).to_list()
    out: list[list[dict[str, Any]]] = []
    for cells in trend.to_list():
        counts = {cell["bucket"]: cell["occurrences"] for cell in cells or ()}
        out.append([{"bucket": t, "occurrences": counts.get(t, 0)} for t in times])
    return pl.Series("trend", out, dtype=_TREND)


def _sentence(frame: pl.DataFrame, joined: tuple[int, int]) -> str:
    if not frame.height:
        return "no errors"
    total = int(frame["occurrences"].sum())
    best = frame.row(0, named=True)
    head = f"{plural(frame.height, 'issue')}, {plural(total, 'error')}; most often {_text.plain(best['title'], 80)}"
    met = [plural(best[n], n[:-1]) for n in ("sessions", "users") if best[n]]
    where = f" in {best['culprit']}" if best["culprit"] else ""
    head += f"{where}, {plural(best['occurrences'], 'time')}" + (f" ({', '.join(met)})" if met else "")
    fresh = int(frame["new"].sum())
    if fresh:
        head += f"; {count(fresh)} new in this window"
    if joined[0]:
        head += f"; {plural(joined[0], 'stack')} of all records put together from {plural(joined[1], 'line')}"
    return head
