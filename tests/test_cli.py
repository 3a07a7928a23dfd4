"""The command line: the same nouns, quiet errors."""

from __future__ import annotations

import csv
import gc
import json
import tomllib
from typing import TYPE_CHECKING, Any

import lognb as ln

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    Run = Callable[..., tuple[int, str, str]]


def test_info_says_what_is_in_the_files(run: Run, shop: Path, truth: dict[str, Any]) -> None:
    code, out, err = run("info", shop)
    assert (code, err) == (0, "")
    assert out.startswith(f"{truth['records']:,} records · {truth['since'].day} ")
    assert f"checkout {truth['services']['checkout']:,} ({truth['by_service']['checkout']['error']} errors)" in out
    assert f"shop.json.zst: {truth['records']:,} records, {truth['spans']:,} spans" in out


def test_info_as_json(run: Run, shop: Path, truth: dict[str, Any]) -> None:
    _, out, _ = run("info", "--json", shop)
    facts = json.loads(out)
    assert facts["overview"]["records"] == truth["records"]
    assert facts["load_report"]["files"][0]["spans"] == truth["spans"]
    assert facts["sources"] == [str(shop)]


def test_a_query_counts_shows_and_explains(run: Run, shop: Path, truth: dict[str, Any]) -> None:
    fault = truth["faults"]["release"]
    failed = f"exception.type={fault['exception']}"
    assert run("query", shop, failed, "--count") == (0, f"{fault['failed_orders']}\n", "")
    assert run("query", shop, failed)[1].startswith(f"{fault['failed_orders']} of {truth['records']:,} records")
    assert run("query", shop, "-severity=debug", "--count")[1] == f"{truth['records'] - truth['severities']['debug']}\n"
    assert run("query", shop, "-http.route exists", "--count")[0] == 0
    assert run("query", shop, failed, "--until", f"{fault['first_failure']:%H:%M:%S}", "--count")[1] == "0\n"
    out = run("query", shop, failed, "--head", 2, "--columns", "time,user.tier", "--facets", "user.tier", "--steps")[1]
    lines = out.splitlines()
    assert lines[0].split() == ["time", "user.tier"]
    assert lines[1] == f"{fault['first_failure']:%Y-%m-%dT%H:%M:%S}.665287251Z  {fault['tier']}"
    assert f"{fault['failed_orders']} records; user.tier: {fault['tier']} 100 %" in out
    assert f"{truth['records']:,} → {fault['failed_orders']} records" in out
    sql = "SELECT severity, count(*) AS n FROM logs GROUP BY 1 ORDER BY 1"
    rows = [line.split() for line in run("query", shop, "", "--sql", sql)[1].splitlines()]
    assert {word: int(n) for word, n in rows[1:]} == truth["severities"]


def test_a_wrong_query_shows_the_place(run: Run, shop: Path) -> None:
    assert run("query", shop, "severity>=error servce_name=x")[::2] == (
        1,
        "lognb: no field 'servce_name'; did you mean 'service_name' or 'service.name' or 'scope_name'?\n"
        "  severity>=error servce_name=x\n"
        "                  ^\n",
    )
    code, out, err = run("query", shop, "", "--sql", "SELECT 1 FRM logs WHERE")
    assert (code, out) == (1, "")
    assert err.startswith("lognb: syntax error")
    assert err.rstrip().endswith("^^^^")


def test_nothing_that_is_printed_steers_the_terminal(run: Run, tmp_path: Path) -> None:
    (tmp_path / "x.jsonl").write_text(
        json.dumps({"msg": "\x1b[31mred\nnext \u202e", "k\x1b": "\x1b[2J", "ts": 1793696400})
    )
    said = [
        run("query", tmp_path, "", "--head", 9)[1],
        run("query", tmp_path, "", "--sql", "SELECT * FROM logs")[1],
        run("query", tmp_path, "", "--sql", "SELECT body::INT FROM logs")[2],
        run("query", tmp_path, "\x1b[31m=1")[2],
    ]
    assert [s for s in said if any(c in s for c in "\x1b\u202e")] == []
    assert all("\\x1b[31m" in s for s in said)
    assert len(said[0].splitlines()) == 2


def test_convert_to_parquet_otlp_and_csv(run: Run, shop: Path, truth: dict[str, Any], tmp_path: Path) -> None:
    code, _, err = run("convert", shop, "-o", tmp_path / "p")
    assert (code, err) == (0, f"{truth['records']:,} records written to {tmp_path / 'p'}\n")
    assert len(ln.scan(tmp_path / "p")) == truth["records"]
    run("convert", shop, "-o", tmp_path / "o", "--to", "otlp-json")
    assert len(ln.read(tmp_path / "o" / "logs.jsonl")) == truth["records"]
    code, _, err = run("convert", shop, "-o", tmp_path / "c", "--to", "csv")
    assert (code, err) == (0, f"{truth['records']:,} records written to {tmp_path / 'c' / 'logs.csv'}\n")
    with (tmp_path / "c" / "logs.csv").open(encoding="utf-8", newline="") as file:
        assert sum(1 for _ in csv.reader(file)) == truth["records"] + 1
    for kind in ("csv", "otlp-json"):
        code, _, err = run("convert", shop, "-o", shop, "--to", kind)
        assert code == 1
        assert "cannot be made: File exists; name another folder" in err


def test_an_error_is_one_line_and_exit_code_1(run: Run, tmp_path: Path) -> None:
    code, out, err = run("info", tmp_path / "nowhere.jsonl")
    assert (code, out) == (1, "")
    assert err.startswith("lognb: ")
    assert err.count("\n") == 1
    assert "nowhere.jsonl" in err


def test_a_wrong_command_is_exit_code_2(run: Run) -> None:
    assert run("info")[0] == 2
    assert run("look")[0] == 2


def test_the_version_is_that_of_the_package(run: Run, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert run("--version")[1] == f"lognb {project['version']}\n"
    assert ln.__version__ == project["version"]


def test_every_command_has_help(run: Run) -> None:
    for command in ("info", "query", "convert", "cache"):
        assert command in run("--help")[1]
        assert len(run(command, "--help")[1].splitlines()) > 5


def test_the_cache_is_shown_and_cleared(
    run: Run, shop: Path, truth: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LOGNB_CACHE", str(tmp_path))
    run("info", shop)
    assert "shop.json.zst" in run("cache")[1]
    gc.collect()  # in a process of its own the first command would be over by now
    code, out, err = run("cache", "--clear")
    assert (code, out, err) == (0, f"0 stores, 0 B in {tmp_path}\n", "1 store removed\n")
