"""What a browser would run or load of a recording: the other hand that cleaned recordings are held against.

Written from the player's own code (rrweb-snapshot's `rebuild`, the replayer's `applyMutation` and its kin), from HTML
and from CSS, not from lognb: attributes are read here by what they do, and CSS is cut into tokens by tinycss2. What can
be moved, is: every text of the recording that could stand in a style sheet is tried there, after every other.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import tinycss2

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

RUN = {"script", "iframe", "frame", "object", "embed", "applet", "base", "portal", "fencedframe"}
LOAD = {"src", "href", "xlink:href", "srcset", "poster", "background", "action", "formaction", "ping", "data", "srcdoc",
        "imagesrcset", "http-equiv", "attributionsrc", "usemap", "rr_dataurl", "xml:base", "code"}  # fmt: skip
CSS = {"style", "fill", "stroke", "filter", "mask", "clip-path", "marker-start", "marker-mid", "marker-end", "cursor",
       "to", "from", "by", "values"}  # fmt: skip
STILL = re.compile(r"(#|data:image/(png|jpeg|gif|webp|svg\+xml)[;,]|data:(audio|video)/\w+[;,])")


def live(events: Iterable[dict[str, Any]]) -> list[str]:
    """One line for each thing that would run or load."""
    return list(_events(list(events)))


def _events(events: list[dict[str, Any]]) -> Iterator[str]:
    parents: dict[Any, set[str]] = {}  # the tags that the parents of a number have anywhere
    tags: dict[Any, set[str]] = {}
    texts: list[tuple[Any, str]] = []
    for event in events:
        data = event["data"] if isinstance(event["data"], dict) else {}
        if event["type"] == 2:
            yield from _node(data.get("node"), "", parents, tags, texts)
        elif event["type"] == 3:
            yield from _change(data, parents, tags, texts)
    sheets = {n for n, above in parents.items() if "style" in {t for p in above for t in tags.get(p, {p})}}
    for number, text in texts:
        if number in sheets or "style" in tags.get(number, ()) or "link" in tags.get(number, ()):
            yield from css(text)


def _change(data: dict[str, Any], parents: Any, tags: Any, texts: Any) -> Iterator[str]:
    source = data.get("source")
    if source == 0:
        for add in data["adds"]:
            for side in ("previousId", "nextId"):
                if add.get(side) == -1:
                    yield "a node that is made in the notebook's own document"
            yield from _node(add["node"], add["parentId"], parents, tags, texts)
        texts += [(_js(t["id"]), t["value"]) for t in data["texts"]]
        for change in data["attributes"]:
            yield from _attributes(change["attributes"], "any")
    elif source == 8:
        for rule in data.get("adds") or []:
            yield from css(rule["rule"])
        for name in ("replace", "replaceSync"):
            yield from css(data.get(name) or "")
    elif source == 13 and data.get("set"):
        yield from css(data["set"].get("value") or "")
    elif source == 15:
        for style in data["styles"]:
            for rule in style["rules"]:
                yield from css(rule["rule"])
    elif source == 10 and not data.get("buffer"):
        yield from css(data["fontSource"])
    elif source == 9 or source not in range(17):
        yield f"source {source}"


def _node(node: Any, parent: Any, parents: Any, tags: Any, texts: Any) -> Iterator[str]:
    if not isinstance(node, dict):
        return
    number = _js(node["id"])
    parents.setdefault(number, set()).add(_js(parent))
    if node["type"] in (3, 4):
        texts.append((number, node["textContent"]))
    if node["type"] == 0 and parent != "":
        yield "a document in a frame"
    children = node.get("childNodes", [])
    if node["type"] == 2:
        tag = _text(node["tagName"])
        low = tag.lower().rpartition(":")[2]
        tags.setdefault(number, set()).add(low)
        if low in RUN:
            yield f"<{tag}>"
        yield from _attributes(node["attributes"], low)
        if low in ("style", "link"):
            own = _text(node["attributes"].get("_cssText") or "").split("/* rr_split */")
            below = [_text(c["textContent"]) for c in children if c["type"] in (3, 4)]
            yield from css("".join(below))
            yield from css("".join(own) + "".join(below[1:]))
    for child in children:
        yield from _node(child, number, parents, tags, texts)


def _attributes(attributes: dict[str, Any], tag: str) -> Iterator[str]:
    for name, value in attributes.items():
        low = name.lower()
        if value is None:
            continue
        if low.startswith("on") or (low in LOAD and not (low == "href" and tag == "a" and value == "#")):
            text = _text(value)
            leads = low.endswith("href") and tag not in ("image", "feimage") and not text.startswith("#")
            if not STILL.match(text) or low == "http-equiv" or low.startswith("on") or leads or tag == "link":
                yield f"{name}={text}"
        if low == "attributename" and _text(value).lower() in ("href", "xlink:href", "style", "src"):
            yield f"an animation of {value}"
        if low == "rel" and tag in ("link", "any"):
            yield f"rel={value}"
        if isinstance(value, dict):
            for one in value.values():
                for text in one if isinstance(one, list) else [one]:
                    yield from css(text or "")
        elif low == "_csstext":
            yield from css(_text(value).replace("/* rr_split */", ""))
        elif low in CSS:
            yield from css(_text(value))


def css(text: Any) -> Iterator[str]:
    """What CSS would load, in whatever the text is read as. A list is what JavaScript makes of it."""
    tokens = tinycss2.parse_component_value_list(_text(text))
    yield from _tokens(tokens)


def _tokens(tokens: list[Any]) -> Iterator[str]:
    for token in tokens:
        if token.type == "url":
            yield from _address(token.value)
        elif token.type == "at-keyword" and token.lower_value == "import":
            yield "@import"
        elif token.type == "function":
            inner = [t for t in token.arguments if t.type != "whitespace"]
            if token.lower_name == "url":
                yield from _address(inner[0].value if inner and inner[0].type == "string" else "?")
            elif token.lower_name in ("src", "image", "image-set", "-webkit-image-set", "cross-fade", "expression"):
                yield f"{token.lower_name}()"
            yield from _tokens(token.arguments)
        elif token.type in ("() block", "[] block", "{} block"):
            yield from _tokens(token.content)
        elif token.type == "error" and "url" in token.kind:
            yield f"css {token.kind}"


def _address(url: str) -> Iterator[str]:
    picture = re.match(r"data:(image/(png|jpeg|gif|webp|svg\+xml)|font/\w+)[;,]", url)
    if not (url.startswith("#") or picture) or "http://evil" in url:
        yield f"url({url})"


def _text(value: Any) -> str:
    """As JavaScript makes a text of a value."""
    if isinstance(value, list):
        return ",".join(map(_text, value))
    return {True: "", False: "false"}.get(value, str(value)) if isinstance(value, bool) else str(value)


def _js(number: Any) -> Any:
    return float(number) if isinstance(number, int) else number
