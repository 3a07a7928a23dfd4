"""The styles of all widgets are in force in one page: none may touch what is of another."""

from __future__ import annotations

import re

import pytest

from lognb.widgets.base import STATIC

WIDGETS = sorted(path.stem for path in STATIC.glob("*.css") if path.stem != "common")


def rules(name: str) -> list[set[str]]:
    """The classes that each selector of a widget's style names."""
    css = re.sub(r"/\*.*?\*/", "", (STATIC / f"{name}.css").read_text(encoding="utf-8"), flags=re.DOTALL)
    heads = re.findall(r"([^{};]+)\{", re.sub(r"@[^{]*\{", "", css))
    selectors = [s for head in heads for s in re.sub(r"\([^()]*\)", "", head).split(",")]
    selectors = [s for s in selectors if s.strip() not in ("from", "to") and not s.strip().endswith("%")]  # keyframes
    return [set(re.findall(r"\.([a-z][a-z0-9-]*)", s)) for s in selectors]


@pytest.mark.parametrize("name", WIDGETS)
def test_each_rule_names_a_class_that_only_its_widget_has(name: str) -> None:
    others = set().union(*(found for other in WIDGETS if other != name for found in rules(other)))
    assert rules(name)
    assert [found for found in rules(name) if not found - others - {"ln", "ln-dark"}] == []
