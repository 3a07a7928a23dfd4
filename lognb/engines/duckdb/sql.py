"""Query -> a condition in SQL and its parameters.

NULL counts as false, so AND and OR need no care, and a complement is `(…) IS NOT TRUE`: row groups are still skipped
where nothing is negated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lognb.engines.duckdb import values
from lognb.engines.duckdb.values import FIRST_NS, LAST_NS
from lognb.query import And, Not, Or

if TYPE_CHECKING:
    from lognb.engines.duckdb.connect import Params
    from lognb.engines.duckdb.fields import Fields
    from lognb.query import Clause, Condition, Query


def where(query: Query, fields: Fields, params: Params) -> str:
    """The condition of a query, "true" for all; raises FieldError and QueryError."""
    parts = []
    if query.since is not None:
        parts.append(f"time >= make_timestamp_ns({params.add(_within(query.since))})")
    if query.until is not None:
        parts.append(f"time < make_timestamp_ns({params.add(_within(query.until))})")
    parts += [_clause(c, fields, params) for c in query.conditions]
    return " AND ".join(parts) or "true"


def dear(query: Query) -> bool:
    """Does the query search in text, which costs many times what other comparisons do?"""

    def searches(clause: Clause) -> bool:
        if isinstance(clause, Not):
            return searches(clause.part)
        if isinstance(clause, Or | And):
            return any(map(searches, clause.parts))
        return clause.op in (":", "~") or clause.field.startswith("body") or clause.field in ("attributes", "resource")

    return any(map(searches, query.conditions))


def _clause(clause: Clause, fields: Fields, params: Params) -> str:
    if isinstance(clause, Not):
        return f"({_clause(clause.part, fields, params)}) IS NOT TRUE"
    if isinstance(clause, Or | And):
        joined = [_clause(part, fields, params) for part in clause.parts]
        word, nothing = (" OR ", "false") if isinstance(clause, Or) else (" AND ", "true")
        return f"({word.join(joined)})" if joined else nothing
    return _condition(clause, fields, params)


def _condition(condition: Condition, fields: Fields, params: Params) -> str:
    field = fields[condition.field]
    if condition.op == "exists":
        return f"({field.exists(params)})"
    if condition.op == "~":
        fields.tables.check_pattern(str(condition.value))
    tests = [field.test(op, value, params) for op, value in values.each(condition)]
    test = f"({' OR '.join(tests)})" if tests else "false"
    return f"({test} IS NOT TRUE)" if condition.op == "!=" else test


def _within(ns: int) -> int:
    """A bound beyond the times that a record can have, to the nearest that it can."""
    return max(FIRST_NS, min(ns, LAST_NS))
