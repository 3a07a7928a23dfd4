"""The panel in Python alone: what is asked becomes a query, and everything that is drawn is of that query."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError
from lognb.query import Query, format_time
from lognb.schema import LEVELS
from lognb.widgets.explorer import FACETS, Explorer
from tests.widgets import asking

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

MINUTE = 60_000_000_000


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def explore() -> Iterator[Callable[..., Explorer]]:
    """Makes panels that are counted to the end, and closes them."""
    made: list[Explorer] = []

    def new(logs: ln.Logs, *args: Any, **view: Any) -> Explorer:
        made.append(logs.explore(*args, **view))
        assert made[-1].wait()
        return made[-1]

    yield new
    for panel in made:
        panel.close()


def ask(panel: Explorer, part: str, kind: str, **what: Any) -> Any:
    """What a widget answers to its browser half; counted to the end."""
    widget = {"search": 0, "timeline": 1, "facets": 2, "table": 3}[part]
    target = panel._drawing.widgets()[widget]
    said: list[Any] = []
    target.send = said.append
    target._receive(target, {"id": 1, "ask": {"kind": kind, **what}}, [])
    assert panel.wait()
    (answer,) = [s for s in said if s.get("id") == 1]
    return answer


def drawn(panel: Explorer, part: str) -> dict[str, Any]:
    widget = {"search": 0, "timeline": 1, "facets": 2, "table": 3}[part]
    return panel._drawing.widgets()[widget].data


def facet(panel: Explorer, field: str) -> dict[Any, tuple[int, str | None]]:
    (found,) = [f for f in drawn(panel, "facets")["facets"] if f["field"] == field]
    return {v["value"]: (v["records"], v["state"]) for v in found["values"]}


def bars(panel: Explorer) -> dict[str, int]:
    widget = panel._drawing.widgets()[1]
    names = [s["name"] for s in widget.data["series"]]
    table = np.frombuffer(widget.counts, "<u4").reshape(widget.data["buckets"], len(names))
    return dict(zip(names, (table.sum(axis=0) * widget.data["scale"]).tolist(), strict=True))


def agrees(panel: Explorer) -> None:
    """All that is drawn is of the panel's query, as other functions of Logs say it."""
    logs, query = panel.logs, panel.query
    assert logs.query == query
    search, table, facets = (drawn(panel, part) for part in ("search", "table", "facets"))
    assert search["count"] == table["count"] == facets["strip"]["records"] == len(logs)
    assert not any(drawn(panel, part)["busy"] for part in ("search", "timeline", "facets", "table"))
    assert Query.parse(panel.query_text) == query
    assert not search["steps"] or search["steps"][-1]["records"] == len(logs)
    ids = logs.engine.page(query, 100, newest=panel.newest).records["record_id"].to_list()
    assert table["page"]["ids"] == [str(i) for i in ids]
    assert table["count"] == 0 or ask(panel, "table", "page", revision=table["revision"], offset=0, limit=5)["value"][
        "ids"
    ] == [str(i) for i in ids[:5]]


def test_everything_drawn_is_of_the_query(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    agrees(panel)
    assert sum(bars(panel).values()) == len(logs)
    assert drawn(panel, "search")["total"] == len(logs)
    for text in ("severity>=warn", "service_name=checkout timed", "-http.route exists", "nothing at all"):
        panel.query_text = text
        assert panel.wait()
        assert str(panel.query) == text
        agrees(panel)
        assert sum(bars(panel).values()) == len(logs.where(text))


def test_severity_has_all_seven_and_service_is_always_there(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    assert list(facet(panel, "severity")) == [*LEVELS[:0:-1], LEVELS[0]]
    assert facet(panel, "severity")["fatal"] == (0, None)
    assert panel.fields[:2] == ["severity", "service_name"]
    assert {"http.response.status_code", "k8s.pod.name"} <= set(panel.fields)
    assert len(panel.fields) <= FACETS
    before = list(panel.fields)
    panel.query_text = "service_name=deploy"
    assert panel.wait()
    assert panel.fields == before, "facets do not jump about"


def test_of_many_records_the_rows_come_first(logs: ln.Logs, explore: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lognb.widgets.explorer.MANY", 0)
    panel = explore(logs, query="severity>=warn")
    agrees(panel)
    assert len(panel.fields) > 2


def test_a_click_in_a_facet(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    ask(panel, "facets", "toggle", field="service_name", value="checkout", state="include")
    assert str(panel.query) == "service_name=checkout"
    ask(panel, "facets", "toggle", field="service_name", value="front", state="include")
    assert str(panel.query) == "service_name in (checkout, front)"
    assert facet(panel, "service_name")["worker"][0] == len(logs.where("service_name=worker")), "own filter left out"
    assert facet(panel, "service_name")["front"][1] == "include"
    ask(panel, "facets", "only", field="http.response.status_code", value="404")
    assert str(panel.query) == "service_name in (checkout, front) http.response.status_code=404"
    ask(panel, "facets", "toggle", field="http.route", value=None, state="exclude")
    assert str(panel.query).endswith("http.route exists")
    ask(panel, "facets", "clear", field="service_name")
    assert str(panel.query) == "http.response.status_code=404 http.route exists"
    agrees(panel)


def test_the_text_of_a_facet_is_the_value_that_it_shows(tmp_path: Path, explore: Callable[..., Explorer]) -> None:
    """A number and a text that look alike are two values, and each click means the one that is clicked."""
    rows = (
        '{"msg":"a","mixed":1,"text":"1"}\n{"msg":"b","mixed":"1","text":"true"}\n{"msg":"c","mixed":true,"text":""}\n'
    )
    logs = ln.read(rows.encode(), store=tmp_path / "a.duckdb")
    panel = explore(logs, fields=["mixed", "text"])
    for field in ("mixed", "text"):
        for value, (records, _) in facet(panel, field).items():
            ask(panel, "facets", "only", field=field, value=value)
            assert drawn(panel, "search")["count"] == records == 1, (field, value, str(panel.query))
            assert facet(panel, field)[value] == (1, "include")
            ask(panel, "facets", "toggle", field=field, value=value, state=None)
            assert panel.query == Query()


def test_facets_are_added_removed_and_longer(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    assert "error" in ask(panel, "facets", "add", field="no.such.field")
    ask(panel, "facets", "add", field="user.id")
    assert panel.fields[-1] == "user.id"
    assert len([v for v in facet(panel, "user.id") if v is not None]) == 10
    ask(panel, "facets", "more", field="user.id")
    assert len([v for v in facet(panel, "user.id") if v is not None]) == min(
        50, logs.facets("user.id").frame["values"].sum()
    )
    ask(panel, "facets", "remove", field="user.id")
    ask(panel, "facets", "remove", field="severity")
    assert "user.id" not in panel.fields
    assert "severity" in panel.fields
    with pytest.raises(QueryError, match="at most"):
        panel.fields = (
            [f"attributes.x{i}" for i in range(FACETS + 1)] if False else logs.engine.field_names()[: FACETS + 1]
        )


def test_windows(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    first = logs.engine.overview["first"]
    since, until = first + MINUTE, first + 2 * MINUTE
    ask(panel, "timeline", "window", since=str(since), until=str(until))
    assert (panel.query.since, panel.query.until) == (since, until)
    agrees(panel)
    timeline = drawn(panel, "timeline")
    assert timeline["selected"] == {"since": str(since), "until": str(until)}
    assert int(timeline["since"]) < since < until < int(timeline["until"]), "what was around the window is drawn too"
    around = logs.between(
        format_time(int(timeline["covered"]["since"])), format_time(int(timeline["covered"]["until"]))
    )
    assert sum(bars(panel).values()) == len(around)
    ask(panel, "timeline", "zoom_out")
    assert panel.query.until - panel.query.since == pytest.approx(2 * MINUTE, abs=2)  # type: ignore[operator]
    ask(panel, "timeline", "back")
    assert (panel.query.since, panel.query.until) == (since, until)
    ask(panel, "timeline", "back")
    assert panel.query == Query()
    assert not drawn(panel, "timeline")["back"]


def test_what_the_timeline_splits_and_counts(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs, by="service_name")
    counted = logs.facets("service_name").frame
    assert bars(panel) == dict(zip(counted["value"], counted["records"], strict=True))
    ask(panel, "timeline", "unit", name="bytes")
    assert sum(bars(panel).values()) == logs.volume().frame["bytes"].sum()
    ask(panel, "timeline", "by", field=None)
    assert panel.by is None
    assert len(bars(panel)) == 1
    ask(panel, "timeline", "log", on=True)
    assert panel.log_scale
    assert "error" in ask(panel, "timeline", "by", field="no.such.field")


def test_chips_undo_and_redo(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    ask(panel, "search", "query", text="severity>=warn timed service_name=checkout")
    ask(panel, "search", "negate", i=1)
    ask(panel, "search", "drop", i=0)
    ask(panel, "search", "edit", i=1, text="service_name=front")
    assert str(panel.query) == "-timed service_name=front"
    panel.newest = False
    texts = []
    for _ in range(5):
        texts.append(str(panel.query))
        panel.undo()
    first = "severity>=warn timed service_name=checkout"
    assert texts == [
        "-timed service_name=front",
        "-timed service_name=checkout",
        "severity>=warn -timed service_name=checkout",
        first,
        "",
    ]
    assert panel.newest is False, "how records are looked at is no step"
    ask(panel, "search", "redo")
    assert str(panel.query) == first
    agrees(panel)


def test_an_error_in_a_text_changes_nothing(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    panel.query_text = "severity>=warn"
    found = ask(panel, "search", "query", text="severity>=warn servce_name=x")["value"]
    assert found["start"] == 15
    assert str(panel.query) == "severity>=warn"
    with pytest.raises(QueryError):
        panel.query_text = "severity>="
    with pytest.raises(FieldError):
        panel.query_text = "servce_name=x"
    with pytest.raises(QueryError, match="time zone"):
        panel.zone = "Mars/Base"
    with pytest.raises(FieldError):
        panel.columns = ["servce_name"]
    with pytest.raises(FieldError):
        panel.by = "servce_name"
    with pytest.raises(QueryError, match="neither"):
        panel.unit = "bits"
    assert (panel.query_text, panel.zone, panel.columns, panel.by, panel.unit) == (
        "severity>=warn",
        "UTC",
        [],
        "severity",
        "records",
    )
    assert panel.wait()
    agrees(panel)


def test_settings_from_python(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(
        logs, query="severity>=warn", columns=["http.route", ("user.id", 90)], newest=False, baseline=("+1m", "+2m")
    )
    table = drawn(panel, "table")
    assert table["columns"] == [{"field": "http.route", "width": None}, {"field": "user.id", "width": 90}]
    assert set(table["page"]["cells"]) == {"http.route", "user.id"}
    assert drawn(panel, "timeline")["baseline"] is not None
    agrees(panel)
    panel.columns = ["user.id"]
    assert panel.wait()
    assert drawn(panel, "table")["columns"] == [{"field": "user.id", "width": 90}], "a column keeps its width"
    seen: list[str] = []
    panel.observe(lambda change: seen.append(change["new"]), "query_text")
    ask(panel, "facets", "only", field="service_name", value="front")
    assert seen == ["severity>=warn service_name=front"]
    panel.query = Query()
    assert seen[-1] == ""
    for wrong in ({"colums": []}, {"columns": "a"}, {"newest": 1}, {"baseline": ["+1m"]}, {"query": 5}):
        with pytest.raises(QueryError):
            explore(logs, **wrong)


@pytest.mark.parametrize("base", ["", "severity>=info", "service_name=front time>=2026-11-25T03:10Z"])
@pytest.mark.parametrize(
    "text",
    [None, "", 'severity>=info "it\'s \\" <b>"', "service_name=front time>=2026-11-25T03:11Z time<2026-11-25T03:12Z"],
)
def test_the_code_gives_the_same_records(
    logs: ln.Logs, explore: Callable[..., Explorer], base: str, text: str | None
) -> None:
    narrowed = logs.where(base)
    panel = explore(narrowed)
    if text is not None:
        panel.query_text = text
    again = eval(panel.code, {"logs": narrowed})
    assert set(again.query.conditions) == set(panel.query.conditions)
    assert (again.query.since, again.query.until) == (panel.query.since, panel.query.until)
    assert len(again) == len(panel.logs)


def test_a_link_restores_the_panel(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(
        logs,
        columns=["http.route"],
        zone="Europe/Berlin",
        by="service_name",
        newest=False,
        fields=["severity", "service_name"],
    )
    panel.query_text = "severity>=warn time>=2026-11-25T03:10Z"
    again = explore(logs, panel.permalink)
    assert again._view == panel._view
    assert again.note == ""
    agrees(again)


def test_a_link_of_other_sources_warns(logs: ln.Logs, explore: Callable[..., Explorer], tmp_path: Path) -> None:
    other = ln.read(b'{"msg":"a","level":"error"}\n', store=tmp_path / "a.duckdb")
    with pytest.warns(UserWarning, match="other sources"):
        panel = explore(other, explore(logs, query="severity>=error").permalink)
    assert str(panel.query) == "severity>=error"
    assert "other sources" in drawn(panel, "search")["hint"]["text"]
    assert "other sources" in repr(panel)
    with pytest.warns(UserWarning, match="no field 'http.route'"):
        panel = explore(other, explore(logs, query="http.route exists").permalink)
    assert panel.query == Query()
    panel.query_text = "a"
    assert panel.wait()
    assert panel.note == ""


def test_an_empty_answer_says_what_emptied_it(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    panel.query_text = "severity>=warn service_name=chekout"
    assert panel.wait()
    hint = drawn(panel, "search")["hint"]
    assert "'checkout'" in hint["text"]
    ask(panel, "search", "drop", i=hint["drop"])
    assert str(panel.query) == "severity>=warn"
    assert drawn(panel, "search")["hint"] is None


def test_the_chain_of_steps(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    panel.query_text = "severity>=warn service_name=front time>=2026-11-25T03:10Z"
    assert panel.wait()
    steps = logs.where(panel.query_text).steps().frame
    assert [s["records"] for s in drawn(panel, "search")["steps"]] == steps["records"].to_list()[-3:]


def test_clicks_in_the_table(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    ask(panel, "table", "filter", field="service_name", op="exclude", value="worker")
    assert str(panel.query) == "service_name!=worker"
    ask(panel, "table", "columns", columns=[{"field": "http.route", "width": 120.4}])
    assert panel.columns == ["http.route"]
    ask(panel, "table", "newest", on=False)
    assert panel.newest is False
    ask(panel, "table", "facet", field="user.id")
    assert panel.fields[-1] == "user.id"
    trace = logs.where("trace_id exists").head(1)["trace_id"][0]
    ask(panel, "table", "go", to="trace", id=trace)
    assert str(panel.query) == "service_name!=worker"  # a story takes nothing away from the table
    assert panel.story is not None
    assert len(panel.story.logs) == len(logs.where(f"trace_id={trace}"))
    assert panel.children[-1] is panel.story
    story = panel.story
    record = logs.where("trace_id exists").tail(1)
    ask(panel, "table", "go", to="trace", id=record["trace_id"][0], record=str(record["record_id"][0]))
    assert panel.story is story
    assert story.data["at"] == str(record["time"].dt.timestamp("ns")[0])
    asking.ask(story, "filter", field="service_name", op="include", value="front")  # a value in a record of the story
    assert str(panel.query) == "service_name=front"
    panel.undo()
    asking.ask(story, "close")
    assert panel.story is None
    assert story not in panel.children
    agrees(panel)
    panel.undo()
    assert str(panel.query) == ""


def test_other_rows_are_another_revision(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    """A page that was asked for before a change must not be put among the rows behind it."""
    panel = explore(logs)
    seen = []
    changes = {"zone": "local", "query_text": "severity>=warn", "newest": False, "columns": ["http.route"]}
    for name, value in {**changes, "log_scale": True}.items():
        before = drawn(panel, "table")["revision"]
        setattr(panel, name, value)
        assert panel.wait()
        seen.append(drawn(panel, "table")["revision"] != before)
        stale = ask(panel, "table", "page", revision=before, offset=0, limit=1)["value"]
        assert stale.get("stale", False) == seen[-1]
    assert seen == [False, True, True, True, False]


def test_rows_in_view_are_shown_in_the_timeline(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    ask(panel, "table", "view", offset=0, rows=50)
    times = logs.engine.page(Query(), 50, newest=True).records["time"].dt.timestamp("ns")
    assert drawn(panel, "timeline")["view"] == {"since": str(times.min()), "until": str(times.max())}


def test_pins_and_marks(tmp_path: Path, explore: Callable[..., Explorer]) -> None:
    logs = ln.read(
        b'{"msg":"a","time":"2026-11-03T09:00:00Z"}\n{"msg":"b","time":"2026-11-03T09:01:00Z"}\n',
        store=tmp_path / "a.duckdb",
    )
    panel = explore(logs)
    record = str(logs.head(1)["record_id"][0])
    ask(panel, "table", "pin", id=record, note="look")
    assert logs.pins["note"].to_list() == ["look"]
    assert drawn(panel, "table")["pinned"] == [record]
    at = logs.engine.overview["first"]
    ask(panel, "timeline", "mark", time=str(at), text="deploy")
    assert drawn(panel, "timeline")["marks"] == [{"time": str(at), "text": "deploy"}]
    assert logs.marks["text"].to_list() == ["deploy"]
    assert "error" in ask(panel, "timeline", "unmark", i=7)
    ask(panel, "timeline", "unmark", i=0)
    ask(panel, "table", "unpin", id=record)
    assert logs.marks.height == logs.pins.height == 0
    assert drawn(panel, "table")["pinned"] == []


def test_the_newest_change_wins_from_any_thread(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    panel = explore(logs)
    texts = [f"severity>=warn n{i}" for i in range(30)]
    threads = [threading.Thread(target=setattr, args=(panel, "query_text", text)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    panel.query_text = "severity>=error"
    assert panel.wait()
    assert str(panel.query) == "severity>=error"
    agrees(panel)


def test_counting_can_be_stopped(logs: ln.Logs, explore: Callable[..., Explorer]) -> None:
    """However far it came: the panel answers again, and says that the numbers are old where they are."""
    panel = explore(logs)
    for pause in (0, 0.005, 0.02):
        panel.query_text = f'body~"(a|b).*{pause}"'
        time.sleep(pause)
        ask(panel, "search", "cancel")
        assert panel.wait()
        search = drawn(panel, "search")
        assert not search["busy"]
        assert (
            search["hint"] is None
            or "stopped" in search["hint"]["text"]
            or "without" in search["hint"]["text"]
            or "matches" in search["hint"]["text"]
        )
    panel.query_text = "severity>=error"
    assert panel.wait()
    agrees(panel)


def test_what_the_engine_cannot_do_is_said_and_the_last_answer_stays(
    tmp_path: Path, explore: Callable[..., Explorer]
) -> None:
    logs = ln.read(b'{"msg":"a"}\n', store=tmp_path / "a.duckdb")
    panel = explore(logs)
    place = tmp_path / "a.duckdb.notes.json"
    place.write_text("broken")
    panel.query_text = "a"
    assert panel.wait()
    assert place.name in drawn(panel, "search")["hint"]["text"]
    assert drawn(panel, "table")["count"] == 1
    assert not drawn(panel, "table")["busy"]
    place.unlink()
    panel.query_text = "b"
    assert panel.wait()
    agrees(panel)


def test_no_records_with_a_time(tmp_path: Path, explore: Callable[..., Explorer]) -> None:
    panel = explore(ln.read(b'{"msg":"a"}\n{"msg":"b"}\n', store=tmp_path / "a.duckdb"))
    agrees(panel)
    ask(panel, "timeline", "zoom_out")
    assert panel.query == Query()
    assert "2 records" in repr(panel)


def test_a_closed_panel_lets_go_of_the_store(tmp_path: Path) -> None:
    logs = ln.read(b'{"msg":"a"}\n', store=tmp_path / "a.duckdb")
    engine = weakref.ref(logs.engine)
    panel = logs.explore()
    panel.query_text = "a"
    assert panel.wait()
    panel.close()
    del panel, logs
    gc.collect()
    assert engine() is None


def test_compare_from_here_cuts_the_window_at_a_record(shop: Path) -> None:
    panel = ln.read(shop).explore()
    assert panel.wait()
    rows = panel.logs.to_polars(["record_id", "time"])
    at = rows.row(len(rows) // 2, named=True)
    table = panel._drawing._table
    sent: list[dict[str, Any]] = []
    table.send = lambda content, buffers=None: sent.append(content)
    table._receive(table, {"id": 1, "ask": {"kind": "split", "id": str(at["record_id"])}}, [])
    assert panel.wait()
    ns = rows["time"].dt.timestamp("ns")[len(rows) // 2]
    assert panel.query.since == panel.baseline[1] == ns
    assert panel.tab == "compare"
    assert panel.baseline[0] == panel.logs.engine.overview["first"]
    table._receive(table, {"id": 2, "ask": {"kind": "split", "id": str(at["record_id"])}}, [])
    assert panel.wait()
    assert "nothing before this record" in sent[-1]["error"]
