"""What a text holds that is to be hidden: detectors over the text and over its view."""

from __future__ import annotations

import ipaddress
import re
from base64 import b64decode
from typing import TYPE_CHECKING, Final

from lognb.redaction import checks, keys, kinds
from lognb.redaction.pairs import STAFF, Found, Meanings, pairs, telling, trivial
from lognb.redaction.views import View, view

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lognb.redaction.rules import Redaction

_ESCAPED: Final = r"%[0-9A-Fa-f]{2}|\\u00[2-7]|&#"
# What is looked for before anything else, in the regular expressions that Rust and Python share: nearly all texts have
# none of these and are done.
_HINTS: Final[dict[str, str]] = {
    "at": "@",
    "ip4": r"[0-9]\.[0-9]{1,3}\.[0-9]{1,3}\.[0-9]",
    "ip6": r"(?:[0-9A-Fa-f]{1,4}:){3}|[0-9A-Fa-f]?::[0-9A-Fa-f]",
    "vendor": kinds.HINT,
    "number": r"(?:^|[^.0-9])[0-9](?:[ -]?[0-9]){12}|[0-9]{4}[ -][0-9]{6}",
    "phone": r"\+[0-9]|\([0-9]{3}\)|[0-9]{3}[-. ][0-9]{3}[-. ][0-9]{4}",
    "iban": r"[A-Z]{2}[0-9]{2}[ -]?[A-Z0-9]{4}",
    "pem": r"-----BEGIN",
    "scheme": r"(?i)bearer|basic\s",
    "pairs": keys.HINTS,
}
_EMAIL: Final = re.compile(r"(?<![\w.+-])[\w.+-][\w.+'-]{0,63}@(?:[\w-]{1,63}\.)+[A-Za-z]{2,24}(?![\w-])")
_URL: Final = re.compile(
    r"""[A-Za-z][A-Za-z0-9+.-]{1,20}://(?P<who>[^\s/"'<>?#@]{1,400}(?:@[^\s/"'<>?#@]{1,100})??)@(?=[\w\[])"""
)
_DSN: Final = re.compile(r"(?<![\w/])(?P<who>[\w.-]+:[^\s@/\"']+)@(?:tcp|unix)\(")
_CURL: Final = re.compile(r"\s(?:-u|--user|--proxy-user)[ =](?P<who>[^\s:\"']+:[^\s\"']+)")
_BEARER: Final = re.compile(r"(?i)(?<![A-Za-z0-9])bearer\s+(?P<v>[\w.~+/=-]{6,})")
_BASIC: Final = re.compile(r"(?i)(?<![A-Za-z0-9])basic\s+(?P<v>[A-Za-z0-9+/]{6,}={0,2})(?![\w-])")
_PEM: Final = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----(?P<v>(?:(?!-----)[A-Za-z0-9+/=\s:,.()-])*)"
)
_CARD: Final = re.compile(
    r"(?<![\w.])(?<!\d[-:])(?:\d{4}([ -])\d{4}\1\d{4}\1\d{1,7}|\d{4}([ -])\d{6}\2\d{4,5}|\d{13,19})"
    r"(?![\w])(?!\.\d)(?!-\d)"
)
_IBAN: Final = re.compile(
    r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]{4}){2,7}(?:[ -]?[A-Z0-9]{1,4})?(?![A-Za-z0-9])"
)
_IP4: Final = re.compile(r"(?<![\w.~])(?:\d{1,3}\.){3}\d{1,3}(?!\w)(?!\.\w)(?!-[A-Za-z])")
_IP6: Final = re.compile(r"(?<![\w:.])(?:[0-9A-Fa-f]{0,4}:){2,7}(?:(?:\d{1,3}\.){3}\d{1,3}|[0-9A-Fa-f]{0,4})(?![\w:])")
_VERSION: Final = re.compile(
    r"(?i)(?:version|ver\.?|release|build|revision|chrome|chromium|headlesschrome|firefox|safari|edge?|edga|opr|opera|crios|"
    r"electron|vivaldi|yabrowser|brave|samsungbrowser|trident|gecko|webkit|oid|\w+==|sdk|runtime|driver|library|assembly)"
    r"[/ =:v\"'\\(\[]*\Z"
)
_PHONE: Final = re.compile(r"(?<![\w+])\+(?:[ .()/-]{0,2}\d){8,15}(?!\d)")
_LAST: Final = re.compile(r"[ .()/-]*\d+\Z")
_PHONE_US: Final = re.compile(
    r"(?<![\w.+/-])(?:\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|\d{3}([-. ])\d{3}\1\d{4})(?![\w.-]\d)(?!\d)"
)


ANYTHING: Final = (1 << 16) - 1
KNOWN: Final = 1 << 15
"""Bits that say what a text may hold: see Finder.hints, and known values."""


class Finder:
    """Finds by rules; knows no values and keeps nothing."""

    def __init__(self, rules: Redaction, meaning: Meanings) -> None:
        self.kinds = rules.kinds
        self._vendors, self._vendor_kinds = kinds.vendor_pattern(rules.kinds)
        self._own = [(name, re.compile(pattern)) for name, pattern in rules.patterns.items()]
        on = self.kinds
        named = {"secret", "cookie", "authorization", "url", "user", "name", "person", "card", "phone", "iban", "email"}
        table: list[tuple[str, bool, Callable[[str], Iterator[Found]]]] = [
            ("pem", "private key" in on, _pem),
            ("vendor", self._vendors is not None, self._by_vendor),
            ("scheme", bool(on & {"bearer", "basic"}), self._schemes),
            ("at", "url" in on, _urls),
            ("pairs", bool(on & named or rules.fields), lambda text: pairs(text, meaning)),
            ("at", "email" in on, _emails),
            ("iban", "iban" in on, _ibans),
            ("number", "card" in on, _cards),
            ("ip6", "ip" in on, self._ip6),
            ("ip4", "ip" in on, self._ip4),
            ("phone", "phone" in on, _phones),
        ]
        # Names in any case are dear to look for in Python, pairs are not.
        quick = {**_HINTS, "pairs": r"[=:<]|--|(?i:password|identified)\s"}
        used = list(dict.fromkeys(hint for hint, wanted, _ in table if wanted))
        bits = {hint: 1 << i for i, hint in enumerate(used)}
        self._steps = [(re.compile(quick[hint]), hint, bits[hint], step) for hint, wanted, step in table if wanted]
        fields = "".join(f"|{re.escape(name)}" for name in rules.fields)
        self.hints = {bits[hint]: _HINTS[hint] + fields * (hint == "pairs") for hint in used}
        """For Rust: what a text must have for a step of `find` to find anything, by the bit that says that it has."""
        self.escaped = _ESCAPED
        """A text with escapes may have anything."""

    def own(self, text: str) -> Iterator[Found]:
        """What the patterns of a person's own find."""
        for name, pattern in self._own:
            for m in pattern.finditer(text):
                group = 1 if pattern.groups and m[1] is not None else 0
                if m.end(group) > m.start(group):
                    yield Found(*m.span(group), name)

    @property
    def has_own(self) -> bool:
        return bool(self._own)

    def find(self, text: str, field: str = "", may: int = ANYTHING) -> Iterator[Found]:
        """All stretches that a detector of the rules finds, the surest first; they may overlap.

        `may`: the bits of `hints` that are known to be possible.
        """
        seen: View | None = None
        version = bool(field) and keys.version(field)
        for hint, name, bit, step in self._steps:
            if not may & bit or (version and name in ("ip4", "number", "phone")):
                continue
            seen = seen or view(text)
            if not hint.search(seen.text):
                continue
            if name == "pairs":
                yield from (f for f in step(text) if f.kind in self.kinds or f.kind == "field")
                continue
            for found in step(seen.text):
                start, end = seen.raw(found.start, found.end)
                yield Found(start, end, found.kind)

    def _by_vendor(self, text: str) -> Iterator[Found]:
        assert self._vendors is not None
        for m in self._vendors.finditer(text):
            n = int((m.lastgroup or "k0")[1:])
            span = m.span(f"v{n}") if f"v{n}" in self._vendors.groupindex else m.span()
            if self._vendor_kinds[n] in ("openai", "fly", "supabase") and not telling(m[0]):
                continue
            yield Found(*span, self._vendor_kinds[n])

    def _schemes(self, text: str) -> Iterator[Found]:
        for m in _BEARER.finditer(text) if "bearer" in self.kinds else ():
            if telling(m["v"]) or len(m["v"]) >= 24:
                yield Found(*m.span("v"), "bearer")
        for m in _BASIC.finditer(text) if "basic" in self.kinds else ():
            if _two(m["v"]):
                yield Found(*m.span("v"), "basic")

    def _ip4(self, text: str) -> Iterator[Found]:
        local = "local ip" in self.kinds
        for m in _IP4.finditer(text):
            parts = m[0].split(".")
            if any(int(p) > 255 or (len(p) > 1 and p[0] == "0") for p in parts):
                continue
            if m[0] in ("127.0.0.1", "0.0.0.0"):
                if local:
                    yield Found(*m.span(), "ip")
                continue
            first = int(parts[0])
            if first in (0, 127, 255) or first >= 240 or (parts[2] == parts[3] == "0"):
                continue  # masks, networks, versions; what stands for an address already
            if not _VERSION.search(text[max(0, m.start() - 24) : m.start()]):
                yield Found(*m.span(), "ip")

    def _ip6(self, text: str) -> Iterator[Found]:
        for m in _IP6.finditer(text):
            try:
                address = ipaddress.IPv6Address(m[0])
            except ValueError:
                continue
            if address.is_unspecified or m[0].lower().startswith("3fff:"):
                continue
            if address.is_loopback and "local ip" not in self.kinds:
                continue
            if sum(c.isdigit() for c in m[0]) >= 2 or m[0].count(":") >= 4:
                yield Found(*m.span(), "ip")


def _pem(text: str) -> Iterator[Found]:
    for m in _PEM.finditer(text):
        body = m["v"]
        start = m.start("v") + len(body) - len(body.lstrip())
        end = m.end("v") - (len(body) - len(body.rstrip()))
        if end > start:
            yield Found(start, end, "private key")


def _urls(text: str) -> Iterator[Found]:
    for pattern in (_URL, _DSN, _CURL):
        for m in pattern.finditer(text):
            user, colon, password = m["who"].partition(":")
            start = m.start("who")
            if password and not trivial(password):
                yield Found(start + len(user) + 1, m.end("who"), "url")
            if (user.lower() not in STAFF and not trivial(user)) and (
                colon or (telling(user) and any(c.isdigit() for c in user))
            ):
                yield Found(start, start + len(user), "url")


def _emails(text: str) -> Iterator[Found]:
    for m in _EMAIL.finditer(text):
        if not m[0].lower().endswith((".invalid", ".png", ".jpg", ".svg", ".gif", ".webp", ".js", ".css")):
            yield Found(*m.span(), "email")


def _ibans(text: str) -> Iterator[Found]:
    for m in _IBAN.finditer(text):
        n = checks.iban(m[0])
        if n:
            yield Found(m.start(), m.start() + n, "iban")


def _cards(text: str) -> Iterator[Found]:
    for m in _CARD.finditer(text):
        if checks.card("".join(c for c in m[0] if c.isdigit())):
            yield Found(*m.span(), "card")


def _phones(text: str) -> Iterator[Found]:
    for m in _PHONE.finditer(text):
        end = m.end()
        while end > m.start() + 8:  # what follows a number may begin with digits too
            if checks.phone(text[m.start() : end]):
                yield Found(m.start(), end, "phone")
                break
            end = m.start() + len(_LAST.sub("", text[m.start() : end]))
    for m in _PHONE_US.finditer(text):
        if checks.phone(m[0], "US"):
            yield Found(*m.span(), "phone")


def _two(text: str) -> bool:
    """Is it the base64 of a user and a password?"""
    try:
        read = b64decode(text + "=" * (-len(text) % 4), validate=True)
    except ValueError:
        return False
    return b":" in read and read.isascii()
