"""How far something goes, in one call: first and last seen, how often, since when, in what and to whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _text
from lognb._text import clock, count, plain, plural, share
from lognb.analyses import buckets
from lognb.analyses.changes import changes
from lognb.charts import scope as charts
from lognb.errors import QueryError
from lognb.query import Condition, Query
from lognb.result import Result

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.logs import Logs

_SCHEMA: Final = {
    "fact": pl.String(), "said": pl.String(), "number": pl.Float64(), "of": pl.Float64(), "query": pl.String(),
}  # fmt: skip
_WHERE: Final = (
    ("services", ("service_name",)),
    ("nodes", ("k8s.node.name", "host.name")),
    ("releases", ("service.version",)),
    ("routes", ("http.route",)),
)
_TOLD: Final = 3  # values of a field that are named
_CHANCE: Final = 0.001  # that so many records are all so late, if they came evenly
_ISSUE: Final = re.compile(r"[0-9a-z]{12}")
_KINDS: Final = ("issue", "pattern")  # fields that say what kind of record one is, the one that says most first


def scope(logs: Logs, of: Any) -> Result:
    """Say how far something goes: a record's kind, an issue, a query, or any Logs of the same sources.

    `of` is a record id (int, or its decimal text: then all records of its issue, else of its pattern, are meant), an
    issue as `logs.errors()` names it, a query text or Query, or Logs.

    Rows: `fact`, `said` (in words), `number` and `of` (the whole that it is a part of; null where there is none) and
    `query` (the records). Facts: "records" (of all of these Logs); "first seen", "last seen" (`number`: seconds since
    1970); "onset" (the first change up of their number, or the first of few; `number`: records a minute
    after it, `of`: before it);
    "services", "nodes", "releases", "routes" (how many of all there are, with the most frequent ones); "sessions",
    "users" (of all that are in these Logs); "new since" (the release all of them are of, if they began with it). Facts
    that no record tells of are left out.

    Raises QueryError for what is none of these and for a record that is not there.
    """
    some, name = _meant(logs, of)
    n = len(some)
    first, last = some.engine.window(some.query)
    rows = [_row("records", f"{share(n, len(logs))} of {plural(len(logs), 'record')}", n, len(logs), some.query)]
    onset = None
    if first is not None and last is not None:
        rows += [_row(f"{which} seen", f"{_text.day(at)}, {clock(at, 1_000_000)} UTC", at / 1e9, None, some.query)
                 for which, at in (("first", first), ("last", last))]  # fmt: skip
        onset = _onset(some)
        rows += [] if onset is None else [onset[1]]
    rows += _places(logs, some)
    rows += _people(logs, some)
    rows += _release(logs, some, first)
    frame = pl.DataFrame([r.cells() for r in rows], schema=_SCHEMA, orient="row")
    return Result(
        frame=frame,
        sentence=_sentence(name, rows),
        title=f"Scope of {plain(name, 100)}",
        query=some.query,
        sources=logs.sources,
        draw=partial(charts.draw, **_drawn(logs, some, None if onset is None else onset[0])),
    )


@dataclass(frozen=True)
class _Fact:
    fact: str
    said: str
    number: float
    of: float | None
    query: str

    def cells(self) -> dict[str, Any]:
        return {"fact": self.fact, "said": self.said, "number": self.number, "of": self.of, "query": self.query}


def _row(fact: str, said: str, number: float, of: float | None, query: Query) -> _Fact:
    return _Fact(fact, said, number, of, str(query))


def _meant(logs: Logs, of: Any) -> tuple[Logs, str]:
    """The records that are meant, and what to call them."""
    if isinstance(of, type(logs)):
        if of.engine is not logs.engine:
            raise QueryError("scope is of records of the same ln.read(…)")
        return of, str(of.query) or "all records"
    if isinstance(of, Query):
        return logs.where(of), str(of) or "all records"
    if isinstance(of, int) or (isinstance(of, str) and of.isdecimal()):
        return _of_record(logs, int(of))
    if not isinstance(of, str):
        raise QueryError(f"scope is of a record id, an issue, a query or Logs, not of {type(of).__name__}")
    if _is_issue(logs, of):
        return logs.where(Query((Condition("issue", "=", of),))), f"issue {of}"
    return logs.where(of), of or "all records"


def _of_record(logs: Logs, record_id: int) -> tuple[Logs, str]:
    """All records of its kind."""
    one = Query((Condition("record_id", "=", record_id),))
    for field in _KINDS:
        found = logs.engine.fetch(one, [field])[field]
        if not len(found):
            raise QueryError(f"no record has the id {record_id}")
        if found[0] is not None:
            return logs.where(Query((Condition(field, "=", found[0]),))), f"{field} {found[0]}"
    return logs.where(one), f"record {record_id}"


def _onset(some: Logs) -> tuple[int, _Fact] | None:
    """When their number first went up; else the first of them, where that it comes so late is no chance."""
    found = changes(some, by=None).frame
    up = (pl.col("measure") == "records") & (pl.col("after") > pl.col("before")) & (pl.col("kind") != "variance")
    rows = found.filter(up).sort("time").head(1)
    if not rows.height:
        return _begin(some)
    at, before, after = rows["time"].dt.timestamp("ns")[0], float(rows["before"][0]), float(rows["after"][0])
    said = f"{clock(at)}, from {_text.number(before)} to {_text.number(after)} records a minute"
    return at, _row("onset", said, after, before, some.query & Query((), since=at))


def _begin(some: Logs) -> tuple[int, _Fact] | None:
    start, end = buckets.window(some)
    at, n = some.engine.window(some.query)[0], len(some)
    if at is None or end <= start or (1 - (at - start) / (end - start)) ** n > _CHANCE:
        return None
    said = f"{clock(at, 1_000_000)}, none in the {_text.duration(at - start)} before"
    return at, _row("onset", said, n * _text.MINUTE / max(end - at, 1), 0, some.query & Query((), since=at))


def _places(logs: Logs, some: Logs) -> Iterator[_Fact]:
    known = set(logs.engine.field_names())
    for fact, fields in _WHERE:
        field = next((f for f in fields if f in known), None)
        if field is None:
            continue
        here, all_ = (_facet(x, field) for x in (some, logs))
        values = here.filter(pl.col("value").is_not_null())
        if not values.height:
            continue
        number, whole = _values(here), _values(all_)
        told = [f"{plain(v, 60)} {count(n)}" for v, n in values.head(_TOLD).select("value", "records").iter_rows()]
        more = f" and {count(number - _TOLD)} more" if number > _TOLD else ""
        query = some.query & Query((Condition(field, "exists"),))
        yield _row(fact, f"{count(number)} of {count(whole)}: {', '.join(told)}{more}", number, whole, query)


def _facet(logs: Logs, field: str) -> pl.DataFrame:
    return logs.engine.facets(logs.query, [field], _TOLD, own=True)


def _people(logs: Logs, some: Logs) -> Iterator[_Fact]:
    for fact, field in (("sessions", "session"), ("users", "user_id")):
        here, all_ = (_values(_facet(x, field)) for x in (some, logs))
        if all_:
            said = f"{count(here)}, {share(here, all_)} of {plural(all_, fact[:-1])}"
            yield _row(fact, said, here, all_, some.query & Query((Condition(field, "exists"),)))


def _values(facet: pl.DataFrame) -> int:
    return max(facet["values"].to_list(), default=0)


def _release(logs: Logs, some: Logs, first: int | None) -> Iterator[_Fact]:
    """The release that all of them are of, where others of the same services came before it."""
    field = "service.version"
    if first is None or field not in logs.engine.field_names():
        return
    versions = _facet(some, field)
    services = _facet(some, "service_name").filter(pl.col("value").is_not_null())["value"].to_list()
    if versions.height != 1 or versions["value"][0] is None or not services:
        return
    version = versions["value"][0]
    same = Query((Condition("service_name", "in", tuple(services)),))
    began = logs.engine.window(same & Query((Condition(field, "=", version),)))[0]
    before = logs.engine.count(same & Query((Condition(field, "!=", version),), until=began))
    if began is not None and before:
        said = f"{plain(version, 60)} of {', '.join(plain(s, 40) for s in services)}, which began at {clock(began)}"
        yield _row("new since", f"{said}, {_text.duration(first - began)} before the first of these", began / 1e9, None,
                   same & Query((Condition(field, "=", version),)))  # fmt: skip


def _is_issue(logs: Logs, text: str) -> bool:
    return bool(_ISSUE.fullmatch(text)) and text in logs.engine.derived("issue").table["issue"].to_list()


def _drawn(logs: Logs, some: Logs, onset: int | None) -> dict[str, Any]:
    """What the picture shows: these records over the time of all."""
    first, last = buckets.window(logs)
    width = buckets.width("auto", last - first)
    whole = logs.engine.series(some.query, width, [])
    return {"whole": whole, "every": width, "window": (first, last), "onset": onset}


def _sentence(name: str, rows: list[_Fact]) -> str:
    said = {row.fact: row.said for row in rows}
    parts = [f"{plain(name, 80)}: {plural(int(rows[0].number), 'record')}, {said['records']}"]
    told = ("first seen", "onset", "services", "nodes", "sessions", "users", "new since")
    parts += [f"{fact} {said[fact]}" for fact in told if fact in said]
    return "; ".join(parts)
