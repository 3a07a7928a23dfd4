"""One text, with what is to be hidden replaced; and what that was."""

from __future__ import annotations

import json
from bisect import bisect_left
from typing import TYPE_CHECKING, Final, NamedTuple

from lognb.redaction import checks, keys
from lognb.redaction.find import ANYTHING, KNOWN, Finder
from lognb.redaction.known import Known
from lognb.redaction.pairs import Found, stretch, trivial
from lognb.redaction.pseudonyms import Pseudonyms, canonical
from lognb.redaction.views import View, view
from lognb.redaction.walk import Leaf, Walk, looks_json, quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.redaction.rules import Redaction

_CACHED: Final = 200_000  # texts whose answer is kept, and up to which length
_SHORT: Final = 300
_SESSIONS: Final = frozenset(("session", "session_id", "trace_session"))
_ROUNDS: Final = 4  # what stands for a value may, beside its neighbours, look like another


class Hit(NamedTuple):
    """A value that was hidden: its kind, what it is, the key above it, whether the name of its key said so."""

    kind: str
    value: str
    key: str = ""
    named: bool = False


Answer = tuple[str, tuple[Hit, ...]]


class Texts:
    """Replaces in texts by rules, known values and pseudonyms; the same text always becomes the same."""

    def __init__(self, rules: Redaction, names: Pseudonyms) -> None:
        self.finder = Finder(rules, self.meaning)
        self.known = Known()
        self.names = names
        self.kinds = rules.kinds
        self._fields = {keys.words(name) for name in rules.fields}
        if self._fields & _SESSIONS:  # one thing under the names that frames, queries and records have for it
            self._fields |= _SESSIONS
        self._keep = {canonical(value) for value in rules.keep} | set(rules.keep)
        self._cache: dict[tuple[str, str, str], Answer] = {}
        self._plain_keys: dict[str, str] = {}

    def forget(self) -> None:
        """Other values are known now: what was answered before may be otherwise."""
        self._cache.clear()
        self._plain_keys.clear()

    def meaning(self, key: str, outer: str = "") -> keys.Meaning | None:
        """What a name says of its value, as far as the rules ask for it."""
        if self._fields and (keys.words(key) in self._fields):
            return keys.Meaning("field", inside=True)
        found = keys.meaning(key, outer) if key else None
        return found if found is not None and found.kind in self.kinds else None

    def hide(self, text: str, key: str = "", outer: str = "", may: int = ANYTHING) -> Answer:
        """The text as it may be shown, and what was hidden in it; `key` is the name that it stands under.

        `may` is what the text can hold (Finder.hints), where that is known already.
        """
        if not text:
            return text, ()
        short = len(text) <= _SHORT
        if short and (known := self._cache.get((text, key, outer))) is not None:
            return known
        hits: list[Hit] = []
        made = self._json(text, key, hits, may) if looks_json(text) else None
        if made is None:
            made = text
            for _ in range(_ROUNDS):
                changed = self._plain(made, key, outer, hits, may)
                if changed == made:
                    break
                made, may = changed, ANYTHING
        answer = made, tuple(hits)
        if short:
            if len(self._cache) >= _CACHED:
                self._cache.clear()
            self._cache[text, key, outer] = answer
        return answer

    def literal(self, text: str, key: str) -> Answer:
        """A JSON literal under a key."""
        if text[:1] in "{[":
            return self.hide(text, key)
        if text[:1] == '"':
            value = json.loads(text)
            made, hits = self.hide(value, key)
            return (text if made == value else quoted(made)), hits
        return self.number(text, key)

    def number(self, digits: str, key: str = "", outer: str = "") -> Answer:
        """A number in digits, where it is hidden: a card, or what its key says."""
        if not digits.isdigit() or not digits.isascii():
            return digits, ()
        found = None if keys.counts(key) else self.meaning(key, outer)
        kind = ""
        if found is not None and any(stretch(digits, found)) and len(digits) >= (1 if found.kind == "user" else 3):
            kind = found.kind if digits.strip("0") else ""
        elif "card" in self.kinds and 13 <= len(digits) <= 19 and checks.card(digits):
            kind = "card"
        elif digits in self.known.kinds:
            kind = self.known.kinds[digits]
        if not kind or digits in self._keep or digits in self.names.issued:
            return digits, ()
        return self.names.of(digits), (Hit(kind, digits, "", found is not None and kind == found.kind),)

    def _json(self, text: str, key: str, hits: list[Hit], may: int) -> str | None:
        got: list[Hit] = []
        may = ANYTHING if "\\" in text else may  # what its texts read as is not what was looked at

        def on_text(value: str, at: Leaf) -> str:
            made, found = self.hide(value, *self.named(at, key), may)
            if found:
                got.extend(hit if hit.key else hit._replace(key=at[2]) for hit in found)
            return made

        def on_number(value: str, at: Leaf) -> str:
            made, found = self.number(value, *self.named(at, key))
            got.extend(hit._replace(key=at[2]) for hit in found)
            return made

        def on_key(value: str) -> str:
            made = self._plain_keys.get(value)
            if made is None:
                made, found = self.hide(value)
                got.extend(found)
                if made == value and len(self._plain_keys) < _CACHED:
                    self._plain_keys[value] = made
            return made

        made = Walk(on_text, on_number, on_key, self.holds).through(text)
        if made is not None:
            hits += got
        return made

    def holds(self, key: str) -> bool:
        """Is all below a key of the key's kind?"""
        found = self.meaning(key)
        return found is not None and found.inside

    def named(self, at: Leaf, above: str) -> tuple[str, str]:
        """The keys whose meaning a leaf has: its own, else that of what it stands in."""
        name, outer, _ = at
        if not name:
            return above, ""
        return (outer, "") if self.holds(outer) and self.meaning(name, outer) is None else (name, outer)

    def _plain(self, text: str, key: str, outer: str, hits: list[Hit], may: int) -> str:
        taken: list[tuple[Found, str]] = []  # in order, none over another
        for found in self._found(text, key, outer, may):
            i = bisect_left(taken, found.end, key=lambda one: one[0].start)
            if i and taken[i - 1][0].end > found.start:
                continue
            value = canonical(text[found.start : found.end])
            if value in self._keep or value in self.names.issued or not value:
                # A pseudonym, or what stays, is not looked into.
                taken.insert(i, (found, ""))
            else:
                taken.insert(i, (found, value))
        out: list[str] = []
        at = 0
        for found, value in taken:
            if value:
                raw = text[found.start : found.end]
                out += (text[at : found.start], self.names.render(raw, value))
                at = found.end
                hits.append(Hit(found.kind, value, "", found.named))
        return "".join([*out, text[at:]]) if out else text

    def _found(self, text: str, key: str, outer: str, may: int) -> Iterator[Found]:
        """What is found, the surest first: by the text's own key, by own patterns, by detectors, what is known."""
        found = self.meaning(key, outer) if key else None
        if found is not None:
            if found.kind == "field":
                if not trivial(text):
                    yield Found(0, len(text), "field", named=True)
            else:
                yield from (Found(a, b, kind, named=True) for a, b, kind in stretch(text, found))
        known = bool(may & KNOWN and self.known)
        seen = view(text) if self.finder.has_own or known else None
        if seen is not None and self.finder.has_own:
            yield from (_placed(one, seen) for one in self.finder.own(seen.text))
        yield from self.finder.find(text, key, may)
        if seen is not None and known:
            yield from (_placed(one, seen) for one in self.known.find(seen.text))


def _placed(found: Found, seen: View) -> Found:
    start, end = seen.raw(found.start, found.end)
    return Found(start, end, found.kind)
