"""Decoded JSON values -> columns: AnyValues, attributes, numbers, enums, many at once.

Attributes are most of a dump. They are left as text by the structs of otlp_json and decoded here, each distinct
pair once.
"""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
import pyarrow as pa

from lognb.loaders import values
from lognb.loaders.otlp_json import PAIRS, KeyValue, Value, first_of, loads
from lognb.loaders.pairs import Arrow, AttributeLists, to_escape
from lognb.loaders.values import ARRAY, BOOL, DOUBLE, EMPTY, INT, KVLIST, STRING, literal

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

_EMPTY_VALUE: Final = Value()


def any_columns(items: Sequence[Value | None], notes: Counter[str]) -> tuple[NDArray[Any], pl.Series]:
    """(kind, text) of many values; text is null where the value is empty."""
    present = [v or _EMPTY_VALUE for v in items]
    text = pl.Series([v.string_value for v in present], dtype=pl.String)
    missing = text.is_null()
    kind = np.where(missing.to_numpy(), EMPTY, STRING).astype(np.uint8)
    rest = missing.arg_true()
    at = rest.to_numpy()
    left = [present[i] for i in at]
    if left:
        kinds, texts = _other_columns(left, notes)
        kind[at] = kinds
        text = text.scatter(rest, texts)
    return kind, text


def _other_columns(items: Sequence[Value], notes: Counter[str]) -> tuple[NDArray[Any], pl.Series]:
    """The same for values that are no strings: numbers and booleans at once, the others one by one."""
    text = _series([v.int_value for v in items], pl.Int64())
    text = pl.Series([None] * len(items), dtype=pl.String) if text is None else text.cast(pl.String)
    kind = np.where(text.is_null().to_numpy(), EMPTY, INT).astype(np.uint8)
    for code in (DOUBLE, BOOL):
        rest = text.is_null().arg_true()
        at = rest.to_numpy()
        found = _series(
            [items[i].double_value if code == DOUBLE else items[i].bool_value for i in at],
            pl.Float64() if code == DOUBLE else pl.Boolean(),
        )
        if found is None or found.null_count() == len(found):
            continue
        found = pl.select(
            pl.when(pl.lit(found).cast(pl.Float64).is_finite()).then(pl.lit(found).cast(pl.String))
        ).to_series()
        kind[at] = np.where(found.is_null().to_numpy(), EMPTY, code)
        text = text.scatter(rest, found)
    left = text.is_null().arg_true().to_list()
    others = [typed(items[i], notes) for i in left]
    if not others:
        return kind, text
    kind[left] = [k for k, _ in others]
    return kind, text.scatter(left, pl.Series([t if k != EMPTY else None for k, t in others], dtype=pl.String))


def _series(items: list[Any], dtype: pl.DataType) -> pl.Series | None:
    """A column of one type; None if an item is of another or does not fit."""
    try:
        return pl.Series(items, dtype=dtype)
    except (OverflowError, TypeError, pl.exceptions.PolarsError):
        return None


def typed(v: Value, notes: Counter[str]) -> tuple[int, str]:
    """(kind, text) of one value; the same as values.from_json gives for the same JSON."""
    if v.string_value is not None:
        return STRING, v.string_value
    if v.int_value is not None:
        if values.INT64_MIN <= v.int_value <= values.INT64_MAX:
            return INT, str(v.int_value)
        return values.from_json({"intValue": v.int_value}, notes)
    if type(v.double_value) is float:
        return DOUBLE, values.double_text(v.double_value)
    if v.bool_value is not None:
        return BOOL, "true" if v.bool_value else "false"
    if v.array_value is not None:
        return ARRAY, "[" + ",".join([_literal(x, notes) for x in v.array_value.values or ()]) + "]"
    if v.kvlist_value is not None:
        return KVLIST, values.kvlist_text([(p.key, _literal(p.value, notes)) for p in v.kvlist_value.values or ()])
    return values.from_json({"bytesValue": v.bytes_value, "doubleValue": v.double_value}, notes)


def _literal(v: Value | None, notes: Counter[str]) -> str:
    if v is None:
        return "null"
    if v.string_value is not None:
        return values.quote(v.string_value)
    return literal(*typed(v, notes))


def attribute_lists(raws: Sequence[bytes], notes: Counter[str]) -> AttributeLists:
    """Raw attribute arrays -> AttributeLists; each distinct pair is decoded once.

    An array is cut between its pairs as text: in JSON no string holds an unescaped quote, so what looks like the
    start of a
    pair is one. Only pairs within pairs look the same: an array is cut up to the first of them, and the rest, like all
    that is written otherwise, is decoded whole.
    """
    space = b" " if any(r.startswith(b'[{"key": ') for r in raws[:64]) else b""
    head, between = b'[{"key":' + space, b"}," + space + b'{"key":' + space
    rows, whole = _divide(raws, head, between)
    cut = np.fromiter(map(len, rows), np.int64, len(rows)) > 0
    text = b"".join(rows)
    starts = np.cumsum([0, *map(len, compress(rows, cut))])
    at = _find(text, between)
    counts = np.zeros(len(raws), np.int64)
    counts[cut] = np.diff(np.searchsorted(at, starts)) + 1
    # A piece goes from behind one pair's start to behind the next one's: it ends with what stands between, cut away
    # later.
    begin = np.sort(np.concatenate((starts[:-1] + len(head), at + len(between))), kind="stable")
    ends = np.append(begin, len(text)).astype(np.int32)
    pieces = pa.Array.from_buffers(pa.binary(), len(begin), [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(text)])
    coded = pieces.dictionary_encode()
    table = cut_pairs(coded.dictionary, space.decode(), notes)
    if table is None:
        return _whole_lists(raws, notes)
    others = _whole_lists(list(whole.values()), notes)
    return _appended(
        counts, coded.indices.to_numpy(zero_copy_only=False), table, np.fromiter(whole, np.int64, len(whole)), others
    )


def _divide(raws: Sequence[bytes], head: bytes, between: bytes) -> tuple[list[bytes], dict[int, bytes]]:
    """(the part of each array that can be cut, b"" if none; the parts that must be decoded whole, by row)."""
    rows = [r if r.startswith(head) and r.endswith(b"}]") else b"" for r in raws]
    whole = {i: raws[i] for i, r in enumerate(rows) if not r and len(raws[i]) > 2}
    ends = np.cumsum([0, *map(len, rows)])
    for i in np.unique(np.searchsorted(ends, _find(b"".join(rows), b"kvlist"), "right") - 1).tolist():
        stop = rows[i].rfind(between, 0, rows[i].find(b"kvlist"))
        whole[i] = raws[i] if stop < 0 else b"[" + raws[i][stop + between.index(b"{") :]
        rows[i] = b"" if stop < 0 else raws[i][:stop] + b"}]"
    return rows, whole


def _find(text: bytes, word: bytes) -> NDArray[Any]:
    """All places of a word, found in many bytes at once: block by block, as the processor's cache likes."""
    whole = np.frombuffer(text, np.uint8)
    found = [np.zeros(0, np.int64)]
    for start in range(0, len(whole) - len(word) + 1, _BLOCK):
        a = whole[start : start + _BLOCK + len(word) - 1]
        last = len(a) - len(word) + 1
        at = np.flatnonzero((a[:last] == word[0]) & (a[1 : last + 1] == word[1]) & (a[2 : last + 2] == word[2]))
        for i in range(3, len(word)):
            at = at[a[at + i] == word[i]]
        found.append(at + start)
    return np.concatenate(found)


_BLOCK: Final = 1 << 17

# Value kind: how its text starts and ends in a pair that was cut out, in camelCase; a space may follow a colon.
_CUT: Final = {
    STRING: ('stringValue":"', '"}'),
    INT: ('intValue":"', '"}'),
    DOUBLE: ('doubleValue":', "}"),
    BOOL: ('boolValue":', "}"),
}


def cut_pairs(pieces: Arrow, space: str, notes: Counter[str]) -> pl.DataFrame | None:
    """Pairs that were cut out as text, each `"<key>","value":{"<member>":<value>}` -> key, kind, text.

    Plain strings and numbers are taken apart as columns; what has escapes or is anything else is decoded. None if a
    piece is no pair.
    """
    try:
        texts = pl.Series(pieces).cast(pl.String)
    except pl.exceptions.PolarsError:
        return None
    for end in (f'}},{space}{{"key":{space}', f'}}][{{"key":{space}', "}]"):
        texts = texts.str.strip_suffix(end)
    snake = bool(len(texts)) and "_value" in texts[0]
    halves = texts.str.split_exact(f'",{space}"value":{space}{{"', 1).struct.unnest()
    key, rest = halves["field_0"].str.slice(1), halves["field_1"]
    kind = np.zeros(len(texts), np.uint8)
    text = pl.Series([None], dtype=pl.String).new_from_index(0, len(texts))
    plain = np.ones(len(texts), bool)
    plain[to_escape(key)] = False
    for code, (start, end) in _CUT.items():
        start = (start.replace("Value", "_value") if snake else start).replace('":', '":' + space)
        at = np.flatnonzero(
            (rest.str.starts_with(start) & rest.str.ends_with(end)).fill_null(value=False).to_numpy()
            & plain
            & (kind == EMPTY)
        )
        if len(at):
            found = _plain_values(code, rest.gather(at).str.slice(len(start)).str.strip_suffix(end))
            good = found.is_not_null().to_numpy()
            kind[at[good]] = code
            text = text.scatter(at, found)
    left = np.flatnonzero(kind == EMPTY)
    if not len(left):
        return pl.DataFrame({"key": key, "kind": kind, "text": text})
    pairs = first_of(PAIRS, ('[{"key":' + '},{"key":'.join(texts.gather(left).to_list()) + "}]").encode())
    if pairs is None or len(pairs) != len(left):
        return None
    table = _pair_table(pairs, notes)
    kind[left] = table["kind"].to_numpy()
    return pl.DataFrame(
        {"key": key.scatter(left, table["key"]), "kind": kind, "text": text.scatter(left, table["text"])}
    )


def _plain_values(code: int, text: pl.Series) -> pl.Series:
    """The text of values of one kind as it is to be; null where it is not plainly that."""
    if code == STRING:
        odd = to_escape(text)
        return text.scatter(odd, pl.Series([None] * len(odd), dtype=pl.String)) if len(odd) else text
    if code == INT:
        return text.cast(pl.Int64, strict=False).cast(pl.String)
    if code == DOUBLE:
        number = text.cast(pl.Float64, strict=False)
        return number.set(~number.is_finite(), None).cast(pl.String)
    return text.set(~text.is_in(["true", "false"]), None)


def _appended(
    counts: NDArray[Any], codes: NDArray[Any], table: pl.DataFrame, rows: NDArray[Any], others: AttributeLists
) -> AttributeLists:
    """Lists of `counts` codes, and behind those of `rows` the ones of `others`."""
    if not len(others.codes):
        return AttributeLists(np.concatenate(([0], np.cumsum(counts))), codes.astype(np.uint32), table)
    more = np.diff(others.offsets)
    counts[rows] += more
    offsets = np.concatenate(([0], np.cumsum(counts)))
    at = np.repeat(offsets[rows + 1] - others.offsets[1:], more) + np.arange(len(others.codes))
    free = np.ones(offsets[-1], bool)
    free[at] = False
    out = np.empty(offsets[-1], np.uint32)
    out[at] = others.codes + np.uint32(len(table))
    out[free] = codes
    return AttributeLists(offsets, out, pl.concat([table, others.table]))


def _pair_table(pairs: Sequence[KeyValue], notes: Counter[str]) -> pl.DataFrame:
    kind, text = any_columns([p.value for p in pairs], notes)
    return pl.DataFrame(
        {"key": pl.Series([p.key for p in pairs], dtype=pl.String), "kind": kind, "text": text.fill_null("null")}
    )


def _whole_lists(raws: Sequence[bytes], notes: Counter[str]) -> AttributeLists:
    """The same, array by array, in any spelling; one that is refused is read leniently, pair by pair."""
    rows = [first_of(PAIRS, raw) if raw and raw != b"null" else () for raw in raws]
    odd = {i: _lenient(raws[i], notes) for i, row in enumerate(rows) if row is None}
    offsets = np.zeros(len(raws) + 1, np.int64)
    np.cumsum([len(odd[i] if row is None else row) for i, row in enumerate(rows)], out=offsets[1:])
    table = _pair_table([p for row in rows if row for p in row], notes)
    if odd:
        order = np.argsort([row is None for row in rows], kind="stable")
        extra = pl.DataFrame([t for i in sorted(odd) for t in odd[i]], schema=table.schema, orient="row")
        sizes = np.diff(offsets)[order]
        starts = np.concatenate(([0], np.cumsum(sizes)))[:-1]
        place = np.empty(len(raws), np.int64)
        place[order] = starts
        codes = np.repeat(place - offsets[:-1], np.diff(offsets)) + np.arange(offsets[-1])
        return AttributeLists(offsets, codes.astype(np.uint32), pl.concat([table, extra]))
    return AttributeLists(offsets, np.arange(offsets[-1], dtype=np.uint32), table)


def _lenient(raw: bytes, notes: Counter[str]) -> list[tuple[str, int, str]]:
    try:
        return list(values.typed_pairs(loads(raw), notes))
    except (ValueError, RecursionError):
        notes['attributes that could not be read, kept as text under the key "$damaged"'] += 1
        return [("$damaged", STRING, raw.decode("utf-8", "replace"))]


def numbers(items: Sequence[int | None], notes: Counter[str], what: str) -> pl.Series:
    """Int64 from 0 to values.TIME_MAX; what does not fit becomes null and is counted."""
    whole = _series(list(items), pl.Int64())
    if whole is None or not whole.is_between(0, values.TIME_MAX).all():  # nulls are ignored
        fits = [i if i is not None and 0 <= i <= values.TIME_MAX else None for i in items]
        notes[f"{what} outside int64, taken as absent"] += sum(
            f is None and i is not None for f, i in zip(fits, items, strict=True)
        )
        return pl.Series(fits, dtype=pl.Int64)
    return whole


def enums(items: Sequence[int | str | None], names: dict[str, int], notes: Counter[str], what: str) -> pl.Series:
    """Int64 from numbers or enum names; a name that does not exist becomes 0 and is counted."""
    distinct = set(items)
    if all(type(i) is int for i in distinct):
        return pl.Series([min(max(int(i or 0), -1), 256) for i in items], dtype=pl.Int64)
    known = {i: _enum(i, names) for i in distinct}
    unknown = {i for i, number in known.items() if number is None}
    if unknown:
        notes[f"{what} of no known name, taken as 0"] += sum(i in unknown for i in items)
    return pl.Series([min(max(known[i] or 0, -1), 256) for i in items], dtype=pl.Int64)


def _enum(item: int | str | None, names: dict[str, int]) -> int | None:
    if item is None or isinstance(item, int):
        return item or 0
    try:
        return int(item)
    except ValueError:
        return names.get(item.strip().upper())
