"""Rows of schema.ITEM, and the words in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import msgspec
import polars as pl

from lognb.schema import ITEM

if TYPE_CHECKING:
    from collections.abc import Iterable

MS: Final = 1_000_000
_FIRST, _LAST = 0, 2**63 // MS - 1  # ms that a time in ns can hold


def item(time_ms: float, lane: str, kind: str, text: str, **more: Any) -> dict[str, Any]:
    """A row; `more`: `end_ms`, `severity`, `record_id`, `trace_id`, `span_id`, and the rest for its `detail`."""
    end = more.pop("end_ms", None)
    own = {name: more.pop(name, None) for name in ("severity", "record_id", "trace_id", "span_id")}
    detail = {name: value for name, value in more.items() if value is not None}
    return {
        "time": ns(time_ms), "end": None if end is None else ns(max(end, time_ms)), "lane": lane, "kind": kind,
        "service_name": None, "text": text, "detail": msgspec.json.encode(detail).decode(), **own,
    }  # fmt: skip


def frame(items: Iterable[dict[str, Any]]) -> pl.DataFrame:
    """The rows in order of time; of equal times, in the order given."""
    numbers = {name: pl.Int64() if name in ("time", "end") else kind for name, kind in ITEM.items()}
    rows = pl.DataFrame(list(items), schema=numbers)
    return rows.cast(ITEM).sort("time", maintain_order=True)  # type: ignore[arg-type]


def ns(time_ms: float) -> int:
    """Milliseconds, with a fraction or without, as ns; what no time can be is the nearest that can."""
    if not _FIRST <= time_ms <= _LAST:
        return int(min(max(time_ms, _FIRST), _LAST)) * MS
    whole = int(time_ms)
    return whole * MS + round((time_ms - whole) * MS)


def path(url: str) -> str:
    """An address as a person says it on a known site: without its host.

    >>> path("http://shop.example/cart?id=7"), path("http://shop.example"), path("about:blank")
    ('/cart?id=7', '/', 'about:blank')
    """
    try:
        parts = urlsplit(url)
    except ValueError:
        return url
    if not parts.netloc:
        return url
    return (
        (parts.path or "/")
        + (f"?{parts.query}" if parts.query else "")
        + (f"#{parts.fragment}" if parts.fragment else "")
    )


def number(value: Any) -> float | None:
    """A number of JSON; null for anything else."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None
