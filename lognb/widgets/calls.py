"""How a widget tells the panel around it what was done: plain callables, by name, each of which may be missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from lognb.widgets.base import Ask


def call(on: Any, name: str, *args: Any) -> Any:
    """`on[name](*args)`, or `on.name(*args)` where `on` is no dict; None where nobody listens."""
    listener = on.get(name) if isinstance(on, dict) else getattr(on, name, None)
    return None if listener is None else listener(*args)


def forward(on: Any, ask: Ask) -> None:
    """Call what is named as the kind of a question with its fields."""
    call(on, str(type(ask).__struct_config__.tag), *msgspec.structs.astuple(ask))
