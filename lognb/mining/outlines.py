"""The distinct outlines of bodies that come batch by batch, and which of them each body has.

A batch costs one pass over its distinct bodies. What is kept is the outlines, how many records each has, and a few of
its bodies, by their place: those whose hash is lowest, so that the same ones are kept whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.mining.fingerprint import outline
from lognb.mining.guard import HELD, guard
from lognb.mining.headline import headline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    Stream = Callable[[], Iterator[pl.Series]]

NUMBER: Final = "0"  # what a rare word looks like to the masks
ABSENT: Final = 2**32 - 1
"""The number of a body that is null: it has no outline."""
SAMPLES: Final = 16
"""So many bodies of each outline are kept."""
_MERGE: Final = 400_000  # rows of samples that wait


@dataclass
class Outlines:
    """`table`: rows `number`, `outline`, `records`; `samples`: rows `number`, `hash`, `place` of a body."""

    table: pl.DataFrame
    samples: pl.DataFrame
    numbers: list[NDArray[np.uint32]]
    """Of each body, its outline's, batch by batch; ABSENT for null."""


def of_batch(bodies: pl.Series, start: int = 0) -> tuple[pl.Series, pl.DataFrame]:
    """The hash of each body, and rows: `hash`, `outline`, `records`, `place`: the distinct bodies, without null.

    >>> found = of_batch(pl.Series(["took 1 ms", "took 2 ms", "took 1 ms", None]))[1]
    >>> sorted(found.select("outline", "records").rows())
    [('took 0 ms', 1), ('took 0 ms', 2)]
    """
    hashes = bodies.hash().alias("hash")
    rows = pl.DataFrame({"hash": hashes, "row": pl.int_range(len(bodies), eager=True, dtype=pl.UInt32)})
    if bodies.null_count():
        rows = rows.filter(bodies.is_not_null())
    distinct = rows.group_by("hash").agg(pl.len().cast(pl.UInt64).alias("records"), pl.col("row").min())
    texts = outline(headline(bodies.gather(distinct["row"])))
    place = (distinct["row"].cast(pl.Int64) + start).alias("place")
    return hashes, distinct.select("hash", "records").with_columns(texts.alias("outline"), place)


def collect(stream: Stream) -> Outlines:
    """The outlines of all bodies; those of a stream that explodes without their rare words: it is then read again."""
    found = _collect(stream)
    if found is not None:
        return found
    found = _collect(stream, guard(lambda: map(_counted, stream()), HELD, NUMBER), most=None)
    assert found is not None
    return found


def _counted(bodies: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The distinct outlines of a batch, and how many records each has."""
    table = of_batch(bodies)[1].group_by("outline").agg(pl.col("records").sum())
    return table["outline"], table["records"]


def _collect(
    stream: Stream, change: Callable[[pl.Series], pl.Series] | None = None, most: int | None = HELD
) -> Outlines | None:
    """None if there are more than `most`."""
    known = _Known()
    numbers: list[NDArray[np.uint32]] = []
    start = 0
    for bodies in stream():
        hashes, distinct = of_batch(bodies, start)
        if change is not None:
            distinct = distinct.with_columns(change(distinct["outline"]).alias("outline"))
        numbers.append(known.add(hashes, distinct))
        start += len(bodies)
        if most is not None and known.table.height > most:
            return None
    known.merge()
    counts = pl.concat(known.counts).group_by("number").agg(pl.col("records").sum())
    table = known.table.select("number", "outline").join(counts, on="number", how="left", maintain_order="left")
    return Outlines(table, known.samples[0], numbers)


@dataclass
class _Known:
    """What a stream has shown so far."""

    table: pl.DataFrame = field(
        default_factory=lambda: pl.DataFrame(schema={"key": pl.UInt64, "outline": pl.String, "number": pl.UInt32})
    )
    counts: list[pl.DataFrame] = field(
        default_factory=lambda: [pl.DataFrame(schema={"number": pl.UInt32, "records": pl.UInt64})]
    )
    samples: list[pl.DataFrame] = field(
        default_factory=lambda: [pl.DataFrame(schema={"number": pl.UInt32, "hash": pl.UInt64, "place": pl.Int64})]
    )
    waiting: int = 0

    def add(self, hashes: pl.Series, distinct: pl.DataFrame) -> NDArray[np.uint32]:
        """The number of each body's outline."""
        distinct = distinct.with_columns(pl.col("outline").hash().alias("key"))
        sums = pl.len().alias("bodies"), pl.col("records").sum(), pl.col("outline").first()
        grouped = distinct.group_by("key").agg(sums)
        new = grouped.join(self.table, on="key", how="anti")
        at = pl.int_range(self.table.height, self.table.height + new.height, eager=True, dtype=pl.UInt32)
        self.table = pl.concat([self.table, new.select("key", "outline").with_columns(at.alias("number"))])
        grouped = grouped.select("key", "bodies", "records").join(self.table.select("key", "number"), on="key")
        distinct = distinct.select("hash", "place", "key").join(grouped.select("key", "number", "bodies"), on="key")
        self.counts.append(grouped.select("number", "records"))
        # Of many hashes the lowest are certainly below four times the part that is wanted: the others need no sorting.
        bound = (2.0**64 * 4 * SAMPLES / pl.col("bodies")).clip(upper_bound=2.0**63 * 1.9)
        low = (pl.col("bodies") <= 4 * SAMPLES) | (pl.col("hash") < bound.cast(pl.UInt64))
        self.samples.append(_lowest(distinct.filter(low).select("number", "hash", "place")))
        self.waiting += self.samples[-1].height
        if self.waiting > _MERGE:
            self.merge()
        rows = hashes.to_frame().join(distinct.select("hash", "number"), on="hash", how="left", maintain_order="left")
        return rows["number"].fill_null(ABSENT).to_numpy()

    def merge(self) -> None:
        self.samples = [_lowest(pl.concat(self.samples).unique(["number", "hash"]))]
        self.counts = [pl.concat(self.counts).group_by("number").agg(pl.col("records").sum())]
        self.waiting = 0


def _lowest(samples: pl.DataFrame) -> pl.DataFrame:
    return samples.sort("number", "hash").group_by("number", maintain_order=True).head(SAMPLES)
