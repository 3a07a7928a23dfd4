"""Where an answer comes from: its code, run again, gives the same answer; its sources and window are those it had."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from polars.testing import assert_frame_equal

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from lognb.logs import Logs
    from lognb.result import Result

LINES = "\n".join(
    f'{{"time": "2026-11-03T09:{s // 60:02d}:{s % 60:02d}Z", "level": "{"error" if 300 <= s < 320 else "info"}", '
    f'"service.name": "{"shop" if s % 3 else "logs."}", "session_id": "s-{s % 7}", "msg": "order {s} in {s % 50} ms"}}'
    for s in range(600)
)

ASKED: dict[str, Callable[[Logs], Result]] = {
    "plain": lambda logs: logs.facets("severity", "service_name", top=3),
    "window and query": lambda logs: logs.where('severity=error "7 ms"', since="09:05", until="09:06").volume(
        every="5s"
    ),
    "a text that says logs.": lambda logs: logs.where('service_name="logs."').facets("service_name"),
    "logs as argument": lambda logs: logs.compare(logs.between("09:00", "09:05"), logs.where(since="09:05")),
    "nested windows": lambda logs: logs.between("09:00", "09:09").services(baseline=("09:00", "09:04")),
    "a time": lambda logs: logs.explain(datetime(2026, 11, 3, 9, 5, tzinfo=UTC)),
    "brackets": lambda logs: logs["service_name"],
    "all": lambda logs: logs.where("severity=error").all.errors(),
    "an empty window": lambda logs: logs.where("time<2026-11-03T09:00:00Z").volume(),
    "quotes": lambda logs: logs.where('"it\'s \\"so\\""').facets("severity"),
}


@pytest.fixture(scope="module")
def dump(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("origin") / "shop.jsonl"
    path.write_text(LINES)
    return path


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_the_code_gives_the_answer_again(dump: Path, asked: Callable[[Logs], Result]) -> None:
    result = asked(ln.read(dump))
    origin = result.origin
    assert origin is not None
    again: Any = eval(origin.code, {"ln": ln})
    assert_frame_equal(again.frame, result.frame)
    assert (again.sentence, again.origin) == (result.sentence, origin)


def test_it_names_the_sources_with_their_hashes_and_the_time_looked_at(dump: Path) -> None:
    origin = ln.read(dump).where(since="09:05").volume().origin
    assert origin is not None
    ((name, digest),) = origin.sources
    assert name == str(dump)
    copy = dump.with_name("copy.jsonl")
    copy.write_bytes(dump.read_bytes())
    assert ln.read(copy).volume().origin.sources == ((str(copy), digest),)  # type: ignore[union-attr]
    assert len(digest) == len(hashlib.blake2b(digest_size=16).hexdigest())
    assert datetime.fromtimestamp(origin.since / 1e9, UTC) == datetime(2026, 11, 3, 9, 5, tzinfo=UTC)  # type: ignore[operator]
    assert datetime.fromtimestamp((origin.until - 1) / 1e9, UTC).minute == 9  # type: ignore[operator]
    assert origin.version == ln.__version__


def test_it_can_be_asked_of_another_name(dump: Path) -> None:
    logs = ln.read(dump)
    origin = logs.compare("severity=error", logs.where("severity!=error")).origin
    assert origin is not None
    assert origin.on("mine").count("mine") == 2
    assert "logs" not in origin.on("mine")


def test_what_has_no_code_is_not_said_to_have_any() -> None:
    logs = ln.read(pl.DataFrame({"time": [datetime(2026, 11, 3, tzinfo=UTC)], "msg": ["a"]}))
    origin = logs.volume().origin
    assert origin is not None
    assert origin.code == "ln.read(…).volume()"
    with pytest.raises(SyntaxError):
        compile(origin.code, "report", "eval")


def test_scanned_parquet_is_opened_by_scan(dump: Path, tmp_path: Path) -> None:
    ln.read(dump, user_keys=["uid"]).write_parquet(tmp_path / "p")
    assert ln.read(dump, user_keys=["uid"]).volume().origin.code.startswith(f'ln.read("{dump}", user_keys=["uid"])')  # type: ignore[union-attr]
    result = ln.scan(tmp_path / "p").facets("severity")
    assert_frame_equal(eval(result.origin.code, {"ln": ln}).frame, result.frame)  # type: ignore[union-attr]
