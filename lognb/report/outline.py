"""The headings of a page: none skips a level, each has an address, and together they are the table of contents."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lognb import _html
from lognb.report import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.report.blocks import Block

_TOP: Final = 2  # below the title
_EVIDENCE: Final = 4  # no deeper than this, whatever the words around say
_LISTED: Final = 4


@dataclass
class Outline:
    """`shift` is what brings the highest heading that an author wrote below the title of the page."""

    shift: int
    entries: list[tuple[int, str, str]] = field(default_factory=list)
    """Level, address and plain text of each heading so far."""
    last: int = 1
    section: int = 1
    """Level of the last heading that was written in words: what follows it belongs to it."""
    near: str = ""
    """That heading, while nothing has come after it."""

    @classmethod
    def of(cls, blocks: Sequence[Block]) -> Outline:
        written = [level for block in blocks if block.kind == "words" for level in words.levels(block.text)]
        return cls(_TOP - min(written, default=_TOP))

    def written(self, level: int, inner: str, said: str, address: str) -> str:
        """A heading in words."""
        self.section = self._enter(level + self.shift, address, said)
        self.near = said
        return f'<h{self.section} id="{address}">{inner}</h{self.section}>'

    def block(self, title: str, address: str) -> str:
        """The heading of a block; one that only says what the heading above it said is there for those who listen."""
        again = self.near.strip().casefold() == title.strip().casefold()
        self.near = ""
        level = self._enter(min(self.section + 1, _EVIDENCE), "" if again else address, title)
        hidden = ' class="ln-unseen"' if again else ""
        return f'<h{level} id="{address}"{hidden}>{_html.text(title)}</h{level}>'

    def contents(self) -> str:
        """The headings as links, in the order of the page."""
        items = "".join(
            f'<li class="ln-l{level}"><a href="#{address}">{_html.text(said)}</a></li>'
            for level, address, said in self.entries
            if level <= _LISTED
        )
        return f"<ol>{items}</ol>" if items else ""

    def _enter(self, level: int, address: str, said: str) -> int:
        level = max(_TOP, min(level, self.last + 1, 6))
        self.last = level
        if address:
            self.entries.append((level, address, said))
        return level
