"""What rows have by index only: the names of sources and the values of resources, few for many rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb

from lognb.engines.duckdb.connect import Params
from lognb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.duckdb.engine import DuckDB


class Lookups:
    """The values that rows have by index; read when first asked for."""

    def __init__(self, engine: DuckDB, sources: Sequence[tuple[str, str]]) -> None:
        self._engine, self._sources = engine, sources
        self._known: dict[str, list[str | None]] = {}
        self._texts: dict[int, tuple[list[str | None], list[str | None]]] = {}

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
        return [i for i, fits in enumerate(self._engine.each(values, test, params)) if fits]

    def texts(self, values: list[str | None], expression: str, params: Params) -> list[str | None]:
        found = self._texts.get(id(values))
        if found is None or found[0] is not values:
            found = self._texts[id(values)] = values, self._engine.each(values, expression, params)
        return found[1]

    def check_pattern(self, pattern: str) -> None:
        """Raises QueryError for what RE2 does not take, where the query can still be named."""
        params = Params()
        try:
            self._engine.rows(f"SELECT regexp_matches('', {params.add(pattern)}, 'i')", params)
        except duckdb.InvalidInputException as error:
            reason = str(error).removeprefix("Invalid Input Error: ")
            raise QueryError(f"{pattern[:100]!r} is not a regular expression that RE2 knows: {reason}") from error

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
