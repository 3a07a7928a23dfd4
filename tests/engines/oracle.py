"""Query logic in plain Python over the records themselves: what the engine must agree with."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from lognb.query import And, Condition, Not, Number, Or, parse_time
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from factory import Rec

    from lognb.query import Clause, Query

COLUMNS = ("time", "severity", "service_name", "body", "trace_id", "source", "source_position", "user_id")


def link(records: Iterable[Rec], spans: Sequence[tuple[str, str | None]] = ()) -> None:
    """Give each record the `session` and `joined_by` that it has among these records and (trace, session) of spans."""
    said: dict[str, set[str]] = {}
    for trace, session in [*((r.trace, r.session) for r in records), *spans]:
        if trace is not None and session is not None:
            said.setdefault(trace, set()).add(session)
    for r in records:
        of_trace = said.get(r.trace or "", set())
        if r.session is not None:
            r.linked = r.session, "session id"
        else:
            r.linked = (next(iter(of_trace)), "trace") if len(of_trace) == 1 else (None, None)


def matches(query: Query, rec: Rec) -> bool:
    time = rec.time if rec.time is not None else rec.observed
    inside = (query.since is None or (time is not None and time >= query.since)) and (
        query.until is None or (time is not None and time < query.until)
    )
    return inside and all(_holds(clause, rec) for clause in query.conditions)


def _holds(clause: Clause, rec: Rec) -> bool:
    if isinstance(clause, Not):
        return not _holds(clause.part, rec)
    if isinstance(clause, Or):
        return any(_holds(part, rec) for part in clause.parts)
    if isinstance(clause, And):
        return all(_holds(part, rec) for part in clause.parts)
    return _condition(clause, rec)


def _condition(condition: Condition, rec: Rec) -> bool:
    value, is_column = _value(condition.field, rec)
    op, wanted = condition.op, condition.value
    if op == "exists":
        return value is not None
    if op == "!=":
        return not _condition(Condition(condition.field, "=", wanted), rec)
    if op == "in":
        return any(_condition(Condition(condition.field, "=", w), rec) for w in wanted)  # type: ignore[union-attr]
    if value is None:
        return False
    if condition.field == "severity" and op in ("<", "<=", ">", ">="):
        left, right = LEVELS.index(value), LEVELS.index(str(wanted))
        return left > 0 and right > 0 and _compare(op, left, right)
    if condition.field == "time":
        return _compare(op, value, parse_time(str(wanted)))
    if is_column and isinstance(value, str) and not isinstance(wanted, str):
        wanted = wanted.text if isinstance(wanted, Number) else str(wanted).lower()
    if isinstance(wanted, Number):
        number = json.loads(wanted.text)
        return isinstance(value, int | float) and not isinstance(value, bool) and _compare(op, value, number)
    if op in (":", "~"):
        found = re.search(str(wanted), value, re.IGNORECASE) if op == "~" and isinstance(value, str) else None
        return isinstance(value, str) and (found is not None if op == "~" else str(wanted).lower() in value.lower())
    return type(value) is type(wanted) and (op == "=" or isinstance(value, str)) and _compare(op, value, wanted)


def _compare(op: str, left: Any, right: Any) -> bool:
    return bool(
        {"=": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}[op]
    )


def _value(field: str, rec: Rec) -> tuple[Any, bool]:
    """The value that a comparison sees, with the numbers that JSON cannot say as floats; is it a column's?"""
    columns = {
        "time": rec.time if rec.time is not None else rec.observed, "severity": rec.severity, "body": rec.body,
        "service_name": rec.service, "trace_id": rec.trace, "source": rec.source, "source_position": rec.position,
        "session_id": rec.session, "user_id": rec.user, "session": rec.linked[0], "joined_by": rec.linked[1],
    }  # fmt: skip
    if field in columns:
        return columns[field], True
    if field.startswith("body."):
        return _in_body(rec.body, field[5:]), False
    if field.startswith("resource."):
        return json.loads(rec.resource).get(field[9:]), False
    if field.startswith("attributes."):
        return _plain(_own(rec, field[11:])), False
    return _plain(rec.value(field)), False


def _own(rec: Rec, key: str) -> Any:
    found = [(kind, text) for k, kind, text in rec.attributes if k == key]
    return None if not found else found[-1][1] if found[-1][0] == "string" else json.loads(found[-1][1])


def _plain(value: Any) -> Any:
    if isinstance(value, dict) and set(value) == {"$double"}:
        return float(value["$double"].replace("Infinity", "inf"))
    return value


def _in_body(body: str, path: str) -> Any:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    if not isinstance(found, dict):
        return None
    if path in found:
        return found[path]
    for part in path.split("."):
        found = found.get(part) if isinstance(found, dict) else None
    return found
