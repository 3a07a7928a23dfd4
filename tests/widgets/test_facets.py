"""The Python half of facets: what a query says of values, value search, and fields found by name or by value."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lognb as ln
from lognb._completer import typed
from lognb.engines.base import FACETS
from lognb.engines.duckdb import build
from lognb.errors import LognbError
from lognb.loaders.report import LoadReport
from lognb.query import Query
from lognb.widgets import facets as module
from lognb.widgets.facets import Facets, containing, facet, named, rows, suggested
from tests.engines.factory import T0, Rec, batch
from tests.widgets.asking import Heard, ask

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.engines.base import Engine

HOSTILE = ["<img src=x onerror=alert(1)>", "</script>", "a\u202eb", "\x1b[31mred", "nul\0", "", "=1+1"]
ROUTES = [f"/r{i}" for i in range(30)]


def _records() -> list[Rec]:
    out = []
    for i in range(600):
        pairs = [
            ("http.route", "string", ROUTES[min(i % 40, i % 30)]),
            ("status", "int", str(200 + 100 * (i % 4))),
            ("mixed", "int", "1") if i % 3 else ("mixed", "string", "1"),
            ("odd", "string", HOSTILE[i % len(HOSTILE)]),
            ("ratio", "double", str(i % 5 + 0.5)),
            ("request.id", "string", f"req-{i:04d}-{'Ä' if i % 2 else 'b'}"),
        ]
        level = ["info", "info", "warn", "error"][i % 4]
        service = [None, "checkout", "cart"][i % 3]
        out.append(Rec(i + 1, T0 + i, severity=level, service=service, attributes=pairs, body="x" if i % 2 else "y"))
    return out


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    made = build(tmp_path_factory.mktemp("facets") / "s.duckdb", [batch(_records())])
    yield made
    made.close()


@pytest.fixture
def logs(engine: Engine) -> ln.Logs:
    return ln.Logs(engine, Query(), [], LoadReport())


def _facet(engine: Engine, text: str, field: str, top: int = 10) -> dict[str | None, tuple[int | None, str | None]]:
    query = Query.parse(text)
    made = facet(engine, engine.facets(query, [field], top), query, field)
    return {row["value"]: (row["records"], row["state"]) for row in made["values"]}


@pytest.mark.parametrize(
    ("text", "field", "expect"),
    [
        ("level=a", "level", {"a": "include"}),
        ("level in (a, b)", "level", {"a": "include", "b": "include"}),
        ("level!=a", "level", {"a": "exclude"}),
        ("-level=a", "level", {"a": "exclude"}),
        ("-level!=a", "level", {"a": "include"}),
        ("-level in (a, b)", "level", {"a": "exclude", "b": "exclude"}),
        ("(level=a OR level=b)", "level", {"a": "include", "b": "include"}),
        ("-(level=a OR level=b)", "level", {"a": "exclude", "b": "exclude"}),
        ("level exists", "level", {None: "exclude"}),
        ("-level exists", "level", {None: "include"}),
        ("(level=a OR -level exists)", "level", {"a": "include", None: "include"}),
        ("(level=a OR n=1)", "level", {}),
        ("level:a level~b", "level", {}),
        ("severity>=error", "severity", {"error": "include", "fatal": "include"}),
        ("severity<debug", "severity", {"trace": "include"}),
        ("-severity<=debug", "severity", {"trace": "exclude", "debug": "exclude"}),
        ("level>=error", "level", {}),
    ],
)
def test_what_a_query_names(text: str, field: str, expect: dict[str | None, str]) -> None:
    assert dict(named(Query.parse(text), field)) == expect


def test_counts_leave_out_the_own_conditions_and_values_that_are_named_stay(engine: Engine) -> None:
    found = _facet(engine, "service_name=checkout service_name!=nosuch x", "service_name")
    assert found == {"checkout": (100, "include"), "cart": (100, None), None: (100, None), "nosuch": (0, "exclude")}


def test_a_named_value_beyond_the_most_frequent_has_its_true_count(engine: Engine) -> None:
    asked = Query.parse("http.route=/r29")
    frame = engine.facets(asked, ["http.route"], 5)
    made = rows(frame, asked, "http.route")
    assert (made["shown"], made["distinct"]) == (5, 30)
    assert made["values"][-1] == {"value": "/r29", "records": None, "state": "include", "chosen": True}
    true = sum(r.value("http.route") == "/r29" for r in _records())
    assert true > 0
    assert _facet(engine, "http.route=/r29", "http.route", 5)["/r29"] == (true, "include")
    assert _facet(engine, "http.route=/none", "http.route", 5)["/none"] == (0, "include")


@pytest.mark.parametrize(
    ("text", "field", "value", "state"),
    [
        ("status=500", "status", "500", "include"),
        ("status=5e2", "status", "500", "include"),
        ("ratio!=1.50", "ratio", "1.5", "exclude"),
        ('mixed="1"', "mixed", '"1"', "include"),
        ("mixed=1", "mixed", "1", "include"),
        ("-odd=\"\"", "odd", "", "exclude"),
        ("severity=WARNING", "severity", "warn", "include"),
        ("-service_name exists", "service_name", None, "include"),
    ],
)  # fmt: skip
def test_values_are_found_in_the_type_in_which_they_are_asked_for(
    engine: Engine, text: str, field: str, value: str | None, state: str
) -> None:
    found = _facet(engine, text, field)
    assert found[value][1] == state
    assert found[value][0]
    assert sum(s is not None for _, s in found.values()) == 1


def test_every_severity_is_listed_in_its_order(engine: Engine) -> None:
    found = _facet(engine, "severity>=error", "severity")
    assert list(found) == ["fatal", "error", "warn", "info", "debug", "trace", "unspecified"]
    assert found["fatal"] == (0, "include")
    assert found["error"] == (150, "include")
    assert found["warn"] == (150, None)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from(["http.route=/r1", "-http.route=/r2", "http.route in (/r1, /r3)", "x", "status=200"])))
def test_what_is_chosen_is_what_the_query_lets_through(engine: Engine, parts: list[str]) -> None:
    query = Query.parse(" ".join(parts))
    made = facet(engine, engine.facets(query, ["http.route"], 100), query, "http.route")
    for row in made["values"]:
        condition = f'http.route="{row["value"]}"' if row["value"] is not None else "-http.route exists"
        assert row["records"] == engine.count(query.without("http.route") & Query.parse(condition))
        if row["records"]:
            assert row["chosen"] == (engine.count(query & Query.parse(condition)) > 0)


@pytest.mark.parametrize("whole", [1000, 3])
@pytest.mark.parametrize(
    ("field", "text", "query"),
    [
        ("request.id", "REQ-000", "severity=error"),
        ("request.id", "ä", ""),
        ("request.id", "", "x"),
        ("http.route", "r1", "http.route=/r2 x"),
        ("status", "50", "status=200 y"),
        ("ratio", ".5", ""),
        ("odd", "<img", "odd!=x"),
        ("odd", "%", ""),
        ("odd", "\0", ""),
        ("service_name", "C", "service_name=cart"),
        ("severity", "ERR", "severity=info"),
        ("time", "09:", ""),
        ("mixed", "1", ""),
    ],
)
def test_value_search_finds_what_contains_the_text(
    monkeypatch: pytest.MonkeyPatch, engine: Engine, whole: int, field: str, text: str, query: str
) -> None:
    """Whether all values are looked through in one list or the engine is asked, the answer is the same."""
    monkeypatch.setattr(module, "_WHOLE", whole)
    if field == "mixed" and whole == 3:
        whole = 0  # it has two values only
    asked = Query.parse(query)
    every = engine.facets(asked.without(field), [field], 10_000).filter(pl.col("value").is_not_null())
    expect = {r["value"]: r["records"] for r in every.iter_rows(named=True) if text.casefold() in r["value"].casefold()}
    found = containing(engine, asked, field, text)
    assert {row["value"]: row["records"] for row in found}.items() <= expect.items()
    assert len(found) == min(len(expect), 50)
    states = dict.fromkeys(expect, None) | {v: s for v, s in named(asked, field) if isinstance(v, str)}
    assert all(row["state"] == states[row["value"]] for row in found if field != "status")


def test_value_search_of_what_no_field_is(logs: ln.Logs) -> None:
    with pytest.raises(LognbError, match="no field"):
        ask(Facets(logs), "search", field="no.such", text="a")


def test_value_search_is_under_the_query_that_is_shown(logs: ln.Logs) -> None:
    panel = Facets(logs)
    panel.query = Query.parse("status=200 service_name=cart")
    found = {
        row["value"]: (row["records"], row["state"]) for row in ask(panel, "search", field="service_name", text="c")
    }
    assert found == {"checkout": (50, None), "cart": (50, "include")}


def test_fields_are_found_by_name_first_at_its_start_then_by_value(engine: Engine) -> None:
    found = suggested(engine, "s", set())["found"]
    names = [row["field"] for row in found]
    assert all(n.startswith("s") for n in names[: names.index("status")])
    assert {row["match"] for row in found} == {"name"}
    found = suggested(engine, "CHECK", {"status"})["found"]
    assert found == [{"field": "service_name", "match": "value", "value": "checkout", "records": 200}]


def test_values_are_looked_for_a_short_time_at_once(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SECONDS", -1)
    monkeypatch.setattr(module, "_frequent", type(module._frequent)())
    assert suggested(engine, "checkout", set())["found"] == []
    assert suggested(engine, "checkout", set())["left"] > 5
    monkeypatch.setattr(module, "_SECONDS", 60)
    assert suggested(engine, "checkout", set())["left"] == 0
    monkeypatch.setattr(module, "_SECONDS", -1)
    assert suggested(engine, "checkout", set())["left"] == 0  # known by now


def test_a_facet_that_is_shown_is_not_suggested(logs: ln.Logs) -> None:
    panel = Facets(logs)
    assert {"field": "status", "match": "name", "value": None, "records": None} in ask(panel, "suggest", text="stat")[
        "found"
    ]
    panel.show(facets=[rows(pl.DataFrame(schema=FACETS), Query(), "status")])
    assert ask(panel, "suggest", text="stat")["found"] == []


def test_the_panel_is_told_what_was_done(logs: ln.Logs) -> None:
    heard = Heard()
    panel = Facets(logs, heard)
    for kind, args in [
        ("toggle", {"field": "status", "value": "500", "state": "exclude"}),
        ("toggle", {"field": "service_name", "value": None, "state": None}),
        ("only", {"field": "odd", "value": HOSTILE[0]}),
        ("clear", {"field": "odd"}),
        ("more", {"field": "http.route"}),
        ("add", {"field": "mixed"}),
        ("remove", {"field": "gone"}),
    ]:
        assert ask(panel, kind, **args) is None
    assert heard.told == [
        ("toggle", "status", "500", "exclude"),
        ("toggle", "service_name", None, None),
        ("only", "odd", HOSTILE[0]),
        ("clear", "odd"),
        ("more", "http.route"),
        ("add", "mixed"),
        ("remove", "gone"),
    ]


def test_the_panel_is_not_told_what_makes_no_sense(logs: ln.Logs) -> None:
    heard = Heard()
    panel = Facets(logs, heard)
    for kind, args in [
        ("toggle", {"field": "status", "value": "500", "state": "maybe"}),
        ("toggle", {"field": "status", "value": 500, "state": None}),
        ("toggle", {"field": "no.such", "value": "1", "state": "include"}),
        ("add", {"field": "'; DROP TABLE logs; --"}),
        ("only", {"field": "status"}),
        ("search", {"field": "status", "text": ["a"]}),
        ("sql", {"text": "SELECT 1"}),
    ]:
        with pytest.raises(LognbError):
            ask(panel, kind, **args)
    assert heard.told == []


def test_what_was_folded_stays_so(logs: ln.Logs) -> None:
    panel = Facets(logs)
    shown: list[dict[str, Any]] = [rows(pl.DataFrame(schema=FACETS), Query(), "status")]
    panel.show(facets=shown)
    assert panel.data["facets"][0]["open"] is True
    ask(panel, "fold", field="status", open=False)
    panel.show(facets=shown)
    assert panel.data["facets"][0]["open"] is False
    ask(panel, "fold", field="status", open=True)
    panel.show(facets=shown)
    assert panel.data["facets"][0]["open"] is True


def test_what_is_drawn_is_plain_json(engine: Engine, logs: ln.Logs) -> None:
    query = Query.parse("odd!=x -service_name exists status in (200, 500)")
    fields = ["odd", "service_name", "status", "severity"]
    frame = engine.facets(query, fields)
    panel = Facets(logs)
    panel.show(facets=[facet(engine, frame, query, f) for f in fields])
    assert json.loads(json.dumps(panel.data)) == panel.data
    assert {v["value"] for v in panel.data["facets"][0]["values"]} == {*HOSTILE, "x"}


@pytest.mark.parametrize(
    ("field", "texts"),
    [("status", ["500"]), ("mixed", ["1", '"1"']), ("odd", HOSTILE), ("ratio", ["1.5"]), ("service_name", ["cart"])],
)
def test_a_shown_value_is_written_as_what_it_is(engine: Engine, field: str, texts: list[str]) -> None:
    values = typed(engine, field, texts)
    frame = engine.facets(Query(), [field], 20)
    known = dict(zip(frame["value"], frame["records"], strict=True))
    for text in texts:
        condition = ln.query.Condition(field, "=", values[text])
        assert engine.count(Query((condition,))) == known[text]
