"""A frozen panel or story without JavaScript: its picture, and the tables of what one would look at first."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _timeline
from lognb._html import PALETTE
from lognb.analyses.story import on_one_clock
from lognb.errors import LognbError
from lognb.report.blocks import Block, Table
from lognb.widgets import still_story
from lognb.widgets.still import bars
from lognb.widgets.story_marks import Marks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lognb.analyses.story import Told

ODD: Final = (LognbError, KeyError, TypeError, ValueError, IndexError, AttributeError, pl.exceptions.PolarsError)
"""What a block of a bundle that somebody else made may meet: it is then shown as the frames that it has."""
_TITLE: Final = re.compile("<title>[^<]*</title>")
FACETS: Final = 4
VALUES: Final = 6
MOMENTS: Final = 30


def pictures(block: Block) -> Mapping[str, str]:
    """The timeline of a panel, the lanes of a story, as SVG in light colours."""
    try:
        return _pictures(block)
    except ODD:
        return {}


def tables(block: Block) -> Mapping[str, Table]:
    """What a page shows of the frames, by a heading, in this order."""
    try:
        return _tables(block)
    except ODD:
        return block.frames


def _pictures(block: Block) -> Mapping[str, str]:
    facts = block.facts
    if block.kind == "panel" and "volume" in block.frames:
        since, until, every = facts["drawn"]
        drawn = bars(block.frames["volume"].frame, since, until, every, facts["by"], facts["unit"])
        return {"volume": _light(_timeline.svg(*drawn))} if drawn[0] else {}
    if block.kind != "story":
        return {}
    told = _told(block)
    items = on_one_clock(told.items, told.clock)
    return {"lanes": still_story.svg(told, Marks(told), items)} if items.height else {}


def _tables(block: Block) -> dict[str, Table]:
    frames = block.frames
    if block.kind == "story":
        moments = _moments(block)
        return {"key moments": moments, **_named(frames, {"items": "what happened"})}
    out = _facets(frames["facets"].frame) if "facets" in frames else {}
    title = block.facts["tab"]["title"].lower() if "tab" in block.facts else "rows"
    return {**out, **_named(frames, {"rows": title, "records": "records"})}


def _named(frames: Mapping[str, Table], names: Mapping[str, str]) -> dict[str, Table]:
    return {said: frames[name] for name, said in names.items() if name in frames and frames[name].frame.height}


def _facets(frame: pl.DataFrame) -> dict[str, Table]:
    """The first values of the first facets, as tables of their own."""
    out = {}
    for name in frame["field"].unique(maintain_order=True).head(FACETS).to_list():
        own = frame.filter((pl.col("field") == name) & (pl.col("records") > 0))
        value = pl.coalesce("text", "value").fill_null("(absent)").alias(name)
        some = own.head(VALUES).select(value, "records") if name != "records" else own.head(0)
        if some.height:
            out[name] = Table(some, max(own["distinct"][0], some.height))
    return out


def _moments(block: Block) -> Table:
    told = _told(block)
    found, of = still_story.keys(told, on_one_clock(told.items, told.clock), MOMENTS)
    film = "in the recording"
    rows = pl.DataFrame(found, schema=["UTC", film, "what"], orient="row") if found else pl.DataFrame()
    return Table(rows if told.recordings.height or not found else rows.drop(film), of)


def _told(block: Block) -> Told:
    from lognb.report.freeze_story import told

    return told(block)


def _light(svg: str) -> str:
    """In colours, and without the tooltips, which no picture of a report has."""
    svg = _TITLE.sub("", svg)
    for name, (colour, _) in PALETTE.items():
        svg = svg.replace(f'"{name}"', f'"{colour}"')
    return svg
