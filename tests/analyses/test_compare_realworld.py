"""A fault minute against a minute without a fault: the pod that has the fault comes first (see trainticket.py)."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
import trainticket

if TYPE_CHECKING:
    from pathlib import Path

    import lognb as ln

pytestmark = pytest.mark.realworld

FIRST = 3


@pytest.fixture(scope="module")
def folder(realworld: Path) -> Path:
    return realworld / "nezha"


@pytest.fixture(scope="module")
def incident(folder: Path) -> ln.Logs:
    return trainticket.read(folder)


def errors_of(logs: ln.Logs, rows: pl.DataFrame) -> set[str]:
    """The services whose errors these rows are, where there are errors among their records."""
    found: set[str] = set()
    for query in rows["query"]:
        found |= set(logs.where(query).where("severity>=error").to_polars(["service_name"])["service_name"])
    return found


def test_the_faulty_pod_is_among_the_first_rows(incident: ln.Logs, folder: Path) -> None:
    calm = incident.between(*trainticket.window(folder, trainticket.NORMAL))
    seen = []
    for file, since, until, service in trainticket.minutes(folder):
        minute = incident.between(since, until)
        result = incident.compare(calm, minute)
        sure = result.frame.filter(pl.col("change") != "once")
        if until - since < timedelta(seconds=10):
            # Four seconds with the fault, in which one request meets the service and is answered.
            assert (file, sure.height) == ("08_43", 0)
            continue
        seen.append(file)
        worse = sure.head(FIRST).filter(pl.col("change").is_in(["new", "grown"]))
        assert errors_of(minute, worse) == {service}
        first: dict[str, Any] = sure.row(0, named=True)
        assert (first["what"], first["change"]) == ("pattern", "new"), "an error that was never there before"
        assert set(minute.where(first["query"]).to_polars(["service_name"])["service_name"]) == {service}
    assert seen == ["08_44", "08_45"]


def test_half_of_a_calm_minute_has_no_new_error_against_the_other(incident: ln.Logs, folder: Path) -> None:
    since, until = trainticket.window(folder, trainticket.NORMAL)
    middle = since + (until - since) / 2
    halves = incident.between(since, middle), incident.between(middle, until)
    for before, now in (halves, halves[::-1]):
        frame = incident.compare(before, now).frame
        new = frame.filter(pl.col("change").is_in(["new", "grown"]))
        assert errors_of(now, new) == set()
