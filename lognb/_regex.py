"""The regular expressions of a query: what RE2 (DuckDB, ClickHouse) and java.util.regex (Spark) take and read alike.

Alike means the same records, given the flags that an engine sets: any case, `.` is not a line feed, `$` is the very
end. What one of them lacks, or reads as something else, is refused with its place, so that a query means the same
wherever it runs. Left to the engine is only how large a pattern may become.
"""

from __future__ import annotations

import re
from typing import Final

_DEPTH: Final = 100
_REPEAT: Final = 1000  # what RE2 counts to, also through nested counts

_FLAGS = re.compile(r"\(\?(?:[ims]+(?:-[ims]+)?|-[ims]+)([:)])")
_COUNT = re.compile(r"\{([0-9]{1,4})(,([0-9]{1,4})?)?\}")
_HEX = re.compile(r"x(?:[0-9a-fA-F]{2}|\{(?:0*10|0*[0-9a-fA-F])?[0-9a-fA-F]{1,4}\})")
_PROPERTY = re.compile(r"[pP](?:[LMNPSZ]|\{(?:L[ulmto]?|M[nce]?|N[dlo]?|P[cdseifo]?|S[mcko]?|Z[slp]?|C[cf])\})")
_PUNCTUATION: Final = frozenset(" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")
_CONTROL: Final = frozenset("tnrfa")
_SETS: Final = frozenset("dDsSwW")

_GROUPS: Final = {
    "(?=": "there is no lookahead",
    "(?!": "there is no lookahead; put NOT or - before a condition of its own",
    "(?<=": "there is no lookbehind",
    "(?<!": "there is no lookbehind; put NOT or - before a condition of its own",
    "(?P": "groups have no names here; write ( )",
    "(?<": "groups have no names here; write ( )",
    "(?>": "there are no atomic groups; write (?: )",
    "(?#": "there are no comments",
}
_ESCAPES: Final = {
    **dict.fromkeys("123456789", "there are no references back to a group"),
    "0": "write a character by its number as \\x0A",
    "k": "there are no references back to a group",
    "C": "there is no \\C; . is any character",
    "Z": "write $ or \\z for the end of the text",
    "v": "\\v is not the same everywhere; write \\x0B",
    "u": "write a character by its number as \\x{20AC}",
    "p": "of \\p there are the general categories only, as \\pL or \\p{Lu}",
    "P": "of \\P there are the general categories only, as \\PL or \\P{Lu}",
    "x": "write \\x and two hex digits, or \\x{20AC}",
    "E": "no \\Q is open here",
}


class _PatternError(Exception):
    def __init__(self, at: int, why: str) -> None:
        self.at, self.why = at, why


def fault(pattern: str) -> tuple[int, str] | None:
    """The place and the reason of the first thing that a pattern may not have; None if all engines take it.

    >>> fault("timed? out|5\\\\d\\\\d"), fault("a(?!b)")
    (None, (1, 'there is no lookahead; put NOT or - before a condition of its own'))
    """
    try:
        _Reader(pattern).all()
    except _PatternError as found:
        return found.at, found.why
    return None


class _Reader:
    """One walk over the pattern; `at` is the place of the next character.

    For each open group: where it began and the largest product of counts inside it.
    """

    def __init__(self, pattern: str) -> None:
        self.pattern, self.at = pattern, 0
        self.open: list[tuple[int, int]] = []
        self.counts = 1

    def all(self) -> None:
        while self.at < len(self.pattern):
            self.item()
        if self.open:
            raise _PatternError(self.open[-1][0], "this parenthesis is never closed")

    def item(self) -> None:
        c, inner = self.pattern[self.at], 1
        if c == "(":
            self.group()
            return
        if c in "|^$":
            self.at += 1
            return
        if c == ")":
            if not self.open:
                raise _PatternError(self.at, "no parenthesis is open here; write \\) for the character")
            inner = self.counts
            self.counts = self.open.pop()[1]
            self.at += 1
        elif c == "[":
            self.set()
        elif c == "\\":
            if not self.escape():
                return
        elif c in "*+?":
            raise _PatternError(self.at, f"there is nothing to repeat here; write \\{c} for the character")
        elif c == "{":
            raise _PatternError(self.at, "there is nothing to count here; write \\{ for the character")
        else:
            self.at += 1
        self.counts = max(self.counts, self.repeat(inner))

    def group(self) -> None:
        if len(self.open) == _DEPTH:
            raise _PatternError(self.at, f"nested deeper than {_DEPTH} groups")
        rest = self.pattern[self.at : self.at + 4]
        flags = _FLAGS.match(self.pattern, self.at)
        if flags is not None and flags[1] == ")":
            self.at = flags.end()
            return
        if flags is None and rest.startswith("(?") and not rest.startswith("(?:"):
            known = next((why for start, why in _GROUPS.items() if rest.startswith(start)), None)
            raise _PatternError(self.at, known or "after (? stand flags out of i m s, or a colon")
        self.open.append((self.at, self.counts))
        self.counts = 1
        self.at = flags.end() if flags is not None else self.at + (3 if rest.startswith("(?:") else 1)

    def repeat(self, inner: int) -> int:
        """Take the count behind an item; how often it and the counts in it make it repeat."""
        start = self.at
        c = self.pattern[start : start + 1]
        times = 1
        if c and c in "*+?":
            self.at += 1
        elif c == "{":
            counted = _COUNT.match(self.pattern, start)
            if counted is None:
                raise _PatternError(start, "a count is {2}, {2,} or {2,5}; write \\{ for the character")
            low, high = int(counted[1]), int(counted[3] or counted[1])
            times = max(low, high, 1)
            if high < low or inner * times > _REPEAT:
                why = "the second number is smaller" if high < low else f"more than {_REPEAT} times, with all around it"
                raise _PatternError(start, f"this count cannot be: {why}")
            self.at = counted.end()
        else:
            return inner
        if self.pattern[self.at : self.at + 1] == "?":
            self.at += 1
        if self.pattern[self.at : self.at + 1] == "+" and self.pattern[self.at - 1] != "?":
            raise _PatternError(self.at, "there are no possessive counts; leave this + out")
        if self.at < len(self.pattern) and self.pattern[self.at] in "*+?{":
            raise _PatternError(self.at, "this already repeats; put it in (?: ) to repeat it again")
        return inner * times

    def escape(self) -> bool:
        """Take a backslash and what belongs to it; False if it is a place in the text, which cannot repeat."""
        start, c = self.at, self.pattern[self.at + 1 : self.at + 2]
        if c == "Q":
            end = self.pattern.find("\\E", start + 2)
            if end == start + 2 or start + 2 == len(self.pattern):
                raise _PatternError(start, "there is nothing between \\Q and \\E")
            self.at = len(self.pattern) if end < 0 else end + 2
            return True
        if c and c in "bBAz":
            self.at += 2
            return False
        self.simple()
        return True

    def simple(self) -> None:
        """An escape that also stands in a set."""
        start, c = self.at, self.pattern[self.at + 1 : self.at + 2]
        if not c:
            raise _PatternError(start, "a backslash cannot be the last character; write \\\\ for a backslash")
        long = _HEX.match(self.pattern, start + 1) or _PROPERTY.match(self.pattern, start + 1)
        if long is None and not (c in _PUNCTUATION or c in _CONTROL or c in _SETS):
            raise _PatternError(start, _ESCAPES.get(c, f"there is no \\{c}; a letter or digit needs no backslash"))
        self.at = long.end() if long is not None else start + 2

    def set(self) -> None:
        """A class in brackets. A - is a range, or the first or last character; all else would be read in two ways."""
        start = self.at
        self.at += 2 if self.pattern.startswith("[^", start) else 1
        first = self.at
        while True:
            if self.at >= len(self.pattern):
                raise _PatternError(start, "this bracket is never closed")
            here, c = self.at, self.pattern[self.at]
            if c == "]" and here > first:
                self.at += 1
                return
            if c == "-" and here > first and self.pattern[here + 1 : here + 2] != "]":
                raise _PatternError(here, "a - that is no range stands first or last; write \\- elsewhere")
            low = self.member(first)
            after = self.pattern[self.at + 1 : self.at + 2]
            if self.pattern[self.at : self.at + 1] == "-" and after not in ("]", "") and c != "-":
                if low is None:
                    raise _PatternError(self.at, "a range is between two characters; write \\- for the character")
                dash = self.at
                self.at += 1
                high = self.member(first)
                if high is None or high < low:
                    raise _PatternError(
                        dash, "a range goes from a character to a later one; write \\- for the character"
                    )

    def member(self, first: int) -> int | None:
        """One member of a set: its code point, None for a set of its own."""
        here, c = self.at, self.pattern[self.at]
        if c == "[":
            posix = self.pattern.startswith("[:", here)
            why = "write \\d, \\s, \\w or a range instead of a [:class:]" if posix else "write \\[ for the character"
            raise _PatternError(here, f"sets do not stand in sets; {why}")
        if c == "]":
            raise _PatternError(here, "this set is empty; write \\] for the character")
        if c == "&" and self.pattern.startswith("&&", here):
            raise _PatternError(here, "sets are not intersected; write \\& for the character")
        if c != "\\":
            self.at += 1
            return ord(c)
        if self.pattern[here + 1 : here + 2] in tuple("QEbBAz"):
            raise _PatternError(here, f"there is no \\{self.pattern[here + 1]} in a set")
        self.simple()
        text = self.pattern[here + 1 : self.at]
        if text[0] in "dDsSwWpP":
            return None
        if text[0] == "x":
            return int(text[1:].strip("{}"), 16)
        return ord(dict(zip("tnrfa", "\t\n\r\f\a", strict=True)).get(text, text))
