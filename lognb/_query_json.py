"""The JSON form of a query: plain values that a browser can hold and a link can carry; reading takes nothing on trust.

- query: {"conditions": [clause, …], "since": "2026-11-03T09:00:00Z", "until": …}; a bound that is none is left out
- clause: {"field", "op", "value"}, {"not": clause}, {"or": [clause, …]} or {"and": [clause, …]}
- value: text, true, false, {"number": "1.50"} as it was written, or a plain number; a list of them for "in"
"""

from __future__ import annotations

from typing import Any

from lognb._clauses import DEPTH, And, Clause, Condition, Not, Or
from lognb._literals import Number, Value, format_time, parse_time
from lognb.errors import QueryError


def write(conditions: tuple[Clause, ...], since: int | None, until: int | None) -> dict[str, Any]:
    out: dict[str, Any] = {"conditions": [_clause(c) for c in conditions]}
    return out | {k: format_time(t) for k, t in (("since", since), ("until", until)) if t is not None}


def read(value: Any) -> tuple[tuple[Clause, ...], int | None, int | None]:
    """Conditions, since, until; raises QueryError for what `write` does not make."""
    _members(value, {"conditions"}, {"since", "until"})
    clauses = tuple(_read_clause(c, 0) for c in _list(value["conditions"], "conditions"))
    return clauses, _time(value, "since"), _time(value, "until")


def _clause(clause: Clause) -> dict[str, Any]:
    if isinstance(clause, Not):
        return {"not": _clause(clause.part)}
    if isinstance(clause, Or | And):
        return {"or" if isinstance(clause, Or) else "and": [_clause(part) for part in clause.parts]}
    out: dict[str, Any] = {"field": clause.field, "op": clause.op}
    if isinstance(clause.value, tuple):
        return out | {"value": [_value(v) for v in clause.value]}
    return out if clause.value is None else out | {"value": _value(clause.value)}


def _value(value: object) -> Any:
    return {"number": value.text} if isinstance(value, Number) else value


def _read_clause(value: Any, depth: int) -> Clause:
    if depth > DEPTH:
        raise QueryError(f"nested deeper than {DEPTH} levels")
    if not isinstance(value, dict):
        raise QueryError(f"a clause is an object, not {_what(value)}")
    if "not" in value:
        _members(value, {"not"})
        return Not(_read_clause(value["not"], depth + 1))
    for kind, make in (("or", Or), ("and", And)):
        if kind in value:
            _members(value, {kind})
            return make(tuple(_read_clause(part, depth + 1) for part in _list(value[kind], kind)))
    _members(value, {"field", "op"}, {"value"})
    found = value.get("value")
    if found is None:
        return Condition(value["field"], value["op"])
    read_value = tuple(map(_read_value, found)) if isinstance(found, list) else _read_value(found)
    return Condition(value["field"], value["op"], read_value)


def _read_value(value: Any) -> Value | int | float:
    if isinstance(value, dict):
        _members(value, {"number"})
        if not isinstance(value["number"], str):
            raise QueryError(f'"number" is the number as text, not {_what(value["number"])}')
        return Number(value["number"])
    if isinstance(value, str | bool | int | float):
        return value
    raise QueryError(f"a value is text, a number, true or false, not {_what(value)}")


def _members(value: Any, needed: set[str], allowed: set[str] = frozenset()) -> None:  # type: ignore[assignment]
    if not isinstance(value, dict):
        raise QueryError(f"a query is an object, not {_what(value)}")
    if missing := sorted(needed - value.keys()):
        raise QueryError(f"the query lacks {missing[0]!r}")
    if more := [key for key in value if key not in needed | allowed]:
        raise QueryError(f"a query knows no {str(more[0])[:100]!r} beside {sorted(needed | allowed)}")


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise QueryError(f"{name!r} is a list, not {_what(value)}")
    return value


def _time(value: dict[str, Any], name: str) -> int | None:
    if name not in value:
        return None
    at = parse_time(value[name]) if isinstance(value[name], str) else None
    if at is None:
        raise QueryError(f"{name!r} is no ISO time: {str(value[name])[:100]!r}")
    return at


def _what(value: Any) -> str:
    return {dict: "an object", list: "a list", str: "text", type(None): "null"}.get(type(value), type(value).__name__)
