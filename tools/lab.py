"""Open JupyterLab on a notebook: no news, no update checks, no extension index; another port if 8888 is taken.

python tools/lab.py notebooks/01_first_look.ipynb [options of jupyter lab]
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from lognb._lab import command


def main() -> None:
    notebook = Path(sys.argv[1])
    if not notebook.is_file():
        sys.exit(f"{notebook}: no such notebook; NOTEBOOK=path names another")
    line = command(notebook, sys.argv[2:])
    os.execv(line[0], line)  # Ctrl-C belongs to JupyterLab


if __name__ == "__main__":
    main()
