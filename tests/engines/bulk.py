"""Many records at once, made column by column: for builds of full size and for builds that are killed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lognb.schema import KIND, RECORD, SEVERITY, SPAN, TIME, Batch

if TYPE_CHECKING:
    from collections.abc import Iterator

T0 = 1_793_696_400_000_000_000


def bulk(count: int, size: int = 20_000, seed: int = 0) -> Iterator[Batch]:
    """`count` records in near time order with five attributes each; the key "late" begins after half of them."""
    rng = np.random.default_rng(seed)
    for at in range(0, count, size):
        n = min(size, count - at)
        yield _batch(rng, at, n, late=at * 2 >= count)


def _batch(rng: np.random.Generator, at: int, n: int, *, late: bool) -> Batch:
    number = np.arange(at, at + n)
    times = T0 + number * 1_000_000 + rng.integers(0, 5_000_000, n)
    columns = {
        "record_id": pl.Series(rng.integers(0, 2**63, n), dtype=pl.UInt64),
        "time": pl.Series(times).cast(TIME),
        "timestamp": pl.Series(times).cast(TIME),
        "severity": pl.Series(np.resize(["info", "warn", "error"], n), dtype=SEVERITY),
        "service_name": pl.Series([f"svc{i % 40}" for i in number.tolist()]),
        "body": pl.Series([f"request {i} took {i % 977} ms" for i in number.tolist()]),
        "user_id": pl.Series([f"u{i % 5000}" for i in number.tolist()]),
        "source": pl.Series(["bulk"] * n),
        "size_bytes": pl.Series(np.full(n, 200)),
    }
    wanted = {name: kind for name, kind in RECORD.items() if name not in ("attributes", "resource")}
    records = pl.select(
        columns.get(name, pl.repeat(None, n, dtype=kind, eager=True)).alias(name) for name, kind in wanted.items()
    )
    parts = [
        ("route", "string", [f"/r/{i}" for i in range(60)], rng.integers(0, 60, n)),
        ("status", "int", ["200", "404", "500"], rng.integers(0, 3, n)),
        ("took", "double", [repr(float(x)) for x in rng.random(n)], np.arange(n)),
        (f"rare{at // 20_000}", "string", ["x"], np.zeros(n, np.int64)),
        ("late" if late else "early", "bool", ["true", "false"], rng.integers(0, 2, n)),
    ]
    base = np.cumsum([0, *(len(texts) for _, _, texts, _ in parts)])
    codes = np.stack([part[3] + start for part, start in zip(parts, base, strict=False)], 1).reshape(-1)
    pairs = pl.DataFrame(
        {
            "key": [key for key, _, texts, _ in parts for _ in texts],
            "kind": pl.Series([KIND[kind] for _, kind, texts, _ in parts for _ in texts], dtype=pl.UInt8),
            "text": [text for _, _, texts, _ in parts for text in texts],
        }
    )
    return Batch(
        records=records.cast(wanted).with_columns(pl.Series("resource_ix", np.zeros(n), dtype=pl.UInt32)),  # type: ignore[arg-type]
        offsets=np.arange(n + 1) * len(parts),
        codes=codes.astype(np.uint32),
        pairs=pairs,
        resources=pl.DataFrame({"resource": ['{"service.name":"bulk"}']}),
        spans=pl.DataFrame(schema=SPAN),
    )
