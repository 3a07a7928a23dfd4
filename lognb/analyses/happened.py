"""What happened, as rows of schema.ITEM: made of records and of spans.

Two columns more than ITEM has: `session`, and `browser`, true where the time is one of the browser's clock. A record
is of a browser if its SDK says so: OpenTelemetry's for the web, or PostHog's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

import polars as pl

from lognb.query import Condition, Query
from lognb.replay import decode, from_events, lanes
from lognb.schema import ITEM, SEVERITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine

TOLD: Final[dict[str, pl.DataType]] = {**ITEM, "session": pl.String(), "browser": pl.Boolean()}
TEXT: Final = 300
"""Characters of a text that a row has; the record has all."""
_CAST: Final = pl.Schema(TOLD)
ERRORS: Final = ("error", "fatal")
EVENTS: Final = 5_000
"""Product events whose properties are read, each by itself."""
_ALONE: Final = pl.col("lane").is_in(["events", "pages", "clicks"]) & pl.col("record_id").is_not_null()
_BATCH: Final = 10_000
KEPT: Final = 64
"""Recordings of an engine whose items are kept: one of 20 MB takes seconds to decode, and its items are small."""
_RECORDED: Final[WeakKeyDictionary[Engine, dict[str, pl.DataFrame]]] = WeakKeyDictionary()
_COLUMNS: Final = (
    "record_id", "time", "severity", "service_name", "body", "trace_id", "span_id", "event_name", "session",
)  # fmt: skip
_MORE: Final = (
    "exception.type", "exception.message", "log.source", "telemetry.sdk.language", "$lib", "$el_text",
    "$pathname", "$exception_list",
)  # fmt: skip
# What PostHog's own events say: event -> lane, kind.
_EVENTS: Final = {
    "$pageview": ("pages", "page"), "$autocapture": ("clicks", "click"), "$rageclick": ("clicks", "rage click"),
    "$dead_click": ("clicks", "dead click"), "$exception": ("events", "exception"),
}  # fmt: skip


def records(engine: Engine, query: Query, most: int) -> tuple[pl.DataFrame, int]:
    """The records of a query as items, in the order of time, and how many there are.

    Of more than `most` the first, and the newest errors of the rest. Records without a time are left out.
    """
    query &= Query((Condition("time", "exists"),))
    total = engine.count(query)
    names = [*_COLUMNS, *(n for n in _MORE if n in engine.field_names())]
    frames, left = [], most
    for batch in engine.batches(query, names, _BATCH):
        frames.append(_of_records(batch.head(left)))
        left -= batch.height
        if left <= 0:
            break
    found = pl.concat(frames) if frames else pl.DataFrame(schema=TOLD)
    if total > found.height:
        wrong = query & Query((Condition("severity", ">=", "error"),))
        later = engine.page(wrong, most // 10, newest=True, columns=names).records
        more = _of_records(later).filter(~pl.col("record_id").is_in(found["record_id"].implode()))
        found = pl.concat([found, more.sort("time")])
    return found, total


def _of_records(frame: pl.DataFrame) -> pl.DataFrame:
    """Records as items; what a record lacks is null."""
    lacking = [pl.lit(None, pl.String).alias(n) for n in _MORE if n not in frame.columns]
    frame = frame.with_columns(pl.col("body").str.slice(0, TEXT * 2), *lacking)
    frame = frame.with_columns(pl.col(*_MORE).cast(pl.String)).with_columns(*_thrown())
    event = pl.col("event_name")
    unsaid = pl.col("severity") == "unspecified"
    severity = (
        pl.when(unsaid & (event == "$exception"))
        .then(pl.lit("error"))
        .when(unsaid & event.is_not_null())
        .then(None)
        .otherwise(pl.col("severity").cast(pl.String))
    )
    alone = event.is_not_null() & pl.col("service_name").is_null()
    lane = pl.coalesce(_mapped(0), pl.when(alone).then(pl.lit("events")).otherwise(pl.lit("logs")))
    kind = pl.coalesce(
        _mapped(1),
        event,
        pl.when(pl.col("type").is_not_null()).then(pl.lit("exception")),
        pl.when(pl.col("log.source").str.starts_with("console")).then(pl.lit("console")),
        pl.lit("log"),
    )
    browser = (pl.col("telemetry.sdk.language") == "webjs") | (pl.col("$lib") == "web")
    return frame.select(
        "time", pl.lit(None).alias("end"), lane.alias("lane"), kind.alias("kind"),
        severity.cast(SEVERITY).alias("severity"), "service_name", _text().str.slice(0, TEXT).alias("text"),
        "record_id", "trace_id", "span_id", pl.lit(None, pl.String).alias("detail"),
        "session", browser.fill_null(False).alias("browser"),
    ).cast(_CAST)  # fmt: skip


def _mapped(part: int) -> pl.Expr:
    """What _EVENTS says of the event's name: 0 its lane, 1 its kind."""
    known = {event: says[part] for event, says in _EVENTS.items()}
    return pl.col("event_name").replace_strict(known, default=None, return_dtype=pl.String)


def _thrown() -> list[pl.Expr]:
    """`type` and `said` of the exception, by OpenTelemetry's convention or PostHog's."""
    listed = pl.col("$exception_list").str.slice(0, 20_000)
    return [
        pl.coalesce("exception.type", listed.str.json_path_match("$[0].type")).alias("type"),
        pl.coalesce("exception.message", listed.str.json_path_match("$[0].value")).alias("said"),
    ]


def _text() -> pl.Expr:
    """One line: the body, and the exception, which says more than most bodies do, unless the body says it too."""
    event, body = pl.col("event_name"), pl.col("body")
    whole = pl.concat_str("type", "said", separator=": ", ignore_nulls=True)
    thrown = pl.when(pl.col("type").is_not_null() | pl.col("said").is_not_null()).then(whole)
    both = body.is_not_null() & thrown.is_not_null() & ~body.str.contains(pl.col("said").fill_null("\0"), literal=True)
    clicked = pl.concat_str(pl.lit("“"), pl.col("$el_text"), pl.lit("”"))
    own = pl.coalesce(pl.when(event == "$pageview").then(pl.col("$pathname")), clicked, "$pathname", event)
    alone = pl.coalesce(body, thrown, own, pl.lit("(no body)"))
    return pl.when(both).then(pl.concat_str(body, pl.lit(" · "), thrown)).otherwise(alone)


def product_events(items: pl.DataFrame) -> int:
    """How many of the items are product events, whose properties say what they are."""
    return items.filter(_ALONE).height


def captured(engine: Engine, items: pl.DataFrame) -> pl.DataFrame:
    """The items, those of product events told by what their properties say; of very many by their names alone."""
    own = items.filter(_ALONE)["record_id"]
    if not 0 < len(own) <= EVENTS:
        return items
    query = Query((Condition("record_id", "in", tuple(own.to_list())),))
    columns = ["record_id", "time", "event_name", "attributes", "session", "user_id"]
    found = engine.page(query, len(own), columns=columns)
    events = found.records.select(
        "time", "record_id", "session", event="event_name", user="user_id", url=pl.lit(None, pl.String),
        properties="attributes",
    )  # fmt: skip
    names = ("end", "lane", "kind", "severity", "text", "detail")
    renamed = [pl.col(n).alias(f"{n}_") for n in names]
    told = from_events(events).select("record_id", pl.lit(True).alias("told"), *renamed)
    joined = items.join(told, on="record_id", how="left", maintain_order="left")
    chosen = [pl.when(pl.col("told")).then(f"{n}_").otherwise(n).alias(n) for n in names]
    return joined.with_columns(chosen).with_columns(pl.col("text").str.slice(0, TEXT)).select(*TOLD)


def recorded(engine: Engine, session: str) -> pl.DataFrame:
    """The items of a session's recording; the last ones that were asked for are kept."""
    kept = _RECORDED.setdefault(engine, {})
    found = kept.get(session)
    if found is None:
        told = lanes(decode(engine.recording(session)))
        found = told.with_columns(pl.col("text").str.slice(0, TEXT), session=pl.lit(session), browser=True).cast(_CAST)
        if len(kept) >= KEPT:
            kept.pop(next(iter(kept)), None)
        kept[session] = found
    return found


def spans(frame: pl.DataFrame, browsers: Sequence[str], most: int) -> pl.DataFrame:
    """Spans in the columns of SPAN as items, by start; those without one are left out, and those beyond `most`.

    `kind` is where the call came from and went to ("front → checkout") where a span answers another service, else
    the span's kind. `browsers` are the services whose clocks are those of browsers.
    """
    frame = frame.filter(pl.col("start").is_not_null()).sort("start", maintain_order=True).head(most)
    parents = frame.select(
        trace_id="trace_id", parent_span_id="span_id", caller="service_name"
    ).unique(["trace_id", "parent_span_id"], keep="first")  # fmt: skip
    frame = frame.join(parents, on=["trace_id", "parent_span_id"], how="left", maintain_order="left")
    crossing = pl.col("caller").is_not_null() & (pl.col("caller") != pl.col("service_name"))
    wrong = pl.col("status_code") == "error"
    return frame.select(
        time="start",
        end="end",
        lane=pl.lit("spans"),
        kind=pl.when(crossing).then(pl.concat_str("caller", "service_name", separator=" → ")).otherwise(pl.col("kind")),
        severity=pl.when(wrong).then(pl.lit("error")).cast(SEVERITY),
        service_name="service_name",
        text=pl.concat_str(
            "name", pl.when(wrong).then(pl.col("status_message").replace("", None)), separator=" · ", ignore_nulls=True
        ).str.slice(0, TEXT),
        record_id=pl.lit(None, pl.UInt64),
        trace_id="trace_id",
        span_id="span_id",
        detail=pl.struct(
            "name", "parent_span_id", span_kind="kind", duration_ms=pl.col("duration_ns") / 1e6, status="status_code",
            message="status_message",
        ).struct.json_encode(),
        session=pl.col("session_id").replace("", None),
        browser=pl.col("service_name").is_in(list(browsers)).fill_null(False),
    ).cast(_CAST)  # fmt: skip


def staying(items: pl.DataFrame) -> pl.DataFrame:
    """Pages end where the next one of their session begins, the last where the session does."""
    page = pl.col("lane") == "pages"
    last = pl.max_horizontal("time", "end").max().over("session")
    pages = items.with_columns(last=last).filter(page & pl.col("end").is_null()).sort("time", maintain_order=True)
    ends = pages.select("record_id", until=pl.col("time").shift(-1).over("session").fill_null(pl.col("last")))
    ends = ends.filter(pl.col("record_id").is_not_null())
    joined = items.join(ends, on="record_id", how="left", maintain_order="left")
    return joined.with_columns(end=pl.when(page).then(pl.coalesce("end", "until")).otherwise("end")).drop("until")


def named(items: pl.DataFrame) -> pl.DataFrame:
    """Records that nothing else names, named by the span they were written in."""
    names = (
        items.filter(pl.col("lane") == "spans")
        .select("trace_id", "span_id", name=pl.col("detail").str.json_path_match("$.name"))
        .unique(["trace_id", "span_id"], keep="first")
    )
    joined = items.join(names, on=["trace_id", "span_id"], how="left", maintain_order="left")
    plainly = (pl.col("lane") == "logs") & (pl.col("kind") == "log")
    kind = pl.when(plainly).then(pl.coalesce("name", "kind")).otherwise(pl.col("kind"))
    return joined.with_columns(kind=kind).drop("name")
