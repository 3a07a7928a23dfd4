"""A story without JavaScript: lanes as SVG, key frames, the first rows, for saved notebooks and nbconvert."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lognb import _html
from lognb._html import block
from lognb._text import plain

if TYPE_CHECKING:
    from lognb.analyses.story import Told


def text(told: Told, code: str) -> str:
    """The story in a few lines."""
    return f"{told.whose.kind} {plain(told.whose.id)}\n{plain(code)}"


def html(told: Told, code: str) -> str:
    """The story as a page."""
    return block(f"<p>{_html.text(text(told, code))}</p>")
