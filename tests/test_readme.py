"""Every ```python block of the documents runs, every `lognb` command of a ```console block too, showing what it prints.

A ```text block right after a ```python block is what its last expression shows in a terminal.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import examples

ROOT = Path(__file__).resolve().parents[1]
DOCUMENTS = examples.documents()


def those_with(sign: str) -> pytest.MarkDecorator:
    found = [p for p in DOCUMENTS if sign in p.read_text(encoding="utf-8")]
    return pytest.mark.parametrize("document", found, ids=lambda p: p.relative_to(ROOT).as_posix())


@those_with("```python")
def test_python_blocks_run_and_show_what_they_say(
    document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is out of date is written again by `python tools/examples.py DOCUMENT`."""
    monkeypatch.chdir(examples.clone(tmp_path))
    for says, shows in examples.shown(document.read_text(encoding="utf-8")):
        assert examples.lines(shows) == examples.lines(says)


@those_with("$ lognb")
def test_commands_run_and_print_what_they_show(document: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(examples.clone(tmp_path))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for words, missing in examples.commands(document.read_text(encoding="utf-8")):
        assert missing == [], words


def test_readme_first_screen_has_the_two_commands() -> None:
    screen = "\n".join((ROOT / "README.md").read_text(encoding="utf-8").splitlines()[:30])
    assert "make lab" in screen
    assert "make test" in screen


def test_links_of_the_documents_lead_somewhere() -> None:
    for document in DOCUMENTS:
        links = re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", document.read_text(encoding="utf-8"))
        assert [x for x in links if "://" not in x and not (document.parent / x).exists()] == []
