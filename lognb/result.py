"""Result: what an analysis found, as a small frame that can draw itself, say itself and tell where it came from."""

from __future__ import annotations

import io
import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lognb import _html
from lognb._export import FORMULA
from lognb._text import count, duration, grid, number, plain, plural, share, spark, wrapped
from lognb.errors import LognbError
from lognb.query import format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import altair as alt

    from lognb._origin import Origin
    from lognb.query import Query

SHOWN = 20
"""How many rows a display shows; the rest is counted, and in `frame`."""

_HEAD, _LINE = 100, 120  # characters of title and sentence in a line over a chart: longer ones would make it wider
_SPARKS = ("histogram", "trend")  # lists that show as small bars of what they count
_COUNTS = pl.List(pl.Struct({"value": pl.String(), "records": pl.UInt64()}))
_CELL = 200  # characters of a cell in a display; the whole text is in the frame


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """An analysis' answer.

    `frame` is the answer as a small Polars frame (its columns are told in the analysis' docstring), `sentence` the
    finding in words, `query` the records it looked at and `sources` the names of the files they came from. In a
    notebook it shows sentence, chart and first rows, without JavaScript.
    """

    frame: pl.DataFrame
    sentence: str
    title: str
    query: Query
    sources: tuple[str, ...]
    draw: Callable[[pl.DataFrame], alt.TopLevelMixin] | None = field(default=None)
    shown: Sequence[str] = ()
    """The columns that a display shows; none named: all. What is left out is said, and in the frame."""
    origin: Origin | None = field(default=None)
    """How to have it again; known of what a verb of Logs gives."""

    def chart(self) -> Any:
        """The frame as an Altair chart, titled with the finding; raises LognbError where there is nothing to draw."""
        lines = (wrapped(plain(self.title), _HEAD), wrapped(plain(self.sentence), _LINE))
        head, said = (line[0] if len(line) == 1 else line for line in lines)
        title = {"text": head, "subtitle": said, "offset": 10}
        return self._drawn().properties(title=title)

    def to_markdown(self, most: int = SHOWN) -> str:
        """Sentence, the first rows (`most` of them) and origin as Markdown; log text stands in it escaped."""
        header = "| " + " | ".join(escaped(c) for c in self._columns()) + " |"
        rule = "|" + "|".join(" ---: " if r else " --- " for r in self._right()) + "|"
        rows = ["| " + " | ".join(escaped(c) for c in row) + " |" for row in self._cells(most=most)]
        origin = escaped(self._origin(most))
        lines = [f"**{escaped(self.sentence)}**", "", header, rule, *rows, "", f"*{origin}*", ""]
        return "\n".join(lines)

    def to_csv(self) -> str:
        """The frame as CSV; a text that a spreadsheet would run as a formula (it begins with = + - @, their full-width
        forms, a tab or a line break) gets a leading '.
        """
        return _unarmed(_flat(_portable(self.frame))).write_csv()

    def to_dict(self, most: int | None = None) -> dict[str, Any]:
        """Everything but the chart as plain JSON values: times as ISO text in UTC, record ids as decimal strings.

        With `most` it is small enough to paste, as `to_markdown` is: so many rows `of` how many, the columns that a
        display shows, texts and lists as it cuts them.
        """
        frame = self.frame if most is None else self._brief(most)
        return {
            "title": self.title,
            "sentence": self.sentence,
            "query": str(self.query),
            "sources": list(self.sources),
            "columns": frame.columns,
            "rows": [[_json(v) for v in row] for row in _portable(frame).iter_rows()],
            **({} if most is None else {"of": self.frame.height}),
        }

    def write(self, path: str | Path) -> Path:
        """Write the frame as .csv, .parquet or .json, or the chart as .svg or .png, as the ending of `path` says.

        In CSV no text is a formula: see `to_csv`.
        """
        path = Path(path)
        match path.suffix.lower():
            case ".csv":
                path.write_text(self.to_csv(), encoding="utf-8")
            case ".parquet":
                self.frame.write_parquet(path)
            case ".json":
                path.write_text(json.dumps(self.to_dict(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
            case ".svg" | ".png" as kind:
                self.chart().save(str(path), format=kind[1:], **({"scale_factor": 2} if kind == ".png" else {}))
            case other:
                kinds = ".csv .parquet .json .svg .png"
                raise LognbError(f"cannot write {other or 'a file without ending'!r}; use one of {kinds}")
        return path

    def to_text(self, most: int = SHOWN) -> str:
        """Sentence, the first rows (`most` of them) and origin as plain text; nothing in it steers a terminal."""
        parts = [plain(self.sentence)]
        if self.frame.width:
            header = [plain(c) for c in self._columns()]
            rows = [[plain(c) for c in row] for row in self._cells(80, most)]
            parts += ["", grid(header, rows, self._right())]
        return "\n".join([*parts, "", plain(self._origin(most))])

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        drawn = self.draw is not None and self.frame.height > 0
        chart = _html.picture(self._svg(), f"{self.title}: {self.sentence}") if drawn else ""
        levels = [c == "severity" for c in self._columns()]
        cells = [
            [_html.severity(c) if s and c in _html.PALETTE else _html.text(c) for s, c in zip(levels, row, strict=True)]
            for row in self._cells()
        ]
        table = _html.table(self._columns(), cells, self._right())
        rows = f"<details{'' if chart else ' open'}><summary>{_html.text(self._origin())}</summary>{table}</details>"
        return _html.block(f'<p class="ln-say"><b>{_html.text(self.sentence)}</b></p>', chart, rows)

    def _drawn(self) -> Any:
        if self.draw is None or not self.frame.height:
            raise LognbError(f"{self.title}: there is nothing to draw")
        return self.draw(self.frame)

    def _svg(self) -> str:
        out = io.StringIO()
        self._drawn().save(out, format="svg")
        return out.getvalue()

    def _origin(self, most: int = SHOWN) -> str:
        total = self.frame.height
        rows = f"{count(most)} of {count(total)} rows" if total > most else plural(total, "row")
        files = self.sources[0] if len(self.sources) == 1 else f"{len(self.sources)} files"
        if self.shown:
            rows += f", {len(self.shown)} of {self.frame.width} columns"
        return f"{rows} · {str(self.query) or 'all records'} · {files}"

    def _columns(self) -> list[str]:
        return list(self.shown) or self.frame.columns

    def _right(self) -> list[bool]:
        return [self.frame.schema[name].is_numeric() for name in self._columns()]

    def _brief(self, most: int) -> pl.DataFrame:
        """The first rows as they are shown, but numbers and times as they are."""
        frame = self.frame.select(self._columns()).head(most)
        long = [c for c, t in frame.schema.items() if t.is_nested() or t == pl.String]
        return frame.with_columns(pl.Series(c, texts(c, frame[c], _CELL), pl.String) for c in long)

    def _cells(self, limit: int = _CELL, most: int = SHOWN) -> list[list[str]]:
        names = self._columns()
        rows = self.frame.head(most)
        columns = [texts(name, rows[name], limit) for name in names]
        return [list(row) for row in zip(*columns, strict=True)]


def texts(name: str, column: pl.Series, limit: int | None, zone: str = "UTC") -> list[str]:
    """The values of a column as every display says them: plain text of one line, times on the clock of `zone`."""
    if isinstance(column.dtype, pl.Datetime):
        local = column.dt.replace_time_zone("UTC").dt.convert_time_zone(zone).dt.replace_time_zone(None)
        stamps = local.dt.timestamp("ns").to_list()
        return ["" if v is None else format_time(v).replace("T", " ").removesuffix("Z") for v in stamps]
    values = column.to_list()
    if (name == "share" or "_share" in name) and column.dtype.is_float():
        return ["" if v is None else share(round(v * 1_000_000), 1_000_000) for v in values]
    if column.dtype.is_integer() and name.endswith("_ns"):
        return ["" if v is None else duration(v) for v in values]
    if column.dtype.is_integer() and not name.endswith("record_id"):
        return ["" if v is None else count(v) for v in values]
    if column.dtype.is_float():
        return ["" if v is None else number(v) for v in values]
    if name in _SPARKS and isinstance(column.dtype, pl.List):
        return [spark([bin_[_counted(bin_)] for bin_ in v or ()]) for v in values]
    if column.dtype == pl.List(pl.String):
        return ["" if v is None else plain(", ".join(map(str, v)), limit) for v in values]
    if column.dtype == _COUNTS:
        return [plain(", ".join(_of_all(v or [])), limit) for v in values]
    return ["" if v is None else plain(str(v), limit) for v in values]


def _counted(cell: dict[str, Any]) -> str:
    return "occurrences" if "occurrences" in cell else "records"


def _of_all(counts: list[dict[str, Any]]) -> list[str]:
    """Values with their share; one alone needs none."""
    total = sum(c["records"] for c in counts)
    return [c["value"] if len(counts) == 1 else f"{c['value']} {share(c['records'], total)}" for c in counts]


def _portable(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as ISO text with every digit, record ids as decimal strings: what text formats can hold."""
    times = [c for c, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    iso_text = [pl.col(c).dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ") for c in times]
    return frame.with_columns(*iso_text, pl.col("^(.*_)?record_id$").cast(pl.String))


def _flat(frame: pl.DataFrame) -> pl.DataFrame:
    """Lists and objects as JSON text: a cell of CSV holds one value."""
    lists = [c for c, t in frame.schema.items() if t.is_nested() or t in (pl.Object, pl.Binary)]
    return frame.with_columns(pl.Series(c, [json.dumps(_json(v)) for v in frame[c].to_list()]) for c in lists)


def _unarmed(frame: pl.DataFrame) -> pl.DataFrame:
    def text(c: str) -> pl.Expr:
        column = pl.col(c).cast(pl.String)
        return pl.when(column.str.contains(FORMULA)).then("'" + column).otherwise(column).alias(c)

    frame = frame.with_columns(text(c) for c, t in frame.schema.items() if t == pl.String)
    return frame.rename({c: "'" + c for c in frame.columns if re.match(FORMULA, c)})


def _json(value: Any) -> Any:
    if isinstance(value, datetime):  # inside a list or struct; a column of times is text already
        return value.isoformat()
    if isinstance(value, dict):
        return {k: _json(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_json(v) for v in value]
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def coded(value: str) -> str:
    """A text as code in a line of Markdown, which nothing in it ends; "" for none."""
    value = plain(value)
    ticks = "`" * (1 + max((len(run) for run in re.findall("`+", value)), default=0))
    room = " " if value[:1] in ("`", " ") or value[-1:] in ("`", " ") else ""
    return f"{ticks}{room}{value}{room}{ticks}" if value.strip() else ""


def escaped(value: str) -> str:
    """Log text as text in Markdown, in a line or a cell."""
    # A backslash is told by number: two of them before a bracket begin a formula in notebooks.
    return "".join("&#92;" if c == "\\" else "\\" + c if c in "`*_{}[]<>#|~$&" else c for c in plain(value))
