"""What the records of a query say of each value of a derived field: counted from codes, as a panel is.

Only what has no codes (sessions, users and record ids are too many) is read, in batches, over the query's rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.engines.base import PROFILE
from lognb.engines.duckdb.connect import Params, array

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from lognb.engines.base import Labels
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.engines.duckdb.masks import Picked
    from lognb.query import Query

_BATCH: Final = 1 << 20
_MOST_CELLS: Final = 1 << 22  # of a table of counts
_SPARE: Final = 2  # so many times the sample are looked at


def counted(engine: DuckDB, labels: Labels, query: Query, every: int | None, sample: int) -> pl.DataFrame:
    """See engines.base.Engine.profile."""
    picked = engine.pick(query)
    codes, size = picked.of(labels.codes), labels.table.height
    records = np.bincount(codes, minlength=size + 1)[:size]
    # Sums of doubles are exact: the bytes of a value are fewer than 2^53.
    sizes = np.bincount(codes, picked.of(engine.codes.sizes()), minlength=size + 1)[:size]
    # The rows of each code in turn, and where those of one end.
    order = np.argsort(codes, kind="stable")
    ends = np.cumsum(records)
    places = picked.places()
    timed = int(np.searchsorted(places, engine.masks.timed))
    first, last = _ends(engine, codes[:timed], places, order, ends - records)
    frame = pl.DataFrame(
        {
            "code": np.arange(size, dtype=np.uint32),
            "records": records,
            "bytes": sizes.astype(np.int64),
            "first": first,
            "last": last,
            "severities": _by(engine, "severity", picked, codes, size),
            "services": _by(engine, "service_name", picked, codes, size),
            "sessions": _distinct(engine, "session", picked, order, ends),
            "users": _distinct(engine, "user_id", picked, order, ends),
            "earlier": _earlier(engine, labels, query, size),
            "trend": _trend(engine, codes[:timed], places[:timed], size, every),
            "sample": _sample(engine, picked, codes, records, sample),
        }
    )
    return frame.filter(pl.col("records") > 0).select(pl.col(c).cast(t) for c, t in PROFILE.items())


def _ends(
    engine: DuckDB, codes: NDArray[Any], places: NDArray[np.int64], order: NDArray[np.int64], starts: NDArray[np.int64]
) -> tuple[pl.Series, pl.Series]:
    """First and last time of each code, of rows that have one: they come first and ascend."""
    timed = np.bincount(codes, minlength=len(starts) + 1)[: len(starts)]
    out, there = [], np.flatnonzero(timed)
    for at in (starts, starts + timed - 1):
        times = np.zeros(len(starts), np.int64)
        times[there] = engine.masks.times()[places[order[at[there]]]]
        out.append(pl.select(pl.when(pl.Series(timed > 0)).then(pl.Series(times).cast(PROFILE["first"]))).to_series())
    return out[0], out[1]


def _by(engine: DuckDB, name: str, picked: Picked, codes: NDArray[Any], size: int) -> pl.Series:
    """The values of another field that each code has, the most frequent first."""
    coded = engine.codes[name]
    if coded is None:
        return pl.Series([None] * size, dtype=PROFILE["services"])
    pairs = _pairs(codes, picked.of(coded.codes), len(coded.texts), size)
    names = pl.DataFrame({"other": np.arange(len(coded.texts)), "value": coded.texts})
    pairs = pairs.join(names, on="other").filter(pl.col("value").is_not_null())
    pairs = pairs.sort(["code", "records", "value"], descending=[False, True, False])
    lists = pairs.group_by("code", maintain_order=True).agg(pl.struct("value", "records").alias("found"))
    every = pl.DataFrame({"code": np.arange(size)}).join(lists, on="code", how="left", maintain_order="left")
    return every["found"].fill_null([])


def _pairs(codes: NDArray[Any], others: NDArray[Any], width: int, size: int) -> pl.DataFrame:
    """Rows: `code`, `other`, `records`: two numbers that rows have together."""
    if (size + 1) * width > _MOST_CELLS:
        found = pl.DataFrame({"code": codes, "other": others}).group_by("code", "other").len("records")
        return found.cast({"code": pl.Int64, "other": pl.Int64, "records": pl.Int64}).filter(pl.col("code") < size)
    table = np.bincount(codes.astype(np.int64) * width + others, minlength=(size + 1) * width)[: size * width]
    at = np.flatnonzero(table)
    return pl.DataFrame({"code": at // width, "other": at % width, "records": table[at]})


def _distinct(
    engine: DuckDB, column: str, picked: Picked, order: NDArray[np.int64], ends: NDArray[np.int64]
) -> NDArray[np.int64]:
    """How many values of a field of ids each code has, by their 64-bit hashes: sorted, equal ones are neighbours."""
    params = Params()
    value, none = engine.field(column).text(params), engine.rows("SELECT hash(NULL::VARCHAR)", Params())[0][0]
    parts = [ids for _, ids in _batches(engine, f"hash({value})", picked, params)]
    ids = np.concatenate([np.empty(0, np.uint64), *parts])[order]
    out, start = np.zeros(len(ends), np.int64), 0
    for code, end in enumerate(ends.tolist()):
        own = np.sort(ids[start:end])
        out[code] = np.count_nonzero(own[1:] != own[:-1]) + len(own[:1]) - (none in own)
        start = end
    return out


def _earlier(engine: DuckDB, labels: Labels, query: Query, size: int) -> pl.Series:
    low, _ = engine.masks.window(query)
    if not low:
        return pl.Series([None] * size, dtype=pl.Boolean)
    return pl.Series(np.bincount(labels.codes[:low], minlength=size + 1)[:size] > 0)


def _trend(
    engine: DuckDB, codes: NDArray[Any], places: NDArray[np.int64], size: int, every: int | None
) -> list[list[int]]:
    if every is None or not len(places):
        return [[]] * size
    times = engine.masks.times()
    first, last = int(times[places[0]]) // every, int(times[places[-1]]) // every
    edges = np.searchsorted(places, np.searchsorted(times, np.arange(first, last + 2) * every))
    width = last - first + 1
    bucket = np.repeat(np.arange(width), np.diff(edges))
    table = np.bincount(codes.astype(np.int64) * width + bucket, minlength=(size + 1) * width)
    out: list[list[int]] = table.reshape(-1, width)[:size].tolist()
    return out


def _sample(engine: DuckDB, picked: Picked, codes: NDArray[Any], records: NDArray[np.int64], sample: int) -> pl.Series:
    """The places of the records of each code with the lowest ids."""
    size = len(records)
    if not sample:
        return pl.Series([[]] * size, dtype=PROFILE["sample"])
    # An id is a hash, so of a code with many records only those below a bound can be among the lowest.
    share = np.minimum(1.0, _SPARE * sample / np.maximum(records, 1))
    bounds = np.append(np.where(share < 1, share * 2.0**64, 0).astype(np.uint64) - np.uint64(1), np.uint64(0))
    kept = [pl.DataFrame(schema={"code": pl.UInt32, "id": pl.UInt64, "place": pl.Int64})]
    for part, ids in _batches(engine, "record_id", picked, Params()):
        low = np.flatnonzero(ids <= bounds[codes[part]])
        at = low + part.start
        places = at + picked.low if picked.bits is None else picked.index[at] + picked.low
        kept.append(pl.DataFrame({"code": codes[at].astype(np.uint32), "id": ids[low], "place": places}))
    found = pl.concat(kept).filter(pl.col("code") < size).sort("code", "id", "place")
    lists = found.group_by("code", maintain_order=True).agg(pl.col("place").head(sample))
    every = pl.DataFrame({"code": np.arange(size, dtype=np.uint32)}).join(
        lists, on="code", how="left", maintain_order="left"
    )
    return every["place"].fill_null([])


def _batches(
    engine: DuckDB, expression: str, picked: Picked, params: Params
) -> Iterator[tuple[slice, NDArray[np.uint64]]]:
    """An expression of the picked rows, in their order, and which of them a batch has."""
    inside = engine.places.between(picked.low, picked.high, params)
    at = done = 0
    for batch in engine.stream(f"SELECT {expression}::UBIGINT FROM store.logs WHERE {inside}", params, _BATCH):
        column: NDArray[np.uint64] = array(batch.column(0))
        if picked.bits is not None:
            column = column[picked.bits[at : at + len(column)]]
        at += batch.num_rows
        yield slice(done, done + len(column)), column
        done += len(column)
