"""Build what the run needs into a folder that is kept: the Collector from its Go modules, the JavaScript bundles."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).resolve().parents[1]
NEEDED = {
    "go": "Go 1.26 or later builds the Collector",
    "node": "Node 20 or later runs the front",
    "npm": "npm installs the front's packages; it comes with Node",
    "chromium": "Chromium is the visitors' browser: `make system` installs it",
}


def find(program: str) -> str | None:
    """Where a program is; Go's own installer and other names of Chromium included."""
    names = {"chromium": ("chromium", "chromium-browser", "google-chrome"), "go": ("go", "/usr/local/go/bin/go")}
    return next((found for name in names.get(program, (program,)) if (found := shutil.which(name))), None)


def missing() -> list[str]:
    """A sentence for each program that is not there; nothing if the capture can run."""
    return [f"{program} is missing: {why}" for program, why in NEEDED.items() if find(program) is None]


def collector(into: Path) -> Path:
    """The Collector's binary, built once for each state of its sources (minutes, the first time)."""
    source = HERE / "collector"
    key = _digest(source / "main.go", source / "go.mod", source / "go.sum")
    binary = into / f"collector-{key}"
    with alone(into / "building"):
        if not binary.exists():
            print("building the Collector; the first time takes some minutes ...", file=sys.stderr)
            made = binary.with_suffix(".new")
            _run([str(find("go")), "build", "-trimpath", "-ldflags=-s -w", "-o", str(made), "."], source)
            made.rename(binary)
    return binary


def bundles(into: Path, version: str) -> Path:
    """A folder with front.js, page.js and what the page needs; `version` is what the page says it is."""
    source = HERE / "shop"
    folder = into / f"node-{_digest(source / 'package-lock.json')}"
    with alone(into / "building"):
        if not (folder / ".installed").exists():
            folder.mkdir(parents=True, exist_ok=True)
            for name in ("package.json", "package-lock.json"):
                shutil.copy(source / name, folder)
            print("installing the front's packages ...", file=sys.stderr)
            _run([str(find("npm")), "ci", "--no-audit", "--no-fund", "--loglevel=error"], folder)
            (folder / ".installed").touch()
    for name in ("front.js", "page.js", "telemetry.js", "ledger.js"):
        shutil.copy(source / name, folder)
    out = folder / f"out-{os.getpid()}"
    esbuild = [str(folder / "node_modules" / ".bin" / "esbuild"), "--bundle", "--log-level=warning", "--charset=utf8"]
    _run([*esbuild, "front.js", "--platform=node", "--keep-names", f"--outfile={out}/front.js"], folder)
    _run([*esbuild, "page.js", f'--define:SHOP_WEB_VERSION="{version}"', f"--outfile={out}/page.js"], folder)
    for name in ("index.html", "shop.css"):
        shutil.copy(source / name, out)
    return out


@contextmanager
def alone(name: Path) -> Iterator[None]:
    """One process at a time: another that wants the same waits, and finds it done."""
    name.parent.mkdir(parents=True, exist_ok=True)
    with name.with_suffix(".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _digest(*files: Path) -> str:
    return hashlib.blake2b(b"\0".join(f.read_bytes() for f in files), digest_size=6).hexdigest()


def _run(command: list[str], folder: Path) -> None:
    env = {**os.environ, "GOTOOLCHAIN": "local", "CGO_ENABLED": "0"}
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=env, check=False)
    if done.returncode:
        raise SystemExit(
            f"{' '.join(command[:2])} failed in {folder.name}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
        )
