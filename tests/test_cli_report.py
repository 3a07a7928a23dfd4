"""The commands that analyse and report, and JSON from every one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from lognb.cli import cli

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Run = Callable[..., tuple[int, str, str]]

REFUSED = "card refused: \x1b[31mno"
LINES = "\n".join(
    json.dumps(
        {
            "time": f"2026-11-03T09:{minute:02d}:{second:02d}Z",
            "level": "error" if minute == 7 else "info",
            "service.name": "shop",
            "msg": REFUSED if minute == 7 else f"order {minute * 60 + second} paid",
        }
    )
    for minute in range(10)
    for second in range(0, 60, 5)
)


@pytest.fixture
def dump(tmp_path: Path) -> Path:
    """Ten minutes of a shop, one of which is errors that try to colour the terminal."""
    path = tmp_path / "shop.jsonl"
    path.write_text(LINES)
    return path


def json_of(answer: tuple[int, str, str]) -> Any:
    assert answer[0] == 0, answer
    return json.loads(answer[1])


def test_every_command_speaks_json(run: Run, dump: Path, tmp_path: Path) -> None:
    said = {
        "info": json_of(run("info", dump, "--json"))["overview"]["records"],
        "query": json_of(run("query", dump, "severity=error", "--head", 2, "--facets", "severity", "--json")),
        "convert": json_of(run("convert", dump, "-o", tmp_path / "out", "--to", "csv", "--json")),
        "open": json_of(run("open", dump, "-o", tmp_path / "a.ipynb", "--write-only", "--json")),
        "cache": json_of(run("cache", "--json"))["stores"],
        "summary": json_of(run("summary", dump, "--json")),
        "patterns": json_of(run("patterns", dump, "--json")),
        "compare": json_of(run("compare", dump, "--baseline", "09:00..09:07", "--current", "09:07..09:08", "--json")),
        "report": json_of(run("report", dump, "-o", tmp_path / "r.html", "--json")),
        "notebook": json_of(run("notebook", tmp_path / "n.ipynb", dump, "--no-run", "--json")),
    }
    assert said.keys() == cli.commands.keys(), "a new command is tried here"
    assert said["info"] == 120
    assert (said["query"]["count"], len(said["query"]["head"])) == (12, 2)
    assert said["convert"]["records"] == 120
    assert any("shop.jsonl" in str(store) for store in said["cache"])
    about = [row[said["summary"]["columns"].index("about")] for row in said["summary"]["rows"]]
    assert about[:2] == ["contents", "errors"]
    assert sum(row[said["patterns"]["columns"].index("records")] for row in said["patterns"]["rows"]) == 120
    assert "card refused" in json.dumps(said["compare"]["rows"])
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")
    assert said["notebook"]["ran"] is False


def test_an_error_is_json_too(run: Run, dump: Path, tmp_path: Path) -> None:
    for args, code, kind in (
        (("summary", tmp_path / "no.json"), 1, "SourceError"),
        (("patterns", dump, "--query", "servce=1"), 1, "FieldError"),
        (("compare", dump), 2, "MissingParameter"),
        (("compare", dump, "--baseline", "09:07..09:00"), 1, "QueryError"),
        (("report", dump, "-o", tmp_path / "x.docx"), 1, "LognbError"),
        (("report", dump, "-o", tmp_path / "x.html", "--since", "09:07"), 1, "LognbError"),
        (("report", dump, "-o", tmp_path / "no" / "x.html"), 1, "LognbError"),
        (("report", dump, "-o", tmp_path / "x.html", "--baseline", "severity=info"), 1, "LognbError"),
    ):
        found = run(*args, "--json")
        assert (found[0], found[2]) == (code, ""), args
        assert json.loads(found[1]).keys() == {"error", "kind"}
        assert json.loads(found[1])["kind"] == kind
    assert not list(tmp_path.glob("x.*"))


def test_text_for_people_is_harmless(run: Run, dump: Path) -> None:
    for args in (("summary", dump), ("patterns", dump, "--top", 1), ("compare", dump, "--baseline", "severity=info")):
        code, out, err = run(*args)
        assert (code, err) == (0, "")
        assert out.strip()
        assert "\x1b" not in out
    assert "1 of 2 rows" in run("patterns", dump, "--top", 1)[1]


def test_nothing_is_overwritten_unasked(run: Run, dump: Path, tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    path.write_text("mine")
    code, _, err = run("report", dump, "-o", path)
    assert (code, path.read_text()) == (1, "mine")
    assert "--overwrite" in err
    assert (
        run("report", dump, "-o", path, "--overwrite", "--title", "Cards", "--since", "09:07", "--until", "09:08")[0]
        == 0
    )
    assert "Cards" in path.read_text()


def test_a_notebook_runs_with_its_parameters(run: Run, dump: Path, tmp_path: Path) -> None:
    path, saved = tmp_path / "n.ipynb", tmp_path / "saved.html"
    told = json_of(run("notebook", path, dump, "--query", "service_name=shop", "-p", "save", saved, "--json"))
    assert [line["about"] for line in told["summary"]][:2] == ["contents", "errors"]
    assert saved.exists()
    cells = json.loads(path.read_text())["cells"]
    assert [c["metadata"]["tags"] for c in cells if c["metadata"].get("tags")] == [
        ["parameters"],
        ["injected-parameters"],
    ]
    mine = tmp_path / "mine.ipynb"
    mine.write_text(path.read_text().replace("summary = logs.summary()", "raise ValueError('no luck')"))
    code, _, err = run("notebook", path, dump, "--template", mine, "--overwrite")
    assert code == 1
    assert "ValueError: no luck" in err
