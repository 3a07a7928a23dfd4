"""A tiny shop of two services: `storefront` takes requests and calls one of two `checkout` instances, which pay.

The fault is a real bug in this file (`_pay_1_8_1`): version 1.8.1 of checkout, rolled out to one instance and later
rolled back, forgets to give a payment connection back when the bank asks for a second step. Its pool runs dry minutes
after the rollout, so the cause comes well before the first error, and only customers bound to that instance are hit.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from opentelemetry import propagate
from opentelemetry.trace import SpanKind, StatusCode

from telemetry import now_ns

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from random import Random

    from telemetry import Instance

GOOD, BAD = "1.8.0", "1.8.1"
POOL_SIZE, POOL_TIMEOUT = 4, 3.0
PRODUCTS = ("kettle", "teapot", "cup-blue", "cup-green", "strainer", "tin", "spoon", "tray")


class PoolTimeout(Exception):
    """No connection came free in time."""


class CardDeclined(Exception):
    """The bank said no."""


class BrokenImage(Exception):
    """A picture that cannot be resized: noise, nothing to do with the fault."""


@dataclass
class Outcomes:
    """What happened, as the program itself knows it."""

    paid: int = 0
    declined: int = 0
    timed_out: int = 0
    first_timeout_ns: int = 0
    last_timeout_ns: int = 0
    sessions_hit: set[str] = field(default_factory=set)


class Checkout:
    """One instance of checkout in one version; a rollout starts another."""

    def __init__(self, version: str, otel: Instance, rng: Random) -> None:
        self.version, self._otel, self._rng = version, otel, rng
        self._free, self._in_use = asyncio.Semaphore(POOL_SIZE), 0
        self._pay = self._pay_1_8_1 if version == BAD else self._pay_1_8_0
        otel.log("unspecified", f"checkout {version} listening on :8080, payment pool of {POOL_SIZE}")

    async def report_pool(self) -> None:
        """Say every ten seconds how full the pool is, as services do."""
        while True:
            await asyncio.sleep(10)
            self._otel.log("debug", f"payment pool {self._in_use}/{POOL_SIZE}", pool_usage=self._in_use / POOL_SIZE)

    async def order(self, headers: dict[str, str], order: str, items: list[str], cents: int) -> None:
        """Take the money for an order; raises CardDeclined or PoolTimeout."""
        with self._otel.span("order", SpanKind.SERVER, headers, order_id=order):
            self._otel.log("info", f"order {order} received", order_id=order, order_cents=cents,
                           order_items=items, order_gift="cup-blue" in items)  # fmt: skip
            try:
                await self._pay(order)
            except PoolTimeout as error:
                self._otel.log("error", f"payment for order {order} failed: {error}", error,
                               order_id=order, pool_in__use=self._in_use)  # fmt: skip
                raise
            except CardDeclined as error:
                self._otel.log("warn", f"card declined for order {order}: {error}", order_id=order)
                raise
            settled = {"order": order, "amount": {"cents": cents, "currency": "EUR"}}
            self._otel.log("info", settled, None, "payment.settled")

    async def _pay_1_8_0(self, order: str) -> None:
        await self._take_connection()
        try:
            if await self._charge(order):
                await self._second_step(order)
        finally:
            self._give_connection_back()

    async def _pay_1_8_1(self, order: str) -> None:
        await self._take_connection()
        if await self._charge(order):
            await self._second_step(order)
            return  # the bug: the connection is never given back (nor when the card is declined)
        self._give_connection_back()

    async def _charge(self, order: str) -> bool:
        """Charge the card; true if the bank wants a second step."""
        with self._otel.span("charge card", SpanKind.CLIENT, peer_service="bank", order_id=order):
            await asyncio.sleep(self._rng.lognormvariate(-1.2, 0.4))
            if self._rng.random() < 0.06:
                raise CardDeclined("insufficient funds")
            return self._rng.random() < 0.3

    async def _second_step(self, order: str) -> None:
        self._otel.log("debug", f"bank asks for a second step for order {order}", order_id=order)
        await asyncio.sleep(self._rng.uniform(1.0, 2.0))

    async def _take_connection(self) -> None:
        try:
            async with asyncio.timeout(POOL_TIMEOUT):
                await self._free.acquire()
        except TimeoutError:
            waited = f"timed out after {POOL_TIMEOUT * 1000:.0f} ms waiting for a payment connection"
            raise PoolTimeout(waited) from None
        self._in_use += 1
        if self._in_use == POOL_SIZE:
            self._otel.log("warn", f"payment pool exhausted: {self._in_use} of {POOL_SIZE} connections in use")

    def _give_connection_back(self) -> None:
        self._in_use -= 1
        self._free.release()


class Storefront:
    """The front door. A session always meets the same checkout instance."""

    def __init__(self, otel: Instance, checkouts: list[Checkout], rng: Random, outcomes: Outcomes) -> None:
        self._otel, self._checkouts, self._rng, self._outcomes = otel, checkouts, rng, outcomes
        otel.log("unspecified", "storefront listening on :80")

    async def browse(self, session: str, user: str | None) -> None:
        """One page."""
        product = self._rng.choice(PRODUCTS)
        route, path, status = self._rng.choice([
            ("/", "/", 200), ("/product/{name}", f"/product/{product}", 200), ("/search", f"/search?q={product}", 200),
            ("/product/{name}", f"/product/{product}", 200), ("/cart", "/cart", 200),
        ])  # fmt: skip
        if self._rng.random() < 0.01:
            route, path, status = "/product/{name}", "/product/mug-2019", 404

        async def handle() -> int:
            await asyncio.sleep(self._rng.lognormvariate(-3.2, 0.5))
            if route == "/product/{name}" and self._rng.random() < 0.012:
                self._broken_image(product)
            return status

        await self._serve("GET", route, path, session, user, handle)

    async def check_out(self, session: str, user: str | None, order: str, items: list[str],
                        cents: int) -> None:  # fmt: skip
        """Buy what is in the cart."""

        async def handle() -> int:
            headers: dict[str, str] = {}
            propagate.inject(headers)
            checkout = self._checkouts[int(session[-4:], 16) % len(self._checkouts)]
            try:
                await checkout.order(headers, order, items, cents)
            except CardDeclined:
                self._outcomes.declined += 1
                return 402
            except PoolTimeout:
                self._note_timeout(session)
                self._otel.log("error", "upstream checkout answered 503", http_route="/checkout", session_id=session)
                return 502
            self._outcomes.paid += 1
            return 200

        await self._serve("POST", "/checkout", "/checkout", session, user, handle)

    async def _serve(self, method: str, route: str, path: str, session: str, user: str | None,
                     handle: Callable[[], Awaitable[int]]) -> None:  # fmt: skip
        with self._otel.span(f"{method} {route}", SpanKind.SERVER, {}, http_route=route, session_id=session) as span:
            began = now_ns()
            status = await handle()
            span.set_attribute("http.response.status_code", status)
            if status >= 500:
                span.set_status(StatusCode.ERROR)
            took = (now_ns() - began) / 1e6
            who = {"user_id": user} if user else {}
            level = "info" if status < 400 else "warn" if status < 500 else "error"
            self._otel.log(level, f"{method} {path} {status} {took:.0f} ms", http_route=route,
                           http_response_status__code=status, session_id=session, **who)  # fmt: skip

    def _broken_image(self, product: str) -> None:
        try:
            raise BrokenImage(f"unsupported colour profile in {product}.jpg")
        except BrokenImage as error:
            self._otel.log("error", f"thumbnail of {product} not made", error)

    def _note_timeout(self, session: str) -> None:
        seen = self._outcomes
        seen.timed_out += 1
        seen.sessions_hit.add(session)
        seen.first_timeout_ns = seen.first_timeout_ns or now_ns()
        seen.last_timeout_ns = now_ns()
