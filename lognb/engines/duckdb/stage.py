"""Batches on their way to the store: merged to row groups, pivoted, and set down beside the target.

Few records stay in memory and are pivoted when all keys are known; beyond, row groups go to lz4 Parquet as they
come, with the flat columns that are frequent so far. Keys that turn frequent late are mended when the table is built.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb.engines.duckdb.pivot import Chunk, Type
from lognb.engines.duckdb.recordings import STAGED
from lognb.schema import LEVELS, ROW_GROUP, SPAN, STORED

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from numpy.typing import NDArray

    from lognb.schema import Batch

FREQUENT: Final = 0.05
MOST_FLAT: Final = 64
_KEYS_COUNTED: Final = 100_000
_NO_TIME: Final = np.iinfo(np.int64).max

_SPANS = {name: kind for name, kind in SPAN.items() if name != "source"} | {"source_ix": pl.UInt32()}


@dataclass(frozen=True)
class Limits:
    """How much is done in memory: measured choices, which only tests have a reason to change."""

    small: int = 250_000
    """Records up to here are never staged on disk."""
    held_bytes: int = 384 << 20
    """Nor are fewer, up to so many bytes."""
    chunk_rows: int = ROW_GROUP
    chunk_bytes: int = 128 << 20
    bucket_rows: int = 3 * ROW_GROUP
    """Rows that are sorted and written in one go, a multiple of ROW_GROUP."""


@dataclass
class Stage:
    """What the batches came to; `frames` or `folder` hold the records, `flats` the staged column of each type."""

    folder: Path | None
    limits: Limits = field(default_factory=Limits)
    names: list[str] = field(default_factory=list)
    records: int = 0
    spans: int = 0
    frames: list[pl.DataFrame] = field(default_factory=list)
    span_frames: list[pl.DataFrame] = field(default_factory=list)
    resources: dict[str, int] = field(default_factory=dict)
    counts: dict[Type, int] = field(default_factory=dict)
    flats: dict[Type, str] = field(default_factory=dict)
    late: set[Type] = field(default_factory=set)
    times: list[NDArray[np.int64]] = field(default_factory=list)
    staged: set[str] = field(default_factory=set)
    files: list[Path] = field(default_factory=list)
    span_files: list[Path] = field(default_factory=list)
    sessions: bool = False
    """Does any record or span name a session?"""
    loose: bool = False
    """Has any of them a trace and no session?"""
    recordings: list[pl.DataFrame] = field(default_factory=list)
    recording_files: list[Path] = field(default_factory=list)

    def fill(self, batches: Iterable[Batch]) -> None:
        """Take all batches; may be called once."""
        self._waiting: list[tuple[pl.DataFrame, Batch]] = []
        self._chunks: list[Chunk] = []
        self._rows = self._bytes = self._held = self._span_rows = self._recorded = 0
        self._writing: Future[None] | None = None
        with ThreadPoolExecutor(1, thread_name_prefix="lognb-stage") as self._writer:
            for batch in batches:
                self._take(batch)
            self._merge()
            if not self.files:
                self.flats = {t: f"c{i}" for i, t in enumerate(self.frequent())}
            for chunk in self._chunks:
                self.frames.append(self._pivot(chunk))
            self._chunks.clear()
            if self.files:
                self._put_spans()
            if self.recording_files:
                self._put_recordings()
            self._wait()

    def frequent(self) -> list[Type]:
        """The types that deserve a flat column by now, most frequent first."""
        enough = max(1, FREQUENT * self.records)
        ranked = sorted(((-n, t) for t, n in self.counts.items() if n >= enough))
        out: dict[str, Type] = {}
        for _, (key, kind) in ranked:
            # DuckDB's names know no case, so of two keys that differ in case only one can be flat.
            if key.isprintable() and len(key) <= 200:
                out.setdefault(f"{key}|{kind}".casefold(), (key, kind))
        return list(out.values())[:MOST_FLAT]

    def _take(self, batch: Batch) -> None:
        if len(batch.spans):
            self.spans += len(batch.spans)
            self._span_rows += len(batch.spans)
            self.span_frames.append(self._named(batch.spans).select(pl.col(n).cast(t) for n, t in _SPANS.items()))
            self._look(self.span_frames[-1])
            if self.folder is not None and self._span_rows >= ROW_GROUP:
                self._put_spans()
        if len(batch.recordings):
            self.recordings.append(self._named(batch.recordings).select(pl.col(n).cast(t) for n, t in STAGED.items()))
            self._recorded += int(self.recordings[-1]["data"].bin.size().sum())
            if self.folder is not None and self._recorded >= self.limits.chunk_bytes:
                self._put_recordings()
        if not len(batch.records):
            return
        frame = self._conform(batch)
        self._look(frame)
        self._waiting.append((frame, batch))
        self._rows += len(frame)
        self._bytes += int(frame.estimated_size())
        if self._rows >= self.limits.chunk_rows or self._bytes >= self.limits.chunk_bytes:
            self._merge()

    def _conform(self, batch: Batch) -> pl.DataFrame:
        """The batch's records in the store's fixed columns."""
        ixs = [self.resources.setdefault(text, len(self.resources)) for text in batch.resources["resource"].to_list()]
        local = batch.records["resource_ix"]
        resource = pl.Series("resource_ix", ixs, dtype=pl.UInt32).gather(local)
        frame = self._named(batch.records).with_columns(resource)
        naive = [pl.col(n).cast(t) for n, t in STORED.items() if not isinstance(t, pl.Datetime | pl.Enum)]
        times = [pl.col(n).cast(t).dt.replace_time_zone(None) for n, t in STORED.items() if isinstance(t, pl.Datetime)]
        return frame.select(*naive, *times, pl.col("severity").cast(pl.Enum(LEVELS)).cast(pl.String)).select(*STORED)

    def _look(self, frame: pl.DataFrame) -> None:
        """What there is for traces to join."""
        self.sessions = self.sessions or frame["session_id"].null_count() < len(frame)
        self.loose = self.loose or bool((frame["trace_id"].is_not_null() & frame["session_id"].is_null()).any())

    def _named(self, frame: pl.DataFrame) -> pl.DataFrame:
        """`source` -> `source_ix`."""
        ix: dict[str, int] = {}
        for name in frame["source"].unique().to_list():
            if name not in self.names:
                self.names.append(name)
            ix[name] = self.names.index(name)
        return frame.with_columns(pl.col("source").replace_strict(ix, return_dtype=pl.UInt32).alias("source_ix"))

    def _merge(self) -> None:
        if not self._waiting:
            return
        chunk = Chunk.of([frame for frame, _ in self._waiting], [batch for _, batch in self._waiting])
        self._waiting.clear()
        # Of records with the same time, or none, the order of the sources says which came first.
        first = self.records
        chunk.records = chunk.records.with_columns(seq=pl.int_range(first, first + len(chunk.records), dtype=pl.Int64))
        self._held += self._bytes
        self._rows = self._bytes = 0
        self.records += len(chunk.records)
        for t, n in chunk.counts().items():
            self.counts[t] = self.counts.get(t, 0) + n
        if len(self.counts) > _KEYS_COUNTED:
            # Keys that are made up as they go; none of those dropped is near frequent.
            self.counts = {t: n for t, n in self.counts.items() if n > self.records * FREQUENT / 50}
        self.times.append(chunk.records["time"].cast(pl.Int64).fill_null(_NO_TIME).to_numpy())
        self._chunks.append(chunk)
        if self.folder is not None and (self.records > self.limits.small or self._held > self.limits.held_bytes):
            self._grow()
            for chunk in self._chunks:
                self.files.append(self.folder / f"logs-{len(self.files):06d}.parquet")
                self._write(self._pivot(chunk), self.files[-1])
            self._chunks.clear()

    def _grow(self) -> None:
        """Give columns to what is frequent so far; what was staged before stays in the lists until the build."""
        for t in self.frequent():
            if t not in self.flats and len(self.flats) < 2 * MOST_FLAT:
                self.flats[t] = f"c{len(self.flats)}"
                if self.files:
                    self.late.add(t)

    def _pivot(self, chunk: Chunk) -> pl.DataFrame:
        frame = chunk.pivot(self.flats)
        self.staged.update(frame.columns)
        return frame

    def _put_spans(self) -> None:
        if self.span_frames and self.folder is not None:
            self.span_files.append(self.folder / f"spans-{len(self.span_files):06d}.parquet")
            self._write(pl.concat(self.span_frames), self.span_files[-1])
            self.span_frames, self._span_rows = [], 0

    def _put_recordings(self) -> None:
        if self.recordings and self.folder is not None:
            self.recording_files.append(self.folder / f"recordings-{len(self.recording_files):06d}.parquet")
            self._write(pl.concat(self.recordings), self.recording_files[-1])
            self.recordings, self._recorded = [], 0

    def _write(self, frame: pl.DataFrame, path: Path) -> None:
        """Write beside the decoding of the next rows; at most one frame is under way."""
        self._wait()
        self._writing = self._writer.submit(_write, frame, path)

    def _wait(self) -> None:
        if self._writing is not None:
            self._writing.result()
            self._writing = None


def _write(frame: pl.DataFrame, path: Path) -> None:
    frame.write_parquet(path, compression="lz4", row_group_size=ROW_GROUP)
