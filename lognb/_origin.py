"""Where an answer comes from, and how to have it again: code, query, window, and the sources with their hashes."""

from __future__ import annotations

import io
import os
import tokenize
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import wraps
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

from lognb._version import __version__
from lognb.query import Query, format_time

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from lognb.logs import Logs
    from lognb.result import Result

    Told = TypeVar("Told", bound=Result)

P = ParamSpec("P")


@dataclass(frozen=True)
class Opened:
    """How records were opened: the call, and each source as (name, hash of its content; "" where none is known)."""

    code: str = "ln.read(…)"
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Origin:
    """`opened` is the call that gives `logs`, `call` what was asked of them; `since` and `until` (ns, half-open) are
    the time that was looked at, None where no record has one.
    """

    opened: str
    call: str
    query: Query
    since: int | None
    until: int | None
    sources: tuple[tuple[str, str], ...]
    version: str = __version__
    logs: Logs | None = field(default=None, compare=False, repr=False)
    """The live records; None in what was read from a file."""

    @property
    def code(self) -> str:
        """One expression that gives the answer again. What it asks twice is opened once."""
        return self.on(self.opened)

    def on(self, opened: str) -> str:
        """The call, with this expression for what was opened."""
        tokens = tokenize.generate_tokens(io.StringIO(self.call).readline)
        places = [t for t in tokens if t.type == tokenize.NAME and t.string == "logs"]  # not where a text says "logs"
        whole, last = [], 0
        for place in places:
            whole += [self.call[last : place.start[1]], opened]
            if len(places) > 1 and not opened.isidentifier():
                whole[-1], opened = f"(logs := {opened})", "logs"
            last = place.end[1]
        return "".join([*whole, self.call[last:]])


def of(logs: Logs, call: str = "") -> Origin:
    """The origin of an answer of these Logs; `call` is what was asked, as `.volume(every='1m')`."""
    engine, query = logs.engine, logs.query
    opened = engine.opened
    since, until = query.since, query.until
    first, last = engine.overview["first"], engine.overview["last"]
    since = first if since is None else since
    until = (None if last is None else last + 1) if until is None else until
    return Origin(opened.code, where(query, Query()) + call, query, since, until, opened.sources, logs=logs)


def called(verb: Callable[P, Told]) -> Callable[P, Told]:
    """A verb of Logs whose Result knows how it was asked for."""

    @wraps(verb)
    def call(*args: P.args, **kwargs: P.kwargs) -> Told:
        result = verb(*args, **kwargs)
        logs: Any = args[0]
        said = [_value(a) for a in args[1:]] + [f"{name}={_value(v)}" for name, v in kwargs.items()]
        return replace(result, origin=of(logs, f".{verb.__name__}({', '.join(said)})"))

    return call


def opening(function: str, arguments: Sequence[Any], options: Mapping[str, Any]) -> str:
    """`ln.read("a.jsonl", user_keys=["uid"])`: the call that opened some sources, without options that are unsaid."""
    said = [_value(a) for a in arguments] + [f"{name}={_value(v)}" for name, v in options.items() if v or v is False]
    return f"ln.{function}({', '.join(said)})"


def where(query: Query, base: Query) -> str:
    """The Python line that gives the records of `query` from `logs`, whose own query is `base`."""
    whole = "logs" if base & query == query else "logs.all"
    if query == (base if whole == "logs" else Query()):
        return whole
    bounds = {"since": query.since, "until": query.until}
    if query.since is not None and query.until is not None and query.since >= query.until:
        return f"{whole}.where({str(query)!r})"  # a window of nothing can be said in a query text only
    said = [repr(str(Query(query.conditions)))] if query.conditions else []
    said += [f'{name}="{format_time(ns)}"' for name, ns in bounds.items() if ns is not None]
    return f"{whole}.where({', '.join(said)})"


def _value(value: Any) -> str:
    """A value as Python; what has no short form (a frame, an open file) is `…`, which nobody takes for code."""
    query = getattr(value, "query", None)
    if isinstance(query, Query):
        return where(query, Query())
    if isinstance(value, Query):
        return _quoted(str(value))
    if isinstance(value, datetime):
        return _quoted(value.isoformat())
    if isinstance(value, os.PathLike):
        return _quoted(str(os.fspath(value)))
    if isinstance(value, list | tuple):
        inner = [_value(v) for v in value]
        return f"[{', '.join(inner)}]" if isinstance(value, list) else f"({', '.join(inner)}{',' * (len(inner) == 1)})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{k!r}: {_value(v)}" for k, v in value.items()) + "}"
    if value is None or isinstance(value, bool | int | float | str):
        return _quoted(value) if isinstance(value, str) else repr(value)
    return "…"


def _quoted(text: str) -> str:
    """In double quotes where that needs no escape, as people write it."""
    return f'"{text}"' if text.isprintable() and not any(c in text for c in '"\\') else repr(text)
