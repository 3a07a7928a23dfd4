"""Which values some fields have, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _text
from lognb._text import count, plural, share
from lognb.charts import facets as charts
from lognb.result import Result
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from lognb.logs import Logs

ALWAYS: Final = ("severity", "service_name")
# Looked at where a record has them; where things ran first, then what was asked for and what came back.
WHERE_PRESENT: Final = (
    "deployment.environment.name", "deployment.environment", "k8s.namespace.name", "k8s.deployment.name",
    "k8s.node.name", "host.name", "service.version", "http.route", "http.request.method",
    "http.response.status_code", "exception.type", "event_name", "scope_name",
)  # fmt: skip
_MOST: Final = 8
_TOLD = 3  # fields that the sentence speaks of


def facets(logs: Logs, *fields: str, top: int = 10, own: bool = False) -> Result:
    """Count the values of `fields`, the most frequent first; without fields, those most worth a look.

    A field's own conditions at the top of the query (`service_name=checkout` for service_name) do not restrict its
    own counts, so that one sees what else there is; `own=True` lets them. All other conditions do.

    Rows: `field`, `value` (String), `records` (UInt64), `share` of the field's records (Float64, 0 to 1), `values`
    (UInt64, how many distinct values the row stands for) and `chosen` (Boolean, the field's own conditions let the
    value through; null where the row stands for several). A `values` of 1 is a value; 0, with a null `value`, are the
    records that lack the field; 2 or more, with a null `value`, are the values beyond the `top`, together. A field's
    rows add up to all records that its others let through. Severities come in their order, the others by number. The
    fields looked at by default are severity, service_name and up to six others that some, but not all alike, records
    have.

    Raises FieldError for a field that no record has.
    """
    names = list(dict.fromkeys(fields)) or _worth_a_look(logs)
    counted = logs.engine.facets(logs.query, names, top, own=own)
    parts = [_rows(name, counted.filter(pl.col("field") == name), _total(logs, name, own=own), top) for name in names]
    if not fields:
        parts = [p for n, p in zip(names, parts, strict=True) if n in ALWAYS or _tells(p)][:_MOST]
    frame = pl.concat(parts)
    return Result(
        frame=frame,
        sentence=_sentence(frame, len(logs)),
        title="Facets",
        query=logs.query,
        sources=logs.sources,
        draw=charts.draw,
    )


def _total(logs: Logs, name: str, *, own: bool) -> int:
    return len(logs) if own or not logs.query.own(name) else logs.engine.count(logs.query.without(name))


def _worth_a_look(logs: Logs) -> list[str]:
    known = set(logs.engine.field_names())
    return [*ALWAYS, *(f for f in WHERE_PRESENT if f in known)]


def _tells(rows: pl.DataFrame) -> bool:
    return rows.height > 1 and rows.filter(pl.col("values") > 0)["records"].sum() > 0


def _rows(name: str, counted: pl.DataFrame, total: int, top: int) -> pl.DataFrame:
    """The rows of one field: its values, then the rest, then those without."""
    values = counted.filter(pl.col("value").is_not_null()).head(top)
    lacking = counted.filter(pl.col("value").is_null())
    absent = int(lacking["records"].sum())
    distinct = counted.row(0, named=True)["values"] if counted.height else 0
    shown = values.select("value", "records", values=pl.lit(1, pl.UInt64), chosen="chosen")
    if name == "severity":
        shown = shown.sort(pl.col("value").replace_strict({v: i for i, v in enumerate(LEVELS)}), descending=True)
    rest = total - int(shown["records"].sum()) - absent
    extra: list[tuple[None, int, int, bool | None]] = [(None, rest, distinct - shown.height, None)] if rest else []
    extra += [(None, absent, 0, lacking["chosen"][0])] if absent else []
    more = pl.DataFrame(extra, schema=shown.schema, orient="row")
    return pl.concat([shown, more]).select(
        pl.lit(name).alias("field"),
        "value",
        pl.col("records").cast(pl.UInt64),
        (pl.col("records") / max(total, 1)).cast(pl.Float64).alias("share"),
        "values",
        "chosen",
    )


def _sentence(frame: pl.DataFrame, total: int) -> str:
    if not total:
        return "no records"
    said = [plural(total, "record")]
    for (field,), rows in frame.group_by("field", maintain_order=True):
        if len(said) <= _TOLD:
            said.append(_said(str(field), rows, int(rows["records"].sum())))
    return "; ".join(said)


def _said(field: str, rows: pl.DataFrame, total: int) -> str:
    values = rows.filter(pl.col("value").is_not_null()).sort("records", descending=True, maintain_order=True)
    if not rows["chosen"].all():
        kept = rows.filter("chosen")
        inside = f"{count(int(kept['records'].sum()))} of {plural(total, 'record')}"
        return f"{_text.plain(field)}: {kept.height} of {plural(int(rows['values'].sum()), 'value')} chosen, {inside}"
    if not values.height:
        return f"none has {_text.plain(field)}"
    if field == "severity":
        worst = int(values.filter(pl.col("value").is_in(("error", "fatal")))["records"].sum())
        return f"{plural(worst, 'error')} ({share(worst, total)})" if worst else "no errors"
    top = values.row(0, named=True)
    distinct = int(rows["values"].sum())
    others = f", {plural(distinct - 1, 'other')}" if distinct > 1 else ""
    return f"{_text.plain(field)}: {_text.plain(top['value'], 40)} {share(top['records'], total)}{others}"
