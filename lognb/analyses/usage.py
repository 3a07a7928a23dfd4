"""Who fills the disk: bytes by the values of a field, what they cost, and what would be saved."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import count, plural, share, size
from lognb.analyses import buckets
from lognb.charts import usage as charts
from lognb.errors import QueryError
from lognb.query import Query
from lognb.result import Result
from lognb.schema import SEVERITY

if TYPE_CHECKING:
    from lognb.logs import Logs

GIB: Final = 2**30

_TAKEN: Final = (
    "records", "bytes", "share", "mean_bytes", "largest_bytes", "largest_record_id", "largest_body", "billed_bytes",
    "billed_gib", "cost", "records_after", "billed_gib_after", "cost_after",
)  # fmt: skip
_START: Final = 100  # characters of a body


def usage(
    logs: Logs,
    by: str = "service_name",
    *,
    price_per_gib: float | None = None,
    drop: str | Query | None = None,
    keep_one_in: tuple[int, str | Query] | int | None = None,
    top: int = 20,
) -> Result:
    """Bytes by the values of a field, the most first; what they cost; what is left if some records are not kept.

    Rows: the `by` value (a column named like the field; null = the record has none; values beyond the `top` with most
    bytes are one "other (N more)"), `records` (UInt64), `bytes` (Int64: the sum of size_bytes), `share` of all bytes
    (Float64, 0 to 1), `mean_bytes` (Float64), `largest_bytes` (Int64), `largest_record_id` (UInt64) and `largest_body`
    (String: its first characters, made safe to print) of the largest record, `billed_bytes` (Int64) and `billed_gib`
    (Float64, of 2^30 bytes). So `by="record_id"` lists the largest records. `price_per_gib` adds `cost` (Float64).

    `drop` is a query whose records would not be sent: 'severity<info'. `keep_one_in=(10, 'service_name=worker')` would
    keep one in ten of a query's records, `keep_one_in=10` one in ten of all; after `drop`, if both are given. Either
    adds `records_after`, `billed_gib_after` and `cost_after`. Which records are kept is drawn by a hash of the record
    id: the same ones each time, and the numbers are counted from those, not expected.

    Billed bytes follow PostHog's rule (`compute_kafka_log_row_bytes` in rust/capture-logs/src/log_record.rs of its
    repository, commit 010d54d): body, and keys and values of resource and attributes as JSON texts (a text has two
    quotes more than in size_bytes; a repeated key counts once), scope and event name only beyond 50 bytes. A comment
    there says that billing is about to move to this rule from the size of the requests. Free volume is not taken off.

    Raises FieldError for a field that no record has, QueryError for a query, price or number that cannot be.
    """
    without = Query.parse(drop) if isinstance(drop, str) else drop
    thin = _thinned(keep_one_in)
    if price_per_gib is not None and not 0 <= price_per_gib < float("inf"):
        raise QueryError(f"price_per_gib={price_per_gib!r} is no price; write the price of 2^30 bytes, such as 0.25")
    name = buckets.column(by, _TAKEN)
    counted = logs.engine.usage(logs.query, by, top, drop=without, thin=thin)
    less = without is not None or thin is not None
    frame = _columns(counted, price_per_gib, less=less).rename({"by": name})
    if by == "severity":
        frame = frame.with_columns(pl.col(name).cast(SEVERITY))
    return Result(
        frame=frame,
        sentence=_sentence(frame, name, price_per_gib, _saved(without, thin)),
        title=f"Usage by {_text.plain(by)}",
        query=logs.query,
        sources=logs.sources,
        draw=partial(charts.draw, by=name),
    )


def _thinned(keep: tuple[int, str | Query] | int | None) -> tuple[int, Query] | None:
    if keep is None:
        return None
    n, chosen = keep if isinstance(keep, tuple) and len(keep) == 2 else (keep, Query())
    if not isinstance(n, int) or isinstance(n, bool) or not 1 <= n < 2**63 or not isinstance(chosen, str | Query):
        raise QueryError(f"keep_one_in={keep!r} is neither a number like 10 nor (10, 'a query')")
    return n, Query.parse(chosen) if isinstance(chosen, str) else chosen


def _columns(counted: pl.DataFrame, price: float | None, *, less: bool) -> pl.DataFrame:
    gib, after = pl.col("billed_bytes") / GIB, pl.col("billed_bytes_after") / GIB
    cost = [] if price is None else [(gib * price).alias("cost")]
    then = [] if price is None else [(after * price).alias("cost_after")]
    total = max(int(counted["bytes"].sum()), 1)
    return counted.select(
        "by",
        "records",
        "bytes",
        (pl.col("bytes") / total).alias("share"),
        (pl.col("bytes") / pl.col("records")).alias("mean_bytes"),
        "largest_bytes",
        "largest_record_id",
        pl.col("largest_body").map_elements(lambda body: _text.plain(body, _START), pl.String),
        "billed_bytes",
        gib.alias("billed_gib"),
        *cost,
        *([pl.col("records_after"), after.alias("billed_gib_after"), *then] if less else []),
    )


def _saved(drop: Query | None, thin: tuple[int, Query] | None) -> str:
    """The measure in words."""
    parts = [f"without {_said(drop)}"] if drop is not None else []
    parts += [f"with 1 in {count(thin[0])} of {_said(thin[1])}"] if thin is not None else []
    return " and ".join(parts)


def _said(query: Query) -> str:
    return _text.plain(str(query), 80) or "all records"


def _sentence(frame: pl.DataFrame, name: str, price: float | None, saved: str) -> str:
    if not frame.height:
        return "no records"
    total, billed = int(frame["bytes"].sum()), float(frame["billed_gib"].sum())
    best = frame.row(0, named=True)
    who = f"(no {_text.plain(name)})" if best[name] is None else _text.plain(best[name], 40)
    head = f"{size(total)} in {plural(int(frame['records'].sum()), 'record')}; {who} {share(best['bytes'], total)}"
    head += f"; the largest record {size(max(frame['largest_bytes'].to_list()))}"
    head += f"; billed {_gib(billed)}" + ("" if price is None else f", {_text.dollars(billed * price)}")
    if not saved:
        return head
    after = float(frame["billed_gib_after"].sum())
    cost = "" if price is None else f", {_text.dollars(after * price)}"
    return f"{head}; {saved} {_gib(after)}{cost} (−{share(round((billed - after) * GIB), round(billed * GIB))})"


def _gib(value: float) -> str:
    return f"{_text.number(value)} GiB"
