"""How numbers, times and log text are put into words; plain strings only, no HTML.

Everything that lognb says in a sentence, a terminal, a chart or a page goes through here, so that one number
looks the same everywhere.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from lognb.query import format_time

if TYPE_CHECKING:
    from collections.abc import Sequence

SECOND: Final = 1_000_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR
UNITS: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000, "s": SECOND, "m": MINUTE, "h": HOUR, "d": DAY, "w": 7 * DAY}

# Widths a reader can turn into a rate in the head, and whose edges fall on round clock times.
STEPS: Final = (
    *(n * 1_000_000 for n in (1, 2, 5, 10, 20, 50, 100, 200, 500)),
    *(n * SECOND for n in (1, 2, 5, 10, 15, 30)),
    *(n * MINUTE for n in (1, 2, 5, 10, 15, 30)),
    *(n * HOUR for n in (1, 2, 3, 4, 6, 12)),
    *(n * DAY for n in (1, 2, 7, 28, 91, 364)),
)

# Control characters move a terminal's cursor or recolour it; bidi controls make a line read as another line.
_UNSAFE: Final = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LENGTH: Final = re.compile(r"(\d+(?:\.\d+)?)(ns|us|ms|s|m|h|d|w)")


def plain(text: str, limit: int | None = None) -> str:
    """Log text that is safe to print on one line: control and bidi characters escaped, cut at `limit` with "…"."""
    if limit is not None and len(text) > limit:
        text = text[: limit - 1] + "…"
    return _UNSAFE.sub(lambda m: m.group().encode("unicode_escape", "surrogatepass").decode(), text)


def wrapped(text: str, cells: int) -> list[str]:
    """Lines of at most `cells` letters, one of CJK counting as two; a word longer than a line is taken apart.

    >>> wrapped("one two three", 8), wrapped("注文サービス", 4)
    (['one two', 'three'], ['注文', 'サー', 'ビス'])
    """
    lines, room = [""], cells
    for word in text.split():
        space = " " if lines[-1] else ""
        if (need := _cells(space + word)) <= room:
            lines[-1] += space + word
            room -= need
            continue
        if lines[-1]:
            lines.append("")
            room = cells
        for letter in word:
            if (need := _cells(letter)) > room:
                lines.append("")
                room = cells
            lines[-1] += letter
            room -= need
    return lines


def _cells(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def count(n: int) -> str:
    """12408 as "12,408"."""
    return f"{n:,}"


def plural(n: int, word: str) -> str:
    """1 and "record" as "1 record", 12408 as "12,408 records"."""
    return f"{n:,} {word}" if n == 1 else f"{n:,} {word}s"


def share(part: int, whole: int) -> str:
    """A share in per cent; only none and all are "0 %" and "100 %"."""
    if not whole or not part:
        return "0 %"
    percent = 100 * part / whole
    if percent < 0.1:
        return "<0.1 %"
    if part < whole and percent >= 99.5:
        return f"{percent:.1f} %" if percent < 99.95 else ">99.9 %"
    return f"{percent:.1f} %" if percent < 9.95 else f"{percent:.0f} %"


def size(n: int) -> str:
    """Bytes in powers of 1000: 82140 as "82 kB"."""
    value, unit = float(n), "B"
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 999.5 or unit == "TB":
            break
        value /= 1000
    return f"{value:.0f} {unit}" if unit == "B" or value >= 9.95 else f"{value:.1f} {unit}"


def number(value: float) -> str:
    """A measured number in at most about four digits, without an exponent where people can do without.

    >>> number(1204.25), number(0.02341), number(12), number(1.5e18), number(2**53 + 1)
    ('1,204', '0.02341', '12', '1.5e+18', '9,007,199,254,740,993')
    """
    if isinstance(value, int):
        return count(value)
    if 1000 <= abs(value) < 1e15:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def dollars(value: float) -> str:
    """Money in whole cents, less than one in parts of it.

    >>> dollars(1234.5), dollars(0.0021), dollars(0), dollars(1e-7)
    ('$1,234.50', '$0.0021', '$0', '<$0.0001')
    """
    if not value:
        return "$0"
    return f"${value:,.2f}" if value >= 0.01 else f"${value:.4f}" if value >= 0.0001 else "<$0.0001"


_UNITS_OF: Final = {"ns": "nanoseconds", "us": "microseconds", "ms": "milliseconds", "s": "seconds", "bytes": "bytes"}
_ENDING: Final = re.compile(r"[._](ns|us|ms|s|bytes)$")


def unit(field: str) -> tuple[str, str]:
    """The unit that a field's name states at its end, as a word and as short as it stands there; else two empty texts.

    >>> unit("duration_ms"), unit("size_bytes"), unit("retries")
    (('milliseconds', 'ms'), ('bytes', 'bytes'), ('', ''))
    """
    found = _ENDING.search(field)
    return (_UNITS_OF[found[1]], found[1]) if found else ("", "")


def measure(value: float, field: str) -> str:
    """A number of a field with the field's unit: "1,204 ms", "82 kB", "3"."""
    short = unit(field)[1]
    if short == "bytes":
        return size(round(value))
    return f"{number(value)} {'µs' if short == 'us' else short}".rstrip()


def duration(ns: int) -> str:
    """A length of time in its two largest units: "2 d 4 h", "20 min", "1.5 s", "12 ms"."""
    sign, ns = ("−", -ns) if ns < 0 else ("", ns)
    if ns >= MINUTE:
        seconds = round(ns / SECOND)
        parts = [(seconds // 86400, "d"), (seconds // 3600 % 24, "h"), (seconds // 60 % 60, "min"), (seconds % 60, "s")]
        first = next(i for i, (n, _) in enumerate(parts) if n)
        return sign + " ".join(f"{n:,} {unit}" for n, unit in parts[first : first + 2] if n)
    for unit, width in (("s", SECOND), ("ms", 1_000_000), ("µs", 1_000)):
        if ns >= width:
            return f"{sign}{ns / width:.3g} {unit}"
    return f"{sign}{ns} ns"


def length(text: str) -> int | None:
    """Nanoseconds of "15m", "1h30m", "250ms"; None if it is no such text."""
    parts = _LENGTH.findall(text)
    if not parts or "".join(n + unit for n, unit in parts) != text:
        return None
    return sum(round(float(n) * UNITS[unit]) for n, unit in parts)


def step(span: int, most: int) -> int:
    """The narrowest round width, in nanoseconds, that covers `span` nanoseconds with at most `most` + 1 edges."""
    return next((s for s in STEPS if span // s < most), STEPS[-1])


def day(ns: int) -> str:
    """The UTC day, "3 Nov 2026"."""
    at = datetime.fromtimestamp(ns // SECOND, UTC)
    return f"{at.day} {_MONTHS[at.month - 1]} {at.year}"


def clock(ns: int, every: int = SECOND) -> str:
    """The UTC time of day, as fine as steps of `every` nanoseconds need."""
    at = format_time(ns // SECOND * SECOND)[11:19]
    if every % MINUTE == 0:
        return at[:5]
    return at if every % SECOND == 0 else f"{at}.{ns % SECOND // 1_000_000:03d}"


def window(since: int, until: int, every: int = SECOND) -> str:
    """A stretch of time in words, the day said once: "3 Nov 2026, 13:50:00–14:30:00 UTC"."""
    if since // DAY == until // DAY:
        return f"{day(since)}, {clock(since, every)}–{clock(until, every)} UTC"
    return f"{day(since)}, {clock(since, every)} – {day(until)}, {clock(until, every)} UTC"


def spark(counts: Sequence[int]) -> str:
    """Counts as a row of small bars, none for 0.

    >>> spark([0, 1, 4, 8])
    ' ▁▄█'
    """
    most = max(counts, default=0)
    return "".join(" ▁▂▃▄▅▆▇█"[-(-8 * n // most)] if n else " " for n in counts)


def grid(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """A small table in plain text, columns aligned, two spaces between them."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    lines = []
    for row in (header, *rows):
        cells = (c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True))
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


# strftime's %b follows the locale of the machine; a report must read the same everywhere.
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
