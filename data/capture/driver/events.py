"""What posthog-js sent, as PostHog's batch export would write it: one Parquet file of events.

Columns and types are those of the export's events model: `properties` and `person_properties` are JSON text, times are
microseconds in UTC. A person is a distinct id here, with an id made of it; nobody merges persons.
"""

from __future__ import annotations

import base64
import json
import urllib.parse
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TIME = pa.timestamp("us", "UTC")
SCHEMA = pa.schema([
    ("uuid", pa.string()), ("event", pa.string()), ("distinct_id", pa.string()), ("person_id", pa.string()),
    ("properties", pa.string()), ("person_properties", pa.string()), ("elements_chain", pa.string()),
    ("timestamp", TIME), ("created_at", TIME), ("_inserted_at", TIME),
])  # fmt: skip


def write(received: Path, path: Path) -> None:
    rows = sorted((_row(*pair) for pair in read(received)), key=lambda row: (row["created_at"], row["uuid"]))
    pq.write_table(pa.Table.from_pylist(rows, SCHEMA), path, compression="zstd")


def read(received: Path) -> Iterator[tuple[dict[str, Any], int]]:
    """Each event as the page sent it, and when it came in, in milliseconds."""
    for line in received.read_text(encoding="utf-8").splitlines():
        request = json.loads(line)
        body = request["body"]
        if body.startswith("data="):
            body = base64.b64decode(urllib.parse.unquote_plus(body[5:])).decode()
        said = json.loads(body)
        said = said.get("batch", [said]) if isinstance(said, dict) else said
        for event in said:
            yield event, request["received"]


def _row(event: dict[str, Any], received: int) -> dict[str, Any]:
    properties = dict(event["properties"])
    chain = properties.pop("$elements_chain", "")
    distinct = str(properties.get("distinct_id") or event.get("distinct_id"))
    arrived = datetime.fromtimestamp(received / 1000, UTC)
    sent = event.get("timestamp")
    person = {**event.get("$set_once", {}), **event.get("$set", {}), **properties.get("$set", {})}
    return {
        "uuid": event["uuid"], "event": event["event"], "distinct_id": distinct,
        "person_id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"person:{distinct}")),
        "properties": json.dumps(properties, ensure_ascii=False, separators=(",", ":")),
        "person_properties": json.dumps(person, ensure_ascii=False, separators=(",", ":")), "elements_chain": chain,
        "timestamp": datetime.fromisoformat(sent) if sent else arrived, "created_at": arrived, "_inserted_at": arrived,
    }  # fmt: skip
