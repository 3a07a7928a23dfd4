"""`lognb open`: a notebook that reads the files and shows the panel, and JupyterLab that comes up on it."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import nbformat
import pytest
from nbclient import NotebookClient

from lognb.cli import main

if TYPE_CHECKING:
    from pathlib import Path


def write(target: Path, *args: str) -> int:
    with pytest.raises(SystemExit) as done:
        main(["open", *args, "--write-only", "-o", str(target)])
    return int(done.value.code or 0)


def test_the_notebook_reads_and_explores(shop: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(shop.parent)
    target = tmp_path / "it's.ipynb"
    assert write(target, shop.name, "--query", 'severity>=error "did not"') == 0
    node = nbformat.read(target, as_version=4)
    nbformat.validate(node)
    assert f"ln.read({str(shop)!r})" in node.cells[0].source, "whichever folder the notebook is in"
    NotebookClient(node, timeout=120, resources={"metadata": {"path": tmp_path}}).execute()
    page, widget = (output.data for output in node.cells[1].outputs)
    bundle = {**widget, **page}
    assert "application/vnd.jupyter.widget-view+json" in bundle
    assert "did not" in bundle["text/html"]
    assert bundle["text/plain"].splitlines()[-1] == "logs.where('severity>=error \"did not\"')"


def test_several_files_stay_several(tmp_path: Path) -> None:
    names = ["a'b.jsonl", "ü.jsonl"]
    for name in names:
        (tmp_path / name).write_text('{"msg":"a"}\n', encoding="utf-8")
    assert write(tmp_path / "n.ipynb", *(str(tmp_path / name) for name in names)) == 0
    source = nbformat.read(tmp_path / "n.ipynb", as_version=4).cells[0].source
    compile(source, "cell", "exec")
    assert all(repr(str(tmp_path / name)) in source for name in names)


def test_nothing_is_overwritten(shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "n.ipynb"
    target.write_text("mine")
    assert write(target, str(shop)) == 1
    assert "is there already" in capsys.readouterr().err
    assert target.read_text() == "mine"


@pytest.mark.parametrize("args", [("none.jsonl",), ("{shop}", "--query", "severity>=")])
def test_mistakes_are_told_before_anything_is_written(
    args: tuple[str, ...], shop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write(tmp_path / "n.ipynb", *(a.format(shop=shop) for a in args)) == 1
    assert capsys.readouterr().err.startswith("lognb: ")
    assert not (tmp_path / "n.ipynb").exists()


def test_jupyterlab_comes_up_on_it(shop: Path, tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    line = [sys.executable, "-c", "from lognb.cli import main; main()", "open", str(shop), "--no-browser",
            "-o", str(tmp_path / "n.ipynb")]  # fmt: skip
    server = subprocess.Popen(line, env=os.environ | home, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    try:
        assert server.stderr is not None
        said = (re.search(r"http://127\.0\.0\.1:\S+", text) for text in server.stderr)
        address = next(found.group() for found in said if found)
        assert "/lab/tree/n.ipynb" in address
        listed = re.sub(r"/lab/tree/n\.ipynb", "/api/contents/n.ipynb", address)
        assert b"logs.explore()" in _answer(listed)
    finally:
        server.send_signal(signal.SIGTERM)
        server.communicate(timeout=30)


def _answer(address: str) -> bytes:
    """The address is printed a moment before the server listens."""
    for _ in range(100):
        try:
            with urllib.request.urlopen(address, timeout=30) as answer:
                return bytes(answer.read())
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(f"{address} does not answer")
