"""CSV and its kin -> records. Cells stay text: "007" is not 7, and a column of digits may be a name.

A row may hold line ends inside quotes, so a stream is cut where the quotes are even. What then does not fit the header
is read again line by line: a row with too many or too few cells costs its line. An empty cell is an absent value.
"""

from __future__ import annotations

import csv
import io
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from lognb.loaders import layouts, tables
from lognb.loaders.cells import INVALID
from lognb.loaders.columns import Place, record_ids, unit_key
from lognb.loaders.decode import Rejected
from lognb.loaders.framing import BOM, Form, Unit
from lognb.loaders.parquet import said
from lognb.loaders.parquet_tables import ERRORS, unique

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

    from lognb.loaders.decode import Chunk, Decoded

DELIMITERS: Final = {"comma": ",", "tab": "\t", "semicolon": ";", "bar": "|"}
_BLOCK: Final = 4 << 20  # bytes of rows that are decoded together
_QUOTED: Final = 64 << 20  # bytes without an even number of quotes after which one of them is taken as a stray
_LINES: Final = 1_000  # lines that one row may have where rows do not fit the header


def sniff(head: bytes, columns: Mapping[str, str] | None) -> tuple[Form, tuple[str, ...]] | None:
    """(what it is, the names of the header), if the first line is a header and the next ones fit it; else None."""
    text = head.removeprefix(BOM)
    if text[:1] in (b"{", b"[", b"", b"\0"):
        return None
    try:
        lines = text.decode("utf-8", "strict" if len(head) < 1 << 16 else "ignore").splitlines()[:20]
    except UnicodeDecodeError as e:
        lines = text[: e.start].decode().splitlines()[:20]
    best: tuple[int, str, tuple[str, ...]] | None = None
    for framing, delimiter in DELIMITERS.items():
        names = _header(lines, delimiter, columns)
        if names and (best is None or len(names) > best[0]):
            best = (len(names), framing, names)
    if best is None:
        return None
    return Form("csv", best[1], f"a header of {best[0]} columns, and rows that fit it"), best[2]


def _header(lines: list[str], delimiter: str, columns: Mapping[str, str] | None) -> tuple[str, ...]:
    """The names of the first line, if some of them are known and most rows have as many cells; else ()."""
    try:
        rows = list(islice(csv.reader([line + "\n" for line in lines], delimiter=delimiter), 8))
    except csv.Error:
        return ()
    names = [name.strip() for name in rows[0]] if rows else []
    if len(names) < 2 or not all(name.isprintable() and 0 < len(name) < 200 for name in names):
        return ()
    named = {known[0] for name in names if (known := layouts.usual(name))}
    if not (columns or layouts.find(names)[0] or named & {"timestamp", "body"}):
        return ()
    body = [row for row in rows[1:] if row]
    fit = sum(len(row) == len(names) for row in body[:-1] or body)  # the last may be cut
    return tuple(unique(names)) if not body or (2 * fit > len(body[:-1] or body) - 1 and fit) else ()


def units(blocks: Iterator[bytes]) -> Iterator[Unit]:
    """Stretches of whole rows; `position` is the line that one starts at. The header belongs to the first stretch."""
    held, offset, line, first, ended = b"", 0, 1, True, False
    while not ended:
        parts, size = [held], len(held)
        while size < (_BLOCK if len(held) < _BLOCK else len(held) + _BLOCK):
            block = next(blocks, b"")
            ended = not block
            if ended:
                break
            parts.append(block)
            size += len(block)
        held = b"".join(parts)
        stop = len(held) if ended else _cut(held)
        if not stop:
            continue
        data, held = held[:stop], held[stop:]
        skipped = _line_end(data) if first else 0
        yield Unit(data[skipped:], offset, stop, line + bool(skipped))
        first, offset, line = False, offset + stop, line + data.count(b"\n")


def _line_end(data: bytes) -> int:
    at = data.find(b"\n")
    return len(data) if at < 0 else at + 1


def start(head: bytes) -> bytes:
    """The header and the first row: what stands for the source in record ids."""
    return b"\n".join(head.split(b"\n", 2)[:2])


def _cut(data: bytes) -> int:
    """Behind the last row that is whole; 0 if none is yet."""
    ends, _ = _row_ends(data)
    if len(ends):
        return int(ends[-1]) + 1
    return data.rfind(b"\n") + 1 if len(data) > _QUOTED else 0


def _row_ends(data: bytes) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """(places of the line ends outside of quotes, places of all line ends)."""
    a = np.frombuffer(data, np.uint8)
    lines = np.flatnonzero(a == 0x0A)
    quotes = np.flatnonzero(a == 0x22)
    return lines[np.searchsorted(quotes, lines) % 2 == 0] if len(quotes) else lines, lines


def decode(chunk: Chunk, out: Decoded) -> None:
    """Fill `out` from stretches of rows."""
    from lognb.loaders.batch import joined

    plan = layouts.plan([*chunk.names, *dict(chunk.partition)], chunk.columns, chunk.source)
    keys = (*plan.session, *chunk.keys[0]), (*plan.user, *chunk.keys[1])
    made = []
    for unit in chunk.units:
        try:
            table, lines = _rows(unit, chunk, out)
            for name, value in chunk.partition:
                table = table.append_column(name, pa.array([value] * table.num_rows, pa.string()))
            if table.num_rows:
                ids = record_ids(np.full(len(lines), unit_key(chunk.first, 0), np.uint64), lines)
                rows = tables.rows_of(table, plan, out.notes)
                made.append(tables.to_batch(rows, Place(chunk.source, ids, lines), keys, out.notes))
        except ERRORS as e:
            out.rejected = [r for r in out.rejected if not unit.offset <= r.offset < unit.offset + unit.size]
            out.reject(unit, f"rows that could not be read: {said(e)}")
    if made:
        out.batch = joined(made)
        out.records = len(out.batch.records)
        out.signals |= {"logs"}


def _rows(unit: Unit, chunk: Chunk, out: Decoded) -> tuple[pa.Table, NDArray[np.int64]]:
    """The rows as a table of text, and the line that each starts at."""
    data = unit.data
    ends, lines = _row_ends(data)
    if not len(ends) or ends[-1] != len(data) - 1:
        ends = np.append(ends, len(data))
    starts = np.concatenate(([0], ends[:-1] + 1))
    size = ends - starts
    blank = (size == 0) | ((size == 1) & (np.frombuffer(data + b"\n", np.uint8)[starts] == 0x0D))
    table = _fast(data, chunk)
    if table is not None and table.num_rows == int((~blank).sum()):
        return table, unit.position + np.searchsorted(lines, starts[~blank]).astype(np.int64)
    return _slow(unit, chunk, out)


def _fast(data: bytes, chunk: Chunk) -> pa.Table | None:
    """By Arrow; None if a row does not fit or text is no UTF-8."""
    try:
        return pc.read_csv(
            io.BytesIO(data),
            pc.ReadOptions(column_names=list(chunk.names), use_threads=False, block_size=len(data) + 1),
            pc.ParseOptions(delimiter=DELIMITERS[chunk.framing], newlines_in_values=True),
            pc.ConvertOptions(
                column_types=dict.fromkeys(chunk.names, pa.large_string()), strings_can_be_null=True, null_values=[""]
            ),
        )
    except pa.ArrowException:
        return None


def _slow(unit: Unit, chunk: Chunk, out: Decoded) -> tuple[pa.Table, NDArray[np.int64]]:
    """Line by line: what does not fit costs its line."""
    raw = unit.data.split(b"\n")
    texts = []
    for data in raw:
        try:
            texts.append(data.decode() + "\n")
        except UnicodeDecodeError:
            out.notes[INVALID] += 1
            texts.append(data.decode("utf-8", "replace") + "\n")
    limit = csv.field_size_limit(len(unit.data) + 1)
    try:
        rows, lines = _by_line(unit, raw, texts, chunk, out)
    finally:
        csv.field_size_limit(limit)
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(chunk.names)
    arrays = [pa.array([cell or None for cell in column], pa.large_string()) for column in columns]
    return pa.table(arrays, names=list(chunk.names)), np.asarray(lines, np.int64)


def _by_line(
    unit: Unit, raw: list[bytes], texts: list[str], chunk: Chunk, out: Decoded
) -> tuple[list[list[str]], list[int]]:
    rows, lines = [], []
    at, offset = 0, unit.offset + unit.size - len(unit.data)
    while at < len(raw):
        used, reason = 1, ""
        if raw[at].strip():
            reader = csv.reader(islice(texts, at, at + _LINES), delimiter=DELIMITERS[chunk.framing])
            try:
                row = next(reader)
                reason = f"{len(row)} cells, the header has {len(chunk.names)}"
            except (csv.Error, StopIteration) as e:
                row, reason = [], said(e)
            if len(row) == len(chunk.names):
                used, reason = reader.line_num, ""
                if at + used >= len(raw) and row[-1].endswith("\n"):
                    row[-1] = row[-1][:-1]  # the end that was put behind the last line
                rows.append(row)
                lines.append(unit.position + at)
        if reason:
            size = len(raw[at]) + (at + 1 < len(raw))
            out.rejected.append(Rejected(unit.position + at, offset, size, reason, 1))
        offset += sum(len(r) + 1 for r in raw[at : at + used])
        at += used
    return rows, lines
