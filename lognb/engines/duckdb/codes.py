"""A field's values as one small number a row, in memory: what a panel counts.

A field of at most MOST values is coded when a panel first counts it: a tenth of a second at 10 M records, then one or
two bytes a record. Values are kept as JSON literals (columns of text as their text), so that a comparison is made once
for each value, by the same SQL that rows are compared with, and rows compare numbers only.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.derived import Given
from lognb.engines.duckdb.fields import Attribute, Column, Either, Json, Looked
from lognb.engines.duckdb.labels import Labelled, Name
from lognb.engines.duckdb.values import flat_literal
from lognb.query import fields_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.engines.duckdb.fields import Field
    from lognb.query import Clause, Condition

MOST: Final = 60_000
_FEW: Final = 8
_serial = count()


@dataclass
class Coded:
    """`codes[place]` is a position in `literals`, where null means that the row lacks the field.

    `x` is the field of a literal `x`: it tests and shows one in SQL.
    """

    engine: DuckDB
    codes: NDArray[Any]
    literals: list[str | None]
    x: Field

    @cached_property
    def texts(self) -> list[str | None]:
        """What a person reads for each code; several may read alike."""
        params = Params()
        return self.engine.each(self.literals, self.x.text(params), params)

    @cached_property
    def tallies(self) -> tuple[pl.Series, NDArray[np.int64]]:
        """The distinct texts, null last if there is one, and which of them each code is."""
        texts = list(dict.fromkeys(t for t in self.texts if t is not None))
        at = {t: i for i, t in enumerate(texts)}
        which = np.array([len(texts) if t is None else at[t] for t in self.texts], np.int64)
        return pl.Series([*texts, None], dtype=pl.String), which

    def fits(self, clause: Clause) -> NDArray[np.bool_]:
        """Which codes a clause about this field alone lets through."""
        params = Params()
        test = sql.of_clause(clause, dict.fromkeys(fields_of(clause), self.x), params)
        found = self.engine.each(self.literals, f"coalesce({test}, false)", params)
        return np.array(found, np.bool_)

    def bits(self, condition: Condition, low: int, high: int) -> NDArray[np.bool_]:
        """Which rows in [low, high) it lets through."""
        fits, codes = self.fits(condition), self.codes[low:high]
        chosen = np.flatnonzero(fits)
        if len(chosen) <= _FEW:  # comparing is a tenth of looking up
            out = np.zeros(high - low, np.bool_)
            for code in chosen.tolist():
                out |= codes == code
            return out
        return np.take(fits, codes)

    def tally(self, found: NDArray[Any]) -> NDArray[Any]:
        """A number for each code, along the last axis -> one for each distinct text."""
        texts, which = self.tallies
        if len(texts) == found.shape[-1] and np.array_equal(which, np.arange(len(which))):
            return found
        out = np.zeros((*found.shape[:-1], len(texts)), found.dtype)
        np.add.at(out.T, which, found.T)
        return out


class Codes:
    """The coded fields of an engine; they stay in memory with it."""

    def __init__(self, engine: DuckDB) -> None:
        self._engine = engine
        self._lock = threading.RLock()
        self._known: dict[str, Coded | None] = {}
        self._indexes: dict[str, NDArray[Any]] = {}

    def at_hand(self, name: str) -> Coded | None:
        """The field, if it has been coded, or is there as codes."""
        return self[name] if name in self._engine.made else self._known.get(name)

    def __getitem__(self, name: str) -> Coded | None:
        """The field; None if it has too many values, or none that could be coded. Raises FieldError."""
        with self._lock:
            if name not in self._known:
                self._known[name] = self._code(self._engine.field(name))
            return self._known[name]

    def sizes(self) -> NDArray[Any]:
        """`size_bytes` of each row."""
        with self._lock:
            return self._index("size_bytes")

    def _code(self, field: Field) -> Coded | None:
        if isinstance(field, Given):
            return Coded(self._engine, field.dense, [*field.texts, None], Column("x", field.dtype))
        if isinstance(field, Labelled):
            return Coded(self._engine, field.labels.codes, [*field.names, None], Name(field))
        if isinstance(field, Looked):
            return Coded(self._engine, self._index(field.ix), [*field.values, None], field.of("x"))
        literal, x = _literal(field)
        return None if literal is None or x is None else self._filled(literal, x)

    def _index(self, column: str) -> NDArray[Any]:
        """A column of whole numbers from 0 on, as it is; `resource_ix` serves all fields of resources."""
        if column not in self._indexes:
            most = int(self._engine.rows(f"SELECT coalesce(max({column}), 0) FROM store.logs", Params())[0][0])
            self._indexes[column] = self._engine.column(column, Params(), _fitting(most))
        return self._indexes[column]

    def _filled(self, literal: Callable[[Params], str], x: Field) -> Coded | None:
        params = Params()
        engine, kind = self._engine, f"lognb_codes_{next(_serial)}"
        value = literal(params)
        some = f"SELECT DISTINCT {value} AS v FROM store.logs LIMIT {MOST + 2}"
        found = engine.rows(f"SELECT v FROM ({some}) WHERE v IS NOT NULL ORDER BY v", params)
        if len(found) > MOST:
            return None
        values = [v for (v,) in found]
        if not values:
            return Coded(engine, np.zeros(engine.masks.size, np.uint8), [None], x)
        own = Params()
        engine.rows(f"CREATE TYPE {kind} AS ENUM (SELECT unnest({own.add(values)}::VARCHAR[]))", own)
        try:
            code = f"coalesce(enum_code(({literal(own)})::{kind})::USMALLINT, {len(values)}::USMALLINT)"
            codes = engine.column(code, own, _fitting(len(values)))
        finally:
            engine.rows(f"DROP TYPE {kind}", Params())
        return Coded(engine, codes, [*values, None], x)


def _fitting(most: int) -> type[np.unsignedinteger[Any]]:
    return np.uint8 if most < 1 << 8 else np.uint16 if most < 1 << 16 else np.uint32


def _literal(field: Field) -> tuple[Callable[[Params], str] | None, Field | None]:
    """SQL for the literal of a field's value, and the field of a literal; None for what is not coded."""
    if isinstance(field, Column):
        if field.dtype == pl.String() or isinstance(field.dtype, pl.Enum):
            return (lambda params: field.sql), Column("x", field.dtype)
        if field.dtype.is_integer():
            return (lambda params: f"{field.sql}::VARCHAR"), Json(lambda params: "x", {"int"})
    if isinstance(field, Attribute):
        parts = [flat_literal(kind, column) for kind, column in field.flats.items()]
        rest = field.rest

        def literal(params: Params) -> str:
            return f"coalesce({', '.join([*parts, *([] if rest is None else [rest.sql(params)])])})"

        return literal, Json(lambda params: "x", field.kinds)
    if isinstance(field, Either) and isinstance(field.second, Looked):
        first, x = _literal(field.first)
        second = field.second
        # The kinds decide what is shown in quotes, and a literal does not say from which side it came.
        if first is not None and isinstance(x, Json) and x.kinds == second.kinds:
            return (lambda params: f"coalesce(nullif({first(params)}, 'null'), {second.value(params)})"), x
    return None, None
