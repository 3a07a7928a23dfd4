"""Panics and stacks of Go: the goroutine that fell, or the first of a stack that a logger wrote."""

from __future__ import annotations

import re
from typing import Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised, whole

_PLACE: Final = re.compile(r"\s*(\S.*\.(?:go|s|c)):(\d+)(?: \+0x[0-9a-f]+)?\s*$")
_GOROUTINE: Final = re.compile(r"goroutine \d+ (?:gp=\S+ )?(?:m=\S+ )?(?:mp=\S+ )?\[([^\]]*)\]:$")
_PANIC: Final = re.compile(r"(?:.* )?(panic|fatal error): (.*)$")
_VALUE: Final = re.compile(r"(?:&?([\w./]+\.[A-Z_]\w*)\{)|(?:([\w./]+\.[A-Z_a-z]\w*)\()")
_CREATED: Final = "created by "


def is_frame(line: str) -> bool:
    """A line that only Go writes: the place of a call."""
    return bool(_PLACE.match(line)) and ":" in line


def parse(lines: list[str]) -> list[Raised]:
    """The panic that came first; one that was raised while it was handled is told after it, and is the outer one."""
    said: list[tuple[str, str]] = []
    frames: list[Frame] = []
    stacks, words, created = 0, "", False
    before = ""
    for line in lines:
        text = line.strip()
        place = _PLACE.match(line)
        if _GOROUTINE.match(text):
            if frames:
                break  # the other goroutines only waited
            stacks += 1
        elif not frames and (panic := _PANIC.match(text)):
            said.append((panic[1], panic[2]))
        elif place:
            if before and not created and len(frames) < MAX_FRAMES:
                frames.append(Frame(_called(before), place[1], whole(place[2]), None, "go"))
            before, created = "", False
        elif text:
            if not frames and not stacks and not said:
                words = words or text
            created = text.startswith(_CREATED)
            before = text
    kind, message = _type(said[0]) if said else ("", "" if words == before else words)
    return [Raised(kind, message, tuple(frames))] if frames or said else []


def _called(text: str) -> str:
    """The function of a call: what is passed to it is addresses."""
    if not text.endswith(")"):
        return text
    depth = 0
    for i in range(len(text) - 1, -1, -1):
        depth += (text[i] == ")") - (text[i] == "(")
        if not depth:
            return text[:i]
    return text


def _type(said: tuple[str, str]) -> tuple[str, str]:
    kind, message = said[0], said[1].removesuffix(" [recovered]").removesuffix(", recovered")
    message = message.removesuffix(" [recovered, repanicked]")
    if message.startswith("runtime error: "):
        return "runtime error", message.removeprefix("runtime error: ")
    found = _VALUE.match(message)
    return (found[1] or found[2] if found else kind), message
