"""The OTLP part of a bundle is taken by a real Collector, and nothing of it is lost or changed there.

Each line is posted to its OTLP receiver, whose reader of JSON is the one that its receivers of files have, and its
file exporter writes what it understood. That is compared as JSON, and by reading it.
"""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.request
import zipfile
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from polars.testing import assert_frame_equal

import lognb as ln
from driver import build
from driver.processes import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.slow

CONFIG = """
receivers: {otlp: {protocols: {http: {endpoint: "127.0.0.1:${env:PORT}"}}}}
exporters: {file: {path: "${env:OUT}", format: json}}
service:
  telemetry: {logs: {level: warn}, metrics: {level: none}}
  pipelines:
    logs: &all {receivers: [otlp], exporters: [file]}
    traces: *all
"""
VALUES = [
    {"stringValue": "naïve \u0000 </script> 😀"}, {"stringValue": ""}, {"boolValue": False}, {"intValue": "0"},
    {"intValue": str(-(2**63))}, {"doubleValue": 7.0}, {"doubleValue": "NaN"}, {"doubleValue": "-Infinity"},
    {"doubleValue": 1e-7}, {"bytesValue": "AP8="},
    {"arrayValue": {"values": [{"intValue": "1"}, {"arrayValue": {"values": []}}, {}]}},
    {"kvlistValue": {"values": [{"key": "$double", "value": {"stringValue": "NaN"}}]}}, {},
]  # fmt: skip
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def odd() -> bytes:
    """A record with each kind of value as body and as attribute, a repeated key; a span with events and links."""
    pairs = [{"key": f"k{i}", "value": value} for i, value in enumerate(VALUES)]
    records = [
        {"timeUnixNano": str(1793696400000000001 + i), "body": value, "attributes": [*pairs[i:], pairs[-1]],
         "severityNumber": i % 25, "traceId": TRACE, "spanId": SPAN, "flags": i % 2, "eventName": "e" * (i % 3),
         "droppedAttributesCount": i} for i, value in enumerate(VALUES)
    ]  # fmt: skip
    span = {
        "traceId": TRACE, "spanId": SPAN, "parentSpanId": SPAN[::-1], "name": "GET /", "kind": 3, "traceState": "a=b",
        "startTimeUnixNano": "1793696400000000001", "endTimeUnixNano": "1793696400000000009", "attributes": pairs,
        "status": {"code": 2, "message": "no"}, "flags": 257, "droppedAttributesCount": 3,
        "events": [{"timeUnixNano": "1793696400000000002", "name": "x", "attributes": pairs}],
        "links": [{"traceId": TRACE[::-1], "spanId": SPAN[::-1], "attributes": pairs, "flags": 1}],
    }  # fmt: skip
    scope = {"name": "s", "version": "1", "attributes": pairs}
    return json.dumps({
        "resourceLogs": [{"resource": {"attributes": pairs}, "scopeLogs": [{"scope": scope, "logRecords": records}]}],
        "resourceSpans": [{"resource": {"attributes": pairs}, "scopeSpans": [{"scope": scope, "spans": [span]}]}],
    }).encode()  # fmt: skip


def through_a_collector(folder: Path, signals: dict[str, list[bytes]]) -> list[dict[str, Any]]:
    """The requests that a Collector wrote of those it was sent."""
    port, out, config = free_port(), folder / "out.jsonl", folder / "collector.yaml"
    config.write_text(CONFIG, encoding="utf-8")
    command = [str(build.collector(build.HERE.parents[1] / "build" / "capture")), "--config", str(config)]
    with (folder / "said").open("wb") as said:
        running = subprocess.Popen(
            command, stdout=said, stderr=said, env={**os.environ, "PORT": str(port), "OUT": str(out)}
        )
    try:
        for signal, lines in signals.items():
            for line in lines:
                post(f"http://127.0.0.1:{port}/v1/{signal}", line, running)
    finally:
        running.terminate()
        running.wait(20)
    assert (folder / "said").read_text(encoding="utf-8") == ""
    return [json.loads(line) for line in out.read_bytes().splitlines()]


def post(url: str, line: bytes, running: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(url, line, {"Content-Type": "application/json"})
    deadline = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                assert json.loads(answer.read() or b"{}").get("partialSuccess", {}) == {}
                return
        except urllib.error.HTTPError:
            raise
        except OSError:
            assert running.poll() is None, "the Collector did not start"
            assert time.monotonic() < deadline
            time.sleep(0.1)


def items(requests: list[dict[str, Any]]) -> Counter[str]:
    """Each record and span with its resource and scope, as JSON of one form: what is absent, empty or 0 left out."""
    found: Counter[str] = Counter()
    for request in requests:
        for kind, scopes, members in (
            ("resourceLogs", "scopeLogs", "logRecords"),
            ("resourceSpans", "scopeSpans", "spans"),
        ):
            for owner in request.get(kind, ()):
                for scope in owner[scopes]:
                    around = {"resource": owner["resource"], "scope": scope.get("scope", {})}
                    found.update(json.dumps(_plain({**around, "of": i}), sort_keys=True) for i in scope[members])
    return found


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1 and next(iter(value)).endswith("Value"):  # an AnyValue of "" or 0 is there
        return {name: float(item) if name == "doubleValue" else _plain(item) for name, item in value.items()}
    kept = {name: _plain(item) for name, item in value.items()}
    return {name: item for name, item in kept.items() if item not in ("", 0, [], {}, None)}


@pytest.fixture(scope="module")
def bundle(samples: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Any, Path]]:
    if build.find("go") is None:
        pytest.skip(build.NEEDED["go"])
    folder = tmp_path_factory.mktemp("collector")
    (folder / "odd.json").write_bytes(odd())
    shop, few = ln.read(samples / "shop.json.zst"), ln.read(folder / "odd.json")
    path = ln.Report("x").add(shop.between("+1m", "+80s").volume(), few.volume()).save(folder / "x.zip")
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(folder, [n for n in zipped.namelist() if n.startswith("otlp")])
    return ln.open_bundle(path), folder


@pytest.mark.parametrize("number", [0, 1], ids=["shop", "odd"])
def test_a_collector_takes_every_record_and_span_as_it_is(
    bundle: tuple[Any, Path], tmp_path: Path, number: int
) -> None:
    opened, folder = bundle
    part = folder / ("otlp-2" if number else "otlp")
    signals = {signal: (part / f"{signal}.jsonl").read_bytes().splitlines() for signal in ("logs", "traces")}
    taken = through_a_collector(tmp_path, signals)
    sent, got = items([json.loads(line) for lines in signals.values() for line in lines]), items(taken)
    assert list(sent - got)[:2] == []
    assert list(got - sent)[:2] == []
    kept, again = opened.all_logs[number], ln.read(tmp_path / "out.jsonl")
    assert got.total() == len(kept) + kept.spans.height > 10
    place = ("record_id", "source", "source_position")
    by = ["time", "body", "attributes"]
    assert_frame_equal(again.to_polars().drop(place).sort(by), kept.to_polars().drop(place).sort(by))
    by = ["trace_id", "span_id"]
    assert_frame_equal(again.spans.drop(place[1:]).sort(by), kept.spans.drop(place[1:]).sort(by))
