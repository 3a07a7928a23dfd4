"""The differences that a comparison finds: of the values of one field, of a number, of two values together."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from lognb import _completer
from lognb.analyses import mined
from lognb.analyses.contrast import FACT, contrast
from lognb.analyses.mined import FIELD as PATTERN
from lognb.analyses.sides import counts, length
from lognb.query import Condition, Query
from lognb.schema import SESSION_KEYS, USER_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from lognb.analyses.sides import Side
    from lognb.query import Clause

MOST: Final = 2_000
"""Values of a field; ids and texts have more, and each of them is rare."""

# Columns that say when, where or which one a record is, and those that say again what another column says.
LEFT_OUT: Final = frozenset({
    "record_id", "time", "timestamp", "observed_timestamp", "severity_number", "severity_text", "body", "body_type",
    "trace_id", "span_id", "session_id", "user_id", "attributes", "resource", "scope_attributes", "source_position",
    "size_bytes", "trace_flags", "dropped_attributes_count", "session", "joined_by", "pattern", "issue",
    "issue_by_line", "$user_id", "$device_id", "person_id",
    *SESSION_KEYS, *USER_KEYS,
})  # fmt: skip

_RATIO: Final = 1.5  # the least effect of a value …
_POINTS: Final = 0.005  # … and of its share, unless it is
_THRICE: Final = 3.0
_KINDS: Final = 100  # values that a field may have, however rare they are
_PAIRED: Final = 12  # values, those that changed most, that are tried in pairs
_BEYOND: Final = 0.58  # log2 of 1.5: by so much a pair has to beat both its parts
_APART: Final = 0.5  # pooled interquartile ranges between two medians
_LEAST_MOVED: Final = 1.2  # times: numbers that hardly vary move beyond chance by next to nothing
_NUMBERS: Final = 20  # of fewer a median says little
_GRAVE: Final = frozenset({"error", "fatal"})
_ERRORS: Final = Query.parse("severity>=error")


@dataclass(frozen=True)
class Row:
    """One difference; see compare."""

    what: str
    field: str
    value: str | None
    change: str
    baseline: int
    current: int
    shares: tuple[float, float]
    ratio: float | None
    q: float
    rank: float
    clauses: tuple[Clause, ...]
    medians: tuple[float | None, float | None] = (None, None)
    also: tuple[str, ...] = ()
    text: str | None = None
    failing: bool = False

    @property
    def grave(self) -> bool:
        """Errors that are new, or more."""
        if self.what == "pattern":
            return self.failing and self.change == "new"
        return self.field == "severity" and self.value in _GRAVE and self.change in ("new", "grown")

    def since(self, after: Side) -> int | None:
        return after.logs.engine.window(after.logs.query & Query(self.clauses))[0]

    def cells(self) -> dict[str, Any]:
        return {
            "what": self.what, "field": self.field, "value": self.value, "text": self.text, "change": self.change,
            "baseline": self.baseline, "current": self.current, "baseline_share": self.shares[0],
            "current_share": self.shares[1], "ratio": self.ratio, "baseline_median": self.medians[0],
            "current_median": self.medians[1], "q": self.q, "rank": self.rank, "query": str(Query(self.clauses)),
            "also": list(self.also),
        }  # fmt: skip


def patterns(before: Side, after: Side) -> Iterator[Row]:
    """Kinds of message whose number changed, mined once from all records."""
    ((names, old, new),) = counts(before, after, [PATTERN])
    if not names:
        return
    engine = after.logs.engine
    texts = mined.texts(engine)
    either = (before.logs.query | after.logs.query) & _ERRORS
    failing = set(engine.series(either, 1 << 62, [PATTERN])["by0"].to_list())
    found = contrast(old, new, length(before, after), apart=np.array([name in failing for name in names]))
    for i, (name, change) in enumerate(zip(names, found.change.tolist(), strict=True)):
        if name is None or not change:
            continue
        n0, n1 = int(old[i].sum()), int(new[i].sum())
        shares = (n0 / before.records, n1 / after.records)
        ratio = n1 / n0 / found.factor if n0 else None
        clause = Condition(PATTERN, "=", name)
        yield Row(
            "pattern", PATTERN, name, change, n0, n1, shares, ratio, float(found.q[i]), float(found.bound[i]),
            (clause,), text=texts.get(name), failing=name in failing,
        )  # fmt: skip


def values(before: Side, after: Side, fields: Sequence[str]) -> Iterator[Row]:
    """The values of fields whose share of all records changed."""
    for field, (names, old, new) in zip(fields, counts(before, after, fields), strict=True):
        if not _each_its_own(old.sum(1) + new.sum(1)):
            yield from _values(before, after, field, names, old, new)


def _values(
    before: Side, after: Side, field: str, names: list[str | None], old: NDArray[np.float64], new: NDArray[np.float64]
) -> Iterator[Row]:
    found = contrast(old, new, factor=after.records / before.records, least=float(np.log2(_RATIO)))
    told = [value for value, change in zip(names, found.change.tolist(), strict=True) if change]
    meant = _completer.conditions(after.logs.engine, field, told)
    for i, (value, change) in enumerate(zip(names, found.change.tolist(), strict=True)):
        n0, n1 = int(old[i].sum()), int(new[i].sum())
        shares = (n0 / before.records, n1 / after.records)
        ratio = shares[1] / shares[0] if n0 else None
        enough = abs(shares[1] - shares[0]) >= _POINTS or ratio is None or not 1 / _THRICE < ratio < _THRICE
        if change and (enough if change != "once" else len(names) <= _KINDS):
            q, rank = float(found.q[i]), float(found.bound[i])
            yield Row("value", field, value, change, n0, n1, shares, ratio, q, rank, (meant[value],))


def _each_its_own(records: NDArray[np.float64]) -> bool:
    """Are most values of so few records that the field says which one a record is, and not of which kind?"""
    return len(records) > _KINDS and float(np.median(records)) < FACT


def numbers(before: Side, after: Side, fields: Sequence[str]) -> Iterator[Row]:
    """Numbers whose median moved."""
    for field in fields:
        old, new = (s.logs.engine.stats(s.logs.query, field) for s in (before, after))
        if not old.height or not new.height or min(int(old["records"][0]), int(new["records"][0])) < _NUMBERS:
            continue
        n0, n1 = int(old["records"][0]), int(new["records"][0])
        (a, wide), (b, broad) = _middle(old.row(0, named=True)), _middle(new.row(0, named=True))
        pooled = (wide * n0 + broad * n1) / (n0 + n1)
        notches = 1.57 * (wide / n0**0.5 + broad / n1**0.5)
        if abs(b - a) < max(_APART * pooled, notches) or a == b:
            continue
        ratio = b / a if a > 0 and b > 0 else None
        if ratio is not None and 1 / _LEAST_MOVED < ratio < _LEAST_MOVED:
            continue
        rank = abs(float(np.log2(ratio))) if ratio else abs(b - a) / max(pooled, 1e-9)
        shares = (n0 / before.records, n1 / after.records)
        clauses = (Condition(field, "exists"),)
        yield Row(
            "number", field, None, "grown" if b > a else "shrunk", n0, n1, shares, ratio, 0.0, rank, clauses, (a, b)
        )


def _middle(row: dict[str, Any]) -> tuple[float, float]:
    """The median and the interquartile range."""
    return float(row["p50"]), float(row["p75"]) - float(row["p25"])


def pairs(before: Side, after: Side, rows: Sequence[Row]) -> Iterator[Row]:
    """Two values of different fields that changed more together than each alone."""
    sure = [r for r in rows if r.what == "value" and r.value is not None and r.change in ("grown", "new")]
    top = sorted(sure, key=lambda r: -r.rank)[:_PAIRED]
    tried = [(a, b) for a, b in combinations(top, 2) if a.field != b.field]
    if not tried:
        return
    both = [(a.clauses[0], b.clauses[0]) for a, b in tried]
    old, new = (
        np.array([[s.logs.engine.count(s.logs.query & Query(c))] for c in both], float) for s in (before, after)
    )
    found = contrast(old, new, factor=after.records / before.records)
    for i, (a, b) in enumerate(tried):
        n0, n1 = int(old[i, 0]), int(new[i, 0])
        beaten = all(found.log2[i] - _log2(part, found.factor) >= _BEYOND for part in (a, b))
        if found.change[i] not in ("grown", "new") or not beaten:
            continue
        shares = (n0 / before.records, n1 / after.records)
        yield Row(
            "pair", f"{a.field} and {b.field}", f"{a.value} and {b.value}", str(found.change[i]), n0, n1, shares,
            shares[1] / shares[0] if n0 else None, float(found.q[i]), float(found.bound[i]), both[i],
        )  # fmt: skip


def _log2(row: Row, factor: float) -> float:
    return float(np.log2(((row.current + 0.5) / factor) / (row.baseline + 0.5)))
