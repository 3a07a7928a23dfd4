"""Logs: opened, narrowed, shown, handed on."""

from __future__ import annotations

import json
import os
import shutil
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import lognb as ln
from lognb.schema import RECORD, SPAN

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '"><img src=x onerror=alert(1)><script>alert(2)</script>\x1b[2J\u202e'
NINE = datetime(2026, 11, 3, 9, tzinfo=UTC)
DAY = "2026-11-25"  # of the committed capture


@pytest.fixture(scope="session")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


def line(body: str, *, severity: int = 9, service: str = "web", seconds: int = 0, **attributes: str) -> bytes:
    """One line of OTLP JSON with one record."""
    record = {
        "timeUnixNano": str(int((NINE + timedelta(seconds=seconds)).timestamp()) * 10**9),
        "severityNumber": severity,
        "body": {"stringValue": body},
        "attributes": [{"key": k, "value": {"stringValue": v}} for k, v in attributes.items()],
    }
    resource = {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]}
    found = {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
    return json.dumps(found).encode() + b"\n"


METRICS = (
    b'{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"name":"cpu","gauge":{"dataPoints":[{"asInt":"1"}]}}]}]}]}\n'
)


# Opening


def test_reading_again_opens_the_store_also_under_another_name(tmp_path: Path, shop: Path) -> None:
    first = ln.read(shop)
    copy = tmp_path / "copy.jsonl"
    shutil.copy(shop, copy)
    stores = len(ln.cache())
    again = ln.read(copy)
    assert len(ln.cache()) == stores
    assert again.sources == (str(copy),)
    assert again.load_report.files[0].source == str(copy)
    again.write_parquet(tmp_path / "out")
    assert ln.scan(tmp_path / "out").to_polars(["source"])["source"].unique().to_list() == [str(copy)]
    assert again.head(1)["source"].item() == str(copy)
    assert_frame_equal(again.to_polars().drop("source"), first.to_polars().drop("source"))


def test_the_order_of_the_sources_does_not_matter_but_each_keeps_its_name(tmp_path: Path) -> None:
    a, b = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    a.write_bytes(line("from a"))
    b.write_bytes(line("from b", seconds=1) + b"broken\n")
    for sources in ((a, b), (b, a)):
        read = ln.read(*sources)
        assert dict(read.to_polars().select("body", "source").iter_rows()) == {"from a": str(a), "from b": str(b)}
        assert read.load_report.rejected["source"].to_list() == [str(b)]


def test_the_same_content_twice_is_told_under_both_names(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_bytes(line("one"))
    for _ in range(2):
        read = ln.read(tmp_path)
        assert [file.source for file in read.load_report.files] == list(read.sources)
        assert "loaded twice" in repr(read)


def test_a_file_that_cannot_be_read_is_a_line_in_the_report(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_bytes(line("one"))
    (tmp_path / "b.jsonl").write_bytes(line("two"))
    (tmp_path / "b.jsonl").chmod(0)
    if os.access(tmp_path / "b.jsonl", os.R_OK):
        pytest.skip("this user may read everything")
    read = ln.read(tmp_path)
    assert len(read) == 1
    assert read.load_report.rejected["source"].to_list() == [str(tmp_path / "b.jsonl")]


def test_a_changed_source_is_read_again(tmp_path: Path) -> None:
    path, store = tmp_path / "a.jsonl", tmp_path / "mine.duckdb"
    path.write_bytes(line("one"))
    assert len(ln.read(path, store=store)) == 1
    path.write_bytes(line("one") + line("two", seconds=5))
    assert len(ln.read(path, store=store)) == 2
    assert ln.read(path, store=store).tail(1)["body"].item() == "two"


def test_other_options_are_another_store(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(line("one", tenant="t-1"))
    assert ln.read(path).head()["session_id"].to_list() == [None]
    assert ln.read(path, session_keys=["tenant"]).head()["session_id"].to_list() == ["t-1"]
    assert ln.read(path, user_keys="tenant", progress=False).head()["user_id"].to_list() == ["t-1"]


def test_a_file_that_is_no_store_is_never_overwritten(tmp_path: Path) -> None:
    path, mine = tmp_path / "a.jsonl", tmp_path / "thesis.txt"
    path.write_bytes(line("one"))
    mine.write_text("years of work")
    with pytest.raises(ln.StoreError, match="is no store that this lognb can open"):
        ln.read(path, store=mine)
    assert mine.read_text() == "years of work"


def test_nothing_to_load_is_an_error_that_says_why_of_each_file(tmp_path: Path) -> None:
    (tmp_path / "m.jsonl").write_bytes(METRICS)
    (tmp_path / "n.txt").write_bytes(b"\x00\x01 not a dump \xff" * 50)
    stores = len(ln.cache())
    with pytest.raises(ln.SourceError) as error:
        ln.read(tmp_path)
    assert "m.jsonl: 1 metric, no logs or spans" in str(error.value)
    assert "n.txt: " in str(error.value)
    assert [f.metrics for f in error.value.load_report.files] == [1, 0]
    assert len(ln.cache()) == stores


def test_no_source_and_an_empty_document_are_told() -> None:
    with pytest.raises(ln.SourceError, match="nothing to read: name files"):
        ln.read()
    with pytest.raises(ln.SourceError, match=r"no records in it \(starts as JSON\)"):
        ln.read(b"{}")


def test_a_missing_source(tmp_path: Path) -> None:
    with pytest.raises(ln.SourceError, match=r"nowhere\.jsonl"):
        ln.read(tmp_path / "nowhere.jsonl")


def test_metrics_beside_logs_are_counted(tmp_path: Path) -> None:
    read = ln.read(METRICS + line("one"))
    assert len(read) == 1
    assert read.load_report.files[0].metrics == 1


def test_frames_are_the_records_without_a_store(shop: Path, logs: ln.Logs) -> None:
    stores = len(ln.cache())
    frames = ln.frames(shop)
    whole = pl.concat(frames)
    assert dict(whole.schema) == RECORD
    assert frames.load_report.records == whole.height == len(logs)
    assert set(whole["record_id"]) == set(logs.to_polars()["record_id"])
    assert len(ln.cache()) == stores


def test_parquet_is_opened_in_place_and_says_the_same(tmp_path: Path, logs: ln.Logs) -> None:
    scanned = ln.scan(logs.write_parquet(tmp_path / "out"))
    assert_frame_equal(scanned.to_polars(), logs.to_polars())
    assert_frame_equal(scanned.spans, logs.spans)
    assert scanned.volume().sentence == logs.volume().sentence
    assert repr(scanned).splitlines()[:4] == repr(logs).splitlines()[:4]
    assert_frame_equal(ln.read(tmp_path / "out").to_polars().drop("source"), logs.to_polars().drop("source"))


def test_otlp_written_and_read_again_is_the_same(tmp_path: Path, logs: ln.Logs) -> None:
    again = ln.read(logs.write_jsonl(tmp_path / "again.jsonl"))
    kept = [c for c in RECORD if c not in {"record_id", "source", "source_position", "size_bytes"}]
    by = ["time", "observed_timestamp", "span_id", "body", "attributes", "resource"]
    assert_frame_equal(again.to_polars().select(kept).sort(by), logs.to_polars().select(kept).sort(by))
    assert again.spans.height == logs.spans.height


# Narrowing


def test_where_narrows_and_prints_a_query_that_parses_back(logs: ln.Logs) -> None:
    text, since = "severity>=error service_name=checkout", "03:12"
    narrowed = logs.where(text, since=since, until="-1m")
    assert str(narrowed.query).startswith(f"{text} time>={DAY}T03:12:00Z time<{DAY}T03:")
    assert narrowed.query.until == logs.engine.overview["last"] - 60 * 10**9
    assert len(narrowed) > 5
    assert ln.Query.parse(str(narrowed.query)) == narrowed.query
    assert len(narrowed.where(str(narrowed.query))) == len(narrowed) == len(logs.where(narrowed.query))
    assert len(logs.where("severity>=error").where("service_name=checkout").between(since, "-1m")) == len(narrowed)


def test_windows_are_half_open_and_add_up(logs: ln.Logs) -> None:
    before, after = logs.where(until="03:12"), logs.where(since="03:12")
    assert len(before) + len(after) == len(logs)
    edge = datetime.fromisoformat(f"{DAY}T03:12:00+00:00")
    assert before.to_polars()["time"].max() < edge <= after.to_polars()["time"].min()
    assert len(logs.between("03:12", edge + timedelta(minutes=1))) == len(after.where(until=f"{DAY}T03:13Z")) > 100


def test_relative_times_count_from_all_the_data_not_from_what_is_left(logs: ln.Logs) -> None:
    errors = logs.where("severity>=error")
    assert errors.where(since="-5m").query.since == logs.where(since="-5m").query.since


def test_mistakes_are_told_at_once(logs: ln.Logs) -> None:
    with pytest.raises(ln.FieldError, match="did you mean 'service_name'"):
        logs.where("servce_name=web")
    with pytest.raises(ln.QueryError, match="is not before"):
        logs.between("03:12", "03:10")
    with pytest.raises(ln.QueryError, match="is no time"):
        logs.where(since="soon")
    with pytest.raises(ln.QueryError):
        logs.where("severity>=")


def test_a_loop_over_records_is_refused(logs: ln.Logs) -> None:
    with pytest.raises(TypeError, match="not iterable"):
        iter(logs)


# Records


def test_head_and_tail_are_the_ends_in_time_order(logs: ln.Logs) -> None:
    everything = logs.to_polars()
    assert everything["time"].is_sorted()
    assert_frame_equal(logs.head(7), everything.head(7))
    assert logs.tail(7)["time"].to_list() == everything.tail(7)["time"].to_list()
    assert set(logs.tail(1)["record_id"]) <= set(everything.filter(pl.col("time") == pl.col("time").max())["record_id"])


def test_get_finds_records_by_id_as_number_or_text(logs: ln.Logs) -> None:
    first, second = logs.head(2)["record_id"].to_list()
    assert set(logs.get(first, str(second))["record_id"]) == {first, second}
    assert logs.where("severity=fatal").get(first).height == 0


def test_columns_may_be_any_field_and_keep_their_type(logs: ln.Logs) -> None:
    frame = logs.to_polars(["time", "http.response.status_code", "stock.share", "order.gift", "host.name"])
    assert [frame.schema[c] for c in frame.columns[1:]] == [pl.Int64, pl.Float64, pl.Boolean, pl.String]


def test_lazy_gives_the_same_records_and_only_what_is_asked(logs: ln.Logs) -> None:
    lazy = logs.lazy()
    assert dict(lazy.collect_schema()) == RECORD
    assert_frame_equal(lazy.collect(), logs.to_polars())
    errors = lazy.filter(pl.col("severity") == "error").select("body", "time").head(5).collect()
    assert_frame_equal(errors, logs.where("severity=error").to_polars(["body", "time"]).head(5))
    share = logs.to_polars(["stock.share"])["stock.share"]
    assert logs.lazy(["stock.share"]).select(pl.col("stock.share").max()).collect().item() == share.max() > 0


def test_fields_and_completions(logs: ln.Logs) -> None:
    fields = logs.fields()
    assert fields.columns == ["field", "origin", "records", "values", "types"]
    assert "stock.share" in logs._ipython_key_completions_()
    assert set(fields["field"]) - set(logs._ipython_key_completions_()) <= set(fields["field"])


def test_spans_stand_beside_the_logs(logs: ln.Logs) -> None:
    assert dict(logs.spans.schema) == SPAN


# What it looks like


class _Page(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.loads: list[str] = []
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.loads += [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "data"}]

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def test_the_text_form_says_what_is_in_here(logs: ln.Logs, truth: dict[str, Any]) -> None:
    said = repr(logs).splitlines()
    window = logs.engine.window(logs.query)
    days = {f"{datetime.fromtimestamp((ns or 0) / 1e9, UTC):%d %b %Y, %H:%M:%S}" for ns in window}
    assert said[0].startswith(f"{truth['records']:,} records · ")
    assert said[0].endswith(f" · {truth['spans']:,} spans")
    assert all(clock[-8:] in said[0] for clock in days)
    levels = [f"{level} {truth['severities'][level]:,}" for level in ("error", "warn", "info", "debug", "unspecified")]
    assert said[1] == f"severity   {' · '.join(levels)}"
    errors = {name: counts.get("error", 0) for name, counts in truth["by_service"].items()}
    services = sorted(truth["services"].items(), key=lambda s: -s[1])
    shown = [f"{name} {n:,}{f' ({errors[name]} errors)' if errors[name] else ''}" for name, n in services]
    assert said[2] == f"services   {' · '.join(shown)}"
    assert said[3].startswith("over time  |")
    assert f"{truth['by_observed_time']} records timed by when they were observed" in repr(logs)


def test_the_page_form_says_the_same_without_script_or_network(logs: ln.Logs, truth: dict[str, Any]) -> None:
    shown = logs._repr_mimebundle_()
    assert shown["text/plain"] == repr(logs)
    page = _Page(shown["text/html"])
    words = " ".join(page.words)
    counts = [truth["records"], truth["spans"], *truth["severities"].values(), *truth["services"].values()]
    for said in (*(f"{n:,}" for n in counts), *truth["services"], "unspecified"):
        assert said in words
    assert "svg" in page.tags
    assert not page.tags & {"script", "iframe", "link"}
    assert [load[:26] for load in page.loads] == ["data:image/svg+xml;base64,"]
    assert len(shown["text/html"]) < 60_000


def test_a_narrowed_form_says_n_of_m_and_its_query(logs: ln.Logs, truth: dict[str, Any]) -> None:
    errors = logs.where("severity>=error service_name=checkout")
    n, total = truth["by_service"]["checkout"]["error"], f"{truth['records']:,} records"
    assert repr(errors).startswith(f"{n} of {total} · ")
    assert "query      severity>=error service_name=checkout" in repr(errors)
    assert f"services   checkout {n} ({n} errors)" in repr(errors)
    assert f"0 of {total}" in repr(logs.where("severity=fatal"))
    assert f"0 of {total}" in logs.where("severity=fatal")._repr_mimebundle_()["text/html"]


def test_the_bars_of_the_timeline_add_up(logs: ln.Logs) -> None:
    for some in (logs, logs.where("severity>=warn")):
        assert sum(n for _, _, n in some._summary().buckets) == len(some)


def test_a_few_wrong_clocks_take_no_room_from_the_others() -> None:
    crowd = [line(f"n {i}", seconds=i) for i in range(300)]
    years = 365 * 86_400
    far = [line("before", seconds=-40 * years), line("after", seconds=150 * years), line("too", seconds=150 * years)]
    read = ln.read(b"".join(crowd + far))
    summary = read._summary()
    assert len(summary.buckets) > 20
    assert sum(n for _, _, n in summary.buckets) == 300
    for form in (repr(read), read._repr_mimebundle_()["text/html"]):
        assert "3 records far from all others in time (13 Nov 1986 to 27 Sep 2176)" in form
    assert len(ln.read(b"".join(crowd[:3] + far))._summary().buckets) < 6  # no crowd: nothing is left out


def test_what_was_rejected_is_said_with_its_place() -> None:
    read = ln.read(line("one") + b'{"broken\n' + line("two"))
    for form in (repr(read), read._repr_mimebundle_()["text/html"]):
        assert "1 place could not be read; the first: " in form
        assert "line 2, byte" in form


def test_hostile_log_text_is_text() -> None:
    read = ln.read(line(HOSTILE, service=HOSTILE, key=HOSTILE), line("x", service=HOSTILE * 9, seconds=9))
    shown = [
        read,
        read.where(f"body:{json.dumps(HOSTILE)}"),
        read.volume(by="service_name"),
        read.facets("key", "body"),
    ]
    for one in shown:
        bundle = one._repr_mimebundle_()
        page = _Page(bundle["text/html"])
        assert "script" not in page.tags
        assert {load[:26] for load in page.loads} <= {"data:image/svg+xml;base64,"}
        assert not {a for a in page.attributes if a.startswith("on")}
        assert not any(c in bundle["text/plain"] + bundle["text/html"] for c in "\x1b\u202e")


def test_records_without_any_time_or_service_can_be_shown() -> None:
    bare = (
        b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"x"}},{"body":{"stringValue":"y"}}]}]}]}'
    )
    read = ln.read(bare)
    assert repr(read).splitlines()[0] == "2 records"
    assert "(no service) 2" in repr(read)
    assert "2 records without a time" in repr(read)
    assert "<table" in read._repr_mimebundle_()["text/html"]


def test_the_cache_shows_and_clears_itself(logs: ln.Logs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNB_CACHE", str(tmp_path))
    assert repr(ln.cache()) == f"0 stores, 0 B in {tmp_path}"
    read: Any = ln.read(line("<b>one</b>"))
    stores = ln.cache()
    assert len(stores) == 1
    assert "1 store, " in repr(stores)
    assert "<b>1 store" in stores._repr_mimebundle_()["text/html"]
    read.engine.close()
    assert stores.clear(older_than=timedelta(days=1)) == 0
    assert stores.clear() == 1
    assert len(stores) == 0


# Around a record, and by lot


def test_context_drops_the_query_and_keeps_to_the_node_or_session(logs: ln.Logs) -> None:
    every = logs.to_polars().filter(pl.col("time").is_not_null())
    errors = logs.where("severity>=error")
    at = errors.head(1)["record_id"][0]
    place = every["record_id"].to_list().index(at)
    assert_frame_equal(errors.context(str(at), 3, 4), every[max(0, place - 3) : place + 5])
    for same, field in (("session", "session"), ("node", "host.name"), ("node", "k8s.node.name")):
        values = logs.to_polars(
            ["record_id", "time", "host.name", field] if field != "host.name" else ["record_id", "time", field]
        ).filter(pl.col("time").is_not_null())
        having = values.filter(pl.col(field).is_not_null())
        if field == "k8s.node.name":
            having = having.filter(pl.col("host.name").is_null())
        if having.height:
            at, value = having["record_id"][having.height // 2], having[field][having.height // 2]
            ids = values.filter(pl.col(field) == value)["record_id"].to_list()
            place = ids.index(at)
            assert logs.context(at, 5, 5, same)["record_id"].to_list() == ids[max(0, place - 5) : place + 6]


@pytest.mark.parametrize("bad", [-1, 1.5, "x", None, 2**64])
def test_what_is_no_number_of_records_or_no_id_is_told(logs: ln.Logs, bad: Any) -> None:
    with pytest.raises(ln.QueryError, match="is no whole number from 0"):
        logs.sample(bad)
    with pytest.raises(ln.QueryError, match="is no whole number from 0"):
        logs.context(bad)


def test_a_larger_sample_adds_to_a_smaller_one(logs: ln.Logs) -> None:
    small, large = (set(logs.sample(n, seed=3)["record_id"]) for n in (20, 60))
    assert len(small) == 20
    assert len(large) == 60
    assert small < large
    assert small != set(logs.sample(20, seed=4)["record_id"])


def test_the_node_is_the_host_else_that_of_kubernetes() -> None:
    nodes = ["a", "b", "a", "b", "a"]
    keyed = [line(str(i), seconds=i, **{"k8s.node.name": n, "other": "x"}) for i, n in enumerate(nodes)]
    keyed += [line(str(i), seconds=i, **{"host.name": "h", "k8s.node.name": "a"}) for i in (5, 6)]
    logs = ln.read(b"".join(keyed))
    ids = logs.to_polars()["record_id"].to_list()
    assert logs.context(ids[3], same="node")["body"].to_list() == ["1", "3"]
    assert logs.context(ids[6], same="node")["body"].to_list() == ["5", "6"]
