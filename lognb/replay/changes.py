"""Incremental events, cleaned in their place: one function for each source that rrweb's player knows."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from lognb.replay import css
from lognb.replay import events as rr
from lognb.replay.allowed import CUSTOM_ELEMENT
from lognb.replay.nodes import number

if TYPE_CHECKING:
    from collections import Counter
    from collections.abc import Callable

    from lognb.replay.nodes import Nodes

Data = dict[str, Any]
_BYTES: Final = re.compile(r"\[[\s0-9,]*\]\Z")
_FACE: Final = ("style", "weight", "stretch", "unicodeRange", "variant", "featureSettings", "display")


def clean(data: Data, nodes: Nodes, removed: Counter[str]) -> bool:
    """Cleans what changed; whether the event may stay."""
    source = data.get("source")
    change = _CHANGES.get(source) if type(source) is int else None
    if change is None:
        removed["canvas" if source == rr.CANVAS else "event"] += 1
        return False
    if change(data, nodes):
        return True
    removed["event"] += 1
    return False


def offset(data: Data) -> bool:
    """Makes the scroll position of a full snapshot one."""
    at = data.get("initialOffset")
    if type(at) is not dict or not (number(at.get("top")) and number(at.get("left"))):
        data["initialOffset"] = {"top": 0, "left": 0}
    return True


def _dicts(data: Data, name: str) -> list[Data]:
    """The list `data[name]`, of dicts only; empty if there is none."""
    found = data.get(name)
    if type(found) is not list:
        data[name] = found = []
    elif not all(type(one) is dict for one in found):
        data[name] = found = [one for one in found if type(one) is dict]
    return found


def _mutation(data: Data, nodes: Nodes) -> bool:
    data["removes"] = [one for one in _dicts(data, "removes") if number(one.get("id"))]
    adds = [add for add in _dicts(data, "adds") if _add(add, nodes)]
    if len(adds) != len(data["adds"]):
        nodes.removed["node"] += len(data["adds"]) - len(adds)
        data["adds"] = adds
    data["texts"] = [one for one in _dicts(data, "texts") if number(one.get("id"))]
    for text in data["texts"]:
        if type(text.get("value")) is not str:
            text["value"] = ""
        nodes.text(text, "value", text["id"])
    for change in _dicts(data, "attributes"):
        attributes = change.get("attributes")
        if type(attributes) is dict:
            nodes.attributes.clean(attributes, None)
        else:
            change["attributes"] = {}
    return True


def _add(add: Data, nodes: Nodes) -> bool:
    if not number(add.get("parentId")):
        return False
    for side in ("previousId", "nextId"):
        # Early versions wrote -1 for a neighbour that comes later. The player keeps such nodes, made in the notebook's
        # own document, until it comes, and then puts them elsewhere than they say.
        if side in add and add[side] is not None and not (number(add[side]) and add[side] > 0):
            add[side] = None
            nodes.removed["position"] += 1
    node = add.get("node")
    # A document is what a frame shows; frames are left out.
    return nodes.tree(node, add["parentId"]) and type(node) is dict and node["type"] != rr.DOCUMENT


def _moves(data: Data, nodes: Nodes) -> bool:
    found = [p for p in _dicts(data, "positions") if all(number(p.get(n)) for n in ("x", "y", "id", "timeOffset"))]
    data["positions"] = found
    return bool(found)  # the player asks for the last one


def _mouse(data: Data, nodes: Nodes) -> bool:
    return type(data.get("type")) is int and 0 <= data["type"] <= 10 and number(data.get("id"))


def _input(data: Data, nodes: Nodes) -> bool:
    text = data.get("text")
    if type(text) is not str:
        data["text"] = ""
    elif nodes.attributes.mask and text not in ("on", "off"):  # what check boxes say
        data["text"] = nodes.attributes.masked(text)
    return number(data.get("id"))


def _of_node(data: Data, nodes: Nodes) -> bool:
    return number(data.get("id"))


def _size(data: Data, nodes: Nodes) -> bool:
    return number(data.get("width")) and number(data.get("height"))


def _rules(rules: list[Data], nodes: Nodes) -> None:
    for rule in rules:
        rule["rule"] = nodes.attributes.css(rule.get("rule"))


def _style_rule(data: Data, nodes: Nodes) -> bool:
    if "adds" in data:
        _rules(_dicts(data, "adds"), nodes)
    if "removes" in data:
        _dicts(data, "removes")
    for name in ("replace", "replaceSync"):
        if data.get(name) is not None:
            data[name] = nodes.attributes.css(data[name])
    return True


def _declaration(data: Data, nodes: Nodes) -> bool:
    for name in ("set", "remove"):
        if data.get(name) is not None and type(data[name]) is not dict:
            del data[name]
    change = data.get("set")
    if change is not None and change.get("value") is not None:
        change["value"] = nodes.attributes.css(change["value"])
    return type(data.get("index")) is list


def _adopted(data: Data, nodes: Nodes) -> bool:
    for style in _dicts(data, "styles"):
        _rules(_dicts(style, "rules"), nodes)
    return number(data.get("id")) and type(data.get("styleIds")) is list


def _font(data: Data, nodes: Nodes) -> bool:
    """The player makes the font in the notebook's own document: it has to bring its bytes."""
    source = data.get("fontSource")
    if type(source) is not str or type(data.get("family")) is not str:
        return False
    if data.get("buffer"):
        return _BYTES.match(source) is not None
    given = data.get("descriptors")
    data["descriptors"] = (
        {k: v for k, v in given.items() if k in _FACE and type(v) is str} if type(given) is dict else {}
    )
    return css.loads_nothing(source, nodes.attributes.remote) == source


def _selection(data: Data, nodes: Nodes) -> bool:
    _dicts(data, "ranges")
    return True


def _custom_element(data: Data, nodes: Nodes) -> bool:
    define = data.get("define")
    return type(define) is dict and type(define.get("name")) is str and CUSTOM_ELEMENT.match(define["name"]) is not None


_CHANGES: Final[dict[int, Callable[[Data, Nodes], bool]]] = {
    rr.MUTATION: _mutation,
    rr.MOUSE_MOVE: _moves,
    rr.TOUCH_MOVE: _moves,
    rr.DRAG: _moves,
    rr.MOUSE: _mouse,
    rr.SCROLL: _of_node,
    rr.RESIZE: _size,
    rr.INPUT: _input,
    rr.MEDIA: _of_node,
    rr.STYLE_RULE: _style_rule,
    rr.FONT: _font,
    rr.STYLE_DECLARATION: _declaration,
    rr.SELECTION: _selection,
    rr.ADOPTED_STYLE: _adopted,
    rr.CUSTOM_ELEMENT: _custom_element,
}
