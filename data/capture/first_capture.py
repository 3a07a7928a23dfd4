"""Run the shop for twenty virtual minutes and write what its telemetry exports: the samples of the repository.

    python data/capture/first_capture.py --seed 7 --out data/samples

`first.jsonl` is OTLP JSON, a request a line, logs and traces mixed as one collector writes them to one file;
`first.pb.zst` is the log requests as protobuf, each after its length in four bytes, big-endian, the whole as one zstd
stream; `truth.toml` says what the program did, as counted by the program itself before anything was encoded.
"""

from __future__ import annotations

import argparse
import asyncio
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import virtual_time
from otlp_files import write_json_lines, write_protobuf
from shop import BAD, GOOD, PRODUCTS, Checkout, Outcomes, Storefront
from telemetry import START_NS, Collector, Instance, SeededIds, now_ns

if TYPE_CHECKING:
    from collections.abc import Coroutine

ROLLOUT, ROLLBACK, END = 420.0, 840.0, 1200.0  # seconds after the start
NODES = ("node-a", "node-b")


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=7)
    options.add_argument("--out", type=Path, default=Path("data/samples"))
    given = options.parse_args()
    capture(given.seed, given.out)


def capture(seed: int, out: Path) -> None:
    """Write the three files into `out`, always the same for the same seed."""
    day = Day(seed)
    virtual_time.run(day.run())
    out.mkdir(parents=True, exist_ok=True)
    write_json_lines(day.collector.requests, out / "first.jsonl")
    write_protobuf([r for r in day.collector.requests if "Logs" in type(r).__name__], out / "first.pb.zst")
    (out / "truth.toml").write_text(day.truth(seed), encoding="utf-8")


class Day:
    """Twenty minutes of the shop: customers, a rollout, a rollback."""

    def __init__(self, seed: int) -> None:
        # A stream of chances for each purpose: a change to one leaves the others as they were.
        self._chance = {name: Random(f"{seed} {name}") for name in ("ids", "sdk", "shop", "people")}
        self.collector, self.outcomes = Collector(), Outcomes()
        self._pending: set[asyncio.Task[None]] = set()
        self._reporting: dict[int, asyncio.Task[None]] = {}

    async def run(self) -> None:
        flushing = asyncio.create_task(self.collector.flush_every(15.0))
        checkouts = [self._checkout(0, GOOD), self._checkout(1, GOOD)]
        front = Storefront(self._instance("storefront", "3.2.0", NODES[0]), checkouts, self._chance["shop"],
                           self.outcomes)  # fmt: skip
        for at, version in ((ROLLOUT, BAD), (ROLLBACK, GOOD)):
            self._start(self._roll_out(at, version, checkouts))
        while now_ns() < START_NS + END * 1e9:
            await asyncio.sleep(self._chance["people"].expovariate(1 / 2.7))
            self._start(self._customer(front))
        for task in self._pending:
            task.cancel()
        await asyncio.gather(*self._pending, return_exceptions=True)
        flushing.cancel()
        self.collector.flush()

    def truth(self, seed: int) -> str:
        """What happened, as TOML."""
        seen, emitted = self.outcomes, self.collector.emitted
        by_service: Counter[str] = Counter()
        by_severity: Counter[str] = Counter()
        for (service, severity), n in emitted.items():
            by_service[service] += n
            by_severity[severity] += n
        lines = [
            "# What the program did: written by data/capture/first_capture.py, not by lognb.",
            f"seed = {seed}",
            f"records = {sum(emitted.values())}",
            f"spans = {self.collector.spans}",
            f"sessions = {len(self.collector.sessions)}",
            f"users = {len(self.collector.users)}",
            f"by_observed_time = {by_severity['unspecified']}  # lines of a starting process: no time, no severity",
            "",
            "[fault]",
            'what = "version 1.8.1 of checkout never gives a payment connection back after a second step at the bank"',
            'service = "checkout"',
            f'version = "{BAD}"',
            f'host = "{NODES[1]}"',
            'route = "/checkout"',
            'exception = "shop.PoolTimeout"',
            f"rollout = {_utc(START_NS + int(ROLLOUT * 1e9))}",
            f"rollback = {_utc(START_NS + int(ROLLBACK * 1e9))}",
            f"first_failure = {_utc(seen.first_timeout_ns)}",
            f"last_failure = {_utc(seen.last_timeout_ns)}",
            f"failed_orders = {seen.timed_out}",
            f"sessions_hit = {len(seen.sessions_hit)}",
            "",
            "[orders]",
            f"paid = {seen.paid}",
            f"declined = {seen.declined}",
            f"timed_out = {seen.timed_out}",
            "",
            "[services]",
            *(f"{name} = {n}" for name, n in sorted(by_service.items())),
            "",
            "[severities]",
            *(f"{name} = {n}" for name, n in sorted(by_severity.items())),
        ]
        for service in sorted(by_service):
            lines += ["", f"[by_service.{service}]"]
            lines += [f"{severity} = {n}" for (name, severity), n in sorted(emitted.items()) if name == service]
        return "\n".join(lines) + "\n"

    async def _customer(self, front: Storefront) -> None:
        chance = self._chance["people"]
        session = _uuid7(now_ns(), chance)
        user = f"u-{chance.randint(1, 90)}" if chance.random() < 0.7 else None
        for _ in range(chance.randint(1, 5)):
            await front.browse(session, user)
            await asyncio.sleep(chance.uniform(2, 25))
        if chance.random() < 0.5:
            order, items = f"{chance.randint(100_000, 999_999)}", chance.sample(PRODUCTS, chance.randint(1, 3))
            await front.check_out(session, user, order, items, chance.randint(400, 12_000))

    def _checkout(self, index: int, version: str) -> Checkout:
        otel = self._instance("checkout", version, NODES[index])
        checkout = Checkout(version, otel, self._chance["shop"])
        reporting = self._start(checkout.report_pool())
        if index in self._reporting:
            self._reporting[index].cancel()
        self._reporting[index] = reporting
        return checkout

    def _instance(self, service: str, version: str, node: str) -> Instance:
        return Instance(self.collector, SeededIds(self._chance["ids"]), self._chance["sdk"], service_name=service,
                        service_version=version, service_instance_id=f"{service}@{node}", host_name=node)  # fmt: skip

    async def _roll_out(self, at: float, version: str, checkouts: list[Checkout]) -> None:
        await asyncio.sleep(at)
        checkouts[1] = self._checkout(1, version)

    def _start(self, customer: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(customer)
        self._pending.add(task)
        task.add_done_callback(self._pending.discard)
        return task


def _utc(ns: int) -> str:
    return datetime.fromtimestamp(ns // 1000 / 1e6, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _uuid7(ns: int, chance: Random) -> str:
    """A UUID of version 7, as a browser makes one for a session: milliseconds, then chance."""
    a, b, c = chance.getrandbits(12), 8 + chance.getrandbits(2), chance.getrandbits(60)
    digits = f"{ns // 1_000_000:012x}7{a:03x}{b:x}{c:015x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


if __name__ == "__main__":
    main()
