"""A block as a section of the page: title, finding, note, picture, rows, and where they come from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _html
from lognb._text import duration
from lognb.query import Query
from lognb.report import cards, words
from lognb.report.cells import FIRST, Shared, moments, table
from lognb.report.drawing import cleaned, drawing
from lognb.report.frozen import tables
from lognb.report.outline import Outline
from lognb.result import texts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lognb._origin import Origin
    from lognb.report.blocks import Block, Document, Table

TITLES: Final = {
    "words": "", "result": "Result", "chart": "Chart", "panel": "Panel", "story": "Story", "pins": "Pinned records",
    "timeline": "Timeline", "actions": "Action items", "audit": "What was hidden",
}  # fmt: skip
_UNDER_PICTURE: Final = 5
_FILES: Final = 3
_NARROW: Final = 2  # columns


@dataclass
class Sections:
    """What the sections of one page share. `follow` says whether pictures take the page's colours; `inside` that
    it is an output of a notebook, which may lose its style and its SVG, and should be short.
    """

    document: Document
    follow: bool = True
    inside: bool = False
    outline: Outline = field(init=False)
    shared: Shared = field(init=False)

    def __post_init__(self) -> None:
        self.outline = Outline.of(self.document.blocks)
        self.shared = Shared(frozenset(_records(self.document)), folds=not self.inside)

    def html(self) -> str:
        return "\n".join(self._section(block, n) for n, block in enumerate(self.document.blocks, 1))

    def _section(self, block: Block, n: int) -> str:
        if block.kind == "words":
            return self._words(block, n)
        title = self.outline.block(block.title or TITLES[block.kind], f"b-{n}-title")
        said = f'<p class="ln-say">{_html.text(block.text)}</p>' if block.text else ""
        parts = [
            title,
            said,
            _note(block),
            f'<div class="ln-alive" data-block="{n}" hidden></div>',
            f'<div class="ln-still">{self._pictures(block, n)}{self._rows(block)}</div>',
            self._origin(block.origin) if block.origin else "",
        ]
        head = f'id="b-{n}" class="ln-block ln-{block.kind}" aria-labelledby="b-{n}-title"'
        return f"<section {head}>{''.join(parts)}</section>"

    def _words(self, block: Block, n: int) -> str:
        count = iter(range(1, 10_000))
        parts = [self.outline.block(block.title, f"b-{n}-title")] if block.title else []
        body = words.words(
            block.text, lambda level, inner, said: self.outline.written(level, inner, said, f"b-{n}-{next(count)}")
        )
        return f'<section id="b-{n}" class="ln-words">{"".join(parts)}{body}{_note(block)}</section>'

    def _pictures(self, block: Block, n: int) -> str:
        label = ": ".join(part for part in (block.title, block.text) if part) or TITLES[block.kind]
        drawn = []
        for i, (name, svg) in enumerate(block.pictures.items(), 1):
            said, inner = label if name == "rows" else f"{label} ({name})", f"p{n}-{i}"
            if self.inside:
                clean = cleaned(svg, inner, follow=False)
                drawn.append(clean and _html.picture(clean, said))
            else:
                drawn.append(drawing(svg, said, inner, follow=self.follow))
        lost = '<p class="ln-dim">a picture of this block cannot be read, and is left out</p>'
        return "".join(picture or lost for picture in drawn)

    def _rows(self, block: Block) -> str:
        zone, shared = self.document.zone, self.shared
        match block.kind:
            case "pins" if "pins" in block.frames:
                return cards.pins(block.frames["pins"], zone, shared)
            case "timeline" if "moments" in block.frames:
                return cards.timeline(block.frames["moments"], zone, shared)
            case "panel" | "story":
                return self._tables(tables(block), _UNDER_PICTURE, block)
        return self._tables(block.frames, _UNDER_PICTURE if block.pictures else FIRST, block)

    def _tables(self, frames: Mapping[str, Table], first: int, block: Block) -> str:
        """One below the other, but counts of values, which are narrow, side by side."""
        title = block.title or TITLES[block.kind]
        side: list[str] = []
        below: list[str] = []
        for name, rows in frames.items():
            columns = list(rows.columns) or rows.frame.columns
            narrow = len(frames) > 1 and len(columns) == _NARROW
            label = f"{title}, {name}" if len(frames) > 1 else title
            bare = narrow or block.kind in ("actions", "audit")
            made = table(rows, self.document.zone, self.shared, name=label, first=first, bare=bare)
            said = f'<p class="ln-cap">{_html.text(name)}</p>' if len(frames) > 1 and columns[:1] != [name] else ""
            (side if narrow else below).append(f"<div>{said}{made}</div>" if narrow else said + made)
        return (f'<div class="ln-side">{"".join(side)}</div>' if side else "") + "".join(below)

    def _origin(self, origin: Origin) -> str:
        """How to have the block again, and from what."""
        query = str(origin.query)
        window = self._window(origin)
        names = [name for name, _ in origin.sources]
        files = ", ".join(names) if len(names) <= _FILES else f"{len(names)} files"
        asked = [str(Query(origin.query.conditions)) or "all records"]
        if origin.query.since is not None or origin.query.until is not None:
            asked.append(window[0])
        brief = " · ".join(_html.text(part) for part in [*asked, files] if part)
        rows = [
            ("again", f'<code class="ln-copy">{_html.text(origin.code)}</code>' if origin.opened else ""),
            ("query", f"<code>{_html.text(query)}</code>" if query else "all records"),
            ("window", window[1]),
            ("sources", self._sources(origin)),
            ("lognb", _html.text(origin.version)),
        ]
        said = "".join(f"<dt>{name}</dt><dd>{value}</dd>" for name, value in rows if value)
        head = f"<summary><b>Evidence</b> {brief}</summary>"
        return f'<details class="ln-origin">{head}<dl>{said}</dl></details>'

    def _sources(self, origin: Origin) -> str:
        """The files with their hashes; many that are behind the whole report are listed once, at its end."""
        # In a notebook there is no foot that lists them.
        if len(origin.sources) > _FILES and origin.sources == self.document.sources and not self.inside:
            return f'{len(origin.sources)} files, <a href="#sources">those of the whole report</a>'
        return "".join(f"<div>{_source(*source)}</div>" for source in origin.sources)

    def _window(self, origin: Origin) -> tuple[str, str]:
        """The time that was looked at, in short as text, and whole as HTML."""
        if origin.since is None or origin.until is None:
            return "", "no record has a time"
        zone = self.document.zone
        ends = pl.Series("time", [origin.since, origin.until]).cast(pl.Datetime("ns", "UTC"))
        since, until = texts("time", ends.dt.truncate("1s"), None, zone)
        first, last = moments(ends.dt.truncate("1ms"), zone)
        offsets = ends.dt.convert_time_zone(zone).dt.to_string("%z")
        if offsets[0] != offsets[1]:  # clocks were set in between: the same hour may have been twice
            since, until, first, last = (
                f"{text} {offsets[i % 2]}" for i, text in enumerate((since, until, first, last))
            )
        brief = f"{since} – {until[11:] if since[:10] == until[:10] else until}"
        return brief, f"{first} – {last} {_html.text(zone)} ({duration(max(origin.until - origin.since, 0))})"


def _note(block: Block) -> str:
    return f'<div class="ln-note">{words.inline(block.note)}</div>' if block.note else ""


def _source(name: str, digest: str) -> str:
    if not digest:
        return _html.text(name)
    return f'{_html.text(name)} <code class="ln-dim" title="{_html.text(digest)}">{_html.text(digest[:12])}</code>'


def _records(document: Document) -> list[str]:
    """Ids of the records that the page shows as rows or cards."""
    return [
        known
        for block in document.blocks
        for rows in block.frames.values()
        if "record_id" in rows.frame.columns and block.kind != "timeline"
        for known in rows.frame["record_id"].cast(pl.String).drop_nulls()
    ]
