"""The panel without JavaScript: what nbconvert shows, harmless whatever the records hold."""

from __future__ import annotations

import json
import re
import tomllib
from typing import TYPE_CHECKING, Any

import nbformat
import pytest
from nbconvert import HTMLExporter

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from lognb.widgets.explorer import Explorer


@pytest.fixture
def panel(shop: Path) -> Iterator[Explorer]:
    found = ln.read(shop).where("severity>=warn").explore(columns=["http.route"])
    yield found
    found.close()


def test_it_says_what_it_shows(panel: Explorer) -> None:
    bundle = panel._repr_mimebundle_()
    assert set(bundle) == {"application/vnd.jupyter.widget-view+json", "text/html", "text/plain"}
    page, logs = bundle["text/html"], panel.logs
    assert f"{len(logs)} of {int(logs.engine.overview['records']):,} records" in page
    assert "severity&gt;=warn" in page
    assert f"newest 20 of {len(logs)} records" in page
    assert "<svg" in page
    assert "http.route" in page
    assert re.search(r'<span class="ln-sev ln-error">error</span>', page)
    newest = logs.engine.page(logs.query, 1, newest=True).records
    assert newest["body"][0] in page
    assert bundle["text/plain"].startswith(f"{len(logs)} of ")
    assert repr(panel) == bundle["text/plain"]


def test_nbconvert_shows_it(panel: Explorer) -> None:
    node = nbformat.v4.new_notebook()
    node.cells = [nbformat.v4.new_code_cell("panel", execution_count=1)]
    node.cells[0].outputs = [nbformat.v4.new_output("execute_result", panel._repr_mimebundle_(), execution_count=1)]
    page, _ = HTMLExporter().from_notebook_node(node)
    assert "newest 20 of" in page


def test_another_split_and_no_record(panel: Explorer) -> None:
    panel.by = "service_name"
    assert "<svg" in panel._repr_mimebundle_()["text/html"]
    panel.query_text = "nothing like this"
    assert "no record" in panel._repr_mimebundle_()["text/html"]


def test_hostile_text_stays_text(root: Path, tmp_path: Path) -> None:
    """In bodies, keys, values, service names, the query and a warning: no markup but ours."""
    payloads = tomllib.loads((root / "tests/cases/hostile_html.toml").read_text(encoding="utf-8"))["payloads"]
    records = [_record(text) for text in payloads]
    logs = ln.read("".join(map(json.dumps, records)).encode(), store=tmp_path / "a.duckdb")
    key = payloads[0]
    panel = logs.explore(columns=[key], fields=["service_name", key], newest=False)
    tags = set()
    for text in ("", *payloads):
        panel.query = ln.Query.parse("") if not text else ln.Query((ln.query.Condition("body", ":", text),))
        panel.note = text
        page = panel._repr_mimebundle_()["text/html"]
        tags |= {tag.lower() for tag in re.findall(r"<\s*/?([A-Za-z!?][\w:]*)", page)}
        assert not re.search(r"<[^>]*\son\w+\s*=", re.sub(r'"[^"]*"', '""', page))
    panel.close()
    ours = "div style p b code span svg g title rect line text img table thead tbody tr th td"
    assert tags <= set(ours.split())


def _record(text: str) -> dict[str, Any]:
    said = {"stringValue": text}
    record = {"timeUnixNano": "1793696400000000000", "body": said, "attributes": [{"key": text, "value": said}]}
    resource = {"attributes": [{"key": "service.name", "value": said}]}
    return {"resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": [record]}]}]}
