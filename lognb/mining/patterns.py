"""From distinct outlines to patterns: everything behind the pass over the records."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.mining.absorb import absorb
from lognb.mining.guard import HELD, guarded
from lognb.mining.ids import pattern_id
from lognb.mining.learn import learn
from lognb.mining.masks import SLOT, masked
from lognb.mining.outlines import NUMBER
from lognb.mining.texts import template
from lognb.mining.tokens import collapsed, tokens

if TYPE_CHECKING:
    from lognb.mining.tokens import Key

MOST: Final = 20_000
"""So many skeletons are learnt from, at two or three seconds; beyond it rare words become slots."""

SCHEMA: Final = {"pattern": pl.String(), "template": pl.String(), "records": pl.UInt64()}


@dataclass
class Learnt:
    """What a table of outlines says.

    `patterns`: rows of SCHEMA, those with most records first. `members`: `outline`, `pattern`. `aliases`: names that a
    part of the same records, or another version, may have given, to the name that they have here.
    """

    patterns: pl.DataFrame
    members: pl.DataFrame
    aliases: dict[str, str]


def patterns(outlines: pl.DataFrame) -> Learnt:
    """The patterns of outlines. Rows: `outline`, `records`; equal outlines of several parts are one.

    >>> table = pl.DataFrame({"outline": ["took 0 ms", "user bob left", "user ann left"], "records": [5, 1, 1]})
    >>> patterns(table).patterns["template"].to_list()
    ['took <*> ms', 'user <*> left']
    """
    table = outlines.group_by("outline").agg(pl.col("records").sum().cast(pl.UInt64)).sort("outline")
    texts = guarded(table["outline"], table["records"], HELD, NUMBER)
    table = table.with_columns(masked(texts).alias("skeleton"))
    grouped = table.group_by("skeleton").agg(pl.col("records").sum()).sort("skeleton")
    grouped = grouped.with_columns(guarded(grouped["skeleton"], grouped["records"], MOST, SLOT).alias("text"))
    known = grouped.group_by("text").agg(pl.col("records").sum()).sort("text")
    skeletons, records = known["text"].to_list(), known["records"].to_list()
    roads = learn([collapsed(tokens(text)[0]) for text in skeletons], records)
    joins = absorb([road[-1] for road in roads], skeletons, records)
    for road in roads:
        if road[-1] in joins:
            road.append(joins[road[-1]])
    names = {key: pattern_id(key) for key in {key for road in roads for key in road}}
    known = known.with_columns(pl.Series("pattern", [names[road[-1]] for road in roads], dtype=pl.String))
    members = table.join(grouped.join(known.select("text", "pattern"), on="text"), on="skeleton")
    return Learnt(_shown(known), members.select("outline", "pattern"), _aliases(roads, records, names))


def _shown(known: pl.DataFrame) -> pl.DataFrame:
    """Rows of SCHEMA, from rows `text`, `records`, `pattern`."""
    members: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for text, n, name in known.select("text", "records", "pattern").iter_rows():
        members[name].append((text, n))
    rows = [(name, template(parts), sum(n for _, n in parts)) for name, parts in members.items()]
    frame = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return frame.sort("records", "pattern", descending=[True, False])


def _aliases(roads: list[list[Key]], records: list[int], names: dict[Key, str]) -> dict[str, str]:
    """A key on the road to a pattern is what fewer records would have made of it; of several ends the heaviest."""
    ends: defaultdict[str, Counter[str]] = defaultdict(Counter)
    final = {names[road[-1]] for road in roads}
    for road, n in zip(roads, records, strict=True):
        for key in road[:-1]:
            if names[key] not in final:
                ends[names[key]][names[road[-1]]] += n
    return {name: min(found, key=lambda end: (-found[end], end)) for name, found in ends.items()}
