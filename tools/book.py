"""The book: README, docs and notebooks as pages that are read without a network.

    python tools/book.py build             # runs the notebooks; writes build/pages and build/site
    python tools/book.py build --no-run    # notebooks without what they show: a check of everything else

A page keeps its name, but for README.md, which is the first. A link to a file of the repository that is no page
becomes its text. What a cell shows is put into the page when all else is made, so that no Markdown touches it.
Warnings are errors; so is a link or an anchor that leads nowhere, and anything that a page would load from elsewhere.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path
from typing import Final

import nbformat

import book_check
import book_reference
import demo

ROOT: Final = Path(__file__).resolve().parents[1]
FENCE: Final = re.compile(r"(^```.*?^```$)", re.MULTILINE | re.DOTALL)
LINK: Final = re.compile(r"(?<!!)\[([^\]]+)\]\(([^)#\s]*)(#[^)\s]*)?\)")
PLACE: Final = re.compile(r'<div data-output="([^"]+)"></div>')
SHIM: Final = "https://unpkg.com/iframe-worker/shim"  # Zensical would load it, where search cannot have a worker
# Whatever a page asks for, the browser refuses it if it is not of the book.
POLICY: Final = "default-src 'self' data: blob: 'unsafe-inline'; form-action 'none'; base-uri 'none'"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--no-run", action="store_true", help="show notebooks without running them")
    asked = parser.parse_args()
    problems = build(asked.folder, run=not asked.no_run)
    print("\n".join(problems) or f"{asked.folder / 'site' / 'index.html'}: reads without a network")
    sys.exit(bool(problems))


def build(folder: Path, *, run: bool) -> list[str]:
    """Lay out the pages and make the site of them; what is wrong with it, warnings included."""
    outputs = assemble(folder / "pages", run=run)
    shutil.copy(ROOT / "mkdocs.yml", folder / "mkdocs.yml")
    shutil.rmtree(folder / "site", ignore_errors=True)
    line = [sys.executable, "-m", "zensical", "build", "--strict", "--clean"]
    plain = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(line, cwd=folder, env=plain, capture_output=True, text=True, check=False)
    if done.returncode:
        return [done.stdout, done.stderr]
    (folder / "site" / "404.html").unlink()  # says "/" for where the book is, which only the root of a server is
    for page in (folder / "site").rglob("*.html"):
        up = "../" * (len(page.relative_to(folder / "site").parts) - 1)
        page.write_text(finished(page.read_text(encoding="utf-8"), outputs, up), encoding="utf-8")
    return book_check.problems(folder / "site")


def assemble(pages: Path, *, run: bool) -> dict[str, str]:
    """Write the pages as Markdown, with a place for each output; the outputs by their places, as HTML."""
    shutil.rmtree(pages, ignore_errors=True)
    outputs: dict[str, str] = {}
    for source, target in sources().items():
        (pages / target).parent.mkdir(parents=True, exist_ok=True)
        if source.suffix == ".ipynb":
            text, shown = notebook(source, run=run)
            outputs |= shown
        elif source.suffix == ".md":
            text = book_reference.filled(source.read_text(encoding="utf-8"))
        else:
            shutil.copy(source, pages / target)
            continue
        (pages / target).write_text(relinked(text, source), encoding="utf-8")
    return outputs


def sources() -> dict[Path, str]:
    """What the book is made of: a file of the repository -> its name among the pages."""
    named = {ROOT / "README.md": "index.md"}
    named |= {ROOT / f"{n}.md": f"{n.lower()}.md" for n in ("ARCHITECTURE", "CHANGELOG", "CONTRIBUTING")}
    named |= {p: f"notebooks/{p.stem}.md" for p in sorted((ROOT / "notebooks").glob("*.ipynb"))}
    docs = sorted(p for p in (ROOT / "docs").rglob("*") if p.is_file())
    return named | {p: p.relative_to(ROOT / "docs").as_posix() for p in docs}


def notebook(path: Path, *, run: bool) -> tuple[str, dict[str, str]]:
    """A notebook as Markdown, and what its cells show."""
    node = demo.run(path) if run else nbformat.read(path, as_version=4)
    parts: list[str] = []
    outputs: dict[str, str] = {}
    for cell in node.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        parts.append(f"```python\n{cell.source}\n```")
        for number, output in enumerate(cell.outputs):
            shown = _shown(output)
            if shown:
                outputs[f"{path.stem}-{cell.id}-{number}"] = shown
                parts.append(f'<div data-output="{path.stem}-{cell.id}-{number}"></div>')
    said = "as it ran" if run else "without what it shows"
    parts.insert(1, f"*[notebooks/{path.name}]({path.name}), {said}.*")
    return "\n\n".join(parts) + "\n", outputs


def _shown(output: nbformat.NotebookNode) -> str:
    """An output as HTML: its own, else its text."""
    data = {"text/plain": output.text} if output.output_type == "stream" else output.get("data", {})
    if "application/vnd.jupyter.widget-view+json" in data:  # lives in a notebook only; its still page is another output
        return ""
    if "text/html" in data:
        return f'<div class="ln-output">{data["text/html"]}</div>'
    if "text/plain" in data:
        return f'<div class="ln-output"><pre>{escape(data["text/plain"])}</pre></div>'
    return ""


def relinked(text: str, source: Path) -> str:
    """The text of a page with its links as they are among the pages, its examples left as they are."""
    named = sources()
    here = Path(named[source]).parent

    def link(match: re.Match[str]) -> str:
        says, target, anchor = match[1], match[2], match[3] or ""
        if "://" in target or not target:
            return match[0]
        found = Path(os.path.normpath(source.parent / target))
        if found == source:  # a notebook's link to itself
            return says
        if found not in named:
            return says
        return f"[{says}]({os.path.relpath(named[found], here)}{anchor})"

    def image(match: re.Match[str]) -> str:
        found = Path(os.path.normpath(source.parent / match[2]))
        return f"![{match[1]}]({os.path.relpath(named[found], here)})" if found in named else match[0]

    pieces = FENCE.split(text)
    for i in range(0, len(pieces), 2):
        pieces[i] = LINK.sub(link, re.sub(r"!\[([^\]]*)\]\(([^)\s]+)\)", image, pieces[i]))
    return "".join(pieces)


def finished(page: str, outputs: dict[str, str], up: str) -> str:
    """A page with its outputs in place, and with the policy that forbids to load anything from elsewhere.

    `up` leads from its folder to that of the first page.
    """
    page = PLACE.sub(lambda m: outputs[m[1]], page).replace(SHIM, f"{up}assets/frame-worker.js")
    page = page.replace("<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY}">', 1)
    # Outputs follow JupyterLab's word for the theme; assets/book.js keeps it true.
    return page.replace("<body ", '<body data-jp-theme-light="true" ', 1)


if __name__ == "__main__":
    main()
