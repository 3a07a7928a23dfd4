"""The book: it is built without a warning, each of its links leads somewhere, and it asks for nothing elsewhere.

Built here without running the notebooks, which test_notebooks.py does; `make docs` does both.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import book
import book_check
import lognb
from lognb.cli import cli

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[1]
pytest.importorskip("zensical", reason="`make setup` installs what builds the book")


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("book")
    assert book.build(folder, run=False) == []
    return folder


def test_every_page_is_in_the_menu_and_everything_in_the_menu_is_a_page() -> None:
    menu = re.findall(r": (\S+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(menu) == sorted(name for name in book.sources().values() if name.endswith(".md"))


def test_every_public_name_and_every_command_has_its_place(built: Path) -> None:
    names = (built / "pages/api.md").read_text(encoding="utf-8")
    public = [n for n in lognb.__all__ if n != "__version__"]
    public += [f"Logs.{n}" for n in vars(lognb.Logs) if not n.startswith("_")]
    assert [n for n in public if f"# {n}\n" not in names] == []
    commands = (built / "pages/cli.md").read_text(encoding="utf-8")
    assert [c for c in cli.commands if f"## lognb {c}\n" not in commands] == []


def test_a_link_to_what_is_no_page_is_its_text_and_an_example_stays_as_it_is() -> None:
    text = "[a](ARCHITECTURE.md#layout) [b](LICENSE) [c](notebooks/02_asking.ipynb)\n```text\n[b](LICENSE)\n```\n"
    made = book.relinked(text, ROOT / "README.md")
    assert made == "[a](architecture.md#layout) b [c](notebooks/02_asking.md)\n```text\n[b](LICENSE)\n```\n"


WRONG = {
    '<a href="nowhere.html">x</a>': "nowhere.html leads to no file",
    '<a href="index.html#nothing">x</a>': "index.html#nothing leads to no place in index.html",
    '<img src="https://cdn.example/x.png">': "loads https://cdn.example/x.png",
    '<link rel="stylesheet" href="//cdn.example/x.css">': "loads //cdn.example/x.css",
    '<p id="twice"></p><p id="twice"></p>': "id 'twice' stands there twice",
}


@pytest.mark.parametrize("planted", WRONG)
def test_what_is_wrong_is_found(tmp_path: Path, planted: str) -> None:
    (tmp_path / "index.html").write_text('<h1 id="top">x</h1><a href="other.html#top">y</a>', encoding="utf-8")
    (tmp_path / "other.html").write_text(f'<h1 id="top">x</h1>{planted}', encoding="utf-8")
    assert book_check.problems(tmp_path) == [f"other.html: {WRONG[planted]}"]


@pytest.fixture(params=["light", "dark"])
def reader(browser: Any, request: pytest.FixtureRequest) -> Iterator[tuple[Any, str, list[str]]]:
    """A page read from the disk with the network cut; its scheme; what it asked for elsewhere or complained of."""
    context = browser.new_context(color_scheme=request.param, offline=True)
    page, wrong = context.new_page(), []
    page.on("request", lambda r: wrong.append(r.url) if not r.url.startswith(("file:", "data:", "blob:")) else None)
    page.on("console", lambda m: wrong.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    yield page, request.param, wrong
    context.close()


@pytest.mark.browser
def test_it_reads_from_a_disk_without_a_network(built: Path, reader: tuple[Any, str, list[str]]) -> None:
    page, scheme, wrong = reader
    pages = sorted((built / "site").rglob("*.html"))
    assert len(pages) > 20
    for path in pages if scheme == "light" else pages[:3]:
        page.goto(path.as_uri())
        page.locator("article h1").first.wait_for()
        assert page.locator("body").get_attribute("data-jp-theme-light") == str(scheme == "light").lower()
    page.goto((built / "site/stories/slow.html").as_uri())
    page.keyboard.press("Control+k")
    page.keyboard.type("injection")
    page.get_by_text(re.compile(r"^\d+ results?$")).wait_for()
    assert wrong == []
