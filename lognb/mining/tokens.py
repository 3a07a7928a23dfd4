"""A skeleton as tokens, and the key that skeletons of one pattern share.

Each of `= : , ; ( ) [ ] { } < > " ' |` is a token, and so is a quoted text without a slot; blanks only divide.
"""

from __future__ import annotations

import re
from typing import Final

from lognb.mining.masks import NOTHING, SLOT

Key = tuple[str, ...]

DELIMITERS: Final = frozenset("=:,;()[]{}<>\"'|")


def words(text: str) -> frozenset[str]:
    """A list of words that are looked up."""
    return frozenset(text.split())


SIZES: Final = words("B KB MB GB TB PB KiB MiB GiB TiB bytes byte ms us ns s sec secs")
UNITS: Final = SIZES | words("k K M G second seconds min mins minute minutes h hr hour hours day days")

_TOKEN: Final = re.compile(
    r"""<[*_]>|\s+"""
    # An apostrophe inside a word opens no quotation.
    r"""|(?:(?<=[\s=:,(\[{])|^)"[^"]{1,60}"(?!\w)|(?:(?<=[\s=:,(\[{])|^)'[^']{1,60}'(?!\w)"""
    r"""|[^\s=:,;()\[\]{}<>"'|]+|."""
)
_LONGEST_RUN: Final = 6


def tokens(skeleton: str) -> tuple[list[str], list[bool]]:
    """The tokens, and of each whether it is glued to the one before it.

    >>> tokens("took <*> ms (<*>)")[0]
    ['took', '<*>', 'ms', '(', '<*>', ')']
    """
    out: list[str] = []
    glued: list[bool] = []
    blank = True
    for token in _TOKEN.findall(skeleton):
        if token.isspace():
            blank = True
            continue
        if len(token) > 2 and token[0] in "\"'" and token[-1] == token[0]:
            inside = tokens(token[1:-1]) if SLOT in token and " " in token else ([token[1:-1]], [True])
            out += [token[0], *inside[0], token[0]]
            glued += [not blank, True, *inside[1][1:], True]
        else:
            out.append(token)
            glued.append(not blank)
        blank = False
    return out, glued


def collapsed(parts: list[str]) -> Key:
    """The key: lists as one slot, however long; no unit and no bracketed slot behind a slot.

    >>> collapsed(tokens("read <*> MB (<*>) from <*>, <*>, <*>")[0])
    ('read', '<*>', 'from', '<*>')
    """
    out: list[str] = []
    for part in parts:
        token = SLOT if part == NOTHING else part
        if token in SIZES and out and out[-1] == SLOT:
            continue
        out.append(token)
        while _shorten(out):
            pass
    return tuple(out)


def _shorten(out: list[str]) -> bool:
    """Take away at the end what says nothing new; whether there was anything."""
    size = len(out)
    for n in range(1, min(_LONGEST_RUN, size // 2) + 1):
        if out[size - n :] == out[size - 2 * n : size - n] and SLOT in out[size - n :]:
            del out[size - n :]
            return True
    if size >= 3 and out[-1] == SLOT and out[-2] in (",", ";", "|") and out[-3] == SLOT:
        del out[-2:]
    elif size >= 4 and out[-4:] == [SLOT, "(", SLOT, ")"]:
        # `host (address)` and `host` are one pattern. Of the labelled logs some say so and some do not; most do.
        del out[-3:]
    elif size >= 2 and out[-2:] == ["<", SLOT]:
        del out[-2]
    else:
        return False
    return True
