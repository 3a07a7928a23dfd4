"""What a click on a value makes of a query; pure."""

from __future__ import annotations

from dataclasses import replace

from lognb.query import Clause, Condition, Not, Query, Value

OPS = ("include", "exclude", "exists", "only")


def narrowed(query: Query, field: str, value: Value | None, op: str) -> Query:
    """The query after a click on a value of a field; a `value` of None is that the field is absent.

    "include" and "only" let through this value alone: the query's own conditions on the field go, as the new one says
    more than they do. "exclude" takes the value out, also from those that were chosen. "exists" asks for any value.

    >>> q = Query.parse("level in (a, b) n>1")
    >>> print(narrowed(q, "level", "a", "include"), "|", narrowed(q, "level", "a", "exclude"))
    n>1 level=a | level=b n>1
    """
    if op == "exists":
        return query & Query((Condition(field, "exists"),))
    if op == "exclude":
        return _excluded(query, field, value)
    own: Clause = Not(Condition(field, "exists")) if value is None else Condition(field, "=", value)
    kept = tuple(c for c in query.conditions if c not in query.own(field))
    return Query((*kept, own), query.since, query.until)


def _excluded(query: Query, field: str, value: Value | None) -> Query:
    if value is None:
        return query & Query((Condition(field, "exists"),))
    taken = Condition(field, "!=", value)
    kept: list[Clause] = []
    chosen = False
    for clause in query.conditions:
        if clause == Condition(field, "=", value):
            continue
        if isinstance(clause, Condition) and clause.field == field and clause.op == "in":
            values = clause.value if isinstance(clause.value, tuple) else ()
            # A value may be there twice, as what the text of an id can be written as.
            rest = tuple(v for v in values if Condition(field, "!=", v) != taken)
            chosen = chosen or len(rest) != len(values)
            if len(rest) == 1:
                kept.append(Condition(field, "=", rest[0]))
            elif rest:
                kept.append(replace(clause, value=rest))
            continue
        kept.append(clause)
    if chosen:
        return Query(tuple(kept), query.since, query.until)
    return Query((*kept, *(() if taken in kept else (taken,))), query.since, query.until)
