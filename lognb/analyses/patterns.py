"""What is said, without reading it line by line: each kind of message, how often, when, by whom, with which values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import clock, count, day, plural, share
from lognb.analyses.mined import FIELD, bodies
from lognb.charts import patterns as charts
from lognb.errors import QueryError, did_you_mean
from lognb.mining.headline import headline
from lognb.mining.slots import SLOTS, fill
from lognb.mining.texts import searched
from lognb.query import Condition, Query
from lognb.result import Result
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.logs import Logs

BUCKETS: Final = 40
EXAMPLES: Final = 3
SAMPLE: Final = 100
_is_error = pl.element().struct.field("value").is_in(["error", "fatal"])
_errors = pl.col("severities").list.eval(pl.element().struct.field("records").filter(_is_error)).list.sum()
_COUNTS: Final = pl.List(pl.Struct({"value": pl.String(), "records": pl.UInt64()}))
_FRAME: Final = {
    "pattern": pl.String(), "text": pl.String(), "records": pl.UInt64(), "share": pl.Float64(),
    "trend": pl.List(pl.Struct({"bucket": TIME, "records": pl.UInt32()})), "new": pl.Boolean(), "severities": _COUNTS,
    "errors": pl.UInt64(), "services": pl.List(pl.String()), "sessions": pl.UInt64(), "users": pl.UInt64(),
    "first": TIME, "last": TIME,
    "bytes": pl.Int64(), "examples": pl.List(pl.String()), "slots": SLOTS, "sampled": pl.UInt64(),
    "fitting": pl.UInt64(), "template": pl.String(), "regex": pl.String(),
}  # fmt: skip
_SHOWN: Final = (
    "pattern", "text", "records", "share", "trend", "new", "severities", "services", "sessions", "users", "first",
    "last",
)  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Patterns(Result):
    """The patterns, and what is behind one of them."""

    logs: Logs | None = field(default=None)

    def records(self, pattern: str) -> Logs:
        """The records of a pattern, as Logs; `pattern` is an id or the beginning of one."""
        return self._logs.where(self._query(pattern))

    def regex(self, pattern: str) -> str | None:
        """A regular expression for `body~"…"` that finds every record of a pattern; None if there is none.

        It is tried on all records of the pattern, not on the sample: one search in them. It may find records of other
        patterns too, where their words fit its slots; `pattern=…` never does.
        """
        found = self.frame.row(by_predicate=pl.col("pattern") == self._id(pattern), named=True)["regex"]
        if found is None:
            return None
        missed = ~Query((Condition("body", "~", found),))
        return None if self._logs.engine.count(self._query(pattern) & missed) else str(found)

    @property
    def _logs(self) -> Logs:
        assert self.logs is not None
        return self.logs

    def _query(self, pattern: str) -> Query:
        return Query((Condition(FIELD, "=", self._id(pattern)),))

    def _id(self, pattern: str) -> str:
        ids = self.frame["pattern"].to_list()
        pattern = self._logs.engine.labels(FIELD).aliases.get(pattern, pattern)
        found = [i for i in ids if pattern and i.startswith(pattern)]
        if len(found) != 1:
            why = f"{len(found)} begin so" if found else f"there are {count(len(ids))}, in .frame"
            raise QueryError(f"{pattern!r} is no pattern here{did_you_mean(str(pattern), ids)}; {why}")
        return str(found[0])


def patterns(logs: Logs, *, sample: int | None = SAMPLE) -> Patterns:
    """Each kind of message: its constant text, how often, when, by whom, and what stands in its slots. Most first.

    Patterns are mined once from all records, whatever the query, so that a pattern has the same id in every window;
    what is counted are the query's records, every one. Nothing is set for a kind of log. Of a body of several lines its
    first and its causes count, of a JSON object its message. Records without a body have no pattern.

    Rows: `pattern` (the id, a field of queries: `pattern=…`), `text` (each slot by its kind, `<int>`, or by its values
    where they are three or fewer, `{200|500}`), `records` (UInt64), `share` of the query's records (Float64, 0 to 1),
    `trend` (a list of {`bucket`, `records`}, about 40, over the query's records), `new` (Boolean: none of its records,
    whatever else the query asks, lies before the query's window; null where no record does), `severities` (a list of
    {`value`, `records`}, most first), `errors` (UInt64: of severity error or fatal), `services` (a list, most records
    first), `sessions` and `users` (UInt64, how many), `first` and `last` (Datetime ns, UTC), `bytes` (Int64),
    `examples` (up to 3 bodies), `slots` (a list of {`slot` from 1, `kind`, `values` how many distinct, `top` five of
    {`value`, `records`}, and for numbers `min`, `median`, `p99`}), `sampled` (how many records `text`, `slots` and
    `regex` were looked at in), `fitting` (how many of these the template fits), `template` (`<*>` for each slot),
    `regex` (for `body~"…"`; null if it does not find all of the sample).

    Counts are exact. `sample` records of each pattern are read for its slots: those with the lowest ids, so the same
    ones each time; None reads all. The answer also has `.records(pattern)` and `.regex(pattern)`. Raises QueryError for
    a sample below 1.
    """
    if sample is not None and sample < 1:
        raise QueryError(f"sample={sample!r} is no number of records; write 100, or None for all")
    first, last = logs.engine.window(logs.query)
    every = None if first is None or last is None else _text.step(max(last - first, 1), BUCKETS)
    frame = _profile(logs, logs.query, every, 2**62 if sample is None else sample)
    frame = pl.concat([frame.drop("text", "sample"), _looked_at(logs, frame)], how="horizontal")
    total = len(logs)
    frame = frame.with_columns(
        (pl.col("records") / max(total, 1)).alias("share"),
        (~pl.col("earlier")).alias("new"),
        _errors.alias("errors"),
        pl.col("services").list.eval(pl.element().struct.field("value")),
        _timed(frame["trend"], (first or 0) // (every or 1) * (every or 1), every or 1),
    )
    frame = frame.select(pl.col(n).cast(t) for n, t in _FRAME.items())
    return Patterns(
        frame=frame,
        sentence=_sentence(logs, frame, total),
        title="Patterns",
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
        shown=_SHOWN,
        logs=logs,
    )


def shown(logs: Logs, query: Query, names: Sequence[str]) -> dict[str, str]:
    """The texts of some patterns, as `patterns` gives them of the records of a query."""
    if not names:
        return {}
    frame = _profile(logs, query, None, SAMPLE).filter(pl.col(FIELD).is_in(names))
    return dict(zip(frame[FIELD].to_list(), _looked_at(logs, frame)["text"].to_list(), strict=True))


def _profile(logs: Logs, query: Query, every: int | None, sample: int) -> pl.DataFrame:
    """Rows of PROFILE with the `pattern` and its template as `text`, most records first."""
    found = logs.engine.profile(FIELD, query, every, sample).sort("records", "code", descending=[True, False])
    named = logs.engine.labels(FIELD).table[found["code"].to_list()].rename({"value": FIELD})
    return pl.concat([found, named], how="horizontal")


def _looked_at(logs: Logs, frame: pl.DataFrame) -> pl.DataFrame:
    """What the sampled bodies say: text, template, examples, slots, regex, how many there were and how many fit."""
    drawn = frame.select("sample").with_row_index("row").explode("sample").drop_nulls().with_row_index("order")
    # Bodies come in the order of the table; then they stand again as they were drawn, the lowest ids first.
    drawn = drawn.sort("sample")
    read = bodies(logs.engine.take(drawn["sample"].to_numpy(), ["body", "body_type"])).alias("body")
    # Equal ones are looked at once.
    once = (
        drawn.with_columns(read).group_by("row", "body").agg(pl.len().alias("n"), pl.col("order").min()).sort("order")
    )
    once = once.with_columns(headline(once["body"]).alias("line"))
    grouped = once.group_by("row", maintain_order=True).agg("body", "line", "n")
    seen = {row[0]: row[1:] for row in zip(*(grouped[c] for c in ("row", "body", "line", "n")), strict=True)}
    none = (pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.String), pl.Series([], dtype=pl.UInt32))
    rows = []
    for row, template in enumerate(frame["text"].to_list()):
        body, line, n = seen.get(row, none)
        filled = fill(template, line, n.to_list())
        sampled = sum(n)
        # Where bodies are their headlines and the template fits, the expression finds them too.
        plain = filled.fitting == sampled and body.equals(line)
        regex = _regex_for(template, body, known=plain)
        rows.append(
            (filled.text, template, body.head(EXAMPLES).to_list(), filled.slots, sampled, filled.fitting, regex)
        )
    names = ("text", "template", "examples", "slots", "sampled", "fitting", "regex")
    return pl.DataFrame(rows, schema={n: _FRAME[n] for n in names}, orient="row")


def _regex_for(template: str, body: pl.Series, *, known: bool) -> str | None:
    text = searched(template)
    if text is None or not len(body):
        return None
    return text if known or body.str.contains(f"(?i){text}").all() else None


def _timed(trend: pl.Series, first: int, every: int) -> pl.Series:
    """Each trend with the time of its buckets."""
    cells = trend.alias("records").to_frame().with_row_index("row").explode("records")
    at = pl.int_range(pl.len()).over("row") * every + first
    cells = cells.filter(pl.col("records").is_not_null()).with_columns(at.cast(TIME).alias("bucket"))
    grouped = cells.group_by("row", maintain_order=True).agg(pl.struct("bucket", "records").alias("trend"))
    rows = pl.DataFrame({"row": pl.int_range(len(trend), dtype=pl.UInt32, eager=True)})
    full = rows.join(grouped, on="row", how="left", maintain_order="left")["trend"]
    return full.fill_null(pl.Series([[]], dtype=full.dtype)).alias("trend") if len(full) else full.cast(_FRAME["trend"])


def _sentence(logs: Logs, frame: pl.DataFrame, total: int) -> str:
    if not frame.height:
        return "no records" if not total else f"{plural(total, 'record')}, none with a body"
    rows = frame.height
    said = int(frame["records"].sum())
    head = f"{plural(said, 'record')} in {plural(rows, 'pattern')}"
    if rows > 5:
        head += f"; the first 5 are {share(int(frame['records'].head(5).sum()), said)}"
    parts = [head]
    worst = frame.sort("errors", "pattern", descending=[True, False]).row(0, named=True)
    if worst["errors"]:
        all_errors = int(frame["errors"].sum())
        parts.append(f"most errors: {_text.plain(worst['text'], 80)} ({count(worst['errors'])} of {count(all_errors)})")
    new = frame.filter(pl.col("new").fill_null(value=False))
    if new.height:
        since = logs.query.since or 0
        first = _text.plain(new["text"][0], 60)
        parts.append(f"{count(new.height)} new since {day(since)} {clock(since)} UTC, first of all {first}")
    once = frame.filter(pl.col("records") == 1).height
    if once:
        parts.append(f"{count(once)} with one record")
    if total > said:
        parts.append(f"{plural(total - said, 'record')} without a body left out")
    return "; ".join(parts)
