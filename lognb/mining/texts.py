"""How a pattern is shown: the layout of its commonest skeleton, and constant words that the masks hid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from lognb.mining.masks import NOTHING, SLOT
from lognb.mining.tokens import UNITS, tokens

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

ENOUGH: Final = 5
"""Of so many records at least one may say that a word never varies."""

_MOST_SLOTS: Final = 60
_LONGEST: Final = 2000  # characters

# Begins with a letter, holds a digit and two letters: jk2_init, IPv6, ssh2. Three digits in a row are a number.
_WORD: Final = re.compile(
    r"(?=[^0-9]*[A-Za-z][^0-9]*[A-Za-z]|[A-Za-z]\w*[A-Za-z])(?=\w*[0-9])(?!\w*[0-9]{3})[A-Za-z_]\w*"
)
_FIND: Final = re.compile(r"\w+")
_SPECIAL: Final = re.compile(r"[\\.+*?()|\[\]{}^$]")


def template(members: Sequence[tuple[str, int]]) -> str:
    """The text of a pattern from its skeletons and their records, `<*>` for what varies.

    >>> template([("sent <*> bytes", 3), ("sent <*> MB", 1), ("sent <*>", 9), ("lost <*> bytes", 1)])
    'sent <*>'
    """
    parts = [tokens(skeleton) for skeleton, _ in sorted(members, key=lambda member: (-member[1], member[0]))]
    base, glued = parts[0]
    columns = [{token} for token in base]
    for other, _ in parts[1:]:
        if len(other) == len(base):
            for column, token in zip(columns, other, strict=True):
                column.add(token)
    out, before = "", ""
    for column, close in zip(columns, glued, strict=True):
        token = next(iter(column)) if len(column) == 1 else SLOT
        if token == SLOT == before and len(column) > 1 and column <= UNITS | {SLOT}:
            continue  # a unit that varies belongs to the number before it
        token = "" if token == NOTHING else token
        out += token if close or not out else " " + token
        before = token
    return re.sub(r"(?:<\*>)+", SLOT, out)


def anchored(text: str) -> str:
    """A template as a regular expression with a group for each slot, for a whole headline; blanks are any blanks.

    >>> anchored("took <*> ms")
    '^(?s:\\\\s*took\\\\s+(.*?)\\\\s+ms\\\\s*)$'
    """
    return rf"^(?s:\s*{'(.*?)'.join(_escaped(part) for part in text.split(SLOT))}\s*)$"


def _escaped(text: str) -> str:
    text = _SPECIAL.sub(r"\\\g<0>", text)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else f"\\x{{{ord(c):x}}}" for c in text)
    return text.replace(" ", r"\s+")


def values(text: str, headlines: pl.Series) -> list[tuple[str, ...] | None]:
    """What stands in the slots of each headline; None where the template does not fit, or is too long to tell.

    In a time that is linear in a line, whatever the template is: log text may be chosen to be slow.
    """
    if text.count(SLOT) > _MOST_SLOTS or len(text) > _LONGEST:
        return [None] * len(headlines)
    lines = headlines.to_list()
    if all(" ".join(line.split()) == line for line in lines):
        # Where blanks are blanks, to find one piece behind the other says the same, and no expression is made.
        first, *pieces, last = text.split(SLOT)
        return [_between(line, first, pieces, last) for line in lines]
    found = headlines.str.extract_groups(anchored(text)).to_list()
    rows = (tuple(row.values()) for row in found)
    return [None if row[0] is None else row for row in rows]


def _between(line: str, first: str, pieces: list[str], last: str) -> tuple[str, ...] | None:
    if not (line.startswith(first) and line.endswith(last)):
        return None
    out, at = [], len(first)
    for piece in pieces:
        end = line.find(piece, at)
        if end < 0:
            return None
        out.append(line[at:end])
        at = end + len(piece)
    end = len(line) - len(last)
    return (*out, line[at:end]) if end >= at else None


def restored(text: str, headlines: pl.Series, records: int) -> str:
    """The template with a word back that all of its records have in a slot, by a sample of their headlines.

    >>> import polars as pl
    >>> restored("<*> started on <*>", pl.Series(["jk2_init started on a1", "jk2_init started on b2"]), 9)
    'jk2_init started on <*>'
    """
    if records < ENOUGH or SLOT not in text or not _shared(headlines):
        return text
    found = [row for row in values(text, headlines) if row is not None]
    if not found or len(found) < len(headlines):
        return text
    pieces = text.split(SLOT)
    out = pieces[0]
    for column, piece in zip(zip(*found, strict=True), pieces[1:], strict=True):
        out += (column[0] if len(set(column)) == 1 and _WORD.fullmatch(column[0]) else SLOT) + piece
    return out


def _shared(headlines: pl.Series) -> bool:
    """Is there a word that could be put back? Most patterns have none, and the expression need not be made."""
    shared: set[str] | None = None
    for line in headlines:
        words = set(_FIND.findall(line))
        shared = {w for w in words if _WORD.fullmatch(w)} if shared is None else shared & words
        if not shared:
            return False
    return bool(shared)


def searched(text: str) -> str | None:
    """A template as a regular expression for whole bodies, in what all engines read alike; None if it is too long.

    >>> searched("took <*> ms")
    '^(?s:\\\\s*took\\\\s+.*?\\\\s+ms)'
    """
    if text.count(SLOT) > _MOST_SLOTS or len(text) > _LONGEST:
        return None
    whole = ".*?".join(_escaped(part) for part in text.split(SLOT))
    return rf"^(?s:\s*{whole.removesuffix('.*?')})"
