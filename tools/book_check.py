"""What is wrong with a built site: links and anchors that lead nowhere, and what would be loaded from elsewhere."""

from __future__ import annotations

import os
from html.parser import HTMLParser
from pathlib import Path
from typing import Final
from urllib.parse import unquote

LOADS: Final = {
    "script": ("src",),
    "link": ("href",),
    "img": ("src", "srcset"),
    "iframe": ("src",),
    "source": ("src", "srcset"),
    "video": ("src", "poster"),
    "audio": ("src",),
    "object": ("data",),
    "embed": ("src",),
    "use": ("href", "xlink:href"),
}


def problems(site: Path) -> list[str]:
    """One line for each; pages in the order of their names."""
    pages = {p: _Page(p.read_text(encoding="utf-8")) for p in sorted(site.rglob("*.html"))}
    found: list[str] = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name}: loads {address}" for address in page.loads if _elsewhere(address)]
        found += [f"{name}: id {twice!r} stands there twice" for twice in page.twice]
        for address in (*page.links, *page.loads):
            if not _elsewhere(address) and not address.startswith(("data:", "blob:", "mailto:", "javascript:")):
                found += [f"{name}: {wrong}" for wrong in _lost(path, address, pages)]
    return found


def _lost(path: Path, address: str, pages: dict[Path, _Page]) -> list[str]:
    """What an address of a page does not find."""
    target, _, anchor = address.partition("#")
    target = target.partition("?")[0]
    there = Path(os.path.normpath(path.parent / unquote(target))) if target else path
    if there.is_dir():
        there = there / "index.html"
    if not there.exists():
        return [f"{address} leads to no file"]
    if anchor and there in pages and unquote(anchor) not in pages[there].ids:
        return [f"{address} leads to no place in {there.name}"]
    return []


def _elsewhere(address: str) -> bool:
    return "://" in address or address.startswith("//")


class _Page(HTMLParser):
    """The addresses and ids of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.ids: set[str] = set()
        self.twice: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        has = {name: value for name, value in attrs if value}
        if "id" in has:
            if has["id"] in self.ids:
                self.twice.append(has["id"])
            self.ids.add(has["id"])
        if tag == "a" and "href" in has:
            self.links.append(has["href"])
        if tag == "link" and has.get("rel") in {"canonical", "next", "prev", "license"}:
            return  # says where, loads nothing
        self.loads += [has[name] for name in LOADS.get(tag, ()) if name in has]
