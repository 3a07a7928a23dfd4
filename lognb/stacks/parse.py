"""A text to the exceptions in it: which language wrote it is told by its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from lognb.stacks import dotnet, go, javascript, jvm, python
from lognb.stacks.model import Raised, lines_of

if TYPE_CHECKING:
    from collections.abc import Callable

_LOOKED: Final = 2_000  # lines that tell the language


def parse(text: str) -> list[Raised]:
    """The exceptions of a text, the one reported first, then its causes; none if it holds no stack.

    Python, JavaScript (Chrome, Firefox, Safari, Node), Java, Go and .NET. Never raises; of a text longer than MAX_TEXT
    the middle is left out.

    >>> found = parse('Traceback (most recent call last):\\n  File "a.py", line 3, in f\\n    g()\\nKeyError: 1')
    >>> found[0].type, found[0].message, found[0].frames[0].function
    ('KeyError', '1', 'f')
    """
    lines = lines_of(text)
    if not any("at " in x or '", line ' in x or "@" in x or ".go:" in x or "://" in x for x in lines):
        return python.parse(lines) if python.HEAD in text else []
    votes: dict[Callable[[list[str]], list[Raised]], int] = {
        python.parse: sum(python.is_frame(x) for x in lines[:_LOOKED]),
        go.parse: sum(go.is_frame(x) for x in lines[:_LOOKED]),
        jvm.parse: sum(jvm.is_frame(x) for x in lines[:_LOOKED]),
        javascript.parse: sum(javascript.is_frame(x) for x in lines[:_LOOKED]),
        dotnet.parse: sum(dotnet.is_frame(x) for x in lines[:_LOOKED]),
    }
    best = max(votes, key=lambda each: votes[each])
    return best(lines) if votes[best] else []
