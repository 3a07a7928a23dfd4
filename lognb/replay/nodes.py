"""Nodes of a rebuilt page, cleaned in their place, and the texts that are style sheets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lognb.replay import allowed
from lognb.replay.events import CDATA, COMMENT, DOCTYPE, DOCUMENT, ELEMENT, TEXT

if TYPE_CHECKING:
    from collections import Counter

    from lognb.replay.attributes import Attributes

Node = dict[str, Any]

_TAG: Final = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z", re.ASCII)
_OF_ALL: Final = frozenset(("type", "id", "rootId", "isShadow"))
_KEYS: Final = {
    DOCUMENT: _OF_ALL | {"childNodes", "compatMode"},
    DOCTYPE: _OF_ALL | {"name", "publicId", "systemId"},
    ELEMENT: _OF_ALL | {"tagName", "attributes", "childNodes", "isSVG", "isShadowHost", "isCustom", "needBlock"},
    TEXT: _OF_ALL | {"textContent", "isStyle"},
    COMMENT: _OF_ALL | {"textContent"},
}
_TEXTS: Final = {DOCTYPE: ("name", "publicId", "systemId"), TEXT: ("textContent",), COMMENT: ("textContent",)}
_BOX: Final = "display:inline-block;overflow:hidden;background:#8882;outline:1px dashed #888;"


class Nodes:
    """Cleans trees of nodes in their place, and counts in `removed`; `finish` when all events are done."""

    def __init__(self, attributes: Attributes, removed: Counter[str]) -> None:
        self.attributes = attributes
        self.removed = removed
        self._styles: set[int] = set()  # style sheets anywhere in the recording, and the texts in them
        self._areas: set[int] = set()  # text areas, and the texts in them
        self._texts: list[tuple[Node, str, int, int]] = []  # holder, key, id, id of the parent or 0

    def tree(self, root: Any, parent: int = 0) -> bool:
        """Cleans a node and all below; whether it is one. `parent`: the number of the node that it will be put in."""
        if not self._node(root, parent):
            return False
        stack = [root] if root["type"] in (DOCUMENT, ELEMENT) else []
        while stack:
            node = stack.pop()
            children = node["childNodes"]
            number = node["id"]
            kept = [c for c in children if self._node(c, number) and c["type"] != DOCUMENT]
            if len(kept) != len(children):
                self.removed["node"] += len(children) - len(kept)
                node["childNodes"] = kept
            stack += [c for c in kept if c["type"] == ELEMENT and c["childNodes"]]
        return True

    def text(self, holder: Node, key: str, number: int, parent: int = 0) -> None:
        """Remembers a text: whether it is CSS is known when all events have been seen, since a node can be moved."""
        self._texts.append((holder, key, number, parent))

    def finish(self) -> None:
        """Cleans the texts that are a style sheet anywhere: a text that is moved into one counts there and here."""
        styles, areas = self._styles, self._areas
        styles |= {number for _, _, number, parent in self._texts if parent in styles}
        areas |= {number for _, _, number, parent in self._texts if parent in areas}
        for holder, key, number, _ in self._texts:
            if number in styles:
                holder[key] = self.attributes.sheet(holder[key])
            if number in areas and self.attributes.mask:
                holder[key] = self.attributes.masked(holder[key])

    def _node(self, node: Any, parent: int) -> bool:
        """Cleans one node, not its children; false if it is none."""
        if type(node) is not dict or not number(node.get("id")):
            return False
        kind: Any = node.get("type")
        if kind == CDATA:  # a page in HTML cannot have it: to make one would fail
            kind = node["type"] = COMMENT
            self.removed["cdata"] += 1
        keys = _KEYS.get(kind) if type(kind) is int else None
        if keys is None:
            return False
        if not node.keys() <= keys:
            for key in node.keys() - keys:
                del node[key]
        if kind == ELEMENT:
            return self._element(node)
        if kind == DOCUMENT:
            if not node.get("childNodes"):
                node.pop("compatMode", None)  # the player looks at the first one
            return _children(node)
        for name in _TEXTS.get(kind, ()):
            if type(node.get(name)) is not str:
                node[name] = ""
        if kind == TEXT:
            self._texts.append((node, "textContent", node["id"], parent))
        return True

    def _element(self, node: Node) -> bool:
        tag, attributes = node.get("tagName"), node.get("attributes")
        if type(tag) is not str or not _children(node):
            return False
        if type(attributes) is not dict:
            attributes = node["attributes"] = {}
        low = tag.lower() if _TAG.match(tag) else ""
        if low not in allowed.ELEMENTS and (not allowed.CUSTOM_ELEMENT.match(low) or low in allowed.RESERVED):
            self._unknown(node, low)
            low = node["tagName"]
            attributes = node["attributes"]
        if node.get("isCustom") and not allowed.CUSTOM_ELEMENT.match(tag):
            del node["isCustom"]  # to define it would fail, and the page with it
        if node.get("isShadowHost") and low not in allowed.HOSTS and "-" not in low:
            del node["isShadowHost"]
        if low in ("style", "link"):
            self._styles.add(node["id"])
        elif low == "textarea":
            self._areas.add(node["id"])
        if attributes:
            self.attributes.clean(attributes, low)
        return True

    def _unknown(self, node: Node, low: str) -> None:
        """Another element keeps the place of one that is not allowed."""
        node.pop("isCustom", None)
        node.pop("isSVG", None)
        if low in allowed.HIDDEN:
            self.removed[low] += 1
            node.update(tagName="noscript", attributes={}, childNodes=[])
        elif low in allowed.FRAMES:
            self.removed[low] += 1
            node.update(tagName="div", attributes=_box(node["attributes"], low), childNodes=[])
        else:
            self.removed["element"] += 1
            node["tagName"] = "span"


def number(value: Any) -> bool:
    """Whether a value of JSON is a number, as ids and positions are; the same one in JavaScript, where integers beyond
    2**53 fall together.
    """
    return type(value) in (int, float) and -(2**53) < value < 2**53


def _children(node: Node) -> bool:
    children = node.get("childNodes")
    if children is None:
        node["childNodes"] = []
        return True
    return type(children) is list


def _box(attributes: dict[str, Any], tag: str) -> dict[str, Any]:
    """The attributes of an empty box in place of a frame: its names, its size, and a word of what it was."""
    kept: dict[str, Any] = {
        name: attributes[name] for name in ("id", "class", "rr_width", "rr_height") if name in attributes
    }
    size = ";".join(
        f"{name}:{value}px"
        for name in ("width", "height")
        if re.fullmatch(r"[0-9]{1,5}", value := str(attributes.get(name)))
    )
    own = attributes.get("style")
    kept["style"] = _BOX + size + (";" + own if type(own) is str else "")
    return {**kept, "title": f"{tag}: left out"}
