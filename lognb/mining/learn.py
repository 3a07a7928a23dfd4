"""Which words of the keys vary: told by how many distinct words stand in one place when all else is equal.

Every test counts distinct values among the distinct keys, so no order, similarity or depth is set, and the answer is a
function of the keys and their records. The numbers were found on the eight systems that benchmarks/accuracy.py names,
and lie on a plateau: from half to one and a half of each, accuracy stays within half a point.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from typing import Final

from lognb.mining.masks import SLOT
from lognb.mining.tokens import DELIMITERS, UNITS, Key, collapsed, words

MANY: Final = 6
"""So many distinct words in one place vary, whatever they look like."""
FIRST: Final = 15
"""The same for the first word of a message, which mostly names what happens."""
SOME: Final = 3
"""So many, where form or place speak for it."""
RATIO: Final = 0.3
"""Distinct words by records: beyond it few words repeat."""
CONSTANTS: Final = 2
"""Words that stay, at least, where nothing but a count speaks for it."""
_ROUNDS: Final = 8

_BEFORE_NAMES: Final = words("user username login host hostname")
_PREPOSITIONS: Final = words("for from to by of at on in with via user host named as")
_NOUNS: Final = words(
    "process driver service module device interface username file command class method table database queue "
    "topic thread task job package type name component"
)
_FUNCTION_WORDS: Final = words(
    "the a an is are was be not no and or if it this that all any for from to by of at on in with via as"
)
_DOTTED: Final = re.compile(r"[\w$-]+(?:\.[\w$-]+){2,}")
_HOLE: Final = "\0"


def learn(keys: list[Key], records: list[int]) -> list[list[Key]]:
    """For each key what it becomes, step by step; the last is its pattern's.

    >>> many = [("login", "of", name, "failed") for name in "ann bob cyd".split()]
    >>> learn(many, [1, 1, 1])[0]
    [('login', 'of', 'ann', 'failed'), ('login', 'of', '<*>', 'failed')]
    """
    roads = [[key] for key in keys]
    for _ in range(_ROUNDS):
        weights: Counter[Key] = Counter()
        for road, n in zip(roads, records, strict=True):
            weights[road[-1]] += n
        become = _generalised(weights)
        if not become:
            break
        for road in roads:
            if (more := become.get(road[-1])) is not None:
                road.append(more)
    return roads


def _generalised(weights: Counter[Key]) -> dict[Key, Key]:
    """One round: all decisions rest on the same keys. Only those that change."""
    ordered = sorted(weights)
    columns: defaultdict[tuple[int, Key], dict[str, int]] = defaultdict(dict)
    for key in ordered:
        for at, token in enumerate(key):
            if token not in DELIMITERS:
                columns[at, _without(key, at)][token] = weights[key]
    dotted = _dotted(ordered)
    out = {}
    for key in ordered:
        varies = [
            at in dotted.get(key, ()) or _varies(key, at, columns[at, _without(key, at)])
            for at, token in enumerate(key)
            if token != SLOT and token not in DELIMITERS
        ]
        if any(varies):
            flags = iter(varies)
            new = [SLOT if t != SLOT and t not in DELIMITERS and next(flags) else t for t in key]
            out[key] = collapsed(new)
    return out


def _without(key: Key, at: int) -> Key:
    return (*key[:at], _HOLE, *key[at + 1 :])


def _varies(key: Key, at: int, column: dict[str, int]) -> bool:
    """Does the word at a place vary, given the words that stand there when all else is equal, and their records?"""
    if len(column) < 2:
        return False
    constants = sum(1 for i, token in enumerate(key) if i != at and token != SLOT and token not in DELIMITERS)
    if not constants:
        return False
    here = [word for word in column if word != SLOT]
    n = len(here)
    if at == 0:
        return n >= FIRST and constants >= CONSTANTS
    if SLOT in column or all(word in UNITS for word in here) or n >= MANY:
        return True
    if n >= SOME and all(map(_looks_like_a_value, here)):
        return True
    if _is_named(key, at, n) and not any(word.lower() in _FUNCTION_WORDS for word in here):
        return True
    return n >= SOME and n / sum(column.values()) >= RATIO and constants >= CONSTANTS


def _is_named(key: Key, at: int, n: int) -> bool:
    """Does a word before the place say that a name follows?"""
    before = key[at - 1].lower()
    after = key[at + 1].lower() if at + 1 < len(key) else ""
    if before in _BEFORE_NAMES:
        return n >= 2
    ends = not after or after in _PREPOSITIONS or after in DELIMITERS
    return n >= SOME and (before in _NOUNS or (before in _PREPOSITIONS and ends))


def _looks_like_a_value(word: str) -> bool:
    if word in UNITS or re.search(r"\w\.\w", word):
        return True
    return word[0] != "_" and bool(re.search(r"[_$@/\\]", word)) and bool(re.search(r"\w", word))


def _dotted(ordered: list[Key]) -> dict[Key, set[int]]:
    """The places of names like a.b.c that vary: several at once, among keys that differ in those and slots only."""
    classes: defaultdict[Key, list[Key]] = defaultdict(list)
    for key in ordered:
        shape = tuple(_HOLE if token == SLOT or _DOTTED.fullmatch(token) else token for token in key)
        if shape != key:
            classes[shape].append(key)
    out: defaultdict[Key, set[int]] = defaultdict(set)
    for shape, members in classes.items():
        for at, token in enumerate(shape):
            values = {key[at] for key in members} if token == _HOLE and len(members) > 1 else set()
            if len(values) > 1 and (SLOT in values or len(values) >= SOME):
                for key in members:
                    out[key].add(at)
    return out
