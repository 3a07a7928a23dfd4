"""What is in here, what is wrong, since when, who is affected, what changed, what to look at next: ten lines."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _html, _origin
from lognb._progress import Bar
from lognb._text import count, plain
from lognb.analyses import findings
from lognb.result import Result, coded, escaped

if TYPE_CHECKING:
    from lognb.logs import Logs

_WIDE: Final = 120  # characters of a line of text
_SCHEMA: Final = {
    "line": pl.UInt32(), "about": pl.String(), "said": pl.String(), "number": pl.Float64(), "query": pl.String(),
    "code": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, eq=False, repr=False)
class Summary(Result):
    """The lines, and the Result that each was read from: `results[i]` is that of row i, None where there is none.

    It shows as its lines, each whole and with the code that gives it again, under the picture of the changes.
    """

    results: tuple[Result | None, ...] = field(default=())

    def __repr__(self) -> str:
        out = []
        for line, about, said, code in self._lines():
            head = f"{line:>2}  {about:<9}  "
            out += textwrap.wrap(plain(said), _WIDE, initial_indent=head, subsequent_indent=" " * len(head))
            out.append(" " * len(head) + code)
        return "\n".join(out)

    def _html(self) -> str:
        known = next((r for r in self.results if r is not None and r.title == "Changes" and r.frame.height), None)
        picture = "" if known is None else _html.picture(known._svg(), f"Changes: {known.sentence}")
        word = '<b style="white-space:nowrap;overflow-wrap:normal">%s</b>'
        rows = [
            [_html.text(str(line)), word % _html.text(about), _html.text(said), f"<code>{_html.text(code)}</code>"]
            for line, about, said, code in self._lines()
        ]
        head = ["", "", _html.text(self._origin()), "code"]
        return _html.block(picture, _html.table(head, rows, [True, False, False, False]))

    def to_markdown(self, most: int = 20) -> str:
        """The lines as a numbered list; log text stands in it escaped."""
        told = [f"{n}. **{about}**: {escaped(said)} {coded(code)}" for n, about, said, code in self._lines()[:most]]
        return "\n".join([*told, "", f"*{escaped(self._origin(most))}*", ""])

    def _lines(self) -> list[tuple[int, str, str, str]]:
        return self.frame.select("line", "about", "said", "code").rows()


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
    asked = findings.Asked(logs)
    found = asked.found
    bar = Bar("looking", len(findings.ALL))
    for i, find in enumerate(findings.ALL):
        bar.up_to(i)
        if (one := find(asked)) is not None:
            found.append(one)
    bar.close()
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
        results=tuple(_known(logs, f) for f in found),
        shown=("about", "said", "code"),
    )


def _known(logs: Logs, finding: findings.Finding) -> Result | None:
    """Its Result, which knows the line's code."""
    if finding.result is None:
        return None
    return replace(finding.result, origin=_origin.of(logs, finding.code.removeprefix("logs")))
