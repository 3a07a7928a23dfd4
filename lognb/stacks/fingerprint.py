"""Which exceptions are one issue: frames of the application first, the type second, the masked message last.

Of a stack with frames of the application their files and functions count, with the type of each exception of the chain.
Where no frame is the application's, all frames count; without frames, or where a minifier took all their names, the
message with its variables masked counts too. Never counted: prefixes of paths, line numbers, addresses, ids, hashes of
bundles, how deep a recursion was, how often a chain repeats.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lognb.stacks import names
from lognb.stacks.in_app import in_app
from lognb.stacks.masks import masked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.stacks.model import Frame, Raised

VERSION: Final = 1
"""Part of every id: its first letter. A change of any rule here, of names, in_app or masks is a new one."""

_TITLE: Final = 200
_INLINED: Final = frozenset(("<listcomp>", "<dictcomp>", "<setcomp>"))  # no frames of their own since Python 3.12
# The innermost frames of these are where the stack happened to end.
_OVERFLOWS: Final = ("RecursionError", "StackOverflowError", "StackOverflowException", "InternalError")
_OVERFLOW_WORDS: Final = ("Maximum call stack size exceeded", "too much recursion", "stack overflow")


@dataclass(frozen=True, slots=True)
class Issue:
    """What exceptions have in common: an id of 12 characters, the type and masked message, the frame where it began."""

    id: str
    title: str
    culprit: str
    why: str


@dataclass(frozen=True, slots=True)
class Counted:
    """The frames of one exception that its fingerprint is made of, the innermost first, and what of them counts."""

    frames: tuple[Frame, ...]
    keys: tuple[str, ...]
    app: bool


def issue(chain: Sequence[Raised], message: str = "") -> Issue:
    """The issue of an exception and its causes, or of an error that has none and only says `message`.

    >>> from lognb.stacks.parse import parse
    >>> a = issue(parse('Traceback (most recent call last):\\n  File "/a/x.py", line 3, in f\\nKeyError: 1'))
    >>> b = issue(parse('Traceback (most recent call last):\\n  File "/b/x.py", line 9, in f\\nKeyError: 2'))
    >>> a.id == b.id, a.title, a.culprit
    (True, 'KeyError: <*>', 'f (x.py)')
    """
    told = [raised for raised in chain if raised.relation != "suppressed"]
    if not told:
        words = masked(message)
        return Issue(_id(["message", words]), words[:_TITLE] or "(no message)", "", "no exception: the same message")
    parts, frames, app, named = _parts(told)
    title = _title(told[0], message)
    kinds = " after ".join(dict.fromkeys(short(r.type) or "no type" for r in told))
    if not frames:
        key = ["type", told[0].type, masked(told[0].message or message)]
        return Issue(_id(key), title, "", f"no stack: the same type, {kinds}, and message")
    said = f"the same {frames} frame{'s' if frames > 1 else ''}"
    whose = "of the application" if app else "(none of the application is known)"
    if not named:
        minified = ["minified", parts, masked(told[0].message or message)]
        return Issue(
            _id(minified), title, culprit(told), f"names are minified: {said}, the same type, {kinds}, and message"
        )
    return Issue(_id(["stack", parts]), title, culprit(told), f"{said} {whose} and the same type, {kinds}")


def counted(raised: Raised, *, only_app: bool) -> Counted:
    """The frames that count of one exception: without repeats, and none beyond a recursion that may be cut off."""
    chosen = [f for f in raised.frames if not only_app or in_app(f)]
    chosen = [f for f in chosen if not (f.language == "python" and f.function in _INLINED)]
    files = _files([f for f in chosen if f.language in _BY_FILE])
    keyed = [(f, _key(f, files)) for f in chosen]
    if _overflown(raised):
        seen = [key for _, key in keyed]
        repeated = {key for key in seen if seen.count(key) > 1} if len(seen) < 5_000 else set(seen)
        first = {key: f for f, key in reversed(keyed) if key in repeated}
        order = sorted(first)
        if order:
            return Counted(tuple(first[k] for k in order), tuple(order), only_app)
    kept: dict[str, Frame] = {}
    for frame, key in keyed:
        if key not in kept:
            kept[key] = frame
        elif raised.cut and names.function(frame.function, frame.language):
            break  # where a stack ends depends on how deep the recursion was
    return Counted(tuple(kept.values()), tuple(kept), only_app)


def culprit(chain: Sequence[Raised]) -> str:
    """Where it began: the innermost frame of the application in the last cause that has one, else the innermost."""
    told = [r for r in chain if r.relation not in ("suppressed", "member")] or list(chain)
    for only_app in (True, False):
        for raised in reversed(told):
            frame = next((f for f in raised.frames if f.function not in _INLINED and (not only_app or in_app(f))), None)
            if frame is not None:
                return _shown(frame)
    return ""


def uses_app(chain: Sequence[Raised]) -> bool:
    """Whether any frame is the application's: then only such frames count."""
    return any(in_app(f) for r in chain if r.relation != "suppressed" for f in r.frames)


def _parts(told: list[Raised]) -> tuple[list[list[str]], int, bool, bool]:
    """What counts of each exception, how many frames, whether they are the application's and any has a name."""
    app = uses_app(told)
    parts: list[list[str]] = []
    frames, named = 0, False
    for raised in told:
        found = counted(raised, only_app=app)
        part = [short(raised.type), *found.keys]
        if part in parts:  # a loop that tries again
            continue
        parts.append(part)
        frames += len(found.keys)
        named = named or any(names.function(f.function, f.language) for f in found.frames)
    return parts, frames, app, named


_BY_FILE: Final = frozenset(("python", "javascript"))


def _files(frames: list[Frame]) -> dict[str, str]:
    """The name of each file: its path below the folder that all have in common, which is where it was installed."""
    paths = {f.file: names.path(f.file) for f in frames}
    folders = [p[:-1] for p in paths.values()]
    shared = 0
    for parts in zip(*folders, strict=False):
        if len(set(parts)) > 1:
            break
        shared += 1
    if not shared:  # one folder alone, or trees that have nothing in common
        shared = max((len(p) for p in folders), default=0)
    return {file: "/".join(p[min(shared, len(p) - 1) :]) if p else "" for file, p in paths.items()}


def _key(frame: Frame, files: dict[str, str]) -> str:
    name = names.function(frame.function, frame.language)
    if frame.language in ("java", "go", "dotnet") and name:
        return name
    file = files.get(frame.file)
    return f"{'/'.join(names.path(frame.file)[-1:]) if file is None else file}:{name}"


def _shown(frame: Frame) -> str:
    name = names.function(frame.function, frame.language)
    if frame.language in ("java", "go", "dotnet") and name:
        return name[:_TITLE]
    file = "/".join(names.path(frame.file)[-1:])
    if not name:
        return f"(anonymous) {file}" + (f":{frame.line}" if frame.line is not None else "")
    return f"{name} ({file})"[:_TITLE] if file else name[:_TITLE]


def _title(raised: Raised, message: str) -> str:
    words = masked(raised.message or message)
    kind = raised.type or ("" if words else "(no type)")
    return (f"{kind}: {words}" if kind and words else kind or words)[:_TITLE]


def short(kind: str) -> str:
    """A type without its package: some sources write it, some do not."""
    return kind.rpartition(".")[2].rpartition("$")[2] if kind.rpartition(".")[2] else kind


def _overflown(raised: Raised) -> bool:
    return short(raised.type) in _OVERFLOWS or any(words in raised.message for words in _OVERFLOW_WORDS)


def _id(key: Sequence[object]) -> str:
    text = json.dumps([VERSION, key], ensure_ascii=False)
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).hexdigest()
    return chr(ord("a") + VERSION - 1) + digest[1:]
