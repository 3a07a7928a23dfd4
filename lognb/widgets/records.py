"""Records as plain JSON for the browser: a page of rows by column, and one record whole, with the type of each value.

Ids and times are decimal strings, since JavaScript's numbers would lose digits; nothing here is HTML.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.query import Condition, Number, Query, format_time
from lognb.schema import FIELDS, JOINED, RECORD

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from lognb.engines.base import Engine

SHOWN: Final = ("record_id", "time", "severity", "service_name", "body")
"""What every row of a page has, under the names ids, time, severity, service and body."""
CUT: Final = 2_000
"""So many characters of a text go with a row; the record whole has all."""

_IDS: Final = ("trace_id", "span_id", "session_id", "user_id", "event_name")
_ORIGIN: Final = ("severity_text", "severity_number", "body_type", "source", "source_position", "size_bytes",
                  "trace_flags", "dropped_attributes_count")  # fmt: skip
_FRAME: Final = re.compile(
    r'\s+at |\s*File "|\s*#\d+ |\s*\.{3} \d+ more|\s+\S+\(.*\)|goroutine \d+|Caused by: |\S.*:\d+( \+0x[0-9a-f]+)?$'
)
_TOKEN: Final = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_DEEP: Final = 20


def page_of(frame: pl.DataFrame, columns: Sequence[str]) -> dict[str, Any]:
    """Rows by column: `ids`, `time` (ns), `severity`, `service`, `body`, and `cells`: the texts of each other field."""
    return {
        "ids": frame["record_id"].cast(pl.String).to_list(),
        "time": frame["time"].cast(pl.Int64).cast(pl.String).to_list(),
        "severity": frame["severity"].cast(pl.String).to_list(),
        "service": frame["service_name"].to_list(),
        "body": _texts(frame["body"]),
        "cells": {name: _texts(frame[name]) for name in columns},
    }


def fields_of_page(columns: Sequence[str]) -> list[str]:
    """The fields to ask the engine for, each once."""
    return list(dict.fromkeys((*SHOWN, *columns)))


def text_of(column: pl.Series) -> pl.Series:
    """Values as people read them and a query takes them; null where there is none."""
    if isinstance(column.dtype, pl.Datetime):
        return pl.Series([None if t is None else format_time(t) for t in column.cast(pl.Int64)], dtype=pl.String)
    return column.cast(pl.String)


def _texts(column: pl.Series) -> list[str | None]:
    text = text_of(column)
    long = text.str.len_chars() > CUT
    return pl.select(pl.when(long).then(text.str.slice(0, CUT) + "…").otherwise(text)).to_series().to_list()


def words_of(query: Query) -> list[str]:
    """The texts that a query looks for in bodies, longest first; those behind NOT are none.

    >>> words_of(Query.parse('"timed out" -retry (order OR user)'))
    ['timed out', 'order', 'user']
    """
    # What stands under NOT is not in any body that is shown, so to mark it does no harm.
    found = {c.value for c in query.leaves() if c.field == "body" and c.op == ":" and isinstance(c.value, str)}
    negated = {c.value for part in query.conditions if str(part).startswith("-") for c in Query((part,)).leaves()}
    return sorted((w for w in found - negated if w), key=lambda w: (-len(w), w))


def record_in(engine: Engine, record_id: int) -> dict[str, Any]:
    """A record whole, by its id, with the session that its trace joins it to; raises QueryError if none has the id."""
    frame = engine.context(record_id, 0, 0)
    same = Query((Condition("record_id", "=", Number(str(record_id))),))
    joined = engine.fetch(same, list(JOINED)).head(1)
    return record_of(frame.hstack(joined), set(engine.field_names()))


def record_of(frame: pl.DataFrame, known: Collection[str]) -> dict[str, Any]:
    """A record whole, from a frame of one row in the columns of FIELDS; `known` are the fields that a query can name.

    `groups` are lists of values: {key, type, text, field, value, children, frames}. `field` names it in a query, and
    `value` is what to compare with, as in a query's JSON; both are missing where a query cannot say it: inside of a
    list, and for all but the last of a repeated key, which `earlier` marks. `frames` counts the lines of what reads
    like a stack trace.
    """
    (found,) = records_of(frame, known)
    return found


def records_of(frame: pl.DataFrame, known: Collection[str]) -> list[dict[str, Any]]:
    """The same of each row."""
    times = [name for name, dtype in RECORD.items() if isinstance(dtype, pl.Datetime)]
    moments = frame.select(pl.col(times).cast(pl.Int64)).to_dicts()
    return [_record(*both, known) for both in zip(frame.drop(times).to_dicts(), moments, strict=True)]


def _record(row: dict[str, Any], times: dict[str, int | None], known: Collection[str]) -> dict[str, Any]:
    body, body_type = row["body"], row["body_type"]
    pretty = _pretty(body) if body is not None and body_type != "bytes" else None
    trees = [
        ("attributes", _members(row["attributes"], "attributes", known)),
        ("resource", _members(row["resource"], "resource", known)),
        ("scope", [*_columns(row, ("scope_name", "scope_version")), *_members(row["scope_attributes"], None, known)]),
    ]
    return {
        "id": str(row["record_id"]),
        "time": None if times["time"] is None else str(times["time"]),
        "severity": row["severity"],
        "service": row["service_name"],
        "body": {"text": body, "type": body_type, "pretty": pretty, "frames": _frames(body)},
        "ids": {"trace_id": row["trace_id"], "session_id": row["session"], "user_id": row["user_id"]},
        "groups": [
            {"name": "ids", "values": _columns(row, (*_IDS, *(JOINED if row["session"] != row["session_id"] else ())))},
            *({"name": name, "values": values} for name, values in trees),
            {"name": "times", "values": [_time(name, ns) for name, ns in times.items() if ns is not None]},
            {"name": "origin", "values": _columns(row, _ORIGIN)},
        ],
    }


def _time(name: str, ns: int) -> dict[str, Any]:
    text = format_time(ns)
    return {"key": name, "type": "time", "text": text, "ns": str(ns), "field": name, "value": text}


def _columns(row: dict[str, Any], names: Sequence[str]) -> list[dict[str, Any]]:
    """Columns of the record that are there."""
    out = []
    for name in names:
        value = row[name]
        if value is not None:
            number = not isinstance(value, str)
            said = {"number": str(value)} if number else value
            node = {"key": name, "type": "int" if number else "string", "text": str(value)}
            out.append(node | {"field": name, "value": said})
    return out


class _Members(list[tuple[str, Any]]):
    """A JSON object, its members in order and repeated keys kept."""


def _members(literal: str | None, prefix: str | None, known: Collection[str]) -> list[dict[str, Any]]:
    """The members of attributes or resource; a `prefix` of None has no fields."""
    try:
        found = json.loads(literal or "{}", object_pairs_hook=_Members, parse_int=_Int, parse_float=_Double)
    except (ValueError, RecursionError):
        return [{"key": "", "type": "string", "text": literal}]
    last = {key: i for i, (key, _) in enumerate(found)}
    out = []
    for i, (key, value) in enumerate(found):
        node = {"key": key, **_node(value, 0)}
        if last[key] != i:
            node["earlier"] = True
        field = _named(key, prefix, known)
        if last[key] != i or field is None:
            node.pop("value", None)
        else:
            node["field"] = field
        out.append(node)
    return out


class _Int(str):
    """An integer as it is written, whatever its size."""


class _Double(str):
    """A number with a fraction as it is written."""


def _node(value: Any, depth: int) -> dict[str, Any]:
    """Type, text and, where a query can compare with it, value of what JSON holds."""
    if isinstance(value, _Int | _Double):
        text = str(value)
        return {"type": "int" if isinstance(value, _Int) else "double", "text": text, "value": {"number": text}}
    if isinstance(value, str):
        return {"type": "string", "text": value, "value": value, "frames": _frames(value)}
    if isinstance(value, bool):
        return {"type": "bool", "text": "true" if value else "false", "value": value}
    if value is None:
        return {"type": "empty", "text": ""}
    if isinstance(value, _Members) and len(value) == 1 and value[0][0] in ("$bytes", "$double"):
        return {"type": value[0][0][1:], "text": str(value[0][1])}
    pairs = value if isinstance(value, _Members) else [(str(i), v) for i, v in enumerate(value)]
    kind = "kvlist" if isinstance(value, _Members) else "array"
    if depth >= _DEEP:
        return {"type": kind, "text": _written(value)}
    children = [{"key": key, **_node(inner, depth + 1)} for key, inner in pairs]
    return {"type": kind, "text": f"{len(children):,}", "children": children}


def _written(value: Any) -> str:
    """What lies too deep for a tree, as JSON."""
    if isinstance(value, _Members):
        return "{" + ",".join(f"{json.dumps(k)}:{_written(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_written, value)) + "]"
    return str(value) if isinstance(value, _Int | _Double) else json.dumps(value, ensure_ascii=False)


def _named(key: str, prefix: str | None, known: Collection[str]) -> str | None:
    """How a query names an attribute: by its bare key, or with its origin where that would be another field."""
    if prefix is None:
        return None
    exact = f"{prefix}.{key}"
    if exact in known or key in FIELDS:
        return exact
    return key if key in known else None


def _frames(text: str | None) -> int:
    """How many lines of a text are frames of a stack: if most of at least three lines are, or it says so of itself.

    >>> _frames('Traceback (most recent call last):\\n  File "a.py", line 3, in f\\n    g()\\n    ^^^\\nKeyError: 7')
    1
    """
    lines = (text or "")[:1_000_000].splitlines()
    if lines and lines[0].startswith("Traceback (most recent call last)"):  # between its frames stand lines of code
        return sum(line.startswith('  File "') for line in lines)
    found = sum(_FRAME.match(line) is not None for line in lines[1:])
    return found if len(lines) > 2 and found * 2 >= len(lines) - 1 else 0


def _pretty(text: str) -> str | None:
    """A JSON object or list with a line for each member, its spelling and repeated keys as they are; None for others.

    >>> print(_pretty('{"a":1.0,"a":[],"b":{"c":"x"}}'))
    {
      "a": 1.0,
      "a": [],
      "b": {
        "c": "x"
      }
    }
    """
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return None
    out: list[str] = []
    depth = 0
    before = ""
    for token in _TOKEN.findall(text):
        closing = token in ("}", "]")
        depth -= closing
        if before == "," or (before in ("{", "[") and not closing) or (closing and before not in ("{", "[")):
            out.append("\n" + "  " * depth)
        out.append(": " if token == ":" else token)
        depth += token in ("{", "[")
        before = token
    return "".join(out)
