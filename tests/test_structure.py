"""The shape of the code, held by machine: who imports whom, what is public, what an import costs, what is short."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import imports

ROOT = Path(__file__).resolve().parents[1]
FILES = sorted((ROOT / "lognb").rglob("*.py"))

PLANTED = [
    ("lognb.schema", "from lognb import query", "schema must not import query"),
    ("lognb.loaders.files", "from lognb.engines.duckdb import build", "loaders must not import engines"),
    ("lognb.loaders.files", "from ..engines import duckdb", "loaders must not import engines"),
    ("lognb.mining.learn", "import lognb.charts.volume", "mining must not import charts"),
    ("lognb.errors", "def f():\n    from lognb.schema import RECORD", "errors must not import schema"),
    ("lognb.analyses.volume", "from lognb.logs import Logs", "analyses must not import logs"),
    ("lognb.logs", "import lognb", "logs must not import __init__"),
    ("lognb.result", "from lognb import Logs", "result must not import __init__"),
    ("lognb.schema", "from lognb._html import escape", "schema must not import _"),
    ("lognb.engines.__init__", "from .duckdb import build\nfrom ..logs import read", "engines must not import logs"),
    (
        "lognb.logs",
        "try:\n    import duckdb\nexcept ImportError:\n    pass",
        "duckdb is at home in lognb.engines.duckdb",
    ),
    ("lognb.engines.duckdb_more", "import duckdb", "duckdb is at home in lognb.engines.duckdb"),
    ("lognb.logs", "class A:\n    def f(self):\n        import altair as alt", "altair is at home in lognb.charts"),
    ("lognb.charts.volume", "import altair as alt", "altair is to be imported inside a function"),
    ("lognb.result", "import vl_convert", "vl_convert is to be imported inside a function"),
    ("lognb.logs", "from ipywidgets import HBox", "ipywidgets is at home in lognb.widgets"),
    ("lognb.report.page", "import click.testing", "click is at home in lognb.cli"),
    ("lognb.result", "if not TYPE_CHECKING:\n    from lognb.logs import Logs", "result must not import logs"),
    (
        "lognb.result",
        "if TYPE_CHECKING:\n    pass\nelse:\n    from lognb.logs import Logs",
        "result must not import logs",
    ),
]

FINE = [
    (
        "lognb.result",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import altair\n    from lognb.logs import Logs",
    ),
    ("lognb.charts.volume", "def draw():\n    import altair as alt"),
    ("lognb.engines.duckdb.build", "import duckdb\nfrom lognb.engines.base import Engine\nfrom . import sql"),
    ("lognb.logs", "from lognb.analyses.volume import volume\nfrom lognb import schema"),
    ("lognb.loaders.__init__", "from .files import expand\nfrom lognb.schema import Batch"),
    ("lognb.cli", "import click\nfrom lognb.logs import read"),
    ("lognb.result", "from lognb._text import count"),
]


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_follow_the_direction(path: Path) -> None:
    assert imports.check_file(path, ROOT) == []


@pytest.mark.parametrize(("module", "source", "why"), PLANTED)
def test_a_planted_violation_is_found(module: str, source: str, why: str) -> None:
    found = imports.check(module, source)
    assert len(found) == 1
    assert why in found[0]


@pytest.mark.parametrize(("module", "source"), FINE)
def test_what_is_allowed_passes(module: str, source: str) -> None:
    assert imports.check(module, source) == []


def test_every_part_has_a_place_in_the_order() -> None:
    parts = {p.stem if p.is_file() else p.name for p in (ROOT / "lognb").iterdir() if _is_part(p)}
    assert parts - set(imports.RANK) == set()


def test_public_names_are_what_all_says_and_what_the_architecture_lists() -> None:
    program = (
        "import json, types, lognb\n"
        "named = {n: getattr(lognb, n) for n in lognb.__all__}\n"
        "there = [n for n in dir(lognb) if n[0] != '_' and not isinstance(getattr(lognb, n), types.ModuleType)]\n"
        "print(json.dumps([lognb.__all__, sorted(there)]))"
    )
    listed, there = json.loads(_python(program))
    assert listed == sorted(listed), "__all__ is kept sorted"
    assert [n for n in listed if n != "__version__"] == there
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    documented = text.split("## Public names", 1)[1].split("\n## ", 1)[0]
    assert [n for n in there if f"`{n}`" not in documented] == []


@pytest.mark.parametrize("path", [p for p in FILES if "__all__" in p.read_text(encoding="utf-8")], ids=lambda p: p.name)
def test_all_names_exist(path: Path) -> None:
    module = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    program = f"import {module} as m; print([n for n in m.__all__ if not hasattr(m, n)])"
    assert _python(program).strip() == "[]"


def test_importing_lognb_loads_neither_charts_nor_widgets_nor_jupyter() -> None:
    """Nor does the first use of any public name but the widgets: the import alone would prove little."""
    program = (
        "import sys, lognb; [getattr(lognb, n) for n in lognb.__all__ if n not in ('TableView', 'Timeline')]\n"
        "print(*sorted({m.split('.')[0] for m in sys.modules}))"
    )
    heavy = {"altair", "vl_convert", "anywidget", "ipywidgets", "IPython", "ipykernel", "jupyter_client", "jupyterlab",
             "nbformat", "pandas", "ptars", "loky"}  # fmt: skip
    assert set(_python(program).split()) & heavy == set()


def test_importing_lognb_costs_little_more_than_its_engine() -> None:
    """CPU time, best of interleaved runs, each in a fresh interpreter."""
    timed = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"
    ours, theirs = [], []
    for _ in range(7):
        theirs.append(float(_python(timed.format("polars, duckdb"))))
        ours.append(float(_python(timed.format("lognb"))))
    assert min(ours) <= 1.3 * min(theirs), f"{min(ours):.3f} s against {min(theirs):.3f} s"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_short(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    long = {f.name: n for f in ast.walk(ast.parse(text)) if isinstance(f, _FUNCTION) and (n := _length(f)) > 60}
    assert long == {}


_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)


def _length(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function, its docstring left out."""
    doc = function.body[0] if ast.get_docstring(function) is not None else None
    return _lines(function) - (_lines(doc) if doc else 0)


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def _is_part(path: Path) -> bool:
    if path.is_dir():
        return any(path.glob("*.py"))
    return path.suffix == ".py" and (not path.stem.startswith("_") or path.stem == "__init__")


def _python(program: str) -> str:
    """What a fresh interpreter prints, started in the repository."""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
