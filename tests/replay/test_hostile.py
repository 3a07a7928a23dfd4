"""Nothing of a hostile recording runs or loads, wherever it stands; the cases are data."""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from rebuilt import live
from recorded import change, recording

from lognb.replay import clean

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "hostile_recordings.toml").read_text())


def held(events: list[dict[str, Any]]) -> None:
    """The recording is hostile, is not when it is clean, and cleaning it once more changes nothing."""
    assert live(copy.deepcopy(events))
    cleaned, removed = clean(events)
    assert live(copy.deepcopy(cleaned)) == []
    assert removed.total()
    once = copy.deepcopy(cleaned)
    again, nothing = clean(cleaned)
    assert again == once
    assert not nothing


@pytest.mark.parametrize("case", CASES["node"], ids=lambda c: c["name"])
def test_a_node_in_the_first_page(case: dict[str, str]) -> None:
    held(recording(node=json.loads(case["node"])))


@pytest.mark.parametrize("case", CASES["node"], ids=lambda c: c["name"])
def test_a_node_that_is_added_later(case: dict[str, str]) -> None:
    held(recording(changes=[change(adds=[{"parentId": 4, "nextId": None, "node": json.loads(case["node"])}])]))


@pytest.mark.parametrize("case", CASES["change"], ids=lambda c: c["name"])
def test_a_change(case: dict[str, str]) -> None:
    held(recording(changes=json.loads(case["data"])))


PLACES: dict[str, Any] = {
    "a style sheet": lambda css: {"node": element("style", {}, [text(css)])},
    "the text of a style sheet": lambda css: {"node": element("style", {"_cssText": css})},
    "the text of a link": lambda css: {"node": element("link", {"_cssText": css, "rel": "stylesheet"})},
    "a style attribute": lambda css: {"node": element("div", {"style": css})},
    "an attribute of SVG": lambda css: {"node": element("rect", {"fill": css}) | {"isSVG": True}},
    "a style that changes": lambda css: {"changes": [change(attributes=[{"id": 4, "attributes": {"style": css}}])]},
    "a property": lambda css: {"changes": [change(attributes=[{"id": 4, "attributes": {"style": {"mask": css}}}])]},
    "a text that changes": lambda css: {"changes": [change(texts=[{"id": 7, "value": css}])]},
    "a rule": lambda css: {"changes": [{"source": 8, "id": 6, "adds": [{"rule": css, "index": 0}]}]},
    "a whole sheet": lambda css: {"changes": [{"source": 8, "styleId": 1, "replaceSync": css}]},
    "a declaration": lambda css: {"changes": [{"source": 13, "id": 6, "index": [0], "set": {"value": css}}]},
    "an adopted sheet": lambda css: {
        "changes": [{"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": css}]}]}]
    },
}  # fmt: skip


def element(tag: str, attributes: dict[str, Any], children: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    return {"type": 2, "id": 100, "tagName": tag, "attributes": attributes, "childNodes": children or []}


def text(content: str) -> dict[str, Any]:
    return {"type": 3, "id": 101, "textContent": content}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", CASES["css"], ids=lambda c: c["name"])
def test_css_in_every_place(place: str, case: dict[str, str]) -> None:
    held(recording(**PLACES[place](case["text"])))


@pytest.mark.parametrize("case", CASES["css"], ids=lambda c: c["name"])
def test_css_that_is_cut_anywhere(case: dict[str, str]) -> None:
    css = case["text"]
    for at in range(1, len(css)):
        for further in (at, (at + len(css)) // 2):
            parts = [css[:at], css[at:further], css[further:]]
            children = [{"type": 3, "id": 101 + i, "textContent": part} for i, part in enumerate(parts)]
            held(recording(node=element("style", {}, children)))
