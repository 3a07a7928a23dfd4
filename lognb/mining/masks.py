"""What varies in an outline, by its form: dates, addresses, paths, names with numbers, values behind =.

Each line of MASKS is one form; they are tried in order on the few distinct outlines, where a number is 0 already, and
each puts `<*>`. Rust's regex and RE2 read them alike. They know forms, never the words of a system.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import polars as pl

SLOT: Final = "<*>"
NOTHING: Final = "<_>"
"""A place where a value could stand and none does: the same pattern, but shown empty."""

_MONTH: Final = (
    "Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sep(?:tember)?|Oct(?:ober)?|"
    "Nov(?:ember)?|Dec(?:ember)?"
)
_DAY: Final = "Mon(?:day)?|Tue(?:sday)?|Wed(?:nesday)?|Thu(?:rsday)?|Fri(?:day)?|Sat(?:urday)?|Sun(?:day)?"
_TLD: Final = (
    "com|net|org|edu|gov|io|co|local|localdomain|internal|lan|cn|hk|tw|jp|uk|de|fr|ru|us|in|kr|br|au|nl|ch|se|info|biz"
)
_RUN: Final = (r"(?:<\*>)+", SLOT)
_NO_VALUE: Final = (r"(\b[A-Za-z_]\w*=)([\s,;)\]]|$)", r"${1}<_>${2}")

MASKS: Final = (
    (r"\s+", " "),
    # Dates with names: the day before the month, else behind it.
    (rf"\b(?:(?:{_DAY}),? )?0[ -](?:{_MONTH})[ -]0(?: 0(?:[:.]0)*)?(?: (?:AM|PM|UTC|GMT)\b)?", SLOT),
    (
        rf"\b(?:(?:{_DAY}),? )?(?:{_MONTH})[ -]+0(?:,? 0(?:[:.]0)*)*"
        r"(?: (?:AM|PM|UTC|GMT|[A-Z]{3,4}) 0)?(?: (?:AM|PM|UTC|GMT)\b)?",
        SLOT,
    ),
    # Addresses of things: URL, Windows and UNC path, Unix path with its query, e-mail, host.
    (r"\b[A-Za-z][A-Za-z0+.-]*://[^\s\"'<>,;)\]}]*[^\s\"'<>,;)\]}:.]", SLOT),
    (r"(?:\b[A-Za-z]:|\\)\\[^\s\"'<>|,;:*?()]+", SLOT),
    (r"(^|[\s=:,;(\[{<\"'|])(?:~|\.{1,2})?(?:/[\w.@%+~$*-]+)+/?(?:\?[^\s\"'<>]*)?", r"${1}<*>"),
    (r"\b[\w.+-]+@[\w-]+(?:\.[\w-]+)+", SLOT),
    (rf"\b(?:[\w-]+\.)+(?:{_TLD})(?::0)?\b", SLOT),
    (r"\b[\w-]+(?:\.[\w-]+){2,}:0\b", SLOT),
    (r"\b\w+(?:\.\w+)+/[\w.$]+", SLOT),  # package.name/Class
    (r"\b[\w.-]+(?:/[\w.$-]+){2,}/?", SLOT),  # a relative path
    # MAC and IPv6, of which groups may have letters only.
    (r"\b(?:[0A-Fa-f]{1,4}[:-]){2,7}:?[0A-Fa-f]{1,4}\b", SLOT),
    (r"\b0(?:[:-][0A-Fa-f]{2}\b)+", SLOT),
    # A sign before a number, then numbers that belong together.
    (r"\b[A-Za-z]\w*_-0", SLOT),
    (r"(^|[^\w<>*])-0", r"${1}0"),
    (r"0(?:[.:/_+@#~^-]+0)*%?", SLOT),
    (r"<\*>(?:(?:[-._:/@#$+]*[A-Za-z_]+)*[-._:/@#$+]*<\*>)+", SLOT),  # letters between two numbers of one chunk
    _RUN,
    # A name of several parts, one of which is a number.
    (r"<\*>(?:[-.][A-Za-z][\w-]*)*\.[A-Za-z][\w-]*", SLOT),
    (r"\b(?:\w+\.){2,}<\*>(?:[.$-]?[\w$.-]*\w)?", SLOT),
    (r"\b(?:[A-Za-z][\w]*-)+<\*>(?:[.-][\w-]+)*", SLOT),
    (r"<\*>(?:[-.:/_+@#~^]+<\*>)+", SLOT),
    (r"\b(?:[Tt]rue|[Ff]alse|TRUE|FALSE|[Nn]ull|NULL|None|nil|NaN)\b", SLOT),
    # key=value, and key= without one; twice, as what follows one is what precedes the next.
    (r"((?:[A-Za-z_]|<\*>)[\w.\]-]*=)(?:[A-Za-z_+-][^\s,;)\]}\"'|&=<>(\[{]*)", r"${1}<*>"),
    _NO_VALUE,
    _NO_VALUE,
    _RUN,
    (r"(=\s?)<\*>(?:\{[^{}]*\}|\[[^\[\]]*\])", r"${1}<*>"),
    # Joiners that are left beside a slot.
    (r"(^|[\s=:,;(\[{<\"'|\])])[-+_./\\~@#]+<\*>", r"${1}<*>"),
    (r"<\*>[-+_/\\~@#$]+([\s=,;)\]}>\"'|]|$)", r"<*>${1}"),
    _RUN,
    (r"(^|[\s=:,(\[{<])'[^\s'\"]*<\*>[^\s'\"]*'", "${1}'<*>'"),
    (r'(^|[\s=:,(\[{<])"[^\s\'"]*<\*>[^\s\'"]*"', '${1}"<*>"'),
    # Brackets and quotes with nothing in them.
    (r"(^|[\s=:,])\(\)", r"${1}(<_>)"),
    (r"(^|[\s=:,])\[\]", r"${1}[<_>]"),
    (r'(^|[\s=:,])""', r'${1}"<_>"'),
    (r"(^|[\s=:,])''", r"${1}'<_>'"),
    (r"(^|[\s=:,])\{\}", r"${1}{<_>}"),
)


def masked(outlines: pl.Series) -> pl.Series:
    """The skeleton of each outline.

    >>> import polars as pl
    >>> masked(pl.Series(["GET /cart?id=0 from 0 took 0", "user=bob retry=false note="])).to_list()
    ['GET <*> from <*> took <*>', 'user=<*> retry=<*> note=<_>']
    """
    for form, instead in MASKS:
        outlines = outlines.str.replace_all(form, instead)
    return outlines.str.strip_chars()
