"""A trace as rows: each span in its place, with its records, its times and what is odd about it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spanning import MS, NINE, Span, dump, frame

import lognb as ln
from lognb.analyses.clock import SKEW, browser_offset
from lognb.analyses.waterfall import RECORDS, ROW, arranged, waterfall
from lognb.errors import QueryError
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def sample(shop: Path) -> ln.Logs:
    return ln.read(shop, shop.with_name("events.parquet"), progress=False)


@pytest.fixture(scope="module")
def faults(truth: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = truth["faults"]
    return found


def records(*rows: tuple[str | None, str | None, str]) -> pl.DataFrame:
    data = [(NINE, level, trace, span) for trace, span, level in rows]
    schema = dict(zip(RECORDS, (pl.Int64, pl.String, pl.String, pl.String), strict=True))
    return pl.DataFrame(data, schema=schema, orient="row").cast({"time": TIME, "severity": SEVERITY})  # type: ignore[arg-type]


IDS = st.sampled_from([None, *"abcdef"])
TIMES = st.one_of(st.none(), st.floats(-100, 100))
ANY = st.builds(
    Span, IDS, IDS, TIMES, TIMES, st.sampled_from(["a", "b", None]),
    st.sampled_from(["internal", "server", "client", "consumer", "producer"]), st.sampled_from(["error", "unset"]),
    st.sampled_from(["t", "u", None]),
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(st.lists(ANY, max_size=12), st.booleans())
def test_any_spans_are_drawn_each_once(spans: list[Span], correct: bool) -> None:
    given_, some = (
        frame(spans),
        records(("t", "a", "error"), ("t", "zz", "info"), ("u", "a", "warn"), (None, "a", "info")),
    )
    found = arranged(given_, some, correct=correct)
    assert found.schema == ROW
    same = ["trace_id", "span_id", "parent_span_id", "service_name", "name", "kind", "start", "end", "duration_ns"]
    assert sorted(found[same].rows(), key=repr) == sorted(given_[same].rows(), key=repr)
    if not correct:
        assert found["shown_start"].equals(found["start"])
        assert found["shown_end"].equals(found["end"])
    timed = found.filter(pl.col("start").is_not_null() & pl.col("end").is_not_null())
    assert found["self_ns"].null_count() == found["critical_ns"].null_count() == len(found) - len(timed)
    assert found["gap_ns"].null_count() == len(found) - len(timed)
    assert (
        timed["gap_ns"] == pl.select(pl.when(timed["kind"] == "client").then(timed["self_ns"]).otherwise(0)).to_series()
    ).all()
    roots = timed.filter(pl.col("depth") == 0)["duration_ns"].clip(0).sum()
    assert found["critical_ns"].sum() == roots
    has = {(s.trace, s.id) for s in spans if s.trace and s.id}
    assert found["records"].sum() == sum(key in has for key in [("t", "a"), ("u", "a")])
    assert found["error_records"].sum() == (("t", "a") in has)
    assert len(arranged(given_, correct=correct)) == len(spans)


def test_what_is_odd_is_said() -> None:
    spans = [
        Span("a", None, 0, 100), Span("b", "gone", 1, 2), Span("c", "c", 3, 4), Span("d", "e", 6, 7),
        Span("e", "d", 5, 8),
        Span("a", None, 200, 201), Span("f", "a", None, 5), Span("g", "a", 5, None), Span("h", "a", None, None),
        Span("i", "a", 50, 40),
    ]  # fmt: skip
    found = arranged(frame(spans))
    why = dict(found.filter(pl.col("why").is_not_null()).select("span_id", "why").rows())
    assert why == {
        "a": "another span has the same id", "b": "its parent is not among the spans",
        "c": "names itself as its parent", "e": "its parents are in a circle", "f": "no start", "g": "no end",
        "h": "no time", "i": "ends before it starts",
    }  # fmt: skip
    assert found.filter("missing_parent")["span_id"].to_list() == ["b"]
    depth = dict(found.filter(pl.col("start") != NINE + 200 * MS).select("span_id", "depth").rows())
    assert depth == {"b": 0, "c": 0, "e": 0, "d": 1, "g": 1, "i": 1} | ({"a": 0})
    assert found["span_id"].to_list() == ["a", "g", "i", "f", "h", "b", "c", "e", "d", "a"]


def test_a_clock_that_is_off_is_corrected_for_display_alone() -> None:
    spans = frame([
        Span("1", None, 60_000, 60_100, "web", "client", resource='{"browser.language":"de"}'),
        Span("2", "1", 10, 90, "api", "server"), Span("3", "2", 20, 80, "api"),
    ])  # fmt: skip
    found = arranged(spans)
    assert found["start"].dt.timestamp("ns").to_list() == [NINE + t * MS for t in (60_000, 10, 20)]
    assert found["shown_start"].dt.timestamp("ns").to_list() == [NINE + t * MS for t in (0, 10, 20)]
    assert found["self_ns"].to_list() == found["critical_ns"].to_list() == [20 * MS, 20 * MS, 60 * MS]
    assert found["gap_ns"].to_list() == [20 * MS, 0, 0]
    raw = arranged(spans, correct=False)
    assert raw["shown_start"].equals(raw["start"])
    assert raw["self_ns"].to_list() == [100 * MS, 20 * MS, 60 * MS]


def test_a_hundred_thousand_spans_take_seconds() -> None:
    wide = [
        Span("0", None, 0, 1e6),
        *(Span(str(i), str((i - 1) // 3), i, i + 5.5, f"s{i % 7}") for i in range(1, 50_000)),
    ]
    deep = [Span(f"d{i}", f"d{i - 1}" if i else "0", i, 2e5 - i, f"s{i % 7}") for i in range(50_000)]
    spans = frame([*wide, *deep])
    begin = time.process_time()
    found = arranged(spans)
    assert time.process_time() - begin < 20  # 2 s where nothing else runs
    assert len(found) == 100_000
    assert found["depth"].max() == 50_000


def test_the_failed_orders_of_the_sample(sample: ln.Logs, faults: dict[str, Any]) -> None:
    """A checkout that waits for a loyalty service which never answers: the trace names that call."""
    fault = faults["release"]
    failing = sample.where(f'service_name={fault["service"]} exception.type="{fault["exception"]}"').to_polars(
        ["trace_id"]
    )
    traces = failing["trace_id"].unique().to_list()
    assert len(traces) == fault["failed_orders"]
    for trace in traces:
        result = waterfall(sample, trace)
        assert "of the critical path is checkout GET loyalty discount waiting for its answer" in result.sentence
        assert "shop-web → front → checkout" in result.sentence
        worst = result.frame.sort("critical_ns").row(-1, named=True)
        assert (worst["service_name"], worst["name"], worst["error"]) == ("checkout", "GET loyalty discount", True)
        assert result.frame["records"].sum() == len(sample.where(f"trace_id={trace} span_id exists"))


def test_the_cause_behind_the_exception_of_the_browser(sample: ln.Logs, faults: dict[str, Any]) -> None:
    fault = faults["exception"]
    found = waterfall(sample, fault["trace_id"].upper()).frame
    failed = found.filter(pl.col("error_records") > 0)["service_name"].to_list()
    assert failed == [fault["service"], fault["cause_service"]]
    assert not found["missing_parent"].any()


def test_the_clock_of_one_customer(sample: ln.Logs, faults: dict[str, Any]) -> None:
    fault = faults["clock"]
    for session in fault["sessions"]:
        spans = sample.engine.spans(session=session)
        found = browser_offset(spans, session)
        assert found.offset_ns is not None
        assert abs(found.offset_ns + fault["skew_ms"] * MS) < 5 * MS
        assert found.proven
        rows = arranged(spans)
        assert rows.group_by("trace_id").len().height == found.pairs
        inside = rows.filter(pl.col("depth") == 1)["shown_start"] >= rows.filter(pl.col("depth") == 0)["shown_start"]
        assert inside.all()
    off = [
        session
        for session in sample.to_polars(["session_id"])["session_id"].drop_nulls().unique().to_list()
        if abs(browser_offset(sample.engine.spans(session=session), session).offset_ns or 0) > 100 * MS
    ]
    assert sorted(off) == sorted(fault["sessions"])


def told(spans: list[Span], trace: str = "ab" * 16) -> tuple[str, str]:
    """The sentence and the page of spans, read as OTLP."""
    for span in spans:
        span.trace = trace
    result = waterfall(ln.read(dump(spans), progress=False), trace)
    return result.sentence, result._repr_mimebundle_()["text/html"]


def test_the_sentence_says_what_a_person_would_look_for() -> None:
    spans = [
        Span("1" * 16, None, 0, 100, "web", "client", name="GET /"),
        Span("2" * 16, "1" * 16, 10, 95, "api", "server", name="GET /", status="error"),
        Span("3" * 16, "2" * 16, 20, 90, "db", "client", "error", name="SELECT"),
        Span("4" * 16, "2" * 16, 80, 81, "api", "producer", name="send"),
        Span("5" * 16, "4" * 16, 4_000, 5_000, "mail", "consumer", name="receive"),
        Span("6" * 16, "f" * 16, 30, 40, None, name=""),
    ]
    sentence, page = told(spans)
    assert sentence == (
        "web GET / took 100 ms, all spans 5 s: 6 spans in web → api → db → mail → (no service); "
        "64 % of the critical path is db SELECT waiting for its answer; 2 errors, the deepest in db SELECT; "
        "1 × its parent is not among the spans"
    )
    assert "<svg" in page


def test_a_client_that_waits_is_no_culprit_where_its_callee_works() -> None:
    sentence, _ = told([Span("1" * 16, None, 0, 100, "a", "client"), Span("2" * 16, "1" * 16, 1, 99, "b", "server")])
    assert sentence == "a work took 100 ms: 2 spans in a → b; 98 % of the critical path is b work"


def test_one_odd_call_of_a_session_moves_no_clock() -> None:
    """A server that ends its span late, once, has no clock that is ahead."""
    spans = []
    for i in range(4):
        trace, late = f"{i + 1:032x}", 300 if i == 3 else 0
        spans.append(Span("1" * 16, None, i * 1000, i * 1000 + 400, "web", "client", trace=trace, session="s"))
        at = i * 1000 + 50 + late
        spans.append(Span("2" * 16, "1" * 16, at, at + 300, "api", "server", trace=trace))
    logs = ln.read(dump(spans), progress=False)
    last = waterfall(logs, spans[-1].trace or "")
    assert "clock" not in last.sentence
    assert last.frame["shown_start"].equals(last.frame["start"])
    alone = dump(spans[-2:])
    assert "api's clock is 300 ms ahead (corrected)" in waterfall(ln.read(alone, progress=False), f"{4:032x}").sentence


def test_links_to_other_traces_are_told() -> None:
    links = [{"traceId": f"{i:032x}", "spanId": "1" * 16} for i in (7, 7, 8, 9)]
    sentence, _ = told([Span("1" * 16, None, 0, 1, "mail", "consumer", links=json.dumps(links))])
    assert f"; links to 3 other traces: {7:032x}, {8:032x} and 1 more" in sentence
    assert "links" not in told([Span("1" * 16, None, 0, 1, links=json.dumps([{"traceId": "ab" * 16}]))])[0]


def test_hostile_names_stay_text() -> None:
    hostile = '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b]0;x\x07|`*_\u202e'
    sentence, page = told([Span("1" * 16, None, 0, 9, hostile, name=hostile), Span("2" * 16, "f" * 16, 0, 1, hostile)])
    assert "<script" not in page.replace("&lt;script", "")
    assert "<img src=x" not in page
    assert not set("\x1b\x07\u202e") & set(sentence + page)


def test_a_trace_that_is_not_there(sample: ln.Logs) -> None:
    with pytest.raises(QueryError, match=r"no trace has the id '0{32}'; there are [\d,]+, as '"):
        waterfall(sample, "0" * 32)


def test_the_beginning_of_an_id_is_enough(sample: ln.Logs, faults: dict[str, Any]) -> None:
    trace = faults["exception"]["trace_id"]
    assert sample.waterfall(trace[:9]).frame.equals(sample.waterfall(trace).frame)


def test_how_clocks_differ_is_a_table(sample: ln.Logs, faults: dict[str, Any]) -> None:
    fault = faults["clock"]
    spans = sample.engine.spans(session=fault["sessions"][1]).filter(pl.col("service_name") == "checkout")
    trace = spans["trace_id"][0]
    for correct in (True, False):
        result = sample.waterfall(trace, correct=correct)
        clocks = result.clocks
        assert clocks.schema == SKEW
        off = clocks.filter("proven").row(0, named=True)
        assert clocks["proven"].sum() == 1
        assert (off["parent_service"], off["child_service"]) == ("shop-web", "front")
        assert abs(off["offset_ns"] + fault["skew_ms"] * MS) < 5 * MS  # front's is behind the browser's
        moved = result.frame.filter(pl.col("start") != pl.col("shown_start"))
        assert moved["service_name"].unique().to_list() == (["shop-web"] if correct else [])
        # All calls of the session tell of it, and of no other pair than the trace has.
        assert off["pairs"] > result.frame.filter(pl.col("service_name") == "shop-web").height
        named = set(clocks["parent_service"]) | set(clocks["child_service"])
        assert named <= set(result.frame["service_name"])


def test_a_trace_of_records_alone() -> None:
    trace = "a" * 32
    logs = ln.read(pl.DataFrame({"body": ["x", "y"], "trace_id": [trace, trace]}), progress=False)
    result = waterfall(logs, trace)
    assert (len(result.frame), result.sentence) == (0, "no spans; 2 records")
    assert "no spans" in repr(result)
