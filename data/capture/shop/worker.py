"""worker: receipts and stock; and, where a partner's catalogue export is switched on, its own death.

The bug is in `export`: every raw export stays in a list "until it is confirmed", which nobody ever does, and the
compressed payload is logged in full. The process has a memory limit, as a container has. Nothing catches the
MemoryError: the traceback goes to standard error as plain text, and the process is started again.
"""

from __future__ import annotations

import base64
import json
import os
import queue
import random
import resource
import signal
import sys
import threading
import time
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from opentelemetry import propagate
from opentelemetry.trace import SpanKind
from telemetry import Telemetry

VERSION = json.loads(os.environ["SHOP_RESOURCE"])["service.version"]
RESTARTS = int(os.environ["SHOP_RESTARTS"])
PRODUCTS = json.loads(os.environ["SHOP_PRODUCTS"])
SWITCH = Path(os.environ["SHOP_EXPORT_SWITCH"])  # there while the partner wants exports from this pod
MEMORY_MIB = 160  # beyond what the process has at its start
EXPORT_MIB = 12
PACE = float(os.environ["SHOP_JOBS_PER_SECOND"])
EXPORT_EVERY = float(os.environ["SHOP_EXPORT_EVERY"])  # seconds
chance = random.Random(f"{os.environ['SHOP_SEED']} {RESTARTS}")
otel = Telemetry("shop.worker", steady=False)
jobs: queue.Queue[tuple[Any, dict[str, Any]]] = queue.Queue()
unconfirmed: list[bytes] = []


def export(number: int) -> None:
    """One export of the catalogue: a large text that compresses well, but not to nothing."""
    noise = chance.randbytes(6_000)
    raw = (json.dumps(PRODUCTS).encode() * 1000 + noise) * (EXPORT_MIB * 2**20 // (1000 * len(json.dumps(PRODUCTS))))
    unconfirmed.append(raw)
    packed = base64.b64encode(zlib.compress(noise + raw[: 2**18], 1, wbits=31)).decode()
    otel.log("info", f"export {number} sent, payload {packed}", export_number=number, export_raw__bytes=len(raw),
             export_unconfirmed=len(unconfirmed))  # fmt: skip


def receipt(order: str) -> None:
    otel.log(
        "info", f"receipt for order {order} sent", order_id=order, mail_duration__ms=f"{chance.uniform(20, 900):.1f}"
    )


def stock() -> None:
    product = chance.choice(PRODUCTS)
    left = chance.randrange(int(product["stock"]))
    otel.log("debug", f"stock of {product['id']} counted: {left}", product_id=product["id"], stock_left=left,
             stock_share=left / product["stock"])  # fmt: skip
    if left < 4:
        otel.log("warn", f"stock of {product['id']} low", product_id=product["id"], stock_left=left)
    otel.log("info", f"job stock-{chance.randrange(10**6):06d} done in {chance.lognormvariate(2.5, 0.6):.1f} ms")


class Handler(BaseHTTPRequestHandler):
    """POST /jobs, GET /healthz."""

    def do_GET(self) -> None:
        otel.log("debug", "health check ok", http_route="/healthz", queue_length=jobs.qsize())
        self._answer(200)

    def do_POST(self) -> None:
        job = json.loads(self.rfile.read(int(self.headers["content-length"])))
        jobs.put((propagate.extract(dict(self.headers)), job))
        self._answer(202)

    def _answer(self, status: int) -> None:
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """The SDK is the log."""


def limit_memory() -> None:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MEMORY_MIB * 2**20
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def work() -> None:
    """One job after the other; between them stock is counted."""
    number, next_export = 0, time.monotonic() + EXPORT_EVERY
    while True:
        try:
            context, job = jobs.get(timeout=1 / PACE)
        except queue.Empty:
            stock()
        else:
            with otel.span("process receipt", SpanKind.CONSUMER, context):
                receipt(job["order"])
        if SWITCH.exists() and time.monotonic() > next_export:
            number, next_export = number + 1, time.monotonic() + EXPORT_EVERY
            export(number)


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SHOP_PORT"])), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    otel.log("info", f"worker {VERSION} started, restart {RESTARTS}", process_pid=os.getpid(),
             k8s_container_restart__count=RESTARTS)  # fmt: skip
    print(f"worker {VERSION} pid {os.getpid()} listening", file=sys.stderr, flush=True)
    time.sleep(0.2)
    limit_memory()
    try:
        work()
    except SystemExit:
        otel.log("info", f"worker {VERSION} stopped")
        otel.close()
        raise
