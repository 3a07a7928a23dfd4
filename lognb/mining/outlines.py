"""The distinct outlines of bodies that come batch by batch, and which of them each body has.

What was seen is not looked at again: which outline a body has is known by its hash where bodies repeat, else by that of
its headline with all digits alike, so that few headlines are left for an expression. What is kept is the outlines, how
many records each has, and some of its headlines: those of the bodies whose hash is lowest, whatever the order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb.mining.fingerprint import levelled, outline
from lognb.mining.guard import HELD, guard
from lognb.mining.headline import headline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    Stream = Callable[[], Iterator[pl.Series]]
    Numbers = NDArray[np.uint32]

NUMBER: Final = "0"  # what a rare word looks like to the masks
ABSENT: Final = 2**32 - 1
"""The number of a body that is null: it has no outline."""
SAMPLES: Final = 16
"""So many headlines of each outline are kept; where that makes more than HELD, fewer."""
_SEEN: Final = 100_000  # hashes that are remembered: among more, to look one up costs what it saves
_LOOK: Final = 20_000  # bodies of a batch that tell whether they repeat


@dataclass
class Outlines:
    """`table`: rows `number`, `outline`, `records`; `samples`: rows `number`, `hash` of a body, its headline `line`."""

    table: pl.DataFrame
    samples: pl.DataFrame
    numbers: list[Numbers]
    """Of each body, its outline's, batch by batch; ABSENT for null."""


def counted(bodies: pl.Series) -> pl.DataFrame:
    """Rows: `outline`, `records`: the distinct outlines of bodies, without null.

    >>> counted(pl.Series(["took 1 ms", "took 2 ms", "no route", None])).sort("outline").rows()
    [('no route', 1), ('took 0 ms', 2)]
    """
    lines = headline(bodies.drop_nulls())
    rows = pl.DataFrame({"hash": levelled(lines), "row": np.arange(len(lines))})
    rows = rows.group_by("hash").agg(pl.col("row").first(), pl.len().cast(pl.UInt64).alias("records"))
    texts = outline(lines.gather(rows["row"])).alias("outline")
    return rows.select(texts, "records").group_by("outline").agg(pl.col("records").sum())


def collect(stream: Stream) -> Outlines:
    """The outlines of all bodies; those of a stream that explodes without their rare words: it is then read again."""
    found = _collect(stream)
    if found is not None:
        return found
    found = _collect(stream, guard(lambda: map(_columns, stream()), HELD, NUMBER), most=None)
    assert found is not None
    return found


def _columns(bodies: pl.Series) -> tuple[pl.Series, pl.Series]:
    table = counted(bodies)
    return table["outline"], table["records"]


def _collect(
    stream: Stream, change: Callable[[pl.Series], pl.Series] | None = None, most: int | None = HELD
) -> Outlines | None:
    """None if there are more than `most`."""
    known = _Known(change)
    numbers: list[Numbers] = []
    for bodies in stream():
        numbers.append(known.add(bodies))
        if most is not None and known.outlines.height > most:
            return None
    known.merge()
    table = known.outlines.select("number", "outline").with_columns(pl.Series("records", known.records))
    return Outlines(table, known.samples, numbers)


class _Seen:
    """Rows: `hash`, `number`: what was found of hashes. It may forget any time."""

    def __init__(self) -> None:
        self._table = pl.DataFrame(schema={"hash": pl.UInt64, "number": pl.UInt32})

    def of(self, hashes: pl.Series) -> pl.Series:
        """The numbers; null where a hash is not known."""
        return _joined(hashes, self._table)

    def put(self, rows: pl.DataFrame) -> None:
        whole = pl.concat([self._table, rows])
        self._table = whole if whole.height <= _SEEN else rows.head(_SEEN)


class _Known:
    """What a stream has shown so far; `change` is what becomes of an outline's text."""

    def __init__(self, change: Callable[[pl.Series], pl.Series] | None) -> None:
        self._change = change
        self._bodies, self._lines = _Seen(), _Seen()
        self.outlines = pl.DataFrame(schema={"hash": pl.UInt64, "outline": pl.String, "number": pl.UInt32})
        self.records = np.zeros(0, np.uint64)
        self.samples = pl.DataFrame(schema={"number": pl.UInt32, "hash": pl.UInt64, "line": pl.String})
        self._waiting: list[pl.DataFrame] = []
        # Of each outline, the hash that a body has to be below to be among its samples.
        self._bounds = np.zeros(0, np.uint64)

    def add(self, bodies: pl.Series) -> Numbers:
        """The number of each body's outline."""
        hashes = bodies.hash()
        numbers = self._bodies.of(hashes)
        rest = (numbers.is_null() & bodies.is_not_null()).arg_true()
        if len(rest):
            hashes, lines = hashes.gather(rest), headline(bodies.gather(rest))
            found = self._of_lines(lines)
            numbers = numbers.scatter(rest, found)
            self._sample(found, hashes, lines)
            if hashes.head(_LOOK).n_unique() <= min(_LOOK, len(rest)) // 2:
                self._bodies.put(pl.DataFrame({"hash": hashes, "number": found}).unique("hash"))
        out: Numbers = numbers.fill_null(ABSENT).to_numpy()
        self.records += np.bincount(out[out != ABSENT], minlength=len(self.records)).astype(np.uint64)
        return out

    def _of_lines(self, lines: pl.Series) -> pl.Series:
        hashes = levelled(lines)
        numbers = self._lines.of(hashes)
        rest = numbers.is_null().arg_true()
        if len(rest):
            rows = pl.DataFrame({"hash": hashes.gather(rest), "row": rest})
            new = rows.group_by("hash").agg(pl.col("row").first())
            new = new.select("hash", self._of_outlines(outline(lines.gather(new["row"]))))
            self._lines.put(new)
            numbers = numbers.scatter(rest, _joined(rows["hash"], new))
        return numbers

    def _of_outlines(self, texts: pl.Series) -> pl.Series:
        texts = texts if self._change is None else self._change(texts)
        rows = pl.DataFrame({"hash": texts.hash(), "outline": texts})
        new = rows.unique("hash").join(self.outlines, on="hash", how="anti")
        at = np.arange(self.outlines.height, self.outlines.height + new.height, dtype=np.uint32)
        self.outlines = pl.concat([self.outlines, new.with_columns(pl.Series("number", at))])
        self.records = np.append(self.records, np.zeros(len(at), np.uint64))
        self._bounds = np.append(self._bounds, np.full(len(at), 2**64 - 1, np.uint64))
        return _joined(rows["hash"], self.outlines)

    def _sample(self, numbers: pl.Series, hashes: pl.Series, lines: pl.Series) -> None:
        low = np.flatnonzero(hashes.to_numpy() < self._bounds[numbers.to_numpy()])
        found = pl.DataFrame({"number": numbers.gather(low), "hash": hashes.gather(low), "line": lines.gather(low)})
        self._waiting.append(found)
        # So many that each of them is sorted a few times only.
        if sum(map(len, self._waiting)) > self.samples.height:
            self.merge()

    def merge(self) -> None:
        """Keep the lowest of the samples."""
        most = max(1, min(SAMPLES, HELD // max(1, self.outlines.height)))
        rows = pl.concat([self.samples, *self._waiting])
        places = rows.select("number", "hash").with_row_index("row").unique(["number", "hash"]).sort("number", "hash")
        rows = rows[places.group_by("number", maintain_order=True).agg(pl.col("row").head(most)).explode("row")["row"]]
        # As memory of its own: a text of Polars holds those that came with it.
        line = pl.Series("line", rows["line"].to_arrow(compat_level=pl.CompatLevel.oldest()))
        self.samples, self._waiting = rows.with_columns(line), []
        full = self.samples.group_by("number").agg(pl.len(), pl.col("hash").max()).filter(pl.col("len") == most)
        self._bounds[full["number"].to_numpy()] = full["hash"].to_numpy()


def _joined(hashes: pl.Series, table: pl.DataFrame) -> pl.Series:
    """The number that a table has of each hash, or null."""
    table = table.select("hash", "number")
    return hashes.alias("hash").to_frame().join(table, on="hash", how="left", maintain_order="left")["number"]
