"""`make demo`: a notebook becomes one page that needs no network and runs no script."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest

import demo


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first notebook as `make demo` writes it."""
    root = Path(__file__).resolve().parents[1]
    target = tmp_path_factory.mktemp("demo") / "01_first_look.html"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(root))
        target.write_text(demo.render(root / "notebooks" / "01_first_look.ipynb"), encoding="utf-8")
    return target


def test_page_asks_for_nothing(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<script" not in text
    loads = re.findall(r"""(?:src|href|srcset|data)\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+""", text)
    links = re.findall(r"""<a [^>]*href\s*=\s*["']?\s*(?:https?:)?//[^"'\s>]+""", text)
    assert len(loads) == len(links), "only links that a reader may follow name an address"
    assert re.findall(r"""(?:url\(|@import)\s*["']?\s*(?:https?:)?//[^"')]+""", text) == []


def test_page_shows_the_results(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert "<svg" in text
    assert "Traceback" not in text


@pytest.mark.browser
def test_page_reads_offline_in_a_browser(page: Path, chromium: str) -> None:
    from playwright.sync_api import sync_playwright

    asked: list[str] = []
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_context().new_page()
        tab.on("request", lambda r: asked.append(r.url))
        tab.goto(page.as_uri())
        assert tab.locator("svg").first.is_visible()
        assert tab.locator("h1").first.is_visible()
        browser.close()
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []


def test_a_failing_cell_fails_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("assert 1 == 2, 'not so'")])
    nbformat.write(broken, tmp_path / "broken.ipynb")
    monkeypatch.setattr("sys.argv", ["demo.py", str(tmp_path / "broken.ipynb"), str(tmp_path)])
    with pytest.raises(SystemExit, match="not so"):
        demo.main()
    assert list(tmp_path.glob("*.html")) == []
