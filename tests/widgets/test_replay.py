"""The Python half of a recording: what it is made of, what is refused, what reaches the page."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lognb as ln
from benchmarks.recordings import T0, long
from lognb.errors import LognbError, QueryError
from lognb.replay.parts import PIECE, parts
from lognb.widgets.replay import Replay
from tests.widgets.asking import ask

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "recordings")


def opened(pieces: list[bytes]) -> list[dict[str, Any]]:
    return [event for piece in pieces for event in json.loads(gzip.decompress(piece))]


def test_the_samples_recording_comes_whole_and_clean(logs: ln.Logs, truth: dict[str, Any]) -> None:
    replay = Replay(logs, truth["recordings"]["timeout"])
    about = ask(replay, "recording")["recording"]
    (window,) = about["windows"]
    assert (window["width"], window["height"], window["events"]) == (1100, 700, 32)
    assert replay.time == about["start"] * 1_000_000
    heard: list[Any] = []
    replay.send = lambda content, buffers=None: heard.append((content, buffers))
    for i in range(len(about["chunks"])):
        replay._receive(replay, {"id": i, "ask": {"kind": "events", "i": i}}, [])
    assert replay._worker.wait(30)
    events = opened([buffers[0] for _, buffers in heard])
    assert [e["timestamp"] for e in events] == sorted(e["timestamp"] for e in events)
    assert len(events) == 32
    assert '"tagName":"script"' not in json.dumps(events, separators=(",", ":"))


def test_what_is_not_there_is_said(logs: ln.Logs, truth: dict[str, Any]) -> None:
    with pytest.raises(QueryError, match=r"no recording of session x\\x1b was read"):
        Replay(logs, "x\x1b")
    replay = Replay(logs, truth["recordings"]["timeout"])
    with pytest.raises(LognbError, match="there is no piece 99"):
        ask(replay, "events", i=99)
    for wrong in (
        {"kind": "at", "time": "soon", "playing": True},
        {"kind": "speed", "x": 0},
        {"kind": "events", "i": -1},
    ):
        with pytest.raises(LognbError, match="not a question"):
            ask(replay, **wrong)
    with pytest.raises(QueryError, match="is no time"):
        replay.seek("yesterday noon")


def test_where_the_page_is_is_heard_and_not_sent_back(logs: ln.Logs, truth: dict[str, Any]) -> None:
    replay = Replay(logs, truth["recordings"]["timeout"])
    before = replay.data
    at = replay.time + 2_000_000_000
    ask(replay, "at", time=str(at), playing=True)
    ask(replay, "speed", x=4)
    ask(replay, "skip_idle", on=True)
    assert (replay.time, replay.playing, replay.speed, replay.skip_idle) == (at, True, 4, True)
    assert replay.data is before
    replay.time = at + 1
    assert replay.data["seek"] == {"n": 1, "time": str(at + 1), "play": None}
    replay.speed = 2
    assert replay.data["speed"] == 2


def test_pieces_begin_at_each_page_and_are_small() -> None:
    events = long(minutes=5, megabytes=6, snapshots=4, rows=50, rules=200)
    made = parts(events)
    chunks = made.about["chunks"]
    assert sum(c["full"] is not None for c in chunks) == 4
    whole = max(len(json.dumps(e, separators=(",", ":"))) for e in events)
    assert max(c["size"] for c in chunks) < PIECE + whole
    for piece, about in zip(made.pieces, chunks, strict=True):
        inside = opened([piece])
        kinds = [e["type"] for e in inside]
        assert (about["full"] is not None) == (2 in kinds)
        assert about["full"] is None or kinds[:2] == [4, 2]
        assert (about["first"], about["last"]) == (inside[0]["timestamp"], inside[-1]["timestamp"])
    assert len(opened(made.pieces)) == len(events)


_KINDS = st.sampled_from([0, 1, 2, 3, 4, 5, 6])
_POSITION = st.fixed_dictionaries({"timeOffset": st.integers(-600, 5)})
_DATA = st.one_of(
    st.none(), st.integers(), st.just({}), st.fixed_dictionaries({"source": st.integers(0, 16)}),
    st.fixed_dictionaries({"source": st.just(1), "positions": st.lists(_POSITION, max_size=2)}),
    st.fixed_dictionaries({"width": st.one_of(st.integers(), st.floats(), st.text()), "height": st.none()}),
)  # fmt: skip
_EVENTS = st.lists(
    st.fixed_dictionaries(
        {
            "type": _KINDS,
            "timestamp": st.integers(0, 60_000),
            "data": _DATA,
            "windowId": st.sampled_from(["1", "2", 3, None]),
        }
    ),
    max_size=30,
)  # fmt: skip


@settings(deadline=None, max_examples=100)
@given(_EVENTS)
def test_every_event_is_in_one_piece_of_its_window_and_idle_is_where_nobody_did_anything(
    events: list[dict[str, Any]],
) -> None:
    events = sorted(({**e, "timestamp": T0 + e["timestamp"]} for e in events), key=lambda e: e["timestamp"])
    made = parts(events)
    for window in made.about["windows"]:
        pieces = [p for p, c in zip(made.pieces, made.about["chunks"], strict=True) if c["window"] == window["id"]]
        wanted = [
            {k: e[k] for k in ("type", "timestamp", "data")} for e in events if str(e["windowId"] or "") == window["id"]
        ]
        assert json.dumps(opened(pieces)) == json.dumps(wanted) or any(e["data"] != e["data"] for e in wanted)
        assert window["events"] == len(wanted)
    used = {e["timestamp"] for e in events if e["type"] == 4}
    for since, until in made.about["idle"]:
        assert until - since > 5_000
        assert not any(since < at < until for at in used)
    assert [at for at, _ in made.about["active"]] == sorted(at for at, _ in made.about["active"])
