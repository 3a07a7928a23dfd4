"""Sessions, visits and transactions: their columns, their sentence, their keys; and that the sample's are all found."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError
from lognb.schema import SEVERITY, TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HOSTILE = '=cmd()\x1b[2J<img src=x onerror="alert(1)">‮'
NINE = 1_793_696_400_000_000_000


@pytest.fixture(scope="module")
def shop_logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet", samples / "recordings")


def test_columns_are_what_the_docstring_tables(shop_logs: ln.Logs) -> None:
    rest = {
        "part": pl.UInt32, "user": pl.String, "other_user": pl.String, "start": TIME, "end": TIME,
        "duration_ns": pl.Int64, "records": pl.UInt64, "matching": pl.UInt64, "errors": pl.UInt64,
        "severity": SEVERITY, "services": pl.List(pl.String), "pages": pl.UInt32, "traces": pl.UInt32,
        "joined": pl.UInt64, "has_recording": pl.Boolean, "ended": pl.Boolean,
    }  # fmt: skip
    assert shop_logs.sessions().frame.schema == {"session": pl.String, **rest}
    assert shop_logs.sessions(gap="30s").frame.columns == ["user_id", *rest]
    assert shop_logs.sessions(key="order.id", start="order", end="paid").frame.columns == ["order.id", *rest]


@pytest.mark.truth
def test_the_sample_has_its_sessions_and_users(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    result = shop_logs.sessions()
    frame = result.frame
    assert (frame.height, frame["user"].n_unique()) == (truth["sessions"], truth["users"])
    assert frame["other_user"].null_count() == frame.height
    named = shop_logs.to_polars(["session", "time", "joined_by", "severity", "$current_url", "url.full", "event_name"])
    for row in frame.gather_every(40).iter_rows(named=True):
        own = named.filter(pl.col("session") == row["session"])
        assert row["records"] == row["matching"] == own.height
        assert (row["start"], row["end"]) == (own["time"].min(), own["time"].max())
        assert row["joined"] == (own["joined_by"] == "trace").sum()
        assert row["errors"] == own["severity"].is_in(["error", "fatal"]).sum()
        pages = own["$current_url"].fill_null(own["url.full"]).str.split("?").list.first().drop_nulls()
        assert row["pages"] == pages.n_unique()
    assert result.sentence.startswith(f"{truth['sessions']} sessions of {truth['users']} users, ")
    joined = named.filter(pl.col("joined_by") == "trace").height
    assert f"{joined:,} records joined by a trace" in result.sentence


@pytest.mark.truth
def test_sessions_with_a_recording_are_told(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    recorded = shop_logs.sessions().frame.filter("has_recording")
    assert sorted(recorded["session"]) == sorted(truth["recordings"].values())
    visits = shop_logs.sessions(gap="30s").frame.filter("has_recording")
    assert set(visits["user_id"]) == set(recorded["user"])


@pytest.mark.truth
def test_the_bad_release_hit_these_sessions_and_users(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    frame = shop_logs.where('severity=error "did not answer"').sessions().frame
    assert sorted(frame["session"]) == sorted(fault["sessions"])
    assert sorted(frame["user"].unique()) == sorted(fault["users"])
    assert (frame["matching"] < frame["records"]).all()
    # The cause is a record of checkout, which names no session: it is there by its trace.
    assert frame["services"].list.contains("checkout").all()


def test_a_visit_ends_where_nothing_happens(load: Callable[..., ln.Logs]) -> None:
    logs = load(
        [(s, "info", "web", {"user.id": u}) for s, u in ((0, "ann"), (50, "ann"), (200, "ann"), (10, "bob"))]
        + [(20, "error", "api", {})]
    )
    result = logs.sessions(gap="1m")
    assert result.frame.select("user_id", "part", "records").rows() == [("ann", 1, 2), ("bob", 1, 1), ("ann", 2, 1)]
    assert result.title == "Visits"
    assert result.sentence == ("3 visits of 2 users, none with errors; half last 0 ns or more; 1 of 5 records in none")


def test_a_transaction_has_all_its_records(load: Callable[..., ln.Logs]) -> None:
    lines = [(0, "new"), (1, "paid"), (2, "sent"), (3, "mailed"), (10, "new"), (11, "failed")]
    logs = load(
        [(s, "error" if what == "failed" else "info", "pay", {"order": "7", "what": what}) for s, what in lines]
    )
    result = logs.where("what=failed").sessions(key="order", start="what=new", end="what=sent")
    assert result.frame.select("order", "part", "records", "matching", "ended").rows() == [("7", 2, 2, 1, False)]
    assert result.sentence.startswith("1 transaction, 1 with errors (100 %); half last 1 s or more; 1 did not end")
    assert logs.sessions(key="order", start="what=new", end="what=sent").frame["records"].to_list() == [3, 2]


def test_a_session_of_two_users_is_told(load: Callable[..., ln.Logs]) -> None:
    named = [("s-1", "ann"), ("s-1", HOSTILE), ("s-2", "bob"), ("s-1", "ann"), ("s-3", None)]
    keys = [{"session.id": s} | ({"user.id": u} if u else {}) for s, u in named]
    result = load([(i, "info", "web", k) for i, k in enumerate(keys)]).sessions()
    assert result.frame.select("session", "user", "other_user").rows() == [
        ("s-1", "ann", HOSTILE), ("s-2", "bob", None), ("s-3", None, None),
    ]  # fmt: skip
    assert "1 session id belongs to several users (s-1: =cmd()\\x1b[2J<img" in result.sentence
    assert "<img src=x" not in result._repr_mimebundle_()["text/html"]
    assert "\x1b" not in repr(result)


def test_none_and_no_time(load: Callable[..., ln.Logs]) -> None:
    logs = load([(None, "info", "web", {"session.id": "s"}), (None, "warn", None, {})])
    result = logs.sessions()
    assert result.frame.select("records", "start", "duration_ns").rows() == [(1, None, None)]
    assert result.sentence == "1 session, none with errors; 1 of 2 records in none"
    result.chart().to_dict()
    assert logs.sessions(gap="1m").sentence == "no visit; 2 records in none"
    assert logs.where("severity=error").sessions().sentence == "no records"
    assert logs.where("severity=warn").sessions().frame.height == 0


def test_what_cannot_be_is_told(load: Callable[..., ln.Logs]) -> None:
    logs = load([(0, "info", "web", {"order": "7"})])
    with pytest.raises(QueryError, match=r"gap='soon' is no length of time"):
        logs.sessions(gap="soon")
    with pytest.raises(QueryError, match="gap='0s'"):
        logs.sessions(gap="0s")
    with pytest.raises(FieldError, match="did you mean 'order'"):
        logs.sessions(key="ordr")
    with pytest.raises(FieldError, match=r"(?s)did you mean 'order'.*ordr=1\n"):
        logs.sessions(key="order", start="order=7", end="ordr=1")


BROWSER_NOW = {
    "posthogDistinctId": "ann", "sessionId": "s-now", "window.id": "w", "url.full": "https://shop.example/cart?x=1",
    "log.source": "console.error",
}  # fmt: skip
BROWSER_THEN = {"distinct_id": "ann", "location.href": "https://shop.example/cart#top", "log.source": "console.log"}
BACKEND = {"sessionId": "s-now", "posthogDistinctId": "ann"}


def _otlp(resource: dict[str, str], body: str, attributes: dict[str, str]) -> dict[str, Any]:
    pairs = [[{"key": k, "value": {"stringValue": v}} for k, v in part.items()] for part in (resource, attributes)]
    record = {
        "timeUnixNano": str(NINE),
        "severityText": "WARNING",
        "body": {"stringValue": body},
        "attributes": pairs[1],
    }
    return {"resourceLogs": [{"resource": {"attributes": pairs[0]}, "scopeLogs": [{"logRecords": [record]}]}]}


def test_logs_of_both_ages_of_the_browser_sdk_are_of_their_session_and_user() -> None:
    """Today a record names session and user; around its first release the resource named the session, and console
    arguments came as JSON texts, in quotes, which are taken away."""
    sent = [
        _otlp({"service.name": "unknown_service"}, "order failed", BROWSER_NOW),
        _otlp(
            {"service.name": "posthog-browser-logs", "session.id": "s-then"}, '"order failed" {"id":7}', BROWSER_THEN
        ),
        _otlp({"service.name": "api"}, "order failed", BACKEND),
    ]
    logs = ln.read("\n".join(map(json.dumps, sent)).encode())
    frame = logs.sessions().frame.sort("session")
    assert frame.select("session", "user", "records", "pages").rows() == [
        ("s-now", "ann", 2, 1), ("s-then", "ann", 1, 1),
    ]  # fmt: skip
    assert logs.facets("body").frame["value"].to_list() == ["order failed", 'order failed {"id":7}']
    assert logs.sessions(gap="30m").frame.select("user_id", "records").rows() == [("ann", 3)]


def test_keys_of_ones_own_come_first() -> None:
    sent = _otlp({"service.name": "api"}, "x", {"visit": "v-1", "session.id": "s-1", "login": "ann", "user.id": "7"})
    logs = ln.read(json.dumps(sent).encode(), session_keys="visit", user_keys=["login"])
    assert logs.sessions().frame.select("session", "user").rows() == [("v-1", "ann")]


def test_an_empty_id_is_none() -> None:
    sent = [_otlp({}, "x", {"session.id": "", "user.id": ""}), _otlp({}, "x", {"session.id": "s"})]
    logs = ln.read("\n".join(map(json.dumps, sent)).encode())
    assert logs.sessions().frame.select("session", "user", "records").rows() == [("s", None, 1)]
