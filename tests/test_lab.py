"""`make lab`: JupyterLab comes up on the first notebook, on another port if one is taken, and asks nobody for news."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import lab

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOK = Path("notebooks/01_first_look.ipynb")


@pytest.fixture
def addresses(tmp_path: Path) -> Iterator[list[str]]:
    """The addresses that two servers print, both told to take the same port."""
    home = {"HOME": str(tmp_path), "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    line = lab.command(NOTEBOOK, ["--no-browser", "--ServerApp.port=18888"])
    started: list[subprocess.Popen[str]] = []
    try:
        yield [_address(line, os.environ | home, started) for _ in range(2)]
    finally:
        for server in started:
            server.send_signal(signal.SIGTERM)
        for server in started:
            server.communicate(timeout=30)


def test_two_servers_lead_to_the_notebook_on_two_ports(addresses: list[str]) -> None:
    ports = {re.search(r":(\d+)/", address)[1] for address in addresses}  # type: ignore[index]
    assert len(ports) == 2
    for address in addresses:
        assert f"/lab/tree/{NOTEBOOK.as_posix()}" in address
        with urllib.request.urlopen(address, timeout=30) as answer:
            page = answer.read().decode()
        assert re.search(r'"news":\s*\{\s*"disabled":\s*true', page)


def test_a_missing_notebook_is_named(tmp_path: Path) -> None:
    line = [sys.executable, "tools/lab.py", str(tmp_path / "none.ipynb")]
    done = subprocess.run(line, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "no such notebook" in done.stderr


def _address(line: list[str], env: dict[str, str], started: list[subprocess.Popen[str]]) -> str:
    server = subprocess.Popen(line, cwd=ROOT, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
    started.append(server)
    assert server.stderr is not None
    for said in server.stderr:
        if found := re.search(r"http://127\.0\.0\.1:\S+", said):
            return found.group()
    raise AssertionError("JupyterLab ended without an address")
