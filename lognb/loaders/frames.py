"""Frames as sources: Polars, pandas, and whatever gives an Arrow stream."""

from __future__ import annotations

import io
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
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
        sink = _Hash()
        writer: Any = None
        for part in self.batches():
            table = pa.Table.from_batches([part]) if isinstance(part, pa.RecordBatch) else part
            bare = table.replace_schema_metadata(None).combine_chunks()
            writer = writer or pa.ipc.new_stream(pa.PythonFile(sink, "w"), bare.schema)
            # IPC writes of a slice only what lies in it.
            writer.write_table(bare)
        if writer is not None:
            writer.close()
        sink.write(repr(self.names).encode())
        return sink.hash.hexdigest()

    @cached_property
    def first(self) -> bytes:
        """What stands for the frame in record ids: its names and its first rows."""
        hashed = blake2b(repr(self.names).encode(), digest_size=16)
        for part in self.batches():
            rows = part.slice(0, 10).to_pylist()
            hashed.update(repr(rows).encode("utf-8", "replace"))
            break
        return hashed.digest()


class _Hash(io.RawIOBase):
    """A file that keeps nothing but the hash of what is written."""

    def __init__(self) -> None:
        self.hash = blake2b(digest_size=16)

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.hash.update(data)
        return len(data)
