"""A store is whole or absent, checked before it is trusted, shared, and one of a cache that does not grow for ever."""

from __future__ import annotations

import gc
import json
import os
import random
import subprocess
import sys
import threading
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pytest
from bulk import bulk
from factory import Rec, batch, batches, zoo
from test_round_trip import check

from lognb.engines.duckdb import build, cache, open_store, scan_parquet
from lognb.errors import StoreError
from lognb.query import Query
from lognb.schema import SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.schema import Batch

PROGRAM = [sys.executable, str(Path(__file__).with_name("build_bulk.py"))]
ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}


@pytest.fixture
def made(tmp_path: Path) -> Path:
    path = tmp_path / "x.duckdb"
    build(path, batches(zoo(60)), [("d1", "a.jsonl"), ("d2", "b.jsonl")], lambda: {"rejected": 3}).close()
    return path


def test_a_store_opens_again_with_the_names_of_now(made: Path) -> None:
    engine = open_store(made, [("d2", "renamed.jsonl")])
    assert engine is not None
    assert engine.report == {"rejected": 3}
    assert set(engine.fetch(Query(), columns=["source"])["source"]) == {"a.jsonl", "renamed.jsonl"}
    assert engine.count(Query.parse("source=renamed.jsonl")) == 30
    assert engine.count(Query.parse("source=b.jsonl")) == 0
    engine.close()


def test_an_absent_store_is_none(tmp_path: Path) -> None:
    assert open_store(tmp_path / "none.duckdb") is None


def test_a_damaged_store_is_none(made: Path) -> None:
    whole = made.read_bytes()
    rng = random.Random(5)
    damaged = [b"", b"garbage" * 1000, whole[: len(whole) // 2], whole[:-1], whole[:8192], whole[:100]]
    for _ in range(20):
        # A byte of the headers; the unused rest of a header block is not read, so only checksummed places are taken.
        at = rng.choice([*range(16), *range(4096, 4096 + 8)])
        damaged.append(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
    for data in damaged[:-20]:
        made.write_bytes(data)
        assert open_store(made) is None, data[:20]
    for data in damaged[-20:]:
        made.write_bytes(data)
        engine = open_store(made)
        if engine is not None:
            check(engine, zoo(60))
            engine.close()


def test_a_changed_byte_anywhere_is_noticed_or_harmless(made: Path) -> None:
    whole = made.read_bytes()
    records = zoo(60)
    rng = random.Random(7)
    noticed = 0
    for _ in range(30):
        at = rng.randrange(len(whole))
        made.write_bytes(whole[:at] + bytes([whole[at] ^ (1 << rng.randrange(8))]) + whole[at + 1 :])
        engine = open_store(made)
        if engine is None:
            noticed += 1
            continue
        try:
            check(engine, records)
        except StoreError:
            noticed += 1
        engine.close()
    assert noticed > 10


def test_another_layout_or_an_incomplete_table_is_none(made: Path) -> None:
    for change in (
        "UPDATE manifest SET manifest = replace(manifest, '\"layout\": 2', '\"layout\": 0')",
        "UPDATE manifest SET manifest = '{}'",
        "DELETE FROM manifest",
        "DROP TABLE spans",
        "DELETE FROM logs WHERE rowid = 3",
    ):
        whole = made.read_bytes()
        with duckdb.connect(str(made)) as con:
            con.execute(change)
        assert open_store(made) is None, change
        made.write_bytes(whole)
    engine = open_store(made)
    assert engine is not None
    engine.close()


def test_an_error_or_ctrl_c_in_the_batches_leaves_nothing(tmp_path: Path) -> None:
    for error in (KeyboardInterrupt, ValueError, OSError):

        def failing(error: type[BaseException] = error) -> Iterator[Batch]:
            yield from bulk(10_000, 5_000)
            raise error

        with pytest.raises(error):
            build(tmp_path / "x.duckdb", failing())
        assert list(tmp_path.iterdir()) == []


def test_an_earlier_store_stays_until_the_new_one_is_whole(made: Path) -> None:
    reader = open_store(made)
    assert reader is not None

    def failing() -> Iterator[Batch]:
        yield from bulk(10_000, 5_000)
        raise ValueError

    with pytest.raises(ValueError, match=r"^$"):
        build(made, failing())
    assert reader.count(Query()) == 60
    new = build(made, bulk(1000))
    assert new.count(Query()) == 1000
    check(reader, zoo(60))
    new.close()
    reader.close()


def test_what_dead_builds_left_is_swept(tmp_path: Path) -> None:
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    (tmp_path / f"x.duckdb.{dead.pid}-0.tmp").write_bytes(b"half")
    (tmp_path / f"x.duckdb.{dead.pid}-0.tmp.wal").write_bytes(b"half")
    (tmp_path / f"x.duckdb.{dead.pid}-0.stage").mkdir()
    (tmp_path / f"x.duckdb.{dead.pid}-0.stage" / "logs.parquet").write_bytes(b"half")
    mine = tmp_path / f"y.duckdb.{os.getpid()}-77.tmp"
    mine.write_bytes(b"another thread")
    (tmp_path / "other.tmp").write_bytes(b"not ours")
    build(tmp_path / "x.duckdb", bulk(100)).close()
    assert {p.name for p in tmp_path.iterdir()} == {"x.duckdb", mine.name, "other.tmp"}


def test_a_folder_that_cannot_be_written_means_memory_and_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    engine = build(tmp_path / "file" / "x.duckdb", bulk(100))
    assert engine.count(Query()) == 100
    assert "in memory only" in engine.notes[0]


@pytest.mark.parametrize("points", [8, pytest.param(50, marks=pytest.mark.slow)])
def test_kill_at_any_moment_leaves_the_store_whole_or_absent(tmp_path: Path, points: int) -> None:
    count = 60_000
    path = tmp_path / "x.duckdb"
    start = time.perf_counter()
    subprocess.run([*PROGRAM, path, str(count)], env=ENV, check=True, capture_output=True)
    took = time.perf_counter() - start
    expected = _sums(path)
    rng = random.Random(points)
    seen = {"absent": 0, "whole": 0}
    for i in range(points):
        path.unlink(missing_ok=True)
        with subprocess.Popen([*PROGRAM, path, str(count)], env=ENV, stdout=subprocess.DEVNULL) as child:
            # Spread over the build: the first part of the time is the start of Python.
            time.sleep(took * (0.25 + 0.85 * (i + rng.random()) / points))
            child.kill()
        engine = open_store(path)
        assert path.exists() == (engine is not None)
        seen["absent" if engine is None else "whole"] += 1
        if engine is not None:
            engine.close()
            assert _sums(path) == expected
    assert seen["absent"], "every kill came too late to mean anything"
    build(path, bulk(10)).close()
    assert {p.name for p in tmp_path.iterdir()} == {"x.duckdb"}


def _sums(path: Path) -> tuple[object, ...]:
    engine = open_store(path)
    assert engine is not None
    frame = engine.fetch(Query(), columns=["record_id", "body", "attributes"])
    engine.close()
    return (
        len(frame),
        frame["record_id"].sort().hash().sum(),
        frame.select(pl.struct("body", "attributes").hash().sum()).item(),
    )


def test_processes_build_and_read_at_the_same_time(tmp_path: Path) -> None:
    path = tmp_path / "x.duckdb"
    build(path, bulk(30_000, 5_000)).close()
    reader = open_store(path)
    assert reader is not None
    children = [subprocess.Popen([*PROGRAM, path, "30000"], env=ENV, stdout=subprocess.PIPE) for _ in range(2)]
    while any(child.poll() is None for child in children):
        again = open_store(path)
        assert again is not None
        assert again.count(Query()) == 30_000
        again.close()
    assert [child.communicate()[0] for child in children] == [b"30000\n", b"30000\n"]
    assert reader.count(Query.parse("status>=500 route exists")) > 0
    reader.close()


def test_threads_ask_at_the_same_time(made: Path) -> None:
    engine = open_store(made)
    assert engine is not None
    expected = engine.facets(Query(), ["n", "env"])
    failures: list[object] = []

    def ask() -> None:
        for _ in range(10):
            same = engine.facets(Query(), ["n", "env"]).equals(expected)
            failures.extend([] if same else [1])

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    engine.close()


def test_an_engine_left_open_prints_nothing(made: Path) -> None:
    code = (
        "import sys\nfrom lognb.engines.duckdb import open_store, build\nfrom lognb.query import Query\n"
        "e = open_store(sys.argv[1]); it = e.batches(Query(), rows=5); next(it); print(e.count(Query()))"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code, made], env=ENV, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"60\n", b"")


def test_the_cache_lists_clears_and_keeps_its_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNB_CACHE", str(tmp_path / "cache"))
    assert cache.listing().is_empty()
    for i in range(3):
        build(cache.path_for(f"key{i}"), batches(zoo(20 + i)), [("d1", "a.jsonl"), ("d2", "b.jsonl")]).close()
        os.utime(f"{cache.path_for(f'key{i}')}.use", ns=(i * 10**9, i * 10**9))
    frame = cache.listing()
    assert frame["key"].to_list() == ["key2", "key1", "key0"]
    assert frame["records"].to_list() == [22, 21, 20]
    assert frame["sources"].to_list() == [["a.jsonl", "b.jsonl"]] * 3
    assert frame["bytes"].min() > 10_000
    reader = open_store(cache.path_for("key0"))
    assert reader is not None
    os.utime(f"{cache.path_for('key0')}.use", ns=(0, 0))
    monkeypatch.setenv("LOGNB_CACHE_LIMIT", f"{frame['bytes'].max() * 2.5 / 1000}KB")
    build(cache.path_for("key3"), bulk(10)).close()
    assert set(cache.listing()["key"]) == {"key0", "key3"}, "the least recently used go, but not one that is read"
    assert cache.clear(older_than=timedelta(days=1)) == 0
    assert cache.clear() == 1
    reader.close()
    assert cache.clear() == 1
    assert list(cache.folder().iterdir()) == []


def test_a_store_read_by_another_process_is_not_cleared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNB_CACHE", str(tmp_path))
    build(cache.path_for("key"), bulk(10)).close()
    code = (
        "import sys\nfrom lognb.engines.duckdb import open_store\n"
        "engine = open_store(sys.argv[1]); print(1, flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, cache.path_for("key")],
        env={**ENV, "LOGNB_CACHE": str(tmp_path)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as child:  # fmt: skip
        assert child.stdout is not None
        assert child.stdout.readline() == b"1\n"
        assert cache.clear() == 0
        child.kill()
    assert cache.clear() == 1


def test_keys_and_limits_that_make_no_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("../x", "", "a/b", ".hidden", "x" * 300):
        with pytest.raises(StoreError, match="key"):
            cache.path_for(key)
    monkeypatch.setenv("LOGNB_CACHE_LIMIT", "much")
    with pytest.raises(StoreError, match="5GB"):
        cache.limit()
    for text, size in (("5GB", 5 * 10**9), ("1.5 GiB", 15 * 10**8), ("1000", 1000), ("", cache.DEFAULT_LIMIT)):
        monkeypatch.setenv("LOGNB_CACHE_LIMIT", text)
        assert cache.limit() == size


def test_spans_are_kept_with_their_source(tmp_path: Path) -> None:
    spans = pl.DataFrame(
        {
            "trace_id": ["t"] * 3,
            "span_id": ["1", "2", "3"],
            "name": ["a", "b", "c"],
            "start": [3, None, 1],
            "source": ["b", "a", "b"],
        }
    )
    spans = spans.with_columns(pl.lit(None).alias(n) for n in SPAN if n not in spans.columns).select(*SPAN)
    spans = spans.with_columns(pl.col("start").cast(pl.Int64)).cast(SPAN)  # type: ignore[arg-type]
    engine = build(tmp_path / "x.duckdb", [batch([], spans), batch([Rec(id=1)], spans.head(1))], [("d", "a")])
    got = engine.spans()
    assert dict(got.schema) == SPAN
    assert sorted(got["span_id"]) == ["1", "1", "2", "3"]
    assert got.filter(pl.col("span_id") == "2")["source"].to_list() == ["a"]
    assert engine.overview["spans"] == 4
    engine.write_parquet(tmp_path / "p", Query.parse("body=nothing"))
    again = scan_parquet(tmp_path / "p")
    assert again.spans().equals(got)
    assert again.count(Query()) == 0
    engine.close()


def test_parquet_of_a_query_is_its_records(made: Path, tmp_path: Path) -> None:
    engine = open_store(made)
    assert engine is not None
    query = Query.parse("env=prod n<4")
    engine.write_parquet(tmp_path / "p", query)
    again = scan_parquet(tmp_path / "p")
    assert again.fetch(Query()).equals(engine.fetch(query))
    assert again.overview["records"] == engine.count(query)
    assert again.facets(Query(), ["env", "replicas"]).equals(engine.facets(query, ["env", "replicas"], own=True))
    again.write_parquet(tmp_path / "p", Query.parse("n<2"))
    assert scan_parquet(tmp_path / "p").count(Query()) == engine.count(query & Query.parse("n<2"))
    engine.close()


def test_parquet_does_not_overwrite_what_is_not_ours(made: Path, tmp_path: Path) -> None:
    engine = open_store(made)
    assert engine is not None
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    (theirs / "thesis.tex").write_text("x")
    for folder in (theirs, made):
        with pytest.raises(StoreError, match=r"not empty|is a file"):
            engine.write_parquet(folder, Query())
    assert [p.name for p in theirs.iterdir()] == ["thesis.tex"]
    for folder, text in ((theirs, "manifest.json"), (tmp_path / "none", "manifest.json")):
        with pytest.raises(StoreError, match=text):
            scan_parquet(folder)
    engine.write_parquet(tmp_path / "p", Query())
    manifest = json.loads((tmp_path / "p" / "manifest.json").read_text())
    for change, text in (({"layout": 99}, "layout version 99"), ({"records": 7}, "not whole")):
        (tmp_path / "p" / "manifest.json").write_text(json.dumps({**manifest, **change}))
        with pytest.raises(StoreError, match=text):
            scan_parquet(tmp_path / "p")
    engine.close()
    gc.collect()
