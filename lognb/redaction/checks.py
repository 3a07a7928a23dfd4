"""Numbers that prove themselves: cards, IBANs, phones. Other people's tables, imported when first needed."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

# The ranges that issuers of cards have, with the lengths in use; 19 digits begin with 1 where they are a time in ns.
_ISSUERS: Final = re.compile(
    r"(?:4(?:\d{12}|\d{15})|5[1-5]\d{14}|2(?:22[1-9]|2[3-9]\d|[3-6]\d\d|7[01]\d|720)\d{12}|3[47]\d{13}|"
    r"6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|3(?:0[0-5]|[689]\d)\d{11}|62\d{14}|"
    r"(?:50[0-9]{2}|5[6-9]\d\d|6[37]\d\d)\d{12})\Z"
)


@lru_cache(maxsize=10_000)
def luhn(digits: str) -> bool:
    """The check digit of card numbers.

    >>> luhn("4000000000000002"), luhn("4000000000000003")
    (True, False)
    """
    from stdnum import luhn as standard

    return bool(standard.is_valid(digits))


def card(digits: str, *, named: bool = False) -> bool:
    """Is it a card number: of a range that an issuer has, or, where its key says card, of any; with its check digit?"""
    return bool((12 <= len(digits) <= 19 if named else _ISSUERS.match(digits)) and luhn(digits))


@lru_cache(maxsize=10_000)
def iban(text: str) -> int:
    """How many characters at the beginning are an IBAN, by its country's length and its check digits; 0 for none.

    >>> iban("DE89 3704 0044 0532 0130 00 PAID"), iban("DE88370400440532013000")
    (27, 0)
    """
    from stdnum import iban as standard

    at = len(text)
    while at >= 15:
        if standard.is_valid(text[:at], check_country=False):
            return at
        at = max(text.rfind(" ", 0, at), text.rfind("-", 0, at))
    return 0


@lru_cache(maxsize=10_000)
def phone(text: str, region: str | None = None) -> bool:
    """Is it a number that a phone of some country, or of `region`, can have?

    >>> phone("+44 20 7946 0958"), phone("+12 34 56"), phone("(212) 555-0132", "US")
    (True, False, True)
    """
    import phonenumbers

    try:
        return bool(phonenumbers.is_valid_number(phonenumbers.parse(text, region)))
    except phonenumbers.NumberParseException:
        return False
