"""Pins and marks: kept whole, shared by narrowed Logs, found again when the content is read again, never lost."""

from __future__ import annotations

import json
import multiprocessing
import os
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import lognb as ln
from lognb import _notes
from lognb.errors import QueryError, StoreError
from lognb.schema import RECORD

if TYPE_CHECKING:
    from pathlib import Path

HOSTILE = '<img src=x onerror=alert(1)>\u202e\x00\x1b[31m =cmd()"\\'


def dump(text: str = "first") -> bytes:
    records = [
        {
            "timeUnixNano": str(1_793_696_400_000_000_000 + i),
            "severityText": "ERROR",
            "body": {"stringValue": f"{text} {i} {HOSTILE}"},
            "attributes": [{"key": "n", "value": {"intValue": str(i)}}],
        }
        for i in range(5)
    ]
    return json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode()


@pytest.fixture
def logs(tmp_path: Path) -> ln.Logs:
    return ln.read(dump(), store=tmp_path / "a.duckdb")


def test_a_pin_keeps_the_record_whole(logs: ln.Logs) -> None:
    record = logs.head(5)[3]
    logs.pin(record["record_id"][0], HOSTILE)
    assert_frame_equal(logs.pins.select(*RECORD), record)
    assert logs.pins["note"].to_list() == [HOSTILE]
    assert logs.pins.schema == {**pl.Schema(_notes.PINS)}


def test_pinning_again_changes_the_note_and_unpinning_forgets(logs: ln.Logs) -> None:
    ids = logs.head()["record_id"].to_list()
    for i in (3, 1):
        logs.pin(ids[i])
    logs.pin(str(ids[3]), "seen")
    assert list(zip(logs.pins["record_id"], logs.pins["note"], strict=True)) == [(ids[1], ""), (ids[3], "seen")]
    logs.unpin(ids[1])
    logs.unpin(ids[0])
    assert logs.pins["record_id"].to_list() == [ids[3]]


def test_no_such_record_is_no_pin(logs: ln.Logs) -> None:
    with pytest.raises(QueryError, match="no record"):
        logs.pin(1)
    with pytest.raises(QueryError, match="at most"):
        logs.pin(logs.head(1)["record_id"][0], "x" * 10_001)
    assert logs.pins.height == 0


def test_narrowed_logs_share_them_and_a_reopened_store_has_them(logs: ln.Logs, tmp_path: Path) -> None:
    logs.where("n=2").pin(logs.head(1)["record_id"][0], "kept")
    logs.mark("2026-11-03T09:00:00Z", "deploy")
    logs.engine.close()
    again = ln.read(dump(), store=tmp_path / "a.duckdb").where("n=4")
    assert again.pins["note"].to_list() == ["kept"]
    assert again.marks["text"].to_list() == ["deploy"]


def test_they_belong_to_the_content_in_the_cache() -> None:
    """Not to the store: that one goes when the cache is trimmed, and another version of lognb makes another."""
    logs = ln.read(dump("in the cache"))
    logs.pin(logs.head(1)["record_id"][0], "kept")
    logs.engine.close()
    other = ln.read(dump("in the cache"), session_keys="n")
    assert other.engine.path != logs.engine.path
    assert other.pins["note"].to_list() == ["kept"]
    assert ln.read(dump("something else")).pins.height == 0


def test_marks_are_in_order_and_times_are_as_for_where(logs: ln.Logs) -> None:
    logs.mark("+1h", "later")
    logs.mark("09:00", "deploy 2.3")
    logs.mark("09:00", "deploy 2.3")
    assert logs.marks["text"].to_list() == ["deploy 2.3", "later"]
    assert logs.marks.schema == pl.Schema(_notes.MARKS)
    logs.unmark("+1h")
    assert logs.marks["text"].to_list() == ["deploy 2.3"]
    with pytest.raises(QueryError, match="without a text"):
        logs.mark("09:00", "")
    with pytest.raises(QueryError, match="no time"):
        logs.mark("noon", "x")


def test_without_a_file_they_are_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    monkeypatch.setenv("LOGNB_CACHE", str(blocked / "stores"))
    logs = ln.read(dump("no place for a store"))
    assert logs.engine.path is None
    logs.pin(logs.head(1)["record_id"][0], "kept")
    logs.mark("09:00", "deploy")
    assert logs.where("n=4").pins["note"].to_list() == ["kept"]
    assert logs.marks.height == 1


def test_parquet_keeps_them_beside_its_folder(logs: ln.Logs, tmp_path: Path) -> None:
    logs.write_parquet(tmp_path / "out")
    scanned = ln.scan(tmp_path / "out")
    scanned.pin(scanned.head(1)["record_id"][0], "kept")
    scanned.engine.close()
    assert ln.scan(tmp_path / "out").pins["note"].to_list() == ["kept"]


@pytest.mark.parametrize("text", ["", "[]", "{", '{"version": 1}', '{"version": 9, "pins": [], "marks": []}'])
def test_a_damaged_file_is_named_and_kept(logs: ln.Logs, text: str) -> None:
    place = _notes.place(logs.engine)
    assert place is not None
    place.write_text(text)
    for use in (lambda: logs.pins, lambda: logs.mark("09:00", "x")):
        with pytest.raises(StoreError, match=place.name):
            use()
    assert place.read_text() == text


def test_threads_lose_nothing(logs: ln.Logs) -> None:
    ids = logs.head()["record_id"].to_list()
    threads = [threading.Thread(target=_both, args=(logs, i, ids[i % 5])) for i in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert logs.pins["record_id"].sort().to_list() == sorted(ids)
    assert logs.marks.height == 20


def _both(logs: ln.Logs, i: int, record_id: int) -> None:
    logs.mark("09:00", f"mark {i}")
    logs.pin(record_id, f"note {i}")


def _process(store: str, name: str, both: Any) -> None:
    logs: Any = ln.read(dump(), store=store)
    both.wait(60)
    for i in range(60):
        logs.mark("09:00", f"{name} {i}")


@pytest.mark.skipif(os.name != "posix", reason="locks between processes are POSIX's")
def test_processes_lose_nothing(logs: ln.Logs, tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    both = context.Barrier(2)
    jobs = [context.Process(target=_process, args=(str(tmp_path / "a.duckdb"), name, both)) for name in "ab"]
    for job in jobs:
        job.start()
    for job in jobs:
        job.join(60)
        assert job.exitcode == 0
    assert logs.marks.height == 120
    assert not list(tmp_path.glob("*.tmp"))


def test_authors_are_kept_and_files_without_them_are_read(logs: ln.Logs, tmp_path: Path) -> None:
    at = logs.head(2)["record_id"].to_list()
    logs.pin(at[0], "by someone")
    logs.mark("09:00", "deploy")
    place = _notes.place(logs.engine)
    assert place is not None
    assert '"who"' not in place.read_text()  # as the lognb before wrote it
    logs.pin(at[1], "hers", who="ann")
    logs.pin(at[0], "now his", who="bo")
    logs.mark("09:01", "call", who="support")
    logs.engine.close()
    again = ln.read(dump(), store=tmp_path / "a.duckdb")
    assert again.pins.select("note", "who").rows() == [("now his", "bo"), ("hers", "ann")]
    assert again.marks.select("text", "who").rows() == [("deploy", ""), ("call", "support")]
