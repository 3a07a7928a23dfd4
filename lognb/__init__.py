"""Incident investigation in a notebook: from an OpenTelemetry log dump to a postmortem that people can check.

>>> import lognb as ln
>>> logs = ln.read("dump.jsonl")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

from lognb._version import __version__
from lognb.errors import FieldError, LimitError, LognbError, QueryError, SourceError, StoreError

if TYPE_CHECKING:
    from lognb.loaders import LoadReport
    from lognb.logs import Logs, cache, frames, read, scan
    from lognb.query import Query
    from lognb.report.opened import open_bundle
    from lognb.report.postmortem import postmortem
    from lognb.report.report import Report
    from lognb.result import Result
    from lognb.widgets.table import TableView
    from lognb.widgets.timeline import Timeline

__all__ = [
    "FieldError",
    "LimitError",
    "LoadReport",
    "LognbError",
    "Logs",
    "Query",
    "QueryError",
    "Report",
    "Result",
    "SourceError",
    "StoreError",
    "TableView",
    "Timeline",
    "__version__",
    "cache",
    "frames",
    "open_bundle",
    "postmortem",
    "read",
    "scan",
]

# Loaded when first used: the engine and the loaders take most of a second, an error class or a version nothing.
_LAZY: Final = {
    "LoadReport": "lognb.loaders",
    "Logs": "lognb.logs",
    "Query": "lognb.query",
    "Report": "lognb.report.report",
    "Result": "lognb.result",
    "TableView": "lognb.widgets.table",
    "Timeline": "lognb.widgets.timeline",
    "cache": "lognb.logs",
    "frames": "lognb.logs",
    "open_bundle": "lognb.report.opened",
    "postmortem": "lognb.report.postmortem",
    "read": "lognb.logs",
    "scan": "lognb.logs",
}


def __getattr__(name: str) -> Any:
    if name not in _LAZY:
        raise AttributeError(f"module 'lognb' has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value


def __dir__() -> list[str]:
    return __all__
