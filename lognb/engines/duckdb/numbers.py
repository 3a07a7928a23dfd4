"""A field's number in SQL: whole numbers with all their digits, others as DOUBLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lognb.engines.duckdb import values
from lognb.engines.duckdb.fields import Attribute, Column, Either, Json, Looked

if TYPE_CHECKING:
    from lognb.engines.duckdb.connect import Params
    from lognb.engines.duckdb.fields import Field

Pair = tuple[str, str]

_NONE: Final = ("NULL::HUGEINT", "NULL::DOUBLE")


def number(field: Field, params: Params) -> Pair:
    """(`whole` HUGEINT, `real` DOUBLE): at most one of them is not NULL; neither, where the field is no number.

    `whole` has at most 64 bits and a sign, so that no sum of it can overflow; what a JSON body says beyond is `real`.
    """
    if isinstance(field, Column) and field.dtype.is_integer():
        return f"{field.sql}::HUGEINT", _NONE[1]
    if isinstance(field, Json):
        return _literal(field.sql(params))
    if isinstance(field, Looked):
        inner = field.of(field.value(params))
        return _literal(inner.sql(params)) if isinstance(inner, Json) else _NONE
    if isinstance(field, Attribute):
        return _attribute(field, params)
    if isinstance(field, Either):
        there = field.first.exists(params)
        pairs = zip(number(field.first, params), number(field.second, params), strict=True)
        whole, real = (f"CASE WHEN {there} THEN {a} ELSE {b} END" for a, b in pairs)
        return whole, real
    return _NONE


def _attribute(field: Attribute, params: Params) -> Pair:
    whole = [f"{c}::HUGEINT" for kind, c in field.flats.items() if kind == "int"]
    real = [c for kind, c in field.flats.items() if kind == "double"]
    if field.rest is not None:
        # An earlier value of a repeated key is in the lists; it does not count where the last one is flat.
        last = " AND ".join(f"{c} IS NULL" for c in field.flats.values()) or "true"
        rest = _literal(field.rest.sql(params))
        whole.append(f"CASE WHEN {last} THEN {rest[0]} END")
        real.append(f"CASE WHEN {last} THEN {rest[1]} END")
    return _first(whole, _NONE[0]), _first(real, _NONE[1])


def _literal(x: str) -> Pair:
    """Of a JSON literal. A text is none, whatever it says; true and false are none."""
    whole = f"CASE WHEN regexp_full_match({x}, '-?[0-9]+') THEN try_cast({x} AS HUGEINT) END"
    whole = f"CASE WHEN abs({whole}) < 18446744073709551616::HUGEINT THEN {whole} END"
    real = f"""CASE WHEN NOT starts_with({x}, '"') AND {whole} IS NULL THEN try_cast({values.shown(x)} AS DOUBLE) END"""
    return whole, real


def _first(parts: list[str], none: str) -> str:
    return f"coalesce({', '.join(parts)})" if parts else none
