"""The tab Compare: its two sides, the buttons that choose them, and what a click on a difference makes of the query."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import QueryError
from lognb.query import Query
from lognb.widgets import versus
from lognb.widgets.listing import Listing
from lognb.widgets.state import View
from lognb.widgets.tabs import TABS
from tests.widgets.asking import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lognb.widgets.explorer import Explorer
    from lognb.widgets.state import State


def view(text: str = "", **more: Any) -> View:
    return View(query=Query.parse(text), **more)


def test_the_sides_of_a_view() -> None:
    assert versus.question("compare", view("a=1")) is None
    asked = versus.question("compare", View(Query.parse("a=1") & Query((), 50, 90), baseline=(10, 40)))
    assert asked is not None
    assert asked.baseline is not None
    assert (asked.query, asked.baseline) == (
        Query.parse("a=1") & Query((), 50, 90),
        Query.parse("a=1") & Query((), 10, 40),
    )
    behind = versus.question("compare", view("a=1", baseline=(10, 40)))
    assert behind is not None
    assert (behind.query.since, behind.query.until) == (40, None), "without a window: what follows the baseline"
    rest = versus.question("compare", view("a=1", against="rest", baseline=(10, 40)))
    assert rest is not None
    assert (str(rest.query), str(rest.baseline)) == ("a=1 severity>=error", "a=1 -severity>=error")


def test_a_baseline_from_before_the_window_or_a_mark() -> None:
    window = View(Query((), 60, 80))
    assert versus.against(window, "before", 0, 99, None).baseline == (40, 60)
    with pytest.raises(QueryError, match="nothing before"):
        versus.against(view(), "before", 0, 99, None)
    inside = versus.against(window, "mark", 0, 99, 70)
    assert ((inside.query.since, inside.query.until), inside.baseline) == ((70, 80), (60, 70))
    outside = versus.against(window, "mark", 0, 99, 30)
    assert ((outside.query.since, outside.query.until), outside.baseline) == ((30, 100), (0, 30))
    with pytest.raises(QueryError, match="no record is before"):
        versus.against(window, "mark", 0, 99, 0)
    rest = versus.against(view(baseline=(1, 2)), "rest", None, None, None)
    assert (rest.against, rest.baseline) == ("rest", (1, 2))
    assert versus.against(rest, "rest", 0, 99, None).against == "baseline"
    assert versus.against(rest, "mark", 0, 99, 50).against == "baseline"
    with pytest.raises(QueryError, match="no record has a time"):
        versus.against(window, "before", None, None, None)


CLICKS = [
    ("", "a=1", "include", "a=1"),
    ("a=1", "a=2", "include", "a in (1, 2)"),
    ("a=1", "a=1", None, ""),
    ("b=1", "a=1", "exclude", "b=1 a!=1"),
    ("", "-a exists", "include", "-a exists"),
    ("", "a exists", "include", "a exists"),
    ("a exists", "a exists", "exclude", "-a exists"),
    ("", "a=1 b=2", "include", "a=1 b=2"),
    ("c=3", "a=1 b=2", "exclude", "c=3 -(a=1 b=2)"),
    ("c=3 -(a=1 b=2)", "a=1 b=2", "include", "c=3 a=1 b=2"),
    ("c=3 -(a=1 b=2)", "a=1 b=2", None, "c=3"),
    ("a=9 c=3", "a=1 b=2", "only", "c=3 a=1 b=2"),
    ("a=9 c=3", "a=1", "only", "a=1 c=3"),
]


@pytest.mark.parametrize(("before", "row", "how", "after"), CLICKS)
def test_a_click_on_a_row(before: str, row: str, how: Any, after: str) -> None:
    made = versus.chosen(view(before), Query.parse(row), how)
    assert made.query == Query.parse(after)
    said: State | None = "include" if how == "only" else how
    assert versus.state(made.query, Query.parse(row)) == said


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("a=1", True), ("a!=1", True), ("a in (1, 2)", True), ("-(a=1 b=2)", True), ("-c exists", True),
        ("x=1", False), ("a=7", False), ("a:1", False), ("a=1 x=1", False),
    ],
)  # fmt: skip
def test_what_is_chosen_in_the_rows_does_not_ask_again(text: str, holds: bool) -> None:
    base = view("k=1", against="rest")
    asked = versus.question("compare", base)
    assert asked is not None
    rows = versus.pairs_of(["a=1", "a=2", "a=1 b=2", "-c exists"])
    assert versus.still_holds(asked, rows, view(f"k=1 {text}", against="rest")) is holds
    assert not versus.still_holds(asked, rows, view(text, against="rest")), "what it was asked of is gone"
    assert not versus.still_holds(asked, rows, view(f"k=1 {text}", baseline=(1, 2)))
    windowed = View(Query.parse(f"k=1 {text}") & Query((), 1, 9), against="rest")
    assert not versus.still_holds(asked, rows, windowed)


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def explore(logs: ln.Logs) -> Iterator[Callable[..., Explorer]]:
    made: list[Explorer] = []

    def new(*args: Any, **view: Any) -> Explorer:
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


def test_without_a_baseline_it_says_how_to_get_one(explore: Callable[..., Explorer], logs: ln.Logs) -> None:
    panel = explore(tab="compare")
    data = listing(panel).data
    assert (data["ready"], data["error"], data["choices"]["sides"]) == (False, None, None)
    before, rest = data["choices"]["options"]
    assert (before["can"], rest["can"]) == (False, True)
    assert "choose a window" in before["title"]
    with pytest.raises(ln.LognbError, match="nothing before"):
        ask(listing(panel), "against", how="before")
    logs.mark("03:12:00", "deploy <b>")
    panel._redraw()
    done(panel, "tab", name="records")
    done(panel, "tab", name="compare")
    mark = listing(panel).data["choices"]["options"][2]
    assert mark["text"] == "since deploy <b>"
    done(panel, "against", how="mark", time=mark["time"])
    assert panel.query.since == int(mark["time"]) == panel.baseline[1]  # type: ignore[index]
    assert listing(panel).data["ready"] is True
    logs.unmark("03:12:00", "deploy <b>")


def test_it_lists_what_compare_says_and_its_code_gives_it_again(
    explore: Callable[..., Explorer], logs: ln.Logs
) -> None:
    panel = explore(tab="compare", query="-service_name=worker", baseline=("03:09", "03:11"))
    for how in (None, "rest"):
        if how:
            done(panel, "against", how=how)
        data = listing(panel).data
        result = listing(panel).result
        assert result is not None
        again = eval(data["code"], {"logs": logs})
        assert again.sentence == result.sentence == data["sentence"]
        assert again.frame.equals(result.frame.select(again.frame.columns))
        assert again.frame.height > 5
    assert "-severity>=error" in data["code"]
    link = explore(panel.permalink)
    assert listing(link).data["sentence"] == data["sentence"]
    assert "Compare: " in repr(link)
    assert "compare(" in link._repr_mimebundle_()["text/html"]


def test_the_rows_stay_while_they_are_chosen_until_one_compares_within(
    explore: Callable[..., Explorer], logs: ln.Logs
) -> None:
    panel = explore(tab="compare", against="rest")
    first = listing(panel).result
    assert first is not None
    at = first.frame.with_row_index().filter(pl.col("field") == "service_name", pl.col("change") == "grown")["index"][0]
    revision = listing(panel).data["revision"]
    done(panel, "toggle", revision=revision, row=at, state="include")
    chosen = first.frame["query"][at]
    assert str(panel.query) == chosen
    assert listing(panel).result is first
    assert listing(panel).data["states"] == {str(at): "include"}
    assert panel._drawing._table.data["count"] == len(logs.where(chosen))
    done(panel, "records", revision=revision, row=at)
    assert panel.tab == "records"
    done(panel, "tab", name="compare")
    assert listing(panel).result is first, "one comes back to the differences that one left"
    assert listing(panel).data["choices"]["within"] is True
    done(panel, "against", how="within")
    within = logs.where(chosen).compare("-severity>=error", "severity>=error")
    assert listing(panel).data["sentence"] == within.sentence != first.sentence
    assert listing(panel).data["choices"]["within"] is False
    panel.query_text = ""
    assert panel.wait()
    assert listing(panel).result is first


def test_each_row_is_its_records_and_opens(explore: Callable[..., Explorer], logs: ln.Logs) -> None:
    panel = explore(tab="compare", query="service_name in (checkout, front)", baseline=("03:09", "03:11"))
    made = listing(panel)
    assert made.result is not None
    frame, revision = made.result.frame, made.data["revision"]
    now = panel._lists._question(TABS["compare"])
    assert now is not None
    for change in frame["change"].unique():
        row = frame.with_row_index().filter(pl.col("change") == change, pl.col("what") != "number").row(0, named=True)
        assert len(logs.where(now.query & Query.parse(row["query"]))) == row["current"]
        pairs, *more = ask(made, "details", revision=revision, row=row["index"])
        said = dict(map(tuple, pairs["pairs"]))
        assert said["query"] == row["query"]
        assert said["q"].startswith("too few" if change == "once" else f"{row['q']:.2g}")
        assert more[0]["kind"] == "records"
        assert more[0]["rows"]


def test_a_new_baseline_on_the_timeline_ends_errors_against_the_rest(explore: Callable[..., Explorer]) -> None:
    panel = explore(tab="compare", against="rest")
    first = panel._of.engine.overview["first"]
    panel._drawing._timeline._on["baseline"](first, first + 60 * 10**9)
    assert panel.wait()
    assert listing(panel).data["choices"]["rest"] is False
    sides = listing(panel).data["choices"]["sides"]
    assert sides[1] == [str(first), str(first + 60 * 10**9)]
    with pytest.raises(QueryError, match="neither"):
        explore(against="all")


@pytest.fixture(scope="module")
def order(logs: ln.Logs) -> str:
    """The pattern of the orders that failed, in full."""
    found = logs.patterns().frame.filter(pl.col("text").str.contains("did not answer"))
    return str(found["pattern"][0])


def test_a_pattern_is_read_as_its_text_and_asked_for_by_its_id(
    explore: Callable[..., Explorer], logs: ln.Logs, order: str
) -> None:
    text = dict(logs.engine.labels("pattern").table.select("value", "text").iter_rows())[order]
    panel = explore(query=f"pattern={order} -issue=none", by="pattern", fields=["severity", "pattern"])
    drawing = panel._drawing
    chip = drawing._search.data["chips"][0]
    assert (chip["text"], chip["said"]) == (f"pattern={order}", text)
    assert "said" not in drawing._search.data["chips"][1], "an issue that is none"
    assert [series["name"] for series in drawing._timeline.data["series"]] == [text]
    assert text[:30] in drawing._timeline.data["said"]
    (facet,) = [f for f in drawing._facets.data["facets"] if f["field"] == "pattern"]
    (row,) = [v for v in facet["values"] if v["state"] == "include"]
    assert (row["value"], row["text"]) == (order, text)
    assert all("text" not in v for f in drawing._facets.data["facets"] if f["field"] == "severity" for v in f["values"])
    found = ask(drawing._facets, "search", field="pattern", text="DID NOT answer")
    assert (order, text) in [(v["value"], v["text"]) for v in found]
    assert all("did not answer" in v["text"] for v in found)


def test_an_issue_is_read_as_its_title(explore: Callable[..., Explorer], logs: ln.Logs) -> None:
    first = logs.errors().frame.row(0, named=True)
    panel = explore(query=f"issue={first['issue']}")
    assert panel._drawing._search.data["chips"][0]["said"] == first["title"]
