"""The HTML file of a report as text: its parts are there, well formed, addressed once, and nothing in it is loose."""

from __future__ import annotations

import itertools
import re
from base64 import b64encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from typing import TYPE_CHECKING

import altair as alt
import polars as pl
import pytest

from lognb import _origin
from lognb.query import Query
from lognb.report import page
from lognb.report.blocks import Block, Table
from lognb.report.drawing import cleaned
from lognb.report.report import Report

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 11, 3, 9, 0, tzinfo=UTC)
NS = 1_793_696_400_000_000_000


class Read(HTMLParser):
    """The elements of a page in order; raises where one does not end as it began."""

    EMPTY = ("meta", "br", "hr", "img", "input", "link")

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(text)
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in self.EMPTY:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, attribute: str) -> list[str]:
        return [a[attribute] or "" for _, a in self.elements if attribute in a]


def records(n: int) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "time": [START + timedelta(seconds=i) for i in range(n)],
            "severity": [("error", "info")[i % 2] for i in range(n)],
            "body": [f"order o-{i} failed" for i in range(n)],
            "record_id": pl.Series([2**63 + i for i in range(n)], dtype=pl.UInt64),
        }
    ).cast({"time": pl.Datetime("ns", "UTC")})


def block(n: int = 30, **given: object) -> Block:
    call, sources = "logs.where('severity>=warn').volume()", (("a.jsonl", "ab" * 16),)
    query = Query.parse("severity>=warn")
    origin = _origin.Origin('ln.read("a.jsonl")', call, query, NS, NS + 60 * 10**9, sources)
    made: dict[str, object] = {"kind": "result", "title": "Failed orders", "text": "30 orders failed"}
    return Block(**{**made, "frames": {"rows": Table.of(records(n))}, "origin": origin, **given})  # type: ignore[arg-type]


def report(*things: object, **given: object) -> Report:
    return Report("Checkout", **given).add(*things)  # type: ignore[arg-type]


def test_every_part_is_there(tmp_path: Path) -> None:
    made = report("# What we saw\n\nOrders *fail*.", block(), ticket="https://t.example/7", timezone="Europe/Berlin")
    text = made.save(tmp_path / "x.html").read_text("utf-8")
    for said in (
        "<title>Checkout</title>", '<a href="https://t.example/7"', "Europe/Berlin", "Orders <em>fail</em>.",
        "30 orders failed", "10 of 30 rows", "20 more rows", "2026-11-03 10:00:00",
        '<span class="ln-sev ln-error">error</span>',
        "ln.read(&quot;a.jsonl&quot;).where(&#x27;severity&gt;=warn&#x27;).volume()", "ab" * 16, "Not redacted",
        'id="r-9223372036854775837"',
    ):  # fmt: skip
        assert said in text, said
    assert [p.name for p in tmp_path.iterdir()] == ["x.html"]


def test_headings_are_in_order_and_addresses_are_unique() -> None:
    told = [
        "## Summary\n\n#### Deep\n\n- # in a list", block(), "### Errors", block(title="Errors"), block(), "# Above",
        block(frames={"a": Table.of(records(3)), "b": Table.of(records(3))}),
    ]  # fmt: skip
    read = Read(page.html(report(*told).document()))
    ids = read.all("id")
    assert len(ids) == len(set(ids))
    assert {f"b-{n}" for n in range(1, 8)} <= set(ids)
    assert {a[1:] for a in read.all("href")} <= set(ids)
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in itertools.pairwise(levels))


def test_the_policy_names_all_that_is_in_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page, "scripts", lambda _: ["document.title += '!';"])
    chart = alt.Chart(records(3)).mark_point().encode(x="time:T", y="severity:N")
    told = ["# A\n\n| a |\n|--:|\n| 1 |", block(draw=lambda _: chart), alt.layer(chart, chart)]
    text = page.html(report(*told).document())
    read = Read(text)
    policy = next(a["content"] for tag, a in read.elements if tag == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    for tag in ("style", 'script type="module"'):
        for inner in re.findall(f"<{tag}>(.*?)</{tag.split()[0]}>", text, re.DOTALL):
            assert f"'sha256-{b64encode(sha256(inner.encode()).digest()).decode()}'" in policy
    assert [tag for tag, _ in read.elements].count("svg") == 2
    assert not {name for _, a in read.elements for name in a if name == "style" or name.startswith("on")}


def test_what_a_notebook_shows_is_short_and_hides_what_files_hide() -> None:
    made = report("Write to jane.doe@corp.example", block(title="jane.doe@corp.example"), redact=True)
    shown = made._repr_mimebundle_()
    assert set(shown) == {"text/plain", "text/html"}
    for text in shown.values():
        assert "jane.doe" not in text
    assert len(shown["text/plain"].splitlines()) == 4
    assert "10 of 30 rows" in shown["text/html"]
    assert "order o-29 failed" not in shown["text/html"]


SVG = '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 9 9">%s</svg>'
LOOSE = [
    '<script>x</script><rect onclick="x" width="1"/>',
    '<image href="//hostile.invalid/p.png"/><image xlink:href="data:image/svg+xml;base64,QQ=="/>',
    '<a xlink:href="javascript:x"><text>said</text></a>',
    '<foreignObject><p>x</p></foreignObject><use href="//hostile.invalid/a.svg#x"/>',
    '<style>@import "//hostile.invalid/x.css"</style><rect style="fill:url(//hostile.invalid/x)" width="1"/>',
    '<rect fill="url(//hostile.invalid/x)" stroke="u\\72l(//hostile.invalid/x)" filter="url(#a)" width="1"/>',
    '<rect fill="src(&quot;//hostile.invalid/x&quot;)" clip-path="image-set(x)" width="1"/>',
    '<animate attributeName="x" onbegin="x"/><set attributeName="fill" to="url(//hostile.invalid)"/>',
]


@pytest.mark.parametrize("inner", LOOSE)
def test_a_picture_of_a_stranger_draws_and_does_nothing_else(inner: str) -> None:
    drawn = cleaned(SVG % ("<text>“&lt;b>”</text>" + inner), "p", follow=True)
    read = Read(drawn)
    assert "“&lt;b&gt;”" in drawn
    assert {tag for tag, _ in read.elements} <= {"svg", "text", "rect", "g", "title"}
    assert {name for _, a in read.elements for name in a} <= {"xmlns", "viewbox", "width"}


def test_what_is_no_picture_is_none() -> None:
    for text in ("", "words", "<html/>", '<!DOCTYPE svg [<!ENTITY a "x">]>' + SVG % "&a;", SVG[:40]):
        assert cleaned(text, "p", follow=True) == ""
    inside = '<clipPath id="c"><rect width="1"/></clipPath><rect clip-path="url(#c)" fill="#d9962b" width="1.23456"/>'
    drawn = cleaned(SVG % inside, "p1", follow=True)
    assert 'id="p1-c"' in drawn
    assert 'clip-path="url(#p1-c)"' in drawn
    assert 'fill="var(--ln-warn)"' in drawn
    assert 'width="1.23"' in drawn
