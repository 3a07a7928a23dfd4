"""The rows of a result as its list draws them in a page: columns told by name and type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb.report.blocks import Table
from lognb.result import texts
from lognb.widgets import versus
from lognb.widgets.rows import cells, head, speaks
from lognb.widgets.tabs import COMPARE, TABS, Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.report.blocks import Block

_KINDS: Final = {
    "share": "share", "trend": "trend", "severity": "severity", "change": "change", "size_bytes": "bytes",
    "bytes": "bytes", "query": "code", "code": "code", "pattern": "code", "regex": "code", "record_id": "code",
}  # fmt: skip
_COMPARED: Final = {"change", "what", "field", "value", "ratio", "baseline_share", "baseline_median", "query"}
LEAST: Final = 16
"""Rows from which on a list is of more use than a table that shows all of every text."""
_LONG: Final = 24  # characters from which on a text takes what room there is


def result(block: Block, zone: str) -> dict[str, Any]:
    """What static/report.js lists: columns, rows by column, and each row whole as texts."""
    rows = block.frames["rows"]
    if _COMPARED.issubset(rows.frame.columns):
        told = versus.read(rows.frame)
        rows = Table(told, rows.rows, tuple(c.name for c in COMPARE.columns if c.name in told.columns))
    columns = columns_of(rows)
    code = block.origin.code if block.origin and block.origin.opened else None
    return listed(rows, columns, zone) | {"sentence": block.text, "code": code, "order": None}


def listed(rows: Table, columns: Sequence[Column], zone: str) -> dict[str, Any]:
    frame = rows.frame
    told = [{"name": c.name, "kind": c.kind, "head": head(c), "rank": c.rank, "width": c.width} for c in columns]
    text = {name: texts(name, frame[name], None, zone) for name in frame.columns}
    odd = [c.name for c in columns if c.kind in ("text", "code") and frame[c.name].dtype.is_nested()]
    seen = frame.with_columns(pl.Series(name, text[name], pl.String) for name in odd)
    whole = [{name: said[i] or None for name, said in text.items()} for i in range(frame.height)]
    return {
        "columns": told,
        "rows": {
            "revision": 1, "total": frame.height, "found": frame.height, "at": list(range(frame.height)),
            "cells": cells(seen, columns), "whole": whole,
        },
    }  # fmt: skip


def columns_of(rows: Table) -> list[Column]:
    """Those that the result shows, first the ones that a panel's list of the same columns would show."""
    frame, names = rows.frame, list(rows.columns) or rows.frame.columns
    known = {c.name: c for c in _known(frame)}
    return [
        known.get(name) or Column(name, _kind(frame[name]), rank=min(i, 9))
        for i, name in enumerate(names)
        if name in frame.columns and speaks(frame[name], known[name].kind if name in known else _kind(frame[name]))
    ]


def _known(frame: pl.DataFrame) -> tuple[Column, ...]:
    """The columns of a panel's list whose answer this is."""
    for tab in TABS.values():
        key = (tab.narrows or (None, tab.row))[1]
        own = [c for c in tab.columns if c.name in frame.columns and _fits(frame[c.name], c.kind)]
        if key in frame.columns and len(own) >= len(tab.columns) - 2:
            return tuple(own)
    return ()


def _fits(column: pl.Series, kind: str) -> bool:
    return kind not in ("time", "duration", "trend") or _kind(column) == kind or kind == "duration"


def _kind(column: pl.Series) -> Any:
    dtype, name = column.dtype, column.name
    if isinstance(dtype, pl.Datetime):
        return "time"
    if isinstance(dtype, pl.Duration) or (name.endswith("_ns") and dtype.is_integer()):
        return "duration"
    if dtype == pl.Boolean:
        return "flag"
    if isinstance(dtype, pl.List):
        inner = dtype.inner
        return (
            "trend"
            if name == "trend" and (inner.is_numeric() or isinstance(inner, pl.Struct))
            else "words"
            if inner == pl.String
            else "text"
        )
    if name in _KINDS and (_KINDS[name] not in ("share", "bytes") or dtype.is_numeric()):
        return _KINDS[name]
    if name.endswith("_share") and dtype.is_float():
        return "share"
    if dtype.is_numeric():
        return "number"
    return "code" if dtype == pl.String and not (column.head(50).str.len_chars() > _LONG).any() else "text"
