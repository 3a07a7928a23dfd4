"""The engine picks the records that the query's logic picks in plain Python."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from factory import T0
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from oracle import _value, matches

from lognb.engines.duckdb import values
from lognb.engines.duckdb.connect import Params
from lognb.errors import FieldError, QueryError
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from factory import Rec

    from lognb.engines.duckdb import DuckDB

QUERIES = [
    "",
    "severity>=warn",
    "severity<info",
    "severity=unspecified",
    "-severity>=warn",
    "severity>unspecified",
    'severity in (error, "fatal")',
    "severity~^(err|fat)",
    "service_name=svc1",
    "service_name!=svc1",
    "-service_name exists",
    "timed",
    "TIMED out",
    '"timed out"',
    "-timed",
    'body=""',
    "body~^s.*d$",
    'body:"\\\\"',
    "naïve Ä",
    '"DROP TABLE"',
    '"\\""',
    "n=3",
    "n>2",
    "n>=2.5",
    "n<=2.5",
    "n=2.5",
    "n!=3",
    'n="text now"',
    'n="3"',
    "n:now",
    "n~NOW",
    "n exists",
    "-n exists",
    "dur=7",
    "dur=7.0",
    "dur>1",
    "dur<1",
    "dur>1e+30",
    "dur>=1e+22",
    "dur!=7",
    "dur=0",
    "-dur>1",
    "dur>1e+999",
    "mixed=7",
    'mixed="7"',
    'mixed="007"',
    "mixed=007",
    "mixed exists",
    "mixed!=7",
    "mixed>6",
    "mixed in (7, 007)",
    'mixed>"0"',
    "ok=true",
    "ok=false",
    "ok!=true",
    'ok="true"',
    "ok exists",
    "-ok=true",
    'odd=""',
    "odd exists",
    'odd="true"',
    "odd=true",
    'odd="7"',
    'odd:"\\""',
    'odd:"\\\\"',
    'odd="a\\"b"',
    'odd="x\'; DROP TABLE logs; --"',
    "http.route=/again",
    "http.route=/health",
    "-http.route=/",
    "http.route:AGAIN",
    "big=9007199254740993",
    "big=9007199254740992",
    "big>9007199254740992",
    "big>9007199254740992.5",
    "big exists",
    "big<1e+30",
    "big>-1e+999",
    "env=prod",
    "env=override",
    "env!=prod",
    "attributes.env exists",
    "attributes.env=prod",
    "resource.env=prod",
    "env exists",
    "replicas=2",
    "replicas>=2",
    "resource.replicas<1.5",
    '-replicas="2"',
    "service.name=svc2",
    "list exists",
    'list="a"',
    "raw exists",
    "rare.13 exists",
    "-rare.13 exists",
    "time=2026-11-03T09:00:10Z",
    "-time<2026-11-03T09:05:00Z",
    "time exists",
    "-time exists",
    "time>=2026-11-03T09:01:00Z time<2026-11-03T09:02:00Z",
    "time>=2026-11-03T09:01:00Z severity>=warn",
    "source=a.jsonl",
    "source:B.",
    "source!=a.jsonl",
    "source_position<10",
    "source_position=3.5",
    "source_position>=390.5",
    'source_position="3"',
    "body.user.id=7",
    'body.user.id="7"',
    "body.a.b=x",
    "body.a.b exists",
    "-body.a.b exists",
    "body.nothing exists",
    "timed OR started",
    "severity=error OR n=3 OR ok=true",
    "(timed OR started) -n=3",
    "-(timed OR n=3)",
    "-(ok=true n=3)",
    "-(ok=true OR -(n=3 mixed exists))",
    "trace_id=00000000000000000000000000000002",
    "attributes.time exists",
]


@pytest.mark.parametrize("text", QUERIES)
def test_the_engine_picks_what_the_logic_picks(engine: DuckDB, records: list[Rec], text: str) -> None:
    query = Query.parse(text)
    expected = Counter(r.id for r in records if matches(query, r))
    found = engine.fetch(query, columns=["record_id"])["record_id"].to_list()
    assert Counter(found) == expected
    assert engine.count(query) == expected.total()
    assert engine.count(~query) == len(records) - expected.total()


_FIELDS = [
    "n",
    "dur",
    "mixed",
    "ok",
    "odd",
    "env",
    "replicas",
    "http.route",
    "body",
    "service_name",
    "big",
    "body.user.id",
]
_VALUES = st.one_of(
    st.sampled_from(["7", "007", "", "true", "prod", "/", "svc1", "text now"]), st.integers(-3, 9), st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=32),
)  # fmt: skip
_CONDITIONS = st.one_of(
    st.builds(Condition, st.sampled_from(_FIELDS), st.sampled_from(["=", "!=", "<", "<=", ">", ">="]), _VALUES),
    st.builds(Condition, st.sampled_from(_FIELDS), st.just(":"), st.sampled_from(["7", "e", "A", '"', "%", "_"])),
    st.builds(Condition, st.sampled_from(_FIELDS), st.just("exists")),
    st.builds(Condition, st.sampled_from(_FIELDS), st.just("in"), st.tuples(_VALUES, _VALUES)),
)
_BASE = st.builds(lambda c: Query((c,)), _CONDITIONS)
_TREES = st.recursive(
    _BASE,
    lambda q: st.one_of(st.builds(lambda a, b: a & b, q, q), st.builds(lambda a, b: a | b, q, q), q.map(lambda a: ~a)),
    max_leaves=5,
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(query=_TREES)
def test_any_combination_picks_what_the_logic_picks(engine: DuckDB, records: list[Rec], query: Query) -> None:
    assert Query.parse(str(query)) == query
    found = engine.fetch(query, columns=["record_id"])["record_id"].to_list()
    assert Counter(found) == Counter(r.id for r in records if matches(query, r))


def test_unknown_fields_offer_the_nearest(engine: DuckDB) -> None:
    for ask in (
        lambda: engine.count(Query.parse("servce_name=x")),
        lambda: engine.fetch(Query(), columns=["servce_name"]),
        lambda: engine.facets(Query(), ["servce_name"]),
        lambda: engine.volume(Query(), 10**9, "servce_name"),
    ):
        with pytest.raises(FieldError, match="did you mean 'service_name'"):
            ask()
    with pytest.raises(FieldError):
        engine.count(Query.parse("attributes.replicas exists"))


def test_what_cannot_be_compared_is_a_query_error(engine: DuckDB) -> None:
    for text in (
        "severity>=eror_",
        "time>=yesterday",
        "time:2026",
        'body~"(unclosed"',
        'odd~"[z-a]"',
        'resource.env~"(x"',
    ):
        with pytest.raises(QueryError):
            engine.count(Query.parse(text))


def test_facets_count_each_value_and_what_lacks_it(engine: DuckDB, records: list[Rec]) -> None:
    query = Query.parse("n<4")
    chosen = [r for r in records if matches(query, r)]
    frame = engine.facets(query, ["service_name", "env", "replicas"], top=2)
    for field in ("service_name", "env", "replicas"):
        count = Counter(_value(field, r)[0] for r in chosen)
        ranked = sorted(((v, n) for v, n in count.items() if v is not None), key=lambda p: (-p[1], str(p[0])))
        expected: list[tuple[Any, ...]] = [(str(v), n, len(ranked)) for v, n in ranked[:2]]
        expected += [(None, count[None], len(ranked))] * bool(count[None])
        got = frame.filter(pl.col("field") == field).select("value", "records", "values").rows()
        assert sorted(got, key=str) == sorted(expected, key=str)
        assert [r[1] for r in got] == sorted((r[1] for r in got), reverse=True)


def test_a_facet_of_several_types_keeps_text_and_numbers_apart(engine: DuckDB, records: list[Rec]) -> None:
    got = engine.facets(Query.parse("mixed exists"), ["mixed"], own=True)
    values = set(got["value"].to_list())
    assert values == {"7", '"7"', '"007"', "7.0"} or values == {"7", '"7"', "007", "7.0"}
    for value, count in got.select("value", "records").rows():
        if value != "7.0":
            same = engine.count(Query.parse(f"mixed={value}"))
            assert same == count + (got.filter(value="7.0")["records"].sum() if value == "7" else 0)


def test_volume_counts_in_buckets_and_folds_the_tail(engine: DuckDB, records: list[Rec]) -> None:
    every = 60 * 10**9
    frame = engine.volume(Query(), every, "http.route", top=2)
    expected: Counter[tuple[int, Any]] = Counter()
    total = Counter(_value("http.route", r)[0] for r in records if r.time or r.observed)
    best = {v for v, _ in sorted(total.items(), key=lambda p: (-p[1], str(p[0])))[:2]}
    for r in records:
        at = r.time if r.time is not None else r.observed
        if at is not None:
            value = _value("http.route", r)[0]
            expected[at // every * every, value if value in best else f"other ({len(total) - 2} more)"] += 1
    got = {(b, v): n for b, v, n, _ in frame.cast({"bucket": pl.Int64()}).rows()}
    assert got == dict(expected)
    assert frame.schema == {
        "bucket": pl.Datetime("ns", "UTC"),
        "by": pl.String,
        "records": pl.UInt64,
        "bytes": pl.Int64,
    }
    assert engine.volume(Query(), every, None)["records"].sum() == sum(expected.values())


def test_pages_go_through_all_records_in_time_order(engine: DuckDB, records: list[Rec]) -> None:
    query = Query.parse("n exists")
    all_ids = engine.fetch(query, columns=["record_id", "time"])
    times = all_ids["time"].to_list()
    assert times == sorted(t for t in times if t is not None) + [None] * times.count(None)
    paged = pl.concat([engine.page(query, 37, offset=at, columns=["record_id"]).records for at in range(0, 400, 37)])
    assert paged["record_id"].to_list() == all_ids["record_id"].to_list()
    timed = all_ids.filter(pl.col("time").is_not_null())["record_id"].to_list()
    newest = engine.page(query, 400, newest=True, columns=["record_id"]).records["record_id"].to_list()
    assert newest[: len(timed)] == timed[::-1]
    assert set(newest[len(timed) :]) == set(all_ids["record_id"].to_list()) - set(timed)
    assert engine.page(query, 5, offset=10_000).records.height == 0
    assert engine.page(Query.parse("body=nowhere"), 5).records.schema == engine.fetch(Query()).schema


def test_batches_are_the_fetch_in_pieces(engine: DuckDB) -> None:
    query = Query.parse("severity>=info")
    pieces = list(engine.batches(query, rows=50))
    assert max(map(len, pieces)) <= 50
    assert pl.concat(pieces).equals(engine.fetch(query))


def test_fields_say_how_many_records_and_values(engine: DuckDB, records: list[Rec]) -> None:
    query = Query.parse("severity>=info")
    chosen = [r for r in records if matches(query, r)]
    rows = {r[0]: r[1:] for r in engine.fields(query).rows()}
    for key, origin in (
        ("http.route", "attribute"),
        ("dur", "attribute"),
        ("mixed", "attribute"),
        ("replicas", "resource"),
    ):
        found = [(rec.value(key)) for rec in chosen]
        found = [v for v in found if v is not None]
        # 7 and 7.0 are two values of two types.
        assert rows[key][:3] == (origin, len(found), len({repr(v) for v in found})), key
    assert rows["severity"][:2] == ("column", len(chosen))
    assert rows["mixed"][3] == "string, int, double"
    assert rows["n"][3] == "string, int"
    assert rows["resource.env"][0] == "resource"
    assert "attributes.time" in rows
    assert {"user_id", "event_name"}.isdisjoint(rows)


def test_window_and_count(engine: DuckDB, records: list[Rec]) -> None:
    times = [t for r in records if (t := r.time if r.time is not None else r.observed) is not None]
    assert engine.window(Query()) == (min(times), max(times))
    assert engine.window(Query.parse("body=nowhere")) == (None, None)
    assert engine.count(Query((), T0, T0 + 60 * 10**9)) == sum(T0 <= t < T0 + 60 * 10**9 for t in times)
    assert engine.count(Query((), -(10**40), 10**40)) == len(times)


def test_contains_is_the_same_by_any_of_its_ways(engine: DuckDB) -> None:
    """contains, ILIKE and lower differ in cost only, for every character there is."""
    texts = [f"a{chr(i)}b" for i in range(1, 0x3000) if not 0xD800 <= i < 0xE000] + [
        "a%b",
        "a_b",
        "a\\b",
        "",
        "ab",
        "%",
    ]
    for needle in (
        "k",
        "S",
        "i",
        "K",
        "İ",
        "ſ",
        "ß",
        "Σ",
        "é",
        "1",
        "-",
        "%",
        "_",
        "\\",
        "a%b",
        "A_B",
        "",
        "a1B",
        "Ab",
    ):
        ours, plainly = Params(), Params()
        test = values.string("x", ":", needle, ours)
        lowered = f"contains(lower(x), lower({plainly.add(needle)}))"
        assert engine.each(texts, test, ours) == engine.each(texts, lowered, plainly), needle
