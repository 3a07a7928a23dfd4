"""Every notebook runs from top to bottom, asserts what it claims, and is kept without outputs."""

from __future__ import annotations

import ast
from pathlib import Path

import nbformat
import pytest

import demo

NOTEBOOKS = sorted((Path(__file__).resolve().parents[1] / "notebooks").glob("*.ipynb"))
by_name = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)


def test_there_is_a_first_look() -> None:
    assert "01_first_look" in [p.stem for p in NOTEBOOKS]


@by_name
def test_kept_without_outputs(path: Path) -> None:
    node = nbformat.read(path, as_version=4)
    nbformat.validate(node)
    cells = [c for c in node.cells if c.cell_type == "code"]
    assert [c.id for c in cells if c.outputs or c.execution_count is not None] == []
    assert set(node.metadata) <= {"kernelspec", "language_info"}
    assert node.metadata.kernelspec.name == "python3"


@by_name
def test_asserts_what_it_claims(path: Path) -> None:
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    asserts = [n for source in cells for n in ast.walk(ast.parse(source)) if isinstance(n, ast.Assert)]
    assert asserts != []


@by_name
def test_runs(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", str(path.parents[1]))
    ran = demo.run(path)
    said = [o for c in ran.cells if c.cell_type == "code" for o in c.outputs]
    assert [o for o in said if o.output_type == "stream" and o.name == "stderr"] == []
    assert any("text/html" in o.data for o in said if o.output_type in {"display_data", "execute_result"})
