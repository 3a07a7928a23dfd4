// A record and a span of the JavaScript SDKs as a line of the ledger; used in Node and in the browser.
const nanoseconds = ([seconds, rest]) => String(BigInt(seconds) * 1_000_000_000n + BigInt(rest));
const STATUS = ["unset", "ok", "error"];

function plain(value) {
  if (value instanceof Uint8Array) return { $bytes: btoa(String.fromCharCode(...value)) };
  if (Array.isArray(value)) return value.map(plain);
  if (value && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, plain(v)]));
  }
  return value;
}

function logLine(record) {
  const scope = record.instrumentationScope;
  return {
    kind: "log",
    resource: { ...record.resource.attributes },
    scope: [scope.name, scope.version ?? ""],
    time: nanoseconds(record.hrTime),
    observed: nanoseconds(record.hrTimeObserved),
    severity: [record.severityNumber ?? 0, record.severityText ?? ""],
    body: plain(record.body),
    attributes: plain(record.attributes),
    event_name: record.eventName ?? "",
    trace_id: record.spanContext?.traceId ?? "",
    span_id: record.spanContext?.spanId ?? "",
    flags: record.spanContext?.traceFlags ?? 0,
    dropped: record.droppedAttributesCount,
  };
}

function spanLine(span) {
  return {
    kind: "span",
    service: span.resource.attributes["service.name"],
    name: span.name,
    trace_id: span.spanContext().traceId,
    span_id: span.spanContext().spanId,
    parent: span.parentSpanContext?.spanId ?? "",
    start: nanoseconds(span.startTime),
    end: nanoseconds(span.endTime),
    attributes: plain(span.attributes),
    events: span.events.length,
    status: STATUS[span.status.code],
  };
}

module.exports = { logLine, spanLine };
