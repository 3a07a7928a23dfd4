"""What stands around a record, and what is drawn by lot, against the whole table in Polars."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from lognb.errors import QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.engines.duckdb import DuckDB


def around(frame: pl.DataFrame, at: int, before: int, after: int) -> pl.DataFrame:
    """The rows around the one with an id, those with and without a time apart."""
    timed = frame.filter(pl.col("record_id") == at)["time"].is_not_null()[0]
    rows = frame.filter(pl.col("time").is_not_null() == timed)
    place = rows["record_id"].to_list().index(at)
    return rows[max(0, place - before) : place + after + 1]


@pytest.mark.parametrize(("before", "after"), [(20, 20), (0, 0), (0, 3), (5, 0), (1000, 1000)])
@pytest.mark.parametrize("place", [0, 1, 200, 389, 390, 399])
def test_the_rows_around_one(engine: DuckDB, place: int, before: int, after: int) -> None:
    every = engine.fetch(Query())
    at = every["record_id"][place]
    assert_frame_equal(engine.context(at, before, after), around(every, at, before, after))


@pytest.mark.parametrize(("same", "column"), [("service", "service_name"), ("trace", "trace_id")])
@pytest.mark.parametrize("place", [10, 150, 300])
def test_the_same_service_or_trace(engine: DuckDB, same: str, column: str, place: int) -> None:
    every = engine.fetch(Query())
    having = every.filter(pl.col(column).is_not_null() & pl.col("time").is_not_null())
    at, value = having.row(place % having.height, named=True)["record_id"], having[column][place % having.height]
    expected = around(every.filter(pl.col(column) == value), at, 4, 4)
    assert_frame_equal(engine.context(at, 4, 4, same), expected)


@pytest.mark.parametrize("same", ["session", "node"])
def test_a_record_that_lacks_it_is_told(engine: DuckDB, same: str) -> None:
    at = engine.page(Query(), 1).records["record_id"][0]
    with pytest.raises(QueryError, match=f"record {at} has no .*same='{same}'"):
        engine.context(at, 1, 1, same)


def test_an_unknown_id_and_an_unknown_word_are_told(engine: DuckDB) -> None:
    with pytest.raises(QueryError, match="no record has the id 1;"):
        engine.context(1, 1, 1)
    with pytest.raises(QueryError, match="same='pod' is none of 'service', 'node'"):
        engine.context(engine.page(Query(), 1).records["record_id"][0], 1, 1, "pod")


@pytest.mark.parametrize("text", ["", "severity>=warn", 'severity=info "started"'])
@pytest.mark.parametrize("n", [0, 1, 25, 10_000])
@pytest.mark.parametrize("seed", [0, 7, -3])
def test_the_sample_is_the_smallest_hashes(engine: DuckDB, text: str, n: int, seed: int) -> None:
    every = engine.fetch(Query.parse(text))

    def lot(at: int) -> bytes:
        return hashlib.md5(f"{seed}:{at}".encode(), usedforsecurity=False).digest()

    chosen = sorted(every["record_id"].to_list(), key=lot)[:n]
    assert_frame_equal(engine.sample(Query.parse(text), n, seed), every.filter(pl.col("record_id").is_in(chosen)))


@pytest.mark.parametrize(("before", "after"), [(5, 5), (0, 30), (120, 0), (10_000, 10_000)])
@pytest.mark.parametrize("place", [0, 150, 300])
def test_seconds_around_one(engine: DuckDB, before: int, after: int, place: int) -> None:
    every = engine.fetch(Query())
    at, times = every["record_id"][place], every["time"].dt.timestamp("ns")
    low, high = times[place] - before * 10**9, times[place] + after * 10**9
    # Equal times on the other side of the record are not within 0 s of it.
    expected = every.with_row_index().filter(
        pl.when(pl.col("index") < place).then(times >= low).otherwise(times <= high)
    )
    far = (before * 10**9, after * 10**9)
    assert_frame_equal(engine.context(at, 10_000, 10_000, within=far), expected.drop("index"))
    assert engine.context(at, 1, 2, within=far).height <= 4


def test_seconds_around_a_record_without_a_time_are_told(engine: DuckDB) -> None:
    without = engine.fetch(Query.parse("-time exists"))["record_id"][0]
    with pytest.raises(QueryError, match="no time to count seconds from"):
        engine.context(without, 1, 1, within=(5, None))
