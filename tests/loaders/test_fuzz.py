"""Mutated dumps: no crash, no hang, every byte accounted for, only valid JSON in the columns."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING

import pytest
from making import be32, check, gzipped, json_line, load, request, varint, zstd

if TYPE_CHECKING:
    from collections.abc import Callable

LOGS = request(3)
NESTED = LOGS.resource_logs[0].scope_logs[0].log_records[0]
for _ in range(2):  # a nested attribute, a kvlist and bytes
    pair = NESTED.attributes.add(key="nested")
    pair.value.array_value.values.add(int_value=5)
    pair.value.array_value.values.add().kvlist_value.values.add(key="k").value.bytes_value = b"\x00\xff"
MESSAGE, LINE = LOGS.SerializeToString(), json_line(LOGS)
TOKENS = [
    b'"', b"\\", b"{", b"}", b"[", b"]", b",", b":", b"null", b"NaN", b"1e999", b"-", b"\\ud800", b"\xff", b"\n",
    b"\0", b"0" * 30, b'{"a":', b'"body":', b'"logRecords":[', b"\xef\xbb\xbf", b"true",
]  # fmt: skip


def mutate(data: bytes, rng: random.Random) -> bytes:
    """One to four small accidents: bits, bytes, cuts, repeats, tokens."""
    out = bytearray(data)
    for _ in range(rng.choice([1, 1, 1, 2, 4])):
        at = rng.randrange(len(out) + 1)
        kind = rng.randrange(7)
        if kind == 0 and out:
            out[at % len(out)] ^= 1 << rng.randrange(8)
        elif kind == 1 and out:
            out[at % len(out)] = rng.randrange(256)
        elif kind == 2:
            del out[at : at + rng.choice([1, 2, 8, 50])]
        elif kind == 3:
            out[at:at] = out[at : at + rng.choice([1, 4, 40])]
        elif kind == 4:
            out[at:at] = rng.choice(TOKENS)
        elif kind == 5:
            out[at : at + 4] = rng.choice([b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff", b"\x80\x80\x80\x80"])
        else:
            del out[rng.randrange(len(out) + 1) :]
    return bytes(out)


def batch(units: list[bytes], pack: Callable[[list[bytes]], bytes], bound: float) -> None:
    """Many mutated units in one stream, between two whole ones that must load."""
    guard = request(1, 7_000)
    edge = guard.SerializeToString() if pack is be32 else json_line(guard)
    data = pack([edge, *units, edge])
    started = time.perf_counter()
    frame, report = load(data)
    assert time.perf_counter() - started < bound
    check(data, frame, report)
    assert (frame["body"] == "order 7000 was paid: straße").sum() >= 2, str(report)[:2000]


def lines(units: list[bytes]) -> bytes:
    return b"\n".join(units) + b"\n"


def run_units(n: int, seed: int) -> None:
    """Whole framing, mutated content; 100 units a stream."""
    rng = random.Random(seed)
    for _ in range(0, n, 100):
        batch([mutate(MESSAGE, rng) or b"\n" for _ in range(100)], be32, 5)
        batch([mutate(LINE, rng).replace(b"\n", b" ") for _ in range(100)], lines, 5)


def run_streams(n: int, seed: int) -> None:
    """Small streams of every form, mutated anywhere: framing, compression, content."""
    rng = random.Random(seed)
    small = [request(1, i).SerializeToString() for i in range(3)]
    texts = [json_line(request(1, i)) for i in range(3)]
    forms = [
        b"".join(small), be32(small), varint(small), lines(texts), b"".join(texts), b"[" + b",\n".join(texts) + b"]",
        be32([zstd(m) for m in small]), be32([zstd(m) for m in texts]), zstd(lines(texts), 2),
        gzipped(be32(small), 2), be32(texts),
    ]  # fmt: skip
    for i in range(n):
        data = mutate(forms[i % len(forms)], rng)
        started = time.perf_counter()
        frame, report = load(data)
        assert time.perf_counter() - started < 2, data
        if not report.files[0].compression:
            check(data, frame, report)


def test_mutated_messages_and_lines() -> None:
    run_units(9_000, seed=1)


def test_mutated_streams() -> None:
    run_streams(2_200, seed=2)


@pytest.mark.soak
def test_mutated_for_long() -> None:
    for seed in range(1_000, 1_200):
        run_units(9_000, seed)
        run_streams(2_200, seed)
