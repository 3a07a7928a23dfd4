"""The numbers of a field are those that plain Python takes from the records."""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from factory import T0, Rec, batches
from oracle import _plain, _value, matches

from lognb.engines.duckdb import DuckDB, build
from lognb.errors import FieldError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine

MINUTE = 60 * 10**9
PERCENTILES = (5, 25, 50, 75, 90, 95, 99)
FIELDS = [
    "n", "dur", "mixed", "ok", "big", "replicas", "resource.replicas", "env", "odd", "raw", "list", "body.user.id",
    "body", "service_name", "source_position", "severity", "time", "rare.13",
]  # fmt: skip


def measured(values: Sequence[Any]) -> dict[str, Any]:
    """What is expected of the values that some records have."""
    numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
    finite = [v for v in numbers if math.isfinite(v)]
    out: dict[str, Any] = {
        "records": len(finite),
        "nan": sum(math.isnan(v) for v in numbers),
        "infinite": sum(math.isinf(v) for v in numbers),
        "other": len(values) - len(numbers),
    }
    if not finite:
        return out | dict.fromkeys(("min", "max", "sum", "mean", *(f"p{p}" for p in PERCENTILES)))
    ranked = sorted(finite)
    exact = all(isinstance(v, int) for v in ranked)
    for p in PERCENTILES:
        out[f"p{p}"] = (
            ranked[max(0, -(-len(ranked) * p // 100) - 1)]
            if exact
            else float(np.quantile(np.array(ranked, float), p / 100, method="inverted_cdf"))
        )
    total = sum(ranked) if exact else math.fsum(ranked)
    return out | {"min": ranked[0], "max": ranked[-1], "sum": total, "mean": total / len(ranked)}


def same(row: dict[str, Any], expected: dict[str, Any]) -> None:
    for name, value in expected.items():
        close = name in ("sum", "mean") and isinstance(value, float)
        assert row[name] == (pytest.approx(value, rel=1e-12) if close else value), name


def time(rec: Rec) -> int | None:
    return rec.time if rec.time is not None else rec.observed


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("text", ["", "severity>=warn", "n<3 -timed"])
def test_the_numbers_are_those_of_the_records(engine: DuckDB, records: list[Rec], field: str, text: str) -> None:
    query = Query.parse(text)
    values = [v for r in records if matches(query, r) and (v := _value(field, r)[0]) is not None]
    values = ["a time" for _ in values] if field == "time" else values
    frame = engine.stats(query, field)
    assert frame.height == (1 if values else 0)
    if values:
        same(frame.row(0, named=True), measured(values))
        bins = frame["histogram"][0].to_list()
        assert sum(b["records"] for b in bins) == frame["records"][0]
        finite = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool) and math.isfinite(v)]
        for b in bins:
            assert b["records"] == sum(b["low"] <= float(v) < b["high"] for v in finite)


@pytest.mark.parametrize("field", ["n", "dur", "mixed", "source_position", "replicas"])
@pytest.mark.parametrize("by", [None, "http.route", "severity", "replicas"])
def test_over_time_and_by_value(engine: DuckDB, records: list[Rec], field: str, by: str | None) -> None:
    had = [r for r in records if time(r) is not None and _value(field, r)[0] is not None]
    ranks = Counter(None if by is None else _value(by, r)[0] for r in had)
    best = [v for v, _ in sorted(ranks.items(), key=lambda p: (-p[1], str(p[0])))[:2]]
    frame = engine.stats(Query(), field, MINUTE, by, top=2)
    assert "histogram" not in frame.columns
    groups: dict[tuple[int, Any], list[Any]] = {}
    for r in had:
        value = None if by is None else _value(by, r)[0]
        label = value if value is None or value in best else "other"
        label = label if label is None else str(label)
        groups.setdefault(((time(r) or 0) // MINUTE * MINUTE, label), []).append(_value(field, r)[0])
    rows = {
        (r["bucket"], "other" if str(r.get("by")).startswith("other (") else r.get("by")): r
        for r in frame.with_columns(pl.col("bucket").dt.timestamp("ns")).iter_rows(named=True)
    }
    assert rows.keys() == groups.keys()
    for key, values in groups.items():
        same(rows[key], measured(values))


def only(attributes: list[list[tuple[str, str, str]]]) -> Engine:
    """Records with such attributes, a second apart."""
    made = [Rec(id=i, time=T0 + i * 10**9, attributes=a, source="a.jsonl") for i, a in enumerate(attributes)]
    return build(None, batches(made), [("digest-a", "a.jsonl")], dict)


def test_whole_numbers_keep_every_digit() -> None:
    big = [2**53 + 1, 2**63 - 1, -(2**63), 2**53 + 3]
    engine = only([[("n", "int", str(v))] for v in big])
    row = engine.stats(Query(), "n").row(0, named=True)
    assert (row["min"], row["max"], row["sum"], row["p50"]) == (-(2**63), 2**63 - 1, sum(big), 2**53 + 1)
    assert row["rounded"] == 0
    assert engine.stats(Query(), "record_id")["max"].to_list() == [3]


def test_what_had_to_be_rounded_is_counted() -> None:
    engine = only([[("n", "int", str(2**53 + 1))], [("n", "int", "3")], [("n", "double", "0.5")]])
    row = engine.stats(Query(), "n").row(0, named=True)
    assert (row["min"], row["max"], row["rounded"]) == (0.5, float(2**53), 1)


def test_the_last_of_a_repeated_key_counts() -> None:
    engine = only([[("n", "int", "1"), ("n", "int", "2")], [("n", "int", "7"), ("n", "string", "text")]] * 20)
    row = engine.stats(Query(), "n").row(0, named=True)
    assert (row["records"], row["other"], row["min"], row["max"]) == (20, 20, 2, 2)


def test_values_of_resources_and_bodies(engine: DuckDB, records: list[Rec]) -> None:
    whole = [v for r in records if isinstance(v := _plain(_value("body.user.id", r)[0]), int)]
    assert engine.stats(Query(), "body.user.id")["records"].to_list() == [len(whole)]
    assert engine.stats(Query(), "body.nothing").height == 0


def test_an_unknown_field_is_told(engine: DuckDB) -> None:
    with pytest.raises(FieldError, match="did you mean 'source_position'"):
        engine.stats(Query(), "source_positon")
    with pytest.raises(FieldError):
        engine.stats(Query(), "n", by="no such field")
    assert engine.stats(Query(), "n")["records"].sum()  # nothing is left behind that would stand in the way


def test_an_attribute_that_is_no_number_hides_the_number_of_the_resource() -> None:
    made = [
        Rec(id=i, time=T0 + i, attributes=[("n", "string", "many")] * (i % 2), resource='{"n":3}', source="a.jsonl")
        for i in range(10)
    ]
    engine = build(None, batches(made), [("digest-a", "a.jsonl")], dict)
    row = engine.stats(Query(), "n").row(0, named=True)
    assert (row["records"], row["other"], row["max"]) == (5, 5, 3)
