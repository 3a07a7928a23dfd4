"""Which fields the records of a query have, how often, and how many values each has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lognb.engines.duckdb.catalog import KIND_OF
from lognb.engines.duckdb.connect import Params, name
from lognb.schema import FIELDS

if TYPE_CHECKING:
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

Row = tuple[str, str, int, int, str]

_ORDER: Final = ("string", "int", "double", "bool", "array", "kvlist", "bytes")
_TYPES: Final = {"UInt64": "int", "UInt32": "int", "UInt8": "int", "Int64": "int", "String": "string"}


def survey(engine: DuckDB, query: Query) -> list[Row]:
    """Rows: field, origin, records that have it, distinct values, types; what no record has is left out.

    Columns in the order of FIELDS, then attributes and resource keys, most frequent first. A resource key that a
    column or an attribute hides has its exact name, `resource.<key>`.
    """
    attributes, resources = _attributes(engine, query), _resources(engine, query)
    hidden = (
        set(FIELDS)
        | {row[0] for row in attributes}
        | {k for k in engine.catalog.resource if engine.catalog.attribute(k)}
    )
    attributes = [(f"attributes.{row[0]}" if row[0] in FIELDS else row[0], *row[1:]) for row in attributes]
    resources = [(f"resource.{row[0]}" if row[0] in hidden else row[0], *row[1:]) for row in resources]
    return [*_columns(engine, query), *attributes, *resources]


def _columns(engine: DuckDB, query: Query) -> list[Row]:
    """The whole objects have no number of values: to compare them all would cost more than it tells."""
    names = [n for n in FIELDS if n not in ("attributes", "resource", "scope_attributes")]
    params = Params()
    sql = ", ".join(f"count({x}), count(DISTINCT {x})" for x in (_stored(engine, n) for n in names))
    found = engine.rows(f"SELECT {sql} FROM store.logs WHERE {engine.where(query, params)}", params)[0]
    rows = zip(names, found[::2], found[1::2], strict=True)
    return [
        (n, "column", have, values, _TYPES.get(str(FIELDS[n]), "time" if "time" in n else "string"))
        for n, have, values in rows
        if have
    ]


def _stored(engine: DuckDB, column: str) -> str:
    return "source_ix" if column == "source" else engine.field(column).typed(Params())


def _attributes(engine: DuckDB, query: Query) -> list[Row]:
    """One pass over the flat columns, one over the lists; a value in both places is one value."""
    params = Params()
    where = engine.where(query, params)
    flats = [(key, kind, name(c)) for key, kinds in engine.catalog.flats.items() for kind, c in kinds.items()]
    have: dict[str, int] = {}
    values: dict[str, int] = {}
    kinds: dict[str, set[str]] = {}
    if flats:
        sql = ", ".join(f"count({c}), count(DISTINCT {c})" for _, _, c in flats)
        found = engine.rows(f"SELECT {sql} FROM store.logs WHERE {where}", params)[0]
        for (key, kind, _), n, distinct in zip(flats, found[::2], found[1::2], strict=True):
            if n:
                have[key], values[key] = have.get(key, 0) + n, values.get(key, 0) + distinct
                kinds.setdefault(key, set()).add(kind)
    for key, kind, n, distinct in engine.rows(_lists_sql(engine, where, params), params):
        have[key], values[key] = have.get(key, 0) + n, values.get(key, 0) + distinct
        kinds.setdefault(key, set()).add(kind)
    rows = [(k, "attribute", n, values[k], ", ".join(t for t in _ORDER if t in kinds[k])) for k, n in have.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0]))


def _lists_sql(engine: DuckDB, where: str, params: Params) -> str:
    """(key, kind, records, distinct values that no flat column holds) of the pairs in the lists that count."""
    flat = "false"
    if engine.catalog.flats:
        cases = " ".join(
            f"WHEN {params.add(key)} THEN " + " OR ".join(f"{name(c)} IS NOT NULL" for c in kinds.values())
            for key, kinds in engine.catalog.flats.items()
        )
        flat = f"CASE k {cases} ELSE false END"
    pairs = f"SELECT *, unnest(range(1, len(attr_keys) + 1)) AS i FROM store.logs WHERE {where}"
    return (
        f"SELECT k, {KIND_OF} AS kind, count(*), count(DISTINCT x) "
        f"FROM (SELECT *, attr_values[i] AS x FROM (SELECT *, attr_keys[i] AS k FROM ({pairs})) "
        f"WHERE list_position(attr_keys, k) = i AND NOT ({flat})) WHERE x <> 'null' GROUP BY ALL"
    )


def _resources(engine: DuckDB, query: Query) -> list[Row]:
    params = Params()
    sql = (
        f"SELECT key, sum(n)::BIGINT, count(DISTINCT x), list(DISTINCT {KIND_OF}) "
        "FROM (SELECT a.key, a.value AS x, n FROM "
        f"(SELECT resource_ix, count(*) AS n FROM store.logs WHERE {engine.where(query, params)} GROUP BY 1) "
        "JOIN store.resource_attrs a USING (resource_ix) WHERE a.value <> 'null') GROUP BY key ORDER BY 2 DESC, key"
    )
    return [
        (key, "resource", have, values, ", ".join(t for t in _ORDER if t in kinds))
        for key, have, values, kinds in engine.rows(sql, params)
    ]
