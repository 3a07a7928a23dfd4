"""What every engine answers. All answers are for a Query; only small results or asked-for columns leave the engine."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

import polars as pl

from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path
    from threading import Thread

    import numpy as np
    from numpy.typing import NDArray

    from lognb._origin import Opened
    from lognb.query import Query

VOLUME: Final = {"bucket": TIME, "by": pl.String(), "records": pl.UInt64(), "bytes": pl.Int64()}
FACETS: Final = {
    "field": pl.String(), "value": pl.String(), "records": pl.UInt64(), "values": pl.UInt64(), "chosen": pl.Boolean(),
}  # fmt: skip
FIELDS: Final = {
    "field": pl.String(), "origin": pl.String(), "records": pl.UInt64(), "values": pl.UInt64(), "types": pl.String(),
}  # fmt: skip
TRACES: Final = {
    "trace_id": pl.String(), "root_service": pl.String(), "root": pl.String(), "start": TIME, "duration_ns": pl.Int64(),
    "extent_ns": pl.Int64(), "spans": pl.UInt64(), "services": pl.UInt64(), "errors": pl.UInt64(),
    "missing_parents": pl.UInt64(), "records": pl.UInt64(), "error_records": pl.UInt64(), "session": pl.String(),
}  # fmt: skip
OPERATIONS: Final = {
    "service_name": pl.String(), "name": pl.String(), "kind": pl.String(), "traces": pl.UInt64(), "spans": pl.UInt64(),
    "errors": pl.UInt64(), "failed_traces": pl.UInt64(), "self_ns": pl.Int64(), "gap_ns": pl.Int64(),
    "p50_ns": pl.Int64(), "p95_ns": pl.Int64(),
}  # fmt: skip

SERIES: Final = {
    "bucket": TIME, "records": pl.UInt64(), "errors": pl.UInt64(), "bytes": pl.Int64(), "distinct": pl.UInt64(),
}  # fmt: skip
SESSIONS: Final = {
    "key": pl.String(), "part": pl.UInt32(), "user": pl.String(), "other_user": pl.String(), "start": TIME, "end": TIME,
    "duration_ns": pl.Int64(), "records": pl.UInt64(), "matching": pl.UInt64(), "errors": pl.UInt64(),
    "severity": SEVERITY, "services": pl.List(pl.String()), "pages": pl.UInt32(), "traces": pl.UInt32(),
    "joined": pl.UInt64(), "has_recording": pl.Boolean(), "ended": pl.Boolean(),
}  # fmt: skip


_COUNTED = pl.List(pl.Struct({"value": pl.String(), "records": pl.UInt64()}))
PROFILE: Final = {
    "code": pl.UInt32(), "records": pl.UInt64(), "bytes": pl.Int64(), "first": TIME, "last": TIME,
    "severities": _COUNTED, "services": _COUNTED, "sessions": pl.UInt64(), "users": pl.UInt64(),
    "earlier": pl.Boolean(), "trend": pl.List(pl.UInt32()), "sample": pl.List(pl.Int64()),
}  # fmt: skip
"""One row for each value that some record of the query has, by code.

`services` are null where no service is known. `earlier`: some record with the value, whatever else the query asks, lies
before the query's window; null where nothing does. `trend`: the records in each bucket of `every` ns since 1970, from
the first to the last record of the query; empty without `every`. `sample`: places of that many records (see
Engine.take), those with the lowest ids, which are hashes: the same ones for the same records.
"""


Window = tuple[int | None, int | None]
"""A half-open stretch of time in ns; None where it has no bound."""


class Page(NamedTuple):
    """Some records, and the cursor for those behind them; None at the end."""

    records: pl.DataFrame
    cursor: str | None


@dataclass(frozen=True)
class Panel:
    """One filter state: how many records, `facets` and `volume` as the methods give them, and the first page."""

    count: int
    facets: pl.DataFrame
    volume: pl.DataFrame
    page: Page


class Signs(NamedTuple):
    """How an exception is known in a text: patterns of RE2, as lognb.stacks has them.

    `stack`: a text of several lines holds one; `escaped`: a JSON text does; `line`: a line that stands in one only;
    `mask`: what varies in a message; `numbers`: what is no matter in a stack; `length`: how much of a message counts;
    `near`: how many records away from such a line others may belong to the same stack.
    """

    stack: str
    escaped: str
    line: str
    mask: str
    numbers: str
    length: int
    near: int


Pieces = Callable[[pl.DataFrame], pl.DataFrame]
"""Lines near sure ones (`row`, `stream`, `n`, `ns`, `body`) -> those that are of a stack: `row`, `piece`, `body`."""
TOLD: Final = ("type", "message", "stack", "listed", "platform", "body", "masked", "severe")
"""The columns of what exceptions tell, all of them text."""


@dataclass(frozen=True)
class Exceptions:
    """The records that tell of an exception or are of severity error or fatal: the row numbers `rows`, in order.

    `codes` says which row of `texts` each is about, `heads` whether it is the record of the exception itself (false:
    a further line of a stack that was split). `texts` are distinct but for what varies: `type`, `message`, `stack`,
    `listed`, `platform`, `body`, `masked`; `severe` is "true" where the severity says an error. `spans` are exceptions
    among the events of spans: `code`, `time`, `trace_id`, `span_id`, `service_name`, `session_id`, `user_id`,
    `release`, `told` (something else tells it too); a span without a session has that of its trace.
    `joined` is how many stacks were put together, from how many records.
    """

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    heads: NDArray[np.bool_]
    texts: pl.DataFrame
    spans: pl.DataFrame
    joined: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Issues:
    """Exceptions, grouped: `found.codes` are rows of `table`, whose column `issue` is the id.

    `kinds` is a number for each of `found.rows`: exceptions with the same type and message have the same one; also a
    column `kind` of `found.spans`. So it is known that a record and a span tell the same exception, though the span saw
    less of its stack.
    """

    found: Exceptions
    table: pl.DataFrame
    kinds: NDArray[np.int64]


@dataclass(frozen=True)
class Labels:
    """A field that is made after the store was built: for each record, in the order of the table, one of few values.

    `codes` are rows of `table`, whose columns are `value` (the name in queries) and `text` (what a person reads), or
    table.height where a record has none. `aliases` are older names, by which queries may still call a value.
    """

    codes: NDArray[Any]
    table: pl.DataFrame
    aliases: Mapping[str, str]


class Engine(Protocol):
    """A table of records that answers queries. Unknown fields raise FieldError, in any method."""

    overview: dict[str, Any]
    """JSON-able facts about the whole table: counts, window, severities, services, gaps, skew, a small volume."""
    report: dict[str, Any]
    """What the loaders said when the table was built, as a dict."""
    notes: list[str]
    """What the user may want to know about where the table is kept."""
    opened: Opened
    """The call that opened it, and its sources: what a report says about how to get there again."""

    def check(self, query: Query) -> None:
        """Raises what any other method would: FieldError, QueryError. Reads no record."""

    def count(self, query: Query) -> int:
        """How many records."""

    def window(self, query: Query) -> tuple[int | None, int | None]:
        """First and last time, ns; None if no record has one."""

    def volume(
        self, query: Query, every: int, by: str | None, top: int = 12, *, of: str = "records", earlier: int = 0
    ) -> pl.DataFrame:
        """Rows: `bucket` (Datetime ns UTC, left edge), `by` (String), `records` (UInt64), `bytes` (Int64).

        Buckets are multiples of `every` ns since 1970; empty ones and records without time are left out. Beyond the
        `top` values with most `of` ("records" or "bytes") the rest is one value "other (N more)". With `earlier`, in
        ns, also `records_earlier` and `bytes_earlier`: what the same conditions, in the query's window moved back by
        so much, say of the same stretch of time so much earlier; values are ranked by now, then by then.
        """

    def series(
        self, query: Query, every: int, fields: Sequence[str], least: int = 1, distinct: str | None = None
    ) -> pl.DataFrame:
        """Rows: `by0`, `by1` … (String, the text of each of `fields`, null where absent), `bucket`, `records`,
        `errors`, `bytes`, `distinct`.

        Buckets are multiples of `every` ns since 1970; empty ones and records without time are left out, and so are
        combinations of values with fewer than `least` records in all. `errors` are those of severity error and fatal,
        `distinct` (UInt64) the values of the field `distinct` in the bucket, 0 without it. In order of fields and time.
        """

    def tallies(self, query: Query, every: int, fields: Sequence[str]) -> Iterator[pl.DataFrame]:
        """For each of `fields` its `by0`, `bucket`, `records` as `series` gives them, without a search for each."""

    def stats(
        self, query: Query, field: str, every: int | None = None, by: str | None = None, top: int = 12
    ) -> pl.DataFrame:
        """The numbers of a field, over the records that have it. Rows: a `bucket` (if `every`) and a `by` value.

        `records` (UInt64, with a finite number), `nan`, `infinite`, `other` (the field is no number), `min`, `p5` …
        `p99`, `max` (the values of records: nearest rank), `mean`, `sum`, and `rounded` (UInt64): integers beyond 2^53
        that had to become doubles, since the field also has fractions. Where it has none, numbers are Int64 or, where
        that is too short, Int128. Without `every` also `histogram`, a list of {`low`, `high`, `records`}, the same
        half-open bins in all rows. With `every`, records without a time are left out. Beyond the `top` values of `by`
        with most records the rest is one value "other (N more)".
        """

    def usage(
        self, query: Query, by: str, top: int = 12, *, drop: Query | None = None, thin: tuple[int, Query] | None = None
    ) -> pl.DataFrame:
        """Rows: a value of `by`, the most bytes first, the rest last as "other (N more)".

        `records` (UInt64), `bytes`, `billed_bytes` (Int64, by PostHog's rule), `largest_bytes`, `largest_record_id`,
        `largest_body` (its first 200 characters), `records_after`, `billed_bytes_after`: without what `drop` takes,
        and with 1 in n of what `thin`, (n, query), takes, by a hash of the record id.
        """

    def sessions(
        self, query: Query, key: str | None = "session", gap: int | None = None, start: Query | None = None,
        end: Query | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        """Rows in SESSIONS, by start: the records that share a value of `key`, where one of them is of the query.

        `key` None is the user: of a record that names none, the one user of its session. A session has all its
        records, `matching` of them those of the query, of which there is at least one. With `gap` (ns), `start` or
        `end` records of one key are cut into parts, counted from 1: a part begins at a record that fits `start`, ends
        with one that fits `end`, and before a gap longer than `gap`; where `start` is given, what lies outside is in
        no part. Those records need a time. `user` is the last that a record names, `other_user` another one, if there
        is one; `joined` are the records that a trace joins, `ended` is null without `end`.
        """

    def reach(self, query: Query, marks: Sequence[Query], who: str = "session") -> pl.DataFrame:
        """How many distinct sessions, or users, the records of a query have.

        Rows: `m0`, `m1` … (Boolean, does one of its records fit that mark?) and `n` (UInt64); a combination that none
        has is no row. `who` is "session" or "user": that of the record, else the one user of its session.
        """

    def facets(self, query: Query, fields: Sequence[str], top: int = 10, *, own: bool = False) -> pl.DataFrame:
        """Rows: `field`, `value` (String, null where absent), `records` (UInt64), `values` (UInt64),
        `chosen` (Boolean).

        Counts leave out the query's own conditions on a field (Query.own), so that they tell what else there is;
        `chosen` says which values those conditions let through. With `own` they count too. `values` are the distinct
        values. The `top` most
        frequent values of each field are there, and the null row where records lack it. Where a field has values
        of several types, a string that looks like a number, true or false is in quotes, as in a query.
        """

    def panel(
        self, query: Query, fields: Sequence[str], every: int, by: str | None = "severity", limit: int = 100, *,
        top: int = 10, newest: bool = True, size: bool = False, columns: Sequence[str] | None = None,
    ) -> Panel:  # fmt: skip
        """What count, facets, volume and page say of one filter state; every dear condition is evaluated once.

        The `bytes` of its volume are null unless `size` asks for them.
        """

    def exceptions(self, signs: Signs, pieces: Pieces | None = None) -> Exceptions:
        """What of all records and spans tells of an exception; with `pieces` stacks that were split are one text."""

    def derive(self, name: str, make: Callable[[], Issues]) -> None:
        """Let queries name a field that `make` gives when first asked for; a column or key of that name hides it."""

    def derived(self, name: str) -> Issues:
        """What was made of it."""

    def label(self, name: str, make: Callable[[], Labels]) -> None:
        """The same for a field that nearly every record has. The first offer of a name stands."""

    def labels(self, name: str) -> Labels:
        """What was made of it."""

    def issues(self, name: str, query: Query, every: int | None = None) -> pl.DataFrame:
        """The issues among the records of a query, and among span events as far as the query can be asked of them.

        Rows: `code` (a row of the table of `derived(name)`), `records`, `occurrences` (a split stack is one, what a
        record and its spans tell is one), `spans` (events of spans), `sessions`, `users`, `services`, `releases`
        (lists), `first`, `last`, `sample_record_id`, `earlier` (Boolean: a record or span event of it lies before the
        query's window; null where that has no start), and `trend`, a list of {`bucket`, `occurrences`}, in buckets of
        `every` ns, where that is given.
        """

    def take(self, places: NDArray[np.int64], columns: Sequence[str]) -> pl.DataFrame:
        """The records at some places of the table, from 0, in its order."""

    def profile(self, name: str, query: Query, every: int | None = None, sample: int = 0) -> pl.DataFrame:
        """What a query's records say of each value of a field of labels; see PROFILE."""

    def fields(self, query: Query) -> pl.DataFrame:
        """Rows: `field`, `origin` (column, attribute, resource), `records`, `values` (distinct), `types`."""

    def page(
        self, query: Query, limit: int, offset: int = 0, newest: bool = False, columns: Sequence[str] | None = None, *,
        after: str | None = None,
    ) -> Page:  # fmt: skip
        """Records in time order, without time last; `newest` turns the order round, without time still last.

        `after` is the cursor of the page before, for the same query and order; a page behind it costs the same however
        far down it is. Raises QueryError for a cursor that is none.
        """

    def fetch(self, query: Query, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All records in time order; RECORD columns, or any fields, typed where a field has one type."""

    def batches(
        self, query: Query, columns: Sequence[str] | None = None, rows: int = 122_880
    ) -> Iterator[pl.DataFrame]:
        """The same as fetch, in frames of at most `rows` records."""

    def context(
        self, record_id: int, before: int, after: int, same: str | None = None, *,
        within: tuple[int | None, int | None] = (None, None),
    ) -> pl.DataFrame:  # fmt: skip
        """The record with an id and so many before and after it, in time order; RECORD columns.

        `within`: on each side none that is more than so many ns away, where that is said.
        `same`: only records with its "service", "node", "session" or "trace". Records without time stand only around
        one without. Raises QueryError if no record has the id, or if it lacks what `same` names.
        """

    def dtypes(self, columns: Sequence[str]) -> dict[str, pl.DataType]:
        """The type in which fetch gives each field."""

    def sample(self, query: Query, n: int, seed: int) -> pl.DataFrame:
        """`n` records by lot, the same for the same records and seed, in time order; RECORD columns."""

    def sql(
        self,
        query: Query,
        statement: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        timeout: float | None = None,
        max_bytes: int = 1 << 31,
    ) -> pl.DataFrame:
        """The answer of one SELECT over `logs`, the records of the query, and `spans`, all spans; see Logs.sql."""

    def spans(self, trace_ids: Sequence[str] | None = None, session: str | None = None) -> pl.DataFrame:
        """The spans, in SPAN columns, by start: all, those of some traces, or those of one session.

        A session has the spans that carry its id, and those without one of the traces that have, over records and
        spans, its id and no other.
        """

    def traces(self, query: Query) -> pl.DataFrame:
        """Rows: a trace that a record of the query is part of, the longest first; the columns of TRACES.

        Where the query is at most a window, also those without such a record of which a span without a parent starts in
        it. `root_service`, `root` (its name), `start` and `duration_ns` are of the first span without a parent, else of
        the first span; `start` is the first record's where there is no span. `extent_ns` is from the first start to the
        last end, whatever the clocks. `spans`, of which `errors` by status and `missing_parents`; `services` over spans
        and records; `records` of the query, of which `error_records`; `session`: the one of its spans and records, null
        for none or several. Spans without a trace id are one row, its id null.
        """

    def operations(self, query: Query, *, names: bool) -> pl.DataFrame:
        """Rows: a service, or a service, span name and kind, of those traces; the columns of OPERATIONS.

        Most own time first. `traces`: those it has a span in or, a service, a record; `failed_traces` where one of its
        spans has the status error or, of a service, one of its records the severity error or fatal. `self_ns`: time of
        its spans in which none of their children runs, times as sent; `gap_ns` the part of clients, who wait. `p50_ns`,
        `p95_ns`: of durations, nearest rank.
        """

    def recordings(self) -> pl.DataFrame:
        """The recordings, in RECORDING columns, by start: one row for each session and source.

        A recording whose session no record has, while the time (and user) of exactly one session fits, is that one's.
        """

    def recording(self, session_id: str) -> list[bytes]:
        """The events of a session's recordings, each part the gzip of a JSON array (schema.RECORDED); [] if none."""

    def write_parquet(self, directory: str | Path, query: Query, windows: Sequence[Window] | None = None) -> None:
        """Write the records as Parquet in lognb's layout, with all spans and recordings.

        With `windows` only those spans and recordings that share a trace or session with the records, or overlap one
        of the windows.
        """

    def field_names(self) -> list[str]:
        """Every name that a query can use, columns first."""

    def interrupt(self, thread: Thread) -> None:
        """Stop the statement that a thread waits for, which raises KeyboardInterrupt there; else nothing."""

    def close(self) -> None:
        """Let go of files."""
