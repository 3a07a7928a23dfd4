"""Redaction: what is to be hidden, as a value."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from lognb.errors import LognbError, did_you_mean
from lognb.redaction.kinds import ALL, ON_REQUEST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_KINDS: Final = frozenset(ALL)


@dataclass(frozen=True)
class Redaction:
    r"""Rules: the kinds to hide, patterns and fields of your own, and values that stay.

    `kinds` are names of lognb.redaction.kinds.ALL, all of them by default, and of ON_REQUEST. `patterns` are regular
    expressions of Python by a name of your own; the first group, if there is one, is what is hidden. `fields` are names
    of keys or columns whose values are hidden, whatever they are; `keep` are values that are never hidden.

    Session ids, trace ids and record ids stay: they lead back to the logs, which whoever may see them can search. Say
    `fields=["session_id"]` to hide sessions too.

    >>> Redaction.of(["email", "ip"]).kinds == {"email", "ip"}
    True
    >>> "phone" in Redaction.of(["-phone"]).kinds, bool(Redaction.of(False))
    (False, False)
    >>> Redaction(patterns={"order": r"order-(\d+)"}, fields=["tenant"], keep=["noreply@shop.example"]).fields
    ('tenant',)
    """

    kinds: frozenset[str] = _KINDS
    patterns: Mapping[str, str] = field(default_factory=dict)
    fields: Sequence[str] = ()
    keep: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Raises LognbError for a kind that is none, and for a pattern that cannot be read."""
        for name in ("kinds", "fields", "keep"):
            given = getattr(self, name)
            given = [given] if isinstance(given, str) else given
            object.__setattr__(self, name, frozenset(given) if name == "kinds" else tuple(given))
        object.__setattr__(self, "patterns", dict(self.patterns))
        known = (*ALL, *ON_REQUEST)
        for kind in sorted(self.kinds):
            if kind not in known:
                near = did_you_mean(kind, known)
                raise LognbError(f"no kind {kind!r} of what can be hidden{near or '; they are: ' + ', '.join(known)}")
        for name, pattern in self.patterns.items():
            try:
                re.compile(pattern)
            except re.error as error:
                raise LognbError(f"the pattern {name!r} for redaction cannot be read: {error}: {pattern!r}") from error

    def __bool__(self) -> bool:
        """Is there anything to hide?"""
        return bool(self.kinds or self.patterns or self.fields)

    @classmethod
    def of(cls, rules: Redaction | bool | str | Sequence[str]) -> Redaction:
        """True: all kinds; False: none; names: those kinds, or, with a "-" before each, all but those.

        Raises LognbError for anything else: that nothing is hidden has to be said.
        """
        if isinstance(rules, Redaction):
            return rules
        if isinstance(rules, bool):
            return cls() if rules else cls(kinds=frozenset())
        try:
            names = [rules] if isinstance(rules, str) else list(rules)
        except TypeError:
            names = [None]  # type: ignore[list-item]
        if not all(isinstance(name, str) for name in names):
            raise LognbError(f"no rules of what to redact: {rules!r}; say True, False, names of kinds or a Redaction")
        named = frozenset(name.removeprefix("+") for name in names if not name.startswith("-"))
        left_out = frozenset(name[1:] for name in names if name.startswith("-"))
        cls(kinds=left_out)  # a name that is none is said, also where it is left out
        plus = frozenset(name[1:] for name in names if name.startswith("+"))
        base = _KINDS if named <= plus else frozenset[str]()
        return cls(kinds=(base | named) - left_out)
