"""The rows of one trace, session, user or record: half a hash of each id in memory, then a look at the few that fit.

To hash a column costs as much as to search it twice, so it pays from the third look-up on; a trace of a story is looked
up often. Four bytes a row for each column that was asked for.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final

import numpy as np

from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params
from lognb.query import Number

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Condition

FIELDS: Final = {
    "trace_id": "VARCHAR", "span_id": "VARCHAR", "session_id": "VARCHAR", "session": "VARCHAR", "user_id": "VARCHAR",
    "record_id": "UBIGINT",
}  # fmt: skip
_HALF: Final = "(hash({}) & 4294967295)::UINTEGER"


class Ids:
    """The hashes of an engine's id columns."""

    def __init__(self, engine: DuckDB) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._hashes: dict[str, NDArray[np.uint32]] = {}

    def places(self, condition: Condition, low: int, high: int) -> NDArray[np.int64] | None:
        """The places in [low, high) that fit; None for what is no comparison of an id with a value."""
        kind, value = FIELDS.get(condition.field), condition.value
        if kind is None or condition.op != "=" or isinstance(value, bool | tuple) or value is None:
            return None
        params = Params()
        text = params.add(value.text if isinstance(value, Number) else value)
        wanted = self._engine.rows(f"SELECT {_HALF.format(f'try_cast({text} AS {kind})')}", params)[0][0]
        maybe = np.flatnonzero(self._hashed(condition.field)[low:high] == wanted) + low
        if not len(maybe):
            return maybe
        params = Params()
        test = sql.of_condition(condition, self._engine.field(condition.field), params)
        there = self._engine.joined(self._engine.places.rows(maybe), params)
        found = self._engine.rows(f"SELECT {self._engine.rowid} {there} AND {test}", params)
        return self._engine.places.of(np.array([row for (row,) in found], np.int64))

    def _hashed(self, field: str) -> NDArray[np.uint32]:
        with self._lock:
            if field not in self._hashes:
                params = Params()
                expression = f"coalesce({_HALF.format(self._engine.field(field).typed(params))}, 0)"
                self._hashes[field] = self._engine.column(expression, params, np.uint32)
            return self._hashes[field]
