"""A resource's JSON object -> the value that counts of each key, as a JSON literal: the last one sent."""

from __future__ import annotations

import json
from typing import Any


class _Pairs(list[tuple[str, Any]]):
    """An object whose repeated keys are kept."""


_decode = json.JSONDecoder(object_pairs_hook=_Pairs).decode
_quote = json.JSONEncoder(ensure_ascii=False).encode


def pairs_of(text: str) -> dict[str, str]:
    """Empty for a text that is no JSON object.

    >>> pairs_of('{"a":1,"b":{"x":7.0,"x":"7"},"a":"1"}')
    {'a': '"1"', 'b': '{"x":7.0,"x":"7"}'}
    """
    try:
        pairs = _decode(text)
    except (ValueError, RecursionError):
        return {}
    return {key: _literal(value) for key, value in pairs} if isinstance(pairs, _Pairs) else {}


def _literal(value: Any) -> str:
    if isinstance(value, _Pairs):
        return "{" + ",".join(f"{_quote(k)}:{_literal(v)}" for k, v in value) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(_literal, value)) + "]"
    return _quote(value)
