"""A panel says what the operations say, and those what plain SQL says, for any filter state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import plain
import polars as pl
import pytest
from factory import T0, Rec, batches
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import matches
from test_queries import _TREES

from lognb.engines.duckdb import build, masks, pages, ranks
from lognb.errors import FieldError, QueryError
from lognb.query import Query

if TYPE_CHECKING:
    from lognb.engines.base import Panel
    from lognb.engines.duckdb import DuckDB

MINUTE = 60 * 10**9
FACETS = ["severity", "service_name", "env", "http.route", "mixed", "resource.replicas", "ok", "n"]
_BOUNDS = st.one_of(st.none(), st.integers(-30, 630).map(lambda s: T0 + s * 10**9))
_STATES = st.builds(
    lambda trees, since, until: Query(tuple(c for t in trees for c in t.conditions), since, until),
    st.lists(_TREES, max_size=3), _BOUNDS, _BOUNDS,
)  # fmt: skip


def agrees(engine: DuckDB, query: Query, by: str | None, newest: bool) -> Panel:
    panel = engine.panel(query, FACETS, MINUTE, by, limit=7, top=1000, newest=newest, size=True, columns=["record_id"])
    assert panel.count == plain.count(engine, query)
    facets = engine.facets(query, FACETS, top=1000)
    assert panel.facets.equals(facets)
    for field in FACETS:
        rows = facets.filter(pl.col("field") == field)
        expected = plain.facet(engine, query, field)
        assert {v: (n, c) for _, v, n, _, c in rows.rows()} == expected
        assert rows["values"].to_list() == [len(expected.keys() - {None})] * rows.height
    unfolded = engine.volume(query, MINUTE, by, top=1000)
    got = {(b, v): (n, size) for b, v, n, size in unfolded.cast({"bucket": pl.Int64()}).rows()}
    assert got == plain.volume(engine, query, MINUTE, by)
    assert panel.volume.equals(engine.volume(query, MINUTE, by))
    assert panel.page.records["record_id"].to_list() == plain.page(engine, query, newest=newest)[:7]
    return panel


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_STATES, by=st.sampled_from([None, "severity", "http.route", "mixed", "odd"]), newest=st.booleans())
def test_any_filter_state(engine: DuckDB, records: list[Rec], query: Query, by: str | None, newest: bool) -> None:
    panel = agrees(engine, query, by, newest)
    assert panel.count == sum(matches(query, r) for r in records)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_STATES, newest=st.booleans(), limit=st.integers(1, 90))
def test_pages_by_cursor_go_through_all_records(engine: DuckDB, query: Query, newest: bool, limit: int) -> None:
    found: list[int] = []
    cursor, pages = None, 0
    while pages == 0 or cursor is not None:
        page = engine.page(query, limit, newest=newest, columns=["record_id"], after=cursor)
        found += page.records["record_id"].to_list()
        cursor, pages = page.cursor, pages + 1
    assert found == plain.page(engine, query, newest=newest)
    assert pages == len(found) // limit + 1


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    query=_STATES,
    newest=st.booleans(),
    offset=st.integers(0, 430),
    limit=st.integers(0, 90),
    block=st.sampled_from([1, 7, 64]),
)
def test_a_page_by_rank_is_the_page_of_a_walk(
    engine: DuckDB, query: Query, newest: bool, offset: int, limit: int, block: int
) -> None:
    expected = plain.page(engine, query, newest=newest)[offset : offset + limit]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ranks, "BLOCK", block)
        for far in (0, 10**9):
            engine.masks._ranks.clear()
            patch.setattr(pages, "FAR", far)
            page = engine.page(query, limit, offset, newest, ["record_id"])
            assert page.records["record_id"].to_list() == expected
            if page.cursor is not None:
                behind = engine.page(query, 5, newest=newest, columns=["record_id"], after=page.cursor).records
                assert behind["record_id"].to_list() == plain.page(engine, query, newest=newest)[offset + limit :][:5]


def test_the_rows_of_few_queries_are_remembered_by_rank(engine: DuckDB) -> None:
    for n in range(6):
        query = Query.parse(f"n>={n}")
        engine.page(query, 5, pages.FAR)
        assert engine.masks.ranked(query)
        assert (
            engine.page(query, 5, 3, columns=["record_id"]).records["record_id"].to_list()
            == (plain.page(engine, query, newest=False)[3:8])
        )
    assert not engine.masks.ranked(Query.parse("n>=0"))


def test_a_facet_leaves_out_its_own_conditions_and_says_what_they_chose(engine: DuckDB, records: list[Rec]) -> None:
    query = Query.parse("service_name in (svc1, svc2) -service_name=svc2 severity>=warn")
    rows = engine.facets(query, ["service_name"])
    warned = [r for r in records if matches(Query.parse("severity>=warn"), r)]
    services = {r.service for r in warned}
    assert {v: n for _, v, n, _, _ in rows.rows()} == {s: sum(r.service == s for r in warned) for s in services}
    assert rows.filter("chosen")["value"].to_list() == ["svc1"]
    both = engine.facets(Query.parse("(service_name=svc1 OR severity=error)"), ["service_name"])
    assert both["chosen"].all()  # a condition on two fields belongs to neither


def test_a_mask_grows_with_the_window_and_is_the_same(engine: DuckDB) -> None:
    """Known bits are one stretch; whatever the order of the windows, what was known stays right."""
    text = Query.parse('"TIMED" -body:"5s!" n>=2')
    for since, until in ((200, 260), (100, 150), (400, 500), (None, 120), (300, None), (None, None), (10, 20)):
        bounds = [None if s is None else T0 + s * 10**9 for s in (since, until)]
        query = text & Query((), *bounds)
        assert engine.pick(query).count == plain.count(engine, query)


def test_masks_are_forgotten_and_made_again(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(masks, "REMEMBERED", 60)
    for _ in range(2):
        for word in ("timed", "after", "started", "7", "nowhere"):
            query = Query.parse(f'"{word}"')
            assert engine.count(query) == plain.count(engine, query)


def test_a_field_of_too_many_values_is_counted_in_sql(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    query = Query.parse("timed n<4")
    engine.codes._known.clear()
    monkeypatch.setattr("lognb.engines.duckdb.codes.MOST", 1)
    try:
        assert engine.codes["http.route"] is None
        agrees(engine, query, "http.route", newest=True)
    finally:
        engine.codes._known.clear()


def test_bytes_of_a_panel_only_when_asked_for(engine: DuckDB) -> None:
    assert engine.panel(Query(), [], MINUTE).volume["bytes"].null_count() > 0
    assert engine.panel(Query(), [], MINUTE, size=True).volume["bytes"].null_count() == 0


def test_bad_input_is_told(engine: DuckDB) -> None:
    with pytest.raises(FieldError, match="did you mean 'service_name'"):
        engine.panel(Query(), ["servce_name"], MINUTE)
    with pytest.raises(FieldError, match="did you mean 'severity'"):
        engine.panel(Query(), [], MINUTE, "severty")
    with pytest.raises(FieldError):
        engine.panel(Query.parse("servce_name=x"), [], MINUTE)
    for cursor in ("o1", "", "n", "x1", "n-1", "n1 OR 1", "n" + "9" * 40, 7):
        with pytest.raises(QueryError, match="no cursor"):
            engine.page(Query(), 5, newest=True, after=cursor)  # type: ignore[arg-type]


def test_an_empty_page_has_no_cursor_and_the_right_columns(engine: DuckDB) -> None:
    page = engine.panel(Query.parse("body=nowhere"), FACETS, MINUTE).page
    assert page.cursor is None
    assert page.records.schema == engine.fetch(Query()).schema


def test_ids_are_found_by_their_hash(engine: DuckDB, records: list[Rec]) -> None:
    engine.codes._known.clear()
    by_trace = {r.trace for r in records} - {None}
    texts = [f'trace_id="{t}"' for t in (*list(by_trace)[:5], list(by_trace)[7].upper(), "0" * 32, "nonsense")]
    texts += [f"record_id={records[i].id}" for i in (0, 17, 399)]
    texts += ["record_id=7.5", "record_id=-1", "record_id=1e+30", 'record_id="abc"', "user_id=u-1", "span_id!=7"]
    for text in texts:
        for since in (None, T0 + 200 * 10**9):
            query = Query.parse(text) & Query((), since)
            found = engine.fetch(query, columns=["record_id"])["record_id"].to_list()
            assert found == plain.page(engine, query, newest=False), text
            assert engine.pick(query).count == len(found)
            if "trace" in text:
                assert sorted(found) == sorted(r.id for r in records if matches(query, r)), text


def test_an_attribute_that_is_null_does_not_hide_its_resource() -> None:
    values = [[("env", "empty", "null")], [("env", "string", "own")], [], [("env", "string", "null")]]
    records = [Rec(i, T0 + i, attributes=a, resource='{"env":"prod"}') for i, a in enumerate(values)]
    engine = build(None, batches(records))
    for text in ("", "env=prod", "env!=own", "env exists"):
        facets = engine.panel(Query.parse(text), ["env"], MINUTE).facets
        assert {v: (n, c) for _, v, n, _, c in facets.rows()} == plain.facet(engine, Query.parse(text), "env")
    assert engine.pick(Query.parse("env=prod")).count == 2
    engine.close()
