"""A report as Markdown: log text never becomes HTML, a link or code; nothing is cut silently; other files stay."""

from __future__ import annotations

import csv
import io
import tomllib
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import altair as alt
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

import lognb as ln
from lognb.errors import LognbError
from lognb.query import Condition
from lognb.report.blocks import Block, Table
from lognb.report.markdown import code
from lognb.result import coded

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIME = "2026-11-03T09:00:00Z"


def tokens(text: str) -> Iterator[Any]:
    """Every token of a reader that lets HTML through."""
    waiting = MarkdownIt("commonmark", {"html": True}).enable("table").parse(text)
    while waiting:
        token = waiting.pop(0)
        yield token
        waiting = [*(token.children or ()), *waiting]


def addresses(text: str) -> list[str]:
    return [str(t.attrs[name]) for t in tokens(text) for name in ("href", "src") if name in t.attrs]


def test_log_text_is_text(root: Path, tmp_path: Path) -> None:
    """In titles, findings, tables, names of columns, code, queries, sources, pins, moments and actions."""
    payloads = tomllib.loads((root / "tests/cases/hostile_html.toml").read_text(encoding="utf-8"))["payloads"]
    payloads += ["`" * 3 + "\n<script>window.__ran=1</script>", "](javascript:window.__ran=1)", "1. x\n- y\n# z", "~~~"]
    frame = pl.DataFrame({"time": [TIME] * len(payloads), "body": payloads, "service.name": payloads, "level": "error"})
    source = tmp_path / "<img src=x onerror=window.__ran=1>`.parquet"
    frame.write_parquet(source)
    logs = ln.read(source)
    report = ln.Report("<script>window.__ran=1</script>", authors="<svg onload=window.__ran=1>")
    some = logs.where(ln.Query((Condition("service_name", "in", tuple(payloads)),)))
    report.add(some.errors(), some.facets("service_name"), some.scope(some))
    for body in payloads:
        rows = {"a <b>": Table.of(pl.DataFrame({body: [body]})), "b": Table.of(pl.DataFrame({"c": [body]}))}
        report.add(Block("result", body, body, rows)).action(body, owner=body, due=body, status=body)
    logs.pin(logs.head(1)["record_id"][0], payloads[3], who=payloads[4])
    report.pins(logs).timeline(logs, more=[{"time": TIME, "what": body, "who": body} for body in payloads])
    text = report.save(tmp_path / "x.md").read_text(encoding="utf-8")

    found = list(tokens(text))
    assert [t.content for t in found if t.type.startswith("html")] == []
    assert {a for a in addresses(text) if not a.startswith(("#", "x_files/"))} == set()
    assert not any(t.type == "fence" and not t.content.startswith(("ln.", "(logs := ln.")) for t in found)
    kept = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    assert kept == MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    said = "\n".join(t.content for t in found if t.type == "text")
    assert all(body.split("\n")[0][:20] in said for body in payloads if body.isascii() and body.isprintable())


@given(st.text(alphabet="`a\\ \n<", max_size=20))
def test_code_stays_code(text: str) -> None:
    one, *more = tokens(f"before\n\n{code(text)}\n\nafter")
    fences = [t for t in more if t.type == "fence"]
    assert [t.content for t in fences] == [text + "\n"]
    assert one.type == "paragraph_open"
    assert [t for t in tokens(f"x {coded(text)} y") if t.type not in ("inline", "text", "code_inline")][1:-1] == []


def test_words_pass_and_pictures_and_rows_are_files(tmp_path: Path) -> None:
    logs = ln.read(pl.DataFrame({"time": [TIME] * 1_500, "body": ["=cmd()"] * 1_500, "n": range(1_500)}))
    (tmp_path / "an incident_files").mkdir()
    (tmp_path / "an incident_files" / "mine.txt").write_text("kept")
    report = ln.Report("x", timezone="Asia/Kolkata").add("# What\n\n<b>mine</b>", logs.volume(), note="*so*")
    report.add("some", title="Words").add("## What?\n\n## What", logs.to_polars(["time", "body", "n"]))
    text = report.save(tmp_path / "an incident.md").read_text(encoding="utf-8")
    assert "<b>mine</b>" in text
    assert "*so*" in text
    assert "14:30:00" in text
    files = {unquote(a) for a in addresses(text) if not a.startswith("#")}
    assert {a for a in addresses(text) if a.startswith("#")} == {
        "#what", "#volume-by-severity", "#words", "#what-1", "#what-2", "#table",
    }  # fmt: skip
    assert all((tmp_path / name).is_file() for name in files)
    assert (tmp_path / next(n for n in files if n.endswith(".png"))).read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "an incident_files" / "mine.txt").read_text() == "kept"
    assert {p.name for p in tmp_path.iterdir()} == {"an incident.md", "an incident_files"}
    assert "20 of 1,500 rows" in text
    assert "the first 1,000 as CSV" in text
    table = next((tmp_path / n).read_text() for n in sorted(files)[::-1] if n.endswith(".csv"))
    rows = list(csv.reader(io.StringIO(table)))
    assert len(rows) == 1_001
    assert {row[1] for row in rows[1:]} == {"'=cmd()"}


def test_a_chart_is_drawn_from_its_own_data_alone(tmp_path: Path) -> None:
    own = alt.Chart(pl.DataFrame({"a": [1, 2]})).mark_bar().encode(x="a:O")
    text = ln.Report("x").add(own.properties(title="mine")).save(tmp_path / "x.md").read_text()
    assert "### mine" in text or "## mine" in text
    assert list((tmp_path / "x_files").glob("*.png"))
    report = ln.Report("x").add(alt.Chart("http://hostile.invalid/x.csv").mark_bar().encode(x="a:O"))
    with pytest.raises(LognbError, match="needs its data in it"):
        report.save(tmp_path / "y.md")
    assert not (tmp_path / "y.md").exists()


def test_what_an_earlier_report_left_goes_and_what_is_others_stays(tmp_path: Path) -> None:
    frame = pl.DataFrame({"who": ["ann@shop.example"]})
    ln.Report("x").add("a", frame).save(tmp_path / "x.md")
    for name in ("02-notes.csv", "mine.png"):
        (tmp_path / "x_files" / name).touch()
    ln.Report("x").add(frame, title="b").save(tmp_path / "x.md")
    assert sorted(p.name for p in (tmp_path / "x_files").iterdir()) == [
        "01-result-rows.csv",
        "02-notes.csv",
        "mine.png",
    ]
    ln.Report("x").add("words").save(tmp_path / "x.md")
    assert sorted(p.name for p in (tmp_path / "x_files").iterdir()) == ["02-notes.csv", "mine.png"]
