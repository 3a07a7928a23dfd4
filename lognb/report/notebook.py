"""A report as a notebook that makes it again: parameters, the sources, a cell for each block, and the file at the end.

The outputs are the blocks as they are frozen, so that it reads as a report before anybody runs it.
"""

from __future__ import annotations

import ast
import base64
import io
import json
from dataclasses import dataclass, field
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._export import replacing
from lognb._text import count, plain
from lognb.query import Query, format_time
from lognb.report import markdown
from lognb.report.harmless import harmless, opener
from lognb.report.moments import CALL
from lognb.result import escaped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from lognb._origin import Origin
    from lognb.redaction import Redactor
    from lognb.report.blocks import Block, Document, Table
    from lognb.report.report import Report

_ABOUT: Final = (
    "This notebook makes the report again: run all of it. It reads the files of the next cell, relative to where it "
    "runs, and adds one block a cell. What each cell shows now is what it gave when the report was written."
)
_REDACTED: Final = (
    "**The report was redacted.** Queries and texts here hold pseudonyms, which the original files do not, so the "
    "cells below find nothing in those. To have it again, save the report as a bundle (`report.save('x.zip')`): its "
    "notebook reads the redacted records."
)
_MISSING: Final = "**Fill in** `{}`: the records were read from what has no name, as bytes, an open file or a frame."
_UNSAID: Final = (
    "**Give** `rules`, as `rules = lognb.redaction.Redaction(…)`: those that this report was redacted by would tell "
    "here what they hide."
)
_Of = tuple[str, tuple[tuple[str, str], ...]]  # what opened records, and their sources
_VIEW: Final = ("newest", "zone", "by", "unit", "log", "fields")


def write(report: Report, path: Path) -> Path:
    """Write the notebook. Raises LognbError if `path` cannot be written."""
    redactor = report.redactor()
    document = report.document(redactor)
    rules = None if redactor is None else said(redactor)
    made = notebook(document, report.opened or None, out=path.with_suffix(".html").name, rules=rules)
    with replacing(path) as file:
        file.write(json.dumps(made, indent=1).encode() + b"\n")
    return path


def notebook(
    document: Document, opened: Mapping[_Of, str] | None = None, out: str = "report.html", rules: str | None = None
) -> dict[str, Any]:
    """The notebook as plain JSON (nbformat 4.5); the same report gives the same one.

    `opened` gives, for what opened the records of a block and their sources, what else gives them, as a
    bundle. `out` is the file that the last cell writes, `rules` what
    `said` gives of the rules it was redacted by, if it was.
    """
    sources = _Sources(dict(opened or {}))
    alien = document.redacted and opened is None  # pins and marks with pseudonyms are not for anybody's own notes
    told = [(block, *_blocks(block, sources)) for block in document.blocks]
    about = [f"# {escaped(document.title) or 'Report'}", _ABOUT]
    about += [_REDACTED] if alien else []
    about += [_UNSAID] if rules == "" else []
    about += [_MISSING.format(name) for name in sources.missing]
    cells = [
        _words("\n\n".join(about)),
        _code(_parameters(document, sources, out)),
        _code(_begin(document, sources, rules)),
    ]
    cells[1]["metadata"] = {"tags": ["parameters"]}
    for n, (block, before, code) in enumerate(told, 1):
        cells += [_code(before)] if before and not alien else []
        if code is None:
            cells.append(_words(f"*Left out: {escaped(block.title or block.kind)}, which no code gives again.*"))
        elif code:
            cells.append(_code(code, list(_outputs(block, n, document.zone))))
    cells.append(_code("report.save(out)"))
    return {
        "cells": [{**cell, "id": f"cell-{n}"} for n, cell in enumerate(cells)],
        "metadata": {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        },
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def _words(text: str) -> dict[str, Any]:
    return {"cell_type": "markdown", "metadata": {}, "source": text}


def _code(text: str, outputs: Sequence[dict[str, Any]] = ()) -> dict[str, Any]:
    return {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": list(outputs), "source": text}


@dataclass
class _Sources:
    """What opens records, by variable: `logs`, `logs_2` …; and what code of the cells needs to be imported."""

    instead: Mapping[_Of, str]
    opened: dict[_Of, str] = field(default_factory=dict)
    imports: set[str] = field(default_factory=lambda: {"import lognb as ln"})
    missing: list[str] = field(default_factory=list)
    live: set[_Of] = field(default_factory=set)

    def variable(self, origin: Origin) -> str:
        """What holds the records of a block."""
        of = (origin.opened, origin.sources)  # what is read of bytes or frames is opened alike, and not the same
        known = self.opened.setdefault(of, f"logs_{len(self.opened) + 1}" if self.opened else "logs")
        if origin.logs is not None:
            self.live.add(of)
        _, _, missing = self.read(of)
        if missing and known.replace("logs", "files") not in self.missing:
            self.missing.append(known.replace("logs", "files"))
        return known

    def read(self, of: _Of) -> tuple[list[str], str, bool]:
        """The files, the code that opens `files`, and whether something has to be filled in."""
        name = self.opened[of].replace("logs", "files")
        tree = opener(self.instead.get(of, of[0]))
        if tree is None:
            return [], f"ln.read(*{name})", True
        call = next(n for n in ast.walk(tree) if isinstance(n, ast.Call))
        if of not in self.live:  # who wrote that is not known, and a store is a file that is written
            call.keywords = [k for k in call.keywords if k.arg != "store"]
        files = [a.value for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        missing = len(files) < len(call.args) or any(
            isinstance(n, ast.Constant) and n.value is ... for k in call.keywords for n in ast.walk(k)
        )
        call.args = [ast.Starred(ast.Name(name))]
        return files, ast.unparse(tree), missing


def _parameters(document: Document, sources: _Sources, out: str) -> str:
    lines = [f"{name.replace('logs', 'files')} = {sources.read(of)[0]!r}" for of, name in sources.opened.items()]
    lines += [f"title = {document.title!r}", f"timezone = {document.zone!r}", f"out = {out!r}"]
    return "\n".join(lines)


def said(redactor: Redactor) -> str:
    """The rules of a redaction as code; "" where they would tell what they hide."""
    rules = redactor.rules
    if rules == type(rules)():
        return "True"
    texts = [*rules.patterns, *rules.patterns.values(), *rules.fields, *rules.keep]
    if any(redactor.text(text) != text for text in texts):
        return ""
    kinds = [] if rules.kinds == type(rules)().kinds else [f"kinds={sorted(rules.kinds)!r}"]
    parts = {"patterns": dict(rules.patterns), "fields": list(rules.fields), "keep": list(rules.keep)}
    return f"Redaction({', '.join([*kinds, *(f'{name}={part!r}' for name, part in parts.items() if part)])})"


def _begin(document: Document, sources: _Sources, rules: str | None) -> str:
    """Imports, records, and a report without blocks. Rules that cannot be said are a name that is to be given: without
    them nothing is written, rather than by weaker ones.
    """
    if rules and rules.startswith("Redaction("):
        sources.imports.add("from lognb.redaction import Redaction")
    redact = "True" if rules is None else rules or "rules"
    given = ["title", "timezone=timezone", *([f"redact={redact}"] if document.redacted else [])]
    plain_names = {k: v for k, v in document.meta.items() if k.isidentifier() and not iskeyword(k)}
    given += [f"{name}={value!r}" for name, value in plain_names.items()]
    others = {k: v for k, v in document.meta.items() if k not in plain_names}
    given += [f"**{others!r}"] if others else []
    lines = [*sorted(sources.imports), ""]
    lines += [f"{name} = {sources.read(of)[1]}" for of, name in sources.opened.items()]
    return "\n".join([*lines, f"report = ln.Report({', '.join(given)})"])


def _blocks(block: Block, sources: _Sources) -> tuple[str, str | None]:
    """What a block needs before it, and the code that adds it: "" for none, None where there is no such code."""
    note = f", note={_written(block.note)}" if block.note else ""
    titled = f", title={block.title!r}{note}" if block.title else note
    match block.kind:
        case "words":
            sources.imports.add("from IPython.display import Markdown")
            return "", f"words = {_written(block.text)}\nreport.add(words{titled})\nMarkdown(words)"
        case "actions":
            rows = block.frames["actions"].frame.to_dicts()
            return "", "\n".join(_action(row) for row in rows) + ";"
        case "chart":
            sources.imports |= {"import altair as alt", "import json"}
            spec = json.dumps(block.facts.get("spec", {}), ensure_ascii=False)
            return "", f"chart = alt.Chart.from_dict(json.loads({spec!r}))\nreport.add(chart{titled})\nchart"
        case "audit":
            return "", ""
    origin = block.origin
    if origin is None or not origin.opened or not harmless(origin.on("logs")):
        return "", _data(block, titled, sources)
    name = sources.variable(origin)
    call = origin.on(name)
    match block.kind:
        case "pins":
            pins = block.frames["pins"].frame.select("record_id", "note", "who").rows()
            return _pinned(name, pins), f"report.pins({name}{note});"
        case "timeline":
            asked = _asked(call)
            if asked is None:
                return "", None
            said = block.facts.get("pins", ())
            pins = (
                [tuple(pin) for pin in said if isinstance(pin, list | tuple)] if isinstance(said, list | tuple) else []
            )
            kept = _pinned(name, pins)
            before = "\n".join([*([kept] if kept else []), *_marked(name, block)])
            return before, f"report.timeline({asked}{note});"
        case "panel":
            call = _panel(call, block.facts)
    return "", f"found = {call}\nreport.add(found{titled})\nfound"


def _action(row: Mapping[str, Any]) -> str:
    said = [f"{name}={row[name]!r}" for name in ("owner", "due", "status", "kind") if row[name]]
    return f"report.action({', '.join([repr(row['what']), *said])})"


def _asked(call: str) -> str | None:
    """What a timeline was asked for, as arguments; None if the call is no timeline's."""
    told = ast.parse(call, mode="eval").body
    if not isinstance(told, ast.Call) or ast.unparse(told.func) != ast.unparse(ast.parse(f"ln.{CALL}")):
        return None
    return ", ".join(map(ast.unparse, [*told.args, *told.keywords]))


def _panel(call: str, facts: Mapping[str, Any]) -> str:
    match facts.get("parts"):
        case ["volume"]:
            told = ast.parse(call, mode="eval").body
            if isinstance(told, ast.Call) and isinstance(told.func, ast.Attribute) and told.func.attr == "volume":
                call = ast.unparse(told.func.value)
            return f"ln.Timeline({call})"
        case ["records"]:
            return f"ln.TableView({call})"
    view = [f"{name}={facts[name]!r}" for name in _VIEW if name in facts]
    return f"{call}.explore({', '.join(view)})"


def _pinned(name: str, pins: Sequence[tuple[Any, ...]]) -> str:
    """Pins are kept beside the store of who made them; elsewhere they are made again."""
    if not pins:
        return ""
    rows = ",\n    ".join(repr(pin) for pin in pins)
    return (
        f"for record_id, note, who in [\n    {rows},\n]:\n"
        f'    if record_id not in {name}.pins["record_id"]:\n'
        f"        {name}.pin(record_id, note, who)"
    )


def _marked(name: str, block: Block) -> list[str]:
    rows = block.frames["moments"].frame.filter(pl.col("kind") == "mark")
    times = rows["time"].dt.timestamp("ns").to_list()
    made = zip(times, rows["what"], rows["who"], strict=True)
    return [f"{name}.mark({format_time(at)!r}, {what!r}, {who!r})" for at, what, who in made]


def _data(block: Block, said: str, sources: _Sources) -> str | None:
    """What no code gives again, with its rows in the cell; None for what is more than rows."""
    if block.kind != "result" or "rows" not in block.frames:
        return None
    sources.imports |= {"import base64", "import io", "import polars as pl"}
    rows = block.frames["rows"]
    of = (
        "" if rows.frame.height == rows.rows else f"  # the first {count(rows.frame.height)} of {count(rows.rows)} rows"
    )
    lines = [f"data = {_packed(rows)}{of}", "found = pl.read_ipc(io.BytesIO(base64.b64decode(data)))"]
    if block.origin is not None:
        names = [name for name, _ in block.origin.sources]
        parts = {"sentence": block.text, "title": block.title, "sources": tuple(names), "shown": list(rows.columns)}
        given = ", ".join(f"{name}={value!r}" for name, value in parts.items())
        query = (
            f"ln.Query.from_json({block.origin.query.to_json()!r})" if block.origin.query != Query() else "ln.Query()"
        )
        lines.append(f"found = ln.Result(frame=found, query={query}, {given})")
    return "\n".join([*lines, f"report.add(found{said})", "found"])


def _packed(rows: Table) -> str:
    """The frame as a text in base64: Arrow's file, which loses nothing, and has nothing that was cut off."""
    out = io.BytesIO()
    rows.frame.write_ipc(out, compression="zstd", compat_level=pl.CompatLevel.oldest())
    return repr(base64.b64encode(out.getvalue()).decode())


def _written(text: str) -> str:
    """A text as Python; of several lines in triple quotes, where it reads as it is."""
    if "\n" in text and all(line.isprintable() for line in text.split("\n")):
        long = '"""' + text.replace("\\", "\\\\").replace('"""', '\\"\\"\\"') + '"""'
        try:
            if ast.literal_eval(long) == text:
                return long
        except (SyntaxError, ValueError):
            pass
    return repr(text)


def _outputs(block: Block, n: int, zone: str) -> Iterator[dict[str, Any]]:
    """What the cell shows before it is run: the frozen block."""
    parts = [block.text, block.note] if block.kind == "words" else markdown.block_parts(block, n, zone, None)
    said = {"text/markdown": "\n\n".join(part for part in parts if part), "text/plain": plain(block.text, 1_000)}
    images = (markdown.png(svg, 1) for svg in block.pictures.values())
    drawn = [{"image/png": base64.b64encode(image).decode()} for image in images if image]
    for data in (said, *drawn):
        yield {"output_type": "display_data", "data": data, "metadata": {}}
