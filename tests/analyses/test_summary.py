"""Ten lines: each truth of the sample is in them, each line gives its records again, and none makes things up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from lognb.analyses.summary import Summary


@pytest.fixture(scope="module")
def of_the_sample(shop: Path) -> Summary:
    return ln.read(shop).summary()


def said(summary: Summary) -> dict[str, str]:
    return dict(summary.frame.select("about", "said").iter_rows())


def clock(at: Any) -> str:
    return f"{at:%H:%M:%S}"


def test_each_truth_is_in_the_lines(of_the_sample: Summary, truth: dict[str, Any]) -> None:
    lines, faults = said(of_the_sample), truth["faults"]
    assert f"{truth['records']:,} records" in lines["contents"]
    assert f"{truth['sessions']} sessions, {truth['users']} users, {truth['spans']:,} spans" in lines["contents"]
    release = faults["release"]
    # The shop's front gives up 2 s before checkout fails, which is the first failure of the truth.
    assert lines["onset"].startswith("03:12:39 error share of front: new")
    assert f"{release['exception']}: loyalty:<*> did not answer within <*> ms (checkout, 9)" in lines["errors"]
    assert "UpstreamTimeout: checkout did not answer within <*> ms (front, 9)" in lines["errors"]
    assert re.search(
        rf"checkout ran {release['previous']} .*{release['version']} 03:12:\d\d–03:1[34]", lines["releases"]
    )
    assert f"all 9 {release['exception']}" in lines["releases"]
    memory = faults["memory"]
    payload = f"{memory['payloads']} records like “export "
    assert payload in lines["volume"]
    assert f"all of {memory['service']}, all of {memory['node']}, since 03:09:30" in lines["volume"]
    assert "MemoryError (worker, 2)" in lines["errors"]
    split = faults["split_trace"]
    assert f"{split['traces']} stacks of all records put together from {split['lines']} lines" in lines["errors"]
    probes = faults["probes"]
    assert re.search(rf"03:09:5[34] records of {probes['service']} warn “[^”]*”: new", lines["changes"])
    assert f"client.address={probes['client_address']}" in lines["changes"]
    slow = faults["slow"]
    assert f"03:10:26 records of {slow['service']} warn “{slow['pattern']}”: new" in lines["changes"]
    assert lines["slow"].startswith(f"{slow['field']} of {slow['service']}")
    assert f"http.route={slow['route']}" in lines["slow"]
    assert slow["node"] in lines["slow"]
    exception = faults["exception"]
    assert f"{exception['exception']}: {exception['message']} ({exception['service']}, 1)" in lines["errors"]
    assert f"KeyError: '{exception['product']}' ({exception['cause_service']}, 1)" in lines["errors"]
    skew = faults["clock"]
    assert f"57.4 s ahead in {len(skew['sessions'])} sessions ({skew['user']})" in lines["clocks"]
    assert lines["next"].startswith("next: logs.explain(")


def test_each_line_has_a_number_a_query_and_code_that_runs(of_the_sample: Summary, shop: Path) -> None:
    logs = ln.read(shop)
    assert of_the_sample.frame["line"].to_list() == list(range(1, 11))
    assert len(of_the_sample.results) == 10
    for row, result in zip(of_the_sample.frame.iter_rows(named=True), of_the_sample.results, strict=True):
        logs.where(row["query"])
        again = eval(row["code"], {"logs": logs})
        if result is not None:
            assert again.sentence == result.sentence
    markdown = of_the_sample.to_markdown()
    assert markdown.count("\n") < 40
    assert len(markdown) < 8000
    assert "<script" not in of_the_sample._repr_mimebundle_()["text/html"]


def test_the_same_records_say_the_same(of_the_sample: Summary, shop: Path) -> None:
    assert ln.read(shop).summary().frame.equals(of_the_sample.frame)


def test_a_quiet_hour_has_nothing_wrong(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    logs = load([(t / 4, "info", "web", {"duration_ms": 20 + t % 7}) for t in range(4000)])
    lines = said(logs.summary())
    assert lines["errors"] == "no errors"
    assert not {"onset", "affected", "releases", "changes", "clocks"} & lines.keys()


@pytest.mark.parametrize(
    "records", [[], [(None, "error", None, {})], [(1, "error", "<img src=x onerror=1>", {"duration_ms": "soon"})]]
)
def test_next_to_nothing(load: Callable[[Iterable[Any]], ln.Logs], records: list[Any]) -> None:
    logs = load([*records, (None, "info", None, {})])
    summary = logs.summary()
    assert said(summary)["contents"].startswith(f"{len(logs)} record")
    assert "<img" not in summary._repr_mimebundle_()["text/html"]
    assert said(logs.where("severity=fatal").summary())["contents"] == "no records"
