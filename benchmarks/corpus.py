"""A corpus of shop logs for the benchmarks: the same records as OTLP JSON lines and as length-framed protobuf.

    python -m benchmarks.corpus FOLDER REQUESTS SEED

About 100 records a request, 20 resources, 11 to 12 attributes of mixed type a record, one record in six with a nested
array or list of pairs, one body in twenty structured, some text with newlines, quotes and other scripts.
"""

from __future__ import annotations

import base64
import json
import random
import struct
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

if TYPE_CHECKING:
    from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

SERVICES = ["basket", "billing", "browse", "catalog", "checkout", "courier", "coupons", "emailer", "fraud", "gateway",
            "images", "inventory", "login", "orders", "payments", "prices", "reviews", "search", "stock", "tax"]  # fmt: skip
SEVERITIES = [(5, "DEBUG"), (9, "INFO"), (9, "Information"), (13, "WARN"), (17, "ERROR"), (21, "FATAL")]
ROUTES = [
    "/api/v1/orders/{id}",
    "/api/v1/basket/{id}/items",
    "/products/{id}",
    "/checkout/{id}/confirm",
    "/healthz",
    "/api/v2/users/{id}/offers",
]
SCOPES = [
    ("io.opentelemetry.logback", "2.1.0"),
    ("app.logger", ""),
    ("otelzap", "0.9.3"),
    ("opentelemetry.sdk._logs", "1.30.0"),
]


def body(r: random.Random) -> Any:
    """One log message; a dict for structured bodies, None for events."""
    n = r.randint(1, 99_999)
    kind = r.random()
    if kind < 0.05:
        return {
            "event": "order.placed",
            "order": {"id": n, "lines": [r.randint(1, 9) for _ in range(3)]},
            "amount": r.random() * 99,
            "ok": True,
        }
    if kind < 0.07:
        return None
    return r.choice([
        f"Received {r.choice(['GET', 'POST'])} /api/v1/orders/{n} from 10.{n % 250}.3.{n % 199} user-agent=\"Mozilla/5.0 (X11; Linux x86_64)\" took {r.random() * 500:.3f}ms status={r.choice([200, 200, 201, 404, 500])}",
        f"No connection from pool 'primary-{n % 10}' after {n} ms: timed out waiting for an idle one (active={n % 99}, idle=0, waiting={n % 77}); retry {n % 5}/5 in {n % 60}s",
        f"Order {r.getrandbits(64):016x} by customer {n * 17} total={r.random() * 900:.2f} EUR items={n % 12} reference=pay_{r.getrandbits(80):020x}",
        f"group 'orders-{n % 5}' rebalanced: partition {n % 64} assigned, committed offset {n * 1009}, high watermark {n * 1013}, lag={n % 10_000}",
        f"Exception in OrderService.place: java.lang.IllegalStateException: reservation {n} expired\n\tat shop.Order.reserve(Order.java:{n % 900})\n\tat shop.Order.place(Order.java:{n % 800})",
        f"Cache miss for product:{n}:v{n % 9} — fetching from origin; naïve TTL={n % 3600}s région=eu-west-{n % 3} ✓",
    ])  # fmt: skip


def attributes(r: random.Random) -> dict[str, Any]:
    route = r.choice(ROUTES)
    out: dict[str, Any] = {
        "http.request.method": r.choice(["GET", "POST", "PUT", "DELETE"]), "http.response.status_code": r.choice([200, 200, 201, 304, 404, 500]),
        "url.path": route.replace("{id}", str(r.randint(1, 99_999))), "http.route": route,
        "client.address": f"{r.randint(1, 255)}.{r.randint(0, 255)}.{r.randint(0, 255)}.{r.randint(0, 255)}", "user.id": f"u-{r.randint(1, 10**6)}",
        "thread.id": r.randint(1, 200), "thread.name": f"worker-{r.randint(1, 64)}", "code.lineno": r.randint(1, 2000),
        "duration_ms": r.random() * 500, "retry": r.random() < 0.1,
    }  # fmt: skip
    x = r.random()
    if x < 0.08:
        out["tags"] = [r.choice(["a", "beta", "canary", "vip"]) for _ in range(r.randint(1, 4))]
    elif x < 0.16:
        out["ctx"] = {"tenant": f"t{r.randint(1, 50)}", "flags": {"n": r.randint(0, 9), "on": True}, "w": r.random()}
    elif x < 0.17:
        out["payload.digest"] = r.randbytes(16)
    elif x < 0.5:
        out["session.id"] = f"{r.getrandbits(128):032x}"
    return out


def to_json(v: Any) -> dict[str, Any]:
    if isinstance(v, bool):
        return {"boolValue": v}
    if isinstance(v, dict):
        return {"kvlistValue": {"values": json_pairs(v)}}
    if isinstance(v, list):
        return {"arrayValue": {"values": [to_json(x) for x in v]}}
    name, value = {
        str: ("stringValue", v),
        int: ("intValue", str(v)),
        float: ("doubleValue", v),
        bytes: ("bytesValue", v),
    }[type(v)]
    return {name: base64.b64encode(value).decode() if isinstance(value, bytes) else value}


def json_pairs(d: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": k, "value": to_json(v)} for k, v in d.items()]


def to_proto(v: Any, out: AnyValue) -> None:
    if isinstance(v, bool):
        out.bool_value = v
    elif isinstance(v, dict):
        out.kvlist_value.SetInParent()
        proto_pairs(v, out.kvlist_value.values)
    elif isinstance(v, list):
        out.array_value.SetInParent()
        for x in v:
            to_proto(x, out.array_value.values.add())
    else:
        setattr(out, {str: "string_value", int: "int_value", float: "double_value", bytes: "bytes_value"}[type(v)], v)


def proto_pairs(d: dict[str, Any], out: Any) -> None:
    for k, v in d.items():
        pair: KeyValue = out.add(key=k)
        to_proto(v, pair.value)


def request(
    r: random.Random, resources: list[dict[str, Any]], now: int
) -> tuple[dict[str, Any], ExportLogsServiceRequest, int]:
    """One export request in both forms; the time behind its last record."""
    as_json: dict[str, Any] = {"resourceLogs": []}
    as_proto = ExportLogsServiceRequest()
    for resource in r.sample(resources, r.choice([1, 1, 2, 3])):
        name, version = r.choice(SCOPES)
        rl = as_proto.resource_logs.add()
        proto_pairs(resource, rl.resource.attributes)
        sl = rl.scope_logs.add()
        sl.scope.name, sl.scope.version = name, version
        records = []
        for _ in range(r.randint(40, 70)):
            now += r.randint(1_000, 2_000_000)
            number, text = r.choices(SEVERITIES, [10, 55, 15, 12, 7, 1])[0]
            content, pairs = body(r), attributes(r)
            trace, span = (r.randbytes(16), r.randbytes(8)) if r.random() < 0.8 else (b"", b"")
            observed, at = now + r.randint(0, 10**8), now if r.random() < 0.99 else 0
            record = sl.log_records.add(
                time_unix_nano=at,
                observed_time_unix_nano=observed,
                severity_number=number,
                severity_text=text,
                trace_id=trace,
                span_id=span,
                flags=int(bool(trace)),
            )
            entry = {
                "timeUnixNano": str(at),
                "observedTimeUnixNano": str(observed),
                "severityNumber": number,
                "severityText": text,
            }
            if content is None:
                entry["eventName"] = record.event_name = "session.start"
            else:
                to_proto(content, record.body)
                entry["body"] = to_json(content)
            proto_pairs(pairs, record.attributes)
            records.append(
                entry
                | {
                    "attributes": json_pairs(pairs),
                    "flags": int(bool(trace)),
                    "traceId": trace.hex(),
                    "spanId": span.hex(),
                }
            )
        scope = {"name": name} | ({"version": version} if version else {})
        as_json["resourceLogs"].append(
            {"resource": {"attributes": json_pairs(resource)}, "scopeLogs": [{"scope": scope, "logRecords": records}]}
        )
    return as_json, as_proto, now


def write(folder: Path, requests: int, seed: int) -> int:
    """Write corpus.jsonl, corpus.snake.jsonl (keys in snake_case) and corpus.pb (4-byte framing); how many records they hold."""
    r = random.Random(seed)
    fixed = random.Random(1)
    resources = [
        {"service.name": s, "service.version": f"{fixed.randint(0, 4)}.{fixed.randint(0, 20)}", "service.namespace": "shop", "deployment.environment.name": "prod",
         "k8s.pod.name": f"{s}-{fixed.getrandbits(40):010x}", "k8s.node.name": f"node-{fixed.randint(1, 9)}", "host.cpu.count": 4, "process.pid": fixed.randint(1, 60_000),
         "process.command_args": [f"/app/{s}", "--port", "8080"]} for s in SERVICES
    ]  # fmt: skip
    now, count = 1_770_000_000_000_000_000, 0
    folder.mkdir(parents=True, exist_ok=True)
    with (
        (folder / "corpus.jsonl").open("wb") as lines,
        (folder / "corpus.snake.jsonl").open("wb") as snake,
        (folder / "corpus.pb").open("wb") as framed,
    ):
        for _ in range(requests):
            as_json, as_proto, now = request(r, resources, now)
            line = json.dumps(as_json, separators=(",", ":"), ensure_ascii=False).encode()
            lines.write(line + b"\n")
            for camel in _KEYS:
                line = line.replace(camel, _KEYS[camel])
            snake.write(line + b"\n")
            message = as_proto.SerializeToString()
            framed.write(struct.pack(">I", len(message)) + message)
            count += sum(len(s.log_records) for x in as_proto.resource_logs for s in x.scope_logs)
    return count


_CAMEL = ["resourceLogs", "scopeLogs", "logRecords", "timeUnixNano", "observedTimeUnixNano", "severityNumber", "severityText", "traceId", "spanId", "eventName",
          "stringValue", "intValue", "doubleValue", "boolValue", "bytesValue", "arrayValue", "kvlistValue"]  # fmt: skip
_KEYS = {
    f'"{c}":'.encode(): ('"' + "".join("_" + x.lower() if x.isupper() else x for x in c) + '":').encode()
    for c in _CAMEL
}

if __name__ == "__main__":
    print(write(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])), "records")
