"""Frames as sources: Polars, pandas, and whatever gives an Arrow stream."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import islice
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from lognb.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True)
class Frame:
    """A frame held as Arrow, or a lazy one that is collected in batches each time it is gone through."""

    data: Any
    name: str

    @classmethod
    def of(cls, data: Any, name: str) -> Frame | None:
        """None if it is no frame. Raises SourceError if it is one that cannot become Arrow."""
        if isinstance(data, pl.LazyFrame):
            return cls(data, name)
        try:
            if isinstance(data, pl.DataFrame):
                return cls(data.to_arrow(compat_level=pl.CompatLevel.oldest()), name)
            if type(data).__module__.partition(".")[0] == "pandas" and hasattr(data, "columns"):
                return cls(pa.Table.from_pandas(data), name)
            if isinstance(data, pa.RecordBatch):
                return cls(pa.Table.from_batches([data]), name)
            if hasattr(data, "__arrow_c_stream__"):
                return cls(pa.RecordBatchReader.from_stream(data).read_all(), name)
        except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, TypeError, ValueError) as e:
            why = " ".join(str(e).split())[:300]
            raise SourceError(f"{name}: the frame cannot become Arrow: {why}; give each column one type") from None
        return None

    @cached_property
    def names(self) -> list[str]:
        if isinstance(self.data, pl.LazyFrame):
            return self._tried(lambda: self.data.collect_schema().names())  # type: ignore[no-any-return]
        return list(self.data.schema.names)

    def batches(self) -> Iterator[Any]:
        if not isinstance(self.data, pl.LazyFrame):
            yield from self.data.to_batches()
            return
        parts = iter(self._tried(lambda: self.data.collect_batches(maintain_order=True)))
        while (part := self._tried(lambda: next(parts, None))) is not None:
            yield part.to_arrow(compat_level=pl.CompatLevel.oldest())

    def _tried(self, step: Any) -> Any:
        try:
            return step()
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as e:
            raise SourceError(
                f"{self.name}: the lazy frame cannot be collected: {' '.join(str(e).split())[:300]}"
            ) from None

    @property
    def size(self) -> int:
        return 0 if isinstance(self.data, pl.LazyFrame) else int(self.data.nbytes)

    @cached_property
    def digest(self) -> str:
        """Hash of names, types and content."""
        return self._hashed(part for part in self.batches()).hex()

    @cached_property
    def first(self) -> bytes:
        """What stands for the frame in record ids: its names, types and first rows."""
        return self._hashed(part.take(list(range(min(10, part.num_rows)))) for part in islice(self.batches(), 1))

    def _hashed(self, parts: Iterator[Any]) -> bytes:
        sink = _Hash()
        sink.write(repr(self.names).encode())
        writer: Any = None
        for part in parts:
            table = pa.Table.from_batches([part]) if isinstance(part, pa.RecordBatch) else part
            bare = table.replace_schema_metadata(None).combine_chunks()
            writer = writer or pa.ipc.new_stream(pa.PythonFile(sink, "w"), bare.schema)
            writer.write_table(bare)
        if writer is not None:
            writer.close()
        return sink.hash.digest()


class _Hash(io.RawIOBase):
    """A file that keeps nothing but the hash of what is written."""

    def __init__(self) -> None:
        self.hash = blake2b(digest_size=16)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return len(data)
