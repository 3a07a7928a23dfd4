"""Panels and stories as blocks: what was on the screen is in the frames, and both halves are drawn from these alone."""

from __future__ import annotations

import base64
import gzip
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import LognbError
from lognb.report import alive, page
from lognb.report.blocks import MOST
from lognb.report.freeze import freeze, pictured
from lognb.report.freeze_story import told
from lognb.schema import FIELDS
from lognb.widgets.records import record_in
from lognb.widgets.story_marks import Marks
from lognb.widgets.table import TableView
from lognb.widgets.timeline import Timeline

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def logs(shop: Path, samples: Path) -> ln.Logs:
    return ln.read(shop, samples / "recordings", progress=False)


def held(block: Any) -> dict[str, Any]:
    """What a page holds of a block, unpacked."""
    report = ln.Report("x")
    report.blocks.append(block)
    text = alive.data(report.document()).partition(">")[2].partition("<")[0]

    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return found


def test_a_panel_is_frozen_as_it_stands(logs: ln.Logs) -> None:
    panel = logs.where("severity>=warn").explore(columns=["http.route"], newest=False, tab="errors")
    block = freeze(panel, "look")
    panel.query_text = ""  # what happens to it later is nothing to the block
    query = logs.where("severity>=warn")
    frames = block.frames
    assert (block.kind, block.note, frames["records"].rows) == ("panel", "look", len(query))
    assert "420 of 23,876 records" in block.text
    assert frames["volume"].frame["records"].sum() == len(query)
    first = query.engine.page(query.query, MOST, newest=False, columns=["record_id", "http.route"]).records
    assert frames["records"].frame.select("record_id", "http.route").equals(first)
    own = frames["facets"].frame.filter(pl.col("field") == "service_name", pl.col("value") == "worker")
    assert own["records"].item() == len(query.where("service_name=worker"))
    assert frames["rows"].frame.equals(query.errors().frame)
    assert block.origin is not None
    assert eval(block.origin.call, {"logs": logs}).query == query.query
    panel.close()


def test_of_more_records_the_first_thousand_are_kept_and_said(logs: ln.Logs) -> None:
    table, whole = TableView(logs), Timeline(logs)
    block, picture = freeze(table), freeze(whole)
    assert (block.frames["records"].frame.height, block.frames["records"].rows) == (MOST, len(logs))
    got = held(block)
    assert (got["count"], len(got["table"]["page"]["ids"])) == (len(logs), MOST)
    known = got["table"]["page"]["ids"][7]
    live = record_in(logs.engine, int(known))
    assert got["records"][known]["body"] == live["body"]
    assert [g["name"] for g in got["records"][known]["groups"]] == [g["name"] for g in live["groups"]]
    assert picture.frames["volume"].frame["records"].sum() == len(logs)
    drawn = held(picture)["timeline"]
    assert {k: drawn[k] for k in ("since", "until", "every", "series")} == {
        k: whole.data[k] for k in ("since", "until", "every", "series")
    }


def test_a_story_is_told_again_from_its_block_alone(logs: ln.Logs) -> None:
    session = logs.recordings["session_id"][0]
    record = (
        logs.where(f"session={session}").engine.page(logs.where(f"session={session}").query, 5).records["record_id"][4]
    )
    story = logs.session(session, at=int(record))
    block = pictured(freeze(story))
    assert Marks(told(block)).bytes == story.marks
    assert set(block.frames["records"].frame.columns) == set(FIELDS)
    assert list(block.recordings) == [session]
    assert len(block.recordings[session].splitlines()) == logs.recordings["events"][0]
    got = held(block)
    assert {k: got["data"][k] for k in ("origin", "lanes", "sessions", "clock", "errors")} == {
        k: story.data[k] for k in ("origin", "lanes", "sessions", "clock", "errors")
    }
    assert (got["data"]["at"], got["data"]["at_item"]) == (story.data["at"], story.data["at_item"])
    wanted = next(iter(got["traces"]))
    assert got["traces"][wanted]["of"] == logs.traces().frame.filter(pl.col("trace_id") == wanted)["spans"].item()
    assert "<svg" in block.pictures["lanes"]


def test_what_is_changed_in_the_frames_is_changed_in_both_halves(logs: ln.Logs) -> None:
    """As redaction does: nothing is drawn from anything else."""
    block = freeze(TableView(logs.where("severity>=error")))
    rows = block.frames["records"]
    hidden = rows.frame.with_columns(pl.lit("HIDDEN").alias("body"), pl.lit("{}").alias("attributes"))
    report = ln.Report("x")
    report.blocks.append(replace(block, frames={"records": replace(rows, frame=hidden)}))
    text = page.html(report.document())
    body = rows.frame["body"][0]
    assert "HIDDEN" in text
    assert body not in text
    assert {r["body"]["text"] for r in held(report.blocks[0])["records"].values()} == {"HIDDEN"}


def test_the_player_is_in_a_page_only_if_a_recording_is(logs: ln.Logs) -> None:
    report = ln.Report("x").add(logs.errors())
    without = page.html(report.document())
    report.add(logs.session(logs.recordings["session_id"][0]))
    kit = "lognb.replay @rrweb/replay 2.1.6"
    assert [text.count(f'Symbol.for("{kit}")') for text in (without, page.html(report.document()))] == [1, 2]
    assert "unsafe" not in without.partition("<style>")[0]


def test_what_has_no_place_is_said(logs: ln.Logs) -> None:
    panel = logs.explore()
    with pytest.raises(LognbError, match="add the panel that it is a part of"):
        ln.Report("x").add(panel._drawing.widgets()[0])
    panel.close()
