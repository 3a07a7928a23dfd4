"""The frame of the project: what the package promises to installers, and that its tasks are there."""

from __future__ import annotations

import os
import re
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

import lognb

ROOT = Path(__file__).resolve().parents[1]
TARGETS = ("help", "setup", "lab", "demo", "docs", "test", "check", "bench", "capture")


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    found: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return found


def test_dependencies_have_lower_bounds_only(project: dict[str, Any]) -> None:
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    form = r"[\w.-]+(\[[\w,-]+\])?>=[\d.]+(; python_version < '[\d.]+')?"
    odd = [d for group in groups for d in group if not re.fullmatch(form, d)]
    assert odd == []


def test_constraints_pin_every_dependency_and_name_no_address(project: dict[str, Any]) -> None:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = [line for line in lines if not line.startswith("#")]
    assert [p for p in pins if not re.fullmatch(r"[A-Za-z0-9._-]+==[\w.+!]+", p)] == []
    pinned = {_plain(p.split("==")[0]) for p in pins}
    wanted = {
        _plain(re.split(r"[\[>]", d)[0]) for d in [*project["dependencies"], *project["optional-dependencies"]["dev"]]
    }
    assert wanted - pinned == set()


def test_lock_files_hold_no_download_addresses() -> None:
    locks = [
        p for p in _tracked() if re.search(r"(\.lock|-lock\.(json|yaml)|constraints.*\.txt|requirements.*\.txt)$", p)
    ]
    assert "constraints.txt" in locks
    assert [p for p in locks if "://" in (ROOT / p).read_text(encoding="utf-8")] == []


def test_repository_names_no_folder_of_a_machine() -> None:
    homes = re.compile(r"(?<![\w.])/(" + "|".join(["work", "root", "home"]) + r")/\w")
    texts = {p: (ROOT / p).read_text(encoding="utf-8", errors="ignore") for p in _tracked() if (ROOT / p).is_file()}
    assert {p: m.group() for p, text in texts.items() if (m := homes.search(text))} == {}


def test_make_without_a_target_lists_them() -> None:
    said = subprocess.run(["make", "--no-print-directory"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert [t for t in TARGETS if not re.search(rf"^  make {t} +\S", said, re.MULTILINE)] == []


def test_a_python_is_found_that_is_new_enough() -> None:
    found = subprocess.run(["bash", "tools/python.sh"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    program = "import sys; print(sys.version_info >= (3, 11))"
    said = subprocess.run([found.strip(), "-c", program], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "True"


def test_without_a_new_enough_python_the_message_says_what_to_do(tmp_path: Path) -> None:
    """An old one, a shim that fails and nothing at all are the same: not new enough."""
    for name in ("python3", "python3.12"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 127\n", encoding="utf-8")
        (tmp_path / name).chmod(0o755)
    env = {"PATH": str(tmp_path)}
    done = subprocess.run(
        ["/bin/bash", "tools/python.sh"], cwd=ROOT, capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 1
    assert "make PYTHON=" in done.stderr


def test_ci_runs_the_tests() -> None:
    run = ROOT / ".ci" / "run"
    assert os.access(run, os.X_OK)
    assert "make test" in run.read_text(encoding="utf-8")


def test_changelog_keeps_its_form_and_begins_with_this_version(project: dict[str, Any]) -> None:
    """That of Keep a Changelog: versions with a date, and under each what kind of change it is."""
    text = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (.*)$", text, re.MULTILINE)
    form = r"\[(\d+\.\d+\.\d+|Unreleased)\]( - (\d{4}-\d\d-\d\d|Unreleased))?"
    assert [v for v in versions if not re.fullmatch(form, v)] == []
    assert versions[0].startswith(f"[{project['version']}]")
    kinds = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
    assert set(re.findall(r"^### (.*)$", text, re.MULTILINE)) <= kinds


def test_the_package_knows_its_version(project: dict[str, Any]) -> None:
    assert lognb.__version__ == project["version"]


def test_wheel_holds_the_package_and_nothing_else(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    assert {n.split("/")[0] for n in names} == {
        "lognb",
        f"{wheel.stem.split('-')[0]}-{wheel.stem.split('-')[1]}.dist-info",
    }
    inside = {p.relative_to(ROOT).as_posix() for p in (ROOT / "lognb").rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert inside <= set(names)
    assert "lognb/py.typed" in names
    for name in ("LICENSE", "THIRD_PARTY_NOTICES"):
        assert any(n.endswith(f"licenses/{name}") for n in names)


def test_wheel_holds_the_browser_half_and_it_stays_small(wheel: Path) -> None:
    """Every file that git knows of it, byte for byte; 380 KB of our own in all, before the wheel's compression: the
    panel, its lists, the story and its player, and what makes a saved report alive.

    The bundle of rrweb, 190 KB, is counted apart: a page that shows no recording never gets it.
    """
    packed = zipfile.ZipFile(wheel)
    inside = {n: packed.read(n) for n in packed.namelist() if n.startswith("lognb/static/")}
    assert inside == {p: (ROOT / p).read_bytes() for p in _tracked() if p.startswith("lognb/static/")}
    assert {"common.js", "search.js", "facets.js", "timeline.js", "table.js"} <= {Path(n).name for n in inside}
    bundle = len(inside.pop("lognb/static/replay.js"))
    assert bundle <= 250_000
    assert sum(map(len, inside.values())) <= 380_000


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _tracked() -> list[str]:
    return subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
