"""Query -> a condition in SQL and its parameters.

NULL counts as false, so AND and OR need no care, and a complement is `(…) IS NOT TRUE`: row groups are still skipped
where nothing is negated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from lognb.engines.duckdb import values
from lognb.engines.duckdb.values import FIRST_NS, LAST_NS
from lognb.query import And, Not, Or

if TYPE_CHECKING:
    from lognb.engines.duckdb.connect import Params
    from lognb.engines.duckdb.fields import Field, Lookups
    from lognb.query import Clause, Condition, Query


class Fields(Protocol):
    """The field of each name, and the few values that are looked up by index."""

    @property
    def tables(self) -> Lookups: ...

    def __getitem__(self, name: str) -> Field: ...


def where(query: Query, fields: Fields, params: Params) -> str:
    """The condition of a query, "true" for all; raises FieldError and QueryError."""
    parts = []
    if query.since is not None:
        parts.append(f"time >= make_timestamp_ns({params.add(within_range(query.since))})")
    if query.until is not None:
        parts.append(f"time < make_timestamp_ns({params.add(within_range(query.until))})")
    for leaf in query.leaves():
        if leaf.op == "~":
            fields.tables.check_pattern(str(leaf.value))
    parts += [of_clause(c, fields, params) for c in query.conditions]
    return " AND ".join(parts) or "true"


def dear(query: Query) -> bool:
    """Does the query search in text, which costs many times what other comparisons do?"""
    return any(
        c.op in (":", "~") or c.field.startswith("body") or c.field in ("attributes", "resource")
        for c in query.leaves()
    )


def of_clause(clause: Clause, fields: Fields | dict[str, Field], params: Params) -> str:
    """One clause; `fields` gives the field of each name."""
    if isinstance(clause, Not):
        return f"({of_clause(clause.part, fields, params)}) IS NOT TRUE"
    if isinstance(clause, Or | And):
        joined = [of_clause(part, fields, params) for part in clause.parts]
        word, nothing = (" OR ", "false") if isinstance(clause, Or) else (" AND ", "true")
        return f"({word.join(joined)})" if joined else nothing
    return of_condition(clause, fields[clause.field], params)


def of_condition(condition: Condition, field: Field, params: Params) -> str:
    if condition.op == "exists":
        return f"({field.exists(params)})"
    tests = [field.test(op, value, params) for op, value in values.each(condition)]
    test = f"({' OR '.join(tests)})" if tests else "false"
    return f"({test} IS NOT TRUE)" if condition.op == "!=" else test


def within_range(ns: int) -> int:
    """A bound beyond the times that a record can have, to the nearest that it can."""
    return max(FIRST_NS, min(ns, LAST_NS))
