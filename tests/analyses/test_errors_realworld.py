"""Exceptions of other projects' payloads: which of them are one issue, as a person sees it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import polars as pl
import pytest

import lognb as ln

if TYPE_CHECKING:
    from pathlib import Path

    from lognb.analyses.errors import Errors

pytestmark = pytest.mark.realworld


@pytest.fixture(scope="module")
def sentry(realworld: Path) -> Errors:
    return ln.read(*sorted((realworld / "sentry-bugsink" / "bugsink").glob("*.json"))).errors()


def files(errors: Errors) -> dict[str, str]:
    """The issue of each file, by its name."""
    out = {}
    for issue in errors.frame["issue"]:
        for source in errors.records(issue).to_polars()["source"]:
            out[source.rpartition("/")[2].removesuffix(".json")] = issue
    return out


def test_events_of_sentry_that_tell_one_exception_are_one_issue(sentry: Errors) -> None:
    found = files(sentry)
    groups = defaultdict(set)
    for file, issue in found.items():
        groups[issue].add(file)
    several = {frozenset(g) for g in groups.values() if len(g) > 1}
    assert several == {
        frozenset({"headers_as_lists", "weird_ua"}),
        frozenset({"top-level-logentry-as-str", "top-level-message-as-str"}),
        frozenset({"exception_no_frames", "exception_null_frames"}),
        frozenset({"130", "130-w-tuple", "111"}),
        frozenset({"logmessage-w-params-dict", "user-id-as-int"}),
    }
    assert len(found) == 26


@pytest.mark.parametrize(
    ("file", "title", "culprit"),
    [
        ("weird_ua", "System.NullReferenceException", "myWebApp.Pages.IndexModel.OnGet"),
        ("issue-16-go", "*errors.errorString: error connecting to job database", "main.main"),
        ("laravel", "Exception: This is a test exception", "generateTestException (TestCommand.php)"),
        ("exception-group", "ExceptionGroup: nested", "<module> (exceptiongroup.py)"),
        ("top-level-message", "TiktokBusinessException: Failed", "TiktokBusinessApiImpl.sendRequest"),
        ("uglifyjs-minified-sourcemaps-in-bundle", "Error: Sentry Test Error", "bar (captureException.min.js)"),
        ("exception_no_frames", "issues.regressions.CapturedStacktraceFo: <*> kinds of frames", ""),
    ],
)
def test_titles_and_culprits_of_many_languages(sentry: Errors, file: str, title: str, culprit: str) -> None:
    row = sentry.frame.row(by_predicate=pl.col("issue") == files(sentry)[file], named=True)
    assert title in row["title"]
    assert culprit in row["culprit"]
    assert bool(culprit) == bool(row["culprit"])


def test_a_group_has_its_members(sentry: Errors) -> None:
    frames = sentry.frames(files(sentry)["exception-group"])
    kinds = frames.unique("exception", keep="first", maintain_order=True)["type"].to_list()
    assert kinds[0] == "ExceptionGroup"
    assert {"ValueError", "TypeError", "ImportError", "ModuleNotFoundError"} <= set(kinds)
    assert "member" in frames["relation"].to_list()


def test_an_exception_of_posthog_s_first_years(realworld: Path) -> None:
    errors = ln.read(realworld / "posthog-cymbal" / "raw_js_stack.json").errors()
    (row,) = errors.frame.rows(named=True)
    assert (row["title"], row["culprit"]) == ("Error: Unexpected usage", "loadForeignModule (chunk.js)")
    assert (row["records"], row["users"]) == (1, 1)
    frames = errors.frames(row["issue"])
    assert frames["function"].to_list() == ["n.loadForeignModule", None, None, "r"]
    assert frames["line"].to_list() == [64, 64, 3, 19]


def test_an_exception_on_a_span_of_next_js(realworld: Path) -> None:
    errors = ln.read(realworld / "otlp-highlight" / "nextjs.json").errors()
    (row,) = errors.frame.rows(named=True)
    assert (row["title"], row["culprit"]) == ("Error: Error: /api/app-directory-test", "GET (route.ts)")
    assert (row["occurrences"], row["records"], row["spans"], row["sample_record_id"]) == (1, 0, 1, None)
    frames = errors.frames(row["issue"])
    assert frames.filter("counts")["function"].to_list() == ["GET"]
    assert frames.height > 20
