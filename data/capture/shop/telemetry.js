// The OpenTelemetry SDK for Node as the front uses it, and the ledger of what was given to it (see telemetry.py).
const fs = require("node:fs");
const { trace, context } = require("@opentelemetry/api");
const { SeverityNumber } = require("@opentelemetry/api-logs");
const { NodeSDK } = require("@opentelemetry/sdk-node");
const { LoggerProvider, BatchLogRecordProcessor } = require("@opentelemetry/sdk-logs");
const { OTLPLogExporter } = require("@opentelemetry/exporter-logs-otlp-proto");
const { OTLPTraceExporter } = require("@opentelemetry/exporter-trace-otlp-proto");
const { HttpInstrumentation } = require("@opentelemetry/instrumentation-http");
const { resourceFromAttributes, defaultResource } = require("@opentelemetry/resources");
const { BatchSpanProcessor } = require("@opentelemetry/sdk-node").tracing;
const { logLine, spanLine } = require("./ledger.js");

const LEVELS = {
  debug: SeverityNumber.DEBUG,
  info: SeverityNumber.INFO,
  warn: SeverityNumber.WARN,
  error: SeverityNumber.ERROR,
};

const ledger = fs.openSync(process.env.SHOP_LEDGER, "a");
const write = (line) => fs.writeSync(ledger, JSON.stringify(line) + "\n");

class LedgerLogs {
  onEmit(record) {
    write(logLine(record));
  }
  async forceFlush() {}
  async shutdown() {}
}

class LedgerSpans {
  onStart() {}
  onEnd(span) {
    write(spanLine(span));
  }
  async forceFlush() {}
  async shutdown() {}
}

const attributes = JSON.parse(process.env.SHOP_RESOURCE);
const resource = defaultResource().merge(resourceFromAttributes({ ...attributes, "process.pid": process.pid }));
const endpoint = process.env.SHOP_OTLP;
const quick = { scheduledDelayMillis: 1000 };

const sdk = new NodeSDK({
  resource,
  autoDetectResources: false, // the name of this machine is nobody's business
  instrumentations: [
    new HttpInstrumentation({
      ignoreIncomingRequestHook: (request) => !request.url.startsWith("/api/"),
      ignoreOutgoingRequestHook: (request) => !["/price", "/recom", "/order"].includes(request.path?.slice(0, 6)),
    }),
  ],
  spanProcessors: [
    new LedgerSpans(),
    new BatchSpanProcessor(new OTLPTraceExporter({ url: `${endpoint}/v1/traces` }), quick),
  ],
  logRecordProcessors: [],
  metricReaders: [],
});
sdk.start();

const provider = new LoggerProvider({
  resource,
  processors: [
    new LedgerLogs(),
    new BatchLogRecordProcessor({ exporter: new OTLPLogExporter({ url: `${endpoint}/v1/logs` }), ...quick }),
  ],
});
const logger = provider.getLogger("shop.front", attributes["service.version"]);

function log(level, body, fields = {}, exception = undefined) {
  logger.emit({
    severityNumber: LEVELS[level],
    severityText: level,
    body,
    attributes: fields,
    exception,
    context: context.active(),
  });
}

async function close() {
  await provider.shutdown();
  await sdk.shutdown();
}

module.exports = { log, close, trace };
