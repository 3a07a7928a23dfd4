"""A report as Markdown, with its pictures and rows as files in a folder beside it: what GitHub and GitLab show.

Words and notes are the author's and stand as they were written. Everything else is text of logs, or may be: it is
escaped, or in code that it cannot leave.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from shutil import rmtree
from typing import TYPE_CHECKING, Final, get_args
from urllib.parse import quote

from lognb import _text
from lognb._export import replacing
from lognb._html import INK, PALETTE
from lognb._text import count, plain, plural
from lognb.errors import LognbError
from lognb.query import Query, format_time
from lognb.report import words
from lognb.report.blocks import Kind
from lognb.report.drawing import cleaned
from lognb.report.sections import TITLES
from lognb.result import Result, coded, escaped, texts

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from lognb._origin import Origin
    from lognb.report.blocks import Block, Document, Table
    from lognb.report.report import Report

_ROWS: Final = 20
_LINES: Final = 200  # of a timeline, which is read from end to end
_CELL: Final = 1_000  # characters
# Frames that a picture shows, or that say more than one reads: they are in the folder alone.
_BESIDE: Final = {
    "panel": ("volume", "facets"),
    "story": ("sessions", "recordings", "spans", "traces", "records"),
}
_DONE: Final = ("done", "closed", "fixed")
_WHITE: Final = '<rect x="-50%" y="-50%" width="200%" height="200%" fill="#ffffff"/>'
_VARIABLE: Final = re.compile(r"var\(--[\w-]+, *(#\w+)\)")  # a colour that follows a page, and what it is without one
_OURS: Final = re.compile(rf"\d{{2,}}-({'|'.join(get_args(Kind))})-[\w-]*\.(csv|png)", re.ASCII)
_UNSAFE: Final = re.compile(r"[^\w-]+", re.ASCII)
_UNSAID: Final = re.compile(r"[^\w\- ]")


def write(report: Report, path: Path) -> Path:
    """Write the report; its files go to `<name>_files` beside it. Raises LognbError if it cannot.

    What an earlier report left there goes, for it may be what this one hides; other files stay.

    All is written beside and renamed, the text last: who reads meanwhile sees the report before or after.
    """
    made = Files(path.stem + "_files")
    text = document_text(report.document(), made)
    folder = path.with_name(made.folder)
    beside = path.with_name(f"{made.folder}.{os.getpid()}.tmp")
    try:
        if made.files:
            beside.mkdir(parents=True, exist_ok=True)
            folder.mkdir(parents=True, exist_ok=True)
        for name, content in made.files.items():
            (beside / name).write_bytes(content)
        for name in made.files:
            (beside / name).replace(folder / name)
        _forget(folder, made.files)
    except OSError as error:
        why = error.strerror or str(error)
        raise LognbError(f"{folder} cannot be written: {why}; name another file") from error
    finally:
        with suppress(OSError):
            rmtree(beside)
    with replacing(path) as file:
        file.write(text.encode("utf-8", "replace"))
    return path


def _forget(folder: Path, kept: Collection[str]) -> None:
    """Remove what an earlier report of this name wrote and this one did not."""
    for file in folder.iterdir() if folder.is_dir() else ():
        if file.name not in kept and _OURS.fullmatch(file.name) and (file.is_file() or file.is_symlink()):
            file.unlink()


@dataclass
class Files:
    """What stands beside the text: names, which hold no text of logs, to contents."""

    folder: str
    files: dict[str, bytes] = field(default_factory=dict)

    def add(self, name: str, content: bytes) -> str:
        """Its address in the text."""
        self.files[name] = content
        return quote(f"{self.folder}/{name}")


def document_text(document: Document, files: Files) -> str:
    """The report as Markdown; its pictures and rows are added to `files`."""
    contents, parts = _Contents(), []
    for n, block in enumerate(document.blocks, 1):
        if block.kind == "words":
            parts += [contents.block(block.title)] if block.title else []
            contents.written(block.text)
            parts += [block.text.strip("\n"), block.note.strip("\n")]
            continue
        parts += [contents.block(block.title or TITLES[block.kind]), *block_parts(block, n, document.zone, files)]
    head = [f"# {escaped(document.title) or 'Report'}", _facts(document), contents.text()]
    return "\n\n".join(part for part in [*head, *parts, _sources(document)] if part) + "\n"


def block_parts(block: Block, n: int, zone: str, files: Files | None) -> list[str]:
    """A block that is no words: the finding, the note, pictures, rows, and how to have them again.

    Without `files` there are neither pictures nor links to them.
    """
    name = f"{n:02}-{block.kind}"
    said = escaped(block.text).strip()
    parts = [f"**{said}**" if said else "", block.note.strip("\n")]
    for which, svg in block.pictures.items() if files is not None else ():
        image = png(svg)
        label = escaped(": ".join(p for p in (block.title, block.text) if p) or block.kind)
        parts += [
            f"![{label}]({files.add(_file(name, which, 'png'), image)})" if image and files is not None
            else "*a picture of this block cannot be read, and is left out*"
        ]  # fmt: skip
    for which, rows in block.frames.items():
        if block.kind == "actions":
            parts.append(_tasks(rows))
            continue
        link = _csv(rows, _file(name, which, "csv"), files)
        if which in _BESIDE.get(block.kind, ()):
            parts.append(f"*{escaped(which)}: {plural(rows.rows, 'row')}{link}*" if rows.frame.height else "")
        else:
            most = _LINES if block.kind == "timeline" else _ROWS
            parts += [f"{escaped(which)}:" if len(block.frames) > 1 else "", grid(rows, zone, most)]
            parts.append(f"*{_of(rows, most)}{link}*")
    if block.recordings:
        recorded = plural(len(block.recordings), "recording")
        parts.append(f"*{recorded} not shown here: a report saved as .html replays what was recorded*")
    return [part for part in [*parts, *([_again(block.origin)] if block.origin else [])] if part]


def _file(block: str, which: str, ending: str) -> str:
    """A name that `_forget` knows; frames of somebody's bundle may be called anything, as a path."""
    return f"{block}-{_UNSAFE.sub('_', which)[:60]}.{ending}"


def grid(rows: Table, zone: str, most: int = _ROWS) -> str:
    """The first rows as a table; "" if there are none."""
    frame, names = rows.frame.head(most), list(rows.columns) or rows.frame.columns
    if not frame.height or not names:
        return ""
    right = [frame.schema[name].is_numeric() for name in names]
    cells = [[escaped(v) for v in texts(name, frame[name], _CELL, zone)] for name in names]
    lines = ["| " + " | ".join(escaped(n) for n in names) + " |"]
    lines.append("|" + "|".join(" ---: " if r else " --- " for r in right) + "|")
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in zip(*cells, strict=True))])


def png(svg: str, scale: int = 2) -> bytes:
    """The picture at twice its size, or `scale` times, on white; empty if it cannot be read. It loads nothing."""
    import vl_convert

    drawn = cleaned(_VARIABLE.sub(r"\1", svg).replace("currentColor", INK), "p", follow=False)
    for name, (light, _) in PALETTE.items():  # timelines are drawn with colours by name
        drawn = drawn.replace(f'"{name}"', f'"{light}"')
    head, end, rest = drawn.partition(">")  # what is drawn for a page has no ground of its own
    drawn = head + end + _WHITE + rest
    try:
        return bytes(vl_convert.svg_to_png(drawn, scale=scale)) if end else b""
    except ValueError:
        return b""


def code(text: str, language: str = "python") -> str:
    """A block of code that nothing in the text ends."""
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", text)), default=0))
    return f"{fence}{language}\n{text}\n{fence}"


@dataclass
class _Contents:
    """The headings, and the addresses that GitHub gives them."""

    level: int = 1
    near: str = ""
    entries: list[tuple[int, str, str]] = field(default_factory=list)
    taken: Counter[str] = field(default_factory=Counter)

    def written(self, markdown: str) -> None:
        """Take the headings of the author's words."""
        for level, said in words.headings(markdown):
            self.level, self.near = level, said
            self._add(level, said)

    def block(self, title: str) -> str:
        """The heading of a block, below the one before; none where that one just said it."""
        again = self.near.strip().casefold() == title.strip().casefold()
        self.near = ""
        if again:
            return ""
        level = min(max(self.level + 1, 2), 4)
        self._add(level, title)
        return f"{'#' * level} {escaped(title)}"

    def text(self) -> str:
        low = min((level for level, _, _ in self.entries), default=1)
        lines = [f"{'  ' * (level - low)}- [{escaped(said)}](#{address})" for level, address, said in self.entries]
        return "\n".join(["**Contents**", "", *lines]) if len(lines) > 1 else ""

    def _add(self, level: int, said: str) -> None:
        address = _UNSAID.sub("", plain(said).strip().lower()).replace(" ", "-")
        n = self.taken[address]
        self.taken[address] += 1
        self.entries.append((level, quote(f"{address}-{n}" if n else address), said))


def _facts(document: Document) -> str:
    rows = [(name.replace("_", " "), value) for name, value in document.meta.items() if value]
    rows += [("written", f"{document.made:%Y-%m-%d %H:%M:%S} UTC by lognb {document.version}")]
    rows += [("times", document.zone + ("" if document.zone == "UTC" else "; a text or chart that says UTC means UTC"))]
    hidden = "what is personal or secret was replaced before this was written"
    rows += [("redacted", hidden if document.redacted else "no: texts of records stand here as they were")]
    return "\n".join(f"- **{escaped(name)}**: {escaped(value)}" for name, value in rows)


def _sources(document: Document) -> str:
    if not document.sources:
        return ""
    said = "A hash is the first 32 digits of a file's SHA-256."
    lines = [f"- {coded(name)}" + (f" {coded(digest)}" if digest else "") for name, digest in document.sources]
    return "\n".join(["---", "", f"Made from these files. {said}", "", *lines])


def _tasks(rows: Table) -> str:
    """Action items as a list of tasks."""
    lines = []
    for row in rows.frame.iter_rows(named=True):
        box = "x" if (row["status"] or "").strip().lower() in _DONE else " "
        more = [row["owner"], row["due"] and f"due {row['due']}", row["status"], row["kind"]]
        told = "; ".join(escaped(part) for part in more if part)
        lines.append(f"- [{box}] {escaped(row['what'])}" + (f" ({told})" if told else ""))
    return "\n".join(lines)


def _of(rows: Table, most: int) -> str:
    shown = min(rows.frame.height, most)
    said = plural(rows.rows, "row") if shown == rows.rows else f"{count(shown)} of {plural(rows.rows, 'row')}"
    if rows.columns and len(rows.columns) < rows.frame.width:
        said += f", {len(rows.columns)} of {rows.frame.width} columns"
    return said


def _csv(rows: Table, name: str, files: Files | None) -> str:
    """A link to the rows that are kept, all their columns."""
    if files is None or not rows.frame.height:
        return ""
    kept = Result(rows.frame, "", "", Query(), ()).to_csv()
    part = "" if rows.frame.height == rows.rows else f"the first {count(rows.frame.height)} "
    return f" · [{part}as CSV]({files.add(name, kept.encode('utf-8', 'replace'))})"


def _again(origin: Origin) -> str:
    """The code, and what was looked at in what."""
    said = [coded(str(origin.query)) or "all records"]
    if origin.since is not None and origin.until is not None:
        length = _text.duration(max(origin.until - origin.since, 0))
        said.append(escaped(f"{format_time(origin.since)} – {format_time(origin.until)} ({length})"))
    names = [name for name, _ in origin.sources]
    said += [coded(name) for name in names] if len(names) <= 3 else [f"{len(names)} files"]
    again = f"{code(origin.code)}\n\n" if origin.opened else ""
    return f"{again}{' · '.join(part for part in said if part)}"
