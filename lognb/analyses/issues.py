"""The field `issue`: which records tell of an exception, and which exceptions are one issue.

Made once for all records of an engine, when it is first asked for: a query, a facet or a window then only counts. What
is read in Python are distinct texts, not records.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb.engines.base import Issues, Signs
from lognb.stacks import Issue, Raised, issue, lines, listed, masks, parse, short

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.engines.base import Engine, Exceptions

FIELD: Final = "issue"
BY_LINE: Final = "_issue_by_line"
"""The same without joining the lines of stacks that a collector split; not offered to people."""

SIGNS: Final = Signs(lines.STACK, lines.ESCAPED, lines.LINE, masks.PATTERN, masks.NUMBERS, masks.LENGTH, lines.NEAR)
_TABLE: Final = {
    "issue": pl.String(), "title": pl.String(), "culprit": pl.String(), "why": pl.String(), "text": pl.Int64(),
}  # fmt: skip


def offer(engine: Engine) -> None:
    """Let queries of an engine name the field `issue`."""
    engine.derive(FIELD, partial(_made, engine, join_lines=True))
    engine.derive(BY_LINE, partial(_made, engine, join_lines=False))


def _made(engine: Engine, *, join_lines: bool) -> Issues:
    found = engine.exceptions(SIGNS, lines.pieces if join_lines else None)
    issues, kinds = [], []
    none = []
    for at, row in enumerate(found.texts.iter_rows(named=True)):
        chain = exceptions(row)
        if not chain and row["severe"] is None:
            none.append(at)  # it only looked like a stack
        issues.append(issue(chain, _words(row)))
        kinds.append((short(chain[0].type), masks.masked(chain[0].message)) if chain else ("", issues[-1].id))
    found = _without(found, none)
    places, table = _table(issues)
    numbers = _numbered(kinds)
    spans = found.spans.with_columns(
        pl.Series("kind", np.take(numbers, found.spans["code"].to_numpy()), pl.Int64),
        pl.Series("code", np.take(places, found.spans["code"].to_numpy()), pl.Int64),
    )
    codes, same = np.take(places, found.codes), np.take(numbers, found.codes)
    return Issues(replace(found, codes=codes, spans=spans), table, same)


def _table(issues: Sequence[Issue]) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """The issue of each text, and the issues, each as its first text tells it."""
    first = {one.id: at for at, one in reversed(list(enumerate(issues)))}
    table = [
        (one.id, one.title, one.culprit, one.why, first[one.id]) for one in {i.id: i for i in reversed(issues)}.values()
    ]
    table.sort(key=lambda row: row[4])
    place = {row[0]: i for i, row in enumerate(table)}
    return np.array([place[one.id] for one in issues], np.int64), pl.DataFrame(table, schema=_TABLE, orient="row")


def _without(found: Exceptions, texts: Sequence[int]) -> Exceptions:
    """Less the records that tell one of some texts."""
    kept = ~np.isin(found.codes, texts)
    return replace(found, rows=found.rows[kept], codes=found.codes[kept], heads=found.heads[kept])


def _numbered(values: Sequence[object]) -> NDArray[np.int64]:
    """A number for each value, the same for equal ones."""
    known: dict[object, int] = {}
    return np.array([known.setdefault(value, len(known)) for value in values], np.int64)


def _words(told: dict[str, Any]) -> str:
    """What an error says that has no exception."""
    return told["masked"] or (listed.message(told["listed"]) if told["listed"] else "")


def exceptions(told: dict[str, Any]) -> list[Raised]:
    """The exceptions that a record tells of, by its columns of engines.base.TOLD; none where it only says an error."""
    kind, message = told["type"] or "", told["message"] or ""
    chain = listed.parse(told["listed"], message, told["platform"] or "") if told["listed"] else []
    if not chain:
        text = told["stack"] or told["listed"] or ""
        chain = parse(text) if text else []
        if not chain and told["listed"] and not told["listed"].lstrip().startswith(("{", "[")):
            message = message or told["listed"]  # some loggers write the exception's text in an attribute of that name
            kind = kind or "exception"
    if not chain:
        # A body that only looked like a stack tells nothing; an attribute for stacks does, whatever is in it.
        given = told["stack"] if told["stack"] != told["body"] and not (told["body"] or "").startswith("{") else None
        return [Raised(kind, message or given or "")] if kind or given else []
    first = replace(chain[0], type=kind or chain[0].type, message=message or chain[0].message)
    return [first, *chain[1:]]
