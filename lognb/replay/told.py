"""What a recording's plugins and custom events say: console, network, words of the program."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from lognb.replay.items import item, number, path
from lognb.replay.page import dicts, one_line

_LINE: Final = 500  # characters of an item's text
_CONSOLE: Final = "rrweb/console@1"
_NETWORK: Final = "rrweb/network@1"
_NUMBERED: Final = "posthog/network@1"
# An older plugin of PostHog: one request an event, its members by number. Those of them that a row is made from.
_NUMBERS: Final = {
    "0": "entryType", "1": "timeOrigin", "2": "name", "3": "startTime", "15": "endTime", "18": "initiatorType",
    "21": "responseStatus", "22": "transferSize", "39": "duration", "40": "timestamp",
}  # fmt: skip
_SEVERITY: Final = {
    "error": "error", "assert": "error", "warn": "warn", "debug": "debug", "trace": "debug",
}  # fmt: skip


def plugin(time: float, data: dict[str, Any], window: Any) -> list[dict[str, Any]]:
    """Items of a plugin event; none of a plugin that is not known."""
    payload = data.get("payload")
    if not isinstance(payload, dict):
        return []
    if data.get("plugin") == _CONSOLE:
        return console(time, payload, window)
    if data.get("plugin") == _NETWORK:
        return [one for r in dicts(payload.get("requests")) for one in _request(time, r, window)]
    if data.get("plugin") == _NUMBERED:
        return _request(time, {name: payload[n] for n, name in _NUMBERS.items() if n in payload}, window)
    return []


def console(time: float, said: dict[str, Any], window: Any) -> list[dict[str, Any]]:
    """A call of the console: its arguments as one line, each a JSON text in the recording."""
    level = str(said.get("level") or "log")
    arguments = said.get("payload")
    words = [_argument(a) for a in arguments] if isinstance(arguments, list) else []
    trace = [line for line in said["trace"] if isinstance(line, str)] if isinstance(said.get("trace"), list) else None
    full = " ".join(words)
    return [
        item(time, "console", level, one_line(full, _LINE), severity=_SEVERITY.get(level, "info"), window=window,
             message=full if len(full) > _LINE or "\n" in full else None, trace=trace or None)
    ]  # fmt: skip


def custom(time: float, data: dict[str, Any], window: Any) -> list[dict[str, Any]]:
    """A custom event, by its tag."""
    tag = data.get("tag")
    if not isinstance(tag, str):
        return []
    return [item(time, "events", "custom", one_line(tag, _LINE), window=window, payload=data.get("payload"))]


def said(name: str, value: Any, checked: Any) -> str:
    """What was put into a field, on one line."""
    text = one_line(value) if isinstance(value, str) else ""
    if text in ("on", "off", "") and isinstance(checked, bool) and (text or checked):
        text = "checked" if checked else "not checked"
    return f"{name}: {text}" if name else text


def _argument(value: Any) -> str:
    if not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    try:
        decoded = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError):
        return value
    return decoded if isinstance(decoded, str) else value


def _request(time: float, r: dict[str, Any], window: Any) -> list[dict[str, Any]]:
    url = r.get("name") if isinstance(r.get("name"), str) else r.get("url")
    if not isinstance(url, str) or r.get("entryType") not in (None, "resource", "navigation"):
        return []  # paints and marks of the browser are no requests
    start, stop, origin = number(r.get("startTime")), number(r.get("endTime")), number(r.get("timeOrigin"))
    duration = number(r.get("duration"))
    if duration is None and start is not None and stop is not None and stop >= start:
        duration = stop - start
    at = number(r.get("timestamp"))
    if origin is not None and start is not None:
        at = origin + start
    elif at is None:
        at = time - (duration or 0)  # it is written down when it has ended
    # `status` is what the call got, 0 if it got nothing. A browser's timings say 0 for what another site's answer was.
    status = number(r.get("status")) if r.get("status") is not None else number(r.get("responseStatus")) or None
    method = str(r.get("method") or "GET").upper()
    shown = "" if status is None else " failed" if status == 0 else f" {status:.0f}"
    trace_id, span_id = _trace(r.get("requestHeaders"))
    return [
        item(
            at, "network", method, one_line(f"{method} {path(url)}", _LINE) + shown,
            end_ms=None if duration is None else at + duration, severity=_worst(status), trace_id=trace_id,
            span_id=span_id, window=window, method=method, url=url, status=status, duration_ms=duration,
            initiator=r.get("initiatorType"), bytes=number(r.get("transferSize")),
        )
    ]  # fmt: skip


def _worst(status: float | None) -> str | None:
    if status is None or 0 < status < 400:
        return None
    return "warn" if 400 <= status < 500 else "error"


def _trace(headers: Any) -> tuple[str | None, str | None]:
    """Trace and span of a W3C `traceparent`, where the recording kept the headers."""
    given = (
        next((v for k, v in headers.items() if k.lower() == "traceparent"), None) if isinstance(headers, dict) else None
    )
    parts = given.split("-") if isinstance(given, str) else []
    if (
        len(parts) >= 4
        and len(parts[1]) == 32
        and len(parts[2]) == 16
        and set(parts[1] + parts[2]) <= set("0123456789abcdef")
    ):
        return parts[1], parts[2]
    return None, None
