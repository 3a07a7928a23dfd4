"""Attributes of rebuilt elements, and what their values may be."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from lognb.replay import allowed, css

if TYPE_CHECKING:
    from collections import Counter

_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.:-]*\Z", re.ASCII)
_SRCSET: Final = re.compile(r"(?:https?://[^\s,]+(?:\s+[0-9.]+[wxh])*\s*(?:,\s+|\Z))+", re.ASCII | re.IGNORECASE)
_GONE: Final = object()
_TYPES: Final = (str, bool, int, float)


class Attributes:
    """Cleans dicts of attributes in their place, and counts in `removed`."""

    def __init__(self, removed: Counter[str], *, remote: bool, mask: bool) -> None:
        self.removed = removed
        self.remote = remote
        self.mask = mask
        self._field = False
        self._sheets: dict[str, str] = {}  # long CSS comes again with every snapshot

    def clean(self, attributes: dict[str, Any], tag: str | None) -> None:
        """`tag` is the element they are of, null in a later change: then they have to be harmless for any."""
        changed: dict[str, Any] = {}
        self._field = self.mask and (tag is None or tag == "textarea" or (tag == "input" and _typed(attributes)))
        for name, value in attributes.items():
            kept = self._one(name, value, tag)
            if kept is not value:
                changed[name] = kept
        for name, value in changed.items():
            if value is _GONE:
                del attributes[name]
            else:
                attributes[name] = value

    def css(self, text: Any) -> Any:
        """CSS that loads nothing; not a text is no CSS."""
        if type(text) is not str:
            self.removed["css"] += 1
            return ""
        if len(text) < 200:
            kept = css.loads_nothing(text, self.remote)
        elif (known := self._sheets.get(text)) is not None:
            kept = known
        else:
            kept = self._sheets[text] = css.loads_nothing(text, self.remote)
        if kept is not text and kept != text:
            self.removed["css"] += 1
            return kept
        return text

    def sheet(self, text: Any) -> Any:
        """The same of a text of a style sheet, which the player joins with others."""
        kept = self.css(text)
        whole = css.apart(kept)
        if whole == kept:
            return kept
        self.removed["css"] += kept is text
        return whole

    def _one(self, name: str, value: Any, tag: str | None) -> Any:
        """The value as it may stay: the same object if nothing had to change."""
        what = _what(name)
        if what == "word":
            return value if value is None or type(value) in _TYPES else self._gone(name.lower())
        if value is None:  # takes the attribute away
            return value if what != "unknown" else _GONE
        if what == "style":
            return self._style(value)
        if type(value) not in _TYPES:
            return self._gone("attribute" if what == "unknown" else name)
        text = value if type(value) is str else ""
        if what == "plain":
            return self.css(value) if "(" in text or "\\" in text or "@" in text else value
        return self._special(what, name, value, text, tag)

    def masked(self, text: str) -> str:
        """Asterisks of the same length."""
        kept = "*" * len(text)
        if kept != text:
            self.removed["input"] += 1
        return kept

    def _special(self, what: str, name: str, value: Any, text: str, tag: str | None) -> Any:
        if what == "value":
            return self.masked(text) if self._field and text else value
        if what == "name":
            # document.<name> would be this element: the player asks its document for such names.
            return value if tag not in (None, "form", "img") else self._gone("name")
        if what == "address":
            return value if self._loads(text) else self._gone(name.lower())
        if what == "href":
            return self._href(text, tag)
        if what == "srcset":
            return value if self.remote and _SRCSET.fullmatch(text) else self._gone("srcset")
        if what == "sheet":
            return self.sheet(value)
        if what == "rel":
            if tag is not None and tag != "link":
                return value
            return value if self.remote and text.lower() == "stylesheet" else self._gone("rel")
        if what == "animated":
            return value if text in allowed.ANIMATED else self._gone("animation")
        if what == "picture":
            return value if allowed.DATA_RASTER.match(text) else self._gone("src")
        if what == "rr":
            return value if _fits(name, value) else self._gone("attribute")
        return self._gone(what if what != "unknown" else "attribute")

    def _href(self, text: str, tag: str | None) -> Any:
        """Links keep their looks and lead nowhere; pictures in SVG are their own."""
        if tag == "link" and not (self.remote and allowed.REMOTE.match(text)):
            return self._gone("href")
        if text.startswith("#") or (self.remote and allowed.REMOTE.match(text)):
            return text
        if tag in ("image", "feimage") and allowed.DATA_MEDIA.match(text):
            return text
        self.removed["href"] += 1
        return "#"

    def _loads(self, text: str) -> bool:
        return bool(allowed.DATA_MEDIA.match(text) or (self.remote and allowed.REMOTE.match(text)))

    def _style(self, value: Any) -> Any:
        """A style attribute; in a change also a dict: a property to its value, to `[value, priority]` or to false."""
        if type(value) is str:
            return self.css(value)
        if type(value) is not dict:
            return self._gone("style")
        kept = {name: one for name, v in value.items() if (one := self._property(v)) is not _GONE}
        return value if kept == value else kept

    def _property(self, value: Any) -> Any:
        if value is False or value is None:
            return False
        if type(value) is str:
            return self.css(value)
        if type(value) is list and len(value) == 2 and type(value[0]) is str and value[1] in ("", "important"):
            return [self.css(value[0]), value[1]]
        return self._gone("style")

    def _gone(self, what: str) -> Any:
        self.removed[what] += 1
        return _GONE


@lru_cache(maxsize=10_000)
def _what(name: str) -> str:
    """What kind of attribute a name is; any case, as HTML reads it."""
    if not _NAME.match(name):
        return "unknown"
    low = name.lower()
    known = _KINDS.get(low) or _EXACT.get(name)
    if known:
        return known
    if low.startswith("on"):
        return "on*"
    if low in allowed.WORDS or low.startswith(("data-", "aria-")):
        return "word"
    if low in allowed.PLAIN:
        return "plain"
    hyphened = "-" in low and ":" not in low and low not in allowed.HYPHENED
    return "plain" if hyphened and not low.startswith("rr_") else "unknown"


_KINDS: Final = {
    "src": "address", "poster": "address", "href": "href", "xlink:href": "href", "usemap": "href", "srcset": "srcset",
    "style": "style", "name": "name", "value": "value", "rel": "rel", "attributename": "animated",
    "action": "action", "formaction": "formaction", "ping": "ping", "background": "background", "srcdoc": "srcdoc",
    "http-equiv": "http-equiv", "imagesrcset": "srcset",
}  # fmt: skip
_EXACT: Final = {
    "_cssText": "sheet", "rr_dataURL": "picture",
    **dict.fromkeys((*allowed.RR_NUMBERS, *allowed.RR_FLAGS, *allowed.RR_WORDS), "rr"),
}  # fmt: skip


def _typed(attributes: dict[str, Any]) -> bool:
    """Whether an input is one that a person types into."""
    return attributes.get("type") not in ("button", "submit", "reset", "image", "checkbox", "radio", "range", "color")


def _fits(name: str, value: Any) -> bool:
    if name in allowed.RR_NUMBERS:
        return type(value) in (int, float)
    if name in allowed.RR_FLAGS:
        return type(value) is bool
    return type(value) is str and allowed.RR_WORDS[name].fullmatch(value) is not None
