"""What is in here, what is wrong, since when, who is affected, what changed, what to look at next: ten lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb._text import count
from lognb.analyses import findings
from lognb.result import Result

if TYPE_CHECKING:
    from lognb.analyses.findings import Finding
    from lognb.logs import Logs

_SCHEMA: Final = {
    "line": pl.UInt32(), "about": pl.String(), "said": pl.String(), "number": pl.Float64(), "query": pl.String(),
    "code": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Result):
    """The lines, and the Result that each was read from: `results[i]` is that of row i, None where there is none."""

    results: tuple[Result | None, ...] = field(default=())


def summary(logs: Logs) -> Summary:
    """Say in ten lines what these records hold and what is wrong in them, each with its number, query and Result.

    Rows: `line` (from 1), `about` ("contents", "errors", "onset", "affected", "releases", "changes", "volume", "slow",
    "clocks", "next"; lines that have nothing to say are left out), `said` (in words), `number` (the one that the line
    turns on: records, errors, the time of the onset as seconds since 1970, sessions, releases, moments, bytes, slow
    records, clocks), `query` (its records) and `code` (the call that gives it, on the same Logs).
    `summary.results` are the Results of the rows, which draw themselves.

    All of it comes from the analyses that are there by themselves: errors, changes, explain, impact, usage, compare,
    traces. The same records give the same lines; nothing is asked of a network. The last line says what to look at
    next, and what was not looked at.
    """
    found: list[Finding] = []
    for find in findings.ALL:
        one = find(logs, found)
        if one is not None:
            found.append(one)
    frame = pl.DataFrame(
        [
            {"line": i, "about": f.about, "said": f.said, "number": f.number, "query": f.query, "code": f.code}
            for i, f in enumerate(found, 1)
        ],
        schema=_SCHEMA,
        orient="row",
    )
    more = f"; {count(len(found) - 3)} lines more" if len(found) > 3 else ""
    return Summary(
        frame=frame,
        sentence=". ".join(f.said for f in found[:3]) + more,
        title="Summary",
        query=logs.query,
        sources=logs.sources,
        results=tuple(f.result for f in found),
    )
