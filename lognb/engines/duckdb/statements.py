"""Statements on a database: a cursor for each thread, Ctrl-C and other interrupts, DuckDB's errors as ours."""

from __future__ import annotations

import contextlib
import threading
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import numpy as np

from lognb.engines.duckdb import connect
from lognb.engines.duckdb.connect import Params, stoppable, stoppably
from lognb.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import polars as pl
    import pyarrow as pa
    from numpy.typing import NDArray

T = TypeVar("T")

_SAID = ("IO Error", "FATAL Error", "INTERNAL Error", "Serialization Error", "Corrupt database")
_DAMAGE = (duckdb.IOException, duckdb.FatalException, duckdb.InternalException, duckdb.SerializationException)


class Statements:
    """Runs statements on `con`; `path` is where its records are, None for memory. Safe to use from several threads."""

    overview: dict[str, Any]

    def __init__(self, con: duckdb.DuckDBPyConnection, path: Path | None) -> None:
        self._con, self.path = con, path
        self._local = threading.local()
        self._running: dict[int | None, duckdb.DuckDBPyConnection] = {}

    def interrupt(self, thread: threading.Thread) -> None:
        """Stop the statement that a thread waits for, which raises KeyboardInterrupt there; else nothing."""
        cursor = self._running.get(thread.ident)
        if cursor is not None:
            cursor.interrupt()

    def _run(self, work: Callable[[], T], cursor: duckdb.DuckDBPyConnection) -> T:
        with self.known(cursor):
            return stoppably(work, cursor)

    @contextlib.contextmanager
    def known(self, cursor: duckdb.DuckDBPyConnection) -> Iterator[None]:
        """What this thread does on a cursor, also of another database, is what `interrupt` stops."""
        own = threading.get_ident()
        before = self._running.get(own)
        self._running[own] = cursor
        try:
            yield
        finally:
            if before is None:
                self._running.pop(own, None)
            else:
                self._running[own] = before

    def _cursor(self) -> duckdb.DuckDBPyConnection:
        cursor: duckdb.DuckDBPyConnection | None = getattr(self._local, "cursor", None)
        if cursor is None:
            cursor = self._local.cursor = self._con.cursor()
        return cursor

    def rows(self, statement: str, params: Params) -> list[tuple[Any, ...]]:
        with speaking(self.path):
            cursor = self._cursor()
            return self._run(lambda: connect.rows(cursor, statement, params), cursor)

    def each(self, values: Sequence[str | None], expression: str, params: Params) -> list[Any]:
        """The SQL `expression` of every value `x`, in their order."""
        column = params.add(list(values))
        listed = f"SELECT unnest({column}::VARCHAR[]) AS x, unnest(range(len({column}::VARCHAR[]))) AS i"
        return [v for (v,) in self.rows(f"SELECT {expression} FROM ({listed}) ORDER BY i", params)]

    def stream(self, statement: str, params: Params, rows: int = 1 << 20) -> Iterator[pa.RecordBatch]:
        """The answer in batches of at most `rows`, on a cursor of its own."""
        with speaking(self.path):
            cursor = self._con.cursor()
            relation = cursor.sql(statement, params=connect.used(statement, params))
            reader = self._run(lambda: relation.to_arrow_reader(rows), cursor)
        while True:
            with speaking(self.path):
                batch = self._run(lambda: next(reader, None), cursor)
            if batch is None:
                return
            yield batch

    def column(self, expression: str, params: Params, kind: type[np.generic], size: int | None = None) -> NDArray[Any]:
        """An expression of every row as an array, in the order of the table; `size` where FROM is given with it."""
        out = np.empty(self.overview["records"] if size is None else size, kind)
        at = 0
        for batch in self.stream(f"SELECT {expression}" + (" FROM store.logs" if size is None else ""), params):
            part = connect.array(batch.column(0))
            out[at : at + len(part)] = part
            at += len(part)
        return out

    def scalar(self, name: str, kind: str, work: Callable[[Any], Any]) -> None:
        """A function for statements: of an Arrow array of `kind` to one of UINTEGER.

        It belongs to the connection it was made on; made on a cursor that ends, it would be called after its end.
        """
        with speaking(self.path):
            self._con.create_function(name, work, [kind], "UINTEGER", type="arrow")  # type: ignore[call-overload]

    def frame(self, statement: str, params: Params) -> pl.DataFrame:
        with speaking(self.path):
            cursor = self._cursor()
            return self._run(lambda: connect.frame(cursor, statement, params), cursor)


@contextlib.contextmanager
def speaking(path: Path | None) -> Iterator[None]:
    """DuckDB's errors as ours."""
    try:
        with stoppable():
            yield
    except (duckdb.Error, OSError) as error:
        # A wrong checksum is a bare Error, and a stream gives any as OSError with the text of the first; other classes
        # are mistakes of ours, which should be seen as such.
        if not isinstance(error, _DAMAGE) and type(error) is not duckdb.Error and not str(error).startswith(_SAID):
            raise
        where = "the records in memory" if path is None else str(path)
        raise StoreError(
            f"{where} cannot be read: {error}; if it is damaged, remove it and read the sources again"
        ) from error
