"""One thread for each engine does what panels ask, one after the other; what a newer request replaces is not done.

Handlers of messages only put jobs here: they run in whatever thread the front end's message arrives in, also while a
cell runs, and must not wait.
"""

from __future__ import annotations

import atexit
import contextlib
import threading
import time
import weakref
from collections import OrderedDict
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.engines.base import Engine

_workers: weakref.WeakKeyDictionary[Any, Worker] = weakref.WeakKeyDictionary()
_lock = threading.Lock()


def worker_of(engine: Engine) -> Worker:
    """The worker of an engine; it ends when nobody uses the engine any more."""
    with _lock:
        if engine not in _workers:
            _workers[engine] = Worker(weakref.ref(engine))
        return _workers[engine]


class Worker:
    """A queue of jobs and the thread that does them; the thread starts with the first job and ends when idle."""

    def __init__(self, engine: Callable[[], Engine | None]) -> None:
        self._engine = engine
        self._jobs: OrderedDict[Any, tuple[Callable[[], None], Callable[[], None]]] = OrderedDict()
        self._ready = threading.Condition()
        self._thread: threading.Thread | None = None
        self._current: Any = None
        self._serial = count()
        self._done, self._stopping = 0, -1

    def put(
        self, job: Callable[[], None], key: Any = None, *, dropped: Callable[[], None] | None = None, now: bool = False
    ) -> None:
        """Do `job` after those before it.

        A waiting job with the same `key` is dropped for it; `now` also stops the one that is being done. For a job
        that is not done, or is stopped, its `dropped` is called.
        """
        with self._ready:
            key = next(self._serial) if key is None else key
            before = self._jobs.pop(key, None)
            self._jobs[key] = (job, dropped or (lambda: None))
            if now and self._current == key:
                self._stop()
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="lognb-panel", daemon=True)
                self._thread.start()
            self._ready.notify_all()
        if before is not None:
            before[1]()

    def stop(self, key: Any) -> None:
        """Drop the job with this key, whether it waits or is being done; any other is left alone."""
        with self._ready:
            waiting = self._jobs.pop(key, None)
            if self._current == key:
                self._stop()
            self._ready.notify_all()
        if waiting is not None:
            waiting[1]()

    def interrupt(self) -> None:
        """Stop the statement that the engine is working on, if any; the job it belongs to is dropped."""
        engine = self._engine()
        if engine is not None and self._thread is not None:
            engine.interrupt(self._thread)

    def _stop(self) -> None:
        """Stop the job that is being done, also where it is between two statements: until it has ended."""
        if self._stopping != self._done:
            self._stopping = self._done
            threading.Thread(target=self._insist, args=(self._done,), name="lognb-stop", daemon=True).start()

    def _insist(self, job: int) -> None:
        with self._ready:
            # While this thread has the lock the job cannot end, so what is stopped is never the next one.
            while self._done == job and self._current is not None:
                self.interrupt()
                self._ready.wait(0.01)

    def end(self, timeout: float = 2) -> None:
        """Drop what waits and stop what is being done, and wait for that; as long as `timeout`, in seconds."""
        until = time.monotonic() + timeout
        with self._ready:
            while (self._jobs or self._current is not None) and time.monotonic() < until:
                self._jobs.clear()
                self.interrupt()
                self._ready.wait(0.01)

    def wait(self, timeout: float = 60) -> bool:
        """Until all jobs are done; False if that takes longer."""
        with self._ready:
            return self._ready.wait_for(lambda: not self._jobs and self._current is None, timeout)

    def _work(self) -> None:
        while True:
            with self._ready:
                if not self._ready.wait_for(lambda: bool(self._jobs), timeout=30):
                    self._thread = None
                    return
                self._current, (job, dropped) = self._jobs.popitem(last=False)
            try:
                job()
            except KeyboardInterrupt:  # what an interrupted statement raises
                with contextlib.suppress(Exception):
                    dropped()
            finally:
                del job, dropped  # they know the engine, which must be able to end while this thread waits
                with self._ready:
                    self._current = None
                    self._done += 1
                    self._ready.notify_all()


@atexit.register
def _end() -> None:
    """Python ends: a job whose engine is closed under it would print a traceback that helps nobody."""
    for worker in list(_workers.values()):
        worker.end()
