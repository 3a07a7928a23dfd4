"""Connections, and the two words of SQL that everything needs: a quoted name and parameters."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator

# With what Python and the decoders hold beside it, a process stays within 2 GB; measured: 1.5 GB where a sort spills.
MEMORY = "1300MB"
# A database that ends removes its whole folder, so no two may share one.
_serial = itertools.count()
_MARKER = re.compile(r""""(?:[^"]|"")*"|'(?:[^']|'')*'|\$(p[0-9]+)""")


def connect(spill: Path | None = None) -> duckdb.DuckDBPyConnection:
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
        f"memory_limit='{MEMORY}'",
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
