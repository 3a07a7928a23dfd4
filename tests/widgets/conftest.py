"""Pages for widgets; each ends with a look at what it asked of others and at its console."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from lognb.engines.duckdb import cache as stores

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.widgets.browser import Bench


@pytest.fixture
def bench(browser: Any) -> Iterator[Callable[..., Bench]]:
    """Makes pages: bench(), bench("dark"), bench(None, "dark"), bench(viewport=…, device_scale_factor=2).

    At the end of the test they must have asked nothing of others and have no error or warning in their console. A test
    that expects one takes it out of `wrong`.
    """
    from tests.widgets.browser import bench

    made: list[Bench] = []

    def new(theme: str | None = "light", scheme: str = "light", **context: Any) -> Bench:
        made.append(bench(browser, theme, scheme, **context))
        return made[-1]

    yield new
    for one in made:
        one.page.evaluate("window.lognb.stop()")
        one.page.context.close()
        for widget in one.widgets:
            widget.close()  # else ipywidgets keeps it, and with it the engine, until the process ends
    assert [(one.outside, one.wrong) for one in made] == [([], [])] * len(made)


@pytest.fixture(autouse=True)
def _nothing_noted(_own_cache: None, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pins and marks belong to the content, so those of another test on the same sample would show."""
    if stores.folder().is_relative_to(tmp_path_factory.getbasetemp()):  # never those of a person
        for path in stores.folder().rglob("*.notes.json"):
            path.unlink()
