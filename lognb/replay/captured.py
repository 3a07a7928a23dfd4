"""Items of product events, for sessions without a recording: what the browser's library captured by itself."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl

from lognb.replay.items import frame, item, path
from lognb.replay.page import dicts, one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    Row = dict[str, Any]

_LINE: Final = 500
_CLICKS: Final = {"$autocapture": "click", "$rageclick": "rage click", "$dead_click": "dead click"}
# One element of `elements_chain`: `button.primary:attr__id="add"text="Add to cart"`.
_CHAIN_TEXT: Final = re.compile(r'text="((?:[^"\\]|\\.)*)"')
_CHAIN_TAG: Final = re.compile(r"\A[a-zA-Z][\w-]*")
_CHAIN_NAME: Final = re.compile(r'attr__(?:aria-label|title|placeholder|name|id)="((?:[^"\\]|\\.)*)"')


def from_events(events: pl.DataFrame) -> pl.DataFrame:
    """The items of product events, in schema.ITEM, sorted by time.

    `events` has the columns of `Logs.events`. "$pageview" is a page until the next one of its session and window, or
    its "$pageleave"; "$autocapture" a click with the words of what was clicked, or an input where that changed or was
    sent; "$rageclick" and "$dead_click" are clicks of their kind; "$exception" is an error in lane `events`, where
    all others stand too, by their names. Each has the `record_id` of its record. Events without a time are left out.
    """
    out: list[Row] = []
    open_pages: dict[tuple[Any, Any], Row] = {}
    rows = events.filter(pl.col("time").is_not_null()).sort("time", maintain_order=True)
    for row in rows.with_columns(pl.col("time").cast(pl.Int64)).iter_rows(named=True):
        properties = _object(row.get("properties"))
        made = _item(0, row, properties) | {"time": row["time"], "record_id": row.get("record_id")}
        where = (row.get("session"), properties.get("$window_id"))
        if row["event"] in ("$pageview", "$pageleave") and (page := open_pages.pop(where, None)):
            page["end"] = made["time"]
        if row["event"] == "$pageview":
            open_pages[where] = made
        out.append(made)
    return frame(out)


def _item(time: float, row: Row, properties: Row) -> Row:
    name, window = row["event"], properties.get("$window_id")
    url = row.get("url") or properties.get("$current_url")
    if name == "$pageview":
        return item(time, "pages", "page", path(url) if url else "(no address)", window=window, url=url)
    if name in _CLICKS:
        tag, words = _clicked(properties)
        how = properties.get("$event_type", "click")
        if name == "$autocapture" and how != "click":
            text = one_line(f"{how} {words}" if how == "submit" else words, _LINE)
            return item(time, "inputs", str(how), text, window=window, tag=tag, url=url)
        kind = _CLICKS[name]
        severity = None if kind == "click" else "warn"
        return item(time, "clicks", kind, words, severity=severity, window=window, tag=tag, url=url)
    if name == "$exception":
        return item(
            time, "events", "exception", _exception(properties), severity=_level(properties), window=window,
            url=url, issue=properties.get("$exception_issue_id"),
        )  # fmt: skip
    return item(time, "events", "event", one_line(str(name), _LINE), window=window, url=url)


def _level(properties: Row) -> str:
    """The severity of an exception event: an error if nothing else is said."""
    level = str(properties.get("$exception_level") or "error").lower()
    known = {"warning": "warn", "warn": "warn", "info": "info", "log": "info", "debug": "debug", "fatal": "fatal"}
    return known.get(level, "error")


def _exception(properties: Row) -> str:
    """Type and message of the outermost exception, in the form of the library or of its earlier versions."""
    first = next(iter(dicts(_nested(properties.get("$exception_list")))), {})
    kind = first.get("type") or properties.get("$exception_type")
    message = first.get("value") or properties.get("$exception_message")
    return one_line(": ".join(str(x) for x in (kind, message) if x), _LINE) or "(an exception without a message)"


def _clicked(properties: Row) -> tuple[str | None, str]:
    """Tag and words of the element that an event is about: its text, else a name, else the nearest text around it."""
    elements = dicts(_nested(properties.get("$elements"))) or list(
        _chain(properties.get("$elements_chain") or properties.get("elements_chain"))
    )
    tag = str(elements[0].get("tag_name") or "") or None if elements else None
    texts = [properties.get("$el_text"), *(e.get("$el_text") or e.get("text") for e in elements)]
    names = [e.get(f"attr__{n}") for e in elements[:1] for n in ("aria-label", "title", "placeholder", "name", "id")]
    own, around = texts[:2], texts[2:]
    for words in (*own, *names, *around):
        if isinstance(words, str) and words.strip():
            return tag, one_line(words)
    return tag, f"<{tag}>" if tag else "(an element without words)"


def _chain(chain: Any) -> Iterable[Row]:
    """Elements of an `elements_chain`, the innermost first: `tag.classes:attributes;…`, values quoted."""
    if not isinstance(chain, str):
        return
    for part in re.findall(r'(?:[^;"]|"(?:[^"\\]|\\.)*")+', chain):
        tag, text, name = _CHAIN_TAG.search(part), _CHAIN_TEXT.search(part), _CHAIN_NAME.search(part)
        yield {
            "tag_name": tag[0] if tag else None,
            "text": re.sub(r"\\(.)", r"\1", text[1]) if text else None,
            "attr__name": name[1] if name else None,
        }


def _nested(value: Any) -> Any:
    """A list that may stand as its JSON text."""
    return _parsed(value) if isinstance(value, str) else value


def _object(value: Any) -> Row:
    found = _parsed(value) if isinstance(value, str) else value
    return found if isinstance(found, dict) else {}


def _parsed(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
