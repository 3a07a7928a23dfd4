"""Which records and span events tell of an exception: one scan gives the row and a hash of what it tells.

What varies from record to record is taken out before hashing, so that a text is read in Python once for all records
that tell the same, whatever their number.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.engines.base import TOLD, Exceptions
from lognb.engines.duckdb import split
from lognb.engines.duckdb.connect import Params, array
from lognb.errors import FieldError
from lognb.schema import EXCEPTION_KEYS, RELEASE_KEYS, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.base import Pieces, Signs
    from lognb.engines.duckdb.engine import DuckDB

SPANS: Final = {
    "code": pl.Int64(), "time": TIME, "trace_id": pl.String(), "span_id": pl.String(), "service_name": pl.String(),
    "session_id": pl.String(), "user_id": pl.String(), "release": pl.String(), "told": pl.Boolean(),
}  # fmt: skip
# Where a JSON body has its message and its stack; the first that it has.
_MESSAGES: Final = ("msg", "message", "event", "error", "log", "text")
_STACKS: Final = (
    "err.stack",
    "error.stack",
    "error.stack_trace",
    "stack",
    "stack_trace",
    "exc_info",
    "exception",
    "trace",
)
_SEVERE: Final = "severity IN ('error', 'fatal')"
_QUIET: Final = "severity IN ('trace', 'debug', 'info')"


def found(engine: DuckDB, signs: Signs, pieces: Pieces | None) -> Exceptions:
    """See engines.base.Engine.exceptions."""
    rows, hashes, strong = _scan(engine, signs, join_lines=pieces is not None)
    lines = split.joined(engine, rows[strong], signs, pieces)
    mine = ~strong | (hashes != 0)
    rows, hashes = rows[mine], hashes[mine]
    if len(lines.rows):
        apart = ~np.isin(rows, lines.rows)
        rows, hashes = rows[apart], hashes[apart]
    first, codes = _distinct(hashes)
    texts = [_texts(engine, rows[first], signs)]
    spans, told = _spans(engine, signs)
    texts += [lines.texts, told]
    all_rows = np.concatenate([rows, lines.rows])
    order = np.argsort(all_rows, kind="stable")
    all_codes = np.concatenate([codes, lines.codes + len(first)])
    heads = np.concatenate([np.ones(len(rows), np.bool_), lines.heads])
    at = len(first) + lines.texts.height
    return Exceptions(
        all_rows[order],
        all_codes[order],
        heads[order],
        pl.concat([frame.select(TOLD) for frame in texts]),
        spans.with_columns(pl.col("code") + at),
        (int(lines.heads.sum()), len(lines.rows)),
    )


def _distinct(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Where each distinct hash is first, in that order, and which of them each is."""
    _, first, codes = np.unique(hashes, return_index=True, return_inverse=True)
    rank = np.empty(len(first), np.int64)
    rank[np.argsort(first)] = np.arange(len(first))
    return np.sort(first), rank[codes.reshape(-1)]


def _scan(
    engine: DuckDB, signs: Signs, *, join_lines: bool
) -> tuple[NDArray[np.int64], NDArray[np.uint64], NDArray[np.bool_]]:
    """Rows, hashes of what they tell (0: nothing but a line of a stack), and whether they are such a line."""
    params = Params()
    parts = _parts(engine, signs, params)
    line = (
        f"(NOT contains(body, chr(10)) AND regexp_matches(body, {params.add(signs.line)}))" if join_lines else "false"
    )
    plain = f"CASE WHEN {_SEVERE} THEN {parts['masked']} END"
    number = params.add(signs.numbers)
    varying = [f"regexp_replace({parts[n]}, {number}, '0', 'g')" for n in ("message", "stack", "listed")]
    body = f"CASE WHEN stacked THEN regexp_replace(body, {number}, '0', 'g') WHEN NOT told THEN {plain} END"
    told = f"({parts['told']})"
    statement = (
        f"SELECT row, CASE WHEN told OR stacked OR severe THEN greatest(hash({parts['type']}, {', '.join(varying)}, "
        f"{body}, severe), 1) ELSE 0 END::UBIGINT AS h, line FROM (SELECT *, {engine.rowid} AS row, {told} AS told, "
        f"{parts['stacked']} AS stacked, {_SEVERE} AS severe, {line} AS line FROM store.logs) "
        "WHERE told OR stacked OR severe OR line"
    )
    out: tuple[list[Any], list[Any], list[Any]] = ([], [], [])
    for batch in engine.stream(statement, params):
        for i, kind in enumerate((np.int64, np.uint64, np.bool_)):
            out[i].append(array(batch.column(i)).astype(kind))
    if not out[0]:
        return np.empty(0, np.int64), np.empty(0, np.uint64), np.empty(0, np.bool_)
    rows, hashes, lines = (np.concatenate(o) for o in out)
    order = np.argsort(rows, kind="stable")
    return rows[order], hashes[order], lines[order]


def _parts(engine: DuckDB, signs: Signs, params: Params) -> dict[str, str]:
    """SQL for what a record tells: its type, message, stack and list, NULL where absent; and whether it tells any."""
    out: dict[str, str] = {}
    for part, keys in EXCEPTION_KEYS.items():
        out[part] = _first(engine, keys, params)
    out["platform"] = _first(engine, ("platform",), params)
    stack = f"({out['stack']} IS NOT NULL AND NOT {_QUIET})"  # some loggers give a stack to each record
    out["told"] = " OR ".join([*(f"{out[p]} IS NOT NULL" for p in ("type", "listed") if out[p] != _NONE), stack])
    many, escaped = params.add(signs.stack), params.add(signs.escaped)
    out["stacked"] = (
        f"coalesce(CASE WHEN contains(body, chr(10)) THEN regexp_matches(body, {many}) "
        f"WHEN contains(body, '\\n') THEN regexp_matches(body, {escaped}) ELSE false END, false)"
    )
    said = ", ".join(f"json_extract_string(body, {params.add(f'$.{name}')})" for name in _MESSAGES)
    line = f"CASE WHEN starts_with(body, '{{') AND json_valid(body) THEN coalesce({said}, body) ELSE body END"
    mask, length = params.add(signs.mask), params.add(signs.length)
    first = f"left(split_part(ltrim(coalesce({line}, event_name, ''), ' \t\n\r'), chr(10), 1), {length})"
    out["masked"] = f"regexp_replace({first}, {mask}, '<*>', 'g')"
    return out


_NONE: Final = "NULL::VARCHAR"


def _first(engine: DuckDB, keys: tuple[str, ...], params: Params) -> str:
    """The text of the first attribute of some keys that a record has."""
    known = [engine.field(f"attributes.{key}").text(params) for key in keys if engine.catalog.attribute(key)]
    return f"coalesce({', '.join(known)})" if len(known) > 1 else known[0] if known else _NONE


def _texts(engine: DuckDB, rows: NDArray[np.int64], signs: Signs) -> pl.DataFrame:
    """What some rows tell, in the order of `rows`."""
    if not len(rows):
        return pl.DataFrame(schema=dict.fromkeys(TOLD, pl.String()))
    params = Params()
    parts = _parts(engine, signs, params)
    nested = [f"json_extract_string(body, {params.add(f'$.{path}')})" for path in _STACKS]
    stack = f"CASE WHEN starts_with(body, '{{') AND json_valid(body) THEN coalesce({', '.join(nested)}) END"
    select = ", ".join(f"{parts[n]} AS {n}" for n in ("type", "message", "listed", "platform", "masked"))
    order = np.argsort(rows, kind="stable")
    listed = engine.joined(rows[order], params)
    frame = engine.frame(
        f"SELECT {engine.rowid} AS row, {select}, coalesce({parts['stack']}, CASE WHEN {parts['stacked']} THEN "
        f"coalesce({stack}, body) END) AS stack, body, CASE WHEN {_SEVERE} THEN 'true' END AS severe {listed} "
        f"ORDER BY {engine.rowid}",
        params,
    )
    return frame[np.argsort(order)].select(pl.col(name).cast(pl.String) for name in TOLD)


def _spans(engine: DuckDB, signs: Signs) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The exceptions among span events, and their distinct texts; `code` is a row of those."""
    params = Params()
    number = params.add(signs.numbers)
    said = {
        part: f"json_extract_string(e, {params.add('$.attributes.' + json.dumps(f'exception.{key}'))})"
        for part, key in (("type", "type"), ("message", "message"), ("stack", "stacktrace"))
    }
    frame = engine.frame(
        f"WITH x AS (SELECT *, unnest(from_json(events, '[\"JSON\"]')) AS e FROM store.spans "
        "WHERE contains(events, '\"exception')), "
        f"y AS (SELECT *, {', '.join(f'{sql} AS {part}' for part, sql in said.items())} FROM x "
        "WHERE json_extract_string(e, '$.name') = 'exception') "
        "SELECT coalesce(try_cast(json_extract_string(e, '$.time') AS BIGINT), epoch_ns(start)) AS time, trace_id, "
        "span_id, service_name, coalesce(session_id, trace_session) AS session_id, user_id, attributes, resource, "
        "type, message, stack, "
        f"hash(type, regexp_replace(message, {number}, '0', 'g'), regexp_replace(stack, {number}, '0', 'g')) AS h "
        "FROM y WHERE coalesce(type, message, stack) IS NOT NULL ORDER BY time, trace_id, span_id",
        params,
    )
    frame = frame.with_columns(pl.col(c).cast(pl.String) for c in ("type", "message", "stack"))
    texts = frame.unique("h", keep="first", maintain_order=True)
    codes = texts.select("h", pl.int_range(pl.len(), dtype=pl.Int64).alias("code"))
    spans = frame.join(codes, on="h", how="left", maintain_order="left").with_columns(
        pl.col("time").cast(TIME), _release().alias("release"), pl.lit(value=False).alias("told")
    )
    empty, told_by = pl.lit(None, pl.String), ("type", "message", "stack")
    told = texts.with_columns(*(empty.alias(n) for n in TOLD if n not in told_by))
    return spans.select(pl.col(n).cast(t) for n, t in SPANS.items()), told.select(TOLD)


def _release() -> pl.Expr:
    """The release that a span's attributes or resource name, both JSON texts."""
    paths = [pl.col(c).str.json_path_match(f'$["{key}"]') for key in RELEASE_KEYS for c in ("attributes", "resource")]
    return pl.coalesce(paths)


def release_sql(engine: DuckDB, params: Params) -> str:
    """The release of a record as text."""
    known = []
    for key in RELEASE_KEYS:
        try:
            known.append(engine.field(key).text(params))
        except FieldError:
            continue
    return f"coalesce({', '.join(known)})" if len(known) > 1 else known[0] if known else _NONE
