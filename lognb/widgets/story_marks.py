"""The marks of a story as its browser half draws them: lanes, numbers packed in bytes, and the texts of rows.

Nothing here is HTML. A mark is 20 bytes in columns: time and end (float64, ns since the story's origin, NaN for none),
lane, level (255 for none), flags and, of a span, the line it is drawn in.
"""

from __future__ import annotations

import heapq
import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb._text import duration

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.analyses.story import Told

LANES: Final = ("pages", "clicks", "inputs", "console", "network", "idle", "events")
"""Those above the services, in their order."""
SERVICES: Final = 40
"""Services with a lane of their own; the others share one."""
LINES: Final = 10
"""Lines of the lane of spans; what is deeper or crowded is drawn in the last."""
BROWSER, ROW, RECORD, LOUD = 1, 2, 4, 8
_LOUD: Final = ("rage click", "dead click", "rage", "dead")


class Marks:
    """`data` has n marks, `lanes` their lanes as [{name, kind, deep}], `texts` gives a page of rows by column."""

    def __init__(self, told: Told) -> None:
        items = told.items
        self._items = items
        self.origin: int = 0 if not items.height else int(items["time"].dt.timestamp("ns").min() or 0)  # type: ignore[arg-type]
        self._services = told.services
        self.lanes, codes = _lanes(items, told.services)
        deep, depth = packed(items, told.clock.offset_ns or 0)
        for lane in self.lanes:
            if lane["kind"] == "spans":
                lane["deep"] = deep
        self.bytes = self._pack(codes, depth)

    def __len__(self) -> int:
        return self._items.height

    def _pack(self, lanes: np.ndarray, depth: np.ndarray) -> bytes:
        items = self._items
        at = (items["time"].dt.timestamp("ns") - self.origin).cast(pl.Float64).to_numpy()
        end = (items["end"].dt.timestamp("ns") - self.origin).cast(pl.Float64).fill_null(float("nan")).to_numpy()
        level = items["severity"].to_physical().cast(pl.UInt8).fill_null(255).to_numpy()
        kind, flags = items["kind"], np.zeros(items.height, np.uint8)
        flags |= np.where(items["browser"].to_numpy(), BROWSER, 0).astype(np.uint8)
        flags |= np.where(_in_rows(items).to_numpy(), ROW, 0).astype(np.uint8)
        flags |= np.where(items["record_id"].is_not_null().to_numpy(), RECORD, 0).astype(np.uint8)
        flags |= np.where(kind.is_in(_LOUD).fill_null(False).to_numpy(), LOUD, 0).astype(np.uint8)
        return b"".join(
            part.tobytes()
            for part in (
                at.astype("<f8"),
                end.astype("<f8"),
                lanes.astype(np.uint8),
                level.astype(np.uint8),
                flags,
                depth.astype(np.uint8),
            )
        )

    def codes(self, items: pl.DataFrame) -> pl.Series:
        """The lane of each of the same items in another order."""
        return pl.Series(_lanes(items, self._services)[1])

    def texts(self, offset: int, limit: int) -> dict[str, Any]:
        """Rows by column; kinds, services and traces by their place in a list of each."""
        page = self._items.slice(offset, limit)
        columns = {"kind": "kind", "service": "service_name", "trace": "trace_id"}
        out: dict[str, Any] = {
            "text": page["text"].fill_null("").to_list(),
            "id": page["record_id"].cast(pl.String).to_list(),
            "short": _short(page),
        }
        for name, column in columns.items():
            values = page[column].to_list()
            known = list(dict.fromkeys(values))
            places = {value: i for i, value in enumerate(known)}
            out[f"{name}s"] = known
            out[name] = [places[value] for value in values]
        return out


def _short(page: pl.DataFrame) -> list[str | None]:
    """A word beside a mark that is wrong: what a request came to, what kind of click it was."""
    out: list[str | None] = []
    for lane, kind, detail in page.select("lane", "kind", "detail").iter_rows():
        said = json.loads(detail or "{}") if lane == "network" else {}
        status, ms = said.get("status"), said.get("duration_ms")
        after = f" after {duration(round(ms * 1e6))}" if isinstance(ms, int | float) and ms >= 1 else ""
        word = "failed" if not status else f"{status:.0f}" if isinstance(status, int | float) else str(status)
        out.append(f"{word}{after}" if lane == "network" else kind if lane == "clicks" else None)
    return out


def _in_rows(items: pl.DataFrame) -> pl.Series:
    """Of spans only those that answer another service or failed are worth a row; idle time is none."""
    crossing = items["kind"].str.contains(" → ", literal=True).fill_null(False)
    return (items["lane"] != "idle") & ((items["lane"] != "spans") | crossing | items["severity"].is_not_null())


def _lanes(items: pl.DataFrame, services: Sequence[str]) -> tuple[list[dict[str, Any]], np.ndarray]:
    """The lanes that have marks, and the lane of each mark."""
    logs = pl.col("lane") == "logs"
    own = list(services[:SERVICES])
    other = f"{len(services) - SERVICES} more services"
    name = (
        pl.when(~logs)
        .then(pl.col("lane"))
        .when(pl.col("service_name").is_null())
        .then(pl.lit("(no service)"))
        .when(pl.col("service_name").is_in(own))
        .then(pl.concat_str(pl.lit("logs:"), pl.col("service_name")))
        .otherwise(pl.lit("logs:" + other))
    )
    keys = items.select(name.alias("key"))["key"]
    there = set(keys.to_list())
    order = [*LANES, *(f"logs:{s}" for s in own), f"logs:{other}", "(no service)"]
    found = [key for key in order if key in there]
    found += sorted(there - set(found) - {"spans"}) + (["spans"] if "spans" in there else [])
    lanes = [
        {"name": key.removeprefix("logs:"), "kind": "logs" if key.startswith(("logs:", "(no")) else key, "deep": 1}
        for key in found
    ]
    places = {key: i for i, key in enumerate(found)}
    return lanes, np.array([places[key] for key in keys.to_list()], np.uint8)


def packed(items: pl.DataFrame, offset: int = 0) -> tuple[int, np.ndarray]:
    """How many lines the lane of spans has, and the line of each span: a trace keeps its nesting and its own lines.

    Traces that do not overlap share lines; what is beyond LINES is drawn in the last one. `offset` is that of the
    browser's clock, ns.
    """
    depth = np.zeros(items.height, np.uint8)
    spans = items.with_row_index("i").filter(pl.col("lane") == "spans")
    if not spans.height:
        return 1, depth
    levels = _depths(
        spans["trace_id"].to_list(),
        spans["span_id"].to_list(),
        spans["detail"].str.json_path_match("$.parent_span_id").to_list(),
    )
    by = pl.when("browser").then(offset).otherwise(0)
    blocks = (
        spans.with_columns(
            level=pl.Series(levels, dtype=pl.Int64),
            until=pl.max_horizontal("time", "end").dt.timestamp("ns") + by,
            since=pl.col("time").dt.timestamp("ns") + by,
        )
        .group_by("trace_id", maintain_order=True)
        .agg("i", "level", pl.col("since").min(), pl.col("until").max())
        .sort("since", maintain_order=True)
    )
    free: list[int] = list(range(LINES))
    busy: list[tuple[int, list[int]]] = []
    deepest = 0
    for places, own, since, until in blocks.select("i", "level", "since", "until").iter_rows():
        while busy and busy[0][0] < since:
            for line in heapq.heappop(busy)[1]:
                heapq.heappush(free, line)
        wanted = min(max(own) + 1, LINES)
        lines = [heapq.heappop(free) for _ in range(min(wanted, len(free)))]
        heapq.heappush(busy, (until, lines))
        for i, level in zip(places, own, strict=True):
            depth[i] = lines[level] if level < len(lines) else LINES - 1
        deepest = max(deepest, max((int(depth[i]) for i in places), default=0))
    return deepest + 1, depth


def _depths(traces: Sequence[str | None], ids: Sequence[str | None], parents: Sequence[str | None]) -> list[int]:
    """How many ancestors each span has among these; a span that is its own ancestor has none that count."""
    place: dict[tuple[str | None, str | None], int] = {}
    for i, key in enumerate(zip(traces, ids, strict=True)):
        place.setdefault(key, i)
    known = [-1] * len(traces)
    for i in range(len(traces)):
        path: list[int] = []
        at: int | None = i
        while at is not None and known[at] < 0 and len(path) < 10_000:
            known[at] = 0  # met again on the way up: a circle
            path.append(at)
            at = place.get((traces[at], parents[at])) if parents[at] else None
        above = -1 if at is None or at in path else known[at]
        for step, span in enumerate(reversed(path), 1):
            known[span] = above + step
    return known
