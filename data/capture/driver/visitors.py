"""The visitors: sessions in a headless Chromium, each in a browser context of its own, several at a time."""

from __future__ import annotations

import asyncio
import gzip
import itertools
import json
import time
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING, Any

from playwright.async_api import Error, async_playwright

from driver.build import find
from driver.plan import USERS, Plan, tier_of
from driver.processes import PRODUCTS, Shop

if TYPE_CHECKING:
    from playwright.async_api import Browser, Page

SHOP = "http://shop.example"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"]  # fmt: skip
WORDS = ("cup", "tea", "tray", "spoon", "matcha", "kettle", "oolong")

# A clock that is off, as a person's computer may have one: everything the page can ask the time is.
CLOCK = """
(() => {
  const off = %d, Real = Date;
  class Shifted extends Real {
    constructor(...a) { if (a.length) super(...a); else super(Real.now() + off); }
    static now() { return Real.now() + off; }
  }
  globalThis.Date = Shifted;
  const origin = performance.timeOrigin + off;
  Object.defineProperty(Performance.prototype, "timeOrigin", { get: () => origin });
})();
"""


@dataclass(frozen=True)
class Visit:
    """What one session does; `path` is where it lands."""

    user: str | None
    seed: str
    path: str = "/"
    skew_ms: int = 0
    record: str = ""  # why it is recorded, if it is
    buys: bool | None = None


class LoadBalancer:
    """Hands each connection of a browser to the next front, as a TCP load balancer does."""

    def __init__(self, ports: list[int]) -> None:
        self._next = itertools.cycle(ports)
        self.port = 0

    async def start(self) -> asyncio.Server:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        return server

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            back, forth = await asyncio.open_connection("127.0.0.1", next(self._next))
        except OSError:
            writer.close()
            return
        await asyncio.gather(_pipe(reader, forth), _pipe(back, writer))


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(2**16):
            writer.write(data)
            await writer.drain()
    except OSError:
        pass  # one side is gone; the other is closed with it
    finally:
        writer.close()


class Visitors:
    """Sessions until the run is over; `sessions` has a line for each that ended well."""

    def __init__(self, plan: Plan, shop: Shop, began: float) -> None:
        self._plan, self._shop, self._began = plan, shop, began
        self._chance = Random(f"visitors {plan.seed}")
        self._fixed = [
            (plan.exception_at, Visit(plan.exception_user, "exception", f"/product/{plan.unpriced}", record="exception",
                                      buys=False)),
            (plan.release[0] + 0.25 * (plan.release[1] - plan.release[0]),
             Visit(plan.timeout_user, "timeout", "/product/teapot", record="timeout", buys=True)),
            *((at, Visit(plan.skew_user, f"skew {n}", skew_ms=plan.skew_ms)) for n, at in enumerate(plan.skew_at)),
        ]  # fmt: skip
        self._fixed.sort(key=lambda pair: pair[0])
        self.sessions: list[dict[str, Any]] = []

    def _now(self) -> float:
        return time.monotonic() - self._began

    async def run(self) -> None:
        balancer = LoadBalancer([self._shop.ports[f"front@{node}"] for node in ("node-a", "node-b")])
        server = await balancer.start()
        names = f"MAP shop.example:80 127.0.0.1:{balancer.port},MAP otel.shop.example:80 127.0.0.1:{self._shop.otlp}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=find("chromium"), args=[*FLAGS, f"--host-resolver-rules={names},MAP * ~NOTFOUND"]
            )
            await asyncio.gather(*(self._one_after_the_other(browser, n) for n in range(self._plan.visitors)))
            await browser.close()
        server.close()

    async def _one_after_the_other(self, browser: Browser, n: int) -> None:
        await asyncio.sleep(n * 0.7)
        # What was planned happens even if sessions took longer than thought.
        while self._now() < self._plan.seconds - 8 or self._fixed:
            self.sessions.append(await self._visit(browser, self._next()))
            await asyncio.sleep(self._chance.uniform(0.1, 0.6))

    def _next(self) -> Visit:
        due = [pair for pair in self._fixed if pair[0] <= self._now() and self._may_begin(pair[1])]
        if due:
            self._fixed.remove(due[0])
            return due[0][1]
        seed = f"{self._plan.seed} {self._chance.random()}"
        # One customer's clock is off in all of their sessions, so they have no other ones.
        users = [f"u-{n}" for n in range(1, USERS + 1) if f"u-{n}" != self._plan.skew_user]
        return Visit(self._chance.choice(users) if self._chance.random() < 0.8 else None, seed)

    def _may_begin(self, visit: Visit) -> bool:
        """On a slow machine the release that a visit is to meet may be later than planned."""
        released = any(d["what"] == "deployed" and d["version"] == self._plan.checkout_bad for d in self._shop.done)
        return released or visit.record != "timeout"

    async def _visit(self, browser: Browser, visit: Visit) -> dict[str, Any]:
        settings = {"user": visit.user, "tier": tier_of(visit.user) if visit.user else "none",
                    "record": bool(visit.record)}  # fmt: skip
        browsing = await browser.new_context(viewport={"width": 1100, "height": 700})
        try:
            if visit.skew_ms:
                await browsing.add_init_script(CLOCK % visit.skew_ms)
            setting = (
                f"localStorage.getItem('shop') || localStorage.setItem('shop', {json.dumps(json.dumps(settings))})"
            )
            await browsing.add_init_script(setting)
            page = await browsing.new_page()
            began, bought = time.time_ns(), False
            try:
                await page.goto(SHOP + visit.path)
                await _shown(page, 1)
                bought = await self._browse(page, visit)
            except Error as error:
                self._shop.note("session failed", error=str(error).splitlines()[0])
            ended = time.time_ns()
            # A session that failed has sent records all the same; without its ledger the truth would be wrong.
            left = await page.evaluate("shop.finish()")
        finally:
            await browsing.close()
        return self._keep(visit, left, began, ended, bought)

    async def _browse(self, page: Page, visit: Visit) -> bool:
        chance, shown, fixed = Random(visit.seed), 1, bool(visit.record)
        if not fixed:
            for _ in range(chance.randint(2, 5)):
                await asyncio.sleep(chance.uniform(0.2, 1.0))
                if chance.random() < 0.35:
                    await page.fill("#search input", chance.choice(WORDS))
                    await page.click("#search button")
                else:
                    # By address and not by link: the links of one product lead to an error that only one visitor meets.
                    product = chance.choice([p["id"] for p in PRODUCTS if p["id"] != self._plan.unpriced])
                    await page.evaluate("path => { history.pushState({}, '', path); }", f"/product/{product}")
                    await page.evaluate("shop.show()")
                shown += 1
                await _shown(page, shown)
        else:
            await asyncio.sleep(1.5)
        buys = chance.random() < 0.7 if visit.buys is None else visit.buys
        if not buys or not await page.locator("#add").count():
            return False
        await page.click("#add")
        await asyncio.sleep(chance.uniform(0.1, 0.5))
        await page.click("#to-cart")
        await _shown(page, shown + 1)
        await page.fill("#name", "Jo")
        await page.click("#buy")
        await _shown(page, shown + 2)
        if fixed:
            await asyncio.sleep(1)
        return True

    def _keep(self, visit: Visit, left: dict[str, Any], began: int, ended: int, bought: bool) -> dict[str, Any]:
        session, folder = left["session"], self._shop.folder
        lines = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in left["ledger"])
        (folder / "ledger" / f"web-{session}.jsonl").write_text(lines, encoding="utf-8")
        if visit.record:
            (folder / "out" / "recordings").mkdir(exist_ok=True)
            snapshots = [event | {"windowId": 1} for event in left["recording"]]
            person = {"distinct_ids": [left["user"]], "properties": {}}
            export = {"version": "2023-04-28", "data": {"id": session, "person": person, "snapshots": snapshots}}
            text = json.dumps(export, ensure_ascii=False, separators=(",", ":")).encode()
            (folder / "out" / "recordings" / f"{session}.json.gz").write_bytes(gzip.compress(text, mtime=0))
        return {"session": session, "user": left["user"], "named": visit.user is not None, "began": began,
                "ended": ended, "skew_ms": visit.skew_ms, "recorded": visit.record, "bought": bought}  # fmt: skip


async def _shown(page: Page, times: int) -> None:
    await page.wait_for_function("n => Number(document.body.dataset.shown ?? 0) >= n", arg=times, timeout=20_000)
