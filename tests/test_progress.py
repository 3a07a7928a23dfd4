"""The progress bar: there when work is long and somebody looks on, silent otherwise."""

from __future__ import annotations

import io
import subprocess
import sys
import time

import nbformat
import pytest
from nbclient import NotebookClient

from lognb._progress import Bar


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def run(bar: Bar, seconds: float) -> None:
    bar.up_to(0)
    stop = time.monotonic() + seconds
    while time.monotonic() < stop:
        time.sleep(0.1)
        bar.up_to(bar.at + 10)
    bar.close()


@pytest.mark.parametrize(("seconds", "shown"), [(0.3, False), (1.6, True)])
def test_it_shows_after_a_second(monkeypatch: pytest.MonkeyPatch, seconds: float, shown: bool) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(Bar("reading", 1000, unit="B"), seconds)
    assert ("reading" in terminal.getvalue()) == shown


def test_it_is_silent_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    run(Bar("reading", 1000, unit="B", show=False), 1.3)
    assert terminal.getvalue() == ""


WORK = """
import time
from lognb._progress import Bar
bar = Bar("reading", 10)
for i in range(16):
    bar.up_to(i / 2)
    time.sleep(0.1)
bar.close()
"""


def test_it_is_silent_in_a_pipe() -> None:
    done = subprocess.run([sys.executable, "-c", WORK], capture_output=True, text=True, check=True)
    assert done.stdout + done.stderr == ""


def test_it_is_silent_in_a_notebook_that_nobody_watches_and_shows_in_one_that_is_open() -> None:
    """What nbconvert and papermill run notebooks with, and the mark of a kernel that a front end started."""
    watched = "import os; os.environ['JPY_SESSION_NAME'] = 'incident.ipynb'\n"
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c + WORK) for c in ("", watched)])
    NotebookClient(book, timeout=60).execute()
    assert book.cells[0].outputs == []
    assert book.cells[1].outputs
