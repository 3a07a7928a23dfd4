"""An asyncio event loop that never waits: when every task sleeps, its clock jumps to the next one that wakes.

Twenty minutes of a running program take a second, and the same program takes the same steps each time.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Coroutine

STEP_NS = 11_300


def run(main: Coroutine[Any, Any, None]) -> None:
    """Run `main` to its end in virtual time, which starts at 0 seconds."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        runner.run(main)


def now_ns() -> int:
    """Nanoseconds since the start; a program never reads the same time twice, as work takes at least microseconds."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, _Loop)
    loop.last_ns = max(round(loop.time() * 1e9), loop.last_ns + STEP_NS)
    return loop.last_ns


class _Selector(selectors.SelectSelector):
    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise RuntimeError("every task waits for something that no timer will bring")
        self.now += timeout
        return super().select(0)


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        self.last_ns = 0
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now
