"""The columns of a record and of a span, and the tables of names that give them meaning.

Source of the names: OpenTelemetry log data model (https://opentelemetry.io/docs/specs/otel/logs/data-model/) in
snake_case. This file is data: no I/O, no engine.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    import numpy as np

TIME: Final = pl.Datetime("ns", "UTC")

LEVELS: Final = ("unspecified", "trace", "debug", "info", "warn", "error", "fatal")
SEVERITY: Final = pl.Enum(LEVELS)

RECORD: Final[dict[str, pl.DataType]] = {
    "record_id": pl.UInt64(),
    "time": TIME,
    "timestamp": TIME,
    "observed_timestamp": TIME,
    "severity_number": pl.UInt8(),
    "severity_text": pl.String(),
    "severity": SEVERITY,
    "service_name": pl.String(),
    "body": pl.String(),
    "body_type": pl.String(),
    "trace_id": pl.String(),
    "span_id": pl.String(),
    "session_id": pl.String(),
    "user_id": pl.String(),
    "event_name": pl.String(),
    "scope_name": pl.String(),
    "scope_version": pl.String(),
    "trace_flags": pl.UInt32(),
    "dropped_attributes_count": pl.UInt32(),
    "attributes": pl.String(),
    "resource": pl.String(),
    "scope_attributes": pl.String(),
    "source": pl.String(),
    "source_position": pl.Int64(),
    "size_bytes": pl.Int64(),
}
"""One row is one log record; docs of each column: the table "The record" in ARCHITECTURE.md."""

JOINED: Final[dict[str, pl.DataType]] = {"session": pl.String(), "joined_by": pl.String()}
"""Fields that an engine makes of a record and its trace; a query speaks of them as of columns.

`session` is the record's session_id; where it has none, the session of its trace, if the records and spans of that
trace that name a session all name the same one. `joined_by` tells which: "session id" or "trace", null where there is
no session.
"""

FIELDS: Final[dict[str, pl.DataType]] = {**RECORD, **JOINED}
"""Names that mean the same in every source; an attribute of such a name is `attributes.<name>`."""

SPAN: Final[dict[str, pl.DataType]] = {
    "trace_id": pl.String(),
    "span_id": pl.String(),
    "parent_span_id": pl.String(),
    "name": pl.String(),
    "kind": pl.String(),
    "start": TIME,
    "end": TIME,
    "duration_ns": pl.Int64(),
    "status_code": pl.String(),
    "status_message": pl.String(),
    "service_name": pl.String(),
    "session_id": pl.String(),
    "user_id": pl.String(),
    "scope_name": pl.String(),
    "scope_version": pl.String(),
    "trace_state": pl.String(),
    "trace_flags": pl.UInt32(),
    "dropped_attributes_count": pl.UInt32(),
    "attributes": pl.String(),
    "resource": pl.String(),
    "scope_attributes": pl.String(),
    "events": pl.String(),
    "links": pl.String(),
    "source": pl.String(),
    "source_position": pl.Int64(),
}
"""One row is one span. `events` and `links` are JSON arrays; `duration_ns` is null where start or end is."""

RECORDING: Final[dict[str, pl.DataType]] = {
    "session_id": pl.String(),
    "user_id": pl.String(),
    "start": TIME,
    "end": TIME,
    "events": pl.UInt64(),
    "windows": pl.UInt32(),
    "size_bytes": pl.Int64(),
    "source": pl.String(),
    "source_position": pl.Int64(),
}
"""One row is the recording (rrweb) of one session in one source; times are of the browser's clock, `size_bytes` of its
JSON. Its events are fetched apart: the engine's `recording`.
"""

RECORDED: Final[dict[str, pl.DataType]] = {
    **RECORDING,
    "window_ids": pl.List(pl.String()),
    "named": pl.Boolean(),
    "data": pl.Binary(),
}
"""A stretch of a recording as loaders give it: `data` is the gzip of a JSON array of events `{type, timestamp (ms),
data, windowId}`, sorted by timestamp; `named` says that the recording itself tells its session, not the file's name.
"""

ITEM: Final[dict[str, pl.DataType]] = {
    "time": TIME,
    "end": TIME,
    "lane": pl.String(),
    "kind": pl.String(),
    "severity": SEVERITY,
    "service_name": pl.String(),
    "text": pl.String(),
    "record_id": pl.UInt64(),
    "trace_id": pl.String(),
    "span_id": pl.String(),
    "detail": pl.String(),
}
"""One row is one thing that happened in a story: a record, a span, a click, a request …

`lane` is where it stands: "pages", "clicks", "inputs", "console", "network", "idle", "events", "spans" or "logs" (one
lane for each service). `end` is null for a moment. `text` is one line for a person, `detail` a JSON object of what else
is known. `severity` is null where none is meant. What a recording tells has the browser's clock.
"""

# Keys that tell of an exception, most trusted first: OpenTelemetry's, then those that loggers and vendors write. The
# last kind are lists of exceptions with frames as data: PostHog's of all ages, and those of Sentry's SDKs, which have
# in "logentry" what an error without an exception says.
EXCEPTION_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "type": ("exception.type", "$exception_type", "error.type", "error.kind", "error.name", "err.type"),
    "message": ("exception.message", "$exception_message", "error.message", "err.message"),
    "stack": (
        "exception.stacktrace", "error.stack_trace", "error.stack", "err.stack", "stack_trace", "stacktrace",
        "exc_info", "stack",
    ),
    "listed": ("$exception_list", "$exception_stack_trace_raw", "exception", "logentry"),
}  # fmt: skip
# Which release a record is of; the first that it has.
RELEASE_KEYS: Final = ("service.version", "release", "app.version", "$app_version")

SPAN_KINDS: Final = ("unspecified", "internal", "server", "client", "producer", "consumer")
STATUS_CODES: Final = ("unset", "ok", "error")

# The value types of OTLP's AnyValue, in the order of its field numbers; the position is the `kind` code of a pair.
KINDS: Final = ("empty", "string", "bool", "int", "double", "array", "kvlist", "bytes")
KIND: Final = {name: code for code, name in enumerate(KINDS)}

# Words that loggers use for a severity, lower case. "notice" is info in syslog's mapping of the log data model
# (appendix B), "panic" and "emergency" are its top.
SEVERITY_WORDS: Final[dict[str, str]] = {
    **dict.fromkeys(("trace", "trc", "finest", "verbose", "silly"), "trace"),
    **dict.fromkeys(("debug", "dbg", "dbug", "fine", "finer"), "debug"),
    **dict.fromkeys(("info", "inf", "information", "informational", "notice", "log", "config", "ok"), "info"),
    **dict.fromkeys(("warn", "warning", "wrn"), "warn"),
    **dict.fromkeys(("error", "err", "eror", "severe", "failure"), "error"),
    **dict.fromkeys(("fatal", "critical", "crit", "alert", "emerg", "emergency", "panic", "ftl", "dpanic"), "fatal"),
}

# Numeric levels of pino and bunyan as they stand in a JSON body.
BODY_LEVEL_NUMBERS: Final = {10: "trace", 20: "debug", 30: "info", 40: "warn", 50: "error", 60: "fatal"}
BODY_LEVEL_KEYS: Final = ("level", "severity", "log.level", "levelname", "loglevel", "log_level", "lvl")

# Keys that tie a record to a session and to a user, most trusted first: PostHog's browser SDK of both eras, its
# backend guide, and OpenTelemetry's semantic conventions. Looked for in the attributes, then in the resource; then
# as the end of a longer key ("span.distinct_id").
SESSION_KEYS: Final = (
    "session.id", "sessionId", "session_id", "sessionID", "$session_id", "posthogSessionId", "posthogSessionID",
    "posthog_session_id", "posthog.session.id", "posthog.session_id",
)  # fmt: skip
USER_KEYS: Final = (
    "user.id", "posthogDistinctId", "distinct_id", "distinctId", "distinct.id", "distinctID", "posthogDistinctID",
    "posthog_distinct_id", "posthog.distinct.id", "posthog.distinct_id", "enduser.id", "user_id", "userId",
)  # fmt: skip

# Attributes with the address of the page, or the name of the screen, that a record was sent from: PostHog's events, its
# browser logs of both eras, its mobile logs.
PAGE_KEYS: Final = ("$current_url", "url.full", "location.href", "$screen_name", "screen.name")

# Units that a value in a query may carry, by what they measure, as multiples of ns and of bytes; prefixes of bytes are
# those of the SI, "KB" as most programs write it.
UNITS: Final[dict[str, dict[str, int]]] = {
    "time": {
        "ns": 1, "us": 10**3, "µs": 10**3, "μs": 10**3, "ms": 10**6, "s": 10**9, "m": 60 * 10**9, "min": 60 * 10**9,
        "h": 3_600 * 10**9, "d": 86_400 * 10**9,
    },
    "size": {
        "B": 1, "kB": 10**3, "KB": 10**3, "MB": 10**6, "GB": 10**9, "TB": 10**12, "KiB": 2**10, "MiB": 2**20,
        "GiB": 2**30, "TiB": 2**40,
    },
}  # fmt: skip
# The end of a field's name that states the unit of its numbers.
FIELD_UNITS: Final = {
    "_ns": ("time", "ns"), "_us": ("time", "us"), "_ms": ("time", "ms"), "_s": ("time", "s"), "_bytes": ("size", "B"),
}  # fmt: skip

# Columns of ids and how many bytes they are; a query may write them in hex of any case or in base64.
ID_BYTES: Final = {"trace_id": 16, "span_id": 8}


@dataclass(frozen=True, slots=True)
class Batch:
    """Decoded records of one stretch of one source, attributes still apart: what loaders hand to an engine.

    `records` has the columns of RECORD, but for `attributes` and `resource`; instead `resource_ix` (UInt32) is a row
    of `resources`. The attributes of record i are the pairs `codes[offsets[i]:offsets[i + 1]]`, in the order sent,
    repeated keys included; a code is a row of `pairs`: `key` (String), `kind` (UInt8, a position in KINDS), `text`
    (String: a string as it is, any other value as its JSON literal). `resources` has one column `resource`, a JSON
    object. `spans` has the columns of SPAN, `recordings` those of RECORDED.

    Pairs are kept apart because a pair often recurs: to write each once is what makes decoding fast, and an engine
    can pivot them into columns without parsing JSON again.
    """

    records: pl.DataFrame
    offsets: np.ndarray
    codes: np.ndarray
    pairs: pl.DataFrame
    resources: pl.DataFrame
    spans: pl.DataFrame
    recordings: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=RECORDED))


# The store, as a DuckDB file and as Parquet: the tables `logs`, `resources`, `resource_attrs`, `spans`, `recordings`,
# `sources` and a manifest. In `logs` the fields below stand as they are; every (key, kind) of attributes that is
# frequent has a flat column; all other pairs of a record are in two parallel lists, `attr_keys` and `attr_values` (JSON
# literals), the last one sent first, so that the first place of a key is the value that counts. Of a repeated key only
# the last value is ever flat. `trace_session`, in `logs` and `spans`, is the one session of the trace of a record or
# span that names none itself (JOINED). Times are without a zone, in UTC. A change of any of this is a new
# LAYOUT_VERSION.
LAYOUT_VERSION: Final = 2
ROW_GROUP: Final = 122_880

FLAT_KINDS: Final[dict[str, pl.DataType]] = {
    "string": pl.String(),
    "bool": pl.Boolean(),
    "int": pl.Int64(),
    "double": pl.Float64(),
}

STORED: Final[dict[str, pl.DataType]] = {
    **{name: kind for name, kind in RECORD.items() if name not in ("attributes", "resource", "source")},
    "source_ix": pl.UInt32(),
    "resource_ix": pl.UInt32(),
}
"""The fixed columns of the store's `logs`; `source_ix` is a row of `sources`, `resource_ix` one of `resources`."""


def flat_name(key: str, kind: str) -> str:
    """The flat column of an attribute's key and kind.

    >>> flat_name("http.route", "string")
    'http.route|string'
    """
    return f"{key}|{kind}"


def flat_split(column: str) -> tuple[str, str] | None:
    """The (key, kind) of a flat column; None for any other column.

    >>> flat_split("http.route|string"), flat_split("time")
    (('http.route', 'string'), None)
    """
    key, bar, kind = column.rpartition("|")
    return (key, kind) if bar and kind in FLAT_KINDS else None
