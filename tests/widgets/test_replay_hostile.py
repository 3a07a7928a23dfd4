"""Two walls around a recording, each tested without the other: what is cleaned in Python, and the fence in the page.

A stranger listens, on this machine: that nothing was asked of it is known from its side, so also what a browser does
before it asks, such as to connect early, would be seen.
"""

from __future__ import annotations

import copy
import json
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lognb.replay import clean
from tests.replay.recorded import change, recording, tag
from tests.widgets import players

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser

pytestmark = pytest.mark.browser
Events = list[dict[str, Any]]

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "hostile_recordings.toml").read_text(encoding="utf-8"))
# Where the CSS of a case is put.
PLACES: dict[str, Any] = {
    "a sheet": lambda css: {"node": tag(100, "style", {}, [{"type": 3, "id": 101, "textContent": css}])},
    "the text of a link": lambda css: {"node": tag(100, "link", {"_cssText": css, "rel": "stylesheet"})},
    "an attribute": lambda css: {"node": tag(100, "div", {"style": css.partition("{")[2].rpartition("}")[0] or css})},
    "a property": lambda css: {"changes": [change(attributes=[{"id": 4, "attributes": {"style": _first(css)}}])]},
    "a text that changes": lambda css: {"changes": [change(texts=[{"id": 7, "value": css}])]},
    "a rule": lambda css: {"changes": [{"source": 8, "id": 6, "adds": [{"rule": css, "index": 0}]}]},
    "an adopted sheet": lambda css: {
        "changes": [{"source": 15, "id": 1, "styleIds": [1], "styles": [{"styleId": 1, "rules": [{"rule": css}]}]}]
    },
}


def _first(css: str) -> dict[str, str]:
    """The declarations of its first rule, as rrweb tells of those that a script sets."""
    inside = css.partition("{")[2].rpartition("}")[0]
    return {name.strip(): value.strip() for name, _, value in (part.partition(":") for part in inside.split(";"))}


EARLY = [
    tag(200 + i, "link", {"rel": rel, "href": "http://evil.invalid/"})
    for i, rel in enumerate(("preconnect", "dns-prefetch", "prefetch", "prerender", "modulepreload", "manifest"))
]  # fmt: skip


def nodes() -> list[Events]:
    found = [json.loads(case["node"]) for case in CASES["node"]] + EARLY
    later = [change(adds=[{"parentId": 4, "nextId": None, "node": copy.deepcopy(node)}]) for node in found]
    return [recording(node=node) for node in found] + [recording(changes=[one]) for one in later]


def changes() -> list[Events]:
    return [recording(changes=json.loads(case["data"])) for case in CASES["change"]]


def styles() -> list[Events]:
    return [recording(**place(case["text"])) for place in PLACES.values() for case in CASES["css"]]


GROUPS = {"nodes": nodes, "changes": changes, "styles": styles}


@pytest.fixture
def stranger() -> Iterator[players.Stranger]:
    with players.stranger() as one:
        yield one


def run(
    browser: Browser, folder: Path, program: str, recordings: list[Events], who: players.Stranger, linger: float = 0,
    **how: Any,
) -> Any:  # fmt: skip
    """Play them in a page from a file, their "http://evil.invalid" being `who`; what the program gave. The page stays
    for `linger` ms, as what it asks for takes its time.
    """
    text = json.dumps(recordings)
    for there in ("http://evil.invalid", "https://evil.invalid"):
        text = text.replace(there, who.address)
    given = json.loads(text.replace("//evil.invalid", who.address.removeprefix("http:")))
    page = browser.new_page()
    frames: list[str] = []
    page.on("framenavigated", lambda frame: frames.append(frame.url))
    page.goto(players.saved(folder, players.page(*given, **how)))
    found = page.evaluate(program)
    page.wait_for_timeout(linger)
    page.close()
    if any(not url.startswith(("file:", "about:")) for url in frames):
        who.knocked.append(f"a frame went elsewhere: {frames}")
    return found


@pytest.mark.parametrize("group", GROUPS)
def test_the_fence_holds_alone(browser: Browser, tmp_path: Path, stranger: players.Stranger, group: str) -> None:
    """Nothing is cleaned, and the page around could load anything: no script runs and nobody is asked for anything."""
    given = GROUPS[group]()
    assert run(browser, tmp_path, players.PLAY_ALL, given, stranger, policy=False) == len(given)
    assert stranger.knocked == []


def test_a_saved_page_that_may_load_nothing_plays_it(
    browser: Browser, tmp_path: Path, stranger: players.Stranger
) -> None:
    given = changes()
    assert run(browser, tmp_path, players.PLAY_ALL, given, stranger) == len(given)
    assert stranger.knocked == []


@pytest.mark.parametrize("group", GROUPS)
def test_cleaning_holds_alone(browser: Browser, tmp_path: Path, stranger: players.Stranger, group: str) -> None:
    """What was cleaned is played by rrweb as it comes, and by our player without its fence."""
    given = [clean(events)[0] for events in GROUPS[group]()]
    for program in (players.PLAY_BARE, players.PLAY_ALL):
        assert run(browser, tmp_path, program, given, stranger, policy=False, fence=False) == len(given)
    assert stranger.knocked == []


@pytest.mark.parametrize("group", GROUPS)
def test_without_both_it_does_not_hold(
    browser: Browser, tmp_path: Path, stranger: players.Stranger, group: str
) -> None:
    """Else the tests above would prove nothing."""
    run(browser, tmp_path, players.PLAY_ALL, GROUPS[group](), stranger, 2_000, policy=False, fence=False)
    assert len(stranger.knocked) > 3


def test_what_is_asked_for_is_loaded_and_no_more(browser: Browser, tmp_path: Path, stranger: players.Stranger) -> None:
    """With `remote` pictures and styles come from where they are; scripts and frames do not."""
    inside = [
        tag(101, "img", {"src": "http://evil.invalid/pot.png"}),
        tag(102, "iframe", {"src": "http://evil.invalid/frame"}),
        tag(103, "script", {"src": "http://evil.invalid/a.js"}),
        tag(104, "img", {"src": "x", "onerror": "top.__pwn = 1"}),
    ]
    node = tag(100, "div", {}, inside)
    assert run(browser, tmp_path, players.PLAY_ALL, [recording(node=node)], stranger, policy=False, remote=True) == 1
    assert set(stranger.knocked) == {"GET /pot.png HTTP/1.1"}
