"""What the ledgers say against what lognb read, field by field.

Records carry no id of their own, so both sides are compared as bags of whole records: every field of every record has
to be the same, and what is left on either side is a difference. Times to the nanosecond make nearly all of them unique.
"""

from __future__ import annotations

import base64
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from driver.ledgers import Ledgers

LEVELS = ("trace", "debug", "info", "warn", "error", "fatal")


def said(ledgers: Ledgers) -> Counter[str]:
    """The records as the programs gave them to their SDKs, in the fields of lognb."""
    return Counter(_as_sent(line) for line in ledgers.logs)


def said_lines(ledgers: Ledgers) -> Counter[str]:
    """The lines of text as a line-wise collector sends them."""
    return Counter(
        _whole({
            "body": line["body"], "body_type": "string", "severity": "unspecified", "service_name": "worker",
            "attributes": {"log.file.name": line["file"]},
            "resource": {"service.name": "worker", "k8s.node.name": line["node"], "host.name": line["node"],
                         "log.iostream": "stderr"},
        })
        for line in ledgers.lines
    )  # fmt: skip


def read(frame: pl.DataFrame) -> Counter[str]:
    """The same from a frame of all records that the programs sent."""
    times = frame.select(timestamp=frame["timestamp"].cast(int), observed=frame["observed_timestamp"].cast(int))
    return Counter(
        _whole({
            "resource": json.loads(row["resource"]), "scope": [row["scope_name"], row["scope_version"]],
            "time": time, "observed": observed, "severity_number": row["severity_number"],
            "severity_text": row["severity_text"], "severity": row["severity"], "service": row["service_name"],
            "body": row["body"], "body_type": row["body_type"], "attributes": json.loads(row["attributes"]),
            "event_name": row["event_name"], "trace_id": row["trace_id"], "span_id": row["span_id"],
            "flags": row["trace_flags"] or 0, "dropped": row["dropped_attributes_count"] or 0,
            "session": row["session_id"], "user": row["user_id"],
        })
        for row, (time, observed) in zip(frame.iter_rows(named=True), times.iter_rows(), strict=True)
    )  # fmt: skip


def read_lines(frame: pl.DataFrame) -> Counter[str]:
    """The same from a frame of the records made from lines of text."""
    columns = ("body", "body_type", "severity", "service_name")
    return Counter(
        _whole({**{c: row[c] for c in columns}, "attributes": json.loads(row["attributes"]),
                "resource": json.loads(row["resource"])})
        for row in frame.iter_rows(named=True)
    )  # fmt: skip


def said_spans(ledgers: Ledgers) -> Counter[str]:
    """The spans as the programs ended them."""
    return Counter(
        _whole({**{c: line[c] for c in ("trace_id", "span_id", "name", "service", "status", "attributes", "events")},
                "parent": line["parent"] or None, "times": [int(line["start"]), int(line["end"])]})
        for line in ledgers.spans
    )  # fmt: skip


def read_spans(frame: pl.DataFrame) -> Counter[str]:
    """The same from a frame of spans; of its events, how many."""
    times = frame.select(start=frame["start"].cast(int), end=frame["end"].cast(int))
    return Counter(
        _whole({
            "trace_id": row["trace_id"], "span_id": row["span_id"], "parent": row["parent_span_id"],
            "name": row["name"], "times": list(time), "service": row["service_name"], "status": row["status_code"],
            "attributes": json.loads(row["attributes"]), "events": len(json.loads(row["events"] or "[]")),
        })
        for row, time in zip(frame.iter_rows(named=True), times.iter_rows(), strict=True)
    )  # fmt: skip


def _as_sent(line: dict[str, Any]) -> str:
    number, word = line["severity"]
    attributes, resource = line["attributes"], line["resource"]
    kind, body = _body(line["body"])
    return _whole({
        "resource": resource, "scope": [line["scope"][0], line["scope"][1] or None],
        "time": int(line["time"]) or None, "observed": int(line["observed"]) or None, "severity_number": number,
        "severity_text": word, "severity": LEVELS[(number - 1) // 4] if number else "unspecified",
        "service": resource["service.name"], "body": body, "body_type": kind, "attributes": attributes,
        "event_name": line["event_name"] or None, "trace_id": line["trace_id"] or None,
        "span_id": line["span_id"] or None, "flags": line["flags"], "dropped": line["dropped"],
        "session": attributes.get("session.id"), "user": attributes.get("user.id"),
    })  # fmt: skip


def _body(value: Any) -> tuple[str, str]:
    """The type and the text of a body, as the table "The record" in ARCHITECTURE.md promises them."""
    if isinstance(value, str):
        return "string", value
    if isinstance(value, dict) and set(value) == {"$bytes"}:
        return "bytes", base64.b64encode(base64.b64decode(value["$bytes"])).decode()
    kind = {dict: "kvlist", list: "array"}[type(value)]  # the shop logs no other bodies
    return kind, json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _whole(record: dict[str, Any]) -> str:
    """One text for one record; the order of keys is nobody's promise, 1 and 1.0 stay apart."""
    return json.dumps(record, ensure_ascii=False, sort_keys=True)
