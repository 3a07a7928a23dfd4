r"""CSS that loads nothing: what a style sheet of a recording is made into before a browser reads it.

The text is searched as a whole, comments and strings included, since what is a string here need not be one where it
ends up: the player joins the texts of a `<style>`, and a quote left open in one turns the next inside out. So
wherever `url(`, `src(`, `image-set(` or `@import` can be read, in any case and with any letter written as an escape
(`u\72l(`), what follows has to be known to be harmless.

>>> loads_nothing("a { background: url(http://evil.invalid/x) } b { color: red }")
'a { background: none } b { color: red }'
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final
from urllib.parse import unquote

from lognb.replay.allowed import DATA_STYLE, DATA_SVG, REMOTE

SPLIT: Final = "/* rr_split */"  # rrweb marks with it where the texts of a <style> met, and drops it again


def _letter(c: str) -> str:
    """A character as CSS lets one write it: itself in either case, or an escape of it."""
    codes = "|".join(sorted({f"{ord(x):x}" for x in (c.lower(), c.upper())}))
    plain = "" if c in "abcdef" else rf"|\\[{c}{c.upper()}]"
    codes = re.sub("([a-f])", lambda m: f"[{m[1]}{m[1].upper()}]", codes)
    return rf"(?:[{c}{c.upper()}]|\\0{{0,4}}(?:{codes})(?:\r\n|[ \t\r\n\f])?{plain})"


def _word(word: str) -> str:
    return "".join(r"(?:-|\\-|\\0{0,4}2[dD](?:\r\n|[ \t\r\n\f])?)" if c == "-" else _letter(c) for c in word)


_LOADING: Final = ("src", "image-set", "image", "cross-fade", "expression")
_TARGET: Final = r"""\s*(?:"([^"\\\r\n\f]*)"|'([^'\\\r\n\f]*)'|([^\s"'()\\]*))\s*\)"""
_LOADS: Final = re.compile(
    rf"(?P<url>{_word('url')}\()(?P<rest>{_TARGET})?"
    rf"|(?P<call>(?:{'|'.join(map(_word, _LOADING))})\()"
    rf"|@{_word('import')}(?=(?P<remote>\s+(?:url\(\s*)?[\"']?https?://)?)"
)
_PLAINLY: Final = ("url(", "@import", *(f"{name}(" for name in _LOADING))
_ESCAPE: Final = re.compile(r"\\[0-9a-zA-Z-]")
_INSIDE: Final = re.compile(r"[uU][rR][lL]\((?:#|%23)[\w-]*\)")
# Where two texts meet, a word may begin in one and end in the other: `@im` and `port`, `ur` and `l(`.
_OPEN_END: Final = re.compile(r"(?:@[-\w\\ ]{0,80}|\\[0-9a-fA-F]{0,6}(?:\r\n|\s)?)\Z")
_OPEN_START: Final = re.compile(r"[-\w\\ ]{0,80}\(")


def loads_nothing(text: str, remote: bool = False) -> str:
    """The same text where nothing in it loads; else without what does. `remote`: http and https addresses may stay."""
    text = text.replace(SPLIT, "") if SPLIT in text and _found(text.replace(SPLIT, "")) else text
    return _LOADS.sub(lambda m: _kept(m, remote), text) if _found(text) else text


def apart(text: str) -> str:
    """The text so that no word of it can go on in a text before or behind it.

    >>> apart("l(x)"), apart("b { color: red }")
    ('\\n\\nl(x)', 'b { color: red }')
    """
    # Two line feeds: the first would end an escape and be gone with it.
    text = "\n\n" + text if _OPEN_START.match(text) else text
    return text + "\n\n" if _OPEN_END.search(text[-100:]) else text


def _found(text: str) -> bool:
    """Whether there is anything to look at; most texts are settled here, at the speed of a plain search."""
    low = text.lower()
    if any(word in low for word in _PLAINLY):
        return True
    return "\\" in text and _ESCAPE.search(text) is not None and _LOADS.search(text) is not None


def _kept(m: re.Match[str], remote: bool) -> str:
    if m["url"]:
        if m["rest"] is None:
            return "removed("
        target = next((t for t in m.group(3, 4, 5) if t is not None), "").strip()
        return m[0] if _harmless(target, remote) else "none"
    if m["call"]:
        return "removed("
    return m[0] if remote and m["remote"] else "@removed"


def _harmless(target: str, remote: bool) -> bool:
    if target.startswith("#") or (remote and REMOTE.match(target)):
        return not _found(target)
    if DATA_STYLE.match(target):
        return not _found(target)
    if DATA_SVG.match(target):
        return not _found(_INSIDE.sub("", target)) and _still(target)
    return False


def _still(target: str) -> bool:
    """Whether a picture in SVG refers to nothing but itself. As an image it could not load, but a mask or a filter is
    a document of its own in some browsers.
    """
    head, _, data = target.partition(",")
    text = unquote(data)
    if head.lower().endswith(";base64"):
        try:
            text = b64decode(text + "==").decode("utf-8", "replace")
        except (Base64Error, ValueError):
            return False
    text = _INSIDE.sub("", text)
    own = re.sub(r"href\s*=\s*[\"']?\s*#", "", text)
    return not re.search(
        r"href|<\s*(?:script|foreignobject|iframe|image|feimage|style)\b|&|<!|<\?xml-st", own, re.IGNORECASE
    ) and (not _found(text))
