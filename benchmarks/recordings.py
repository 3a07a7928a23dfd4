"""Recordings (rrweb) of any length and size for tests and benchmarks: a page that lives, not a real one.

A shop's back office: a sheet of styles, a table of rows that come and go, a form that is typed in, a mouse. What it is
made of is like what rrweb writes of such a page; the numbers are drawn from a seed.
"""

from __future__ import annotations

import json
import random
from typing import Any, Final

T0: Final = 1_795_600_000_000
"""When they begin, ms since 1970: 2026-11-25T09:46:40Z."""

Event = dict[str, Any]


def long(
    minutes: float = 30, megabytes: float = 20, snapshots: int = 7, rows: int = 400, rules: int = 3000, seed: int = 1
) -> list[Event]:
    """About so many `minutes` and `megabytes` of JSON, with `snapshots` pictures of the whole page, evenly spread.

    rrweb makes one picture unless it is told otherwise; PostHog's recorder makes one in five minutes. The page is a
    table of so many `rows` under so many `rules` of style: 0.1 MB for 1,000.
    """
    page = Page(random.Random(seed), rows, rules)
    end = T0 + minutes * 60_000
    every = (end - T0) / snapshots
    events = [*page.whole(T0)]
    weight = sum(map(_size, events))
    still = (megabytes * 1e6 - weight * snapshots) / (minutes * 60)  # bytes a second
    assert still > 0, "so many pictures are larger than what was asked for"
    at, picture, spent, begun = float(T0), 1, 0.0, float(T0)
    while at < end:
        if picture < snapshots and at >= T0 + picture * every:
            events += page.whole(round(at))
            picture += 1
        step = page.happens(round(at) + 2)  # not before the picture that was just made
        events.append(step)
        spent += _size(step)
        at = begun + 1000 * spent / still
    return events


class Page:
    """A page that can be asked for a picture of itself and for the next thing that happens in it."""

    def __init__(self, draw: random.Random, rows: int, rules: int = 50) -> None:
        self.draw = draw
        self.next = 10
        self.css = _css(draw, rules)
        self.rows = [self._row() for _ in range(rows)]

    def whole(self, at: int) -> list[Event]:
        """Meta and the full snapshot."""
        table = _element(5, "tbody", {"id": "rows"}, self.rows)
        body = [
            _element(6, "h1", {}, [_text(7, "Orders")]),
            _element(8, "input", {"type": "text", "value": "", "id": "search"}, []),
            _element(4, "table", {"class": "orders"}, [table]),
        ]
        head = _element(3, "head", {}, [_element(9, "style", {"_cssText": self.css}, [])])
        page = _element(2, "html", {"lang": "en"}, [head, _element(1, "body", {}, body)])
        node = {
            "type": 0,
            "id": 1_000_000,
            "childNodes": [{"type": 1, "name": "html", "publicId": "", "systemId": "", "id": 1_000_001}, page],
        }
        return [
            {
                "type": 4,
                "timestamp": at,
                "windowId": "1",
                "data": {"href": "https://shop.example/orders", "width": 1280, "height": 800},
            },
            {
                "type": 2,
                "timestamp": at + 1,
                "windowId": "1",
                "data": {"node": json.loads(json.dumps(node)), "initialOffset": {"left": 0, "top": 0}},
            },
        ]

    def happens(self, at: int) -> Event:
        return {"type": 3, "timestamp": at, "windowId": "1", "data": self._data()}

    def _data(self) -> dict[str, Any]:
        lot = self.draw.random()
        if lot < 0.30:
            x, y = self.draw.randrange(1280), self.draw.randrange(800)
            walk = [
                {"x": x + 3 * i, "y": y + i, "id": self.draw.choice(self.rows)["id"], "timeOffset": 50 * (i - 10)}
                for i in range(10)
            ]
            return {"source": 1, "positions": walk}
        if lot < 0.34:
            return {"source": 3, "id": 1_000_000, "x": 0, "y": self.draw.randrange(4000)}
        if lot < 0.38:
            return {"source": 5, "id": 8, "text": "order " + str(self.draw.randrange(10**6)), "isChecked": False}
        if lot < 0.41:
            return {
                "source": 2,
                "type": 2,
                "id": self.draw.choice(self.rows)["id"],
                "x": self.draw.randrange(1280),
                "y": self.draw.randrange(800),
            }
        if lot < 0.70:
            return self._mutation(texts=self._texts())
        if lot < 0.85:
            row = self.draw.choice(self.rows)
            return self._mutation(
                attributes=[
                    {
                        "id": row["id"],
                        "attributes": {"class": self.draw.choice(["row", "row late", "row paid", "row open"])},
                    }
                ]
            )
        return self._mutation(**self._turnover())

    def _mutation(self, **parts: Any) -> dict[str, Any]:
        return {"source": 0, "texts": [], "attributes": [], "removes": [], "adds": [], **parts}

    def _texts(self) -> list[dict[str, Any]]:
        cells = [self.draw.choice(self.draw.choice(self.rows)["childNodes"]) for _ in range(6)]
        found = []
        for cell in cells:
            cell["childNodes"][0]["textContent"] = value = f"{self.draw.randrange(10**6) / 100:.2f} EUR"
            found.append({"id": cell["childNodes"][0]["id"], "value": value})
        return found

    def _turnover(self) -> dict[str, Any]:
        """Some rows go, as many come at the top."""
        n = self.draw.randrange(1, 6)
        gone = [self.rows.pop() for _ in range(n)]
        adds = []
        for _ in range(n):
            row = self._row()
            adds.append({"parentId": 5, "nextId": self.rows[0]["id"], "node": {**row, "childNodes": []}})
            for cell in row["childNodes"]:
                adds.append({"parentId": row["id"], "nextId": None, "node": {**cell, "childNodes": []}})
                adds.append({"parentId": cell["id"], "nextId": None, "node": dict(cell["childNodes"][0])})
            self.rows.insert(0, row)
        return {"removes": [{"parentId": 5, "id": row["id"]} for row in gone], "adds": adds}

    def _row(self) -> dict[str, Any]:
        texts = [f"o-{self.draw.randrange(10**6):06}", f"user {self.draw.randrange(10**5)}", f"{self.draw.randrange(10**6) / 100:.2f} EUR",
                 self.draw.choice(["open", "paid", "late"]), f"{self.draw.randrange(60)} min"]  # fmt: skip
        cells = [
            _element(self._id(), "td", {"class": f"cell c{i}"}, [_text(self._id(), text)])
            for i, text in enumerate(texts)
        ]
        return _element(self._id(), "tr", {"class": "row", "data-order": texts[0]}, cells)

    def _id(self) -> int:
        self.next += 1
        return self.next


def _element(number: int, tag: str, attributes: dict[str, Any], children: list[Any]) -> dict[str, Any]:
    return {"type": 2, "tagName": tag, "attributes": attributes, "childNodes": children, "id": number}


def _text(number: int, text: str) -> dict[str, Any]:
    return {"type": 3, "textContent": text, "id": number}


def _css(draw: random.Random, rules: int) -> str:
    """A sheet, some of its rules with :hover, which rrweb writes anew."""
    colours = [f"rgb({draw.randrange(256)}, {draw.randrange(256)}, {draw.randrange(256)})" for _ in range(40)]
    own = "body { font: 14px sans-serif } td { padding: 2px 8px } .row:hover { background: rgb(238, 238, 238) } .late { color: rgb(180, 0, 0) }"
    made = [
        f".u{i}-{draw.choice('abcdef')}{':hover' if i % 9 == 0 else ''} > .c{i % 7} {{ margin: {i % 13}px; padding: 0px {i % 5}px; color: {draw.choice(colours)}; border-radius: {i % 4}px; }}"
        for i in range(rules)
    ]
    return "\n".join([own, *made])


def _size(event: Event) -> int:
    return len(json.dumps(event, separators=(",", ":")))
