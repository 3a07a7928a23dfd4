"""Stacks of .NET: inner exceptions are told after "--->", and their frames come first."""

from __future__ import annotations

import re
from typing import Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised, whole

_AT: Final = re.compile(r"\s*at ([^\s()]+(?:\[[^\]()]*\])?)\(([^()]*)\)(?: in (.+))?\s*$")
_NUMBER: Final = re.compile(r"(.*):(?:line|строка|Zeile|ligne) (\d+)$")
_TYPE: Final = re.compile(r"((?:[\w`+]+\.)+[\w`+]+)(?: \([^()]{1,80}\))?(?::(?: (.*))?)?$")
_END_INNER: Final = "--- End of inner exception stack trace ---"
_UNHANDLED: Final = re.compile(r"Unhandled [eE]xception[.:] ?")


def is_frame(line: str) -> bool:
    """A line that .NET writes: a call with its parameters, without a file or with "in FILE:line N"."""
    found = _AT.match(line)
    return (
        found is not None
        and "." in found[1]
        and (":line " in (found[3] or "") or (found[3] is None and not _placed(found[2])))
    )


def parse(lines: list[str]) -> list[Raised]:
    """The exceptions of a text: the one thrown, then the inner ones."""
    heads: list[tuple[str, str]] = []
    stacks: list[list[Frame]] = []
    level = 0
    for line in lines:
        text = line.strip()
        found = _AT.match(line)
        if found and heads:
            if len(stacks[level]) < MAX_FRAMES:
                stacks[level].append(_frame(*found.groups()))
        elif text == _END_INNER:
            level = max(level - 1, 0)
        elif text.startswith("---> ") and heads:
            _open(text.removeprefix("---> ").split(" ---> "), heads, stacks)
            level = len(heads) - 1
        elif not heads and text:
            parts = _UNHANDLED.sub("", text, count=1).split(" ---> ")
            if _typed(parts[0]):
                _open(parts, heads, stacks)
                level = len(heads) - 1
    told = zip(heads, stacks, strict=True)
    return [Raised(k, m, tuple(f), "cause" if i else "") for i, ((k, m), f) in enumerate(told)] or _bare(lines)


def _bare(lines: list[str]) -> list[Raised]:
    """A stack without its head, as exception.stacktrace may be."""
    frames = [_frame(*found.groups()) for line in lines if (found := _AT.match(line))]
    return [Raised("", "", tuple(frames[:MAX_FRAMES]))] if frames else []


def _open(parts: list[str], heads: list[tuple[str, str]], stacks: list[list[Frame]]) -> None:
    for part in parts[:50]:
        heads.append(_typed(part) or ("", part))
        stacks.append([])


def _typed(text: str) -> tuple[str, str] | None:
    text = text.strip()
    starts = [0, *(i + 1 for i, c in enumerate(text[:400]) if c == " ")]
    found = next((m for at in starts if (m := _TYPE.match(text, at))), None)
    return (found[1], found[2] or "") if found else None


def _frame(call: str, parameters: str, place: str | None) -> Frame:
    found = _NUMBER.match(place or "")
    file, number = (found[1], found[2]) if found else (place or "", None)
    return Frame(call.strip(), file, whole(number), None, "dotnet")


def _placed(parameters: str) -> bool:
    """Whether what stands in parentheses is a place, as the JVM and V8 write it."""
    return ":" in parameters or parameters in ("Native Method", "Unknown Source", "native", "<anonymous>")
