"""Protobuf on the wire: which OTLP signal are these bytes, and what of a damaged message can be saved.

Protobuf bytes of another signal or another schema often parse without error, with zero records. So the signal is
decided by evidence: the field numbers and wire types of the first items, lengths of ids, nesting. Source: the
messages of opentelemetry-proto 1.x (logs.proto, trace.proto, metrics.proto) and the protobuf encoding guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

VARINT, FIXED64, LENGTH, START_GROUP, END_GROUP, FIXED32 = range(6)

# Field number -> wire type of the items: LogRecord, Span, Metric.
ITEM_FIELDS: Final[dict[str, dict[int, int]]] = {
    "logs": {1: FIXED64, 11: FIXED64, 2: VARINT, 3: LENGTH, 4: LENGTH, 5: LENGTH, 6: LENGTH, 7: VARINT, 8: FIXED32,
             9: LENGTH, 10: LENGTH, 12: LENGTH},
    "traces": {1: LENGTH, 2: LENGTH, 3: LENGTH, 4: LENGTH, 5: LENGTH, 6: VARINT, 7: FIXED64, 8: FIXED64, 9: LENGTH,
               10: VARINT,
               11: LENGTH, 12: VARINT, 13: LENGTH, 14: VARINT, 15: LENGTH, 16: FIXED32},
    "metrics": {1: LENGTH, 2: LENGTH, 3: LENGTH, 5: LENGTH, 7: LENGTH, 9: LENGTH, 10: LENGTH, 11: LENGTH, 12: LENGTH},
}  # fmt: skip
_METRIC_DATA = {5, 7, 9, 10, 11}
_CONTAINER = {1: LENGTH, 2: LENGTH, 3: LENGTH}  # ResourceX and ScopeX have the same shape in every signal
_LOOK_AT = 3  # items to look at


class WireError(ValueError):
    """Bytes that are no protobuf; `offset` is where reading failed."""

    def __init__(self, offset: int, reason: str) -> None:
        super().__init__(reason)
        self.offset = offset


class Field(NamedTuple):
    number: int
    wire: int
    tag: int  # offset of the tag
    start: int  # offset of the value
    end: int  # offset behind the value
    value: int  # of a varint; else 0


def varint(data: bytes, at: int, end: int) -> tuple[int, int]:
    """(value, offset behind it). Raises WireError if it does not end or is longer than ten bytes."""
    value = shift = 0
    for i in range(at, min(end, at + 10)):
        byte = data[i]
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, i + 1
        shift += 7
    raise WireError(at, "a number ends early or is too long")


def fields(data: bytes, at: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of one message, in order. Raises WireError at the first that is no field or reaches beyond `end`."""
    end = len(data) if end is None else end
    while at < end:
        key, start = varint(data, at, end)
        number, wire, value = key >> 3, key & 7, 0
        if wire == VARINT:
            value, stop = varint(data, start, end)
        elif wire == FIXED64:
            stop = start + 8
        elif wire == FIXED32:
            stop = start + 4
        elif wire == LENGTH:
            size, start = varint(data, start, end)
            stop = start + size
        elif wire == START_GROUP:
            stop = _group_end(data, start, end, number)
        else:
            raise WireError(at, f"wire type {wire} does not exist")
        if number == 0 or number >= 1 << 29:
            raise WireError(at, f"field number {number} does not exist")
        if stop > end:
            raise WireError(at, f"field {number} reaches {stop - end} bytes beyond its message")
        yield Field(number, wire, at, start, stop, value)
        at = stop


def _group_end(data: bytes, at: int, end: int, number: int) -> int:
    depth = 1
    while at < end:
        key, start = varint(data, at, end)
        wire = key & 7
        if wire == END_GROUP:
            depth, at = depth - 1, start
            if depth == 0:
                return at
        elif wire == START_GROUP:
            depth, at = depth + 1, start
        elif wire == LENGTH:
            size, start = varint(data, start, end)
            at = start + size
        else:
            at = start + 8 if wire == FIXED64 else start + 4 if wire == FIXED32 else varint(data, start, end)[1]
    raise WireError(at, f"group {number} does not end")


def signal_of(data: bytes) -> tuple[str | None, str]:
    """(signal, why): "logs", "traces", "metrics", "empty" (OTLP without items) or None (not OTLP).

    The message may be damaged or end early, as the head of a file does: what can be read of it decides.
    """
    quick = _quick(data)
    if quick:
        return quick, f"the first item starts as {quick} do"
    items, error = _until_error(data, fields)
    if error and not items:
        items, _ = _until_error(data, _loose)
        if not items:
            return None, f"no OTLP message: {error} at byte {error.offset}"
    if not items:
        return ("empty", "no items") if _bare(data) else (None, "no items, and fields that OTLP does not have")
    votes = [_vote(item) for item in items]
    named = [v for v in votes if v not in (None, "empty")]
    if not named:
        return (
            ("empty", "items without content")
            if "empty" in votes
            else (None, "its items are no log records, spans or metrics")
        )
    best = max(set(named), key=named.count)
    return best, f"{named.count(best)} of the {len(votes)} first items have the fields of {best}"


# Nanoseconds of 1990 to 2100: what a time that starts a log record plausibly is. The bits of everyday doubles, read as
# a time, begin in 2114.
_PLAUSIBLE: Final = range(631_152_000 * 10**9, 4_102_444_800 * 10**9)


def _quick(data: bytes) -> str | None:
    """The signal where the first item starts as nearly all do: a log record with its time, a span with two ids of
    right length.
    """
    try:
        at, end = 0, len(data)
        for number in (1, 2, 2):  # request -> resource -> scope -> item
            while True:
                key, start = varint(data, at, end)
                size, start = varint(data, start, end)
                if key & 7 != LENGTH or start + size > end:
                    return None
                if key >> 3 == number:
                    break
                at = start + size
            at, end = start, start + size
    except WireError:
        return None
    if data[at] in (0x09, 0x59) if at < end else False:
        return "logs" if int.from_bytes(data[at + 1 : at + 9], "little") in _PLAUSIBLE else None
    return "traces" if data[at : at + 2] == b"\x0a\x10" and data[at + 18 : at + 20] == b"\x12\x08" else None


def _bare(data: bytes) -> bool:
    """Whether a message without items has only fields of OTLP, whose containers have the numbers 1 to 3."""
    mids = [mid for top in fields(data) for mid in fields(data, top.start, top.end)]
    lows = [low for mid in mids if mid.number == 2 for low in fields(data, mid.start, mid.end)]
    return all(f.number in _CONTAINER for f in (*mids, *lows))


def _until_error(
    data: bytes, walk: Callable[[bytes, int, int], Iterator[Field]]
) -> tuple[list[bytes], WireError | None]:
    """The first few items, those before the damage where there is some."""
    found: list[bytes] = []
    try:
        found.extend(_items(data, walk))  # keeps what came before an error
    except WireError as e:
        return found, e
    return found, None


def _items(data: bytes, walk: Callable[[bytes, int, int], Iterator[Field]]) -> Iterator[bytes]:
    """The bytes of the first few items. Raises WireError where the nesting is not that of an OTLP request."""
    found = 0
    for top in walk(data, 0, len(data)):
        if top.number != 1 or top.wire != LENGTH:
            raise WireError(top.tag, f"field {top.number} of the request is unknown")
        for mid in walk(data, top.start, top.end):
            _expect(mid)
            if mid.number != 2:
                continue
            for low in walk(data, mid.start, mid.end):
                _expect(low)
                if low.number == 2:
                    yield data[low.start : low.end]
                    found += 1
                    if found == _LOOK_AT:
                        return


def _loose(data: bytes, at: int, end: int) -> Iterator[Field]:
    """Fields of a message that may be cut: sizes that reach beyond the end are taken as reaching to the end."""
    while at < end:
        key, start = varint(data, at, end)
        if key & 7 != LENGTH:
            yield from fields(data, at, end)
            return
        size, start = varint(data, start, end)
        stop = min(start + size, end)
        yield Field(key >> 3, LENGTH, at, start, stop, 0)
        at = stop


def _expect(f: Field) -> None:
    if f.number in _CONTAINER and f.wire != LENGTH:
        raise WireError(f.tag, f"field {f.number} has wire type {f.wire}, not a message")


def _vote(item: bytes) -> str | None:
    """The signal of one item; None if it fits none."""
    try:
        have = list(fields(item))
    except WireError:
        # The item itself may be damaged or cut: what comes before the damage still tells.
        have = list(_until_damage(item))
    if not have:
        return "empty"
    lengths = {f.number: f.end - f.start for f in have}
    fits = {s: [f.number for f in have if table.get(f.number) == f.wire] for s, table in ITEM_FIELDS.items()}
    clash = {s: any(f.number in table and table[f.number] != f.wire for f in have) for s, table in ITEM_FIELDS.items()}
    if not clash["traces"] and lengths.get(1) == 16 and lengths.get(2) == 8 and {1, 2} <= set(fits["traces"]):
        return "traces"
    if not clash["logs"] and fits["logs"]:
        return "logs" if _plausible_log(item, have) else None
    if not clash["traces"] and {7, 8} & set(fits["traces"]):
        return "traces"
    if not clash["metrics"] and 1 in fits["metrics"] and (_METRIC_DATA & set(fits["metrics"]) or len(have) <= 3):
        return "metrics"
    return "traces" if not clash["traces"] and len(fits["traces"]) > 2 else None


def _until_damage(item: bytes) -> Iterator[Field]:
    try:
        yield from fields(item)
    except WireError:
        return


def _plausible_log(item: bytes, have: list[Field]) -> bool:
    """A log record's body is an AnyValue and its attributes are pairs; another schema's text there is not."""
    for number in (5, 6):
        for f in [f for f in have if f.number == number][:1]:
            try:
                inner = list(fields(item, f.start, f.end))
            except WireError:
                return False
            allowed = range(1, 9) if f.number == 5 else (1, 2, 3)
            if any(i.number not in allowed for i in inner):
                return False
    return True
