"""The import direction as a program: who may import whom inside lognb, and where each library is at home.

    python tools/imports.py        # prints what is wrong, if anything

    errors -> schema -> _literals, _regex -> _clauses -> _parse, _query_json -> query -> _helpers -> result
           -> loaders, engines, charts, mining, replay, stacks -> analyses -> widgets -> logs -> redaction -> report
           -> cli, __init__

An arrow reads "may be imported by". Imports under TYPE_CHECKING are exempt: they do not run.
"""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ORDER: Final = (
    ("errors",),
    ("schema",),
    ("_literals", "_regex"),
    ("_clauses",),
    ("_parse", "_query_json"),
    ("query",),
    ("_",),  # any other lognb/_*.py: helpers without a place of their own
    ("result",),
    ("loaders", "engines", "charts", "mining", "replay", "stacks"),
    ("analyses",),
    ("widgets",),
    ("logs",),
    ("redaction",),
    ("report",),
    ("cli", "__init__"),
)
RANK: Final = {part: rank for rank, parts in enumerate(ORDER) for part in parts}

HOMES: Final = {
    "altair": "lognb.charts",
    "anywidget": "lognb.widgets",
    "click": "lognb.cli",
    "duckdb": "lognb.engines.duckdb",
    "ibis": "lognb.engines.ibis",
    "ipywidgets": "lognb.widgets",
    "mistune": "lognb.report",
}
# Too dear for `import lognb`: imported inside the function that needs them.
LAZY: Final = {"altair", "vl_convert"}


@dataclass(frozen=True)
class Import:
    """One imported module: its full dotted name, its line, and whether it is inside a function."""

    target: str
    line: int
    lazy: bool


def main() -> None:
    found = [problem for path in sorted(Path("lognb").rglob("*.py")) for problem in check_file(path, Path())]
    print("\n".join(found) or "imports: all in order")
    sys.exit(bool(found))


def check_file(path: Path, root: Path) -> list[str]:
    """What is wrong with the imports of one file of the package."""
    parts = path.relative_to(root).with_suffix("").parts
    return check(".".join(parts), path.read_text(encoding="utf-8"))


def check(module: str, source: str) -> list[str]:
    """What is wrong with the imports in `source`, the text of `module` (a package's own file ends in .__init__)."""
    return [f"{module}:{i.line}: {why}" for i in imports(module, source) if (why := _wrong(module, i))]


def imports(module: str, source: str) -> Iterator[Import]:
    """Every import that can run, relative ones resolved; `from p import a` is p.a, which may be a module or a name."""
    return _walk(module, ast.parse(source), lazy=False)


def _walk(module: str, node: ast.AST, *, lazy: bool) -> Iterator[Import]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and _type_only(child.test):
            for other in child.orelse:
                yield from _walk(module, ast.Module([other], []), lazy=lazy)
        elif isinstance(child, ast.Import):
            yield from (Import(name.name, child.lineno, lazy) for name in child.names)
        elif isinstance(child, ast.ImportFrom):
            base = _absolute(module, child)
            yield from (Import(f"{base}.{name.name}", child.lineno, lazy) for name in child.names)
        else:
            inside = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            yield from _walk(module, child, lazy=lazy or inside)


def _type_only(test: ast.expr) -> bool:
    name = test.attr if isinstance(test, ast.Attribute) else test.id if isinstance(test, ast.Name) else ""
    return name == "TYPE_CHECKING"


def _absolute(module: str, node: ast.ImportFrom) -> str:
    above = module.split(".")[: -node.level] if node.level else []
    return ".".join([*above, *([node.module] if node.module else [])])


def _wrong(module: str, found: Import) -> str | None:
    top = found.target.split(".")[0]
    if top == "lognb":
        here, there = part(module), part(found.target)
        if here != there and RANK[there] >= RANK[here]:
            return f"{here} must not import {there} ({found.target})"
        return None
    home = HOMES.get(top)
    if home and not (module == home or module.startswith(f"{home}.")):
        return f"{top} is at home in {home} only"
    if top in LAZY and not found.lazy:
        return f"{top} is to be imported inside a function"
    return None


def part(target: str) -> str:
    """The part of lognb that a dotted name belongs to; a name that is none is the package's own."""
    names = target.split(".")
    if len(names) == 1:
        return "__init__"
    if names[1] in RANK:
        return names[1]
    return "_" if names[1].startswith("_") and names[1] != "__init__" else "__init__"


if __name__ == "__main__":
    main()
