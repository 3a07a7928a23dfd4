"""The list of an answer in Python alone: its rows in any order, what a row asks for, and what is copied."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lognb as ln
from lognb.errors import LognbError
from lognb.query import Query
from lognb.result import Result
from lognb.widgets.listing import MOST, Listing
from lognb.widgets.rows import arranged, cells, told
from lognb.widgets.tabs import Column, Tab
from tests.widgets.asking import Heard, ask
from tests.widgets.lists import USAGE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

EVERY = pl.DataFrame(
    {
        "title": ["b <i>", None, "=1+1", "A"],
        "severity": pl.Series(["warn", "fatal", None, "info"]),
        "records": [3, None, 10, 7],
        "share": [0.5, float("nan"), None, 1.0],
        "last": pl.Series([datetime(2026, 11, 3, 9, tzinfo=UTC), None, None, datetime(2026, 11, 3, tzinfo=UTC)]).cast(
            pl.Datetime("ns", "UTC")
        ),
        "took": pl.Series([1_500_000_000, 0, None, 60_000_000_000]),
        "services": [["web", "api"], [], None, ["<b>"]],
        "trend": [[0, 1, 4], None, [], [2]],
        "new": [True, False, None, True],
    }
)
COLUMNS = (
    Column("title", rank=0),
    Column("severity", "severity"),
    Column("records", "bar"),
    Column("share", "share"),
    Column("last", "time"),
    Column("took", "duration"),
    Column("services", "words"),
    Column("trend", "trend"),
    Column("new", "flag"),
    Column("absent", "text"),
)


def answer(frame: pl.DataFrame, sentence: str = "four things") -> Result:
    return Result(frame, sentence, "Things", Query(), ("a.jsonl",))


def tab(**more: Any) -> Tab:
    return Tab("things", "Things", lambda _: answer(EVERY), COLUMNS, **{"narrows": ("name", "title"), **more})


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def listing(logs: ln.Logs, heard: Heard) -> Iterator[Listing]:
    made = Listing(logs, heard)
    made.show(tab(), answer(EVERY))
    yield made
    made.close()


def rows(listing: Listing, **args: Any) -> dict[str, Any]:
    return ask(listing, "rows", revision=listing.data["revision"], **args)


def test_each_kind_of_value_crosses_as_plain_json(listing: Listing) -> None:
    found = rows(listing)
    assert (found["total"], found["found"], found["at"]) == (4, 4, [0, 1, 2, 3])
    assert found["cells"] == {
        "title": ["b <i>", None, "=1+1", "A"],
        "severity": ["warn", "fatal", None, "info"],
        "records": [3, None, 10, 7],
        "share": [0.5, None, None, 1.0],
        "last": ["1793696400000000000", None, None, "1793664000000000000"],
        "took": [1_500_000_000, 0, None, 60_000_000_000],
        "services": [["web", "api"], [], None, ["<b>"]],
        "trend": [[0, 1, 4], None, [], [2]],
        "new": [True, False, None, True],
    }
    assert [c["name"] for c in listing.data["columns"]] == list(found["cells"]), (
        "a column that is not there is left out"
    )


@pytest.mark.parametrize(
    ("by", "down", "order"),
    [
        ("title", False, [2, 3, 0, 1]),
        ("records", True, [2, 3, 0, 1]),
        ("severity", True, [1, 0, 3, 2]),
        ("share", True, [3, 0, 1, 2]),
        ("last", False, [3, 0, 1, 2]),
        ("services", True, [0, 3, 1, 2]),
        ("new", True, [0, 3, 1, 2]),
    ],
)
def test_rows_are_sorted_by_a_column_and_what_is_absent_stands_last(
    listing: Listing, by: str, down: bool, order: list[int]
) -> None:
    assert rows(listing, by=by, down=down)["at"] == order


def test_rows_are_found_by_a_text_in_any_of_their_words(listing: Listing) -> None:
    assert rows(listing, text="WEB")["at"] == [0]
    assert rows(listing, text="fatal")["at"] == [1]
    assert rows(listing, text="=1+")["at"] == [2]
    assert rows(listing, text="nowhere")["at"] == []
    assert rows(listing, text=".*")["at"] == [], "no pattern"
    with pytest.raises(LognbError, match="no column 'trend' to sort by"):
        rows(listing, by="trend")


@given(st.lists(st.one_of(st.none(), st.integers(-3, 3)), max_size=20), st.booleans())
def test_a_sort_moves_rows_and_loses_none(values: list[int | None], down: bool) -> None:
    frame = pl.DataFrame({"n": pl.Series(values, dtype=pl.Int64)})
    column = Column("n", "number")
    order = arranged(frame, [column], column, down=down, text="")["at"].to_list()
    last = [i for i, v in enumerate(values) if v is None]
    known = sorted((i for i, v in enumerate(values) if v is not None), key=lambda i: values[i] or 0, reverse=down)
    if down:  # equal ones keep the order of the answer
        known = sorted((i for i in known), key=lambda i: (-(values[i] or 0), i))
    assert order == known + last


def test_of_more_rows_than_fit_the_first_of_each_order_come(logs: ln.Logs) -> None:
    many = pl.DataFrame({"title": [f"t{i}" for i in range(MOST + 5)], "records": range(MOST + 5)})
    made = Listing(logs)
    made.show(tab(), answer(many))
    found = rows(made)
    assert (found["total"], found["found"], len(found["at"])) == (MOST + 5, MOST + 5, MOST)
    assert rows(made, by="records", down=True)["at"][:2] == [MOST + 4, MOST + 3]
    assert rows(made, text=f"t{MOST + 4}")["at"] == [MOST + 4]
    made.close()


def test_a_row_asks_for_its_value_and_what_is_stale_for_nothing(listing: Listing, heard: Heard) -> None:
    revision = listing.data["revision"]
    ask(listing, "toggle", revision=revision, row=3, state="exclude")
    ask(listing, "toggle", revision=revision, row=1, state="include")
    ask(listing, "only", revision=revision, row=0)
    ask(listing, "records", revision=revision, row=0)
    ask(listing, "tab", name="records")
    ask(listing, "go", to="session", id="s-1")
    ask(listing, "stop")
    assert heard.told == [
        ("toggle", "name", "A", "exclude"),
        ("toggle", "name", None, "include"),
        ("only", "name", "b <i>"),
        ("records", "name", "b <i>"),
        ("tab", "records"),
        ("go", "session", "s-1"),
        ("stop",),
    ]
    heard.told.clear()
    for args in ({"revision": revision - 1, "row": 0}, {"revision": revision, "row": 4}):
        for kind in ("only", "records", "open", "details"):
            with pytest.raises(LognbError, match="the list has changed since"):
                ask(listing, kind, **args)
    assert ask(listing, "rows", revision=revision - 1) == {"revision": revision, "stale": True}
    with pytest.raises(LognbError, match="not a question"):
        ask(listing, "only", revision=revision, row=-1)
    assert heard.told == []


def test_a_row_is_a_session_or_opens_in_place(listing: Listing, heard: Heard) -> None:
    details = ask(listing, "details", revision=listing.data["revision"], row=0)
    assert dict(details[0]["pairs"])["title"] == "b <i>"
    assert "records" in dict(details[0]["pairs"])
    with pytest.raises(LognbError, match="opens in its place"):
        ask(listing, "open", revision=listing.data["revision"], row=0)
    listing.show(tab(opens=("session", "title"), narrows=None), answer(EVERY))
    ask(listing, "open", revision=listing.data["revision"], row=3)
    assert heard.told == [("go", "session", "A")]
    with pytest.raises(LognbError, match="has no session"):
        ask(listing, "open", revision=listing.data["revision"], row=1)
    with pytest.raises(LognbError, match="no condition on records"):
        ask(listing, "only", revision=listing.data["revision"], row=3)


def test_rows_say_what_the_query_says_of_them(listing: Listing) -> None:
    query = Query.parse('name in (A, "=1+1") name!=other')
    listing.show(listing._state.tab, listing.result, query=query)
    assert listing.data["states"] == {"2": "include", "3": "include"}
    listing.show(listing._state.tab, listing.result, query=Query.parse("name!=A name exists"))
    assert listing.data["states"] == {"3": "exclude", "1": "exclude"}
    revision = listing.data["revision"]
    listing.show(listing._state.tab, listing.result, busy=True)
    assert listing.data["revision"] == revision, "the rows are the same"


def test_copies_are_what_is_shown_and_no_formula(listing: Listing) -> None:
    revision = listing.data["revision"]
    text = ask(listing, "copy", revision=revision, format="csv", rows=[2, 0])
    found = list(csv.DictReader(io.StringIO(text)))
    assert [row["title"] for row in found] == ["'=1+1", "b <i>"]
    assert found[1]["services"] == '["web", "api"]'
    shown = ask(listing, "copy", revision=revision, format="markdown", rows=[0, 3])
    assert "**four things**" in shown
    assert "b \\<i\\>" in shown
    assert "1.5 s" in shown
    assert shown.count("\n|") == 4
    with pytest.raises(LognbError, match="has changed"):
        ask(listing, "copy", revision=revision, format="csv", rows=[9])


def test_values_as_a_page_without_javascript_shows_them() -> None:
    assert told(EVERY["took"], "duration") == ["1.5 s", "0 ns", "", "1 min"]
    assert told(EVERY["trend"], "trend") == ["\N{NO-BREAK SPACE}▂█", "", "", "█"]
    assert told(pl.Series("t", [[1.0] * 60]), "trend") == ["█" * 20]
    assert told(EVERY["last"], "time")[0] == "2026-11-03 09:00:00"
    assert told(EVERY["new"], "flag") == ["yes", "", "", "yes"]
    assert told(EVERY["services"], "words") == ["web, api", "", "", "<b>"]


def test_a_long_text_is_cut() -> None:
    (text,) = cells(pl.DataFrame({"title": ["x" * 1_000_000]}), [Column("title")])["title"]
    assert len(text) < 3_000


def test_the_rows_of_a_real_answer(logs: ln.Logs) -> None:
    made = Listing(logs)
    result = USAGE.ask(logs)
    made.show(USAGE, result, logs)
    assert made.data["sentence"] == result.sentence
    assert rows(made)["cells"]["service_name"] == result.frame["service_name"].to_list()
    made.close()
