"""What a frozen panel draws in a page: the data of its timeline, facets, table and list, made from its frames."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from lognb.report.alive_result import listed
from lognb.schema import FIELDS
from lognb.widgets.records import page_of, records_of, text_of
from lognb.widgets.tabs import Column
from lognb.widgets.timeline import drawn

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from lognb.report.blocks import Block

_COUNTED = ("session_id", "user_id")


def panel(block: Block, zone: str) -> dict[str, Any]:
    """See static/report.js, which draws it."""
    facts, frames = block.facts, block.frames
    out: dict[str, Any] = {"parts": list(facts["parts"])}
    if "volume" in frames:
        out |= _volume(frames["volume"].frame, facts)
    if "records" in frames:
        out |= _records(block)
        out |= {"facets": _facets(frames["facets"].frame) if "facets" in frames else [], "strip": facts.get("strip")}
    if "rows" in frames:
        tab = facts["tab"]
        columns = [Column(name, kind, head, rank, width) for name, kind, head, rank, width in tab["columns"]]
        made = listed(frames["rows"], [c for c in columns if c.name in frames["rows"].frame.columns], zone)
        out["list"] = {**made, "tab": tab["name"], **{k: tab[k] for k in ("title", "sentence", "order", "code")}}
    return out


def records_whole(frame: pl.DataFrame) -> dict[str, Any]:
    """Each record as its details are drawn, by id; none of its values is a condition of a query."""
    return {record["id"]: record for record in records_of(frame.select(list(FIELDS)), ())}


def _volume(frame: pl.DataFrame, facts: Mapping[str, Any]) -> dict[str, Any]:
    since, until, every = facts["drawn"]
    data, counts = drawn(frame, since, until, every, facts["by"], facts["unit"], facts["meanings"])
    data |= {
        "log": facts["log"],
        "selected": _pair(facts["window"]),
        "baseline": _pair(facts["baseline"]),
        "marks": [{"time": str(ns), "text": text} for ns, text in facts["marks"]],
        "total": int(frame[facts["unit"]].sum()),
    }
    return {"timeline": data, "counts": base64.b64encode(counts).decode()}


def _records(block: Block) -> dict[str, Any]:
    facts, frame = block.facts, block.frames["records"].frame
    columns, fields = facts["columns"], facts.get("fields", [])
    head = {
        "newest": facts["newest"],
        "columns": [{"field": n, "width": w} for n, w in zip(columns, facts["widths"], strict=True)],
        "words": facts["words"],
        "pinned": [str(known) for known, _ in facts["pins"]],
        "notes": {str(known): note for known, note in facts["pins"]},
        "fields": list(columns),
        "alone": False,
    }
    names = [n for n in columns if n in frame.columns]
    values = {n: text_of(frame[n]).to_list() for n in dict.fromkeys([*fields, *_COUNTED]) if n in frame.columns}
    return {
        "count": facts["count"],
        "table": {"page": page_of(frame, names), "values": values, "newest": facts["newest"], "words": facts["words"],
                  "head": head},
        "records": records_whole(frame),
    }  # fmt: skip


def _facets(frame: pl.DataFrame) -> list[dict[str, Any]]:
    whole, own = ("field", "shown", "distinct", "fixed", "open"), ("value", "records", "state", "chosen", "text")
    out: dict[str, dict[str, Any]] = {}
    for row in frame.iter_rows(named=True):
        facet = out.setdefault(row["field"], {**{k: row[k] for k in whole}, "values": []})
        facet["values"].append({k: row[k] for k in own if k != "text" or row[k] is not None})
    return list(out.values())


def _pair(window: Any) -> dict[str, str] | None:
    if not window or window[0] is None or window[1] is None:
        return None
    return {"since": str(window[0]), "until": str(window[1])}
