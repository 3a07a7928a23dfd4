"""What goes into the store comes out of it, whatever the values, the batches and the place."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
from factory import Rec, batch, batches
from hypothesis import given, settings
from hypothesis import strategies as st

from lognb.engines.duckdb import build, scan_parquet
from lognb.query import Query
from lognb.schema import RECORD

if TYPE_CHECKING:
    from lognb.engines.duckdb import DuckDB


class Pairs(list[Any]):
    """A JSON object with its repeated keys."""


def decode(text: str) -> Pairs:
    found = json.loads(text, object_pairs_hook=Pairs)
    assert isinstance(found, Pairs)
    return found


def same_attributes(got: str, rec: Rec) -> bool:
    """All pairs are there, typed; of each key in the order sent."""
    pairs, expected = decode(got), decode("{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in rec.parsed()) + "}")
    keys = {k for k, _ in expected}
    return len(pairs) == len(expected) and all(
        [repr(v) for k, v in pairs if k == key] == [repr(v) for k, v in expected if k == key] for key in keys
    )


def check(engine: DuckDB, records: list[Rec]) -> None:
    frame = engine.fetch(Query())
    assert dict(frame.schema) == RECORD
    order = sorted(records, key=lambda r: (_time(r) is None, _time(r) or 0))  # of equal times, as they came
    assert frame["record_id"].to_list() == [r.id for r in order]
    assert frame["time"].cast(pl.Int64).to_list() == [_time(r) for r in order]
    for column, attribute in (
        ("body", "body"),
        ("source", "source"),
        ("resource", "resource"),
        ("severity", "severity"),
    ):
        assert frame[column].to_list() == [getattr(r, attribute) for r in order], column
    assert all(same_attributes(text, rec) for text, rec in zip(frame["attributes"], order, strict=True))


def _time(rec: Rec) -> int | None:
    return rec.time if rec.time is not None else rec.observed


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
KEYS = st.one_of(st.sampled_from(["a", "A", "b", "time", 'q"k', "a|string", "a|int", "", "x y", "é", "nul\0"]), TEXT)
INTS = st.one_of(st.integers(-(2**63), 2**63 - 1), st.sampled_from([2**53 + 1, -(2**63), 7]))
DOUBLES = st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([7.0, -0.0, 5e-324, 1e22]))
SPECIAL = st.sampled_from(["NaN", "Infinity", "-Infinity"]).map(lambda s: f'{{"$double":"{s}"}}')
PAIRS = st.one_of(
    st.tuples(
        KEYS,
        st.just("string"),
        st.one_of(TEXT, st.sampled_from(["007", "7", "true", "null", '"', '{"$double":"NaN"}'])),
    ),
    st.tuples(KEYS, st.just("int"), INTS.map(str)),
    st.tuples(KEYS, st.just("double"), st.one_of(DOUBLES.map(repr), SPECIAL)),
    st.tuples(KEYS, st.just("bool"), st.sampled_from(["true", "false"])),
    st.tuples(KEYS, st.just("empty"), st.just("null")),
    st.tuples(KEYS, st.just("array"), st.lists(TEXT, max_size=3).map(lambda v: json.dumps(v, ensure_ascii=False))),
    st.tuples(KEYS, st.just("bytes"), st.just('{"$bytes":"AAE="}')),
    st.tuples(KEYS, st.just("kvlist"), st.just('{"k":{"k":1,"k":"2"}}')),
)
RECORDS = st.builds(
    Rec,
    id=st.integers(0, 2**64 - 1),
    time=st.one_of(st.none(), st.integers(0, 5), st.integers(1, 2**63 - 1)),
    body=TEXT,
    severity=st.sampled_from(["unspecified", "info", "fatal"]),
    attributes=st.lists(PAIRS, max_size=6),
    resource=st.sampled_from(["{}", '{"a":1,"a":"2"}', '{"é":"x"}']),
    source=st.sampled_from(["a.jsonl", "b.jsonl"]),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(RECORDS, min_size=1, max_size=12), st.integers(1, 12))
def test_any_records_come_back(records: list[Rec], size: int) -> None:
    for i, rec in enumerate(records):
        rec.id = (rec.id & ~0xFF) + i
    with tempfile.TemporaryDirectory() as folder:
        engine = build(Path(folder) / "x.duckdb", batches(records, size))
        check(engine, records)
        engine.write_parquet(Path(folder) / "parquet", Query())
        frame = engine.fetch(Query())
        engine.close()
        again = scan_parquet(Path(folder) / "parquet")
        check(again, records)
        assert again.fetch(Query()).equals(frame)
        again.close()


def test_the_zoo_comes_back(engine: DuckDB, records: list[Rec]) -> None:
    check(engine, records)


def test_typed_columns(engine: DuckDB, records: list[Rec]) -> None:
    columns = ["record_id", "dur", "ok", "mixed", "replicas", "big", "attributes.env", "body.user.id", "n"]
    frame = engine.fetch(Query(), columns=columns)
    types = dict(zip(columns[1:], list(frame.schema.values())[1:], strict=True))
    assert types == {
        "dur": pl.Float64, "ok": pl.Boolean, "mixed": pl.String, "replicas": pl.Int64, "big": pl.Int64,
        "attributes.env": pl.String, "body.user.id": pl.String, "n": pl.String,
    }  # fmt: skip
    by_id = {r.id: r for r in records}
    for row in frame.iter_rows(named=True):
        rec = by_id[row["record_id"]]
        assert row["ok"] == rec.value("ok")
        assert row["big"] == rec.value("big")
        assert row["replicas"] == rec.value("replicas")
        assert row["n"] == str(rec.value("n"))


def test_no_records_at_all(tmp_path: Path) -> None:
    engine = build(tmp_path / "x.duckdb", [batch([])])
    assert engine.count(Query()) == 0
    assert engine.fetch(Query()).schema == RECORD
    assert engine.overview["first"] is None
    assert engine.fields(Query()).is_empty()
    assert engine.volume(Query(), 10**9, "severity").is_empty()
    engine.write_parquet(tmp_path / "p", Query())
    assert scan_parquet(tmp_path / "p").count(Query()) == 0
    engine.close()
