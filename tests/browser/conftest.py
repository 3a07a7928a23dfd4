"""One JupyterLab for all of these tests."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import jlab

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@pytest.fixture(scope="module")
def chrome(chromium: str) -> Iterator[Any]:
    """One for each file of tests, as `browser` is, and for the same reason."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as p:
        found = p.chromium.launch(executable_path=chromium, args=jlab.FLAGS)
        yield found
        found.close()


@pytest.fixture(scope="session")
def notebooks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that JupyterLab shows."""
    return tmp_path_factory.mktemp("notebooks")


@pytest.fixture(scope="session")
def jupyter(notebooks: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with jlab.server(notebooks, tmp_path_factory.mktemp("lab")) as address:
        yield address


@pytest.fixture
def tabs(chrome: Any, jupyter: str) -> Iterator[Callable[..., jlab.Tab]]:
    """Opens tabs; at the end none may have asked for anything outside, or have met an error."""
    opened: list[jlab.Tab] = []

    def one(**context: Any) -> jlab.Tab:
        opened.append(jlab.Tab(chrome, jupyter, **context))
        return opened[-1]

    yield one
    for tab in opened:
        tab.close()
    assert [tab.outside for tab in opened if tab.outside] == []
    assert [tab.wrong for tab in opened if tab.wrong] == []
