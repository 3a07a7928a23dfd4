"""Pinned records as cards, each record whole, and the incident's timeline as a list."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _html
from lognb._html import PALETTE
from lognb._text import plural
from lognb.report.cells import CELL, FIRST, Shared, cut, moments
from lognb.report.words import lines
from lognb.result import texts

if TYPE_CHECKING:
    from lognb.report.blocks import Table

_SAID: Final = ("note", "pinned", "time", "severity", "body")  # what a card says above its fields
_OBJECTS: Final = {"attributes": "", "resource": "resource.", "scope_attributes": "scope."}
_KINDS: Final = ("mark", "deploy", "change", "pin", "error", "onset", "recovery", "action")


def pins(rows: Table, zone: str, shared: Shared) -> str:
    """Each record as a card: when, who, what, the note, and all its fields behind a fold."""
    times = moments(rows.frame["time"], zone)
    made = [_card(row, at, zone, shared) for row, at in zip(rows.frame.to_dicts(), times, strict=True)]
    if not made:
        return '<p class="ln-dim">no record is pinned</p>'
    return _folded(made, rows.rows, "pinned record")


def timeline(rows: Table, zone: str, shared: Shared) -> str:
    """Moments in order: when, what kind, what, who; and the record, where the page has it."""
    times = moments(rows.frame["time"], zone)
    made = [_moment(row, at, shared) for row, at in zip(rows.frame.to_dicts(), times, strict=True)]
    if not made:
        return '<p class="ln-dim">nothing is known</p>'
    kept = f'<p class="ln-dim">{len(made)} of {plural(rows.rows, "moment")}</p>' if rows.rows > len(made) else ""
    return f'{kept}<ol class="ln-line">{"".join(made)}</ol>'


def _folded(made: list[str], total: int, word: str) -> str:
    seen, rest = made[:FIRST], made[FIRST:]
    more = f"{len(rest)} more" + (f", of {plural(total, word)}" if total > len(made) else "")
    fold = f'<details class="ln-rest"><summary>{more}</summary>{"".join(rest)}</details>' if rest else ""
    return "".join(seen) + fold


def _card(row: dict[str, Any], at: str, zone: str, shared: Shared) -> str:
    level = str(row.get("severity") or "")
    known = str(row.get("record_id") or "")
    head = [at, _html.severity(level) if level in PALETTE else "", _html.text(str(row.get("service_name") or ""))]
    note = str(row.get("note") or "")
    fields = "".join(f'<tr><th scope="row">{_html.text(k)}</th><td>{lines(v)}</td></tr>' for k, v in _fields(row, zone))
    return (
        f'<article class="ln-card ln-by-{level if level in PALETTE else "unspecified"}"{shared.take(known)}>'
        f'<p class="ln-head">{" ".join(part for part in head if part)}</p>'
        f"<pre>{lines(cut(str(row.get('body') or '')))}</pre>"
        + (f'<div class="ln-note"><p>{lines(note)}</p></div>' if note else "")
        + f"<details><summary>the record whole</summary>"
        f'<div class="ln-wide" tabindex="0" role="group" aria-label="fields of record {_html.text(known)}">'
        f'<table class="ln-fields"><tbody>{fields}</tbody></table></div></details></article>'
    )


def _fields(row: dict[str, Any], zone: str) -> list[tuple[str, str]]:
    """All fields that are set, as name and text; those of an object one by one."""
    found = [("body", str(row["body"]))] if len(str(row.get("body") or "")) > CELL else []
    for name, value in row.items():
        if name in _SAID or value is None or value == "":
            continue
        if name in _OBJECTS:
            found += [(_OBJECTS[name] + key, said) for key, said in _members(str(value))]
        else:
            found.append((name, texts(name, pl.Series(name, [value]), None, zone)[0]))
    return found


def _members(text: str) -> list[tuple[str, str]]:
    """The members of a JSON object, texts as they are and anything else as JSON; the text itself if it is none."""
    try:
        pairs: Any = json.loads(text, object_pairs_hook=list)
    except ValueError:
        return [("", text)]
    if not isinstance(pairs, list) or not all(isinstance(p, tuple) for p in pairs):
        return [("", text)]
    return [(str(k), v if isinstance(v, str) else json.dumps(_plain(v), ensure_ascii=False)) for k, v in pairs]


def _plain(value: Any) -> Any:
    """A value in which objects came as lists of pairs, with objects again."""
    if isinstance(value, list) and value and all(isinstance(v, tuple) for v in value):
        return {k: _plain(v) for k, v in value}
    return [_plain(v) for v in value] if isinstance(value, list) else value


def _moment(row: dict[str, Any], at: str, shared: Shared) -> str:
    kind = str(row.get("kind") or "")
    known = str(row.get("record_id") or "")
    said = [
        f'<span class="ln-what">{_html.text(cut(str(row.get("what") or "")))}</span>',
        f'<span class="ln-dim">{_html.text(str(row["who"]))}</span>' if row.get("who") else "",
        f'<a href="#r-{_html.text(known)}">record</a>' if known in shared.there else "",
    ]
    code = str(row.get("code") or "")
    again = (
        f'<details><summary>again</summary><code class="ln-copy">{_html.text(code)}</code></details>' if code else ""
    )
    shape = f" ln-is-{kind}" if kind in _KINDS else ""
    return (
        f'<li class="ln-moment{shape}">{at} <span class="ln-kind">{_html.text(kind)}</span> '
        f"<div>{' '.join(part for part in said if part)}{again}</div></li>"
    )
