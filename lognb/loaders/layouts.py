"""Tables of records as other tools write them, and the names that plain logs use: data first, then how it is matched.

A layout is found by its columns, never by the name of a file. Each column stands for a part of the record: a column of
schema.RECORD, `resource:<key>` for one attribute of the resource, `attributes`, `resource` and `scope_attributes` for
many (JSON text, a map or a struct), `scope` for "name@version", `copy:<column>` for what repeats another column, and
`url` for schema URLs, for which a record has no place. A column that no table knows becomes an attribute under its own
name. A new layout is a new table here and a file written by its own schema in the tests.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from lognb.errors import SourceError
from lognb.schema import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


@dataclass(frozen=True, slots=True)
class Layout:
    """`needs`: the columns by which it is found; `columns`: what each stands for; `unit`: of times that are numbers,
    "" where their magnitude decides; `said`: what a person should know of it, for the load report."""

    name: str
    needs: tuple[str, ...]
    columns: Mapping[str, str]
    unit: str = ""
    said: str = ""
    json_body: bool = False  # bodies may be JSON text, strings in quotes; the first of them decide


_PASCAL: Final = {
    "Timestamp": "timestamp",
    "TimestampTime": "copy:Timestamp",
    "ObservedTimestamp": "observed_timestamp",
    "TraceId": "trace_id",
    "SpanId": "span_id",
    "TraceFlags": "trace_flags",
    "SeverityText": "severity_text",
    "SeverityNumber": "severity_number",
    "ServiceName": "resource:service.name",
    "Body": "body",
    "EventName": "event_name",
    "ResourceSchemaUrl": "url",
    "ResourceAttributes": "resource",
    "ScopeSchemaUrl": "url",
    "ScopeName": "scope_name",
    "ScopeVersion": "scope_version",
    "ScopeAttributes": "scope_attributes",
    "LogAttributes": "attributes",
}

_SNAKE: Final = {
    "trace_id": "trace_id",
    "span_id": "span_id",
    "severity_text": "severity_text",
    "severity_number": "severity_number",
    "service_name": "resource:service.name",
    "service_namespace": "resource:service.namespace",
    "service_instance_id": "resource:service.instance.id",
    "body": "body",
    "event_name": "event_name",
    "resource_schema_url": "url",
    "resource_attributes": "resource",
    "scope_schema_url": "url",
    "scope_name": "scope_name",
    "scope_version": "scope_version",
    "scope_attributes": "scope_attributes",
    "log_attributes": "attributes",
    "dropped_attributes_count": "dropped_attributes_count",
    "trace_flags": "trace_flags",
    "flags": "trace_flags",
}

LAYOUTS: Final = (
    # The schema of smithclay/otlp2parquet, 1.1: ids as bytes, JSON text in Body and attributes.
    Layout(
        "otlp2parquet",
        ("Timestamp", "ObservedTimestamp", "Body", "LogAttributes"),
        {
            **_PASCAL,
            "ServiceNamespace": "resource:service.namespace",
            "ServiceInstanceId": "resource:service.instance.id",
        },
        unit="ns",
        json_body=True,
    ),
    # The table that the Collector's ClickHouse exporter makes.
    Layout(
        "ClickHouse otel_logs",
        ("Timestamp", "Body", "SeverityText", "LogAttributes"),
        _PASCAL,
        unit="ns",
        said="attributes are text there, whatever they were",
    ),
    # read_otlp_logs of smithclay/duckdb-otlp; older ones wrote `timestamp`.
    Layout(
        "duckdb-otlp",
        ("time_unix_nano", "body", "severity_number", "log_attributes"),
        {**_SNAKE, "time_unix_nano": "timestamp", "observed_time_unix_nano": "observed_timestamp"},
        unit="ns",
    ),
    # The file exporter of streamfold/rotel: time as UInt64, every attribute as text.
    Layout(
        "rotel",
        ("timestamp", "body", "severity_number", "log_attributes"),
        {**_SNAKE, "timestamp": "timestamp", "observed_timestamp": "observed_timestamp"},
        unit="ns",
        said="attributes are text there, whatever they were",
    ),
    # Rows of PostHog's logs API and of its CSV export.
    Layout(
        "PostHog logs",
        ("timestamp", "body", "severity_text", "resource_attributes"),
        {
            **_SNAKE,
            "timestamp": "timestamp",
            "observed_timestamp": "observed_timestamp",
            "attributes": "attributes",
            "instrumentation_scope": "scope",
            "level": "copy:severity_text",
        },
    ),
    # PostHog's batch export of events, and rows of its events API.
    Layout(
        "PostHog events",
        ("event", "distinct_id", "properties", "timestamp"),
        {"timestamp": "timestamp", "event": "event_name", "properties": "attributes"},
        said="loaded as records with event_name, without a body",
    ),
    # Frames of this library: Logs.to_polars and frames.
    Layout(
        "lognb",
        ("record_id", "body", "body_type", "attributes", "resource", "source_position"),
        {
            **{name: name for name in RECORD},
            "time": "copy:timestamp",
            "severity": "copy:severity_text",
            "service_name": "copy:resource",
            "session_id": "copy:attributes",
            "user_id": "copy:attributes",
            "size_bytes": "copy:body",
        },
        unit="ns",
    ),
)

# Tables that hold no log records: what they are called, and the columns by which they are found.
OTHERS: Final = (
    ("spans", ("SpanName", "TraceId", "Duration")),
    ("spans", ("start_time_unix_nano", "span_id", "parent_span_id")),
    ("spans", ("parent_span_id", "span_id", "span_name")),
    ("metrics", ("MetricName",)),
    ("metrics", ("metric_name",)),
    ("metrics", ("metric_attributes", "aggregation_temporality")),
)

# What plain logs call the parts of a record, most telling first; letter case does not count. pino and bunyan, zap,
# zerolog, structlog, logrus, Python's logging, logback and log4j, Serilog, ECS, Docker, stern, CloudWatch, Google
# Cloud, Datadog, journald.
USUAL: Final[dict[str, tuple[str, ...]]] = {
    "timestamp": (
        "timestamp", "time", "ts", "@timestamp", "@t", "eventtime", "event_time", "datetime", "asctime", "timemillis",
        "timestamp_ms", "time_unix_nano", "timeunixnano", "__realtime_timestamp", "_time", "date", "created_at",
    ),
    "observed_timestamp": (
        "observed_timestamp", "observedtimestamp", "observed_time_unix_nano", "@ingestiontime", "ingestiontime",
        "receivetimestamp", "event.ingested",
    ),
    "severity": (
        "level", "severity", "severity_text", "severitytext", "log.level", "levelname", "loglevel", "log_level", "lvl",
        "@l", "priority",
    ),
    "severity_number": ("severity_number", "severitynumber"),
    "body": (
        "message", "msg", "body", "log", "@message", "@m", "@mt", "event", "text", "textpayload", "line", "jsonpayload",
    ),
    "trace_id": ("trace_id", "traceid", "trace.id", "@tr", "otel.trace_id", "otelTraceID", "x-trace-id", "dd.trace_id"),
    "span_id": ("span_id", "spanid", "span.id", "@sp", "otel.span_id", "otelSpanID", "dd.span_id"),
    "trace_flags": ("trace_flags", "traceflags"),
    "event_name": ("event_name", "eventname"),
    "scope_name": ("scope_name", "scopename", "logger", "logger_name", "loggername", "log.logger"),
    "scope": ("instrumentation_scope",),
    "resource:service.name": (
        "service.name", "service_name", "servicename", "service", "dd.service", "otelServiceName", "app",
        "application", "name",
    ),
    "attributes": ("attributes", "logattributes", "log_attributes"),
    "resource": ("resource_attributes", "resourceattributes", "resource"),
    "scope_attributes": ("scope_attributes", "scopeattributes"),
}  # fmt: skip

# Levels that are numbers, by the (lower-case) name of their key; else those of pino and bunyan.
NUMBERED: Final[dict[str, Mapping[int, str]]] = {
    "levelno": {10: "debug", 20: "info", 30: "warn", 40: "error", 50: "fatal"},
    "priority": {0: "fatal", 1: "fatal", 2: "fatal", 3: "error", 4: "warn", 5: "info", 6: "info", 7: "debug"},
}

# Keys under which an answer or an export keeps its rows, and objects that wrap a row.
LISTS: Final = ("results", "events", "records", "logs", "entries", "items", "hits", "rows", "data")
WRAPPERS: Final = ("_source",)

# Rows of JSON in which names mean something else: the keys by which they are told, and the usual name of each.
RENAMED: Final = ((("event", "distinct_id", "properties"), {"event": "event_name", "properties": "attributes"}),)

_BY_NAME: Final = {name.lower(): (target, rank) for target, names in USUAL.items() for rank, name in enumerate(names)}

# What `columns=` may name.
TARGETS: Final = tuple(
    dict.fromkeys(n for n in RECORD if n not in ("record_id", "body_type", "size_bytes", "source", "source_position"))
)


@dataclass(frozen=True, slots=True)
class Plan:
    """Which column stands for what: `parts` by part (most have one column), `layout` or None, `why` for the report."""

    parts: Mapping[str, tuple[str, ...]]
    layout: Layout | None
    why: str
    copies: Mapping[str, str] = field(default_factory=dict)
    urls: tuple[str, ...] = ()
    session: tuple[str, ...] = ()
    user: tuple[str, ...] = ()

    def one(self, part: str) -> str | None:
        """The column of a part that has at most one."""
        return next(iter(self.parts.get(part, ())), None)

    @property
    def named(self) -> frozenset[str]:
        """All columns that do not become attributes of their own."""
        return frozenset((*(c for cs in self.parts.values() for c in cs), *self.copies, *self.urls))


def usual(name: str) -> tuple[str, int] | None:
    """The part that a usual name stands for, and its rank there; None if it is none.

    >>> usual("Message"), usual("colour")
    (('body', 0), None)
    """
    return _BY_NAME.get(name.lower())


def other(names: Iterable[str]) -> str | None:
    """What a table without log records holds: "spans", "metrics"; None if it may hold records."""
    have = set(names)
    return next((what for what, needs in OTHERS if have.issuperset(needs)), None)


def find(names: Iterable[str]) -> tuple[Layout | None, str]:
    """(the layout with most of these columns among those whose needs are met, how that was decided)."""
    have = set(names)
    fits = [layout for layout in LAYOUTS if have.issuperset(layout.needs)]
    if not fits:
        return None, ""
    known = {layout.name: len(have.intersection(layout.columns)) for layout in fits}
    best = max(fits, key=lambda layout: known[layout.name])
    why = f"the layout of {best.name}, by its columns"
    rivals = [layout.name for layout in fits if layout is not best]
    if rivals:
        why += f" ({known[best.name]} known; {', '.join(f'{name} would know {known[name]}' for name in rivals)})"
    return best, why + (f"; {best.said}" if best.said else "")


def plan(names: Sequence[str], columns: Mapping[str, str] | None, where: str) -> Plan:
    """How to read a table with these columns: by `columns`, then by a layout, else by the usual names.

    Raises SourceError if `columns` names a part that a record has not, or a column that the table has not.
    """
    given = checked(columns)
    missing(given, names, where)
    layout, why = find(names)
    taken = set(given.values())
    parts: dict[str, list[str]] = {
        part: [column] for part, column in given.items() if part not in ("session_id", "user_id")
    }
    copies, urls = {}, []
    if layout is not None:
        for name in names:
            part = layout.columns.get(name)
            if part is None or name in taken:
                continue
            if part == "url":
                urls.append(name)
            elif part.startswith("copy:"):
                copies[name] = part.removeprefix("copy:")
            elif part not in given and not (part.startswith("severity") and "severity" in given):
                parts.setdefault(part, []).append(name)
    else:
        found = _usual_parts([n for n in names if n not in taken], set(given) | _covered(given))
        parts |= {part: [name] for part, name in found.items()}
        why = "; ".join(
            f"{title} {', '.join(f'{p} from {c!r}' for p, c in pairs)}"
            for title, pairs in (("by columns=:", given.items()), ("by the usual names:", found.items()))
            if pairs
        )
    if layout is not None and given:
        why += "; by columns=: " + ", ".join(f"{p} from {c!r}" for p, c in given.items())
    return Plan(
        {part: tuple(cs) for part, cs in parts.items()}, layout, why, copies, tuple(urls),
        *(((given[n],) if n in given else ()) for n in ("session_id", "user_id")),
    )  # fmt: skip


def _covered(given: Mapping[str, str]) -> set[str]:
    """Parts that would say again what is given."""
    return {"severity"} if given.keys() & {"severity_text", "severity_number"} else set()


def _usual_parts(names: Sequence[str], without: set[str]) -> dict[str, str]:
    """For each part the column with the most telling name; columns that lose stay attributes."""
    best: dict[str, tuple[int, str]] = {}
    for name in names:
        known = usual(name)
        if known and known[0] not in without and (known[0] not in best or known[1] < best[known[0]][0]):
            best[known[0]] = (known[1], name)
    return {part: name for part, (_, name) in best.items()}


def checked(columns: Mapping[str, str] | None) -> dict[str, str]:
    """`columns` by part. Raises SourceError for a part that a record has not."""
    out = {}
    for name, column in (columns or {}).items():
        if name not in TARGETS:
            raise SourceError(f"columns=: a record has no {name!r}{_near(name, TARGETS)}")
        if not isinstance(column, str):
            raise SourceError(f"columns=: {name!r} is to name one column, and is {column!r}")
        part = {"time": "timestamp", "service_name": "resource:service.name"}.get(name, name)
        if part in out:
            raise SourceError("columns=: 'time' and 'timestamp' are the same part; name one of them")
        out[part] = column
    return out


def missing(columns: Mapping[str, str] | None, names: Iterable[str], where: str) -> None:
    """Raises SourceError if `columns` names one that is not there."""
    have = list(names)
    for column in (columns or {}).values():
        if column not in have:
            raise SourceError(f"{where}: no column {column!r}{_near(column, have)}")


def _near(name: str, names: Iterable[str]) -> str:
    names = list(names)
    near = get_close_matches(name, names, n=3, cutoff=0.5)
    near = near or [n for n in names if n.lower() == name.lower()]
    if near:
        return "; did you mean " + " or ".join(map(repr, near)) + "?"
    shown = ", ".join(map(repr, names[:20]))
    return f"; there are {shown}" + (" …" if len(names) > 20 else "")
