r"""Names with values beside them in a text: `key=value`, `"key": "value"`, headers, parameters, options, XML.

Looked for in the text as it stands, since how deep a quote is escaped says where a value ends.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, NamedTuple

from lognb.redaction import keys
from lognb.redaction.views import plain

if TYPE_CHECKING:
    from collections.abc import Iterator


Meanings = Callable[[str], keys.Meaning | None]


class Found(NamedTuple):
    """A stretch of a text, what it is, and whether the name of a key said so."""

    start: int
    end: int
    kind: str
    named: bool = False


_PAIR: Final = re.compile(
    r"""(?<![A-Za-z0-9_])(?P<key>(?:[Uu]ser )?[A-Za-z_$@][\w.$-]{0,80})(?:\[\w*\])?"""
    r"""(?P<close>\\*["'`])?\s{0,4}(?P<is>=>|:=|==|%3[dD]|[:=])\s{0,4}"""
)
_OPTION: Final = re.compile(r"(?<!\S)--?(?P<key>[A-Za-z][\w-]{1,60})[ \t]+(?=[^\s-])")
_ELEMENT: Final = re.compile(
    r"<(?P<key>[A-Za-z][\w:.-]{0,80})(?:\s[^<>]{0,200})?>(?P<value>[^<>]{1,2000})</(?P=key)\s*>"
)
_IDENTIFIED: Final = re.compile(r"(?i)\b(?P<key>password|identified\s+by)\s+(?=\\*['\"])")
_QUOTE: Final = re.compile(r"""(\\*)(["'`])""")
_BARE: Final = re.compile(r"""[^\s,;&"'`<>(){}\[\]\\|]+""")
_IN_ADDRESS: Final = re.compile(r"""[^\s&#"'`<>;,)}\]\\|]+""")
_LINE: Final = re.compile(r"""[^"'`\r\n\\]+""")
_COOKIE: Final = re.compile(r"""(?P<name>[^=;,\s"'\\]+)\s*=\s*(?P<value>[^;,\s"'\\]+)""")
_COOKIES: Final = re.compile(r"""[^=;,\s"'\\]+=[^;,\s"'\\]+(?:;\s*[^=;,\s"'\\]+=[^;,\s"'\\]+)*""")
_SCHEME: Final = re.compile(
    r"(?i)(?:bearer|basic|token|apikey|api-key|digest|negotiate|ntlm|ssws|hmac|key|jwt|aws4-hmac-sha256|splunk|bot)\s+"
)
_DIGEST: Final = re.compile(
    r"(?i)(?:credential|signature|response|username|nonce|cnonce|key|token)=\\*\"?(?P<value>[^,\s\"\\]+)"
)
_FRACTION: Final = re.compile(r"-?\d+(?:\.\d+|(?=[eE]))(?:[eE][+-]?\d+)?\Z")
_NEXT: Final = re.compile(r"""\s*(?:\Z|[,;)\]}|\r\n]|\\[rn]|\s\S+[=:])""")

_ID: Final = re.compile(r"[\w.@+:|~/\\ -]{1,200}\Z")

# Values that say that there is none, or that something else hid it.
_NONE: Final = re.compile(
    r"""(?ix)(?:|-+|\.+|\*+|x{3,}|•+|null|none|nil|undefined|unset|empty|blank|missing|required|optional|invalid|incorrect|
    expired|failed|failure|rejected|denied|unknown|absent|wrong|changed|updated|reset|error|ok|okay|yes|no|on|off|true|
    false|enabled|disabled|default|string|str|text|bool|int|integer|number|object|bytes|bearer|basic|digest|token|password|
    secret|redacted|hidden|masked|filtered|removed|elided|sensitive|encrypted|n/a|na|tbd|todo|changeme|
    [<\[({]+[\w.:\ *-]*[>\])}]+[=\W]*|.*<\*>.*|(?:\w+\.)+[\w$]+@[0-9a-f]{3,8}|
    \$\{[^}]*\}|\$\([^)]*\)|\$[A-Z_]{3,}|%[sdvr]|%\([\w.]+\)s|\[?"?redacted"?\]?)\Z"""
)
STAFF: Final = frozenset((
    "root", "admin", "administrator", "system", "nobody", "anonymous", "guest", "daemon", "service", "www-data",
    "nginx", "apache", "postgres", "postgresql", "mysql", "redis", "mongodb", "ubuntu", "ec2-user", "git", "bot",
    "public", "everyone", "me", "self", "current", "test", "default", "local", "localhost", "all", "any", "user",
    "users", "sa", "dbo", "0",
))  # fmt: skip
"""Names that many machines have and no person is."""


def trivial(value: str) -> bool:
    """Does a value under a secret's name say nothing?"""
    bare = value.strip()
    return len(bare) <= 200 and _NONE.match(bare) is not None


def telling(value: str) -> bool:
    """Does it look like a secret, where its key alone does not prove it?

    >>> telling("hunter22"), telling("authentication"), telling("Required"), telling("42")
    (True, False, False, False)
    """
    if len(value) < 6 or " " in value:
        return False
    letters = sum(c.isalpha() for c in value)
    digits = sum(c.isdigit() for c in value)
    mixed = value != value.lower() and value != value.upper() and value != value.capitalize()
    return bool(letters and (digits or (mixed and len(value) >= 8))) or len(value) - letters - digits >= 3


def identifies(value: str) -> bool:
    """Can it be the id of a user? What attackers write where an id should be is no one's.

    >>> identifies("ann.lee+1@shop.example"), identifies("1' OR '1'='1")
    (True, False)
    """
    return _ID.match(value) is not None and any(c.isalnum() for c in value)


def stretch(value: str, kind: keys.Meaning, *, prose: bool = False) -> Iterator[tuple[int, int, str]]:
    """What of a value under a name with a meaning is to be hidden: start, end, kind; `prose`: both stand in a text."""
    if kind.kind == "cookie":
        found = _cookies(value)
        yield from ((m.start("value"), m.end("value"), "cookie") for m in found)
        if not found and "=" not in value and not trivial(value) and (telling(value) or not prose):
            yield 0, len(value), "cookie"  # one cookie, by itself
    elif kind.kind == "authorization":
        yield from _authorization(value)
    elif _hides(value, kind) and not (prose and kind.kind == "user" and not identifies(plain(value))):
        start = len(value) - len(value.lstrip())
        yield start, len(value.rstrip()), kind.kind


def pairs(text: str, meaning: Meanings = keys.meaning) -> Iterator[Found]:
    """All that the names in a text say is to be hidden."""
    for pattern, sign in ((_PAIR, ""), (_OPTION, "-"), (_IDENTIFIED, "'")):
        if sign not in text:
            continue
        at = 0
        while (m := pattern.search(text, at)) is not None:
            at = m.end()
            kind = _kind(text, m, meaning)
            if kind is None:
                continue
            start, end, loose = _value(text, m, kind)
            value = text[start:end]
            if loose and not telling(value) and not _NEXT.match(text, end):
                continue
            for a, b, what in stretch(value, kind, prose=True):
                yield Found(start + a, start + b, what, named=True)
                at = max(at, start + b)
    if "</" in text:
        for m in _ELEMENT.finditer(text):
            kind = meaning(m["key"].rpartition(":")[2])
            for a, b, what in stretch(m["value"], kind, prose=True) if kind else ():
                yield Found(m.start("value") + a, m.start("value") + b, what, named=True)


def _kind(text: str, m: re.Match[str], meaning: Meanings) -> keys.Meaning | None:
    """What the value behind a name is."""
    if m.re is _IDENTIFIED:
        return keys.Meaning("secret")
    name = m["key"]
    before = text[m.start() - 1 : m.start()]
    if before in ("?", "&", "#") or text[max(m.start() - 3, 0) : m.start()].lower() in ("%3f", "%26"):
        found = meaning(name)
        if found is not None and found.kind == "secret" and not found.weak:
            return keys.Meaning("url")
        return found if found is not None and not found.weak else _long(name)
    found = meaning(name)
    if m.re is _OPTION and (found is None or found.kind != "secret" or found.weak):
        return None
    return found


def _long(name: str) -> keys.Meaning | None:
    return keys.Meaning("url", weak=True) if keys.parameter(name) else None


def _value(text: str, m: re.Match[str], kind: keys.Meaning) -> tuple[int, int, bool]:
    """Where the value begins and ends, and whether the text may be prose: a word behind a colon."""
    start = m.end()
    quote = _QUOTE.match(text, start)
    if quote:
        return quote.end(), _closed(text, quote.end(), quote[1], quote[2]), False
    if kind.kind in ("cookie", "authorization"):
        header = "is" in m.re.groupindex and m["is"] == ":"
        whole = (_LINE if header or kind.kind == "authorization" else _COOKIES).match(text, start)
        return start, whole.end() if whole else start, False
    address = text[m.start() - 1 : m.start()] in ("?", "&")
    bare = (_IN_ADDRESS if address else _BARE).match(text, start)
    if not bare:
        return start, start, False
    end = bare.end()
    while end > start and text[end - 1] in ".:!?":
        end -= 1
    if not address and "%26" in text[start:end]:
        end = text.index("%26", start)
    if text[m.start() - 1 : m.start()] in ('"', "'") and _FRACTION.match(text[start:end]):
        return start, start, False  # what stands in JSON as a number stays one
    loose = "is" in m.re.groupindex and m["is"] == ":" and text[start - 1] in " \t" and not m["close"]
    return start, end, loose


def _closed(text: str, start: int, slashes: str, quote: str) -> int:
    """Where the quote closes that was opened with so many backslashes before it; else the end of the word."""
    at = start
    while (at := text.find(quote, at)) >= 0:
        run = at
        while run > start and text[run - 1] == "\\":
            run -= 1
        depth = at - run
        if depth == len(slashes) or (not slashes and depth % 2 == 0):
            return at - len(slashes)
        if depth < len(slashes):  # a text that holds this one ends
            return run
        at += 1
    bare = _BARE.match(text, start)
    return bare.end() if bare else start


def _hides(value: str, kind: keys.Meaning) -> bool:
    bare = value.strip()
    if not bare or trivial(bare):
        return False
    if kind.kind == "user":
        return bare.lower() not in STAFF and len(bare) <= 200
    if kind.kind == "name":
        return len(bare) <= 100 and any(c.isalpha() for c in bare) and bare.lower() not in STAFF
    if kind.kind in ("card", "phone"):
        return sum(c.isdigit() for c in bare) >= 7
    if kind.kind == "iban":
        return any(c.isdigit() for c in bare) and len(bare) >= 6
    if kind.kind == "email":
        return "@" in bare or "%40" in bare
    if kind.kind == "url" and kind.weak:
        return len(bare) >= 12 and telling(bare)
    if kind.weak:
        return (bare.isdigit() and 4 <= len(bare) <= 8 and kind.kind == "pin") or (len(bare) >= 6 and telling(bare))
    return True


def _cookies(value: str) -> list[re.Match[str]]:
    """The values of a Cookie header, or the first of a Set-Cookie: the others are its attributes."""
    found = list(_COOKIE.finditer(value))
    if any(m["name"].lower() in _ATTRIBUTES for m in found[1:]):
        found = found[:1]
    return [m for m in found if not trivial(m["value"])]


_ATTRIBUTES: Final = frozenset(("path", "expires", "max-age", "domain", "samesite"))


def _authorization(value: str) -> Iterator[tuple[int, int, str]]:
    scheme = _SCHEME.match(value)
    if scheme and re.match("(?i)digest|aws4|hmac", value):
        yield from ((m.start("value"), m.end("value"), "authorization") for m in _DIGEST.finditer(value, scheme.end()))
        return
    start = scheme.end() if scheme else len(value) - len(value.lstrip())
    m = re.compile(r"[^\s,;]+").match(value, start)
    if m and not trivial(m[0]) and (scheme is None or len(m[0]) >= 4):
        yield start, m.end(), "authorization"
