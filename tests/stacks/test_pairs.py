"""Which stack traces are one issue: pairs of every language, tests/cases/stacks.toml."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from lognb.stacks import Issue, Raised, issue, listed, parse

CASES = Path(__file__).resolve().parents[1] / "cases" / "stacks.toml"
PAIRS: list[dict[str, Any]] = tomllib.loads(CASES.read_text(encoding="utf-8"))["pair"]


def told(pair: dict[str, Any], side: int) -> Issue:
    text = pair["ab"[side]].strip("\n")
    kind, message = pair.get("typed", [("", "")] * 2)[side]
    chain = listed.parse(text) if pair.get("listed", [False] * 2)[side] else parse(text)
    if chain and kind:
        chain[0] = replace(chain[0], type=kind, message=message)
    if not chain and kind:
        chain = [Raised(kind, message)]
    return issue(chain, text)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: p["name"])
def test_a_pair_is_one_issue_or_two(pair: dict[str, Any]) -> None:
    a, b = told(pair, 0), told(pair, 1)
    assert (a.id == b.id) is pair["same"], (a, b)


@pytest.mark.parametrize("pair", [p for p in PAIRS if ": " in p["name"] and not p["name"].startswith(("mess", "type"))],
                         ids=lambda p: p["name"])  # fmt: skip
def test_a_stack_names_its_culprit_and_says_why(pair: dict[str, Any]) -> None:
    """Else a pair of texts that no parser knows would pass as two messages."""
    for side in (0, 1):
        found = told(pair, side)
        assert found.culprit
        assert "frame" in found.why


def test_there_are_pairs_of_both_kinds_for_every_language() -> None:
    assert len(PAIRS) >= 60
    for language in ("python", "chrome", "firefox", "safari", "node", "java", "go", "dotnet", "posthog", "sentry"):
        assert [p for p in PAIRS if language in p["name"]], language
    for language in ("python", "chrome", "safari", "node", "java", "go", "dotnet", "posthog"):
        kinds = {p["same"] for p in PAIRS if p["name"].startswith(language)}
        assert kinds == {True, False}, language
