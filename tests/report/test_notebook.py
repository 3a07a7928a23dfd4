"""A report as a notebook: it gives the same report again, says what it cannot read, and holds no code but its own."""

from __future__ import annotations

import ast
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import altair as alt
import nbformat
import polars as pl
import pytest
from nbclient import NotebookClient
from polars.testing import assert_frame_equal

import lognb as ln
from lognb.redaction import Redaction
from lognb.report import notebook
from lognb.report.blocks import Document

if TYPE_CHECKING:
    from pathlib import Path

TIME = "2026-11-03T09:00:00Z"
DUMP = """
import json, pathlib
told = [[b.kind, b.title, b.text, b.note, b.facts.get("spec")] for b in report.blocks]
for i, block in enumerate(report.blocks):
    for name, rows in block.frames.items():
        rows.frame.write_ipc(f"{i}-{name}.arrow")
pathlib.Path("told.json").write_text(json.dumps([report.title, report.timezone, report.meta, told]))
"""


def code(made: Any) -> str:
    return "\n".join(cell["source"] for cell in made["cells"] if cell["cell_type"] == "code")


def test_it_makes_the_report_again(shop: Path, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every kind of block, of two sources; run in a kernel of its own, elsewhere."""
    logs = ln.read(shop, store=tmp_path / "shop.duckdb")
    pl.DataFrame({"time": [TIME] * 3, "body": ["a", "b", "b"]}).write_parquet(tmp_path / "other.parquet")
    other = ln.read(tmp_path / "other.parquet")
    logs.pin(logs.where("severity=error").head(1)["record_id"][0], 'the "first"\nof them', who="ann")
    logs.mark("03:12:50", "customers call", who="support")
    report = ln.Report('The "loyalty" incident', timezone="Europe/Berlin", authors="ann", status="draft")
    report.add('# Summary\n\nA """quoted""" \\ word; logs are logs.', note="*noted*")
    report.add(logs.volume(every="10s"), other.facets("body"), logs.where("severity>=error").errors(), note="the worst")
    frame = pl.DataFrame({"a": [1, None], "b": [["x"], []], "t": [datetime(2026, 1, 1, tzinfo=UTC), None]})
    report.add(frame, title="'Mine'")
    report.add(alt.Chart(pl.DataFrame({"a": [1, 2]})).mark_bar().encode(x="a:O").properties(title="mine"))
    report.add(replace(logs.volume(every="1m"), origin=None))
    report.pins(logs).timeline(logs, since="03:12", more=[{"time": "03:20", "what": "clear", "who": "bo"}])
    report.action("mend it", owner="bo", due="2026-12-01").action("write\nit up", status="done")

    made: Any = nbformat.reads(report.save(tmp_path / "again.ipynb").read_text(encoding="utf-8"), as_version=4)
    nbformat.validate(made)
    assert "parameters" in made.cells[1].metadata.tags
    assert any("image/png" in o.get("data", {}) for cell in made.cells for o in cell.get("outputs", ()))
    made.cells[-1].source += DUMP
    monkeypatch.setenv("PYTHONPATH", str(root))
    ran = NotebookClient(made, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    assert [o for c in ran.cells for o in c.get("outputs", ()) if o.output_type == "error"] == []

    title, zone, meta, told = json.loads((tmp_path / "told.json").read_text())
    assert [title, zone, meta] == [report.title, report.timezone, report.meta]
    assert told == [[b.kind, b.title, b.text, b.note, b.facts.get("spec")] for b in report.blocks]
    for i, block in enumerate(report.blocks):
        for name, rows in block.frames.items():
            assert_frame_equal(pl.read_ipc(tmp_path / f"{i}-{name}.arrow"), rows.frame)
    assert (tmp_path / "again.html").is_file()


def test_what_has_no_name_is_to_be_filled_in() -> None:
    line = json.dumps({"time": TIME, "msg": "x"}).encode()
    report = ln.Report("x").add(ln.read(line).volume(), ln.read(pl.DataFrame({"time": [TIME], "body": ["y"]})).volume())
    made = notebook.notebook(report.document())
    assert "**Fill in** `files`" in made["cells"][0]["source"]
    assert made["cells"][1]["source"].startswith("files = []\n")
    ast.parse(code(made))
    assert "report.add" in code(made)


def test_what_was_opened_alike_stays_apart() -> None:
    report = ln.Report("x").add(*(ln.read(json.dumps({"time": TIME, "msg": m}).encode()).volume() for m in "ab"))
    made = notebook.notebook(report.document())
    assert made["cells"][1]["source"].startswith("files = []\nfiles_2 = []\n")
    assert "found = logs.volume()" in code(made)
    assert "found = logs_2.volume()" in code(made)


def test_a_redacted_one_says_that_files_do_not_have_its_words_and_a_bundle_does() -> None:
    pins = ln.read(json.dumps({"time": TIME, "msg": "x"}).encode())
    pins.mark(TIME, "a pseudonym")
    block, timeline = ln.Report("x").add(pins.facets("body")).timeline(pins).blocks
    document = Document("x", "UTC", {}, (block, timeline), datetime(2026, 1, 1, tzinfo=UTC), "1", redacted=True)
    assert "was redacted" in notebook.notebook(document)["cells"][0]["source"]
    assert ".mark(" not in code(notebook.notebook(document))
    assert block.origin is not None
    made = notebook.notebook(document, {(block.origin.opened, block.origin.sources): 'ln.open_bundle("x.zip").logs'})
    assert "was redacted" not in made["cells"][0]["source"]
    assert made["cells"][1]["source"].startswith("files = ['x.zip']\n")
    assert "logs = ln.open_bundle(*files).logs" in code(made)
    assert ".mark(" in code(made)


@pytest.mark.parametrize(
    ("rules", "written"),
    [
        (True, "redact=True"),
        (["email"], "redact=Redaction(kinds=['email'])"),
        (
            Redaction(fields=["tenant"], patterns={"o": r"o-(\d+)"}),
            "Redaction(patterns={'o': 'o-(\\\\d+)'}, fields=['tenant'])",
        ),
        (Redaction(patterns={"secret": "hunter2"}), "redact=rules"),
    ],
)
def test_a_redacted_one_is_made_again_by_the_same_rules(rules: Any, written: str, tmp_path: Path) -> None:
    made = json.loads(ln.Report("x", redact=rules).add("words").save(tmp_path / "x.ipynb").read_text(encoding="utf-8"))
    assert written in code(made)
    assert "hunter2" not in json.dumps(made)
    assert ("**Give** `rules`" in made["cells"][0]["source"]) == (written == "redact=rules")


@pytest.mark.parametrize(
    "call",
    [
        "__import__('os').system('x')",
        "logs.write_csv('/x')",
        "logs.engine.__class__",
        "[x for x in logs]",
        "logs.volume()\nimport os",
        "(lambda: logs)()",
        "open('/x', 'w')",
        "ln.loaders.files.os.system('x')",
        "ln.cache().clear()",
        "logs.unpin(1)",
        "logs.volume().write('x')",
        "logs.where(ln.loaders.files.os.system('x'))",
        "logs.where(**ln.x)",
        "ln.read('a', store='/x')",
        "ln.cache",
        "logs.to_pandas().query('@ln.os')",
        "logs.volume" + ".frame" * 3000,
    ],
)
def test_code_that_somebody_sent_is_not_run(call: str) -> None:
    """The origins of a bundle are what its maker says."""
    block = ln.Report("x").add(ln.read(json.dumps({"time": TIME, "msg": "x"}).encode()).volume()).blocks[0]
    assert block.origin is not None
    came = replace(block.origin, logs=None)
    for origin in (replace(came, call=call), replace(came, opened=call)):
        report = ln.Report("x")
        report.blocks.append(replace(block, origin=origin))
        assert call not in code(notebook.notebook(report.document()))
