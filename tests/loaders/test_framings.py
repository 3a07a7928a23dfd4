"""One content in every framing and compression loads equal; record ids outlive the forms that keep the stream."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest
from making import as_json, be32, check, gzipped, json_line, load, request, requests, unplaced, varint, zstd
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from lognb.loaders import Source, expand

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

REQUESTS = requests(6, 4)
MESSAGES = [r.SerializeToString() for r in REQUESTS]
LINES = [json_line(r) for r in REQUESTS]

# name: (stream, format, framing)
STREAMS = {
    "bare": (b"".join(MESSAGES), "protobuf", "bare"),
    "be32": (be32(MESSAGES), "protobuf", "be32"),
    "varint": (varint(MESSAGES), "protobuf", "varint"),
    "lines": (b"\n".join(LINES) + b"\n", "json", "documents"),
    "end to end": (b"".join(LINES), "json", "documents"),
    "array": (b"[" + b",".join(LINES) + b"]", "json", "documents"),
    "pretty": (b"\n".join(json.dumps(as_json(r), indent=2).encode() for r in REQUESTS), "json", "documents"),
    "be32 json": (be32(LINES), "json", "be32"),
    "be32 zstd": (be32([zstd(m) for m in MESSAGES]), "protobuf", "be32 zstd"),
    "be32 zstd json": (be32([zstd(m) for m in LINES]), "json", "be32 zstd"),
}
COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "plain": lambda data: data,
    "gzip": gzipped,
    "gzip, members": lambda data: gzipped(data, 5),
    "zstd": zstd,
    "zstd, frames": lambda data: zstd(data, 5),
    "zstd in gzip": lambda data: gzipped(zstd(data, 2), 3),
    "gzip in zstd": lambda data: zstd(gzipped(data, 3), 2),
}


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("name", STREAMS)
def test_every_form_loads_equal(name: str, compression: str) -> None:
    data, format_, framing = STREAMS[name]
    frame, report = load(COMPRESSIONS[compression](data))
    (file,) = report.files
    assert (file.records, file.rejected, file.notes) == (24, 0, {}), str(report)
    assert unplaced(frame).equals(unplaced(load(STREAMS["be32"][0])[0]))
    assert (file.format, file.framing, file.units) == (format_, framing, 1 if name == "array" else 6)
    assert bool(file.compression) == (compression != "plain")
    assert file.stream_bytes == len(data)
    assert file.accepted_bytes <= file.stream_bytes
    check(data, frame, report)


@pytest.mark.parametrize("name", STREAMS)
def test_ids_outlive_compression(name: str) -> None:
    data = STREAMS[name][0]
    ids = load(data)[0]["record_id"]
    assert ids.n_unique() == 24
    for make in COMPRESSIONS.values():
        assert load(make(data))[0]["record_id"].equals(ids)


def test_ids_outlive_renaming_appending_and_other_files(tmp_path: Path) -> None:
    data, more = STREAMS["lines"][0], json_line(request(2, 100)) + b"\n"
    ids = load(data)[0]["record_id"].to_list()
    (tmp_path / "a.jsonl").write_bytes(data)
    (tmp_path / "renamed.log").write_bytes(data)
    (tmp_path / "longer").write_bytes(data + more)
    for name in ("a.jsonl", "renamed.log", "longer"):
        assert load(Source(name, tmp_path / name))[0]["record_id"].to_list()[:24] == ids
    both = load(more, data, STREAMS["be32"][0])[0]
    assert both["record_id"].to_list()[2:26] == ids
    assert both["record_id"].n_unique() == len(both)


def test_ids_are_the_same_in_any_order_of_files_and_apart() -> None:
    files = [be32(MESSAGES[i : i + 2]) for i in (0, 2, 4)] + [b"\n".join(LINES[i : i + 3]) for i in (0, 3)]
    together = set(load(*files)[0]["record_id"])
    shuffled = random.Random(4).sample(files, len(files))
    assert set(load(*shuffled)[0]["record_id"]) == together
    assert {i for f in files for i in load(f)[0]["record_id"]} == together
    assert len(together) == 48


def test_equal_requests_get_ids_of_their_own() -> None:
    for data in (be32([MESSAGES[0]] * 3), LINES[0] + b"\n" + LINES[0], MESSAGES[0] * 2, LINES[0] * 2):
        frame = load(data)[0]
        assert frame["record_id"].n_unique() == len(frame) > 4


@pytest.mark.parametrize("name", STREAMS)
def test_chunks_and_workers_change_nothing(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = STREAMS[name][0]
    frame, report = load(data)
    if name in ("lines", "be32"):
        assert load(data, workers=2)[0].equals(frame)
    monkeypatch.setattr("lognb.loaders.load.CHUNK", {"json": 1, "protobuf": 1})
    small, small_report = load(data)
    assert small.equals(frame)
    assert small_report.to_dict() == report.to_dict()


@pytest.mark.parametrize("block", [1, 7, 64, 1000])
def test_blocks_of_reading_change_nothing(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = {name: load(data)[0] for name, (data, _, _) in STREAMS.items()}
    monkeypatch.setattr("lognb.loaders.streams.BLOCK", block)
    for name in STREAMS if block > 1 else ["be32", "lines", "be32 zstd"]:
        data = STREAMS[name][0]
        for make in (COMPRESSIONS["plain"], COMPRESSIONS["gzip, members"], COMPRESSIONS["zstd, frames"]):
            assert load(make(data))[0].equals(plain[name]), name


def test_names_do_not_matter(tmp_path: Path) -> None:
    """By content, never by file name."""
    for i, (name, (data, _, _)) in enumerate(STREAMS.items()):
        path = tmp_path / f"{i}.csv.gz"
        path.write_bytes(data)
        assert len(load(Source(str(path), path))[0]) == 24, name


def _of_size(n: int, service: bool = True) -> bytes:
    message = ExportLogsServiceRequest()
    record = message.resource_logs.add().scope_logs.add().log_records.add(time_unix_nano=1_764_000_000 * 10**9)
    if service:
        message.resource_logs[0].resource.attributes.add(key="service.name").value.string_value = "a"
    while len(message.SerializeToString()) < n:
        record.body.string_value += "a"
    return message.SerializeToString()


@pytest.mark.parametrize("n", [91, 93, 123, 125])
@pytest.mark.parametrize("service", [True, False])
def test_a_length_that_is_a_bracket_is_no_json(n: int, service: bool) -> None:
    data = _of_size(n, service)
    for stream, count in ((data, 1), (varint([data] * 5), 5)):
        assert len(load(stream)[0]) == count


def test_empty_messages_in_front() -> None:
    for empty in (1, 2, 5):
        frame, report = load(be32([b""] * empty + [_of_size(200)] * 2))
        assert len(frame) == 2
        assert report.files[0].rejected == 0


def test_a_link_that_leads_back_up_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.json").write_bytes(json_line(request(2)))
    (tmp_path / "sub/loop").symlink_to(tmp_path)
    assert [s.path for s in expand([tmp_path])] == [tmp_path / "a.json"]
