"""The truth about a run: counted from the ledgers of its programs, never from what lognb reads."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any

from driver import events
from driver.ledgers import Ledgers

if TYPE_CHECKING:
    from pathlib import Path

    from driver.ledgers import Line
    from driver.plan import Plan

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")


@dataclass
class Run:
    """A run that is over, and what its driver noted."""

    plan: Plan
    folder: Path
    began: int
    ended: int
    done: list[dict[str, Any]]
    sessions: list[dict[str, Any]]

    @cached_property
    def ledgers(self) -> Ledgers:
        return Ledgers(self.folder)

    def times(self, what: str, **facts: Any) -> list[datetime]:
        """When the driver did something."""
        return [_utc(d["at"]) for d in self.done if d["what"] == what and all(d.get(k) == v for k, v in facts.items())]


def write(run: Run) -> str:
    """truth.toml."""
    tables: dict[str, dict[str, Any]] = {"": _whole(run), **_counts(run)}
    for fault in (_memory, _release, _slow, _probes, _exception, _clock, _split_trace):
        tables[f"faults.{fault.__name__.strip('_')}"] = fault(run)
    text = ["# What happened, as the programs of data/capture wrote it down; nothing here was read by lognb."]
    for name, table in tables.items():
        text += ["", f"[{name}]"] if name else []
        text += [f"{_key(key)} = {_toml(value)}" for key, value in table.items()]
    return "\n".join(text) + "\n"


def _whole(run: Run) -> dict[str, Any]:
    said = run.ledgers
    recorded = {s["recorded"]: s["session"] for s in run.sessions if s["recorded"]}
    return {
        "seed": run.plan.seed,
        "since": _utc(run.began),
        "until": _utc(run.ended),
        "records": len(said.logs) + len(said.lines),
        "spans": len(said.spans),
        "by_observed_time": len(said.lines),
        "lost": len(said.lost),
        "sessions": len({s for line in said.logs if (s := line["attributes"].get("session.id"))}),
        "users": len({u for line in said.logs if (u := line["attributes"].get("user.id"))}),
        "sessions_failed": len(run.times("session failed")),
        "recordings": recorded,
    }


def _counts(run: Run) -> dict[str, dict[str, Any]]:
    said, lines = run.ledgers.logs, len(run.ledgers.lines)
    services = Counter(line["resource"]["service.name"] for line in said)
    services["worker"] += lines
    both = Counter((line["resource"]["service.name"], _level(line)) for line in said)
    both["worker", "unspecified"] += lines
    severities: Counter[str] = Counter()
    for (_, level), n in both.items():
        severities[level] += n
    happened = Counter(event["event"] for event, _ in events.read(run.folder / "events.jsonl"))
    by_service = {
        f"by_service.{name}": {level: n for (service, level), n in sorted(both.items()) if service == name}
        for name in sorted(services)
    }
    return {"services": dict(sorted(services.items())), "severities": dict(sorted(severities.items())),
            "events": dict(sorted(happened.items())), **by_service}  # fmt: skip


def _memory(run: Run) -> dict[str, Any]:
    plan, name = run.plan, f"export@{run.plan.oom_node}"
    deaths = [d for d in run.done if d["what"] == "died"]
    payloads = [line for line in run.ledgers.where("worker") if "export.number" in line["attributes"]]
    return {
        "what": "the worker of one node logs every export's compressed payload, keeps the raw one, and dies of memory",
        "service": "worker", "node": plan.oom_node, "version": plan.worker, "exception": "MemoryError",
        "pattern": "export <*> sent, payload <*>", "since": run.times(name, on=True)[0],
        "until": run.times(name, on=False)[0], "payloads": len(payloads),
        "payload_bytes": sum(len(line["body"].encode()) for line in payloads),
        "deaths": [_utc(d["at"]) for d in deaths if d["node"] == plan.oom_node],
        "deaths_elsewhere": len([d for d in deaths if d["node"] != plan.oom_node]),
        "pids": [d["pid"] for d in deaths], "exit_codes": sorted({d["exit_code"] for d in deaths}),
    }  # fmt: skip


def _release(run: Run) -> dict[str, Any]:
    plan = run.plan
    failed = _thrown(run, "checkout", "checkout.LoyaltyTimeout")
    told = [line for line in _thrown(run, "front", "UpstreamTimeout") if "order.id" in line["attributes"]]
    deployed = run.times("deployed", version=plan.checkout_bad)[0]
    return {
        "what": "a release of checkout asks a loyalty service that never answers, for the customers of one tier",
        "service": "checkout", "version": plan.checkout_bad, "previous": plan.checkout, "tier": plan.tier,
        "deployed": deployed, "rolled_back": run.times("deployed", version=plan.checkout)[0],
        "exception": "checkout.LoyaltyTimeout",
        "pattern": "order <*> failed: loyalty:<*> did not answer within <*> ms",
        "front_exception": "UpstreamTimeout",
        "front_pattern": "order <*> failed: checkout did not answer within <*> ms",
        "route": "/api/checkout", "status": 504, "failed_orders": len(failed), "timeouts_at_the_front": len(told),
        "orders_since_the_release": len([
            line for line in run.ledgers.where("checkout")
            if line["resource"]["service.version"] == plan.checkout_bad and "order.items" in line["attributes"]
        ]),
        "sessions": sorted({line["attributes"]["session.id"] for line in told}),
        "users": sorted({line["attributes"]["user.id"] for line in told}),
        "first_failure": _time(failed[0]), "last_failure": _time(failed[-1]),
    }  # fmt: skip


def _slow(run: Run) -> dict[str, Any]:
    plan, name = run.plan, f"slow@{run.plan.slow_node}"
    slow = [line for line in run.ledgers.where("front") if line["attributes"].get("duration_ms", 0) > 600]
    searches = [line for line in slow if line["attributes"].get("http.route") == "/api/search"]
    here = [line for line in searches if line["resource"]["k8s.node.name"] == plan.slow_node]
    web = [line for line in run.ledgers.where("shop-web") if line["attributes"].get("duration_ms", 0) > 600]
    return {
        "what": "on one node the search has no index, and takes longer than 600 ms",
        "service": "front", "node": plan.slow_node, "route": "/api/search", "field": "duration_ms",
        "pattern": "search index missing, scanning <*> rows", "since": run.times(name, on=True)[0],
        "until": run.times(name, on=False)[0], "searches_over_600_ms": len(searches), "of_them_on_the_node": len(here),
        "requests_over_600_ms": len(slow), "requests_over_600_ms_in_the_browser": len(web),
    }  # fmt: skip


def _probes(run: Run) -> dict[str, Any]:
    tried = [line for line in run.ledgers.where("front", client_address=run.plan.probes_from)
             if "http.response.status_code" in line["attributes"]]  # fmt: skip
    tried.sort(key=lambda line: int(line["time"]))  # the ledgers are read one after the other
    status = Counter(str(line["attributes"]["http.response.status_code"]) for line in tried)
    return {
        "what": "a scanner probes for SQL injection; nothing behind the shop speaks SQL, and nothing comes of it",
        "service": "front", "client_address": run.plan.probes_from, "user_agent": "sqlmap/1.8", "attempts": len(tried),
        "statuses": dict(sorted(status.items())), "succeeded": len([s for s in status if s[0] in "235"]),
        "first": _time(tried[0]), "last": _time(tried[-1]),
    }  # fmt: skip


def _exception(run: Run) -> dict[str, Any]:
    seen = [line for line in run.ledgers.where("shop-web") if line["attributes"].get("exception.type") == "TypeError"]
    thrown = _thrown(run, "checkout", "KeyError")
    return {
        "what": "one product has no offer: its recommendations are null, and the page that shows them throws",
        "service": "shop-web", "exception": "TypeError", "message": seen[0]["attributes"]["exception.message"],
        "records": len(seen), "time": _time(seen[0]), "session": seen[0]["attributes"]["session.id"],
        "user": seen[0]["attributes"]["user.id"], "trace_id": seen[0]["trace_id"], "cause_service": "checkout",
        "cause_exception": "KeyError", "cause_records": len(thrown), "cause_time": _time(thrown[0]),
        "cause_trace_id": thrown[0]["trace_id"], "product": run.plan.unpriced,
    }  # fmt: skip


def _clock(run: Run) -> dict[str, Any]:
    return {
        "what": "the clock of one customer's computer is off, in all their sessions, by this much",
        "user": run.plan.skew_user, "skew_ms": run.plan.skew_ms,
        "sessions": sorted(s["session"] for s in run.sessions if s["skew_ms"]),
    }  # fmt: skip


def _split_trace(run: Run) -> dict[str, Any]:
    lines = run.ledgers.lines
    traces = [line for line in lines if line["body"].startswith("Traceback ")]
    inside = [line for line in lines if not line["body"].startswith("worker ")]
    return {
        "what": "a collector takes the worker's standard error line by line: each line of a stack trace is a record",
        "service": "worker", "node": run.plan.oom_node, "first_line": "Traceback (most recent call last):",
        "last_line": "MemoryError", "traces": len(traces), "lines": len(inside),
        "files": sorted({line["file"] for line in traces}),
    }  # fmt: skip


def _thrown(run: Run, service: str, exception: str) -> list[Line]:
    return sorted(run.ledgers.where(service, exception_type=exception), key=lambda line: int(line["time"]))


def _level(line: Line) -> str:
    number = line["severity"][0]
    return LEVELS[(number - 1) // 4] if number else "unspecified"


def _time(line: Line) -> datetime:
    return _utc(int(line["time"]))


def _utc(ns: int) -> datetime:
    """TOML has microseconds; the rest is cut off."""
    return datetime.fromtimestamp(ns // 10**9, UTC).replace(microsecond=ns % 10**9 // 1000)


def _key(name: str) -> str:
    return name if name.replace("_", "").isalnum() and name.isascii() else json.dumps(name)


def _toml(value: Any) -> str:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    if isinstance(value, list):
        inside = [_toml(v) for v in value]
        line = f"[{', '.join(inside)}]"
        return line if len(line) < 100 else "[\n" + "".join(f"    {v},\n" for v in inside) + "]"
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(k)} = {_toml(v)}" for k, v in value.items()) + " }" if value else "{}"
    return json.dumps(value, ensure_ascii=False)
