"""Spans and traces as the engine counts them are those that plain Python counts."""

from __future__ import annotations

import random
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from factory import Rec, batch
from oracle import matches

sys.path.insert(0, str(Path(__file__).parents[1] / "analyses"))

from spanning import NINE, Span, frame

from lognb.analyses.waterfall import arranged
from lognb.engines.base import OPERATIONS, TRACES
from lognb.engines.duckdb import DuckDB, build, scan_parquet
from lognb.query import Query, parse_time
from lognb.schema import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator

SECOND = 1_000_000_000
TRACES_OF = [f"{i:032x}" for i in range(1, 25)]
SESSIONS = ["s1", "s2", None, None, None]  # loaders give null for ""


def odd_spans(seed: int = 3) -> list[Span]:
    """Trees with everything that spans can have wrong, but for circles."""
    rng = random.Random(seed)
    out = []
    for n, trace in enumerate(TRACES_OF[:20]):
        count = rng.randrange(1, 30)
        session = rng.choice(SESSIONS)
        for i in range(count):
            near = [f"{j:x}" for j in range(min(i, 4))] * 5
            parent = None if i == 0 and n % 5 else rng.choice([None, "", "ffff", f"{i:x}", *near])
            # Within a few seconds of their trace's, so that children lie in, over and beside their parents.
            start = rng.choice([None, *(n * 30_000 + rng.randrange(2_000) for _ in range(19))])
            end = None if rng.random() < 0.05 else (start or 0) + rng.randrange(-5, 3_000)
            kind = rng.choice(["internal", "server", "client", "producer", "consumer"])
            span = f"{i if rng.random() > 0.15 else max(i - 1, 0):x}"  # some ids repeat
            service = rng.choice(["web", "api", "db", None])
            status = rng.choice(["unset", "ok", "error"])
            own = rng.choice([session, None, "s3" if n == 7 else None])
            out.append(Span(span, parent, start, end, service, kind, status, trace, rng.choice(["GET", "run"]), own))
    # Both sides of a call under one id, as Zipkin has them.
    sides = [("client", "web", 0, 100), ("server", "api", 10, 90)]
    out += [Span("ab", None, low, high, service, kind, trace=TRACES_OF[20]) for kind, service, low, high in sides]
    out.append(Span("ac", "ab", 20, 40, "db", "client", trace=TRACES_OF[20]))
    out.append(Span("a", None, 5, 6, "web", trace=None))
    out += [Span("b", "a", 5, 6, "web", "server", trace=None), Span("c", None, 9, 19, trace=None, status="error")]
    return out


def some_records(seed: int = 4) -> list[Rec]:
    rng = random.Random(seed)
    return [
        Rec(
            id=i, time=None if i % 17 == 0 else NINE + rng.randrange(600) * SECOND,
            severity=rng.choice(["info", "error", "fatal"]), service=rng.choice(["web", "api", "mail", None]),
            body=rng.choice(["timed out", "fine"]), trace=rng.choice([*TRACES_OF, None]), session=rng.choice(SESSIONS),
        )
        for i in range(300)
    ]  # fmt: skip


@pytest.fixture(scope="module", params=["memory", "file", "parquet"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    folder = tmp_path_factory.mktemp("spans")
    path = None if request.param == "memory" else folder / "store.duckdb"
    engine = build(path, [batch(some_records(), spans=frame(odd_spans()))], [("a", "a.jsonl")])
    if request.param == "parquet":
        engine.write_parquet(folder / "parquet", Query())
        engine.close()
        engine = scan_parquet(folder / "parquet")
    yield engine
    engine.close()


def at(span: dict[str, Any], name: str) -> int:
    """A time that sorts as the engine sorts it: absent last."""
    return 2**63 if span[name] is None else span[name]


def spans_of(engine: DuckDB) -> list[dict[str, Any]]:
    found = engine.spans().with_columns(pl.col("start", "end").dt.timestamp("ns"))
    return list(found.iter_rows(named=True))


def meant(engine: DuckDB, query: Query) -> tuple[dict[str, list[Rec]], set[str | None]]:
    """The query's records by trace, and the traces that are meant."""
    records: dict[str, list[Rec]] = {}
    for rec in some_records():
        if rec.trace and matches(query, rec):
            records.setdefault(rec.trace, []).append(rec)
    chosen: set[str | None] = set(records)
    if not query.conditions:
        for span in spans_of(engine):
            low, high = query.since is None or at(span, "start") >= query.since, True
            high = query.until is None or (span["start"] is not None and span["start"] < query.until)
            whole = query.since is None and query.until is None
            if whole or (span["start"] is not None and low and high and not span["parent_span_id"]):
                chosen.add(span["trace_id"])
    return records, chosen


QUERIES = [
    Query(),
    Query((), parse_time("2026-11-03T09:02:00Z"), parse_time("2026-11-03T09:04:00Z")),
    Query((), None, parse_time("2026-11-03T09:01:00Z")),
    Query.parse("severity>=error"),
    Query.parse('"timed out" service_name=api') & Query((), parse_time("2026-11-03T09:03:00Z"), None),
    Query.parse("nothing"),
]


@pytest.mark.parametrize("query", QUERIES, ids=str)
def test_traces_are_those_of_plain_python(store: DuckDB, query: Query) -> None:
    records, chosen = meant(store, query)
    everything = [rec for rec in some_records() if rec.trace]
    expected = []
    for trace in chosen:
        spans = [s for s in spans_of(store) if s["trace_id"] == trace]
        recs, ids = records.get(trace or "", []), {s["span_id"] for s in spans}
        root = min(
            spans,
            key=lambda s: (bool(s["parent_span_id"]), at(s, "start"), s["span_id"], at(s, "end"), str(s["name"])),
            default=None,
        )
        mine = [rec for rec in everything if rec.trace == trace]
        sessions = {x for x in [*(s["session_id"] for s in spans), *(rec.session for rec in mine)] if x}
        starts, ends = ([s[c] for s in spans if s[c] is not None] for c in ("start", "end"))
        times = [rec.time for rec in recs if rec.time is not None]
        expected.append(
            {
                "trace_id": trace,
                "root_service": root and root["service_name"], "root": root and root["name"],
                "start": root["start"] if root else min(times, default=None),
                "duration_ns": root and root["duration_ns"],
                "extent_ns": max(ends) - min(starts) if starts and ends else None,
                "spans": len(spans),
                "services": len({*(s["service_name"] for s in spans), *(rec.service for rec in mine)} - {None}),
                "errors": sum(s["status_code"] == "error" for s in spans),
                "missing_parents": sum(bool(s["parent_span_id"]) and s["parent_span_id"] not in ids for s in spans),
                "records": len(recs), "error_records": sum(rec.severity in ("error", "fatal") for rec in recs),
                "session": next(iter(sessions)) if len(sessions) == 1 else None,
            }
        )  # fmt: skip
    found = store.traces(query)
    assert found.schema == TRACES
    rows = found.with_columns(pl.col("start").dt.timestamp("ns")).rows(named=True)
    assert sorted(rows, key=repr) == sorted(expected, key=repr)
    longest = [row["duration_ns"] for row in rows if row["duration_ns"] is not None]
    assert longest == sorted(longest, reverse=True)
    assert all(row["duration_ns"] is None for row in rows[len(longest) :])


@pytest.mark.parametrize("query", QUERIES, ids=str)
@pytest.mark.parametrize("names", [False, True])
def test_services_are_those_of_plain_python(store: DuckDB, query: Query, names: bool) -> None:
    _, chosen = meant(store, query)
    # In the order of the store, in which of equal ids the first has the children.
    spans = store.spans().filter(pl.col("trace_id").is_in(list(chosen), nulls_equal=True))
    rows = arranged(spans, correct=False)
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows.iter_rows(named=True):
        groups.setdefault((row["service_name"], *((row["name"], row["kind"]) if names else (None, None))), []).append(
            row
        )
    met = [r for r in some_records() if r.trace in chosen and not names]
    for rec in met:
        groups.setdefault((rec.service, None, None), [])
    expected = []
    for key, of in groups.items():
        durations = sorted(r["duration_ns"] for r in of if r["duration_ns"] is not None)
        mine = [r for r in met if r.service == key[0]]
        traces = {r["trace_id"] for r in of} | {r.trace for r in mine}
        failed = {r["trace_id"] for r in of if r["error"]}
        failed |= {r.trace for r in mine if r.severity in ("error", "fatal")}
        assert failed <= traces
        expected.append(
            (
                *key, len(traces - {None}), len(of), sum(r["error"] for r in of), len(failed - {None}),
                sum(r["self_ns"] or 0 for r in of), sum(r["self_ns"] or 0 for r in of if r["kind"] == "client"),
                *(rank(durations, p) for p in (50, 95)),
            )
        )  # fmt: skip
    found = store.operations(query, names=names)
    assert found.schema == OPERATIONS
    assert sorted(found.rows(), key=repr) == sorted(expected, key=repr)
    assert found["self_ns"].to_list() == sorted(found["self_ns"].to_list(), reverse=True)


def rank(values: list[int], percent: int) -> int | None:
    """The nearest rank."""
    return values[max(-(-percent * len(values) // 100), 1) - 1] if values else None


def test_spans_of_some_traces(store: DuckDB) -> None:
    every = store.spans()
    assert every.schema == SPAN
    wanted = [TRACES_OF[3], TRACES_OF[11], "no trace", "'; DROP TABLE spans; --"]
    assert store.spans(wanted).equals(every.filter(pl.col("trace_id").is_in(wanted)))
    assert store.spans([]).equals(every.clear())


@pytest.mark.parametrize("session", ["s1", "s2", "s3", "", "x' OR true --"])
def test_spans_of_a_session_are_its_own_and_those_of_traces_that_are_its_alone(store: DuckDB, session: str) -> None:
    every = store.spans()
    sessions: dict[str | None, set[str]] = {}
    pairs = [*every.select("trace_id", "session_id").rows(), *((rec.trace, rec.session) for rec in some_records())]
    for trace, of in pairs:
        if trace and of:
            sessions.setdefault(trace, set()).add(of)
    kept = [
        bool(session) and (own == session or (not own and sessions.get(trace) == {session}))
        for trace, own in every.select("trace_id", "session_id").rows()
    ]
    assert store.spans(session=session).equals(every.filter(pl.Series(kept, dtype=pl.Boolean)))
    both = store.spans(TRACES_OF[:5], session)
    assert both.equals(every.filter(pl.Series(kept, dtype=pl.Boolean) & every["trace_id"].is_in(TRACES_OF[:5])))


def test_three_hundred_thousand_spans_are_counted_in_the_engine(tmp_path: Path) -> None:
    """50,000 traces of a caller that waits for five calls, one after the other."""
    count = 50_000
    every = pl.DataFrame({"t": range(count)}).join(pl.DataFrame({"k": range(6)}), how="cross")
    begin = NINE + pl.col("t") * SECOND // 100
    start = begin + pl.when(pl.col("k") == 0).then(0).otherwise((pl.col("k") - 1) * 20_000_000)
    ns = pl.when(pl.col("k") == 0).then(120_000_000).otherwise(20_000_000)
    child, failed = pl.col("k") > 0, (pl.col("t") % 100 == 0) & (pl.col("k") == 5)
    data = every.select(
        trace_id="f" + pl.col("t").cast(pl.String).str.zfill(31), span_id=pl.col("k").cast(pl.String).str.zfill(16),
        parent_span_id=pl.when(child).then(pl.lit("0" * 16)), start=start, end=start + ns, duration_ns=ns,
        service_name=pl.when(child).then(pl.lit("api")).otherwise(pl.lit("web")), name=pl.lit("run"),
        kind=pl.lit("internal"), source=pl.lit("a.jsonl"),
        status_code=pl.when(failed).then(pl.lit("error")).otherwise(pl.lit("ok")),
    )  # fmt: skip
    spans = data.select((pl.col(c) if c in data.columns else pl.lit(None)).cast(d).alias(c) for c, d in SPAN.items())
    engine = build(tmp_path / "store.duckdb", [batch([], spans=spans)], [("a", "a.jsonl")])
    found = engine.traces(Query())
    assert len(found) == count
    assert found.select("spans", "services", "duration_ns").unique().rows() == [(6, 2, 120_000_000)]
    assert found["errors"].sum() == 500
    rows = engine.operations(Query(), names=False).select("service_name", "traces", "failed_traces", "self_ns").rows()
    assert rows[0] == ("api", count, 500, count * 100_000_000)
    assert rows[1] == ("web", count, 0, count * 20_000_000)
    engine.close()
