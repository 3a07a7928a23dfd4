"""Which records, spans and recordings go into a bundle.

Where nothing else is said: of all Logs that the evidence is of, whatever lies in a window that a block looked at, since
what stands around the evidence is what a reader looks for; and the records that a block names or that are pinned.
Evidence are results, panels and stories; a timeline and a list of pins point at records, and take these along. One
block that looked at all records takes all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _notes
from lognb.errors import LognbError
from lognb.logs import Logs
from lognb.query import And, Clause, Condition, Or, Query, format_time
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from lognb.engines.base import Window
    from lognb.report.blocks import Block

EVIDENCE: Final = ("result", "chart", "panel", "story")


@dataclass(frozen=True)
class Slice:
    """The records of `query` in `logs`, which are all of their sources.

    `windows` say which spans and recordings go along that share no trace and no session with a record: those that
    overlap one of them. None: all spans and recordings.
    """

    logs: Logs
    query: Query
    windows: tuple[Window, ...] | None


def taken(logs: Sequence[Logs], blocks: Sequence[Block], records: Logs | Iterable[Logs] | None = None) -> list[Slice]:
    """One slice for each of the Logs: of sources that `records` are of, these; of others what the blocks looked at."""
    named = [records] if isinstance(records, Logs) else list(records or ())
    if not all(isinstance(some, Logs) for some in named):
        raise LognbError("records= names Logs, as records=logs.where(…)")
    by_engine = {id(some.engine): some for some in named}
    if len(by_engine) < len(named):
        raise LognbError("records= names Logs of the same sources twice; name one query, as logs.where('a OR b')")
    out = []
    for some in logs:
        asked = by_engine.pop(id(some.engine), None)
        if asked is None:
            out.append(_with(_looked_at(some, blocks), _named(some, blocks) | _pinned(some)))
        else:
            out.append(_with(_asked(asked), _pinned(some)))
    return [*out, *(_with(_asked(some), _pinned(some)) for some in by_engine.values())]


def _asked(logs: Logs) -> Slice:
    """A query of conditions takes along what its records share a trace or session with, and nothing else."""
    query = logs.query
    whole = query == Query()
    window = () if query.conditions else ((query.since, query.until),)
    return Slice(logs.all, query, None if whole else window)


def _looked_at(logs: Logs, blocks: Sequence[Block]) -> Slice:
    windows = united(_window(block, logs) for block in blocks if block.kind in EVIDENCE and _is_of(block, logs))
    if windows == [(None, None)]:
        return Slice(logs.all, Query(), None)
    if len(windows) > 1:
        return Slice(logs.all, Query((Or(tuple(map(_within, windows))),)), tuple(windows))
    return Slice(logs.all, Query((), *(windows[0] if windows else (0, 0))), tuple(windows))


def _window(block: Block, logs: Logs) -> Window:
    """What a block looked at: a story from its first item to the end of its last, whatever it was asked of."""
    items = block.frames["items"].frame if block.kind == "story" and "items" in block.frames else pl.DataFrame()
    if items.schema.get("time") == items.schema.get("end") == TIME:
        moments = pl.concat([items["time"], items["end"]]).drop_nulls().cast(pl.Int64).to_list()
        if moments:
            return min(moments), max(moments) + 1
    assert block.origin is not None
    # A query without a bound looked at everything on that side, records without a time too.
    query, since, until = block.origin.query, block.origin.since, block.origin.until
    first, last = logs.engine.overview["first"], logs.engine.overview["last"]
    open_left = query.since is None and (since is None or first is None or since <= first)
    open_right = query.until is None and (until is None or last is None or until > last)
    return None if open_left else since, None if open_right else until


def united(windows: Iterable[Window]) -> list[Window]:
    """The same stretches of time, those that meet made one, in order.

    >>> united([(5, 7), (1, 3), (3, 4), (6, None)])
    [(1, 4), (5, None)]
    """
    out: list[Window] = []
    for since, until in sorted(windows, key=lambda w: (w[0] is not None, w[0] or 0)):
        if not out:
            out.append((since, until))
            continue
        start, end = out[-1]
        if end is None or since is None or since <= end:
            out[-1] = (start, None if end is None or until is None else max(end, until))
        else:
            out.append((since, until))
    return out


def _within(window: Window) -> Clause:
    parts = [
        Condition("time", op, format_time(at)) for op, at in zip((">=", "<"), window, strict=True) if at is not None
    ]
    return parts[0] if len(parts) == 1 else And(tuple(parts))


def _pinned(logs: Logs) -> set[int]:
    return {int(p["record_id"]) for p in _notes.of(logs.engine).pins}


def _named(logs: Logs, blocks: Sequence[Block]) -> set[int]:
    """The records that stand in a frame of a block of these Logs."""
    frames = [table.frame for block in blocks if _is_of(block, logs) for table in block.frames.values()]
    ids = [frame["record_id"] for frame in frames if frame.schema.get("record_id") == pl.UInt64]
    return {int(i) for column in ids for i in column.drop_nulls().to_list()}


def _is_of(block: Block, logs: Logs) -> bool:
    return block.origin is not None and block.origin.logs is not None and block.origin.logs.engine is logs.engine


def _with(part: Slice, ids: set[int]) -> Slice:
    """With those of some records that lie outside."""
    some = Query((Condition("record_id", "in", tuple(sorted(ids))),)) if ids else None
    engine = part.logs.engine
    if some is None or part.query == Query() or engine.count(some) == engine.count(some & part.query):
        return part
    return Slice(part.logs, part.query | some, part.windows)
