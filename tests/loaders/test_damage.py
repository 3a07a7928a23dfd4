"""Damage costs what it touches: every record that stands whole loads, every byte is accounted for."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from making import as_json, be32, check, gzipped, json_line, load, request, requests, size, varint, zstd

from lognb.loaders.json_text import documents

if TYPE_CHECKING:
    from collections.abc import Callable

REQUESTS = requests(5, 3)
MESSAGES = [r.SerializeToString() for r in REQUESTS]
LINES = [json_line(r) for r in REQUESTS]
RECORDS = [record for r in REQUESTS for s in r.resource_logs[0].scope_logs for record in s.log_records]
BODIES = [record.body.string_value for record in RECORDS]

PROTO = {"be32": be32(MESSAGES), "varint": varint(MESSAGES), "bare": b"".join(MESSAGES)}
JSON = {
    "lines": b"\n".join(LINES) + b"\n",
    "end to end": b"".join(LINES),
    "array": b"[" + b",".join(LINES) + b"]",
    "pretty": json.dumps(as_json(request(8)), indent=1).encode(),
    "be32 json": be32(LINES),
}
STREAMS = PROTO | JSON


def ends(name: str) -> list[tuple[int, str]]:
    """Where each record of a stream ends, and its body."""
    data, at, out = STREAMS[name], 0, []
    records = (
        [x for s in request(8).resource_logs[0].scope_logs for x in s.log_records] if name == "pretty" else RECORDS
    )
    for record in records:
        if name in PROTO:
            text = record.SerializeToString()
        elif name == "pretty":
            text = f'"spanId": "{record.span_id.hex()}"\n      }}'.encode()
        else:
            text = json.dumps(as_json(record), ensure_ascii=False, separators=(",", ":")).encode()
        at = data.index(text, at) + len(text)
        out.append((at, record.body.string_value))
    return out


@pytest.mark.parametrize("name", STREAMS)
def test_a_cut_keeps_what_is_before_it(name: str) -> None:
    data, stops = STREAMS[name], ends(name)
    units = MESSAGES if name in PROTO else LINES
    pack = {
        "be32": be32,
        "be32 json": be32,
        "varint": varint,
        "lines": b"\n".join,
        "array": lambda u: b"[" + b",".join(u),
    }
    wholes = [pack.get(name, b"".join)(units[:n]) for n in range(len(units) + 1)]  # what ends between units
    for cut in [*range(1, len(data), 50), len(data) - 1]:
        frame, report = load(data[:cut])
        assert frame["body"].to_list() == [body for end, body in stops if end <= cut], (cut, str(report))
        check(data[:cut], frame, report)
        (file,) = report.files
        at_an_end = data[:cut].rstrip(b"\n") in wholes
        assert bool(file.rejected) != at_an_end, (cut, str(report))


@pytest.mark.parametrize("name", ["be32", "lines", "bare"])
@pytest.mark.parametrize("pack", [gzipped, zstd], ids=["gzip", "zstd"])
def test_a_cut_in_compressed_bytes_keeps_what_came_before(name: str, pack: Callable[[bytes], bytes]) -> None:
    data = STREAMS[name]
    packed = pack(data)
    lost = 0
    for cut in range(20, len(packed), 97):
        frame, report = load(packed[:cut])
        (file,) = report.files
        assert frame["body"].to_list() == BODIES[: len(frame)]
        assert any("ends early" in r.reason for r in file.rejections), (cut, str(report))
        stream = data[: file.stream_bytes]
        assert len(frame) == sum(end <= len(stream) for end, _ in ends(name))
        lost += len(frame) < len(BODIES)
    assert lost


@pytest.mark.parametrize("name", STREAMS)
def test_garbage_in_one_record_costs_that_record(name: str) -> None:
    data, stops = STREAMS[name], ends(name)
    victim = len(stops) // 2
    _, body = stops[victim]
    at = data.index(json.dumps(body, ensure_ascii=name == "pretty")[1:-1].encode()) if name in JSON else 0
    # In protobuf the body's own length and tags are what hurts; in JSON a quote inside the text does.
    if name in PROTO:
        record = next(r for r in RECORDS if r.body.string_value == body).SerializeToString()
        at = data.index(record)
        damaged = data[:at] + b"\xff" * 9 + data[at + 9 :]
    else:
        damaged = data[:at] + b'"x"' + data[at + 3 :]
    frame, report = load(damaged)
    assert frame["body"].to_list() == [b for _, b in stops if b != body], str(report)
    assert report.files[0].rejected >= 1
    if name not in PROTO:
        assert report.files[0].rejected_records == 1
    check(damaged, frame, report)


@pytest.mark.parametrize("name", ["be32", "varint", "be32 json"])
@pytest.mark.parametrize("size", [0, 1, 2**31, 2**32 - 1, 0x7F7F7F7F], ids=hex)
def test_a_damaged_length_is_overcome(name: str, size: int) -> None:
    """The message behind a wrong length may be lost, those after it are not."""
    units = LINES if name == "be32 json" else MESSAGES
    head, tail = units[:2], units[3:]
    frame_ = varint if name == "varint" else be32
    length = size.to_bytes(4, "big") if name != "varint" else (size & 0x7F | 0x80).to_bytes(1, "big") + b"\x7f"
    data = frame_(head) + length + units[2] + frame_(tail)
    frame, report = load(data)
    bodies = frame["body"].to_list()
    assert [b for b in bodies if b not in BODIES[6:9]] == BODIES[:6] + BODIES[9:], str(report)
    assert report.files[0].rejected >= 1
    check(data, frame, report)


def test_rubbish_between_messages() -> None:
    for rubbish in (b"\x00" * 100, b"\xff" * 100, b"not a message at all", bytes(range(256))):
        for frame_ in (be32, varint):
            data = frame_(MESSAGES[:2]) + rubbish + frame_(MESSAGES[2:])
            frame, report = load(data)
            assert frame["body"].to_list() == BODIES, (rubbish[:5], frame_.__name__, str(report))
            # Zeros are empty messages: nothing of them is lost.
            assert bool(report.files[0].rejected_bytes) == any(rubbish)
            check(data, frame, report)


def test_a_damaged_zstd_message_costs_itself() -> None:
    for units in (MESSAGES, LINES):
        packed = [zstd(u) for u in units]
        bad = packed[2][:6] + b"\xff" * 8 + packed[2][14:]
        data = be32([*packed[:2], bad, *packed[3:]])
        frame, report = load(data)
        assert frame["body"].to_list() == BODIES[:6] + BODIES[9:]
        (lost,) = report.files[0].rejections
        assert (lost.position, lost.length) == (3, len(bad) + 4)
        assert "zstd frame is damaged" in lost.reason
        check(data, frame, report)


def test_a_damaged_frame_of_a_zstd_stream_costs_its_frame() -> None:
    packed = [zstd(line + b"\n") for line in LINES]
    bad = packed[2][:6] + b"\xff" * 8 + packed[2][14:]
    frame, report = load(b"".join([*packed[:2], bad, *packed[3:]]))
    assert set(frame["body"]) >= set(BODIES[:6] + BODIES[9:]), str(report)
    assert any("zstd frame is damaged" in r.reason for r in report.files[0].rejections)


def test_a_damaged_gzip_keeps_what_came_before() -> None:
    data = STREAMS["lines"]
    packed = bytearray(gzipped(data, 5))
    packed[len(packed) * 3 // 5] ^= 0xFF
    frame, report = load(bytes(packed))
    assert frame["body"].to_list() == BODIES[: len(frame)]
    assert 3 <= len(frame) < len(BODIES)
    assert any("gzip stream is damaged" in r.reason for r in report.files[0].rejections)


def test_bytes_behind_a_gzip_are_reported() -> None:
    frame, report = load(gzipped(STREAMS["lines"]) + b"some trailing text")
    assert frame["body"].to_list() == BODIES
    assert any("no gzip follow" in r.reason for r in report.files[0].rejections)
    assert not load(gzipped(STREAMS["lines"]) + b"\0" * 512)[1].files[0].rejected


@pytest.mark.parametrize("pack", [gzipped, zstd], ids=["gzip", "zstd"])
def test_a_bomb_is_refused_and_the_limit_named(pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lognb.loaders.streams.FREE", 1 << 20)
    data = LINES[0] + b"\n" + b" " * (8 << 20) + b"\n" + LINES[1] + b"\n"
    frame, report = load(pack(data), max_expansion=10)
    assert frame["body"].to_list() == BODIES[:3]
    assert any("max_expansion" in r.reason for r in report.files[0].rejections)
    assert report.files[0].stream_bytes < 4 << 20
    frame, report = load(pack(data), max_expansion=100_000)
    assert frame["body"].to_list() == BODIES[:6]
    assert not report.files[0].rejected


def test_a_bomb_in_one_message_is_refused() -> None:
    data = be32([zstd(MESSAGES[0]), zstd(b"\0" * (4 << 20)), zstd(MESSAGES[1])])
    frame, report = load(data, max_unit_bytes=1 << 20)
    assert frame["body"].to_list() == BODIES[:6]
    (lost,) = report.files[0].rejections
    assert "max_unit_bytes=1048576" in lost.reason
    check(data, frame, report)


@pytest.mark.parametrize("name", ["be32", "varint", "bare", "lines", "end to end", "pretty"])
def test_a_unit_beyond_the_limit_is_refused_and_can_be_raised(name: str) -> None:
    big = request(1, 99, body="x" * 300_000)
    units = [REQUESTS[0], big, REQUESTS[1]]
    if name in ("be32", "varint", "bare"):
        made = [r.SerializeToString() for r in units]
        data = {"be32": be32, "varint": varint, "bare": b"".join}[name](made)
    else:
        data = {"lines": b"\n", "end to end": b"", "pretty": b"\n"}[name].join(
            json.dumps(as_json(r), indent=1 if name == "pretty" else None).encode() for r in units
        )
    frame, report = load(data)
    assert len(frame) == 7, str(report)
    assert frame["body"].str.len_bytes().max() == 300_000
    frame, report = load(data, max_unit_bytes=100_000)
    assert frame["body"].to_list() == BODIES[:6], str(report)
    assert any("max_unit_bytes=100000" in r.reason for r in report.files[0].rejections), str(report)
    check(data, frame, report)


def test_a_body_of_50_mb_is_kept_whole() -> None:
    body = "0123456789 straße " * 2_700_000
    assert len(body.encode()) > 50_000_000
    one = request(1, body=body)
    for data in (json_line(one), be32([one.SerializeToString()])):
        frame, report = load(data)
        assert frame["body"][0] == body
        assert not report.files[0].rejected


def deep(levels: int, opening: str, inner: str, closing: str) -> bytes:
    nested = opening * levels + inner + closing * levels
    record = f'{{"timeUnixNano":"1","attributes":[{{"key":"a","value":{nested}}}]}}'
    return f'{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{record},{{"timeUnixNano":"2"}}]}}]}}]}}'.encode()


@pytest.mark.parametrize("levels", [90, 150, 1_000, 100_000])
def test_deep_json_does_not_break_the_reader(levels: int) -> None:
    data = LINES[0] + b"\n" + deep(levels, '{"arrayValue":{"values":[', '{"intValue":"1"}', "]}}") + b"\n" + LINES[1]
    frame, report = load(data)
    bodies = [b for b in frame["body"].to_list() if b]
    assert bodies == BODIES[:6]
    assert 2 in frame["timestamp"].cast(int).to_list(), str(report)
    deep_one = frame.filter(frame["timestamp"].cast(int) == 1)
    if not report.files[0].rejected and not report.files[0].notes:
        assert deep_one["attributes"][0] == '{"a":' + "[" * levels + "1" + "]" * levels + "}"
    else:
        assert levels > 100
    check(data, frame, report)


@pytest.mark.parametrize("levels", [40, 200, 20_000])
def test_deep_protobuf_does_not_break_the_reader(levels: int) -> None:
    value = b"\x18\x01"
    for _ in range(levels):
        array = b"\x0a" + size(len(value)) + value
        value = b"\x2a" + size(len(array)) + array
    pair = b"\x0a\x01a\x12" + size(len(value)) + value
    record = b"\x09" + (10**18).to_bytes(8, "little") + b"\x32" + size(len(pair)) + pair
    scope = b"\x12" + size(len(record)) + record
    resource = b"\x12" + size(len(scope)) + scope
    message = b"\x0a" + size(len(resource)) + resource
    data = be32([MESSAGES[0], message, MESSAGES[1]])
    frame, report = load(data)
    assert [b for b in frame["body"].to_list() if b] == BODIES[:6]
    assert len(frame) == 7, str(report)
    if levels == 40:
        assert frame["attributes"][3] == '{"a":' + "[" * 40 + "1" + "]" * 40 + "}"
    else:
        assert report.files[0].notes or report.files[0].rejected
    check(data, frame, report)


@pytest.mark.parametrize("block", [1000, 1013, 4096, 70_000])
@pytest.mark.parametrize("between", [b"", b"\n"])
def test_a_document_beyond_the_limit_is_given_up_to_the_next_start(block: int, between: bytes) -> None:
    small = [json_line(r).strip() for r in REQUESTS[:4]]
    texts = [*small[:2], json_line(request(1, 99, body='{{"resourceLogs": {{' + "x{{[" * 20_000)).strip(), *small[2:]]
    data = between.join(texts)
    blocks = iter([data[i : i + block] for i in range(0, len(data), block)])
    units = list(documents(blocks, 10_000))
    good = [u.data.strip() for u in units if not u.reason and len(u.data) <= 10_000]
    assert good == small
    stops = [0, *(u.offset + u.size for u in units)]
    starts = [*(u.offset for u in units), len(data)]
    assert b"".join(data[a:b] for a, b in zip(stops, starts, strict=True)).strip() == b""
    assert stops == sorted(stops)
    assert [u.position for u in units if not u.reason][-1] == (5 if between else 1)
