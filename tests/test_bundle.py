"""lognb/static/replay.js is what tools/replay makes of rrweb, and nothing else."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def lock(root: Path) -> dict[str, Any]:
    packages: dict[str, Any] = json.loads((root / "tools/replay/package-lock.json").read_text(encoding="utf-8"))[
        "packages"
    ]
    return packages


def test_the_bundle_is_built_again_byte_for_byte(root: Path, tmp_path: Path) -> None:
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("no npm here, so the bundle cannot be built")
    folder = tmp_path / "tools" / "replay"
    shutil.copytree(root / "tools/replay", folder, ignore=shutil.ignore_patterns("node_modules"))
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run([npm, "ci", "--prefix", str(folder), *quiet], check=True, capture_output=True, timeout=120)
    build = [npm, "run", "--prefix", str(folder), "--silent", "build", "--", f"--outfile={tmp_path / 'replay.js'}"]
    subprocess.run(build, check=True, capture_output=True, timeout=60)
    made, kept = ((place / "replay.js").read_bytes() for place in (tmp_path, root / "lognb/static"))
    assert made == kept, "run `make replay`, and look at what changed"


def test_what_is_built_is_pinned_and_the_player_knows_it(root: Path, lock: dict[str, Any]) -> None:
    """One module serves all players of a page, by a name that holds its version: another version is another module."""
    version = lock["node_modules/@rrweb/replay"]["version"]
    assert lock[""]["dependencies"] == {"@rrweb/replay": version}
    assert f'"lognb.replay @rrweb/replay {version}"' in (root / "lognb/static/player.js").read_text(encoding="utf-8")
    assert all("integrity" in package and "resolved" not in package for name, package in lock.items() if name)


def test_each_package_in_the_bundle_has_its_licence_in_the_notices(root: Path, lock: dict[str, Any]) -> None:
    notices = (root / "THIRD_PARTY_NOTICES").read_text(encoding="utf-8")
    # Not in it: sources of types, and what postcss needs only outside a browser.
    absent = {"@types/css-font-loading-module", "source-map-js"}
    inside = {name.split("node_modules/")[-1] for name, package in lock.items() if name and not package.get("dev")}
    assert {
        name for name in inside - absent if not re.search(rf"(?<![\w/]){re.escape(name)}(?![\w-])", notices)
    } == set()


def test_the_bundle_speaks_to_no_console_and_names_no_address_to_load(root: Path) -> None:
    text = (root / "lognb/static/replay.js").read_text(encoding="ascii")
    assert re.findall(r"\bconsole\.", text) == []
    # Namespaces, and two pages that postcss names in its messages.
    named = set(re.findall(r"https?://([^/\s\"'`)]+)", text))
    assert named == {"www.w3.org", "www.w3ctech.com", "evilmartians.com"}
