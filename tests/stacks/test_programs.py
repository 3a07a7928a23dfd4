"""Real programs that fail: edits that keep what fails keep the issue, another culprit or cause is another.

Each fails in three ways, at the bottom of a recursion: `price`, `stock` with the same type and message elsewhere, and
`offer`, with a cause or another type.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lognb.stacks import issue, parse

if TYPE_CHECKING:
    from collections.abc import Callable

    from lognb.stacks import Issue

    Run = Callable[[Path, int], list[str]]

PROGRAMS = Path(__file__).parent / "programs"


def told(command: list[str], folder: Path) -> str:
    environment = {**os.environ, "NO_COLOR": "1", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=folder, env=environment, check=False, timeout=120
    )
    return done.stderr


def apart(text: str) -> list[str]:
    return [part for part in text.split("=====") if part.strip()]


def python(file: Path, depth: int) -> list[str]:
    return apart(told([sys.executable, str(file), str(depth)], file.parent))


def node(file: Path, depth: int) -> list[str]:
    return apart(told([there("node"), str(file), str(depth)], file.parent))


def java(file: Path, depth: int) -> list[str]:
    return apart(told([there("java"), "-XX:TieredStopAtLevel=1", str(file), str(depth)], file.parent))


def go(file: Path, depth: int) -> list[str]:
    program = file.with_suffix(".out")
    if not program.exists():
        assert told([there("go"), "build", "-o", str(program), str(file)], file.parent) == ""
    return [told([str(program), str(depth), way], file.parent) for way in ("price", "stock", "offer")]


def there(program: str) -> str:
    found = shutil.which(program)
    if found is None:
        pytest.skip(f"no {program} here")
    return found


def issues(stacks: list[str]) -> list[Issue]:
    return [issue(parse(stack)) for stack in stacks]


def moved(source: str, comment: str) -> str:
    """All lines further down: some text at the top, where the language takes it."""
    lines = source.split("\n")
    at = next(i for i, line in enumerate(lines) if line.startswith(("class ", "import ", "type ")))
    return "\n".join([*lines[:at], *[f"{comment} moved"] * 17, *lines[at:]])


CASES = [("shop.py", python, "#"), ("shop.js", node, "//"), ("Shop.java", java, "//"), ("shop.go", go, "//")]


@pytest.mark.parametrize(("name", "run", "comment"), CASES, ids=[name for name, _, _ in CASES])
def test_an_issue_outlives_edits_and_another_culprit_is_another(
    name: str, run: Run, comment: str, tmp_path: Path
) -> None:
    source = (PROGRAMS / name).read_text(encoding="utf-8")
    here, elsewhere = tmp_path / "srv" / "shop" / name, tmp_path / "build-3391" / "copy" / "of" / "it" / name
    for file, text in ((here, source), (elsewhere, moved(source, comment))):
        file.parent.mkdir(parents=True)
        file.write_text(text, encoding="utf-8")
    first = issues(run(here, 3))
    assert len({i.id for i in first}) == 3, first
    assert all(i.culprit for i in first)
    assert [next(w for w in ("price", "stock", "offer") if w in i.culprit) for i in first] == [
        "price",
        "stock",
        "offer",
    ]
    assert issues(run(elsewhere, 3))[0].id == first[0].id, "moved and renamed"
    assert [i.id for i in issues(run(elsewhere, 3))] == [i.id for i in first]
    assert [i.id for i in issues(run(here, 2))] == [i.id for i in first], "not so deep"
    assert [i.id for i in issues(run(here, 40))] == [i.id for i in first], "deeper"


def test_chrome_s_own_stacks_too(browser: Any, tmp_path: Path) -> None:
    source = (PROGRAMS / "shop.js").read_text(encoding="utf-8")

    def run(text: str, file: str, depth: int) -> list[str]:
        where = tmp_path / file
        where.parent.mkdir(parents=True, exist_ok=True)
        where.write_text(text, encoding="utf-8")
        (where.parent / "page.html").write_text(f'<script src="{where.name}"></script>', encoding="utf-8")
        page = browser.new_page()
        page.goto((where.parent / "page.html").as_uri())
        ask = "depth => { const out = []; main(depth, e => out.push(e.stack)); return JSON.stringify(out) }"
        stacks: list[str] = json.loads(page.evaluate(ask, depth))
        page.close()
        return stacks

    first = issues(run(source, "a/shop.3f2a1b9c.js", 3))
    assert len({i.id for i in first}) == 3
    assert [i.culprit for i in first][:2] == ["price (shop.js)", "stock (shop.js)"]
    assert [i.id for i in issues(run(moved(source, "//"), "b/c/shop.77c0de12.js", 3))] == [i.id for i in first]
    assert [i.id for i in issues(run(source, "a/shop.3f2a1b9c.js", 2))] == [i.id for i in first]
    assert [i.id for i in issues(run(source, "a/shop.3f2a1b9c.js", 40))] == [i.id for i in first]
