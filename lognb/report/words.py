"""Markdown to HTML: the words of a report, from the tokens of a parser; no HTML in it comes through as such."""

from __future__ import annotations

import html
import re
from functools import cache
from typing import TYPE_CHECKING, Any, Final

import mistune

from lognb import _html

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    Heading = Callable[[int, str, str], str]
    """Level as written, its HTML and its plain text -> the heading."""

_LINK: Final = re.compile(r"(https?://|mailto:|#)[^\s]*", re.IGNORECASE)
_IMAGE: Final = re.compile(r"data:image/(png|jpeg|gif|webp|svg\+xml);base64,[A-Za-z0-9+/=]*")
_SIMPLE: Final = {
    "paragraph": "p", "emphasis": "em", "strong": "strong", "strikethrough": "del", "block_quote": "blockquote",
    "list_item": "li", "table_body": "tbody", "table_row": "tr",
}  # fmt: skip
_EMPTY: Final = {"linebreak": "<br>", "softbreak": "\n", "thematic_break": "<hr>", "blank_line": ""}


def words(markdown: str, heading: Heading) -> str:
    """Markdown (CommonMark with tables, task lists and struck text) as HTML.

    Raw HTML shows as the text it is. Links lead to http, https, mail or a place in the page; pictures are those whose
    data is in the text: what is left out is said in its place.
    """
    return _all(_tokens(markdown), heading)


def inline(markdown: str) -> str:
    """The same for a note, whose headings are bold lines: a note has no place in the outline."""
    return words(markdown, lambda _, said, __: f"<p><strong>{said}</strong></p>")


def levels(markdown: str) -> list[int]:
    """The levels of the headings, as written."""
    return [level for level, _ in headings(markdown)]


def headings(markdown: str) -> list[tuple[int, str]]:
    """The level and the plain text of each heading, as written."""
    found = (token for token in _every(_tokens(markdown)) if token["type"] == "heading")
    return [(int(token["attrs"]["level"]), _said(token)) for token in found]


def _every(tokens: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for token in tokens:
        yield token
        yield from _every(token.get("children", ()))


@cache
def _parser() -> mistune.Markdown:
    return mistune.create_markdown(renderer=None, plugins=["table", "strikethrough", "task_lists", "url"])


def _tokens(markdown: str) -> list[dict[str, Any]]:
    tokens: Any = _parser()(markdown)
    return tokens if isinstance(tokens, list) else []


def _all(tokens: Iterable[dict[str, Any]], heading: Heading) -> str:
    return "".join(_one(token, heading) for token in tokens)


def _one(token: dict[str, Any], heading: Heading) -> str:
    kind, given = token["type"], token.get("attrs", {})
    if kind in _EMPTY:
        return _EMPTY[kind]
    if "raw" in token:
        return _raw(kind, token["raw"])
    inner = _all(token.get("children", ()), heading)
    if kind in _SIMPLE:
        return f"<{_SIMPLE[kind]}>{inner}</{_SIMPLE[kind]}>"
    match kind:
        case "heading":
            return heading(int(given["level"]), inner, _said(token))
        case "link":
            return _link(inner, str(given["url"]))
        case "image":
            return _picture(_said(token), str(given["url"]))
        case "list":
            start = f' start="{int(given["start"])}"' if given.get("start", 1) != 1 else ""
            return f"<ol{start}>{inner}</ol>" if given["ordered"] else f"<ul>{inner}</ul>"
        case "task_list_item":
            done = bool(given["checked"])
            mark = f'<span class="ln-task" role="img" aria-label="{"done" if done else "open"}">'
            return f'<li class="ln-todo">{mark}{"☑" if done else "☐"}</span> {inner}</li>'
        case "table":
            return f'<div class="ln-wide" tabindex="0" role="group" aria-label="table"><table>{inner}</table></div>'
        case "table_head":
            return f"<thead><tr>{inner}</tr></thead>"
        case "table_cell":
            tag = "th" if given.get("head") else "td"
            side = ' class="ln-r"' if given.get("align") == "right" else ""
            return f"<{tag}{side}>{inner}</{tag}>"
    return inner


def _raw(kind: str, raw: str) -> str:
    match kind:
        case "text":
            return _html.text(html.unescape(raw))  # an entity is a character in Markdown
        case "codespan":
            return f"<code>{_html.text(raw)}</code>"
        case "block_code":
            return f"<pre><code>{lines(raw)}</code></pre>"
        case "block_html":
            return f"<p>{lines(raw)}</p>"
    return _html.text(raw)


def lines(text: str) -> str:
    """Text that keeps its lines and tabs; every other control character is spelled out."""
    kept = (part.split("\t") for part in text.rstrip("\n").replace("\r\n", "\n").split("\n"))
    return "\n".join("\t".join(_html.text(p) for p in parts) for parts in kept)


def linked(value: str) -> str:
    """A fact in a word or two; one that is an address leads there."""
    return _link(_html.text(value), value) if re.fullmatch(r"https?://\S+", value) else _html.text(value)


def _link(inner: str, url: str) -> str:
    if not _LINK.fullmatch(url):
        return f'{inner} <small class="ln-dim">(address left out)</small>'
    return f'<a href="{_html.text(url)}" rel="noopener noreferrer">{inner}</a>'


def _picture(alt: str, url: str) -> str:
    if not _IMAGE.fullmatch(url):
        return f'{_html.text(alt)} <small class="ln-dim">(picture left out: it is not in the text)</small>'
    return f'<img src="{_html.text(url)}" alt="{_html.text(alt)}">'


def _said(token: dict[str, Any]) -> str:
    """What a token says, without marks."""
    if token["type"] in ("softbreak", "linebreak"):
        return " "
    raw = token.get("raw")
    if raw is not None:
        return html.unescape(str(raw)) if token["type"] == "text" else str(raw)
    return "".join(_said(child) for child in token.get("children", ()))
