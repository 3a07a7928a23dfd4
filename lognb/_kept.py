"""What Logs keep beside plain records, as frames: recordings of sessions, and events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.query import Query
from lognb.schema import TIME

if TYPE_CHECKING:
    from lognb.logs import Logs

EVENTS: Final = pl.Schema({
    "time": TIME,
    "event": pl.String(),
    "session": pl.String(),
    "user": pl.String(),
    "url": pl.String(),
    "record_id": pl.UInt64(),
    "properties": pl.String(),
})  # fmt: skip
_URL: Final = ("$current_url", "url.full", "location.href", "url")


def recordings(self: Logs) -> pl.DataFrame:
    """The session recordings found beside the logs, in the columns of schema.RECORDING; the query does not narrow them.

    One row for each session and source, by start: `start` and `end` (Datetime ns UTC, by the browser's clock), `events`
    and `windows` (numbers), `size_bytes` (of the events as JSON), `source` and `source_position`. A recording whose
    session no record and no span has is of the one session that its time, and its user, fits; the load report says so.
    """
    return self.engine.recordings()


def events(self: Logs) -> pl.DataFrame:
    """The records that are events (OpenTelemetry: log records with an event name), in time order.

    Rows: `time` (Datetime ns UTC), `event` (its name), `session` and `user` (String, null where it names none),
    `url` (of the page, where one is said), `record_id` and `properties` (all attributes as a JSON object). Events of
    PostHog are such records; any frame of events is, read with columns={"event_name": …, "session_id": …,
    "user_id": …, "time": …}.
    """
    query = self.query & Query.parse("event_name exists")
    frame = self.engine.fetch(query, ["time", "event_name", "session_id", "user_id", "record_id", "attributes"])
    attributes = frame["attributes"]
    url = pl.coalesce(*(attributes.str.json_path_match(f"$['{name}']") for name in _URL), pl.lit(None, pl.String))
    return frame.select(
        "time", pl.col("event_name").alias("event"), pl.col("session_id").alias("session"),
        pl.col("user_id").alias("user"), url.alias("url"), "record_id", pl.col("attributes").alias("properties"),
    ).cast(EVENTS)  # fmt: skip
