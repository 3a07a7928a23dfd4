"""A progress bar for long work: after a second, and only where a person looks on."""

from __future__ import annotations

import os
import sys
from typing import Any


class Bar:
    """Counts up to `total`, in bytes or, without a unit, as a share of the whole."""

    def __init__(self, what: str, total: float, *, unit: str = "", show: bool = True) -> None:
        self.at = 0.0
        self._show = show and _somebody_looks()
        form: dict[str, Any] = (
            {"unit": unit, "unit_scale": True, "unit_divisor": 1024} if unit else {"bar_format": _SHARE}
        )
        self._form: dict[str, Any] = {"total": total, "desc": what, "delay": 1, "leave": False, **form}
        self._bar: Any = None

    def up_to(self, position: float) -> None:
        if self._show and self._bar is None:  # its clock starts with the work
            from tqdm.auto import tqdm

            self._bar = tqdm(**self._form)
        if self._bar is not None:
            self._bar.update(position - self.at)
        self.at = position

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()


_SHARE = "{desc}: {percentage:3.0f}%|{bar}| [{elapsed}<{remaining}]"


def _somebody_looks() -> bool:
    """A terminal, or a notebook in a front end; not nbconvert, papermill, a pipe or a test.

    A kernel that a Jupyter server started for a front end has JPY_SESSION_NAME; one that nbclient (nbconvert,
    papermill) started has not.
    """
    shell = sys.modules.get("IPython")
    kernel = shell is not None and type(shell.get_ipython()).__name__ == "ZMQInteractiveShell"
    if kernel:
        return any(name in os.environ for name in ("JPY_SESSION_NAME", "VSCODE_PID", "VSCODE_CWD", "COLAB_RELEASE_TAG"))
    return sys.stderr is not None and sys.stderr.isatty()
