"""Tracebacks of Python: frames from the outermost in, the type last; chained ones and groups too.

A traceback whose lines were trimmed by a collector is read as well: which line is source and which the type is then
told by what follows.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised, indent, whole

HEAD: Final = "Traceback (most recent call last):"
FILE: Final = re.compile(r'\s*File "([^"]+)", line (\d+)(?:, in (.+))?$')
_TYPE: Final = re.compile(r"([A-Za-z_][\w.]*)(?::(?: (.*))?)?$")
_MARK: Final = re.compile(r"\s*[~^]+[\s~^]*$")
_MARGIN: Final = re.compile(r"\s*[|+](?: |$)")
_MEMBER: Final = re.compile(r"\s*\+-?\+?-{4,} ")
_RELATIONS: Final = (
    ("The above exception was the direct cause of the following exception", "cause"),
    ("During handling of the above exception, another exception occurred", "context"),
)
_MESSAGE_LINES: Final = 10


def is_frame(line: str) -> bool:
    """A line that only Python writes; in a group it has a margin."""
    return FILE.match(_margined(line)) is not None


def parse(lines: list[str]) -> list[Raised]:
    """The exceptions of a text, the one raised last first; the members of a group follow it."""
    state = _State()
    for i, raw in enumerate(lines):
        if _MEMBER.match(raw):
            state.grouped = True
            continue
        line = _MARGIN.sub("", raw, count=1)
        state.take(line, _margined(lines[i + 1]) if i + 1 < len(lines) else "")
    return state.done()


class _State:
    def __init__(self) -> None:
        self.chain: list[Raised] = []
        self.members: list[Raised] = []
        self.frames: list[Frame] | None = None
        self.head, self.file = 0, -1  # how far the last head and the last File line are indented
        self.after_file = self.grouped = False
        self.relations: list[str] = []  # between an exception and the one before it
        self.extra = 0  # further lines of a message that were taken

    def take(self, line: str, following: str) -> None:
        text = line.strip()
        found = FILE.match(line)
        if text.endswith(HEAD):
            self.frames, self.head, self.after_file = [], indent(line), False
        elif found:
            self._frame(line, *found.groups())
        elif self.frames is not None and text:
            self._inside(line, text, following)
        elif relation := next((word for said, word in _RELATIONS if text.startswith(said)), ""):
            self.relations.append(relation)
            self.extra = _MESSAGE_LINES
        elif self.grouped and (bare := _TYPE.match(text)) and not self.extra:
            self._end(bare[1], bare[2])
        elif text:
            self._more(text)

    def done(self) -> list[Raised]:
        if self.frames:
            self._end("", "")
        found = list(reversed(self.chain))
        # The first is the one raised last; each after it is the cause or the context of the one before.
        told = list(reversed(self.relations))
        return [
            replace(e, relation=(told[i - 1] if i - 1 < len(told) else "context") if i else "")
            for i, e in enumerate(found)
        ] + self.members

    def _frame(self, line: str, file: str, number: str, function: str | None) -> None:
        if self.frames is None:
            self.frames, self.head = [], indent(line)
        if len(self.frames) < MAX_FRAMES:
            name = (function or "").strip()
            self.frames.append(Frame(name, file, whole(number), None, "python"))
        self.file, self.after_file = indent(line), True

    def _inside(self, line: str, text: str, following: str) -> None:
        """A line of a traceback that is no File line: source, a mark below it, or the type at the end."""
        after, self.after_file = self.after_file, False
        if _MARK.match(line) or text.startswith("[Previous line repeated"):
            return
        if self.file > self.head:
            if indent(line) > self.head:
                return
        elif after and (FILE.match(following) or _MARK.match(following) or _TYPE.match(following.strip())):
            return
        found = _TYPE.match(text)
        if found and self.frames:
            self._end(found[1], found[2])
        elif self.frames:
            self._end("", text)

    def _end(self, kind: str, message: str | None) -> None:
        frames = tuple(reversed(self.frames or ()))
        raised = Raised(kind, message or "", frames, "member" if self.grouped else "")
        (self.members if self.grouped else self.chain).append(raised)
        self.frames, self.extra = None, 0

    def _more(self, text: str) -> None:
        last = self.members or self.chain
        if last and self.extra < _MESSAGE_LINES and not text.startswith("+--"):
            self.extra += 1
            last[-1] = replace(last[-1], message=f"{last[-1].message}\n{text}".strip())


def _margined(line: str) -> str:
    return _MARGIN.sub("", line, count=1)
