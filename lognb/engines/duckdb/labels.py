"""A field that is made after the store was built: for each record one of a few values, kept in memory as a number.

It goes where any other field goes. Masks and panels look at the numbers; in SQL a function gives the number of a row,
which costs 20 ms of CPU at 1 M records and, unlike a join, keeps the order of the table.
"""

from __future__ import annotations

import copy
import itertools
import threading
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from lognb.engines.duckdb import values
from lognb.engines.duckdb.connect import Params, array

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb
    from numpy.typing import NDArray

    from lognb.engines.base import Labels
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Value

_serial = itertools.count()


class Labelled:
    """A field of `labels`. A comparison is with a value's name, with an older name of it, or with its text."""

    def __init__(self, engine: DuckDB, make: Callable[[], Labels]) -> None:
        self._engine, self._make = engine, make
        self._function = f"lognb_label_{next(_serial)}"
        self._lock = threading.RLock()
        self._made: Labels | None = None
        self._code = f"{self._function}({engine.rowid})"

    @property
    def labels(self) -> Labels:
        """Made when a value is first asked for, once."""
        with self._lock:
            if self._made is None:
                made = self._make()
                self._engine.scalar(self._function, "BIGINT", _taken(made.codes, self._engine.places.alone()))
                self._made = made
            return self._made

    @property
    def code(self) -> str:
        """SQL for the number of a row's value; len(names) where it has none."""
        assert self.labels
        return self._code

    @property
    def dtype(self) -> pl.DataType:
        return pl.String()

    @cached_property
    def names(self) -> list[str]:
        """The value of each code."""
        return self.labels.table["value"].to_list()

    def fits(self, op: str, value: Value) -> NDArray[np.bool_]:
        """Which values a comparison lets through."""
        if not self.names:
            return np.zeros(0, np.bool_)
        if op == "=" and isinstance(value, str):
            value = self.labels.aliases.get(value, value)
        found = np.zeros(len(self.names), np.bool_)
        for column in ("value", "text") if op in ("=", ":", "~") else ("value",):
            params = Params()
            test = values.string("x", op, value, params, typed=False)
            listed = self.labels.table[column].to_list()
            found |= np.array(self._engine.each(listed, f"coalesce({test}, false)", params), np.bool_)
        return found

    def test(self, op: str, value: Value, params: Params) -> str:
        return among(self.code, self.fits(op, value), params)

    def exists(self, params: Params) -> str:
        return f"{self.code} < {len(self.names)}"

    def text(self, params: Params) -> str:
        return self.shown(self.code, params)

    typed = text

    def shown(self, code: str, params: Params) -> str:
        """The name of a number in SQL."""
        return f"list_extract({params.add(self.names)}::VARCHAR[], {code}::BIGINT + 1)"

    def by_id(self, con: duckdb.DuckDBPyConnection) -> Labelled:
        """The same field for another database, whose rows have no numbers of ours but their record ids."""
        function = f"{self._function}_by_id"
        if not con.execute("SELECT 1 FROM duckdb_functions() WHERE function_name = $f", {"f": function}).fetchall():
            ids = self._engine.column("record_id", Params(), np.uint64)
            order = np.argsort(ids, kind="stable")
            found = _searched(self.labels.codes[order], ids[order])
            con.create_function(function, found, ["UBIGINT"], "UINTEGER", type="arrow")  # type: ignore[call-overload]
        other = copy.copy(self)
        other._code = f"{function}(record_id)"
        return other


class Name:
    """The same field of one value's name `x`."""

    def __init__(self, field: Labelled) -> None:
        self._field = field
        self.dtype = field.dtype

    def test(self, op: str, value: Value, params: Params) -> str:
        chosen = [name for name, fits in zip(self._field.names, self._field.fits(op, value), strict=True) if fits]
        return f"list_contains({params.add(chosen)}::VARCHAR[], x)"

    def exists(self, params: Params) -> str:
        return "x IS NOT NULL"

    def text(self, params: Params) -> str:
        return "x"

    typed = text


def among(code: str, fits: NDArray[np.bool_], params: Params) -> str:
    """Is a number one of those?"""
    found = np.flatnonzero(fits).tolist()
    if len(found) > 100:
        return f"coalesce(list_extract({params.add(fits.tolist())}::BOOLEAN[], {code}::BIGINT + 1), false)"
    return f"{code} IN ({', '.join(map(str, found))})" if found else "false"


def _taken(codes: NDArray[Any], of: Callable[[NDArray[np.int64]], NDArray[np.int64]]) -> Any:
    """The number of each row as a function for DuckDB. It must not hold the engine, which would then never end."""

    def code(rows: Any) -> Any:  # DuckDB reads the annotations, and knows Any
        return pa.array(np.take(codes, of(array(rows))).astype(np.uint32, copy=False))

    return code


def _searched(codes: NDArray[Any], ids: NDArray[np.uint64]) -> Any:
    def code(wanted: Any) -> Any:
        return pa.array(np.take(codes, np.searchsorted(ids, array(wanted))).astype(np.uint32, copy=False))

    return code
