"""Names -> fields, and what a field is in SQL: a test, whether it exists, its text, its typed value.

All of it is scalar expressions over one row of `store.logs`, so the order of the table is never lost to a join. The
few values of resources and sources are tested once each, or bound as a list that the row's index looks up.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Protocol

import polars as pl

from lognb.engines.duckdb import values
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.connect import name as quoted
from lognb.engines.duckdb.joins import JOINED_SQL
from lognb.engines.duckdb.labels import Labelled
from lognb.engines.duckdb.values import flat_literal
from lognb.errors import FieldError
from lognb.schema import FIELDS, FLAT_KINDS

if TYPE_CHECKING:
    from lognb.engines.duckdb.catalog import Catalog
    from lognb.query import Value

Sql = Callable[[Params], str]


class Field(Protocol):
    """Methods give SQL; values go into `params`."""

    @property
    def dtype(self) -> pl.DataType: ...

    def test(self, op: str, value: Value, params: Params) -> str: ...

    def exists(self, params: Params) -> str: ...

    def text(self, params: Params) -> str:
        """VARCHAR as people read it, NULL where absent."""

    def typed(self, params: Params) -> str:
        """The value in `dtype`."""


class Lookups(Protocol):
    """The few values that rows have by index, null where there is none; the same list at each call."""

    def source_names(self) -> list[str | None]: ...

    def resource_texts(self) -> list[str | None]: ...

    def resource_values(self, key: str) -> list[str | None]:
        """JSON literals."""

    def matching(self, values: list[str | None], test: str, params: Params) -> list[int]:
        """The places of the values `x` for which the SQL `test` is true."""

    def texts(self, values: list[str | None], expression: str, params: Params) -> list[str | None]:
        """The text that SQL `expression` makes of each value `x`; the same list for the same values."""

    def check_pattern(self, pattern: str) -> None:
        """Raises QueryError for what is no regular expression."""


class Made(Protocol):
    """Fields that are made when they are first asked for."""

    def __contains__(self, name: str) -> bool: ...

    def names(self) -> list[str]: ...

    def field(self, name: str) -> Field: ...


@dataclass
class Column:
    """A column of the record."""

    sql: str
    dtype: pl.DataType

    def test(self, op: str, value: Value, params: Params) -> str:
        if isinstance(self.dtype, pl.Datetime):
            return values.time(self.sql, op, value, params)
        if isinstance(self.dtype, pl.Enum):
            return values.severity(self.sql, op, value, params)
        if self.dtype.is_integer():
            return values.integer(self.sql, op, value, params)
        return values.string(self.sql, op, value, params, typed=False)

    def exists(self, params: Params) -> str:
        return f"{self.sql} IS NOT NULL"

    def text(self, params: Params) -> str:
        if isinstance(self.dtype, pl.Datetime):
            # DuckDB leaves out trailing zeros, so equal times have equal texts.
            return f"replace({self.sql}::VARCHAR, ' ', 'T') || 'Z'"
        return self.sql if self.dtype == pl.String() else f"{self.sql}::VARCHAR"

    def typed(self, params: Params) -> str:
        return self.sql


@dataclass
class Text:
    """Text that is made from columns."""

    sql: Sql
    dtype: pl.DataType = pl.String()  # noqa: RUF009, a Polars type is a constant

    def test(self, op: str, value: Value, params: Params) -> str:
        return values.string(self.sql(params), op, value, params, typed=False)

    def exists(self, params: Params) -> str:
        return f"{self.sql(params)} IS NOT NULL"

    def text(self, params: Params) -> str:
        return self.sql(params)

    typed = text


@dataclass
class Json:
    """A value that is a JSON literal in SQL. `kinds` None: not known."""

    sql: Sql
    kinds: set[str] | None

    @property
    def dtype(self) -> pl.DataType:
        return _dtype(self.kinds)

    def test(self, op: str, value: Value, params: Params) -> str:
        return values.json_literal(self.sql(params), op, value, params)

    def exists(self, params: Params) -> str:
        return f"{self.sql(params)} <> 'null'"

    def text(self, params: Params) -> str:
        x = self.sql(params)
        if self.kinds is not None and len(self.kinds - {"empty"}) < 2:
            return values.shown(x)
        string = values.kept_apart(f"json_extract_string({x}, '$')")
        return f"""CASE WHEN starts_with({x}, '"') THEN {string} ELSE {values.shown(x)} END"""

    def typed(self, params: Params) -> str:
        x = self.sql(params)
        if self.dtype == pl.Int64():
            return f"try_cast({x} AS BIGINT)"
        if self.dtype == pl.Float64():
            return f"try_cast({values.shown(x)} AS DOUBLE)"
        if self.dtype == pl.Boolean():
            return f"CASE {x} WHEN 'true' THEN true WHEN 'false' THEN false END"
        return values.shown(x)


@dataclass
class Looked:
    """A value that rows have by index, `ix`: each of the few values is tested once, rows compare their index only."""

    ix: str
    values: list[str | None]
    inner: type[Json] | type[Text]
    kinds: set[str] | None
    tables: Lookups

    @property
    def dtype(self) -> pl.DataType:
        return _dtype(self.kinds)

    def test(self, op: str, value: Value, params: Params) -> str:
        own = Params()
        return self._where(self.of("x").test(op, value, own), own, params)

    def exists(self, params: Params) -> str:
        return self._where(self.of("x").exists(Params()), Params(), params)

    def text(self, params: Params) -> str:
        return self.shown(self.ix, params)

    def shown(self, ix: str, params: Params) -> str:
        """The text of the value at `ix`; each is made once, since to make it for every row costs five times as much."""
        own = Params()
        texts = self.tables.texts(self.values, self.of("x").text(own), own)
        return f"list_extract({params.add(texts)}::VARCHAR[], {ix}::BIGINT + 1)"

    def typed(self, params: Params) -> str:
        return self.of(self.value(params)).typed(params)

    def value(self, params: Params) -> str:
        return f"list_extract({params.add(self.values)}::VARCHAR[], {self.ix}::BIGINT + 1)"

    def of(self, x: str) -> Json | Text:
        return Json(lambda params: x, self.kinds) if self.inner is Json else Text(lambda params: x)

    def _where(self, test: str, own: Params, params: Params) -> str:
        found = self.tables.matching(self.values, test, own)
        if len(found) > 100:
            flags = [False] * len(self.values)
            for i in found:
                flags[i] = True
            return f"list_extract({params.add(flags)}::BOOLEAN[], {self.ix}::BIGINT + 1)"
        return f"{self.ix} IN ({', '.join(map(str, found))})" if found else "false"


@dataclass
class Attribute:
    """An attribute of the record: its flat columns by kind, and the lists where it may also be."""

    flats: dict[str, str]
    rest: Json | None
    kinds: set[str]

    @property
    def dtype(self) -> pl.DataType:
        return _dtype(self.kinds)

    def test(self, op: str, value: Value, params: Params) -> str:
        by_kind = {"string": values.string, "int": values.integer, "double": values.double, "bool": values.boolean}
        parts = [by_kind[kind](column, op, value, params) for kind, column in self.flats.items()]
        if self.rest is not None:
            parts.append(self._unless_flat(self.rest.test(op, value, params)))
        return _any(parts)

    def exists(self, params: Params) -> str:
        parts = [f"{column} IS NOT NULL" for column in self.flats.values()]
        if self.rest is not None:
            parts.append(self._unless_flat(self.rest.exists(params)))
        return _any(parts)

    def text(self, params: Params) -> str:
        parts = [self.shown(kind, column) for kind, column in self.flats.items()]
        if self.rest is not None:
            parts.append(Json(self.rest.sql, self.kinds).text(params))
        return f"coalesce({', '.join(parts)})"

    def typed(self, params: Params) -> str:
        plain = self.dtype != pl.String()
        parts = [c if plain or k == "string" else self.shown(k, c) for k, c in self.flats.items()]
        if self.rest is not None:
            parts.append(Json(self.rest.sql, self.kinds).typed(params))
        return f"coalesce({', '.join(parts)})"

    def shown(self, kind: str, column: str) -> str:
        if kind == "string":
            return column if len(self.kinds) < 2 else values.kept_apart(column)
        return values.shown_double(column) if kind == "double" else f"{column}::VARCHAR"

    def _unless_flat(self, sql: str) -> str:
        """An earlier value of a repeated key is in the lists; it does not count where the last one is flat."""
        return "(" + " AND ".join([*(f"{c} IS NULL" for c in self.flats.values()), sql]) + ")"


@dataclass
class Either:
    """The record's attribute, else its resource's."""

    first: Field
    second: Field

    @property
    def dtype(self) -> pl.DataType:
        return self.first.dtype if self.first.dtype == self.second.dtype else pl.String()

    def test(self, op: str, value: Value, params: Params) -> str:
        other = self.second.test(op, value, params)
        return f"({self.first.test(op, value, params)} OR (({self.first.exists(params)}) IS NOT TRUE AND {other}))"

    def exists(self, params: Params) -> str:
        return f"({self.first.exists(params)} OR {self.second.exists(params)})"

    def text(self, params: Params) -> str:
        return f"coalesce({self.first.text(params)}, {self.second.text(params)})"

    def typed(self, params: Params) -> str:
        if self.first.dtype == self.second.dtype:
            return f"coalesce({self.first.typed(params)}, {self.second.typed(params)})"
        return self.text(params)


@dataclass
class Fields:
    """All fields of a store. `tables` gives the values that are looked up by index, `made` the fields made later."""

    catalog: Catalog
    tables: Lookups
    made: Made

    def __getitem__(self, name: str) -> Field:
        """Raises FieldError for a name that no record has."""
        if name in FIELDS:
            return self._column(name)
        for prefix, make in (("attributes.", self._attribute), ("resource.", self._resource)):
            found = make(name.removeprefix(prefix)) if name.startswith(prefix) else None
            if found is not None:
                return found
        first, second = self._attribute(name), self._resource(name)
        if first is not None and second is not None:
            return Either(first, second)
        either = first or second
        if either is not None:
            return either
        if name.startswith("body.") and len(name) > 5:
            return _body(name[5:])
        if name in self.made:
            return self.made.field(name)
        raise FieldError.unknown(name, [*self.catalog.names(), *self.made.names()])

    def _column(self, name: str) -> Field:
        if name == "attributes":
            return Text(partial(attributes_sql, self.catalog))
        if name == "source":
            return Looked("source_ix", self.tables.source_names(), Text, {"string"}, self.tables)
        if name == "resource":
            return Looked("resource_ix", self.tables.resource_texts(), Text, {"string"}, self.tables)
        return Column(JOINED_SQL.get(name) or quoted(name), FIELDS[name])

    def _attribute(self, key: str) -> Field | None:
        if not self.catalog.attribute(key):
            return None
        flats = {kind: quoted(column) for kind, column in self.catalog.flats.get(key, {}).items()}
        kinds = self.catalog.rest.get(key)
        rest = None if kinds is None else Json(partial(_in_lists, key), kinds)
        return Attribute(flats, rest, self.catalog.kinds(key))

    def _resource(self, key: str) -> Field | None:
        if key not in self.catalog.resource:
            return None
        kinds = self.catalog.resource[key]
        return Looked("resource_ix", self.tables.resource_values(key), Json, kinds, self.tables)


def keyed(field: Field, params: Params) -> tuple[str, str]:
    """What to group rows by, and the text of such a key `k`: texts are then made for groups, not for rows."""
    if isinstance(field, Looked):
        return field.ix, field.shown("k", params)
    if isinstance(field, Labelled):
        return field.code, field.shown("k", params)
    if isinstance(field, Attribute) and field.rest is None and len(field.flats) == 1:
        ((kind, column),) = field.flats.items()
        if kind != "double":  # 0.0 and -0.0 are one group, but two texts
            return column, field.shown(kind, "k")
    return field.text(params), "k"


def attributes_sql(catalog: Catalog, params: Params) -> str:
    """`attributes` as one JSON object: what the lists hold, then the flat columns in the order of the table.

    The lists come first, so that of a repeated key the value that counts, which is flat, stays the last.
    """
    pairs = "list_transform(list_zip(attr_keys, attr_values), lambda p: to_json(p[1])::VARCHAR || ':' || p[2])"
    parts = [f"nullif(array_to_string(list_reverse({pairs}), ','), '')"]
    for key, kinds in catalog.flats.items():
        start = _quoted_key(key) + ":"
        parts += [f"{params.add(start)} || {flat_literal(kind, quoted(c))}" for kind, c in kinds.items()]
    return f"('{{' || concat_ws(',', {', '.join(parts)}) || '}}')"


def _in_lists(key: str, params: Params) -> str:
    return f"attr_values[list_position(attr_keys, {params.add(key)})]"


def _body(path: str) -> Json:
    """`a.b` is the key "a.b" of a JSON body or, where it has none, the key "b" of its object "a"."""

    def sql(params: Params) -> str:
        whole, nested = f"$.{_quoted_key(path)}", "$" + "".join(f".{_quoted_key(p)}" for p in path.split("."))
        found = f"json_extract(body, {params.add(whole)})"
        if nested != whole:
            found = f"coalesce({found}, json_extract(body, {params.add(nested)}))"
        return f"CASE WHEN starts_with(ltrim(body), '{{') AND json_valid(body) THEN {found}::VARCHAR END"

    return Json(sql, None)


_quoted_key = json.JSONEncoder(ensure_ascii=False).encode


def _dtype(kinds: set[str] | None) -> pl.DataType:
    """The one type of a field's values, Float64 if all are numbers; String where there are several."""
    real = (kinds or set()) - {"empty"}
    if real == {"int", "double"}:
        return pl.Float64()
    return FLAT_KINDS.get(next(iter(real)), pl.String()) if len(real) == 1 else pl.String()


def _any(parts: list[str]) -> str:
    real = [p for p in parts if p != "false"]
    return f"({' OR '.join(real)})" if real else "false"
