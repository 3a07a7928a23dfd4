"""Run a program of the shop as if it were installed in /srv/shop: `python launch.py worker`.

Stack traces name files by the path they were compiled under. This compiles them under /srv/shop, so that a trace in the
capture is what an operator would see, and does not tell where on somebody's machine the capture was made.
"""

from __future__ import annotations

import linecache
import sys
import traceback
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).resolve().parent
HOME = "/srv/shop"


def load(name: str, module: ModuleType) -> None:
    """Execute `name`.py in a module; its source is known to tracebacks."""
    source = (HERE / f"{name}.py").read_text(encoding="utf-8")
    path = f"{HOME}/{name}.py"
    # Without a modification time the line cache keeps the entry though there is no such file.
    linecache.cache[path] = (len(source), None, source.splitlines(keepends=True), path)
    module.__file__ = path
    exec(compile(source, path, "exec"), module.__dict__)


def main() -> None:
    telemetry = ModuleType("telemetry")
    sys.modules["telemetry"] = telemetry
    load("telemetry", telemetry)
    program = ModuleType(sys.argv[1])
    sys.modules[sys.argv[1]] = program

    def say(kind: type[BaseException], error: BaseException, trace: Any) -> None:
        while trace and not trace.tb_frame.f_code.co_filename.startswith(HOME):
            trace = trace.tb_next  # the frames of this file are not the shop's
        traceback.print_exception(kind, error, trace)

    sys.excepthook = say
    load(sys.argv[1], program)
    program.main()


if __name__ == "__main__":
    main()
