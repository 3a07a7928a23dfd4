"""The frames of a report as plain JSON, by column: what makes a page alive, and what another program can read."""

from __future__ import annotations

from datetime import datetime
from math import isfinite
from typing import TYPE_CHECKING, Any

import polars as pl

from lognb.query import format_time

if TYPE_CHECKING:
    from lognb.report.blocks import Block, Document, Table


def data(document: Document) -> dict[str, Any]:
    """`blocks`: one for each that has frames, `n` its number; panels and stories have data of their own.

    A frame: `of` how many rows there were, `shown` the columns of a display, and `columns`: name, type and values.
    Times are ISO text in UTC, ids decimal text, as JavaScript would lose digits of both.
    """
    blocks = [
        _block(block, n)
        for n, block in enumerate(document.blocks, 1)
        if block.frames and block.kind not in ("panel", "story")
    ]
    return {"title": document.title, "zone": document.zone, "lognb": document.version, "blocks": blocks}


def _block(block: Block, n: int) -> dict[str, Any]:
    frames = {name: _frame(rows) for name, rows in block.frames.items()}
    return {"n": n, "kind": block.kind, "title": block.title, "frames": frames}


def _frame(rows: Table) -> dict[str, Any]:
    columns = [
        {"name": name, "type": str(dtype).partition("(")[0].lower(), "values": _values(rows.frame[name])}
        for name, dtype in rows.frame.schema.items()
    ]
    return {"of": rows.rows, "shown": list(rows.columns), "columns": columns}


def _values(column: pl.Series) -> list[Any]:
    if isinstance(column.dtype, pl.Datetime):
        return [None if ns is None else format_time(ns) for ns in column.dt.timestamp("ns").to_list()]
    if column.dtype.is_integer() and column.name.endswith("record_id"):
        return [None if v is None else str(v) for v in column.to_list()]
    return [_plain(v) for v in column.to_list()]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_plain(v) for v in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON has no word for these
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) > 2**53:
        return str(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)
