"""A redacted report: nothing that the rules hide is in any part of any block, and what belonged together still does."""

from __future__ import annotations

import ast
import json
import re
from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.query import Query
from lognb.redaction import Redactor
from lognb.report.blocks import Block, Table
from lognb.report.redacted import block_redacted, query_redacted
from lognb.report.report import Report

if TYPE_CHECKING:
    from pathlib import Path

MAIL, USER, NAME, KEY = "ann.lee@cart.example", "u-4711x", "Annegret Leopold", "sk_" + "live_abcDEF123456ghi"


@pytest.fixture
def logs(tmp_path: Path) -> ln.Logs:
    rows: list[dict[str, Any]] = [
        {"time": f"2026-11-03T09:00:{i:02d}Z", "level": "info", "msg": f"call {i} of {MAIL} with {KEY}",
         "user_id": USER, "user.full_name": NAME}
        for i in range(30)
    ]  # fmt: skip
    path = tmp_path / f"{USER}.jsonl"
    path.write_text("\n".join(map(json.dumps, rows)))
    return ln.read(path, store=tmp_path / "s.duckdb", progress=False)


def _said(block: Block) -> str:
    """All of a block as text."""
    frames = [(t.columns, t.frame.columns, t.frame.to_dicts()) for t in block.frames.values()]
    origin = block.origin and {**asdict(replace(block.origin, logs=None)), "query": str(block.origin.query)}
    return repr([block.title, block.text, block.note, block.facts, block.pictures, block.recordings, origin, frames])


def test_no_part_of_a_report_tells_what_was_hidden(logs: ln.Logs) -> None:
    report = Report(f"Outage of {MAIL}", redact=True, authors="The shop's team")
    report.add(f"It began with **{USER}**, who is {NAME}.", logs.where(f'user_id="{USER}"').volume(), note=f"see {KEY}")
    report.add(logs["user_id"], logs.where(f'"{MAIL}"').head(3), logs)
    document = report.document()
    assert document.redacted
    text = repr(document.title) + "".join(map(_said, document.blocks))
    for gone in (MAIL, "ann.lee", USER, NAME, KEY):
        assert gone not in text
    audit = document.blocks[-1]
    assert audit.kind == "audit"
    assert {"email", "name", "stripe", "user"} <= set(audit.frames["rows"].frame["kind"])
    origin = document.blocks[1].origin
    assert origin is not None
    shown = document.blocks[2].frames["rows"].frame["value"][0]
    assert str(origin.query) == f"user_id={shown}", "the pseudonym is the same in queries and rows"
    assert document.blocks[1].pictures["rows"].startswith("<svg")


def test_what_is_not_asked_for_is_not_hidden(logs: ln.Logs) -> None:
    plain = Report("Plain").add(logs.where(MAIL).head(1)).document()
    assert not plain.redacted
    assert MAIL in "".join(map(_said, plain.blocks))
    some = Report("Some", redact=["email"]).add(logs.head(1)).document()
    assert MAIL not in (said := "".join(map(_said, some.blocks)))
    assert USER in said


def test_charts_and_pictures_without_data_are_redacted_too() -> None:
    hide = Redactor(key=b"k")
    spec = {"mark": "bar", "encoding": {"x": {"field": "user_id"}}, "datasets": {"d": [{"user_id": USER, "n": 3}]}}
    block = Block("chart", facts={"spec": spec}, pictures={"rows": f"<svg><text>{MAIL}</text></svg>"})
    made = block_redacted(block, hide)
    assert made.facts["spec"]["encoding"] == spec["encoding"]
    assert USER not in _said(made)
    assert MAIL not in _said(made)


def test_a_query_stays_one_of_its_kind() -> None:
    hide = Redactor(key=b"k")
    query = Query.parse(f'(user_id in ("{USER}", "u-2y") OR NOT body:"{MAIL}") http.status=500 user_id=42')
    made = query_redacted(query, hide)
    assert Query.parse(str(made)) == made
    assert "http.status=500" in str(made)
    for gone in (USER, MAIL, "=42"):
        assert gone not in str(made)
    assert query_redacted(made, hide) == made


def test_tables_say_of_how_many_still() -> None:
    block = Block("result", frames={"rows": Table(pl.DataFrame({"user_id": [USER]}), 5_000, ("user_id",))})
    made = block_redacted(block, Redactor(key=b"k")).frames["rows"]
    assert (made.rows, made.columns) == (5_000, ("user_id",))


def test_how_many_users_stays_a_number_and_code_stays_code(logs: ln.Logs) -> None:
    report = Report("x", redact=True).add(
        logs.scope("severity=info"), logs.where(f'user_id={USER} "{MAIL}"').patterns()
    )
    report.add(pl.DataFrame({"users": [4711], "user_id": [4711]}), logs.where(MAIL).volume())
    blocks = report.document().blocks
    assert blocks[2].frames["rows"].frame["users"].to_list() == [4711]
    assert blocks[2].frames["rows"].frame["user_id"].to_list() != [4711]
    for block in blocks[:-1]:
        if block.origin is not None:
            ast.parse(block.origin.call)


@pytest.mark.parametrize("user", ["1042", "ann"])
def test_ids_too_short_to_be_looked_for_are_hidden_where_rows_tell_them(user: str) -> None:
    rows = [
        {"time": f"2026-11-03T09:0{i}:00Z", "level": "error", "msg": "m", "user_id": u}
        for i, u in enumerate([user, user, "bob"])
    ]
    logs = ln.read("\n".join(map(json.dumps, rows)).encode(), progress=False)
    report = Report("x", redact=True).add(logs.user(user), note=f"That is {user}.")
    report.add(logs["user_id"], logs.explore(by="user_id"))
    story, facets, panel, _ = report.document().blocks
    said = _said(story) + _said(facets) + _said(panel)
    for gone in (user, "bob"):
        assert not re.search(rf"\b{gone}\b", said)
    shown = story.facts["whose"][1]
    assert story.title == f"Story of user {shown}"
    assert story.origin is not None
    assert story.origin.call == f"logs.user({shown!r})"
    assert shown in story.note
    assert shown in panel.frames["volume"].frame["by"].to_list()


def test_a_number_of_how_many_is_no_id() -> None:
    rows = Table.of(pl.DataFrame({"user_id": ["3", "210"], "users": [7, 8]}))
    block = Block("result", "", "3 records of 210 users, busiest 09:03; 7; user_id: 210 40 %", {"rows": rows})
    made = block_redacted(block, Redactor(key=b"k"))
    shown = made.frames["rows"].frame["user_id"][1]
    assert made.text == f"3 records of 210 users, busiest 09:03; 7; user_id: {shown} 40 %"
