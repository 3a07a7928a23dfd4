"""The tabs of a panel: a list is asked when it is open, of the panel's query, and what is clicked in it is a query."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from lognb.errors import QueryError
from lognb.widgets import tabs
from lognb.widgets.listing import Listing
from lognb.widgets.tabs import Tab
from tests.widgets.asking import ask
from tests.widgets.lists import USAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lognb.result import Result
    from lognb.widgets.explorer import Explorer


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that the tab "usage" was asked of, in order."""
    told: list[str] = []

    def usage(logs: ln.Logs) -> Result:
        told.append(str(logs.query))
        return logs.usage()

    monkeypatch.setitem(tabs.TABS, "usage", _with(ask=usage))
    return told


def _with(**changed: Any) -> Tab:
    return Tab(**{name: getattr(USAGE, name) for name in Tab.__slots__} | changed)


@pytest.fixture
def explore(asked: list[str]) -> Iterator[Callable[..., Explorer]]:
    made: list[Explorer] = []

    def new(logs: ln.Logs, *args: Any, **view: Any) -> Explorer:
        made.append(logs.explore(*args, **view))
        assert made[-1].wait()
        return made[-1]

    yield new
    for panel in made:
        panel.close()


def listing(panel: Explorer) -> Listing:
    (found,) = [w for w in panel._drawing.widgets() if isinstance(w, Listing)]
    return found


def done(panel: Explorer, kind: str, **args: Any) -> Any:
    answer = ask(listing(panel), kind, **args)
    assert panel.wait()
    return answer


def row(panel: Explorer, service: str) -> dict[str, int]:
    revision = listing(panel).data["revision"]
    found = done(panel, "rows", revision=revision)
    return {"revision": revision, "row": found["cells"]["service_name"].index(service)}


def test_a_list_is_asked_when_its_tab_is_open_and_no_sooner(
    logs: ln.Logs, explore: Callable[..., Explorer], asked: list[str]
) -> None:
    panel = explore(logs)
    panel.query_text = "severity>=warn"
    assert panel.wait()
    assert asked == []
    assert listing(panel).data["tab"] is None
    assert panel._drawing._table.layout.display is None
    done(panel, "tab", name="usage")
    assert (panel.tab, asked) == ("usage", ["severity>=warn"])
    data = listing(panel).data
    assert data["sentence"] == logs.where("severity>=warn").usage().sentence
    assert (data["busy"], data["error"], data["ready"]) == (False, None, True)
    assert data["tabs"][0]["name"] == "records"
    assert {t["name"]: t["rows"] for t in data["tabs"]}["usage"] == len(listing(panel).result.frame)  # type: ignore[union-attr]
    assert panel._drawing._table.layout.display == "none"
    assert data["code"] == "logs.where('severity>=warn').usage()"
    panel.query_text = "severity>=error"
    assert panel.wait()
    assert asked[1:] == ["severity>=error"]
    done(panel, "tab", name="records")
    assert panel._drawing._table.layout.display is None
    panel.query_text = "severity>=fatal"
    assert panel.wait()
    done(panel, "tab", name="usage")
    panel.undo()
    assert panel.wait()
    assert asked[2:] == ["severity>=fatal"], "what was asked before is known"
    assert panel.tab == "usage", "undo is of queries"


def test_rows_are_conditions_and_what_was_not_chosen_stays_in_sight(
    logs: ln.Logs, explore: Callable[..., Explorer], asked: list[str]
) -> None:
    panel = explore(logs, tab="usage", query="severity>=warn")
    done(panel, "toggle", **row(panel, "checkout"), state="include")
    assert str(panel.query) == "severity>=warn service_name=checkout"
    assert panel._drawing._table.data["count"] == len(logs.where(panel.query_text))
    done(panel, "toggle", **row(panel, "worker"), state="include")
    assert str(panel.query) == "severity>=warn service_name in (checkout, worker)"
    assert set(listing(panel).data["states"].values()) == {"include"}
    done(panel, "toggle", **row(panel, "worker"), state=None)
    done(panel, "only", **row(panel, "worker"))
    assert str(panel.query) == "severity>=warn service_name=worker"
    done(panel, "toggle", **row(panel, "checkout"), state="exclude")
    assert "service_name!=checkout" in str(panel.query)
    assert asked == ["severity>=warn"], "a choice in the list asks for nothing"
    panel.undo()
    panel.undo()
    assert panel.wait()
    assert str(panel.query) == "severity>=warn service_name=checkout"
    done(panel, "records", **row(panel, "worker"))
    assert (str(panel.query), panel.tab) == ("severity>=warn service_name=worker", "records")
    assert panel._drawing._table.data["count"] == len(logs.where("severity>=warn service_name=worker"))


def test_the_newest_question_wins_and_a_slow_one_is_stopped(
    logs: ln.Logs, explore: Callable[..., Explorer], monkeypatch: pytest.MonkeyPatch
) -> None:
    began, told = threading.Event(), []

    def slow(logs: ln.Logs) -> Result:
        told.append(str(logs.query))
        if str(logs.query) == "slow":
            began.set()
            logs.sql("select count(*) from range(100000000000) where range % 7 = 8")
        return logs.usage()

    monkeypatch.setitem(tabs.TABS, "usage", _with(ask=slow))
    panel = explore(logs, tab="usage")
    panel.query_text = "slow"
    assert began.wait(20)
    assert listing(panel).data["busy"] is True
    assert listing(panel).data["ready"] is True, "the rows of before stay until others are here"
    panel.query_text = "severity>=error"
    assert panel.wait(20)
    assert told == ["", "slow", "severity>=error"]
    assert listing(panel).data["sentence"] == logs.where("severity>=error").usage().sentence
    began.clear()
    panel.query_text = "slow"
    assert began.wait(20)
    start = time.monotonic()
    ask(listing(panel), "stop")
    assert panel.wait(20)
    assert time.monotonic() - start < 10
    assert listing(panel).data["error"] == "stopped; another query or tab asks anew"
    assert listing(panel).data["busy"] is False


def test_what_goes_wrong_is_said_in_the_list(
    logs: ln.Logs, explore: Callable[..., Explorer], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refused(_: ln.Logs) -> Result:
        raise QueryError("there are no spans here")

    def mistaken(_: ln.Logs) -> Result:
        raise ZeroDivisionError

    monkeypatch.setitem(tabs.TABS, "usage", _with(ask=refused))
    monkeypatch.setitem(tabs.TABS, "other", _with(name="other", ask=mistaken))
    panel = explore(logs, tab="usage")
    assert listing(panel).data["error"] == "there are no spans here"
    done(panel, "tab", name="other")
    assert listing(panel).data["error"] == "lognb made a mistake; logging has its traceback"
    assert "ZeroDivisionError" in caplog.text
    done(panel, "tab", name="records")
    assert listing(panel).data["error"] is None
    with pytest.raises(QueryError, match=r"no tab 'nothing'; it has records, .*usage"):
        panel.tab = "nothing"
    assert panel.tab == "records"
    with pytest.raises(ln.LognbError, match="no tab"):
        ask(listing(panel), "tab", name="nothing")


def test_the_open_tab_is_in_the_link_the_settings_and_the_still_page(
    logs: ln.Logs, explore: Callable[..., Explorer]
) -> None:
    panel = explore(logs, query="severity>=warn")
    panel.tab = "usage"
    assert panel.wait()
    again = explore(logs, panel.permalink)
    assert (again.tab, str(again.query)) == ("usage", "severity>=warn")
    page = again._repr_mimebundle_()["text/html"]
    assert "logs.where(&#x27;severity&gt;=warn&#x27;).usage()" in page
    assert logs.where("severity>=warn").usage().sentence[:30] in page
    assert "newest 20" not in page
    assert "Usage: " in repr(again)
    again.tab = "records"
    assert "newest 20 of 420 records" in again._repr_mimebundle_()["text/html"]
