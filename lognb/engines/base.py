"""What every engine answers. All answers are for a Query; only small results or asked-for columns leave the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from lognb.query import Query


class Engine(Protocol):
    """A table of records that answers queries. Unknown fields raise FieldError, in any method."""

    overview: dict[str, Any]
    """JSON-able facts about the whole table: counts, window, severities, services, gaps, skew, a small volume."""
    report: dict[str, Any]
    """What the loaders said when the table was built, as a dict."""
    notes: list[str]
    """What the user may want to know about where the table is kept."""

    def count(self, query: Query) -> int:
        """How many records."""

    def window(self, query: Query) -> tuple[int | None, int | None]:
        """First and last time, ns; None if no record has one."""

    def volume(self, query: Query, every: int, by: str | None, top: int = 12) -> pl.DataFrame:
        """Rows: `bucket` (Datetime ns UTC, left edge), `by` (String), `records` (UInt64), `bytes` (Int64).

        Buckets are multiples of `every` ns since 1970; empty ones and records without time are left out. Beyond the
        `top` values the rest is one value "other (N more)".
        """

    def facets(self, query: Query, fields: Sequence[str], top: int = 10) -> pl.DataFrame:
        """Rows: `field`, `value` (String, null where absent), `records` (UInt64), `values` (UInt64, distinct values).

        The `top` most frequent values of each field, and the null row where records lack it. Where a field has values
        of several types, a string that looks like a number, true or false is in quotes, as in a query.
        """

    def fields(self, query: Query) -> pl.DataFrame:
        """Rows: `field`, `origin` (column, attribute, resource), `records`, `values` (distinct), `types`."""

    def page(
        self, query: Query, limit: int, offset: int = 0, newest: bool = False, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        """Records in time order, without time last; `newest` turns the order round, without time still last."""

    def fetch(self, query: Query, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All records in time order; RECORD columns, or any fields, typed where a field has one type."""

    def batches(
        self, query: Query, columns: Sequence[str] | None = None, rows: int = 122_880
    ) -> Iterator[pl.DataFrame]:
        """The same as fetch, in frames of at most `rows` records."""

    def context(self, record_id: int, before: int, after: int, same: str | None = None) -> pl.DataFrame:
        """The record with an id and those around it, in time order; RECORD columns.

        `same`: only records with its "service", "node", "session" or "trace". Records without time stand only around
        one without. Raises QueryError if no record has the id, or if it lacks what `same` names.
        """

    def sample(self, query: Query, n: int, seed: int) -> pl.DataFrame:
        """`n` records by lot, the same for the same records and seed, in time order; RECORD columns."""

    def spans(self) -> pl.DataFrame:
        """All spans, in SPAN columns, by start."""

    def write_parquet(self, directory: str | Path, query: Query) -> None:
        """Write the records as Parquet in lognb's layout."""

    def field_names(self) -> list[str]:
        """Every name that a query can use, columns first."""

    def close(self) -> None:
        """Let go of files."""
