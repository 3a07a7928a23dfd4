"""Stacks of the JVM: Java, Kotlin, Scala; causes, suppressed ones, and the frames that "... 23 more" leaves out."""

from __future__ import annotations

import re
from typing import Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised, whole

LIMIT: Final = 1_024
"""The JVM stops after so many frames (-XX:MaxJavaStackTraceDepth)."""
_AT: Final = re.compile(r"\s*at ([^()]+)\(([^()]*)\)")
_PLACE: Final = re.compile(r"([^:]+)(?::(\d+))?$")
_MORE: Final = re.compile(r"\s*\.\.\. (\d{1,5}) (?:more|common frames omitted)")
_TYPE: Final = re.compile(r"((?:[\w$]+\.)+[A-Z_$][\w$]*|[A-Z][\w$]*(?:Exception|Error|Throwable))(?::(?: (.*))?)?$")
_CAUSE, _SUPPRESSED = "Caused by: ", "Suppressed: "
_SOURCES: Final = (".java", ".kt", ".scala", ".groovy", ".clj", ".kts")


def is_frame(line: str) -> bool:
    """A line that only the JVM writes."""
    found = _AT.match(line)
    if found is None:
        return bool(_MORE.match(line))
    return found[2] in ("Native Method", "Unknown Source") or found[2].partition(":")[0].endswith(_SOURCES)


def parse(lines: list[str]) -> list[Raised]:
    """The exceptions of a text: the one thrown, then its causes; what was suppressed on the way stands last."""
    out: list[Raised] = []
    kind, message, relation = "", "", ""
    frames: list[Frame] = []
    head: list[str] = []

    def end() -> None:
        nonlocal frames
        if frames or kind:
            outer = next((e.frames for e in reversed(out) if e.relation != "suppressed"), ())
            out.append(_raised(kind, message, frames, relation, outer, missing))
        frames = []

    missing = 0
    for line in lines:
        text = line.strip()
        at = _AT.match(line)
        if at:
            if head and not frames and not kind:
                kind, message = _type(head)
            if len(frames) < MAX_FRAMES:
                frames.append(_frame(at[1], at[2]))
            head = []
        elif more := _MORE.match(line):
            missing = int(more[1])
        elif text.startswith((_CAUSE, _SUPPRESSED)):
            end()
            missing, relation = 0, "cause" if text.startswith(_CAUSE) else "suppressed"
            kind, message = _type([text.removeprefix(_CAUSE).removeprefix(_SUPPRESSED)])
        elif text:
            head = [*head[-20:], text]
    end()
    return [e for e in out if e.relation != "suppressed"] + [e for e in out if e.relation == "suppressed"]


def _raised(
    kind: str, message: str, frames: list[Frame], relation: str, outer: tuple[Frame, ...], missing: int
) -> Raised:
    whole_stack = (*frames, *(outer[-missing:] if missing else ()))
    return Raised(kind, message, whole_stack, relation, len(whole_stack) >= LIMIT)


def _type(head: list[str]) -> tuple[str, str]:
    """The type and message in the lines above a stack: the last line that names a type, and what follows it."""
    for i in range(len(head) - 1, -1, -1):
        text = head[i]
        if text.startswith("Exception in thread "):
            text = text.rpartition('" ')[2] or text
        found = _TYPE.match(text)
        if found is None:  # a logger's own words stand before it
            found = next((m for at in _words(text) if (m := _TYPE.match(text, at))), None)
        if found is not None:
            return found[1], "\n".join([found[2] or "", *head[i + 1 :]]).strip()
    return "", head[-1] if head else ""


def _words(text: str) -> list[int]:
    return [i + 1 for i, c in enumerate(text[:400]) if c == " "]


def _frame(call: str, place: str) -> Frame:
    call = call.strip().rpartition("/")[2] if "$$Lambda" not in call else _lambda(call.strip())
    found = _PLACE.match(place)
    file = found[1] if found else place
    return Frame(call, file, whole(found[2]) if found else None, None, "java")


def _lambda(call: str) -> str:
    """com.x.Y$$Lambda$14/0x0000000800066840.accept -> com.x.Y$$Lambda.accept; a module stands before it or not."""
    before, _, after = call.partition("$$Lambda")
    return f"{before.rpartition('/')[2]}$$Lambda.{after.rpartition('.')[2]}"
