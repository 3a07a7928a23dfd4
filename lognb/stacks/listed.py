"""Exceptions that come as data: PostHog's `$exception_list` of all ages, and the events of Sentry's SDKs."""

from __future__ import annotations

import json
from typing import Any, Final

from lognb.stacks.model import MAX_FRAMES, Frame, Raised

_LANGUAGES: Final = {
    "javascript": "javascript", "web:javascript": "javascript", "node": "javascript", "node:javascript": "javascript",
    "python": "python", "java": "java", "go": "go", "csharp": "dotnet",
}  # fmt: skip
_MOST: Final = 50
_BIG: Final = 5_000_000


def parse(text: str, message: str = "", platform: str = "") -> list[Raised]:
    """The exceptions in a JSON text, the one reported first; none if it is no such text.

    Frames are in the order of these SDKs, the innermost last. `platform` is what is said of the whole event.
    """
    try:
        value = json.loads(text) if len(text) <= _BIG else None
    except (ValueError, RecursionError):
        return []
    return _of(value, message, platform)


def message(text: str) -> str:
    """What an event of Sentry says in place of an exception: its template, before its formatted text."""
    try:
        value = json.loads(text) if text.startswith("{") and len(text) <= _BIG else text
    except (ValueError, RecursionError):
        return text
    if not isinstance(value, dict):
        return text
    return _text(value.get("message") or value.get("formatted"))


def _of(value: Any, message: str, platform: str) -> list[Raised]:
    if isinstance(value, dict) and not isinstance(value.get("values"), list):
        return []
    found = value["values"] if isinstance(value, dict) else value if isinstance(value, list) else []
    if found and all(isinstance(f, dict) and "lineno" in f and "type" not in f for f in found):  # PostHog before 2025
        frames = _frames(found, platform)
        return [Raised("", message, frames, cut=_cut(frames))]
    entries = [e for e in found[:_MOST] if isinstance(e, dict) and (e.get("type") or e.get("value"))]
    numbers = [n for e in entries if isinstance(n := _mechanism(e).get("exception_id"), int)]
    if len(numbers) == len(entries):
        order = sorted(range(len(entries)), key=lambda i: numbers[i])
    elif isinstance(value, dict):  # Sentry's protocol has the cause first
        order = list(range(len(entries) - 1, -1, -1))
    else:
        order = list(range(len(entries)))
    return [_raised(entries[i], "cause" if at else "", platform) for at, i in enumerate(order)]


def _raised(entry: dict[str, Any], relation: str, platform: str) -> Raised:
    stack = entry.get("stacktrace")
    frames = _frames(stack.get("frames"), platform) if isinstance(stack, dict) else ()
    member = str(_mechanism(entry).get("source", "")).startswith("exceptions[")
    kind = _text(entry.get("type"))
    if entry.get("module") and "." not in kind:
        kind = f"{_text(entry['module'])}.{kind}"
    relation = "member" if member and relation else relation
    return Raised(kind, _text(entry.get("value")), frames, relation, _cut(frames))


def _frames(frames: Any, platform: str) -> tuple[Frame, ...]:
    if not isinstance(frames, list):
        return ()
    return tuple(_frame(f, platform) for f in reversed(frames[-MAX_FRAMES:]) if isinstance(f, dict))


def _frame(frame: dict[str, Any], platform: str) -> Frame:
    said = _text(frame.get("platform") or frame.get("lang") or platform)
    language = _LANGUAGES.get(said, said or "javascript")
    function = _text(frame.get("resolved_name") or frame.get("function") or frame.get("mangled_name"))
    module = _text(frame.get("module"))
    if module and language in ("java", "go", "dotnet"):
        function = f"{module}.{function}"
    file = _text(frame.get("source") or frame.get("filename") or frame.get("abs_path") or module)
    app = frame.get("in_app")
    number, column = frame.get("lineno", frame.get("line")), frame.get("colno", frame.get("column"))
    return Frame(
        "" if function == "?" else function,
        file,
        number if isinstance(number, int) else None,
        column if isinstance(column, int) else None,
        language,
        app if isinstance(app, bool) else None,
    )


def _cut(frames: tuple[Frame, ...]) -> bool:
    return any(f.language == "javascript" for f in frames)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else "" if value is None else json.dumps(value)[:200]


def _mechanism(entry: dict[str, Any]) -> dict[str, Any]:
    found = entry.get("mechanism")
    return found if isinstance(found, dict) else {}
