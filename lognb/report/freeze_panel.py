"""A panel, a timeline or a table as it stands -> a Block.

Its frames: "volume", a row for each bucket and value; "facets", a row for each value of a facet, as the panel counted
them; "records", the first ones in the order of the table, in the columns of schema.FIELDS, then those of the table and
the facets; "rows", the answer of the open list. Facts are numbers and names: `panel` says which parts there are. Times
in facts are ints of ns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from lognb import _notes, _origin
from lognb._text import count, plural
from lognb.errors import LognbError
from lognb.report.blocks import MOST, Block, Table
from lognb.schema import FIELDS, TIME
from lognb.widgets import counted, meanings
from lognb.widgets.records import words_of
from lognb.widgets.rows import head, speaks

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lognb.logs import Logs
    from lognb.query import Query
    from lognb.result import Result
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.table import TableView
    from lognb.widgets.tabs import Tab
    from lognb.widgets.timeline import Timeline

WAIT: Final = 60
"""Seconds that a panel gets to finish counting."""
_FACET: Final = {
    "field": pl.String(), "value": pl.String(), "records": pl.Int64(), "state": pl.String(), "chosen": pl.Boolean(),
    "text": pl.String(), "shown": pl.Int64(), "distinct": pl.Int64(), "fixed": pl.Boolean(), "open": pl.Boolean(),
}  # fmt: skip


def panel(thing: Explorer) -> Block:
    """All that the panel shows. Raises LognbError where it has counted nothing yet."""
    done = thing.wait(WAIT)
    with thing._lock:
        found, view, open_list = thing._found, thing._view, thing._lists.found()
    if found is None:
        raise LognbError("this panel has counted nothing yet; call its wait() and add it then")
    logs = _of(thing._of, found.view.query)
    engine, query = logs.engine, found.view.query
    columns = [name for name, _ in found.view.columns]
    frame = _records(logs, found.view.newest, [*columns, *found.fields])
    facets = _facets(counted.facets_of(engine, found))
    frames = {
        "volume": Table(found.volume, found.volume.height, ("bucket", "by", found.view.unit)),
        "facets": Table(facets, facets.height, ("field", "value", "records")),
        "records": Table(frame, found.panel.count, _seen(columns)),
    }  # fmt: skip
    facts = _facts(logs, query, frame, columns, found.view.newest) | {
        "parts": ["volume", "facets", "records"],
        "count": found.panel.count,
        "widths": [width for _, width in found.view.columns],
        "fields": list(found.fields),
        "zone": view.zone,
        "strip": counted.strip(engine, query, found.panel.count),
        "baseline": None if view.baseline is None else list(view.baseline),
        "by": found.view.by,
        "unit": found.view.unit,
        "log": view.log,
        "drawn": [found.since, found.until, found.every],
        "marks": _marks(logs),
        "meanings": meanings.of(engine, [found.view.by]).get(found.view.by or "", {}),
    }
    left = [thing.note] if thing.note else []
    if found.view.query != view.query:
        left.append(f"the panel was {'stopped' if done else 'still counting'}; this is the query before")
    origin = _origin.of(logs)
    if open_list is not None:
        tab, result, code = open_list
        frames |= {"rows": Table.of(result.frame, tuple(c.name for c in _shown(tab, result)))}
        facts |= {"tab": _tab(tab, result, code), "parts": [*facts["parts"], "rows"]}
    facts["left"] = left
    return Block("panel", _title(query, "Panel"), _said(found.panel.count, facts["total"], left), frames, facts, origin)


def timeline(thing: Timeline) -> Block:
    """The picture of a timeline that stands alone. Raises LognbError where it has counted nothing yet."""
    thing._worker.wait(WAIT)
    data, logs = dict(thing.data), thing.logs
    if not data.get("buckets"):
        raise LognbError(f"this timeline has nothing to draw: {data.get('said', 'it has counted nothing yet')}")
    unit, names = data["unit"], [s["level"] or s["name"] for s in data["series"]]
    table = np.frombuffer(thing.counts, "<u4").reshape(-1, len(names)).astype(np.int64) * data["scale"]
    at, which = table.nonzero()
    buckets = (at + int(data["since"]) // int(data["every"])) * int(data["every"])
    frame = pl.DataFrame(
        {"bucket": pl.Series(buckets).cast(TIME), "by": [names[i] for i in which], unit: table[at, which]},
        schema={"bucket": TIME, "by": pl.String(), unit: pl.Int64()},
    )
    facts = {
        "parts": ["volume"],
        "query": str(logs.query),
        "window": [logs.query.since, logs.query.until],
        "by": data["by"],
        "unit": unit,
        "log": data["log"],
        "drawn": [int(data["covered"]["since"]), int(data["covered"]["until"]), int(data["every"])],
        "marks": _marks(logs),
        "zone": data["zone"],
        "baseline": [int(data["baseline"][end]) for end in ("since", "until")] if data["baseline"] else None,
        "meanings": {},
    }
    call = f".volume(by={data['by']!r})" if data["by"] else ".volume()"
    shown = ("bucket", "by", unit)
    said = f"{plural(len(logs), 'record')} of the window that is chosen" if any(facts["window"]) else str(data["said"])
    return Block("panel", _title(logs.query, "Timeline"), said, {"volume": Table(frame, frame.height, shown)}, facts,
                 _origin.of(logs, call))  # fmt: skip


def table(thing: TableView) -> Block:
    """The first records of a table that stands alone."""
    thing._worker.wait(WAIT)
    state = thing._state
    columns, logs = [c.field for c in state.columns], state.logs
    frame = _records(logs, state.newest, columns)
    facts = _facts(logs, logs.query, frame, columns, state.newest) | {
        "parts": ["records"],
        "count": len(logs),
        "widths": [c.width for c in state.columns],
        "zone": str(thing.data.get("zone", "UTC")),
    }
    said = _said(facts["count"], facts["total"], [])
    frames = {"records": Table(frame, facts["count"], _seen(columns))}
    return Block("panel", _title(logs.query, "Records"), said, frames, facts, _origin.of(logs))


def _seen(columns: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(["time", "severity", "service_name", *columns, "body"]))


def _of(logs: Logs, query: Query) -> Logs:
    return type(logs)(logs.engine, query, logs.sources, logs.load_report)


def _records(logs: Logs, newest: bool, names: Iterable[str]) -> pl.DataFrame:
    wanted = list(dict.fromkeys([*FIELDS, *names]))
    return logs.engine.page(logs.query, MOST, newest=newest, columns=wanted).records


def _facts(logs: Logs, query: Query, frame: pl.DataFrame, columns: Sequence[str], newest: bool) -> dict[str, Any]:
    kept = {str(known) for known in frame["record_id"]}
    pinned = {p["record_id"]: p["note"] for p in _notes.of(logs.engine).pins if p["record_id"] in kept}
    return {
        "query": str(query),
        "window": [query.since, query.until],
        "total": int(logs.engine.overview["records"]),
        "columns": list(columns),
        "newest": newest,
        "words": words_of(query),
        "pins": [[int(known), note] for known, note in pinned.items()],
    }


def _marks(logs: Logs) -> list[list[Any]]:
    return [[int(mark["time"]), mark["text"]] for mark in _notes.of(logs.engine).marks]


def _facets(facets: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    whole = ("field", "shown", "distinct", "fixed", "open")
    rows = [{**{k: f[k] for k in whole}, "text": None, **value} for f in facets for value in f["values"]]
    return pl.DataFrame(rows, schema=_FACET)


def _shown(tab: Tab, result: Result) -> list[Any]:
    frame = result.frame
    return [c for c in tab.columns if c.name in frame.columns and (c.rank == 0 or speaks(frame[c.name], c.kind))]


def _tab(tab: Tab, result: Result, code: str) -> dict[str, Any]:
    columns = [[c.name, c.kind, head(c), c.rank, c.width] for c in _shown(tab, result)]
    return {"name": tab.name, "title": tab.title, "sentence": result.sentence, "columns": columns, "code": code,
            "order": None if tab.order is None else list(tab.order)}  # fmt: skip


def _title(query: Query, word: str) -> str:
    return f"{word}: {query}" if str(query) else word


def _said(n: int, total: int, left: Sequence[str]) -> str:
    said = plural(n, "record") if n == total else f"{count(n)} of {plural(total, 'record')}"
    return "; ".join([said, *left])
