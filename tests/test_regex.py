"""The patterns of a query: what is refused has its place, what passes finds in the engine what it finds in Python."""

from __future__ import annotations

import re

import duckdb
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from lognb._regex import fault

FINE = [
    "", "timed out", "^a.*b$", "a|b|", "(a|b)+?c{2,5}", "a{2}", "a{2,}?", "[a-z_]+", "[^x\\]]",
    "[-a]", "[a-]", "[a\\-c]", r"\d+\s\w*\S\D\W", r"\bword\b", r"\Aa\z", r"\.\*\[\]\{\}\(\)\\\/", "(?i)a",
    "(?i-s:a.)b", "(?s).", "(?:a)", r"\x41\x{1F600}", r"\pL\p{Lu}\P{Nd}", r"\Qa.b[\E+", r"\Qa", "é😀", "a}", "]",
    r"[\d\s.]", r"[\]\[]", "[a&b]", r"[\t\n]", "()", "(a*)*", "\n", "[^a^]", r"[\x00-\x1f]",
]  # fmt: skip

REFUSED = [
    # pattern, the place, a word of the reason
    ("a(?=b)", 1, "lookahead"),
    ("(?!b)", 0, "NOT"),
    ("x(?<=b)", 1, "lookbehind"),
    ("(?<!b)", 0, "lookbehind"),
    (r"(a)\1", 3, "references back"),
    (r"(a)\k<n>", 3, "references back"),
    ("(?P<name>a)", 0, "no names"),
    ("(?<name>a)", 0, "no names"),
    ("(?>a)", 0, "atomic"),
    ("(?#a)", 0, "comments"),
    ("(?U)a", 0, "flags"),
    ("(?x)a", 0, "flags"),
    ("(?)", 0, "flags"),
    ("(?i-)", 0, "flags"),
    ("a++", 2, "possessive"),
    ("a{2}+", 4, "possessive"),
    ("a**", 2, "already repeats"),
    ("a{2}{3}", 4, "already repeats"),
    ("a+??", 3, "already repeats"),
    ("*a", 0, "nothing to repeat"),
    ("a|+", 2, "nothing to repeat"),
    ("^*", 1, "nothing to repeat"),
    (r"\b+", 2, "nothing to repeat"),
    ("(?i)+", 4, "nothing to repeat"),
    ("{2}", 0, "nothing to count"),
    ("a{", 1, "a count is"),
    ("a{,5}", 1, "a count is"),
    ("a{5,2}", 1, "the second number is smaller"),
    ("a{1001}", 1, "more than 1000"),
    ("(a{100}){11}", 8, "more than 1000"),
    ("[[:alpha:]]", 1, "[:class:]"),
    ("[a[b]]", 2, "sets do not stand in sets"),
    ("[a&&b]", 2, "intersected"),
    ("[]a]", 1, "this set is empty"),
    ("[^]", 2, "this set is empty"),
    ("[a", 0, "never closed"),
    ("[z-a]", 2, "a range goes"),
    (r"[a-\d]", 2, "a range goes"),
    (r"[\d-z]", 3, "a range is between"),
    ("[a-c-e]", 4, "first or last"),
    (r"[\Qa\E]", 1, r"no \Q in a set"),
    (r"[\b]", 1, r"no \b in a set"),
    (r"\C", 0, ". is any character"),
    (r"\Z", 0, "write $"),
    (r"\v", 0, "not the same"),
    (r"\u20AC", 0, r"\x{20AC}"),
    (r"\p{Greek}", 0, "general categories"),
    (r"\pX", 0, "general categories"),
    (r"\x4", 0, "two hex digits"),
    (r"\x{110000}", 0, "two hex digits"),
    (r"\E", 0, r"no \Q is open"),
    (r"\Q\E", 0, "nothing between"),
    (r"a\R", 1, r"no \R"),
    (r"\é", 0, r"no \é"),
    ("a\\", 1, "backslash"),
    ("(a", 0, "never closed"),
    ("a)", 1, "no parenthesis"),
    ("(" * 101 + ")" * 101, 100, "nested deeper"),
]  # fmt: skip


def finds(pattern: str, text: str) -> bool:
    return bool(duckdb.execute("SELECT regexp_matches($1, $2, 'i')", [text, pattern]).fetchone()[0])  # type: ignore[index]


@pytest.mark.parametrize("pattern", FINE)
def test_what_passes_runs(pattern: str) -> None:
    assert fault(pattern) is None
    finds(pattern, "text")


@pytest.mark.parametrize(("pattern", "at", "why"), REFUSED)
def test_what_is_refused_has_its_place(pattern: str, at: int, why: str) -> None:
    found = fault(pattern)
    assert found is not None
    assert found[0] == at
    assert why in found[1]


_PIECES = st.sampled_from(
    ["a", "b", "-", "^", "$", ".", "|", "(", ")", "(?:", "(?i)", "[", "[^", "]", "*", "+", "?", "{2}", "{1,3}", "{",
     "}", "&", "\\", "\\d", "\\b", "\\x41", "\\Q", "\\E", "\\pL", ",", "0", "é", " ", "\n", "<", "=", "!", "P", ":"]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(_PIECES, max_size=9).map("".join), st.text("abA-0é& \n]^", max_size=6))
def test_every_pattern_that_passes_finds_the_same_in_the_engine_as_in_python(pattern: str, text: str) -> None:
    assume(fault(pattern) is None)
    found = finds(pattern, text)
    # Python has no \Q, no flags in the middle and no \pL, warns of [[ and &&, and takes any case beyond ASCII.
    if (pattern + text).isascii() and not any(odd in pattern for odd in ("\\Q", "(?i)", "\\pL", "\\$", "\\\\", "[")):
        same = pattern.replace("$", "\\Z").replace("\\z", "\\Z")
        assert found == bool(re.search(same, text, re.IGNORECASE | re.ASCII))
