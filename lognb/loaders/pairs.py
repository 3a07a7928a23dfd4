"""Attributes of many rows at once: a table of pairs, and for each row the codes of its pairs.

`AttributeLists` is how attributes travel from a decoder to the record columns and to the store; see schema.Batch.
"""

from __future__ import annotations

from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from lognb.loaders.values import BYTES, EMPTY, STRING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Arrow = Any  # pyarrow's types do not tell lists, structs and plain arrays apart
PAIRS = {"key": pl.String(), "kind": pl.UInt8(), "text": pl.String()}

_NONE = np.uint16(60_000)


@dataclass(frozen=True, slots=True)
class AttributeLists:
    """Row i has the pairs `codes[offsets[i]:offsets[i + 1]]`; a code is a row of `table` (key, kind, text)."""

    offsets: NDArray[np.int64]
    codes: NDArray[np.uint32]
    table: pl.DataFrame

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def texts(self) -> pl.Series:
        """Each row's attributes as one JSON object, in the order sent, repeated keys included."""
        if not len(self.codes):
            return pl.repeat("{}", len(self), dtype=pl.String, eager=True)
        key, kind, text = (self.table[name] for name in PAIRS)
        value = pl.select(pl.when(kind == STRING).then(quote(text)).otherwise(text)).to_series()
        pair = pl.select(pl.concat_str([quote(key), pl.lit(":"), value])).to_series()
        return joined(self.offsets, pair.gather(self.codes), "{", "}")

    def sizes(self) -> NDArray[np.int64]:
        """Bytes of each row's keys and values: a string as UTF-8, any other value as its JSON text."""
        size = (self.table["key"].str.len_bytes() + self.table["text"].str.len_bytes()).cast(pl.Int64).to_numpy()
        total = np.concatenate(([0], np.cumsum(size[self.codes], dtype=np.int64)))
        sums: NDArray[np.int64] = total[self.offsets[1:]] - total[self.offsets[:-1]]
        return sums

    def rows(self) -> NDArray[np.int64]:
        """The row of each code."""
        return np.repeat(np.arange(len(self)), np.diff(self.offsets))

    def key_codes(self) -> tuple[NDArray[np.int32], list[str]]:
        """(for each pair the number of its key, the keys)."""
        coded = arrow(self.table["key"]).dictionary_encode()
        return coded.indices.to_numpy(zero_copy_only=False), coded.dictionary.to_pylist()

    def first_known(self, keys: Sequence[str], *, suffixes: bool = False) -> pl.Series:
        """Each row's value under the first of `keys` that it has and that is not empty; null where none.

        With `suffixes`, a key that ends in "." and a known key counts too, after all exact ones ("span.distinct_id").
        Of a repeated key the last value wins. Values that are not text come as their JSON text.
        """
        out = np.full(len(self), -1, np.int64)
        rank = self._ranks(keys, suffixes)
        if rank is not None:
            at = np.flatnonzero(rank[self.codes] < _NONE)
            rows = np.searchsorted(self.offsets, at, "right") - 1
            # Worst first, so that in the assignment below the best, and of equals the last sent, is what stays.
            order = np.argsort(-rank[self.codes[at]].astype(np.int64), kind="stable")
            out[rows[order]] = self.codes[at[order]]
        return self.table["text"].gather(pl.Series(out).replace(-1, None))

    def _ranks(self, keys: Sequence[str], suffixes: bool) -> NDArray[np.uint16] | None:
        """For each pair the place of its key in `keys`; _NONE for other keys and empty values, None if no pair has
        one.
        """
        codes, have = self.key_codes()
        rank = {key: i for i, key in enumerate(keys)}
        ranks = np.full(len(have), _NONE, np.uint16)
        for i, key in enumerate(have):
            if key in rank:
                ranks[i] = rank[key]
            elif suffixes and "." in key:
                ends = [r for k, r in rank.items() if key.endswith("." + k)]
                if ends:
                    ranks[i] = len(rank) + min(ends)
        if not (ranks < _NONE).any():
            return None
        empty = (self.table["text"] == "").to_numpy() | self.table["kind"].is_in([EMPTY, BYTES]).to_numpy()
        return np.where(empty, _NONE, ranks[codes])

    def repeated(self) -> int:
        """In how many rows a key occurs more than once."""
        code = self.key_codes()[0]
        count = np.diff(self.offsets)
        rows = np.flatnonzero(count > 1)
        if not len(rows):
            return 0
        # One bit a key: a row with fewer bits than pairs repeats a key, or two keys share a bit; only those are
        # counted.
        bits = np.left_shift(np.uint64(1), (code % 64).astype(np.uint64))[self.codes]
        have = np.bitwise_count(np.bitwise_or.reduceat(bits, self.offsets[:-1][count > 0]))[count[count > 0] > 1]
        suspects = rows[have < count[rows]]
        spans = ((self.offsets[i], self.offsets[i + 1]) for i in suspects)
        return sum(len(set(code[self.codes[a:b]].tolist())) < b - a for a, b in spans)


def quote(text: pl.Series) -> pl.Series:
    """Strings as JSON strings; only those that hold a quote, a backslash or a control character are escaped one by
    one.
    """
    plain = pl.select(pl.concat_str([pl.lit('"'), text, pl.lit('"')])).to_series()
    odd = to_escape(text)
    if not len(odd):
        return plain
    return plain.scatter(odd, pl.Series([encode_basestring(t) for t in text.gather(odd).to_list()], dtype=pl.String))


def to_escape(text: pl.Series) -> NDArray[np.int64]:
    """Rows with a character that JSON escapes: looked for in all bytes at once, since they are rare."""
    array = arrow(text)
    if not len(array):
        return np.zeros(0, np.int64)
    data = np.frombuffer(array.buffers()[2] or b"", np.uint8)
    offsets = np.frombuffer(array.buffers()[1], np.int64)[array.offset : array.offset + len(array) + 1]
    at = np.flatnonzero((data < 0x20) | (data == 0x22) | (data == 0x5C))
    at = at[(at >= offsets[0]) & (at < offsets[-1])]
    return np.unique(np.searchsorted(offsets, at, "right") - 1)


def arrow(text: pl.Series) -> Arrow:
    """As an Arrow array of large_string or large_binary, whose buffers are offsets and bytes."""
    return text.to_arrow(compat_level=pl.CompatLevel.oldest())


def joined(offsets: NDArray[np.int64], texts: pl.Series, opening: str, closing: str) -> pl.Series:
    """Row i: `opening`, the texts from offsets[i] to offsets[i + 1] with commas between, `closing`."""
    offset_array: Arrow = pa.array(offsets)
    lists = pa.LargeListArray.from_arrays(offset_array, arrow(texts))
    inner: Arrow = pc.binary_join(lists, pa.scalar(",", pa.large_string()))
    inner = pl.Series(inner)
    return pl.select(pl.concat_str([pl.lit(opening), inner, pl.lit(closing)])).to_series()


def nested_texts(
    offsets: NDArray[np.int64], kind: NDArray[np.uint8], text: pl.Series, keys: pl.Series | None
) -> pl.Series:
    """Literals of arrays, or with `keys` of lists of pairs, from those of their values; see values.kvlist_text for the
    tag.
    """
    values = text.fill_null("null")
    strings = np.flatnonzero(kind == STRING)
    if len(strings):
        values = values.scatter(strings, quote(values.gather(strings)))
    if keys is None:
        return joined(offsets, values, "[", "]")
    out = joined(offsets, pl.select(pl.concat_str([quote(keys), pl.lit(":"), values])).to_series(), "{", "}")
    single = np.flatnonzero(np.diff(offsets) == 1)
    tagged = single[keys.gather(offsets[single]).str.starts_with("$").to_numpy()] if len(single) else single
    if not len(tagged):
        return out
    return out.scatter(
        tagged, pl.select(pl.concat_str([pl.lit('{"$kvlist":'), out.gather(tagged), pl.lit("}")])).to_series()
    )


def no_attributes(rows: int) -> AttributeLists:
    return AttributeLists(np.zeros(rows + 1, np.int64), np.zeros(0, np.uint32), pl.DataFrame(schema=PAIRS))
