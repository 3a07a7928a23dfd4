"""OTLP JSON that the fast road refuses: other spellings, new keys, odd values, damaged text.

First the text is parsed leniently and walked key by key (json_walk). If it does not parse, the records in it are
looked for one by one: a record that stands whole loads, one that does not is lost and counted, and reading goes on
behind it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from lognb.loaders import lookalikes, values
from lognb.loaders.json_text import is_json
from lognb.loaders.json_walk import TREE, Found, Lost, add_items, known, snake, whole_document
from lognb.loaders.otlp_json import loads
from lognb.loaders.values import STRING

if TYPE_CHECKING:
    from collections import Counter

_decoder: Final = json.JSONDecoder(strict=False)  # raw control characters in strings are taken as they are
_BLANK: Final = re.compile(r"[\s,\]\[]*")


def repair(data: bytes, reason: str, notes: Counter[str]) -> Found:
    """All records that can be read in one unit's bytes. `reason`: what is already known against it."""
    out = Found()
    text = _decode(data)
    at = _BLANK.match(text, 1 if text.startswith("\ufeff") else 0).end()  # type: ignore[union-attr]
    while at < len(text):
        try:
            document, stop = _decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as e:
            _Salvage(text, data, out, notes).run(at, lookalikes.of_text(text) or reason or _why(e))
            break
        whole_document(document, _place(text, data, at, stop), out, notes)
        at = _BLANK.match(text, stop).end()  # type: ignore[union-attr]
    bare = text.strip(" \t\r\n,\ufeff")
    empty = not (out.runs or out.metrics or out.lost or bare.strip("[] \t\r\n,"))
    if empty and (reason or not is_json(bare)):
        out.lost.append(Lost(0, len(data), reason or "no JSON document", None))
    return out


def _decode(data: bytes) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError:
        # Bad bytes become lone surrogates, which values.clean replaces and counts, text by text.
        return data.decode("utf-8", "surrogateescape")


def _why(e: Exception) -> str:
    return (
        f"no valid JSON: {e.msg} at character {e.pos}"
        if isinstance(e, json.JSONDecodeError)
        else "no valid JSON: nested too deep"
    )


def _place(text: str, data: bytes, at: int, stop: int) -> tuple[int, int]:
    """(offset, length) in bytes of text[at:stop]."""
    if len(text) == len(data):
        return at, stop - at
    return len(text[:at].encode("utf-8", "surrogateescape")), len(text[at:stop].encode("utf-8", "surrogateescape"))


def events_text(raw: bytes, notes: Counter[str]) -> str:
    """A span's events as a JSON array of {time (ns), name, attributes, dropped_attributes_count}."""
    return _parts(
        raw,
        notes,
        (("time_unix_nano", "time"), ("name", "name"), ("dropped_attributes_count", "dropped_attributes_count")),
    )


def links_text(raw: bytes, notes: Counter[str]) -> str:
    """Links as a JSON array of {trace_id, span_id, trace_state, flags, attributes, dropped_attributes_count}."""
    return _parts(
        raw, notes, tuple((n, n) for n in ("trace_id", "span_id", "trace_state", "flags", "dropped_attributes_count"))
    )


def _parts(raw: bytes, notes: Counter[str], members: tuple[tuple[str, str], ...]) -> str:
    content = loads(raw) if raw else None
    if not isinstance(content, list):
        return "[]"
    out = []
    for item in content:
        have = known(item)
        parts = [
            f'"{name}":{_scalar(key, have[key], notes)}'
            for key, name in members
            if have.get(key) not in (None, "", 0, "0")
        ]
        attributes = list(values.json_pairs(have.get("attributes") or [], notes))
        out.append(
            "{"
            + ",".join(
                [*parts, '"attributes":{' + ",".join(f"{values.literal(STRING, k)}:{v}" for k, v in attributes) + "}"]
            )
            + "}"
        )
    return "[" + ",".join(out) + "]"


def _scalar(key: str, content: Any, notes: Counter[str]) -> str:
    if key in ("name", "trace_state"):
        return values.literal(STRING, values.clean(str(content), notes))
    if key in ("trace_id", "span_id"):
        return values.literal(STRING, str(content).lower())
    try:
        return str(int(content))
    except (ValueError, TypeError, OverflowError):
        notes[f"{key} that could not be read, taken as absent"] += 1
        return "null"


_ANCHOR: Final = re.compile(
    r'"(?P<owner>resource|scope)"\s*:\s*(?=\{)'
    r'|"(?P<list>logRecords|log_records|spans|metrics|resource_?[lLsSmM](?:ogs|pans|etrics))"\s*:'
    r'|(?P<item>\{)\s*"(?:time_?[uU]nix_?[nN]ano|observed_?[tT]ime_?[uU]nix_?[nN]ano|severity_?(?:[nN]umber|[tT]ext)|body|attributes'
    r'|dropped_?[aA]ttributes_?[cC]ount|flags|trace_?[iI]d|span_?[iI]d|event_?[nN]ame|name|kind|parent_?[sS]pan_?[iI]d|start_?[tT]ime_?[uU]nix_?[nN]ano)"\s*:'
)


@dataclass(slots=True)
class _Salvage:
    """Looks for whole records in text that does not parse."""

    text: str
    data: bytes
    out: Found
    notes: Counter[str]
    signal: str | None = None
    resource: Any = None
    scope: Any = None

    def run(self, at: int, reason: str) -> None:
        start, found, lost = at, 0, len(self.out.lost)
        while match := _ANCHOR.search(self.text, at):
            at = match.end()
            if match["list"]:
                self._enter(snake(match["list"]))
            elif match["owner"]:
                at = self._owner(match["owner"], at)
            elif self.signal:
                stop = self._item(match.start(), reason)
                found += stop is not None
                at = stop or at
        if len(self.out.lost) == lost:  # damage between records, or nothing at all
            rest = start if found == 0 else max(start, self.text.rfind("}", start) + 1)
            self.out.lost.append(Lost(*_place(self.text, self.data, rest, len(self.text)), reason, None))

    def _enter(self, name: str) -> None:
        for signal, tree in TREE.items():
            if name == tree.top:
                self.resource = self.scope = self.signal = None
            elif name == tree.low:
                self.signal = signal

    def _owner(self, name: str, at: int) -> int:
        try:
            content, stop = _decoder.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            content, stop = None, at
            self.notes["resource or scope that could not be read, taken as empty"] += 1
        if name == "resource":
            self.resource, self.scope, self.signal = content, None, None
        else:
            self.scope, self.signal = content, None
        return stop

    def _item(self, at: int, reason: str) -> int | None:
        """Behind the item that starts at `at`; None if it does not stand whole."""
        try:
            item, stop = _decoder.raw_decode(self.text, at)
        except (ValueError, RecursionError):
            following = _ANCHOR.search(self.text, at + 1)
            end = following.start() if following else len(self.text)
            self.out.lost.append(Lost(*_place(self.text, self.data, at, end), f"record is damaged ({reason})", 1))
            return None
        if self.signal == "traces" and not {"trace_id", "span_id"} & set(map(snake, item)):
            return stop  # an event of a damaged span
        add_items(
            self.signal or "logs",
            self.resource,
            self.scope,
            [item],
            _place(self.text, self.data, at, stop),
            self.out,
            self.notes,
        )
        return stop


__all__ = ["Found", "Lost", "events_text", "links_text", "repair", "snake"]
