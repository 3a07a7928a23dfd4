"""Which fields a store has: the flat columns of each attribute, the kinds in the lists, the keys of resources."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lognb.engines.duckdb.connect import rows
from lognb.schema import FIELDS, flat_split

if TYPE_CHECKING:
    import duckdb

# The kind of the JSON literal `x`; the tags are those of Batch's pairs.
KIND_OF: Final = """CASE WHEN starts_with(x, '"') THEN 'string' WHEN x IN ('true', 'false') THEN 'bool'
WHEN x = 'null' THEN 'empty' WHEN starts_with(x, '[') THEN 'array' WHEN starts_with(x, '{"$bytes":') THEN 'bytes'
WHEN starts_with(x, '{"$double":') THEN 'double' WHEN starts_with(x, '{') THEN 'kvlist'
WHEN regexp_matches(x, '[.eE]') THEN 'double' ELSE 'int' END"""


@dataclass
class Catalog:
    """Names of fields; `flats[key][kind]` is a column, `rest[key]` and `resource[key]` are the kinds seen there."""

    flats: dict[str, dict[str, str]] = field(default_factory=dict)
    rest: dict[str, set[str]] = field(default_factory=dict)
    resource: dict[str, set[str]] = field(default_factory=dict)

    def attribute(self, key: str) -> bool:
        return key in self.flats or key in self.rest

    def kinds(self, key: str) -> set[str]:
        """The kinds of an attribute's values, null left out."""
        return (set(self.flats.get(key, ())) | self.rest.get(key, set())) - {"empty"}

    def names(self) -> list[str]:
        """Columns, then attributes, then resource keys that no attribute hides."""
        keys = sorted({*self.flats, *self.rest} - set(FIELDS))
        shared = set(FIELDS) | set(keys)
        return [*FIELDS, *keys, *(k if k not in shared else f"resource.{k}" for k in sorted(self.resource))]


def write(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `keys`: one row per (key, kind) in the lists and in resources."""
    con.execute(
        f"CREATE TABLE store.keys AS "
        f"SELECT 'attribute' AS origin, k AS key, {KIND_OF} AS kind, count(*) AS n "
        f"FROM (SELECT unnest(attr_keys) AS k, unnest(attr_values) AS x FROM store.logs) GROUP BY ALL "
        f"UNION ALL SELECT 'resource', key, {KIND_OF}, count(*) "
        f"FROM (SELECT key, value AS x FROM store.resource_attrs) GROUP BY ALL"
    )


def load(con: duckdb.DuckDBPyConnection) -> Catalog:
    out = Catalog()
    for (column,) in rows(con, "SELECT column_name FROM (DESCRIBE store.logs)"):
        split = flat_split(column)
        if split is not None:
            out.flats.setdefault(split[0], {})[split[1]] = column
    for origin, key, kind in rows(con, "SELECT origin, key, kind FROM store.keys"):
        (out.rest if origin == "attribute" else out.resource).setdefault(key, set()).add(kind)
    return out
