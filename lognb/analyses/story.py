"""One session, one user or one trace told on one clock: records, spans and what a browser recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb._text import count, duration
from lognb.analyses import happened
from lognb.analyses.clock import browser_offset
from lognb.analyses.whose import Kind, Whose, values, whose
from lognb.query import Query
from lognb.schema import TIME

if TYPE_CHECKING:
    from lognb.engines.base import Engine
    from lognb.logs import Logs

RECORDS: Final = 100_000
"""Records of one story; of more, the first ones and the errors among the others."""
SPANS: Final = 20_000
RECORDED: Final = 20
"""Recordings of a story that are told in lanes; all can be played."""
ASKED: Final = 50
"""Sessions of a user whose spans are looked for by the session, and whose clocks are compared."""
APART: Final = 1_000_000_000
"""Clocks of sessions that are further apart, ns, are told and not corrected."""
SESSIONS: Final = {"session": pl.String(), "start": TIME, "end": TIME, "items": pl.UInt32(), "recorded": pl.Boolean()}


@dataclass(frozen=True)
class Clock:
    """What is to be added to a browser's times so that they fit the servers', ns; None where nothing tells, and why."""

    offset_ns: int | None = None
    why: str = "nothing to compare the browser's clock with"


@dataclass(frozen=True, eq=False)
class Told:
    """A story before it is drawn.

    `items` has the columns of happened.TOLD, in the order of time, times as their clocks said them. `records` of
    `records_of` and `spans` of `spans_of` are in it. `joined` counts records by how they came to belong to
    the session. `sessions` are rows of SESSIONS, `recordings` of schema.RECORDING; `services` are in the order in which
    they were called.
    """

    whose: Whose
    items: pl.DataFrame
    records: int
    records_of: int
    spans: int
    spans_of: int
    sessions: pl.DataFrame
    services: tuple[str, ...]
    users: tuple[str, ...]
    joined: dict[str, int]
    recordings: pl.DataFrame
    clock: Clock = field(default_factory=Clock)
    window: Query = field(default_factory=Query)
    left: tuple[str, ...] = ()
    """What is known and not told, in words."""

    @property
    def errors(self) -> int:
        """How many records, requests and clicks are errors; a span that failed is told by its records."""
        wrong = self.items["severity"].cast(pl.String).is_in(happened.ERRORS).fill_null(False)
        return int((wrong & (self.items["lane"] != "spans")).sum())


def story(logs: Logs, kind: Kind, id: str, *, most: int = RECORDS) -> Told:
    """Gather all that is known of a session, a user or a trace, whatever the query of these Logs; its window counts.

    Raises QueryError if there is none with this id; the message names those that are near.
    """
    engine = logs.engine
    found = whose(engine, kind, id)
    window = Query((), logs.query.since, logs.query.until)
    items, total = happened.records(engine, found.query & window, most)
    records = items.height
    browsers = items.filter("browser")["service_name"].drop_nulls().unique().to_list()
    spans = _spans(engine, found, items, window)
    recordings = _recordings(engine, found, items)
    left = _left(found, items, recordings)
    items = happened.captured(engine, items)
    if found.kind != "trace":  # a recording is far longer than what one looks at there
        items = _with_recordings(engine, items, recordings, window)
    happenings = pl.concat([happened.staying(items), happened.spans(spans, browsers, SPANS)])
    everything = happened.named(happenings.sort("time", maintain_order=True))
    names = everything["session"].drop_nulls().unique().sort().to_list()
    clock = _clock(engine, found.query & window, spans, names)
    users = found.ids or tuple(values(engine, found.query & window, "user_id", 20)[0])
    return Told(
        whose=found, items=everything, records=records, records_of=total, spans=min(spans.height, SPANS),
        spans_of=spans.height, services=_services(everything, browsers), users=users, recordings=recordings,
        sessions=_sessions(everything, clock, recordings["session_id"].to_list()),
        joined=_joined(engine, found.query & window, total), clock=clock, window=window, left=left,
    )  # fmt: skip


def _spans(engine: Engine, found: Whose, items: pl.DataFrame, window: Query) -> pl.DataFrame:
    """The spans of the traces that belong to the story."""
    if found.kind == "trace":
        frame = engine.spans([found.id])
    else:
        sessions = found.sessions[:ASKED] if found.kind == "user" else (found.id,)
        own = [engine.spans(session=one) for one in sessions]
        known = {trace for part in own for trace in part["trace_id"].unique().to_list()}
        others = [trace for trace in items["trace_id"].drop_nulls().unique().to_list() if trace not in known]
        frame = pl.concat([*own, engine.spans(others)] if others or not own else own).unique(maintain_order=True)
    return _within(frame, "start", window)


def _within(frame: pl.DataFrame, column: str, window: Query) -> pl.DataFrame:
    """The rows whose time is in the window."""
    at = pl.col(column).dt.timestamp("ns")
    if window.since is not None:
        frame = frame.filter(at >= window.since)
    if window.until is not None:
        frame = frame.filter(at < window.until)
    return frame


def _clock(engine: Engine, query: Query, spans: pl.DataFrame, sessions: list[str]) -> Clock:
    """What the sessions' calls say of the browser's clock. Several that differ are not corrected by one number."""
    columns = ["timestamp", "observed_timestamp"]
    records = engine.page(query, 1_000, columns=columns).records if len(sessions) == 1 else None
    found = [browser_offset(spans, session, records) for session in sessions[:ASKED]]
    told = [one for one in found if one.offset_ns is not None]
    if not told:
        return Clock(None, found[0].why) if found else Clock()
    off = sorted(int(one.offset_ns or 0) if one.proven else 0 for one in told)
    if off[-1] - off[0] > APART:
        low, high = duration(off[0]), duration(off[-1])
        return Clock(None, f"it is between {low} and {high} behind in these sessions: look at one of them")
    middle = off[len(off) // 2]
    why = next(one.why for one in told if (int(one.offset_ns or 0) if one.proven else 0) == middle)
    return Clock(middle, why)


def _recordings(engine: Engine, found: Whose, items: pl.DataFrame) -> pl.DataFrame:
    """The recordings of the story's sessions, in the columns of schema.RECORDING, by start."""
    own = {"user": list(found.sessions), "session": [found.id]}.get(found.kind, items["session"].drop_nulls().to_list())
    return engine.recordings().filter(pl.col("session_id").is_in(own)).sort("start")


def _with_recordings(engine: Engine, items: pl.DataFrame, recordings: pl.DataFrame, window: Query) -> pl.DataFrame:
    """The items, and those of recordings; events that say the same as a recording's pages and clicks stay events."""
    names = list(dict.fromkeys(recordings["session_id"].to_list()))[:RECORDED]
    if not names:
        return items
    found = _within(pl.concat([happened.recorded(engine, name) for name in names]), "time", window)
    lane, own = pl.col("lane"), pl.col("session").is_in(names)
    pages = own & (lane == "pages")
    # A page that changes its address by itself is one page to rrweb; PostHog tells each address.
    better = items.filter(pages).height > found.filter(pages).height
    twice = own & lane.is_in(["clicks", "inputs"] if better else ["pages", "clicks", "inputs"])
    items = items.with_columns(_as_event(twice))
    return pl.concat([items, found.with_columns(_as_event(pages)) if better else found])


def _left(found: Whose, items: pl.DataFrame, recordings: pl.DataFrame) -> tuple[str, ...]:
    """Bounds that were met."""
    recorded, events = recordings["session_id"].n_unique(), happened.product_events(items)
    said = []
    if recorded > RECORDED and found.kind != "trace":
        said.append(f"{RECORDED} of {count(recorded)} recordings in lanes")
    if events > happened.EVENTS:
        said.append(f"{count(events)} product events by their names alone")
    return tuple(said)


def _as_event(which: pl.Expr) -> list[pl.Expr]:
    """What the lane of events has instead of another: a moment."""
    lane = pl.when(which).then(pl.lit("events")).otherwise("lane").alias("lane")
    return [lane, pl.when(which).then(None).otherwise("end").alias("end")]


def on_one_clock(items: pl.DataFrame, clock: Clock) -> pl.DataFrame:
    """The items, the browser's moved, in the order of time."""
    by = pl.duration(nanoseconds=clock.offset_ns or 0)
    moved = [pl.when("browser").then(pl.col(c) + by).otherwise(pl.col(c)).alias(c) for c in ("time", "end")]
    return items.with_columns(moved).sort("time", maintain_order=True)


def _sessions(items: pl.DataFrame, clock: Clock, recorded: list[str]) -> pl.DataFrame:
    """One row a session that the items name, by start, on one clock."""
    items, end = on_one_clock(items, clock), pl.max_horizontal("time", "end")
    there = pl.col("session").first().is_in(recorded)
    found = (
        items.filter(pl.col("session").is_not_null())
        .group_by("session")
        .agg(start=pl.col("time").min(), end=end.max(), items=pl.len(), recorded=there)
        .sort("start", "session")
    )
    return found.cast(pl.Schema(SESSIONS))


def _services(items: pl.DataFrame, browsers: list[str]) -> tuple[str, ...]:
    """Those of browsers first, then by when each was first heard of."""
    named = items.filter(pl.col("service_name").is_not_null())
    first = named.group_by("service_name").agg(pl.col("time").min()).sort("time", "service_name")["service_name"]
    names = first.to_list()
    return tuple(sorted(names, key=lambda name: name not in browsers))


def _joined(engine: Engine, query: Query, total: int) -> dict[str, int]:
    """How many records belong to a session by which tie; what belongs to none is "neither"."""
    rows = engine.facets(query, ["joined_by"], 5, own=True)
    told = {value or "neither": int(n) for value, n in rows.select("value", "records").iter_rows()}
    return told if sum(told.values()) == total else {**told, "neither": total - sum(told.values())}
