"""Cells of a table -> typed pairs: columns of any Arrow type, and JSON text, keep the type that they have.

Everything becomes `Coded`: for each pair the row it belongs to and its place in a table of distinct pairs, so that
columns of several kinds are put together into AttributeLists at once.
"""

from __future__ import annotations

import json
from datetime import date, datetime, time
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lognb.loaders import values
from lognb.loaders.pairs import PAIRS, AttributeLists, arrow, nested_texts, quote
from lognb.loaders.values import ARRAY, BOOL, BYTES, DOUBLE, EMPTY, INT, KVLIST, STRING, Pairs, Typed

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.loaders.pairs import Arrow

_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
INVALID: Final = "text with invalid UTF-8, replaced by U+FFFD"


class Coded(NamedTuple):
    """Pair i belongs to row `rows[i]` and is row `codes[i]` of `table` (pairs.PAIRS)."""

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    table: pl.DataFrame

    @classmethod
    def of(cls, rows: Sequence[int], codes: Sequence[int], pairs: Sequence[tuple[str, int, str]]) -> Coded:
        return cls(np.asarray(rows, np.int64), np.asarray(codes, np.int64), pl.DataFrame(pairs, PAIRS, orient="row"))


def merge(rows: int, parts: Sequence[Coded]) -> AttributeLists:
    """All pairs of each row, in the order of the parts."""
    base = np.cumsum([0, *(len(p.table) for p in parts)])
    row = np.concatenate([np.zeros(0, np.int64), *(p.rows for p in parts)])
    code = np.concatenate([np.zeros(0, np.int64), *(p.codes + b for p, b in zip(parts, base, strict=False))])
    order = np.argsort(row, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=rows)))).astype(np.int64)
    return AttributeLists(
        offsets, code[order].astype(np.uint32), pl.concat([pl.DataFrame(schema=PAIRS), *(p.table for p in parts)])
    )


def whole(column: Arrow) -> Arrow:
    """A column as one array, without dictionary, run lengths or extension type."""
    array: Arrow = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
    if isinstance(array, pa.ChunkedArray):
        array = array.chunk(0) if array.num_chunks else pa.array([], array.type)
    if isinstance(array, pa.ExtensionArray):
        array = array.storage
    if pa.types.is_dictionary(array.type):
        array = array.dictionary_decode()
    if pa.types.is_run_end_encoded(array.type):
        array = pc.call_function("run_end_decode", [array])
    if pa.types.is_string_view(array.type):
        array = array.cast(pa.large_string())
    if pa.types.is_binary_view(array.type):
        array = array.cast(pa.large_binary())
    return array


def is_text(kind: Arrow) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))


def is_bytes(kind: Arrow) -> bool:
    return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind) or pa.types.is_fixed_size_binary(kind))


def text(array: Arrow, notes: Counter[str]) -> pl.Series:
    """A column of text or bytes as text: what is no UTF-8 is replaced and counted."""
    if is_text(array.type):
        try:
            array.validate(full=True)  # what Parquet calls a string may be any bytes
            return pl.Series(array, dtype=pl.String)
        except pa.ArrowInvalid:
            array = array.view(pa.large_binary() if pa.types.is_large_string(array.type) else pa.binary())
    elif pa.types.is_fixed_size_binary(array.type):
        array = array.cast(pa.binary())
    try:
        return pl.Series(array.cast(pa.large_string()), dtype=pl.String)
    except pa.ArrowInvalid:
        out = []
        for data in array.to_pylist():
            try:
                out.append(None if data is None else data.decode())
            except UnicodeDecodeError:
                notes[INVALID] += 1
                out.append(data.decode("utf-8", "replace"))
        return pl.Series(out, dtype=pl.String)


def typed_column(column: Arrow, notes: Counter[str]) -> tuple[NDArray[np.uint8], pl.Series]:
    """(kind, text) of every cell; null is EMPTY, its text null."""
    array = whole(column)
    kinds = np.zeros(len(array), np.uint8)
    out = pl.Series([None], dtype=pl.String).new_from_index(0, len(array))
    rows, codes, kind, texts = _distinct(array, notes)
    if len(rows):
        kinds[rows] = kind[codes]
        out = out.scatter(rows, texts.gather(codes))
        out = out.set(pl.Series(kinds == EMPTY), None)
    return kinds, out


def column_pairs(name: str, column: Arrow, notes: Counter[str]) -> Coded:
    """A column as one attribute of each row that has a value in it."""
    rows, codes, kind, texts = _distinct(whole(column), notes)
    table = pl.DataFrame({"key": pl.repeat(name, len(texts), dtype=pl.String, eager=True), "kind": kind, "text": texts})
    return Coded(rows, codes, table.cast(PAIRS))  # type: ignore[arg-type]


_Distinct = tuple["NDArray[np.int64]", "NDArray[np.int64]", "NDArray[np.uint8]", pl.Series]


def _distinct(array: Arrow, notes: Counter[str]) -> _Distinct:
    """(rows that have a value, the place of each among the distinct values, kind and text of these)."""
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)).astype(np.int64)
    array = array.drop_null()
    kind = array.type
    if is_text(kind):
        array = arrow(text(array, notes))
    if pa.types.is_nested(kind) or not _encodes(array.type):
        kinds, texts = _nested(array, notes)
        return rows, np.arange(len(rows)), kinds, texts
    coded = array.dictionary_encode()
    kinds, texts = _texts(coded.dictionary, notes)
    return rows, coded.indices.to_numpy(zero_copy_only=False).astype(np.int64), kinds, texts


def _encodes(kind: Arrow) -> bool:
    t = pa.types
    return bool(
        is_text(kind) or is_bytes(kind) or t.is_boolean(kind) or t.is_integer(kind) or t.is_floating(kind)
        or t.is_temporal(kind) or t.is_decimal(kind) or t.is_null(kind)
    ) and not t.is_interval(kind)  # fmt: skip


def _texts(array: Arrow, notes: Counter[str]) -> tuple[NDArray[np.uint8], pl.Series]:
    """Kind and text of distinct values of one plain type."""
    kind = array.type
    if is_text(kind):
        return np.full(len(array), STRING, np.uint8), pl.Series(array, dtype=pl.String)
    if is_bytes(kind):
        tagged = [values.bytes_text(data) for data in array.to_pylist()]
        return np.full(len(array), BYTES, np.uint8), pl.Series(tagged, dtype=pl.String)
    if pa.types.is_null(kind):
        return np.zeros(len(array), np.uint8), pl.Series(["null"] * len(array), dtype=pl.String)
    column = pl.Series(array)
    if pa.types.is_boolean(kind):
        return np.full(len(array), BOOL, np.uint8), pl.select(pl.lit(column).cast(pl.String)).to_series()
    if pa.types.is_integer(kind):
        wide = column.cast(pl.Int64, strict=False)
        if beyond := wide.null_count():
            notes["integer beyond int64, kept as text"] += beyond
        return np.where(wide.is_null().to_numpy(), STRING, INT).astype(np.uint8), column.cast(pl.String)
    if pa.types.is_floating(kind):
        names = {"NaN": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
        shown = column.cast(pl.Float64).cast(pl.String)
        shown = shown.replace({odd: '{"$double":"%s"}' % name for odd, name in names.items()})
        return np.full(len(array), DOUBLE, np.uint8), shown
    notes["times and decimals among the attributes, kept as text"] += len(array)
    said = column.cast(pl.String) if pa.types.is_decimal(kind) else column.dt.to_string("iso:strict")
    return np.full(len(array), STRING, np.uint8), said


def _nested(array: Arrow, notes: Counter[str]) -> tuple[NDArray[np.uint8], pl.Series]:
    """Lists, maps and structs as columns of literals; what no column of ours can hold, value by value as text."""
    kind = array.type
    if pa.types.is_fixed_size_list(kind):
        array = array.cast(pa.list_(kind.value_type))
        kind = array.type
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_map(kind):
        offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
        start, size = int(offsets[0]), int(offsets[-1] - offsets[0])
        keyed = pa.types.is_map(kind)
        kinds, texts = typed_column((array.items if keyed else array.values).slice(start, size), notes)
        keys = typed_column(array.keys.slice(start, size), notes)[1] if keyed else None
        code = KVLIST if keyed else ARRAY
        return np.full(len(array), code, np.uint8), nested_texts(offsets - start, kinds, texts, keys)
    if pa.types.is_struct(kind):
        return np.full(len(array), KVLIST, np.uint8), _structs(array, notes)
    notes["values of types that attributes do not have, kept as text"] += len(array)
    return np.full(len(array), STRING, np.uint8), pl.Series([str(x) for x in array], dtype=pl.String)


def _structs(array: Arrow, notes: Counter[str]) -> pl.Series:
    """Literals of structs: the fields of each, null where one has none."""
    parts: list[Any] = []
    for i, f in enumerate(array.type):
        kinds, texts = typed_column(pc.struct_field(array, [i]), notes)
        value = texts.scatter(np.flatnonzero(kinds == STRING), quote(texts.filter(pl.Series(kinds == STRING))))
        parts += [pl.lit(("," if i else "") + values.quote(f.name) + ":"), value.fill_null("null")]
    tagged = len(array.type) == 1 and array.type[0].name.startswith("$")
    ends = ('{"$kvlist":{', "}}") if tagged else ("{", "}")
    if not parts:
        return pl.Series(["{}"] * len(array), dtype=pl.String)
    return pl.select(pl.concat_str([pl.lit(ends[0]), *parts, pl.lit(ends[1])])).to_series()


def plain(value: Any, notes: Counter[str], depth: int = 0) -> Typed:
    """A Python value, objects as Pairs, -> (kind, text). Raises RecursionError beyond values.MAX_DEPTH levels."""
    if depth > values.MAX_DEPTH:
        raise RecursionError(f"value nested deeper than {values.MAX_DEPTH} levels")
    if value is None:
        return EMPTY, "null"
    if isinstance(value, str):
        return STRING, values.clean(value, notes)
    if isinstance(value, bool):
        return BOOL, "true" if value else "false"
    if isinstance(value, int):
        return values._int(value, notes)
    if isinstance(value, float):
        return DOUBLE, values.double_text(value)
    if isinstance(value, (Pairs, dict)):
        pairs = value.items() if isinstance(value, dict) else value
        inner = [(values.clean(k, notes), values.literal(*plain(v, notes, depth + 1))) for k, v in pairs]
        return KVLIST, values.kvlist_text(inner)
    if isinstance(value, (list, tuple)):
        return ARRAY, "[" + ",".join([values.literal(*plain(v, notes, depth + 1)) for v in value]) + "]"
    if isinstance(value, bytes):
        return BYTES, values.bytes_text(value)
    return STRING, value.isoformat() if isinstance(value, (date, datetime, time)) else str(value)


def of_json(raw: bytes, notes: Counter[str], *, tagged: bool = False) -> Typed:
    """The bytes of one JSON value -> (kind, text). With `tagged`, it is a literal of values.py.

    Raises ValueError or RecursionError if it is none.
    """
    first = raw[:1]
    if first == b'"' and b"\\" not in raw:
        return STRING, raw[1:-1].decode()
    if len(raw) < 19 and raw.isdigit() and (first != b"0" or raw == b"0"):
        return INT, raw.decode()
    value = json.loads(raw, object_pairs_hook=Pairs)
    if tagged and isinstance(value, Pairs):
        content = raw.decode()
        if len(value) == 1 and value[0][0] in ("$bytes", "$double"):
            return (BYTES if value[0][0] == "$bytes" else DOUBLE), content
        return KVLIST, content
    if tagged and isinstance(value, list):
        return ARRAY, raw.decode()
    return plain(value, notes)


def json_cells(texts: pl.Series, notes: Counter[str]) -> tuple[NDArray[np.uint8], pl.Series]:
    """JSON text, one value a cell -> (kind, text); what is no JSON is the text it is, and counted."""
    coded = arrow(texts.fill_null("null")).dictionary_encode()
    typed = []
    for item in coded.dictionary.to_pylist():
        try:
            typed.append(of_json(item.strip().encode(), notes))
        except (ValueError, RecursionError):
            notes["body that is no JSON among those that are, kept as text"] += 1
            typed.append((STRING, item))
    at = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    kinds = np.asarray([k for k, _ in typed], np.uint8)[at] if len(at) else np.zeros(0, np.uint8)
    out = pl.Series([None if k == EMPTY else t for k, t in typed], dtype=pl.String).gather(at)
    return kinds, out


def object_pairs(texts: pl.Series, name: str, notes: Counter[str], *, tagged: bool = False) -> Coded:
    """JSON objects as text, one a row -> their pairs. A text that is none is one pair: `name` and itself, counted.

    Each distinct text is parsed once, and each distinct pair typed once. Parsing to a dict is fast but would lose a
    repeated key: where the text has more keys than the dict, it is parsed pair by pair.
    """
    used = (texts.is_not_null() & ~texts.str.strip_chars().is_in(["", "{}", "null"])).arg_true()
    if not len(used):
        return Coded.of([], [], [])
    coded = arrow(texts.gather(used)).dictionary_encode()
    distinct = pl.Series(coded.dictionary, dtype=pl.String)
    colons = distinct.str.count_matches('":', literal=True)
    spaced = distinct.str.contains(r'"\s+:')
    known: dict[tuple[Any, ...], int] = {}
    table: list[tuple[str, int, str]] = []
    lists: list[list[int]] = []
    for item, count, odd in zip(distinct.to_list(), colons.to_list(), spaced.to_list(), strict=True):
        lists.append(_codes(item, None if odd else count, name, known, table, notes, tagged=tagged))
    at = coded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    sizes = np.fromiter(map(len, lists), np.int64, len(lists))
    offsets = np.concatenate(([0], np.cumsum(sizes)))
    flat = np.fromiter((c for codes in lists for c in codes), np.int64, int(offsets[-1]))
    return Coded(
        np.repeat(used.to_numpy().astype(np.int64), sizes[at]), flat[runs(offsets[at], sizes[at])], _table(table)
    )


def _table(pairs: list[tuple[str, int, str]]) -> pl.DataFrame:
    keys, kinds, texts = zip(*pairs, strict=True) if pairs else ((), (), ())
    return pl.DataFrame({"key": keys, "kind": kinds, "text": texts}, PAIRS)


def runs(starts: NDArray[np.int64], sizes: NDArray[np.int64]) -> NDArray[np.int64]:
    """start, start + 1 … of each run, one run after the other."""
    ends = np.cumsum(sizes)
    return np.repeat(starts - (ends - sizes), sizes) + np.arange(ends[-1] if len(ends) else 0)


def _codes(
    item: str, colons: int | None, name: str, known: dict[tuple[Any, ...], int],
    table: list[tuple[str, int, str]], notes: Counter[str], *, tagged: bool,
) -> list[int]:  # fmt: skip
    """The codes of one object's pairs; new pairs go into `table`."""
    out = []
    for key, raw in _split(item, colons, name, notes):
        found = known.get((key, raw))
        if found is None:
            found = known[key, raw] = len(table)
            try:
                kind, content = of_json(raw, notes, tagged=tagged)
            except (ValueError, RecursionError):
                notes["value nested too deep, kept as text"] += 1
                kind, content = STRING, values.clean(raw.decode("utf-8", "replace"), notes)
            table.append((values.clean(key, notes), kind, content))
        out.append(found)
    return out


def _split(item: str, colons: int | None, name: str, notes: Counter[str]) -> list[tuple[str, bytes]]:
    """(key, JSON of the value) of each pair."""
    try:
        have = _fields(item)
        if len(have) == colons:
            return [(k, bytes(v)) for k, v in have.items()]
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass
    try:
        pairs = json.loads(item, object_pairs_hook=Pairs)
        if isinstance(pairs, Pairs):
            return [(k, _dumped(v)) for k, v in pairs]
    except (ValueError, RecursionError):
        pass
    notes[f"{name} that is no JSON object, kept as text under that key"] += 1
    return [(name, json.dumps(item).encode())]


def _dumped(value: Any) -> bytes:
    """A parsed value as JSON again, repeated keys and lone surrogates included."""
    if isinstance(value, Pairs):
        return b"{" + b",".join(json.dumps(k).encode() + b":" + _dumped(v) for k, v in value) + b"}"
    if isinstance(value, list):
        return b"[" + b",".join(map(_dumped, value)) + b"]"
    return json.dumps(value).encode()


def map_pairs(column: Arrow, notes: Counter[str]) -> Coded:
    """A map column -> its pairs, repeated keys included."""
    array = whole(column)
    rows = np.flatnonzero(array.is_valid().to_numpy(zero_copy_only=False)).astype(np.int64)
    array = array.drop_null()
    offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    size = offsets[-1] - offsets[0]
    keys = text(whole(array.keys.slice(offsets[0], size)), notes)
    kinds, texts = typed_column(array.items.slice(offsets[0], size), notes)
    frame = pl.DataFrame({"key": keys, "kind": pl.Series(kinds, dtype=pl.UInt8), "text": texts.fill_null("null")})
    table = frame.unique(maintain_order=True)
    codes = frame.join(table.with_row_index("code"), on=list(PAIRS), how="left", maintain_order="left")["code"]
    return Coded(np.repeat(rows, np.diff(offsets)), codes.to_numpy().astype(np.int64), table)


def struct_pairs(column: Arrow, notes: Counter[str]) -> Coded:
    """A struct column -> a pair for each field that is not null."""
    array = whole(column)
    parts = [column_pairs(f.name, pc.struct_field(array, [i]), notes) for i, f in enumerate(array.type)]
    base = np.cumsum([0, *(len(p.table) for p in parts)])
    rows = np.concatenate([np.zeros(0, np.int64), *(p.rows for p in parts)])
    codes = np.concatenate([np.zeros(0, np.int64), *(p.codes + b for p, b in zip(parts, base, strict=False))])
    return Coded(rows, codes, pl.concat([pl.DataFrame(schema=PAIRS), *(p.table for p in parts)]))


def many_pairs(name: str, column: Arrow, notes: Counter[str], *, tagged: bool = False) -> Coded:
    """A column that holds many attributes a row: JSON text, a map or a struct; any other is one attribute."""
    array = whole(column)
    if pa.types.is_map(array.type):
        return map_pairs(array, notes)
    if pa.types.is_struct(array.type):
        if {f.name for f in array.type} == {"metadata", "value"} and all(is_bytes(f.type) for f in array.type):
            notes[f"{name} in Parquet's VARIANT, kept as bytes; write it as JSON text to have its keys"] += len(array)
            return column_pairs(name, array, notes)
        return struct_pairs(array, notes)
    if is_text(array.type) or is_bytes(array.type):
        return object_pairs(text(array, notes), name, notes, tagged=tagged)
    return column_pairs(name, array, notes)
