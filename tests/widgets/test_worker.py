"""One thread for each engine: jobs in their order, the newest of a kind wins, and what is stopped is never another."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

import lognb as ln
from lognb.query import Query
from lognb.widgets.worker import Worker, worker_of

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def logs(tmp_path: Path) -> ln.Logs:
    return ln.read(b'{"msg":"a"}\n' * 50, store=tmp_path / "a.duckdb")


@pytest.fixture
def worker(logs: ln.Logs) -> Worker:
    return worker_of(logs.engine)


def busy(logs: ln.Logs, begun: threading.Event) -> None:
    """Some seconds of work, most of it between statements."""
    for _ in range(300):
        begun.set()
        time.sleep(0.01)
        logs.engine.count(Query())


def test_jobs_are_done_one_after_the_other(worker: Worker) -> None:
    done: list[int] = []
    for i in range(100):
        worker.put(lambda i=i: done.append(i))
    assert worker.wait()
    assert done == list(range(100))


def test_a_newer_job_stops_the_one_before_wherever_that_is(logs: ln.Logs, worker: Worker) -> None:
    begun, said = threading.Event(), []
    worker.put(lambda: busy(logs, begun), "key", dropped=lambda: said.append("dropped"))
    assert begun.wait(10)
    start = time.monotonic()
    worker.put(lambda: said.append("done"), "key", now=True)
    assert worker.wait()
    assert said == ["dropped", "done"]
    assert time.monotonic() - start < 1.5


def test_a_waiting_job_gives_way(logs: ln.Logs, worker: Worker) -> None:
    hold, said = threading.Event(), []
    worker.put(lambda: hold.wait(10))
    for i in range(5):
        worker.put(lambda i=i: said.append(i), "key", dropped=lambda i=i: said.append(-i), now=True)
    hold.set()
    assert worker.wait()
    assert said == [0, -1, -2, -3, 4]


def test_what_is_stopped_is_never_the_next(logs: ln.Logs, worker: Worker) -> None:
    """Each second job is stopped at once; those between them, of statements too, come to their end."""
    ended: list[int] = []
    for i in range(60):
        begun = threading.Event()
        worker.put(lambda begun=begun: busy(logs, begun), "short")
        assert begun.wait(10)
        worker.stop("short")
        worker.put(lambda i=i: ended.append(i * logs.engine.count(Query())), "long")
        worker.stop("short")
    assert worker.wait()
    assert ended == [50 * i for i in range(60)]


def test_to_stop_what_is_not_there_does_nothing(logs: ln.Logs, worker: Worker) -> None:
    begun, said = threading.Event(), []
    worker.stop("none")
    worker.put(lambda: (begun.set(), time.sleep(0.1), said.append(logs.engine.count(Query()))), "key")  # type: ignore[arg-type,func-returns-value]
    assert begun.wait(10)
    worker.stop("none")
    assert worker.wait()
    assert said == [50]


def test_a_program_that_ends_under_a_panel_ends_in_silence(shop: Path) -> None:
    program = f"import lognb as ln; panel = ln.read({str(shop)!r}, progress=False).explore()"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
