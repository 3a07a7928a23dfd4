"""Stack traces: a text to exceptions and frames, and which of them are one issue. Pure; no engine, no Logs."""

from lognb.stacks.fingerprint import VERSION, Counted, Issue, counted, issue, short, uses_app
from lognb.stacks.in_app import in_app
from lognb.stacks.masks import MARK, masked
from lognb.stacks.model import Frame, Raised
from lognb.stacks.parse import parse

__all__ = [
    "MARK",
    "VERSION",
    "Counted",
    "Frame",
    "Issue",
    "Raised",
    "counted",
    "in_app",
    "issue",
    "masked",
    "parse",
    "short",
    "uses_app",
]
