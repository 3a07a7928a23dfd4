"""The OpenTelemetry SDK as the shop's Python programs use it, and a ledger of what they gave to it.

The ledger is a log processor and a span processor of the SDK's own kind: it writes down each record when it is emitted,
before anything is encoded or sent, one JSON line each. What the Collector wrote can then be held against it.
"""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import trace
from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk._logs import LoggerProvider, LogRecordProcessor
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor

if TYPE_CHECKING:
    from collections.abc import Iterator

LEVELS = {
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warn": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "fatal": SeverityNumber.FATAL,
}


class Ledger:
    """One JSON line for each thing said; flushed at once, as the process may die at any moment."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "a", encoding="utf-8")  # noqa: PTH123, SIM115  # stays open as long as the process
        self._lock = threading.Lock()

    def write(self, line: dict[str, Any]) -> None:
        with self._lock:
            self._file.write(json.dumps(line, ensure_ascii=False, separators=(",", ":"), default=_tagged) + "\n")
            self._file.flush()


class LedgerLogs(LogRecordProcessor):
    """Writes every record's fields as the program and the SDK set them."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_emit(self, log_record: Any) -> None:
        r, scope = log_record.log_record, log_record.instrumentation_scope
        self._ledger.write({
            "kind": "log", "resource": dict(log_record.resource.attributes), "scope": [scope.name, scope.version or ""],
            "time": str(r.timestamp or 0), "observed": str(r.observed_timestamp or 0),
            "severity": [r.severity_number.value if r.severity_number else 0, r.severity_text or ""],
            "body": r.body, "attributes": dict(r.attributes or {}), "event_name": r.event_name or "",
            "trace_id": f"{r.trace_id:032x}" if r.trace_id else "", "span_id": f"{r.span_id:016x}" if r.span_id else "",
            "flags": int(r.trace_flags or 0), "dropped": log_record.dropped_attributes,
        })  # fmt: skip

    def shutdown(self) -> None: ...

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class LedgerSpans(SpanProcessor):
    """The same for spans: what a comparison needs."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def on_end(self, span: Any) -> None:
        self._ledger.write({
            "kind": "span", "service": span.resource.attributes["service.name"], "name": span.name,
            "trace_id": f"{span.context.trace_id:032x}", "span_id": f"{span.context.span_id:016x}",
            "parent": f"{span.parent.span_id:016x}" if span.parent else "",
            "start": str(span.start_time), "end": str(span.end_time), "attributes": dict(span.attributes or {}),
            "events": len(span.events), "status": span.status.status_code.name.lower(),
        })  # fmt: skip


class Watched:
    """An exporter that notes in the ledger what it could not deliver: a dying process loses its last words."""

    def __init__(self, exporter: Any, ledger: Ledger) -> None:
        self._exporter, self._ledger = exporter, ledger

    def export(self, batch: Any) -> Any:
        try:
            result = self._exporter.export(batch)
        except BaseException:
            self._lost(batch)
            raise
        if result is not LogRecordExportResult.SUCCESS:
            self._lost(batch)
        return result

    def _lost(self, batch: Any) -> None:
        self._ledger.write({"kind": "lost", "times": [str(r.log_record.timestamp) for r in batch]})

    def __getattr__(self, name: str) -> Any:
        return getattr(self._exporter, name)


class Telemetry:
    """Logs and traces of one process. `steady=False` sends each at once, for a process that may die."""

    def __init__(self, scope: str, *, steady: bool = True) -> None:
        settings = json.loads(os.environ["SHOP_RESOURCE"])
        resource = Resource.create(settings | {"process.pid": os.getpid()})
        self.ledger = Ledger(os.environ["SHOP_LEDGER"])
        endpoint = os.environ["SHOP_OTLP"]
        logs = Watched(OTLPLogExporter(endpoint=f"{endpoint}/v1/logs"), self.ledger)
        spans = OTLPSpanExporter(endpoint=f"{endpoint}/v1/traces")
        self._logs = LoggerProvider(resource)
        self._logs.add_log_record_processor(LedgerLogs(self.ledger))
        self._logs.add_log_record_processor(
            BatchLogRecordProcessor(logs, schedule_delay_millis=1000) if steady else SimpleLogRecordProcessor(logs)
        )
        self._spans = TracerProvider(resource=resource)
        self._spans.add_span_processor(LedgerSpans(self.ledger))
        self._spans.add_span_processor(
            BatchSpanProcessor(spans, schedule_delay_millis=1000) if steady else SimpleSpanProcessor(spans)
        )
        version = str(settings["service.version"])
        self._tracer: trace.Tracer = self._spans.get_tracer(scope, version)
        self._logger: Logger = self._logs.get_logger(scope, version)

    def log(
        self, level: str, body: Any, error: BaseException | None = None, event: str | None = None, **fields: Any
    ) -> None:
        """One record; keyword names are attribute keys with `_` for the dot and `__` for the underscore."""
        attributes = {k.replace("__", "\0").replace("_", ".").replace("\0", "_"): v for k, v in fields.items()}
        self._logger.emit(
            timestamp=time.time_ns(), severity_number=LEVELS[level], severity_text=level.upper(), body=body,
            attributes=attributes, event_name=event, exception=error,
        )  # fmt: skip

    @contextmanager
    def span(self, name: str, kind: trace.SpanKind, context: Any = None, **attributes: str) -> Iterator[trace.Span]:
        """A span around a block; an exception that leaves it stands in the span as an event, frames of the SDK not."""
        fields = {k.replace("_", "."): v for k, v in attributes.items()}
        span = self._tracer.start_span(name, context, kind, fields)
        with trace.use_span(span, end_on_exit=True, record_exception=False, set_status_on_exception=False):
            try:
                yield span
            except Exception as error:
                span.record_exception(error.with_traceback(error.__traceback__ and error.__traceback__.tb_next))
                span.set_status(trace.StatusCode.ERROR, str(error))
                raise

    def close(self) -> None:
        self._logs.shutdown()
        self._spans.shutdown()


def _tagged(value: Any) -> Any:
    if isinstance(value, bytes):
        return {"$bytes": base64.b64encode(value).decode()}
    if isinstance(value, dict) or hasattr(value, "items"):
        return dict(value)
    raise TypeError(f"the ledger cannot write a {type(value).__name__}")
