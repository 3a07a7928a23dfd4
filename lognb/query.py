"""Query: which records are meant. A frozen value that prints as text and parses back; it knows no engine.

    severity>=error service_name=checkout "timed out" -http.route=/health (retry OR attempt>3)

Words and "phrases" mean that the body contains them, in any case. A comparison is `field=value` with one of
`= != < <= > >=`, `field:contained`, `field~regex` (RE2, any case), `field in (a, b)` or `field exists`. Space or AND,
OR, NOT or -, and parentheses combine. Logic is two-valued: a comparison with an absent or other-typed value is false,
`!=` and NOT are exact complements. A bare number or true/false is that type; in quotes it is text. docs/query.md is
the whole of it. The pieces are in `_literals`, `_regex`, `_clauses` and `_parse`; this is the address for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lognb import _query_json
from lognb._clauses import OPS, And, Clause, Condition, Not, Or, check_depth, fields_of, leaves_of, part_text
from lognb._literals import FIRST, LAST, Number, Value, format_time, parse_time
from lognb._parse import parse

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = [
    "OPS",
    "And",
    "Clause",
    "Condition",
    "Not",
    "Number",
    "Or",
    "Query",
    "Value",
    "fields_of",
    "format_time",
    "parse_time",
]


@dataclass(frozen=True, slots=True)
class Query:
    """All `conditions` hold and `time` is in the half-open window [since, until), in ns since 1970 UTC.

    A record without a time is in no window that has a bound. Bounds written as conditions on `time` at the top of
    the text become the window. Raises QueryError for conditions nested deeper than 100 levels.
    """

    conditions: tuple[Clause, ...] = ()
    since: int | None = None
    until: int | None = None

    def __post_init__(self) -> None:
        check_depth(self.conditions)
        kept: list[Clause] = []
        since, until = ([] if t is None else [t] for t in (self.since, self.until))
        for clause in self.conditions:
            at = _bound(clause)
            if at is None:
                kept.append(clause)
            elif at[0] == ">":
                since.append(at[1])
            else:
                until.append(at[1])
        # One query, one value: whatever road it came by, it has its bounds here, and such as can be written.
        object.__setattr__(self, "conditions", tuple(kept))
        object.__setattr__(self, "since", max(since) if since else None)
        object.__setattr__(self, "until", min(until) if until else None)
        for name, ns in (("since", self.since), ("until", self.until)):
            object.__setattr__(self, name, None if ns is None else max(FIRST, min(ns, LAST)))

    @classmethod
    def parse(cls, text: str) -> Query:
        """Read a query text; raises QueryError that points at the character.

        >>> Query.parse('severity>=error "timed out"').conditions
        (Condition(field='severity', op='>=', value='error'), Condition(field='body', op=':', value='timed out'))
        """
        return cls(parse(text))

    @classmethod
    def from_json(cls, value: Any) -> Query:
        """The query that `to_json` made; raises QueryError for anything else."""
        return cls(*_query_json.read(value))

    def to_json(self) -> dict[str, Any]:
        """The query as plain JSON values: what widgets and links carry. Times are ISO text, numbers as written.

        >>> Query.parse("n>1.50 -level in (a, b)").to_json()["conditions"][0]
        {'field': 'n', 'op': '>', 'value': {'number': '1.50'}}
        """
        return _query_json.write(self.conditions, self.since, self.until)

    def __str__(self) -> str:
        return " ".join(map(part_text, (*self.conditions, *_window(self))))

    def __and__(self, other: Query) -> Query:
        return Query(
            self.conditions + tuple(c for c in other.conditions if c not in self.conditions),
            max((t for t in (self.since, other.since) if t is not None), default=None),
            min((t for t in (self.until, other.until) if t is not None), default=None),
        )

    def __or__(self, other: Query) -> Query:
        parts: list[Clause] = []
        for clause in (_one(self), _one(other)):
            parts += clause.parts if isinstance(clause, Or) else (clause,)
        return Query((Or(tuple(parts)),))

    def __invert__(self) -> Query:
        clause = _one(self)
        return Query((clause.part if isinstance(clause, Not) else Not(clause),))

    def leaves(self) -> Iterator[Condition]:
        """Every comparison, wherever it stands."""
        return (leaf for clause in self.conditions for leaf in leaves_of(clause))

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


def _window(query: Query) -> list[Condition]:
    bounds = ((">=", query.since), ("<", query.until))
    return [Condition("time", op, format_time(ns)) for op, ns in bounds if ns is not None]


def _one(query: Query) -> Clause:
    parts = (*query.conditions, *_window(query))
    return parts[0] if len(parts) == 1 else And(parts)


def _bound(clause: Clause) -> tuple[str, int] | None:
    """A condition that is a bound of the window: ">" and the first ns inside, or "<" and the first ns outside."""
    if not isinstance(clause, Condition) or clause.field != "time" or clause.op not in ("<", "<=", ">", ">="):
        return None
    at = parse_time(clause.value) if isinstance(clause.value, str) else None
    return None if at is None else (clause.op[0], at + (clause.op in (">", "<=")))
