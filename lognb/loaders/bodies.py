"""What a body says about its record: a level in a JSON body, and console arguments that arrived quoted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import msgspec
import numpy as np
import polars as pl

from lognb.loaders import values
from lognb.loaders.values import STRING
from lognb.schema import BODY_LEVEL_KEYS, BODY_LEVEL_NUMBERS, LEVELS, SEVERITY_WORDS

if TYPE_CHECKING:
    from collections import Counter

    from numpy.typing import NDArray

    from lognb.loaders.pairs import AttributeLists

_fields: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_scan: Final = json.JSONDecoder().raw_decode


def levels_from_bodies(body: pl.Series, unknown: NDArray[np.bool_], code: NDArray[np.int8]) -> NDArray[np.int8]:
    """The level that a JSON body names, for the rows in `unknown`; others keep theirs."""
    at = np.flatnonzero(unknown & body.str.contains(r"^\s*\{").fill_null(value=False).to_numpy())
    if not len(at):
        return code
    code = code.copy()
    for i, text in zip(at, body.gather(at).to_list(), strict=True):
        code[i] = body_level(text)
    return code


def body_level(text: str) -> int:
    """The place in LEVELS of the level in a JSON object's text; 0 (unspecified) if it names none.

    >>> body_level('{"level": 50, "msg": "no"}')
    5
    """
    try:
        have = _fields(text)
        for key in BODY_LEVEL_KEYS:
            if key in have:
                value = msgspec.json.decode(have[key])
                name = SEVERITY_WORDS.get(value.strip().lower()) if isinstance(value, str) else _numbered(value)
                if name:
                    return LEVELS.index(name)
    except (msgspec.DecodeError, RecursionError):
        pass
    return 0


def _numbered(value: Any) -> str | None:
    return BODY_LEVEL_NUMBERS.get(value) if type(value) is int else None


def console_text(
    body: pl.Series, kind: NDArray[np.uint8], attributes: AttributeLists, notes: Counter[str]
) -> pl.Series:
    """Bodies of captured console calls, unquoted.

    PostHog's browser SDK wrote each console argument as JSON, joined by spaces, so that plain text arrived in quotes
    (packages/browser/src/entrypoints/logs.ts). Only records whose `log.source` is console… are touched, only if the
    whole body reads that way; each is counted.
    """
    quoted = (kind == STRING) & body.str.starts_with('"').fill_null(value=False).to_numpy()
    if not quoted.any():
        return body
    source = attributes.first_known(("log.source",))
    at = np.flatnonzero(quoted & source.str.starts_with("console").fill_null(value=False).to_numpy())
    found = [
        (i, text) for i, sent in zip(at, body.gather(at).to_list(), strict=True) if (text := unquote(sent)) is not None
    ]
    found = [(i, values.clean(text, notes)) for i, text in found]
    if not found:
        return body
    notes["bodies of console calls, unquoted"] += len(found)
    return body.scatter(np.asarray([i for i, _ in found]), pl.Series([t for _, t in found], dtype=pl.String))


def unquote(text: str) -> str | None:
    """Console arguments written as JSON, as a reader of the console saw them; None if the text is not that.

    >>> unquote('"cart is empty" {"items": 0} "retry"')
    'cart is empty {"items": 0} retry'
    """
    parts, at = [], 0
    while at < len(text):
        try:
            value, stop = _scan(text, at)
        except (ValueError, RecursionError):
            return None
        parts.append(value if isinstance(value, str) else text[at:stop])
        if stop < len(text) and text[stop] != " ":
            return None
        at = stop + 1
    return " ".join(parts)
