"""Pseudonyms: what stands for a value, by a keyed hash of what the value is, in the value's own shape.

A pseudonym depends on the value alone, not on where it stands, how it is escaped or which detector found it, so that
what was equal stays equal. It is made of letters, digits and `-_.`, which every place can hold (a JSON text, an
address, HTML, CSV, a file name), but for the signs that make an e-mail, an IPv6 address or a written number what it is.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
import secrets
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

from lognb.redaction.checks import luhn
from lognb.redaction.views import plain

_EMAIL: Final = re.compile(r"([^@\s]+)@([^@\s]+\.[^@\s.]+)\Z")
_DIGITS: Final = re.compile(r"\+?[\d() ./-]*\d\Z|\(\d[\d() ./-]*\d\Z", re.ASCII)
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{10,30}\Z", re.ASCII)
_UUID: Final = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-([0-9a-f])[0-9a-f]{3}-([0-9a-f])[0-9a-f]{3}-[0-9a-f]{12}\Z", re.IGNORECASE
)
_HEX: Final = re.compile(r"(?=.*\d)(?:[0-9a-f]{8,}|[0-9A-F]{8,})\Z")
# What may be told of a value: whose it is. Beginnings that vendors publish, and words that people put before numbers.
_PREFIX: Final = re.compile(
    r"(?:A3T|AKIA|ASIA|AROA|AIDA|AGPA|ABSK|AIza|ya29\.|GOCSPX-|gh[pousr]_|github_pat_|gl[a-z]{2,6}-|xox[a-z]-|xapp-|"
    r"(?:[srpe]k)_(?:live|test|prod)_|whsec_|SG\.|npm_|pypi-|sk-ant-|sk-proj-|sk-|do[opr]_v1_|NR[A-Z]{2}-|ph[a-z]_|"
    r"sntry[su]_|key-|pubkey-|HRKU-|shp[a-z]{2}_|sq0[a-z]{3}-|hv[sbr]\.|dapi|gl(?:sa|c)_|hf_|dckr_[a-z]{3}_|lin_[a-z]{3}_|"
    r"PMAK-|pul-|rubygems_|eyJ|(?:usr|user|uid|u|id|cus|cust|customer|acct|account|anon|member)[-_:.](?=\S*\d))"
)
_LEAST: Final = 8  # characters that are made up: fewer would soon be the same for two values
_MOST: Final = 256
_LOWER: Final = "abcdefghijklmnopqrstuvwxyz"
_CONSONANTS, _VOWELS = "bdfghjklmnprstvz", "aeiou"


def canonical(raw: str) -> str:
    """What a value is, however it is written: escapes undone, e-mails and addresses in lower case, numbers as digits.

    >>> canonical("ann%40shop.example"), canonical("+1 (212) 555-0132"), canonical("2001:DB8:0::1")
    ('ann@shop.example', '12125550132', '2001:db8::1')
    """
    text = plain(raw).strip()
    if "@" in text and _EMAIL.match(text):
        return text.lower()
    if (" " in text or "-" in text) and text[:1].isalpha():
        bare = text.replace(" ", "").replace("-", "")
        if _IBAN.match(bare) and text[:2].isupper():
            return bare
    address = _address(text)
    if address:
        return address
    if _DIGITS.match(text) and sum(c.isdigit() for c in text) >= 7:
        return "".join(c for c in text if c.isdigit())
    return text


class Pseudonyms:
    """Pseudonyms under one key; no two values of one object share one, and none is a value that was hidden."""

    def __init__(self, key: bytes | None = None) -> None:
        self._key = key or secrets.token_bytes(32)
        self.given: dict[str, str] = {}
        """Value -> pseudonym."""
        self.issued: dict[str, str] = {}
        """Pseudonym, as canonical gives it -> value."""

    def of(self, value: str) -> str:
        """The pseudonym of a canonical value."""
        known = self.given.get(value)
        if known is not None:
            return known
        for n in range(1000):
            made = _shaped(value, _Draw(self._key, value, n))
            same = canonical(made)
            if same != value and same not in self.given and self.issued.get(same, value) == value:
                break
        self.given[value] = made
        self.issued[same] = value
        return made

    def render(self, raw: str, value: str) -> str:
        """The pseudonym as it stands in the place of `raw`, a way to write `value`."""
        made = self.of(value)
        if made.isdigit() and value.isdigit():
            written = plain(raw)
            if sum(c.isdigit() for c in written) == len(made) and not any(c.isalpha() for c in written):
                digits = iter(made)
                made = "".join(next(digits) if c.isdigit() else c for c in written.strip())
        elif " " in raw and _IBAN.match(value):
            chars = iter(made)
            made = "".join(c if c == " " else next(chars, "") for c in plain(raw).strip())
        return quote(made, safe="") if re.search("%[0-9A-Fa-f]{2}", raw) else made


class _Draw:
    """Numbers by lot from a keyed hash: the same for the same value, nothing to be learnt of it without the key."""

    def __init__(self, key: bytes, value: str, n: int) -> None:
        seed = hmac.digest(key, value.encode("utf-8", "surrogatepass") + b"\0" + str(n).encode(), "sha256")
        self._seed, self._n, self._pool = seed, 0, b""

    def below(self, most: int) -> int:
        if len(self._pool) < 4:
            self._pool += blake2b(self._seed + self._n.to_bytes(4, "big"), digest_size=64).digest()
            self._n += 1
        four, self._pool = self._pool[:4], self._pool[4:]
        return int.from_bytes(four, "big") % most

    def one(self, of: str) -> str:
        return of[self.below(len(of))]

    def letters(self, n: int) -> str:
        return "".join(self.one(_LOWER + "0123456789") for _ in range(n))


def _address(text: str) -> str:
    if text.count(".") == 3 or text.count(":") >= 2:
        try:
            return str(ipaddress.ip_address(text))
        except ValueError:
            pass
    return ""


def _shaped(value: str, draw: _Draw) -> str:
    """A text of the shape of `value`; what is longer than 256 characters is shown by its beginning."""
    value = value[:_MOST]
    email = _EMAIL.match(value)
    if email:
        # One domain stays one, so that "all of them at one company" can still be seen.
        return f"{draw.one(_LOWER)}{draw.letters(max(len(email[1]), _LEAST) - 1)}@{draw.letters(5)}.invalid"
    address = _address(value)
    if address:
        # 240.0.0.0/4 is reserved for ever and 3fff::/20 is for documentation (RFC 9637): no host has such an address.
        if ":" not in address:
            return f"{240 + draw.below(15)}.{draw.below(256)}.{draw.below(256)}.{1 + draw.below(254)}"
        return str(ipaddress.ip_address((0x3FFF << 112) + sum(draw.below(1 << 27) << 27 * i for i in range(4))))
    if value.isascii() and value.isdigit():
        return _number(max(len(value), _LEAST), draw)
    if _IBAN.match(value):
        # 00 are no check digits of any IBAN.
        return (
            value[:2] + "00" + "".join(draw.one("0123456789") if c.isdigit() else _letter(c, draw) for c in value[4:])
        )
    uuid = _UUID.match(value)
    if uuid:
        made = [c if c == "-" else _hex(c, draw, value) for c in value]
        made[14], made[19] = uuid[1], uuid[2]  # version and variant
        return "".join(made)
    if _HEX.match(value):
        return "".join(_hex(c, draw, value) for c in value)
    prefix = _PREFIX.match(value)
    start = prefix.end() if prefix and len(value) - prefix.end() >= 1 else 0
    return value[:start] + _classes(value[start:], draw)


def _number(n: int, draw: _Draw) -> str:
    """Digits that are no card number; of 19 it still fits 64 bits."""
    first = draw.one("12345678")
    rest = "".join(draw.one("0123456789") for _ in range(n - 2))
    for last in "0123456789":
        if not luhn(first + rest + last):
            break
    return first + rest + last


def _hex(c: str, draw: _Draw, value: str) -> str:
    return draw.one("0123456789ABCDEF" if value.upper() == value else "0123456789abcdef")


def _letter(c: str, draw: _Draw) -> str:
    return draw.one(_LOWER).upper() if c.isupper() else draw.one(_LOWER)


def _classes(text: str, draw: _Draw) -> str:
    """Letters for letters and digits for digits; a name stays one that can be said."""
    name = all(c.isalpha() or c in " -'." for c in text) and text[:1].isalpha() and len(text) <= 60
    out: list[str] = []
    for c in text:
        if c.isalpha():
            made = draw.one(_VOWELS if name and len(out) % 2 else _CONSONANTS) if name else _letter(c, draw)
            out.append(made.upper() if c.isupper() else made)
        elif c.isdigit():
            out.append(draw.one("0123456789"))
        else:
            out.append(c if c in "-_." or (name and c == " ") else "_")
    made_up = sum(c.isalnum() for c in out)
    while made_up < _LEAST:
        out.append(draw.one(_VOWELS if len(out) % 2 else _CONSONANTS) if name else draw.one("0123456789"))
        made_up += 1
    return "".join(out)
