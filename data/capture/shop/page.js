// The page: a shop in one document. What it does is seen by posthog-js (events), by the OpenTelemetry web SDK (logs of
// the page and of the console, spans of its requests) and, in a recorded session, by rrweb.
import { context, trace, propagation, SpanStatusCode, SpanKind } from "@opentelemetry/api";
import { SeverityNumber } from "@opentelemetry/api-logs";
import { W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPLogExporter } from "@opentelemetry/exporter-logs-otlp-http";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-http";
import { resourceFromAttributes, defaultResource } from "@opentelemetry/resources";
import { BatchLogRecordProcessor, LoggerProvider } from "@opentelemetry/sdk-logs";
import { BatchSpanProcessor, WebTracerProvider } from "@opentelemetry/sdk-trace-web";
import posthog from "posthog-js/dist/module.full.no-external.js";
import { record } from "@rrweb/record";
import { getRecordConsolePlugin } from "@rrweb/rrweb-plugin-console-record";
import { logLine, spanLine } from "./ledger.js";

const settings = JSON.parse(localStorage.getItem("shop") ?? "{}"); // who the visitor is; set by the browser's driver
const ledger = [];
const recording = [];

posthog.init("phc_shop", {
  api_host: location.origin,
  autocapture: true,
  capture_pageview: "history_change",
  capture_exceptions: true,
  disable_session_recording: true,
  advanced_disable_flags: true,
  disable_surveys: true,
  opt_out_useragent_filter: true, // the browser is headless, and meant
  request_batching: false,
  disable_compression: true,
  capture_performance: false,
  capture_dead_clicks: false,
});
if (settings.user) posthog.identify(settings.user, { tier: settings.tier });
const session = posthog.get_session_id();
const who = { "session.id": session, "user.id": settings.user ?? posthog.get_distinct_id() };

const idle = { forceFlush: async () => {}, shutdown: async () => {} };
const keepLogs = { ...idle, onEmit: (r) => ledger.push(logLine(r)) };
const keepSpans = { ...idle, onStart() {}, onEnd: (s) => ledger.push(spanLine(s)) };
const otlp = "http://otel.shop.example";
const resource = defaultResource().merge(
  resourceFromAttributes({ "service.name": "shop-web", "service.version": SHOP_WEB_VERSION, "deployment.environment": "production" }),
);
const exporters = [new OTLPLogExporter({ url: `${otlp}/v1/logs` }), new OTLPTraceExporter({ url: `${otlp}/v1/traces` })];
const logs = new LoggerProvider({
  resource,
  processors: [keepLogs, new BatchLogRecordProcessor({ exporter: exporters[0], scheduledDelayMillis: 1000 })],
});
const spans = new WebTracerProvider({
  resource,
  spanProcessors: [keepSpans, new BatchSpanProcessor(exporters[1], { scheduledDelayMillis: 1000 })],
});
propagation.setGlobalPropagator(new W3CTraceContextPropagator());
const logger = logs.getLogger("web", SHOP_WEB_VERSION);
const consoleLogger = logs.getLogger("console", SHOP_WEB_VERSION);
const tracer = spans.getTracer("web", SHOP_WEB_VERSION);

const LEVELS = { debug: SeverityNumber.DEBUG, log: SeverityNumber.INFO, info: SeverityNumber.INFO, warn: SeverityNumber.WARN, error: SeverityNumber.ERROR };
let current; // the context of the request that the page works on

function log(level, body, fields = {}, exception = undefined, at = current) {
  logger.emit({
    severityNumber: LEVELS[level],
    severityText: level.toUpperCase(),
    body,
    attributes: { "url.full": location.href, ...who, ...fields },
    exception,
    context: at,
  });
}

if (settings.record) {
  record({ emit: (event) => recording.push(event), plugins: [getRecordConsolePlugin()], maskInputOptions: { password: true } });
}
for (const level of ["debug", "log", "info", "warn", "error"]) {
  const before = console[level].bind(console);
  console[level] = (...said) => {
    before(...said);
    consoleLogger.emit({
      severityNumber: LEVELS[level],
      severityText: level === "warn" ? "WARNING" : level.toUpperCase(),
      body: said.map((s) => (typeof s === "string" ? s : JSON.stringify(s))).join(" "),
      attributes: { "log.source": `console.${level}`, "url.full": location.href, ...who },
      context: current,
    });
  };
}
addEventListener("error", (event) => {
  log("error", `uncaught ${event.message}`, { "exception.handled": false, line: event.lineno, column: event.colno }, event.error);
});

const PAGES = { "": home, product, search, cart, checkout };
const $ = (selector) => document.querySelector(selector);
const basket = [];

function element(name, text, fields = {}) {
  return Object.assign(document.createElement(name), { textContent: text }, fields);
}

async function api(method, path, body = undefined) {
  const route = path.split("?")[0].replace(/(product)\/.*/, "$1/{id}");
  const span = tracer.startSpan(`HTTP ${method} ${route}`, { kind: SpanKind.CLIENT, attributes: { "http.route": route, ...who } });
  current = trace.setSpan(context.active(), span);
  const headers = { "x-session": session, "x-user": who["user.id"], "content-type": "application/json" };
  propagation.inject(current, headers);
  const began = performance.now();
  const response = await fetch(path, { method, headers, body: body && JSON.stringify(body) });
  const duration_ms = performance.now() - began;
  span.setAttribute("http.response.status_code", response.status);
  if (response.status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
  span.end();
  log(response.ok ? "debug" : "warn", `${method} ${path} answered ${response.status}`, { "http.response.status_code": response.status, duration_ms });
  return { status: response.status, data: await response.json() };
}

function list(products) {
  const items = document.createElement("ul");
  for (const p of products) {
    const item = document.createElement("li");
    item.append(element("a", p.name ?? p.id, { href: `/product/${p.id}` }), element("p", `${(p.cents / 100).toFixed(2)} EUR`));
    item.firstChild.dataset.link = "";
    items.append(item);
  }
  return items;
}

async function home() {
  const { data } = await api("GET", "/api/products");
  return [element("h1", "Everything for tea"), list(data)];
}

async function product(id) {
  const { status, data } = await api("GET", `/api/product/${id}`);
  if (status !== 200) return [element("p", "This product is gone.", { className: "problem" })];
  const add = element("button", "Add to cart", { id: "add" });
  add.onclick = () => {
    basket.push(id);
    $("#count").textContent = basket.length;
    console.info("cart", { items: basket.length, last: id });
    log("info", { action: "add", product: id, items: basket.length }, { "cart.items": basket.length });
  };
  setTimeout(recommended, 0, data.recommended); // after the page stands
  return [element("h1", data.name), element("p", `${(data.cents / 100).toFixed(2)} EUR, ${data.stock} in stock`), add];
}

function recommended(items) {
  const links = items.map((p) => p.id);
  $("main").append(element("h2", `Often bought with: ${links.join(", ")}`), list(items));
}

async function search() {
  const words = new URLSearchParams(location.search).get("q") ?? "";
  const { data } = await api("GET", `/api/search?q=${encodeURIComponent(words)}`);
  return [element("h1", `Found for ${words}`), Array.isArray(data) && data.length ? list(data) : element("p", "Nothing.")];
}

async function cart() {
  const buy = element("button", "Check out", { id: "buy" });
  buy.onclick = () => go("/checkout");
  return [element("h1", "Your cart"), element("p", basket.join(", ") || "empty"), element("label", "Name "), element("input", "", { id: "name" }), element("input", "", { id: "card", type: "password" }), buy];
}

async function checkout() {
  const order = `${100000 + Math.floor(Math.random() * 900000)}`;
  log("info", `order ${order} begun`, { "order.id": order, "cart.items": basket.length });
  const { status, data } = await api("POST", "/api/checkout", { order, items: basket, gift: basket.includes("cup-blue"), tier: settings.tier });
  if (status === 200) {
    posthog.capture("order_paid", { order, cents: data.cents });
    return [element("h1", "Thank you"), element("p", `Order ${order} is on its way.`, { id: "thanks" })];
  }
  console.error(`order ${order} failed with ${status}: ${data.error}`);
  return [element("h1", "Sorry"), element("p", status === 402 ? "Your card was declined." : "That took too long. Please try again.", { className: "problem" })];
}

async function show() {
  const [, page, id] = location.pathname.split("/");
  const parts = await (PAGES[page] ?? home)(id);
  $("main").replaceChildren(...parts);
  document.body.dataset.shown = String(Number(document.body.dataset.shown ?? 0) + 1);
}

function go(path) {
  history.pushState({}, "", path);
  return show();
}

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[href]");
  if (!link) return;
  event.preventDefault();
  go(link.getAttribute("href"));
});
$("#search").onsubmit = (event) => {
  event.preventDefault();
  go(`/search?q=${encodeURIComponent(event.target.q.value)}`);
};

window.shop = {
  show,
  session,
  user: who["user.id"],
  async finish() {
    await Promise.all([logs.forceFlush(), spans.forceFlush()]);
    await Promise.all(exporters.map((e) => e.forceFlush())); // what a timer has sent is still under way
    return { session, user: who["user.id"], ledger, recording };
  },
};
log("info", "page loaded", { "screen.width": screen.width, "navigation.ms": performance.now() });
show();
