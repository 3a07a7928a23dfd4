"""`session` and `joined_by`: what a record gets from its trace, against plain Python, wherever a field can stand."""

from __future__ import annotations

import random
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from factory import T0, Rec, batch, spans
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle import link, matches

from lognb.engines.duckdb import DuckDB, build, open_store, scan_parquet
from lognb.engines.duckdb.stage import Limits
from lognb.query import Query
from lognb.schema import FIELDS, JOINED, RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lognb.schema import Batch

TINY = Limits(small=0, held_bytes=0, chunk_rows=32, bucket_rows=48)
HOSTILE = ["s-1", "S-1", "' OR 1=1 --", '"', "007", "true", "<b>", "\0", "😀", "s" * 300]
COUNTED = ("session", "joined_by", "session_id")


def _trace(i: int) -> str:
    return f"{i:032x}"


def world(count: int = 600, seed: int = 4) -> tuple[list[Rec], list[tuple[str, str | None]]]:
    """Traces with no session, with one said by some records, by spans alone, and with two."""
    rng = random.Random(seed)
    home = {i: rng.choice([[], HOSTILE[:1], [rng.choice(HOSTILE)], rng.sample(HOSTILE, 2)]) for i in range(60)}
    records = []
    for i in range(count):
        trace = rng.choice([None, *range(60)])
        said = home[trace] if trace is not None else [rng.choice(HOSTILE)]
        session = rng.choice(said) if said and rng.random() < 0.2 else None
        time = None if i % 37 == 0 else T0 + rng.randrange(200) * 10**9
        name = None if trace is None else _trace(trace)
        records.append(Rec(i + 1, time=time, trace=name, session=session, body=f"said {i}", position=i))
    only = [(_trace(t), said[0]) for t, said in home.items() if len(said) == 1 and t % 3 == 0]
    known = [*only, *((_trace(t), None) for t in range(70))]
    link(records, known)
    return records, known


def fed(records: list[Rec], known: list[tuple[str, str | None]], size: int = 50) -> Iterator[Batch]:
    """Spans come last, after records that they alone join."""
    for at in range(0, len(records), size):
        yield batch(records[at : at + size])
    yield batch([], spans(known))


RECORDS, SPANS = world()


@pytest.fixture(scope="module", params=["memory", "file", "staged", "parquet"])
def joined(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    folder = tmp_path_factory.mktemp("joined")
    path = None if request.param == "memory" else folder / "x.duckdb"
    limits = TINY if request.param == "staged" else Limits()
    engine = build(path, fed(RECORDS, SPANS), [("d", "a.jsonl")], limits=limits)
    if request.param == "parquet":
        engine.write_parquet(folder / "parquet", Query())
        engine.close()
        engine = scan_parquet(folder / "parquet")
    yield engine
    engine.close()


def test_each_record_has_the_session_of_its_trace(joined: DuckDB) -> None:
    found = joined.fetch(Query(), ["record_id", *JOINED])
    assert {r: (s, by) for r, s, by in found.rows()} == {r.id: r.linked for r in RECORDS}
    assert {by for _, by in (r.linked for r in RECORDS)} == {"session id", "trace", None}
    assert joined.overview["sessions"] == len({r.linked[0] for r in RECORDS} - {None})
    assert joined.overview["joined_by_trace"] == sum(r.linked[1] == "trace" for r in RECORDS)


def test_the_order_of_the_table_is_kept(joined: DuckDB) -> None:
    timed = sorted((r for r in RECORDS if r.time is not None), key=lambda r: r.time or 0)
    expected = [r.id for r in timed] + [r.id for r in RECORDS if r.time is None]
    assert joined.fetch(Query(), ["record_id"])["record_id"].to_list() == expected


def test_columns_of_a_record_stay_as_they_were(joined: DuckDB) -> None:
    assert joined.fetch(Query()).schema == RECORD
    assert joined.field_names()[: len(FIELDS)] == list(FIELDS)


@pytest.mark.parametrize(
    "text",
    [
        "session=s-1", "session!=s-1", "session exists", "-session exists", "session:OR", 'session~"^s"', "session=007",
        "session=true", 'session="\' OR 1=1 --"', 'session in (s-1, S-1)', "session<b", "session=nobody",
        "joined_by=trace", 'joined_by="session id"', "-joined_by exists", "joined_by!=trace", 'joined_by:"session"',
        "joined_by=trace said OR session=s-1", "-(session=s-1 joined_by=trace)",
    ],
)  # fmt: skip
def test_queries_take_them_as_columns(joined: DuckDB, text: str) -> None:
    query = Query.parse(text)
    expected = Counter(r.id for r in RECORDS if matches(query, r))
    for _ in range(2):  # the second time by what the first has kept
        assert Counter(joined.fetch(query, ["record_id"])["record_id"].to_list()) == expected
        assert joined.count(query) == expected.total()
        panel = joined.panel(query, COUNTED, 10**10, "joined_by")
        assert panel.count == expected.total()


def test_facets_and_volume_count_them(joined: DuckDB) -> None:
    panel = joined.panel(Query(), COUNTED, 10**10, "joined_by", top=50)
    plain = joined.facets(Query(), COUNTED, top=50)
    for frame in (panel.facets, plain):
        for field, at in (("session", 0), ("joined_by", 1)):
            counted = dict(frame.filter(pl.col("field") == field).select("value", "records").iter_rows())
            assert counted == Counter(r.linked[at] for r in RECORDS)
    by = panel.volume.group_by("by").agg(pl.col("records").sum())
    assert dict(by.iter_rows()) == Counter(r.linked[1] for r in RECORDS if r.time is not None)
    assert {"session", "joined_by"} < set(joined.fields(Query())["field"])


def test_sql_has_them_on_records_and_on_spans(joined: DuckDB) -> None:
    found = joined.sql(Query(), "SELECT record_id, session, joined_by FROM logs")
    assert {r: (s, by) for r, s, by in found.rows()} == {r.id: r.linked for r in RECORDS}
    other = [Rec(i, trace=trace, session=session) for i, (trace, session) in enumerate(SPANS)]
    link([*other, *(Rec(0, trace=r.trace, session=r.session) for r in RECORDS)])
    got = joined.sql(Query(), "SELECT trace_id, session_id, session, joined_by FROM spans")
    assert Counter(got.rows()) == Counter((r.trace, r.session, *r.linked) for r in other)


def test_the_same_session_around_a_record_is_the_joined_one(joined: DuckDB) -> None:
    at = next(r for r in RECORDS if r.linked[1] == "trace" and r.time is not None)
    near = joined.context(at.id, 1000, 1000, "session")
    wanted = {r.id for r in RECORDS if r.linked[0] == at.linked[0] and r.time is not None}
    assert set(near["record_id"]) == wanted


_IDS = st.one_of(st.none(), st.sampled_from(["a", "b", "c"]))
_TRACES = st.one_of(st.none(), st.sampled_from([_trace(i) for i in range(1, 5)]))
_SPANS = st.lists(st.tuples(st.sampled_from([_trace(i) for i in range(1, 6)]), _IDS), max_size=6)


@settings(max_examples=60, deadline=None)
@given(parts=st.lists(st.tuples(_TRACES, _IDS), min_size=1, max_size=25), known=_SPANS)
def test_any_traces_and_sessions(
    parts: list[tuple[str | None, str | None]], known: list[tuple[str, str | None]]
) -> None:
    records = [Rec(i + 1, time=T0 + i, trace=trace, session=session) for i, (trace, session) in enumerate(parts)]
    link(records, known)
    engine = build(None, fed(records, known, 4))
    found = engine.fetch(Query(), ["record_id", *JOINED])
    assert found.rows() == [(r.id, *r.linked) for r in records]
    engine.close()


def test_an_export_of_a_part_keeps_what_the_whole_had_joined(tmp_path: Path) -> None:
    records = [Rec(1, T0, trace=_trace(1), session="s"), Rec(2, T0 + 1, trace=_trace(1), service="backend")]
    engine = build(None, iter([batch(records)]), [("d", "a.jsonl")])
    engine.write_parquet(tmp_path / "part", Query.parse("service_name=backend"))
    engine.close()
    part = scan_parquet(tmp_path / "part")
    assert part.fetch(Query(), ["record_id", *JOINED]).rows() == [(2, "s", "trace")]
    assert part.overview["sessions"] == 1
    part.close()


def test_a_store_that_is_opened_again_has_them(tmp_path: Path) -> None:
    build(tmp_path / "x.duckdb", fed(RECORDS, SPANS)).close()
    engine = open_store(tmp_path / "x.duckdb")
    assert engine is not None
    assert engine.count(Query.parse("joined_by=trace")) == sum(r.linked[1] == "trace" for r in RECORDS)
    engine.close()


def test_an_attribute_of_that_name_has_its_exact_name() -> None:
    engine = build(None, iter([batch([Rec(1, T0, attributes=[("session", "string", "theirs")], session="ours")])]))
    for text, count in (("session=ours", 1), ("session=theirs", 0), ("attributes.session=theirs", 1)):
        assert engine.count(Query.parse(text)) == count
    engine.close()
