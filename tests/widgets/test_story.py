"""The Python half of a story: what it shows, what it answers, and how it reads without JavaScript."""

from __future__ import annotations

import gzip
import html
import json
import re
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lognb as ln
from lognb.analyses.story import story
from lognb.errors import LognbError, QueryError
from lognb.schema import ITEM, LEVELS
from lognb.widgets.story import Story
from lognb.widgets.story_marks import LINES, Marks, packed
from tests.widgets.asking import ask

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

HOSTILE = "<img src=x onerror=window.ran=1>\u202e\x1b[31m</script>"


@pytest.fixture(scope="module")
def logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet", progress=False)


@pytest.fixture
def tell(logs: ln.Logs) -> Iterator[Callable[..., Story]]:
    made: list[Story] = []

    def one(kind: Any, id: str, **options: Any) -> Story:
        made.append(Story(logs, kind, id, **options))
        return made[-1]

    yield one
    for told in made:
        told.close()


@pytest.fixture
def session(truth: dict[str, Any]) -> str:
    return str(truth["faults"]["exception"]["session"])


def unpacked(told: Story) -> dict[str, np.ndarray]:
    """The marks as the browser half reads them."""
    n = len(told.marks) // 20
    assert len(told.marks) == 20 * n
    parts = {"at": np.frombuffer(told.marks, "<f8", n), "end": np.frombuffer(told.marks, "<f8", n, 8 * n)}
    for i, name in enumerate(("lane", "level", "flags", "depth")):
        parts[name] = np.frombuffer(told.marks, np.uint8, n, 16 * n + i * n)
    return parts


def test_the_verbs_of_logs_tell_stories(logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    for told, kind, id in (
        (logs.session(fault["session"]), "session", fault["session"]),
        (logs.user(fault["user"]), "user", fault["user"]),
        (logs.trace(fault["trace_id"]), "trace", fault["trace_id"]),
    ):
        assert (told.data["kind"], told.data["id"]) == (kind, id)
        told.close()


def test_frame_logs_and_code_give_it_again(logs: ln.Logs, tell: Callable[..., Story], session: str) -> None:
    told = tell("session", session)
    assert told.frame.columns == [*ITEM, "session", "browser"]
    assert told.frame.height == told.data["records"] + told.data["spans"]
    assert set(told.logs.to_polars(["record_id"])["record_id"]) == set(told.frame["record_id"].drop_nulls())
    again = eval(told.code, {"logs": logs})
    assert len(again) == len(told.logs) == told.data["records_of"]


def test_the_marks_are_the_frame(tell: Callable[..., Story], truth: dict[str, Any]) -> None:
    told = tell("user", truth["faults"]["clock"]["user"])
    marks, frame = unpacked(told), told.frame
    origin = int(told.data["origin"])
    assert (marks["at"].astype(np.int64) + origin).tolist() == frame["time"].dt.timestamp("ns").to_list()
    ends = frame["end"].dt.timestamp("ns").to_list()
    assert [None if np.isnan(e) else int(e) + origin for e in marks["end"]] == ends
    names = [lane["name"] for lane in told.data["lanes"]]
    lanes = [row["service_name"] if row["lane"] == "logs" else row["lane"] for row in frame.iter_rows(named=True)]
    assert [names[i] for i in marks["lane"]] == lanes
    levels = [None if i == 255 else LEVELS[i] for i in marks["level"]]
    assert levels == frame["severity"].cast(pl.String).to_list()
    assert (marks["flags"] & 1).astype(bool).tolist() == frame["browser"].to_list()


def test_texts_are_asked_for_in_pages(tell: Callable[..., Story], session: str) -> None:
    told = tell("session", session)
    page = ask(told, "texts", offset=3, limit=5)
    assert page["text"] == told.frame["text"][3:8].to_list()
    for name, column in (("service", "service_name"), ("trace", "trace_id"), ("kind", "kind")):
        assert [page[f"{name}s"][i] for i in page[name]] == told.frame[column][3:8].to_list()
    assert page["id"] == told.frame["record_id"].cast(pl.String)[3:8].to_list()
    assert told.texts["text"] == told.frame["text"].to_list()


def test_a_record_and_what_is_none_are_told_whole(tell: Callable[..., Story], session: str) -> None:
    told = tell("session", session)
    wrong = told.frame.filter(pl.col("severity") == "error", pl.col("service_name") == "checkout")
    record = ask(told, "record", id=str(wrong["record_id"][0]))
    assert record["body"]["text"] == "recommendations of bowl failed"
    around = ask(told, "context", id=record["id"], before=2, after=3, same="session")
    assert around["ids"][around["at"]] == record["id"]
    i = told.frame.with_row_index().filter(pl.col("lane") == "spans")["index"][0]
    item = ask(told, "item", i=i)
    values = dict(item["values"])
    assert values["name"] == told.frame["text"][i]
    assert item["trace"] == told.frame["trace_id"][i]
    with pytest.raises(LognbError, match="no item"):
        ask(told, "item", i=10**6)


def test_a_trace_comes_as_a_waterfall(logs: ln.Logs, tell: Callable[..., Story], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    found = ask(tell("session", fault["session"]), "trace", id=fault["trace_id"])
    own = logs.spans.filter(pl.col("trace_id") == fault["trace_id"])
    assert found["of"] == len(found["spans"]) == own.height
    assert found["spans"][0]["service"] == "shop-web"
    assert {s["name"] for s in found["spans"]} == set(own["name"])
    assert all(int(s["since"]) <= int(s["to"]) for s in found["spans"])
    assert "6 spans" in found["note"]


def test_a_story_goes_to_another(logs: ln.Logs, tell: Callable[..., Story], truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    told = tell("trace", fault["trace_id"])
    record = logs.where(f"session_id={fault['session']} severity=error service_name=shop-web").head(1)
    before = told.data["told"]
    ask(told, "go", to="session", id=fault["session"], record=str(record["record_id"][0]))
    assert told.data["told"] != before
    assert told.data["kind"] == "session"
    assert told.data["at"] == str(record["time"].dt.timestamp("ns")[0])
    with pytest.raises(LognbError, match="no user has the id"):
        ask(told, "go", to="user", id="nobody")
    assert told.data["kind"] == "session"
    told.go("user", fault["user"])
    assert told.data["kind"] == "user"


def test_pins_are_those_of_the_logs(logs: ln.Logs, tell: Callable[..., Story], session: str) -> None:
    told = tell("session", session)
    id = told.texts["id"][1]
    ask(told, "pin", id=id, note="here")
    assert told.data["pinned"] == [id]
    assert logs.pins["note"].to_list() == ["here"]
    ask(told, "unpin", id=id)
    assert told.data["pinned"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"kind": "texts", "offset": -1, "limit": 5},
        {"kind": "texts", "offset": 0, "limit": 501},
        {"kind": "go", "to": "moon", "id": "x"},
        {"kind": "record", "id": "1; DROP TABLE logs"},
        {"kind": "trace"},
        {"kind": "eval", "code": "1"},
        {"kind": "recording", "session": 7},
    ],
)
def test_what_is_no_question_is_refused(tell: Callable[..., Story], session: str, asked: dict[str, Any]) -> None:
    with pytest.raises(LognbError, match="not a question of this panel"):
        ask(tell("session", session), **asked)


def test_links_are_of_this_story(tell: Callable[..., Story], session: str) -> None:
    told = tell(
        "session", session, project_url="https://us.posthog.com/project/1", links={"own": "https://x.example/{ms}"}
    )
    urls = {link["name"]: link["url"] for link in told.data["links"]}
    assert urls["replay"] == f"https://us.posthog.com/project/1/replay/{session}?t={{seconds}}"
    assert urls["person"] == "https://us.posthog.com/project/1/person/u-6"
    assert urls["own"] == "https://x.example/{ms}"
    with pytest.raises(QueryError):
        tell("session", session, links={"bad": "javascript:alert(1)"})


def test_the_still_page_has_lanes_key_moments_and_rows(tell: Callable[..., Story], session: str) -> None:
    told = tell("session", session)
    page = told._still()["text/html"]
    assert "<svg" in page
    assert re.search(r"Session .*u-6: 3 errors · shop-web → front → checkout", page)
    for said in (
        "recommendations of bowl failed",
        "Cannot read properties of null",
        "/product/bowl",
        html.escape(told.code),
    ):
        assert said in page
    assert "around the first error" in page
    assert "KeyError" in repr(told)


@pytest.fixture(scope="module")
def with_recordings(samples: Path) -> ln.Logs:
    return ln.read(*(samples / n for n in ("shop.json.zst", "events.parquet", "recordings")), progress=False)


def test_a_recording_is_told_in_lanes_and_given_in_pieces(with_recordings: ln.Logs, truth: dict[str, Any]) -> None:
    told = Story(with_recordings, "session", truth["recordings"]["timeout"])
    (film,) = told.data["recordings"]
    assert film["session"] == truth["recordings"]["timeout"]
    assert {"pages", "clicks", "inputs", "console"} <= set(told.frame["lane"])
    # PostHog tells the pages of an application that changes its address by itself; each stands once.
    pages = told.frame.filter(pl.col("lane") == "pages")["text"].to_list()
    assert pages == ["/product/teapot", "/cart", "/checkout"]
    about = ask(told, "recording", session=film["session"])["recording"]
    assert about["chunks"]
    answer: list[Any] = []
    told.send = lambda content, buffers=None: answer.append((content, buffers))  # type: ignore[method-assign]
    told._receive(told, {"id": 1, "ask": {"kind": "events", "session": film["session"], "i": 0}}, [])
    assert told._worker.wait(30)
    ((_, (piece,)),) = answer
    assert json.loads(gzip.decompress(piece))[0]["type"] in (0, 1, 4)
    with pytest.raises(LognbError, match="there is no piece 99"):
        ask(told, "events", session=film["session"], i=99)
    with pytest.raises(LognbError, match="no recording of session other"):
        ask(told, "recording", session="other")
    page = told._still()["text/html"]
    assert "in the recording" in page
    assert "<td>0:09</td>" in page
    told.close()


def test_recordings_alone_are_stories_too(samples: Path, truth: dict[str, Any]) -> None:
    alone = ln.read(samples / "recordings", progress=False)
    told = alone.session(truth["recordings"]["timeout"])
    assert (told.data["records"], len(told.data["recordings"])) == (0, 1)
    assert "console" in set(told.frame["lane"])
    told.go("user", "u-35")
    assert [s["id"] for s in told.data["sessions"]] == [truth["recordings"]["timeout"]]
    with pytest.raises(QueryError, match="no session has the id 'x'; there are 2, as '01a210b0-dbf7"):
        alone.session("x")
    told.close()


def test_a_trace_has_the_recording_of_its_session_beside_it(with_recordings: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["exception"]
    told = with_recordings.trace(fault["trace_id"])
    assert [r["session"] for r in told.data["recordings"]] == [fault["session"]]
    assert "clicks" not in set(told.frame["lane"])
    told.close()


def test_what_went_wrong_comes_before_pages_and_each_moment_once(logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    (user,) = logs.where(f"session_id={fault['sessions'][0]} user_id exists").to_polars(["user_id"])["user_id"].unique()
    told = logs.user(user)
    moments = [line for line in repr(told).splitlines() if re.match(r"  \d\d:\d\d:\d\d\.\d{3}  ", line)]
    assert len(moments) == 6  # of many pages
    assert sum("ERROR" in line for line in moments) == min(told.data["errors"], 6) > 2
    page = re.sub(r"<[^>]+>", "|", told._still()["text/html"].partition("key moments")[2].partition("rows")[0])
    rows = re.findall(r"\d\d:\d\d:\d\d\.\d{3}[^:]*: [^|]+", page)
    assert len(rows) == len(set(rows)) > 2
    told.close()


def test_what_is_hostile_is_text_in_the_still_page(tmp_path: Path) -> None:
    record = {
        "message": HOSTILE, "timestamp": "2026-11-03T09:00:00Z", "session_id": HOSTILE, "level": "error",
        "distinct_id": HOSTILE, "service": HOSTILE, "event_name": HOSTILE,
    }  # fmt: skip
    told = Story(ln.read(json.dumps(record).encode(), progress=False), "session", HOSTILE)
    page = told._still()["text/html"]
    assert "<img src=x" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert page.count("<script") == 0
    assert "\x1b" not in repr(told)
    told.close()


def test_an_empty_window_is_a_story_with_nothing_in_it(logs: ln.Logs, session: str) -> None:
    told = Story(logs.where(since="+1ms", until="+2ms"), "session", session)
    assert told.data["since"] is None
    assert told.marks == b""
    assert "nothing" in told._still()["text/html"]
    told.close()


def test_a_story_is_two_outputs_as_a_panel_is(
    monkeypatch: pytest.MonkeyPatch, tell: Callable[..., Story], session: str
) -> None:
    shown: list[dict[str, Any]] = []
    monkeypatch.setattr("IPython.display.display", lambda data, **_: shown.append(data))
    told = tell("session", session)
    told._ipython_display_()
    page, widget = shown
    assert f'data-ln-still="{told.data["still"]}"' in page["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in widget
    assert "application/vnd.jupyter.widget-view+json" not in page


spans = st.lists(
    st.tuples(
        st.sampled_from("tuv"),
        st.sampled_from("abcdef"),
        st.sampled_from("abcdef-"),
        st.integers(0, 40),
        st.integers(0, 20),
    ),
    max_size=40,
)


@given(spans)
def test_spans_of_different_traces_never_share_a_place(found: list[tuple[str, str, str, int, int]]) -> None:
    """Whatever parents say: circles, ids that repeat, missing ones; but for the last line, which is for all."""
    items = pl.DataFrame(
        {
            "trace_id": [t for t, *_ in found],
            "span_id": [s for _, s, *_ in found],
            "time": [a for *_, a, _ in found],
            "end": [a + d for *_, a, d in found],
            "lane": ["spans"] * len(found),
            "browser": [False] * len(found),
            "detail": [json.dumps({"parent_span_id": p}) for _, _, p, *_ in found],
        },
        schema={"trace_id": pl.String, "span_id": pl.String, "time": pl.Int64, "end": pl.Int64, "lane": pl.String,
                "browser": pl.Boolean, "detail": pl.String},
    ).cast({"time": ITEM["time"], "end": ITEM["end"]}).sort("time")  # fmt: skip
    deep, depth = packed(items)
    assert 1 <= deep <= LINES
    assert len(depth) == items.height
    rows = list(
        zip(items["trace_id"], items["time"].dt.timestamp("ns"), items["end"].dt.timestamp("ns"), depth, strict=True)
    )
    whole = {
        t: (min(r[1] for r in rows if r[0] == t), max(r[2] for r in rows if r[0] == t)) for t in {r[0] for r in rows}
    }
    for t, _, _, line in rows:
        for u, _, _, other in rows:
            meets = whole[t][0] <= whole[u][1] and whole[u][0] <= whole[t][1]
            assert t == u or line != other or line == LINES - 1 or not meets


def test_a_long_story_sends_the_first_texts_and_is_asked_for_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lognb.widgets.story.TEXTS", 500)
    lines = [{"message": f"n{i}", "timestamp": 1_793_696_400_000 + i, "session_id": "s"} for i in range(900)]
    told = Story(ln.read("\n".join(map(json.dumps, lines)).encode(), progress=False), "session", "s")
    assert len(told.marks) == 900 * 20
    assert len(told.texts["text"]) == 400
    assert ask(told, "texts", offset=800, limit=200)["text"] == [f"n{i}" for i in range(800, 900)]
    told.close()


def test_services_beyond_the_lanes_share_one(tmp_path: Path) -> None:
    lines = [
        {"message": "m", "timestamp": 1_793_696_400_000 + i, "session_id": "s", "service": f"svc-{i:02}"}
        for i in range(50)
    ]
    told = story(ln.read("\n".join(map(json.dumps, lines)).encode(), progress=False), "session", "s")
    marks = Marks(told)
    assert len(marks.lanes) == 41
    assert marks.lanes[-1]["name"] == "10 more services"
