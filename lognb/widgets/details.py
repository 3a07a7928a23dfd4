"""What a row of a list opens in its place: sections of plain data, which static/sections.js draws."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, cast

import polars as pl

from lognb._text import count, number, plural, share, size
from lognb.analyses.impact import impact
from lognb.errors import QueryError
from lognb.query import Condition, Query
from lognb.widgets.records import CUT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lognb.analyses.errors import Errors
    from lognb.engines.base import Engine
    from lognb.logs import Logs
    from lognb.result import Result

BEFORE: Final = 30
"""Seconds before an error that are shown."""
RECORDS: Final = 200
"""Records that a section has at most: those nearest to the error."""
LINKS: Final = 12
FIRST: Final = 5
"""Records of a pattern or difference that are shown."""
_RELATIONS: Final = {
    "cause": "caused by", "context": "while handling", "member": "one of them", "suppressed": "suppressed",
}  # fmt: skip


def issue(logs: Logs, result: Result, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Why it is one issue, whom it met, its stack, and what went on before it."""
    errors, id = cast("Errors", result), str(row["issue"])
    records = errors.records(id)
    met = f" It met {impact(records).sentence}." if row["sessions"] or row["users"] else ""
    return [
        {"kind": "text", "text": f"One issue: {row['why']}.{met}"},
        *_met(logs, records.query),
        *_stacks(errors.frames(id)),
        _before(errors, id),
    ]


def pattern(logs: Logs, result: Result, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What stands in the slots of a pattern, some of its bodies, an expression that finds them, its first records."""
    whole = result.frame.row(by_predicate=pl.col("pattern") == row["pattern"], named=True)
    all_read = whole["sampled"] == whole["records"]
    read = plural(whole["sampled"], "record") if all_read else f"{count(whole['sampled'])} of {count(whole['records'])}"
    levels = ", ".join(f"{level['value']} {count(level['records'])}" for level in whole["severities"])
    slots = [[f"slot {slot['slot']}, {slot['kind']}", _slot(slot)] for slot in whole["slots"]]
    examples = [[f"example {i}", body] for i, body in enumerate(whole["examples"], 1)]
    found = [["body~", whole["regex"]]] if whole["regex"] else []
    return [
        {"kind": "text", "text": f"Pattern {whole['pattern']}: {levels}; slots of {read}."},
        {"kind": "pairs", "pairs": [*slots, *examples, *found, ["bytes of its bodies", size(whole["bytes"])]]},
        *_first(logs.engine, logs.query & Query((Condition("pattern", "=", whole["pattern"]),))),
    ]


def difference(logs: Logs, result: Result, row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The numbers of both sides and how sure they are, what else has the same ones, and its first records."""
    query, gone = Query.parse(row["query"]), not row["current"]
    parts = {name: share(round(row[f"{name}_share"] * 1_000_000), 1_000_000) for name in ("baseline", "current")}
    sides = [[name, f"{plural(row[name], 'record')}, {part} of its side"] for name, part in parts.items()]
    sure = "the part of differences as sure as this that chance alone would make"
    seen = "too few records to be sure of anything" if row["change"] == "once" else f"{row['q']:.2g}: {sure}"
    also = [["the same numbers", text] for text in row["also"] or []]
    pairs = [["query", row["query"]], *sides, ["q", seen], *also]
    # What is gone has its records in the baseline, which these logs do not reach into.
    whole = Query(logs.query.conditions) if gone else logs.query
    return [{"kind": "pairs", "pairs": pairs}, *_first(logs.engine, whole & query)]


def _first(engine: Engine, query: Query) -> list[dict[str, Any]]:
    """The first records of a query, and the trace, session and user of the very first, at its time."""
    named = {"trace": "trace_id", "session": "session" if "session" in engine.field_names() else "session_id",
             "user": "user_id"}  # fmt: skip
    columns = ["record_id", "time", "severity", "service_name", "body", *named.values()]
    frame = engine.page(query, FIRST, newest=False, columns=columns).records
    if not frame.height:
        return []
    first = frame.row(0, named=True)
    links: list[dict[str, Any]] = [
        {"kind": "links", "title": f"its {to}", "to": to, "left": None,
         "ids": [{"id": str(first[name]), "note": "at its first record", "record": str(first["record_id"])}]}
        for to, name in named.items() if first[name]
    ]  # fmt: skip
    rows = _records(frame.with_columns(how=pl.lit("")))
    return [{"kind": "records", "title": "its first records", "rows": rows, "left": None}, *links]


def _slot(slot: Mapping[str, Any]) -> str:
    """Its numbers, and its most frequent values."""
    top = ", ".join(f"{value['value']} ({count(value['records'])})" for value in slot["top"])
    more = slot["values"] - len(slot["top"])
    said = f"{top} and {count(more)} more" if more else top
    if slot["min"] is None:
        return said
    low, middle, high = (number(slot[name]) for name in ("min", "median", "p99"))
    return f"from {low}, median {middle}, p99 {high}: {said}"


def _stacks(frames: pl.DataFrame) -> list[dict[str, Any]]:
    """A section for each exception that has a type or frames."""
    out = []
    for _, part in frames.group_by("exception", maintain_order=True):
        first = part.row(0, named=True)
        said = ": ".join(text for text in (first["type"], first["message"]) if text)
        relation = _RELATIONS.get(first["relation"] or "", "stack")
        lines = [_frame(f) for f in part.filter(pl.col("frame").is_not_null()).iter_rows(named=True)]
        if said or lines:
            out.append({"kind": "stack", "title": relation, "head": said, "frames": lines})
    return out


def _frame(frame: Mapping[str, Any]) -> dict[str, Any]:
    place = ":".join(str(p) for p in (frame["file"], frame["line"], frame["column"]) if p is not None)
    return {"call": frame["function"], "place": place, "own": frame["in_app"]}


def _before(errors: Errors, id: str) -> dict[str, Any]:
    title = f"the {BEFORE} s before its first record: its trace, session and service"
    try:
        found = errors.surrounding(id, BEFORE)
    except QueryError as error:
        return {"kind": "records", "title": title, "rows": [], "none": str(error)}
    most = found.tail(RECORDS)
    left = f"the last {count(most.height)} of {plural(found.height, 'record')}" if found.height > most.height else None
    rows = _records(most)
    rows[-1]["at"] = True  # the error itself stands last
    return {"kind": "records", "title": title, "rows": rows, "left": left}


def _records(frame: pl.DataFrame) -> list[dict[str, Any]]:
    shown = frame.select(
        "how", pl.col("time").dt.timestamp("ns").cast(pl.String), pl.col("severity").cast(pl.String),
        service="service_name", body=pl.col("body").str.slice(0, CUT),
    )  # fmt: skip
    return shown.to_dicts()


def _met(logs: Logs, query: Query) -> list[dict[str, Any]]:
    """The sessions and users of some records, each at the first of its records that is near the beginning."""
    engine = logs.engine
    fields = {"session": "session" if "session" in engine.field_names() else "session_id", "user": "user_id"}
    names = list(fields.values())
    counted = engine.facets(query, names, LINKS, own=True)
    first = engine.page(query, 500, columns=["record_id", *names]).records
    return [_links(to, counted.filter(pl.col("field") == name), first, name) for to, name in fields.items()]


def _links(to: str, counted: pl.DataFrame, first: pl.DataFrame, name: str) -> dict[str, Any]:
    values = counted.filter(pl.col("value").is_not_null())
    distinct = int(counted["values"][0]) if counted.height else 0
    at = dict(first.select(name, "record_id").reverse().iter_rows())
    ids = [
        {"id": v, "note": plural(n, "record"), "record": str(at[v]) if v in at else None}
        for v, n in values.select("value", "records").head(LINKS).iter_rows()
    ]
    left = f"{count(len(ids))} of {plural(distinct, to)}" if distinct > len(ids) else None
    return {"kind": "links", "title": f"{to}s", "to": to, "ids": ids, "left": left}
