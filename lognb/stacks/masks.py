"""What varies in a message, as one pattern that RE2 and Python read alike: engines mask many records with it."""

from __future__ import annotations

import re
from typing import Final

MARK: Final = "<*>"

_PARTS: Final = (
    r"[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?",
    r"[\w.+-]{1,64}@[\w-]{1,64}(?:\.[\w-]{1,64}){1,8}",
    r"\b\w*\d\w*(?:[.,:]\d\w*)*",  # a word with a digit: numbers, ids, addresses, sizes, versions
)
# Longer than a message; the rest of a text is not what tells one message from another.
LENGTH: Final = 1_000

PATTERN: Final = "|".join(f"(?:{part})" for part in _PARTS)
"""What is masked, in a text of at most LENGTH characters; `\\b`, `\\w` and `\\d` are those of ASCII."""
NUMBERS: Final = (
    r"\b(?:0x[0-9a-fA-F]+|[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"
    r"|[0-9a-fA-F]{16,}|\d+)\b"
)
"""What no fingerprint of a stack looks at: numbers and ids that stand alone. Stacks that differ only there are one."""

_MASKED: Final = re.compile(PATTERN, re.ASCII)
_SPACES: Final = re.compile(r"[ \t]+")


def masked(message: str) -> str:
    """A message, its first line, with what varies as `<*>`.

    >>> masked("order 119870 failed: loyalty:8443 did not answer within 4000 ms")
    'order <*> failed: loyalty:<*> did not answer within <*> ms'
    """
    line = message.strip().partition("\n")[0][:LENGTH]
    return _SPACES.sub(" ", _MASKED.sub(MARK, line)).strip()
