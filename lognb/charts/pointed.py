"""A chart as SVG whose marks say what they are: what its tooltip would, for a page in which one can point at them."""

from __future__ import annotations

import io
import re
from html import escape, unescape
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_LABEL: Final = re.compile(r' (?:aria-label="([^"]*)"|aria-roledescription="[^"]*"|role="graphics-\w+")')


def svg(chart: Any) -> str:
    """The picture; each mark with a tooltip has it as its `aria-label`, "name: value; …"."""
    import altair as alt

    spec = chart.to_dict()
    out = io.StringIO()
    alt.Chart.from_dict(speaking(spec)).save(out, format="svg")
    return told(out.getvalue(), spec)


def speaking(spec: dict[str, Any]) -> dict[str, Any]:
    """The specification with words for each mark, of which `told` keeps those that its tooltip would have."""
    return {**spec, "config": {**spec.get("config", {}), "aria": True}}


def told(svg: str, spec: dict[str, Any]) -> str:
    """The drawing of `speaking(spec)`, each mark with its tooltip's words alone."""
    titles = set(_titles(spec))
    return _LABEL.sub(lambda m: _kept(m[1], titles), svg)


def _kept(label: str | None, titles: set[str]) -> str:
    """Of all that Vega tells of a mark, what its tooltip has; that stands last."""
    found: dict[str, str] = {}
    name = ""
    for part in unescape(label or "").split("; "):  # an entity ends in ";" too
        head, colon, value = part.partition(": ")
        if colon:
            name, found[head] = head, value
        elif name:  # a value with a semicolon in it
            found[name] += f"; {part}"
    said = "; ".join(f"{name}: {value}" for name, value in found.items() if name in titles and value)
    return f' aria-label="{escape(said)}"' if said else ""


def _titles(spec: Any) -> Iterator[str]:
    """How the fields of tooltips are called."""
    if isinstance(spec, list):
        for one in spec:
            yield from _titles(one)
    elif isinstance(spec, dict):
        tips = spec.get("tooltip")
        for tip in tips if isinstance(tips, list) else [tips]:
            if isinstance(tip, dict) and (name := tip.get("title", tip.get("field"))):
                yield str(name)
        for key, value in spec.items():
            if key not in ("tooltip", "data", "datasets"):
                yield from _titles(value)
