"""What a report is made of: blocks that need no engine, no store and no lognb any more."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    import altair as alt
    import polars as pl

    from lognb._origin import Origin

MOST: Final = 1_000
"""Rows of a frame that are kept; of more the first ones, and the block says so."""
ITEMS: Final = 20_000
"""The same for what happened in a story, which a thousand would tear apart."""

Kind = Literal["words", "result", "chart", "panel", "story", "pins", "timeline", "actions", "audit"]


@dataclass(frozen=True)
class Table:
    """The first rows of a frame, of how many, and the columns that a display shows (none named: all).

    `whole` is all of them where they are more: what a picture is drawn from, live only and never written.
    """

    frame: pl.DataFrame
    rows: int
    columns: tuple[str, ...] = ()
    whole: pl.DataFrame | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, frame: pl.DataFrame, columns: tuple[str, ...] = ()) -> Table:
        return cls(frame.head(MOST), frame.height, columns, frame if frame.height > MOST else None)


@dataclass(frozen=True)
class Block:
    """One thing in a report, as it was when it was added.

    `text` is Markdown for words, else the finding in one sentence. `frames` are its rows by name: a result and a chart
    have "rows" (the result those that its picture is drawn from), pins "pins", a timeline "moments", actions "actions",
    a panel "volume", "facets" and "records", a story "items". `facts` are the plain JSON values that its kind needs
    beside them. `note` is what the author says of it, in Markdown. `pictures` are SVG texts in light colours. `draw`
    makes the picture of "rows" anew, as after redaction; what is read from a bundle has the picture only. `recordings`
    are the events of a story's recordings by session, as JSON lines.
    """

    kind: Kind
    title: str = ""
    text: str = ""
    frames: Mapping[str, Table] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin | None = None
    note: str = ""
    pictures: Mapping[str, str] = field(default_factory=dict)
    draw: Callable[[pl.DataFrame], alt.TopLevelMixin] | None = field(default=None, compare=False, repr=False)
    recordings: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class Document:
    """A report as it is written: all that a format needs. `made` is the time of writing, UTC; `meta` what the author
    says of the whole (authors, status, severity …), in the order given; `zone` the IANA name times are shown in.
    """

    title: str
    zone: str
    meta: Mapping[str, str]
    blocks: tuple[Block, ...]
    made: datetime
    version: str
    redacted: bool = False

    @property
    def sources(self) -> tuple[tuple[str, str], ...]:
        """The files behind the blocks, each once, as (name, hash)."""
        return tuple(dict.fromkeys(s for b in self.blocks if b.origin for s in b.origin.sources))
