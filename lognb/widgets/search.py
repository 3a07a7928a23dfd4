"""Search: the query as text that completes itself, as chips, and as the chain of what each step leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Final
from zoneinfo import ZoneInfo

import msgspec

from lognb._asking import fault
from lognb._clauses import Condition, Not
from lognb._complete import complete
from lognb._completer import frequent
from lognb.errors import QueryError
from lognb.widgets import meanings
from lognb.widgets.base import Ask, Widget
from lognb.widgets.calls import call, forward

if TYPE_CHECKING:
    from collections.abc import Mapping

    from lognb.logs import Logs
    from lognb.query import Query

_OFFERED: Final = 50
Text = Annotated[str, msgspec.Meta(max_length=100_000)]
Whole = Annotated[int, msgspec.Meta(ge=0)]


class Apply(Ask, tag="query"):
    """Take this text as the query."""

    text: Text


class Check(Ask, tag="check"):
    """What is wrong with this text?"""

    text: Text


class Complete(Ask, tag="complete"):
    """What may stand at the cursor, which is so many characters into the text?"""

    text: Text
    cursor: Whole


class Drop(Ask, tag="drop"):
    """Take condition `i` away."""

    i: Whole


class Negate(Ask, tag="negate"):
    """Turn condition `i` into its complement."""

    i: Whole


class Edit(Ask, tag="edit"):
    """Put what this text says in the place of condition `i`."""

    i: Whole
    text: Text


class DropWindow(Ask, tag="drop_window"):
    """All times again."""


class Undo(Ask, tag="undo"):
    """The state before."""


class Redo(Ask, tag="redo"):
    """The state that was undone."""


class Zone(Ask, tag="zone"):
    """Show times in this zone: "UTC", "local" (the browser's) or an IANA name."""

    name: Annotated[str, msgspec.Meta(max_length=100)]


class Cancel(Ask, tag="cancel"):
    """Stop what is being counted."""


def chips(query: Query, texts: Mapping[str, Mapping[str, str]] | None = None) -> list[dict[str, Any]]:
    """The conditions at the top of a query, as `data` has them: `i`, its number, `text` and whether it excludes.

    `texts` are those of ids, by field and value; a condition that names such ids has them as `said`.

    >>> from lognb.query import Query
    >>> chips(Query.parse("severity>=error -url.path=/healthz"))[1]
    {'i': 1, 'text': '-url.path=/healthz', 'negated': True}
    """
    said = [meanings.told(texts or {}, c) for c in query.conditions]
    return [
        {
            "i": i,
            "text": part,
            **({"said": text} if (text := said[i]) else {}),
            "negated": isinstance(c, Not) or (isinstance(c, Condition) and c.op == "!="),
        }
        for i, (c, part) in enumerate((c, str(type(query)((c,)))) for c in query.conditions)
    ]


class Search(Widget):
    """The search bar. `on` has a callable for each question but check and complete, named as its `kind`.

    What it shows is set with `show`; left out, a part of `data` is as in a bar in which nothing was done. Texts are
    checked here: `on["query"](text)` and `on["edit"](i, text)` are only called with what parses and fits the records.
    """

    name = "search"
    asks: ClassVar[dict[type[Ask], str]] = {
        Apply: "_apply",
        Check: "_check",
        Complete: "_complete",
        Drop: "_on_chip",
        Negate: "_on_chip",
        Edit: "_edit",
        DropWindow: "_forward",
        Undo: "_forward",
        Redo: "_forward",
        Zone: "_zone",
        Cancel: "_forward",
    }
    # Whatever is asked of the engine's thread waits for what it does now, which a new query is to stop.
    at_once = frozenset(asks) - {Complete}
    latest = frozenset({Complete})

    def __init__(self, logs: Logs, on: Any = None) -> None:
        super().__init__(logs)
        self._on = {} if on is None else on
        text = " ".join(str(type(logs.query)((c,))) for c in logs.query.conditions)
        window = None
        if logs.query.since is not None or logs.query.until is not None:
            window = {"since": _ns(logs.query.since), "until": _ns(logs.query.until)}
        self.show(text=text, chips=chips(logs.query), window=window)

    def show(self, **data: Any) -> None:
        """Draw this; times are decimal strings of ns."""
        nothing: dict[str, Any] = {
            "text": "", "error": None, "chips": [], "window": None, "steps": [], "undo": False, "redo": False,
            "zone": "UTC", "zones": [], "code": "", "permalink": "", "count": None, "total": None, "busy": False,
            "history": [], "hint": None,
        }  # fmt: skip
        self.data = nothing | data

    def _forward(self, ask: Ask) -> None:
        forward(self._on, ask)

    def _check(self, ask: Check | Apply | Edit) -> dict[str, Any] | None:
        """Null, or `message` and the characters, [start, end), that it is about."""
        found = fault(self._logs.engine, ask.text)
        return None if found is None else {"message": found.message, "start": found.start, "end": found.end}

    def _apply(self, ask: Apply) -> dict[str, Any] | None:
        wrong = self._check(ask)
        if wrong is None:
            forward(self._on, ask)
        return wrong

    def _edit(self, ask: Edit) -> dict[str, Any] | None:
        wrong = self._check(ask)
        if wrong is None:
            self._on_chip(ask)
        return wrong

    def _on_chip(self, ask: Drop | Negate | Edit) -> None:
        if ask.i not in {chip["i"] for chip in self.data["chips"]}:
            raise QueryError(f"the query has no condition number {ask.i} any more")
        forward(self._on, ask)

    def _zone(self, ask: Zone) -> None:
        if ask.name not in ("UTC", "local"):
            try:
                ZoneInfo(ask.name)
            except (KeyError, ValueError, OSError):
                raise QueryError(f"{ask.name!r} is no time zone that is known here") from None
        call(self._on, "zone", ask.name)

    def _complete(self, ask: Complete) -> dict[str, Any]:
        """`items`, each of which may be put in the place of the characters from `start` to `end`."""
        engine = self._logs.engine
        found = complete(ask.text, ask.cursor, engine.field_names(), lambda field: frequent(engine, field))
        start = found[0].start if found else min(ask.cursor, len(ask.text))
        items = [{"text": c.text, "note": c.note} for c in found[:_OFFERED]]
        return {"start": start, "end": min(ask.cursor, len(ask.text)), "items": items}


def _ns(time: int | None) -> str | None:
    return None if time is None else str(time)
