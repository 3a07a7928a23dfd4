"""Notebooks that are written with parameters and run without a person: papermill does both."""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path
from typing import Any, Final

from lognb._lab import investigation
from lognb.errors import LognbError

SUMMARY: Final = "application/vnd.lognb.summary+json"
"""The type under which a notebook shows its summary as data, beside the text."""


def written(path: Path, given: dict[str, Any], *, template: Path | None, run: bool) -> float:
    """Write a notebook with its parameters set, run it if asked to, and say how many seconds that took.

    Without a template it is an investigation of `files`. Raises LognbError if papermill is not installed, and for a
    cell that fails: the notebook up to there is at `path` then.
    """
    try:
        import papermill
        from papermill.exceptions import PapermillExecutionError
    except ImportError as error:
        raise LognbError(f'papermill is not here ({error.name}); pip install "lognb[papermill]"') from error
    begin = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="lognb-") as folder:
        source = template
        if source is None:
            source = Path(folder) / "investigation.ipynb"
            source.write_text(investigation(), encoding="utf-8")
        try:
            papermill.execute_notebook(
                str(source), str(path), parameters=given, prepare_only=not run, progress_bar=False, log_output=False,
                kernel_name="python3", language="python",
            )  # fmt: skip
        except PapermillExecutionError as error:
            where = f"cell {error.exec_count} of the run"
            raise LognbError(f"{path}: {where} failed: {error.ename}: {error.evalue}; its output is in it") from error
    return time.monotonic() - begin


def summary(path: Path) -> list[dict[str, Any]]:
    """The lines of the summary that a notebook shows, none if it shows none."""
    # A notebook is JSON; only its outputs matter here.
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        for output in cell.get("outputs", []):
            told = output.get("data", {}).get(SUMMARY)
            if told is not None:
                return [dict(line) for line in told]
    return []
