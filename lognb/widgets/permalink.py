"""A panel as one string that fits into an address: its view, and of which content it was. Reading trusts nothing.

`lognb1-` and the base64url text of deflated JSON: {"query": Query.to_json, "of": fingerprint, "view": what is not as
usual}. A string of a later version, or of anything else, is refused in words.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from dataclasses import fields
from typing import Any, Final, Literal

import msgspec

from lognb.errors import LognbError, QueryError
from lognb.query import Query
from lognb.widgets.state import View
from lognb.widgets.tabs import RECORDS, TABS
from lognb.widgets.zones import known

_PREFIX: Final = "lognb1-"
_LONGEST: Final = 1 << 20  # of the JSON, as of the link
_MOST: Final = 200  # columns, facets


class _Seen(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A View but for its query."""

    columns: tuple[tuple[str, int | None], ...] = ()
    newest: bool = True
    zone: str = "UTC"
    by: str | None = "severity"
    unit: Literal["records", "bytes"] = "records"
    log: bool = False
    fields: tuple[str, ...] | None = None
    baseline: tuple[int, int] | None = None
    against: Literal["baseline", "rest"] = "baseline"
    tab: str = "records"


class _Link(msgspec.Struct, forbid_unknown_fields=True):
    query: dict[str, Any]
    of: str
    view: _Seen


_NAMES: Final = tuple(f.name for f in fields(View) if f.name != "query")


def write(view: View, of: str) -> str:
    """The link to a view of the content with the fingerprint `of`."""
    seen = _Seen(**{name: getattr(view, name) for name in _NAMES})
    told = msgspec.json.encode(_Link(view.query.to_json(), of, seen))
    packer = zlib.compressobj(9, wbits=-15)
    return _PREFIX + base64.urlsafe_b64encode(packer.compress(told) + packer.flush()).decode().rstrip("=")


def read(link: str) -> tuple[View, str]:
    """The view of a link and the fingerprint of its content; raises QueryError for what `write` did not make."""
    text = link.strip()
    if not text.startswith(_PREFIX):
        later = text[:5] == "lognb" and text[5:6].isdigit()
        why = "it is of a later lognb" if later else f"a link begins with {_PREFIX}"
        raise QueryError(f"{link[:60]!r} is no link to a panel: {why}")
    try:
        told = msgspec.json.decode(_unpacked(text.removeprefix(_PREFIX)), type=_Link)
        query = Query.from_json(told.query)
    except (msgspec.DecodeError, binascii.Error, zlib.error, ValueError, RecursionError, LognbError) as error:
        raise QueryError(f"the link to a panel is damaged: {error}; copy it again as a whole") from None
    view = View(query=query, **{name: getattr(told.view, name) for name in _NAMES})
    check(view)
    return view, told.of


def check(view: View) -> None:
    """Raises QueryError for what cannot be shown, whatever the records are."""
    if not known(view.zone):
        raise QueryError(f'{view.zone[:60]!r} is no time zone; write "UTC", "local" or a name like "Europe/Berlin"')
    if view.tab not in (RECORDS, *TABS):
        raise QueryError(f"a panel has no tab {view.tab[:60]!r}; it has {', '.join((RECORDS, *TABS))}")
    if view.unit not in ("records", "bytes"):
        raise QueryError(f'unit={view.unit!r} is neither "records" nor "bytes"')
    if view.against not in ("baseline", "rest"):
        raise QueryError(f'against={view.against!r} is neither "baseline" nor "rest"')
    if len(view.columns) > _MOST or len(view.fields or ()) > _MOST:
        raise QueryError(f"more than {_MOST} columns or facets are more than a panel can show")
    if any(width is not None and not 0 < width <= 10_000 for _, width in view.columns):
        raise QueryError("a column is 1 to 10,000 pixels wide")
    if view.baseline is not None and view.baseline[0] >= view.baseline[1]:
        raise QueryError("the baseline does not begin before its end")


def _unpacked(text: str) -> bytes:
    if len(text) > _LONGEST or not text.isascii():
        raise ValueError("it is too long" if text.isascii() else "it holds other characters than a link can")
    packed = base64.b64decode(text.replace("-", "+").replace("_", "/") + "=" * (-len(text) % 4), validate=True)
    unpacker = zlib.decompressobj(wbits=-15)
    told = unpacker.decompress(packed, _LONGEST)
    if unpacker.unconsumed_tail or not unpacker.eof:
        raise ValueError("it is cut or too long")
    return told
