"""What people pass to verbs, read strictly: whole numbers, and how far around a record to look."""

from __future__ import annotations

import operator

from lognb._text import length
from lognb.errors import QueryError


def whole(name: str, value: int | str, most: int = 2**63 - 1) -> int:
    """A whole number from 0 to `most`; an id may be its decimal text."""
    try:
        number = int(value) if isinstance(value, str) else operator.index(value)
    except (TypeError, ValueError):
        number = -1
    if not 0 <= number <= most:
        raise QueryError(f"{name}={value!r} is no whole number from 0 to {most}")
    return number


def side(name: str, value: int | str) -> tuple[int, int | None]:
    """How many records, and how many ns away at most; a length of time leaves the number open."""
    ns = length(value) if isinstance(value, str) else None
    if ns is None and isinstance(value, str) and not value.isdecimal():
        raise QueryError(f'{name}={value!r} is no number of records and no length of time like "30s"')
    return (whole(name, value), None) if ns is None else (2**63 - 1, ns)
