"""The local stores as one sees them: a table, and a broom."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lognb._html import block, table, text
from lognb._text import count, grid, plain, plural, size
from lognb.engines.duckdb import cache

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import timedelta

_COLUMNS: Final = ["last used", "records", "size", "sources"]
_RIGHT: Final = [False, True, True, False]


class Cache:
    """The local stores, one for each content that was read: shows them; `clear` removes them.

    `frame` has one row per store: `key`, `path`, `bytes`, `records`, `last_used`, `sources`, last used first.
    """

    def __init__(self) -> None:
        self.frame = cache.listing()

    def clear(self, older_than: timedelta | None = None) -> int:
        """Remove the stores that no process is reading, and that were last used `older_than` ago; how many went."""
        removed = cache.clear(older_than)
        self.frame = cache.listing()
        return removed

    def __len__(self) -> int:
        return self.frame.height

    def __repr__(self) -> str:
        rows = [list(row) for row in self._rows()]
        return self._head() + ("\n\n" + grid(_COLUMNS, rows, _RIGHT) if rows else "")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        rows = [[text(cell) for cell in row] for row in self._rows()]
        page = block(
            f'<p class="ln-say"><b>{text(self._head())}</b></p>', table(_COLUMNS, rows, _RIGHT) if rows else ""
        )
        return {"text/plain": repr(self), "text/html": page}

    def _head(self) -> str:
        return f"{plural(len(self), 'store')}, {size(int(self.frame['bytes'].sum()))} in {cache.folder()}"

    def _rows(self) -> Iterator[tuple[str, ...]]:
        for row in self.frame.iter_rows(named=True):
            names = ", ".join(row["sources"] or ["(cannot be read)"])
            records = "" if row["records"] is None else count(row["records"])
            yield f"{row['last_used']:%Y-%m-%d %H:%M}", records, size(row["bytes"]), plain(names, 100)
