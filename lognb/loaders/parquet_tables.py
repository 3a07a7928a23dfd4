"""Parquet that other tools wrote, and frames, -> batches, some ten thousand rows at a time.

A stretch that cannot be read costs itself: row group by row group, each a line of the report with its rows.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import IO, TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from lognb.loaders import layouts, tables
from lognb.loaders.cells import is_bytes, is_text, of_json, text, whole
from lognb.loaders.decode import Decoded, Rejected
from lognb.loaders.parquet import DAMAGE, said
from lognb.loaders.tables import Spot

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from lognb.loaders.files import Source
    from lognb.loaders.report import FileReport
    from lognb.schema import Batch

ROWS: Final = 32_768
MAGIC: Final = b"PAR1"
# What a table of any kind can fail with, beyond what damage does to our own.
ERRORS: Final = (*DAMAGE, AttributeError, RecursionError, NotImplementedError, RuntimeError)

Keys = tuple["Sequence[str]", "Sequence[str]"]


class Reader:
    """Reads the Arrow tables of one source by one plan. Raises SourceError if `columns` does not fit them."""

    def __init__(
        self, source: Source, names: Sequence[str], first: bytes, report: FileReport, keys: Keys,
        columns: Mapping[str, str] | None,
    ) -> None:  # fmt: skip
        self.constants = {k: v for k, v in source.partition if k not in names}
        self.names = unique([*names, *self.constants])
        self.plan = layouts.plan(self.names, columns, source.name)
        self.keys = (*self.plan.session, *keys[0]), (*self.plan.user, *keys[1])
        self.report, self.first, self.name = report, first, source.name
        self.json_body: bool | None = None if self.plan.layout and self.plan.layout.json_body else False
        report.framing = self.plan.layout.name if self.plan.layout else "columns"
        report.why = self.plan.why

    @property
    def useless(self) -> str | None:
        """Why no row can be a record; None if they can."""
        if what := layouts.other(self.names):
            return f"a table of {what}: log records are read from tables, {what} are not"
        if not {"timestamp", "observed_timestamp", "body", "event_name"} & set(self.plan.parts):
            shown = ", ".join(map(repr, self.names[:30])) + (" …" if len(self.names) > 30 else "")
            return (
                f"no column is known as time or body; name them, as columns={{'body': …, 'time': …}}; there are {shown}"
            )
        return None

    def decode(self, table: pa.Table, row: int) -> Decoded:
        """Some rows, of which the first has the number `row`."""
        for name, value in self.constants.items():
            table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
        table = table.rename_columns(self.names)
        out = Decoded(units=1)
        if self.json_body is None:
            self.json_body = self._quoted(table, out.notes)
        rows = tables.rows_of(table, self.plan, out.notes, json_body=bool(self.json_body))
        place = Spot(self.name, self.first, row).place(table.num_rows)
        out.batch = tables.to_batch(rows, place, self.keys, out.notes)
        out.records = len(out.batch.records)
        out.signals = {"logs"} if out.records else set()
        return out

    def _quoted(self, table: pa.Table, notes: Counter[str]) -> bool | None:
        """Whether bodies are JSON text: all of them are JSON and one is a string in quotes. None if there are none."""
        body = self.plan.one("body")
        array = whole(table[body]) if body else None
        if array is None or not (is_text(array.type) or is_bytes(array.type)):
            return False
        found = text(array.slice(0, 10_000), notes).drop_nulls().unique().to_list()
        if not found:
            return None
        quoted = any(t.startswith('"') for t in found) and all(map(_is_json, found))
        self.report.why += "; bodies are " + ("JSON text" if quoted else "plain text, as the first of them show")
        return quoted


def _is_json(item: str) -> bool:
    from collections import Counter

    try:
        of_json(item.strip().encode(), Counter())
    except (ValueError, RecursionError):
        return False
    return True


def unique(names: Sequence[str]) -> list[str]:
    """Names of columns, of which a second one of the same name gets a number."""
    seen: dict[str, int] = {}
    out = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        out.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return out


def file(
    source: Source, raw: IO[bytes], report: FileReport, keys: Keys, columns: Mapping[str, str] | None
) -> Iterator[Batch]:
    """Batches of one Parquet file. Raises SourceError if `columns` does not fit it."""
    report.format, report.stream_bytes = "parquet", report.bytes
    try:
        opened = pq.ParquetFile(raw, pre_buffer=False, buffer_size=1 << 20)
        facts = opened.metadata
        sizes = [max(facts.row_group(i).num_rows, 0) for i in range(facts.num_row_groups)]
        names = opened.schema_arrow.names
        first = _first(raw)
    except ERRORS as e:
        report.why = f"Parquet that cannot be read: {said(e)}"
        return _reject(report, Rejected(0, 0, report.bytes, report.why, None))
    reader = Reader(source, names, first, report, keys, columns)
    if reason := reader.useless:
        if layouts.other(names) == "metrics":
            report.metrics, report.signals, report.why = sum(sizes), ["metrics"], "a table of metrics"
            report.accepted_bytes = report.bytes
            return None
        report.why = reason
        return _reject(report, Rejected(1, 0, report.bytes, reason, sum(sizes)))
    row = 1
    for group, size in enumerate(sizes):
        yield from _group(opened, group, row, size, reader)
        row += size
    report.accepted_bytes = report.bytes - report.rejected_bytes
    return None


def _reject(report: FileReport, rejected: Rejected) -> None:
    report.rejected_bytes += rejected.length
    report.reject(rejected)


def _first(raw: IO[bytes]) -> bytes:
    """What stands for the file in record ids: how it starts, and its end with the sizes and statistics of columns."""
    raw.seek(0)
    head = raw.read(1 << 16)
    end = raw.seek(0, 2)
    raw.seek(max(0, end - (1 << 16)))
    return blake2b(head + raw.read() + end.to_bytes(8, "little"), digest_size=16).digest()


def _group(opened: pq.ParquetFile, group: int, row: int, size: int, reader: Reader) -> Iterator[Batch]:
    done = 0
    report = reader.report
    try:
        for part in opened.iter_batches(ROWS, row_groups=[group]):
            decoded = reader.decode(pa.Table.from_batches([part]), row + done)
            done += part.num_rows
            report.add(decoded)
            if decoded.batch is not None:
                yield decoded.batch
        reason = "" if done >= size else "the row group ends early"
    except ERRORS as e:
        reason = said(e)
    if reason:
        offset, length = _stretch(opened, group)
        left = max(size - done, 0)
        what = f"rows {row + done:,} to {row + size - 1:,} (row group {group + 1}) cannot be read: {reason}"
        _reject(report, Rejected(row + done, offset, min(length, report.bytes - report.rejected_bytes), what, left))


def _stretch(opened: pq.ParquetFile, group: int) -> tuple[int, int]:
    """(offset, length) of a row group in its file, as far as its metadata can be read."""
    try:
        facts = opened.metadata.row_group(group)
        chunks = [facts.column(i) for i in range(facts.num_columns)]
        size = sum(max(c.total_compressed_size, 0) for c in chunks)
        return max(min(c.dictionary_page_offset or c.data_page_offset for c in chunks), 0), size
    except ERRORS:
        return 0, 0


def frame(source: Source, report: FileReport, keys: Keys, columns: Mapping[str, str] | None) -> Iterator[Batch]:
    """Batches of a frame. Raises SourceError if `columns` does not fit it or no column can be told."""
    assert source.frame is not None
    report.format = "frame"
    reader = Reader(source, source.frame.names, source.frame.first, report, keys, columns)
    if reason := reader.useless:
        report.why = reason
        return _reject(report, Rejected(1, 0, 0, reason, None))
    row = 1
    for table in _slices(source.frame.batches()):
        try:
            decoded = reader.decode(table, row)
        except ERRORS as e:
            what = f"rows {row:,} to {row + table.num_rows - 1:,} cannot be read: {said(e)}"
            _reject(report, Rejected(row, 0, 0, what, table.num_rows))
        else:
            report.add(decoded)
            if decoded.batch is not None:
                yield decoded.batch
        row += table.num_rows
    return None


def _slices(parts: Iterable[Any]) -> Iterator[pa.Table]:
    for part in parts:
        table = pa.Table.from_batches([part]) if isinstance(part, pa.RecordBatch) else part
        for start in range(0, table.num_rows, ROWS):
            yield table.slice(start, ROWS)
