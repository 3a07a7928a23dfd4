"""The Python half of the table: every question of the browser, asked as the browser asks it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.logs import Logs
from lognb.query import Number, Query
from lognb.widgets.narrow import narrowed
from lognb.widgets.table import TableView
from tests.engines import factory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    "\u202egnp.exe",
    "\x1b[31mred\x1b[0m",
    "\0nul",
]


class Asked:
    """A table and what it answers, one question after the other."""

    def __init__(self, table: TableView) -> None:
        self.table, self.got, self._next = table, {}, 0  # type: ignore[var-annotated]
        table.send = lambda content, buffers=None: self.got.update({content["id"]: json.loads(json.dumps(content))})

    def __call__(self, kind: str, **args: Any) -> Any:
        answer = self.raw({"kind": kind, **args})
        assert "error" not in answer, answer
        return answer["value"]

    def error(self, kind: str, **args: Any) -> str:
        return str(self.raw({"kind": kind, **args})["error"])

    def raw(self, ask: Any) -> dict[str, Any]:
        self._next += 1
        self.table._receive(self.table, {"id": self._next, "ask": ask}, [])
        assert self.table._worker.wait()
        return self.got[self._next]  # type: ignore[no-any-return]

    def page(self, offset: int = 0, limit: int = 100) -> Any:
        return self("page", revision=self.table.data["revision"], offset=offset, limit=limit)


STACK = "Oops: no\n  at f (a.js:1:2)\n  at g (a.js:3:4)\n  at h (a.js:5:6)"
ATTRIBUTES: list[tuple[str, str, str]] = [
    ("code", "string", "007"),
    ("count", "int", "7"),
    ("ratio", "double", "7.0"),
    ("n", "int", "1"),
    ("n", "int", "2"),
    ("big", "int", str(2**63 - 1)),
    ("ok", "bool", "true"),
    ("list", "array", '["a",1,null,{"k":[true]}]'),
    ("raw", "bytes", '{"$bytes":"AAE="}'),
    ("nan", "double", '{"$double":"NaN"}'),
    ("none", "empty", "null"),
    (HOSTILE[1], "string", HOSTILE[2]),
    ("time", "string", "t"),
    ("exception.stacktrace", "string", STACK),
]
SHOWN = {"raw": "AAE=", "nan": "NaN", "none": "", "list": "4"}


def records() -> list[factory.Rec]:
    """A zoo, a record with all that is hostile or repeated in it, and a long one."""
    odd = factory.Rec(
        id=7,
        time=factory.T0 + 10**12 + 123_456_789,
        severity="error",
        service=HOSTILE[0],
        body='{"a":1.0,"a":[],"deep":{"x":"007"}}',
        trace="ab" * 16,
        session="s-1",
        attributes=ATTRIBUTES,
        resource='{"service.name":"x","env":"prod","n":9}',
        position=3,
    )
    long = factory.Rec(id=8, time=factory.T0, body="x" * 5000 + HOSTILE[3], severity="warn", position=4)
    return [*factory.zoo(120), odd, long]


@pytest.fixture
def logs(tmp_path: Path) -> Iterator[Logs]:
    from lognb.engines.duckdb import build
    from lognb.loaders import LoadReport

    engine = build(tmp_path / "s.duckdb", factory.batches(records()), [("a", "a.jsonl"), ("b", "b.jsonl")], dict)
    yield Logs(engine, Query(), ["a.jsonl", "b.jsonl"], LoadReport.from_dict({"overall": engine.overview}))
    engine.close()


@pytest.fixture
def ask(logs: Logs) -> Iterator[Asked]:
    asked = Asked(TableView(logs))
    yield asked
    asked.table.close()


def values(record: Any, group: str) -> list[Any]:
    return next(g["values"] for g in record["groups"] if g["name"] == group)  # type: ignore[no-any-return]


def test_pages_are_the_records_in_both_orders(ask: Asked, logs: Logs) -> None:
    for newest in (True, False):
        ask("newest", on=newest)
        whole = logs.engine.page(logs.query, 500, newest=newest).records
        page = ask.page(0, 500)
        assert page["ids"] == whole["record_id"].cast(pl.String).to_list()
        assert page["time"] == whole["time"].cast(pl.Int64).cast(pl.String).to_list()
        assert page["severity"] == whole["severity"].cast(pl.String).to_list()
        assert page["service"] == whole["service_name"].to_list()
        some = ask.page(37, 5)
        assert some["ids"] == page["ids"][37:42]
        assert some["offset"] == 37
    assert ask.page(10_000_000)["ids"] == []


def test_a_page_of_another_revision_is_none(ask: Asked) -> None:
    old = ask.table.data["revision"]
    ask("newest", on=False)
    assert ask("page", revision=old, offset=0, limit=5) == {"revision": ask.table.data["revision"], "stale": True}


def test_a_long_body_is_cut_in_rows_and_whole_in_its_record(ask: Asked) -> None:
    page = ask.page(0, 500)
    assert page["body"][page["ids"].index("8")] == "x" * 2000 + "…"
    assert ask("record", id="8")["body"]["text"] == "x" * 5000 + HOSTILE[3]
    assert ask("bodies", ids=["8"]) == ["x" * 5000 + HOSTILE[3]]


def test_a_record_has_every_attribute_with_its_type(ask: Asked) -> None:
    record = ask("record", id="7")
    assert record["time"] == str(factory.T0 + 10**12 + 123_456_789)
    found = {(v["key"], v["type"], v["text"]) for v in values(record, "attributes")}
    assert found == {(key, kind, SHOWN.get(key, text)) for key, kind, text in ATTRIBUTES}
    by = {v["key"]: v for v in values(record, "attributes")}  # the last of a repeated key
    assert (by["code"]["value"], by["count"]["value"], by["ok"]["value"]) == ("007", {"number": "7"}, True)
    assert by["n"]["text"] == "2"
    earlier = [v for v in values(record, "attributes") if v.get("earlier")]
    assert [(v["text"], "value" in v, "field" in v) for v in earlier] == [("1", False, False)]
    assert [c["type"] for c in by["list"]["children"]] == ["string", "int", "empty", "kvlist"]
    assert by["exception.stacktrace"]["frames"] == 3
    assert by["time"]["field"] == "attributes.time"
    assert {v["key"]: v["field"] for v in values(record, "resource")} == {
        "service.name": "service.name",
        "env": "resource.env",
        "n": "resource.n",
    }
    assert record["body"]["pretty"].splitlines()[1] == '  "a": 1.0,'
    assert record["ids"]["trace_id"] == "ab" * 16
    assert next(v["text"] for v in values(record, "times")).endswith(".123456789Z")
    assert {"key": "source", "type": "string", "text": "a.jsonl", "field": "source", "value": "a.jsonl"} in values(
        record, "origin"
    )


def test_every_field_that_a_record_offers_finds_it(ask: Asked, logs: Logs) -> None:
    """What a click on a value includes lets the record through, and what it excludes does not."""
    for group in ask("record", id="7")["groups"]:
        for value in group["values"]:
            if "value" not in value or "field" not in value:
                continue
            for op, there in (("include", True), ("exclude", False), ("exists", True)):
                ask("filter", field=value["field"], op=op, value=value["value"])
                assert ("7" in ask.page(0, 500)["ids"]) is there, (value, op)
                ask("back")
                assert ask.table.logs.query == Query()


@pytest.mark.parametrize(
    "field",
    [
        "severity",
        "service_name",
        "body",
        "time",
        "mixed",
        "odd",
        "dur",
        "n",
        "ok",
        "env",
        "resource.replicas",
        "source_position",
        "big",
        "raw",
    ],
)
def test_the_value_of_a_cell_finds_its_record_whatever_its_type(ask: Asked, field: str) -> None:
    """Cells are text; what the text means depends on the type of the value, which is looked up by the record."""
    if field not in ("severity", "service_name", "body", "time"):
        ask("columns", columns=[{"field": field}])
    page = ask.page(0, 500)
    cells = page["cells"].get(field)
    tried = set()
    for i, record_id in enumerate(page["ids"]):
        cell = cells[i] if cells else record_id
        if cell in tried or len(tried) > 12:
            continue
        tried.add(cell)
        answer = ask.raw({"kind": "filter", "field": field, "op": "include", "id": record_id})
        if "error" in answer:
            assert cell in ("NaN", "inf", '{"$bytes":"AAE="}')
            assert "no condition finds" in answer["error"]
            continue
        assert record_id in ask.page(0, 500)["ids"], cell
        ask("back")
        ask("filter", field=field, op="exclude", id=record_id)
        assert record_id not in ask.page(0, 500)["ids"], cell
        ask("back")


def test_columns_are_any_fields_and_are_checked(ask: Asked, logs: Logs) -> None:
    ask(
        "columns",
        columns=[{"field": "n", "width": 90}, {"field": "odd", "width": None}, {"field": "service_name", "width": 50}],
    )
    assert [c["field"] for c in ask.table.data["columns"]] == ["n", "odd", "service_name"]
    page = ask.page(0, 500)
    whole = logs.engine.page(logs.query, 500, newest=True, columns=["n", "odd"]).records
    assert list(page["cells"]) == ["n", "odd"]
    assert page["cells"]["odd"] == whole["odd"].to_list()
    assert page["cells"]["n"] == whole["n"].cast(pl.String).to_list()
    around = ask("context", id=page["ids"][3], before=2, after=2)
    at = page["ids"].index(around["ids"][0])
    assert around["cells"]["n"][0] == page["cells"]["n"][at]
    assert "did you mean 'severity'" in ask.error("columns", columns=[{"field": "severty"}])
    assert "once" in ask.error("columns", columns=[{"field": "n"}, {"field": "n"}])
    assert "not a question" in ask.error("columns", columns=[{"field": "n", "width": -1}])


def test_context_is_what_stands_around_whatever_the_query(ask: Asked, logs: Logs) -> None:
    ask("filter", field="record_id", op="include", value={"number": "7"})
    assert ask.table.data["count"] == 1
    around = ask("context", id="7", before=3, after=3)
    assert around["ids"] == logs.context(7, 3, 3)["record_id"].cast(pl.String).to_list()
    assert around["ids"][around["at"]] == "7"
    assert ask("context", id="7", before=3, after=3, same="trace")["ids"] == ["7"]
    assert "no record has the id" in ask.error("context", id="12", before=3, after=3)
    assert "has no session" in ask.error("context", id="8", before=3, after=3, same="session")


def test_a_record_that_its_trace_joins_goes_to_that_session() -> None:
    from lognb.engines.duckdb import build
    from lognb.loaders import LoadReport

    made = [factory.Rec(i, factory.T0 + i, trace="ab" * 16, session="s-1" if i == 1 else None) for i in (1, 2)]
    engine = build(None, factory.batches(made))
    asked = Asked(TableView(Logs(engine, Query(), ["a.jsonl"], LoadReport.from_dict({"overall": engine.overview}))))
    own, joined = (asked("record", id=str(i)) for i in (1, 2))
    assert own["ids"]["session_id"] == joined["ids"]["session_id"] == "s-1"
    assert [v["text"] for v in values(joined, "ids") if v["key"] in ("session", "joined_by")] == ["s-1", "trace"]
    assert not [v for v in values(own, "ids") if v["key"] == "joined_by"]
    asked("go", to="session", id="s-1")
    assert asked.table.data["count"] == 2
    asked.table.close()
    engine.close()


def test_pins_are_kept_with_their_note(ask: Asked) -> None:
    before = ask.table.data["revision"]
    ask("pin", id="7", note=HOSTILE[0])
    ask("pin", id="8")
    assert (ask.table.data["pinned"], ask.table.data["notes"]) == (["7", "8"], {"7": HOSTILE[0], "8": ""})
    assert ask.table.data["revision"] == before  # the rows are those of before
    assert sorted(ask("pinned")["ids"]) == ["7", "8"]
    ask("unpin", id="7")
    assert ask.table.data["pinned"] == ["8"]
    assert "no record has the id" in ask.error("pin", id="9")


def test_go_shows_a_trace_or_a_session_alone_and_back_returns(ask: Asked) -> None:
    ask("filter", field="severity", op="include", value="error")
    ask("go", to="trace", id="ab" * 16)
    assert ask.page()["ids"] == ["7"]
    ask("back")
    assert str(ask.table.logs.query) == "severity=error"
    ask("go", to="session", id="s-1")
    assert ask.page()["ids"] == ["7"]


@pytest.mark.parametrize("format", ["csv", "jsonl", "parquet"])
def test_exports_go_to_a_new_file(ask: Asked, format: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    first = ask("export", format=format, ids=["7", "8"])
    again = ask("export", format=format)
    assert (first["records"], again["records"]) == (2, 122)
    assert first["path"] != again["path"]
    read = ln.scan(first["path"]) if format == "parquet" else ln.read(first["path"], progress=False)
    assert len(read) == 2


BAD: list[Any] = [
    {"kind": "page", "revision": 1, "offset": -1, "limit": 10},
    {"kind": "page", "revision": 1, "offset": 0, "limit": 501},
    {"kind": "page", "revision": 1, "offset": "0", "limit": 1},
    {"kind": "page", "revision": 1, "offset": 0, "limit": 1, "sql": "select 1"},
    {"kind": "record", "id": 7},
    {"kind": "record", "id": "-7"},
    {"kind": "record", "id": "7; DROP TABLE logs"},
    {"kind": "record", "id": "9" * 20},
    {"kind": "record", "id": "9" * 21},
    {"kind": "context", "id": "7", "before": 501, "after": 1},
    {"kind": "context", "id": "7", "before": 1, "after": 1, "same": "planet"},
    {"kind": "filter", "field": "severity", "op": "drop", "value": "x"},
    {"kind": "filter", "field": "severity", "op": "include", "value": {"number": "1 OR 1"}},
    {"kind": "filter", "field": "nowhere", "op": "include", "value": "x"},
    {"kind": "filter", "field": "n", "op": "include", "id": "5"},
    {"kind": "facet", "field": "nowhere"},
    {"kind": "facet", "field": "n"},
    {"kind": "export", "format": "exe"},
    {"kind": "export", "format": "csv", "ids": []},
    {"kind": "go", "to": "moon", "id": "x"},
    {"kind": "sql", "text": "select 1"},
    {"kind": "newest", "on": 1},
    None,
    [],
    "page",
]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_what_is_no_question_gets_an_error_and_changes_nothing(ask: Asked, bad: Any) -> None:
    before = ask.table.data
    assert "lognb made a mistake" not in ask.raw(bad)["error"]
    assert ask.table.data == before


def test_a_part_of_a_panel_asks_the_panel(logs: Logs) -> None:
    told: list[Any] = []

    def teller(name: str) -> Callable[..., None]:
        return lambda *args: told.append((name, *args))

    names = ("newest", "columns", "filter", "facet", "pin", "unpin", "view", "go")
    table = TableView(logs, on={n: teller(n) for n in names})
    assert table.data == {}
    errors = logs.where("severity=error")
    table.show(errors, revision=5, count=len(errors), newest=False, columns=[{"field": "n", "width": None}], zone="UTC",
               words=[], pinned=[], fields=[], busy=False, every_ns=False)  # fmt: skip
    ask = Asked(table)
    page = ask.page(0, 500)
    assert page["ids"] == errors.head(500)["record_id"].cast(pl.String).to_list()
    assert "n" in page["cells"]
    ask("newest", on=True)
    ask("columns", columns=[{"field": "odd"}])
    ask("filter", field="count", op="exclude", id="7")
    ask("facet", field="n")
    ask("pin", id="7", note="why")
    ask("unpin", id="7")
    ask("go", to="user", id="u")
    ask("view", offset=0, rows=3)
    times = [int(t) for t in page["time"][:3] if t is not None]
    assert told == [
        ("newest", True), ("columns", [{"field": "odd", "width": None}]), ("filter", "count", Number("7"), "exclude"),
        ("facet", "n"), ("pin", 7, "why"), ("unpin", 7), ("go", "user", "u", None), ("view", min(times), max(times)),
    ]  # fmt: skip
    assert table.data["revision"] == 5
    table.close()


@pytest.mark.parametrize(
    ("query", "field", "value", "op", "expected"),
    [
        ("a=1 level in (x, y)", "level", "x", "include", "a=1 level=x"),
        ("level>=warn", "level", "error", "only", "level=error"),
        ("level=x", "level", "x", "exclude", "level!=x"),
        ("level in (x, y, z)", "level", "x", "exclude", "level in (y, z)"),
        ("level in (x, y)", "level", "x", "exclude", "level=y"),
        ("-level=x", "level", "y", "exclude", "-level=x level!=y"),
        ("", "level", None, "include", "-level exists"),
        ("", "level", None, "exclude", "level exists"),
        ("level exists", "level", "x", "exists", "level exists"),
        ("(level=x OR n=1)", "level", "x", "include", "(level=x OR n=1) level=x"),
    ],
)
def test_what_a_click_makes_of_a_query(query: str, field: str, value: Any, op: str, expected: str) -> None:
    window = Query((), 10**18, 2 * 10**18)
    assert narrowed(Query.parse(query) & window, field, value, op) == Query.parse(expected) & window
