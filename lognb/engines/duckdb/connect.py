"""Connections, and the two words of SQL that everything needs: a quoted name and parameters."""

from __future__ import annotations

import itertools
import math
import os
import re
import tempfile
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from threading import current_thread, main_thread
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import duckdb
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa
    from numpy.typing import NDArray

T = TypeVar("T")
_others = ThreadPoolExecutor(64, "lognb")  # threads start when needed
# With what Python and the decoders hold beside it, a process stays within 2 GB; measured: 1.5 GB where a sort spills.
MEMORY = "1300MB"
# Beside the codes and masks of 10 M records that keeps a process that reads within 1.5 GB. What is read again stands in
# the system's cache of files.
READING = "700MB"
# A database that ends removes its whole folder, so no two may share one.
_serial = itertools.count()
_MARKER = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\$(p[0-9]+)""")


def connect(spill: Path | None = None, memory: str = MEMORY) -> duckdb.DuckDBPyConnection:
    """An in-memory database that reaches for nothing by itself and prints nothing.

    What does not fit in memory goes to `spill`, else to the system's folder for temporary files: DuckDB's own choice
    would be the current folder, which is the user's.
    """
    con = duckdb.connect(":memory:")
    for setting in (
        "enable_progress_bar=false",
        "python_enable_replacements=false",
        "autoinstall_known_extensions=false",
        "autoload_known_extensions=false",
        "allow_community_extensions=false",
        "preserve_insertion_order=true",
        "TimeZone='UTC'",
        f"memory_limit='{memory}'",
    ):
        con.execute(f"SET {setting}")
    spill = spill or Path(tempfile.gettempdir()) / f"lognb-spill-{os.getpid()}-{next(_serial)}"
    con.execute(f"SET temp_directory={literal(str(spill))}")
    return con


@contextmanager
def stoppable() -> Iterator[None]:
    """Ctrl-C is KeyboardInterrupt, whatever DuckDB makes of it."""
    try:
        yield
    except duckdb.InterruptException as error:
        raise KeyboardInterrupt from error
    except RuntimeError as error:
        if str(error) == "Query interrupted":  # from the statement that was waiting when the signal came
            raise KeyboardInterrupt from error
        raise


def stoppably(work: Callable[[], T], cursor: duckdb.DuckDBPyConnection, timeout: float | None = None) -> T:
    """Do `work` on `cursor` so that Ctrl-C ends it at once; TimeoutError after so many seconds.

    A statement in the main thread holds Ctrl-C back until it is done: measured with DuckDB 2.0, over a minute. So
    another thread runs it while this one waits, which costs 40 µs; where no Ctrl-C can come, none does.
    """
    if timeout is None and current_thread() is not main_thread():
        return work()
    future = _others.submit(work)
    end = math.inf if timeout is None else monotonic() + timeout
    try:
        while not future.done() and (left := end - monotonic()) > 0:
            wait([future], min(left, 0.1))  # in turns: a signal that another thread receives does not end a wait
        if not future.done():
            raise TimeoutError
    finally:
        while not future.done():
            cursor.interrupt()
            wait([future], 0.05)
    return future.result()


def name(text: str) -> str:
    """A quoted identifier; names of flat columns come from the data."""
    return '"' + text.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A string literal, for paths in statements that take no parameters."""
    return "'" + text.replace("'", "''") + "'"


class Params(dict[str, Any]):
    """Bound values; `add` gives the name to write in the statement. The same list is bound once."""

    def add(self, value: Any) -> str:
        key = next((k for k, v in self.items() if v is value), None) if isinstance(value, list) else None
        if key is None:
            key = f"p{len(self)}"
            self[key] = value
        return f"${key}"


def used(sql: str, params: dict[str, Any] | None) -> dict[str, Any]:
    """The parameters that the statement names; DuckDB refuses others, and a test that is always false names none."""
    names = {match[1] for match in _MARKER.finditer(sql)} if params else set()
    return {key: value for key, value in (params or {}).items() if key in names}


def rows(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """All rows of a statement."""
    return con.execute(sql, used(sql, params)).fetchall()


def frame(con: duckdb.DuckDBPyConnection, sql: str, params: dict[str, Any] | None = None) -> pl.DataFrame:
    """The answer as a Polars frame."""
    out = pl.from_arrow(con.sql(sql, params=used(sql, params)).to_arrow_table())
    assert isinstance(out, pl.DataFrame)
    return out


def array(column: pa.Array[Any]) -> NDArray[Any]:
    """Numbers without null. By way of Polars: np.asarray imports pandas where it can, a quarter of a second."""
    return pl.Series(column).to_numpy()
