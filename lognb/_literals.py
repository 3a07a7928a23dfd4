"""What stands for a value in a query: text, a number as it was written, true or false; times, units and ids as text."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, DecimalException
from typing import Final

from lognb.errors import QueryError
from lognb.schema import FIELD_UNITS, ID_BYTES, UNITS

NUMBER: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
FIRST, LAST = -62_135_596_800 * 10**9, 253_402_300_800 * 10**9 - 1
"""The times that print as an ISO text, years 1 to 9999, ns since 1970."""

_MEASURE = re.compile(f"({NUMBER.pattern})({'|'.join(u for units in UNITS.values() for u in units)})")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,9}))?)?\s*(Z|[+-]\d\d:?\d\d)?", re.IGNORECASE | re.ASCII
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Number:
    """A number as it was written: columns of text compare with its text, numbers with its value."""

    text: str


Value = str | Number | bool


def read(field: str, op: str, text: str) -> Value:
    """The value that an unquoted text is, behind a field and an operator.

    A number with a unit becomes the number in the unit that the field's name states. Raises QueryError where that
    cannot be: a size is no time, and to order by a unit that the field does not state would be to guess.

    >>> read("duration_ms", ">", "0.6s"), read("duration", "=", "0.6s")
    (Number(text='600'), '0.6s')
    """
    if op in (":", "~"):
        return text
    if text in ("true", "false"):
        return text == "true"
    if NUMBER.fullmatch(text):
        return Number(text)
    measure = _MEASURE.fullmatch(text)
    return text if measure is None else _measured(field, op, text, measure[1], measure[measure.lastindex or 0])


def _measured(field: str, op: str, text: str, number: str, unit: str) -> Value:
    stated = next((FIELD_UNITS[end] for end in FIELD_UNITS if field.endswith(end)), None)
    if stated is None:
        if op not in ("<", "<=", ">", ">="):
            return text
        raise QueryError(
            f"the name {field!r} states no unit, so its numbers cannot be compared with {text}; "
            f'write the bare number, or "{text}" in quotes to compare text'
        )
    kind, own = stated
    if unit not in UNITS[kind]:
        wanted = "a length of time" if kind == "time" else "a size"
        raise QueryError(
            f"{field!r} is in {own}, and {text} is not {wanted}; "
            f'write one of {" ".join(UNITS[kind])}, or "{text}" in quotes for text'
        )
    # Exact: all units of fields are powers of ten of the smallest.
    exact = Context(prec=len(number) + 40, Emax=MAX_EMAX, Emin=MIN_EMIN)
    try:
        factor = exact.divide(Decimal(UNITS[kind][unit]), Decimal(UNITS[kind][own]))
        value = exact.normalize(exact.multiply(exact.create_decimal(number), factor))
    except DecimalException:
        raise QueryError(f"{text[:40]} is a number too large to convert to {own}") from None
    return Number(f"{value:f}" if -30 <= value.adjusted() <= 30 else str(value))


def id_text(field: str, value: Value) -> Value:
    """A trace or span id in lower hex, from hex of any case or base64; what is none, or another field, as it is.

    >>> id_text("span_id", "S/kvNXezTaY=")
    '4bf92f3577b34da6'
    """
    size = ID_BYTES.get(field)
    text = value.text if isinstance(value, Number) else value
    if size is None or not isinstance(text, str):
        return value
    if len(text) == 2 * size and re.fullmatch("[0-9a-fA-F]+", text):
        return text.lower()
    bare = text.rstrip("=")
    if len(bare) != -(-size * 4 // 3) or len(text) - len(bare) not in (0, -size % 3):
        return value
    try:
        data = base64.b64decode(bare.replace("-", "+").replace("_", "/") + "=" * (-size % 3), validate=True)
    except (binascii.Error, ValueError):
        return value
    return data.hex()


def parse_time(text: str) -> int | None:
    """Ns since 1970 of an ISO time; without a zone it is UTC; None if it is no ISO time. Keeps nanoseconds.

    >>> parse_time("2026-11-03T09:00:00.123456789Z")
    1793696400123456789
    """
    match = _ISO.fullmatch(text.strip())
    if match is None:
        return None
    day, clock, fraction, zone = match.groups()
    zone = "+00:00" if zone is None or zone in "Zz" else zone
    try:
        at = datetime.fromisoformat(f"{day}T{clock or '00:00'}{zone}")
    except ValueError:
        return None
    since = at - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1_000_000_000 + int((fraction or "0").ljust(9, "0"))


def format_time(ns: int) -> str:
    """An ISO time in UTC with as many digits as it needs; for years 1 to 9999.

    >>> format_time(1793696400120000000)
    '2026-11-03T09:00:00.12Z'
    """
    seconds, rest = divmod(ns, 1_000_000_000)
    fraction = f".{rest:09d}".rstrip("0").rstrip(".") if rest else ""
    at = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None)
    return f"{at.isoformat(timespec='seconds')}{fraction}Z"
