"""Harmless probes for SQL injection, as a scanner sends them: nothing behind the shop speaks SQL."""

from __future__ import annotations

import time
import urllib.error
import urllib.parse
import urllib.request
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from driver.plan import Plan

PAYLOADS = (
    "1' OR '1'='1", "1' OR '1'='1' --", "admin'--", "' UNION SELECT null,null,null--", "1; DROP TABLE orders--",
    "' AND SLEEP(5)#", "\" OR \"\"=\"", "1' AND 1=CONVERT(int,@@version)--", "') OR ('a'='a",
    "x' WAITFOR DELAY '0:0:5'--",
)  # fmt: skip
PATHS = ("/api/search?q={}", "/api/search?q={}", "/api/product/{}", "/api/login?user={}")


def run(plan: Plan, fronts: list[int]) -> None:
    chance = Random(f"probes {plan.seed}")
    for _ in range(plan.probes):
        path = chance.choice(PATHS).format(urllib.parse.quote(chance.choice(PAYLOADS), safe=""))
        headers = {"X-Forwarded-For": plan.probes_from, "User-Agent": "sqlmap/1.8"}
        request = urllib.request.Request(f"http://127.0.0.1:{chance.choice(fronts)}{path}", headers=headers)
        try:
            urllib.request.urlopen(request, timeout=10).close()
        except urllib.error.HTTPError as refused:
            refused.close()  # it is meant to be
        time.sleep(chance.uniform(0.05, 0.4) * plan.seconds / 390)
