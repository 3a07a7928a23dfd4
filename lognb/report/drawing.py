"""A picture for the page: an SVG taken apart and written again, from elements and attributes that are known.

What draws stays, whatever could load, run or style the page goes: a picture may come from a bundle that somebody sent.
There are no style attributes, as the page's policy allows none; the colours that all charts share become the page's.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from xml.etree import ElementTree

from lognb import _html
from lognb._html import NAMED, TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator

_DEEP: Final = 60
_ELEMENTS: Final = frozenset((
    "svg", "g", "path", "rect", "line", "circle", "ellipse", "polygon", "polyline", "text", "tspan", "defs",
    "clipPath", "linearGradient", "radialGradient", "stop", "image",
))  # fmt: skip
_ATTRIBUTES: Final = frozenset((
    "d", "transform", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "cx", "cy", "fx", "fy", "r", "rx", "ry", "width",
    "height", "viewBox", "points", "offset", "fill", "fill-opacity", "fill-rule", "clip-path", "clip-rule", "stroke",
    "stroke-width", "stroke-opacity", "stroke-dasharray", "stroke-dashoffset", "stroke-linecap", "stroke-linejoin",
    "stroke-miterlimit", "opacity", "font-family", "font-size", "font-weight", "font-style", "text-anchor",
    "dominant-baseline", "stop-color", "stop-opacity", "gradientUnits", "gradientTransform", "preserveAspectRatio",
    "visibility",
))  # fmt: skip
_MARKS: Final = ("path", "rect", "circle")
_SAID: Final = 300  # characters of what a mark says of itself
_IMAGE: Final = re.compile(r"data:image/(png|jpeg|gif|webp);base64,[A-Za-z0-9+/=\s]*")
_INSIDE: Final = re.compile(r"url\(\s*['\"]?#([\w.:-]+)['\"]?\s*\)")
# Attributes of a drawing are read as CSS: neither an address nor an escape that could spell one.
_HARMLESS: Final = re.compile(r"[\w\s.,#%()+'\"-]*")
_CALL: Final = re.compile(r"([\w-]+)\(")
_FUNCTIONS: Final = frozenset(
    ("rgb", "rgba", "hsl", "hsla", "translate", "rotate", "scale", "matrix", "skewX", "skewY")
)
_LONG: Final = re.compile(r"\d+\.\d{3,}")
_HIDDEN: Final = {"display": "none", "visibility": "hidden"}
# Colours of a drawing that follow the page: the same names, light, dark and in print, are in report.css.
_FOLLOW: Final = {
    **{colour: f"var(--ln-{name})" for name, pair in NAMED.items() for colour in (name, *pair)},
    **dict.fromkeys(TEXT["ink"], "currentColor"),
    **dict.fromkeys(TEXT["dim"], "var(--ln-dim)"),
    **dict.fromkeys(TEXT["line"], "var(--ln-line)"),
    "#ddd": "var(--ln-line)",  # Vega's own grid and axes, in charts that are not ours
    "#888": "var(--ln-dim)",
}
_BLACK: Final = ("black", "#000", "#000000")
_WHITE: Final = ("white", "#fff", *TEXT["paper"])


def drawing(svg: str, label: str, name: str, *, follow: bool = True) -> str:
    """The picture with its meaning in words for who does not see it; "" if it is no SVG. For the rest see `cleaned`."""
    inner = cleaned(svg, name, follow=follow)
    said = f'<div class="ln-pic" role="img" aria-label="{_html.text(label)}" tabindex="0">{inner}</div>'
    return said if inner else ""


def cleaned(svg: str, name: str, *, follow: bool) -> str:
    """The picture alone; "" if it is no SVG.

    `name` is unique in the page: what a picture refers to inside itself gets it in front. Without `follow` the colours
    stay as they are drawn, light.
    """
    if "<!DOCTYPE" in svg or "<!ENTITY" in svg:
        return ""
    try:
        root = ElementTree.fromstring(svg)
    except ElementTree.ParseError:
        return ""
    if _local(root.tag) != "svg":
        return ""
    return "".join(_written(root, name, follow, _DEEP))


def _written(element: ElementTree.Element, name: str, follow: bool, deep: int) -> Iterator[str]:
    tag = _local(element.tag)
    given = {_local(key): value for key, value in element.attrib.items()}
    given |= _styles(given.get("style", ""))
    if tag == "a":  # a mark that leads somewhere: the mark stays
        tag, given = "g", {}
    if tag not in _ELEMENTS or not deep or any(given.get(k) == v for k, v in _HIDDEN.items()):
        return
    if tag == "path" and not given.get("d", "").strip():
        return
    attributes = {key: _value(tag, key, value, name, follow) for key, value in given.items() if key in _ATTRIBUTES}
    if tag == "image":
        if not _IMAGE.fullmatch(given.get("href", "")):
            return
        attributes["href"] = given["href"]
    if tag in ("clipPath", "linearGradient", "radialGradient") and "id" in given:
        attributes["id"] = f"{name}-{given['id']}"
    inner = _html.text(element.text or "") if tag in ("text", "tspan") else ""
    for child in element:
        inner += "".join(_written(child, name, follow, deep - 1))
        inner += _html.text(child.tail or "") if tag in ("text", "tspan") else ""
    if tag == "g" and not inner:
        return
    said = "".join(f' {key}="{_html.text(value)}"' for key, value in attributes.items() if value)
    said += ' xmlns="http://www.w3.org/2000/svg"' if deep == _DEEP else ""
    if tag in _MARKS and given.get("aria-label"):  # what a mark is, for whoever points at it
        said += f' data-said="{_html.text(given["aria-label"], _SAID)}"'
    yield f"<{tag}{said}>{inner}</{tag}>"


def _value(tag: str, key: str, value: str, name: str, follow: bool) -> str:
    """An attribute as the page takes it; "" for one that must not be there."""
    if found := _INSIDE.fullmatch(value.strip()):
        return f"url(#{name}-{found[1]})"
    if not _HARMLESS.fullmatch(value) or not _FUNCTIONS.issuperset(_CALL.findall(value)):
        return ""
    value = _LONG.sub(lambda m: f"{float(m[0]):.2f}", value)
    if not follow or key not in ("fill", "stroke", "stop-color"):
        return value
    lower = value.strip().lower()
    if key == "fill" and tag == "text" and lower in _BLACK:
        return "currentColor"
    if key == "fill" and lower in _WHITE and tag in ("rect", "svg", "path"):
        return "none"
    return _FOLLOW.get(lower, value)


def _styles(style: str) -> dict[str, str]:
    """The declarations of a style attribute that are attributes too."""
    parts = (part.partition(":") for part in style.split(";"))
    return {k.strip(): v.strip() for k, colon, v in parts if colon and k.strip() in {*_ATTRIBUTES, "display"}}


def _local(tag: object) -> str:
    """The name without its namespace; a comment's is a function."""
    return str(tag).rpartition("}")[2] if isinstance(tag, str) else ""
