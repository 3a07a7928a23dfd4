"""Three stories that engineers tell of their log tool, on the sample: each ends in the numbers of truth.toml."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path


pytestmark = pytest.mark.truth


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def fault(request: pytest.FixtureRequest, truth: dict[str, Any]) -> dict[str, Any]:
    """What the truth says of the fault that a test is named after: test_<fault>_…"""
    found: dict[str, Any] = truth["faults"][request.function.__name__.split("_")[1]]
    return found


def _counts(logs: ln.Logs, field: str) -> dict[str, int]:
    """The facet of one field: value -> records, of the values that the query lets through."""
    frame = logs[field].frame.filter(pl.col("value").is_not_null() & pl.col("chosen"))
    return dict(frame.select("value", "records").iter_rows())


# S1. "Everything looks fine", but one node runs out of memory: take away what looks normal until something is left.


def test_memory_is_found_by_taking_away_what_looks_normal(logs: ln.Logs, fault: dict[str, Any]) -> None:
    frame = logs.to_polars(["k8s.node.name", "severity", "service_name", "body"]).with_columns(
        pl.col("body").str.to_lowercase().alias("text")
    )
    node = pl.col("k8s.node.name") == fault["node"]
    text, service = pl.col("text"), pl.col("service_name")
    chain = [  # the query, and the same in Polars
        ("-severity=debug", pl.col("severity") != "debug"),
        ('-"done in"', ~text.str.contains("done in", literal=True)),
        ("-service_name in (front, checkout, deploy)", ~service.is_in(["front", "checkout", "deploy"])),
        ('-("stock of" OR "receipt for" OR "worker 1.")', ~text.str.contains(r"stock of|receipt for|worker 1\.")),
        ("-severity=unspecified", pl.col("severity") != "unspecified"),
    ]
    assert len(chain) <= 5
    left, kept = logs.where(f"k8s.node.name={fault['node']}"), [frame.filter(node)]
    for query, same in chain:
        left = left.where(query)
        kept.append(kept[-1].filter(same))

    steps = left.steps()
    print(steps)
    heights = [frame.height, *(k.height for k in kept)]
    assert steps.frame["records"].to_list() == heights
    assert steps.frame["removed"].to_list() == [0, *(a - b for a, b in pairwise(heights))]
    assert steps.frame["step"].to_list()[2:] == [query for query, _ in chain]

    payloads = left.sql("SELECT body, size_bytes, service_name FROM logs ORDER BY size_bytes DESC")
    assert payloads.height == len(left) == fault["payloads"]
    assert payloads["body"].str.len_bytes().sum() == fault["payload_bytes"]
    assert payloads["size_bytes"].is_sorted(descending=True)
    assert (
        payloads["size_bytes"].min() > logs.where("-export.number exists").to_polars(["size_bytes"]).to_series().max()
    )
    assert _counts(left, "service_name") == {fault["service"]: fault["payloads"]}

    usage = logs.where(f"k8s.node.name={fault['node']}").usage("export.number", top=1000).frame
    named = usage.filter(pl.col("export.number").is_not_null())
    assert named["records"].sum() == fault["payloads"]
    assert named["bytes"].sum() == payloads["size_bytes"].sum() > fault["payload_bytes"]
    assert named["share"].sum() > 10 * fault["payloads"] / usage["records"].sum(), "few records, much of the bytes"


# S2. Reports of SQL injection: were there attempts, from whom, and did any succeed?


def test_probes_are_found_by_what_they_say(logs: ln.Logs, fault: dict[str, Any]) -> None:
    """By the text of the request alone, as it is read: the address and the program are the answer, not the question."""
    tried = logs.where(r'http.request.method exists body~"(\bor\b|%20or%20).*(=|%3d)|union.select|drop.*table'
                       r'|sleep(\(|%28)|convert(\(|%28)|waitfor|--"')  # fmt: skip
    assert len(tried) == fault["attempts"]
    assert _counts(tried, "http.response.status_code") == fault["statuses"]
    assert len(tried.where("http.response.status_code>=200 http.response.status_code<400")) == fault["succeeded"] == 0
    assert len(tried.where("severity>=error")) == 0
    assert _counts(tried, "service_name") == {fault["service"]: fault["attempts"]}

    assert _counts(tried, "client.address") == {fault["client_address"]: fault["attempts"]}
    assert _counts(tried, "user_agent.original") == {fault["user_agent"]: fault["attempts"]}
    assert len(logs.where(f"client.address={fault['client_address']}")) == fault["attempts"], "and nothing else"

    row = tried.sql(
        'SELECT count(*) AS attempts, count(*) FILTER ("http.response.status_code" < 400) AS succeeded, '
        'min(time) AS first, max(time) AS last, any_value("client.address") AS client_address, '
        'any_value("user_agent.original") AS user_agent FROM logs'
    ).row(0, named=True)
    assert row == {name: fault[name] for name in row}


# S3. "As simple as filtering for requests over 600 ms and seeing the results update immediately."


def test_slow_requests_are_a_number_and_everything_follows(logs: ln.Logs, fault: dict[str, Any]) -> None:
    slow = logs.where(f"{fault['field']}>600")
    requests, browser = fault["requests_over_600_ms"], fault["requests_over_600_ms_in_the_browser"]
    everything = requests + browser
    assert len(slow) == everything
    assert _counts(slow, "service_name") == {fault["service"]: requests, "shop-web": browser}
    assert slow.volume(every="10s").frame["records"].sum() == everything
    assert slow.volume(every="10s", by=None).frame["records"].sum() == everything
    assert slow.head(everything + 1).height == everything
    stats = slow.stats(fault["field"]).frame
    assert stats["records"].item() == everything
    assert stats["min"].item() > 600 > logs.stats(fault["field"]).frame["min"].item()

    searches = slow.where(f"service_name={fault['service']} http.route={fault['route']}")
    assert len(searches) == fault["searches_over_600_ms"]
    nodes = _counts(searches, "k8s.node.name")
    assert nodes[fault["node"]] == fault["of_them_on_the_node"]
    assert sum(nodes.values()) == fault["searches_over_600_ms"]
    times = searches.where(f"k8s.node.name={fault['node']}").to_polars(["time"])["time"]
    assert times.is_between(fault["since"], fault["until"] + timedelta(seconds=2)).all()


def test_slow_in_one_panel(logs: ln.Logs, fault: dict[str, Any]) -> None:
    """One filter state, asked for at once: count, facets, volume and page say the same."""
    query = logs.where(f"{fault['field']}>600 service_name={fault['service']} http.route={fault['route']}").query
    panel = logs.engine.panel(query, ["k8s.node.name", "http.route"], 10**10, limit=100)
    assert panel.count == panel.page.records.height == panel.volume["records"].sum() == fault["searches_over_600_ms"]
    nodes = panel.facets.filter(field="k8s.node.name", value=fault["node"])
    assert nodes["records"].item() == fault["of_them_on_the_node"]
    without = panel.facets.filter(pl.col("field") == "http.route")
    assert without["records"].sum() == fault["requests_over_600_ms"], "its own choice is left out"


def test_slow_is_the_same_with_a_unit(logs: ln.Logs, fault: dict[str, Any]) -> None:
    whole = set(logs.where(f"{fault['field']}>600").to_polars(["record_id"]).to_series())
    for value in ("0.6s", "600ms", "600000us"):
        assert set(logs.where(f"{fault['field']}>{value}").to_polars(["record_id"]).to_series()) == whole
    assert len(logs.where(f"{fault['field']}>0.6")) > len(whole)


def test_slow_texts_do_not_match(logs: ln.Logs) -> None:
    """The worker writes the duration of a mail as text: "239.3" is no number above 200."""
    texts = logs.where("mail.duration_ms exists").to_polars(["mail.duration_ms"]).to_series()
    above = texts.cast(pl.Float64) > 200
    assert texts.dtype == pl.String
    assert above.sum() > 0
    assert len(logs.where("mail.duration_ms>200")) == 0
    assert len(logs.where("-mail.duration_ms>200 mail.duration_ms exists")) == texts.len()
    assert (
        logs.sql('SELECT count(*) FROM logs WHERE try_cast("mail.duration_ms" AS DOUBLE) > 200').item() == above.sum()
    )
