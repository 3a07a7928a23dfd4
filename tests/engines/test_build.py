"""Large builds go through staged files and buckets; the result is the table that a build in one go makes."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl
import pytest
from factory import T0, Rec, batches, zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from test_round_trip import RECORDS, check, same_attributes

from lognb.engines.duckdb import DuckDB, build
from lognb.engines.duckdb.stage import Limits
from lognb.query import Query

if TYPE_CHECKING:
    from pathlib import Path

TINY = Limits(small=0, held_bytes=0, chunk_rows=32, bucket_rows=48)


def test_staged_and_bucketed_is_the_same_table(tmp_path: Path, records: list[Rec]) -> None:
    small = build(tmp_path / "small.duckdb", batches(records))
    staged = build(tmp_path / "staged.duckdb", batches(records), limits=TINY)
    check(staged, records)
    assert staged.overview == small.overview
    for text in ("n>2", "mixed=7", "http.route=/again", "-dur exists"):
        assert staged.count(Query.parse(text)) == small.count(Query.parse(text))
    assert staged.fields(Query()).sort("field").equals(small.fields(Query()).sort("field"))


def _phases() -> list[Rec]:
    """A key that turns frequent late, one that fades, types that change places, and repeats of all of them."""
    out = []
    for i in range(900):
        rec = Rec(id=i, time=T0 + i, body=f"record {i}")
        if i < 60:
            rec.attributes.append(("fades", "int", str(i)))
            rec.attributes.append(("swaps", "int", str(i)))
        else:
            rec.attributes.append(("late", "string", f'v{i % 5} "q"'))
            rec.attributes.append(("late.double", "double", ["7.0", '{"$double":"NaN"}', "-0.0", "1e+300"][i % 4]))
            rec.attributes.append(("late.bool", "bool", ["true", "false"][i % 2]))
            rec.attributes.append(("swaps", "string", str(i)))
        if i % 7 == 0:
            # Early, a few of what comes to be frequent later, with other types before and after.
            rec.attributes += [("late", "int", "5"), ("late", "string", "early"), ("late.double", "double", "0.5")]
            rec.attributes += [
                ("late.bool", "bool", "true"),
                ("late.int", "int", str(2**53 + i)),
                ("fades", "string", "x"),
            ]
        if i % 14 == 0:
            rec.attributes += [("late", "empty", "null"), ("fades", "int", "-1"), ("late.double", "int", "3")]
        if i > 400:
            rec.attributes.append(("late.int", "int", str(-i)))
        out.append(rec)
    return out


@pytest.mark.parametrize("order", ["in time", "shuffled", "four runs"])
def test_keys_that_turn_frequent_late_or_fade(tmp_path: Path, order: str) -> None:
    records = _phases()
    arriving = list(records)
    if order == "shuffled":
        random.Random(3).shuffle(arriving)
    if order == "four runs":
        arriving = [r for part in range(4) for r in records[part::4]]
    engine = build(tmp_path / "x.duckdb", batches(arriving, 17), limits=TINY)
    check(engine, records)
    flats = {(k, kind) for k, kinds in engine.catalog.flats.items() for kind in kinds}
    assert {
        ("late", "string"),
        ("late.double", "double"),
        ("late.bool", "bool"),
        ("late.int", "int"),
        ("swaps", "string"),
    } <= flats
    for key in ("late", "late.double", "late.bool", "late.int", "fades", "swaps"):
        have = [r.value(key) for r in records]
        assert engine.count(Query.parse(f"{key} exists")) == sum(v is not None for v in have), key
    assert engine.count(Query.parse("late=early")) == sum(r.value("late") == "early" for r in records)
    assert engine.count(Query.parse("late=5")) == 0
    assert engine.count(Query.parse("fades<30")) == sum(
        isinstance(v := r.value("fades"), int) and v < 30 for r in records
    )


@settings(max_examples=25, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 9))
def test_any_records_come_back_from_a_staged_build(
    tmp_path_factory: pytest.TempPathFactory, records: list[Rec], size: int, rows: int
) -> None:
    for i, rec in enumerate(records):
        rec.id = (rec.id & ~0xFF) + i
    limits = Limits(small=0, held_bytes=0, chunk_rows=rows, bucket_rows=rows)
    engine = build(tmp_path_factory.mktemp("staged") / "x.duckdb", batches(records, size), limits=limits)
    check(engine, records)
    engine.close()


@pytest.mark.parametrize("times", ["all equal", "all null", "half null"])
def test_times_that_cannot_part_the_records(tmp_path: Path, times: str) -> None:
    records = [
        Rec(
            id=(i * 7919) % 1000,
            time=None if times == "all null" or (times == "half null" and i % 2) else T0,
            body=str(i),
        )
        for i in range(300)
    ]
    engine = build(tmp_path / "x.duckdb", batches(records), limits=TINY)
    check(engine, records)
    timed = sum(r.time is not None for r in records)
    assert engine.overview["time_ties"] == (timed if timed > 1 else 0)
    assert engine.overview["without_time"] == 300 - timed


def test_names_that_differ_only_in_case_or_are_odd(tmp_path: Path) -> None:
    keys = [
        "Key",
        "key",
        "KEY",
        'a"b',
        "a'b",
        "a|int",
        "a",
        "$p0",
        "%",
        "x\ny",
        "nul\0",
        "ß",
        "ẞ",
        "logs",
        "rowid",
        "time",
    ]
    records = [Rec(id=i, time=T0 + i, attributes=[(k, "string", f"{k}={i}") for k in keys]) for i in range(50)]
    engine = build(tmp_path / "x.duckdb", batches(records), limits=TINY)
    check(engine, records)
    for key in keys:
        name = f"attributes.{key}"
        got = engine.fetch(Query(), columns=[name])[name].to_list()
        assert got == [f"{key}={i}" for i in range(50)], key


def test_many_keys_are_capped_and_kept(tmp_path: Path) -> None:
    records = [Rec(id=i, time=T0 + i, attributes=[(f"k{j}", "int", str(i * j)) for j in range(90)]) for i in range(100)]
    engine = build(tmp_path / "x.duckdb", batches(records), limits=TINY)
    check(engine, records)
    assert len(engine.catalog.flats) == 64
    assert engine.fetch(Query(), columns=["k89"])["k89"].to_list() == [i * 89 for i in range(100)]


def test_numbers_that_their_type_cannot_give_back_stay_as_they_were(tmp_path: Path) -> None:
    texts = ["007", "-0", "1_0", "99999999999999999999", "+5", "5"]
    records = [Rec(id=i, time=i, attributes=[("n", "int", t)]) for i, t in enumerate(texts)]
    engine = build(tmp_path / "x.duckdb", batches(records))
    assert engine.fetch(Query(), columns=["attributes"])["attributes"].to_list() == [f'{{"n":{t}}}' for t in texts]


def test_overview_counts(tmp_path: Path) -> None:
    minute = 60 * 10**9
    records = [
        Rec(id=i, time=T0 + (i // 2) * 10**9, service=f"s{i % 3}", severity="error", session=f"x{i % 4}", trace="a")
        for i in range(100)
    ]
    records += [
        Rec(id=99, time=T0 + 30 * minute, observed=T0 + 31 * minute, service="s0"),
        Rec(id=200),
        Rec(id=201, observed=T0),
    ]
    engine = build(tmp_path / "x.duckdb", batches(records, 30), limits=TINY)
    seen = engine.overview
    assert (seen["records"], seen["first"], seen["last"]) == (103, T0, T0 + 30 * minute)
    assert (seen["without_time"], seen["by_observed_time"], seen["duplicate_record_ids"]) == (1, 1, 1)
    assert seen["time_ties"] == 101
    assert seen["severities"] == {"error": 100, "info": 3}
    assert seen["services"][0] == ["s0", 35]
    assert (seen["services_total"], seen["sessions"], seen["traces"], seen["users"]) == (3, 4, 1, 0)
    assert seen["skew"] == [["s0", 1, minute, minute, minute]]
    assert seen["gaps"] == [[T0 + 49 * 10**9, T0 + 30 * minute]]
    assert sum(n for _, _, n in seen["volume"]["buckets"]) == 102
    assert seen["volume"]["every"] == 30 * 10**9


def test_a_full_size_build(tmp_path: Path) -> None:
    """Above the small limit with the real sizes: files, late keys, aligned buckets."""
    from bulk import bulk

    frames = list(bulk(300_000))
    engine = build(tmp_path / "x.duckdb", frames)
    assert isinstance(engine, DuckDB)
    records = pl.concat(b.records for b in frames)
    got = engine.fetch(Query(), columns=["record_id", "time", "body", "user_id"])
    expected = records.sort("time", maintain_order=True).select("record_id", "time", "body", "user_id")
    assert got.equals(expected)
    pairs = sum(len(b.codes) for b in frames)
    attributes = engine.fetch(Query.parse("time<2026-11-03T09:00:01Z"), columns=["attributes"])
    assert attributes.height
    assert engine.fields(Query()).filter(pl.col("origin") == "attribute")["records"].sum() == pairs
    assert engine.overview["records"] == 300_000


def test_the_zoo_twice_has_only_duplicates(tmp_path: Path) -> None:
    records = zoo(50)
    engine = build(tmp_path / "x.duckdb", batches([*records, *records]), limits=TINY)
    assert engine.overview["duplicate_record_ids"] == 50
    frame = engine.fetch(Query())
    by_id = {r.id: r for r in records}
    assert all(same_attributes(a, by_id[i]) for i, a in frame.select("record_id", "attributes").rows())
