"""What can be saved of a damaged OTLP protobuf message: every item that the damage did not touch.

The nesting of a request is known (resources hold scopes hold items), so a damaged item costs itself, a cut message
is kept up to the cut, and after a damaged size the next place is looked for from which the rest reads to its end.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from lognb.loaders import wire
from lognb.loaders.wire import LENGTH, Field, WireError, fields, varint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_SIGNALS: Final = ("logs", "traces", "metrics")
_UNKNOWN: Final = 1 << 62  # the end of the outermost message: no size says it
_TRIES: Final = 4096  # places to look at when looking for where reading can go on


class Lost(NamedTuple):
    """Bytes of a message that gave no item."""

    offset: int
    length: int
    reason: str


def repair(data: bytes, check: Callable[[bytes], str | None]) -> tuple[bytes, list[Lost]]:
    """A clean message of the same schema with all items for which `check` has no complaint, and what was lost."""
    lost: list[Lost] = []
    tops = []
    for top, top_end in _children(data, 0, len(data), _UNKNOWN, 1, lost):
        head, mids = b"", []
        for mid, mid_end in _children(data, top.start, top.end, top_end, 2, lost):
            if mid.number == 2:
                mids.append(_scope(data, mid, mid_end, check, lost))
            elif not (mid.number == 1 and _broken(data[mid.start : mid.end], lost, mid)):
                head += _message(mid.number, data[mid.start : mid.end])
        tops.append(_message(1, head + b"".join(mids)))
    return b"".join(tops), lost


def _scope(data: bytes, mid: Field, said: int, check: Callable[[bytes], str | None], lost: list[Lost]) -> bytes:
    out = []
    for low, low_end in _children(data, mid.start, mid.end, said, 2, lost):
        content = data[low.start : low.end]
        reason = None
        if low.number == 2:
            # A record that is cut between two of its fields would read without fault.
            reason = "record is cut" if low_end > low.end else check(content)
        if reason:
            lost.append(Lost(low.tag, low.end - low.tag, reason))
        elif low.number != 1 or not _broken(content, lost, low):
            out.append(_message(low.number, content))
    return _message(2, b"".join(out))


def _broken(content: bytes, lost: list[Lost], where: Field) -> bool:
    """Whether a resource or scope cannot be read; its items are kept without it."""
    try:
        for _ in fields(content):
            pass
    except WireError as e:
        lost.append(Lost(where.tag, where.end - where.tag, f"resource or scope is damaged: {e}"))
        return True
    return False


def _children(data: bytes, at: int, end: int, said: int, number: int, lost: list[Lost]) -> Iterator[tuple[Field, int]]:
    """The length-delimited fields of one container, each with the end that its size gives; damage between them
    goes to `lost`.

    The container ends at `end`, by its own size at `said`. A child that reaches beyond `end`, but not beyond `said`, is
    cut, as its container is, and is given as far as it goes; beyond `said` its size is damaged, and reading goes on at
    the next place that reads to the end.
    """
    while at < end:
        try:
            for f in fields(data, at, end):
                if f.wire == LENGTH:
                    yield f, f.end
                elif f.number <= 3:
                    lost.append(Lost(f.tag, f.end - f.tag, f"field {f.number} has wire type {f.wire}, not a message"))
                at = f.end
        except WireError as e:
            cut = _cut(data, at, end, number)
            resume = None if cut and cut[1] <= said and said != _UNKNOWN else _resume(data, at + 1, end, number, said)
            if resume is not None:
                lost.append(Lost(at, resume - at, f"damaged: {e}"))
                at = resume
                continue
            if cut:
                yield cut
            else:
                lost.append(Lost(at, end - at, str(e)))
            return


def _cut(data: bytes, at: int, end: int, number: int) -> tuple[Field, int] | None:
    """The child whose size reaches beyond the end, as far as it goes, and the end that its size gives."""
    try:
        key, start = varint(data, at, end)
        size, start = varint(data, start, end)
    except WireError:
        return None
    return (Field(number, LENGTH, at, start, end, 0), start + size) if key == number << 3 | LENGTH else None


def _resume(data: bytes, at: int, end: int, number: int, said: int) -> int | None:
    """The next place from which children read without fault to the end of their container."""
    tag = bytes([number << 3 | LENGTH])
    for _ in range(_TRIES):
        at = data.find(tag, at, end)
        if at < 0:
            return None
        try:
            found = list(fields(data, at, end))
            if all(f.wire == LENGTH and f.number <= 3 for f in found) and (said != _UNKNOWN or _nested(data, found)):
                return at
        except WireError:
            pass
        at += 1
    return None


def _nested(data: bytes, tops: list[Field]) -> bool:
    """Whether these are resources with scopes with items: nothing else tells where the outermost level goes on."""
    return all(f.number == 1 for f in tops) and wire.signal_of(data[tops[0].tag : tops[-1].end])[0] in _SIGNALS


def _message(number: int, content: bytes) -> bytes:
    return _number(number << 3 | LENGTH) + _number(len(content)) + content


def _number(n: int) -> bytes:
    """A varint."""
    out = bytearray()
    while n > 0x7F:
        out.append(n & 0x7F | 0x80)
        n >>= 7
    return bytes([*out, n])
