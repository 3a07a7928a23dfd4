"""The sample against the truth: what the instrumented shop counted is what lognb finds, in JSON and in protobuf."""

from __future__ import annotations

import datetime as dt
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import first_capture
import lognb as ln

if TYPE_CHECKING:
    from lognb import Logs

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return tomllib.loads((SAMPLES / "truth.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def logs() -> Logs:
    return ln.read(SAMPLES / "first.jsonl")


@pytest.fixture(scope="module")
def records(logs: Logs) -> pl.DataFrame:
    return logs.to_polars()


def test_nothing_is_lost(logs: Logs, truth: dict[str, Any]) -> None:
    assert len(logs) == truth["records"]
    assert logs.spans.height == truth["spans"]


def test_counts_by_service_and_severity(records: pl.DataFrame, truth: dict[str, Any]) -> None:
    assert _counts(records, "service_name") == truth["services"]
    assert _counts(records, "severity") == truth["severities"]
    for service, expected in truth["by_service"].items():
        assert _counts(records.filter(pl.col("service_name") == service), "severity") == expected


def test_sessions_and_users(records: pl.DataFrame, truth: dict[str, Any]) -> None:
    assert records["session_id"].drop_nulls().n_unique() == truth["sessions"]
    assert records["user_id"].drop_nulls().n_unique() == truth["users"]


def test_lines_of_a_starting_process_are_placed_by_observed_time(records: pl.DataFrame, truth: dict[str, Any]) -> None:
    observed = records.filter(pl.col("timestamp").is_null())
    assert observed.height == truth["by_observed_time"]
    assert observed["severity"].unique().to_list() == ["unspecified"]
    assert (observed["time"] == observed["observed_timestamp"]).all()


def test_the_fault_shows_where_and_when_it_was(logs: Logs, truth: dict[str, Any]) -> None:
    fault = truth["fault"]
    found = logs.where(f'exception.type="{fault["exception"]}"').to_polars(
        ["time", "service_name", "service.version", "host.name", "exception.stacktrace"]
    )
    assert found.height == fault["failed_orders"]
    for column, name in (("service_name", "service"), ("service.version", "version"), ("host.name", "host")):
        assert found[column].unique().to_list() == [fault[name]]
    # The checkout says it first, the storefront, whose count the truth is, in the same instant.
    assert abs(found["time"].min() - fault["first_failure"]) < dt.timedelta(milliseconds=1)
    assert abs(found["time"].max() - fault["last_failure"]) < dt.timedelta(milliseconds=1)
    assert fault["rollout"] < found["time"].min()
    assert found["exception.stacktrace"].str.contains("_pay_1_8_1").all()


def test_failed_sessions_are_the_ones_hit(logs: Logs, truth: dict[str, Any]) -> None:
    failed = logs.where("http.response.status_code=502").to_polars()
    assert failed.height == truth["orders"]["timed_out"]
    assert failed["session_id"].n_unique() == truth["fault"]["sessions_hit"]


def test_protobuf_says_the_same(records: pl.DataFrame) -> None:
    other = ln.read(SAMPLES / "first.pb.zst").to_polars()
    same = [c for c in records.columns if c not in {"record_id", "source", "source_position"}]
    by = ["time", "observed_timestamp", "trace_id", "span_id", "body", "attributes"]
    assert_frame_equal(records.select(same).sort(by), other.select(same).sort(by))


def test_capture_is_the_same_again_and_another_seed_another_day(tmp_path: Path) -> None:
    first_capture.capture(7, tmp_path / "again")
    first_capture.capture(8, tmp_path / "other")
    committed = (SAMPLES / "truth.toml").read_text(encoding="utf-8")
    assert (tmp_path / "again" / "truth.toml").read_text(encoding="utf-8") == committed
    assert (tmp_path / "other" / "truth.toml").read_text(encoding="utf-8") != committed


def _counts(frame: pl.DataFrame, column: str) -> dict[str, int]:
    return dict(frame.group_by(column).len().cast({column: pl.String, "len": pl.Int64}).sort(column).iter_rows())
