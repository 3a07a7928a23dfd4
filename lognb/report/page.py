"""A report as one HTML file: read without a script and without a network, alive where scripts run.

The page's policy allows what is in the file and nothing else: styles and scripts by their hashes, pictures by their
data. So there are no style attributes and no handlers in it, and whatever got into it some other way would not run.
"""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256
from importlib.resources import files
from string import Template
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _html
from lognb._export import replacing
from lognb._html import NAMED
from lognb._text import count, plain
from lognb.report import words
from lognb.report.alive import data, scripts, styles
from lognb.report.blocks import ITEMS, MOST
from lognb.report.cells import moments, quoted
from lognb.report.sections import Sections

if TYPE_CHECKING:
    from pathlib import Path

    from lognb.report.blocks import Document
    from lognb.report.report import Report

# The rest of the policy names hashes. A frame is where a recording plays: it holds what the page puts there.
_POLICY: Final = "default-src 'none'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
_PAPER: Final = {
    "light": {"bg": "#ffffff", "soft": "#f5f6f8", "ink": "#1d2129", "line": "#e2e5ea", "dim": "#5a6270",
              "link": "#1a5fd0", "tint": "#eef3fd"},
    "dark": {"bg": "#14171c", "soft": "#1c2026", "ink": "#e4e7eb", "line": "#343b46", "dim": "#a0a9b5",
             "link": "#7aadff", "tint": "#1d2838"},
}  # fmt: skip

# What JupyterLab says of tables and lists in any output, unsaid by longer names.
_OVER: Final = (
    ".lognb.ln-report .ln-wide :is(th,td){text-align:left;vertical-align:top;padding:3px 16px 3px 0}"
    ".lognb.ln-report .ln-wide .ln-r{text-align:right}.lognb.ln-report .ln-wide tr:nth-child(n){background:none}"
    ".lognb.ln-report .ln-facts{display:flex;flex-wrap:wrap;gap:8px 32px}"
    ".lognb.ln-report dl :is(dt,dd){float:none;width:auto;font-weight:400;margin:0}"
)


def write(report: Report, path: Path) -> Path:
    """Write the report as one page. Raises LognbError if `path` cannot be written."""
    page = html(report.document()).encode("utf-8", "replace")
    with replacing(path) as file:
        file.write(page)
    return path


def html(document: Document, *, alive: bool = True, follow: bool = True) -> str:
    """The page as text. Not `alive` it has neither scripts nor their data; without `follow` it is always light."""
    sections = Sections(document, follow)
    body = sections.html()
    modules = scripts(document) if alive else []
    sheets = [
        _colours(follow),
        _resource("report.css"),
        _running(document) + sections.shared.names(),
        *(styles(document) if alive else []),
    ]
    return Template(_resource("page.html")).substitute(
        policy=_policy(sheets, modules),
        version=_html.text(document.version),
        title=_html.text(document.title) or "Report",
        styles="\n".join(f"<style>{sheet}</style>" for sheet in sheets),
        facts=_facts(document),
        contents=_contents(sections),
        sections=body,
        foot=_foot(document),
        data=data(document) if alive else "",
        scripts="\n".join(f'<script type="module">{module}</script>' for module in modules),
    )


def inside(document: Document) -> str:
    """The page as one output of a notebook: without scripts, with the first rows of each table, in the page's colours.

    Its style holds for it alone; where a front end takes style and SVG away, words, tables and still pictures are left.
    """
    sections = Sections(document, inside=True)
    body = sections.html()
    dark = f'body[data-jp-theme-light="false"] .ln-report,body.vscode-dark .ln-report{{{_named("dark", 1)}}}'
    style = (
        f"{_html.STYLE}.ln-report{{{_named('light', 0)}}}{dark}"
        ".lognb.ln-report div.ln-still{display:block}"  # the name is also that of an image behind a picture
        f"@scope(.ln-report){{{_resource('report.css')}{sections.shared.names()}}}{_OVER}"
    )
    title = _html.text(document.title) or "Report"
    return (
        f'<div class="lognb ln-report"><style>{style}</style>'
        f'<h1>{title}</h1>{_facts(document)}{body}<p class="ln-dim">save("….html") writes all rows and more</p></div>'
    )


def _policy(sheets: list[str], modules: list[str]) -> str:
    def hashes(texts: list[str]) -> str:
        return " ".join(f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'" for text in texts) or "'none'"

    return f"{_POLICY}; style-src {hashes(sheets)}; script-src {hashes(modules)}"


def _facts(document: Document) -> str:
    """What the author says of the whole, and when the page was made, on whose clock."""
    made = pl.Series("made", [document.made]).cast(pl.Datetime("ns", "UTC")).dt.truncate("1s")
    rows = [(_html.text(name.replace("_", " ")), words.linked(value)) for name, value in document.meta.items() if value]
    rows += [("written", f"{moments(made, document.zone)[0]} {_html.text(document.zone)}")]
    times = "" if document.zone == "UTC" else "; a text or chart that says UTC means UTC"
    rows += [("times", _html.text(document.zone + times))]
    return '<dl class="ln-facts">' + "".join(f"<div><dt>{k}</dt><dd>{v}</dd></div>" for k, v in rows) + "</dl>"


def _contents(sections: Sections) -> str:
    listed = sections.outline.contents()
    return f'<nav class="ln-contents" aria-label="Contents"><p>Contents</p>{listed}</nav>' if listed else "<div></div>"


def _opened(document: Document) -> str:
    """What `logs` is in the code of the rows, where it is one thing."""
    opened = sorted({b.origin.opened for b in document.blocks if b.origin and b.origin.opened})
    if len(opened) != 1:
        return ""
    return f"; where it says <code>logs</code>, that is <code>{_html.text(opened[0])}</code>"


def _foot(document: Document) -> str:
    """What is in the file and what is not, and how to check it."""
    said = [
        "This page is one file. It asks no other machine for anything, and needs neither lognb nor the data behind it.",
        f"Of each table it holds at most {count(MOST)} rows, of a story {count(ITEMS)} moments; where there were more, "
        "it says of how many.",
        "Redacted: values of the kinds that it lists as hidden were replaced before it was written, also in queries "
        "and code, which therefore find their records in a bundle of this report and not in the files behind it."
        if document.redacted
        else "Not redacted: texts of records stand in it as they were.",
    ]
    parts = ["<h2>About this page</h2>", *(f"<p>{_html.text(line)}</p>" for line in said)]
    if document.sources:
        rows = "".join(
            f"<tr><td>{_html.text(name)}</td><td><code>{_html.text(digest) or '–'}</code></td></tr>"
            for name, digest in document.sources
        )
        parts.append(
            '<p id="sources">It was made from these files. A hash is the first 32 digits of the SHA-256 of a file: '
            "<code>sha256sum</code> tells whether a file is the one. The code below a block gives its rows again"
            f"{_opened(document)}.</p>"
            '<div class="ln-wide" tabindex="0" role="group" aria-label="sources"><table><thead><tr>'
            f'<th scope="col">file</th><th scope="col">hash</th></tr></thead><tbody>{rows}</tbody></table></div>'
        )
    return "".join([*parts, f'<p class="ln-dim">lognb {_html.text(document.version)}</p>'])


def _colours(follow: bool) -> str:
    """The page's colours, light and dark: as the reader prefers, or as the page's `data-theme` says; light in print."""
    light, dark = _named("light", 0), _named("dark", 1)
    if not follow:
        return f":root{{{light}}}"
    return (
        f":root{{{light}color-scheme:light}}"
        f"@media screen{{:root[data-theme=dark]{{{dark}color-scheme:dark}}}}"
        f"@media screen and (prefers-color-scheme:dark){{:root:not([data-theme=light]){{{dark}color-scheme:dark}}}}"
    )


def _named(theme: str, which: int) -> str:
    colours: dict[str, Any] = dict(_PAPER[theme])
    colours |= {name: both[which] for name, both in NAMED.items()}
    return "".join(f"--ln-{name}:{colour};" for name, colour in colours.items())


def _running(document: Document) -> str:
    """The foot of a printed page: the report's title and when it was written."""
    said = f"{document.title} · {document.made:%Y-%m-%d %H:%M} UTC"
    return f"@page{{@bottom-left{{content:{quoted(plain(said, 150))}}}}}"


@cache
def _resource(name: str) -> str:
    return files("lognb.report").joinpath(name).read_text("utf-8")
