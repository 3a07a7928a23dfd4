"""Values that still stand in what is to be given away: the proof after the work, by plain search."""

from __future__ import annotations

import contextlib
import gzip
import html
import io
import json
import re
import zipfile
import zlib
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, quote_plus

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LEAST: Final = 6
_DEEP: Final = 4
_ESCAPE: Final = re.compile(r"(?:\\[nrtbf]|\\u[0-9A-Fa-f]{4}|%[0-9A-Fa-f]{2})\Z")


def leaking(data: bytes, values: Iterable[str]) -> set[str]:
    """Which of the values stand in the bytes, in a form that texts have; letters and digits alone as a whole word.

    Short ids of users stand by chance in hashes, in ids of traces and in base64.
    """
    forms: dict[str, set[str]] = {}
    for value in values:
        if len(value) >= LEAST:
            for form in _forms(value):
                forms.setdefault(form, set()).add(value)
    if not forms:
        return set()
    names = sorted(forms)
    found: set[str] = set()
    for part in _parts(data, 0):
        text = pl.Series([part])
        hits = text.str.extract_many(names, ascii_case_insensitive=False, overlapping=True)[0]
        for form in set(hits.to_list()):
            if not form.isalnum() or _alone(part, form):
                found |= forms[form]
    return found


def _forms(value: str) -> set[str]:
    once = json.dumps(value, ensure_ascii=False)[1:-1]
    out = {value, once, json.dumps(value)[1:-1], json.dumps(once, ensure_ascii=False)[1:-1], html.escape(value)}
    with contextlib.suppress(UnicodeEncodeError):
        out |= {quote(value, safe=""), quote_plus(value), quote(value)}
    return out


def _alone(text: str, word: str) -> bool:
    """Does it stand there as a word, not as a part of a longer one? The end of an escape is no part of it."""
    at = text.find(word)
    while at >= 0:
        end = at + len(word)
        before = text[max(at - 6, 0) : at]
        if not text[end : end + 1].isalnum() and (not before[-1:].isalnum() or _ESCAPE.search(before)):
            return True
        at = text.find(word, at + 1)
    return False


def _parts(data: bytes, deep: int) -> Iterator[str]:
    """The bytes as text, and what is packed in them."""
    if deep > _DEEP:
        return
    if data[:2] == b"\x1f\x8b":
        with contextlib.suppress(OSError, EOFError, zlib.error):
            yield from _parts(gzip.decompress(data), deep + 1)
    elif data[:4] == b"PK\x03\x04":
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                yield name
                yield from _parts(archive.read(name), deep + 1)
    elif data[:4] == b"PAR1":
        frame = pl.read_parquet(io.BytesIO(data))
        yield "\n".join(frame.columns)
        for column in frame:
            if column.dtype == pl.Binary:
                for one in column.drop_nulls().unique().to_list():
                    yield from _parts(one, deep + 1)
            elif column.dtype == pl.String:
                yield "\n".join(column.drop_nulls().unique().to_list())
            else:
                yield "\n".join(json.dumps(v, default=str, ensure_ascii=False) for v in column.drop_nulls().to_list())
    else:
        yield data.decode("utf-8", "replace")
