"""How a panel stands in a notebook: two outputs, a page to read and the widget that hides it while it lives."""

from __future__ import annotations

from typing import Any


def show(page: dict[str, str], name: str, view: dict[str, Any]) -> None:
    """Display the still page under its name, then the widget.

    Two outputs, since a front end that has a widget's view and no kernel behind it shows an error in the place of
    the page that stands beside it: so a notebook that is opened again would show nothing.
    """
    from IPython import display

    put: Any = display.display  # has no types
    put({**page, "text/html": f'<div data-ln-still="{name}">{page["text/html"]}</div>'}, raw=True)
    view = {kind: part for kind, part in view.items() if kind.startswith("application/")}
    put({**view, "text/html": ""}, raw=True)  # whoever does not draw widgets draws nothing more
