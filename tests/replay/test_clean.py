"""Cleaning keeps what is harmless as it is, is done once and for all, and never lets anything through or fails."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rebuilt import live
from recorded import change, recording, tag

from lognb.replay import clean

if TYPE_CHECKING:
    from pathlib import Path

TAGS = st.sampled_from(
    [
        "div",
        "DIV",
        "a",
        "img",
        "style",
        "STYLE",
        "link",
        "svg",
        "image",
        "use",
        "set",
        "script",
        "SCRIPT",
        "iframe",
        "svg:script",
        "base",
        "meta",
        "object",
        "canvas",
        "video",
        "input",
        "textarea",
        "x-thing",
        "font-face",
        "SCRIPT ",
        "nonsense",
        "",
        "template",
        "body",
        "ſcript",
        "portal",
    ]
)
NAMES = st.sampled_from(
    [
        "src",
        "SRC",
        "sRc",
        "href",
        "xlink:href",
        "XLINK:HREF",
        "srcset",
        "style",
        "STYLE",
        "onerror",
        "onLoad",
        "poster",
        "action",
        "formaction",
        "ping",
        "data",
        "background",
        "http-equiv",
        "content",
        "rel",
        "as",
        "type",
        "class",
        "id",
        "_cssText",
        "_csstext",
        "rr_dataURL",
        "rr_src",
        "rr_width",
        "rr_captured",
        "fill",
        "mask",
        "cursor",
        "to",
        "values",
        "attributeName",
        "srcdoc",
        "is",
        "name",
        "value",
        "title",
        "data-x",
        "aria-label",
        "xml:base",
        "__proto__",
        "usemap",
        "imagesrcset",
        "attributionsrc",
        "ｓrc",
        "src ",
        "x-src",
        "on-x",
    ]
)
BITS = st.sampled_from(
    [
        "url(",
        "URL(",
        "u\\72l(",
        "\\75 rl(",
        "@import",
        "@\\69mport",
        "@im",
        "port",
        "ur",
        "l(",
        "(",
        ")",
        "'",
        '"',
        "\\",
        "\\75",
        " ",
        "\n",
        "http://evil.invalid/x",
        "//evil.invalid/y",
        "data:image/png;base64,AA",
        "data:text/html,",
        "#a",
        "javascript:",
        "java\tscript:",
        "image-set(",
        "src(",
        ";",
        "{",
        "}",
        "a{b:",
        "/*",
        "*/",
        "/* rr_split */",
        "x",
        "data:image/svg+xml,<svg/>",
        "href",
        "stylesheet",
        "refresh",
        "0;url=",
        "red",
        "\0",
        "é",
    ]
)
TEXT = st.lists(BITS, max_size=7).map("".join)
ODD = st.none() | st.booleans() | st.integers(-2, 2**60) | st.floats() | st.lists(TEXT, max_size=2)
VALUES = TEXT | ODD | st.dictionaries(st.sampled_from(["background", "--x"]), TEXT | st.lists(TEXT, max_size=2) | ODD)
IDS = st.integers(1, 16) | st.sampled_from([9007199254740993, 9007199254740992, True, "7", 7.0])
TEXTS = st.builds(lambda n, t: {"type": 3, "id": n, "textContent": t}, IDS, TEXT)
NODES = st.recursive(
    TEXTS | st.builds(lambda n, t: {"type": 4, "id": n, "textContent": t}, IDS, TEXT),
    lambda inner: st.builds(
        lambda n, t, a, c, svg: tag(n, t, a, c) | svg,
        IDS,
        TAGS,
        st.dictionaries(NAMES, VALUES, max_size=4),
        st.lists(inner, max_size=3),
        st.sampled_from([{}, {"isSVG": True}, {"isCustom": True}, {"isShadowHost": True}]),
    ),
    max_leaves=6,
)
CHANGES = st.one_of(
    st.builds(
        lambda nodes, parent, side, texts, attributes: change(
            adds=[{"parentId": parent, "nextId": None, "previousId": side, "node": n} for n in nodes],
            texts=[{"id": i, "value": t} for i, t in texts],
            attributes=[{"id": i, "attributes": a} for i, a in attributes],
        ),
        st.lists(NODES, max_size=2),
        IDS,
        st.sampled_from([None, -1, 5]),
        st.lists(st.tuples(IDS, VALUES), max_size=2),
        st.lists(st.tuples(IDS, st.dictionaries(NAMES, VALUES, max_size=3)), max_size=2),
    ),
    st.builds(lambda t: {"source": 8, "id": 6, "adds": [{"rule": t}], "replace": t}, VALUES),
    st.builds(lambda t: {"source": 13, "id": 6, "index": [0], "set": {"property": "x", "value": t}}, VALUES),
    st.builds(lambda t, b: {"source": 10, "family": "f", "fontSource": t, "buffer": b}, VALUES, st.booleans()),
    st.builds(
        lambda t: {"source": 15, "id": 1, "styleIds": [], "styles": [{"styleId": 1, "rules": [{"rule": t}]}]}, VALUES
    ),
    st.dictionaries(
        st.sampled_from(["source", "adds", "id", "positions", "text", "styles"]), st.integers(0, 17) | VALUES
    ),
)


@settings(deadline=None, max_examples=400)
@given(NODES, st.lists(CHANGES, max_size=4))
def test_nothing_survives_that_runs_or_loads(node: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    cleaned, _ = clean(copy.deepcopy(recording(node=node, changes=changes)))
    assert live(copy.deepcopy(cleaned)) == []
    json.dumps(cleaned)
    once = copy.deepcopy(cleaned)
    again, removed = clean(cleaned)
    assert again == once
    assert not removed


@settings(deadline=None, max_examples=200)
@given(NODES, st.lists(CHANGES, max_size=3))
def test_remote_lets_pictures_load_and_nothing_run(node: dict[str, Any], changes: list[dict[str, Any]]) -> None:
    cleaned, _ = clean(copy.deepcopy(recording(node=node, changes=changes)), remote=True)
    for what in live(cleaned):
        assert not what.startswith(("<", "on", "source")), what
        assert "=javascript:" not in what.replace("\t", ""), what


JSON = st.recursive(
    ODD | TEXT,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "timestamp", "data", "node", "id", "source", "attributes", "tagName"]), inner
        )
    ),
    max_leaves=10,
)


@settings(deadline=None)
@given(
    st.lists(st.dictionaries(st.sampled_from(["type", "timestamp", "data", "x"]), JSON | st.integers(0, 7)), max_size=3)
)
def test_no_event_makes_it_fail(events: list[dict[str, Any]]) -> None:
    clean(events)


HARMLESS = [
    tag(
        100,
        "p",
        {"class": "a", "style": "color: red; width: calc(100% - 2px)", "data-x": "url(http://x)", "hidden": True},
        [{"type": 3, "id": 101, "textContent": "see url(http://shop.example/x), or @import it"}],
    ),
    tag(100, "img", {"src": "data:image/png;base64,AAAA", "alt": "a pot", "rr_dataURL": "data:image/webp;base64,AAAA"}),
    tag(
        100,
        "svg",
        {"viewBox": "0 0 8 8", "xmlns": "http://www.w3.org/2000/svg", "fill": "url(#g)"},
        [tag(101, "use", {"xlink:href": "#icon"}), tag(102, "animateTransform", {"attributeName": "transform"})],
    ),
    tag(
        100,
        "style",
        {
            "_cssText": "a:hover { background: url(\"data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg'"
            ' fill=\'%23fff\'/%3E") } .sm\\:flex, .i::before { content: "\\f101" }'
        },
    ),
    tag(100, "video", {"src": "data:video/mp4;base64,AA", "rr_mediaState": "paused", "rr_mediaCurrentTime": 1.5}),
    tag(100, "x-card", {"_ngcontent-abc-c1": "", "slot": "top"}) | {"isCustom": True, "isShadowHost": True},
    tag(100, "input", {"type": "checkbox", "checked": True, "value": "on", "name": "agree"}),
    tag(100, "link", {"_cssText": "@media (min-width: 1px) { b { color: red } }"}),
]


@pytest.mark.parametrize("node", HARMLESS, ids=lambda n: n["tagName"])
def test_what_is_harmless_stays_equal(node: dict[str, Any]) -> None:
    events = recording(
        node=node,
        changes=[
            change(texts=[{"id": 5, "value": "a (b) url(http://shop.example/x)"}], removes=[{"parentId": 4, "id": 9}]),
            change(
                attributes=[
                    {"id": 8, "attributes": {"class": "b", "style": {"width": "3px", "top": False}, "alt": None}}
                ]
            ),
            change(adds=[{"parentId": 4, "nextId": None, "previousId": 9, "node": node | {"id": 200}}]),
            {"source": 1, "positions": [{"x": 1, "y": 2, "id": 8, "timeOffset": 0}]},
            {"source": 2, "type": 2, "id": 9, "x": 1, "y": 2},
            {"source": 5, "id": 10, "text": "red", "isChecked": False},
            {"source": 8, "id": 6, "adds": [{"rule": "b { color: blue }", "index": 0}]},
            {"source": 13, "id": 6, "index": [0], "set": {"property": "color", "value": "red", "priority": ""}},
        ],
    )
    before = copy.deepcopy(events)
    cleaned, removed = clean(events)
    assert cleaned == before
    assert not removed


def test_places_are_kept() -> None:
    frame = tag(100, "iframe", {"src": "http://shop.example/pay", "width": "300", "class": "pay"}, [tag(101, "p", {})])
    script = tag(102, "script", {"src": "http://shop.example/x.js"})
    cleaned, removed = clean(recording(node=tag(99, "div", {}, [frame, script, tag(103, "b", {})])))
    box, gone, after = cleaned[1]["data"]["node"]["childNodes"][0]["childNodes"][1]["childNodes"][-1]["childNodes"]
    assert (box["tagName"], box["attributes"]["class"], box["attributes"]["title"]) == (
        "div",
        "pay",
        "iframe: left out",
    )
    assert "width:300px" in box["attributes"]["style"]
    assert (gone["tagName"], gone["id"], after["id"]) == ("noscript", 102, 103)
    assert removed == {"iframe": 1, "script": 1}


def test_remote_keeps_pictures_links_and_sheets_but_no_relative_address() -> None:
    node = tag(
        100,
        "div",
        {"style": "background: url(https://shop.example/b.png)"},
        [
            tag(
                101,
                "img",
                {"src": "https://shop.example/i.png", "srcset": "https://a.example/a 1x, https://a.example/b 2x"},
            ),
            tag(102, "a", {"href": "https://shop.example/"}),
            tag(103, "link", {"rel": "stylesheet", "href": "https://shop.example/s.css"}),
        ],
    )
    events = recording(node=node)
    before = copy.deepcopy(events)
    assert clean(events, remote=True) == (before, {})
    local = tag(
        100, "img", {"src": "/api/shutdown", "srcset": "https://a.example/x 1x,/api 2x", "style": "mask: url(/api)"}
    )
    cleaned, removed = clean(recording(node=local), remote=True)
    assert removed == {"src": 1, "srcset": 1, "css": 1}
    assert "/api" not in json.dumps(cleaned)


def test_inputs_are_masked_wherever_a_value_stands() -> None:
    node = tag(
        100,
        "form",
        {},
        [
            tag(101, "input", {"type": "text", "value": "secret"}),
            tag(102, "textarea", {"value": "secret"}),
            tag(103, "textarea", {}, [{"type": 3, "id": 104, "textContent": "secret"}]),
            tag(105, "input", {"type": "submit", "value": "Pay now"}),
        ],
    )
    changes = [
        {"source": 5, "id": 101, "text": "secret", "isChecked": False},
        change(attributes=[{"id": 101, "attributes": {"value": "secret"}}], texts=[{"id": 104, "value": "secret"}]),
        change(adds=[{"parentId": 103, "nextId": None, "node": {"type": 3, "id": 106, "textContent": "secret"}}]),
    ]
    cleaned, removed = clean(recording(node=node, changes=changes), mask_inputs=True)
    text = json.dumps(cleaned)
    assert "secret" not in text
    assert "******" in text
    assert "Pay now" in text
    assert removed["input"] >= 7


@pytest.mark.realworld
@pytest.mark.parametrize("name", ["capacitor", "input", "output"])
def test_real_pages(realworld: Path, name: str) -> None:
    data = json.loads((realworld / "rrweb-highlight" / f"{name}.json").read_text(encoding="utf-8"))
    cleaned, removed = clean([{"type": 2, "timestamp": 1, "data": data}])
    assert live(copy.deepcopy(cleaned)) == []
    assert json.dumps(cleaned).count('"id"') > 50
    assert removed["element"] == 0  # real pages are of known elements
