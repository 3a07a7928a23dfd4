"""A frozen table as HTML: the first rows, the rest behind a fold, each record with an address of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _html
from lognb._html import PALETTE
from lognb._text import count, plain, plural
from lognb.query import format_time
from lognb.report.blocks import MOST
from lognb.result import texts
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from lognb.report.blocks import Table

FIRST: Final = 10
"""Rows that one sees without unfolding."""
_ALL: Final = 15  # rows that need no fold
CELL: Final = 1_000
"""Characters of a cell; what is cut says of how many."""
# How much of the width of paper each class of columns wants, and how much there is.
_ROOM: Final = {
    "ln-text": 30,
    "ln-code": 20,
    "ln-when": 20,
    "ln-spark": 20,
    "ln-id": 14,
    "ln-r": 9,
    "ln-word": 9,
    "": 18,
}
_PAPER: Final = 90
_CODE: Final = frozenset(("code", "query", "regex", "template"))
_IDS: Final = frozenset(("issue", "pattern", "trace_id", "span_id"))
_SPARKS: Final = ("histogram", "trend")
_SHORT: Final = 12  # characters of a text that stays on one line
_LONG: Final = 28  # and of one beyond which its column takes what room there is


@dataclass
class Shared:
    """What the tables of one page share: the addresses of records, and the names of columns for the style sheet."""

    there: frozenset[str]
    """Ids of all records that the page shows somewhere; links lead to the first."""
    folds: bool = True
    """Whether rows beyond the first are there, behind a fold."""
    taken: set[str] = field(default_factory=set)
    wide: list[list[str]] = field(default_factory=list)
    """Columns of each table that is too wide for paper: there a row is written as a text, name and value."""

    def take(self, record_id: str) -> str:
        """The attribute for the element that is the record, if none is yet."""
        if not record_id or record_id in self.taken:
            return ""
        self.taken.add(record_id)
        return f' id="r-{_html.text(record_id)}"'

    def link(self, record_id: str) -> str:
        said = _html.text(record_id)
        return f'<a href="#r-{said}">{said}</a>' if record_id in self.there else said

    def names(self) -> str:
        """A rule for each column of a wide table: its name, which report.css puts before the values."""
        return "".join(
            f".ln-t{n} td:nth-child({i})::before{{--ln-name:{quoted(f'{column} ')}}}"
            for n, columns in enumerate(self.wide, 1)
            for i, column in enumerate(columns, 1)
        )


def quoted(text: str) -> str:
    """A text as a string of CSS that nothing can end early."""
    return '"' + "".join(c if (c.isalnum() and c.isascii()) or c in " -_." else f"\\{ord(c):x} " for c in text) + '"'


def table(rows: Table, zone: str, shared: Shared, *, name: str, first: int = FIRST, bare: bool = False) -> str:
    """The table with how many rows and columns of it are shown; `bare` only if that is not all."""
    frame = rows.frame.head(MOST)
    columns = [c for c in rows.columns if c in frame.columns] or frame.columns
    if not frame.height or not columns:
        return '<p class="ln-dim">no rows</p>'
    seen = frame.height if frame.height <= max(first, _ALL) else first
    heads, written = _heads(frame, columns), _rows(frame, columns, zone, shared)
    kept = f", {count(frame.height)} kept" if rows.rows > frame.height > seen else ""
    said = f"{count(seen)} of {plural(rows.rows, 'row')}{kept}" if seen < rows.rows else plural(rows.rows, "row")
    if len(columns) < frame.width:
        said += f", {len(columns)} of {frame.width} columns"
    many = ""
    if sum(_ROOM.get(kind, _ROOM[""]) for _, kind in heads) > _PAPER:
        shared.wide.append([plain(column, 60) for column in columns])
        many = f" ln-many ln-t{len(shared.wide)}"
    whole = seen == rows.rows and len(columns) == frame.width
    of = "" if bare and whole else f'<p class="ln-dim ln-of">{_html.text(said)}</p>'
    parts = [of, _grid(heads, written[:seen], f"{name}, {said}", many)]
    if seen < frame.height and shared.folds:
        rest = f"{count(frame.height - seen)} more rows"
        grid = _grid(heads, written[seen:], f"{name}, {rest}", many)
        parts.append(f'<details class="ln-rest"><summary>{rest}</summary>{grid}</details>')
    return "".join(parts)


def cell(name: str, text: str, shared: Shared) -> str:
    """A value of a column, as HTML."""
    if name == "severity" and text in PALETTE and text in LEVELS:
        return _html.severity(text)
    if name.endswith("record_id"):
        return shared.link(text)
    if name in _CODE | _IDS and text:
        return f"<code>{_html.text(text)}</code>"
    return _html.text(text)


def moments(column: pl.Series, zone: str) -> list[str]:
    """Times as elements: in the zone to read, in UTC for machines."""
    exact = column.dt.timestamp("ns").to_list()
    said = texts(column.name, column, None, zone)
    return [
        "" if ns is None else f'<time datetime="{format_time(ns)[:23].rstrip("Z")}Z">{_html.text(text)}</time>'
        for ns, text in zip(exact, said, strict=True)
    ]


def cut(text: str) -> str:
    """A text that fits a cell, and of how many characters."""
    return text if len(text) <= CELL else f"{text[:CELL]}… ({count(len(text))} characters)"


def _heads(frame: pl.DataFrame, columns: list[str]) -> list[tuple[str, str]]:
    """Name and class of each column."""
    return [(name, _class(frame[name])) for name in columns]


def _class(column: pl.Series) -> str:
    dtype = column.dtype
    if isinstance(dtype, pl.Datetime):
        return "ln-when"
    if column.name.endswith("record_id") or column.name in _IDS:
        return "ln-id"
    if dtype.is_numeric():
        return "ln-r"
    if column.name in _SPARKS:
        return "ln-spark"
    if column.name in _CODE:
        return "ln-code"
    if isinstance(dtype, pl.List | pl.Struct):
        return "ln-text"
    longest = column.head(50).cast(pl.String).str.len_chars().max() or 0
    return "ln-text" if longest > _LONG else "" if longest > _SHORT else "ln-word"  # type: ignore[operator]


def _rows(frame: pl.DataFrame, columns: list[str], zone: str, shared: Shared) -> list[str]:
    shown = []
    for name in columns:
        column = frame[name]
        if isinstance(column.dtype, pl.Datetime):
            shown.append(moments(column, zone))
        elif column.dtype == pl.String:  # cut before it is made plain, so that a text of megabytes costs nothing
            shown.append([cell(name, text, shared) for text in texts(name, _limited(column), None)])
        else:
            shown.append([cell(name, cut(text), shared) for text in texts(name, column, None)])
    sides = [_classed(c) for _, c in _heads(frame, columns)]
    ids = frame["record_id"].cast(pl.String).to_list() if "record_id" in frame.columns else [""] * frame.height
    return [
        f"<tr{shared.take(known or '')}>"
        + "".join(f"<td{side}>{value}</td>" for value, side in zip(row, sides, strict=True))
        + "</tr>"
        for known, row in zip(ids, zip(*shown, strict=True), strict=True)
    ]


def _limited(column: pl.Series) -> pl.Series:
    return pl.Series(column.name, [None if v is None else cut(v) for v in column.to_list()], pl.String)


def _grid(heads: list[tuple[str, str]], rows: list[str], label: str, many: str) -> str:
    row = "".join(f'<th scope="col"{_classed(c)}>{_html.text(name)}</th>' for name, c in heads)
    return (
        f'<div class="ln-wide{many}" tabindex="0" role="group" aria-label="{_html.text(label)}"><table>'
        f"<thead><tr>{row}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
    )


def _classed(name: str) -> str:
    return f' class="{name}"' if name else ""
