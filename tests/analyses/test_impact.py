"""Whom it hit, against sets in plain Python and the truth about the sample."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from lognb.errors import FieldError, QueryError
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def shop_logs(samples: Path) -> ln.Logs:
    return ln.read(samples / "shop.json.zst", samples / "events.parquet")


def test_columns_are_what_the_docstring_tables(shop_logs: ln.Logs) -> None:
    frame = shop_logs.where("severity=error").impact("order_paid").frame
    assert frame.schema == {
        "side": pl.String, "who": pl.String, "since": TIME, "until": TIME, "sessions": pl.UInt64,
        "session_share": pl.Float64, "users": pl.UInt64, "user_share": pl.Float64, "sessions_converted": pl.UInt64,
        "session_conversion": pl.Float64, "users_converted": pl.UInt64, "user_conversion": pl.Float64,
    }  # fmt: skip
    expected = [("before", "all"), ("during", "all"), ("during", "affected"), ("during", "others")]
    assert frame.select("side", "who").rows() == expected


@pytest.mark.truth
def test_the_bad_release_of_the_sample(shop_logs: ln.Logs, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    hit = shop_logs.where('severity=error "did not answer"')
    row = hit.impact("order_paid").frame.row(2, named=True)
    assert (row["sessions"], row["users"]) == (len(fault["sessions"]), len(fault["users"]))
    assert row["sessions_converted"] == 0
    named = hit.between(fault["deployed"], fault["rolled_back"]).impact("order_paid").frame
    assert (named["since"][1], named["until"][1]) == (fault["deployed"], fault["rolled_back"])
    assert named["until"][0] == fault["deployed"]


def test_it_counts_what_sets_count(load: Callable[..., ln.Logs]) -> None:
    rng = random.Random(3)
    lines = []
    for second in range(300):
        session = rng.choice([None, *range(40)])
        keys: dict[str, Any] = {} if session is None else {"session.id": f"s{session}"}
        if session is not None and rng.random() < 0.5:
            keys["user.id"] = f"u{session % 15}"
        keys["what"] = rng.choice(["paid", "looked"])
        lines.append((second, "error" if rng.random() < 0.05 else "info", "web", keys))
    logs = load(lines)
    result = logs.where("severity=error", since="09:02", until="09:04").impact("what=paid", ("09:00", "09:01"))

    users = {k["session.id"]: k["user.id"] for _, _, _, k in lines if "user.id" in k}
    for side, (since, until) in (("before", (0, 60)), ("during", (120, 240))):
        here = [line for line in lines if since <= line[0] < until and "session.id" in line[3]]
        for row in result.frame.filter(side=side).iter_rows(named=True):
            for name, of in (("session", lambda k: k["session.id"]), ("user", lambda k: users.get(k["session.id"]))):
                every = {of(k) for *_, k in here} - {None}
                hit = {of(k) for _, severity, _, k in here if severity == "error"} - {None}
                paid = {of(k) for *_, k in here if k["what"] == "paid"} - {None}
                chosen = {"all": every, "affected": hit, "others": every - hit}[row["who"]]
                assert row[f"{name}s"] == len(chosen)
                assert row[f"{name}_share"] == pytest.approx(len(chosen) / len(every))
                assert row[f"{name}s_converted"] == len(chosen & paid)
                assert row[f"{name}_conversion"] == pytest.approx(len(chosen & paid) / len(chosen))
    assert "; what=paid: " in result.sentence
    assert result.sentence.count("active") == 2


def test_without_an_event_nothing_is_said_of_conversion(load: Callable[..., ln.Logs]) -> None:
    logs = load([(s, "error" if s == 5 else "info", "web", {"session.id": f"s{s % 4}"}) for s in range(10)])
    result = logs.where("severity=error").impact()
    assert result.sentence == "1 of 1 active session (100 %)"
    for name in ("session_conversion", "user_conversion", "sessions_converted", "users_converted"):
        assert result.frame[name].null_count() == 4
    assert (result.frame["until"][1] - result.frame["since"][1]).total_seconds() == pytest.approx(0, abs=1e-6)
    wide = logs.where("severity=error", since="09:00:00", until="09:00:10").impact()
    assert wide.sentence == "1 of 4 active sessions (25 %)"
    wide.chart().to_dict()


def test_nothing_to_count_is_told(load: Callable[..., ln.Logs]) -> None:
    logs = load([(0, "info", "web", {}), (None, "warn", "web", {"session.id": "s"})])
    assert logs.impact().sentence == "no record names a session or a user"
    assert logs.where("severity=warn").impact().sentence == "no records with a time"
    with pytest.raises(QueryError, match="names nothing"):
        logs.impact("")
    with pytest.raises(FieldError, match="no field 'what'"):
        logs.impact("what=paid")
    with pytest.raises(QueryError, match="ends before it begins"):
        logs.impact(baseline=("09:30", "09:00"))
    with pytest.raises(QueryError, match="no pair of times"):
        logs.impact(baseline="09:30")  # type: ignore[arg-type]


def test_an_event_that_there_is_not_is_said(shop_logs: ln.Logs) -> None:
    wrong = shop_logs.where("severity=error")
    assert wrong.impact("order_payed").sentence.endswith(
        "no record of any time is order_payed; did you mean 'order_paid'?"
    )
    assert wrong.impact("event_name=zebra").sentence.endswith("no record of any time is event_name=zebra")
    assert "no record of any time" not in wrong.impact("order_paid").sentence
