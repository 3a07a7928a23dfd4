"""Run a notebook headless and write it as one HTML file that needs no network and runs no script.

python tools/demo.py notebooks/01_first_look.ipynb build
"""

from __future__ import annotations

import sys
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbconvert import HTMLExporter
from traitlets.config import Config

# Whatever a template or an output asks for, the browser refuses it: what shows is what is in the file.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:"


def main() -> None:
    notebook, folder = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        page = render(notebook)
    except CellExecutionError as error:
        sys.exit(f"{notebook}: a cell failed\n{error}")
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{notebook.stem}.html"
    target.write_text(page, encoding="utf-8")
    print(f"{target}: {len(page) // 1024:,} KB, needs no network")


def run(notebook: Path) -> nbformat.NotebookNode:
    """The notebook with its outputs, run in its own folder as JupyterLab would. Raises CellExecutionError.

    Widgets are not kept, as JupyterLab does not keep them: with their state in the notebook, nbconvert would write a
    page that draws them by scripts of a CDN, and nothing where that is out of reach.
    """
    node = nbformat.read(notebook, as_version=4)
    place = {"metadata": {"path": notebook.parent}}
    NotebookClient(node, timeout=600, kernel_name="python3", store_widget_state=False, resources=place).execute()
    return node


def exporter() -> HTMLExporter:
    """To HTML that asks for nothing: MathJax, require.js and mermaid come from a CDN, and a widget needs a kernel."""
    config = Config()
    # The static form of each output wins.
    config.NbConvertBase.display_data_priority = [
        "text/html",
        "image/svg+xml",
        "image/png",
        "text/markdown",
        "text/plain",
    ]
    return HTMLExporter(config=config, require_js_url="", jquery_url="", mathjax_url="", mermaid_js_url="",
                        embed_images=True)  # fmt: skip


def render(notebook: Path) -> str:
    """Run `notebook` and return it as a page."""
    node = run(notebook)
    page, _ = exporter().from_notebook_node(node, {"metadata": {"name": _title(node, notebook.stem)}})
    return _without_scripts(page).replace(
        "<head>", f'<head><meta http-equiv="Content-Security-Policy" content="{POLICY}">', 1
    )


def _title(node: nbformat.NotebookNode, otherwise: str) -> str:
    for cell in node.cells:
        if cell.cell_type == "markdown" and cell.source.startswith("# "):
            return str(cell.source.splitlines()[0][2:])
    return otherwise


def _without_scripts(page: str) -> str:
    """Leave out the template's scripts: they would be refused, and they name a CDN."""
    kept, rest = [], page
    while "<script" in rest:
        before, rest = rest.split("<script", 1)
        kept.append(before)
        _, _, rest = rest.partition("</script>")
    return "".join(kept) + rest


if __name__ == "__main__":
    main()
