"""Stacks of JavaScript: V8's (Chrome, Edge, Node, Deno) with `at`, and those of Firefox and Safari with `@`."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised, whole

_AT: Final = re.compile(r"\s*at (\S.*)$")
_PLACE: Final = re.compile(r"(.*?)(?::(\d+))?(?::(\d+))?$")
_GECKO: Final = re.compile(r"([^@]*)@(\[native code\]|.*:\d+:\d+)$")
_BARE: Final = re.compile(r"(?:https?|file|webpack|capacitor|app)://\S+:\d+:\d+$")
_ENDS: Final = re.compile(r":\d+:\d+\)?(?: \{)?$")
_TYPE: Final = re.compile(r"([A-Za-z_$][\w$.]*)(?: \[[^\]]*\])?(?::(?: (.*))?)?$")
_NAMED: Final = re.compile(r"([A-Za-z_$][\w$.]*(?:Error|Exception))(?: \[[^\]]*\])?(?::(?: (.*))?)?$")
_BEFORE: Final = re.compile(r"(?:Unhandled(?: \w+)*:? |Uncaught )?(?:Uncaught )?(?:\(in promise\)\s?)?")
_CAUSE: Final = re.compile(r"(?:\[?cause\]?|Caused by):\s*", re.IGNORECASE)
_MEMBER: Final = re.compile(r"\[errors\]:|\[\d+\]:")
_SKIPPED: Final = re.compile(r"\s*\.\.\. (\d{1,5}) lines matching cause stack trace \.\.\.")
_HEAD_LINES: Final = 12  # how far above the first frame the type may be: a message has several lines


def is_frame(line: str) -> bool:
    """A line that only JavaScript writes."""
    at = _AT.match(line)
    if at:
        return bool(_ENDS.search(at[1])) or at[1].endswith(("<anonymous>)", "(native)")) or "(<anonymous>)" in at[1]
    return bool(_GECKO.match(line.strip()) or _BARE.match(line.strip()))


def parse(lines: list[str]) -> list[Raised]:
    """The exceptions of a text: the one thrown, then its causes and members."""
    out: list[Raised] = []
    skipped: list[tuple[int, int, int]] = []
    start = at = 0
    while at < len(lines):
        if not is_frame(lines[at]):
            at += 1
            continue
        first = at
        frames: list[Frame] = []
        while at < len(lines):
            frame, more = _frame(lines[at]), _SKIPPED.match(lines[at])
            if frame is not None and len(frames) < MAX_FRAMES:
                frames.append(frame)
            elif more:
                skipped.append((len(out), len(frames), int(more[1])))
            elif frame is None:
                break
            at += 1
        kind, message, relation = _head(lines, max(start, first - _HEAD_LINES), first)
        # V8 keeps ten frames unless it is told otherwise, others some more: the outer end may always be missing.
        out.append(Raised(kind, message, tuple(frames), (relation or "cause") if out else "", cut=True))
        start = at
    for which, place, many in reversed(skipped):
        if which + 1 < len(out):
            out[which] = _filled(out[which], place, out[which + 1].frames, many)
    return out


def _filled(raised: Raised, place: int, cause: tuple[Frame, ...], many: int) -> Raised:
    """With the frames that Node leaves out since those of the cause are the same: behind the last one it shows."""
    frames = raised.frames
    if not 0 < place <= len(frames) or frames[place - 1] not in cause:
        return raised
    first = cause.index(frames[place - 1]) + 1
    return replace(raised, frames=(*frames[:place], *cause[first : first + many], *frames[place:])[:MAX_FRAMES])


def _frame(line: str) -> Frame | None:
    at = _AT.match(line)
    if at is None:
        return _gecko(line.strip())
    text = at[1].rstrip().removesuffix(" {").rstrip()
    function, place = "", text
    if text.endswith(")") and " (" in text:
        function, _, place = text[:-1].partition(" (")
        if " (eval at " in text:  # where the evaluated text stands is all that is known of it
            place = text[:-1].rpartition("(")[2].partition(")")[0]
    place = place.removeprefix("async ").removeprefix("address at ")
    file, line_number, column = _placed(place)
    if not function and line_number is None and not file:
        return None
    return Frame(function, file, line_number, column, "javascript")


def _gecko(line: str) -> Frame | None:
    found = _GECKO.match(line)
    if found is None:
        if _BARE.match(line):
            return Frame("", *_placed(line), "javascript")
        return (
            Frame(line, "", None, None, "javascript") if line in ("global code", "module code", "eval code") else None
        )
    file, number, column = _placed(found[2])
    return Frame(found[1], file.partition(" line ")[0], number, column, "javascript")


def _placed(place: str) -> tuple[str, int | None, int | None]:
    head, _, last = place.rpartition(":")
    if not last.isdigit() or not head:
        return place, None, None
    file, _, first = head.rpartition(":")
    if first.isdigit() and file:
        return file, whole(first), whole(last)
    return head, whole(last), None


def _head(lines: list[str], since: int, until: int) -> tuple[str, str, str]:
    """The type, the message, and what the exception is to the one before it."""
    relation = ""
    for i in range(until - 1, since - 1, -1):
        text, told = _stripped(lines[i])
        relation = relation or told
        found = _NAMED.match(text) or _NAMED.search(text)
        if found is None and i == until - 1:
            found = _TYPE.match(text)
        if found is not None:
            more = [line.strip() for line in lines[i + 1 : until]]
            return found[1], "\n".join([found[2] or "", *more]).strip(), relation
    text = _stripped(lines[until - 1])[0] if until > since else ""
    return "", text, relation


def _stripped(line: str) -> tuple[str, str]:
    text, relation = line.strip(), ""
    if found := _CAUSE.search(text, 0, 20):
        text, relation = text[found.end() :], "cause"
    elif found := _MEMBER.search(text, 0, 20):
        text, relation = text[found.end() :].strip(), "member"
    begun = _BEFORE.match(text)
    return text[begun.end() :] if begun else text, relation
