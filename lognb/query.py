"""Query: which records are meant. A frozen value that prints as text and parses back; it knows no engine.

    severity>=error service_name=checkout "timed out" -http.route=/health (retry OR attempt>3)

Words and "phrases" mean that the body contains them, in any case. A comparison is `field=value` with one of
`= != < <= > >=`, `field:contained`, `field~regex` (RE2, any case), `field in (a, b)` or `field exists`. Space or AND,
OR, NOT or -, and parentheses combine. Logic is two-valued: a comparison with an absent or other-typed value is false,
`!=` and NOT are exact complements. A bare number or true/false is that type; in quotes it is text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lognb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Iterator

OPS: Final = ("!=", "<=", ">=", "=", "<", ">", ":", "~")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_SAFE_WORD = re.compile(r"\w[\w./@%+#$*-]*")
_SAFE_VALUE = re.compile(r"[\w/.][\w./@%+#$*:-]*")
_FIELD = re.compile(r"[\w$@/.][\w./@%+#$*-]*")
_WORDS = frozenset({"AND", "OR", "NOT", "IN", "EXISTS"})
_WORD = re.compile(r'(?:[^\s"()<>=!:~]|!(?!=))+')
_VALUE = re.compile(r'[^\s"()]+')
_ITEM = re.compile(r'[^\s"(),]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: columns of text compare with its text, numbers with its value."""

    text: str


Value = str | Number | bool


@dataclass(frozen=True, slots=True)
class Condition:
    """One comparison. `op` is one of OPS, "in" (a tuple of values) or "exists" (no value).

    Plain ints and floats become Number, so that parsed and written conditions are equal.
    """

    field: str
    op: str
    value: Value | int | float | tuple[Value | int | float, ...] | None = None

    def __post_init__(self) -> None:
        if self.op not in (*OPS, "in", "exists"):
            raise QueryError(f"no operator {self.op!r}; there are {' '.join(OPS)} in exists")
        if (self.value is None) != (self.op == "exists") or isinstance(self.value, tuple) != (self.op == "in"):
            raise QueryError(f"{self.op!r} does not take {self.value!r}")
        value = tuple(map(_plain, self.value)) if isinstance(self.value, tuple) else _plain(self.value)
        object.__setattr__(self, "value", value)

    def __str__(self) -> str:
        if self.field == "body" and self.op == ":" and isinstance(self.value, str):
            word = _SAFE_WORD.fullmatch(self.value) and self.value.upper() not in _WORDS
            return self.value if word else _quoted(self.value)
        field = self.field if _FIELD.fullmatch(self.field) and self.field.upper() not in _WORDS else _quoted(self.field)
        if self.op == "exists":
            return f"{field} exists"
        if isinstance(self.value, tuple):
            return f"{field} in ({', '.join(map(_print, self.value))})"
        return f"{field}{self.op}{_print(self.value)}"


@dataclass(frozen=True, slots=True)
class Not:
    """The exact complement of a clause."""

    part: Clause

    def __str__(self) -> str:
        return f"-{_part(self.part)}"


@dataclass(frozen=True, slots=True)
class Or:
    """Any of the clauses; none is false."""

    parts: tuple[Clause, ...]

    def __str__(self) -> str:
        return " OR ".join(map(_part, self.parts))


@dataclass(frozen=True, slots=True)
class And:
    """All of the clauses, inside an Or or a Not; none, written (), is true."""

    parts: tuple[Clause, ...]

    def __str__(self) -> str:
        return " ".join(map(_part, self.parts))


Clause = Condition | Not | Or | And


@dataclass(frozen=True, slots=True)
class Query:
    """All `conditions` hold and `time` is in the half-open window [since, until), in ns since 1970 UTC.

    A record without a time is in no window that has a bound. Bounds written as conditions on `time` at the top of
    the text become the window.
    """

    conditions: tuple[Clause, ...] = ()
    since: int | None = None
    until: int | None = None

    @classmethod
    def parse(cls, text: str) -> Query:
        """Read a query text; raises QueryError that points at the character.

        >>> Query.parse('severity>=error "timed out"').conditions
        (Condition(field='severity', op='>=', value='error'), Condition(field='body', op=':', value='timed out'))
        """
        return _query(_Parser(text).all())

    def __str__(self) -> str:
        parts = [f"({c})" if isinstance(c, Or | And) else str(c) for c in self.conditions]
        return " ".join(parts + [str(c) for c in _window(self)])

    def __and__(self, other: Query) -> Query:
        return Query(
            self.conditions + tuple(c for c in other.conditions if c not in self.conditions),
            max((t for t in (self.since, other.since) if t is not None), default=None),
            min((t for t in (self.until, other.until) if t is not None), default=None),
        )

    def __or__(self, other: Query) -> Query:
        return Query((Or((_one(self), _one(other))),))

    def __invert__(self) -> Query:
        clause = _one(self)
        return Query((clause.part if isinstance(clause, Not) else Not(clause),))

    def leaves(self) -> Iterator[Condition]:
        """Every comparison, wherever it stands."""
        return (leaf for clause in self.conditions for leaf in _leaves(clause))

    def own(self, field: str) -> tuple[Clause, ...]:
        """The conditions at the top that speak of `field` alone: what a facet of it has chosen.

        >>> [str(c) for c in Query.parse("level=a -level=b (level=c OR n=1)").own("level")]
        ['level=a', '-level=b']
        """
        return tuple(c for c in self.conditions if fields_of(c) == {field})

    def without(self, field: str) -> Query:
        """The query less its own conditions on `field`; "time" also takes the window away."""
        kept = tuple(c for c in self.conditions if fields_of(c) != {field})
        return Query(kept) if field == "time" else Query(kept, self.since, self.until)


def fields_of(clause: Clause) -> set[str]:
    """The fields that a clause names."""
    return {leaf.field for leaf in _leaves(clause)}


def parse_time(text: str) -> int | None:
    """Ns since 1970 of an ISO time; without a zone it is UTC; None if it is no ISO time. Keeps nanoseconds.

    >>> parse_time("2026-11-03T09:00:00.123456789Z")
    1793696400123456789
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        at = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone}")
    except ValueError:
        return None
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def format_time(ns: int) -> str:
    """An ISO time in UTC with as many digits as it needs.

    >>> format_time(1793696400120000000)
    '2026-11-03T09:00:00.12Z'
    """
    seconds, rest = divmod(ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".") if rest else ""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + fraction + "Z"


def _leaves(clause: Clause) -> Iterator[Condition]:
    if isinstance(clause, Condition):
        yield clause
        return
    for part in (clause.part,) if isinstance(clause, Not) else clause.parts:
        yield from _leaves(part)


def _plain(value: object) -> Value | None:
    if isinstance(value, bool | str | Number | None):
        return value
    if isinstance(value, int | float):
        return Number(str(value))
    raise QueryError(f"a value is text, a number, true or false, not {type(value).__name__}")


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _print(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Number):
        return value.text
    text = str(value)
    return text if _SAFE_VALUE.fullmatch(text) and isinstance(_typed(text), str) else _quoted(text)


def _typed(text: str) -> Value:
    if text in ("true", "false"):
        return text == "true"
    return Number(text) if _NUMBER.fullmatch(text) else text


def _part(clause: Clause) -> str:
    return f"({clause})" if isinstance(clause, Or | And) else str(clause)


def _window(query: Query) -> list[Condition]:
    bounds = ((">=", query.since), ("<", query.until))
    return [Condition("time", op, format_time(ns)) for op, ns in bounds if ns is not None]


def _one(query: Query) -> Clause:
    parts = (*query.conditions, *_window(query))
    return parts[0] if len(parts) == 1 else And(parts)


def _query(clauses: list[Clause]) -> Query:
    """Top-level bounds of `time` become the window."""
    kept: list[Clause] = []
    since: list[int] = []
    until: list[int] = []
    for clause in clauses:
        at = parse_time(clause.value) if _is_bound(clause) else None  # type: ignore[union-attr, arg-type]
        if at is None:
            kept.append(clause)
            continue
        op = clause.op  # type: ignore[union-attr]
        (since if op[0] == ">" else until).append(at + (op in (">", "<=")))
    return Query(tuple(kept), max(since, default=None), min(until, default=None))


def _is_bound(clause: Clause) -> bool:
    ordered = isinstance(clause, Condition) and clause.op in ("<", "<=", ">", ">=")
    return ordered and clause.field == "time" and isinstance(clause.value, str)  # type: ignore[union-attr]


class _Parser:
    """Recursive descent over the text; `at` is the place of the next character."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0

    def all(self) -> list[Clause]:
        clauses = self.either()
        if self.peek():
            raise self.error("no parenthesis is open here")
        return clauses

    def either(self) -> list[Clause]:
        """Clauses joined by AND; an OR makes them one clause."""
        sides = [self.both()]
        if not sides[0] and self.keyword("OR", take=False):
            raise self.error("something must stand before OR")
        while self.keyword("OR"):
            sides.append(self.both(needed=True))
        if len(sides) == 1:
            return sides[0]
        return [Or(tuple(s[0] if len(s) == 1 else And(tuple(s)) for s in sides))]

    def both(self, *, needed: bool = False) -> list[Clause]:
        out: list[Clause] = []
        while self.peek() not in ("", ")"):
            if self.keyword("AND"):
                if not out or self.peek() in ("", ")"):
                    raise self.error("something must stand on both sides of AND")
                continue
            if self.keyword("OR", take=False):
                break
            out.append(self.clause())
        if needed and not out:
            raise self.error("a condition is missing here")
        return out

    def clause(self) -> Clause:
        dash = self.take("-")
        if dash or self.keyword("NOT"):
            if (dash and self.text[self.at : self.at + 1].isspace()) or self.peek() in ("", ")"):
                raise self.error("what should not hold? put a condition after - or NOT")
            self.deeper()
            part: Clause = Not(self.clause())
            self.depth -= 1
            return part
        if not self.take("("):
            return self.condition()
        self.deeper()
        inside = self.either()
        if not self.take(")"):
            raise self.error("a closing parenthesis is missing")
        self.depth -= 1
        return inside[0] if len(inside) == 1 else And(tuple(inside))

    def condition(self) -> Condition:
        name = self.string() if self.peek() == '"' else self.match(_WORD)
        if name is None:
            raise self.error("a field or a word must stand before the operator")
        after = self.at
        op = next((o for o in OPS if self.take(o)), None)
        if op is not None:
            return Condition(name, op, self.value(_VALUE, op))
        if self.keyword("IN"):
            if self.take("("):
                return Condition(name, "in", self.items())
        elif self.keyword("EXISTS"):
            return Condition(name, "exists")
        self.at = after
        return Condition("body", ":", name)

    def items(self) -> tuple[Value, ...]:
        out = [self.value(_ITEM, "=")]
        while self.take(","):
            out.append(self.value(_ITEM, "="))
        if not self.take(")"):
            raise self.error("a comma or a closing parenthesis is missing")
        return tuple(out)

    def value(self, pattern: re.Pattern[str], op: str) -> Value:
        if self.peek() == '"':
            return self.string()
        text = self.match(pattern)
        if text is None:
            raise self.error('a value is missing; write "" for the empty text')
        return text if op in (":", "~") else _typed(text)

    def string(self) -> str:
        match = _QUOTED.match(self.text, self.at)
        if match is None:
            raise self.error("this quote is never closed")
        self.at = match.end()
        return re.sub(r'\\(["\\])', r"\1", match[1])

    def peek(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, token: str) -> bool:
        self.peek()
        found = self.text.startswith(token, self.at)
        self.at += len(token) * found
        return found

    def match(self, pattern: re.Pattern[str]) -> str | None:
        self.peek()
        match = pattern.match(self.text, self.at)
        if match is None:
            return None
        self.at = match.end()
        return match[0]

    def keyword(self, word: str, *, take: bool = True) -> bool:
        """AND, OR, NOT are upper case; `in` and `exists` stand behind a field only, so any case will do."""
        self.peek()
        match = _WORD.match(self.text, self.at)
        found = match is not None and (match[0] == word or (word in ("IN", "EXISTS") and match[0].upper() == word))
        if found and take and match is not None:
            self.at = match.end()
        return found

    def deeper(self) -> None:
        self.depth += 1
        if self.depth > 100:
            raise self.error("nested deeper than 100 levels")

    def error(self, what: str) -> QueryError:
        start = self.text.rfind("\n", 0, self.at) + 1
        line = self.text[start:].split("\n", 1)[0]
        return QueryError(f"{what}\n  {line}\n  {' ' * (self.at - start)}^")
