"""Whose clock is off, and by how much: estimated from calls between services, for display only.

A call is a span of the caller and, inside it, the span of the one who was called. If T1 and T4 are start and end by the
caller's clock, T2 and T3 those by the other's, that clock is ahead by θ = ((T2 − T1) + (T3 − T4)) / 2, and as the call
was inside in truth, by something in [T3 − T4, T2 − T1], which is θ ± δ/2 with the delay δ = (T4 − T1) − (T3 − T2):
the formulas of NTP (RFC 5905, section 8). Of the intervals of many calls the range is taken in which most agree, as NTP
does (Marzullo's intersection, RFC 5905, section 11.2.1), so a few odd calls do not move it. A call that lasts longer
than its caller waited says nothing of that kind and is left out. Where 0 is in the range, or within 2 ms of it, nothing
shows that a clock is off, and nothing is moved; nor does Jaeger's clock skew adjuster, which centres each single call.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from lognb._text import duration, plain, plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Clock = tuple[str | None, str | None]
"""A service and a node, as far as they are said."""

SKEW: Final[dict[str, pl.DataType]] = {
    "parent_service": pl.String(), "parent_node": pl.String(), "child_service": pl.String(), "child_node": pl.String(),
    "offset_ns": pl.Int64(), "low_ns": pl.Int64(), "high_ns": pl.Int64(), "spread_ns": pl.Int64(),
    "pairs": pl.UInt32(), "agree": pl.UInt32(), "outside": pl.UInt32(), "proven": pl.Boolean(),
}  # fmt: skip
_CLOCK: Final = ("parent_service", "parent_node", "child_service", "child_node")
_NODES: Final = ("host.name", "k8s.node.name")
# Browsers and Node count whole milliseconds, and a server's span may end a little after its answer was received.
NOISE: Final = 2_000_000


class Offset(NamedTuple):
    """What to add to a browser's times to have those of the servers, ns; None where nothing tells, and `why`.

    `low_ns` and `high_ns` bound it, None where nothing does; `pairs` are the calls, or records, that it comes from.
    `proven`: 0 is out of bounds, by more than NOISE, as most say. `how` is "calls", "observed" or None.
    """

    offset_ns: int | None
    low_ns: int | None
    high_ns: int | None
    pairs: int
    proven: bool
    how: str | None
    why: str


def skew(spans: pl.DataFrame) -> pl.DataFrame:
    """How far the clocks of services that call each other are apart; `spans` has the columns of schema.SPAN.

    Rows: a caller and who it called, by service and node (host.name, else k8s.node.name; null where not said), most
    calls first. `offset_ns` (Int64): so much is the clock of the called one ahead; the middle of `low_ns` to `high_ns`,
    the range in which most calls agree, `spread_ns` wide. `pairs` (UInt32) calls, of which `agree` and of which
    `outside` have the called span not inside the caller's. `proven` (Boolean): most agree, and 0 is
    further than NOISE from the range.
    """
    rows = []
    for clocks, group in pairs(spans).group_by(_CLOCK, maintain_order=True):
        low, high, agree = agreed(group.select("low_ns", "high_ns").rows())
        outside = group.select(((pl.col("low_ns") > 0) | (pl.col("high_ns") < 0)).sum()).item()
        numbers = (
            (low + high) // 2,
            low,
            high,
            high - low,
            len(group),
            agree,
            outside,
            _proven(low, high, agree, len(group)),
        )
        rows.append((*clocks, *numbers))
    frame = pl.DataFrame(rows, schema=SKEW, orient="row")
    return frame.sort("pairs", descending=True, maintain_order=True)


def pairs(spans: pl.DataFrame) -> pl.DataFrame:
    """One row a call from one service, or node, to another: both, its trace, the caller's session, and the bounds.

    `low_ns`, `high_ns`: the called one's clock is ahead by something between, both included. Left out are spans without
    a start or an end, consumers (nobody waits for them) and calls that last longer than their caller waited.
    """
    own = _with_nodes(spans).filter(pl.col("start").is_not_null() & pl.col("end").is_not_null())
    kind, t = pl.col("kind"), {name: pl.col(name).dt.timestamp("ns") for name in ("start", "end")}
    child = own.filter(kind != "consumer", pl.col("trace_id").is_not_null()).select(
        "trace_id", "span_id", "parent_span_id", "kind", child_service="service_name", child_node="node", t2=t["start"],
        t3=t["end"],
    )  # fmt: skip
    parent = own.filter(kind != "producer").select(
        "trace_id", caller="span_id", caller_kind="kind", parent_service="service_name", parent_node="node",
        session="session_id", t1=t["start"], t4=t["end"],
    )  # fmt: skip
    parent = parent.unique(("trace_id", "caller", "caller_kind"), keep="first", maintain_order=True)
    once = parent.unique(("trace_id", "caller"), keep="first", maintain_order=True)
    called = child.join(once, left_on=("trace_id", "parent_span_id"), right_on=("trace_id", "caller"))
    # Zipkin gives both sides of a call one id.
    shared = child.filter(kind == "server").join(
        parent.filter(pl.col("caller_kind") == "client"),
        left_on=("trace_id", "span_id"),
        right_on=("trace_id", "caller"),
    )
    both = pl.concat([called, shared.select(called.columns)])
    apart = ~(
        pl.col("parent_service").eq_missing(pl.col("child_service"))
        & pl.col("parent_node").eq_missing(pl.col("child_node"))
    )
    both = both.filter(apart, pl.col("t3") >= pl.col("t2"))
    both = both.with_columns(low_ns=pl.col("t3") - pl.col("t4"), high_ns=pl.col("t2") - pl.col("t1"))
    return both.filter(pl.col("low_ns") <= pl.col("high_ns")).select(
        "trace_id", "session", *_CLOCK, "low_ns", "high_ns"
    )


def agreed(bounds: Iterable[tuple[int, int]]) -> tuple[int, int, int]:
    """The range (low, high) in which most intervals agree, the narrowest of several, and how many; at least one.

    >>> agreed([(0, 10), (4, 12), (5, 8), (90, 99)])
    (5, 8, 3)
    """
    edges = sorted((at, side) for low, high in bounds for at, side in ((low, 0), (high, 1)))
    best, found, count = (0, 0), (0, 0), 0
    for i, (at, side) in enumerate(edges):
        count += 1 - 2 * side
        if not side:
            until = edges[i + 1][0]
            if (count, at - until) > best:
                best, found = (count, at - until), (at, until)
    return *found, best[0]


def shifts(spans: pl.DataFrame) -> dict[Clock, int]:
    """What to add to the times of each (service, node) so that calls lie inside their callers; 0 where none need be.

    The clock that is left as it is: of those that are no browser's the one with most spans.
    """
    own = _with_nodes(spans)
    clocks = own.group_by("service_name", "node", maintain_order=True).agg(
        pl.len(), first=pl.col("start").min(), browser=pl.col("browser").any()
    )
    clocks = clocks.sort("browser", "len", "first", descending=[False, True, False], maintain_order=True)
    near: dict[Clock, dict[Clock, int]] = {}
    for row in skew(spans).iter_rows(named=True):
        a, b = (row["parent_service"], row["parent_node"]), (row["child_service"], row["child_node"])
        ahead = row["offset_ns"] if row["proven"] else 0
        near.setdefault(a, {}).setdefault(b, ahead)
        near.setdefault(b, {}).setdefault(a, -ahead)
    out: dict[Clock, int] = {}
    for clock in clocks.select("service_name", "node").rows():
        waiting = [(clock, 0)]
        while waiting:
            at, shift = waiting.pop(0)
            if at not in out:
                out[at] = shift
                waiting += [(other, shift - ahead) for other, ahead in near.get(at, {}).items()]
    return out


def shifted(spans: pl.DataFrame, moved: Mapping[Clock, int]) -> pl.Series:
    """What to add to the times of each span, ns: its clock's part of `shifts`."""
    if not any(moved.values()):
        return pl.Series([0] * len(spans), dtype=pl.Int64)
    clocks = _with_nodes(spans).select("service_name", "node").rows()
    return pl.Series([moved.get(clock, 0) for clock in clocks], dtype=pl.Int64)


def browser_offset(spans: pl.DataFrame, session_id: str, records: pl.DataFrame | None = None) -> Offset:
    """How the clock of one session's browser stands to those of the servers that it called.

    `spans` are the session's (engine.spans(session=…)), its traces whole. The browser's are those whose resource says
    that they are a browser's, else those of the services that carry the session id and that no other service calls.
    Where no call crosses, `records`, the session's with `timestamp` and `observed_timestamp`, may show a clock that is
    ahead: a record cannot be observed before it was made. A clock that is behind looks the same as a late record.
    """
    found = pairs(spans).filter(_of_browser(spans, session_id))
    if len(found):
        low, high, agree = agreed(found.select("low_ns", "high_ns").rows())
        off = (low + high) // 2  # the servers' clock is so much ahead of the browser's
        why = _told(off, low, high, agree, len(found))
        return Offset(off, low, high, len(found), _proven(low, high, agree, len(found)), "calls", why)
    none = "no trace crosses from the browser to a server in this session"
    if records is None or not len(records):
        return Offset(None, None, None, 0, proven=False, how=None, why=none)
    late = records.select(
        (pl.col("observed_timestamp").dt.timestamp("ns") - pl.col("timestamp").dt.timestamp("ns")).alias("late")
    )["late"].drop_nulls()
    most = late.min()
    if not isinstance(most, int):
        return Offset(
            None, None, None, 0, proven=False, how=None, why=f"{none}, and no record was observed by another clock"
        )
    if most >= -NOISE:
        why = f"{none}, and its records show no clock that is ahead: none was observed before it was made"
        return Offset(None, None, most, len(late), proven=False, how=None, why=why)
    why = f"{none}; of {plural(len(late), 'record')} one was observed {duration(-most)} before it was made"
    return Offset(most, None, most, len(late), proven=True, how="observed", why=why)


def sessions_off(spans: pl.DataFrame) -> pl.DataFrame:
    """The sessions whose browser's clock is proven to be off; `spans` has the columns of schema.SPAN.

    Rows: `session`, `offset_ns` (Int64: to add to the browser's times) and `pairs` (UInt32, its calls), the largest
    offset first.
    """
    found = pairs(spans).filter(pl.col("session").is_not_null())
    rows = []
    for (session,), group in found.group_by("session", maintain_order=True):
        low, high, agree = agreed(group.select("low_ns", "high_ns").rows())
        if _proven(low, high, agree, len(group)):
            rows.append((session, (low + high) // 2, len(group)))
    schema = {"session": pl.String(), "offset_ns": pl.Int64(), "pairs": pl.UInt32()}
    frame = pl.DataFrame(rows, schema=schema, orient="row")
    return frame.sort(pl.col("offset_ns").abs(), "session", descending=[True, False])


def _of_browser(spans: pl.DataFrame, session_id: str) -> pl.Expr:
    """Which pairs have the session's browser as their caller."""
    own = _with_nodes(spans)
    names = own.filter("browser")["service_name"].unique().to_list()
    if not names:
        carriers = own.filter(pl.col("session_id") == session_id)["service_name"].unique().to_list()
        called = set(pairs(spans)["child_service"].to_list())
        names = [name for name in carriers if name not in called]
    of = pl.col("parent_service").is_in(names, nulls_equal=True)
    return of & (pl.col("session").is_null() | (pl.col("session") == session_id))


def _proven(low: int, high: int, agree: int, pairs: int) -> bool:
    """Is 0 out of bounds, and do more than half of the calls say so? NTP too wants a majority."""
    return (low > NOISE or high < -NOISE) and 2 * agree > pairs


def _told(off: int, low: int, high: int, agree: int, total: int) -> str:
    of = f"{plural(total, 'call')}" if agree == total else f"{agree:,} of {plural(total, 'call')}"
    if not _proven(low, high, agree, total):
        return f"{of}: nothing proves that the clocks differ; they do by {duration(max(abs(low), abs(high)))} at most"
    side = "ahead" if off < 0 else "behind"
    return f"{of}: the browser's clock is {_exact(off)} {side}, give or take {duration((high - low + 1) // 2)}"


def _with_nodes(spans: pl.DataFrame) -> pl.DataFrame:
    """The spans with `node` and `browser`, which their resource tells; each distinct resource is parsed once."""
    if "resource" not in spans.columns:
        return spans.with_columns(node=pl.lit(None, pl.String), browser=pl.lit(value=False))
    texts = spans["resource"].unique().to_list()
    told = [_resource(text) for text in texts]
    known = pl.DataFrame(
        {"resource": texts, "node": [node for node, _ in told], "browser": [browser for _, browser in told]},
        schema={"resource": pl.String, "node": pl.String, "browser": pl.Boolean},
    )
    return spans.join(known, on="resource", how="left", nulls_equal=True, maintain_order="left")


def _resource(text: str | None) -> tuple[str | None, bool]:
    try:
        found = json.loads(text or "{}")
    except ValueError:
        found = {}
    if not isinstance(found, dict):
        return None, False
    node = next((found[key] for key in _NODES if isinstance(found.get(key), str) and found[key]), None)
    return node, found.get("telemetry.sdk.language") == "webjs" or any(key.startswith("browser.") for key in found)


def spoken(moved: Mapping[Clock, int]) -> list[str]:
    """The clocks that are off, in words; of `shifts`.

    >>> spoken({("web", None): -57_370_000_000, ("api", "node-a"): 0})
    ["web's clock is 57.370 s ahead"]
    """
    off = sorted(((abs(ns), clock, ns) for clock, ns in moved.items() if ns), key=lambda o: -o[0])
    return [f"{_named(*clock)}'s clock is {_exact(ns)} {'behind' if ns > 0 else 'ahead'}" for _, clock, ns in off]


def _exact(ns: int) -> str:
    """A length of time to the millisecond, as clocks are set by it."""
    return f"{abs(ns) / 1e9:,.3f} s" if abs(ns) >= 1_000_000_000 else duration(abs(ns))


def _named(service: str | None, node: str | None) -> str:
    name = "(no service)" if service is None else plain(service, 40)
    return name if node is None else f"{name} on {plain(node, 40)}"
