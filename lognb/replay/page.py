"""The page as a recording tells it, as far as words need it: what an element is called, by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from lognb.replay.events import ELEMENT, FULL, INCREMENTAL, MUTATION, TEXT

if TYPE_CHECKING:
    from lognb.replay.events import Event

_LONGEST: Final = 80  # characters of a name
_UP: Final = 4  # how far above an element without words its name is looked for
_NODES: Final = 400  # below an element that are looked through for words
_NAMES: Final = ("aria-label", "title", "alt", "placeholder", "name", "id")
FIELDS: Final = frozenset(("input", "textarea", "select", "option", "label", "video", "audio", "details", "summary"))


class Page:
    """The nodes of one window at a moment; `apply` events in order."""

    def __init__(self) -> None:
        self._nodes: dict[Any, dict[str, Any]] = {}
        self._parent: dict[Any, Any] = {}
        self._added: dict[Any, list[Any]] = {}  # numbers of nodes that were added to one later
        self._texts: dict[Any, str] = {}

    def apply(self, event: Event) -> None:
        data = event.get("data")
        if not isinstance(data, dict):
            return
        if event.get("type") == FULL:
            self.__init__()  # type: ignore[misc]
            self._put(data.get("node"), None)
        elif event.get("type") == INCREMENTAL and data.get("source") == MUTATION:
            for gone in dicts(data.get("removes")):
                self._nodes.pop(key(gone.get("id")), None)
            for add in dicts(data.get("adds")):
                parent, node = key(add.get("parentId")), add.get("node")
                if isinstance(node, dict):
                    self._put(node, parent)
                    self._added.setdefault(parent, []).append(key(node.get("id")))
            for text in dicts(data.get("texts")):
                self._texts[key(text.get("id"))] = str(text.get("value") or "")

    def tag(self, number: Any) -> str:
        """Lower case; empty where the node is not known."""
        node = self._nodes.get(key(number))
        return str(node.get("tagName", "")).lower() if node else ""

    def name(self, number: Any) -> str:
        """What a person would call an element: its words, else its label, else those of what it stands in; else its
        tag. Empty if it is not known.
        """
        at, first = key(number), self.tag(number)
        for _ in range(_UP):
            if at not in self._nodes:
                break
            words = self._label(at) if self.tag(at) in FIELDS else self._words(at) or self._label(at)
            if words:
                return words
            at = self._parent.get(at)
        return f"<{first}>" if first else ""

    def _put(self, root: Any, parent: Any) -> None:
        stack = [(root, parent)]
        while stack:
            node, above = stack.pop()
            if not isinstance(node, dict):
                continue
            number = key(node.get("id"))
            self._nodes[number] = node
            self._parent[number] = above
            self._texts.pop(number, None)
            self._added.pop(number, None)
            stack += [(child, number) for child in dicts(node.get("childNodes"))]

    def _label(self, number: Any) -> str:
        attributes = self._nodes[number].get("attributes")
        if not isinstance(attributes, dict):
            return ""
        button = attributes.get("type") in ("submit", "button", "reset")
        for name in ("value", *_NAMES) if button else _NAMES:
            if isinstance(value := attributes.get(name), str) and value.strip():
                return one_line(value)
        return ""

    def _words(self, number: Any) -> str:
        """The text in an element, in order, as far as is needed."""
        out: list[str] = []
        stack, looked, length = [number], 0, 0
        while stack and looked < _NODES and length < _LONGEST:
            at = stack.pop()
            node = self._nodes.get(at)
            looked += 1
            if node is None:
                continue
            if node.get("type") == TEXT:
                words = self._texts.get(at, str(node.get("textContent") or "")).strip()
                out.append(words)
                length += len(words)
            elif node.get("type") == ELEMENT and str(node.get("tagName")).lower() not in (
                "style",
                "script",
                "noscript",
            ):
                own = [key(child.get("id")) for child in dicts(node.get("childNodes"))]
                later = [n for n in self._added.get(at, ()) if self._parent.get(n) == at]
                stack += reversed(own + later)
        return one_line(" ".join(w for w in out if w))


def one_line(text: str, longest: int = _LONGEST) -> str:
    """The text on one line, cut where it is long."""
    words = " ".join(text[: 4 * longest].split())
    return words if len(words) <= longest else words[: longest - 1] + "…"


def dicts(value: Any) -> list[dict[str, Any]]:
    """The dicts of a list; nothing of what is none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def key(value: Any) -> Any:
    """A node's number or a window as it can stand in a dict."""
    return value if isinstance(value, (int, float, str)) else None
