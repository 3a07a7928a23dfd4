"""A recording made harmless: it rebuilds a page that runs nothing and asks nobody for anything.

A recording is a stranger's document. rrweb's player checks none of it: it puts the page together in a frame that runs
no script, but pictures and style sheets load all the same; what it holds back while it runs fast it makes in the
notebook's own document, where `onerror` runs; and it loads fonts and the pictures of a canvas there. So nothing is
passed on that is not known (`allowed.py`), wherever it stands: in snapshots, in every later change, in CSS.

Nothing here trusts the numbers that nodes have. The same number can be a link now and a picture later, or both in two
windows, so a later change of an attribute has to be harmless for every element.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from lognb.replay import changes
from lognb.replay.attributes import Attributes
from lognb.replay.events import CUSTOM, DOM_LOADED, FULL, INCREMENTAL, LOADED, META, PLUGIN
from lognb.replay.nodes import Nodes, number

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lognb.replay.events import Event

_KEYS: Final = frozenset(("type", "timestamp", "data", "windowId", "delay"))


def clean(
    events: Iterable[Event], *, remote: bool = False, mask_inputs: bool = False
) -> tuple[list[Event], Counter[str]]:
    """The events without what could run or load, and how often what was removed: "script", "on*", "href", "css" …

    The events are changed where they are, since a copy of a long recording is what takes the time; what a change
    needs stays: a script leaves an empty hidden element, a frame an empty box of its size, a link stays a link that
    leads nowhere. Custom and plugin events are data for us and left alone; a canvas and an event of a kind that is
    not known are left out.

    `remote`: pictures, fonts, media and style sheets at http and https addresses may load, and links keep their
    addresses. Scripts, event handlers, frames and relative addresses (which would ask the notebook's own server) go
    all the same. `mask_inputs`: what stands in fields becomes asterisks.

    >>> snapshot = {"node": {"type": 2, "id": 1, "tagName": "img", "attributes": {"src": "http://evil.invalid/x"}}}
    >>> events, removed = clean([{"type": 2, "timestamp": 1, "data": snapshot}])
    >>> events[0]["data"]["node"]["attributes"], dict(removed)
    ({}, {'src': 1})
    """
    removed: Counter[str] = Counter()
    nodes = Nodes(Attributes(removed, remote=remote, mask=mask_inputs), removed)
    kept = [event for event in events if _event(event, nodes, removed)]
    nodes.finish()
    return kept, removed


def _event(event: Event, nodes: Nodes, removed: Counter[str]) -> bool:
    """Cleans one event in its place; whether it may stay."""
    kind, data = event.get("type"), event.get("data")
    if event.keys() - _KEYS:
        for key in event.keys() - _KEYS:
            del event[key]
    if type(kind) is not int or not number(event.get("timestamp")):
        removed["event"] += 1
        return False
    if kind in (DOM_LOADED, LOADED, CUSTOM, PLUGIN):
        return True
    if isinstance(data, dict):
        if kind == INCREMENTAL:
            return changes.clean(data, nodes, removed)
        if kind == META and number(data.get("width")) and number(data.get("height")):
            return True
        if kind == FULL and nodes.tree(data.get("node")):
            return changes.offset(data)
    removed["event"] += 1
    return False


__all__ = ["clean"]
