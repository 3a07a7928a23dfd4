"""Bytes, billed bytes and what would be left are those that plain Python counts record by record."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from factory import T0, Rec, batches
from oracle import _value, matches

from lognb.engines.duckdb import DuckDB, build
from lognb.errors import FieldError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterable


def billed(rec: Rec) -> int:
    """The rule, from the record as it was sent; of a repeated key only the last value."""
    attributes = dict(rec.parsed())
    resource = {"service.name": "", **json.loads(rec.resource)}
    texts = {k: json.dumps(v, ensure_ascii=False, separators=(",", ":")) for k, v in resource.items()}
    pairs = [*attributes.items(), *texts.items()]
    return len(rec.body.encode()) + sum(len(k.encode()) + len(v.encode()) for k, v in pairs)


def kept(rec: Rec, n: int) -> bool:
    lot = int.from_bytes(hashlib.md5(str(rec.id).encode()).digest()[8:], "little")
    return lot % n == 0


def sums(recs: Iterable[Rec]) -> tuple[int, int, int]:
    found = list(recs)
    return len(found), sum(len(r.body) for r in found), sum(map(billed, found))


@pytest.mark.parametrize("by", ["service_name", "http.route", "severity", "env", "n"])
def test_bytes_by_any_field(engine: DuckDB, records: list[Rec], by: str) -> None:
    query = Query.parse("n<5")
    chosen = [r for r in records if matches(query, r)]
    frame = engine.usage(query, by, top=100)
    groups: dict[Any, list[Rec]] = {}
    for r in chosen:
        value = _value(by, r)[0]
        groups.setdefault(value if value is None else str(value), []).append(r)
    got = {r["by"]: r for r in frame.iter_rows(named=True)}
    assert got.keys() == groups.keys()
    for value, recs in groups.items():
        row = got[value]
        assert (row["records"], row["bytes"], row["billed_bytes"]) == sums(recs)
        assert (row["records_after"], row["billed_bytes_after"]) == (row["records"], row["billed_bytes"])
        largest = next(r for r in recs if r.id == row["largest_record_id"])
        assert len(largest.body) == row["largest_bytes"] == max(len(r.body) for r in recs)
        assert row["largest_body"] == largest.body[:200]
    assert frame["bytes"].to_list() == sorted(frame["bytes"].to_list(), reverse=True)


def test_the_rest_is_one_row_and_everything_adds_up(engine: DuckDB, records: list[Rec]) -> None:
    frame = engine.usage(Query(), "source_position", top=3)
    assert frame["by"].to_list()[-1] == f"other ({len(records) - 3} more)"
    assert frame.height == 4
    assert tuple(frame.select(pl.col("records", "bytes", "billed_bytes").sum()).row(0)) == sums(records)
    assert frame["largest_bytes"][0] == max(len(r.body) for r in records)


def test_what_would_be_left(engine: DuckDB, records: list[Rec]) -> None:
    drop, chosen = Query.parse("severity<info"), Query.parse("http.route=/health OR n=2")
    frame = engine.usage(Query(), "severity", drop=drop, thin=(3, chosen))
    left = [r for r in records if not matches(drop, r) and (not matches(chosen, r) or kept(r, 3))]
    assert 0 < len(left) < len(records)
    assert frame["records_after"].sum() == len(left)
    assert frame["billed_bytes_after"].sum() == sum(map(billed, left))
    assert frame.filter(pl.col("by").is_in(["trace", "debug"]))["records_after"].sum() == 0
    assert frame["records"].sum() == len(records)


def test_which_are_kept_is_the_same_on_any_machine(engine: DuckDB, records: list[Rec]) -> None:
    frame = engine.usage(Query(), "source_position", top=1000, thin=(5, Query()))
    left = {int(p) for p, n in frame.select("by", "records_after").rows() if n}
    assert left == {r.position for r in records if kept(r, 5)}


def test_a_repeated_key_counts_once_wherever_its_values_are() -> None:
    sent = [
        [("k", "string", "first"), ("k", "string", "last")],
        [("k", "int", "1"), ("k", "string", 'quo"te')],
        [("k", "string", "text"), ("k", "int", "12345")],
        [("rare", "string", "a"), ("rare", "string", "bb"), ("rare", "bool", "true")],
    ]
    made = [Rec(id=i, time=T0 + i, body="é", attributes=a, position=i) for i, a in enumerate(sent * 10)]
    engine = build(None, batches(made), [("digest-a", "a.jsonl")], dict)
    frame = engine.usage(Query(), "source_position", top=100)
    assert dict(frame.select("by", "billed_bytes").rows()) == {str(r.position): billed(r) for r in made}


def test_unknown_fields_are_told(engine: DuckDB) -> None:
    with pytest.raises(FieldError):
        engine.usage(Query(), "servce_name")
    with pytest.raises(FieldError):
        engine.usage(Query(), "severity", drop=Query.parse("servce_name=x"))
    assert engine.usage(Query.parse("body=nowhere"), "severity").height == 0
