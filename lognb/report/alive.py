"""The living half of a page: its scripts and styles, and what each block draws, packed.

A page has one script of ours, made of the same files as the widgets, and rrweb's only if a recording is in it. What a
block draws is JSON, gzip and base64, in a data block that no browser runs; a recording has one for each of its pieces.
"""

from __future__ import annotations

import base64
import gzip
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import msgspec

from lognb.report.alive_panel import panel
from lognb.report.alive_result import LEAST, result
from lognb.report.alive_story import films, story
from lognb.report.frozen import ODD
from lognb.widgets.base import STATIC, bundle, style

if TYPE_CHECKING:
    from lognb.report.blocks import Block, Document

EMPTY: Final = ""
"""A style without text: rrweb fills its own by script. A page's policy has to know its hash."""


def scripts(document: Document) -> list[str]:
    """The modules of the page, in order."""
    if not any(_made(block) for block in document.blocks):
        return [bundle("report")]
    return [*([_kit()] if _recorded(document) else []), bundle("report")]


def styles(document: Document) -> list[str]:
    """Styles of the living parts; an empty one stands for what rrweb fills."""
    return [style("frozen"), *([EMPTY] if _recorded(document) else [])]


def data(document: Document) -> str:
    """The data blocks, as HTML."""
    return "\n".join(part for n, block in enumerate(document.blocks, 1) for part in _blocks(block, n, document.zone))


def _blocks(block: Block, n: int, zone: str) -> list[str]:
    make = _made(block)
    if make is None:
        return []
    try:
        made = make(block, zone)
        pieces = films(block) if block.kind == "story" else {}
    except ODD:
        return []
    held = msgspec.json.encode({"n": n, "kind": block.kind, "zone": zone, **made})
    return [
        _packed(f"ln-block-{n}", gzip.compress(held, 9, mtime=0)),
        *(
            _packed(f"ln-film-{n}-{k}-{i}", piece)
            for k, film in enumerate(pieces.values())
            for i, piece in enumerate(film.pieces)
        ),
    ]


def _packed(name: str, held: bytes) -> str:
    return f'<script type="application/gzip;base64" id="{name}">{base64.b64encode(held).decode()}</script>'


def _made(block: Block) -> Any:
    if block.kind == "result":
        rows = block.frames.get("rows")
        return result if rows is not None and rows.frame.height >= LEAST and rows.frame.width else None
    return {"panel": panel, "story": story}.get(block.kind)


def _recorded(document: Document) -> bool:
    return any(block.recordings for block in document.blocks if block.kind == "story")


@cache
def _kit() -> str:
    """rrweb's player as a module that leaves itself where player.js looks for it."""
    text = (STATIC / "replay.js").read_text(encoding="utf-8")
    head, _, tail = text.rpartition("export{")
    names = dict(part.split(" as ")[::-1] for part in tail.strip().removesuffix("};").split(","))
    held = ",".join(f"{name}:{own}" for name, own in names.items())
    return f'{head}globalThis[Symbol.for("{_symbol()}")]=Promise.resolve({{{held}}});'


def _symbol() -> str:
    text = (STATIC / "player.js").read_text(encoding="utf-8")
    return text.partition('const KIT = Symbol.for("')[2].partition('"')[0]
