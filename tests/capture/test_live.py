"""Real SDK, real Collector, a file, Logs: every field of every record is what the programs say they sent."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import lognb as ln
from driver import build
from driver.ledgers import Ledgers
from tests.capture import held

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.slow

FRAMINGS = (
    "shop.jsonl", "shop.pb", "shop.framed.json.zst", "shop.framed.pb.zst", "shop.json.zst", "shop.pb.zst",
)  # fmt: skip


@dataclass(frozen=True)
class Live:
    """A run made for these tests: all it wrote, its ledgers, its truth."""

    folder: Path
    ledgers: Ledgers
    truth: dict[str, Any]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory, root: Path) -> Live:
    """A minute of the shop, as `make capture` runs it, with another seed than the committed sample's."""
    lacking = build.missing()
    if lacking:
        pytest.skip("; ".join(lacking))
    out = tmp_path_factory.mktemp("shop")
    command = [sys.executable, "data/capture/capture.py", "--seed=11", "--seconds=60", "--visitors=4", "--all"]
    done = subprocess.run([*command, f"--out={out}"], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Live(out / "all", Ledgers(out / "all"), tomllib.loads((out / "truth.toml").read_text(encoding="utf-8")))


@pytest.fixture(params=FRAMINGS)
def logs(run: Live, request: pytest.FixtureRequest) -> ln.Logs:
    return ln.read(run.folder / request.param)


def test_nothing_is_rejected(logs: ln.Logs) -> None:
    assert logs.load_report.rejected.height == 0


def test_every_field_of_every_record_is_as_sent(run: Live, logs: ln.Logs) -> None:
    records = logs.to_polars()
    from_files = records["resource"].str.contains('"log.iostream"', literal=True)
    sent, got = held.said(run.ledgers), held.read(records.filter(~from_files))
    assert got.total() > 1000
    assert list(sent - got)[:3] == []
    assert list(got - sent)[:3] == []


def test_every_line_of_text_is_a_record(run: Live, logs: ln.Logs) -> None:
    records = logs.to_polars().filter(pl.col("resource").str.contains('"log.iostream"', literal=True))
    sent, got = held.said_lines(run.ledgers), held.read_lines(records)
    assert got == sent
    assert got.total() > 8
    # Such a line has no time of its own, and stands where the collector saw it.
    assert records["timestamp"].null_count() == records.height
    assert (
        records["time"].cast(int).is_between(*(int(run.truth[w].timestamp() * 1e9) for w in ("since", "until"))).all()
    )


def test_every_span_is_as_sent(run: Live, logs: ln.Logs) -> None:
    spans = logs.spans
    got = set(zip(spans["trace_id"], spans["span_id"], spans["parent_span_id"].fill_null(""), spans["name"],
                  spans["start"].cast(int), spans["end"].cast(int), spans["service_name"], spans["status_code"],
                  strict=True))  # fmt: skip
    sent = {(s["trace_id"], s["span_id"], s["parent"], s["name"], int(s["start"]), int(s["end"]), s["service"],
             s["status"]) for s in run.ledgers.spans}  # fmt: skip
    assert spans.height == len(run.ledgers.spans) > 100
    assert got == sent


def test_what_a_dying_process_could_not_send_is_not_there(run: Live, logs: ln.Logs) -> None:
    """The truth counts what was sent; the ledger knows the rest by name."""
    lost = {int(line["time"]) for line in run.ledgers.lost}
    assert not lost & set(logs.to_polars(["timestamp"])["timestamp"].cast(int).to_list())
