// front: serves the page and the shop's API, calls checkout; one process is one pod. Faults are other people's here:
// a search without its index is slow on one node while SHOP_SLOW_SWITCH is there.
const { log, close } = require("./telemetry.js");
const http = require("node:http"); // after telemetry.js, whose instrumentation wraps it
const fs = require("node:fs");
const zlib = require("node:zlib");

const { SHOP_PORT, SHOP_UPSTREAMS, SHOP_SLOW_SWITCH, SHOP_EVENTS, SHOP_STATIC, SHOP_NODE } = process.env;
const VERSION = JSON.parse(process.env.SHOP_RESOURCE)["service.version"];
const PRODUCTS = JSON.parse(process.env.SHOP_PRODUCTS);
const CHECKOUT_TIMEOUT = 2000;
const INJECTION = /['"`;]|--|\bunion\b|\bselect\b|\bsleep\s*\(/i;

const wait = (ms) => new Promise((done) => setTimeout(done, ms));
const read = async (request) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  return Buffer.concat(parts);
};

class UpstreamTimeout extends Error {
  name = "UpstreamTimeout";
}

// Which checkout pods there are is told by a file, which a rollout rewrites; this front uses the one on its node.
function upstream() {
  return JSON.parse(fs.readFileSync(SHOP_UPSTREAMS, "utf-8"))[SHOP_NODE];
}

function call(method, path, who, body = undefined) {
  return new Promise((done, fail) => {
    const headers = { "x-session": who["session.id"] ?? "", "x-user": who["user.id"] ?? "" };
    if (body !== undefined) headers["content-length"] = Buffer.byteLength(body);
    const began = performance.now();
    const request = http.request(upstream() + path, { method, headers }, async (response) => {
      log("debug", `upstream ${method} ${path} ${response.statusCode}`, { "upstream.duration_ms": performance.now() - began, ...who });
      done({ status: response.statusCode, data: JSON.parse((await read(response)).toString()) });
    });
    request.setTimeout(CHECKOUT_TIMEOUT, () =>
      request.destroy(new UpstreamTimeout(`checkout did not answer within ${CHECKOUT_TIMEOUT} ms`)),
    );
    request.on("error", fail);
    request.end(body);
  });
}

async function search(url, who) {
  const words = url.searchParams.get("q") ?? "";
  if (INJECTION.test(words)) {
    log("warn", `search refused: ${words}`, { "http.route": "/api/search", ...who });
    return { status: 400, data: { error: "bad query" } };
  }
  if (fs.existsSync(SHOP_SLOW_SWITCH)) {
    const rows = PRODUCTS.length * 40_000;
    log("warn", `search index missing, scanning ${rows} rows`, { "http.route": "/api/search", "db.rows": rows, ...who });
    await wait(650 + Math.random() * 900);
  } else {
    await wait(10 + Math.random() * 60);
  }
  const found = PRODUCTS.filter((p) => p.name.toLowerCase().includes(words.toLowerCase()));
  log("debug", `search for ${words} found ${found.length}`, { "search.words": words, "search.found": found.length, ...who });
  return { status: 200, data: found };
}

async function product(id, who) {
  const found = PRODUCTS.find((p) => p.id === id);
  if (!found) return { status: 404, data: { error: "no such product" } };
  const answers = await Promise.all([call("GET", `/price/${id}`, who), call("GET", `/recommendations/${id}`, who)]);
  return { status: 200, data: { ...found, ...answers[0].data, recommended: answers[1].data.items } };
}

async function checkout(request, who) {
  const order = JSON.parse((await read(request)).toString());
  try {
    return await call("POST", "/orders", who, JSON.stringify({ ...order, session: who["session.id"], user: who["user.id"] }));
  } catch (error) {
    if (!(error instanceof UpstreamTimeout)) throw error;
    log("error", `order ${order.order} failed: ${error.message}`, { "http.route": "/api/checkout", "order.id": order.order, ...who }, error);
    return { status: 504, data: { error: "checkout timed out" } };
  }
}

async function answer(request, url, who) {
  const [, , what, id] = url.pathname.split("/");
  if (what === "products") return ["/api/products", { status: 200, data: PRODUCTS }];
  if (what === "search") return ["/api/search", await search(url, who)];
  if (what === "product") return ["/api/product/{id}", await product(decodeURIComponent(id ?? ""), who)];
  if (what === "checkout" && request.method === "POST") return ["/api/checkout", await checkout(request, who)];
  return [null, { status: 404, data: { error: "not found" } }];
}

async function api(request, response, url) {
  const began = performance.now();
  const who = {};
  for (const name of ["session", "user"]) if (request.headers[`x-${name}`]) who[`${name}.id`] = request.headers[`x-${name}`];
  let route = null;
  let result;
  try {
    [route, result] = await answer(request, url, who);
  } catch (error) {
    log("error", `${request.method} ${url.pathname} failed: ${error.message}`, { ...who }, error);
    result = { status: 502, data: { error: "upstream failed" } };
  }
  const took = performance.now() - began;
  const level = result.status < 400 ? "info" : result.status < 500 ? "warn" : "error";
  log(level, `${request.method} ${url.pathname}${decodeURIComponent(url.search)} ${result.status}`, {
    "http.request.method": request.method,
    ...(route ? { "http.route": route } : {}),
    "url.path": url.pathname,
    "url.query": url.search.slice(1),
    "http.response.status_code": result.status,
    duration_ms: took,
    "client.address": request.headers["x-forwarded-for"] ?? "192.0.2.1",
    "user_agent.original": request.headers["user-agent"]?.includes("Chrome") ? "browser" : (request.headers["user-agent"] ?? ""),
    ...who,
  });
  response.writeHead(result.status, { "content-type": "application/json" }).end(JSON.stringify(result.data));
}

// What posthog-js sends: kept as it came, for the batch export.
async function collect(request, response, url) {
  let body = await read(request);
  if (url.searchParams.get("compression") === "gzip-js") body = zlib.gunzipSync(body);
  if (url.pathname.startsWith("/e") || url.pathname.startsWith("/i/")) {
    fs.appendFileSync(SHOP_EVENTS, JSON.stringify({ received: Date.now(), body: body.toString() }) + "\n");
  }
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ status: 1, featureFlags: {} }));
}

const server = http.createServer(async (request, response) => {
  const url = new URL(request.url, "http://shop.example");
  try {
    if (url.pathname.startsWith("/api/")) return await api(request, response, url);
    if (/^\/(e|i|flags|decide|array|static|s)(\/|$)/.test(url.pathname)) return await collect(request, response, url);
    if (url.pathname === "/healthz") {
      log("debug", "health check ok", { "http.route": "/healthz", "memory.mib": process.memoryUsage().rss / 2 ** 20 });
      return response.writeHead(200).end("ok");
    }
    if (url.pathname === "/page.js" || url.pathname === "/shop.css") {
      const kind = url.pathname.endsWith("js") ? "text/javascript" : "text/css";
      log("debug", `page ${url.pathname} served`, { "url.path": url.pathname, "http.response.status_code": 200 });
      return response.writeHead(200, { "content-type": kind }).end(fs.readFileSync(SHOP_STATIC + url.pathname));
    }
    response.writeHead(200, { "content-type": "text/html" }).end(fs.readFileSync(SHOP_STATIC + "/index.html"));
    log("debug", `page ${url.pathname} served`, { "url.path": url.pathname, "http.response.status_code": 200 });
  } catch (error) {
    log("error", `request failed: ${error.message}`, {}, error);
    if (!response.headersSent) response.writeHead(500).end();
  }
});

server.listen(Number(SHOP_PORT), "127.0.0.1", () => log("info", `front ${VERSION} started`, { "process.pid": process.pid }));
for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    server.close();
    server.closeAllConnections();
    log("info", `front ${VERSION} stopped`);
    await close();
    process.exit(0);
  });
}
