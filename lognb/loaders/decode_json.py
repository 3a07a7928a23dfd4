"""Units of OTLP JSON -> a Batch: the fast road of otlp_json, and json_repair for what it refuses."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import lru_cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl
from msgspec.structs import fields as struct_fields

from lognb.loaders import columns, json_columns, json_repair, otlp_json, plain_json, rrweb, values
from lognb.loaders.batch import joined, nothing
from lognb.loaders.columns import Groups, LogColumns, Owner, SpanColumns
from lognb.loaders.framing import BOM
from lognb.loaders.otlp_json import Record, Request, Span, Status
from lognb.loaders.parquet import said
from lognb.loaders.parquet_tables import ERRORS
from lognb.schema import LEVELS, SPAN_KINDS, STATUS_CODES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from lognb.loaders.columns import Place
    from lognb.loaders.decode import Decoded
    from lognb.loaders.framing import Unit

SEVERITIES: Final = {
    "SEVERITY_NUMBER_UNSPECIFIED": 0,
    **{
        f"SEVERITY_NUMBER_{LEVELS[i].upper()}{n or ''}": 4 * i - 4 + max(n, 1)
        for i in range(1, 7)
        for n in (0, 2, 3, 4)
    },
}
RAW: Final = frozenset({"attributes", "events", "links"})
KINDS: Final = {f"SPAN_KIND_{k.upper()}": i for i, k in enumerate(SPAN_KINDS)}
STATUSES: Final = {f"STATUS_CODE_{k.upper()}": i for i, k in enumerate(STATUS_CODES)}


class _Rows:
    """Items of one signal, column by column as they come, with the runs that share unit, resource and scope.

    Columns are taken from the items of a unit while these are still in the processor's cache; a chunk of them is not.
    """

    def __init__(self, kind: type[Record] | type[Span], notes: Counter[str]) -> None:
        self.columns: dict[str, list[Any]] = {f.name: [] for f in struct_fields(kind)}
        self.groups = Groups()
        self._take = [(column, attrgetter(name), name in RAW) for name, column in self.columns.items()]
        self._notes = notes
        self._resources: dict[bytes, int] = {}
        self._scopes: dict[bytes, int] = {}

    def __len__(self) -> int:
        return sum(self.groups.count)

    def add(self, unit: int, resource: bytes, scope: bytes, items: Sequence[Any]) -> None:
        g = self.groups
        r = self._resources.setdefault(resource, len(self._resources))
        if r == len(g.resources):
            g.resources.append(owner(resource, self._notes))
        s = self._scopes.setdefault(scope, len(self._scopes))
        if s == len(g.scopes):
            g.scopes.append(owner(scope, self._notes))
        g.unit.append(unit)
        g.resource.append(r)
        g.scope.append(s)
        g.count.append(len(items))
        for column, get, raw in self._take:
            column.extend(map(bytes, map(get, items)) if raw else map(get, items))


def owner(raw: bytes, notes: Counter[str]) -> Owner:
    """A resource or scope from its JSON, in either spelling; b"" is an empty one."""
    made, counted = _owner(raw)
    notes.update(counted)
    return made


@lru_cache(4096)
def _owner(raw: bytes) -> tuple[Owner, Counter[str]]:
    notes: Counter[str] = Counter()
    data = otlp_json.loads(raw) if raw else None
    if not isinstance(data, dict):
        notes["resource or scope that is no object, taken as empty"] += data is not None
        data = {}
    pairs = list(values.typed_pairs(data.get("attributes"), notes))
    name, version = (values.clean(str(data[k]), notes) if data.get(k) else None for k in ("name", "version"))
    return Owner.of(pairs, name, version), notes


def decode_json(
    units: Sequence[Unit],
    place: Place,
    keys: tuple[Sequence[str], Sequence[str]],
    out: Decoded,
    columns_: Mapping[str, str] | None = None,
) -> None:
    """Fill `out` from JSON units: OTLP, and where a unit is none of it, plain records (plain_json.py)."""
    logs, spans = _Rows(Record, out.notes), _Rows(Span, out.notes)
    plain: list[plain_json.Row] = []
    recordings = rrweb.Recordings()
    was_plain = False
    decoders = list(otlp_json.REQUEST)
    for i, unit in enumerate(units):
        # Plain records do not pass for OTLP, nor OTLP for them: the kind of the last unit is tried first.
        request = None if was_plain else _fast(unit, decoders)
        empty = request is None or not (request.resource_logs or request.resource_spans or request.resource_metrics)
        if empty and recordings.take(unit, int(place.positions[i]), out):
            continue  # before its events, which have a timestamp, pass for records
        found = plain_json.rows(i, unit, columns_, out) if empty else None
        if was_plain and found is None:
            request = _fast(unit, decoders)
        was_plain = found is not None
        if found is not None:
            plain += found
            continue
        if request is None:
            _slow(i, unit, logs, spans, out)
        else:
            _collect(i, request, logs, spans, out)
    out.records, out.spans = len(logs) + len(plain), len(spans)
    out.signals |= {name for name, n in (("logs", out.records), ("traces", out.spans), ("metrics", out.metrics)) if n}
    made = []
    if len(logs) or out.spans:
        made.append(
            columns.batch(
                _log_columns(logs, out.notes),
                _span_columns(spans, out.notes) if out.spans else None,
                place,
                keys,
                out.notes,
            )
        )
    if plain:
        try:
            made.append(plain_json.decode(plain, place, keys, columns_, out))
        except ERRORS as e:
            out.records -= len(plain)
            for i in dict.fromkeys(row.unit for row in plain):
                out.reject(units[i], f"records that could not be read: {said(e)}")
    if recordings.events:
        made.append(replace(nothing(), recordings=recordings.frame(place, out)))
    if made:
        out.batch = joined(made)


def _fast(unit: Unit, decoders: list[Any]) -> Request | None:
    """The typed decode; the spelling that worked is tried first on the next unit."""
    if unit.reason:
        return None
    data = unit.data.strip(b" \t\r\n,").removeprefix(BOM)
    for n in range(2):
        try:
            request: Request = decoders[n](data)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue
        if n:
            decoders.reverse()
        return request
    return None


def _collect(i: int, request: Request, logs: _Rows, spans: _Rows, out: Decoded) -> None:
    for rl in request.resource_logs or ():
        for sl in rl.scope_logs or ():
            if sl.log_records:
                logs.add(i, bytes(rl.resource), bytes(sl.scope), sl.log_records)
    for rs in request.resource_spans or ():
        for ss in rs.scope_spans or ():
            if ss.spans:
                spans.add(i, bytes(rs.resource), bytes(ss.scope), ss.spans)
    for rm in request.resource_metrics or ():
        out.metrics += sum(len(sm.metrics or ()) for sm in rm.scope_metrics or ())


def _slow(i: int, unit: Unit, logs: _Rows, spans: _Rows, out: Decoded) -> None:
    found = json_repair.repair(unit.data, unit.reason, out.notes)
    for run in found.runs:
        (logs if run.signal == "logs" else spans).add(i, run.resource, run.scope, run.items)
    out.metrics += found.metrics
    for lost in found.lost:
        out.reject(unit, lost.reason, offset=lost.offset, length=lost.length, records=lost.records)


def _log_columns(rows: _Rows, notes: Counter[str]) -> LogColumns:
    r = rows.columns
    kind, body = json_columns.any_columns(r["body"], notes)
    return LogColumns(
        timestamp=json_columns.numbers(r["time_unix_nano"], notes, "time"),
        observed_timestamp=json_columns.numbers(r["observed_time_unix_nano"], notes, "observed time"),
        severity_number=json_columns.enums(r["severity_number"], SEVERITIES, notes, "severity number"),
        severity_text=_text(r["severity_text"]),
        body_kind=kind,
        body=columns.kinds_with_text(kind, body),
        trace_id=columns.hex_ids(_text(r["trace_id"]), 16, notes, "trace id"),
        span_id=columns.hex_ids(_text(r["span_id"]), 8, notes, "span id"),
        event_name=_text(r["event_name"]),
        trace_flags=_small(r["flags"], notes, "flags"),
        dropped_attributes_count=_small(r["dropped_attributes_count"], notes, "dropped attributes count"),
        attributes=json_columns.attribute_lists(r["attributes"], notes),
        groups=rows.groups,
    )


def _span_columns(rows: _Rows, notes: Counter[str]) -> SpanColumns:
    s = rows.columns
    status: list[Status | None] = s["status"]
    frame = pl.DataFrame({
        "trace_id": columns.hex_ids(_text(s["trace_id"]), 16, notes, "trace id"),
        "span_id": columns.hex_ids(_text(s["span_id"]), 8, notes, "span id"),
        "parent_span_id": columns.hex_ids(_text(s["parent_span_id"]), 8, notes, "parent span id"),
        "name": _text(s["name"]),
        "kind": json_columns.enums(s["kind"], KINDS, notes, "span kind"),
        "start": json_columns.numbers(s["start_time_unix_nano"], notes, "start time"),
        "end": json_columns.numbers(s["end_time_unix_nano"], notes, "end time"),
        "status_code": json_columns.enums([x.code if x else 0 for x in status], STATUSES, notes, "status code"),
        "status_message": _text([x.message if x else None for x in status]).replace("", None),
        "trace_state": _text(s["trace_state"]).replace("", None),
        "trace_flags": _small(s["flags"], notes, "flags"),
        "dropped_attributes_count": _small(s["dropped_attributes_count"], notes, "dropped attributes count"),
        "events": pl.Series([json_repair.events_text(x, notes) for x in s["events"]], dtype=pl.String),
        "links": pl.Series([json_repair.links_text(x, notes) for x in s["links"]], dtype=pl.String),
    })  # fmt: skip
    return SpanColumns(frame, json_columns.attribute_lists(s["attributes"], notes), rows.groups)


def _text(items: list[str | None]) -> pl.Series:
    return pl.Series(items, dtype=pl.String)


def _small(items: list[int | None], notes: Counter[str], what: str) -> pl.Series:
    """UInt32, 0 where absent; what does not fit becomes 0 and is counted."""
    wide = json_columns.numbers(items, notes, what).fill_null(0)
    fits = wide.is_between(0, 2**32 - 1)
    if not fits.all():
        notes[f"{what} outside uint32, taken as 0"] += int((~fits).sum())
    return wide.set(~fits, 0).cast(pl.UInt32)
