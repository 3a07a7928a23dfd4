"""The answer of any SELECT as a Polars frame: types as in the rest of lognb, every name once, bounded memory."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import duckdb
import polars as pl
import pyarrow as pa

from lognb.errors import LimitError
from lognb.schema import LEVELS, SEVERITY, TIME

if TYPE_CHECKING:
    from collections.abc import Sequence


def as_type(column: pl.Series, dtype: pl.DataType) -> pl.Series:
    """A column of an answer in the type of the schema: times come without a zone, severities as text."""
    if isinstance(dtype, pl.Datetime):
        return column.cast(pl.Datetime("ns")).dt.replace_time_zone("UTC")
    return column.cast(SEVERITY if isinstance(dtype, pl.Enum) else dtype)


# What Polars takes as it is, alone or nested; the rest comes as its text.
_KNOWN: Final = frozenset(
    (
        "boolean", "tinyint", "smallint", "integer", "bigint", "hugeint", "utinyint", "usmallint", "uinteger",
        "ubigint", "uhugeint", "float", "double", "decimal", "varchar", "blob", "uuid", "date", "time", "timestamp",
        "timestamp_s", "timestamp_ms", "timestamp_ns", "timestamp with time zone", "enum", "list", "array", "struct",
        "map", "null",
    )
)  # fmt: skip
_END: Final = re.compile(r";(?:[\s;]|--[^\n]*(?:\n|$)|/\*.*?\*/)*$", re.DOTALL)


def as_frame(cursor: duckdb.DuckDBPyConnection, text: str, params: Any, max_bytes: int) -> pl.DataFrame:
    """The answer of one SELECT. Raises LimitError if it is larger than `max_bytes`, in Arrow's layout."""
    bound = {"params": params} if params else {}
    relation = cursor.sql(text, **bound)
    names, types = list(relation.columns), list(relation.types)
    casts = [_cast(t) for t in types]
    if any(casts):
        at = [f"c{i}" for i in range(len(names))]
        select = ", ".join((cast or "{}").format(c) for cast, c in zip(casts, at, strict=True))
        relation = cursor.sql(f"SELECT {select} FROM (\n{_open(cursor, text)}\n) AS answer({', '.join(at)})", **bound)
    reader = relation.to_arrow_reader(122_880)
    batches, size = [], 0
    for batch in reader:
        batches.append(batch)
        size += batch.nbytes
        if size > max_bytes:
            raise LimitError(f"the answer is larger than {max_bytes:,} bytes; select less, or pass a larger max_bytes=")
    table = pa.Table.from_batches(batches, reader.schema).rename_columns([str(i) for i in range(len(names))])
    frame = pl.DataFrame(pl.from_arrow(table))
    columns = [_typed(c, t) for c, t in zip(frame.iter_columns(), types, strict=True)]
    return pl.DataFrame([c.alias(n) for c, n in zip(columns, _once(names), strict=True)])


def _cast(kind: Any) -> str | None:
    """How SQL makes of a column what Polars can take; None if it can as it is."""
    if kind.id == "interval":
        return "epoch_ns({})"
    return None if _known(kind) else "{}::VARCHAR"


def _known(kind: Any) -> bool:
    if kind.id not in _KNOWN:
        return False
    nested = kind.children if kind.id in ("list", "array", "struct", "map") else []
    return all(_known(child) for _, child in nested if isinstance(child, duckdb.sqltypes.DuckDBPyType))


def _open(cursor: duckdb.DuckDBPyConnection, text: str) -> str:
    """The statement without the semicolon at its end, so that it can stand in parentheses."""
    cut = _END.sub("", text)
    try:
        return cut if len(cursor.extract_statements(cut)) == 1 else text
    except duckdb.Error:  # what looked like the end was inside of a string
        return text


def _typed(column: pl.Series, kind: Any) -> pl.Series:
    if kind.id == "interval":
        return column.cast(pl.Duration("ns"))
    if kind.id in ("hugeint", "uhugeint"):  # what sum() makes of whole numbers; few of them need so much room
        return _fitting(column, pl.Int64(), pl.Int128())
    if kind.id == "enum":
        return column.cast(SEVERITY if dict(kind.children)["values"] == list(LEVELS) else pl.String())
    if isinstance(column.dtype, pl.Datetime):
        return _fitting(_utc(column), TIME, _utc(column).dtype)
    return column


def _utc(column: pl.Series) -> pl.Series:
    zone = getattr(column.dtype, "time_zone", None)
    return column.dt.replace_time_zone("UTC") if zone is None else column.dt.convert_time_zone("UTC")


def _fitting(column: pl.Series, dtype: pl.DataType, otherwise: pl.DataType) -> pl.Series:
    """The column in `dtype` if all its values fit."""
    cast = column.cast(dtype, strict=False)
    return cast if cast.null_count() == column.null_count() else column.cast(otherwise)


def _once(names: Sequence[str]) -> list[str]:
    """Names as they are; one that was there before gets a number, as in `count(*)_1`."""
    out: list[str] = []
    for name in names:
        taken, n = name, 0
        while taken in out or (n and taken in names):
            n += 1
            taken = f"{name}_{n}"
        out.append(taken)
    return out
