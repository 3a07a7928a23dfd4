"""Every ```python block of the documents runs, every `lognb` command of a ```console block too, showing what it prints.

A ```text block right after a ```python block is what its last expression shows in a terminal.
"""

from __future__ import annotations

import ast
import contextlib
import io
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "docs").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_python_blocks_run_and_show_what_they_say(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(_clone(tmp_path))
    names: dict[str, Any] = {}
    shown: str | None = None
    for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
        if kind == "text" and shown is not None:
            assert _lines(shown) == _lines(text)
        shown = _run(text, names) if kind == "python" else None


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda p: p.name)
def test_commands_run_and_print_what_they_show(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(_clone(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for kind, text in BLOCK.findall(document.read_text(encoding="utf-8")):
        if kind != "console":
            continue
        for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
            command, _, shown = step.partition("\n")
            words = shlex.split(command, comments=True)
            if words[0] == "lognb":
                assert _missing(shown, _lognb(words[1:])) == []


def test_readme_first_screen_has_the_two_commands() -> None:
    screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert "make lab" in screen
    assert "make test" in screen


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        links = re.findall(r"\]\(([^)#\s]+)\)", document.read_text(encoding="utf-8"))
        assert [x for x in links if "://" not in x and not (document.parent / x).exists()] == []


def _clone(folder: Path) -> Path:
    """A folder that looks like the repository to an example, so that what it writes goes nowhere else."""
    (folder / "data").symlink_to(ROOT / "data")
    return folder


def _run(source: str, names: dict[str, Any]) -> str:
    """Run a block as a terminal would: what it prints, then the repr of its last expression."""
    tree, out = ast.parse(source), io.StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "<block>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<block>", "eval"), names)
            print(repr(value) if value is not None else "", end="")
    return out.getvalue()


def _lognb(arguments: list[str]) -> str:
    program = "import sys; from lognb.cli import main; sys.argv[0] = 'lognb'; sys.exit(main())"
    line = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def _missing(shown: str, printed: str) -> list[str]:
    """Lines that a document shows and a command did not print; a line of dots stands for any."""
    there = set(_lines(printed))
    return [line for line in _lines(shown) if line.strip() not in {"", "...", "…"} and line not in there]


def _lines(text: str) -> list[str]:
    return [line.rstrip() for line in text.strip("\n").splitlines()]
