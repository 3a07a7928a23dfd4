"""A rare pattern that is a common one but for one chunk joins it: `at LOCAL(<*>)` joins `at <*>`.

Chunks are what blanks divide. The common one has a bare slot in the place of the chunk, and two chunks at least are the
same words in both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Final

from lognb.mining.masks import SLOT

if TYPE_CHECKING:
    from lognb.mining.tokens import Key

_LEAST: Final = 2
_TRAILING: Final = ".,;:"

Chunks = tuple[str, ...]


def absorb(keys: list[Key], skeletons: list[str], records: list[int]) -> dict[Key, Key]:
    """Which keys join which; those that join none are left out."""
    weights: Counter[Key] = Counter()
    for key, n in zip(keys, records, strict=True):
        weights[key] += n
    shown: dict[Key, str] = {}
    for _, skeleton, key in sorted((-n, s, k) for s, k, n in zip(skeletons, keys, records, strict=True)):
        shown.setdefault(key, skeleton)
    # A common pattern by what it is without the chunk of one of its slots.
    open_at: defaultdict[tuple[Chunks, int, Chunks], list[Key]] = defaultdict(list)
    place: dict[Key, int] = {}
    out: dict[Key, Key] = {}
    for rank, key in enumerate(sorted(weights, key=lambda k: (-weights[k], k))):
        place[key] = rank
        chunks, ends = _chunks(shown[key])
        same = sum(SLOT not in chunk for chunk in chunks)
        found = []
        for at, chunk in enumerate(chunks):
            rest = (*chunks[:at], *chunks[at + 1 :])
            if chunk != SLOT and same - (SLOT not in chunk) >= _LEAST:
                found += open_at.get((ends, at, rest), [])
        if found:
            out[key] = min(found, key=place.__getitem__)
            continue
        for at, chunk in enumerate(chunks):
            if chunk == SLOT:
                open_at[ends, at, (*chunks[:at], *chunks[at + 1 :])].append(key)
    return out


def _chunks(skeleton: str) -> tuple[Chunks, Chunks]:
    """The chunks, and what stands behind each of them."""
    whole = skeleton.split()
    cores = tuple(chunk.rstrip(_TRAILING) for chunk in whole)
    return cores, tuple(chunk[len(core) :] for chunk, core in zip(whole, cores, strict=True))
