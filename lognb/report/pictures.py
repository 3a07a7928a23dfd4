"""Pictures that came from a file: SVG that can be shown, and can do nothing else.

A page holds pictures as they are. What vl-convert draws is shapes and text; a file may hold anything. So a list says
what is let through, and of how it may be written only what an XML and an HTML parser take for the same.
"""

from __future__ import annotations

import re
from typing import Final
from xml.etree import ElementTree

from lognb.errors import LognbError

_SVG: Final = "{http://www.w3.org/2000/svg}"
_LINK: Final = "{http://www.w3.org/1999/xlink}href"
_ELEMENTS: Final = frozenset({
    "svg", "g", "path", "text", "tspan", "line", "rect", "circle", "ellipse", "polygon", "polyline", "defs", "clipPath",
    "linearGradient", "radialGradient", "stop", "a", "image", "title", "desc",
})  # fmt: skip
_WORDS: Final = ("title", "desc")  # of these HTML reads what is inside as a page: they hold text alone
_LINKS: Final = {
    "a": re.compile(r"(https?://|mailto:|#)", re.IGNORECASE),
    "image": re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*\Z"),
}
_OTHER: Final = re.compile(r"#")  # of anything else a link stays in the picture
_XML: Final = "{http://www.w3.org/XML/1998/namespace}"
_SAID: Final = re.compile(r"aria-|(class|id|role)\Z")  # said to people and programs, and never looked up
_LOADS: Final = re.compile(r"url\s*\((?!\s*['\"]?#)|@import|expression\s*\(|javascript:|\\", re.IGNORECASE)


def checked(svg: str) -> str:
    """The text of a picture as it is; raises LognbError if it holds what no picture of ours does.

    >>> checked('<svg xmlns="http://www.w3.org/2000/svg"><script/></svg>')
    Traceback (most recent call last):
    ...
    lognb.errors.LognbError: a picture holds <script>, which pictures in a report never do
    """
    if "<!" in svg or "<?" in svg:  # comments, of which HTML has another idea, entities, styles of other files
        raise LognbError("a picture holds a comment or a declaration, which pictures in a report never do")
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError as error:
        raise LognbError(f"a picture is no SVG: {error}") from None
    for element in root.iter():
        name = element.tag.removeprefix(_SVG)
        if element.tag == name or name not in _ELEMENTS or (name in _WORDS and len(element)):
            raise LognbError(f"a picture holds <{name[:40]}>, which pictures in a report never do")
        for key, value in element.attrib.items():
            if not _harmless(name, key, value):
                raise LognbError(f"a picture holds {key[:60]}={value[:60]!r}, which pictures in a report never do")
    return svg


def _harmless(element: str, key: str, value: str) -> bool:
    if key in ("href", _LINK):
        return _LINKS.get(element, _OTHER).match(value.strip()) is not None
    if _SAID.match(key):
        return True
    key = key.removeprefix(_XML)
    return not key.startswith("{") and not key.lower().startswith("on") and not _LOADS.search(value)
