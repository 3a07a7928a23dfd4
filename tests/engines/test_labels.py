"""A field that was made after the store was built goes where any other goes, on every engine."""

from __future__ import annotations

import gc
import weakref
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from factory import T0, Rec, batches

from lognb.engines.base import Labels
from lognb.engines.duckdb import build
from lognb.errors import FieldError
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.engines.duckdb import DuckDB

MINUTE = 60 * 10**9
NAMES = ["aa11", "bb22", "cc33"]
TEXTS = ["took <*> ms", "user <*> left", "O'Neil; -- said"]


def of(record_id: int) -> str | None:
    """Which value a record has in these tests: by its id, so that a test in Python knows."""
    return [*NAMES, None][record_id % 4]


@pytest.fixture(autouse=True)
def kind(engine: DuckDB) -> Callable[[int], str | None]:
    def make() -> Labels:
        ids = engine.fetch(Query(), ["record_id"])["record_id"].to_numpy()
        table = pl.DataFrame({"value": NAMES, "text": TEXTS})
        return Labels((ids % 4).astype(np.uint16), table, {"older": "bb22"})

    engine.label("kind", make)
    return of


QUERIES = {
    "kind=aa11": lambda name: name == "aa11",
    "kind!=aa11": lambda name: name != "aa11",
    "-kind=aa11": lambda name: name != "aa11",
    "kind in (aa11, cc33)": lambda name: name in ("aa11", "cc33"),
    "kind exists": lambda name: name is not None,
    "NOT kind exists": lambda name: name is None,
    "kind=older": lambda name: name == "bb22",
    'kind="user <*> left"': lambda name: name == "bb22",
    "kind:took": lambda name: name == "aa11",
    'kind~"^user .* left$"': lambda name: name == "bb22",
    'kind="O\'Neil; -- said"': lambda name: name == "cc33",
    "kind=none": lambda name: False,
    "kind=7": lambda name: False,
    "kind>=bb22": lambda name: name is not None and name >= "bb22",
}


@pytest.mark.parametrize("text", QUERIES)
def test_conditions(engine: DuckDB, records: list[Rec], text: str) -> None:
    query, meant = Query.parse(text), QUERIES[text]
    expected = sorted(r.id for r in records if meant(of(r.id)))
    assert engine.count(query) == len(expected)
    assert sorted(engine.fetch(query, ["record_id"])["record_id"].to_list()) == expected
    assert engine.panel(query, ["kind"], MINUTE).count == len(expected)
    assert sorted(engine.sql(query, "SELECT record_id FROM logs")["record_id"].to_list()) == expected


def test_with_other_conditions(engine: DuckDB, records: list[Rec]) -> None:
    query = Query.parse("severity=error (kind=aa11 OR -kind exists)")
    expected = sorted(r.id for r in records if r.severity == "error" and of(r.id) in ("aa11", None))
    assert sorted(engine.fetch(query, ["record_id"])["record_id"].to_list()) == expected


def test_columns_facets_volume_and_sql(engine: DuckDB, records: list[Rec]) -> None:
    frame = engine.fetch(Query(), ["record_id", "kind"])
    assert [of(i) for i in frame["record_id"]] == frame["kind"].to_list()
    page = engine.page(Query(), 20, newest=True, columns=["record_id", "kind"]).records
    assert [of(i) for i in page["record_id"]] == page["kind"].to_list()
    counts = {name: sum(of(r.id) == name for r in records) for name in (*NAMES, None)}
    facet = engine.facets(Query(), ["kind"])
    assert dict(facet.select("value", "records").iter_rows()) == counts
    assert engine.panel(Query(), ["kind"], MINUTE, by="kind").facets.equals(facet)
    chosen = engine.panel(Query.parse("kind=aa11"), ["kind"], MINUTE).facets
    assert chosen.equals(engine.facets(Query.parse("kind=aa11"), ["kind"]))
    assert chosen.filter(pl.col("chosen"))["value"].to_list() == ["aa11"]
    volume = engine.volume(Query(), MINUTE, "kind")
    assert volume.equals(engine.panel(Query(), [], MINUTE, by="kind", size=True).volume)
    timed = [r for r in records if (r.time if r.time is not None else r.observed) is not None]
    assert volume.filter(pl.col("by") == "aa11")["records"].sum() == sum(of(r.id) == "aa11" for r in timed)
    found = engine.sql(Query(), 'SELECT "kind" AS k, count(*) AS n FROM logs GROUP BY 1')
    assert dict(found.iter_rows()) == counts
    usage = engine.usage(Query(), "kind")
    assert dict(usage.select("by", "records").iter_rows()) == counts


def test_a_profile_is_what_the_records_say(engine: DuckDB, records: list[Rec]) -> None:
    for text, since in (("", None), ("severity>=info", T0 + 5 * MINUTE)):
        query = Query(Query.parse(text).conditions, since)
        frame = engine.fetch(query, ["record_id", "time", "severity", "service_name", "session", "size_bytes"])
        frame = frame.with_columns(pl.Series("kind", [of(i) for i in frame["record_id"]], pl.String))
        profile = engine.profile("kind", query, MINUTE, 5)
        assert profile["code"].to_list() == sorted(NAMES.index(n) for n in frame["kind"].unique() if n is not None)
        for row in profile.iter_rows(named=True):
            part = frame.filter(pl.col("kind") == NAMES[row["code"]])
            timed = part.filter(pl.col("time").is_not_null())
            assert (row["records"], row["bytes"]) == (part.height, part["size_bytes"].sum())
            assert (row["first"], row["last"]) == (timed["time"].min(), timed["time"].max())
            severities = {c["value"]: c["records"] for c in row["severities"]}
            assert severities == dict(part["severity"].cast(pl.String).value_counts().iter_rows())
            services = part["service_name"].drop_nulls()
            assert {c["value"]: c["records"] for c in row["services"]} == dict(services.value_counts().iter_rows())
            assert (row["sessions"], row["users"]) == (part["session"].drop_nulls().n_unique(), 0)
            assert sum(row["trend"]) == timed.height
            lowest = part.sort("record_id")["record_id"].head(5).to_list()
            assert sorted(engine.take(np.array(row["sample"]), ["record_id"])["record_id"].to_list()) == lowest
            before = [r for r in records if r.time is not None and since is not None and r.time < since]
            assert row["earlier"] == (any(of(r.id) == NAMES[row["code"]] for r in before) if before else None)


def test_no_records(engine: DuckDB) -> None:
    assert engine.profile("kind", Query.parse("severity=fatal body=none"), MINUTE, 5).height == 0


def test_it_is_among_the_fields_and_an_unknown_one_is_said(engine: DuckDB) -> None:
    assert "kind" in engine.field_names()
    with pytest.raises(FieldError, match="did you mean 'kind'"):
        engine.count(Query.parse("kinds=1"))


def test_it_is_made_once_and_only_when_asked() -> None:
    made = []

    def make() -> Labels:
        made.append(1)
        return Labels(np.zeros(1, np.uint8), pl.DataFrame({"value": ["a"], "text": ["b"]}), {})

    engine = build(None, batches([Rec(1, T0)]))
    engine.label("kind", make)
    assert engine.count(Query.parse("severity=info")) == 1
    engine.check(Query.parse("kind exists"))
    assert engine.dtypes(["kind"]) == {"kind": pl.String()}
    assert made == []
    assert engine.count(Query.parse("kind=a")) == engine.count(Query.parse("kind=b")) == 1
    assert made == [1]
    engine.close()


def test_an_engine_ends_with_its_last_name() -> None:
    engine = build(None, batches([Rec(1, T0)]))
    engine.label("kind", lambda: Labels(np.zeros(1, np.uint8), pl.DataFrame({"value": ["a"], "text": ["b"]}), {}))
    assert engine.count(Query.parse("kind=a")) == 1
    ended = weakref.ref(engine)
    del engine
    gc.collect()
    assert ended() is None
