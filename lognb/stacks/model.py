"""What a stack trace says: exceptions, the one that was reported first, and their frames, the innermost first."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MAX_TEXT: Final = 200_000
"""Characters of a text that are read: half of them from its start, half from its end, where Python says the type."""
MAX_LINE: Final = 1_000
MAX_FRAMES: Final = 2_000

_ANSI: Final = re.compile(r"\x1b\[[0-9;]{0,20}m")


@dataclass(frozen=True, slots=True)
class Frame:
    """One call. `function` is as written, with its class or package where the language says it; "" is not known."""

    function: str
    file: str = ""
    line: int | None = None
    column: int | None = None
    language: str = ""
    in_app: bool | None = None
    """Whether the source itself said that the frame is of the application; None: it did not say."""


@dataclass(frozen=True, slots=True)
class Raised:
    """One exception. `relation` to the one before it: "cause", "context", "member" of a group, "suppressed"; "" first.

    `cut`: the outer end of the stack may be missing, since the language stops after so many frames.
    """

    type: str
    message: str
    frames: tuple[Frame, ...] = ()
    relation: str = ""
    cut: bool = False


def lines_of(text: str) -> list[str]:
    """The lines of a text, bounded in number and length; a text that was quoted as JSON is unquoted."""
    if len(text) > MAX_TEXT:
        text = text[: MAX_TEXT // 2] + "\n" + text[-MAX_TEXT // 2 :]
    if "\x1b" in text:
        text = _ANSI.sub("", text)
    if "\n" not in text and "\\n" in text:
        text = text.strip('"').replace("\\n", "\n").replace("\\t", "\t")
    return [line[:MAX_LINE].rstrip("\r") for line in text.split("\n")]


def whole(digits: str | None) -> int | None:
    """A line or column number; None for none, and for what is no number of lines."""
    return int(digits) if digits is not None and digits.isascii() and digits.isdigit() and len(digits) < 10 else None


def indent(line: str) -> int:
    return len(line) - len(line.lstrip())
