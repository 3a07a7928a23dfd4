"""What every test may ask for: the repository, its samples, real payloads, a cache of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

AXE = "axe-core@4.14.1"
ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def root() -> Path:
    """The top of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def samples() -> Path:
    """The committed capture, data/samples, or the folder of another in SHOP_SAMPLES, for tests marked `truth`."""
    return Path(os.environ.get("SHOP_SAMPLES", ROOT / "data" / "samples"))


@pytest.fixture(scope="session")
def shop(samples: Path) -> Path:
    """Its dump."""
    return samples / "shop.json.zst"


@pytest.fixture(scope="session")
def truth(samples: Path) -> dict[str, Any]:
    """What happened in it."""
    return tomllib.loads((samples / "truth.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="session")
def realworld() -> Path:
    """The folder of real payloads from public projects; they are not ours, so a clone has none."""
    folder = Path(os.environ.get("LOGNB_REALWORLD", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip("no real payloads here; LOGNB_REALWORLD names their folder")
    return folder


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of axe-core, from npm."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here, so axe-core cannot be had")
    folder = tmp_path_factory.mktemp("axe")
    quiet = ["--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    subprocess.run([npm, "install", *quiet, "--prefix", str(folder), AXE], check=True, capture_output=True, timeout=120)
    return (folder / "node_modules/axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test reads or fills the cache of the person who runs it."""
    with pytest.MonkeyPatch.context() as patch:
        if "LOGNB_CACHE" not in os.environ:
            patch.setenv("LOGNB_CACHE", str(tmp_path_factory.getbasetemp() / "lognb-cache"))
        yield


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package as pip gets it."""
    folder = tmp_path_factory.mktemp("wheel")
    program = f"from hatchling.build import build_wheel; print(build_wheel({str(folder)!r}))"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, check=True)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The Python of an empty environment with the wheel in it, and a folder beside it with nothing but the samples.

    The libraries are those of the tests' own environment, by a line that names their folder: Python reads no lines of
    such lines, so the source tree, which is installed there by one, is out of reach.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder / "env", with_pip=False, symlinks=True)
    python = folder / "env" / "bin" / "python"
    (place,) = (folder / "env" / "lib").glob("python*/site-packages")
    zipfile.ZipFile(wheel).extractall(place)
    libraries = [p for p in sys.path if Path(p).name == "site-packages"]
    (place / "libraries.pth").write_text("\n".join(libraries), encoding="utf-8")
    shutil.copytree(ROOT / "data" / "samples", folder / "data" / "samples")
    (folder / "notebooks").mkdir()
    return python


@pytest.fixture(scope="session")
def chromium() -> str:
    """Where Chromium is; `make system` installs it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here; `make system` installs it")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Any]:
    """A Chromium. One for each file of tests: while Playwright runs, nothing else in the process can use asyncio."""
    from playwright.sync_api import sync_playwright

    from tests.widgets.browser import FLAGS

    with sync_playwright() as p:
        # Scrollbars, as people have them.
        found = p.chromium.launch(executable_path=chromium, args=FLAGS, ignore_default_args=["--hide-scrollbars"])
        yield found
        found.close()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, str]]:
    """Run the command line; exit code, stdout, stderr."""

    from lognb.cli import main

    def call(*args: object) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as done:
            main([str(a) for a in args])
        out, err = capsys.readouterr()
        return int(done.value.code or 0), out, err

    return call
