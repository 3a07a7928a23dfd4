"""Small dumps whose every number is known."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import lognb as ln
from lognb.query import parse_time

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

NINE = parse_time("2026-11-03T09:00:00Z") or 0
NUMBERS = {"debug": 5, "info": 9, "warn": 13, "error": 17, "fatal": 21, "unspecified": 0}

Record = tuple[float | None, str, str | None, dict[str, Any]]
"""Seconds after nine (None: no time), severity, service, attributes."""


def dump(records: Iterable[Record]) -> bytes:
    """The records as OTLP JSON."""
    by_service: dict[str | None, list[dict[str, Any]]] = {}
    for seconds, severity, service, attributes in records:
        record: dict[str, Any] = {
            "severityNumber": NUMBERS[severity],
            "body": {"stringValue": "said"},
            "attributes": [{"key": k, "value": _value(v)} for k, v in attributes.items()],
        }
        if seconds is not None:
            record["timeUnixNano"] = str(NINE + round(seconds * 1e9))
        by_service.setdefault(service, []).append(record)
    return json.dumps({"resourceLogs": [_resource(s, r) for s, r in by_service.items()]}).encode()


@pytest.fixture
def load() -> Callable[[Iterable[Record]], ln.Logs]:
    return lambda records: ln.read(dump(records))


@pytest.fixture(scope="session")
def outage() -> ln.Logs:
    """20 minutes, a record every second; checkout fails from 09:08 to 09:11, web has an error a minute."""
    records: list[Record] = []
    for second in range(1200):
        service = "checkout" if second % 3 == 0 else "web"
        failing = service == "checkout" and 480 <= second < 660
        severity = "error" if failing or second % 60 == 31 else "info"
        records.append((second, severity, service, {"route": "/pay" if service == "checkout" else f"/p{second % 20}"}))
    records += [(None, "warn", None, {}), (None, "warn", None, {})]
    return ln.read(dump(records))


def _resource(service: str | None, records: list[dict[str, Any]]) -> dict[str, Any]:
    attributes = [] if service is None else [{"key": "service.name", "value": {"stringValue": service}}]
    return {"resource": {"attributes": attributes}, "scopeLogs": [{"logRecords": records}]}


def _value(value: Any) -> dict[str, Any]:
    return {"intValue": str(value)} if isinstance(value, int) else {"stringValue": value}
