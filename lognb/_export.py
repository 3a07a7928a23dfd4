"""Records handed on to other programs: CSV, Arrow, pandas. The functions are bound as verbs of Logs."""

from __future__ import annotations

import contextlib
import os
import threading
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import polars as pl
from polars.io.plugins import register_io_source

from lognb.errors import LognbError
from lognb.schema import RECORD

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from lognb.logs import Logs

# What a spreadsheet takes for the start of a formula; some fold the full-width forms to the plain ones first.
FORMULA: Final = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?$"


def lazy(logs: Logs, columns: Sequence[str] | None = None) -> pl.LazyFrame:
    """The same as a Polars LazyFrame that reads in batches, and only the columns it needs."""
    schema = pl.Schema(RECORD if columns is None else logs.engine.dtypes(columns))

    def batches(
        wanted: list[str] | None, predicate: pl.Expr | None, rows: int | None, size: int | None
    ) -> Iterator[pl.DataFrame]:
        left = rows
        for frame in logs.engine.batches(logs.query, wanted or list(schema), size or 122_880):
            frame = frame if left is None else frame.head(left)
            left = None if left is None else left - frame.height
            yield frame if predicate is None else frame.filter(predicate)
            if left == 0:
                return

    return register_io_source(batches, schema=schema)


def write_csv(logs: Logs, path: str | Path, columns: Sequence[str] | None = None) -> Path:
    """Write the records as CSV (RFC 4180, UTF-8), one row each in time order, in batches.

    `columns` may name any field, as in `to_polars`; without it they are those of schema.RECORD. Times are ISO text in
    UTC with every digit, absent values are empty, an empty text is "". A text (or a column's name) that a spreadsheet
    would run as a formula gets a leading apostrophe: one that begins with = + - @, their full-width forms, a tab or a
    line break; texts that are a number, as "-5", stay as they are. Spans are not written. An earlier file at `path`
    stays whole until the new one is. Raises FieldError for a field that no record has, LognbError if `path` cannot be
    written.
    """
    names = _checked(columns)
    with replacing(path) as file:
        for i, frame in enumerate(logs.engine.batches(logs.query, names)):
            _plain_cells(frame).write_csv(file, include_header=i == 0, line_terminator="\r\n")
    return Path(path)


def to_arrow(logs: Logs, columns: Sequence[str] | None = None) -> pa.Table:
    """All records in time order as a pyarrow.Table, in memory; `columns` as for `to_polars`.

    Text is large_string, a time timestamp[ns, UTC], severity a dictionary. Raises FieldError as `to_polars` does.
    """
    frame = logs.engine.fetch(logs.query, _checked(columns))
    return frame.to_arrow(compat_level=pl.CompatLevel.oldest())  # views of strings are not read everywhere yet


def to_pandas(logs: Logs, columns: Sequence[str] | None = None) -> Any:
    """All records in time order as a pandas.DataFrame, in memory; `columns` as for `to_polars`.

    The columns are Arrow's: an integer with gaps stays an integer, and null is not NaN. Raises LognbError without
    pandas, which lognb does not bring along; FieldError as `to_polars` does.
    """
    try:
        import pandas as pd
    except ImportError as error:
        what = "to_pandas needs pandas, which cannot be imported here"
        raise LognbError(f"{what}: `pip install pandas`, or use to_polars() or to_arrow()") from error
    return to_arrow(logs, columns).to_pandas(types_mapper=pd.ArrowDtype)


@contextlib.contextmanager
def replacing(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file beside `path` that takes its place when all is written, and goes if anything fails.

    Raises LognbError, with the system's reason, where that is not possible.
    """
    target = Path(path)
    beside = target.with_name(f"{target.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with beside.open("wb") as file:
            yield file
        beside.replace(target)
    except OSError as error:
        why = error.strerror or str(error)
        raise LognbError(f"{target} cannot be written: {why}; name another file") from error
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _checked(columns: Sequence[str] | None) -> list[str] | None:
    """The columns as a list; raises LognbError for none, and for one that is named twice."""
    if columns is None:
        return None
    names = [columns] if isinstance(columns, str) else list(columns)
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise LognbError(f"columns names {twice[0]!r} more than once; name each field once")
    if not names:
        raise LognbError("columns is empty; name fields, or leave it out for all columns of a record")
    return names


def _plain_cells(frame: pl.DataFrame) -> pl.DataFrame:
    """Times as ISO text, texts unarmed."""
    cells = []
    for name, dtype in frame.schema.items():
        column = pl.col(name)
        if isinstance(dtype, pl.Datetime):
            column = column.dt.strftime("%Y-%m-%dT%H:%M:%S%.fZ")
        elif dtype == pl.String:
            armed = column.str.contains(FORMULA) & ~column.str.contains(_NUMBER)
            column = pl.when(armed).then("'" + column).otherwise(column)
        cells.append(column.alias(name))
    frame = frame.select(cells)
    heads = pl.Series(frame.columns)
    return frame.rename(
        {n: f"'{n}" for n, armed in zip(frame.columns, heads.str.contains(FORMULA), strict=True) if armed}
    )
