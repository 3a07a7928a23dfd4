"""The Python half of the timeline: what it hands the page to draw, and what it makes of questions."""

from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import lognb as ln
from lognb._html import PALETTE
from lognb.charts.theme import CATEGORIES
from lognb.engines.base import VOLUME
from lognb.schema import LEVELS
from lognb.widgets.base import STATIC
from lognb.widgets.timeline import Timeline, around, drawn

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

S = 1_000_000_000
T0 = 1_793_696_400 * S  # 2026-11-03T09:00:00Z

Row = tuple[int, str | None, int]  # bucket, ns; value; records


def frame(rows: list[Row]) -> pl.DataFrame:
    data = {"bucket": [r[0] for r in rows], "by": [r[1] for r in rows], "records": [r[2] for r in rows]}
    return pl.DataFrame(data | {"bytes": [100 * r[2] for r in rows]}).cast(VOLUME)  # type: ignore[arg-type]


def numbers(data: dict[str, Any], counts: bytes) -> list[list[int]]:
    """A list for each bucket, as the page reads the bytes."""
    flat = [n * data["scale"] for (n,) in struct.iter_unpack("<I", counts)]
    wide = len(data["series"])
    return [flat[i : i + wide] for i in range(0, len(flat), wide)]


def names(data: dict[str, Any]) -> list[str]:
    return [series["name"] for series in data["series"]]


def test_severities_stand_in_their_order_and_edges_are_said_to_be_partial() -> None:
    rows: list[Row] = [(T0, "error", 2), (T0, "info", 9), (T0 + 10 * S, "debug", 1), (T0 + 30 * S, "fatal", 3)]
    data, counts = drawn(frame(rows), T0 + 4 * S, T0 + 40 * S, 10 * S, "severity", "records")
    assert names(data) == [s["level"] for s in data["series"]] == ["debug", "info", "error", "fatal"]
    assert numbers(data, counts) == [[0, 9, 2, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 3]]
    assert (data["since"], data["until"], data["buckets"]) == (str(T0), str(T0 + 40 * S), 4)
    assert data["partial"] == [True, False]
    assert data["said"] == (
        "15 records by severity: fatal 3, error 2, info 9, debug 1; most, 11 in 10 s, at 2026-11-03 09:00:00 UTC"
    )


def test_other_values_stand_by_how_many_they_have_and_the_rest_last() -> None:
    rows: list[Row] = [(T0, "other (12 more)", 90), (T0, None, 5), (T0, "b\x1b[31m", 40), (T0, "error", 7)]
    data, counts = drawn(frame(rows), T0, T0 + S, S, "service_name", "records")
    assert names(data) == ["b\\x1b[31m", "error", "(absent)", "other (12 more)"]
    assert [s["level"] for s in data["series"]] == [None] * 4
    assert [s["rest"] for s in data["series"]] == [False, False, True, True]
    assert numbers(data, counts) == [[40, 7, 5, 90]]


def test_without_a_field_there_is_one_series_and_without_records_none_is_wrong() -> None:
    data, counts = drawn(frame([(T0, None, 3)]), T0, T0 + S, S, None, "records")
    assert (names(data), numbers(data, counts)) == (["records"], [[3]])
    data, counts = drawn(frame([]), T0, T0 + 2 * S, S, "severity", "records")
    assert (numbers(data, counts), data["said"]) == ([[0], [0]], "no records to draw")


def test_bytes_beyond_32_bits_are_scaled() -> None:
    rows: list[Row] = [(T0, "info", 10**9), (T0 + S, "info", 3)]
    data, counts = drawn(frame(rows), T0, T0 + 2 * S, S, "severity", "bytes")
    (most,), (least,) = numbers(data, counts)
    assert abs(most - 10**11) <= data["scale"]
    assert abs(least - 300) <= data["scale"]
    assert data["said"].startswith("100 GB by severity: info 100 GB")


@settings(deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.integers(-5, 40), st.sampled_from([*LEVELS, None, "other (2 more)"]), st.integers(0, 9))
    ),
    since=st.integers(-30, 300),
    length=st.integers(1, 400),
    every=st.sampled_from([1, 7, 10]),
)
def test_every_record_within_is_in_its_bucket(rows: list[Row], since: int, length: int, every: int) -> None:
    made = frame([(at * every, by, n) for at, by, n in rows])
    data, counts = drawn(made, since, since + length, every, "severity", "records")
    left, right = since // every, -(-(since + length) // every)
    found = {
        (left + b, name): n
        for b, row in enumerate(numbers(data, counts))
        for name, n in zip(names(data), row, strict=True)
        if n
    }
    expected: dict[tuple[int, str], int] = {}
    for at, by, n in rows:
        if left <= at < right and n:
            key = (at, "(absent)" if by is None else by)
            expected[key] = expected.get(key, 0) + n
    assert found == expected
    assert data["buckets"] == right - left
    assert data["partial"] == [since % every != 0, (since + length) % every != 0]


def test_bars_have_the_colours_of_charts() -> None:
    css = (STATIC / "timeline.css").read_text(encoding="utf-8")
    blocks = re.findall(r"\.tl \{(.*?)\}", css, re.DOTALL)
    light, *dark = [dict(re.findall(r"--tl-([a-z0-9]+): (#[0-9a-f]{6})", b)) for b in blocks if "--tl-info" in b]
    assert len(dark) == 2
    assert [light[level] for level in LEVELS] == [PALETTE[level][0] for level in LEVELS]
    assert [light[str(i)] for i in range(len(CATEGORIES))] == [pair[0] for pair in CATEGORIES]
    for one in dark:
        assert [one[str(i)] for i in range(len(CATEGORIES))] == [pair[1] for pair in CATEGORIES]
        assert [one[level] for level in LEVELS] == [PALETTE[level][1] for level in LEVELS]


# ---- alone


class Told:
    """A timeline alone, asked as a page asks it."""

    def __init__(self, logs: ln.Logs, **given: Any) -> None:
        self.widget = Timeline(logs, **given)
        self.answers: list[dict[str, Any]] = []
        self.widget.send = self.answers.append  # type: ignore[method-assign]
        self.widget._worker.wait()

    def ask(self, kind: str, **args: Any) -> dict[str, Any]:
        """The answer, without its number."""
        self.widget._receive(self.widget, {"id": 7, "ask": {"kind": kind, **args}}, [])
        assert self.widget._worker.wait()
        answer = self.answers.pop()
        assert answer.pop("id") == 7
        return answer

    @property
    def data(self) -> dict[str, Any]:
        return self.widget.data

    def total(self) -> int:
        return sum(map(sum, numbers(self.data, self.widget.counts)))


@pytest.fixture(scope="module")
def logs(shop: Path) -> ln.Logs:
    return ln.read(shop)


@pytest.fixture
def told(logs: ln.Logs) -> Any:
    made = Told(logs)
    yield made
    made.widget.close()


def test_alone_it_draws_all_records_in_about_120_buckets(told: Told, logs: ln.Logs) -> None:
    assert told.total() == told.data["total"] == len(logs)
    assert 50 <= told.data["buckets"] <= 122
    assert told.data["selected"] is None
    assert told.data["bys"][:2] == ["severity", "service_name"]


def test_a_window_is_a_query_and_what_is_around_it_is_drawn_too(told: Told, logs: ln.Logs) -> None:
    since = int(told.data["since"]) + 120 * S
    assert told.ask("window", since=str(since), until=str(since + 60 * S)) == {"value": None}
    assert told.data["selected"] == {"since": str(since), "until": str(since + 60 * S)}
    assert int(told.data["since"]) <= since - 30 * S
    assert told.total() == told.data["total"] > len(told.widget.logs) > 0
    assert (told.widget.query.since, told.widget.query.until) == (since, since + 60 * S)
    assert told.widget.logs.to_polars(["record_id"]).equals(logs.where(str(told.widget.query)).to_polars(["record_id"]))
    told.ask("zoom_out")
    assert told.data["selected"] == {"since": str(since - 30 * S), "until": str(since + 90 * S)}
    told.ask("back")
    told.ask("back")
    assert (told.data["selected"], told.data["back"], told.widget.query) == (None, False, logs.query)


def test_zooming_out_ends_at_the_data_and_a_window_can_be_dropped(told: Told, logs: ln.Logs) -> None:
    since = int(told.data["since"]) + 120 * S
    told.ask("window", since=str(since), until=str(since + 60 * S))
    for _ in range(6):
        told.ask("zoom_out")
    assert told.widget.query == logs.query
    told.ask("window", since=str(since), until=str(since + 60 * S))
    told.ask("window", since=None, until=None)
    assert told.widget.query == logs.query


def test_it_stays_within_the_query_of_its_logs(logs: ln.Logs) -> None:
    some = logs.where("severity>=warn").between("+1m", "+4m")
    told = Told(some)
    assert told.total() == len(some)
    assert names(told.data)[-1] == "error"
    far = int(told.data["since"])
    told.ask("window", since=str(far), until=str(far + 3600 * S))
    assert told.widget.query.until == some.query.until
    told.widget.close()


def test_split_unit_and_scale(told: Told, logs: ln.Logs) -> None:
    told.ask("by", field="service_name")
    told.ask("log", on=True)
    assert told.data["by"] == "service_name"
    assert told.data["log"] is True
    assert told.total() == len(logs)
    told.ask("unit", name="bytes")
    assert told.total() == logs.volume(of="bytes").frame["bytes"].sum()
    told.ask("by", field=None)
    assert names(told.data) == ["bytes"]


def test_marks_and_a_baseline(told: Told) -> None:
    told.ask("mark", time=str(T0), text="later")
    told.ask("mark", time=str(T0 - 1), text="deploy\x00 <b>\u202e")
    assert told.data["marks"] == [
        {"time": str(T0 - 1), "text": "deploy\x00 <b>\u202e"},
        {"time": str(T0), "text": "later"},
    ]
    told.ask("unmark", i=0)
    assert [m["text"] for m in told.data["marks"]] == told.widget.logs.marks["text"].to_list() == ["later"]
    told.ask("unmark", i=0)
    assert told.data["marks"] == []
    told.ask("baseline", since=str(T0), until=str(T0 + 1))
    assert told.data["baseline"] == {"since": str(T0), "until": str(T0 + 1)}
    told.ask("baseline", since=None, until=None)
    assert told.data["baseline"] is None


@pytest.mark.parametrize(
    ("ask", "says"),
    [
        ({"kind": "window", "since": "1; DROP TABLE", "until": "2"}, "not a question"),
        ({"kind": "window", "since": 1, "until": 2}, "not a question"),
        ({"kind": "window", "since": "1\n", "until": "2"}, "not a question"),
        ({"kind": "window", "since": "2", "until": "1"}, "not before its end"),
        ({"kind": "window", "since": "2", "until": None}, "both ends"),
        ({"kind": "window", "since": "9999999999999999999", "until": "99"}, "beyond the years"),
        ({"kind": "by", "field": "no.such"}, "no field 'no.such'"),
        ({"kind": "by", "field": "a'; --"}, "no field"),
        ({"kind": "unit", "name": "apples"}, "not a question"),
        ({"kind": "unmark", "i": 3}, "no mark 3"),
        ({"kind": "unmark", "i": -1}, "not a question"),
        ({"kind": "mark", "time": "1", "text": ""}, "not a question"),
        ({"kind": "shutdown"}, "not a question"),
    ],
)
def test_what_cannot_be_is_said_and_changes_nothing(told: Told, ask: dict[str, Any], says: str) -> None:
    before = (told.data, told.widget.query)
    assert says in told.ask(**ask)["error"]
    assert (told.data, told.widget.query) == before
    told.ask("log", on=True)
    assert told.data["by"] == "severity"


def test_no_record_with_a_time_is_said() -> None:
    told = Told(ln.read(b'{"msg": "a"}\n{"msg": "b"}\n', progress=False))
    assert told.data["said"] == "no record has a time"
    told.widget.close()


def test_a_mark_far_from_the_data_and_one_record(tmp_path: Path) -> None:
    told = Told(ln.read(b'{"time": "2026-11-03T09:00:00Z", "msg": "a"}\n', progress=False))
    assert told.total() == 1
    assert told.ask("zoom_out") == {"value": None}
    told.widget.close()


def test_without_a_kernel_there_is_a_still_picture(told: Told) -> None:
    bundle, _ = told.widget._repr_mimebundle_()
    first, line = bundle["text/plain"].splitlines()
    assert first.startswith("23,876 records by severity")
    assert len(line) > 30
    assert bundle["text/html"].count("<rect") > told.data["buckets"]
    assert "23,876 records by severity" in bundle["text/html"]
    told.ask("by", field="user_agent.original")
    assert told.widget._repr_mimebundle_()[0]["text/plain"].splitlines()[1] == line
    told.widget.show(b"", said="<img src=x onerror=alert(1)>")
    assert "<img" not in told.widget._repr_mimebundle_()[0]["text/html"]


# ---- as a part


def test_as_a_part_it_tells_the_panel_and_draws_what_it_is_given(logs: ln.Logs) -> None:
    calls: list[tuple[str, tuple[Any, ...]]] = []

    def note(name: str) -> Callable[..., None]:
        return lambda *args: calls.append((name, args))

    kinds = ("window", "zoom_out", "back", "by", "unit", "log", "baseline", "mark", "unmark")
    told = Told(logs, on={kind: note(kind) for kind in kinds})
    assert told.data == {}
    told.ask("window", since=str(T0), until=str(T0 + 1))
    told.ask("window", since=None, until=None)
    told.ask("by", field=None)
    told.ask("mark", time=str(-T0), text="x")
    told.ask("back")
    assert calls == [
        ("window", (T0, T0 + 1)), ("window", (None, None)), ("by", (None,)), ("mark", (-T0, "x")), ("back", ()),
    ]  # fmt: skip
    told.widget.show(b"\1\0\0\0", buckets=1)
    told.widget.show(busy=True)
    assert (told.data, told.widget.counts) == ({"busy": True}, b"\1\0\0\0")
    with pytest.raises(ln.QueryError, match="part of a panel"):
        _ = told.widget.query
    told.widget.close()


def test_around_stays_within_the_data() -> None:
    assert around(10, 20, 5, 0, 100) == (5, 25)
    assert around(10, 20, 50, 0, 40) == (0, 41)
    assert around(-10, 200, 5, 0, 100) == (-10, 200)
