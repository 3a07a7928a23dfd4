r"""Recordings (rrweb): everything that a page showed and a person typed, also where PostHog has compressed it.

What is typed is hidden whatever it is, and where the field asks for a name, an address or the like it is known from
then on (`typed_names`), so that the page that greets its user does not tell who that is. What else a page shows is
text like any other: its own words stay.
"""

from __future__ import annotations

import base64
import gzip
import re
import zlib
from typing import TYPE_CHECKING, Any, Final

import msgspec

from lognb.redaction.pseudonyms import canonical
from lognb.redaction.texts import Hit
from lognb.replay import events as rr

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lognb.redaction.texts import Texts

_GZIP: Final = b"\x1f\x8b"
_PACKED: Final = "\x1f\x8b"
_PERSONAL: Final = re.compile(
    r"(?i)name|mail|phone|tel|address|street|city|zip|postal|postcode|card|cc-|cvv|cvc|iban|passw|user|login|ssn|birth|"
    r"secret|token"
)
_ABOUT: Final = ("type", "name", "id", "autocomplete", "placeholder", "aria-label")
_STARS: Final = re.compile(r"[*•●]*\Z")
_CLICKED: Final = frozenset(("button", "submit", "reset", "checkbox", "radio", "image", "color", "range", "hidden"))
# A whole text that is a file in base64, and the kinds of files that are looked at or listened to, not read.
_DATA: Final = re.compile(r"(?P<head>data:(?P<kind>[\w.+/-]*)(?:;[\w.=-]+)*;base64,)(?P<data>[A-Za-z0-9+/]*={0,2})\Z")
_SEEN: Final = re.compile(r"(?i)(?:image/(?!svg)|font/|audio/|video/|application/(?:x-)?font|application/vnd.ms-font)")
_MOST: Final = 1 << 28  # bytes that one packed field may become
_DEEP: Final = 240  # objects and lists inside one another; pages have some dozens, and Python's own limit is near


def recording_hidden(data: bytes, texts: Texts, count: Callable[[tuple[Hit, ...]], None]) -> bytes:
    """A recording in the form it came in: a JSON array or lines, as it is or as a gzip."""
    if data[:2] == _GZIP:
        return gzip.compress(recording_hidden(gzip.decompress(data), texts, count), 5, mtime=0)
    page = _Page(texts, count)
    bare = data.strip()
    if bare[:1] == b"[" or b"\n" not in bare:
        return msgspec.json.encode(page.on(_read(bare)))
    lines = (page.on(_read(line)) for line in bare.splitlines() if line.strip())
    return b"".join(msgspec.json.encode(line) + b"\n" for line in lines)


def typed_names(data: bytes, texts: Texts) -> Iterator[str]:
    """What was typed into fields for names, addresses and the like, as it stood in the end."""
    if data[:2] == _GZIP:
        data = gzip.decompress(data)
    bare = data.strip()
    whole = bare[:1] == b"[" or b"\n" not in bare
    page = _Page(texts, lambda hits: None)
    for part in [bare] if whole else [line for line in bare.splitlines() if line.strip()]:
        page.look(_read(part))
    yield from page.typed.values()


def _read(text: bytes) -> Any:
    if not text:
        return []
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeDecodeError):
        import json

        return json.loads(text.decode("utf-8", "replace"))


class _Page:
    """The fields of a page as they are built, by node, and what becomes of texts."""

    def __init__(self, texts: Texts, count: Callable[[tuple[Hit, ...]], None]) -> None:
        self.texts = texts
        self.count = count
        self.personal: set[Any] = set()
        self.clicked: set[Any] = set()
        self.typed: dict[Any, str] = {}
        self._level = 0

    def look(self, value: Any) -> None:
        """Learn what was typed where, and change nothing."""
        if isinstance(value, str) and value[:2] == _PACKED:
            self.look(_unzipped(value))
        elif self._level >= _DEEP:
            return
        self._level += 1
        try:
            self._look_inside(value)
        finally:
            self._level -= 1

    def _look_inside(self, value: Any) -> None:
        if isinstance(value, dict):
            self._field(value)
            if value.get("source") == rr.INPUT and isinstance(value.get("text"), str):
                self._typed_into(value.get("id"), value["text"])
                return
            attributes = value.get("attributes")
            if isinstance(attributes, dict) and value.get("id") not in self.clicked:
                self._typed_into(value.get("id"), attributes.get("value"))
            for inner in value.values():
                if isinstance(inner, (dict, list, str)):
                    self.look(inner)
        elif isinstance(value, list):
            for inner in value:
                if isinstance(inner, (dict, list, str)):
                    self.look(inner)

    def _typed_into(self, node: Any, text: Any) -> None:
        """What is emptied, as a form that was sent, still held what it held."""
        if node in self.personal and isinstance(text, str) and not _STARS.match(text):
            self.typed[node] = text

    def on(self, value: Any, key: str = "", outer: str = "") -> Any:
        """The value, and all in it, as it may be shown."""
        if isinstance(value, str):
            return self._text(value, key, outer)
        if isinstance(value, (dict, list)):
            return self._inside(value, key, outer)
        if (
            isinstance(value, int)
            and not isinstance(value, bool)
            and (value >= 10**12 or self.texts.meaning(key, outer))
        ):
            made, hits = self.texts.number(str(value), key, outer)
            if hits:
                self.count(hits)
                return int(made)
        return value

    def _inside(self, value: Any, key: str, outer: str) -> Any:
        """An object or a list; what is nested deeper than any page is left out, as nobody could look into it."""
        if self._level >= _DEEP:
            self.count((Hit("too deep", "an object"),))
            return None
        self._level += 1
        try:
            return self._dict(value, key) if isinstance(value, dict) else [self.on(one, key, outer) for one in value]
        finally:
            self._level -= 1

    def _dict(self, value: dict[str, Any], key: str) -> dict[str, Any]:
        self._field(value)
        typed = value.get("source") == rr.INPUT and "id" in value
        shown = "screen text" in self.texts.kinds and value.get("type") == rr.TEXT and not value.get("isStyle")
        # A change of attributes does not say of what element: frameworks write into `value` what is typed.
        tag = value.get("tagName", "input" if "id" in value else None)
        out: dict[str, Any] = {}
        for name, inner in value.items():
            if typed and name == "text" and isinstance(inner, str):
                out[name] = inner if value["id"] in self.clicked else self._typed(inner)
            elif shown and name == "textContent" and isinstance(inner, str):
                out[name] = self._masked(inner)
            elif name == "attributes" and isinstance(inner, dict) and isinstance(tag, str):
                out[name] = self._attributes(inner, tag, value.get("id"))
            else:
                out[self._key(name)] = self.on(inner, name, key)
        return out

    def _field(self, value: dict[str, Any]) -> None:
        attributes = value.get("attributes")
        if value.get("tagName") in ("input", "textarea", "select") and isinstance(attributes, dict):
            if any(_PERSONAL.search(str(attributes.get(name, ""))) for name in _ABOUT):
                self.personal.add(value.get("id"))
            if str(attributes.get("type", "")).lower() in _CLICKED or value["tagName"] == "select":
                self.clicked.add(value.get("id"))

    def _attributes(self, attributes: dict[str, Any], tag: str, node: Any) -> dict[str, Any]:
        field = tag in ("input", "textarea") and node not in self.clicked
        return {
            self._key(name): self._typed(v) if field and name == "value" and isinstance(v, str) else self.on(v, name)
            for name, v in attributes.items()
        }

    def _key(self, name: str) -> str:
        made, hits = self.texts.hide(name) if len(name) > 5 else (name, ())
        if hits:
            self.count(hits)
        return made

    def _typed(self, text: str) -> str:
        value = canonical(text)
        if "typed" not in self.texts.kinds:
            return self._text(text, "", "")
        if not value or text in ("on", "off") or _STARS.match(text) or value in self.texts.names.issued:
            return text
        self.count((Hit("typed", value, "", True),))
        return self.texts.names.render(text, value)

    def _masked(self, text: str) -> str:
        made = re.sub(r"\d", "0", re.sub(r"[^\W\d_]", "x", text))
        if made != text:
            self.count((Hit("screen text", text),))
        return made

    def _text(self, text: str, key: str, outer: str) -> str:
        if text[:2] == _PACKED:
            return _zipped(self.on(_unzipped(text), key))
        if text[:5] == "data:" and (data := _DATA.match(text)):
            return text if _SEEN.match(data["kind"]) else self._data(data)
        made, hits = self.texts.hide(text, key, outer)
        if hits:
            self.count(hits)
        return made

    def _data(self, data: re.Match[str]) -> str:
        """A file in base64 that may hold text; what cannot be read is left out."""
        try:
            text = base64.b64decode(data["data"], validate=True).decode()
        except ValueError:
            self.count((Hit("unreadable", "a file"),))
            return data["head"]
        made, hits = self.texts.hide(text)
        if hits:
            self.count(hits)
        return data["head"] + base64.b64encode(made.encode("utf-8", "replace")).decode() if made != text else data[0]


def _unzipped(text: str) -> Any:
    """A gzip of JSON as a text of latin-1, as PostHog writes it; what is none is a text."""
    try:
        unzip = zlib.decompressobj(31)
        return _read(unzip.decompress(text.encode("latin-1"), _MOST))
    except (ValueError, zlib.error):
        return ""


def _zipped(value: Any) -> str:
    return gzip.compress(msgspec.json.encode(value), 5, mtime=0).decode("latin-1")
