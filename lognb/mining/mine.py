"""The whole road: from a stream of bodies to the pattern of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.mining.outlines import ABSENT, collect
from lognb.mining.patterns import patterns
from lognb.mining.texts import restored

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.mining.outlines import Stream

LOOKED_AT: Final = 30
"""So many bodies of a pattern say which of its words never vary."""


@dataclass(frozen=True)
class Mined:
    """`patterns`: rows `pattern`, `template`, `records`; `codes`: the row of each body's, their number for null."""

    patterns: pl.DataFrame
    codes: NDArray[np.unsignedinteger[Any]]
    aliases: dict[str, str]


def mine(stream: Stream) -> Mined:
    """The patterns of all bodies. `stream` gives them in batches, each time anew.

    >>> found = mine(lambda: iter([pl.Series(["took 1 ms", "user bob left", "took 2 ms", None, "user ann left"])]))
    >>> found.patterns["template"].to_list(), found.codes.tolist()
    (['took <*> ms', 'user <*> left'], [0, 1, 0, 2, 1])
    """
    outlines = collect(stream)
    learnt = patterns(outlines.table.select("outline", "records"))
    rows = learnt.patterns.with_row_index("code").select("pattern", "code")
    members = outlines.table.select("number", "outline").join(learnt.members, on="outline").join(rows, on="pattern")
    found = learnt.patterns.with_columns(_restored(learnt.patterns, outlines.samples, members))
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


def _restored(found: pl.DataFrame, samples: pl.DataFrame, members: pl.DataFrame) -> pl.Series:
    """The templates with the words that never vary, by the headlines of the bodies of lowest hash."""
    samples = samples.join(members.select("number", "code"), on="number")
    samples = samples.unique(["code", "hash"]).sort("code", "hash")
    lines = dict(samples.group_by("code", maintain_order=True).agg(pl.col("line").head(LOOKED_AT)).iter_rows())
    shown = [
        restored(template, pl.Series(lines[code], dtype=pl.String), records)
        for code, (template, records) in enumerate(found.select("template", "records").iter_rows())
    ]
    return pl.Series("template", shown, dtype=pl.String)
