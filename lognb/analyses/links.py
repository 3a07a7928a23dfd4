"""Addresses of other tools for what a story shows: PostHog's where the project's address is known, and templates.

A template is an address with {session_id}, {user_id}, {trace_id}, {issue_id}, {seconds} (whole, from the session's
start), {ms} (since 1970) or {iso} in it. Ids are put in with every character escaped that means something in an
address. Times stay as they are: the page puts them in, as the cursor moves.
"""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

from lognb._text import plain
from lognb.errors import QueryError

if TYPE_CHECKING:
    from collections.abc import Mapping

PROJECT: Final = "LOGNB_PROJECT_URL"
"""The environment variable with the address of a PostHog project: https://us.posthog.com/project/1."""
TIMES: Final = ("seconds", "ms", "iso")
_IDS: Final = ("session_id", "user_id", "trace_id", "issue_id")
_NAME: Final = re.compile(r"\{([^{}]*)\}")
# What PostHog has a page for. `t` is in whole seconds: text with a zone began at 0 in some of its versions.
_POSTHOG: Final = {
    "replay": "/replay/{session_id}?t={seconds}",
    "error": "/error_tracking/{issue_id}",
    "person": "/person/{user_id}",
}


def links(
    ids: Mapping[str, str | None], project_url: str | None = None, templates: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """[{name, url}] of the pages whose ids are known; times are still {seconds}, {ms} and {iso} in them.

    Raises QueryError for an address that is not of the web, and for a name in braces that stands for nothing.

    >>> links({"session_id": "a/b?c"}, "https://us.posthog.com/project/1")
    [{'name': 'replay', 'url': 'https://us.posthog.com/project/1/replay/a%2Fb%3Fc?t={seconds}'}]
    >>> links({"trace_id": "4bf9"}, templates={"Jaeger": "https://jaeger.example/trace/{trace_id}"})
    [{'name': 'Jaeger', 'url': 'https://jaeger.example/trace/4bf9'}]
    """
    project = project_url or os.environ.get(PROJECT)
    wanted = dict(templates or {})
    if project:
        wanted = {name: project.rstrip("/") + path for name, path in _POSTHOG.items()} | wanted
    found = []
    for name, template in wanted.items():
        _check(template)
        needed = set(_NAME.findall(template)) - set(TIMES)
        if all(ids.get(i) for i in needed):
            found.append({"name": name, "url": _NAME.sub(lambda m: _put(m[1], ids), template)})
    return found


def _put(name: str, ids: Mapping[str, str | None]) -> str:
    return f"{{{name}}}" if name in TIMES else quote(str(ids[name]), safe="")


def _check(template: str) -> None:
    said = plain(template, 120)
    try:
        parts = urlsplit(template)
        good = parts.scheme in ("http", "https") and bool(parts.hostname) and "{" not in parts.netloc
    except ValueError:
        good = False
    if not good or re.search(r"[\s\x00-\x1f\\]", template):
        raise QueryError(f"{said!r} is no address to link to; it begins with https:// or http:// and a host")
    unknown = [n for n in _NAME.findall(template) if n not in (*_IDS, *TIMES)]
    if unknown:
        known = ", ".join(f"{{{n}}}" for n in (*_IDS, *TIMES))
        raise QueryError(f"{said!r}: nothing is called {{{plain(unknown[0], 40)}}}; there are {known}")
