"""What a frozen story draws in a page, and its recordings, cleaned and taken apart."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from lognb.replay import clean
from lognb.replay.parts import Parts, parts
from lognb.report.alive_panel import records_whole
from lognb.report.freeze_story import told
from lognb.widgets.story_data import drawn, item_of, spans_told
from lognb.widgets.story_marks import Marks

if TYPE_CHECKING:
    from lognb.report.blocks import Block


def story(block: Block, zone: str) -> dict[str, Any]:
    """See static/report.js, which draws it."""
    found = told(block)
    marks, at, item = Marks(found), block.facts["at"], block.facts.get("at_item")
    known = isinstance(item, int) and 0 <= item < len(marks)
    data = {
        **drawn(found, marks),
        "zone": zone,
        "at": None if at is None else str(at),
        "at_item": item if known else None,
    }
    spans, traces = block.frames["spans"].frame, block.frames["traces"].frame
    return {
        "data": data,
        "marks": base64.b64encode(marks.bytes).decode(),
        "texts": marks.texts(0, len(marks)),
        "items": {i: item_of(found, i) for i in found.items["record_id"].is_null().arg_true().to_list()},
        "records": records_whole(block.frames["records"].frame),
        "traces": {
            name: spans_told(spans.filter(pl.col("trace_id") == name).drop("trace_id"), of, note)
            for name, of, note in traces.iter_rows()
        },
        "films": {session: made.about for session, made in films(block).items()},
    }


def films(block: Block) -> dict[str, Parts]:
    """The recordings that can be shown, by the session that the story calls them by."""
    sessions = list(dict.fromkeys(block.frames["recordings"].frame["session_id"].to_list()))
    return {name: _parts(lines) for name, lines in zip(sessions, block.recordings.values(), strict=False)}


def _parts(lines: bytes) -> Parts:
    """Whatever a recording holds, also one that a bundle brought: what could run or load goes before it is shown."""
    events = [msgspec.json.decode(line, type=dict[str, Any]) for line in lines.splitlines() if line.strip()]
    return parts(clean(events)[0])
