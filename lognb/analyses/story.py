"""One session, one user or one trace told on one clock: records, spans and what a browser recorded."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.analyses import happened
from lognb.analyses.whose import Kind, Whose, field_of, values, whose
from lognb.query import Query
from lognb.schema import RECORDING, TIME

if TYPE_CHECKING:
    from lognb.engines.base import Engine
    from lognb.logs import Logs

RECORDS: Final = 100_000
"""Records of one story; of more, the first ones and the errors among the others."""
SPANS: Final = 20_000
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
    session = field_of(engine, "session")
    items, total = happened.records(engine, found.query & window, session, most)
    browsers = items.filter("browser")["service_name"].drop_nulls().unique().to_list()
    spans, spans_of = _spans(engine, found, items, browsers, window)
    recordings = _recordings(engine, found)
    everything = pl.concat([happened.staying(items), spans]).sort("time", maintain_order=True)
    users = found.ids or tuple(values(engine, found.query & window, "user_id", 20)[0])
    return Told(
        whose=found, items=happened.named(everything), records=items.height, records_of=total,
        spans=spans.height, spans_of=spans_of, sessions=_sessions(everything),
        services=_services(everything, browsers), users=users,
        joined=_joined(engine, found.query & window, session, total), recordings=recordings, window=window,
    )  # fmt: skip


def _spans(
    engine: Engine, found: Whose, items: pl.DataFrame, browsers: list[str], window: Query
) -> tuple[pl.DataFrame, int]:
    """The spans of the traces that belong to the story, and how many there are."""
    if found.kind == "trace":
        frame = engine.spans().filter(pl.col("trace_id") == found.id)
    else:
        own = pl.col("session_id").is_in(list(found.sessions) if found.kind == "user" else [found.id])
        frame = engine.spans()
        traces = pl.concat([items["trace_id"], frame.filter(own)["trace_id"]]).drop_nulls().unique()
        frame = frame.filter(pl.col("trace_id").is_in(traces.implode()))
    start = pl.col("start").dt.timestamp("ns")
    if window.since is not None:
        frame = frame.filter(start >= window.since)
    if window.until is not None:
        frame = frame.filter(start < window.until)
    return happened.spans(frame, browsers, SPANS), frame.height


def _recordings(engine: Engine, found: Whose) -> pl.DataFrame:
    """The recordings of the story's sessions, in the columns of schema.RECORDING, by start."""
    if not hasattr(engine, "recordings"):
        return pl.DataFrame(schema=RECORDING)
    own = list(found.sessions) if found.kind == "user" else [found.id]
    found_all: pl.DataFrame = engine.recordings()
    return found_all.filter(pl.col("session_id").is_in(own)).sort("start")


def _sessions(items: pl.DataFrame) -> pl.DataFrame:
    """One row a session that the items name, by start."""
    end = pl.max_horizontal("time", "end")
    found = (
        items.filter(pl.col("session").is_not_null())
        .group_by("session")
        .agg(start=pl.col("time").min(), end=end.max(), items=pl.len(), recorded=pl.lit(False).first())
        .sort("start", "session")
    )
    return found.cast(pl.Schema(SESSIONS))


def _services(items: pl.DataFrame, browsers: list[str]) -> tuple[str, ...]:
    """Those of browsers first, then by when each was first heard of."""
    named = items.filter(pl.col("service_name").is_not_null())
    first = named.group_by("service_name").agg(pl.col("time").min()).sort("time", "service_name")["service_name"]
    names = first.to_list()
    return tuple(sorted(names, key=lambda name: name not in browsers))


def _joined(engine: Engine, query: Query, session: str, total: int) -> dict[str, int]:
    """How many records belong by which tie."""
    if "joined_by" not in engine.field_names():
        return {session.replace("_", " "): total}
    rows = engine.facets(query, ["joined_by"], 5, own=True)
    told: dict[str, Any] = {value or "neither": n for value, n in rows.select("value", "records").iter_rows()}
    return {str(name): int(n) for name, n in told.items()}
