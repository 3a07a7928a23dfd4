"""The parts of the book that the code says itself: public names from their docstrings, commands from their help.

docs/api.md, docs/cli.md and docs/tested.md hold a place for each: `<!-- public names -->`, `<!-- commands -->`, and
`<!-- versions -->` for what constraints.txt says of the libraries that matter most.
"""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

import lognb
from lognb.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
TOLD: Final = ("duckdb", "polars", "pyarrow", "altair", "vl-convert-python", "anywidget", "ipywidgets", "jupyterlab",
               "notebook", "voila", "click")  # fmt: skip
WIDE: Final = 88  # of a signature, before it is written over several lines


def filled(text: str) -> str:
    """A page with its places filled."""
    for mark, made in {"public names": names, "commands": commands, "versions": versions}.items():
        place = f"<!-- {mark} -->"
        if place in text:
            text = text.replace(place, made())
    return text


def commands() -> str:
    """Every command with its help, as it prints it."""
    parts = [_fenced(_help(cli, "lognb"), "text")]
    for name, command in sorted(cli.commands.items()):
        parts.append(f"## lognb {name}\n\n{_fenced(_help(command, f'lognb {name}'), 'text')}")
    return "\n\n".join(parts)


def versions() -> str:
    """The libraries that do the work, and the front ends, as the tests ran with them."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = dict(line.split("==") for line in lines if "==" in line)
    return "\n".join(["| | |", "|---|---|", *(f"| {name} | {pinned[name]} |" for name in TOLD)])


def names() -> str:
    """Every public name: functions, Logs with all its verbs, the other classes, errors."""
    public = {n: getattr(lognb, n) for n in lognb.__all__ if n != "__version__"}
    classes = {n: c for n, c in public.items() if inspect.isclass(c)}
    errors = {n: c for n, c in classes.items() if issubclass(c, lognb.LognbError)}
    parts = [_entry(2, n, f) for n, f in public.items() if n not in classes]
    parts += [_class(lognb.Logs)]
    parts += [_class(c) for n, c in classes.items() if n not in errors and c is not lognb.Logs]
    parts += [_class(c) for c in _given()]
    parts += ["## Errors", *(_entry(3, n, c) for n, c in errors.items())]
    return "\n\n".join(parts)


def _given() -> Iterator[type]:
    """What no one makes by name, but gets."""
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.story import Story

    yield from (Explorer, Story)


def _class(cls: type) -> str:
    """A class and what is public in it, in the order of its file."""
    members = [
        _entry(3, f"{cls.__name__}.{name}", member)
        for name, member in vars(cls).items()
        if not name.startswith("_") and _documented(member)
    ]
    return "\n\n".join([_entry(2, cls.__name__, cls), *members])


def _documented(member: Any) -> bool:
    kinds = (property, classmethod, staticmethod)
    return (inspect.isfunction(member) or isinstance(member, kinds)) and bool(inspect.getdoc(member))


def _entry(level: int, name: str, thing: Any) -> str:
    said = inspect.getdoc(thing) or ""
    signature = _signature(name, thing)
    parts = [f"{'#' * level} {name}", *([_fenced(signature, "python")] if signature else []), _prose(said)]
    return "\n\n".join(parts)


def _signature(name: str, thing: Any) -> str:
    """How it is called, as the code says it; nothing for a property or an error."""
    if isinstance(thing, property) or (inspect.isclass(thing) and not _called(thing)):
        return ""
    made = inspect.signature(thing.__func__ if isinstance(thing, classmethod | staticmethod) else thing)
    bound = "." in name and not isinstance(thing, staticmethod)
    parameters = list(made.parameters.values())[1 if bound else 0 :]
    words, star = [], False
    for p in parameters:
        if p.kind is p.KEYWORD_ONLY and not star:
            words.append("*")
        star = star or p.kind in (p.KEYWORD_ONLY, p.VAR_POSITIONAL)
        words.append(_parameter(p))
    end = "" if made.return_annotation is made.empty else f" -> {_annotation(made.return_annotation)}"
    short = f"{name}({', '.join(words)}){end}"
    if len(short) <= WIDE:
        return short
    return "\n".join([f"{name}(", *(f"    {w}," for w in words), f"){end}"])


def _called(cls: type) -> bool:
    """Whether a class is made by those who use lognb."""
    return cls.__name__ in {"Report", "Query", "TableView", "Timeline", "Redaction", "Redactor"}


def _parameter(p: inspect.Parameter) -> str:
    stars = {p.VAR_POSITIONAL: "*", p.VAR_KEYWORD: "**"}.get(p.kind, "")
    typed = "" if p.annotation is p.empty else f": {_annotation(p.annotation)}"
    if p.default is p.empty:
        return f"{stars}{p.name}{typed}"
    return f"{p.name}{typed} = {p.default!r}" if typed else f"{p.name}={p.default!r}"


def _annotation(value: Any) -> str:
    return value if isinstance(value, str) else inspect.formatannotation(value)


def _prose(doc: str) -> str:
    """A docstring as Markdown: its examples fenced, and nothing of it read as HTML."""
    parts = []
    for paragraph in re.split(r"\n\s*\n", doc):
        if paragraph.lstrip().startswith(">>>"):
            parts.append(_fenced(re.sub(r"\s*# doctest:.*", "", inspect.cleandoc(paragraph)), "pycon"))
        elif paragraph.startswith("    "):
            parts.append(_fenced(inspect.cleandoc(paragraph), "text"))
        else:
            pieces = re.split(r"(`[^`]+`)", paragraph)
            parts.append("".join(p if p.startswith("`") else _harmless(p) for p in pieces))
    return "\n\n".join(parts)


def _harmless(text: str) -> str:
    return text.replace("<", "&lt;").replace("*", "\\*")


def _help(command: click.Command, name: str) -> str:
    return command.get_help(click.Context(command, info_name=name, max_content_width=100, terminal_width=100))


def _fenced(text: str, language: str) -> str:
    return f"```{language}\n{text}\n```"
