"""Which records are of which issue, on the store in memory, on the file and on Parquet, held against plain Python."""

from __future__ import annotations

import json
import random
from collections import Counter
from typing import TYPE_CHECKING

import polars as pl
import pytest
from factory import T0, Rec, batch

from lognb.analyses.issues import offer
from lognb.engines.duckdb import DuckDB, build, scan_parquet
from lognb.engines.duckdb.derived import Derived
from lognb.query import Query
from lognb.schema import SPAN
from lognb.stacks import Raised, issue, parse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECOND = 1_000_000_000


def stack(function: str, line: int, message: str) -> str:
    called = f'  File "/srv/a.py", line {line}, in {function}\n    go()\n'
    return f"Traceback (most recent call last):\n{called}shop.Failed: {message}\n"


def errors(count: int = 400, seed: int = 3) -> list[Rec]:
    """Exceptions as attributes and in bodies, errors that only say so, JSON bodies, and what is no error."""
    rng = random.Random(seed)
    out = []
    for i in range(count):
        what, function, number = i % 8, rng.choice(["pay", "ship"]), rng.randrange(1_000)
        rec = Rec(
            rng.getrandbits(64), T0 + i * SECOND, service=f"svc{i % 3}", trace=f"{i:032x}",
            session=None if i % 5 else f"s{i % 4}", position=i,
            resource=json.dumps({"service.version": f"1.{i // 200}"}, separators=(",", ":")),
        )  # fmt: skip
        text = stack(function, number, f"order {number}")
        if what == 0:
            rec.attributes = [("exception.type", "string", "shop.Failed"), ("exception.stacktrace", "string", text)]
            rec.body = f"order {number} failed"
        elif what == 1:
            rec.body = f"2026 request {number} failed\n{text}"
        elif what == 2:
            rec.severity, rec.body = "error", f"order {number} failed: {rng.choice(['no stock', 'declined'])}"
        elif what == 3:
            rec.severity, rec.body = "fatal", json.dumps({"msg": f"order {number} lost", "n": number})
        elif what == 4:
            rec.body = json.dumps({"level": "error", "err": {"stack": text}})
        elif what == 5:
            rec.attributes = [
                ("exception.type", "string", "shop.Gone"),
                ("exception.message", "string", f"id {number}"),
            ]
        elif what == 6:  # a logger that gives a stack to all it says
            rec.attributes = [("stack", "string", text)]
            rec.body = "fine"
        else:
            rec.body = "fine\nno Traceback (most recent call last) here"
        out.append(rec)
    return out


def expected(rec: Rec) -> str | None:
    """The issue of a record, without any engine."""
    kind, text = rec.value("exception.type"), rec.value("exception.stacktrace")
    if text or "File" in rec.body:
        body = json.loads(rec.body)["err"]["stack"] if rec.body.startswith("{") else rec.body
        return issue(parse(text or body)).id
    if kind:
        return issue([Raised(kind, rec.value("exception.message"))]).id
    if rec.severity in ("error", "fatal"):
        return issue([], json.loads(rec.body)["msg"] if rec.body.startswith("{") else rec.body).id
    return None


RECORDS = errors()


@pytest.fixture(scope="module", params=["memory", "file", "parquet"])
def engine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    folder = tmp_path_factory.mktemp("issues")
    path = None if request.param == "memory" else folder / "store.duckdb"
    made = build(path, iter([batch(RECORDS)]), [("a", "a.jsonl")], lambda: {"records": len(RECORDS)})
    if request.param == "parquet":
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("lognb.engines.duckdb.parquet._FILE_ROWS", 150)
            made.write_parquet(folder / "parquet", Query())
        made.close()
        made = scan_parquet(folder / "parquet")
    offer(made)
    yield made
    made.close()


TRUTH = {rec.id: expected(rec) for rec in RECORDS}
QUERIES = ["", "severity>=error", "service_name=svc1", '"order"', "issue exists", "-issue exists", "nothing"]


def test_each_record_has_the_issue_that_its_own_text_gives(engine: DuckDB) -> None:
    frame = engine.fetch(Query(), ["record_id", "issue"])
    assert dict(frame.rows()) == TRUTH
    assert len(set(TRUTH.values()) - {None}) == 6


def test_an_issue_is_a_condition_like_any_other(engine: DuckDB) -> None:
    for one in {i for i in TRUTH.values() if i}:
        wanted = {k for k, i in TRUTH.items() if i == one}
        for text in (f"issue={one}", f"issue~^{one[:9]}", f"issue in ({one}, nothing)", f"issue:{one[3:]}"):
            assert set(engine.fetch(Query.parse(text), ["record_id"])["record_id"]) == wanted
        assert engine.count(Query.parse(f"-issue={one}")) == len(RECORDS) - len(wanted)
        assert engine.count(Query.parse(f"issue={one} service_name=svc1")) == sum(
            r.service == "svc1" for r in RECORDS if r.id in wanted
        )


def test_facets_and_panels_and_volume_count_issues(engine: DuckDB) -> None:
    counts = Counter(TRUTH.values())
    facet = engine.facets(Query(), ["issue"], 10)
    assert dict(facet.select("value", "records").rows()) == dict(counts)
    panel = engine.panel(Query.parse('"order"'), ["issue"], SECOND, by="issue")
    shown = Counter(TRUTH[r.id] for r in RECORDS if "order" in r.body)
    assert dict(panel.facets.select("value", "records").rows()) == dict(shown)
    volume = engine.volume(Query(), 60 * SECOND, "issue").group_by("by").agg(pl.col("records").sum())
    assert dict(volume.rows()) == dict(counts)


def test_sql_of_a_person_sees_the_issue_and_the_query_by_issue(engine: DuckDB) -> None:
    one = next(i for i in TRUTH.values() if i)
    query = Query.parse(f"issue={one}")
    assert engine.sql(query, "select count(*) as n from logs").rows() == [(Counter(TRUTH.values())[one],)]
    assert engine.sql(query, 'select distinct "issue" from logs').rows() == [(one,)]


@pytest.mark.parametrize("text", QUERIES)
def test_issues_count_what_the_query_lets_through(engine: DuckDB, text: str) -> None:
    query = Query.parse(text)
    inside = set(engine.fetch(query, ["record_id"])["record_id"])
    table = engine.derived("issue").table
    found = engine.issues("issue", query, 60 * SECOND)
    ids = table[found["code"].to_list()]["issue"]
    told = {i: [r for r in RECORDS if r.id in inside and TRUTH[r.id] == i] for i in set(TRUTH.values()) if i}
    wanted = {
        i: (
            len(rs), len(rs), len({r.session for r in rs if r.session}), sorted({r.service for r in rs if r.service}),
            sorted({str(r.value("service.version")) for r in rs}), rs[0].id,
        )
        for i, rs in told.items() if rs
    }  # fmt: skip
    columns = ["records", "occurrences", "sessions", "services", "releases", "sample_record_id"]
    assert dict(zip(ids, found.select(columns).rows(), strict=True)) == wanted
    assert found["earlier"].null_count() == found.height
    trend = {i: sum(cell["occurrences"] for cell in t) for i, t in zip(ids, found["trend"], strict=True)}
    assert trend == {i: w[0] for i, w in wanted.items()}


def test_earlier_is_told_by_all_records_not_those_of_the_query(engine: DuckDB) -> None:
    since = T0 + 100 * SECOND
    query = Query.parse("service_name=svc1") & Query((), since, None)
    found = engine.issues("issue", query)
    ids = engine.derived("issue").table[found["code"].to_list()]["issue"]
    wanted = {i: any(TRUTH[r.id] == i and r.time < since for r in RECORDS) for i in ids}  # type: ignore[operator]
    assert dict(zip(ids, found["earlier"], strict=True)) == wanted


def test_what_varies_is_read_once_for_all_records(engine: DuckDB) -> None:
    """Else a dump of ten million errors would be a loop of ten million in Python."""
    texts = engine.derived("issue").found.texts
    # Two stacks in each of three places, two messages, the JSON one, the bare type, what only looks like a stack.
    assert texts.height == 11


def span(trace: str, name: str, kind: str, text: str | None, message: str = "m") -> dict[str, object]:
    told = {"exception.type": kind, "exception.message": message, "exception.stacktrace": text}
    event = {"time": T0, "name": "exception", "attributes": {k: v for k, v in told.items() if v is not None}}
    return {
        "trace_id": trace, "span_id": "b" * 16, "name": name, "start": T0, "end": T0 + 5, "service_name": "svc9",
        "session_id": "s9", "user_id": "u9", "attributes": "{}", "resource": '{"service.version":"9"}',
        "events": json.dumps([event, {"time": T0, "name": "retry", "attributes": {"exception.type": "No"}}]),
    }  # fmt: skip


def test_spans_tell_exceptions_and_one_that_a_record_tells_too_is_one() -> None:
    shallow, deep = stack("pay", 3, "m"), stack("pay", 3, "m").replace("Traceback", "x\nTraceback", 1)
    deep = deep.replace("  File", '  File "/srv/a.py", line 9, in main\n    pay()\n  File', 1)
    trace, other = "a" * 32, "c" * 32
    rec = Rec(1, T0, trace=trace, attributes=[("exception.type", "string", "shop.Failed"),
                                              ("exception.message", "string", "m"),
                                              ("exception.stacktrace", "string", deep)])  # fmt: skip
    rows = [span(trace, "in", "shop.Failed", shallow), span(trace, "out", "shop.Failed", shallow),
            span(other, "in", "shop.Failed", shallow), span(other, "out", "shop.Failed", deep),
            span(other, "alone", "shop.Gone", None)]  # fmt: skip
    kinds = {n: t if not isinstance(t, pl.Datetime) else pl.Int64() for n, t in SPAN.items()}
    spans = pl.DataFrame(rows, schema=kinds).cast(SPAN)  # type: ignore[arg-type]
    engine = build(None, iter([batch([rec], spans)]), [("a", "a.jsonl")], lambda: {"records": 1})
    offer(engine)
    found = engine.issues("issue", Query(), SECOND).sort("records", descending=True)
    assert found.select("records", "occurrences", "spans", "services", "releases").rows() == [
        (1, 2, 4, ["svc9"], ["9"]),
        (0, 1, 1, ["svc9"], ["9"]),
    ]
    assert engine.issues("issue", Query.parse("service_name=svc9"))["spans"].sum() == 5
    assert engine.issues("issue", Query.parse("service_name=svc1")).height == 0
    assert engine.issues("issue", Query.parse("body:m"))["spans"].sum() == 0
    assert engine.issues("issue", Query((), T0 + 1))["spans"].sum() == 0
    engine.close()


def test_a_dump_without_errors_has_no_issue(tmp_path: Path) -> None:
    engine = build(tmp_path / "s.duckdb", iter([batch([Rec(1, T0, body="fine")])]), [], dict)
    offer(engine)
    assert engine.issues("issue", Query(), SECOND).height == 0
    assert engine.count(Query.parse("issue exists")) == 0
    assert engine.count(Query.parse("-issue=a")) == 1
    assert engine.facets(Query(), ["issue"]).rows() == [("issue", None, 1, 0, True)]
    assert engine.fetch(Query(), ["issue"]).rows() == [(None,)]
    engine.close()


def test_an_attribute_named_issue_is_what_the_name_means(tmp_path: Path) -> None:
    rec = Rec(1, T0, severity="error", body="x", attributes=[("issue", "string", "SHOP-17")])
    engine = build(tmp_path / "s.duckdb", iter([batch([rec])]), [], dict)
    offer(engine)
    assert engine.count(Query.parse("issue=SHOP-17")) == 1
    assert engine.field_names().count("issue") == 1
    engine.close()


def test_the_field_s_type_is_known_before_it_is_made(engine: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who lists fields and their types does not pay for what is not looked at."""
    fresh = Derived(engine)
    asked: list[str] = []
    fresh.put("later", lambda: asked.append("made"))  # type: ignore[arg-type, func-returns-value, return-value]
    monkeypatch.setattr(engine, "made", fresh)
    monkeypatch.setattr(engine._fields, "made", fresh)
    assert "later" in engine.field_names()
    assert engine.dtypes(["later"]) == {"later": pl.String()}
    assert asked == []
