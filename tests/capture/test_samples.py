"""Each capture against its truth: what the programs counted is what lognb finds, and every fault can be found."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import lognb as ln

if TYPE_CHECKING:
    from tests.capture.conftest import Capture

SECOND = dt.timedelta(seconds=1)


@pytest.fixture(scope="module")
def records(shop: Capture) -> pl.DataFrame:
    return shop.logs.to_polars()


@pytest.fixture
def fault(shop: Capture, request: pytest.FixtureRequest) -> dict[str, Any]:
    """The truth about the fault that the test is named after: test_<fault>_..."""
    names = sorted(shop.truth["faults"], key=len, reverse=True)
    found: dict[str, Any] = next(shop.truth["faults"][n] for n in names if request.node.name.startswith(f"test_{n}_"))
    return found


def test_the_committed_capture_is_large_enough_and_small_enough(committed: Capture) -> None:
    assert committed.truth["records"] >= 20_000
    assert committed.truth["sessions"] >= 150
    assert len(committed.truth["recordings"]) == 2
    assert committed.truth["sessions_failed"] == 0
    names = ("shop.json.zst", "shop.pb.zst", "events.parquet", "truth.toml")
    kept = [*(committed.folder / name for name in names), *(committed.folder / "recordings").iterdir()]
    assert sum(f.stat().st_size for f in kept) < 6_000_000


def test_nothing_is_lost(shop: Capture) -> None:
    assert len(shop.logs) == shop.truth["records"]
    assert shop.logs.spans.height == shop.truth["spans"]
    assert shop.logs.load_report.rejected.height == 0


def test_counts_by_service_and_severity(shop: Capture, records: pl.DataFrame) -> None:
    assert _counts(records, "service_name") == shop.truth["services"]
    assert _counts(records, "severity") == shop.truth["severities"]
    for service, expected in shop.truth["by_service"].items():
        assert _counts(records.filter(pl.col("service_name") == service), "severity") == expected


def test_sessions_and_users(shop: Capture, records: pl.DataFrame) -> None:
    assert records["session_id"].drop_nulls().n_unique() == shop.truth["sessions"]
    assert records["user_id"].drop_nulls().n_unique() == shop.truth["users"]


def test_json_and_protobuf_say_the_same(shop: Capture, records: pl.DataFrame) -> None:
    other = ln.read(shop.folder / "shop.pb.zst").to_polars()
    same = [c for c in records.columns if c not in {"record_id", "source", "source_position", "resource"}]
    by = ["time", "observed_timestamp", "trace_id", "span_id", "body", "attributes"]
    assert_frame_equal(records.select(same).sort(by), other.select(same).sort(by))


def test_memory_payloads_stand_out(shop: Capture, records: pl.DataFrame, fault: dict[str, Any]) -> None:
    """The payloads are the largest records, all from one node, and there while the export was on."""
    payloads = shop.logs.where('service_name=worker "sent, payload"').to_polars(["time", "body", "k8s.node.name"])
    assert payloads.height == fault["payloads"] > 8
    assert payloads["body"].str.len_bytes().sum() == fault["payload_bytes"]
    assert payloads["k8s.node.name"].unique().to_list() == [fault["node"]]
    assert payloads["time"].is_between(fault["since"], fault["until"] + SECOND).all()
    largest = records.sort("size_bytes", descending=True).head(payloads.height)
    assert set(largest["body"]) == set(payloads["body"])


def test_memory_deaths_are_seen_by_the_starts_after_them(shop: Capture, fault: dict[str, Any]) -> None:
    starts = shop.logs.where(f'"worker {fault["version"]} started"').to_polars(
        ["time", "k8s.node.name", "k8s.container.restart_count", "process.pid"]
    )
    here = starts.filter(pl.col("k8s.node.name") == fault["node"]).sort("time")
    assert len(fault["deaths"]) >= 1
    assert fault["deaths_elsewhere"] == 0
    assert fault["exit_codes"] == [1]
    assert here["k8s.container.restart_count"].to_list() == list(range(len(fault["deaths"]) + 1))
    assert here["process.pid"].to_list()[:-1] == fault["pids"]
    for death, start in zip(fault["deaths"], here["time"].to_list()[1:], strict=True):
        assert dt.timedelta(0) < start - death < 20 * SECOND
    assert len(shop.logs.where("body=MemoryError")) == len(fault["deaths"])


def test_split_trace_lines_have_neither_time_nor_severity(shop: Capture, fault: dict[str, Any]) -> None:
    lines = shop.logs.where("log.file.name exists")
    frame = lines.to_polars(["timestamp", "severity", "trace_id", "body", "log.file.name", "k8s.node.name"])
    assert frame.height == shop.truth["by_observed_time"]
    assert frame["timestamp"].null_count() == frame["trace_id"].null_count() == frame.height
    assert frame["severity"].unique().to_list() == ["unspecified"]
    inside = frame.filter(~pl.col("body").str.starts_with("worker "))
    assert inside.height == fault["lines"]
    assert inside["k8s.node.name"].unique().to_list() == [fault["node"]]
    for file in fault["files"]:
        trace = inside.filter(pl.col("log.file.name") == file)["body"].to_list()
        assert (trace[0], trace[-1]) == (fault["first_line"], fault["last_line"])
    assert len(fault["files"]) == fault["traces"]


def test_release_fails_for_one_tier_in_one_version(shop: Capture, fault: dict[str, Any]) -> None:
    failed = shop.logs.where(f"exception.type={fault['exception']}").to_polars(
        ["time", "service_name", "service.version", "user.tier", "exception.stacktrace"]
    )
    assert failed.height == fault["failed_orders"] >= 1
    for column, name in (("service_name", "service"), ("service.version", "version"), ("user.tier", "tier")):
        assert failed[column].unique().to_list() == [fault[name]]
    assert failed["exception.stacktrace"].str.contains("/srv/shop/checkout.py", literal=True).all()
    assert fault["deployed"] < failed["time"].min()
    assert failed["time"].max() < fault["rolled_back"] + 6 * SECOND
    assert abs(failed["time"].min() - fault["first_failure"]) < dt.timedelta(microseconds=1)
    assert abs(failed["time"].max() - fault["last_failure"]) < dt.timedelta(microseconds=1)


def test_release_is_marked_before_and_after(shop: Capture, fault: dict[str, Any]) -> None:
    marks = shop.logs.where("event_name=deployment").to_polars(["time", "deployment.version"]).sort("time")
    assert marks["deployment.version"].to_list() == [fault["version"], fault["previous"]]
    for mark, began in zip(marks["time"], (fault["deployed"], fault["rolled_back"]), strict=True):
        assert dt.timedelta(0) < mark - began < 20 * SECOND


def test_release_hits_the_sessions_that_the_front_turned_away(shop: Capture, fault: dict[str, Any]) -> None:
    told = shop.logs.where(f"service_name=front exception.type={fault['front_exception']} order.id exists")
    sessions = told.to_polars(["session_id", "user_id"])
    assert sessions.height == fault["timeouts_at_the_front"]
    assert sorted(set(sessions["session_id"])) == fault["sessions"]
    assert sorted(set(sessions["user_id"])) == fault["users"]
    answered = shop.logs.where(f"service_name=front http.response.status_code={fault['status']}")
    assert sorted(set(answered.to_polars(["session_id"])["session_id"])) == fault["sessions"]


def test_slow_requests_are_found_as_numbers(shop: Capture, fault: dict[str, Any]) -> None:
    slow = shop.logs.where(f"service_name={fault['service']} {fault['field']}>600")
    assert len(slow) == fault["requests_over_600_ms"]
    searches = slow.where(f"http.route={fault['route']}")
    assert len(searches) == fault["searches_over_600_ms"] >= 1
    assert len(searches.where(f"k8s.node.name={fault['node']}")) == fault["of_them_on_the_node"]
    in_browser = shop.logs.where(f"service_name=shop-web {fault['field']}>600")
    assert len(in_browser) == fault["requests_over_600_ms_in_the_browser"]


def test_probes_came_to_nothing(shop: Capture, fault: dict[str, Any]) -> None:
    tried = shop.logs.where(f"client.address={fault['client_address']} http.response.status_code exists")
    assert len(tried) == fault["attempts"] > 30
    assert _counts(tried.to_polars(["http.response.status_code"]), "http.response.status_code") == fault["statuses"]
    assert len(tried.where("http.response.status_code<400")) == fault["succeeded"] == 0
    assert len(tried.where("severity>=error")) == 0


def test_exception_in_the_page_has_its_cause_in_the_same_trace(shop: Capture, fault: dict[str, Any]) -> None:
    thrown = shop.logs.where(f"service_name=shop-web exception.type={fault['exception']}").to_polars()
    assert thrown.height == fault["records"] == 1
    assert thrown["trace_id"].item() == fault["trace_id"] == fault["cause_trace_id"]
    assert (thrown["session_id"].item(), thrown["user_id"].item()) == (fault["session"], fault["user"])
    cause = shop.logs.where(f"trace_id={fault['trace_id']} exception.type={fault['cause_exception']}").to_polars()
    assert cause.height == fault["cause_records"] == 1
    assert cause["service_name"].item() == fault["cause_service"]
    assert fault["product"] in cause["body"].item()
    services = shop.logs.where(f"trace_id={fault['trace_id']}").to_polars(["service_name"])["service_name"]
    assert {"shop-web", "front", "checkout"} <= set(services)


def test_clock_of_one_browser_is_off(shop: Capture, fault: dict[str, Any]) -> None:
    """In a trace the page speaks last, when the answer is there: by its clock, that much away from the front's."""
    times = shop.logs.where("service_name in (front, shop-web) session.id exists trace_id exists").to_polars()
    ends = times.group_by("session_id", "trace_id").agg(
        *(pl.col("time").filter(pl.col("service_name") == name).max().alias(name) for name in ("front", "shop-web"))
    )
    off = ends.drop_nulls().group_by("session_id").agg((pl.col("shop-web") - pl.col("front")).median().alias("off"))
    wrong = off.filter(pl.col("session_id").is_in(fault["sessions"]))
    assert wrong.height == len(fault["sessions"]) == 3
    skew = dt.timedelta(milliseconds=fault["skew_ms"])
    assert all(abs(o - skew) < SECOND for o in wrong["off"])
    assert all(abs(o) < 5 * SECOND for o in off.filter(~pl.col("session_id").is_in(fault["sessions"]))["off"])
    users = times.filter(pl.col("session_id").is_in(fault["sessions"]))["user_id"]
    assert users.unique().to_list() == [fault["user"]]


def test_events_are_as_a_batch_export_holds_them(shop: Capture, records: pl.DataFrame) -> None:
    events = pl.read_parquet(shop.folder / "events.parquet")
    assert events.columns == ["uuid", "event", "distinct_id", "person_id", "properties", "person_properties",
                              "elements_chain", "timestamp", "created_at", "_inserted_at"]  # fmt: skip
    assert _counts(events, "event") == shop.truth["events"]
    assert {"$pageview", "$autocapture", "$exception"} <= set(events["event"])
    properties = [json.loads(p) for p in events["properties"]]
    assert {p["$session_id"] for p in properties} == set(records["session_id"].drop_nulls())
    exception = shop.truth["faults"]["exception"]
    thrown = [p for p, e in zip(properties, events["event"], strict=True) if e == "$exception"]
    assert [p["$session_id"] for p in thrown] == [exception["session"]]
    assert thrown[0]["$exception_list"][0]["type"] == exception["exception"]
    clicks = events.filter(pl.col("event") == "$autocapture")
    assert clicks["elements_chain"].str.contains("button").any()


def test_recordings_show_the_sessions_of_two_faults(shop: Capture) -> None:
    recordings, faults = shop.truth["recordings"], shop.truth["faults"]
    assert recordings["exception"] == faults["exception"]["session"]
    assert recordings["timeout"] in faults["release"]["sessions"]
    assert sorted(f.name for f in (shop.folder / "recordings").iterdir()) == sorted(
        f"{session}.json.gz" for session in recordings.values()
    )
    for session in recordings.values():
        told = json.loads(gzip.decompress((shop.folder / "recordings" / f"{session}.json.gz").read_bytes()))
        snapshots = told["data"]["snapshots"]
        assert told["data"]["id"] == session
        assert {2, 3, 4} <= {event["type"] for event in snapshots}
        times = [event["timestamp"] for event in snapshots]
        logged = shop.logs.where(f"service_name=shop-web session.id={session}").to_polars(["time"])["time"]
        assert min(times) - 2000 < logged.min().timestamp() * 1000 < max(times) + 2000
        console = [e["data"]["payload"] for e in snapshots if e["type"] == 6 and "console" in e["data"]["plugin"]]
        assert [c for c in console if c["level"] == "error"] != [] or session == recordings["exception"]


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().cast({column: pl.String, "len": pl.Int64}).sort(column).iter_rows())
