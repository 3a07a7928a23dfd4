"""What a query is made of: conditions, and NOT, OR and AND of them; each prints as text that parses back to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from lognb._literals import NUMBER, Number, Value, id_text, read
from lognb._regex import fault
from lognb.errors import QueryError, pointed

if TYPE_CHECKING:
    from collections.abc import Iterator

OPS: Final = ("!=", "<=", ">=", "=", "<", ">", ":", "~")
WORDS: Final = frozenset({"AND", "OR", "NOT", "IN", "EXISTS"})
DEPTH: Final = 100
"""How deep NOT and parentheses may be nested."""

_SAFE_WORD = re.compile(r"\w[\w./@%+#$*-]*")
_SAFE_VALUE = re.compile(r"[\w/.][\w./@%+#$*:{}?&=-]*")
_FIELD = re.compile(r"[\w$@/.][\w./@%+#$*-]*")


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `op` is one of OPS, "in" (a tuple of values) or "exists" (no value).

    What can be written in several ways is kept in one, so that equal conditions are equal values: plain ints and
    floats become Number, what is contained or matched is text, trace and span ids are lower hex. Raises QueryError
    for what makes no condition.
    """

    field: str
    op: str
    value: Value | int | float | tuple[Value | int | float, ...] | None = None

    def __post_init__(self) -> None:
        if self.op not in (*OPS, "in", "exists"):
            raise QueryError(f"no operator {self.op!r}; there are {' '.join(OPS)} in exists")
        if not isinstance(self.field, str):
            raise QueryError(f"a field is named by text, not by {type(self.field).__name__}")
        if (self.value is None) != (self.op == "exists") or isinstance(self.value, tuple) != (self.op == "in"):
            raise QueryError(f"{self.op!r} does not take {self.value!r}")
        _encodable(self.field)
        value = tuple(map(self._plain, self.value)) if isinstance(self.value, tuple) else self._plain(self.value)
        if self.op == "~" and (found := fault(str(value))) is not None:
            raise QueryError(pointed(f"not a pattern here: {found[1]}", str(value), found[0]))
        object.__setattr__(self, "value", value)

    def _plain(self, value: object) -> Value | None:
        if value is None:
            return None
        if isinstance(value, int | float) and not isinstance(value, bool):
            value = Number(_digits(value))
        if not isinstance(value, bool | str | Number):
            raise QueryError(f"a value is text, a number, true or false, not {type(value).__name__}")
        if isinstance(value, Number) and not (isinstance(value.text, str) and NUMBER.fullmatch(value.text)):
            raise QueryError(f"{value.text!r} is not written as a number")
        if self.op in (":", "~"):
            value = _written(value)
        if self.op in ("=", "!=", "in"):
            value = id_text(self.field, value)
        if isinstance(value, str):
            _encodable(value)
        return value

    def __str__(self) -> str:
        if self.field == "body" and self.op == ":" and isinstance(self.value, str):
            word = _SAFE_WORD.fullmatch(self.value) and self.value.upper() not in WORDS
            return self.value if word else quoted(self.value)
        field = field_text(self.field)
        if self.op == "exists":
            return f"{field} exists"
        if isinstance(self.value, tuple):
            return f"{field} in ({', '.join(value_text(self.field, '=', v) for v in self.value)})"
        return f"{field}{self.op}{value_text(self.field, self.op, self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    """The exact complement of a clause."""

    part: Clause

    def __str__(self) -> str:
        return f"-{part_text(self.part)}"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of two or more clauses."""

    parts: tuple[Clause, ...]

    def __post_init__(self) -> None:
        if len(self.parts) < 2:
            raise QueryError("OR is of two clauses or more")

    def __str__(self) -> str:
        return " OR ".join(map(part_text, self.parts))


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more clauses, inside an Or or a Not; or of none, written (), which is true."""

    parts: tuple[Clause, ...]

    def __post_init__(self) -> None:
        if len(self.parts) == 1:
            raise QueryError("AND is of two clauses or more; one stands for itself")

    def __str__(self) -> str:
        return " ".join(map(part_text, self.parts))


Clause = Condition | Not | Or | And


def leaves_of(clause: Clause) -> Iterator[Condition]:
    """Every comparison of a clause, wherever it stands."""
    if isinstance(clause, Condition):
        yield clause
        return
    for part in _parts(clause):
        yield from leaves_of(part)


def fields_of(clause: Clause) -> set[str]:
    """The fields that a clause names."""
    return {leaf.field for leaf in leaves_of(clause)}


def check_depth(clauses: tuple[Clause, ...]) -> None:
    """Raises QueryError for clauses that are nested so deep that their text would not parse."""
    level, depth = list(clauses), 0
    while level := [p for c in level if not isinstance(c, Condition) for p in _parts(c)]:
        depth += 1
        if depth > DEPTH:
            raise QueryError(f"nested deeper than {DEPTH} levels")


def part_text(clause: Clause) -> str:
    """A clause as part of another."""
    return f"({clause})" if isinstance(clause, Or | And) else str(clause)


def field_text(name: str) -> str:
    """A field as a query names it, in quotes where it needs them.

    >>> field_text("http.route"), field_text("my key")
    ('http.route', '"my key"')
    """
    return name if _FIELD.fullmatch(name) and name.upper() not in WORDS else quoted(name)


def value_text(field: str, op: str, value: object) -> str:
    """A value as it stands behind a field and an operator; in quotes where it would not be read as itself without.

    >>> value_text("version", "=", "1.5"), value_text("version", "=", Number("1.5"))
    ('"1.5"', '1.5')
    """
    if not isinstance(value, str):
        return _written(value)
    return value if _SAFE_VALUE.fullmatch(value) and _reads_as_itself(field, op, value) else quoted(value)


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _reads_as_itself(field: str, op: str, text: str) -> bool:
    try:
        return read(field, op, text) == text
    except QueryError:
        return False


def _written(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.text if isinstance(value, Number) else str(value)


def _digits(number: int | float) -> str:
    try:
        return str(number)
    except ValueError:  # Python's own bound, 4,300 digits
        raise QueryError("a number of more than 4,300 digits; write it as text") from None


def _parts(clause: Not | Or | And) -> tuple[Clause, ...]:
    return (clause.part,) if isinstance(clause, Not) else clause.parts


def _encodable(text: str) -> None:
    """Python text may hold half of a character, which no engine and no file can."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        half = f"\\u{ord(text[error.start]):04x}"
        raise QueryError(
            f"the text holds {half}, half of a character (a lone surrogate), which no record can hold; "
            f"it is character {error.start + 1:,} of {text[:40].encode('ascii', 'backslashreplace').decode()!r}"
        ) from None
