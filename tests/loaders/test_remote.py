"""Sources at an address: streamed, identified by what the server says, never half a file for a whole one."""

from __future__ import annotations

import gzip
import http.server
import re
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import fsspec
import polars as pl
import pytest
from making import json_line, requests

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Iterator

LINES = [json_line(r) for r in requests(6, 3)]
DUMP = b"".join(line + b"\n" for line in LINES)


@pytest.fixture
def memory() -> Iterator[Any]:
    fs = fsspec.filesystem("memory")
    yield fs
    fs.rm("/", recursive=True)


class Server(http.server.BaseHTTPRequestHandler):
    """A stand-in for a file server: parts on request, a tag for the content, and the failures that a test asks for."""

    files: dict[str, bytes]
    asked: list[tuple[str, str]]
    ranges = True
    tags = True
    fail_after: int | None = None

    def do_HEAD(self) -> None:
        self._answer(send=False)

    def do_GET(self) -> None:
        self._answer(send=True)

    def _answer(self, *, send: bool) -> None:
        name = self.path.partition("?")[0]
        part = self.headers.get("Range", "") if self.ranges else ""
        self.asked.append((self.command, part))
        if name not in self.files:
            self.send_error(404)
            return
        data = self.files[name]
        found = re.fullmatch(r"bytes=(\d+)-(\d*)", part)
        start = int(found[1]) if found else 0
        stop = int(found[2]) + 1 if found and found[2] else len(data)
        self.send_response(206 if found else 200)
        if self.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if found:
            self.send_header("Content-Range", f"bytes {start}-{min(stop, len(data)) - 1}/{len(data)}")
        if self.tags:
            self.send_header("ETag", f'"{hash(data)}"')
        self.send_header("Content-Length", str(len(data[start:stop])))
        self.end_headers()
        if send:
            body = data[start:stop]
            if self.fail_after is not None and start + len(body) > self.fail_after:
                self.wfile.write(body[: max(0, self.fail_after - start)])
                self.close_connection = True
                return
            self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


@contextmanager
def serving(files: dict[str, bytes], **settings: Any) -> Iterator[tuple[str, Any]]:
    handler = type("Handler", (Server,), {"files": files, "asked": [], **settings})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", handler
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_file_a_pattern_and_a_folder_of_a_memory_file_system(memory: Any) -> None:
    memory.pipe("/dumps/a.jsonl", b"\n".join(LINES[:2]))
    memory.pipe("/dumps/deep/b.gz", gzip.compress(b"\n".join(LINES[2:])))
    memory.pipe("/dumps/.hidden", b"not read")
    one = ln.read("memory://dumps/a.jsonl")
    assert (len(one), one.sources) == (6, ("memory:///dumps/a.jsonl",))
    assert len(ln.read("memory://dumps/*/*.gz")) == 12
    both = ln.read("memory://dumps")
    assert len(both) == 18
    assert [f.source for f in both.load_report.files] == ["memory:///dumps/a.jsonl", "memory:///dumps/deep/b.gz"]
    local = [frame["record_id"] for frame in ln.frames(b"\n".join(LINES[:2]))]
    assert one.to_polars()["record_id"].sort().equals(local[0].sort())


@pytest.mark.parametrize("ranges", [True, False])
def test_https_and_its_kin(ranges: bool) -> None:
    with serving({"/dump.jsonl.gz": gzip.compress(DUMP)}, ranges=ranges) as (url, _):
        logs = ln.read(f"{url}/dump.jsonl.gz?signature=secret")
        assert len(logs) == 18
        assert logs.sources == (f"{url}/dump.jsonl.gz",)
        assert "secret" not in repr(logs) + str(logs.load_report)


def test_an_unchanged_file_is_not_fetched_again_and_a_changed_one_is() -> None:
    with serving({"/a": DUMP}) as (url, handler):
        assert len(ln.read(url + "/a")) == 18
        handler.asked.clear()
        assert len(ln.read(url + "/a")) == 18
        assert {method for method, _ in handler.asked} <= {"HEAD"}
        handler.files["/a"] = LINES[0]
        fsspec.filesystem("http").invalidate_cache()
        assert len(ln.read(url + "/a")) == 3


def test_without_a_tag_nothing_is_taken_for_unchanged() -> None:
    with serving({"/a": DUMP}, tags=False) as (url, handler):
        ln.read(url + "/a")
        handler.files["/a"] = LINES[0] + b" " * (len(DUMP) - len(LINES[0]))  # of the same size
        assert len(ln.read(url + "/a")) == 3


@pytest.mark.parametrize("ranges", [True, False])
def test_half_a_file_is_an_error_and_no_store(ranges: bool) -> None:
    with serving({"/a": DUMP}, ranges=ranges, fail_after=len(DUMP) // 2) as (url, handler):
        stores = len(ln.cache())
        with pytest.raises(ln.SourceError, match=r"/a: reading stopped at byte [\d,]+: .*; try again"):
            ln.read(url + "/a")
        assert len(ln.cache()) == stores
        handler.fail_after = None
        assert len(ln.read(url + "/a")) == 18


def test_mistakes_are_told() -> None:
    with serving({}) as (url, _), pytest.raises(ln.SourceError, match="/missing: no such file"):
        ln.read(url + "/missing?token=secret")
    with pytest.raises(ln.SourceError, match=r"http://127\.0\.0\.1:1/a cannot be reached") as caught:
        ln.read("http://user:secret@127.0.0.1:1/a?token=secret")
    assert "secret" not in str(caught.value)
    with pytest.raises(ln.SourceError, match=r"memory://nothing/here: no such file"):
        ln.read("memory://nothing/here")
    with pytest.raises(ln.SourceError, match=r"nosuch://x cannot be reached: .*nosuch"):
        ln.read("nosuch://x")


def test_parquet_is_read_in_parts(tmp_path: Any) -> None:
    table = pl.DataFrame({"ts": [1_700_000_000, 1_700_000_001], "msg": ["a", "b"]})
    table.write_parquet(tmp_path / "x.parquet")
    with serving({"/x": (tmp_path / "x.parquet").read_bytes()}) as (url, handler):
        assert ln.read(url + "/x").to_polars()["body"].to_list() == ["a", "b"]
        assert {part != "" for method, part in handler.asked if method == "GET"} == {True}
