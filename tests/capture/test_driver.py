"""What the capture's driver promises by itself: the plan of a seed, clear words when it cannot run, no leaks."""

from __future__ import annotations

import gzip
import json
import shutil
import subprocess
import sys
import tomllib
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq
import pytest

from driver import events, leaks, truth
from driver.ledgers import Ledgers
from driver.plan import NODES, draw, tier_of

if TYPE_CHECKING:
    from pathlib import Path

PLANS = [draw(seed) for seed in range(200)]


def test_a_seed_gives_the_same_plan_and_another_seed_another_one() -> None:
    assert draw(7) == draw(7)
    assert len({json.dumps(asdict(p) | {"seed": 0}) for p in PLANS}) == len(PLANS)


def test_seeds_differ_in_what_could_be_tuned_to() -> None:
    for field in ("oom_node", "slow_node"):
        assert {getattr(p, field) for p in PLANS} == set(NODES)
    assert {p.tier for p in PLANS} == {"silver", "gold"}
    assert {p.skew_ms > 0 for p in PLANS} == {True, False}
    for field in ("checkout_bad", "unpriced", "exception_user", "probes_from", "release", "oom", "slow"):
        assert len({getattr(p, field) for p in PLANS}) > 2


@pytest.mark.parametrize("plan", PLANS[:50], ids=lambda p: f"seed {p.seed}")
def test_plans_can_happen(plan: Any) -> None:
    for since, until in (plan.oom, plan.release, plan.slow):
        assert 0 < since < until < plan.seconds
    assert plan.release[1] < plan.exception_at < plan.seconds
    assert tier_of(plan.timeout_user) == plan.tier
    assert plan.skew_user not in (plan.exception_user, plan.timeout_user)
    assert plan.checkout != plan.checkout_bad


def test_fault_times_scale_with_the_run() -> None:
    long, short = draw(5, seconds=300), draw(5, seconds=60)
    assert short.release[0] == pytest.approx(long.release[0] / 5, abs=0.1)
    assert (short.oom_node, short.tier) == (long.oom_node, long.tier)


def test_what_is_missing_is_said_before_anything_starts(root: Path, tmp_path: Path) -> None:
    program = (
        "import shutil, sys; sys.path.insert(0, 'data/capture'); shutil.which = lambda name: None\n"
        "import capture; sys.argv = ['capture.py']; capture.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    for name in ("go", "node", "npm", "chromium"):
        assert f"{name} is missing: " in done.stderr


@pytest.mark.parametrize("place", ["shop.jsonl", "recordings", "events.parquet"])
def test_a_capture_that_names_its_machine_is_refused(tmp_path: Path, root: Path, place: str) -> None:
    (tmp_path / "recordings").mkdir()
    for name in ("shop.jsonl", "shop.pb", "truth.toml"):
        (tmp_path / name).write_text("all is well", encoding="utf-8")
    received = tmp_path / "events.jsonl"
    event = {"uuid": "1", "event": "x", "properties": {"distinct_id": "u-1", "path": "/srv/shop"}}
    received.write_text(json.dumps({"received": 0, "body": json.dumps(event)}), encoding="utf-8")
    events.write(received, tmp_path / "events.parquet")
    leaks.check(tmp_path, root)
    said = json.dumps({"stack": f"File {root}/shop.py"})
    if place == "recordings":
        (tmp_path / "recordings" / "s.json.gz").write_bytes(gzip.compress(said.encode()))
    elif place == "shop.jsonl":
        (tmp_path / place).write_text(said, encoding="utf-8")
    else:
        received.write_text(json.dumps({"received": 0, "body": json.dumps(event | {"event": said})}), encoding="utf-8")
        events.write(received, tmp_path / place)
    with pytest.raises(SystemExit, match="names this machine"):
        leaks.check(tmp_path, root)


@pytest.mark.parametrize("form", ["one", "list", "batch"])
def test_events_of_any_form_of_request_become_rows(tmp_path: Path, form: str) -> None:
    event = {"uuid": "1", "event": "$pageview", "timestamp": "2026-11-03T09:00:00.123Z",
             "properties": {"distinct_id": "u-1", "$session_id": "s", "$elements_chain": "a"}}  # fmt: skip
    body = {"one": event, "list": [event], "batch": {"batch": [event]}}[form]
    (tmp_path / "e.jsonl").write_text(json.dumps({"received": 5000, "body": json.dumps(body)}), encoding="utf-8")
    events.write(tmp_path / "e.jsonl", tmp_path / "e.parquet")
    (row,) = pq.read_table(tmp_path / "e.parquet").to_pylist()
    assert row["timestamp"] == datetime(2026, 11, 3, 9, 0, 0, 123000, UTC)
    assert row["created_at"] == datetime(1970, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert (row["distinct_id"], row["elements_chain"]) == ("u-1", "a")
    assert json.loads(row["properties"]) == {"distinct_id": "u-1", "$session_id": "s"}


def test_what_was_lost_is_apart_in_the_ledger(tmp_path: Path) -> None:
    (tmp_path / "ledger").mkdir()
    (tmp_path / "lines").mkdir()
    (tmp_path / "lines" / "node-a_worker_0.log").write_text("one\n\n  two  \n", encoding="utf-8")
    said = [{"kind": "log", "time": "1"}, {"kind": "log", "time": "2"}, {"kind": "lost", "times": ["2"]}]
    (tmp_path / "ledger" / "000-worker.jsonl").write_text("\n".join(map(json.dumps, said)), encoding="utf-8")
    found = Ledgers(tmp_path)
    assert [line["time"] for line in found.logs] == ["1"]
    assert [line["time"] for line in found.lost] == ["2"]
    assert [(line["node"], line["body"]) for line in found.lines] == [("node-a", "one"), ("node-a", "two")]


def test_truth_is_toml_whatever_is_in_it() -> None:
    values = {"text": 'a "b" \\ c', "many": ["x" * 60, "y" * 60], "none": [], "map": {"400": 1, "$a": 2}, "yes": True,
              "at": datetime(2026, 11, 3, 9, 0, 0, 5, UTC), "n": -3}  # fmt: skip
    text = "\n".join(f"{truth._key(k)} = {truth._toml(v)}" for k, v in values.items())
    assert tomllib.loads(text) == values


def test_lock_file_needs_no_registry_of_its_own(root: Path) -> None:
    """Addresses in a lock file would tie `npm ci` to one registry."""
    lock = json.loads((root / "data/capture/shop/package-lock.json").read_text(encoding="utf-8"))
    assert [name for name, package in lock["packages"].items() if {"resolved", "funding"} & set(package)] == []
    assert lock["packages"]["node_modules/@rrweb/record"]["version"] == "2.1.6"


@pytest.mark.skipif(shutil.which("node") is None, reason="no Node here")
def test_programs_of_node_run_under_the_shop_s_path(root: Path, tmp_path: Path) -> None:
    (tmp_path / "program.js").write_text("console.log(new Error('x').stack.split('\\n')[1])", encoding="utf-8")
    command = ["node", str(root / "data/capture/shop/launch.js"), str(tmp_path / "program.js")]
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert said.strip().startswith("at /srv/shop/front.js:1")
