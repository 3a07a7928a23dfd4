"""The few pieces that static HTML is made of, and the colours, light and dark.

Text is always escaped here, never by the caller's memory: `text()` is the only way in. Text and lines take the
colour of the page around them (JupyterLab's variables, else the inherited colour), so an output reads well in
JupyterLab, VS Code, a saved page or a mail, light or dark; only severities bring colours of their own.
"""

from __future__ import annotations

import base64
from html import escape
from typing import TYPE_CHECKING, Final

from lognb._text import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

# Light and dark. Info and below are greys, so that what is wrong stands out; warn, error and fatal also differ in
# lightness, so that they stay apart for every kind of colour blindness (tests/charts/test_theme.py simulates them).
PALETTE: Final[dict[str, tuple[str, str]]] = {
    "unspecified": ("#d8d3e6", "#4a4560"),
    "trace": ("#c4c9d1", "#3a424d"),
    "debug": ("#a3abb8", "#505a68"),
    "info": ("#7f8a9b", "#73808f"),
    "warn": ("#d9962b", "#e0a64a"),
    "error": ("#cf3f3a", "#f0625c"),
    "fatal": ("#8e1b5a", "#ff94d2"),
    "accent": ("#1f6feb", "#6ea8ff"),
}
# The same severities as words on the page's background: dark, or light, enough to read (4.5 : 1).
WORDS: Final[dict[str, tuple[str, str]]] = {
    "warn": ("#8a5a00", "#e0a64a"),
    "error": ("#c2302b", "#f4746e"),
    "fatal": ("#8e1b5a", "#ff94d2"),
}
# For the values of any other field: Okabe and Ito's colours without black and yellow, then others that were searched
# for: any two, and the grey of what is left over, stay apart for every kind of colour blindness (same test).
CATEGORIES: Final[tuple[tuple[str, str], ...]] = (
    ("#0072b2", "#3d9be0"), ("#e69f00", "#e69f00"), ("#009e73", "#1fb98c"), ("#cc79a7", "#d98fb8"),
    ("#56b4e9", "#8fcff5"), ("#d55e00", "#f0803c"), ("#42243d", "#e6e699"), ("#6633cc", "#815931"),
    ("#e0c285", "#c8ead9"), ("#2b4a1c", "#7f33cc"), ("#943875", "#b82ea1"), ("#1f1452", "#3e7462"),
)  # fmt: skip
# All that a page knows by name, as the variable --ln-<name>: what follows it from light to dark.
NAMED: Final[dict[str, tuple[str, str]]] = {
    **{f"{name}-word": pair for name, pair in WORDS.items()},
    **PALETTE,
    **{f"c{i}": pair for i, pair in enumerate(CATEGORIES)},
}
# What a chart draws text, grid and axes with, light and dark; in a page they become the colour of the text around.
TEXT: Final[dict[str, tuple[str, str]]] = {
    "ink": ("#1b1f25", "#e4e8ee"),
    "dim": ("#6a7281", "#9aa4b2"),
    "line": ("#e2e5eb", "#353c46"),
    "paper": ("#ffffff", "#15181d"),
}
INK: Final = TEXT["ink"][0]
DIM: Final = TEXT["dim"][0]
LINE: Final = TEXT["line"][0]
_BOTH: Final = "#757d8a"  # readable on light and on dark, for an image that cannot know what is around it


def text(value: str, limit: int | None = None) -> str:
    """Log text as HTML text or attribute value."""
    return escape(plain(value, limit), quote=True)


def severity(level: str) -> str:
    """A severity as coloured word; the word itself says it all where colours are lost."""
    return f'<span class="ln-sev ln-{text(level)}">{text(level)}</span>'


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[bool]) -> str:
    """Rows of cells that are HTML already, under a header of plain text."""
    sides = [' class="ln-r"' if r else "" for r in right]
    head = "".join(f"<th{s}>{text(h)}</th>" for h, s in zip(header, sides, strict=True))
    body = "".join(
        "<tr>" + "".join(f"<td{s}>{cell}</td>" for cell, s in zip(row, sides, strict=True)) + "</tr>" for row in rows
    )
    return f'<table class="ln-t"><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>'


def block(*parts: str) -> str:
    """One output of lognb: its own style, then the parts."""
    return f'<div class="lognb"><style>{STYLE}</style>{"".join(parts)}</div>'


def picture(svg: str, label: str) -> str:
    """An SVG, its colours turned into ones that follow the page; `label` says it in words.

    JupyterLab takes style and SVG out of a notebook that its reader has not trusted yet, and leaves the loose text of
    the SVG. So the SVG is hidden unless our own style shows it, and that style hides the still image that stands
    there otherwise.
    """
    live, still = svg, svg
    for colour, (following, fixed) in _FOLLOW.items():
        live = live.replace(f'"{colour}"', f'"{following}"')
        still = still.replace(f'"{colour}"', f'"{fixed}"')
    data = base64.b64encode(still.encode()).decode()
    live = live.replace("<svg ", '<svg style="max-width:100%;height:auto" ', 1)
    return (
        f'<div class="ln-live" hidden="hidden" role="img" aria-label="{text(label)}">{live}</div>'
        f'<img class="ln-still" alt="{text(label)}" src="data:image/svg+xml;base64,{data}">'
    )


def _following() -> dict[str, tuple[str, str]]:
    """Colour in a drawing -> what it becomes in a page, and in an image.

    Charts are drawn with colours, light ones or dark ones, timelines by name.
    """
    out = {key: (f"var(--ln-{name},{pair[0]})", pair[0]) for name, pair in NAMED.items() for key in (name, *pair)}
    of_text = {
        "ink": ("currentColor", _BOTH),
        "dim": ("var(--ln-dim,#6a7281)", _BOTH),
        "line": ("var(--ln-line,#e2e5eb)", f"{_BOTH}40"),
        "paper": ("none", "none"),
    }
    out |= {key: of_text[name] for name, pair in TEXT.items() for key in pair}
    return {**out, "white": ("none", "none")}


_FOLLOW: Final = _following()


def _variables(theme: int, dim: str, line: str) -> str:
    named = "".join(f"--ln-{name}:{pair[theme]};" for name, pair in NAMED.items())
    return f"--ln-dim:{dim};--ln-line:{line};{named}"


_LIGHT: Final = _variables(0, "#5f6774", "#e2e5ea")
_DARK: Final = _variables(1, "#9aa4b2", "#353c46")

# JupyterLab says its theme on the body, VS Code by a class; elsewhere the reader's own preference decides.
STYLE: Final = (
    f".lognb{{{_LIGHT}color:var(--jp-content-font-color1,inherit);font-size:13px;line-height:1.45;"
    "font-family:var(--jp-ui-font-family,system-ui,sans-serif);max-width:1000px;font-variant-numeric:tabular-nums}"
    f'body[data-jp-theme-light="false"] .lognb,body.vscode-dark .lognb{{{_DARK}}}'
    f"@media(prefers-color-scheme:dark){{body:not([data-jp-theme-light]):not([class*=vscode]) .lognb{{{_DARK}}}}}"
    ".lognb p{margin:2px 0 6px}.lognb .ln-say{font-size:14px}.lognb .ln-say b{font-weight:600}"
    ".lognb .ln-dim{color:var(--ln-dim)}.lognb code{font-size:12px;background:none;color:inherit;padding:0}"
    ".lognb .ln-warn,.lognb .ln-error,.lognb .ln-fatal{font-weight:600}.lognb .ln-warn{color:var(--ln-warn-word)}"
    ".lognb .ln-error{color:var(--ln-error-word)}.lognb .ln-fatal{color:var(--ln-fatal-word)}"
    ".lognb table.ln-t{border-collapse:collapse;margin:4px 0;font-size:12px;border:0;table-layout:auto}"
    ".lognb .ln-t th,.lognb .ln-t td{text-align:left;padding:2px 14px 2px 0;border:0;background:none;color:inherit;"
    "vertical-align:top;white-space:pre-wrap;overflow-wrap:anywhere;max-width:44em}"
    ".lognb .ln-t th{font-weight:600;color:var(--ln-dim);border-bottom:1px solid var(--ln-line);overflow-wrap:normal}"
    ".lognb table.ln-t tbody tr{background:none}.lognb .ln-t .ln-r{text-align:right;white-space:nowrap}"
    ".lognb summary{cursor:pointer;color:var(--ln-dim);font-size:12px}"
    ".lognb .ln-side{display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 48px}"
    ".lognb .ln-live{display:block!important}.lognb .ln-still{display:none}"
    ".lognb svg{display:block;overflow:visible}"
)
