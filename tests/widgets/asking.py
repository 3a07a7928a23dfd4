"""Ask a widget without a page: a message as the front end would send it, and the answer as it would get it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from lognb.errors import LognbError

if TYPE_CHECKING:
    from lognb.widgets.base import Widget


def ask(widget: Widget, kind: str, **args: Any) -> Any:
    """The value of the answer; raises LognbError with the text of an answer that is an error."""
    heard: list[dict[str, Any]] = []
    widget.send = heard.append
    widget._receive(widget, {"id": 1, "ask": {"kind": kind, **args}}, [])
    assert widget._worker.wait(30)
    (answer,) = heard
    if "error" in answer:
        raise LognbError(answer["error"])
    return answer["value"]


class Heard:
    """What a panel around a widget is `told`: (name, *arguments), in order; it listens to any name."""

    def __init__(self) -> None:
        self.told: list[tuple[Any, ...]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.told.append((name, *args))
