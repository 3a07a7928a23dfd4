"""Bytes by the value of a field: what records take up, what is billed, what would remain.

The rule of billing is `compute_kafka_log_row_bytes` in PostHog's rust/capture-logs/src/log_record.rs, as of commit
010d54d: the bytes of the body, and of keys and values of the resource and the attributes as JSON texts, where a
repeated key counts once; scope and event name only where they are longer than 50 bytes. A resource without
service.name is given an empty one.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.engines.duckdb.connect import name as quoted
from lognb.engines.duckdb.values import flat_literal

if TYPE_CHECKING:
    from lognb.engines.duckdb.connect import Params
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_START: Final = 200  # characters of a body that are shown
_SCHEMA: Final = {
    "by": pl.String(), "records": pl.UInt64(), "bytes": pl.Int64(), "billed_bytes": pl.Int64(),
    "largest_bytes": pl.Int64(), "largest_record_id": pl.UInt64(), "largest_body": pl.String(),
    "records_after": pl.UInt64(), "billed_bytes_after": pl.Int64(),
}  # fmt: skip


def counted(
    engine: DuckDB, query: Query, by: str, top: int, drop: Query | None, thin: tuple[int, Query] | None
) -> pl.DataFrame:
    """See engines.base.Engine.usage."""
    with engine.within(query) as (where, params):
        value = engine.field(by).text(params)
        rest = params.add(int(top))
        frame = engine.frame(
            f"WITH r AS (SELECT {value} AS value, record_id, {engine.rowid} AS row, coalesce(size_bytes, 0) AS size, "
            f"{_billed(engine, params)} AS billed, {_kept(engine, drop, thin, params)} AS kept "
            f"FROM store.logs WHERE {where}), "
            "g AS MATERIALIZED (SELECT value, count(*) AS records, sum(size) AS bytes, sum(billed) AS billed, "
            "count(*) FILTER (kept) AS records_after, coalesce(sum(billed) FILTER (kept), 0) AS billed_after, "
            # Of equal sizes the first in the table, whatever the threads do.
            "max((size, -row, record_id)) AS largest FROM r GROUP BY value), "
            "v AS (SELECT *, row_number() OVER (ORDER BY bytes DESC, value) AS place FROM g), "
            f"t AS (SELECT CASE WHEN place <= {rest} THEN value ELSE 'other (' || (SELECT count(*) - {rest} FROM v) || "
            f"' more)' END AS \"by\", least(place, {rest} + 1) AS place, sum(records) AS records, sum(bytes) AS bytes, "
            "sum(billed) AS billed_bytes, max(largest) AS largest, sum(records_after) AS records_after, "
            "sum(billed_after) AS billed_bytes_after FROM v GROUP BY 1, 2) "
            'SELECT "by", records, bytes, billed_bytes, largest[1] AS largest_bytes, largest[3] AS largest_record_id, '
            f"left(l.body, {_START}) AS largest_body, records_after, billed_bytes_after "
            f"FROM t LEFT JOIN (SELECT {engine.rowid} AS row, body FROM store.logs) l ON l.row = -t.largest[2] "
            "ORDER BY place",
            params,
        )
    return frame.cast(_SCHEMA)  # type: ignore[arg-type]


def _billed(engine: DuckDB, params: Params) -> str:
    resources = [_resource_bytes(text) for text in engine.resource_texts()]
    return " + ".join(
        [
            "coalesce(strlen(body), 0)",
            "CASE WHEN body_type = 'bytes' THEN 2 ELSE 0 END",  # a JSON text has quotes
            f"coalesce(list_extract({params.add(resources)}::BIGINT[], resource_ix::BIGINT + 1), 0)",
            _if_long("coalesce(scope_name, '') || '@' || coalesce(scope_version, '')"),
            _if_long("coalesce(event_name, '')"),
            *_attributes(engine, params),
        ]
    )


def _attributes(engine: DuckDB, params: Params) -> list[str]:
    catalog = engine.catalog
    place = "attr_values[list_position(attr_keys, {})]"
    pair = f"strlen(k) + strlen({place.format('k')})"
    # A repeated key counts once, with its last value, which stands first in the lists or is flat.
    rest = f"list_sum(list_transform(list_distinct(attr_keys), lambda k: {pair}))"
    parts = [f"CASE WHEN len(attr_keys) > 0 THEN {rest} ELSE 0 END"]
    for key, kinds in catalog.flats.items():
        length = len(key.encode())
        for kind, column in kinds.items():
            literal = f"strlen({flat_literal(kind, quoted(column))})"
            parts.append(f"CASE WHEN {quoted(column)} IS NOT NULL THEN {length} + {literal} ELSE 0 END")
        if key in catalog.rest:
            flat = " OR ".join(f"{quoted(c)} IS NOT NULL" for c in kinds.values())
            twice = f"({flat}) AND list_contains(attr_keys, {params.add(key)})"
            parts.append(f"CASE WHEN {twice} THEN -{length} - strlen({place.format(params.add(key))}) ELSE 0 END")
    return parts


def _if_long(text: str) -> str:
    return f"CASE WHEN strlen({text}) > 50 THEN strlen({text}) ELSE 0 END"


def _resource_bytes(text: str | None) -> int:
    values = json.loads(text or "{}")
    values.setdefault("service.name", "")
    texts = (json.dumps(v, ensure_ascii=False, separators=(",", ":")) for v in values.values())
    return sum(len(k.encode()) for k in values) + sum(len(t.encode("utf-8", "surrogatepass")) for t in texts)


def _kept(engine: DuckDB, drop: Query | None, thin: tuple[int, Query] | None, params: Params) -> str:
    parts = []
    if drop is not None:
        parts.append(f"({engine.where(drop, params)}) IS NOT TRUE")
    if thin is not None:
        n, chosen = thin
        # MD5, since DuckDB's own hash may change with its version; of it the last eight bytes, the last one highest.
        lot = f"md5_number_lower(record_id::VARCHAR) % {params.add(int(n))} = 0"
        parts.append(f"(({engine.where(chosen, params)}) IS NOT TRUE OR {lot})")
    return " AND ".join(parts) or "true"
