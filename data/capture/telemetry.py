"""One instance of a service as the OpenTelemetry SDK sees it, on a virtual clock, and where its exports go.

Everything goes through the official SDK: its providers, records, spans, context and encoders. Only what would differ
from run to run is ours: the time, the ids and the moment of an export.
"""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import propagate, trace
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.common._log_encoder import encode_logs
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import LogRecordExporter, LogRecordExportResult, SimpleLogRecordProcessor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import Decision, ParentBased, Sampler, SamplingResult

import virtual_time

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from random import Random

    from google.protobuf.message import Message
    from opentelemetry.sdk._logs import ReadableLogRecord

START_NS = 1_793_696_400_000_000_000  # 2026-11-03T09:00:00Z
SEVERITIES = {
    "unspecified": SeverityNumber.UNSPECIFIED,
    "debug": SeverityNumber.DEBUG,
    "info": SeverityNumber.INFO,
    "warn": SeverityNumber.WARN,
    "error": SeverityNumber.ERROR,
    "fatal": SeverityNumber.FATAL,
}


def now_ns() -> int:
    """The time of day in the running program, nanoseconds since 1970."""
    return START_NS + virtual_time.now_ns()


class Collector:
    """Keeps what the instances emit and hands it on as export requests; counts it before anything is encoded."""

    def __init__(self) -> None:
        self.requests: list[Message] = []
        self.emitted: Counter[tuple[str, str]] = Counter()
        self.sessions: set[str] = set()
        self.users: set[str] = set()
        self.spans = 0
        self._logs: list[ReadableLogRecord] = []
        self._spans: list[ReadableSpan] = []

    def note(self, service: str, severity: str, attributes: Mapping[str, Any]) -> None:
        """Count a record that is about to be emitted."""
        self.emitted[service, severity] += 1
        self.sessions |= {attributes["session.id"]} if "session.id" in attributes else set()
        self.users |= {attributes["user.id"]} if "user.id" in attributes else set()

    async def flush_every(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(seconds)
            self.flush()

    def flush(self) -> None:
        if self._logs:
            request = encode_logs(self._logs)
            _plain_paths(x for r in request.resource_logs for s in r.scope_logs for x in s.log_records)
            self.requests.append(request)
        if self._spans:
            spans = encode_spans(self._spans)
            _plain_paths(e for r in spans.resource_spans for s in r.scope_spans for x in s.spans for e in x.events)
            self.requests.append(spans)
        self._logs, self._spans = [], []

    def log_exporter(self) -> LogRecordExporter:
        return _Logs(self._take_logs)

    def span_exporter(self) -> SpanExporter:
        return _Spans(self._take_spans)

    def _take_logs(self, batch: Sequence[ReadableLogRecord]) -> None:
        self._logs.extend(batch)

    def _take_spans(self, batch: Sequence[ReadableSpan]) -> None:
        self.spans += len(batch)
        self._spans.extend(batch)


class Instance:
    """A running copy of a service: `log` emits a record in the current trace, `span` opens a span."""

    def __init__(self, collector: Collector, ids: IdGenerator, rng: Random, **resource: str) -> None:
        self.service, self._rng, self._collector = resource["service_name"], rng, collector
        described = Resource.create({key.replace("__", "-").replace("_", "."): v for key, v in resource.items()})
        logs = LoggerProvider(described, shutdown_on_exit=False)
        logs.add_log_record_processor(SimpleLogRecordProcessor(collector.log_exporter()))
        spans = TracerProvider(ParentBased(_OnlyCheckout()), described, shutdown_on_exit=False, id_generator=ids)
        spans.add_span_processor(SimpleSpanProcessor(collector.span_exporter()))
        self._logger = logs.get_logger(f"shop.{self.service}", "1.0")
        self._tracer = spans.get_tracer(f"shop.{self.service}", "1.0")

    def log(self, severity: str, body: Any, error: BaseException | None = None, event: str | None = None, /,
            **attributes: Any) -> None:  # fmt: skip
        """Emit a record; attribute names are written with _ for a dot. Without severity it has no time of its own."""
        named = dotted(attributes)
        self._collector.note(self.service, severity, named)
        now, raw = now_ns(), severity == "unspecified"
        self._logger.emit(
            timestamp=None if raw else now,
            # The SDK looks at its clock a moment after the program did.
            observed_timestamp=now + self._rng.randint(15_000, 90_000),
            severity_number=SEVERITIES[severity],
            severity_text=None if raw else severity.upper(),
            body=body,
            attributes=named,
            event_name=event,
            exception=error,
        )

    @contextmanager
    def span(self, name: str, kind: trace.SpanKind, headers: Mapping[str, str] | None = None, /,
             **attributes: Any) -> Iterator[trace.Span]:  # fmt: skip
        """A span around a block, child of `headers` or else of the current one; an exception marks it as failed."""
        parent = propagate.extract(headers) if headers is not None else None
        span = self._tracer.start_span(name, parent, kind, dotted(attributes), start_time=now_ns())
        try:
            with trace.use_span(span, record_exception=False, set_status_on_exception=False):
                yield span
        except Exception as error:
            span.record_exception(error, timestamp=now_ns())
            span.set_status(trace.StatusCode.ERROR, str(error))
            raise
        finally:
            span.end(now_ns())


def dotted(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """OpenTelemetry keys from keyword names: one _ is a dot, two are one _."""
    return {key.replace("__", "\0").replace("_", ".").replace("\0", "_"): v for key, v in attributes.items()}


def _plain_paths(holders: Iterable[Any]) -> None:
    """Stack traces as they would come from a server, whatever folder this file lies in."""
    for holder in holders:
        for pair in holder.attributes:
            if pair.key == "exception.stacktrace":
                text = re.sub(r'File "[^"]*[/\\\\]', 'File "/srv/shop/', pair.value.string_value)
                pair.value.string_value = text


class SeededIds(IdGenerator):
    def __init__(self, rng: Random) -> None:
        self._rng = rng

    def generate_trace_id(self) -> int:
        return self._rng.getrandbits(128) | 1

    def generate_span_id(self) -> int:
        return self._rng.getrandbits(64) | 1


class _OnlyCheckout(Sampler):
    """Keep the spans that matter, as busy shops do; every record still carries its trace id."""

    def should_sample(self, parent_context: Any, trace_id: int, name: str, kind: Any = None, attributes: Any = None,
                      links: Any = None, trace_state: Any = None) -> SamplingResult:  # fmt: skip
        keep = name == "POST /checkout"
        return SamplingResult(Decision.RECORD_AND_SAMPLE if keep else Decision.DROP, attributes)

    def get_description(self) -> str:
        return "only checkout"


class _Logs(LogRecordExporter):
    def __init__(self, take: Any) -> None:
        self._take = take

    def export(self, batch: Sequence[ReadableLogRecord]) -> LogRecordExportResult:
        self._take(batch)
        return LogRecordExportResult.SUCCESS

    def shutdown(self) -> None:
        pass

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return True


class _Spans(SpanExporter):
    def __init__(self, take: Any) -> None:
        self._take = take

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self._take(spans)
        return SpanExportResult.SUCCESS
