"""JupyterLab on a notebook, quietly: no news, no update checks, no extension index; another port if 8888 is taken."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

QUIET: Final = (
    "--LabApp.news_url=None",
    "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
    "--LabApp.extension_manager=readonly",
    "--ServerApp.port_retries=50",
)


def command(notebook: Path, more: Sequence[str] = ()) -> list[str]:
    """The command line. The notebook is the default address, so that a printed link leads to it as well."""
    line = [sys.executable, "-m", "jupyterlab", f"--LabApp.default_url=/lab/tree/{quote(notebook.as_posix())}", *QUIET]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        line.append("--allow-root")  # in a container there is no one else to be
    return [*line, *more]


def notebook(sources: Sequence[str], query: str = "") -> str:
    """A notebook, as text, that reads some sources and shows a panel of them, or of what a query leaves of them."""
    listed = "\n".join(f"    {source!r}," for source in sources)
    read = f"ln.read({sources[0]!r})" if len(sources) == 1 else f"ln.read(\n{listed}\n)"
    shown = f"logs.explore(query={query!r})" if query else "logs.explore()"
    cells = [f"import lognb as ln\n\nlogs = {read}\nlogs", f"panel = {shown}\npanel"]
    return _written([_cell(i, text) for i, text in enumerate(cells)])


def investigation() -> str:
    """A notebook, as text, that papermill runs: parameters, the summary, a drafted postmortem, and where to save it."""
    cells = [_cell(i, text) for i, text in enumerate(_INVESTIGATION)]
    cells[0] |= {"cell_type": "markdown"}
    for name in ("execution_count", "outputs"):
        del cells[0][name]
    cells[1]["metadata"] = {"tags": ["parameters"]}
    return _written(cells)


_INVESTIGATION: Final = (
    "# Investigation\n\nWritten by `lognb notebook`. Change the parameters and run it again, by hand or by papermill.",
    """files = []  # paths, globs, folders
query = ""  # only these records
since = None  # when the incident began; None: it is found
until = None
baseline = None  # (since, until) to hold it against; None: as much time right before
title = None
timezone = "UTC"
redact = False  # hide what is personal or secret in what is saved
save = None  # where to save the report: .html .pdf .md .ipynb .zip""",
    "import lognb as ln\n\nlogs = ln.read(*files).where(query)\nlogs",
    """summary = logs.summary()
display({"application/vnd.lognb.summary+json": summary.frame.to_dicts(), "text/plain": repr(summary)}, raw=True)
summary""",
    """window = None if since is None or until is None else (since, until)
report = ln.postmortem(logs, window=window, baseline=baseline, title=title, timezone=timezone, redact=redact)
report""",
    "report.save(save) if save else None",
)


def _written(cells: list[dict[str, Any]]) -> str:
    told: dict[str, Any] = {
        "cells": cells,
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    return json.dumps(told, indent=1) + "\n"


def _cell(i: int, text: str) -> dict[str, Any]:
    return {
        "cell_type": "code",
        "execution_count": None,
        "id": f"cell-{i}",
        "metadata": {},
        "outputs": [],
        "source": text.splitlines(keepends=True),
    }
