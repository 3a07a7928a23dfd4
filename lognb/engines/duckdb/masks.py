"""Which rows a query picks, as bits: each comparison is evaluated once over the rows it is asked for, and remembered.

Rows stand in the order of the table, which is that of time, so a window is a stretch of places [low, high) and only the
other conditions are bits. What costs most of a panel is a search in text; six facets, the timeline, the count and the
page of one filter state share one, and so does the next state that keeps it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import Params, array
from lognb.engines.duckdb.ids import Ids
from lognb.engines.duckdb.ranks import Ranks
from lognb.query import Condition, Not, Or, fields_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.duckdb.codes import Codes
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Clause, Query

    Bits = NDArray[np.bool_]

REMEMBERED: Final = 128 << 20
"""Bytes of masks that are kept; at 10 M records a mask is 1.25 MB."""
RANKED: Final = 2
"""Queries whose rows are kept by rank; at 10 M records one takes 10 MB."""


@dataclass(frozen=True)
class Picked:
    """The rows at the places [low, high) where `bits` is true; None: all of them."""

    low: int
    high: int
    bits: Bits | None = None

    @cached_property
    def index(self) -> NDArray[np.int64]:
        """Their places, less `low`; for Picked with bits."""
        assert self.bits is not None
        return np.flatnonzero(self.bits)

    @property
    def count(self) -> int:
        return self.high - self.low if self.bits is None else int(np.count_nonzero(self.bits))

    def of(self, column: NDArray[Any]) -> NDArray[Any]:
        """The values of a column at these rows."""
        part = column[self.low : self.high]
        return part if self.bits is None else np.take(part, self.index)

    def places(self) -> NDArray[np.int64]:
        return np.arange(self.low, self.high) if self.bits is None else self.index + self.low

    def edges(self, at: NDArray[np.int64]) -> NDArray[np.int64]:
        """How many of these rows stand before each place of `at`, which is in order."""
        inside = np.clip(at, self.low, self.high) - self.low
        return inside if self.bits is None else np.searchsorted(self.index, inside)


@dataclass
class _Known:
    """The bits of one comparison, packed; only those in [low, high) are known."""

    packed: NDArray[np.uint8]
    low: int
    high: int


class Masks:
    """The rows of queries on one engine."""

    def __init__(self, engine: DuckDB, codes: Codes) -> None:
        self._engine, self._codes, self._ids = engine, codes, Ids(engine)
        self._lock = threading.RLock()
        self._known: OrderedDict[Condition, _Known] = OrderedDict()
        self._times: NDArray[np.int64] | None = None
        self._ranks: OrderedDict[Query, Ranks] = OrderedDict()

    @cached_property
    def size(self) -> int:
        return int(self._engine.overview["records"])

    @cached_property
    def timed(self) -> int:
        """How many rows have a time; those without stand behind them."""
        return self.size - int(self._engine.overview["without_time"])

    def times(self) -> NDArray[np.int64]:
        """The time of each row that has one, ns, ascending."""
        with self._lock:
            if self._times is None:
                timed = "epoch_ns(time) FROM store.logs WHERE time IS NOT NULL"
                self._times = self._engine.column(timed, Params(), np.int64, self.timed)
            return self._times

    def window(self, query: Query) -> tuple[int, int]:
        if query.since is None and query.until is None:
            return 0, self.size
        times = self.times()
        low = 0 if query.since is None else int(np.searchsorted(times, sql.within_range(query.since)))
        high = self.timed if query.until is None else int(np.searchsorted(times, sql.within_range(query.until)))
        return low, max(low, high)

    def pick(self, query: Query) -> Picked:
        """The rows of a query, which is known to be sound."""
        return self.within(query, *self.window(query))

    def within(self, query: Query, low: int, high: int) -> Picked:
        """Those of the rows at [low, high), which lie in its window."""
        return Picked(low, high, joined(list(self.parts(query, low, high).values())))

    def ranks(self, query: Query) -> Ranks:
        """The rows of a query by rank; those of the last few are remembered, as a scroll bar asks for many pages."""
        with self._lock:
            if query not in self._ranks:
                self._ranks[query] = Ranks(self.pick(query))
            self._ranks.move_to_end(query)
            while len(self._ranks) > RANKED:
                self._ranks.popitem(last=False)
            return self._ranks[query]

    def ranked(self, query: Query) -> bool:
        """Whether the ranks of a query are at hand."""
        return query in self._ranks

    def parts(self, query: Query, low: int, high: int) -> dict[str | None, Bits]:
        """The bits of the conditions at the top by the field they speak of; None: those of several fields."""
        out: dict[str | None, Bits] = {}
        for clause in query.conditions:
            fields = fields_of(clause)
            field = next(iter(fields)) if len(fields) == 1 else None
            bits = self._clause(clause, low, high)
            out[field] = out[field] & bits if field in out else bits
        return out

    def _clause(self, clause: Clause, low: int, high: int) -> Bits:
        if isinstance(clause, Condition):
            return self._condition(clause, low, high)
        if isinstance(clause, Not):
            return ~self._clause(clause.part, low, high)
        bits = [self._clause(part, low, high) for part in clause.parts]
        if isinstance(clause, Or):
            return np.logical_or.reduce(bits) if bits else np.zeros(high - low, np.bool_)
        return np.logical_and.reduce(bits) if bits else np.ones(high - low, np.bool_)

    def _condition(self, condition: Condition, low: int, high: int) -> Bits:
        if condition.op == "!=":
            return ~self._condition(Condition(condition.field, "=", condition.value), low, high)
        coded = self._codes.at_hand(condition.field)
        if coded is not None:
            return coded.bits(condition, low, high)
        places = self._ids.places(condition, low, high)
        if places is not None:
            bits = np.zeros(high - low, np.bool_)
            bits[places - low] = True
            return bits
        with self._lock:
            known = self._known.get(condition) or _Known(np.zeros((self.size + 7) // 8, np.uint8), low, low)
            # Known bits are one stretch, so what lies between is evaluated too.
            self._evaluate(condition, known, low, known.low)
            self._evaluate(condition, known, known.high, high)
            self._remember(condition, known)
        start = low // 8
        return np.unpackbits(known.packed[start : (high + 7) // 8])[low - start * 8 : high - start * 8].view(np.bool_)

    def _evaluate(self, condition: Condition, known: _Known, low: int, high: int) -> None:
        if low >= high:
            return
        params = Params()
        test = sql.of_condition(condition, self._engine.field(condition.field), params)
        inside = self._engine.places.between(low, high, params)
        start, stop = low // 8, (high + 7) // 8
        bits = np.unpackbits(known.packed[start:stop])
        statement = f"SELECT {self._engine.rowid} FROM store.logs WHERE {inside} AND {test}"
        for batch in self._engine.stream(statement, params):
            bits[self._engine.places.of(array(batch.column(0))) - start * 8] = 1
        known.packed[start:stop] = np.packbits(bits)
        known.low, known.high = min(known.low, low), max(known.high, high)

    def _remember(self, condition: Condition, known: _Known) -> None:
        self._known[condition] = known
        self._known.move_to_end(condition)
        while len(self._known) > 1 and len(self._known) * len(known.packed) > REMEMBERED:
            self._known.popitem(last=False)


def joined(parts: list[Bits]) -> Bits | None:
    """The rows in all of them; None for no parts."""
    if len(parts) < 2:
        return parts[0] if parts else None
    out = parts[0] & parts[1]
    for bits in parts[2:]:
        out &= bits
    return out
