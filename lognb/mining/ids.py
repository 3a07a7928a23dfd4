"""The name of a pattern: a hash of its key, so that the same kind of message has the same name everywhere.

Not of its text: how a pattern is shown may improve without a link to it breaking.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from lognb.mining.tokens import Key

VERSION: Final = "1"
"""Of the rules that make keys; another one makes other names."""


def pattern_id(key: Key) -> str:
    """16 hex digits.

    >>> pattern_id(("took", "<*>", "ms"))
    '674b133241a4b848'
    """
    return hashlib.blake2b(f"p{VERSION}\0{' '.join(key)}".encode(), digest_size=8).hexdigest()
