"""The Python half of the search bar: it checks, completes, and tells the panel only what makes sense."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.errors import LognbError
from lognb.loaders.report import LoadReport
from lognb.query import Query
from lognb.widgets.search import Search, chips
from tests.engines.factory import T0, Rec, batch
from tests.widgets.asking import Heard, ask

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("", None, ""),
        ("severity>=error timeout", None, ""),
        ("the severity>=blue", "blue", "'blue' is no severity"),
        ("ok servce_name=x y", "servce_name", "no field 'servce_name'"),
        ('ok "no such key"=1', '"no such key"', "no field 'no such key'"),
        ("service_name in (a, b) severity in (error, blue)", "blue", "'blue' is no severity"),
        ("severity==error", "==error", "there is no =="),
        ('body:x "abc', '"abc', "this quote is never closed"),
        ("a time>noon", "noon", "'noon' is no time"),
        ("severity>=", "", "a value is missing"),
        ("😀 severity=blue", "blue", "'blue' is no severity"),
        ("a)", ")", "no parenthesis is open here"),
    ],
)
def test_an_error_is_about_its_word(logs: ln.Logs, text: str, place: str | None, message: str) -> None:
    found = ask(Search(logs), "check", text=text)
    if place is None:
        assert found is None
    else:
        assert text[found["start"] : found["end"]] == place
        assert found["message"].startswith(message)
        assert "\n" not in found["message"]


def test_half_of_a_character_is_an_error_of_its_word(logs: ln.Logs) -> None:
    found = ask(Search(logs), "check", text="a \ud83d")
    assert (found["start"], found["end"]) == (2, 3)
    assert "half of a character" in found["message"]


@pytest.mark.parametrize(
    ("text", "start", "item"),
    [
        ("sev", 0, {"text": "severity", "note": "field"}),
        ("severity>=er", 10, {"text": "error", "note": "value"}),
        ("severity", 0, {"text": "severity>=", "note": "operator"}),
        ("service_name=ch", 13, {"text": "checkout", "note": "value"}),
        ("a O", 2, {"text": "OR", "note": "keyword"}),
        ("😀 service_name ", 15, {"text": "exists", "note": "operator"}),
    ],
)
def test_completion_offers_fields_operators_and_values(
    logs: ln.Logs, text: str, start: int, item: dict[str, str]
) -> None:
    found = ask(Search(logs), "complete", text=text, cursor=len(text))
    assert (found["start"], found["end"]) == (start, len(text))
    assert item in found["items"]


def test_the_shortest_field_is_offered_first(logs: ln.Logs) -> None:
    assert ask(Search(logs), "complete", text="a sev", cursor=5)["items"][0]["text"] == "severity"


def test_completion_looks_only_at_what_is_before_the_cursor(logs: ln.Logs) -> None:
    found = ask(Search(logs), "complete", text="sev ) (", cursor=3)
    assert found["items"][0]["text"] == "severity"
    assert ask(Search(logs), "complete", text="sev", cursor=10**9)["end"] == 3


def test_the_panel_is_told_what_was_done(logs: ln.Logs) -> None:
    heard = Heard()
    bar = Search(logs, heard)
    bar.show(text="a -b", chips=chips(Query.parse("a -b")))
    assert ask(bar, "query", text="severity>=error") is None
    for kind, args in [
        ("drop", {"i": 1}),
        ("negate", {"i": 0}),
        ("edit", {"i": 1, "text": "c"}),
        ("drop_window", {}),
        ("undo", {}),
        ("redo", {}),
        ("zone", {"name": "Europe/Berlin"}),
        ("cancel", {}),
    ]:
        ask(bar, kind, **args)
    assert heard.told == [
        ("query", "severity>=error"),
        ("drop", 1),
        ("negate", 0),
        ("edit", 1, "c"),
        ("drop_window",),
        ("undo",),
        ("redo",),
        ("zone", "Europe/Berlin"),
        ("cancel",),
    ]


def test_the_panel_is_not_told_what_makes_no_sense(logs: ln.Logs) -> None:
    heard = Heard()
    bar = Search(logs, heard)
    bar.show(chips=chips(Query.parse("a")))
    assert ask(bar, "query", text="severity>=blue")["start"] == 10
    assert ask(bar, "edit", i=0, text="(")["message"]
    for kind, args in [
        ("drop", {"i": 1}),
        ("edit", {"i": 7, "text": "a"}),
        ("negate", {"i": -1}),
        ("negate", {"i": True}),
        ("zone", {"name": "Middle/Earth"}),
        ("zone", {"name": "../../etc/passwd"}),
        ("query", {"text": None}),
        ("query", {"text": "x" * 100_001}),
        ("undo", {"sql": "DROP TABLE logs"}),
        ("complete", {"text": "a", "cursor": -1}),
        ("pin", {}),
    ]:
        with pytest.raises(LognbError):
            ask(bar, kind, **args)
    assert heard.told == []


@pytest.mark.parametrize("on", [None, {}, {"undo": lambda: None}])
def test_it_stands_without_a_panel(logs: ln.Logs, on: Any) -> None:
    bar = Search(logs.where("severity>=error -http.route=/x", since="09:00"), on)
    assert bar.data["text"] == "severity>=error -http.route=/x"
    assert [c["negated"] for c in bar.data["chips"]] == [False, True]
    assert bar.data["window"]["since"].isdecimal()
    assert bar.data["window"]["until"] is None
    for kind in ("undo", "redo", "cancel", "drop_window"):
        assert ask(bar, kind) is None


def test_an_error_of_the_panel_is_the_answer(logs: ln.Logs) -> None:
    def refuse(text: str) -> None:
        raise ln.QueryError(f"not {text}")

    with pytest.raises(LognbError, match="not now"):
        ask(Search(logs, {"query": refuse}), "query", text="now")


def test_a_chip_is_the_text_of_its_condition() -> None:
    query = Query.parse('a!=1 -b exists (c OR d) "x y"') & Query((), T0, None)
    assert [(c["i"], c["text"], c["negated"]) for c in chips(query)] == [
        (0, "a!=1", True),
        (1, "-b exists", True),
        (2, "(c OR d)", False),
        (3, '"x y"', False),
    ]
    assert all(Query.parse(c["text"]).conditions == (query.conditions[c["i"]],) for c in chips(query))


def test_hostile_values_are_completed_as_they_are_written(tmp_path: Path) -> None:
    from lognb.engines.duckdb import build

    hostile = '<img src=x onerror="alert(1)">'
    records = [Rec(1, T0, service=hostile), Rec(2, T0, service="a\0b\u202ec")]
    engine = build(tmp_path / "s.duckdb", [batch(records)])
    logs = ln.Logs(engine, Query(), [], LoadReport())
    texts = [item["text"] for item in ask(Search(logs), "complete", text="service_name=", cursor=13)["items"]]
    queries = [Query.parse(f"service_name={text}").conditions[0].value for text in texts]
    assert sorted(queries) == sorted([hostile, "a\0b\u202ec"])
    engine.close()
