"""What each step of the query leaves and removes: the chain of filters that led here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _asking
from lognb._text import count, plain, plural
from lognb.charts import steps as charts
from lognb.result import Result

if TYPE_CHECKING:
    from lognb.logs import Logs

ALL: Final = "all records"
_SCHEMA: Final = {"step": pl.String, "records": pl.UInt64, "removed": pl.UInt64, "alone": pl.UInt64}
_TOLD = 8  # steps whose numbers the sentence says


def steps(logs: Logs) -> Result:
    """Count what each step of the query leaves: its window, if it has one, then each condition at its top, in order.

    Rows: `step` (String, the text of the step; the first row is "all records"), `records` (UInt64, left after it),
    `removed` (UInt64, by it from what the steps before left) and `alone` (UInt64, what this step alone lets through).
    The last row has the records of these Logs. Conditions joined by OR are one step.

    >>> from lognb import read
    >>> logs = read(b'{"time": "2026-11-03T09:00:00Z", "level": "info", "msg": "ready"}\\n')
    >>> logs.where("severity>=error ready").steps().sentence
    '1 → 0 → 0 records; most removed by severity>=error (1)'
    """
    total = int(logs.engine.overview["records"])
    rows = [(ALL, total, 0, total)]
    for step in _asking.steps(logs.engine, logs.query):
        rows.append((step.text, step.records, rows[-1][1] - step.records, step.alone))
    return Result(
        frame=pl.DataFrame(rows, schema=_SCHEMA, orient="row"),
        sentence=_sentence(rows),
        title="Steps",
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
    )


def _sentence(rows: list[tuple[str, int, int, int]]) -> str:
    total = plural(rows[0][1], "record")
    if len(rows) == 1:
        return f"{total}; the query has no step"
    left = [count(records) for _, records, _, _ in rows]
    if len(left) > _TOLD:
        left = [*left[: _TOLD - 2], "…", left[-1]]
    chain = " → ".join(left) + (" record" if left[-1] == "1" else " records")
    text, _, removed, _ = max(rows[1:], key=lambda row: row[2])
    if not removed:
        return f"{chain}; no step removed any"
    return f"{chain}; most removed by {plain(text, 80)} ({count(removed)})"
