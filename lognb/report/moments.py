"""The timeline of an incident: deployments, changes, errors, pins, marks and what the author adds, in one order."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _origin
from lognb._moments import resolve
from lognb._text import MINUTE, count, plain, plural, window
from lognb.analyses.deploys import deploys as found_deploys
from lognb.charts import moments as charts
from lognb.charts.changes import words
from lognb.errors import LognbError
from lognb.query import Query
from lognb.report.blocks import Block, Table
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb._moments import Moment
    from lognb.logs import Logs

    Row = dict[str, Any]

MOMENTS: Final = {
    "time": TIME, "kind": pl.String(), "who": pl.String(), "what": pl.String(), "record_id": pl.UInt64(),
    "code": pl.String(),
}  # fmt: skip
CALL: Final = 'Report("Timeline").timeline'
"""What gives a timeline again."""
CHANGES: Final = 20
ISSUES: Final = 10
BY: Final = ("service_name", "severity", "pattern")
_LINE: Final = 300  # characters of a record's body or an issue's title


def timeline(
    logs: Logs,
    *,
    since: Moment | None = None,
    until: Moment | None = None,
    deploys: bool | Sequence[Mapping[str, Any]] = True,
    more: Sequence[Mapping[str, Any]] = (),
) -> Block:
    """The moments of these Logs in [since, until), in order; times as for `where`.

    Rows of "moments", by time: `time` (ns UTC), `kind` ("deploy", "change", "error", "pin", "mark", or the author's
    own), `who` (a service, or the author of a mark or pin), `what` (in words), `record_id` (null where no record is
    meant) and `code` (what to ask of `logs` to look at it). Deployments are those of analyses/deploys.py, or the ones
    that are given instead; changes the 20 surest moments of `logs.changes()`; errors the first and the last of the 10
    most frequent issues; pins and marks those of the sources. Of how many is said. `more` are moments to add: dicts
    with "time" and "what" and, if wanted, "who", "kind" ("note"), "record_id" and "code"; they are kept wherever they
    lie. Equal rows are one. Pins of records without a time are left out, which is said.

    Raises LognbError for a moment without time or words, QueryError for what is no time.
    """
    some = logs.where(since=since, until=until)
    given = [*([] if isinstance(deploys, bool) else _given(logs, deploys, "deploy")), *_given(logs, more, "note")]
    (changes, of_changes), (errors, of_issues) = _changes(some), _errors(some)
    found = _deploys(logs) if deploys is True else []
    kept = [*found, *_pins(logs), *_marks(logs)]
    rows = _ordered([*(row for row in kept if _inside(some.query, row["time"])), *changes, *errors, *given])
    frame = pl.DataFrame(rows, schema={**MOMENTS, "time": pl.Int64()}, orient="row")
    origin = _origin.of(some)
    said = {"deploys": None if deploys is True else deploys or False, "more": list(more)}
    return Block(
        kind="timeline",
        title="Timeline",
        text=_sentence(rows, of_changes, of_issues, sum(row["time"] is None for row in kept)),
        frames={"moments": Table.of(frame.with_columns(pl.col("time").cast(TIME)), ("time", "kind", "who", "what"))},
        facts={"pins": [list(row) for row in logs.pins.select("record_id", "note", "who").rows()]},
        origin=replace(origin, call=_origin.opening(CALL, [some], said)),
        draw=charts.draw,
    )


def _deploys(logs: Logs) -> list[Row]:
    rows = found_deploys(logs).iter_rows(named=True)
    return [_row(_ns(row["time"]), "deploy", row["who"], row["what"], row["record_id"]) for row in rows]


def _changes(some: Logs) -> tuple[list[Row], int]:
    """The surest change of each of the surest moments, and how many moments there are."""
    tops = some.changes(by=BY).frame.with_row_index("row").group_by("moment", maintain_order=True).first()
    rows = []
    for row in tops.head(CHANGES).iter_rows(named=True):
        code = f"{_origin.where(some.query, Query())}.explain({row['row']})"
        rows.append(_row(_ns(row["time"]), "change", row["service_name"] or "", words(row, BY), None, code))
    return rows, tops.height


def _errors(some: Logs) -> tuple[list[Row], int]:
    """The first and the last of the most frequent issues, and how many issues there are."""
    frame = some.errors().frame.filter(pl.col("first").is_not_null())
    rows = []
    for row in frame.head(ISSUES).iter_rows(named=True):
        first, last = _ns(row["first"]), _ns(row["last"])
        who, n, title = ", ".join(row["services"]), row["occurrences"], plain(row["title"], _LINE)
        code = f'logs.where("issue={row["issue"]}")'
        last = first if n == 1 else last  # a record and the span that tell one error are apart by less than it matters
        head = f"first of {count(n)}" if first != last else f"all {count(n)}" if n > 1 else "once"
        rows.append(_row(first, "error", who, f"{head}: {title}", row["sample_record_id"], code))
        if first != last:
            rows.append(_row(last, "error", who, f"last of {count(n)}: {title}", None, code))
    return rows, frame.height


def _pins(logs: Logs) -> list[Row]:
    rows = []
    for row in logs.pins.iter_rows(named=True):
        body = plain(row["body"] or "", _LINE)
        what = f"{row['note']} (“{body}”)" if row["note"] else body
        at = None if row["time"] is None else _ns(row["time"])
        rows.append(_row(at, "pin", row["who"] or row["service_name"] or "", what, row["record_id"]))
    return rows


def _marks(logs: Logs) -> list[Row]:
    return [_row(_ns(row["time"]), "mark", row["who"], row["text"]) for row in logs.marks.iter_rows(named=True)]


def _given(logs: Logs, moments: Sequence[Mapping[str, Any]], kind: str) -> list[Row]:
    """What the author says, as it is said."""
    first, last = logs.engine.overview["first"], logs.engine.overview["last"]
    rows = []
    for one in moments:
        if not isinstance(one, dict) or not {"time", "what"} <= one.keys() <= MOMENTS.keys():
            names = ", ".join(MOMENTS)
            raise LognbError(f"a moment is a dict with a time and what happened; it may have {names}; not {one!r}")
        row = _row(resolve(one["time"], first, last), one.get("kind") or kind, one.get("who") or "", one["what"])
        given = {name: one[name] for name in ("record_id", "code") if one.get(name)}
        rows.append(row | given | ({"record_id": int(given["record_id"])} if "record_id" in given else {}))
    return rows


def _row(at: int | None, kind: str, who: str, what: str, record_id: int | None = None, code: str = "") -> Row:
    if not code and record_id is not None:
        code = f"logs.context({record_id})"
    elif not code and at is not None:
        code = _origin.where(Query((), at - MINUTE, at + MINUTE), Query())
    return {"time": at, "kind": kind, "who": who, "what": what, "record_id": record_id, "code": code}


def _inside(query: Query, at: int | None) -> bool:
    if at is None:
        return False
    return (query.since is None or at >= query.since) and (query.until is None or at < query.until)


def _ordered(rows: list[Row]) -> list[Row]:
    """By time, of one time by kind; what several sources say alike is one row."""
    kinds = list(dict.fromkeys([*charts.KINDS, *(row["kind"] for row in rows)]))
    once: dict[Any, Row] = {}
    for row in sorted(rows, key=lambda row: (row["time"], kinds.index(row["kind"]))):
        once.setdefault((row["time"], row["kind"], row["who"], row["what"]), row)
    return list(once.values())


def _sentence(rows: list[Row], changes: int, issues: int, timeless: int) -> str:
    if not rows:
        return "no moment that one could be sure of"
    n = Counter(row["kind"] for row in rows)
    parts = []
    for kind in dict.fromkeys([*charts.KINDS, *n]):
        if kind == "change" and changes:
            parts.append(f"{_of(n[kind], changes)} {'change' if changes == 1 else 'changes'}")
        elif kind == "error" and issues:
            parts.append(f"first and last of {_of(min(issues, ISSUES), issues)} {'issue' if issues == 1 else 'issues'}")
        elif n[kind]:
            parts.append(plural(n[kind], plain(kind, 40)))
    said = f"{window(rows[0]['time'], rows[-1]['time'])}: {', '.join(parts)}"
    return said + (f"; {plural(timeless, 'pin')} without a time left out" if timeless else "")


def _of(n: int, whole: int) -> str:
    return count(n) if n == whole else f"{count(n)} of {count(whole)}"


def _ns(at: Any) -> int:
    return resolve(at, None, None)
