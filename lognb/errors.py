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
    """A query or an analysis names a field that no record has."""

    @classmethod
    def unknown(cls, name: str, known: Iterable[str]) -> FieldError:
        """Build the error for an unknown field, with the nearest known names.

        >>> str(FieldError.unknown("servce_name", ["service_name", "body"]))
        "no field 'servce_name'; did you mean 'service_name'?"
        """
        near = get_close_matches(name, list(known), n=3, cutoff=0.6)
        hint = (
            "; did you mean " + " or ".join(repr(n) for n in near) + "?" if near else "; logs.fields() lists them all"
        )
        return cls(f"no field {name!r}{hint}")


class QueryError(LognbError):
    """A query text that cannot be understood; the message points at the place."""


class StoreError(LognbError):
    """The local store cannot be built, opened or written."""
