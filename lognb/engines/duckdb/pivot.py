"""Batches -> frames of the store's `logs`: frequent attributes become flat columns, the rest two lists.

Each distinct pair is parsed once; records are reached by index arithmetic only. What a column means: schema.py.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from lognb.schema import FLAT_KINDS, KIND, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from lognb.schema import Batch

_quote = json.JSONEncoder(ensure_ascii=False).encode
_SPECIAL = {'{"$double":"NaN"}': "nan", '{"$double":"Infinity"}': "inf", '{"$double":"-Infinity"}': "-inf"}

Type = tuple[str, str]  # key, kind


@dataclass
class Chunk:
    """Some batches as one: `records` already has the store's fixed columns; see schema.Batch for the rest."""

    records: pl.DataFrame
    offsets: NDArray[np.int64]
    codes: NDArray[np.int64]
    pairs: pl.DataFrame

    @classmethod
    def of(cls, frames: Sequence[pl.DataFrame], batches: Sequence[Batch]) -> Chunk:
        """Join batches; `frames` are their records in the store's fixed columns."""
        base = np.cumsum([0, *(len(b.pairs) for b in batches)])
        ends = np.cumsum([0, *(int(b.offsets[-1]) - int(b.offsets[0]) for b in batches)])
        parts = [b.offsets[1:].astype(np.int64) - int(b.offsets[0]) + at for b, at in zip(batches, ends, strict=False)]
        codes = [
            b.codes[int(b.offsets[0]) : int(b.offsets[-1])].astype(np.int64) + at
            for b, at in zip(batches, base, strict=False)
        ]
        pairs = [b.pairs.select(pl.col("key"), pl.col("kind").cast(pl.UInt8), pl.col("text")) for b in batches]
        offsets = np.concatenate(([0], *parts)).astype(np.int64)
        return cls(pl.concat(frames), offsets, np.concatenate(codes), pl.concat(pairs))

    @cached_property
    def keys(self) -> list[str]:
        """The distinct keys; `pair_key` has a place in it for each pair."""
        return [str(key) for key in self._dictionary.dictionary.to_pylist()]

    @cached_property
    def pair_key(self) -> NDArray[np.int64]:
        return np.array(self._dictionary.indices, np.int64)

    @cached_property
    def _dictionary(self) -> pa.DictionaryArray[Any, Any]:
        return self.pairs["key"].to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()

    @cached_property
    def pair_type(self) -> NDArray[np.int64]:
        """Key and kind of each pair in one number: place in `keys` * 8 + kind."""
        return np.array(self.pair_key * len(KINDS) + self.pairs["kind"].to_numpy(), np.int64)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """The record of each code."""
        return np.repeat(np.arange(len(self.records)), np.diff(self.offsets))

    @cached_property
    def order(self) -> NDArray[np.int64]:
        """Places of `codes` by key, then record, then as sent."""
        key = self.pair_key[self.codes]
        # A stable sort of 16-bit numbers is a radix sort: ten times faster.
        return np.argsort(key.astype(np.uint16) if len(self.keys) < 2**16 else key, kind="stable")

    @cached_property
    def last(self) -> NDArray[np.bool_]:
        """For each place of `order`: is it the last pair of its key in its record, the one that counts?"""
        key, row = self.pair_key[self.codes[self.order]], self.rows[self.order]
        out = np.ones(len(key), np.bool_)
        out[:-1] = (key[1:] != key[:-1]) | (row[1:] != row[:-1])
        return out

    def counts(self) -> dict[Type, int]:
        """In how many records each (key, kind) counts, for the kinds that can be flat."""
        counted = self.pair_type[self.codes[self.order[self.last]]]
        if not len(counted):
            return {}
        n = np.bincount(counted)
        found = ((self.keys[t // 8], KINDS[t % 8], int(n[t])) for t in np.flatnonzero(n))
        return {(key, kind): count for key, kind, count in found if kind in FLAT_KINDS}

    def pivot(self, flats: Mapping[Type, str]) -> pl.DataFrame:
        """The records with a column for each of `flats` (the name to give it) and the two lists of the rest."""
        of_key = {key: i for i, key in enumerate(self.keys)}
        ends = np.concatenate(([0], np.cumsum(np.bincount(self.pair_key[self.codes], minlength=len(self.keys)))))
        counted, rows, codes = self.last, self.rows[self.order], self.codes[self.order]
        kinds = self.pairs["kind"].to_numpy()[codes]
        rest = np.ones(len(self.codes), np.bool_)
        columns = []
        for (key, kind), name in flats.items():
            at = of_key.get(key)
            if at is None:
                continue
            part = slice(int(ends[at]), int(ends[at + 1]))
            places = np.flatnonzero(counted[part] & (kinds[part] == KIND[kind])) + part.start
            column, fits = _column(self.pairs["text"], codes[places], rows[places], kind, len(self.records))
            rest[self.order[places[fits]]] = False
            columns.append(column.alias(name))
        return self.records.with_columns(*columns, *self._rest(np.flatnonzero(rest)))

    def _rest(self, places: NDArray[np.int64]) -> tuple[pl.Series, pl.Series]:
        """The lists of the pairs at `places`, in each record from the last sent to the first."""
        size = np.bincount(self.rows[places], minlength=len(self.records))
        ends = np.cumsum(size)
        turned = np.repeat(ends - size, size) + np.repeat(ends, size) - 1 - np.arange(len(places))
        used, codes = _distinct(self.codes[places[turned]], len(self.pairs))
        pairs = self.pairs[used] if len(used) else self.pairs.clear()
        offsets = pa.array(np.concatenate(([0], ends)), pa.int64())

        def lists(name: str, values: pl.Series) -> pl.Series:
            flat = values.gather(codes).to_arrow(compat_level=pl.CompatLevel.oldest())
            return pl.Series(name, pa.LargeListArray.from_arrays(offsets, flat), dtype=pl.List(pl.String))

        return lists("attr_keys", pairs["key"]), lists("attr_values", literals(pairs))


def literals(pairs: pl.DataFrame) -> pl.Series:
    """Each pair's value as a JSON literal."""
    string = pairs["kind"] == KIND["string"]
    odd = string & pairs["text"].str.contains(r'["\\\x00-\x1f]')
    out = pairs.select(
        pl.when(string).then(pl.concat_str(pl.lit('"'), pl.col("text"), pl.lit('"'))).otherwise(pl.col("text"))
    ).to_series()
    if not odd.any():
        return out
    at = odd.arg_true()
    return out.scatter(at, pl.Series([_quote(t) for t in pairs["text"].gather(at).to_list()], dtype=pl.String))


def _distinct(codes: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The distinct codes, and the place among them of each: np.unique without its sort, for codes below `size`."""
    place = np.zeros(size, np.int64)
    place[codes] = 1
    used = np.flatnonzero(place)
    place[used] = np.arange(len(used))
    return used, place[codes]


def _column(
    texts: pl.Series, codes: NDArray[np.int64], rows: NDArray[np.int64], kind: str, size: int
) -> tuple[pl.Series, NDArray[np.bool_]]:
    """A flat column of `size` records, and which of `codes` fit in it: a text its type cannot give back stays apart."""
    used, place = _distinct(codes, len(texts))
    values = _parse(texts.gather(used), kind)
    fits = values.is_not_null().to_numpy()[place]
    at = np.full(size, -1, np.int64)
    at[rows] = place
    index = pl.Series(at).to_frame("at").select(pl.when(pl.col("at") >= 0).then("at")).to_series()
    return values.gather(index), fits


def _parse(texts: pl.Series, kind: str) -> pl.Series:
    if kind == "string":
        return texts
    if kind == "bool":
        return texts.replace_strict({"true": True, "false": False}, default=None, return_dtype=pl.Boolean)
    if kind == "double":
        return texts.replace(_SPECIAL).cast(pl.Float64, strict=False)
    values = texts.cast(pl.Int64, strict=False)
    return values.to_frame("v").select(pl.when(pl.col("v").cast(pl.String) == texts).then("v")).to_series()
