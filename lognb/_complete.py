"""What may be put in at a place of a query text: fields, keywords, and the values that a field often has."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lognb._clauses import field_text, value_text
from lognb._parse import last_open

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from lognb.query import Value

_OPERATORS: Final = ("=", "!=", ":", "~", ">=", "<")
_BEHIND_A_FIELD: Final = ("in (", "exists")
_BETWEEN: Final = ("OR", "AND", "NOT")


@dataclass(frozen=True, slots=True)
class Completion:
    """Put `text` in the place of the characters from `start` to `end`; `note` is what it is, in a word."""

    start: int
    end: int
    text: str
    note: str = field(default="", repr=False, compare=False)


def complete(
    text: str, cursor: int, names: Sequence[str], values: Callable[[str], Iterable[Value]]
) -> list[Completion]:
    """What could stand at the cursor, the likeliest first; nothing where the text before it makes no sense.

    `names` are the fields that there are, `values` gives the frequent values of one. What needs quotes has them.

    >>> [c.text for c in complete("severity=error serv", 19, ["severity", "service_name"], lambda field: [])]
    ['service_name']
    >>> complete("service_name=che", 16, ["service_name"], lambda field: ["check out", "cart"])
    [Completion(start=13, end=16, text='"check out"')]
    """
    found = last_open(text[:cursor])
    if found is None:
        return []
    typed = text[found.at : cursor]
    if found.kind == "value":
        known = [] if found.op == "~" else list(values(found.field))
        op = "=" if found.op == "in" else found.op
        if found.field == "severity" and op[0] in "<>":
            known = [v for v in known if v != "unspecified"]  # it has no place in the order
        offered = _fitting(typed, [(str(_plain(v)), value_text(found.field, op, v)) for v in known])
        notes = dict.fromkeys(offered, "value")
    else:
        offered = _fitting(typed, [(name, field_text(name)) for name in names], shortest=True)
        notes = dict.fromkeys(offered, "field")
        if typed in names:
            offered += [field_text(typed) + op for op in _OPERATORS]
        notes |= dict.fromkeys(offered[len(notes) :], "operator")
        words = [*_BEHIND_A_FIELD] if found.field in names else []
        notes |= dict.fromkeys(words, "operator")
        words += _BETWEEN if text[: found.at].strip() else ["NOT"]
        keywords = [word for word in words if word.startswith(typed)]
        offered = keywords + offered if typed.isupper() or found.field in names else offered + keywords
    return [Completion(found.at, cursor, put, notes.get(put, "keyword")) for put in dict.fromkeys(offered)]


def matching(typed: str, names: Iterable[str]) -> list[str]:
    """The names that begin with what was typed, in any case, then those that contain it."""
    return _fitting(typed, [(name, name) for name in names], shortest=True)


def _fitting(typed: str, known: list[tuple[str, str]], *, shortest: bool = False) -> list[str]:
    """Of (as it is, as it is written) what is written, where it begins with or contains what was typed.

    `shortest`: of those that begin with it the shortest is the likeliest.
    """
    if typed.startswith('"'):
        typed = re.sub(r'\\(["\\])', r"\1", typed[1:])
    typed = typed.casefold()
    first = [put for plain, put in known if plain.casefold().startswith(typed)]
    if shortest and typed:
        first.sort(key=len)
    first.sort(key=lambda put: put.casefold() != typed)  # the very one
    return first + [put for plain, put in known if typed in plain.casefold()[1:] and put not in first]


def _plain(value: Value) -> str:
    return value if isinstance(value, str) else value_text("", "=", value)
