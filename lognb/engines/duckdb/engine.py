"""The default engine: a DuckDB store, or lognb's Parquet, answering queries; see engines.base.Engine."""

from __future__ import annotations

import contextlib
import threading
import weakref
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import duckdb
import polars as pl

from lognb.engines.duckdb import connect, context, sql
from lognb.engines.duckdb.connect import Params, stoppable
from lognb.engines.duckdb.fields import Fields
from lognb.errors import QueryError, StoreError
from lognb.schema import RECORD, SEVERITY, SPAN, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from lognb.engines.duckdb.catalog import Catalog
    from lognb.engines.duckdb.fields import Field
    from lognb.query import Query

Place = tuple[int, int | None]
"""A row number and its time, ns."""

_DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)
_VOLUME = {"bucket": TIME, "by": pl.String(), "records": pl.UInt64(), "bytes": pl.Int64()}
_FACETS = {"field": pl.String(), "value": pl.String(), "records": pl.UInt64(), "values": pl.UInt64()}
_FIELDS = {
    "field": pl.String(), "origin": pl.String(), "records": pl.UInt64(), "values": pl.UInt64(), "types": pl.String(),
}  # fmt: skip


class DuckDB:
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
        self.path = path
        self._con, self.rowid, self.catalog = con, rowid, catalog
        self._closing = weakref.finalize(self, _close, con, lease)
        self._local = threading.local()
        self._surveys: dict[Query, pl.DataFrame] = {}
        self._tables = _Lookups(self, sources)
        self._fields = Fields(catalog, self._tables)

    def count(self, query: Query) -> int:
        params = Params()
        return int(self.rows(f"SELECT count(*) FROM store.logs WHERE {self.where(query, params)}", params)[0][0])

    def window(self, query: Query) -> tuple[int | None, int | None]:
        params = Params()
        where = self.where(query, params)
        bounds = "epoch_ns(min(time)), epoch_ns(max(time))"
        first, last = self.rows(f"SELECT {bounds} FROM store.logs WHERE isfinite(time) AND {where}", params)[0]
        return first, last

    def volume(self, query: Query, every: int, by: str | None, top: int = 12) -> pl.DataFrame:
        params = Params()
        value = "NULL::VARCHAR" if by is None else self._fields[by].text(params)
        width = params.add(int(every))
        # The remainder of a time before 1970 is negative in SQL.
        bucket = f"epoch_ns(time) - ((epoch_ns(time) % {width}) + {width}) % {width}"
        rest = params.add(int(top))
        frame = self.frame(
            f"WITH g AS MATERIALIZED (SELECT {bucket} AS bucket, {value} AS value, count(*) AS records, "
            "sum(size_bytes)::BIGINT AS bytes FROM store.logs "
            f"WHERE isfinite(time) AND {self.where(query, params)} GROUP BY 1, 2), "
            "v AS (SELECT value, row_number() OVER (ORDER BY sum(records) DESC, value) AS place FROM g GROUP BY value) "
            f"SELECT bucket, CASE WHEN place <= {rest} THEN g.value "
            f"ELSE 'other (' || (SELECT count(*) - {rest} FROM v) || ' more)' END AS \"by\", "
            "sum(records) AS records, sum(bytes) AS bytes FROM g JOIN v ON g.value IS NOT DISTINCT FROM v.value "
            "GROUP BY 1, 2 ORDER BY 1, 2",
            params,
        )
        return frame.cast({"bucket": pl.Int64()}).cast(_VOLUME)  # type: ignore[arg-type]

    def facets(self, query: Query, fields: Sequence[str], top: int = 10) -> pl.DataFrame:
        with self._chosen(query, several=len(fields) > 1) as (where, params):
            frames = [self._facet(where, Params(params), field, top) for field in fields]
        return pl.concat(frames) if frames else pl.DataFrame(schema=_FACETS)

    @contextlib.contextmanager
    def _chosen(self, query: Query, *, several: bool) -> Iterator[tuple[str, Params]]:
        """The condition of a query for several statements; one that is dear to evaluate is evaluated only once."""
        params = Params()
        where = self.where(query, params)
        if not several or not sql.dear(query):
            yield where, params
            return
        self.rows(
            f"CREATE OR REPLACE TEMP TABLE chosen AS SELECT {self.rowid} AS r FROM store.logs WHERE {where}", params
        )
        try:
            yield f"{self.rowid} IN (SELECT r FROM chosen)", Params()
        finally:
            self.rows("DROP TABLE chosen", Params())

    def _facet(self, where: str, params: Params, field: str, top: int) -> pl.DataFrame:
        text = self._fields[field].text(params)
        frame = self.frame(
            f"WITH g AS MATERIALIZED (SELECT {text} AS value, count(*) AS records "
            f"FROM store.logs WHERE {where} GROUP BY 1) "
            f"(SELECT value, records, (SELECT count(value) FROM g) AS values FROM g WHERE value IS NOT NULL "
            f"ORDER BY records DESC, value LIMIT {params.add(int(top))}) "
            "UNION ALL (SELECT value, records, (SELECT count(value) FROM g) FROM g WHERE value IS NULL)",
            params,
        )
        frame = frame.select(pl.lit(field).alias("field"), "value", "records", "values").cast(_FACETS)  # type: ignore[arg-type]
        return frame.sort(["records", "value"], descending=[True, False], nulls_last=True)

    def fields(self, query: Query) -> pl.DataFrame:
        from lognb.engines.duckdb.survey import survey

        if query not in self._surveys:
            self._surveys[query] = pl.DataFrame(survey(self, query), schema=_FIELDS, orient="row")
            while len(self._surveys) > 16:
                self._surveys.pop(next(iter(self._surveys)))
        return self._surveys[query]

    def page(
        self, query: Query, limit: int, offset: int = 0, newest: bool = False, columns: Sequence[str] | None = None
    ) -> pl.DataFrame:
        params = Params()
        order = f"time IS NULL, {self.rowid} DESC" if newest else self.rowid
        found = self.rows(
            f"SELECT {self.rowid}, epoch_ns(time) FROM store.logs WHERE {self.where(query, params)} ORDER BY {order} "
            f"LIMIT {params.add(int(limit))} OFFSET {params.add(int(offset))}",
            params,
        )
        return self._at(found, order, columns)

    def context(self, record_id: int, before: int, after: int, same: str | None = None) -> pl.DataFrame:
        return self._at(context.around(self, record_id, before, after, same), self.rowid)

    def sample(self, query: Query, n: int, seed: int) -> pl.DataFrame:
        return self._at(context.drawn(self, query, n, seed), self.rowid)

    def _at(self, found: Sequence[Place], order: str, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """The records at some places."""
        params = Params()
        where = f"{self.rowid} IN ({', '.join(str(row) for row, _ in found) or 'NULL'})"
        times = [ns for _, ns in found if ns is not None]
        if times and len(times) == len(found):
            # Lets Parquet skip all other row groups, which row numbers alone do not: a third of the time in 1 M rows.
            low, high = params.add(min(times)), params.add(max(times))
            where += f" AND time >= make_timestamp_ns({low}) AND time <= make_timestamp_ns({high})"
        statement = self._select(columns, params, where)
        return self._shape(self.frame(f"{statement} ORDER BY {order}", params), columns)

    def fetch(self, query: Query, columns: Sequence[str] | None = None) -> pl.DataFrame:
        return pl.concat(self.batches(query, columns, rows=1 << 20))

    def batches(
        self, query: Query, columns: Sequence[str] | None = None, rows: int = 122_880
    ) -> Iterator[pl.DataFrame]:
        """The same as fetch, in frames of at most `rows` records; at least one, which may be empty."""
        params = Params()
        # The table is in time order, and a scan keeps the order of the table (preserve_insertion_order).
        statement = self._select(columns, params, self.where(query, params))
        with _speaking(self.path):
            reader = self._con.cursor().sql(statement, params=connect.used(statement, params)).to_arrow_reader(rows)
        empty = True
        while True:
            with _speaking(self.path):
                batch = next(reader, None)
            if batch is None:
                break
            empty = False
            yield self._shape(cast("pl.DataFrame", pl.from_arrow(batch)), columns)
        if empty:
            yield self._shape(self.frame(f"{statement} LIMIT 0", params), columns)

    def spans(self) -> pl.DataFrame:
        frame = self.frame('SELECT * FROM store.spans ORDER BY start, trace_id, span_id, "end"', Params())
        names = pl.Series(self._tables.source_names(), dtype=pl.String)
        frame = frame.with_columns(names.gather(frame["source_ix"]).alias("source"))
        return frame.select(_as(frame[name], dtype) for name, dtype in SPAN.items())

    def write_parquet(self, directory: str | Path, query: Query) -> None:
        from lognb.engines.duckdb import parquet

        parquet.write(self, Path(directory), query)

    def source_names(self) -> list[str | None]:
        """The name of each `source_ix`, as of now."""
        return self._tables.source_names()

    def field_names(self) -> list[str]:
        return self.catalog.names()

    def close(self) -> None:
        self._closing()

    def field(self, name: str) -> Field:
        """Raises FieldError for a name that no record has."""
        return self._fields[name]

    def where(self, query: Query, params: Params) -> str:
        return sql.where(query, self._fields, params)

    def _select(self, columns: Sequence[str] | None, params: Params, where: str) -> str:
        """A statement for records; what is looked up by index comes as its index and is put in by _shape."""
        parts = []
        for i, name in enumerate(RECORD if columns is None else columns):
            ix = {"source": "source_ix", "resource": "resource_ix"}.get(name)
            # Names from the data do not survive as names of SQL columns: DuckDB's know no case, Arrow's end at a NUL.
            parts.append(f"{ix or self._fields[name].typed(params)} AS c{i}")
        return f"SELECT {', '.join(parts)} FROM store.logs WHERE {where}"

    def _shape(self, frame: pl.DataFrame, columns: Sequence[str] | None) -> pl.DataFrame:
        out = []
        for i, name in enumerate(RECORD if columns is None else columns):
            column = frame[f"c{i}"]
            if name in ("source", "resource"):
                texts = self._tables.source_names() if name == "source" else self._tables.resource_texts()
                column = pl.Series(texts, dtype=pl.String).gather(column.cast(pl.UInt32))
            else:
                column = _as(column, self._fields[name].dtype)
            out.append(column.alias(name))
        return pl.DataFrame(out)

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._con.cursor()
        return cursor

    def rows(self, statement: str, params: Params) -> list[tuple[Any, ...]]:
        with _speaking(self.path):
            return connect.rows(self._cursor(), statement, params)

    def frame(self, statement: str, params: Params) -> pl.DataFrame:
        with _speaking(self.path):
            return connect.frame(self._cursor(), statement, params)


class _Lookups:
    """The values that rows have by index; read when first asked for."""

    def __init__(self, engine: DuckDB, sources: Sequence[tuple[str, str]]) -> None:
        self._engine, self._sources = engine, sources
        self._known: dict[str, list[str | None]] = {}

    def source_names(self) -> list[str | None]:
        """The names given at opening, by digest; else those of the time of the build."""

        def read() -> list[str | None]:
            now: dict[str, list[str]] = {}
            for digest, name in self._sources:
                now.setdefault(digest, []).append(name)
            rows = self._engine.rows("SELECT digest, name FROM store.sources ORDER BY source_ix", Params())
            return [(now[d].pop(0) if len(now[d]) > 1 else now[d][0]) if d in now else n for d, n in rows]

        return self._once("source", read)

    def resource_texts(self) -> list[str | None]:
        statement = "SELECT resource_ix, resource FROM store.resources"
        return self._once("resource", lambda: _placed(self._engine.rows(statement, Params())))

    def resource_values(self, key: str) -> list[str | None]:
        def read() -> list[str | None]:
            params = Params()
            chosen = f"(FROM store.resource_attrs WHERE key = {params.add(key)}) a"
            statement = f"SELECT r.resource_ix, a.value FROM store.resources r LEFT JOIN {chosen} USING (resource_ix)"
            return _placed(self._engine.rows(statement, params))

        return self._once(f"resource.{key}", read)

    def matching(self, values: list[str | None], test: str, params: Params) -> list[int]:
        column = params.add(values)
        statement = (
            f"SELECT i FROM (SELECT unnest({column}::VARCHAR[]) AS x, unnest(range(len({column}::VARCHAR[]))) AS i) "
            f"WHERE {test} ORDER BY i"
        )
        return [int(i) for (i,) in self._engine.rows(statement, params)] if values else []

    def check_pattern(self, pattern: str) -> None:
        """Raises QueryError for what RE2 does not take, where the query can still be named."""
        params = Params()
        try:
            self._engine.rows(f"SELECT regexp_matches('', {params.add(pattern)}, 'i')", params)
        except duckdb.InvalidInputException as error:
            reason = str(error).removeprefix("Invalid Input Error: ")
            raise QueryError(f"{pattern!r} is not a regular expression that RE2 knows: {reason}") from error

    def _once(self, name: str, read: Any) -> list[str | None]:
        if name not in self._known:
            self._known[name] = read()
        return self._known[name]


def _placed(rows: list[tuple[int, str | None]]) -> list[str | None]:
    """Values by index; an export of a query has only the resources of its records."""
    out: list[str | None] = [None] * (max((ix for ix, _ in rows), default=-1) + 1)
    for ix, value in rows:
        out[ix] = value
    return out


def _as(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A column of the answer in the type of the schema."""
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    if isinstance(dtype, pl.Enum):
        return column.cast(SEVERITY)
    return column.cast(dtype)


def _close(con: duckdb.DuckDBPyConnection, lease: Callable[[], None] | None) -> None:
    con.close()
    if lease is not None:
        lease()


@contextlib.contextmanager
def _speaking(path: Path | None) -> Iterator[None]:
    """DuckDB's errors as ours."""
    try:
        with stoppable():
            yield
    except duckdb.Error as error:
        # A wrong checksum is a bare Error; other classes are mistakes of ours, which should be seen as such.
        if type(error) is not duckdb.Error and not isinstance(error, _DAMAGE):
            raise
        where = "the records in memory" if path is None else str(path)
        raise StoreError(
            f"{where} cannot be read: {error}; if it is damaged, remove it and read the sources again"
        ) from error
