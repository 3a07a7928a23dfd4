"""Query text -> clauses, and where in the text each condition stands: recursive descent, errors point at the character.

The places serve what can be known only later: that no record has a field, or what may be put in at the cursor.
"""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass
from typing import Final

from lognb._clauses import DEPTH, OPS, And, Clause, Condition, Not, Or
from lognb._literals import Value, read
from lognb._regex import fault
from lognb.errors import QueryError, pointed

_WORD = re.compile(r'(?:[^\s"()<>=!:~]|!(?!=))+')
_VALUE = re.compile(r'[^\s"()]+')
_ITEM = re.compile(r'[^\s"(),]+')
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
# Operators of other languages, by ours that the text begins with and what stands behind it.
_MEANT: Final = {
    ("=", "="): "there is no ==; write =",
    ("=", "~"): "there is no =~; write ~ for a regular expression",
    ("=", ">"): "there is no =>; write >=",
    ("=", "<"): "there is no =<; write <=",
    ("<", ">"): "there is no <>; write !=",
    ("!=", "="): "there is no !==; write !=",
    ("~", "="): "there is no ~=; write ~ for a regular expression",
    ("~", "~"): "there is no ~~; write ~ for a regular expression",
    (":", "="): "there is no :=; write = for the whole value, : for a part of it",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a condition stands: the first character of its field, and of each of its values."""

    condition: Condition
    field: int
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Open:
    """What a text that goes on is saying at its end: a "name" (a field or a word) or a "value", from `at` on.

    `field` and `op` are those of the value; before a name, `field` is the word that stands right before it, or "".
    """

    kind: str
    field: str
    op: str
    at: int


def parse(text: str) -> tuple[Clause, ...]:
    """The clauses at the top of a query text; raises QueryError."""
    return tuple(_Parser(text).all())


def places(text: str) -> list[Place]:
    """The places of all conditions of a text that parses, in its order."""
    parser = _Parser(text)
    parser.all()
    return parser.places


def stop(text: str) -> int | None:
    """Where a text stops making sense; None if it parses.

    >>> stop("severity>=error n>")
    18
    """
    parser = _Parser(text)
    try:
        parser.all()
    except QueryError:
        # A value that no record can hold is refused where its condition is made, behind it.
        return parser.open.at if parser.wrong is None else parser.wrong
    return None


def last_open(text: str) -> Open | None:
    """What a text says at its end; None where it went wrong before.

    >>> last_open("severity>=error (service_name=che")
    Open(kind='value', field='service_name', op='=', at=30)
    """
    parser = _Parser(text)
    with contextlib.suppress(QueryError):
        parser.all()
    found, end = parser.open, parser.end
    if end is None:
        return found if text[found.at : found.at + 1] in ("", '"') else None
    if end == len(text):
        return found
    new = parser.at >= len(text) and (text[-1:].isspace() or text[-1:] in ("", "(", "-"))
    return Open("name", parser.word, "", len(text)) if new else None


class _Parser:
    """`at` is the place of the next character; `open` the last name or value, which ends at `end`, None: has no end."""

    def __init__(self, text: str) -> None:
        self.text, self.at, self.depth = text, 0, 0
        self.places: list[Place] = []
        self.open, self.word = Open("name", "", "", 0), ""
        self.end: int | None = 0
        self.wrong: int | None = None

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
                self.word = ""
                if not out or self.peek() in ("", ")"):
                    raise self.error("something must stand on both sides of AND")
                continue
            if self.keyword("OR", take=False):
                self.word = ""
                break
            out.append(self.clause())
        if needed and not out:
            raise self.error("a condition is missing here")
        return out

    def clause(self) -> Clause:
        dash = self.take("-")
        if dash or self.keyword("NOT"):
            self.word = ""
            if (dash and self.text[self.at : self.at + 1].isspace()) or self.peek() in ("", ")"):
                raise self.error("what should not hold? put a condition after - or NOT")
            self.deeper()
            part: Clause = Not(self.clause())
            self.depth -= 1
            return part
        if not self.take("("):
            return self.condition()
        self.word = ""
        self.deeper()
        inside = self.either()
        if not self.take(")"):
            raise self.error("a closing parenthesis is missing")
        self.depth -= 1
        return inside[0] if len(inside) == 1 else And(tuple(inside))

    def condition(self) -> Condition:
        bare = self.peek() != '"'
        start = self.at
        self.begin("name", self.word)
        name = self.match(_WORD) if bare else self.string()
        if name is None:
            raise self.error("a field or a word must stand before the operator")
        self.end, self.word, after = self.at, "", self.at
        op = next((o for o in OPS if self.take(o)), None)
        if op is not None:
            self.check_operator(name if bare else "", op, start)
            value, at = self.value(_VALUE, name, op)
            return self.place(start, (at,), Condition(name, op, value))
        if self.keyword("IN"):
            if self.take("("):
                return self.items(name, start)
        elif self.keyword("EXISTS"):
            return self.place(start, (), Condition(name, "exists"))
        self.at = after
        if bare and name in ("&&", "||"):
            self.at = start
            raise self.error(f'there is no {name}; write {"a space" if name == "&&" else "OR"}, or "{name}" in quotes')
        self.word = name
        return self.place(start, (start,), Condition("body", ":", name))

    def check_operator(self, name: str, op: str, start: int) -> None:
        """Raises for what is an operator in other languages only; in quotes all of it is text."""
        at = self.at - len(op)
        meant = next((why for (own, more), why in _MEANT.items() if own == op and self.peek() and self.on(more)), None)
        self.at = at if meant else self.at
        if name.endswith("!") and op in ("~", ":"):
            self.at, meant = at - 1, f"there is no !{op}; write -{name[:-1]}{op}…"
        elif name.startswith("!"):
            self.at, meant = start, f"NOT is a - here; write -{name[1:]}{op}…"
        elif op in (":", "=") and not meant and self.peek() and self.text[self.at] in "<>":
            self.at, meant = at, f"two operators; write {name}{self.text[self.at]}…, or the value in quotes"
        if meant:
            raise self.error(meant)

    def items(self, name: str, start: int) -> Condition:
        found = [] if self.peek() == ")" else [self.value(_ITEM, name, "in")]
        while found and self.take(","):
            found.append(self.value(_ITEM, name, "in"))
        if not self.take(")"):
            raise self.error("a comma or a closing parenthesis is missing")
        return self.place(start, tuple(at for _, at in found), Condition(name, "in", tuple(v for v, _ in found)))

    def value(self, pattern: re.Pattern[str], field: str, op: str) -> tuple[Value, int]:
        """A value and its place."""
        quote = self.peek() == '"'
        at = self.at
        self.begin("value", field, op)
        text = self.string() if quote else self.match(pattern)
        if text is None:
            raise self.error('a value is missing; write "" for the empty text')
        self.end = self.at
        if text.startswith("'") and not quote and op != "~":
            self.at = at
            raise self.error('text stands in double quotes here: "…"')
        if op == "~" and (wrong := fault(text)) is not None:
            self.at = self.inside(at, wrong[0]) if quote else at + wrong[0]
            raise self.error(f"not a pattern here: {wrong[1]}")
        try:
            return text if quote else read(field, op, text), at
        except QueryError as error:
            self.at = at
            raise self.error(str(error)) from None

    def inside(self, at: int, i: int) -> int:
        """The place of the i-th character of the quoted text that begins at `at`."""
        at += 1
        for _ in range(i):
            at += 2 if self.text[at : at + 2] in ('\\"', "\\\\") else 1
        return at

    def string(self) -> str:
        match = _QUOTED.match(self.text, self.at)
        if match is None:
            raise self.error("this quote is never closed")
        self.at = match.end()
        return re.sub(r'\\(["\\])', r"\1", match[1])

    def begin(self, kind: str, field: str, op: str = "") -> None:
        self.open, self.end = Open(kind, field, op, self.at), None

    def place(self, field: int, values: tuple[int, ...], condition: Condition) -> Condition:
        self.places.append(Place(condition, field, values))
        return condition

    def on(self, token: str) -> bool:
        return self.text.startswith(token, self.at)

    def peek(self) -> str:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1
        return self.text[self.at : self.at + 1]

    def take(self, token: str) -> bool:
        self.peek()
        found = self.on(token)
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
        if self.depth > DEPTH:
            raise self.error(f"nested deeper than {DEPTH} levels")

    def error(self, what: str) -> QueryError:
        self.wrong = self.at
        return QueryError(pointed(what, self.text, self.at))
