"""What a summary says of changes that are no errors: each moment in words, and what its records have in common."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb import _completer
from lognb._moments import resolve
from lognb._text import clock, number, plain, plural, share
from lognb.analyses.differences import LEFT_OUT
from lognb.charts.changes import words
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from lognb.logs import Logs

SERIES: Final = ("service_name", "severity", "pattern")
"""The fields by which changes are looked for, and which a moment's words name already."""

_TOLD: Final = 6  # moments
_TRAITS: Final = 2
_TRIED: Final = 12  # traits whose records among all others are counted
_MOSTLY: Final = 0.6  # of a series' records: what they have in common
_TWICE: Final = 1.0  # log2: so much more often than others have it
_NEARLY: Final = 0.8
_TENTH: Final = 0.1  # of all that was logged: what is left behind the end of most of it
_ERRORS: Final = ("error", "fatal")


def told(logs: Logs, frame: pl.DataFrame) -> tuple[str, int]:
    """The moments of `logs.changes()` that are not of errors, the surest first, and how many there are.

    Where most of the records end before the last does, or of some clocks that are off, the rest is no change of its
    own: it is said once, at the end.
    """
    frame = frame.filter(~pl.col("returns"))
    end = _end(frame)
    tops = frame.group_by("moment", maintain_order=True).agg(pl.all().first())
    of_errors = (pl.col("measure") == "error share") | pl.col("severity").is_in(_ERRORS)
    tops = tops.filter(~of_errors.fill_null(False))
    if end is not None:
        tops = tops.filter(pl.col("moment") < end["moment"])
    said = []
    for row in tops.head(_TOLD).iter_rows(named=True):
        row = _closest(row, frame)
        ns = resolve(row["time"], None, None)
        traits = _traits(logs, row, ns)
        said.append(f"{clock(ns)} {words(row, SERIES)}" + (f" ({'; '.join(traits)})" if traits else ""))
    said += [f"{plural(tops.height - _TOLD, 'moment')} more"] if tops.height > _TOLD else []
    if end is not None:
        rates = f"{number(round(end['after']))} records a minute, before {number(round(end['before']))}"
        said.append(f"after {clock(resolve(end['time'], None, None))} little is logged ({rates})")
    return "; ".join(said), tops.height + (end is not None)


def _closest(top: dict[str, Any], frame: pl.DataFrame) -> dict[str, Any]:
    """The narrowest series of the same moment that makes up nearly all of its surest change: it tells of what it is."""
    inside = frame.filter(pl.col("moment") == top["moment"], pl.col("measure") == top["measure"])
    same = [pl.col(n) == top[n] for n in SERIES if top[n] is not None]
    height = top["after"] - top["before"] if top["before"] is not None else 0.0
    nearly = (pl.col("after") - pl.col("before")) / height >= _NEARLY if height else pl.lit(False)
    narrow = inside.filter(pl.lit(True), *same, nearly)
    narrow = narrow.with_columns(named=pl.sum_horizontal(pl.col(n).is_not_null() for n in SERIES))
    narrow = narrow.sort("named", descending=True, maintain_order=True)
    return narrow.row(0, named=True) if narrow.height else top


def _end(frame: pl.DataFrame) -> dict[str, Any] | None:
    """The change after which there is less than a tenth of all records, to the last."""
    whole = (pl.col("measure") == "records") & pl.all_horizontal(pl.col(n).is_null() for n in SERIES)
    steps = frame.filter(whole & (pl.col("kind") == "step")).sort("time", maintain_order=True)
    if not steps.height or (steps["ratio"][-1] or 1.0) > _TENTH:
        return None
    return steps.row(-1, named=True)


def _traits(logs: Logs, row: dict[str, Any], since: int) -> list[str]:
    """What most of a series' records have after its change, and few others of that time, of the same service."""
    if not row["query"] or (row["severity"] is None and row["pattern"] is None):
        return []
    then = logs.query & Query((), since)
    some = then & Query.parse(row["query"])
    own = [c for c in some.conditions if isinstance(c, Condition) and c.field == "service_name"]
    then &= Query(tuple(own))
    n, whole = logs.engine.count(some), logs.engine.count(then)
    names = [f for f in logs.engine.field_names() if f not in LEFT_OUT and f not in SERIES]
    rows = logs.engine.facets(some, names, 1, own=True).filter(pl.col("value").is_not_null())
    rows = rows.filter(pl.col("records") > _MOSTLY * n).sort("values", descending=True, maintain_order=True)
    found: dict[tuple[int, int], tuple[float, str]] = {}
    for field, value, here in rows.head(_TRIED).select("field", "value", "records").iter_rows():
        meant = _completer.typed(logs.engine, field, [value]).get(value)
        if meant is None:
            continue
        there = logs.engine.count(then & Query((Condition(field, "=", meant),)))
        more = float(np.log2(((here + 0.5) / (n + 1)) / ((there - here + 0.5) / (whole - n + 1))))
        if more >= _TWICE:
            found.setdefault((here, there), (more, f"{share(here, n)} {plain(field, 40)}={plain(value, 60)}"))
    return [text for _, text in sorted(found.values(), key=lambda told: -told[0])[:_TRAITS]]
