"""All that a panel shows of one filter state, counted from codes and bits: see engines.base.Engine.panel.

The same answers as `count`, `facets`, `volume` and `page` give in SQL, which tests hold it against. A field that is not
coded, having too many values, is counted in SQL over the rows that the bits pick.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.engines.base import FACETS, VOLUME, Panel
from lognb.engines.duckdb.masks import Picked, joined

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.engines.duckdb.codes import Coded
    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_MOST_BUCKETS: Final = 20_000


def panel(
    engine: DuckDB,
    query: Query,
    fields: Sequence[str],
    every: int,
    by: str | None,
    limit: int,
    *,
    top: int,
    newest: bool,
    size: bool,
    columns: Sequence[str] | None,
) -> Panel:
    masks = engine.masks
    low, high = masks.window(query)
    for name in {*fields, *([by] if by else [])}:
        engine.codes[name]  # what is counted anyway is then at hand for its conditions
    parts = masks.parts(query, low, high)
    picked = Picked(low, high, joined(list(parts.values())))
    frames = [pl.DataFrame(schema=FACETS)]
    for name in fields:
        others = picked
        if name in parts:
            others = Picked(low, high, joined([bits for field, bits in parts.items() if field != name]))
        frames.append(facet(engine, query, name, others, top))
    return Panel(
        count=picked.count,
        facets=pl.concat(frames),
        volume=volume(engine, query, picked, every, by, size=size),
        page=engine.page(query, limit, newest=newest, columns=columns),
    )


def facet(engine: DuckDB, query: Query, name: str, others: Picked, top: int) -> pl.DataFrame:
    """Rows of FACETS for one field, over the rows that all conditions but its own let through."""
    coded = engine.codes[name]
    if coded is None:
        return engine.facet(query.without(name), query.own(name), name, top, others)
    texts, which = coded.tallies
    found = np.bincount(others.of(coded.codes), minlength=len(coded.literals))
    counts, chosen = coded.tally(found), np.ones(len(texts), np.bool_)
    if own := query.own(name):
        chosen = np.zeros(len(texts), np.bool_)
        chosen[which[np.logical_and.reduce([coded.fits(clause) for clause in own]) & (found > 0)]] = True
    frame = pl.DataFrame({"value": texts, "records": counts, "chosen": chosen}).filter(pl.col("records") > 0)
    values = int(frame["value"].count())
    present = frame.filter(pl.col("value").is_not_null())
    first = present.sort(["records", "value"], descending=[True, False]).head(top)
    rows = pl.concat([first, frame.filter(pl.col("value").is_null())])
    rows = rows.with_columns(field=pl.lit(name), values=pl.lit(values))
    rows = rows.select(pl.col(c).cast(t) for c, t in FACETS.items())
    return rows.sort(["records", "value"], descending=[True, False], nulls_last=True)


def volume(engine: DuckDB, query: Query, picked: Picked, every: int, by: str | None, *, size: bool) -> pl.DataFrame:
    """Rows of VOLUME; `bytes` is null unless `size`."""
    masks = engine.masks
    timed, times = _timed(picked, masks.timed), masks.times()
    if timed.low >= timed.high:
        return pl.DataFrame(schema=VOLUME)
    first, last = int(times[timed.low]) // every, int(times[timed.high - 1]) // every
    coded = engine.codes[by] if by is not None else None
    if last - first >= _MOST_BUCKETS or (by is not None and coded is None):
        return engine.volume(query, every, by)
    edges = np.searchsorted(times, np.arange(first, last + 2) * every)
    at = timed.edges(edges)
    records = _table(timed, at, coded, None)
    sizes = _table(timed, at, coded, engine.codes.sizes()) if size else None
    texts = pl.Series([None], dtype=pl.String) if coded is None else coded.tallies[0]
    bucket, value = np.nonzero(records)
    frame = pl.DataFrame(
        {
            "bucket": (bucket + first) * every,
            "by": _named(texts, records.sum(axis=0)).gather(value),
            "records": records[bucket, value],
            "bytes": records[bucket, value] if sizes is None else sizes[bucket, value],
        }
    )
    sums = pl.col("records").sum(), pl.col("bytes").sum() if size else pl.lit(None).alias("bytes")
    frame = frame.group_by("bucket", "by").agg(sums)
    return frame.sort("bucket", "by", nulls_last=True).cast(VOLUME)  # type: ignore[arg-type]


def _timed(picked: Picked, timed: int) -> Picked:
    """Those that have a time."""
    if picked.high <= timed:
        return picked
    low = min(picked.low, timed)
    return Picked(low, timed, None if picked.bits is None else picked.bits[: timed - low])


def _table(
    picked: Picked, at: NDArray[np.int64], coded: Coded | None, weights: NDArray[Any] | None
) -> NDArray[np.int64]:
    """Records, or sums of `weights`, by bucket and distinct text; bucket b has the picked rows at[b] to at[b + 1]."""
    weights = None if weights is None else picked.of(weights)
    if coded is None:
        total = at if weights is None else np.concatenate(([0], np.cumsum(weights, dtype=np.int64)))[at]
        return np.diff(total)[:, None]
    codes, kinds = picked.of(coded.codes), len(coded.literals)
    out = np.zeros((len(at) - 1, kinds), np.int64)
    for b in np.flatnonzero(np.diff(at)).tolist():
        part = slice(int(at[b]), int(at[b + 1]))
        # Weights are summed as doubles, which is exact: the bytes of a bucket are fewer than 2^53.
        out[b] = np.bincount(codes[part], None if weights is None else weights[part], minlength=kinds)
    return coded.tally(out)


def _named(texts: pl.Series, totals: NDArray[np.int64], top: int = 12) -> pl.Series:
    """The name of each text in the picture: beyond the `top` most frequent there is one for all others."""
    order = pl.DataFrame({"text": texts, "n": totals, "i": range(len(texts))}).filter(pl.col("n") > 0)
    order = order.sort(["n", "text"], descending=[True, False], nulls_last=True)
    more = order.height - top
    names = texts.to_list()
    for i in order["i"].to_list()[top:]:
        names[i] = f"other ({more} more)"
    return pl.Series(names, dtype=pl.String)
