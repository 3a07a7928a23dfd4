"""Every notebook runs from top to bottom, asserts what it claims, and is kept without outputs.

They run with the wheel, in an environment and a folder that know nothing of the source tree.
"""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
from pathlib import Path

import nbformat
import pytest

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
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
def test_says_where_its_data_is_in_one_cell_that_papermill_fills(path: Path) -> None:
    cells = [c for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    tagged = [c.source for c in cells if "parameters" in c.metadata.get("tags", [])]
    assert len(tagged) == 1
    assert all(isinstance(node, ast.Assign | ast.AnnAssign) for node in ast.parse(tagged[0]).body)
    assert [c.id for c in cells if "../data" in c.source and c.source not in tagged] == []


def test_what_is_installed_is_the_wheel(installed: Path) -> None:
    said = _run(installed, "import lognb, sys; print(lognb.__file__); print(*sys.path, sep='\\n')")
    file, *path = said.stdout.splitlines()
    assert Path(file).is_relative_to(installed.parents[1])
    assert str(ROOT) not in path


@by_name
def test_runs(path: Path, installed: Path) -> None:
    folder = installed.parents[2] / "notebooks"
    shutil.copy(path, folder)
    program = (
        "import sys; sys.path.append(sys.argv[1]); import demo, nbformat; from pathlib import Path\n"
        "nbformat.write(demo.run(Path(sys.argv[2])), sys.argv[2] + '.ran')"
    )
    _run(installed, program, str(ROOT / "tools"), path.name, cwd=folder)
    ran = nbformat.read(folder / f"{path.name}.ran", as_version=4)
    said = [o for c in ran.cells if c.cell_type == "code" for o in c.outputs]
    assert [o for o in said if o.output_type == "stream" and o.name == "stderr"] == []
    assert any("text/html" in o.data for o in said if o.output_type in {"display_data", "execute_result"})


def _run(python: Path, program: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A program in the empty environment; nothing of this one's own path reaches it."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    line = [str(python), "-c", program, *arguments]
    done = subprocess.run(line, cwd=cwd or python.parents[2], env=bare, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    return done
