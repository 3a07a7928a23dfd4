"""A recording in JupyterLab: it plays there as it does elsewhere, and a hostile one does nothing there either."""

from __future__ import annotations

import json
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from tests.replay.recorded import change, recording, tag

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import jlab

pytestmark = pytest.mark.browser

IN_FRAME = "(words) => document.querySelector('.rp-stage iframe')?.contentDocument.body?.innerText.includes(words)"
RAN = "() => [window, ...[...document.querySelectorAll('iframe')].map((f) => f.contentWindow)].map((w) => w.__pwn)"


def test_the_samples_recording_plays_and_python_seeks(
    tabs: Callable[..., jlab.Tab], notebooks: Path, samples: Path, truth: dict[str, Any]
) -> None:
    tab = tabs()
    dump, folder = str(samples / "shop.json.zst"), str(samples / "recordings")
    cell = (
        "import lognb as ln\nfrom lognb.widgets.replay import Replay\n"
        f"logs = ln.read({dump!r}, {folder!r}, progress=False)\n"
        f"replay = Replay(logs, {truth['recordings']['timeout']!r})\nreplay"
    )
    tab.run(notebooks, "replay.ipynb", [cell])
    tab.page.wait_for_function(IN_FRAME, arg="Tea shop")
    tab.python("replay.seek('+9.7s')")
    tab.page.wait_for_function(IN_FRAME, arg="Your cart")
    track = tab.page.locator(".rp-track")
    track.focus()
    # "d d" would delete the cell and Home go to the first one, were they JupyterLab's.
    for key in ("d", "d", "Home", " "):
        tab.page.keyboard.press(key)
    tab.page.wait_for_timeout(1500)
    assert tab.page.locator(".jp-CodeCell").count() == 1
    began, now = (int(n) for n in tab.python("print(replay._parts.about['start'] * 10**6, replay.time)").split())
    assert 500_000_000 < now - began < 9_000_000_000
    assert tab.python("print(replay.playing)").strip() == "True"
    tab.theme("JupyterLab Dark")
    tab.page.keyboard.press("k")
    assert tab.python("print(replay.playing)").strip() == "False"


def hostile(root: Path) -> list[dict[str, Any]]:
    """All hostile nodes in one page, all again later, and all changes."""
    text = (root / "tests/cases/hostile_recordings.toml").read_text(encoding="utf-8")
    cases = tomllib.loads(text.replace("evil.invalid", "evil.example"))
    # What makes the player give up the whole page would hide the rest.
    odd = ("custom element", "document inside", "CDATA")
    nodes = [json.loads(case["node"]) for case in cases["node"] if not any(word in case["name"] for word in odd)]
    for i, node in enumerate(nodes):
        node["id"] = 10_000 + i
    sheets = [tag(20_000 + i, "style", {"_cssText": case["text"]}) for i, case in enumerate(cases["css"])]
    later = [
        change(adds=[{"parentId": 4, "nextId": None, "node": {**node, "id": node["id"] + 50_000}}]) for node in nodes
    ]
    changes = [
        data for case in cases["change"] if "document of" not in case["name"] for data in json.loads(case["data"])
    ]
    words = {"type": 3, "id": 30_000, "textContent": "the end of the page"}
    return recording(node=tag(9_999, "div", {}, [*nodes, *sheets, words]), changes=later + changes)


@pytest.mark.parametrize("wall", ["cleaned", "fenced"])
def test_a_hostile_recording(
    tabs: Callable[..., jlab.Tab], notebooks: Path, shop: Path, tmp_path: Path, root: Path, wall: str
) -> None:
    """`cleaned`: read from a file as anyone would. `fenced`: put before the player as it is."""
    path = tmp_path / "0198aaaa-0000-7000-8000-000000000001.json"
    path.write_text(json.dumps(hostile(root)), encoding="utf-8")
    tab = tabs()
    setup = (
        "import json, lognb as ln\nfrom lognb.widgets.replay import Replay\nfrom lognb.replay.parts import parts\n"
        f"logs = ln.read({str(shop)!r}, {str(path)!r}, progress=False)\n"
    )
    cells = {
        "cleaned": "replay = Replay(logs, logs.recordings['session_id'][0])\nreplay",
        "fenced": "class Raw(Replay):\n    def _gather(self):\n"
        f"        return parts(json.load(open({str(path)!r})))\nreplay = Raw(logs, 'raw')\nreplay",
    }
    tab.run(notebooks, f"hostile-{wall}.ipynb", [setup + cells[wall]])
    tab.page.wait_for_function(IN_FRAME, arg="the end of the page")
    tab.python("replay.seek('+200s')")
    tab.page.wait_for_timeout(1500)
    assert tab.page.locator(".rp-seeking").count() == 0
    tab.python("replay.speed = 8; replay.seek('+0s', play=True)")
    tab.page.wait_for_timeout(3000)
    assert set(tab.page.evaluate(RAN)) == {None}
    assert tab.outside == []
