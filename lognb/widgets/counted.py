"""What the records say of a View: what an engine counts, as the plain data that the widgets of a panel draw."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _asking
from lognb._clauses import quoted
from lognb._completer import typed
from lognb._text import step
from lognb.analyses import buckets
from lognb.analyses.facets import ALWAYS, WHERE_PRESENT
from lognb.query import Number, Query
from lognb.widgets import meanings
from lognb.widgets.facets import facet
from lognb.widgets.records import fields_of_page
from lognb.widgets.state import states

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb.engines.base import Engine, Panel
    from lognb.logs import Logs
    from lognb.query import Value
    from lognb.widgets.state import State, View

PAGE: Final = 100
"""Records of the first page, which comes with the counts."""
TOP: Final = 10
BARS: Final = 200
"""The timeline takes the narrowest round width that needs no more buckets than this."""
_WHERE: Final = (*WHERE_PRESENT[:4], "k8s.pod.name", *WHERE_PRESENT[4:])
AT_FIRST: Final = 12
"""Facets that a panel begins with."""


@dataclass(frozen=True)
class Counted:
    """The answer for one View; `volume` is of [since, until), the window and around it, in buckets of `every` ns."""

    view: View
    panel: Panel
    fields: tuple[str, ...]
    volume: pl.DataFrame
    since: int
    until: int
    every: int
    shown: Mapping[str, int]

    def same(self, view: View, shown: Mapping[str, int]) -> bool:
        """Does another view show the same numbers, in another zone or on another scale?"""
        here, there = (
            replace(v, zone="", log=False, baseline=None, against="", columns=(), tab="") for v in (self.view, view)
        )
        names = [[name for name, _ in v.columns] for v in (self.view, view)]
        if there.fields == self.fields:
            there = replace(there, fields=here.fields)
        return here == there and names[0] == names[1] and shown == self.shown


def count(logs: Logs, view: View, shown: Mapping[str, int], usual: tuple[str, ...] | None = None) -> Counted:
    """Ask the engine for all that depends on every record.

    `shown` are how many values of a facet, by field; `usual` the facets of a view that names none, chosen before: they
    stay, as what jumps about cannot be clicked.
    """
    engine, query = logs.engine, view.query
    since, until = stretch(logs, query)
    every = step(until - since, BARS)
    size = view.unit == "bytes"
    named = usual if view.fields is None else view.fields
    wanted = candidates(engine) if named is None else named
    panel = engine.panel(
        query, wanted, every, view.by, PAGE, top=max([TOP, *shown.values()]), newest=view.newest, size=size,
        columns=fields_of_page([name for name, _ in view.columns]),
    )  # fmt: skip
    volume = panel.volume
    if (since, until) != (query.since, query.until) and (query.since is not None or query.until is not None):
        # What was right before and after the window helps to see what is in it.
        volume = engine.panel(Query(query.conditions, since, until), [], every, view.by, 0, size=size).volume
    fields = _worth_a_look(panel.facets, wanted) if named is None else named
    return Counted(view, panel, fields, volume, since, until, every, dict(shown))


def stretch(logs: Logs, query: Query) -> tuple[int, int]:
    """The time to draw: all of the data, or the window and half of its length on both sides, within the data."""
    first, last = buckets.window(type(logs)(logs.engine, Query(), (), logs.load_report))
    if query.since is None and query.until is None:
        return first, last + 1
    since = first if query.since is None else query.since
    until = last + 1 if query.until is None else query.until
    more = max(until - since, 0) // 2
    return max(since - more, min(first, since)), max(min(until + more, max(last + 1, until)), since + 1)


def candidates(engine: Engine) -> tuple[str, ...]:
    """The fields that may be worth a facet."""
    known = set(engine.field_names())
    return (*ALWAYS, *(f for f in _WHERE if f in known))


def _worth_a_look(facets: pl.DataFrame, names: Sequence[str]) -> tuple[str, ...]:
    """Those that some but not all alike records have."""
    kinds = facets.group_by("field").agg(pl.len(), present=pl.col("value").count())
    telling = set(kinds.filter(pl.col("len") > 1, pl.col("present") > 0)["field"])
    return tuple(f for f in names if f in ALWAYS or f in telling)[:AT_FIRST]


def facets_of(engine: Engine, counted: Counted) -> list[dict[str, Any]]:
    """The facets, as the widget draws them."""
    frame, query = counted.panel.facets, counted.view.query
    out = []
    for field in counted.fields:
        own = frame.filter(pl.col("field") == field)
        most = counted.shown.get(field, TOP)
        present = own.filter(pl.col("value").is_not_null())
        own = pl.concat([present.head(most), own.filter(pl.col("value").is_null())])
        made = facet(engine, own, query, field, fixed=field in ALWAYS)
        said = meanings.of(engine, [field]).get(field, {})
        for row in made["values"] if said else []:
            row |= {"text": said.get(row["value"])}
        out.append(made)
    return out


def texts(said: Mapping[Value, State]) -> dict[str, State]:
    """What is said of values by the text that a facet shows for them: of fields with several types one in quotes."""
    out: dict[str, State] = {}
    for value, state in said.items():
        out[_text(value)] = state
        if isinstance(value, str):
            out[quoted(value)] = state
    return out


def meant(engine: Engine, query: Query, field: str, text: str) -> Value:
    """The value that the text of a facet stands for: a number and a text of the same characters are told by asking."""
    for known in states(query, field)[0]:
        if text in texts({known: "include"}):
            return known
    return typed(engine, field, [text]).get(text, text)


def strip(engine: Engine, query: Query, records: int) -> dict[str, int]:
    """Records, distinct sessions and users among them, and how many carry one."""
    out = {"records": records}
    found = _ids(engine, query)
    for name, field in (("session", "session_id"), ("user", "user_id")):
        rows = found.filter(pl.col("field") == field)
        lacking = int(rows.filter(pl.col("value").is_null())["records"].sum())
        out[f"{name}s"] = int(rows["values"][0]) if rows.height else 0
        out[f"with_{name}"] = records - lacking
    return out


def _ids(engine: Engine, query: Query) -> pl.DataFrame:
    names = ("session_id", "user_id")
    if any(query.own(name) for name in names):
        return engine.facets(query, names, 1, own=True)
    return engine.panel(query, names, 1 << 62, None, 0, top=1).facets


def chain(engine: Engine, query: Query, records: int, known: dict[Query, int]) -> list[dict[str, Any]]:
    """How many records each step of the query leaves; `known` are counts of before, which are not counted again."""
    out: list[dict[str, Any]] = []
    so_far, left = Query(), 1
    for part in _asking.split(query):
        so_far = so_far & part
        if left and so_far not in known:
            known[so_far] = records if so_far == query else engine.count(so_far)
        left = known[so_far] if left else 0
        out.append({"text": str(part), "records": left})
    return out


def hint(engine: Engine, query: Query) -> dict[str, Any] | None:
    """Why nothing is left, in words, and which condition to drop; None where nothing was asked."""
    if query == Query():
        return None
    found = _asking.emptied(engine, query)
    if not found:
        return {"text": _asking.why_empty(engine, query)[0], "drop": None}
    part, text = found[0]
    drop = query.conditions.index(part.conditions[0]) if part.conditions else None
    return {"text": text, "drop": drop}


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.text if isinstance(value, Number) else value
