"""Polars frames of any types, column by column: Rust looks at all texts, Python at those that may hold something."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.redaction import keys
from lognb.redaction.find import ANYTHING, KNOWN
from lognb.schema import flat_split

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from lognb.redaction.texts import Hit, Texts

    Count = Callable[[tuple[Hit, ...], str, int], None]
    """Is told what was hidden, in which column, and in how many rows."""

_CARD_FROM: Final = 10**12
_FIELD_COLUMNS: Final = ("field", "key")
_WORDS: Final = (pl.Enum, pl.Categorical)
_COUNTS: Final = frozenset(("users",))  # a number under such a name says how many, not who


def frame_hidden(
    frame: pl.DataFrame, texts: Texts, count: Count, fields: Mapping[str, str] = MappingProxyType({})
) -> pl.DataFrame:
    """The frame with the same rows and columns; a column's name, which can be a key of a record, is a text too.

    Where a row names a field and its value (facets, comparisons), the value is one of that field. `fields` are the
    fields of columns whose names do not say them, as that of "by".
    """
    columns = [column_hidden(frame[name], texts, count, meant(fields.get(name, name))) for name in frame.columns]
    columns = _by_field(frame, columns, texts, count)
    names = [texts.hide(name)[0] for name in frame.columns]
    return pl.DataFrame([c.alias(n) for c, n in zip(columns, names, strict=True)], height=frame.height)


def meant(column: str) -> str:
    """The field that a column holds: `user.id|string` in lognb's Parquet is user.id."""
    flat = flat_split(column)
    return (flat[0] if flat else column).removeprefix("attributes.").removeprefix("resource.")


def column_hidden(column: pl.Series, texts: Texts, count: Count, name: str) -> pl.Series:
    """One column whose values are those of a field."""
    kind = column.dtype
    if name in keys.ORDINARY and texts.meaning(name) is None:
        return column
    if kind == pl.String:
        return replaced(column, _of_texts(column, texts, count, name, name))
    if isinstance(kind, _WORDS):
        bare = column.cast(pl.String)
        made = replaced(bare, _of_texts(bare, texts, count, name, name))
        return column if made.equals(bare, null_equal=True) else made
    if kind.is_integer() and name not in _COUNTS:
        return _numbers(column, texts, count, name)
    if isinstance(kind, (pl.List, pl.Array, pl.Struct)) or kind in (pl.Binary, pl.Object):
        return _nested(column, texts, count, name)
    return column


def replaced(column: pl.Series, changed: dict[str, str]) -> pl.Series:
    """The column with some of its texts changed."""
    if not changed:
        return column
    return column.replace(pl.Series(list(changed), dtype=pl.String), pl.Series(list(changed.values()), dtype=pl.String))


def flags(column: pl.Series, texts: Texts) -> pl.Series:
    """What each text may hold, as bits (Finder.hints), by looks of Rust at each; 0: nothing."""
    if texts.finder.has_own:
        return pl.repeat(ANYTHING, len(column), dtype=pl.Int32, eager=True)
    text = pl.col("text")
    bits = [text.str.contains(hint).cast(pl.Int32) * bit for bit, hint in texts.finder.hints.items()]
    bits += [text.str.contains(texts.finder.escaped).cast(pl.Int32) * ANYTHING] if bits else []
    if texts.known:
        anchors = pl.Series(sorted(texts.known.anchors))
        bits.append(text.str.contains_any(anchors.implode(), ascii_case_insensitive=True).cast(pl.Int32) * KNOWN)
    if not bits:
        return pl.repeat(0, len(column), dtype=pl.Int32, eager=True)
    whole = bits[0]
    for bit in bits[1:]:
        whole = whole | bit
    return column.alias("text").to_frame().select(whole.fill_null(0)).to_series()


def _of_texts(column: pl.Series, texts: Texts, count: Count, name: str, where: str) -> dict[str, str]:
    """What becomes of the distinct texts of a column, where that is something else."""
    counted = column.drop_nulls().alias("text").value_counts(name="n")
    counted = counted.with_columns(flags(counted["text"], texts).alias("may"))
    if texts.meaning(name) is None:
        counted = counted.filter(pl.col("may") != 0)
    changed: dict[str, str] = {}
    for text, n, may in counted.iter_rows():
        made, hits = texts.hide(text, name, "", may)
        if made != text:
            changed[text] = made
        if hits:
            count(hits, where, n)
    return changed


def _numbers(column: pl.Series, texts: Texts, count: Count, name: str) -> pl.Series:
    """Whole numbers: those of a field with a meaning, and what is the number of a card. Int64 where they grow."""
    counted = column.drop_nulls().alias("number").value_counts(name="n")
    if texts.meaning(name) is None:
        counted = counted.filter(pl.col("number") >= _CARD_FROM) if _roomy(column.dtype) else counted.clear()
    changed: dict[int, int] = {}
    for number, n in counted.iter_rows():
        made, hits = texts.number(str(number), name)
        if hits:
            changed[number] = int(made)
            count(hits, name, n)
    if not changed:
        return column
    low, high = column.dtype.min(), column.dtype.max()  # type: ignore[attr-defined]
    least, most = pl.select(low).item(), pl.select(high).item()
    if any(not least <= made <= most for made in changed.values()):
        column = column.cast(pl.Int64)
    old, new = pl.Series(list(changed), dtype=column.dtype), pl.Series(list(changed.values()), dtype=column.dtype)
    return column.replace(old, new)


def _roomy(kind: pl.DataType) -> bool:
    return kind in (pl.Int64, pl.UInt64, pl.Int128)


def _nested(column: pl.Series, texts: Texts, count: Count, name: str) -> pl.Series:
    """Lists, structs and bytes, value by value."""

    def on(value: Any, key: str) -> Any:
        if isinstance(value, dict):
            return {inner: on(v, meant(inner) if texts.meaning(key) is None else key) for inner, v in value.items()}
        if isinstance(value, list):
            return [on(v, key) for v in value]
        if isinstance(value, str):
            if key in keys.ORDINARY:
                return value
            made, hits = texts.hide(value, key)
        elif isinstance(value, int) and not isinstance(value, bool):
            text, hits = texts.number(str(value), key)
            made = int(text) if hits else value  # type: ignore[assignment]
        elif isinstance(value, bytes):
            made, hits = _bytes(value, texts, key)  # type: ignore[assignment]
        else:
            return value
        if hits:
            count(hits, name, 1)
        return made

    values = column.to_list()
    made = [on(value, name) for value in values]
    if made == values:
        return column
    try:
        return pl.Series(column.name, made, dtype=column.dtype)
    except (pl.exceptions.PolarsError, OverflowError, TypeError):
        return pl.Series(column.name, made)


def _bytes(value: bytes, texts: Texts, key: str) -> tuple[bytes, tuple[Hit, ...]]:
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return value, ()
    made, hits = texts.hide(text, key)
    return made.encode(), hits


def _by_field(frame: pl.DataFrame, made: list[pl.Series], texts: Texts, count: Count) -> list[pl.Series]:
    """Values whose field another column names."""
    names = frame.columns
    field = next((n for n in _FIELD_COLUMNS if n in names and frame[n].dtype == pl.String), None)
    if field is None or "value" not in names or frame["value"].dtype != pl.String:
        return made
    at = names.index("value")
    rows = zip(frame[field].to_list(), frame["value"].to_list(), made[at].to_list(), strict=True)
    values: list[str | None] = []
    for key, value, now in rows:
        if value is not None and key is not None and texts.meaning(meant(key)) is not None:
            now, hits = texts.hide(value, meant(key))
            if hits and now != value:
                count(hits, "value", 1)
        values.append(now)
    made[at] = pl.Series("value", values, dtype=pl.String)
    return made
