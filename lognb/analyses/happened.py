"""What happened, as rows of schema.ITEM: made of records and of spans.

Two columns more than ITEM has: `session`, and `browser`, true where the time is one of the browser's clock. A record
is of a browser if its SDK says so: OpenTelemetry's for the web, or PostHog's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.query import Condition, Query
from lognb.schema import ITEM, SEVERITY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine

TOLD: Final[dict[str, pl.DataType]] = {**ITEM, "session": pl.String(), "browser": pl.Boolean()}
TEXT: Final = 300
"""Characters of a text that a row has; the record has all."""
ERRORS: Final = ("error", "fatal")
_BATCH: Final = 10_000
_SCHEMA: Final = ("record_id", "time", "severity", "service_name", "body", "trace_id", "span_id", "user_id", "event_name")
_MORE: Final = (
    "exception.type", "exception.message", "log.source", "telemetry.sdk.language", "$lib", "$el_text",
    "$pathname", "$exception_list",
)  # fmt: skip
# What PostHog's own events say: event -> lane, kind.
_EVENTS: Final = {
    "$pageview": ("pages", "page"), "$autocapture": ("clicks", "click"), "$rageclick": ("clicks", "rage click"),
    "$dead_click": ("clicks", "dead click"), "$exception": ("events", "exception"),
}  # fmt: skip


def records(engine: Engine, query: Query, session: str, most: int) -> tuple[pl.DataFrame, int]:
    """The records of a query as items, in the order of time, and how many there are.

    Of more than `most` the first, and the first errors of the rest. `session` is the field of the session's id.
    Records without a time are left out.
    """
    query &= Query((Condition("time", "exists"),))
    total = engine.count(query)
    names = [*_SCHEMA, session, *(n for n in _MORE if n in engine.field_names())]
    frames, left = [], most
    for batch in engine.batches(query, names, _BATCH):
        frames.append(_of_records(batch.head(left), session))
        left -= batch.height
        if left <= 0:
            break
    found = pl.concat(frames) if frames else pl.DataFrame(schema=TOLD)
    if total > found.height:
        wrong = query & Query((Condition("severity", ">=", "error"),))
        later = engine.page(wrong, most // 10, newest=True, columns=names).records
        more = _of_records(later, session).filter(~pl.col("record_id").is_in(found["record_id"].implode()))
        found = pl.concat([found, more.sort("time")])
    return found, total


def _of_records(frame: pl.DataFrame, session: str) -> pl.DataFrame:
    """Records as items; what a record lacks is null."""
    cut = frame.with_columns(
        pl.col("body").str.slice(0, TEXT * 2),
        *(pl.lit(None, pl.String).alias(n) for n in _MORE if n not in frame.columns),
    ).with_columns(pl.col(*_MORE).cast(pl.String))
    event, body = pl.col("event_name"), pl.col("body")
    listed = pl.col("$exception_list").str.slice(0, 20_000)
    kind = pl.coalesce("exception.type", listed.str.json_path_match("$[0].type"))
    said = pl.coalesce("exception.message", listed.str.json_path_match("$[0].value"))
    thrown = pl.concat_str(kind, said, separator=": ", ignore_nulls=True)
    thrown = pl.when(kind.is_not_null() | said.is_not_null()).then(thrown)
    # The exception says more than most bodies do; a body that says it too needs no second time.
    both = body.is_not_null() & thrown.is_not_null() & ~body.str.contains(said.fill_null("\0"), literal=True)
    own = pl.when(event == "$pageview").then(pl.col("$pathname")).when(pl.col("$el_text").is_not_null()).then(
        pl.concat_str(pl.lit("“"), pl.col("$el_text"), pl.lit("”"))
    )  # fmt: skip
    text = pl.when(both).then(pl.concat_str(body, pl.lit(" · "), thrown)).otherwise(
        pl.coalesce(body, thrown, own, "$pathname", event, pl.lit("(no body)"))
    )  # fmt: skip
    lane = pl.when(event.is_not_null() & pl.col("service_name").is_null()).then(pl.lit("events")).otherwise(pl.lit("logs"))
    unsaid = pl.col("severity") == "unspecified"
    return cut.select(
        "time",
        pl.lit(None).cast(ITEM["end"]).alias("end"),
        pl.coalesce(event.replace_strict({k: v[0] for k, v in _EVENTS.items()}, default=None, return_dtype=pl.String), lane).alias("lane"),
        pl.coalesce(
            event.replace_strict({k: v[1] for k, v in _EVENTS.items()}, default=None, return_dtype=pl.String),
            event,
            pl.when(kind.is_not_null()).then(pl.lit("exception")),
            pl.when(pl.col("log.source").str.starts_with("console")).then(pl.lit("console")),
            pl.lit("log"),
        ).alias("kind"),
        pl.when(unsaid & (event == "$exception")).then(pl.lit("error")).when(unsaid & event.is_not_null()).then(None)
        .otherwise(pl.col("severity").cast(pl.String)).cast(SEVERITY).alias("severity"),
        "service_name",
        text.str.slice(0, TEXT).alias("text"),
        "record_id",
        "trace_id",
        "span_id",
        pl.lit(None, pl.String).alias("detail"),
        pl.col(session).replace("", None).alias("session"),
        ((pl.col("telemetry.sdk.language") == "webjs") | (pl.col("$lib") == "web")).fill_null(False).alias("browser"),
    ).cast(dict(TOLD))  # fmt: skip


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
    ).cast(dict(TOLD))  # fmt: skip


def staying(items: pl.DataFrame) -> pl.DataFrame:
    """Pages end where the next one of their session begins, the last where the session does."""
    page = pl.col("lane") == "pages"
    last = pl.max_horizontal("time", "end").max().over("session")
    pages = items.with_columns(last=last).filter(page & pl.col("end").is_null()).sort("time", maintain_order=True)
    ends = pages.select("record_id", until=pl.col("time").shift(-1).over("session").fill_null(pl.col("last")))
    joined = items.join(ends.filter(pl.col("record_id").is_not_null()), on="record_id", how="left", maintain_order="left")
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
