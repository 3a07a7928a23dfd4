"""Which services an incident is in: records and errors of each, beside an earlier time, since when, and where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._moments import resolve
from lognb._text import clock, count, plain, plural, share
from lognb.analyses.sides import side
from lognb.charts import services as charts
from lognb.query import Condition, Query
from lognb.result import Result
from lognb.schema import TIME

if TYPE_CHECKING:
    from lognb.logs import Logs

ERRORS: Final = Query.parse("severity>=error OR issue exists")  # a stack in pieces may have no severity at all
_NODES: Final = ("k8s.node.name", "host.name")
_RELEASE: Final = "service.version"
_COUNTS: Final = pl.List(pl.Struct({"value": pl.String(), "records": pl.UInt64()}))
_NOW: Final = {"records": pl.UInt64(), "errors": pl.UInt64(), "error_share": pl.Float64()}
_BEFORE: Final = {f"{name}_before": dtype for name, dtype in _NOW.items()}
_SCHEMA: Final = {
    "service_name": pl.String(), **_NOW, **_BEFORE, "first_error": TIME, "sessions": pl.UInt64(), "nodes": _COUNTS,
    "releases": _COUNTS,
}  # fmt: skip
_LOOKED_AT: Final = (
    100  # services, those with most errors, whose first error, sessions, nodes and releases are asked for
)
_TOLD: Final = 3
_ALL: Final = 1 << 30


def services(logs: Logs, baseline: Any = None) -> Result:
    """Say which services have errors, what share of their records that is, and where: most errors first.

    `baseline` is what they are held against: Logs, a query text or a (since, until) pair, with the other conditions of
    these Logs.

    Rows: `service_name` (null: the records that name none), `records`, `errors` (UInt64, those that are error or fatal,
    or belong to an issue), `error_share` (of the service's records, 0 to 1), the same three with `_before` of the
    baseline (null without one), `first_error` (Datetime ns, UTC), `sessions` (UInt64, with an error), `nodes`
    (k8s.node.name, else host.name) and `releases` (service.version) of the errors, as lists of {`value`, `records`},
    the most frequent first, up to ten. The last four are null for services without errors, and beyond the 100 with
    most.

    Raises QueryError for a baseline that is no side.
    """
    anytime = type(logs)(logs.engine, Query(logs.query.conditions), logs.sources, logs.load_report)
    before = None if baseline is None else side(anytime, baseline).logs
    now, then = _counted(logs), None if before is None else _counted(before)
    names = list(dict.fromkeys([*now, *(then or {})]))
    rows = []
    for name in names:
        n, bad = now.get(name, (0, 0))
        row: dict[str, Any] = {"service_name": name, "records": n, "errors": bad, "error_share": bad / n if n else None}
        if then is not None:
            n, bad = then.get(name, (0, 0))
            row |= {"records_before": n, "errors_before": bad, "error_share_before": bad / n if n else None}
        rows.append(row)
    rows.sort(
        key=lambda row: (-row["errors"], -(row.get("errors_before") or 0), -row["records"], row["service_name"] or "")
    )
    for row in rows[:_LOOKED_AT]:
        if row["errors"]:
            row |= _where(logs, row["service_name"])
    frame = pl.DataFrame(rows, schema=_SCHEMA)
    told = [
        "service_name",
        *_NOW,
        *(_BEFORE if before is not None else ()),
        "first_error",
        "sessions",
        "nodes",
        "releases",
    ]
    return Result(
        frame=frame,
        sentence=_sentence(frame, compared=before is not None),
        title="Services",
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
        shown=tuple(name for name in told if frame[name].null_count() < frame.height or not frame.height),
    )


def _counted(logs: Logs) -> dict[str | None, tuple[int, int]]:
    """Records and errors by service."""
    out: dict[str | None, tuple[int, int]] = {}
    for at, query in enumerate((logs.query, logs.query & ERRORS)):
        found = logs.engine.facets(query, ["service_name"], _ALL, own=True)
        for name, n in found.select("value", "records").iter_rows():
            out[name] = (n, 0) if at == 0 else (out[name][0], n)
    return out


def _where(logs: Logs, name: str | None) -> dict[str, Any]:
    is_it = Condition("service_name", "=", name) if name is not None else None
    of = Query((is_it,)) if is_it is not None else ~Query((Condition("service_name", "exists"),))
    bad = logs.query & ERRORS & of
    known = set(logs.engine.field_names())
    node = next((field for field in _NODES if field in known), None)
    fields = [field for field in (node, _RELEASE, "session") if field is not None and field in {*known, "session"}]
    found = logs.engine.facets(bad, fields, 10, own=True)
    first = logs.engine.window(bad)[0]
    return {
        "first_error": first,
        "sessions": max(found.filter(pl.col("field") == "session")["values"].to_list(), default=0),
        "nodes": _most(found, node),
        "releases": _most(found, _RELEASE),
    }


def _most(found: pl.DataFrame, field: str | None) -> list[dict[str, Any]] | None:
    if field is None:
        return None
    return (
        found.filter(pl.col("field") == field, pl.col("value").is_not_null()).select("value", "records").to_dicts()
        or None
    )


def _sentence(frame: pl.DataFrame, *, compared: bool) -> str:
    bad = frame.filter(pl.col("errors") > 0)
    if not bad.height:
        return f"no errors in {plural(frame.height, 'service')}" if frame.height else "no records"
    said = []
    for row in bad.head(_TOLD).iter_rows(named=True):
        name = "no service" if row["service_name"] is None else plain(row["service_name"], 40)
        before = row["error_share_before"]
        was = (
            f", before {share(row['errors_before'], row['records_before'])}" if compared and before is not None else ""
        )
        first = row["first_error"]
        since = "" if first is None else f", first {clock(resolve(first, None, None))}"
        part = share(row["errors"], row["records"])
        said.append(f"{name} {plural(row['errors'], 'error record')} ({part} of its records{was}{since})")
    more = f"; {count(bad.height - _TOLD)} more" if bad.height > _TOLD else ""
    return f"{count(bad.height)} of {plural(frame.height, 'service')} with errors: {'; '.join(said)}{more}"
