"""The examples of the documents: each ```python block runs, and the ```text block right after one is what it shows.

    python tools/examples.py docs/start.md    # runs the blocks, writes what they show into the ```text blocks

A block shows what a terminal would: what it prints, then the repr of its last expression. The blocks of one document
share their names. Of a ```console block each `lognb` command runs; a line of dots stands for lines left out.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT: Final = Path(__file__).resolve().parents[1]
BLOCK: Final = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def main() -> None:
    for name in sys.argv[1:]:
        document = Path(name).resolve()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(clone(Path(folder)))
            document.write_text(filled(document.read_text(encoding="utf-8")), encoding="utf-8")
            os.chdir(ROOT)
        print(f"{name}: filled")


def documents() -> list[Path]:
    """All that is written by hand and has examples."""
    return [ROOT / "README.md", *sorted(ROOT.glob("[AC]*.md")), *sorted((ROOT / "docs").rglob("*.md"))]


def clone(folder: Path) -> Path:
    """A folder that looks like the repository to an example, so that what it writes goes nowhere else."""
    (folder / "data").symlink_to(ROOT / "data")
    return folder


def shown(text: str) -> Iterator[tuple[str, str]]:
    """Run the blocks of a document in the current folder: (what a ```text block says, what was shown) of each pair."""
    names: dict[str, Any] = {}
    last: str | None = None
    for kind, block in BLOCK.findall(text):
        if kind == "text" and last is not None:
            yield block, last
        last = run(block, names) if kind == "python" else None


def filled(text: str) -> str:
    """The document with its ```text blocks as its ```python blocks show them now."""
    now = iter([new for _, new in shown(text)])
    after = False

    def replace(match: re.Match[str]) -> str:
        nonlocal after
        was, after = after, match[1] == "python"
        if not was or match[1] != "text":
            return match[0]
        return "\n".join(["```text", *lines(next(now)), "```"])

    return BLOCK.sub(replace, text)


def commands(text: str) -> Iterator[tuple[list[str], list[str]]]:
    """Run the `lognb` commands of a document: (its words, the lines that it shows and the command did not print)."""
    for kind, block in BLOCK.findall(text):
        if kind != "console":
            continue
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, says = step.partition("\n")
            words = shlex.split(command, comments=True)
            if words and words[0] == "lognb":
                printed = set(lines(_lognb(words[1:])))
                yield words, [x for x in lines(says) if x.strip() not in {"", "...", "…"} and x not in printed]


def run(source: str, names: dict[str, Any]) -> str:
    """Run a block as a terminal would."""
    tree, out = ast.parse(source), io.StringIO()
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(out):
        exec(compile(tree, "<block>", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "<block>", "eval"), names)
            print(repr(value) if value is not None else "", end="")
    return out.getvalue()


def lines(text: str) -> list[str]:
    """What is compared: spaces at the ends of lines and empty lines around do not count."""
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def _lognb(arguments: list[str]) -> str:
    program = "import sys; from lognb.cli import main; sys.argv[0] = 'lognb'; sys.exit(main())"
    line = [sys.executable, "-c", program, *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False)
    if done.returncode:
        raise AssertionError(f"lognb {shlex.join(arguments)}: {done.stderr}")
    return done.stdout


if __name__ == "__main__":
    main()
