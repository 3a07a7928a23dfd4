"""The files of a report as a reader opens them: Chromium on a file, with the network cut."""

from __future__ import annotations

import io
import json
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import polars as pl
import pypdf
import pytest

import lognb as ln
from lognb import _origin
from lognb.errors import LognbError
from lognb.query import Query
from lognb.report import page, pdf
from lognb.report.blocks import Block, Table
from lognb.report.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
PICTURES = Path(__file__).resolve().parents[2] / "build" / "pictures"


@dataclass
class Reader:
    """`said` is what the console had to say, `asked` every request but that for the file itself."""

    browser: Any
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def open(self, path: Path, **context: Any) -> Any:
        tab = self.browser.new_context(offline=True, **context).new_page()
        tab.on("console", lambda m: self.said.append(m.text))
        tab.on("pageerror", lambda e: self.said.append(str(e)))
        tab.on("dialog", lambda d: (self.said.append(d.message), d.dismiss()))
        ours = (path.as_uri(), "data:")
        tab.on("request", lambda r: None if r.url.startswith(ours) else self.asked.append(r.url))
        tab.goto(path.as_uri())
        return tab


@pytest.fixture
def reader(browser: Any) -> Iterator[Reader]:
    """At the end nothing may have been asked for, and nothing said."""
    made = Reader(browser)
    yield made
    for context in browser.contexts:
        context.close()
    assert (made.asked, made.said) == ([], [])


@pytest.fixture(scope="module")
def sample(shop: Path) -> Report:
    """The incident of the sample, with a block of each kind that Logs give."""
    logs = ln.read(shop, progress=False)
    bad = logs.where("severity>=error")
    for known in bad.head(2)["record_id"]:
        logs.pin(known, "who pays?")
    before, during = logs.where(until="03:12:30"), logs.where(since="03:12:30", until="03:13:40")
    made = Report("Checkout fails, 25 Nov 2026", timezone="Europe/Berlin", status="resolved", authors="on call")
    made.add("# Summary\n\nOrders of *gold* users failed.\n\n- [x] rolled back\n\n| a | b |\n|--|--:|\n| 1 | 2 |")
    made.add("# Evidence", logs.where("severity>=warn").volume(), note="The first hill is **not** it.")
    made.add(logs.errors(), logs.compare(before, during), logs.patterns(), logs.summary()).pins(logs)
    rows = bad.head(5).select(
        "time", "record_id", kind=pl.lit("error"), who="service_name", what="body", code=pl.lit("logs.head()")
    )
    made.add(Block("timeline", "Timeline", "5 moments", {"moments": Table.of(rows)}))
    return made.action("Ask with a time limit", owner="checkout", due="2026-12-01")


@pytest.fixture(scope="module")
def saved(sample: Report, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sample.save(tmp_path_factory.mktemp("report") / "sample.html")


def test_it_is_small(saved: Path) -> None:
    assert saved.stat().st_size <= 1_500_000


LOOKS = [("light", 1400, "light"), ("dark", 1000, "dark"), ("narrow", 320, "light")]


@pytest.mark.parametrize(("name", "width", "scheme"), LOOKS)
def test_it_reads_well(reader: Reader, saved: Path, axe: str, name: str, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    PICTURES.mkdir(parents=True, exist_ok=True)
    plain = reader.open(saved, viewport=size, color_scheme=scheme, java_script_enabled=False)
    plain.screenshot(path=PICTURES / f"report-{name}.png", full_page=True)
    assert plain.locator("[role=img] svg:visible").count() >= 4
    assert plain.evaluate("document.documentElement.scrollWidth") <= width
    tab = reader.open(saved, viewport=size, color_scheme=scheme, bypass_csp=True)  # axe is no part of the page
    tab.evaluate(axe)
    found = tab.evaluate("""async () => (await axe.run(document, { resultTypes: ["violations"] })).violations.map((v) =>
      `${v.id}: ${v.help}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join(" | ")}`)""")
    assert found == []


def test_nothing_is_cut_on_paper(reader: Reader, saved: Path) -> None:
    """The width of A4 between its margins, as the browser lays a printed page out; what is hidden on paper aside."""
    tab = reader.open(saved, viewport={"width": 688, "height": 970}, color_scheme="dark")
    tab.emulate_media(media="print")
    wide = tab.evaluate("""() => [...document.querySelectorAll("main *, header *, footer *")]
      .filter((e) => e.checkVisibility({ contentVisibilityAuto: true }) && !e.closest("svg, .ln-unseen"))
      .filter((e) => e.getBoundingClientRect().right > innerWidth + 1).map((e) => e.outerHTML.slice(0, 200))""")
    assert wide == []
    assert tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"


def test_it_prints(sample: Report, tmp_path: Path) -> None:
    read = pypdf.PdfReader(io.BytesIO(sample.save(tmp_path / "x.pdf").read_bytes()))
    text = " ".join(" ".join(paper.extract_text() for paper in read.pages).split())
    for block in sample.blocks:
        assert block.title in text
        assert " ".join(block.text.split()[:6] if block.kind != "words" else ()) in text
    for said in ("who pays?", "Ask with a time limit", "volume()", "Berlin", "153 more rows", "1 / "):  # fmt: skip
        assert said in text
    assert [p.name for p in tmp_path.iterdir()] == ["x.pdf"]


def test_where_nothing_can_print_the_message_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Report("Small").add("words")
    monkeypatch.setenv(pdf.ASKED, str(tmp_path / "none"))
    with pytest.raises(LognbError, match="is no program here"):
        made.save(tmp_path / "x.pdf")
    monkeypatch.setenv(pdf.ASKED, "true")
    with pytest.raises(LognbError, match="could not print the report: it ended with 0;"):
        made.save(tmp_path / "x.pdf")
    monkeypatch.delenv(pdf.ASKED)
    monkeypatch.setattr(pdf, "find", lambda: None)
    monkeypatch.setitem(__import__("sys").modules, "weasyprint", None)
    with pytest.raises(LognbError, match="install Chromium"):
        made.save(tmp_path / "x.pdf")
    assert list(tmp_path.iterdir()) == []


def hostile(text: str) -> list[Block]:
    """A block of each kind in which every text is the hostile one."""
    frame = pl.DataFrame(
        {"time": pl.Series([0], dtype=pl.Datetime("ns", "UTC")), "severity": [text], "service_name": [text],
         "body": [text], "note": [text], "attributes": [json.dumps({text: text, "list": [{text: [text]}]})],
         "record_id": pl.Series([7], dtype=pl.UInt64), "kind": [text], "who": [text], "what": [text], "code": [text],
         "lists": [[text]], text: [text]},
    )  # fmt: skip
    svg = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9">{text}</svg>'
    drawn = alt.Chart(frame).mark_bar(href="https://hostile.invalid/x").encode(x="what:N", tooltip="body:N")
    origin = _origin.Origin(text, f"logs.where({text!r})", Query.parse("body exists"), 0, 9, ((text, text),))
    shared: dict[str, Any] = {"title": text, "text": text, "note": text, "origin": origin}
    rows = Table.of(frame)
    return [
        Block("words", text=text),
        Block(
            "words", text=f"# {text}\n\n[a](<{text}>) ![b](<{text}>)\n\n```{text}\n{text}\n```\n\n|{text}|\n|--|\n|x|"
        ),
        Block("result", frames={"rows": rows}, draw=lambda _: drawn.properties(title=text), **shared),
        Block("chart", pictures={text: svg, "x": svg.replace("<svg ", f'<svg fill="{text}" ', 1)}, **shared),
        Block("panel", frames={text: rows, "b": rows}, **shared),
        Block("pins", frames={"pins": rows}, **shared),
        Block("timeline", frames={"moments": rows}, **shared),
        Block("actions", frames={"actions": rows}, **shared),
    ]


@pytest.fixture(scope="module")
def payloads(root: Path) -> list[str]:
    found: list[str] = tomllib.loads((root / "tests/cases/hostile_html.toml").read_text("utf-8"))["payloads"]
    return found


@pytest.fixture(scope="module")
def attacked(payloads: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A page in which everything is hostile, and how many scripts of ours are in it."""
    made = Report(payloads[0], **{text: text for text in payloads})
    for i, text in enumerate(payloads):
        blocks = hostile(text)
        made.blocks += blocks if i % 8 == 0 else [b for b in blocks if b.draw is None]  # to draw them all takes long
    saved = made.save(tmp_path_factory.mktemp("hostile") / "x.html")
    output = "<!doctype html><meta charset=utf-8><body>" + page.inside(made.document())
    saved.with_name("output.html").write_text(output, encoding="utf-8")
    return saved, len(page.scripts(made.document()))


@pytest.mark.parametrize("scripts", [True, False])
def test_hostile_text_stays_text(
    reader: Reader, payloads: list[str], attacked: tuple[Path, int], scripts: bool
) -> None:
    saved, ours = attacked
    tab = reader.open(saved, java_script_enabled=scripts)
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.__ran") is None
    given = "iframe, object, embed, link, base, form, input, video, audio, animate, use"
    assert tab.locator(f":is({given}):not(.ln-alive *)").count() == 0
    assert tab.locator("script:not([type^=application])").count() == ours
    loose = "[style], [onload], [onerror], [onclick], a[href]:not([href^='http' i], [href^='mailto' i], [href^='#'])"
    assert [e.evaluate("e => e.outerHTML") for e in tab.locator(f":is({loose}):not(.ln-alive *)").all()] == []
    assert tab.locator("h1").inner_text() == payloads[0]


def test_hostile_text_stays_text_in_a_notebook(reader: Reader, attacked: tuple[Path, int]) -> None:
    """There no policy of ours holds."""
    tab = reader.open(attacked[0].with_name("output.html"))
    tab.wait_for_timeout(300)
    assert tab.evaluate("window.__ran") is None
    assert (
        tab.locator("script, iframe, object, embed, link, base, form, input, video, audio, animate, use").count() == 0
    )
    assert tab.locator("[onload], [onerror], a[href^='j' i], [style]:not(svg)").count() == 0
    assert tab.locator("svg:visible").count() > 0
