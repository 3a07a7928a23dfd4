"""A story or a recording as it stands -> a Block, and a Block -> the story again, without an engine.

Frames: "items", what happened (happened.TOLD), up to ITEMS; "sessions" and "recordings", those there are; "spans", the
waterfalls of the traces with most errors, and "traces", of how many spans each; "records", whole, those that are errors
first. The events of recordings are in `recordings` as they were read: whoever shows them cleans them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from lognb import _origin
from lognb._text import count
from lognb.analyses.happened import ERRORS, TOLD
from lognb.analyses.story import SESSIONS, Clock, Told
from lognb.analyses.waterfall import waterfall
from lognb.analyses.whose import Whose
from lognb.errors import LognbError
from lognb.query import Condition, Query
from lognb.replay import decode
from lognb.report.blocks import ITEMS, MOST, Block, Table
from lognb.schema import FIELDS, RECORDING, TIME
from lognb.widgets import still_story
from lognb.widgets.story_data import spans_of

if TYPE_CHECKING:
    from lognb.logs import Logs
    from lognb.widgets.replay import Replay
    from lognb.widgets.story import Story

TRACES: Final = 20
FILMS: Final = 5
"""Recordings that a block keeps."""
FILM: Final = 40_000_000
"""Bytes of events of one that is kept."""
_SPAN: Final = {
    "trace_id": pl.String(), "name": pl.String(), "depth": pl.Int64(), "error": pl.Boolean(), "records": pl.Int64(),
    "service": pl.String(), "note": pl.String(), "critical": pl.Boolean(), "own": pl.Int64(), "since": TIME,
    "to": TIME,
}  # fmt: skip
_TRACE: Final = {"trace_id": pl.String(), "spans": pl.Int64(), "note": pl.String()}
_SHOWN: Final = {
    "items": ("time", "lane", "kind", "severity", "service_name", "text"),
    "records": ("time", "severity", "service_name", "body"),
    "spans": ("trace_id", "service", "name", "depth", "since", "to", "error"),
}


def story(thing: Story) -> Block:
    """A story as it is told, with its recordings."""
    at = thing.data.get("at")
    block = _block(thing._logs, thing._told, None if at is None else int(at), thing._zone)
    return replace(block, facts={**block.facts, "at_item": thing.data.get("at_item")})


def replay(thing: Replay) -> Block:
    """A recording: the story of its session, at the moment where the recording stands."""
    told = thing._logs.session(thing.session_id)
    try:
        return _block(thing._logs, told._told, int(thing.time), str(thing.data["zone"]))
    finally:
        told.close()


def told(block: Block) -> Told:
    """The story that a block holds, to be drawn again. Raises LognbError where a block holds none."""
    facts, frames = block.facts, block.frames
    try:
        kind, known, of = facts["whose"]
        offset, why = facts["clock"]
        return Told(
            whose=Whose(kind, known, Query(), sessions_of=of),
            items=_typed(frames["items"].frame, TOLD),
            records=facts["records"], records_of=facts["records_of"], spans=facts["spans"],
            spans_of=facts["spans_of"], sessions=_typed(frames["sessions"].frame, SESSIONS),
            services=tuple(facts["services"]), users=tuple(facts["users"]), joined=dict(facts["joined"]),
            recordings=_typed(frames["recordings"].frame, RECORDING), clock=Clock(offset, why),
            left=tuple(facts["left"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, pl.exceptions.PolarsError) as error:
        raise LognbError(f"this block holds no story that can be told: {error}") from error


def _block(logs: Logs, found: Told, at: int | None, zone: str) -> Block:
    items = found.items.head(ITEMS)
    left = list(found.left)
    if items.height < found.items.height:
        left.append(f"the first {count(ITEMS)} of {count(found.items.height)} things that happened")
    recordings, unkept = _films(logs, found.recordings)
    films = found.recordings.filter(pl.col("session_id").is_in(list(recordings)))
    spans, traces = _waterfalls(logs, items, found.whose.id if found.whose.kind == "trace" else None)
    records, of = _records(logs, items)
    frames = {
        "items": Table(items, found.items.height, _SHOWN["items"]),
        "sessions": Table(found.sessions, found.sessions.height),
        "recordings": Table(films, found.recordings.height),
        "spans": Table(spans, spans.height, _SHOWN["spans"]),
        "traces": Table(traces, traces.height),
        "records": Table(records, of, _SHOWN["records"]),
    }  # fmt: skip
    whose = found.whose
    facts: dict[str, Any] = {
        "whose": [whose.kind, whose.id, whose.sessions_of],
        "clock": [found.clock.offset_ns, found.clock.why],
        "services": list(found.services),
        "users": list(found.users),
        "joined": found.joined,
        "left": [*left, *unkept],
        "at": at,
        "zone": zone,
        **{name: getattr(found, name) for name in ("records", "records_of", "spans", "spans_of")},
    }
    title = f"Story of {whose.kind} {whose.id}"
    origin = _origin.of(logs, f".{whose.kind}({whose.id!r})")
    return Block("story", title, still_story.head(found), frames, facts, origin, recordings=recordings)


def _films(logs: Logs, recordings: pl.DataFrame) -> tuple[dict[str, bytes], list[str]]:
    """The events by session as JSON lines, and what is said of those that are not kept."""
    kept: dict[str, bytes] = {}
    names = list(dict.fromkeys(recordings["session_id"].to_list()))
    for name in names:
        if len(kept) == FILMS:
            break
        events = b"\n".join(map(msgspec.json.encode, decode(logs.engine.recording(name))))
        if len(events) <= FILM:
            kept[name] = events
    return kept, [] if len(kept) == len(names) else [f"{count(len(kept))} of {count(len(names))} recordings kept"]


def _waterfalls(logs: Logs, items: pl.DataFrame, own: str | None) -> tuple[pl.DataFrame, pl.DataFrame]:
    wrong = pl.col("severity").cast(pl.String).is_in(ERRORS).fill_null(False)
    spans = items.filter(pl.col("lane") == "spans", pl.col("trace_id").is_not_null())
    ranked = (
        items.filter(pl.col("trace_id").is_in(spans["trace_id"].unique().to_list()))
        .group_by("trace_id", maintain_order=True)
        .agg(wrong.sum().alias("n"))
        .sort("n", descending=True, maintain_order=True)
    )
    names = [own] if own else ranked["trace_id"].head(TRACES).to_list()
    rows, traces = [pl.DataFrame(schema=_SPAN)], []
    for name in names:
        found = waterfall(logs, name)
        drawn = spans_of(found.frame).with_columns(trace_id=pl.lit(name))
        rows.append(drawn.select(list(_SPAN)).cast(pl.Schema(_SPAN)))
        traces.append((name, found.frame.height, found.sentence))
    return pl.concat(rows), pl.DataFrame(traces, schema=_TRACE, orient="row")


def _records(logs: Logs, items: pl.DataFrame) -> tuple[pl.DataFrame, int]:
    """The records among the items, whole, the errors first where there is no room for all; in the order of time."""
    own = items.filter(pl.col("record_id").is_not_null()).unique("record_id", maintain_order=True)
    loud = own["severity"].cast(pl.String).is_in(ERRORS).fill_null(False)
    ids = pl.concat([own.filter(loud), own.filter(~loud)])["record_id"].head(MOST).to_list()
    if not ids:
        return pl.DataFrame(schema=FIELDS), 0
    wanted = Query((Condition("record_id", "in", tuple(ids)),))
    return logs.engine.fetch(wanted, list(FIELDS)), own.height


def _typed(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    return frame.select(list(schema)).cast(pl.Schema(schema))
