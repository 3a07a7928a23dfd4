"""checkout: prices, recommendations, orders. One process is one pod; a release starts another version of it.

Two faults are bugs of this file. A release (SHOP_LOYALTY set) asks a loyalty service for the discount of customers of
one tier; at its address something listens and never answers. And a product that the last import left without an offer
(SHOP_UNPRICED) makes the recommendations fail: the handler logs the exception and answers `{"items": null}`, which the
page does not expect.
"""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from opentelemetry import propagate
from opentelemetry.trace import SpanKind, StatusCode
from telemetry import Telemetry

VERSION = json.loads(os.environ["SHOP_RESOURCE"])["service.version"]
LOYALTY = os.environ.get("SHOP_LOYALTY", "")  # "host:port tier", set by the release that asks for discounts
LOYALTY_TIMEOUT = 4.0
UNPRICED = os.environ.get("SHOP_UNPRICED", "")
WORKER = os.environ["SHOP_WORKER"]
PRODUCTS = {p["id"]: p for p in json.loads(os.environ["SHOP_PRODUCTS"])}
chance = random.Random(os.environ["SHOP_SEED"])
otel = Telemetry("shop.checkout")


class LoyaltyTimeout(Exception):
    """The loyalty service did not answer in time."""


class CardDeclined(Exception):
    """The bank said no."""


# As the last import of the catalogue left it.
OFFERS = {p: entry["cents"] for p, entry in PRODUCTS.items() if p != UNPRICED}


def price(product: str) -> int:
    return int(PRODUCTS[product]["cents"])


def recommend(product: str) -> list[dict[str, Any]]:
    others = [product, *(p for p in OFFERS if p != product)][:4]
    return [{"id": p, "cents": OFFERS[p]} for p in others]


def discount(tier: str, user: str) -> int:
    """Percent off; since the release, from the loyalty service for the customers of its tier."""
    address, _, asked = LOYALTY.partition(" ")
    if not address or tier != asked:
        return 5 if tier == "gold" else 0
    host, port = address.rsplit(":", 1)
    with otel.span("GET loyalty discount", SpanKind.CLIENT, server_address="loyalty"):
        try:
            with socket.create_connection((host, int(port)), timeout=LOYALTY_TIMEOUT) as connection:
                connection.sendall(f"GET /discount/{user} HTTP/1.1\r\nHost: loyalty\r\n\r\n".encode())
                return len(connection.recv(100))
        except TimeoutError:
            raise LoyaltyTimeout(f"loyalty:8443 did not answer within {LOYALTY_TIMEOUT * 1000:.0f} ms") from None


def charge(order: str, cents: int) -> None:
    with otel.span("charge card", SpanKind.CLIENT, peer_service="bank"):
        time.sleep(chance.lognormvariate(-3.0, 0.4))
        if chance.random() < 0.05:
            raise CardDeclined("insufficient funds")
        otel.log("debug", f"bank accepted {cents} cents for order {order}", order_id=order,
                 payment_amount=cents / 100, payment_retries=0)  # fmt: skip


def take_order(order: dict[str, Any]) -> dict[str, Any]:
    number, items = order["order"], order["items"]
    who = {"user_id": order["user"], "session_id": order["session"]}
    otel.log("info", f"order {number} received with {len(items)} items", order_id=number, order_items=items,
             order_gift=bool(order["gift"]), user_tier=order["tier"], **who)  # fmt: skip
    try:
        percent = discount(order["tier"], order["user"])
        cents = sum(price(i) for i in items) * (100 - percent) // 100
        charge(number, cents)
    except LoyaltyTimeout as error:
        otel.log("error", f"order {number} failed: {error}", error, order_id=number, user_tier=order["tier"], **who)
        raise
    except CardDeclined as error:
        otel.log("warn", f"card declined for order {number}: {error}", error, order_id=number, **who)
        raise
    settled = {"order": number, "amount": {"cents": cents, "currency": "EUR"}, "discount": percent / 100,
               "receipt": number.encode()}  # fmt: skip
    otel.log("info", settled, event="payment.settled", **who)
    hand_over({"job": "receipt", "order": number})
    return {"order": number, "cents": cents}


def hand_over(job: dict[str, Any]) -> None:
    headers: dict[str, str] = {"content-type": "application/json"}
    propagate.inject(headers)
    try:
        request = urllib.request.Request(f"{WORKER}/jobs", json.dumps(job).encode(), headers)
        urllib.request.urlopen(request, timeout=2).close()
    except OSError as error:
        otel.log("warn", f"worker takes no jobs, receipt for order {job['order']} will be late",
                 order_id=job["order"], error_message=str(error))  # fmt: skip


class Handler(BaseHTTPRequestHandler):
    """GET /price/<id>, /recommendations/<id>, /healthz; POST /orders."""

    def do_GET(self) -> None:
        if self.path == "/healthz":
            otel.log("debug", "health check ok", http_route="/healthz", threads=threading.active_count())
            self._answer(200, {"ok": True})
            return
        _, what, product = self.path.split("/", 2)
        with self._span(f"GET /{what}/{{id}}"):
            try:
                answer: dict[str, Any] = {"cents": price(product)} if what == "price" else {"items": recommend(product)}
                otel.log("debug", f"{what} of {product} looked up", product_id=product)
            except KeyError as error:
                otel.log("error", f"{what} of {product} failed", error, product_id=product, **self._who())
                answer = {"items": None}  # the bug: a failure should be told as one
            self._answer(200, answer)

    def do_POST(self) -> None:
        with self._span("POST /orders") as span:
            order = json.loads(self.rfile.read(int(self.headers["content-length"])))
            try:
                self._answer(200, take_order(order))
            except CardDeclined as error:
                self._answer(402, {"error": str(error)})
            except LoyaltyTimeout as error:
                span.set_status(StatusCode.ERROR)
                self._answer(503, {"error": str(error)})

    def _span(self, name: str) -> Any:
        return otel.span(name, SpanKind.SERVER, propagate.extract(dict(self.headers)))

    def _who(self) -> dict[str, str]:
        return {f"{w}_id": self.headers[f"x-{w}"] for w in ("session", "user") if self.headers[f"x-{w}"]}

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        try:
            text = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)
        except OSError:
            otel.log("warn", f"client went away before the answer {status}", http_response_status__code=status)

    def log_message(self, format: str, *args: Any) -> None:
        """The SDK is the log."""


def main() -> None:
    # Continue traces that the front began: its ids come in the headers of W3C Trace Context, the SDK's default.
    server = ThreadingHTTPServer(("127.0.0.1", int(os.environ["SHOP_PORT"])), Handler)
    for stop in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stop, lambda *_: threading.Thread(target=server.shutdown).start())
    otel.log("info", f"checkout {VERSION} started", process_pid=os.getpid())
    server.serve_forever()
    otel.log("info", f"checkout {VERSION} stopped")
    otel.close()
