"""Open JupyterLab on a notebook: no news, no update checks, no extension index; another port if 8888 is taken.

python tools/lab.py notebooks/01_first_look.ipynb [options of jupyter lab]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import quote


def command(notebook: Path, more: list[str]) -> list[str]:
    """The command line. The notebook is the default address, so that a printed link leads to it as well."""
    quiet = [
        f"--LabApp.default_url=/lab/tree/{quote(notebook.as_posix())}",
        "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.handlers.announcements.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
        "--ServerApp.port_retries=50",
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        quiet.append("--allow-root")  # in a container there is no one else to be
    return [sys.executable, "-m", "jupyterlab", *quiet, *more]


def main() -> None:
    notebook = Path(sys.argv[1])
    if not notebook.is_file():
        sys.exit(f"{notebook}: no such notebook; NOTEBOOK=path names another")
    line = command(notebook, sys.argv[2:])
    os.execv(line[0], line)  # Ctrl-C belongs to JupyterLab


if __name__ == "__main__":
    main()
