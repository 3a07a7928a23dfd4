"""A block, or a document, with everything redacted that is personal or secret: texts, rows, code, pictures, recordings.

Pictures are drawn again from the redacted rows; one that nobody can draw any more has its texts redacted.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lognb._text import plural
from lognb.errors import QueryError
from lognb.query import Query
from lognb.redaction.kinds import WORDS
from lognb.report.blocks import Block, Document, Table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lognb._origin import Origin
    from lognb.logs import Logs
    from lognb.redaction import Redactor


def learn(redactor: Redactor, blocks: Iterable[Block], logs: Iterable[Logs] = ()) -> None:
    """Let a redactor know the values that blocks, and the records behind them, tell by the names of their keys."""
    for one in logs:
        redactor.learn(one)
    for block in blocks:
        for table in block.frames.values():
            redactor.learn(table.frame if table.whole is None else table.whole)
        for recording in block.recordings.values():
            redactor.learn(recording)


def redacted(document: Document, redactor: Redactor) -> Document:
    """The document with redacted blocks, and behind them the one that says what was hidden, in numbers."""
    blocks = [block_redacted(block, redactor) for block in document.blocks]
    title = redactor.text(document.title)
    meta = {name: redactor.text(value) for name, value in document.meta.items()}
    return replace(document, title=title, meta=meta, blocks=(*blocks, audit(redactor)), redacted=True)


def block_redacted(block: Block, redactor: Redactor) -> Block:
    """The same block with nothing in it that the rules hide; `origin.logs` stays live, for it is never written."""
    frames = {name: _table(table, redactor) for name, table in block.frames.items()}
    pictures = {} if block.draw is not None else {n: redactor.text(svg) for n, svg in block.pictures.items()}
    return replace(
        block,
        title=redactor.text(block.title),
        text=redactor.text(block.text),
        frames=frames,
        facts=redactor.value(json.loads(json.dumps(block.facts, default=str))),
        origin=None if block.origin is None else _origin(block.origin, redactor),
        note=redactor.text(block.note),
        pictures=pictures,
        recordings={redactor.text(s): redactor.recording(events) for s, events in block.recordings.items()},
    )


def audit(redactor: Redactor) -> Block:
    """What was hidden, in numbers: rows of "rows" are kinds, with values, occurrences and where; no values."""
    rows = redactor.audit()
    values, times = sum(rows["values"].to_list()), sum(rows["occurrences"].to_list())
    said = ", ".join(WORDS.get(kind, kind) for kind in rows["kind"].to_list())
    text = (
        f"{plural(values, 'value')} hidden in {plural(times, 'place')}: {said}."
        if rows.height
        else "Nothing was found."
    )
    note = (
        "Each value has one pseudonym in all of this report, so what belongs together can still be seen. "
        "Session, trace and record ids stay. What no rule knows, such as a name in free text, is not found."
    )
    return Block("audit", "What was hidden", text, {"rows": Table.of(rows)}, note=note)


def query_redacted(query: Query, redactor: Redactor) -> Query:
    """A query that asks for the pseudonyms of what it asked for, in the same window."""
    told = query.to_json()
    try:
        return Query.from_json({**told, "conditions": [_clause(c, redactor) for c in told["conditions"]]})
    except QueryError:
        return Query((), query.since, query.until)


def _clause(clause: dict[str, Any], redactor: Redactor) -> dict[str, Any]:
    if "field" in clause:
        field = clause["field"]
        out = {**clause, "field": redactor.text(field)}
        return out | {"value": _value(clause["value"], field, redactor)} if "value" in clause else out
    return {
        name: [_clause(p, redactor) for p in part] if isinstance(part, list) else _clause(part, redactor)
        for name, part in clause.items()
    }


def _value(value: Any, field: str, redactor: Redactor) -> Any:
    if isinstance(value, dict):  # a number as it was written
        made = redactor.value(int(value["number"]), field) if value["number"].isdigit() else value["number"]
        return {"number": str(made)}
    return [_value(v, field, redactor) for v in value] if isinstance(value, list) else redactor.value(value, field)


def _table(table: Table, redactor: Redactor) -> Table:
    columns = tuple(redactor.text(name) for name in table.columns)
    if table.whole is None:
        return Table(redactor.frame(table.frame), table.rows, columns)
    whole = redactor.frame(table.whole)
    return Table(whole.head(table.frame.height), table.rows, columns, whole)


def _origin(origin: Origin, redactor: Redactor) -> Origin:
    return replace(
        origin,
        opened=redactor.text(origin.opened),
        call=redactor.text(origin.call),
        query=query_redacted(origin.query, redactor),
        sources=tuple((redactor.text(name), digest) for name, digest in origin.sources),
    )
