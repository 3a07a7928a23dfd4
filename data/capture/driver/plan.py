"""What will happen in a run, all of it drawn from the seed before anything starts."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

NODES = ("node-a", "node-b")
TIERS = ("bronze", "bronze", "silver", "gold")  # of user n: TIERS[n % 4]
USERS = 60


@dataclass(frozen=True)
class Plan:
    """Offsets are seconds from the start of the run; a span of time is (since, until)."""

    seed: int
    seconds: float
    visitors: int  # browsers in parallel
    jobs_per_second: float  # of each worker
    export_every: float  # seconds between two exports; some thirteen are the death of a worker
    front: str
    checkout: str
    checkout_bad: str
    worker: str
    oom_node: str
    oom: tuple[float, float]
    release: tuple[float, float]  # the bad version comes, the good one is back
    tier: str  # of the customers whom the release hits
    slow_node: str
    slow: tuple[float, float]
    probes_at: float
    probes: int
    probes_from: str
    unpriced: str  # the product without a price
    exception_at: float
    exception_user: str
    timeout_user: str  # of the affected tier; this session is recorded
    skew_ms: int
    skew_user: str
    skew_at: tuple[float, ...]  # begins of the sessions with the wrong clock


def draw(seed: int, seconds: float = 390.0, visitors: int = 7, jobs_per_second: float = 14.0) -> Plan:
    """The plan of a seed; fault times scale with the length of the run."""
    chance = Random(f"shop {seed}")

    def at(low: float, high: float) -> float:
        return round(chance.uniform(low, high) * seconds, 1)

    minor = chance.randint(4, 11)
    tier = chance.choice(("silver", "gold"))
    users = chance.sample(range(4, USERS), 3)  # three different ones; the second of the affected tier
    users[1] = users[1] // 4 * 4 + TIERS.index(tier)
    return Plan(
        seed=seed,
        seconds=seconds,
        visitors=visitors,
        jobs_per_second=jobs_per_second,
        export_every=1.8 * seconds / 390,
        front=f"3.{chance.randint(1, 9)}.{chance.randint(0, 6)}",
        checkout=f"2.{minor}.{chance.randint(1, 6)}",
        checkout_bad=f"2.{minor + 1}.0",
        worker=f"1.{chance.randint(10, 30)}.{chance.randint(0, 4)}",
        oom_node=chance.choice(NODES),
        oom=(at(0.10, 0.16), at(0.36, 0.44)),
        release=(at(0.50, 0.56), at(0.74, 0.80)),
        tier=tier,
        slow_node=chance.choice(NODES),
        slow=(at(0.24, 0.30), at(0.42, 0.48)),
        probes_at=at(*chance.choice(((0.04, 0.2), (0.58, 0.7), (0.82, 0.9)))),
        probes=chance.randint(36, 60),
        probes_from=f"203.0.113.{chance.randint(2, 250)}",
        unpriced=chance.choice(("whisk", "bowl", "tray")),
        exception_at=at(0.83, 0.90),
        exception_user=f"u-{users[0]}",
        timeout_user=f"u-{users[1]}",
        skew_ms=chance.choice((-1, 1)) * chance.randint(40_000, 200_000),
        skew_user=f"u-{users[2] if users[2] != users[1] else USERS}",
        skew_at=tuple(sorted(at(0.05, 0.9) for _ in range(3))),
    )


def tier_of(user: str) -> str:
    return TIERS[int(user[2:]) % len(TIERS)]
