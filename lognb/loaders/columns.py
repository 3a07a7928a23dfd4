"""Decoded columns of log records and spans -> a Batch: ids, times, severity, session, user, size; every rule once.

Both decoders end here, so that the same record loads equal from JSON and from protobuf.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from lognb.loaders import values
from lognb.loaders.bodies import console_text, levels_from_bodies
from lognb.loaders.values import EMPTY, STRING
from lognb.schema import (
    KINDS,
    LEVELS,
    RECORD,
    SESSION_KEYS,
    SEVERITY,
    SEVERITY_WORDS,
    SPAN,
    SPAN_KINDS,
    STATUS_CODES,
    TIME,
    USER_KEYS,
    Batch,
)

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from lognb.loaders.pairs import AttributeLists


class Owner(NamedTuple):
    """A resource or a scope: what its records take from it. `values` are (key, kind, text)."""

    text: str
    size: int
    pairs: tuple[tuple[str, int, str], ...]
    name: str | None = None
    version: str | None = None

    @classmethod
    def of(cls, pairs: Sequence[tuple[str, int, str]], name: str | None = None, version: str | None = None) -> Owner:
        text = "{" + ",".join(f"{values.quote(k)}:{values.literal(kind, t)}" for k, kind, t in pairs) + "}"
        size = sum(len(k.encode()) + len(t.encode()) for k, _, t in pairs)
        return cls(text, size, tuple(pairs), name or None, version or None)

    def first(self, keys: Sequence[str]) -> str | None:
        """The value of the first of `keys` that is there and not empty; the last one of a repeated key."""
        have = {k: t for k, kind, t in self.pairs if t and kind != EMPTY}
        return next((have[k] for k in keys if k in have), None)


@dataclass(slots=True)
class Groups:
    """Runs of items that share unit, resource and scope, in order; owners are kept once."""

    unit: list[int] = field(default_factory=list)
    resource: list[int] = field(default_factory=list)
    scope: list[int] = field(default_factory=list)
    count: list[int] = field(default_factory=list)
    resources: list[Owner] = field(default_factory=list)
    scopes: list[Owner] = field(default_factory=list)

    def spread(self, of: Sequence[int]) -> NDArray[np.int64]:
        """One value per item from one per run."""
        return np.repeat(np.asarray(of, np.int64), self.count)

    def owned(self, owners: Sequence[Any], at: NDArray[np.int64], dtype: pl.DataType) -> pl.Series:
        return pl.Series(owners, dtype=dtype).gather(at) if len(owners) else pl.Series([], dtype=dtype)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the units of a chunk stand: for each its hash and its line or message number."""

    source: str
    keys: NDArray[np.uint64]
    positions: NDArray[np.int64]


def first_hash(first_unit: bytes) -> bytes:
    """What stands for a source in the ids of its records: the content of its first unit."""
    return blake2b(first_unit, digest_size=16).digest()


def unit_key(first: bytes, offset: int) -> int:
    """Hash of a unit: of its source's `first_hash` and its offset in the decompressed stream (ARCHITECTURE.md,
    `record_id`).
    """
    return int.from_bytes(blake2b(first + offset.to_bytes(8, "little"), digest_size=8).digest(), "little")


def record_ids(keys: NDArray[np.uint64], index: NDArray[np.int64]) -> NDArray[np.uint64]:
    """splitmix64 of (unit hash, index in the unit): Steele, Lea, Flood, "Fast splittable pseudorandom number
    generators", 2014.
    """
    z = keys + (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    mixed: NDArray[np.uint64] = z ^ (z >> np.uint64(31))
    return mixed


@dataclass(slots=True)
class LogColumns:
    """One row a log record, as sent. `trace_id` and `span_id` are normalised; times are Int64 ns, 0 or null for
    absent.
    """

    timestamp: pl.Series
    observed_timestamp: pl.Series
    severity_number: pl.Series
    severity_text: pl.Series
    body_kind: NDArray[np.uint8]
    body: pl.Series
    trace_id: pl.Series
    span_id: pl.Series
    event_name: pl.Series
    trace_flags: pl.Series
    dropped_attributes_count: pl.Series
    attributes: AttributeLists
    groups: Groups


@dataclass(slots=True)
class SpanColumns:
    """One row a span, as sent."""

    frame: pl.DataFrame  # the columns of SPAN that the span itself carries
    attributes: AttributeLists
    groups: Groups


def batch(
    logs: LogColumns,
    spans: SpanColumns | None,
    place: Place,
    keys: tuple[Sequence[str], Sequence[str]],
    notes: Counter[str],
) -> Batch:
    """Put the columns together. `keys` are the session and the user keys to look for before the known ones."""
    g = logs.groups
    unit, resource, scope = g.spread(g.unit), g.spread(g.resource), g.spread(g.scope)
    n = len(unit)
    known = (tuple(keys[0]) + SESSION_KEYS, tuple(keys[1]) + USER_KEYS)
    timestamp, observed = (_time(s) for s in (logs.timestamp, logs.observed_timestamp))
    number, severity = _severity(logs, notes)
    body, body_kind = console_text(logs.body, logs.body_kind, logs.attributes, notes), logs.body_kind
    repeated = logs.attributes.repeated()
    if repeated:
        notes["records with a repeated attribute key (all kept, the last one is queried)"] += repeated
    size = logs.attributes.sizes() + body.str.len_bytes().fill_null(0).cast(pl.Int64).to_numpy()
    size = size + (np.asarray([r.size for r in g.resources], np.int64)[resource] if n else 0)
    columns: dict[str, Any] = {
        "record_id": record_ids(place.keys[unit], _index_in_unit(unit)) if n else [],
        "time": timestamp.fill_null(observed) if n else timestamp,
        "timestamp": timestamp,
        "observed_timestamp": observed,
        "severity_number": number,
        "severity_text": _absent(logs.severity_text),
        "severity": severity,
        "service_name": g.owned([r.first(("service.name",)) for r in g.resources], resource, pl.String()),
        "body": body,
        "body_type": pl.Series(body_kind, dtype=pl.UInt8).replace_strict(
            dict(enumerate((None, *KINDS[1:]))), return_dtype=pl.String
        ),
        "trace_id": logs.trace_id,
        "span_id": logs.span_id,
        "session_id": _linked(logs.attributes, g, resource, known[0]),
        "user_id": _linked(logs.attributes, g, resource, known[1]),
        "event_name": _absent(logs.event_name),
        "scope_name": g.owned([s.name for s in g.scopes], scope, pl.String()),
        "scope_version": g.owned([s.version for s in g.scopes], scope, pl.String()),
        "trace_flags": logs.trace_flags,
        "dropped_attributes_count": logs.dropped_attributes_count,
        "scope_attributes": g.owned([s.text for s in g.scopes], scope, pl.String()),
        "source": pl.repeat(place.source, n, dtype=pl.String, eager=True),
        "source_position": place.positions[unit] if n else [],
        "size_bytes": size,
        "resource_ix": resource.astype(np.uint32),
    }
    types = {k: RECORD.get(k, pl.UInt32()) for k in columns}
    return Batch(
        pl.DataFrame(columns, schema=types), logs.attributes.offsets, logs.attributes.codes, logs.attributes.table,
        pl.DataFrame({"resource": [r.text for r in g.resources]}, schema={"resource": pl.String}),
        pl.DataFrame(schema=SPAN) if spans is None else _spans(spans, place, known),
    )  # fmt: skip


def _spans(spans: SpanColumns, place: Place, known: tuple[Sequence[str], Sequence[str]]) -> pl.DataFrame:
    g = spans.groups
    unit, resource, scope = g.spread(g.unit), g.spread(g.resource), g.spread(g.scope)
    f = spans.frame
    start, end = _time(f["start"]), _time(f["end"])
    columns = {name: f[name] for name in f.columns} | {
        "kind": f["kind"].replace_strict(dict(enumerate(SPAN_KINDS)), default="unspecified", return_dtype=pl.String),
        "status_code": f["status_code"].replace_strict(
            dict(enumerate(STATUS_CODES)), default="unset", return_dtype=pl.String
        ),
        "start": start,
        "end": end,
        "duration_ns": end.cast(pl.Int64) - start.cast(pl.Int64),
        "service_name": g.owned([r.first(("service.name",)) for r in g.resources], resource, pl.String()),
        "session_id": _linked(spans.attributes, g, resource, known[0]),
        "user_id": _linked(spans.attributes, g, resource, known[1]),
        "scope_name": g.owned([s.name for s in g.scopes], scope, pl.String()),
        "scope_version": g.owned([s.version for s in g.scopes], scope, pl.String()),
        "attributes": spans.attributes.texts(),
        "resource": g.owned([r.text for r in g.resources], resource, pl.String()),
        "scope_attributes": g.owned([s.text for s in g.scopes], scope, pl.String()),
        "source": pl.repeat(place.source, len(f), dtype=pl.String, eager=True),
        "source_position": place.positions[unit],
    }
    return pl.DataFrame({name: columns[name] for name in SPAN}, schema=SPAN)


def _index_in_unit(unit: NDArray[np.int64]) -> NDArray[np.int64]:
    """0, 1, 2 … within each unit; the items of a unit lie together."""
    starts = np.flatnonzero(np.concatenate(([True], np.diff(unit) != 0)))
    return np.arange(len(unit)) - np.repeat(starts, np.diff(np.append(starts, len(unit))))


def _time(ns: pl.Series) -> pl.Series:
    """0 and absent are null (log data model: 0 is unknown); nothing else is changed."""
    return ns.cast(pl.Int64).replace(0, None).cast(TIME)


def _absent(text: pl.Series) -> pl.Series:
    return text.replace("", None)


def _linked(attributes: AttributeLists, g: Groups, resource: NDArray[np.int64], keys: Sequence[str]) -> pl.Series:
    """Session or user: from the record's attributes, else its resource."""
    own = attributes.first_known(keys, suffixes=True)
    if len(own) and own.null_count():
        own = own.fill_null(g.owned([r.first(keys) for r in g.resources], resource, pl.String()))
    return own


_WORD: Final = re.compile(r"([a-z]+)[2-4]?")


def _level(word: str) -> str | None:
    """The level that a severity text names: any case, "WARN", "warning:", "[error]", "INFO2"."""
    match = _WORD.fullmatch(word.strip(" \t[]()<>:").lower())
    return SEVERITY_WORDS.get(match[1]) if match else None


def _severity(logs: LogColumns, notes: Counter[str]) -> tuple[pl.Series, pl.Series]:
    """(severity_number, severity): from the number, else the word, else a level in a JSON body, else unspecified."""
    sent = logs.severity_number.fill_null(0).to_numpy()
    if outside := int(((sent < 0) | (sent > 24)).sum()):
        notes["severity number outside 0-24 (kept up to 255, the level comes from the word or the body)"] += outside
    number = np.clip(sent, 0, 255)
    code = np.where((number >= 1) & (number <= 24), (number + 3) // 4, 0).astype(np.int8)
    unknown = code == 0
    if unknown.any():
        words = {
            w: LEVELS.index(level) for w in logs.severity_text.unique().drop_nulls().to_list() if (level := _level(w))
        }
        if words:
            from_word = logs.severity_text.replace_strict(words, default=0, return_dtype=pl.Int8).to_numpy()
            code = np.where(unknown, from_word, code)
            unknown = code == 0
        if unknown.any():
            code = levels_from_bodies(logs.body, unknown, code)
    levels = (
        pl.Series(code, dtype=pl.UInt8).replace_strict(dict(enumerate(LEVELS)), return_dtype=pl.String).cast(SEVERITY)
    )
    return pl.Series(number, dtype=pl.UInt8), levels


def hex_ids(text: pl.Series, size: int, notes: Counter[str], what: str) -> pl.Series:
    """Ids as lower hex of `size` bytes: from upper or lower hex or base64; null where absent, all zero or of wrong
    length.
    """
    raw = text.str.decode("hex", strict=False)
    odd = ((raw.is_null() | (raw.bin.size() != size)) & (text.str.len_bytes() > 0)).fill_null(value=False)
    hexed = (
        pl.select(pl.when(pl.lit(raw).bin.size() == size).then(pl.lit(raw).bin.encode("hex"))).to_series()
        if len(raw)
        else raw.cast(pl.String)
    )
    if odd.any():
        at = odd.arg_true()
        hexed = hexed.scatter(
            at, pl.Series([_from_base64(t, size) for t in text.gather(at).to_list()], dtype=pl.String)
        )
        if bad := int(hexed.gather(at).null_count()):
            notes[f"{what} of wrong length or alphabet, taken as absent"] += bad
    return hexed.replace("0" * 2 * size, None)


def _from_base64(text: str, size: int) -> str | None:
    try:
        data = values._base64(text)
    except ValueError:
        return None
    return data.hex() if len(data) == size else None


def binary_ids(data: pl.Series, size: int, notes: Counter[str], what: str) -> pl.Series:
    """The same from bytes."""
    length = data.bin.size()
    if bad := int(((length != size) & (length > 0)).sum()):
        notes[f"{what} of wrong length or alphabet, taken as absent"] += bad
    hexed = pl.select(pl.when(length == size).then(data.bin.encode("hex"))).to_series()
    return hexed.replace("0" * 2 * size, None)


def kinds_with_text(kind: NDArray[np.uint8], text: pl.Series) -> pl.Series:
    """A body as text: bytes and non-finite doubles without their tag, since `body_type` says what they are."""
    tagged = np.flatnonzero(
        (kind == values.BYTES) | ((kind == values.DOUBLE) & text.str.starts_with("{").fill_null(value=False).to_numpy())
    )
    if not len(tagged):
        return text
    bare = [t.split('":"', 1)[1][:-2] for t in text.gather(tagged).to_list()]
    return text.scatter(tagged, pl.Series(bare, dtype=pl.String))


__all__ = [
    "STRING",
    "Groups",
    "LogColumns",
    "Owner",
    "Place",
    "SpanColumns",
    "batch",
    "binary_ids",
    "first_hash",
    "hex_ids",
    "kinds_with_text",
    "record_ids",
    "unit_key",
]
