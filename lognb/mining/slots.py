"""What stands in the slots of a pattern: a kind for each, its values, and the text that says so."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.mining.masks import SLOT
from lognb.mining.texts import ENOUGH, values

if TYPE_CHECKING:
    from collections.abc import Sequence

FEW: Final = 3
"""A slot of so few values is shown as them: {200|500}."""
TOP: Final = 5
"""So many values of a slot are listed."""

_SHORT: Final = 24  # characters of a value that is shown in a text

_NUMBER: Final = r"[-+]?[0-9]+(?:[.,][0-9]+)*(?:[eE][-+]?[0-9]+)?"
_IP4: Final = r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}(?:[:/][0-9]{1,5})?"
_IP6: Final = r"\[?[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){3,7}\]?(?::[0-9]+)?"
_DATE: Final = r"[0-9]{1,4}[-/][0-9]{1,2}[-/][0-9]{1,4}"
_CLOCK: Final = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
# The first that all values of a slot are is its kind.
KINDS: Final = (
    ("int", r"[-+]?[0-9]+"),
    ("number", r"[-+]?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?"),
    ("percent", rf"{_NUMBER} ?%"),
    ("ip", rf"{_IP4}|{_IP6}"),
    ("uuid", r"\{?[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}?"),
    ("time", rf"{_DATE}(?:[T ]{_CLOCK})?(?:Z| ?[-+][0-9:]+)?|{_CLOCK}"),
    ("duration", rf"(?:{_NUMBER} ?(?:ns|us|µs|ms|s|sec|secs|seconds|m|min|mins|minutes|h|hours|d|days) ?)+"),
    ("size", rf"{_NUMBER} ?(?:B|[KMGTP]i?B|bytes)"),
    ("version", r"v?[0-9]+(?:\.[0-9]+){2,}[-+.\w]*"),
    ("hex", r"(?:0[xX])?[0-9A-Fa-f]*[0-9][0-9A-Fa-f]*"),
    ("url", r"[A-Za-z][A-Za-z0-9+.-]*://\S+"),
    ("email", r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"),
    ("path", r"(?:~|\.{1,2}|[A-Za-z]:)?(?:[/\\][^/\\\s]*)+|[^/\s]+(?:/[^/\s]+)+/?"),
    ("id", r"\S*[0-9]\S*"),
    ("word", r"\S+"),
)  # fmt: skip
_FORMS: Final = [(kind, re.compile(form)) for kind, form in KINDS]
_NUMERIC: Final = ("int", "number")
_TOP_TYPE: Final = pl.List(pl.Struct({"value": pl.String(), "records": pl.UInt32()}))
SLOTS: Final = pl.List(
    pl.Struct(
        {
            "slot": pl.UInt32(), "kind": pl.String(), "values": pl.UInt32(), "top": _TOP_TYPE, "min": pl.Float64(),
            "median": pl.Float64(), "p99": pl.Float64(),
        }
    )
)  # fmt: skip
"""Of each slot, from 1: its kind, how many values, the most frequent of them; and where all are numbers, those."""


@dataclass
class Filled:
    """A pattern's `text` with the kinds of its slots, those `slots` (as in SLOTS), and how many headlines fit it."""

    text: str
    slots: list[dict[str, Any]]
    fitting: int


def fill(template: str, headlines: pl.Series, counts: Sequence[int] | None = None) -> Filled:
    """Look at what stands in the slots of a template, in headlines of its records, each of which stands for so many.

    >>> fill("took <*> ms on <*>", pl.Series([f"took {n} ms on {n % 2}" for n in range(5, 15)])).text
    'took <int> ms on {0|1}'
    """
    counts = [1] * len(headlines) if counts is None else counts
    if SLOT not in template:
        return Filled(template, [], sum(counts))
    found = [(row, n) for row, n in zip(values(template, headlines), counts, strict=True) if row is not None]
    if not found:
        return Filled(template, [], 0)
    fitting = [n for _, n in found]
    pieces = template.split(SLOT)
    out, slots = pieces[0], []
    columns = zip(*(row for row, _ in found), strict=True)
    for i, (column, piece) in enumerate(zip(columns, pieces[1:], strict=True), 1):
        slot = _slot(column, fitting)
        shown = [value["value"] for value in slot["top"]]
        few = slot["values"] <= FEW and sum(fitting) >= ENOUGH and all(0 < len(v) <= _SHORT for v in shown)
        out += ("{" + "|".join(sorted(shown, key=_natural)) + "}" if few else f"<{slot['kind']}>") + piece
        slots.append({"slot": i, **slot})
    return Filled(out, slots, sum(fitting))


def _slot(column: Sequence[str], records: Sequence[int]) -> dict[str, Any]:
    """Of a slot's values and their records. In plain Python: there are few of them, and many slots."""
    found = Counter(column)
    if len(records) < sum(records):
        for value, n in zip(column, records, strict=True):
            found[value] += n - 1
    counts = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    kind = next((k for k, form in _FORMS if all(map(form.fullmatch, found))), "text")
    top = [{"value": value, "records": n} for value, n in counts[:TOP]]
    out: dict[str, Any] = {"kind": kind, "values": len(counts), "top": top}
    if kind not in _NUMERIC:
        return {**out, "min": None, "median": None, "p99": None}
    numbers = sorted((float(value), n) for value, n in counts)
    ends = list(accumulate(n for _, n in numbers))
    # The number of a record (nearest rank), so that it can be searched for.
    median, p99 = (numbers[bisect_left(ends, max(1, -(-ends[-1] * q // 100)))][0] for q in (50, 99))
    return {**out, "min": numbers[0][0], "median": median, "p99": p99}


def _natural(text: str) -> tuple[float, str]:
    return (float(text), text) if re.fullmatch(r"[0-9]{1,15}", text) else (float("inf"), text)
