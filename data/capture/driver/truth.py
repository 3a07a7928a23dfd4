"""The truth about a run: counted from the ledgers of its programs, never from what lognb reads."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

    from driver.plan import Plan


@dataclass
class Run:
    """A run that is over, and what its driver noted."""

    plan: Plan
    folder: Path
    began: int
    ended: int
    done: list[dict[str, Any]]
    sessions: list[dict[str, Any]]


def write(run: Run) -> str:
    return f"seed = {run.plan.seed}\n"
