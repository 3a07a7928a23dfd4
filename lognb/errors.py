"""What can go wrong, as the person at the keyboard sees it.

    LognbError
    ├── SourceError      a source is missing or nothing in it could be loaded (carries .load_report)
    ├── LimitError       a bound was met: decompression, unit size; the message names the keyword that raises it
    ├── FieldError       no such field; the message offers the nearest
    ├── QueryError       a query text that does not parse; points at the character
    └── StoreError       the local store cannot be built, opened or written

Every message says what happened, where, and what to do.
"""

from __future__ import annotations

import unicodedata
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class LognbError(Exception):
    """Base of every error that lognb raises on purpose."""


class SourceError(LognbError):
    """A source is missing, or nothing could be loaded from any source.

    `load_report` is the LoadReport as far as it got, or None if no source was opened.
    """

    def __init__(self, message: str, load_report: Any = None) -> None:
        super().__init__(message)
        self.load_report = load_report


class LimitError(LognbError):
    """Input is larger than a bound allows; the message names the keyword that raises the bound."""


class FieldError(LognbError):
    """A query or an analysis names a field that no record has; a query text is shown with its place."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> FieldError:
        """Build the error for an unknown field, with the nearest known names.

        >>> str(FieldError.unknown("servce_name", ["service_name", "body"]))
        "no field 'servce_name'; did you mean 'service_name'?"
        """
        return cls(f"no field {name!r}{did_you_mean(name, known) or '; logs.fields() lists them all'}")


class QueryError(LognbError):
    """A query text that cannot be understood; the message points at the place."""


class StoreError(LognbError):
    """The local store cannot be built, opened or written."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the `known`, as the end of a message; "" if none is near.

    >>> did_you_mean("erorr", ["info", "error"])
    "; did you mean 'error'?"
    """
    near = get_close_matches(word[:200], list(known), n=3, cutoff=0.6)
    return "; did you mean " + " or ".join(repr(n) for n in near) + "?" if near else ""


def pointed(message: str, text: str, at: int) -> str:
    """A message with the line of `text` that it is about and a caret under the character at `at`.

    >>> print(pointed("a value is missing", "severity>=", 10))
    a value is missing
      severity>=
                ^
    """
    start = text.rfind("\n", 0, at) + 1
    end = text.find("\n", at)
    end = len(text) if end < 0 else end
    first, last = max(start, at - 80), min(end, at + 80)  # a line may be a megabyte
    before = ("…" if first > start else "") + _shown(text[first:at])
    after = _shown(text[at:last]) + ("…" if last < end else "")
    return f"{message}\n  {before}{after}\n  {' ' * sum(map(_width, before))}^"


def _shown(text: str) -> str:
    """What moves no cursor: a control or bidi character is one mark, so that places stay the same."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in text)


def _width(c: str) -> int:
    """How many places a terminal gives to a character."""
    return 0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
