"""What the browser half of a story draws, made from a story that was told; no engine, no widget.

Times and ids travel as decimal strings, since JavaScript's numbers would lose digits.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

if TYPE_CHECKING:
    from lognb.analyses.story import Told
    from lognb.widgets.story_marks import Marks

SPANS: Final = 500
"""Spans of a trace that are drawn as a waterfall."""
_USERS: Final = 20


def drawn(told: Told, marks: Marks) -> dict[str, Any]:
    """All that is drawn beside the marks and their texts."""
    whose = told.whose
    first, last = _ends(told.items)
    return {
        "kind": whose.kind,
        "id": whose.id,
        "origin": str(marks.origin),
        "since": _text(first),
        "to": _text(last),
        "lanes": marks.lanes,
        "users": list(told.users[:_USERS]),
        "users_more": max(0, len(told.users) - _USERS),
        "services": list(told.services),
        "records": told.records,
        "records_of": told.records_of,
        "spans": told.spans,
        "spans_of": told.spans_of,
        "left": list(told.left),
        "errors": told.errors,
        "joined": told.joined,
        "sessions": [
            {"id": s["session"], "since": str(s["since"]), "to": str(s["to"]), "items": s["items"],
             "recorded": s["recorded"]}
            for s in _in_ns(told.sessions.rename({"start": "since", "end": "to"}))
        ],
        "sessions_of": whose.sessions_of or told.sessions.height,
        "recordings": [
            {"session": r["session_id"], "since": str(r["start"]), "to": str(r["end"])} for r in _in_ns(told.recordings)
        ],
        "clock": {
            "browser": bool(told.items["browser"].any()),
            "offset_ns": _text(told.clock.offset_ns),
            "why": told.clock.why,
        },
    }  # fmt: skip


def ids_of(told: Told) -> dict[str, str | None]:
    """The ids that a link to another tool may need."""
    whose, sessions = told.whose, told.sessions["session"].to_list()
    return {
        "session_id": whose.id if whose.kind == "session" else sessions[0] if len(sessions) == 1 else None,
        "user_id": whose.id if whose.kind == "user" else next(iter(told.users), None),
        "trace_id": whose.id if whose.kind == "trace" else None,
        "issue_id": next(iter(told.items["detail"].str.json_path_match("$.issue").drop_nulls()), None),
    }


def item_of(told: Told, i: int) -> dict[str, Any]:
    """All that is known of what is no record."""
    row = told.items.row(i, named=True)
    said = json.loads(row["detail"] or "{}")
    values = [(k, row[k]) for k in ("text", "kind", "service_name", "trace_id", "span_id", "session")]
    values += [(k, v if isinstance(v, str) else json.dumps(v)) for k, v in said.items() if k != "short"]
    return {
        "values": [[k, str(v)] for k, v in values if v is not None and v not in ("", "null")],
        "trace": row["trace_id"],
        "session": row["session"] if row["session"] != told.whose.id else None,
    }


def spans_of(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows of a waterfall that are drawn, in drawing order; of very many those that matter to its duration."""
    rows = frame.filter(pl.col("shown_start").is_not_null())
    if rows.height > SPANS:
        rows = rows.filter((pl.col("critical_ns") > 0) | pl.col("error") | (pl.col("depth") == 0)).head(SPANS)
    return rows.select(
        "name", "depth", "error", "records", service="service_name", note=pl.col("why").fill_null(""),
        critical=(pl.col("critical_ns") > 0).fill_null(False), own="self_ns", since="shown_start",
        to=pl.coalesce("shown_end", "shown_start"),
    )  # fmt: skip


def spans_told(rows: pl.DataFrame, of: int, note: str) -> dict[str, Any]:
    """Those rows, of how many spans, and what is said of the trace."""
    texts = ("own", "since", "to")
    spans = [{**row, **{name: _text(row[name]) for name in texts}} for row in _in_ns(rows)]
    return {"spans": spans, "of": of, "note": note}


def place(items: pl.DataFrame, record_id: int) -> int | None:
    """Which item a record is."""
    found = (items["record_id"] == record_id).arg_true()
    return int(found[0]) if len(found) else None


def _ends(items: pl.DataFrame) -> tuple[int | None, int | None]:
    """The first and the last moment, ns."""
    if not items.height:
        return None, None
    last = items.select(pl.max_horizontal("time", "end").dt.timestamp("ns").max()).item()
    return int(items["time"].dt.timestamp("ns").min()), int(last)  # type: ignore[arg-type]


def _text(number: int | None) -> str | None:
    return None if number is None else str(number)


def _in_ns(frame: pl.DataFrame) -> list[dict[str, Any]]:
    return frame.with_columns(pl.col(pl.Datetime).dt.timestamp("ns")).to_dicts()
