"""Records by the million, made column by column: what the benchmarks of the engine ask questions of.

    python -m benchmarks.many STORE RECORDS [SEED]

Three days of 40 services on 1,000 resources of 20 attributes; 10 attributes a record, of 210 keys; bodies of 80 to 200
characters from 1,200 templates; some 50 records a session and 7 a trace; a 20-minute incident with 6 % of all records.
It is drawn in chunks of one row group from one seed, so that any prefix is the same.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lognb.schema import KIND, LEVELS, RECORD, ROW_GROUP, SEVERITY, SPAN, TIME, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

    Draw = tuple[str, str, list[str], np.ndarray]  # key, kind, the texts of its values, which of them each record has

T0, SPAN_NS = 1_793_577_600_000_000_000, 3 * 86_400 * 1_000_000_000  # 2026-11-02, three days
RESOURCES, TEMPLATES, RARE = 1000, 1200, 200
SEVERITIES = ((5, "DEBUG"), (9, "INFO"), (13, "WARN"), (17, "ERROR"), (21, "FATAL"))
STATUS = ["200", "201", "204", "301", "304", "400", "401", "403", "404", "409", "429", "500", "502", "503", "504"]
_SYLLABLES = ["ka", "re", "mo", "li", "ter", "son", "ba", "qui", "ve", "dor", "nim", "pra", "sel", "tog", "ux", "yel"]


@dataclass
class World:
    """What the records of all chunks share; drawn once."""

    services: list[str]
    resources: list[str]
    service_of: np.ndarray  # of each resource
    heads: list[str]
    tails: list[str]
    severity_of: np.ndarray  # of each template
    popular: np.ndarray


def word(rng: np.random.Generator) -> str:
    return "".join(_SYLLABLES[i] for i in rng.integers(0, len(_SYLLABLES), rng.integers(2, 5)))


def world() -> World:
    rng = np.random.default_rng(1)
    services = [f"svc-{word(rng)}-{i}" for i in range(40)]
    zipf = 1 / np.arange(1, 41) ** 0.9
    service_of = rng.choice(40, RESOURCES, p=zipf / zipf.sum())
    resources = [_resource(rng, services[s], i) for i, s in enumerate(service_of.tolist())]
    words = [word(rng) for _ in range(600)] + ["timeout", "connection", "refused", "retry", "payload", "queue", "Cache"]
    heads, tails = [], []
    for _ in range(TEMPLATES):
        drawn = [words[i] for i in np.minimum(rng.zipf(1.25, 13) - 1, len(words) - 1)]
        heads.append(f"{drawn[0].capitalize()} {' '.join(drawn[1:6])} id=")
        tails.append(f" {' '.join(drawn[6:13])} after ")
    weights = 1 / np.arange(1, TEMPLATES + 1) ** 0.7
    severity = rng.choice(5, TEMPLATES, p=[0.2, 0.6, 0.12, 0.07, 0.01])
    return World(services, resources, service_of, heads, tails, severity, weights / weights.sum())


def _resource(rng: np.random.Generator, service: str, i: int) -> str:
    pairs: dict[str, Any] = {
        "service.name": service, "service.version": f"{rng.integers(1, 4)}.{rng.integers(0, 9)}.0",
        "service.namespace": "shop", "service.instance.id": f"i-{i:05d}",
        "deployment.environment.name": str(rng.choice(["prod", "staging", "canary"], p=[0.8, 0.15, 0.05])),
        "k8s.namespace.name": f"team-{rng.integers(0, 8)}", "k8s.deployment.name": service,
        "k8s.pod.name": f"{service}-{rng.integers(0, 2**32):08x}", "k8s.node.name": f"node-{rng.integers(0, 60):02d}",
        "k8s.cluster.name": f"eu-{rng.integers(1, 4)}", "host.name": f"host-{rng.integers(0, 60):02d}", "host.arch": "amd64",
        "os.type": "linux", "cloud.provider": "aws", "cloud.region": "eu-west-1", "cloud.availability_zone": "eu-west-1a",
        "container.image.name": f"registry/{service}", "telemetry.sdk.language": str(rng.choice(["go", "java", "python"])),
        "telemetry.sdk.name": "opentelemetry", "telemetry.sdk.version": "1.30.0",
    }  # fmt: skip
    return json.dumps(pairs, separators=(",", ":"))


def batches(count: int, seed: int = 0) -> Iterator[Batch]:
    """`count` records in near time order."""
    here = world()
    resources = pl.DataFrame({"resource": here.resources})
    for i, at in enumerate(range(0, count, ROW_GROUP)):
        rng = np.random.default_rng([seed, i])
        yield _batch(rng, here, resources, at, min(ROW_GROUP, count - at), count)


def _times(rng: np.random.Generator, at: int, n: int, count: int) -> np.ndarray:
    """Spread over the days by the clock of a shop, 6 % of all in 20 minutes of the second day."""
    place = (np.arange(at, at + n) + rng.random(n)) / count
    calm = place / 0.94
    start, crowd = 0.55, 20 / (3 * 1440)
    inside = (calm >= start) & (place < start * 0.94 + 0.06)
    late = place >= start * 0.94 + 0.06
    out = np.where(inside, start + (place - start * 0.94) / 0.06 * crowd, np.where(late, (place - 0.06) / 0.94, calm))
    waves = 0.012 * np.sin(out * 3 * 2 * np.pi)
    return (T0 + (np.clip(out * 0.97 + waves + 0.012, 0, 1) * SPAN_NS)).astype(np.int64) + rng.integers(
        0, 2_000_000_000, n
    )


def _batch(rng: np.random.Generator, here: World, resources: pl.DataFrame, at: int, n: int, count: int) -> Batch:
    template = rng.choice(TEMPLATES, n, p=here.popular)
    severity = here.severity_of[template]
    resource = rng.integers(0, RESOURCES, n)
    session = (at + np.arange(n)) // 400 * 8 + rng.integers(0, 8, n)  # some 50 records each, near in time
    trace = session * 7 + rng.integers(0, 7, n)  # a trace is of one session, which 15 % of its records do not name
    trace_id = pl.Series(trace).cast(pl.UInt64).hash(7).cast(pl.String) + pl.Series(trace).hash(9).cast(pl.String)
    user = (session * 2654435761) % 50_000
    body = _bodies(rng, here, template, n)
    times = pl.Series(_times(rng, at, n, count))
    has_session = rng.random(n) < 0.85
    numbers = np.array([s[0] for s in SEVERITIES])
    columns: dict[str, pl.Series] = {
        "record_id": pl.Series(rng.integers(0, 2**63, n), dtype=pl.UInt64),
        "time": times.cast(TIME), "timestamp": times.cast(TIME), "observed_timestamp": (times + 40_000_000).cast(TIME),
        "severity_number": pl.Series(numbers[severity], dtype=pl.UInt8),
        "severity_text": pl.Series([s[1] for s in SEVERITIES]).gather(severity),
        "severity": pl.Series([LEVELS[i] for i in (2, 3, 4, 5, 6)]).gather(severity).cast(SEVERITY),
        "service_name": pl.Series(here.services).gather(here.service_of[resource]),
        "body": body, "body_type": pl.repeat("string", n, eager=True),
        "trace_id": trace_id.str.slice(0, 32).str.pad_start(32, "0"),
        "span_id": pl.Series(rng.integers(10**15, 10**16, n)).cast(pl.String),
        "session_id": pl.select(pl.when(pl.Series(has_session)).then(pl.format("s-{}", pl.Series(session).cast(pl.UInt64).hash(3)))).to_series(),
        "user_id": pl.select(pl.format("u-{}", pl.Series(user))).to_series(),
        "scope_name": pl.Series(["app.logger", "otelzap", "logback"]).gather(rng.integers(0, 3, n)),
        "trace_flags": pl.Series(np.ones(n), dtype=pl.UInt32),
        "source": pl.repeat("many", n, eager=True), "source_position": pl.Series(np.arange(at, at + n)),
        "scope_attributes": pl.repeat("{}", n, eager=True),
        "size_bytes": body.str.len_bytes().cast(pl.Int64) + 1100,
    }  # fmt: skip
    wanted = {name: kind for name, kind in RECORD.items() if name not in ("attributes", "resource")}
    records = pl.select(
        columns.get(c, pl.repeat(None, n, dtype=kind, eager=True)).cast(kind).alias(c) for c, kind in wanted.items()
    ).with_columns(pl.Series("resource_ix", resource, dtype=pl.UInt32))
    pairs, codes, width = _attributes(rng, severity, n)
    return Batch(records, np.arange(n + 1) * width, codes, pairs, resources, pl.DataFrame(schema=SPAN))


def _bodies(rng: np.random.Generator, here: World, template: np.ndarray, n: int) -> pl.Series:
    numbers = pl.Series(rng.integers(10_000, 10**9, n)).cast(pl.String)
    took = pl.Series(rng.integers(1, 5000, n)).cast(pl.String)
    parts = [pl.Series(here.heads).gather(template), numbers, pl.Series(here.tails).gather(template), took]
    return pl.select(pl.concat_str([*parts, pl.lit(" ms")]).str.slice(0, 200).str.pad_end(80, ".")).to_series()


def _attributes(rng: np.random.Generator, severity: np.ndarray, n: int) -> tuple[pl.DataFrame, np.ndarray, int]:
    """Eight frequent attributes and two of the 200 rare ones a record, as interned pairs."""
    bad = severity >= 3
    status = np.where(bad, rng.integers(11, 15, n), np.minimum(rng.geometric(0.55, n) - 1, 10))
    durations = np.round(rng.lognormal(3.5, 1.1, n), 2)
    distinct, which = np.unique(durations, return_inverse=True)
    parts: list[Draw] = [
        ("http.route", "string", [f"/api/v1/part{i}/{{id}}" for i in range(60)], np.minimum(rng.geometric(0.08, n) - 1, 59)),
        ("http.request.method", "string", ["GET", "POST", "PUT", "DELETE"], np.minimum(rng.geometric(0.6, n) - 1, 3)),
        ("http.response.status_code", "int", STATUS, status),
        ("duration_ms", "double", [repr(x) for x in distinct.tolist()], which),
        ("thread.id", "int", [str(i) for i in range(200)], rng.integers(0, 200, n)),
        ("client.address", "string", [f"10.0.{i >> 8}.{i & 255}" for i in range(20_000)], rng.integers(0, 20_000, n)),
        ("retry", "bool", ["true", "false"], (rng.random(n) < 0.9).astype(np.int64)),
        ("tenant", "string", [f"tenant-{i}" for i in range(500)], np.minimum(rng.geometric(0.01, n) - 1, 499)),
        *(_rare(rng, n) for _ in range(2)),
    ]  # fmt: skip
    base = np.cumsum([0, *(len(texts) for _, _, texts, _ in parts)])
    codes = np.stack([part[3] + start for part, start in zip(parts, base, strict=False)], 1).reshape(-1)
    texts = [text for _, _, part, _ in parts for text in part]
    keys = [key or f"app.rare.{i // 5 % RARE}" for key, _, part, _ in parts for i in range(len(part))]
    kinds = [KIND[kind] for _, kind, part, _ in parts for _ in part]
    pairs = pl.DataFrame({"key": keys, "kind": pl.Series(kinds, dtype=pl.UInt8), "text": texts})
    return pairs, codes.astype(np.uint32), len(parts)


def _rare(rng: np.random.Generator, n: int) -> Draw:
    """One of 200 keys, with one of five values: no key is frequent enough for a column of its own."""
    key = np.minimum(rng.geometric(0.02, n) - 1, RARE - 1)
    return "", "string", [f"value-{i % 5}" for i in range(5 * RARE)], key * 5 + rng.integers(0, 5, n)


if __name__ == "__main__":
    from lognb.engines.duckdb import build

    engine = build(sys.argv[1], batches(int(sys.argv[2]), int((sys.argv[3:] or ["0"])[0])))
    print(engine.overview["records"], "records")
