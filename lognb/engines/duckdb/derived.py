"""Fields that are made after the store was built, kept in memory beside it: a value for some rows, or a label for all.

Values of some rows are compared by row numbers, so that they go where any other field goes.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb.engines.duckdb import values
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.issues import told_twice
from lognb.engines.duckdb.labels import Labelled

_STEP: Final = 200_000

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lognb.engines.base import Issues, Labels
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.engines.duckdb.fields import Field, Fields
    from lognb.query import Value


class Derived:
    """What an engine derived, by the name of the field; made once, when it is first asked for."""

    def __init__(self, engine: DuckDB) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._makers: dict[str, Callable[[], Issues]] = {}
        self._made: dict[str, Issues] = {}
        self._fields: dict[str, Given] = {}
        self._labelled: dict[str, Labelled] = {}

    def put(self, name: str, make: Callable[[], Issues]) -> None:
        self._makers.setdefault(name, make)

    def put_labels(self, name: str, make: Callable[[], Labels]) -> None:
        self._labelled.setdefault(name, Labelled(self._engine, make))

    def labels(self, name: str) -> Labels:
        return self._labelled[name].labels

    def names(self) -> list[str]:
        """Those that are offered; others can be asked for by who knows them."""
        return [name for name in (*self._makers, *self._labelled) if not name.startswith("_")]

    def __contains__(self, name: str) -> bool:
        return name in self._makers or name in self._labelled

    def __getitem__(self, name: str) -> Issues:
        with self._lock:
            if name not in self._made:
                self._made[name] = told_twice(self._engine, self._makers[name]())
            return self._made[name]

    def field(self, name: str) -> Given | Labelled:
        """Nothing is made before a value is asked for: that there is such a field, and its type, is known without."""
        if name in self._labelled:
            return self._labelled[name]
        with self._lock:
            return self._fields.setdefault(name, Given(self._engine, lambda: self[name]))


class Unmade:
    """The fields of an engine for looking at a query only: nothing has to be made for that."""

    def __init__(self, fields: Fields) -> None:
        self._fields, self.tables = fields, fields.tables

    def __getitem__(self, name: str) -> Field:
        field = self._fields[name]
        return _Unmade() if isinstance(field, Given | Labelled) else field


class _Unmade:
    dtype = pl.String()

    def test(self, op: str, value: Value, params: Params) -> str:
        return values.string("''", op, value, params, typed=False)

    def exists(self, params: Params) -> str:
        return "true"

    def text(self, params: Params) -> str:
        return "''"

    typed = text


@dataclass(frozen=True)
class Given:
    """A field that some rows have: `texts[codes[i]]` at the row number `rows[i]`; rows are in order.

    In SQL a record is known by its id, which every way to read the records has; records of one id tell the same.
    """

    engine: DuckDB
    make: Callable[[], Issues]
    dtype: pl.DataType = pl.String()  # noqa: RUF009, a Polars type is a constant

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        return self.make().found.rows

    @cached_property
    def codes(self) -> NDArray[np.int64]:
        return self.make().found.codes

    @cached_property
    def texts(self) -> list[str]:
        return self.make().table["issue"].to_list()

    def test(self, op: str, value: Value, params: Params) -> str:
        own = Params()
        test = values.string("x", op, value, own, typed=False)
        fits = np.array(self.engine.each(self.texts, f"coalesce({test}, false)", own), np.bool_)
        return self._among(self._ids[np.take(fits, self.codes)] if len(fits) else self._ids[:0], params)

    def exists(self, params: Params) -> str:
        return self._among(self._ids, params)

    def text(self, params: Params) -> str:
        """A look-up; it does not keep the order of the table, so columns are shown by `of` instead."""
        if not len(self.rows):
            return "NULL::VARCHAR"
        ids, codes = params.add(self._listed[0]), params.add(self._listed[1])
        found = f"SELECT min(c) FROM (SELECT unnest({ids}::UBIGINT[]) AS r, unnest({codes}::INTEGER[]) AS c)"
        return f"list_extract({params.add(self.texts)}::VARCHAR[], ({found} WHERE r = record_id) + 1)"

    typed = text

    def of(self, rows: pl.Series) -> pl.Series:
        """The value at some row numbers."""
        wanted = rows.to_numpy()
        at = np.minimum(np.searchsorted(self.rows, wanted), max(len(self.rows) - 1, 0))
        if not len(self.rows):
            return pl.Series([None] * len(wanted), dtype=pl.String)
        texts = pl.Series(self.texts, dtype=pl.String).gather(pl.Series(np.take(self.codes, at), dtype=pl.UInt32))
        return texts.zip_with(pl.Series(np.take(self.rows, at) == wanted), pl.Series([None], dtype=pl.String))

    @cached_property
    def dense(self) -> NDArray[np.uint32]:
        """A code for each place of the table; len(texts) where a row has none."""
        out = np.full(self.engine.masks.size, len(self.texts), np.uint32)
        out[self.engine.places.of(self.rows)] = self.codes
        return out

    @cached_property
    def _ids(self) -> NDArray[np.uint64]:
        """The id of each of `rows`."""
        parts = [self.rows[at : at + _STEP] for at in range(0, len(self.rows), _STEP)]
        ids = [self.engine.at(part, ["record_id"])["record_id"].to_numpy() for part in parts]
        return np.concatenate([np.empty(0, np.uint64), *ids])

    @cached_property
    def _listed(self) -> tuple[list[int], list[int]]:
        return self._ids.tolist(), self.codes.tolist()

    def _among(self, ids: NDArray[np.uint64], params: Params) -> str:
        if not len(ids):
            return "false"
        return f"record_id IN (SELECT unnest({params.add(ids.tolist())}::UBIGINT[]))"
