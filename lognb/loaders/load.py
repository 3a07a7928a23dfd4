"""Load: sources -> batches, in order, in bounded memory, in several processes where that pays."""

from __future__ import annotations

import os
import signal
import sys
from collections import deque
from contextlib import closing
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, Final

from lognb._progress import Bar
from lognb.errors import SourceError
from lognb.loaders import delimited, json_text, layouts, parquet, parquet_tables
from lognb.loaders.columns import first_hash
from lognb.loaders.decode import Chunk, Decoded, Rejected, decode
from lognb.loaders.framing import HEAD, Unit, frames, sniff
from lognb.loaders.report import FileReport, LoadReport
from lognb.loaders.streams import Stream

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from lognb.loaders.files import Source
    from lognb.schema import Batch

MAX_EXPANSION: Final = 250.0
MAX_UNIT_BYTES: Final = 1 << 30
CHUNK: Final = {"json": 13 << 20, "protobuf": 8 << 20, "csv": 1}
_PAYS: Final = 64 << 20  # bytes from which more processes are worth their start


class Load:
    """Iterate to get the batches of all sources, in order; `report` is complete once the loop has ended.

    A source that cannot be read at all is a line in the report; only what the caller got wrong raises.
    """

    def __init__(
        self,
        sources: Sequence[Source],
        *,
        workers: int | None = None,
        max_expansion: float = MAX_EXPANSION,
        max_unit_bytes: int = MAX_UNIT_BYTES,
        session_keys: Sequence[str] = (),
        user_keys: Sequence[str] = (),
        columns: Mapping[str, str] | None = None,
        progress: bool = True,
    ) -> None:
        self.sources = list(sources)
        self.report = LoadReport()
        self._limits = (max_expansion, max_unit_bytes)
        self._keys = (tuple(session_keys), tuple(user_keys))
        layouts.checked(columns)
        self._columns = dict(columns) if columns else None
        self._progress = progress
        total = sum(s.size for s in self.sources)
        self._workers = (min(os.cpu_count() or 1, 8) if total >= _PAYS else 1) if workers is None else max(1, workers)

    def __iter__(self) -> Iterator[Batch]:
        with (
            closing(Bar("reading", sum(s.size for s in self.sources), unit="B", show=self._progress)) as bar,
            closing(_Workers(self._workers)) as workers,
        ):
            for source in self.sources:
                report = FileReport(source.name, bytes=source.size)
                self.report.files.append(report)
                if source.path is not None and source.path.is_dir():
                    yield from parquet.folder(source, report)
                elif source.frame is not None:
                    yield from parquet_tables.frame(source, report, self._keys, self._columns)
                else:
                    yield from self._file(source, report, workers, bar)
                bar.up_to(sum(f.bytes for f in self.report.files))

    def _file(self, source: Source, report: FileReport, workers: _Workers, bar: Bar) -> Iterator[Batch]:
        before = bar.at
        try:
            raw = source.open()
        except OSError as e:
            report.why = f"cannot be opened: {e.strerror or e}"
            report.reject(Rejected(0, 0, 0, report.why, None))
            return
        with raw:
            if _is_parquet(raw):
                yield from parquet_tables.file(source, raw, report, self._keys, self._columns)
                return
            stream = Stream(raw, self._limits[0])
            keys: set[str] = set()
            for decoded in workers.map(self._chunks(source, raw, stream, report)):
                report.add(decoded)
                keys |= decoded.keys
                bar.up_to(before + stream.bytes_in)
                if decoded.batch is not None:
                    yield decoded.batch
            if keys:
                layouts.missing(self._columns, keys, source.name)
        report.compression = ", then ".join(stream.compression) or report.compression
        report.stream_bytes = stream.bytes_out
        for damage in stream.damage:
            report.reject(
                Rejected(
                    0, damage.offset, max(damage.length, 0), f"compressed byte {damage.offset:,}: {damage.reason}", None
                )
            )

    def _chunks(self, source: Source, raw: IO[bytes], stream: Stream, report: FileReport) -> Iterator[Chunk]:
        try:
            yield from self._split(source, raw, stream, report)
        except OSError as e:
            report.reject(Rejected(0, stream.bytes_out, 0, f"reading stopped: {e.strerror or e}", None))

    def _split(self, source: Source, raw: IO[bytes], stream: Stream, report: FileReport) -> Iterator[Chunk]:
        blocks = iter(stream)
        head, rest = _head(blocks)
        table = delimited.sniff(head, self._columns)
        form = table[0] if table else sniff(head)
        report.format, report.framing, report.why = form.format, form.framing, form.why
        if form.format in ("parquet", "unknown"):
            size = sum(len(block) for block in rest)
            if form.framing == "empty" and size == len(head):
                return  # white space
            report.rejected_bytes += size
            report.reject(Rejected(1, 0, size, form.why, None))
        elif table:
            plan = layouts.plan([*table[1], *dict(source.partition)], self._columns, source.name)
            report.why = f"{form.why}; {plan.why}"
            first = first_hash(delimited.start(head))
            # A stretch of rows is no unit: no limit of units is meant for it, and its size is bounded where it is cut.
            about = Chunk(
                source.name, form.format, form.framing, first, (), 1 << 40, self._keys, self._columns, table[1],
                tuple((k, v) for k, v in source.partition if k not in table[1]),
            )  # fmt: skip
            yield from _chunks(delimited.units(rest), about)
        else:
            limit = self._limits[1]
            units = (
                json_text.documents(rest, limit) if form.framing == "documents" else frames(rest, form.framing, limit)
            )
            about = Chunk(source.name, form.format, form.framing, b"", (), limit, self._keys, self._columns)
            yield from _chunks(units, about)


def _is_parquet(raw: IO[bytes]) -> bool:
    """By its first bytes; Parquet is read from its end, so it is not a stream."""
    try:
        head = raw.read(4)
        raw.seek(0)
    except OSError:
        return False
    return head == parquet_tables.MAGIC


def _head(blocks: Iterator[bytes]) -> tuple[bytes, Iterator[bytes]]:
    """Enough of the stream to say what it is, and the whole stream again."""
    parts: list[bytes] = []
    while sum(map(len, parts)) < HEAD and (block := next(blocks, b"")):
        parts.append(block)
    held = b"".join(parts)

    def again() -> Iterator[bytes]:
        if held:
            yield held
        yield from blocks

    return held, again()


def _chunks(units: Iterable[Unit], about: Chunk) -> Iterator[Chunk]:
    """Units in chunks of some megabytes, each like `about`."""
    limit = about.max_bytes
    first = about.first
    held: list[Unit] = []
    size = 0
    for unit in units:
        if len(unit.data) > limit:
            unit = unit._replace(
                data=b"",
                reason=f"a unit of {unit.size} bytes: more than max_unit_bytes={limit}; raise it if that is right",
            )
        first = first or first_hash(unit.data)
        held.append(unit)
        size += len(unit.data)
        if size >= CHUNK[about.format] or len(held) >= 50_000:
            yield replace(about, first=first, units=held)
            held, size = [], 0
    if held:
        yield replace(about, first=first, units=held)


def _ignore_interrupts() -> None:
    """Ctrl-C goes to all processes of a terminal, and is the parent's to answer: a worker that dies of it in the middle
    of an answer leaves the parent waiting for the rest.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


class _Workers:
    """Maps decode over chunks, in order; with more than one worker, in processes that stay a little ahead."""

    def __init__(self, number: int) -> None:
        self.number = number
        self._pool: Any = None

    def map(self, chunks: Iterator[Chunk]) -> Iterator[Decoded]:
        if self.number == 1:
            yield from map(decode, chunks)
            return
        waiting: deque[tuple[Chunk, Any]] = deque()
        for chunk in chunks:
            waiting.append((chunk, self._submit(chunk)))
            if len(waiting) > self.number:
                yield self._result(*waiting.popleft())
        while waiting:
            yield self._result(*waiting.popleft())

    def _submit(self, chunk: Chunk) -> Any:
        if self._pool is None:
            # loky's workers do not import the caller's main module, so a script without a main guard works too.
            from loky import get_reusable_executor

            self._pool = get_reusable_executor(max_workers=self.number, timeout=20, initializer=_ignore_interrupts)
        return self._pool.submit(decode, chunk)

    def _result(self, chunk: Chunk, future: Any) -> Decoded:
        from loky.process_executor import BrokenProcessPool

        try:
            decoded: Decoded = future.result()
        except BrokenProcessPool:
            # A worker died, most likely for want of memory; here the chunk has the machine to itself.
            self.number, self._pool = 1, None
            return decode(chunk)
        return decoded

    def close(self) -> None:
        if self._pool is not None and sys.exc_info()[0] is not None:
            self._pool.shutdown(wait=False, kill_workers=True)


def load_frames(load: Load, to_frame: Callable[[Batch], Any]) -> Iterator[Any]:
    """The batches of a load as frames, those without records left out."""
    for batch in load:
        if len(batch.records):
            yield to_frame(batch)


__all__ = ["CHUNK", "MAX_EXPANSION", "MAX_UNIT_BYTES", "Load", "SourceError"]
