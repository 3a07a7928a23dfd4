"""JSON as text: each name and value in its place, so that what is not hidden stays as it was written.

A text is never parsed to a value and written again: that would lose repeated keys and change numbers.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN: Final = re.compile(
    r'[ \t\r\n,]*(?:"((?:[^"\\\x00-\x1f]+|\\.)*)"(?:[ \t\r\n]*(:))?|(-?[0-9][0-9.eE+-]*)|([{}\[\]])|true|false|null)'
    r"[ \t\r\n,]*"
)
_TEXT, _COLON, _NUMBER, _MARK = 1, 2, 3, 4
_DEEP: Final = 200

Leaf = tuple[str, str, str]
"""The key that a value stands under, the key of the object around, and the topmost key."""


def looks_json(text: str) -> bool:
    """May it be an object or a list?"""
    if text[:1] not in "{[ \t\r\n" or text[-1:] not in "}] \t\r\n":
        return False
    bare = text.strip()
    return len(bare) > 1 and bare[0] + bare[-1] in ("{}", "[]")


class Walk:
    """A walk through one JSON text.

    `on_text` and `on_number` say what becomes of a value, `on_key` of a key; `holds` tells the keys that mean all below
    them. A number may only become another one. The elements of a list stand under the key of the list.
    """

    def __init__(
        self,
        on_text: Callable[[str, Leaf], str],
        on_number: Callable[[str, Leaf], str],
        on_key: Callable[[str], str],
        holds: Callable[[str], bool],
    ) -> None:
        self._on_text, self._on_number, self._on_key, self._holds = on_text, on_number, on_key, holds
        self._stack: list[Leaf] = []
        self._at: Leaf = ("", "", "")

    def through(self, text: str) -> str | None:
        """The text with what became of its parts; None if it is no JSON."""
        out: list[str] = []
        at = kept = 0
        try:
            for m in _TOKEN.finditer(text):
                if m.start() != at:
                    return None
                at = m.end()
                group = m.lastindex
                if group == _MARK:
                    self._mark(m[_MARK])
                elif group is not None:
                    start, end = m.span(_NUMBER if group == _NUMBER else _TEXT)
                    made = self._number(m[_NUMBER]) if group == _NUMBER else self._text(m[_TEXT], named=group == _COLON)
                    if made is not None:
                        out += (text[kept:start], made)
                        kept = end
        except ValueError:
            return None
        if at != len(text) or self._stack:
            return None
        return "".join([*out, text[kept:]]) if out else text

    def _mark(self, mark: str) -> None:
        """An object or list opens or closes; inside of one, a key's outer key is the one it stands under."""
        if mark in "{[":
            if len(self._stack) > _DEEP:
                raise ValueError("too deep")
            self._stack.append(self._at)
            key, outer, top = self._at
            if mark == "{":
                self._at = ("", outer if self._holds(outer) else key or outer, top)
        elif not self._stack:
            raise ValueError("nothing to close")
        else:
            self._at = self._stack.pop()

    def _text(self, raw: str, *, named: bool) -> str | None:
        value = json.loads(f'"{raw}"') if "\\" in raw else raw
        if named:
            made = self._on_key(value)
            self._at = (value, self._at[1], value if len(self._stack) == 1 else self._at[2])
        else:
            made = self._on_text(value, self._at)
        return None if made == value else quoted(made)[1:-1]

    def _number(self, digits: str) -> str | None:
        made = self._on_number(digits, self._at)
        return None if made == digits else made


def walk_value(
    value: Any,
    hide: Callable[[Any, Leaf], Any],
    on_key: Callable[[str], str],
    holds: Callable[[str], bool],
    at: Leaf = ("", "", ""),
) -> Any:
    """The same of a value that JSON can hold; dicts and lists are made anew, the rest is what `hide` says."""
    if isinstance(value, dict):
        out = {}
        outer = at[1] if holds(at[1]) else at[0] or at[1]
        for name, inner in value.items():
            made = on_key(name) if isinstance(name, str) else name
            out[made] = walk_value(inner, hide, on_key, holds, (str(name), outer, at[2] or str(name)))
        return out
    if isinstance(value, (list, tuple)):
        made = [walk_value(inner, hide, on_key, holds, at) for inner in value]
        return made if isinstance(value, list) else tuple(made)
    return hide(value, at)


def quoted(text: str) -> str:
    """A JSON text; what is no Unicode by itself is escaped."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    return json.dumps(text, ensure_ascii=False)
