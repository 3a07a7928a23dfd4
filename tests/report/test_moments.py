"""The timeline of an incident: what happened is in it, in order, once, and of how many; what an author says is kept."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import polars as pl
import pytest

import lognb as ln
from lognb.analyses.deploys import deploys
from lognb.errors import LognbError
from lognb.report.moments import MOMENTS, timeline

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 3, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def logs(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> ln.Logs:
    """The sample, with a store of its own: pins and marks stand beside it."""
    return ln.read(shop, store=tmp_path_factory.mktemp("sample") / "shop.duckdb")


@pytest.fixture(scope="module")
def told(logs: ln.Logs) -> pl.DataFrame:
    first = logs.where("exception.type=checkout.LoyaltyTimeout").head(1)
    logs.pin(first["record_id"][0], "the first of them", who="ann")
    logs.mark("03:12:50", "customers call", who="support")
    report = ln.Report("x").timeline(logs, more=[{"time": "03:30", "what": "all clear", "who": "bo"}])
    block = report.document().blocks[0]
    assert "moments" in block.pictures
    return block.frames["moments"].frame


def near(told: pl.DataFrame, kind: str, who: str, at: datetime, seconds: float) -> bool:
    """Is there a moment of a kind so near to a time?"""
    apart = (pl.col("time") - pl.lit(at)).abs() <= timedelta(seconds=seconds)
    return told.filter(apart, kind=kind, who=who).height > 0


def test_the_moments_of_the_truth_are_in_it(told: pl.DataFrame, truth: dict[str, Any]) -> None:
    faults = truth["faults"]
    release = faults["release"]
    assert told.filter(pl.col("kind") == "deploy")["who"].to_list() == [release["service"]] * 2
    for at in ("deployed", "rolled_back"):
        assert near(told, "deploy", release["service"], release[at], 5)
    for at in ("first_failure", "last_failure"):
        assert near(told, "error", "checkout", release[at], 0.1)
    assert near(told, "error", "worker", faults["memory"]["deaths"][0], 0.1)
    assert near(told, "error", "shop-web", faults["exception"]["time"], 0.1)
    assert near(told, "change", "", faults["memory"]["since"], 3)  # bytes, of all
    assert near(told, "change", "worker", faults["memory"]["until"], 2)
    assert near(told, "change", "front", faults["probes"]["first"], 2)
    assert near(told, "change", "front", faults["slow"]["since"], 2)


def test_its_picture_can_be_read_whatever_is_said(logs: ln.Logs) -> None:
    said = "1 -> 2; <b>&amp;\"quoted\" 'too'"
    report = ln.Report("x").timeline(logs, since="03:15", more=[{"time": "03:15:10", "what": said}])
    picture = ElementTree.fromstring(report.document().blocks[0].pictures["moments"])
    assert any("1 -> 2" in (e.get("aria-label") or "") for e in picture.iter())


def test_in_order_and_each_once(told: pl.DataFrame) -> None:
    assert told.schema == pl.Schema(MOMENTS)
    assert told["time"].is_sorted()
    assert not told.select("time", "kind", "who", "what").is_duplicated().any()


def test_pins_marks_and_the_author_with_who(told: pl.DataFrame) -> None:
    rows = {
        kind: (who, what.partition(" (“order ")[0]) for kind, who, what in told.select("kind", "who", "what").rows()
    }
    assert rows["mark"] == ("support", "customers call")
    assert rows["note"] == ("bo", "all clear")
    assert rows["pin"] == ("ann", "the first of them")


def test_its_code_gives_what_it_tells_of(logs: ln.Logs, told: pl.DataFrame) -> None:
    for kind in ("deploy", "error", "pin"):
        row = told.filter(pl.col("kind") == kind).row(0, named=True)
        found = eval(row["code"], {"logs": logs})
        found = found if isinstance(found, pl.DataFrame) else found.to_polars()
        assert row["record_id"] in found["record_id"].to_list()
    change = told.filter(pl.col("kind") == "change", pl.col("what").str.starts_with("error share")).row(0, named=True)
    assert change["what"].split(":")[0] in eval(change["code"], {"logs": logs}).sentence


def test_a_window_narrows_it_and_says_of_how_many(logs: ln.Logs) -> None:
    block = timeline(logs, since="03:12:30", until="03:13:30")
    frame = block.frames["moments"].frame
    since = datetime(2026, 11, 25, 3, 12, 30, tzinfo=UTC)
    assert frame["time"].is_between(since, since + timedelta(minutes=1), closed="left").all()
    assert "deploy" not in frame["kind"].to_list()
    issues = logs.where(since="03:12:30", until="03:13:30").errors().frame.height
    assert f"first and last of {issues} issues" in block.text
    words = ("disk", "socket", "lock", "queue", "cache", "index", "mail", "card", "cart", "route", "token", "quota")
    rows = [{"time": START, "level": "error", "body": f"the {word} is broken"} for word in words]
    assert "10 of 12 issues" in timeline(ln.read(pl.DataFrame(rows))).text


def test_the_code_of_the_whole_gives_it_again(logs: ln.Logs) -> None:
    said = [{"time": "03:00", "what": '“2.9" \\ out', "kind": "deploy"}]
    block = timeline(logs, since="03:12", deploys=said, more=[{"time": START, "what": "x"}])
    assert block.origin is not None
    again = eval(block.origin.call, {"logs": logs, "ln": ln}).blocks[0]
    assert again.frames["moments"].frame.equals(block.frames["moments"].frame)
    assert "deploy" not in timeline(logs, deploys=False).frames["moments"].frame["kind"].to_list()


@pytest.mark.parametrize("moment", [{"time": "09:00"}, {"what": "x"}, {"time": "09:00", "what": "x", "whom": "y"}, "x"])
def test_a_moment_that_is_none_is_named(logs: ln.Logs, moment: Any) -> None:
    with pytest.raises(LognbError, match="a moment is a dict"):
        timeline(logs, more=[moment])


def ran(*lines: tuple[int, str, str | None, str | None, str | None]) -> ln.Logs:
    """Records of (second, service, version, copy, event)."""
    names = ("time", "service_name", "service.version", "service.instance.id", "event_name")
    rows = [dict(zip(names, (START + timedelta(seconds=at), *rest), strict=True)) for at, *rest in lines]
    return ln.read(pl.DataFrame([{**row, "body": "x"} for row in rows], infer_schema_length=None))


DEPLOYS: dict[str, tuple[list[tuple[Any, ...]], list[tuple[int, str]]]] = {
    "the first version is none": ([(0, "a", "1", "i", None), (9, "a", "1", "j", None)], []),
    "a new one is": ([(0, "a", "1", "i", None), (5, "a", "2", "j", None)], [(5, "version 2, after 1")]),
    "copies that follow are the same one": (
        [(0, "a", "1", "i", None), (5, "a", "2", "j", None), (6, "a", "1", "i", None), (7, "a", "2", "k", None)],
        [(5, "version 2, after 1")],
    ),
    "one that comes back is": (
        [(0, "a", "1", "i", None), (5, "a", "2", "j", None), (9, "a", "1", "k", None)],
        [(5, "version 2, after 1"), (9, "version 1 again, after 2")],
    ),
    "side by side only the first counts": (
        [(n, "a", "12"[n % 2], f"i{n}", None) for n in range(8)],
        [(1, "version 2, after 1")],
    ),
    "services do not mix": ([(0, "a", "1", "i", None), (5, "b", "2", "j", None)], []),
    "a record may say it": ([(0, "a", None, None, None), (5, "a", None, None, "deployment")], [(5, "x")]),
    "said near the first record of it, once": (
        [(0, "a", "1", "i", None), (5, "a", "2", "j", "deployment")],
        [(5, "version 2, after 1 “x”")],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DEPLOYS)
def test_deploys(name: str) -> None:
    lines, expected = DEPLOYS[name]
    found = deploys(ran(*lines))
    seconds = [round((at - START).total_seconds()) for at in found["time"]]
    assert list(zip(seconds, found["what"], strict=True)) == expected
