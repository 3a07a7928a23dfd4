"""Sessions, visits and transactions against plain Python that walks through the records one by one."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from bulk import bulk
from factory import T0, Rec, batch
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from oracle import link, matches

from lognb.engines.base import SESSIONS
from lognb.engines.duckdb import DuckDB, build, scan_parquet
from lognb.errors import FieldError, LimitError
from lognb.query import Query
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SECOND = 10**9
HOSTILE = ["a", "A", "", "007", "7", "true", "' OR 1=1 --", "x\ny", "\0", "😀", "k" * 500]


@dataclass
class Part:
    """The records of one session, as they were walked through."""

    key: str
    records: list[Rec] = field(default_factory=list)
    ended: bool = False


def walked(records: list[Rec], key: Callable[[Rec], str | None], gap: int | None, start: str, end: str) -> list[Part]:
    """What `sessions` says in its docstring, record by record."""
    cut = gap is not None or start or end
    opens, closes = (Query.parse(text) for text in (start, end))
    out: list[Part] = []
    now: dict[str, Part | None] = {}
    last: dict[str, int] = {}
    for r in records:
        k = key(r)
        if k is None or (cut and r.time is None):
            continue
        part = now.get(k)
        if gap is not None and k in last and (r.time or 0) - last[k] > gap:
            part = None
        last[k] = r.time or 0
        if (start and matches(opens, r)) or (part is None and not start):
            part = Part(k)
            out.append(part)
        now[k] = part
        if part is not None:
            part.records.append(r)
            if end and matches(closes, r):
                part.ended, now[k] = True, None
    return out


def rows(records: list[Rec], parts: list[Part], query: str, *, end: bool) -> list[dict[str, Any]]:
    seen: dict[str, int] = {}
    out = []
    for part in parts:
        seen[part.key] = seen.get(part.key, 0) + 1
        matching = sum(matches(Query.parse(query), r) for r in part.records)
        users = [r.user for r in part.records if r.user is not None]
        others = sorted(set(users) - set(users[-1:]))
        times = [r.time for r in part.records if r.time is not None]
        if matching:
            out.append(
                {
                    "key": part.key, "part": seen[part.key], "user": users[-1] if users else None,
                    "other": bool(others),
                    "start": min(times, default=None), "end": max(times, default=None),
                    "records": len(part.records), "matching": matching,
                    "errors": sum(LEVELS.index(r.severity) >= 5 for r in part.records),
                    "severity": max((r.severity for r in part.records), key=LEVELS.index),
                    "services": sorted({r.service for r in part.records if r.service is not None}),
                    "traces": len({r.trace for r in part.records} - {None}),
                    "joined": sum(r.linked[1] == "trace" for r in part.records),
                    "ended": part.ended if end else None,
                }
            )  # fmt: skip
    return out


def told(engine: DuckDB, query: str, key: str | None, gap: int | None, start: str, end: str) -> list[dict[str, Any]]:
    asked = [Query.parse(text) if text else None for text in (start, end)]
    frame = engine.sessions(Query.parse(query), key, gap, *asked)
    assert dict(frame.schema) == SESSIONS
    out = []
    for row in frame.with_columns(frame["start"].cast(int), frame["end"].cast(int)).iter_rows(named=True):
        bounds = row["start"], row["end"]
        assert row.pop("duration_ns") == (None if None in bounds else bounds[1] - bounds[0])
        other = row.pop("other_user")
        assert other != row["user"] or other is None
        assert (row.pop("pages"), row.pop("has_recording")) == (0, False)
        out.append(row | {"other": other is not None})
    assert [r["start"] for r in out] == sorted(r["start"] for r in out if r["start"] is not None) + [None] * sum(
        r["start"] is None for r in out
    )
    return out


def same(
    engine: DuckDB, records: list[Rec], query: str, key: str | None, gap: int | None, start: str, end: str
) -> None:
    ordered = sorted((r for r in records if r.time is not None), key=lambda r: r.time or 0)
    ordered += [r for r in records if r.time is None]
    parts = walked(ordered, _keys(records)[key], gap, start, end)

    def place(row: dict[str, Any]) -> tuple[str, int]:
        return row["key"], row["part"]

    expected = sorted(rows(ordered, parts, query, end=bool(end)), key=place)
    assert sorted(told(engine, query, key, gap, start, end), key=place) == expected


def _keys(records: list[Rec]) -> dict[str | None, Callable[[Rec], str | None]]:
    users: dict[str | None, set[str | None]] = {}
    for r in records:
        users.setdefault(r.linked[0], set()).add(r.user)
    alone = {s: (u - {None}) for s, u in users.items() if s is not None and len(u - {None}) == 1}

    def user(r: Rec) -> str | None:
        return r.user if r.user is not None else next(iter(alone.get(r.linked[0], ())), None)

    return {
        None: user,
        "session": lambda r: r.linked[0],
        "order": lambda r: r.value("order"),
        "user_id": lambda r: r.user,
    }


_SOME = st.one_of(st.none(), st.sampled_from(["a", "b", "' OR 1=1 --"]))
_RECORD = st.fixed_dictionaries(
    {
        "time": st.one_of(st.none(), st.integers(0, 12)), "session": _SOME, "user": _SOME, "order": _SOME,
        "trace": st.one_of(st.none(), st.sampled_from([f"{i:032x}" for i in (1, 2, 3)])),
        "severity": st.sampled_from(LEVELS), "service": st.sampled_from([None, "web", "pay"]),
        "body": st.sampled_from(["begin", "done", "work"]),
    }
)  # fmt: skip
_TEXT = st.sampled_from(["", "begin", "severity>=error", "order=a", "done", "begin OR done"])


def made(parts: list[dict[str, Any]]) -> list[Rec]:
    out = []
    for i, part in enumerate(parts):
        order, time = part["order"], part["time"]
        rest = {k: v for k, v in part.items() if k not in ("order", "time")}
        attributes = [("order", "string", order)] if order is not None else []
        out.append(Rec(i + 1, None if time is None else T0 + time * SECOND, attributes=attributes, **rest))
    link(out)
    return out


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(parts=st.lists(_RECORD, min_size=1, max_size=30), key=st.sampled_from([None, "session", "order", "user_id"]),
       gap=st.sampled_from([None, 0, SECOND, 3 * SECOND]), start=_TEXT, end=_TEXT, query=_TEXT)  # fmt: skip
@example([{"time": None, "session": "a", "user": None, "order": "a", "trace": None, "severity": "info", "service": None,
           "body": "work"}], "session", None, "", "", "")  # fmt: skip
def test_any_records_and_conditions(
    parts: list[dict[str, Any]], key: str | None, gap: int | None, start: str, end: str, query: str
) -> None:
    records = made(
        [{**parts[0], "order": parts[0]["order"] or "a"}, *parts[1:]]
    )  # a field that no record has is an error
    engine = build(None, iter([batch(records)]))
    same(engine, records, query, key, gap, start, end)
    engine.close()


FILE = tomllib.loads((Path(__file__).parents[1] / "cases" / "sessions.toml").read_text(encoding="utf-8"))


def _shop() -> list[Rec]:
    """The records of the file; those of one second stand in its order."""
    records = [
        Rec(
            i + 1, T0 + r["second"] * SECOND if "second" in r else None, body=r["body"], session=r.get("session"),
            user=r.get("user"), trace=f"{r['trace']:032x}" if "trace" in r else None, service=r.get("service"),
            attributes=[("order", "string", r["order"])] if "order" in r else [],
        )
        for i, r in enumerate(FILE["record"])
    ]  # fmt: skip
    link(records)
    return records


@pytest.fixture(scope="module", params=["memory", "file", "parquet"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDB]:
    folder = tmp_path_factory.mktemp("sessions")
    engine = build(
        None if request.param == "memory" else folder / "x.duckdb", iter([batch(_shop())]), [("d", "a.jsonl")]
    )
    if request.param == "parquet":
        engine.write_parquet(folder / "parquet", Query())
        engine.close()
        engine = scan_parquet(folder / "parquet")
    yield engine
    engine.close()


@pytest.mark.parametrize("case", FILE["case"], ids=lambda c: c["why"])
def test_a_case(shop: DuckDB, case: dict[str, Any]) -> None:
    key, gap = case["key"] or None, case["gap"] * SECOND if "gap" in case else None
    start, end, query = (case.get(name, "") for name in ("start", "end", "query"))
    asked = [Query.parse(text) if text else None for text in (start, end)]
    frame = shop.sessions(Query.parse(query), key, gap, *asked).sort("key", "part")
    assert [list(row) for row in frame.select("key", "part", "records", "matching").rows()] == case["expect"]
    if "ended" in case:
        assert frame["ended"].to_list() == case["ended"]
    same(shop, _shop(), query, key, gap, start, end)


def test_hostile_ids_are_ids() -> None:
    records = [Rec(i + 1, T0 + i, attributes=[("order", "string", k)], user=k or None, service=k or None)
               for i, k in enumerate(HOSTILE)]  # fmt: skip
    link(records)
    engine = build(None, iter([batch(records)]))
    frame = engine.sessions(Query(), "order", None, None, None)
    assert frame["key"].to_list() == HOSTILE
    assert frame["user"].to_list() == [k or None for k in HOSTILE]
    engine.close()


def test_many_services_are_listed_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    records = [Rec(i + 1, T0 + i, session=f"s{i % 3}", service=f"svc{i % 70:02d}") for i in range(400)]
    engine = build(None, iter([batch(records)]))
    bits = engine.sessions(Query())
    monkeypatch.setattr("lognb.engines.duckdb.sessions._MOST_BITS", 10)
    assert engine.sessions(Query()).equals(bits)
    assert max(bits["services"].list.len()) == 70
    engine.close()


def test_what_memory_does_not_hold_at_once_is_asked_in_slices(shop: DuckDB, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = Query(), "order", None, Query.parse("begin"), Query.parse("done")
    whole = shop.sessions(*asked)
    monkeypatch.setattr("lognb.engines.duckdb.sessions._SLICES", (4,))
    assert shop.sessions(*asked).equals(whole)
    monkeypatch.setattr("lognb.engines.duckdb.sessions._SLICES", ())
    with pytest.raises(LimitError, match="not enough memory"):
        shop.sessions(*asked)


def test_a_store_with_too_little_memory_answers_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = build(tmp_path / "x.duckdb", bulk(300_000, 50_000))
    asked = Query(), "user_id", None, Query.parse("status=500"), Query.parse("status=404")
    whole = engine.sessions(*asked)
    monkeypatch.setattr("lognb.engines.duckdb.sessions._MEMORY", "60MB")
    assert engine.sessions(*asked).equals(whole)
    engine.close()


def test_far_times_overflow_nothing() -> None:
    records = [Rec(i + 1, ns, session="s") for i, ns in enumerate((-(2**63) + 10**15, 0, 2**63 - 10**15))]
    engine = build(None, iter([batch(records)]))
    assert engine.sessions(Query())["duration_ns"].to_list() == [None]
    assert engine.sessions(Query(), "session", SECOND)["records"].to_list() == [1, 1, 1]
    engine.close()


def test_an_unknown_key_or_field_is_told(shop: DuckDB) -> None:
    for ask in (
        lambda: shop.sessions(Query(), "oder"),
        lambda: shop.sessions(Query(), "order", None, Query.parse("oder=1")),
    ):
        with pytest.raises(FieldError, match="did you mean 'order'"):
            ask()
