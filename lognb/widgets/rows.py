"""The rows of an answer as plain JSON for the browser, in the order and with the text that is looked for there; pure.

Times travel as decimal strings of ns, since JavaScript's numbers would lose digits; nothing here is HTML.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _text
from lognb.result import Result
from lognb.schema import LEVELS
from lognb.widgets.records import CUT, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from lognb.widgets.tabs import Column

RIGHT: Final = ("number", "errors", "bar", "bytes", "share", "duration")
"""Kinds whose values stand at the right."""
_READ: Final = ("text", "code", "words", "severity", "change")
"""Kinds that a search looks into."""


def cells(frame: pl.DataFrame, columns: Sequence[Column]) -> dict[str, list[Any]]:
    """The values of each column, as its kind is drawn."""
    return {c.name: _cells(frame[c.name], c.kind) for c in columns}


def arranged(
    frame: pl.DataFrame, columns: Sequence[Column], by: Column | None, *, down: bool, text: str
) -> pl.DataFrame:
    """The numbers of the rows, as the column `at`, that hold a text, sorted by a column; absent values stand last.

    >>> from lognb.widgets.tabs import Column
    >>> frame = pl.DataFrame({"a": ["x", "Xy", None], "n": [1, None, 3]})
    >>> said = [Column("a"), Column("n", "number")]
    >>> arranged(frame, said, said[1], down=True, text="")["at"].to_list()
    [2, 0, 1]
    >>> arranged(frame, said, None, down=False, text="x")["at"].to_list()
    [0, 1]
    """
    rows = pl.DataFrame({"at": pl.int_range(frame.height, dtype=pl.UInt32, eager=True)})
    if by is not None:
        rows = rows.with_columns(_key(frame[by.name], by.kind).alias("by"))
    word = text.strip().lower()
    if word:
        found = [
            _read(frame[c.name]).str.contains(word, literal=True).fill_null(False) for c in columns if c.kind in _READ
        ]
        rows = rows.filter(pl.any_horizontal(found) if found else pl.lit(False))
    return rows if by is None else rows.sort("by", descending=down, nulls_last=True, maintain_order=True)


def told(column: pl.Series, kind: str) -> list[str]:
    """The values as a page without JavaScript shows them."""
    if kind == "time":
        return [(v or "").replace("T", " ").split(".")[0].removesuffix("Z") for v in text_of(column).to_list()]
    if kind == "flag":
        return ["yes" if v else "" for v in column.to_list()]
    return ["" if v is None else _SAID.get(kind, str)(v) for v in _cells(column, kind)]


def copied(result: Result, frame: pl.DataFrame, columns: Sequence[Column], format: str) -> str:
    """Rows of a result as Markdown, as they are shown, or as CSV, with every digit."""
    wanted = frame.select(c.name for c in columns)
    if format == "markdown":
        wanted = pl.DataFrame({head(c): told(frame[c.name], c.kind) for c in columns})
    part = Result(wanted, result.sentence, result.title, result.query, result.sources)
    return part.to_csv() if format == "csv" else part.to_markdown(max(1, wanted.height))


def speaks(column: pl.Series, kind: str) -> bool:
    """Is there anything to see in a column? One without rows may have something."""
    if not len(column):
        return True
    if kind == "flag":
        return bool(column.any())
    if kind == "errors":
        return bool((column > 0).any())
    if kind == "words":
        return bool((column.list.len() > 0).any())
    return column.null_count() < len(column)


def head(column: Column) -> str:
    """The heading of a column."""
    return column.head or column.name.replace("_", " ")


def _cells(column: pl.Series, kind: str) -> list[Any]:
    if kind == "time":
        return column.cast(pl.Int64).cast(pl.String).to_list()
    if kind == "duration" and isinstance(column.dtype, pl.Duration):
        return column.dt.total_nanoseconds().to_list()
    if kind == "words":
        return [None if v is None else [_cut(str(w)) for w in v if w is not None] for v in column.to_list()]
    if kind == "trend":
        return [None if v is None else [_height(n) for n in v] for v in column.to_list()]
    if kind in ("text", "code", "severity"):
        return [None if v is None else _cut(v) for v in text_of(column).to_list()]
    if column.dtype.is_float():
        column = column.fill_nan(None)
        return [None if v is None or abs(v) == float("inf") else v for v in column.to_list()]
    return column.to_list()


_SAID: Final[dict[str, Callable[[Any], str]]] = {
    "words": lambda words: ", ".join(_text.plain(word, 60) for word in words),
    "number": _text.number,
    "errors": _text.number,
    "bar": _text.number,
    "shift": lambda n: f"{n:+.1f}",
    "bytes": lambda n: _text.size(round(n)),
    "duration": lambda ns: _text.duration(round(ns)),
    "share": lambda part: _text.share(round(part * 1_000_000), 1_000_000),
    "trend": lambda heights: _text.spark(_folded(heights)).replace(" ", "\N{NO-BREAK SPACE}"),
}


_BARS: Final = 20  # of a trend in a line of text


def _folded(heights: Sequence[float]) -> list[int]:
    """Neighbours together, so that no more than so many bars are left."""
    wide = -(-len(heights) // _BARS) or 1
    return [-int(-sum(heights[i : i + wide]) // 1) for i in range(0, len(heights), wide)]


def _cut(text: str) -> str:
    return text if len(text) <= CUT else text[:CUT] + "…"


def _height(bucket: Any) -> float:
    """A number of a trend, or that of a bucket, which stands behind its time."""
    return float((list(bucket.values())[-1] if isinstance(bucket, dict) else bucket) or 0)


def _read(column: pl.Series) -> pl.Series:
    if isinstance(column.dtype, pl.List):
        column = column.list.eval(pl.element().cast(pl.String)).list.join("\n", ignore_nulls=True)
    return text_of(column).str.to_lowercase()


def _key(column: pl.Series, kind: str) -> pl.Series:
    """What a column is sorted by: severities by rank, words by how many there are."""
    if kind == "severity":
        return column.cast(pl.String).replace_strict({v: i for i, v in enumerate(LEVELS)}, default=None)
    if kind == "words":
        return column.list.len()
    if kind in ("text", "code", "change"):
        return text_of(column).str.to_lowercase()
    return column.fill_nan(None) if column.dtype.is_float() else column
