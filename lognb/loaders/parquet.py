"""lognb's own Parquet -> batches: the flat columns become pairs again. Layout: schema.py.

A row group that cannot be read costs itself, a file its own records; each is a line of the report that names the file.
"""

from __future__ import annotations

import gzip
import json
import zlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lognb.loaders.batch import nothing
from lognb.loaders.decode import Decoded, Rejected
from lognb.loaders.pairs import PAIRS
from lognb.loaders.values import ARRAY, BOOL, BYTES, DOUBLE, EMPTY, INT, KVLIST, STRING
from lognb.schema import (
    FLAT_KINDS,
    KIND,
    LAYOUT_VERSION,
    RECORD,
    RECORDED,
    SEVERITY,
    SPAN,
    STORED,
    TIME,
    Batch,
    flat_split,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from lognb.loaders.files import Source
    from lognb.loaders.report import FileReport

ROWS: Final = 30_720  # a quarter of a row group
# A damaged file can fail in Arrow and, handed on, in Polars, whose panics do not derive from Exception.
DAMAGE: Final = (
    pa.ArrowException, OSError, ValueError, TypeError, KeyError, IndexError, MemoryError, OverflowError,
    pl.exceptions.PolarsError, pl.exceptions.PanicException,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Tables:
    """`sources`: names by source_ix; `resources`: texts, and `place`, the row of each resource_ix (-1: none)."""

    sources: pl.DataFrame
    resources: pl.DataFrame
    place: NDArray[np.int64]


def folder(source: Source, report: FileReport) -> Iterator[Batch]:
    """Batches of a folder that write_parquet wrote; record ids and source names are the stored ones."""
    assert source.path is not None
    report.format, report.framing, report.why = "parquet", "lognb", "a folder with lognb's manifest"
    report.stream_bytes = report.bytes
    try:
        manifest = _manifest(source.path)
        tables = _tables(source.path, report)
    except DAMAGE as e:
        report.why = f"{source.path.name}: {said(e)}"
        report.rejected_bytes = report.bytes
        report.reject(Rejected(0, 0, report.bytes, report.why, None))
        return
    for file in sorted(source.path.glob("logs-*.parquet")):
        yield from _file(file, report, lambda table, notes: _records(table, tables, notes))
    if (source.path / "spans.parquet").is_file():
        yield from _file(source.path / "spans.parquet", report, lambda table, notes: _spans(table, tables, notes))
    if (source.path / "recordings.parquet").is_file():
        yield from _file(
            source.path / "recordings.parquet", report, lambda table, notes: _recordings(table, tables, notes)
        )
    known = report.records + (report.rejected_records or 0)
    if report.rejected_records is not None and known < manifest["records"]:
        missing = manifest["records"] - known
        reason = f"the folder is not whole: {missing:,} of its {manifest['records']:,} records are in no file"
        report.reject(Rejected(0, 0, 0, reason, missing))
    report.accepted_bytes = report.bytes - report.rejected_bytes


def _manifest(directory: Path) -> dict[str, Any]:
    manifest = json.loads((directory / "manifest.json").read_text(encoding="utf-8"))
    if not isinstance(manifest, dict) or manifest.get("format") != "lognb" or type(manifest.get("records")) is not int:
        raise ValueError("manifest.json is not lognb's or is damaged")
    if manifest.get("layout") != LAYOUT_VERSION:
        raise ValueError(
            f"layout version {manifest.get('layout')}, this lognb reads {LAYOUT_VERSION}; read its sources again"
        )
    return manifest


def _tables(directory: Path, report: FileReport) -> _Tables:
    sources = _small(directory / "sources.parquet", {"source_ix": pl.UInt32(), "name": pl.String()})
    resources = _small(directory / "resources.parquet", {"resource_ix": pl.UInt32(), "resource": pl.String()})
    ix = resources["resource_ix"].to_numpy().astype(np.int64)
    if len(ix) and ix.max() > 100_000_000:
        raise ValueError("resources.parquet: row numbers without end")
    place = np.full(int(ix.max()) + 1 if len(ix) else 0, -1, np.int64)
    place[ix] = np.arange(len(ix))
    notes: dict[str, int] = {}
    texts = _objects(resources["resource"], notes)
    report.notes.update(notes)
    return _Tables(sources, pl.DataFrame({"resource": texts}), place)


def _small(path: Path, columns: dict[str, pl.DataType]) -> pl.DataFrame:
    try:
        return pl.DataFrame(pq.read_table(path, columns=list(columns))).select(list(columns)).cast(columns)  # type: ignore[arg-type]
    except DAMAGE as e:
        raise ValueError(f"{path.name} cannot be read: {said(e)}") from None


def _file(path: Path, report: FileReport, decode: Callable[[pa.Table, Counter[str]], Batch]) -> Iterator[Batch]:
    """Batches of one file, row group by row group."""
    try:
        file = pq.ParquetFile(path)
    except DAMAGE as e:
        size = path.stat().st_size if path.exists() else 0
        report.rejected_bytes += size
        report.reject(Rejected(0, 0, size, f"{path.name} cannot be read: {said(e)}", None))
        return
    with file:
        for group in range(file.metadata.num_row_groups):
            yield from _group(file, group, path.name, report, decode)


def _group(
    file: pq.ParquetFile, group: int, name: str, report: FileReport, decode: Callable[[pa.Table, Counter[str]], Batch]
) -> Iterator[Batch]:
    facts = file.metadata.row_group(group)
    done = 0
    try:
        for part in file.iter_batches(ROWS, row_groups=[group]):
            decoded = Decoded(units=1 if not done else 0)
            batch = decode(pa.table(part), decoded.notes)
            done += part.num_rows
            decoded.batch, decoded.records, decoded.spans = batch, len(batch.records), len(batch.spans)
            decoded.recorded = int(batch.recordings["events"].sum())
            found = (("logs", decoded.records), ("traces", decoded.spans), ("recordings", decoded.recorded))
            decoded.signals = {signal for signal, n in found if n}
            report.add(decoded)
            yield batch
    except DAMAGE as e:
        chunks = [facts.column(i) for i in range(facts.num_columns)]
        size = min(sum(max(c.total_compressed_size, 0) for c in chunks), report.bytes - report.rejected_bytes)
        report.rejected_bytes += size
        offset = min((c.dictionary_page_offset or c.data_page_offset for c in chunks), default=0)
        lost = 0 if name in ("spans.parquet", "recordings.parquet") else max(facts.num_rows - done, 0)
        what = f"{name}, row group {group + 1}, {facts.num_rows - done:,} rows cannot be read: {said(e)}"
        report.reject(Rejected(group + 1, offset, size, what, lost))


def _records(table: pa.Table, tables: _Tables, notes: Counter[str]) -> Batch:
    frame = pl.DataFrame(table)
    plain = _in_utc(frame, RECORD)
    fixed = plain.select(
        *(pl.col(n).cast(t) for n, t in STORED.items() if n != "severity"),
        _severity(plain["severity"], notes),
    )
    resource = _place(tables.place, fixed["resource_ix"], "resource")
    fixed = fixed.with_columns(
        pl.Series("resource_ix", resource, dtype=pl.UInt32),
        _names(tables.sources, fixed["source_ix"]),
        _objects(fixed["scope_attributes"], notes),
    )
    offsets, codes, pairs = _attributes(frame, notes)
    columns = [n for n in RECORD if n not in ("attributes", "resource")] + ["resource_ix"]
    return Batch(fixed.select(columns), offsets, codes, pairs, tables.resources, pl.DataFrame(schema=SPAN))


def _spans(table: pa.Table, tables: _Tables, notes: Counter[str]) -> Batch:
    frame = _in_utc(pl.DataFrame(table), SPAN)
    texts = [_objects(frame[n], notes) for n in ("attributes", "resource", "scope_attributes")]
    lists = [_objects(frame[n], notes, "[]") for n in ("events", "links")]
    spans = frame.with_columns(*texts, *lists, _names(tables.sources, frame["source_ix"].cast(pl.UInt32)))
    return replace(nothing(), spans=spans.select(*(pl.col(n).cast(t) for n, t in SPAN.items())))


def _recordings(table: pa.Table, tables: _Tables, notes: Counter[str]) -> Batch:
    """What is no gzip of a JSON array would be met when it is played: it is left out, and counted."""
    frame = _in_utc(pl.DataFrame(table), RECORDED)
    frame = frame.with_columns(_names(tables.sources, frame["source_ix"].cast(pl.UInt32)), windows=pl.lit(1))
    whole = pl.Series([_whole(data) for data in frame["data"].to_list()], dtype=pl.Boolean)
    if not whole.all():
        notes["recording that is no gzip of JSON, left out"] += int((~whole).sum())
    frame = frame.filter(whole).with_columns(windows=pl.col("window_ids").list.len().clip(1))
    return replace(nothing(), recordings=frame.select(*(pl.col(n).cast(t) for n, t in RECORDED.items())))


def _whole(data: bytes | None) -> bool:
    try:
        return msgspec.json.decode(gzip.decompress(data or b""), type=list[msgspec.Raw]) is not None
    except (OSError, EOFError, zlib.error, msgspec.DecodeError, RecursionError):
        return False


def _in_utc(frame: pl.DataFrame, schema: dict[str, pl.DataType]) -> pl.DataFrame:
    """Times are stored without a zone."""
    times = [n for n, t in schema.items() if t == TIME]
    return frame.with_columns(pl.col(times).dt.replace_time_zone("UTC"))


def _severity(words: pl.Series, notes: Counter[str]) -> pl.Series:
    levels = words.cast(SEVERITY, strict=False)
    if levels.null_count():
        notes["severity of no known name, taken as unspecified"] += levels.null_count()
    return levels.fill_null("unspecified")


def _place(place: NDArray[np.int64], ix: pl.Series, what: str) -> NDArray[np.int64]:
    at = ix.to_numpy().astype(np.int64)
    if ix.null_count() or (len(at) and (at.max() >= len(place) or place[at].min() < 0)):
        raise ValueError(f"a record names a {what} that is in no table")
    return np.array(place[at])


def _names(sources: pl.DataFrame, ix: pl.Series) -> pl.Series:
    names = ix.replace_strict(sources["source_ix"], sources["name"], return_dtype=pl.String)
    return names.alias("source")


def _objects(texts: pl.Series, notes: Any, empty: str = "{}") -> pl.Series:
    """JSON objects (or arrays) as they are; a text that is none is emptied and counted, so that no engine meets it."""
    check = msgspec.json.Decoder(dict[str, msgspec.Raw] if empty == "{}" else list[msgspec.Raw]).decode
    bad = [t for t in texts.unique().to_list() if not _reads(check, t)]
    if not bad:
        return texts
    odd = texts.is_in(bad, nulls_equal=True)
    note = f"{texts.name} that is no JSON, taken as empty"
    notes[note] = notes.get(note, 0) + int(odd.sum())
    return texts.set(odd, empty)


def _reads(check: Callable[[str], Any], text: str | None) -> bool:
    try:
        return text is not None and check(text) is not None
    except (msgspec.DecodeError, RecursionError):
        return False


def _attributes(frame: pl.DataFrame, notes: Counter[str]) -> tuple[NDArray[np.int64], NDArray[np.uint32], pl.DataFrame]:
    """Offsets, codes and pairs: of each record what its lists hold in the order sent, then the flat columns."""
    rows, codes, tables = [], [], []
    base = 0
    for places, coded, table in (_listed(frame, notes), *(_flat(frame[c]) for c in frame.columns if flat_split(c))):
        rows.append(places)
        codes.append(coded + base)
        tables.append(table)
        base += len(table)
    row = np.concatenate(rows)
    order = np.argsort(row, kind="stable")
    offsets = np.concatenate(([0], np.cumsum(np.bincount(row, minlength=len(frame))))).astype(np.int64)
    return offsets, np.concatenate(codes)[order].astype(np.uint32), pl.concat(tables)


_Coded = tuple["NDArray[np.int64]", "NDArray[np.int64]", pl.DataFrame]  # rows, codes, the pairs that codes name


def _flat(column: pl.Series) -> _Coded:
    split = flat_split(column.name)
    assert split is not None
    key, kind = split
    if column.dtype != FLAT_KINDS[kind]:
        raise ValueError(f"column {column.name!r} is {column.dtype}, not {FLAT_KINDS[kind]}")
    coded, distinct = _coded(column)
    text = _text(distinct, kind)
    table = text.to_frame("text").select(
        pl.lit(key).alias("key"), pl.lit(KIND[kind], pl.UInt8).alias("kind"), pl.col("text")
    )
    return column.is_not_null().arg_true().to_numpy().astype(np.int64), coded, table


def _coded(values: pl.Series) -> tuple[NDArray[np.int64], pl.Series]:
    """(for each value that is not null its place among the distinct ones, these)."""
    coded = values.drop_nulls().to_arrow(compat_level=pl.CompatLevel.oldest()).dictionary_encode()
    return np.array(coded.indices, np.int64), pl.Series(coded.dictionary, dtype=values.dtype)


def _text(values: pl.Series, kind: str) -> pl.Series:
    """As pairs have it: strings as they are, everything else as its JSON literal."""
    if kind != "double":
        return values if kind == "string" else pl.select(pl.lit(values).cast(pl.String)).to_series()
    names = {"NaN": "NaN", "inf": "Infinity", "-inf": "-Infinity"}
    return values.cast(pl.String).replace({odd: '{"$double":"%s"}' % name for odd, name in names.items()})


def _listed(frame: pl.DataFrame, notes: Counter[str]) -> _Coded:
    """The pairs of the two lists, which stand last sent first, as they were sent."""
    keys, literals = frame["attr_keys"], frame["attr_values"]
    size = keys.list.len().fill_null(0)
    if not size.equals(literals.list.len().fill_null(0), check_dtypes=False):
        raise ValueError("attr_keys and attr_values are not of one length")
    rows = np.repeat(np.arange(len(frame)), size.to_numpy().astype(np.int64))
    if not len(rows):
        return rows, rows, pl.DataFrame(schema=PAIRS)
    used = (size > 0).fill_null(value=False)
    flat = pl.DataFrame({"key": _turned(keys.filter(used)), "literal": _turned(literals.filter(used))})
    if flat["key"].null_count() or flat["literal"].null_count():
        raise ValueError("attr_keys or attr_values hold null")
    pairs = flat.select(pl.struct("key", "literal").alias("pair")).to_series()
    distinct = pairs.unique(maintain_order=True)
    numbered = distinct.struct.unnest().with_row_index("code")
    codes = flat.join(numbered, on=["key", "literal"], how="left", maintain_order="left")["code"]
    typed = [_typed(text, notes) for text in distinct.struct.field("literal").to_list()]
    kinds, texts = [k for k, _ in typed], [t for _, t in typed]
    table = pl.DataFrame({"key": distinct.struct.field("key"), "kind": kinds, "text": texts}, schema=PAIRS)
    return rows, codes.to_numpy().astype(np.int64), table


def _turned(lists: pl.Series) -> pl.Series:
    return lists.list.reverse().explode()


_KIND: Final = {'"': STRING, "t": BOOL, "f": BOOL, "n": EMPTY, "[": ARRAY, "{": KVLIST}
_literal: Final = msgspec.json.Decoder(msgspec.Raw).decode


def _typed(text: str, notes: Counter[str]) -> tuple[int, str]:
    """A JSON literal -> (kind, text); what is none is kept as text and counted."""
    if not _reads(_literal, text):
        notes["value that is no JSON, kept as text"] += 1
        return STRING, text
    kind = _KIND.get(text[0])
    if kind == STRING:
        return STRING, json.loads(text)
    if kind == KVLIST and text.startswith(('{"$bytes":', '{"$double":')):
        return (BYTES if text.startswith('{"$b') else DOUBLE), text
    if kind is None:
        return (DOUBLE if any(c in text for c in ".eE") else INT), text
    return kind, text


def said(error: BaseException) -> str:
    """The first line of what a library says."""
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
