"""The whole road: from a stream of bodies to the pattern of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.mining.headline import headline
from lognb.mining.outlines import ABSENT, collect
from lognb.mining.patterns import patterns
from lognb.mining.texts import restored

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from lognb.mining.outlines import Outlines, Stream

LOOKED_AT: Final = 30
"""So many bodies of a pattern say which of its words never vary."""


@dataclass(frozen=True)
class Mined:
    """`patterns`: rows `pattern`, `template`, `records`; `codes`: the row of each body's, their number for null."""

    patterns: pl.DataFrame
    codes: NDArray[np.unsignedinteger[Any]]
    aliases: dict[str, str]


def mine(stream: Stream, take: Callable[[NDArray[np.int64]], pl.Series]) -> Mined:
    """The patterns of all bodies. `stream` gives them in batches, each time anew; `take` those at some places.

    >>> bodies = pl.Series(["took 1 ms", "user bob left", "took 2 ms", None, "user ann left"])
    >>> found = mine(lambda: iter([bodies]), lambda places: bodies.gather(places))
    >>> found.patterns["template"].to_list(), found.codes.tolist()
    (['took <*> ms', 'user <*> left'], [0, 1, 0, 2, 1])
    """
    outlines = collect(stream)
    learnt = patterns(outlines.table.select("outline", "records"))
    rows = learnt.patterns.with_row_index("code").select("pattern", "code")
    members = outlines.table.select("number", "outline").join(learnt.members, on="outline").join(rows, on="pattern")
    found = learnt.patterns.with_columns(_restored(learnt.patterns, outlines, members, take))
    return Mined(found, _codes(outlines.numbers, members, learnt.patterns.height), learnt.aliases)


def _codes(numbers: list[NDArray[np.uint32]], members: pl.DataFrame, count: int) -> NDArray[np.unsignedinteger[Any]]:
    kind: type[np.unsignedinteger[Any]] = np.uint16 if count < 1 << 16 else np.uint32
    table = np.full(members.height + 1, count, kind)
    table[members["number"].to_numpy()] = members["code"].to_numpy()
    parts = [np.empty(0, kind)]
    while numbers:  # what was turned is let go of
        part = numbers.pop()
        parts.append(table[np.where(part == ABSENT, members.height, part)])
    return np.concatenate(parts[::-1])


def _restored(
    found: pl.DataFrame, outlines: Outlines, members: pl.DataFrame, take: Callable[[NDArray[np.int64]], pl.Series]
) -> pl.Series:
    """The templates with the words that never vary, by the bodies of lowest hash."""
    samples = outlines.samples.join(members.select("number", "code"), on="number")
    samples = samples.unique(["code", "hash"]).sort("code", "hash")
    samples = samples.group_by("code", maintain_order=True).head(LOOKED_AT)
    # `take` answers in the order of the places, each once.
    samples = samples.sort("place")
    samples = samples.with_columns(headline(take(samples["place"].to_numpy())).alias("line"))
    lines = dict(samples.sort("code", "hash").group_by("code", maintain_order=True).agg("line").iter_rows())
    shown = [
        restored(template, pl.Series(lines[code], dtype=pl.String), records)
        for code, (template, records) in enumerate(found.select("template", "records").iter_rows())
    ]
    return pl.Series("template", shown, dtype=pl.String)
