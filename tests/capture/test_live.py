"""Real SDK, real Collector, a file, Logs: every field of every record is what the programs say they sent."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

import lognb as ln
from tests.capture import held

if TYPE_CHECKING:
    from tests.capture.conftest import Capture

pytestmark = pytest.mark.slow

FRAMINGS = (
    "shop.jsonl", "shop.pb", "shop.framed.json.zst", "shop.framed.pb.zst", "shop.json.zst", "shop.pb.zst",
)  # fmt: skip


@pytest.fixture(params=FRAMINGS)
def logs(made_now: Capture, request: pytest.FixtureRequest) -> ln.Logs:
    return ln.read(made_now.folder / "all" / request.param)


def test_nothing_is_rejected(logs: ln.Logs) -> None:
    assert logs.load_report.rejected.height == 0


def test_every_field_of_every_record_is_as_sent(made_now: Capture, logs: ln.Logs) -> None:
    records = logs.to_polars()
    from_files = records["resource"].str.contains('"log.iostream"', literal=True)
    sent, got = held.said(made_now.ledgers), held.read(records.filter(~from_files))
    assert got.total() > 1000
    assert list(sent - got)[:3] == []
    assert list(got - sent)[:3] == []


def test_every_line_of_text_is_a_record(made_now: Capture, logs: ln.Logs) -> None:
    records = logs.to_polars().filter(pl.col("resource").str.contains('"log.iostream"', literal=True))
    sent, got = held.said_lines(made_now.ledgers), held.read_lines(records)
    assert got == sent
    assert got.total() > 8
    # Such a line has no time of its own, and stands where the collector saw it.
    assert records["timestamp"].null_count() == records.height
    since, until = made_now.truth["since"], made_now.truth["until"]
    assert records["time"].is_between(since, until).all()


def test_every_span_is_as_sent(made_now: Capture, logs: ln.Logs) -> None:
    sent, got = held.said_spans(made_now.ledgers), held.read_spans(logs.spans)
    assert got.total() > 100
    assert list(sent - got)[:3] == []
    assert list(got - sent)[:3] == []


def test_what_a_dying_process_could_not_send_is_not_there(made_now: Capture, logs: ln.Logs) -> None:
    """The truth counts what was sent; the ledger knows the rest by name."""
    lost = {int(line["time"]) for line in made_now.ledgers.lost}
    assert not lost & set(logs.to_polars(["timestamp"])["timestamp"].cast(int).to_list())
