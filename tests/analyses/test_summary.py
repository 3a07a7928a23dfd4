"""Ten lines: each truth of the sample is in them, each line gives its records again, and none makes things up."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from pathlib import Path

    from lognb.analyses.summary import Summary


@pytest.fixture(scope="module")
def of_the_sample(shop: Path) -> Summary:
    return ln.read(shop).summary()


@pytest.fixture(scope="module")
def lines(of_the_sample: Summary) -> dict[str, str]:
    return said(of_the_sample)


def said(summary: Summary) -> dict[str, str]:
    return dict(summary.frame.select("about", "said").iter_rows())


SECOND = timedelta(seconds=1)
CLOCK = r"(\d\d):(\d\d):(\d\d)"


def near(text: str, at: datetime, seconds: float = 1.0) -> bool:
    """Is a clock time in the text within a bucket (a second, in six minutes) and `seconds` of this one?"""
    times = [timedelta(hours=int(h), minutes=int(m), seconds=int(s)) for h, m, s in re.findall(CLOCK, text)]
    wanted = at - at.replace(hour=0, minute=0, second=0, microsecond=0)
    return any(abs(t - wanted) <= SECOND * (1 + seconds) for t in times)


@pytest.mark.truth
def test_what_is_in_it(lines: dict[str, str], truth: dict[str, Any]) -> None:
    assert f"{truth['records']:,} records" in lines["contents"]
    services = len(truth["services"])
    people = f"{truth['sessions']} sessions, {truth['users']} users, {truth['spans']:,} spans"
    assert f"{services} services, {people}" in lines["contents"]
    assert lines["next"].startswith("next: logs.explain(")


@pytest.mark.truth
def test_the_release(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    failed, waited = fault["failed_orders"], fault["timeouts_at_the_front"]
    # The shop's front gives up 2 s before checkout fails, which is the first failure of the truth.
    assert near(lines["onset"][:8], fault["first_failure"] - 2 * SECOND, 2)
    assert re.search(r"error share of|order <\*> failed|Timeout", lines["onset"])
    of_checkout = f"{fault['exception']}: loyalty:<*> did not answer within <*> ms ({fault['service']}, {failed})"
    assert of_checkout in lines["errors"]
    assert f"{fault['front_exception']}: checkout did not answer within <*> ms (front, {waited})" in lines["errors"]
    (ran,) = re.findall(rf"{re.escape(fault['version'])} ({CLOCK})–({CLOCK})", lines["releases"])
    assert near(ran[0], fault["deployed"], 3)
    assert near(ran[4], fault["rolled_back"], 20), "orders that were begun before are answered"
    assert f"{fault['service']} ran {fault['previous']} " in lines["releases"]
    assert f"all {failed} {fault['exception']}" in lines["releases"]
    assert f"are of {fault['version']}" in lines["releases"]


@pytest.mark.truth
def test_memory_and_its_split_stacks(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault, split = truth["faults"]["memory"], truth["faults"]["split_trace"]
    payloads = lines["volume"].partition(f" in {fault['payloads']} records like “export ")[2]
    assert payloads, lines["volume"]
    assert f"all of {fault['service']}, all of {fault['node']}, since " in payloads
    assert near(payloads, fault["since"], 2)
    assert f"{fault['exception']} ({fault['service']}, {split['traces']})" in lines["errors"]
    assert f"{split['traces']} stacks of all records put together from {split['lines']} lines" in lines["errors"]


@pytest.mark.truth
def test_probes(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["probes"]
    (said,) = [part for part in parts(lines["changes"]) if fault["client_address"] in part]
    assert f" records of {fault['service']} warn “" in said
    assert near(said, fault["first"])


@pytest.mark.truth
def test_the_slow_node(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["slow"]
    (said,) = [part for part in parts(lines["changes"]) if fault["pattern"] in part]
    assert f" records of {fault['service']} warn " in said
    assert near(said, fault["since"], 3)
    assert lines["slow"].startswith(f"{fault['field']} of {fault['service']} http.route={fault['route']}: ")
    assert re.search(rf" are of \S+={fault['node']}", lines["slow"])


@pytest.mark.truth
def test_the_exception_in_the_browser_and_its_cause(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    assert f"{fault['exception']}: {fault['message']} ({fault['service']}, {fault['records']})" in lines["errors"]
    cause = f"{fault['cause_exception']}: '{fault['product']}' ({fault['cause_service']}, {fault['cause_records']})"
    assert cause in lines["errors"]


@pytest.mark.truth
def test_the_clock_that_is_off(lines: dict[str, str], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["clock"]
    side = "ahead" if fault["skew_ms"] > 0 else "behind"
    (far,) = re.findall(r"up to (?:(\d+) min )?([\d.]+) s (ahead|behind)", lines["clocks"])
    assert far[2] == side
    assert int(far[0] or 0) * 60 + float(far[1]) == pytest.approx(abs(fault["skew_ms"]) / 1000, abs=1)
    assert f"in {len(fault['sessions'])} sessions ({fault['user']})" in lines["clocks"]


def parts(line: str) -> list[str]:
    """The moments of the line of changes."""
    return re.split(rf"; (?={CLOCK} )", line)[::4]


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


def test_of_many_releases_some_are_named_and_the_rest_counted(load: Callable[[Iterable[Any]], ln.Logs]) -> None:
    ran = [(t, "info", f"s{t % 6}", {"service.version": f"1.{t // 60}"}) for t in range(600)]
    failed = [(599, "error", "s5", {"service.version": "1.9", "exception.type": "Gone"})] * 3
    line = said(load([*ran, *failed]).summary())["releases"]
    assert line.startswith("s5 ran 1.0 ")
    assert re.findall(r"(s\d) ran (1\.\d)[^;]* (1\.\d) [^ ]+ and (\d+) more", line) == [
        (f"s{i}", "1.0", "1.5", "4") for i in (5, 0, 1, 2)
    ]
    assert "; 2 more services ran several" in line


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
