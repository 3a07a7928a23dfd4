"""Filter states for the benchmarks, drawn from a seed and never the same twice: as a query, and as plain SQL.

The SQL is what somebody would write who knows the store: one statement for each thing that a panel shows.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from benchmarks import many
from lognb.query import Query

FACETS = (
    "severity", "service_name", "http.route", "http.response.status_code", "deployment.environment.name", "k8s.node.name",
)  # fmt: skip
LEVELS = ("debug", "info", "warn", "error", "fatal")
LIMIT = 200


@dataclass(frozen=True)
class Part:
    """One condition: the field it is about, in the language, in SQL."""

    field: str
    text: str
    sql: str


@dataclass(frozen=True)
class State:
    parts: tuple[Part, ...]
    window: tuple[int, int] | None = None
    sides: tuple[int, int] = field(default=(many.T0, many.T0 + many.SPAN_NS))

    @property
    def query(self) -> Query:
        since, until = self.window or (None, None)
        return Query.parse(" ".join(p.text for p in self.parts)) & Query((), since, until)

    @property
    def every(self) -> int:
        """About 120 bars."""
        since, until = self.window or self.sides
        return max(1_000_000_000, (until - since) // 120 // 1_000_000_000 * 1_000_000_000)

    def where(self, leave: str | None = None) -> str:
        parts = [p.sql for p in self.parts if p.field != leave]
        if self.window is not None:
            parts.append(f"time >= make_timestamp_ns({self.window[0]}) AND time < make_timestamp_ns({self.window[1]})")
        return " AND ".join(parts) or "true"


class Deck:
    """Draws states; every value is drawn anew, so that no state comes twice."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.services = many.world().services
        self.words = sorted({w for t in many.world().heads for w in t.removesuffix(" id=").split() if len(w) > 3})

    def some(self, values: list[str], n: int) -> list[str]:
        return [values[i] for i in self.rng.choice(len(values), n, replace=False).tolist()]

    def window(self) -> tuple[int, int]:
        length = int(many.SPAN_NS * float(self.rng.choice([0.02, 0.1, 0.3])))
        since = many.T0 + int(self.rng.integers(0, many.SPAN_NS - length))
        return since, since + length

    def service(self) -> Part:
        chosen = self.some(self.services[:12], 3)
        listed = ", ".join(f"'{s}'" for s in chosen)
        return Part("service_name", f"service_name in ({', '.join(chosen)})", f"service_name IN ({listed})")

    def cheap(self) -> Part:
        kind = int(self.rng.integers(0, 7))
        if kind == 0:
            return self.service()
        if kind == 1:
            at = int(self.rng.integers(1, 4))
            listed = ", ".join(f"'{x}'" for x in LEVELS[at:])
            return Part("severity", f"severity>={LEVELS[at]}", f"severity IN ({listed})")
        if kind == 2:
            name, value = "http.response.status_code", int(self.some(many.STATUS, 1)[0])
            return Part(name, f"{name}!={value}", f'"{name}|int" IS DISTINCT FROM {value}')
        if kind == 3:
            route = f"/api/v1/part{int(self.rng.integers(0, 20))}/{{id}}"
            return Part("http.route", f'http.route="{route}"', f"\"http.route|string\" = '{route}'")
        if kind == 4:
            name, value = "deployment.environment.name", self.some(["prod", "staging", "canary"], 1)[0]
            inside = f"SELECT resource_ix FROM store.resource_attrs WHERE key = '{name}' AND value = '\"{value}\"'"
            return Part(name, f"{name}={value}", f"resource_ix IN ({inside})")
        if kind == 5:
            most = round(float(self.rng.uniform(20, 300)), 2)
            return Part("duration_ms", f"duration_ms>{most}", f'"duration_ms|double" > {most}')
        tenant = f"tenant-{int(self.rng.integers(0, 100))}"
        return Part("tenant", f"tenant!={tenant}", f"\"tenant|string\" IS DISTINCT FROM '{tenant}'")

    def plain(self) -> State:
        """Time, service, severity and frequent attributes."""
        parts = {p.field: p for p in (self.cheap() for _ in range(int(self.rng.integers(1, 5))))}
        return State(tuple(parts.values()), self.window() if self.rng.random() < 0.4 else None)

    def dear(self) -> State:
        """A text, or an attribute that has no column of its own, and up to two cheap conditions; over all the time."""
        if self.rng.random() < 2 / 3:
            text = " ".join(self.some(self.words, int(self.rng.integers(1, 3))))
            part = Part("body", f'"{text}"', f"contains(lower(body), lower('{text}'))")
        else:
            key, value = f"app.rare.{int(self.rng.integers(0, many.RARE))}", f"value-{int(self.rng.integers(0, 5))}"
            found = f"attr_values[list_position(attr_keys, '{key}')]"
            part = Part(key, f"{key}={value}", f"{found} = '\"{value}\"'")
        parts = {p.field: p for p in (self.cheap() for _ in range(int(self.rng.integers(0, 3))))}
        return State((part, *parts.values()))

    def refined(self, state: State) -> State:
        """Another facet clicked."""
        kept = tuple(p for p in state.parts if p.field != "service_name")
        return State((*kept, self.service()), state.window)


def raw(state: State) -> list[str]:
    """Six facets, the timeline, the count and the page."""
    out = []
    for name in FACETS:
        where = state.where(leave=name)
        column = {"http.route": '"http.route|string"', "http.response.status_code": '"http.response.status_code|int"'}
        if "." in name and name not in column:
            inner = f"SELECT resource_ix, count(*) AS n FROM store.logs WHERE {where} GROUP BY 1"
            joined = f"({inner}) JOIN store.resource_attrs a USING (resource_ix) WHERE a.key = '{name}'"
            out.append(f"SELECT a.value, sum(n) AS n FROM {joined} GROUP BY 1 ORDER BY n DESC LIMIT 10")
        else:
            what = column.get(name, name)
            out.append(
                f"SELECT {what} AS v, count(*) AS n FROM store.logs WHERE {where} GROUP BY 1 ORDER BY n DESC LIMIT 10"
            )
    bucket = f"time_bucket(INTERVAL {state.every // 1_000_000_000} SECOND, time::TIMESTAMP)"
    out.append(
        f"SELECT {bucket} AS b, severity, count(*) FROM store.logs WHERE {state.where()} GROUP BY 1, 2 ORDER BY 1"
    )
    out.append(f"SELECT count(*) FROM store.logs WHERE {state.where()}")
    out.append(f"SELECT * FROM store.logs WHERE {state.where()} ORDER BY time DESC LIMIT {LIMIT}")
    return out


def answers(con: Any, state: State) -> list[Any]:
    return [con.execute(statement).fetchall() for statement in raw(state)]
