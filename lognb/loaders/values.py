"""AnyValue -> (kind, text): one JSON literal per value, the same from every encoding.

Strings stay text. Every other value becomes the JSON literal that stands for it in `attributes`; what JSON cannot
say is a tagged object: `{"$bytes": "<base64>"}`, `{"$double": "NaN"}`, and `{"$kvlist": {...}}` around a list of one
pair whose own key starts with "$", so that a tag is never mistaken for data. Repeated keys stay repeated.
Source of the value types: opentelemetry/proto/common/v1/common.proto.
"""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from lognb.schema import KIND, KINDS

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable, Iterable, Iterator, Mapping

EMPTY, STRING, BOOL, INT, DOUBLE, ARRAY, KVLIST, BYTES = range(len(KINDS))
INT64_MIN, INT64_MAX = -(2**63), 2**63 - 1
TIME_MAX = INT64_MAX - 1  # the last nanosecond: in DuckDB and NumPy the one after it stands for "no such time"
MAX_DEPTH: Final = 100  # protobuf's own limit for nested messages

quote: Callable[[str], str] = encode_basestring  # a JSON string, non-ASCII left as it is
_SURROGATE = re.compile("[\ud800-\udfff]")

Typed = tuple[int, str]


def clean(text: str, notes: Counter[str]) -> str:
    """Replace lone surrogates, which no UTF-8 text can hold, by U+FFFD and count the text."""
    if text.isascii() or not _SURROGATE.search(text):
        return text
    notes["text with invalid UTF-8, replaced by U+FFFD"] += 1
    return _SURROGATE.sub("\ufffd", text)


def literal(kind: int, text: str) -> str:
    """The JSON literal of a typed value."""
    return quote(text) if kind == STRING else text


def double_text(x: float) -> str:
    """A double as JSON, always with a point or an exponent, so that 7.0 never becomes 7."""
    if math.isfinite(x):
        # As Polars writes columns of doubles, so that all roads agree: exponents without zeros, none at 1e-05.
        text = repr(x)
        return text.replace("e-0", "e-") if not text.endswith("e-05") else format(Decimal(text), "f")
    return '{"$double":"%s"}' % ("NaN" if math.isnan(x) else "Infinity" if x > 0 else "-Infinity")


def bytes_text(data: bytes) -> str:
    return '{"$bytes":"%s"}' % base64.b64encode(data).decode()


def kvlist_text(pairs: Iterable[tuple[str, str]]) -> str:
    """A JSON object of (key, literal) pairs, wrapped where it would look like a tag."""
    items = list(pairs)
    text = "{" + ",".join(f"{quote(k)}:{v}" for k, v in items) + "}"
    return '{"$kvlist":%s}' % text if len(items) == 1 and items[0][0].startswith("$") else text


def _int(value: object, notes: Counter[str]) -> Typed:
    number = int(value)  # type: ignore[call-overload]
    if INT64_MIN <= number <= INT64_MAX:
        return INT, str(number)
    notes["integer beyond int64, kept as text"] += 1
    return STRING, str(number)


def _base64(text: str) -> bytes:
    """Standard or URL-safe base64, padded or not."""
    return base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)


# The members of a JSON AnyValue in both spellings.
_MEMBER: Final[dict[str, int]] = {name: KIND[kind] for kind in KINDS[1:] for name in (f"{kind}Value", f"{kind}_value")}


def from_json(value: object, notes: Counter[str], depth: int = 0) -> Typed:
    """A parsed OTLP JSON AnyValue, camelCase or snake_case -> (kind, text).

    A value that is not what its member says (an int that is no number, bytes that are no base64) is kept as text
    and counted. Raises RecursionError beyond MAX_DEPTH levels.
    """
    if depth > MAX_DEPTH:
        raise RecursionError(f"value nested deeper than {MAX_DEPTH} levels")
    if not isinstance(value, dict):
        if value is None:
            return EMPTY, "null"
        notes["value that is no AnyValue object, kept as text"] += 1
        return STRING, clean(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False), notes)
    for name, content in value.items():
        kind = _MEMBER.get(name)
        if kind is not None and content is not None:
            try:
                return _typed(kind, content, notes, depth)
            except (ValueError, TypeError, binascii.Error):
                notes[f"{KINDS[kind]} value that could not be read, kept as text"] += 1
                return STRING, clean(content if isinstance(content, str) else json.dumps(content), notes)
    if value and set(value) - set(_MEMBER):
        notes["value of an unknown type, taken as empty"] += 1
    return EMPTY, "null"


def _typed(kind: int, content: Any, notes: Counter[str], depth: int) -> Typed:
    if kind == STRING:
        return STRING, clean(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False), notes)
    if kind == BOOL:
        if isinstance(content, bool):
            return BOOL, "true" if content else "false"
        return BOOL, {"true": "true", "1": "true", "false": "false", "0": "false"}.get(str(content).lower()) or _bad()
    if kind == INT:
        return _int(content, notes) if not isinstance(content, float) or content.is_integer() else _bad()
    if kind == DOUBLE:
        return DOUBLE, double_text(float(content))
    if kind == BYTES:
        return BYTES, bytes_text(_base64(content))
    values = _values(content)
    if kind == ARRAY:
        return ARRAY, "[" + ",".join(literal(*from_json(v, notes, depth + 1)) for v in values) + "]"
    return KVLIST, kvlist_text(json_pairs(values, notes, depth + 1))


def _bad() -> Any:
    raise ValueError("not a value of its type")


def _values(content: Any) -> list[Any]:
    values = content.get("values") if isinstance(content, dict) else content
    if values is None:
        return []
    if not isinstance(values, list):
        raise TypeError("values is no array")
    return values


def typed_pairs(items: Any, notes: Counter[str], depth: int = 0) -> Iterator[tuple[str, int, str]]:
    """Parsed OTLP JSON attributes -> (key, kind, text). A plain object is taken as its pairs, and counted."""
    if isinstance(items, dict):
        notes["attributes written as a plain object"] += 1
        items = [{"key": k, "value": v if isinstance(v, dict) else {"stringValue": v}} for k, v in items.items()]
    for item in items if isinstance(items, list) else ():
        if isinstance(item, dict):
            yield clean(str(item.get("key", "")), notes), *from_json(item.get("value"), notes, depth)
        else:
            notes["attribute that is no key and value, dropped"] += 1


def json_pairs(items: Any, notes: Counter[str], depth: int = 0) -> Iterator[tuple[str, str]]:
    """Parsed OTLP JSON attributes -> (key, literal)."""
    return ((key, literal(kind, text)) for key, kind, text in typed_pairs(items, notes, depth))


def from_proto(value: AnyValue, depth: int = 0) -> Typed:
    """A protobuf AnyValue -> (kind, text)."""
    member = value.WhichOneof("value")
    if member is None or member not in _MEMBER:
        return EMPTY, "null"
    content = getattr(value, member)
    kind = _MEMBER[member]
    if kind == STRING:
        return STRING, content
    if kind == BOOL:
        return BOOL, "true" if content else "false"
    if kind == INT:
        return INT, str(content)
    if kind == DOUBLE:
        return DOUBLE, double_text(content)
    if kind == BYTES:
        return BYTES, bytes_text(content)
    if kind == ARRAY:
        return ARRAY, "[" + ",".join(literal(*from_proto(v, depth + 1)) for v in content.values) + "]"
    return KVLIST, kvlist_text((kv.key, literal(*from_proto(kv.value, depth + 1))) for kv in content.values)


def nested_proto(kind: int, data: bytes, notes: Counter[str]) -> Typed:
    """The bytes of an ArrayValue or KeyValueList -> (kind, text); damaged ones are kept as bytes and counted."""
    whole = AnyValue()
    try:
        member = whole.array_value if kind == ARRAY else whole.kvlist_value
        member.MergeFromString(data)
        member.SetInParent()
        return from_proto(whole)
    except Exception:  # protobuf's DecodeError, and RecursionError, have no common base below Exception
        notes["nested value that could not be read, kept as bytes"] += 1
        return BYTES, bytes_text(data)


def untag(value: Any) -> Mapping[str, Any]:
    """A parsed literal (objects as lists of pairs) -> OTLP JSON AnyValue: the way back of this module.

    `value` comes from `json.loads(text, object_pairs_hook=Pairs)`, so that repeated keys survive.
    """
    if value is None:
        return {}
    if isinstance(value, str):
        return {"stringValue": value}
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, Pairs):
        if len(value) == 1 and value[0][0] in ("$bytes", "$double", "$kvlist"):
            tag, content = value[0]
            if tag == "$kvlist":
                return {"kvlistValue": {"values": key_values(content)}}
            return {"bytesValue" if tag == "$bytes" else "doubleValue": content}
        return {"kvlistValue": {"values": key_values(value)}}
    return {"arrayValue": {"values": [untag(v) for v in value]}}


def key_values(pairs: Iterable[tuple[str, Any]]) -> list[dict[str, Any]]:
    """Pairs of (key, parsed literal) -> OTLP JSON KeyValues."""
    return [{"key": key, "value": untag(value)} for key, value in pairs]


class Pairs(list[tuple[str, Any]]):
    """A JSON object as its pairs in order; a type of its own, so that it is not mistaken for an array."""
