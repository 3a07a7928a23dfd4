"""The shop captures that tests read: the committed one, and one that is made for the tests."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import lognb as ln
from driver import build
from driver.ledgers import Ledgers

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Capture:
    """A folder as `make capture` writes it."""

    folder: Path

    @cached_property
    def truth(self) -> dict[str, Any]:
        return tomllib.loads((self.folder / "truth.toml").read_text(encoding="utf-8"))

    @cached_property
    def logs(self) -> ln.Logs:
        return ln.read(self.folder / "shop.json.zst")

    @cached_property
    def ledgers(self) -> Ledgers:
        """Only of a capture made with --all."""
        return Ledgers(self.folder / "all")


@pytest.fixture(scope="module", autouse=True)
def _cache_of_the_module(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Captures are read once for a module, which is before a test has a cache of its own."""
    with pytest.MonkeyPatch.context() as patch:
        if "LOGNB_CACHE" not in os.environ:
            patch.setenv("LOGNB_CACHE", str(tmp_path_factory.getbasetemp() / "lognb-cache"))
        yield


@pytest.fixture(scope="session")
def made_now(tmp_path_factory: pytest.TempPathFactory) -> Capture:
    """Little more than a minute of the shop, as `make capture` runs it, with another seed than the committed one."""
    lacking = build.missing()
    if lacking:
        pytest.skip("; ".join(lacking))
    # Where several processes share the tests, one makes it and the others wait and read it.
    base = tmp_path_factory.getbasetemp()
    out = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shop-made-now"
    with build.alone(out):
        if not (out / "truth.toml").exists():
            command = [sys.executable, "data/capture/capture.py", "--seed=11", "--seconds=75", "--all", f"--out={out}"]
            done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
    return Capture(out)


@pytest.fixture(scope="session")
def committed() -> Capture:
    """data/samples, or the folder of another capture in SHOP_SAMPLES."""
    return Capture(Path(os.environ.get("SHOP_SAMPLES", ROOT / "data" / "samples")))


@pytest.fixture(scope="module", params=["committed", pytest.param("made_now", marks=pytest.mark.slow)])
def shop(request: pytest.FixtureRequest) -> Capture:
    """Each capture in turn: what is found in one incident has to be found in another."""
    found: Capture = request.getfixturevalue(request.param)
    return found
