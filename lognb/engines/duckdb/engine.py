"""The default engine: a DuckDB store, or lognb's Parquet, answering queries; see engines.base.Engine."""

from __future__ import annotations

import contextlib
import itertools
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, cast

import numpy as np
import polars as pl
import pyarrow as pa

from lognb._origin import Opened
from lognb.engines.base import FACETS, FIELDS, Page
from lognb.engines.duckdb import (
    context,
    exceptions,
    issues,
    pages,
    profile,
    recordings,
    series,
    spans,
    sql,
    stats,
    traces,
    usage,
    volume,
)  # fmt: skip
from lognb.engines.duckdb.answers import as_type
from lognb.engines.duckdb.codes import Codes
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.derived import Derived, Given, Unmade
from lognb.engines.duckdb.fields import Fields, keyed
from lognb.engines.duckdb.lookups import Lookups
from lognb.engines.duckdb.masks import Masks, Picked
from lognb.engines.duckdb.places import Places
from lognb.engines.duckdb.statements import Statements, speaking
from lognb.schema import RECORD

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    import duckdb
    from numpy.typing import NDArray

    from lognb.engines.base import Exceptions, Issues, Labels, Panel, Pieces, Signs, Window
    from lognb.engines.duckdb.catalog import Catalog
    from lognb.engines.duckdb.fields import Field
    from lognb.engines.duckdb.user_sql import Locked
    from lognb.query import Clause, Query

FEW: Final = 20_000  # so many records are fetched by their row numbers, more by the condition again

_serial = itertools.count()


class DuckDB(Statements):
    """Answers from the database attached as `store`. Safe to use from several threads: each has a cursor of its own."""

    def __init__(
        self,
        con: duckdb.DuckDBPyConnection,
        manifest: dict[str, Any],
        catalog: Catalog,
        *,
        path: Path | None,
        lease: Callable[[], None] | None = None,
        sources: Sequence[tuple[str, str]] = (),
        rowid: str = "rowid",
    ) -> None:
        self.overview: dict[str, Any] = manifest["overview"]
        self.report: dict[str, Any] = manifest["report"]
        self.notes: list[str] = []
        self.opened = Opened(sources=tuple((name, digest) for digest, name in sources))
        super().__init__(con, path)
        self.rowid, self.catalog = rowid, catalog
        self._closing = weakref.finalize(self, _close, con, lease)
        self._surveys: dict[Query, pl.DataFrame] = {}
        self._locked: Locked | None = None
        self._opening = threading.Lock()
        self.lookups = Lookups(self, sources)
        self.made = Derived(self)
        self._fields = Fields(catalog, self.lookups, self.made)
        self.places = Places(self)
        self.codes = Codes(self)
        self.masks = Masks(self, self.codes)

    def check(self, query: Query) -> None:
        sql.where(query, Unmade(self._fields), Params())

    def count(self, query: Query) -> int:
        if sql.dear(query):
            return self.pick(query).count
        params = Params()
        return int(self.rows(f"SELECT count(*) FROM store.logs WHERE {self.where(query, params)}", params)[0][0])

    def window(self, query: Query) -> tuple[int | None, int | None]:
        bounds = "epoch_ns(min(time)), epoch_ns(max(time))"
        with self.within(query) as (where, params):
            first, last = self.rows(f"SELECT {bounds} FROM store.logs WHERE isfinite(time) AND {where}", params)[0]
        return first, last

    def volume(
        self, query: Query, every: int, by: str | None, top: int = 12, *, of: str = "records", earlier: int = 0
    ) -> pl.DataFrame:
        return volume.counted(self, query, every, by, top, of, earlier)

    def series(
        self, query: Query, every: int, fields: Sequence[str], least: int = 1, distinct: str | None = None
    ) -> pl.DataFrame:
        return series.counted(self, query, every, fields, least, distinct)

    def tallies(self, query: Query, every: int, fields: Sequence[str]) -> Iterator[pl.DataFrame]:
        return series.tallies(self, query, every, fields)

    def stats(
        self, query: Query, field: str, every: int | None = None, by: str | None = None, top: int = 12
    ) -> pl.DataFrame:
        return stats.counted(self, query, field, every, by, top)

    def usage(
        self, query: Query, by: str, top: int = 12, *, drop: Query | None = None, thin: tuple[int, Query] | None = None
    ) -> pl.DataFrame:
        return usage.counted(self, query, by, top, drop, thin)

    def sessions(
        self, query: Query, key: str | None = "session", gap: int | None = None, start: Query | None = None,
        end: Query | None = None,
    ) -> pl.DataFrame:  # fmt: skip
        from lognb.engines.duckdb import sessions

        for part in (query, start, end):
            if part is not None:
                self.check(part)
        return sessions.found(self, query, key, gap, start, end)

    def reach(self, query: Query, marks: Sequence[Query], who: str = "session") -> pl.DataFrame:
        from lognb.engines.duckdb import sessions

        for part in (query, *marks):
            self.check(part)
        return sessions.reach(self, query, marks, who)

    def facets(self, query: Query, fields: Sequence[str], top: int = 10, *, own: bool = False) -> pl.DataFrame:
        self.check(query)
        frames = [self.facet(query if own else query.without(f), query.own(f), f, top) for f in fields]
        return pl.concat([pl.DataFrame(schema=FACETS), *frames])

    def facet(
        self, query: Query, own: Sequence[Clause], field: str, top: int, picked: Picked | None = None
    ) -> pl.DataFrame:
        """The values of one field, and which of them `own` lets through; `picked` are the query's rows, where known."""
        with self.within(query, picked) as (where, params):
            key, text = keyed(self._fields[field], params)
            tests = [sql.of_clause(clause, self._fields, params) for clause in own]
            chosen = f"coalesce(bool_or({' AND '.join(tests)}), false)" if tests else "true"
            frame = self.frame(
                f"WITH k AS (SELECT {key} AS k, count(*) AS n, {chosen} AS c FROM store.logs "
                f"WHERE {where} GROUP BY 1), "
                f"g AS MATERIALIZED (SELECT {text} AS value, sum(n)::UBIGINT AS records, bool_or(c) AS chosen "
                "FROM k GROUP BY 1) "
                "(SELECT value, records, (SELECT count(value) FROM g) AS values, chosen FROM g WHERE value IS NOT NULL "
                f"ORDER BY records DESC, value LIMIT {params.add(int(top))}) "
                "UNION ALL (SELECT value, records, (SELECT count(value) FROM g), chosen FROM g WHERE value IS NULL)",
                params,
            )
        frame = frame.select(pl.lit(field).alias("field"), "value", "records", "values", "chosen").cast(FACETS)  # type: ignore[arg-type]
        return frame.sort(["records", "value"], descending=[True, False], nulls_last=True)

    def exceptions(self, signs: Signs, pieces: Pieces | None = None) -> Exceptions:
        return exceptions.found(self, signs, pieces)

    def derive(self, name: str, make: Callable[[], Issues]) -> None:
        self.made.put(name, make)

    def derived(self, name: str) -> Issues:
        return self.made[name]

    def issues(self, name: str, query: Query, every: int | None = None) -> pl.DataFrame:
        return issues.counted(self, self.made[name], query, every)

    def label(self, name: str, make: Callable[[], Labels]) -> None:
        self.made.put_labels(name, make)

    def labels(self, name: str) -> Labels:
        return self.made.labels(name)

    def take(self, places: NDArray[np.int64], columns: Sequence[str]) -> pl.DataFrame:
        return self.at(self.places.rows(places), columns)

    def profile(self, name: str, query: Query, every: int | None = None, sample: int = 0) -> pl.DataFrame:
        return profile.counted(self, self.labels(name), query, every, sample)

    def panel(
        self, query: Query, fields: Sequence[str], every: int, by: str | None = "severity", limit: int = 100, *,
        top: int = 10, newest: bool = True, size: bool = False, columns: Sequence[str] | None = None,
    ) -> Panel:  # fmt: skip
        from lognb.engines.duckdb.panel import panel

        self.check(query)
        return panel(self, query, fields, every, by, limit, top=top, newest=newest, size=size, columns=columns)

    @contextlib.contextmanager
    def within(self, query: Query, picked: Picked | None = None) -> Iterator[tuple[str, Params]]:
        """The condition of a query; where it searches in text, the rows that are known to fit, as a table."""
        params = Params()
        if picked is None and not sql.dear(query):
            yield self.where(query, params), params
            return
        picked = self.pick(query) if picked is None else picked
        if picked.bits is None:
            yield self.places.between(picked.low, picked.high, params), params
            return
        with self.registered(pa.table({"r": self.places.rows(picked.places())})) as name:
            yield f"{self.rowid} IN (SELECT r FROM {name})", Params()

    @contextlib.contextmanager
    def registered(self, table: pa.Table) -> Iterator[str]:
        """The name by which statements of this thread see a table in memory."""
        name = f"lognb_given_{next(_serial)}"
        cursor = self._cursor()
        cursor.register(name, table)
        try:
            yield name
        finally:
            cursor.unregister(name)

    def pick(self, query: Query) -> Picked:
        self.check(query)
        return self.masks.pick(query)

    def fields(self, query: Query) -> pl.DataFrame:
        from lognb.engines.duckdb.survey import survey

        if query not in self._surveys:
            self._surveys[query] = pl.DataFrame(survey(self, query), schema=FIELDS, orient="row")
            while len(self._surveys) > 16:
                self._surveys.pop(next(iter(self._surveys)))
        return self._surveys[query]

    def page(
        self, query: Query, limit: int, offset: int = 0, newest: bool = False, columns: Sequence[str] | None = None, *,
        after: str | None = None,
    ) -> Page:  # fmt: skip
        self.check(query)
        found = pages.page(self.masks, query, int(limit), int(offset), newest=newest, after=after)
        frame = self.at(self.places.rows(found), columns)
        if newest:  # `at` gives them in the order of the table
            frame = frame[np.argsort(np.argsort(found))]
        return Page(frame, pages.cursor(found, newest=newest) if len(found) == limit and limit else None)

    def context(
        self, record_id: int, before: int, after: int, same: str | None = None, *,
        within: tuple[int | None, int | None] = (None, None),
    ) -> pl.DataFrame:  # fmt: skip
        return self.at(context.around(self, record_id, before, after, same, within))

    def sample(self, query: Query, n: int, seed: int) -> pl.DataFrame:
        return self.at(context.drawn(self, query, n, seed))

    def at(self, rows: Sequence[int] | NDArray[np.int64], columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The records with some row numbers, in the order of the table."""
        params = Params()
        select, numbers = self._select(columns, params), np.sort(np.asarray(rows, np.int64))
        rest = f"{self.joined(numbers, params)} ORDER BY {self.rowid}" if len(numbers) else "FROM store.logs LIMIT 0"
        return self._shape(self.frame(f"{select} {rest}", params), columns)

    def joined(self, rows: NDArray[np.int64], params: Params) -> str:
        """FROM and WHERE for some row numbers, which are in order.

        A join, as it reads no vector without a row of it: a list behind IN costs twenty times as much.
        """
        listed = params.add(rows.tolist())
        low, high = self.places.of(rows[[0, -1]]).tolist()
        where = self.places.between(low, high + 1, params)
        return f"FROM store.logs JOIN (SELECT unnest({listed}::BIGINT[]) AS r) ON {self.rowid} = r WHERE {where}"

    def fetch(self, query: Query, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return pl.concat(self.batches(query, columns, rows=1 << 20))

    def batches(
        self, query: Query, columns: Sequence[str] | None = None, rows: int = 122_880
    ) -> Iterator[pl.DataFrame]:
        """The same as fetch, in frames of at most `rows` records; at least one, which may be empty."""
        picked = self.pick(query) if query.conditions else None
        if picked is not None and picked.count <= FEW:
            frame = self.at(self.places.rows(picked.places()), columns)
            yield from (frame.slice(at, rows) for at in range(0, max(len(frame), 1), rows))
            return
        params = Params()
        statement = f"{self._select(columns, params)} FROM store.logs WHERE {self.where(query, params)}"
        # The table is in time order, and a scan keeps the order of the table (preserve_insertion_order).
        empty = True
        for batch in self.stream(statement, params, rows):
            empty = False
            yield self._shape(cast("pl.DataFrame", pl.from_arrow(batch)), columns)
        if empty:
            yield self.at((), columns)

    def sql(
        self,
        query: Query,
        statement: str,
        params: Mapping[str, Any] | Sequence[Any] | None = None,
        timeout: float | None = None,
        max_bytes: int = 1 << 31,
    ) -> pl.DataFrame:
        from lognb.engines.duckdb.user_sql import Locked

        with self._opening:
            if self._locked is None or self._locked.broken:
                self._locked = Locked(self)
            locked = self._locked
        return locked.run(self, query, statement, params, timeout, max_bytes)

    def arrow(self, statement: str) -> pa.Table:
        """The answer of a statement in memory; it has no parameters."""
        with speaking(self.path):
            return cast("pa.Table", self._con.cursor().sql(statement).to_arrow_table())

    def spans(self, trace_ids: Sequence[str] | None = None, session: str | None = None) -> pl.DataFrame:
        return spans.fetched(self, trace_ids, session)

    def traces(self, query: Query) -> pl.DataFrame:
        return traces.counted(self, query)

    def operations(self, query: Query, *, names: bool) -> pl.DataFrame:
        return traces.by_service(self, query, names=names)

    def recordings(self) -> pl.DataFrame:
        return recordings.listed(self)

    def recording(self, session_id: str) -> list[bytes]:
        return recordings.parts(self, session_id)

    def write_parquet(self, directory: str | Path, query: Query, windows: Sequence[Window] | None = None) -> None:
        from lognb.engines.duckdb import parquet

        parquet.write(self, Path(directory), query, windows)

    def source_names(self) -> list[str | None]:
        """The name of each `source_ix`, as of now."""
        return self.lookups.source_names()

    def resource_texts(self) -> list[str | None]:
        """The JSON object of each `resource_ix`."""
        return self.lookups.resource_texts()

    def field_names(self) -> list[str]:
        return [*(names := self.catalog.names()), *(n for n in self.made.names() if n not in names)]

    def close(self) -> None:
        if self._locked is not None:
            self._locked.close()
        self._closing()

    def field(self, name: str) -> Field:
        """Raises FieldError for a name that no record has."""
        return self._fields[name]

    def where(self, query: Query, params: Params) -> str:
        return sql.where(query, self._fields, params)

    def dtypes(self, columns: Sequence[str]) -> dict[str, pl.DataType]:
        return {name: self._fields[name].dtype for name in columns}

    def _select(self, columns: Sequence[str] | None, params: Params) -> str:
        """The select list of records; what is looked up by index comes as its index and is put in by _shape."""
        parts = []
        for i, name in enumerate(RECORD if columns is None else columns):
            ix = {"source": "source_ix", "resource": "resource_ix"}.get(name)
            if ix is None and isinstance(field := self._fields[name], Given):
                ix = self.rowid
            # Names from the data do not survive as names of SQL columns: DuckDB's know no case, Arrow's end at a NUL.
            parts.append(f"{ix or field.typed(params)} AS c{i}")
        return f"SELECT {', '.join(parts)}"

    def _shape(self, frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
        out = []
        for i, name in enumerate(RECORD if columns is None else columns):
            column = frame[f"c{i}"]
            if name in ("source", "resource"):
                texts = self.lookups.source_names() if name == "source" else self.lookups.resource_texts()
                column = pl.Series(texts, dtype=pl.String).gather(column.cast(pl.UInt32))
            elif isinstance(field := self._fields[name], Given):
                column = field.of(column)
            else:
                column = as_type(column, field.dtype)
            out.append(column.alias(name))
        return pl.DataFrame(out)


def _close(con: duckdb.DuckDBPyConnection, lease: Callable[[], None] | None) -> None:
    con.close()
    if lease is not None:
        lease()
