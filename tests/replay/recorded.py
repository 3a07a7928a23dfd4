"""Small recordings for tests: one page, and what changes on it."""

from __future__ import annotations

from typing import Any

START = 1_700_000_000_000


def recording(node: dict[str, Any] | None = None, changes: list[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """A page with a bit of everything, `node` at its end; then `changes`, data of incremental events, 1 s apart."""
    body = [
        {"type": 3, "id": 5, "textContent": "hello"},
        tag(6, "style", {}, [{"type": 3, "id": 7, "textContent": "b { color: red }"}]),
        tag(8, "img", {"alt": "a pot"}),
        tag(9, "a", {"href": "#top"}, [{"type": 3, "id": 13, "textContent": "Cart"}]),
        tag(10, "input", {"type": "text", "name": "q", "value": "red"}),
        tag(11, "canvas", {}),
        tag(12, "link", {}),
    ]
    root = {
        "type": 0, "id": 1,
        "childNodes": [tag(2, "html", {}, [tag(3, "head", {}), tag(4, "body", {}, body + ([node] if node else []))])],
    }  # fmt: skip
    first = [
        {"type": 4, "timestamp": START, "data": {"href": "http://shop.example/", "width": 800, "height": 600}},
        {"type": 2, "timestamp": START + 1, "data": {"node": root, "initialOffset": {"top": 0, "left": 0}}},
    ]
    return first + [incremental(1000 * (i + 1), data) for i, data in enumerate(changes or [])]


def tag(number: int, name: str, attributes: dict[str, Any], children: list[Any] | None = None) -> dict[str, Any]:
    return {"type": 2, "id": number, "tagName": name, "attributes": attributes, "childNodes": children or []}


def incremental(after_ms: float, data: dict[str, Any]) -> dict[str, Any]:
    return {"type": 3, "timestamp": START + after_ms, "data": data}


def change(**parts: Any) -> dict[str, Any]:
    return {"source": 0, "adds": [], "removes": [], "texts": [], "attributes": [], **parts}


def added(node: dict[str, Any], before: int | None = None, parent: int = 4) -> dict[str, Any]:
    """A change adds nodes one by one, each without what is in it."""
    adds, waiting = [], [(node, before, parent)]
    for one, beside, inside in waiting:
        adds.append({"parentId": inside, "nextId": beside, "node": {**one, "childNodes": []}})
        waiting += [(child, None, one["id"]) for child in one.get("childNodes", [])]
    return change(adds=adds)
