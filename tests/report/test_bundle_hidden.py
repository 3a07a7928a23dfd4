"""A redacted bundle holds nothing that was hidden, in any of its files, and is not written if it would."""

from __future__ import annotations

import gzip
import io
import json
import re
import zipfile
from typing import TYPE_CHECKING

import polars as pl
import pytest

import lognb as ln
from lognb.errors import LognbError
from lognb.redaction import Redaction

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

USERS = ("customer-8841207", "customer-3310946")
MAIL, ADDRESS, KEY = "ann.smith@shop.example", "192.0.2.117", "AKIAIOSFODNN7QXAMPLE"
SECRETS = (*USERS, MAIL, ADDRESS, KEY)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> ln.Logs:
    def pair(key: str, value: str) -> dict[str, object]:
        return {"key": key, "value": {"stringValue": value}}

    records = [
        {"timeUnixNano": str(1793696400000000000 + i * 10**9), "severityNumber": 17 if i % 3 else 9,
         "traceId": f"{i // 2 + 1:032x}", "body": {"stringValue": f"login of {USERS[i % 2]} <{MAIL}> from {ADDRESS}"},
         "attributes": [pair("user.id", USERS[i % 2]), pair(f"seen.{MAIL}", "x"), pair("aws.key", KEY),
                        pair("session.id", f"0198-{i % 2}")]} for i in range(40)
    ]  # fmt: skip
    spans = [{"traceId": f"{1:032x}", "spanId": f"{1:016x}", "name": f"GET /u/{MAIL}", "kind": 2,
              "startTimeUnixNano": "1793696400000000000", "endTimeUnixNano": "1793696400000000009",
              "attributes": [pair("client.address", ADDRESS)]}]  # fmt: skip
    played = [
        {
            "type": 4,
            "timestamp": 1793696400000,
            "data": {"href": f"https://x.example/?mail={MAIL}", "width": 1, "height": 1},
        },
        {"type": 5, "timestamp": 1793696401000, "data": {"tag": "note", "payload": f"{USERS[0]} {ADDRESS}"}},
    ]
    folder = tmp_path_factory.mktemp("hidden")
    resource = {"attributes": [pair("host.ip", ADDRESS)]}
    (folder / f"dump of {MAIL}.json").write_text(json.dumps({
        "resourceLogs": [{"resource": resource, "scopeLogs": [{"logRecords": records}]}],
        "resourceSpans": [{"resource": resource, "scopeSpans": [{"spans": spans}]}],
    }))  # fmt: skip
    (folder / "0198-0.json").write_text(json.dumps(played))
    logs = ln.read(folder)
    logs.pin(logs.head(1)["record_id"][0], f"it was {MAIL}")
    logs.mark("+5s", f"blocked {ADDRESS}", who=MAIL)
    return logs


def inside(path: Path) -> Iterator[tuple[str, str]]:
    """Every file of a zip as text, names included; of Parquet all its cells, unpacked where they are packed."""
    with zipfile.ZipFile(path) as zipped:
        for name in zipped.namelist():
            data = zipped.read(name)
            if not name.endswith(".parquet"):
                yield name, name + data.decode()
                continue
            frame = pl.read_parquet(io.BytesIO(data))
            if "data" in frame.columns:
                frame = frame.with_columns(pl.col("data").map_elements(_unzipped, return_dtype=pl.String))
            yield name, repr(frame.columns) + repr(frame.to_dicts())


def _unzipped(data: bytes) -> str:
    return gzip.decompress(data).decode()


def report(logs: ln.Logs, **options: object) -> ln.Report:
    made = ln.Report(f"What {MAIL} saw", authors=MAIL, **options)  # type: ignore[arg-type]
    made.add(f"*{ADDRESS}* was seen", logs.facets("user.id"), logs.where(f'"{USERS[0]}"').volume(), note=KEY)
    return made.pins(logs)


def test_nothing_hidden_is_in_any_file(logs: ln.Logs, tmp_path: Path) -> None:
    plain = dict(inside(report(logs).save(tmp_path / "plain.zip")))
    holding = {name for name, text in plain.items() if any(s in text for s in SECRETS)}
    assert {"manifest.json", "README.md", "notes.json", "report.html", "report.ipynb", "report/blocks.json",
            "otlp/logs.jsonl", "otlp/traces.jsonl", "records/manifest.json", "records/logs-00000.parquet",
            "records/spans.parquet", "records/recordings.parquet", "records/sources.parquet",
            "recordings/0198-0.json"} <= holding  # fmt: skip
    hidden = dict(inside(report(logs, redact=True).save(tmp_path / "x.zip")))
    assert plain.keys() <= hidden.keys()
    assert [(name, s) for name, text in hidden.items() for s in SECRETS if s in text] == []


def test_what_belonged_together_still_does(logs: ln.Logs, tmp_path: Path) -> None:
    bundle = ln.open_bundle(report(logs, redact=True).save(tmp_path / "x.zip"))
    assert bundle.manifest["redacted"]
    assert {told["kind"] for told in bundle.manifest["hidden"]} >= {"email", "ip"}
    assert bundle.report.document().redacted
    assert bundle.report.blocks[-1].kind == "audit"
    columns = ["record_id", "time", "trace_id", "session_id"]
    assert bundle.logs.to_polars(columns).equals(logs.to_polars(columns))
    # Frames, queries and records speak of the same people.
    users = set(bundle.logs.to_polars(["user_id"])["user_id"])
    assert len(users) == 2
    assert set(bundle.report.blocks[1].frames["rows"].frame["value"].drop_nulls()) == users
    asked = bundle.report.blocks[2].origin
    assert asked is not None
    assert len(asked.logs) == len(logs.where(f'"{USERS[0]}"')) == 20
    assert bundle.logs.pins["record_id"].to_list() == logs.pins["record_id"].to_list()
    assert bundle.logs.pins["body"][0] in bundle.logs.to_polars(["body"])["body"]
    assert bundle.logs.recordings.height == 1


def test_a_leak_is_named_and_nothing_is_written(logs: ln.Logs, tmp_path: Path) -> None:
    """The name of the file itself is what is to be hidden, and the bundle says how it is opened."""
    with pytest.raises(LognbError, match=r"nothing was saved: (README.md|report.ipynb) would still hold .*user"):
        report(logs, redact=True).save(tmp_path / f"{USERS[0]}.zip")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("session", ["48213", "sess-abc1"])
def test_sessions_are_hidden_where_the_rules_name_them(session: str, tmp_path: Path) -> None:
    record = {"time": "2026-11-03T09:00:00Z", "level": "error", "msg": "m", "session_id": session}
    logs = ln.read(json.dumps(record).encode(), progress=False)
    logs.pin(logs.head(1)["record_id"][0], "here")
    report = ln.Report("x", redact=Redaction(fields=["session_id"]))
    report.pins(logs)
    report.add(logs.session(session), logs.where(f"session={session}").volume())
    with zipfile.ZipFile(report.save(tmp_path / "x.zip")) as made:
        for name in made.namelist():
            data = made.read(name)
            said = (
                repr(pl.read_parquet(data).to_dicts()) if name.endswith(".parquet") else data.decode("utf-8", "replace")
            )
            assert not re.search(rf"\b{session}\b", said), name
    opened = ln.open_bundle(tmp_path / "x.zip")
    kind, shown, _ = opened.report.blocks[1].facts["whose"]
    assert kind == "session"
    assert opened.logs.session(shown).frame.height == 1
