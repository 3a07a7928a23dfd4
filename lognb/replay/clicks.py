"""Clicks, and which of them a person made in anger or in vain."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Final

from lognb.replay import events as rr
from lognb.replay.items import item, number
from lognb.replay.page import FIELDS, key

if TYPE_CHECKING:
    from collections.abc import Iterable

    from lognb.replay.page import Page

# The rules and numbers are those of PostHog's browser library, so that both say the same of a session: rage clicks by
# its `rageclick` (each click within 1 s and 30 px, |dx| + |dy|, of the one before), dead clicks by its
# `dead-clicks-autocapture` (nothing changes within 2.5 s).
RAGE_CLICKS: Final = 3
RAGE_MS: Final = 1_000
RAGE_PX: Final = 30
DEAD_MS: Final = 2_500
# Tuples, not sets: what a recording says there may be anything, and a list has no hash.
_REACTIONS: Final = (
    rr.MUTATION, rr.SCROLL, rr.INPUT, rr.STYLE_RULE, rr.STYLE_DECLARATION, rr.MEDIA, rr.ADOPTED_STYLE, rr.CANVAS,
    rr.RESIZE,
)  # fmt: skip


class Clicks:
    """The clicks of one window; `event` in order of time, before its page has changed."""

    def __init__(self, page: Page, window: Any) -> None:
        self._page = page
        self._window = window
        self._clicks: list[dict[str, Any]] = []
        self._run: list[dict[str, Any]] = []  # clicks near one another, the last one of them the latest
        self._reactions: list[float] = []  # when something happened that may be the answer to a click

    def event(self, time: float, data: dict[str, Any]) -> None:
        if data.get("source") in _REACTIONS:
            self.reaction(time)
        elif data.get("source") == rr.MOUSE and data.get("type") == rr.CLICK:
            self._click(time, data)

    def reaction(self, time: float) -> None:
        """Something happened that may be the answer to a click; in any order, since requests are told when they end."""
        self._reactions.append(time)

    def _click(self, time: float, data: dict[str, Any]) -> None:
        node = key(data.get("id"))
        x, y = number(data.get("x")) or 0, number(data.get("y")) or 0
        tag = self._page.tag(node)
        # A click into a field is answered by its cursor.
        click = {"time": time, "node": node, "tag": tag, "name": self._page.name(node), "x": x, "y": y,
                 "rage": False, "dead": tag not in FIELDS}  # fmt: skip
        last = self._run[-1] if self._run else None
        near = last and time - last["time"] < RAGE_MS and abs(x - last["x"]) + abs(y - last["y"]) < RAGE_PX
        self._run = [*self._run, click] if near else [click]
        if len(self._run) >= RAGE_CLICKS:
            for one in self._run[-RAGE_CLICKS:]:
                one["rage"] = True
        self._clicks.append(click)

    def items(self, last: float) -> Iterable[dict[str, Any]]:
        """`last`: when the window's recording ends; what comes later than that is not known."""
        reactions = sorted(self._reactions)
        for click in self._clicks:
            after = bisect_left(reactions, click["time"])
            answered = after < len(reactions) and reactions[after] - click["time"] <= DEAD_MS
            dead = click["dead"] and not answered and last - click["time"] >= DEAD_MS
            kind = "rage click" if click["rage"] else "dead click" if dead else "click"
            yield item(
                click["time"], "clicks", kind, click["name"] or "(an element that was not recorded)",
                severity=None if kind == "click" else "warn", window=self._window, node=click["node"],
                tag=click["tag"] or None, x=click["x"], y=click["y"], rage=click["rage"], dead=dead,
            )  # fmt: skip


__all__ = ["DEAD_MS", "RAGE_CLICKS", "RAGE_MS", "RAGE_PX", "Clicks"]
