"""Synthetic batches: records of every value type with repeated keys, late keys, null times and odd texts."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from lognb.schema import KIND, LEVELS, RECORD, SPAN, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

T0 = 1_793_696_400_000_000_000  # 2026-11-03T09:00:00Z
ODD = [
    "",
    "007",
    "true",
    "7",
    'a"b',
    "back\\slash",
    "line\nbreak",
    "\x01\x1f",
    "naïve Ä 😀",
    "x'; DROP TABLE logs; --",
    "\0nul",
]
PAIRS = {"key": pl.String(), "kind": pl.UInt8(), "text": pl.String()}

Pair = tuple[str, str, str]  # key, kind, text as in schema.Batch


@dataclass
class Rec:
    """One record in plain Python, as a test writes it and as the oracle reads it."""

    id: int
    time: int | None = None
    observed: int | None = None
    severity: str = "info"
    service: str | None = None
    body: str = ""
    attributes: list[Pair] = field(default_factory=list)
    resource: str = "{}"
    trace: str | None = None
    session: str | None = None
    user: str | None = None
    linked: tuple[str | None, str | None] = (None, None)
    """`session` and `joined_by`, as the oracle's `link` finds them."""
    source: str = "a.jsonl"
    position: int = 0

    def parsed(self) -> list[tuple[str, str]]:
        """The attributes as (key, JSON literal)."""
        return [(k, json.dumps(t, ensure_ascii=False) if kind == "string" else t) for k, kind, t in self.attributes]

    def value(self, key: str) -> Any:
        """The value that counts of an attribute, else of the resource; None if absent or null."""
        found = [(kind, t) for k, kind, t in self.attributes if k == key]
        if found:
            kind, text = found[-1]
            return text if kind == "string" else json.loads(text)
        return json.loads(self.resource).get(key)


def spans(rows: Sequence[tuple[str, str | None]]) -> pl.DataFrame:
    """Spans that have no more than a trace and perhaps a session."""
    data = {
        "trace_id": [trace for trace, _ in rows],
        "session_id": [session for _, session in rows],
        "span_id": [f"{i:016x}" for i in range(len(rows))],
        "source": ["a.jsonl" for _ in rows],
    }
    return pl.DataFrame({n: data.get(n, [None] * len(rows)) for n in SPAN}, schema=SPAN)


def batch(records: Sequence[Rec], spans: pl.DataFrame | None = None) -> Batch:
    """One Batch; each distinct pair and resource is written once."""
    pairs: dict[Pair, int] = {}
    resources: dict[str, int] = {}
    codes = [pairs.setdefault(p, len(pairs)) for r in records for p in r.attributes]
    offsets = np.cumsum([0, *(len(r.attributes) for r in records)]).astype(np.int64)
    columns: dict[str, list[Any]] = {
        "record_id": [r.id for r in records],
        "time": [r.time if r.time is not None else r.observed for r in records],
        "timestamp": [r.time for r in records],
        "observed_timestamp": [r.observed for r in records],
        "severity_number": [max(0, 4 * LEVELS.index(r.severity) - 3) for r in records],
        "severity_text": [r.severity.upper() for r in records],
        "severity": [r.severity for r in records],
        "service_name": [r.service for r in records],
        "body": [r.body for r in records],
        "body_type": ["string" for _ in records],
        "trace_id": [r.trace for r in records],
        "session_id": [r.session for r in records],
        "user_id": [r.user for r in records],
        "trace_flags": [1 for _ in records],
        "scope_attributes": ["{}" for _ in records],
        "source": [r.source for r in records],
        "source_position": [r.position for r in records],
        "size_bytes": [len(r.body) for r in records],
    }
    data = {n: columns.get(n, [None] * len(records)) for n in RECORD if n not in ("attributes", "resource")}
    kinds = {n: t if not isinstance(t, pl.Datetime) else pl.Int64() for n, t in RECORD.items() if n in data}
    frame = pl.DataFrame(data, schema=kinds).cast({n: RECORD[n] for n in data})  # type: ignore[arg-type]
    ix = pl.Series("resource_ix", [resources.setdefault(r.resource, len(resources)) for r in records], dtype=pl.UInt32)
    return Batch(
        records=frame.with_columns(ix),
        offsets=offsets,
        codes=np.array(codes, np.uint32),
        pairs=pl.DataFrame([(k, KIND[kind], t) for k, kind, t in pairs], schema=PAIRS, orient="row"),
        resources=pl.DataFrame({"resource": list(resources)}, schema={"resource": pl.String()}),
        spans=spans if spans is not None else pl.DataFrame(schema=SPAN),
    )


class Zoo(list[Rec]):
    """A list that does not print itself."""

    def __repr__(self) -> str:
        return f"<{len(self)} records>"


def zoo(count: int = 400, seed: int = 1) -> Zoo:
    """Records with something of everything."""
    rng = random.Random(seed)
    out = Zoo()
    for i in range(count):
        attributes: list[Pair] = [
            ("http.route", "string", rng.choice(["/", "/cart", "/health"])),
            ("n", "int", str(rng.randrange(6))),
        ]
        if i % 2:
            attributes.append(
                (
                    "dur",
                    "double",
                    rng.choice(["7.0", "0.25", "1e+22", "-0.0", '{"$double":"NaN"}', '{"$double":"Infinity"}']),
                )
            )
        if i % 3 == 0:
            attributes.append(("ok", "bool", rng.choice(["true", "false"])))
        if i % 4 == 0:
            attributes.append(
                (
                    "mixed",
                    *rng.choice(
                        [("int", "7"), ("string", "7"), ("string", "007"), ("double", "7.0"), ("empty", "null")]
                    ),
                )
            )
        if i % 5 == 0:
            attributes.append(("odd", "string", rng.choice(ODD)))
        if i % 7 == 0:
            attributes.append(("http.route", "string", "/again"))
        if i % 11 == 0:
            attributes += [
                ("n", "string", "text now"),
                ("list", "array", '["a",1,null]'),
                ("raw", "bytes", '{"$bytes":"AAE="}'),
            ]
        if i % 13 == 0:
            attributes += [
                (f"rare.{i}", "kvlist", '{"x":{"y":1}}'),
                ("big", "int", str(2**53 + 1)),
                ("", "string", "no key"),
            ]
        if i % 17 == 0:
            attributes += [("env", "string", "override"), ("time", "string", "hidden by the column")]
        resource = {"service.name": f"svc{i % 3}", "env": ["prod", "test"][i % 2], "replicas": i % 4}
        out.append(
            Rec(
                id=rng.getrandbits(64),
                time=None if i % 19 == 0 else T0 + rng.randrange(600) * 1_000_000_000,
                observed=T0 + i if i % 19 == 0 and i % 2 else None,
                severity=rng.choice(LEVELS),
                service=None if i % 23 == 0 else f"svc{i % 3}",
                body=rng.choice(['{"user":{"id":7},"a.b":"x"}', "Timed out after 5s", "started", *ODD]),
                attributes=attributes,
                resource=json.dumps(resource, separators=(",", ":")),
                trace=None if i % 2 else f"{i // 8:032x}",
                source=f"{'ab'[i % 2]}.jsonl",
                position=i,
            )
        )
    return out


def batches(records: Sequence[Rec], size: int = 60) -> Iterator[Batch]:
    for at in range(0, len(records), size):
        yield batch(records[at : at + size])
