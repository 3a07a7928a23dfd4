"""Units of OTLP protobuf -> a Batch: otlp_proto for whole messages, wire_repair for damaged ones."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from lognb.loaders import columns, otlp_proto, values, wire, wire_repair
from lognb.loaders.columns import Groups, LogColumns, Owner, SpanColumns
from lognb.loaders.otlp_proto import ViewError, column, utf8
from lognb.loaders.pairs import Arrow, no_attributes
from lognb.loaders.values import literal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.loaders.columns import Place
    from lognb.loaders.decode import Decoded
    from lognb.loaders.framing import Unit

_REQUEST: Final = {"logs": "LogsRequest", "traces": "TracesRequest"}
_ITEM: Final = {"logs": "LogRecord", "traces": "Span"}


def decode_proto(units: Sequence[Unit], place: Place, keys: tuple[Sequence[str], Sequence[str]], out: Decoded) -> None:
    """Fill `out` from protobuf units."""
    messages: dict[str, dict[int, bytes]] = {"logs": {}, "traces": {}}
    for i, unit in enumerate(units):
        signal, why = wire.signal_of(unit.data)
        if signal == "metrics":
            out.metrics += _count_items(unit.data)
            if unit.reason:
                out.reject(unit, unit.reason)
        elif signal in messages:
            messages[signal][i] = unit.data if not unit.reason else _repaired(unit, signal, unit.reason, out)
        elif signal is None or unit.reason:
            out.reject(unit, unit.reason or why)
    logs = _table("logs", messages["logs"], units, out)
    spans = _table("traces", messages["traces"], units, out)
    out.records, out.spans = (len(t[0]) if t else 0 for t in (logs, spans))
    out.signals |= {name for name, n in (("logs", out.records), ("traces", out.spans), ("metrics", out.metrics)) if n}
    if out.records or out.spans:
        log_columns = _log_columns(*logs, out.notes) if logs else _no_logs()
        out.batch = columns.batch(
            log_columns, _span_columns(*spans, out.notes) if spans and out.spans else None, place, keys, out.notes
        )


def _count_items(data: bytes) -> int:
    """Metrics in a metrics request."""
    try:
        return sum(
            low.number == 2
            for top in wire.fields(data)
            for mid in wire.fields(data, top.start, top.end)
            if mid.number == 2
            for low in wire.fields(data, mid.start, mid.end)
        )
    except wire.WireError:
        return 0


def _repaired(unit: Unit, signal: str, reason: str, out: Decoded) -> bytes:
    """The message with what can be read of it; the rest goes to the report."""

    def check(item: bytes) -> str | None:
        try:
            otlp_proto.decode(_ITEM[signal], [item])
        except ViewError as e:
            return f"record is damaged: {str(e)[:80]}"
        return None

    clean, lost = wire_repair.repair(unit.data, check)
    shift = unit.size - len(unit.data)  # the framing before the message
    for part in lost:
        out.reject(
            unit, f"{part.reason} ({reason})" if reason else part.reason, offset=shift + part.offset, length=part.length
        )
    if reason and not lost:
        out.reject(unit, reason, offset=unit.size, length=0)
    return clean


def _table(signal: str, messages: dict[int, bytes], units: Sequence[Unit], out: Decoded) -> tuple[Arrow, Groups] | None:
    """(items, their groups) of all messages; damaged messages are repaired, and only they."""
    if not messages:
        return None
    try:
        batch = otlp_proto.decode(_REQUEST[signal], list(messages.values()))
    except ViewError:
        for i in messages:
            try:
                otlp_proto.decode(_REQUEST[signal], [messages[i]])
            except ViewError as e:
                messages[i] = _repaired(units[i], signal, f"message is damaged: {str(e)[:80]}", out)
        batch = otlp_proto.decode(_REQUEST[signal], list(messages.values()))
    resources = batch.column("resources")
    r = resources.flatten()
    scopes = r.field("scopes")
    s = scopes.flatten()
    items = s.field("items")
    groups = Groups()
    of_resource = _parents(scopes)
    groups.unit = np.asarray(list(messages), np.int64)[_parents(resources)[of_resource]].tolist()
    groups.resource, groups.resources = _owners("Owner", r.field("resource"), of_resource, out.notes)
    groups.scope, groups.scopes = _owners("Scope", s.field("scope"), np.arange(len(s)), out.notes)
    groups.count = np.diff(items.offsets.to_numpy()).tolist()
    return items.flatten(), groups


def _parents(lists: Arrow) -> NDArray[np.int64]:
    """For each child the row of the list that holds it."""
    return np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))


def _owners(message: str, data: Arrow, at: NDArray[np.int64], notes: Counter[str]) -> tuple[list[int], list[Owner]]:
    """(owner of each row, distinct owners) from serialized resources or scopes."""
    coded = data.dictionary_encode()
    codes = coded.indices.to_numpy(zero_copy_only=False)[at]
    return codes.tolist(), [_owner(message, raw, notes) for raw in coded.dictionary.to_pylist()]


def _owner(message: str, raw: bytes, notes: Counter[str]) -> Owner:
    made, counted = _decoded_owner(message, raw)
    notes.update(counted)
    return made


@lru_cache(4096)
def _decoded_owner(message: str, raw: bytes) -> tuple[Owner, Counter[str]]:
    notes: Counter[str] = Counter()
    try:
        table = otlp_proto.decode(message, [raw])
    except ViewError:
        notes["resource or scope that could not be read, taken as empty"] += 1
        return Owner.of(()), notes
    attributes = otlp_proto.attribute_lists(table.column("attributes"), notes)
    pairs = list(attributes.table[attributes.codes].iter_rows()) if len(attributes.codes) else []
    name, version = (utf8(column(table, c), notes)[0] if message == "Scope" else None for c in ("name", "version"))
    return Owner.of(pairs, name, version), notes


def _log_columns(r: Arrow, groups: Groups, notes: Counter[str]) -> LogColumns:
    kind, body = otlp_proto.bodies(r.field("body"), notes)
    return LogColumns(
        timestamp=_ns(column(r, "timestamp"), notes, "time"),
        observed_timestamp=_ns(column(r, "observed_timestamp"), notes, "observed time"),
        severity_number=column(r, "severity_number").cast(pl.Int64),
        severity_text=utf8(column(r, "severity_text"), notes),
        body_kind=kind,
        body=columns.kinds_with_text(kind, body),
        trace_id=columns.binary_ids(column(r, "trace_id"), 16, notes, "trace id"),
        span_id=columns.binary_ids(column(r, "span_id"), 8, notes, "span id"),
        event_name=_event_names(r, notes),
        trace_flags=column(r, "trace_flags"),
        dropped_attributes_count=column(r, "dropped_attributes_count"),
        attributes=otlp_proto.attribute_lists(r.field("attributes"), notes),
        groups=groups,
    )


def _event_names(r: Arrow, notes: Counter[str]) -> pl.Series:
    """The event name; in its place the name that a record had before 0.14 of the schema."""
    now, before = (utf8(column(r, c), notes) for c in ("event_name", "name"))
    return now if not (before.str.len_bytes() > 0).any() else now.replace("", None).fill_null(before)


def _ns(time: pl.Series, notes: Counter[str], what: str) -> pl.Series:
    """fixed64 -> Int64; what values.TIME_MAX excludes becomes null, counted."""
    beyond = time > values.TIME_MAX
    if beyond.any():
        notes[f"{what} outside int64, taken as absent"] += int(beyond.sum())
        time = time.set(beyond, None)
    return time.cast(pl.Int64)


def _no_logs() -> LogColumns:
    ints, text = pl.Series([], dtype=pl.Int64), pl.Series([], dtype=pl.String)
    small = pl.Series([], dtype=pl.UInt32)
    return LogColumns(
        ints, ints, ints, text, np.zeros(0, np.uint8), text, text, text, text, small, small, no_attributes(0), Groups()
    )


def _span_columns(s: Arrow, groups: Groups, notes: Counter[str]) -> SpanColumns:
    status = otlp_proto.decode("Status", s.field("status"))
    frame = pl.DataFrame({
        "trace_id": columns.binary_ids(column(s, "trace_id"), 16, notes, "trace id"),
        "span_id": columns.binary_ids(column(s, "span_id"), 8, notes, "span id"),
        "parent_span_id": columns.binary_ids(column(s, "parent_span_id"), 8, notes, "parent span id"),
        "name": utf8(column(s, "name"), notes),
        "kind": column(s, "kind").cast(pl.Int64),
        "start": _ns(column(s, "start"), notes, "start time"),
        "end": _ns(column(s, "end"), notes, "end time"),
        "status_code": column(status, "code").cast(pl.Int64),
        "status_message": utf8(column(status, "message"), notes).replace("", None),
        "trace_state": utf8(column(s, "trace_state"), notes).replace("", None),
        "trace_flags": column(s, "trace_flags"),
        "dropped_attributes_count": column(s, "dropped_attributes_count"),
        "events": _parts("Event", s.field("events"), notes),
        "links": _parts("Link", s.field("links"), notes),
    })  # fmt: skip
    return SpanColumns(frame, otlp_proto.attribute_lists(s.field("attributes"), notes), groups)


def _parts(message: str, lists: Arrow, notes: Counter[str]) -> pl.Series:
    """Span events or links, each list as a JSON array; the same text as json_repair makes from JSON."""
    offsets = lists.offsets.to_numpy()
    flat = lists.flatten()
    if not len(flat):
        return pl.repeat("[]", len(lists), dtype=pl.String, eager=True)
    try:
        table = otlp_proto.decode(message, flat)
    except ViewError:
        notes[f"span {message.lower()}s that could not be read, dropped"] += 1
        return pl.repeat("[]", len(lists), dtype=pl.String, eager=True)
    texts = otlp_proto.attribute_lists(table.column("attributes"), notes).texts().to_list()
    members: list[tuple[str, list[str | None]]] = []
    for name in (
        n
        for n in ("time", "trace_id", "span_id", "name", "trace_state", "flags", "dropped_attributes_count")
        if n in table.schema.names
    ):
        data = column(table, name)
        if name in ("trace_id", "span_id"):
            data = data.bin.encode("hex")
        elif data.dtype == pl.Binary:
            data = utf8(data, notes)
        quote = data.dtype == pl.String
        members.append((name, [None if v in ("", 0) else literal(1, v) if quote else str(v) for v in data.to_list()]))
    out = []
    for i, attributes in enumerate(texts):
        parts = [f'"{name}":{column_[i]}' for name, column_ in members if column_[i] is not None]
        out.append("{" + ",".join([*parts, f'"attributes":{attributes}']) + "}")
    base = offsets[0]
    return pl.Series(
        ["[" + ",".join(out[a - base : b - base]) + "]" for a, b in pairwise(offsets)],
        dtype=pl.String,
    )
