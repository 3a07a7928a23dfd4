"""Recordings are found in every form they come in, beside logs or alone, and what is bad of them is said."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from making import json_line, request

import lognb as ln
from lognb.loaders.rrweb import stem
from lognb.replay import decode

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

T0 = 1_700_000_000_000


def event(n: int, window: Any = None) -> dict[str, Any]:
    """The n-th event of a small session."""
    data: list[tuple[int, Any]] = [
        (4, {"href": "http://shop.example/", "width": 800, "height": 600}),
        (2, {"node": {"type": 0, "id": 1, "childNodes": []}, "initialOffset": {"top": 0, "left": 0}}),
        (3, {"source": 0, "adds": [], "removes": [], "texts": [{"id": 1, "value": "é\U0001f600"}], "attributes": []}),
        (3, {"source": 8, "id": 1, "adds": [{"rule": "b{}"}], "removes": []}),
        (5, {"tag": "paid", "payload": {"cents": 5}}),
        (6, {"plugin": "rrweb/console@1", "payload": {"level": "log", "payload": ['"hi"'], "trace": []}}),
    ]
    kind, about = data[n % len(data)]
    return {"type": kind, "timestamp": T0 + 1000 * n, "data": about} | ({"windowId": window} if window else {})


EVENTS = [event(n) for n in range(6)]


def packed(value: Any) -> str:
    """As PostHog's browser library packs a field."""
    return gzip.compress(json.dumps(value).encode(), mtime=0).decode("latin-1")


def with_cv(e: dict[str, Any]) -> dict[str, Any]:
    if e["type"] == 2:
        return e | {"data": packed(e["data"]), "cv": "2024-10"}
    if e["type"] == 3:
        names = ("texts", "adds", "removes", "attributes")
        return e | {"data": {k: packed(v) if k in names else v for k, v in e["data"].items()}, "cv": "2024-10"}
    return e


def lines(*items: Any) -> bytes:
    return b"".join(json.dumps(item).encode() + b"\n" for item in items)


FORMS: dict[str, Callable[[list[dict[str, Any]]], bytes]] = {
    "PostHog's export": lambda e: json.dumps(
        {"version": "2023-04-28", "data": {"id": "s-1", "person": {"distinct_ids": ["u-1"]}, "snapshots": e}}
    ).encode(),
    "PostHog's export, printed over lines": lambda e: json.dumps(
        {"version": "2023-04-28", "data": {"id": "s-1", "snapshots": e}}, indent=2
    ).encode(),
    "PostHog's first export, by window": lambda e: json.dumps(
        {"version": "2022-12-02", "data": {"person": {}, "snapshotsByWindowId": {"w1": e[::2], "w2": e[1::2]}}}
    ).encode(),
    "packed fields": lambda e: json.dumps({"data": {"id": "s-1", "snapshots": [with_cv(x) for x in e]}}).encode(),
    "an array": lambda e: json.dumps(e).encode(),
    "an array over lines": lambda e: json.dumps(e, indent=1).encode(),
    "an array of texts": lambda e: json.dumps([json.dumps(x) for x in e]).encode(),
    "events in an object": lambda e: json.dumps({"sessionId": "s-1", "events": e}).encode(),
    "JSON lines": lambda e: lines(*e),
    "lines of windows": lambda e: lines({"windowId": "w", "data": e[:3]}, {"window_id": "v", "data": e[3:]}),
    "lines of pairs": lambda e: lines(*(["w", x] for x in e)),
    "captured events": lambda e: lines(
        {"event": "$snapshot", "properties": {"$session_id": "s-1", "$window_id": "w", "$snapshot_data": e}}
    ),
    "gzip": lambda e: gzip.compress(json.dumps(e).encode()),
    "zstd": lambda e: zstandard.compress(lines(*e)),
    "out of order": lambda e: lines(*reversed(e)),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_gives_the_same_events(form: str, tmp_path: Path) -> None:
    path = tmp_path / "s-1.json"
    path.write_bytes(FORMS[form](EVENTS))
    logs = ln.read(path, progress=False)
    (row,) = logs.recordings.to_dicts()
    assert (row["session_id"], row["events"], len(logs)) == ("s-1", 6, 0)
    assert (row["start"].timestamp(), row["end"].timestamp()) == (T0 / 1000, T0 / 1000 + 5)
    found = decode(logs.engine.recording("s-1"))
    assert [{k: v for k, v in e.items() if k != "windowId"} for e in found] == EVENTS
    assert logs.load_report.files[0].outcome == "6 events of 1 recording"


def test_windows_and_users_are_told(tmp_path: Path) -> None:
    path = tmp_path / "x.json"
    path.write_bytes(FORMS["PostHog's first export, by window"]([*EVENTS, event(7)]))
    logs = ln.read(path, progress=False)
    assert logs.recordings["windows"].to_list() == [2]
    assert {e["windowId"] for e in decode(logs.engine.recording("x"))} == {"w1", "w2"}
    (tmp_path / "y.json").write_bytes(FORMS["PostHog's export"](EVENTS))
    assert ln.read(tmp_path / "y.json", progress=False).recordings["user_id"].to_list() == ["u-1"]


def test_names_of_files() -> None:
    assert [stem(f"export-s.{end}") for end in ("ph-recording.json", "json.gz", "jsonl")] == ["s", "s", "s"]
    assert stem("export-s-ph-recording.json") == "s"


def test_log_records_with_a_type_and_data_stay_records() -> None:
    rows = [{"timestamp": T0, "type": 3, "data": {"order": 7}, "message": "paid"} for _ in range(3)]
    logs = ln.read(lines(*rows), progress=False)
    assert len(logs) == 3
    assert logs.recordings.is_empty()


def test_records_and_events_in_one_file() -> None:
    logs = ln.read(json_line(request(2)) + b"\n" + lines(*EVENTS, {"timestamp": T0, "message": "paid"}), progress=False)
    assert (len(logs), logs.recordings["events"].to_list()) == (
        len(ln.read(json_line(request(2)), progress=False)) + 1,
        [6],
    )


def test_a_recording_that_is_cut_keeps_what_is_in_front(tmp_path: Path) -> None:
    for form in ("PostHog's export", "an array", "JSON lines", "events in an object"):
        whole = FORMS[form](EVENTS)
        path = tmp_path / "s-1.json"
        path.write_bytes(whole[: whole.rindex(b'"plugin"')])
        logs = ln.read(path, progress=False)
        assert logs.recordings.select("session_id", "events").row(0) == ("s-1", 5), form
        assert len(logs.load_report.rejected) == 1, form


def test_bad_events_are_counted_and_the_others_stay() -> None:
    bad = [
        {"type": 3, "timestamp": T0, "data": "\x1f\x8bnot a gzip"}, {"type": 2, "timestamp": T0, "data": {}},
        {"type": 99, "timestamp": T0, "data": {}}, {"type": 4, "timestamp": "noon", "data": {"href": "x"}}, 7, None,
    ]  # fmt: skip
    logs = ln.read(json.dumps([*EVENTS, *bad]).encode(), progress=False)
    assert logs.recordings["events"].to_list() == [6]
    assert "6 of 12 events of a recording are none" in logs.load_report.rejected["reason"][0]


def test_a_bomb_in_a_field_costs_its_event() -> None:
    bomb = gzip.compress(b"[" + b" " * (1 << 29) + b"]").decode("latin-1")
    logs = ln.read(json.dumps([*EVENTS, EVENTS[2] | {"data": bomb}]).encode(), progress=False)
    assert logs.recordings["events"].to_list() == [6]


def test_half_a_surrogate_is_kept_as_what_stands_for_it() -> None:
    text = json.dumps(EVENTS).replace("\\ud83d\\ude00", "\\ud83d")
    logs = ln.read(text.encode(), progress=False)
    found = decode(logs.engine.recording(logs.recordings["session_id"][0]))
    assert found[2]["data"]["texts"][0]["value"] == "é?"


def test_events_without_a_time_are_said() -> None:
    untimed = [{k: v for k, v in e.items() if k != "timestamp"} for e in EVENTS]
    with pytest.raises(ln.SourceError, match="6 of 6 events of a recording"):
        ln.read(json.dumps(untimed).replace("{", '{"a": "\\"timestamp", ', 1).encode(), progress=False)


def test_a_recording_read_in_pieces_is_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(ln.loaders.load.CHUNK, "json", 300)
    path = tmp_path / "file.jsonl"
    path.write_bytes(lines(EVENTS[0] | {"session_id": "s-9"}, *EVENTS[1:]))
    logs = ln.read(path, progress=False, workers=1)
    assert logs.recordings.select("session_id", "events").rows() == [("s-9", 6)]
    assert len(logs.engine.recording("s-9")) > 1
    assert [e["timestamp"] for e in decode(logs.engine.recording("s-9"))] == [e["timestamp"] for e in EVENTS]


def record(session: str, seconds: float, user: str = "u") -> dict[str, Any]:
    return {"time": T0 / 1000 + seconds, "message": "x", "session.id": session, "user.id": user}


def test_linked_by_time_to_the_only_session_that_fits(tmp_path: Path) -> None:
    (tmp_path / "logs.jsonl").write_bytes(lines(record("a", 1), record("a", 4), record("b", 60), record("b", 90)))
    (tmp_path / "holiday.json").write_bytes(json.dumps(EVENTS).encode())
    logs = ln.read(tmp_path, progress=False)
    assert logs.recordings["session_id"].to_list() == ["a"]
    assert len(logs.engine.recording("a")) == 1
    assert "'holiday' has no record of its own: by time it is of session a" in str(logs.load_report)


def test_not_linked_where_two_fit_unless_the_user_says_which(tmp_path: Path) -> None:
    (tmp_path / "logs.jsonl").write_bytes(
        lines(record("a", 1), record("a", 4), record("b", 2, "u-1"), record("b", 3, "u-1"))
    )
    (tmp_path / "x.json").write_bytes(json.dumps(EVENTS).encode())
    assert ln.read(tmp_path, progress=False).recordings["session_id"].to_list() == ["x"]
    (tmp_path / "x.json").write_bytes(FORMS["PostHog's export"](EVENTS))
    assert ln.read(tmp_path, progress=False).recordings["session_id"].to_list() == ["b"]


def test_a_recording_that_names_its_session_goes_to_another_only_for_a_reason(tmp_path: Path) -> None:
    export = json.dumps({"version": "2023-04-28", "data": {"id": "mine", "snapshots": EVENTS}}).encode()
    (tmp_path / "file.json").write_bytes(export)

    def of(*records: dict[str, Any]) -> list[str]:
        (tmp_path / "logs.jsonl").write_bytes(lines(*records))
        return list(ln.read(tmp_path, progress=False).recordings["session_id"])

    assert of(record("a", 4), record("a", 60)) == ["mine"]  # they meet for 1 s of 5 s
    assert of(record("a", 1), record("a", 4)) == ["a"]  # for 3 s: two programs that count sessions each for itself
    (tmp_path / "file.json").write_bytes(
        export.replace(b'"snapshots"', b'"person": {"distinct_ids": ["u"]}, "snapshots"')
    )
    assert of(record("a", 4), record("a", 60)) == ["a"]
    assert of(record("a", 1, "v"), record("a", 4, "v")) == ["mine"]


def test_through_parquet_and_back(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "logs.jsonl").write_bytes(lines(record("s-1", 1)))
    (tmp_path / "in" / "s-1.json").write_bytes(FORMS["PostHog's export"](EVENTS))
    logs = ln.read(tmp_path / "in", progress=False)
    logs.write_parquet(tmp_path / "out")
    for again in (ln.scan(tmp_path / "out"), ln.read(tmp_path / "out", progress=False)):
        assert again.recordings.equals(logs.recordings)
        assert again.engine.recording("s-1") == logs.engine.recording("s-1")


def test_the_same_file_twice_is_one_recording_to_play() -> None:
    text = FORMS["PostHog's export"](EVENTS)
    logs = ln.read(text, text, progress=False)
    assert len(logs.engine.recording("s-1")) == 1


def test_events_of_logs(tmp_path: Path) -> None:
    rows = [
        {"time": T0 / 1000, "message": "x", "event_name": "paid", "cents": 5, "$current_url": "http://shop.example/a"},
        {"time": T0 / 1000, "message": "y"},
    ]
    logs = ln.read(lines(*rows), progress=False)
    (row,) = logs.events.to_dicts()
    assert (row["event"], row["url"]) == ("paid", "http://shop.example/a")
    assert json.loads(row["properties"])["cents"] == 5
    assert logs.where("cents=6").events.is_empty()
    assert len(logs.where("cents=5").events) == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from(EVENTS),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "timestamp", "data", "snapshots", "events", "windowId", "id"]), inner
        )
    ),
    max_leaves=8,
)


@settings(deadline=None)
@given(JSON, st.integers(0, 400))
def test_nothing_in_a_file_makes_reading_fail(value: Any, cut: int) -> None:
    text = json.dumps([EVENTS[0], value]).encode()
    for data in (text, text[:-cut] if cut else text):
        frames = ln.frames(data + b"\n" + json_line(request(2)), progress=False)
        assert isinstance(pl.concat(list(frames)), pl.DataFrame)
        assert frames.load_report.files[0].recorded >= 0


@pytest.mark.realworld
def test_a_real_payload(realworld: Path) -> None:
    path = realworld / "rrweb-highlight" / "dom-with-scripts.json"
    said = json.loads(path.read_text(encoding="utf-8"))
    logs = ln.read(path, progress=False)
    assert logs.recordings.select("session_id", "events").rows() == [(said["session_secure_id"], 3)]
