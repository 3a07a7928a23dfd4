"""A block, or a document, with everything redacted that is personal or secret: texts, rows, code, pictures, recordings.

Pictures are drawn again from the redacted rows; one that nobody can draw any more has its texts redacted.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from lognb._text import plural
from lognb.analyses.whose import FIELDS
from lognb.errors import QueryError
from lognb.query import Query
from lognb.redaction.kinds import WORDS
from lognb.redaction.short import Short, told
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
        fields = _fields(block)
        for table in block.frames.values():
            frame = table.frame if table.whole is None else table.whole
            redactor.learn(frame.rename({n: f for n, f in fields.items() if f not in frame.columns}, strict=False))
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
    fields = _fields(block)
    short = _short(block, redactor, fields)
    facts = redactor.value(json.loads(json.dumps(block.facts, default=str)))
    call = "" if block.origin is None else block.origin.call
    if (whose := _whose(block)) is not None:
        kind, known = whose
        hidden = redactor.text(known, FIELDS[kind])
        facts["whose"] = [kind, hidden, *block.facts["whose"][2:]]
        call = call.replace(f".{kind}({known!r})", f".{kind}({hidden!r})")
    pictures = {} if block.draw is not None else {n: short.picture(svg) for n, svg in block.pictures.items()}
    return replace(
        block,
        title=short.text(block.title),
        text=short.text(block.text),
        frames={name: _table(table, redactor, fields) for name, table in block.frames.items()},
        facts=facts,
        origin=None if block.origin is None else _origin(block.origin, short.code(call), redactor),
        note=short.text(block.note),
        pictures=pictures,
        recordings={
            redactor.text(session, FIELDS["session"]): redactor.recording(events)
            for session, events in block.recordings.items()
        },
    )


def _fields(block: Block) -> dict[str, str]:
    """The fields of columns whose names do not say them."""
    by = block.facts.get("by")
    return {"by": by} if isinstance(by, str) else {}


def _whose(block: Block) -> tuple[str, str] | None:
    """The kind and the id of whom a story tells."""
    whose = block.facts.get("whose")
    if isinstance(whose, list) and len(whose) >= 2 and whose[0] in FIELDS and isinstance(whose[1], str):
        return whose[0], whose[1]
    return None


def _short(block: Block, redactor: Redactor, fields: dict[str, str]) -> Short:
    values: list[tuple[str, str]] = []
    for table in block.frames.values():
        values += told(table.frame if table.whole is None else table.whole, redactor, fields)
    users = block.facts.get("users")
    values += [(user, "user_id") for user in users if isinstance(user, str)] if isinstance(users, list) else []
    if (whose := _whose(block)) is not None:
        values.append((whose[1], FIELDS[whose[0]]))
    return Short(values, redactor)


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


def _table(table: Table, redactor: Redactor, fields: dict[str, str]) -> Table:
    columns = tuple(redactor.text(name) for name in table.columns)
    if table.whole is None:
        return Table(redactor.frame(table.frame, fields), table.rows, columns)
    whole = redactor.frame(table.whole, fields)
    return Table(whole.head(table.frame.height), table.rows, columns, whole)


def _origin(origin: Origin, call: str, redactor: Redactor) -> Origin:
    return replace(
        origin,
        opened=redactor.text(origin.opened),
        call=call,
        query=query_redacted(origin.query, redactor),
        sources=tuple((redactor.text(name), digest) for name, digest in origin.sources),
    )
