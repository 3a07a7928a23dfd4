"""A link to a panel: restores what it was made of, fits into an address, and nothing else is taken for one."""

from __future__ import annotations

import base64
import json
import re
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb.errors import QueryError
from lognb.query import Query
from lognb.widgets import permalink
from lognb.widgets.state import View

VIEW = View(
    query=Query.parse('severity>=error "größer & <b>" -http.route=/health time>=2026-11-03T09:00Z'),
    columns=(("time", None), ("my key", 120)),
    newest=False,
    zone="Europe/Berlin",
    by=None,
    unit="bytes",
    log=True,
    fields=("severity", "http.route"),
    baseline=(1, 2**62),
)


def packed(value: Any, prefix: str = "lognb1-") -> str:
    packer = zlib.compressobj(wbits=-15)
    told = value if isinstance(value, bytes) else json.dumps(value).encode()
    return prefix + base64.urlsafe_b64encode(packer.compress(told) + packer.flush()).decode().rstrip("=")


@pytest.mark.parametrize("view", [View(), VIEW])
def test_a_link_gives_the_view_back(view: View) -> None:
    link = permalink.write(view, "abc")
    assert re.fullmatch(r"[A-Za-z0-9_-]+", link)
    assert permalink.read(link) == (view, "abc")
    assert permalink.read(f" {link}\n") == (view, "abc")


@given(st.text(max_size=40), st.sampled_from(["=", "!=", ":"]), st.text(max_size=40))
def test_any_text_survives(field: str, op: str, value: str) -> None:
    from lognb.query import Condition

    query = Query((Condition(field, op, value),))
    assert permalink.read(permalink.write(View(query=query), ""))[0].query == query


GOOD: dict[str, Any] = {"query": {"conditions": []}, "of": "x", "view": {}}
BAD: list[Any] = [
    [],
    {},
    {**GOOD, "more": 1},
    {**GOOD, "query": []},
    {**GOOD, "query": {"conditions": [{"field": "a", "op": "LIKE", "value": "x"}]}},
    {**GOOD, "query": {"conditions": [], "sql": "DROP TABLE logs"}},
    {**GOOD, "view": {"zone": "Mars/Base"}},
    {**GOOD, "view": {"zone": 1}},
    {**GOOD, "view": {"unit": "bits"}},
    {**GOOD, "view": {"columns": [["a"]]}},
    {**GOOD, "view": {"columns": [["a", -1]]}},
    {**GOOD, "view": {"columns": [["a", None]] * 1000}},
    {**GOOD, "view": {"fields": ["a"] * 1000}},
    {**GOOD, "view": {"baseline": [2, 1]}},
    {**GOOD, "view": {"baseline": [1]}},
    {**GOOD, "view": {"newest": "yes"}},
    {**GOOD, "view": {"other": 1}},
    b"\xff\xfe",
    b"[" * 100_000,
    b'"' + b"a" * 3_000_000 + b'"',
]


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_what_is_no_view_is_refused(value: Any) -> None:
    with pytest.raises(QueryError):
        permalink.read(packed(value))


@pytest.mark.parametrize(
    "link", ["", "x", "lognb1-", "lognb1-%%%", "lognb1-é", "lognb1-AAAA", "lognb2-AAAA", packed(GOOD)[:-3]]
)
def test_what_is_no_link_is_refused(link: str) -> None:
    with pytest.raises(QueryError, match="link"):
        permalink.read(link)


def test_a_link_of_a_later_version_says_so() -> None:
    with pytest.raises(QueryError, match="later lognb"):
        permalink.read(packed(GOOD, "lognb2-"))
