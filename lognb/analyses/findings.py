"""The lines of a summary, one function each: what one analysis says of these records, in words; None if nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _completer, _text
from lognb._moments import resolve
from lognb._text import clock, count, plain, plural, share, size
from lognb.analyses import buckets, changed, slower
from lognb.analyses import clock as clocks
from lognb.analyses.changes import changes
from lognb.analyses.errors import errors
from lognb.analyses.explain import explained
from lognb.analyses.facets import facets
from lognb.analyses.impact import impact
from lognb.analyses.stats import stats
from lognb.analyses.usage import usage
from lognb.query import Condition, Query, format_time
from lognb.schema import FIELD_UNITS

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.analyses.errors import Errors
    from lognb.logs import Logs
    from lognb.result import Result

    Find = Callable[["Asked"], "Finding | None"]

_ERRORS: Final = Query.parse("severity>=error")
_ISSUES: Final = 6
_GROUP: Final = 3  # errors that are more than chance all of one release
_CHANCE: Final = 0.05  # that occurrences lie so near together by chance; up to a half it is said with the doubt
_LIKELY: Final = 0.5
_PATTERNS: Final = 500
_SERVICES: Final = 4  # with several releases that are named, and so many releases of each
_RELEASES: Final = 6
_MOST_SPANS: Final = 500_000  # of more, clocks are not looked at here: logs.trace does so for one trace


@dataclass(frozen=True)
class Finding:
    """One line; see summary."""

    about: str
    said: str
    number: float
    query: str = ""
    code: str = "logs"
    result: Result | None = None


class Asked:
    """Some Logs, what was found in them so far, and what several lines ask, asked once."""

    def __init__(self, logs: Logs) -> None:
        self.logs = logs
        self.found: list[Finding] = []

    @cached_property
    def changes(self) -> Result:
        return changes(self.logs)

    @cached_property
    def errors(self) -> Errors:
        return errors(self.logs)


def contents(asked: Asked) -> Finding:
    """What is in here."""
    logs = asked.logs
    n = len(logs)
    first, last = logs.engine.window(logs.query)
    if first is None or last is None:
        return Finding("contents", f"{plural(n, 'record')}, none with a time" if n else "no records", n)
    parts = [f"{plural(n, 'record')} in {_text.duration(last - first)}: {_text.window(first, last)}"]
    people = logs.engine.facets(logs.query, ["service_name", "session", "user_id"], 1, own=True)
    numbers = dict(people.group_by("field").agg(pl.col("values").max()).iter_rows())
    spans = _spans(logs)
    for name, word in (("service_name", "service"), ("session", "session"), ("user_id", "user")):
        parts += [plural(int(numbers.get(name) or 0), word)] if numbers.get(name) else []
    parts += [plural(spans, "span")] if spans else []
    code = 'logs.facets("service_name", "severity")'
    return Finding("contents", ", ".join(parts), n, "", code, facets(logs, "service_name", "severity"))


def wrong(asked: Asked) -> Finding:
    """What is wrong: the issues, most frequent first."""
    result = asked.errors
    frame = result.frame
    if not frame.height:
        return Finding("errors", "no errors", 0, str(_ERRORS), "logs.errors()", result)
    total = int(frame["occurrences"].sum())
    # What tells where it began says more than a line that only repeats it.
    best = frame.sort(pl.col("culprit") == "", maintain_order=True).head(_ISSUES)
    told = [
        f"{plain(row['title'], 70)} ({_named(row['services'])}, {count(row['occurrences'])})"
        for row in best.rows(named=True)
    ]
    more = [f"{plural(frame.height - _ISSUES, 'issue')} more"] if frame.height > _ISSUES else []
    split = result.sentence.rpartition("; ")[2]
    more += [split] if "put together" in split else []
    said = f"{plural(total, 'error')} in {plural(frame.height, 'issue')}: {'; '.join([*told, *more])}"
    return Finding("errors", said, total, str(_ERRORS), "logs.errors()", result)


def onset(asked: Asked) -> Finding | None:
    """Since when: the surest rise of errors, explained; else the issue whose occurrences lie nearest together."""
    frame = asked.changes.frame
    rising = (
        (pl.col("measure") == "error share") & (pl.col("after") > pl.col("before")) & (pl.col("kind") != "variance")
    )
    places = frame.select(rising.arg_true()).to_series().to_list()
    if not places:
        return _began(asked)
    row = frame.row(places[0], named=True)
    result = explained(asked.logs, frame, resolve(row["time"], None, None), row)
    return Finding("onset", result.sentence, _seconds(row["time"]), row["query"], f"logs.explain({places[0]})", result)


def _began(asked: Asked) -> Finding | None:
    """Few errors move no share; but that all of one issue fall into a short time says when it began."""
    start, end = buckets.window(asked.logs)
    issues = asked.errors.frame
    several = issues.filter(pl.col("occurrences") >= _GROUP, pl.col("first").is_not_null())
    likely = []
    for row in several.iter_rows(named=True):
        first, last = (resolve(row[name], None, None) for name in ("first", "last"))
        # The chance that n moments anywhere lie so near together, times the issues that were looked at.
        w, n = (last - first) / max(end - start, 1), row["occurrences"]
        chance = (n * w ** (n - 1) - (n - 1) * w**n) * issues.height
        if start < first < end and chance <= _LIKELY:
            # Of those that are no chance, what tells where it began says more than a line that only repeats it.
            likely.append((chance >= _CHANCE, row["culprit"] == "", chance, row["issue"], first, last, row))
    if not likely:
        return None
    unsure, _, _, issue, first, last, row = min(likely, key=lambda one: one[:4])
    result = explained(asked.logs, asked.changes.frame, first, None)
    told = f"{plain(row['title'], 70)} ({_named(row['services'])}), all {count(row['occurrences'])} until {clock(last)}"
    doubt = ", which may be chance" if unsure else ""
    said = f"{clock(first)} first {told}{doubt}; {result.sentence.partition('; ')[2]}"
    code = f'logs.explain("{format_time(first)}")'
    return Finding("onset", said, first / 1e9, f"issue={issue}", code, result)


def affected(asked: Asked) -> Finding | None:
    """Whom the errors hit."""
    logs = asked.logs
    bad = logs.where(_ERRORS)
    if not len(bad):
        return None
    result = impact(bad)
    rows = result.frame.filter((pl.col("side") == "during") & (pl.col("who") == "affected"))
    if not rows.height or not rows["sessions"][0]:
        return None
    said = f"errors reached {result.sentence}"
    return Finding(
        "affected", said, int(rows["sessions"][0]), str(_ERRORS), 'logs.where("severity>=error").impact()', result
    )


def releases(asked: Asked) -> Finding | None:
    """Which releases ran, where a service had several, and which errors are of one of them alone."""
    logs = asked.logs
    name = "service.version"
    if name not in logs.engine.field_names():
        return None
    counted = logs.engine.series(logs.query, 1 << 62, ["service_name", name])
    pairs = counted.select("by0", "by1").drop_nulls().unique(maintain_order=True)
    lists = pairs.group_by("by0", maintain_order=True).agg("by1")
    several = {service: versions for service, versions in lists.iter_rows() if len(versions) > 1}
    if not several:
        return None
    issues = asked.errors.frame.filter(pl.col("releases").list.len() == 1, pl.col("occurrences") >= _GROUP)
    blamed = [r for r in issues.iter_rows(named=True) if len(r["services"]) == 1 and r["services"][0] in several]
    # Those of which one release fails are named first.
    named = list(dict.fromkeys([*(row["services"][0] for row in blamed), *several]))
    told = [_ran(logs, name, service, several[service]) for service in named[:_SERVICES]]
    told += [f"{plural(len(named) - _SERVICES, 'more service')} ran several"] if len(named) > _SERVICES else []
    told += [
        f"all {count(row['occurrences'])} {plain(row['title'], 60)} are of {plain(row['releases'][0], 40)}"
        for row in blamed[:_ISSUES]
    ]
    told += (
        [f"and so are those of {plural(len(blamed) - _ISSUES, 'more issue')} of one"] if len(blamed) > _ISSUES else []
    )
    number = sum(map(len, several.values()))
    return Finding("releases", "; ".join(told), number, f"{name} exists", f'logs.facets("{name}")', facets(logs, name))


def _ran(logs: Logs, name: str, service: str, versions: list[str]) -> str:
    """The releases of a service in the order of their first records, and how many more there are."""
    ran = []
    meant = _completer.conditions(logs.engine, name, versions)
    for version in versions:
        query = logs.query & Query((Condition("service_name", "=", service), meant[version]))
        first, last = logs.engine.window(query)
        if first is not None and last is not None:
            ran.append((first, last, version))
    each = [f"{plain(v, 40)} {clock(first)}–{clock(last)}" for first, last, v in sorted(ran)[:_RELEASES]]
    more = [f"{len(ran) - _RELEASES} more"] if len(ran) > _RELEASES else []
    return f"{plain(service, 40)} ran {' and '.join([', '.join(each), *more])}"


def others(asked: Asked) -> Finding | None:
    """What else changed, that is no error: when, what, and what its records have in common."""
    said, number = changed.told(asked.logs, asked.changes.frame)
    return Finding("changes", said, number, "", "logs.changes()", asked.changes) if number else None


def volume(asked: Asked) -> Finding | None:
    """Which kind of message fills the disk, and which has the largest records: what they are like, and where."""
    logs = asked.logs
    result = usage(logs, "pattern", top=_PATTERNS)
    frame = result.frame.filter(pl.col("pattern").is_not_null() & ~pl.col("pattern").str.starts_with("other ("))
    if not frame.height:
        return None
    whole = _bytes(logs)
    most, largest = (
        frame.row(0, named=True),
        frame.sort("largest_bytes", descending=True, maintain_order=True).row(0, named=True),
    )
    said = f"most bytes: {_filling(logs, most, whole)}"
    if largest["pattern"] != most["pattern"]:
        said += f"; largest records: {_filling(logs, largest, whole)}"
    query = Query((Condition("pattern", "=", largest["pattern"]),))
    return Finding("volume", said, largest["bytes"], str(query), 'logs.usage("pattern")', result)


def _filling(logs: Logs, row: dict[str, Any], whole: int) -> str:
    query = Query((Condition("pattern", "=", row["pattern"]),))
    first = logs.engine.window(logs.query & query)[0]
    places = [_most(logs, query, name) for name in ("service_name", "k8s.node.name", "host.name")]
    like = f"{plural(row['records'], 'record')} like “{plain(row['largest_body'], 60)}”"
    parts = [
        f"{size(row['bytes'])} ({share(row['bytes'], whole)}) in {like}",
        f"up to {size(row['largest_bytes'])} each",
        *dict.fromkeys(place for place in places if place),
        *([f"since {clock(first)}"] if first is not None else []),
    ]
    return ", ".join(parts)


def slow(asked: Asked) -> Finding | None:
    """Of the duration that most records have: where the same thing is slow more often than elsewhere."""
    logs, name = asked.logs, _duration(asked.logs)
    told = None if name is None else slower.said(logs, name)
    if name is None or told is None:
        return None
    said, query = told
    code = f'logs.stats("{name}", by="service_name")'
    result = stats(logs, name, by="service_name")
    return Finding("slow", said, logs.engine.count(logs.query & query), str(query), code, result)


def skewed(asked: Asked) -> Finding | None:
    """Whose browser's clock is off, the furthest first."""
    logs = asked.logs
    if not 0 < _spans(logs) <= _MOST_SPANS:
        return None
    off = clocks.sessions_off(logs.engine.spans()).filter(pl.col("offset_ns").abs() >= _text.SECOND)
    if not off.height:
        return None
    sessions = Query((Condition("session", "in", tuple(off["session"].to_list())),))
    users = [plain(u, 40) for u in logs.engine.facets(sessions, ["user_id"], 3)["value"].drop_nulls().to_list()]
    side = "ahead" if off["offset_ns"][0] < 0 else "behind"
    far = f"up to {_text.duration(abs(off['offset_ns'][0]))} {side}"
    said = f"the browser's clock is {far} in {plural(off.height, 'session')}"
    said += f" ({', '.join(users)})" if users else ""
    return Finding("clocks", said, off.height, str(sessions), "logs.spans", None)


def next_(asked: Asked) -> Finding:
    """What to look at next, and what nobody looked at here."""
    logs = asked.logs
    said = {f.about: f for f in asked.found}
    steps = [
        said[about].code for about in ("onset", "errors", "changes", "slow") if about in said and said[about].number
    ]
    session = session_to_look_at(logs)
    steps += [f'logs.session("{plain(session, 80)}")'] if session else []
    spans = _spans(logs)
    unseen = ["fields of over 2,000 values and ids (logs.facets)"]
    unseen += [f"the clocks of {count(spans)} spans"] if spans > _MOST_SPANS else []
    unseen += ["what lies inside recordings (logs.session)"] if logs.engine.recordings().height else []
    text = f"next: {', '.join(steps[:4]) or 'logs.explore()'}; not looked at: {', '.join(unseen)}"
    return Finding("next", text, len(steps), "", steps[0] if steps else "logs.explore()", None)


def session_to_look_at(logs: Logs) -> str | None:
    """A session with an error, one that was recorded if there is any."""
    bad = logs.engine.facets(logs.query & _ERRORS, ["session"], 200)["value"].drop_nulls().to_list()
    recorded = set(logs.engine.recordings()["session_id"].to_list())
    return next((s for s in bad if s in recorded), bad[0] if bad else None)


def _most(logs: Logs, query: Query, field: str) -> str | None:
    """Where nearly all of a query's records are, if they are in one place."""
    if field not in logs.engine.field_names():
        return None
    rows = logs.engine.facets(logs.query & query, [field], 1)
    total, value = int(rows["records"].sum()), rows["value"][0] if rows.height else None
    n = int(rows["records"][0]) if rows.height else 0
    if value is None or rows["values"][0] == 0 or n < 0.9 * logs.engine.count(logs.query & query):
        return None
    return f"all of {plain(value, 60)}" if n == total else f"{share(n, total)} of {plain(value, 60)}"


def _bytes(logs: Logs) -> int:
    return int(logs.engine.usage(logs.query, "severity")["bytes"].sum())


def _duration(logs: Logs) -> str | None:
    """The numeric field that says how long something took, and that most records of services have."""
    names = [n for n in logs.engine.field_names() if "duration" in n.lower() or any(n.endswith(e) for e in _TIMES)]
    kinds = logs.engine.dtypes(names)
    numeric = [n for n in names if kinds[n].is_numeric()]
    served = logs.query & Query((Condition("service_name", "exists"),))  # events of a product have durations of visits
    counts = {n: logs.engine.count(served & Query((Condition(n, "exists"),))) for n in numeric}
    best = max(counts, key=lambda n: (counts[n], n), default=None)
    return best if best is not None and counts[best] >= slower.SOME else None


def _spans(logs: Logs) -> int:
    return int(logs.engine.overview.get("spans") or 0)


def _named(services: list[str]) -> str:
    return ", ".join(plain(s, 40) for s in services) or "no service"


def _seconds(at: Any) -> float:
    return float(at.timestamp())


_TIMES: Final = tuple(end for end, (kind, _) in FIELD_UNITS.items() if kind == "time")
ALL: Final[tuple[Find, ...]] = (contents, wrong, onset, affected, releases, others, volume, slow, skewed, next_)
