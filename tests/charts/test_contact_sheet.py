"""Every chart, drawn from the samples and from records that make pictures hard, measured as it stands on the page."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

import altair as alt
import pytest
import vl_convert as vlc

import lognb.analyses
from contact_sheet import HARD, ONE, SAMPLE, Drawn, edges, sample, sheet
from lognb import Logs, Result
from lognb._html import TEXT
from lognb._text import count, plain, wrapped
from lognb.charts import compare, errors, patterns, services, sessions, traces, usage, waterfall
from lognb.charts.theme import SMALL, wide

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SLIDE = 960  # px: what a picture may be wide, so that its smallest text is still read from a slide
ROWS = {
    "sessions": sessions.MOST, "usage": usage.MOST, "errors": errors.MOST, "patterns": patterns.MOST,
    "services": services.MOST, "waterfall": waterfall.MOST, "traces(by": traces.MOST, "compare": compare.SHOWN,
    "explain": compare.SHOWN,
}  # fmt: skip
UNITS = re.compile(r"\bms\b|record|bytes|occurrences|sessions|milliseconds|duration|own time|hour|differences|after \d")


class Text(NamedTuple):
    """One line of text as it is drawn: its left edge, its middle, its size in px."""

    said: str
    left: float
    middle: float
    width: float
    size: float
    role: str
    upright: bool


@pytest.fixture(scope="module")
def drawn(shop: Path) -> list[tuple[Drawn, dict[str, Any], dict[str, Any]]]:
    """Each Result that draws itself, its Vega-Lite spec, and the scene that comes of it."""
    made = [d for d in (*sample(shop), *edges()) if d.result.draw is not None and d.result.frame.height]
    specs = [d.result.chart().to_dict() for d in made]
    return [(d, spec, vlc.vegalite_to_scenegraph(spec)) for d, spec in zip(made, specs, strict=True)]


@pytest.fixture(scope="module")
def texts(drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]]) -> list[tuple[Drawn, list[Text]]]:
    return [(d, list(_texts(scene["scenegraph"], 0, 0, ""))) for d, _, scene in drawn]


def test_every_verb_that_answers_with_a_picture_is_on_the_sheet() -> None:
    for module in pkgutil.iter_modules(lognb.analyses.__path__):
        importlib.import_module(f"lognb.analyses.{module.name}")
    kinds = {"Result", *(kind.__name__ for kind in Result.__subclasses__())}
    verbs = {n for n, verb in vars(Logs).items() if getattr(verb, "__annotations__", {}).get("return") in kinds}
    assert {"volume", "waterfall", "summary", "explain"} <= verbs
    called = {name for code in SAMPLE for name in re.findall(r"\.(\w+)\(", code)}
    assert verbs - {"__getitem__"} <= called, f"not on the sheet: {verbs - called}"


def test_titles_say_the_finding_and_stand_over_all_else(texts: list[tuple[Drawn, list[Text]]]) -> None:
    for one, found in texts:
        head = sorted((t for t in found if t.role.startswith("title")), key=lambda t: t.middle)
        lines = len(wrapped(one.result.title, 100)) + len(wrapped(one.result.sentence, 120))
        assert (
            "".join(t.said for t in head[:lines])
            .replace(" ", "")
            .startswith(plain(one.result.title + one.result.sentence).replace(" ", ""))
        ), one.code
        below = [t.middle for t in found if t.said and t not in head[:lines]]
        assert min(below) - head[lines - 1].middle > SMALL, one.code


def test_no_picture_is_wider_than_a_slide_and_no_text_too_small_for_one(
    drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]], texts: list[tuple[Drawn, list[Text]]]
) -> None:
    for (one, _, scene), (_, found) in zip(drawn, texts, strict=True):
        assert scene["width"] + 16 <= SLIDE, f"{one.of}: {one.code}"  # the room around it, and what is in it
        assert min(t.size for t in found) >= SMALL, one.code


def test_no_two_texts_lie_on_one_another(texts: list[tuple[Drawn, list[Text]]]) -> None:
    for one, found in texts:
        lines = sorted((t for t in found if t.said.strip() and not t.upright), key=lambda t: t.middle)
        for i, text in enumerate(lines):
            for other in lines[i + 1 :]:
                if other.middle - text.middle >= SMALL * 0.75:
                    break
                shared = min(text.left + text.width, other.left + other.width) - max(text.left, other.left)
                assert shared <= 3, f"{one.of}: {one.code}: {text} and {other}"


def test_axes_have_units_and_times_a_zone(
    drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]], texts: list[tuple[Drawn, list[Text]]]
) -> None:
    for (one, spec, _), (_, found) in zip(drawn, texts, strict=True):
        lines = wrapped(plain(one.result.sentence), 120)
        told = [t.said for t in found if t.role != "title-text" and t.said not in lines]
        assert any(UNITS.search(t) for t in told), f"{one.code} has no unit"
        timed = '"type": "utc"' in json.dumps(spec) or "bars:" in " ".join(told)
        assert not timed or any("UTC" in t for t in told), f"{one.code} has no zone"
    zoned = next(found for one, found in texts if "Europe/Berlin" in one.code)
    assert "hour, Europe/Berlin" in {t.said for t in zoned}


def test_what_is_cut_says_of_how_many(texts: list[tuple[Drawn, list[Text]]]) -> None:
    cut = 0
    for one, found in texts:
        verb = next((v for v in ROWS if f".{v}" in one.code), None)
        rows = one.result.frame.height
        if verb is None or rows <= ROWS[verb]:
            continue
        cut += 1
        assert any(re.search(rf"\b\d+ of {count(rows)} ", t.said) for t in found), f"{one.of}: {one.code}"
    assert cut >= len(ROWS)
    lists = next(found for one, found in texts if one.of == "hard" and ".facets(" in one.code)
    of = {t.said for t in lists if t.role == "title-subtitle"}
    assert {"records of 10 of 1,125 values", "records of 10 of 80 values", "records of 10 of 16 values"} <= of


def test_dark_charts_have_nothing_of_the_light_ones_left(
    drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]],
) -> None:
    light = {f'"{pair[0]}"' for pair in TEXT.values()}
    with alt.theme.enable("lognb-dark"):
        for one, spec, _ in drawn:
            if one.of == "one":
                other = json.dumps(one.result.chart().to_dict())
                assert not [c for c in light if c in other], one.code
                assert spec["config"]["background"] == TEXT["paper"][0]


def test_a_picture_is_xml_whatever_is_in_it(drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]]) -> None:
    told = (".facets", ".compare", ".steps")
    for one, spec, _ in drawn:
        if (one.of == "hard" and any(verb in one.code for verb in told)) or ".changes" in one.code:
            svg = vlc.vegalite_to_svg(spec)
            assert ElementTree.fromstring(svg).tag.endswith("svg"), one.code


def test_the_sheet_is_one_picture(drawn: list[tuple[Drawn, dict[str, Any], dict[str, Any]]]) -> None:
    svgs = [vlc.vegalite_to_svg(spec) for one, spec, _ in drawn if one.of == "one"][:4]
    whole = sheet(svgs)
    assert whole.count("<svg ") == 5
    assert vlc.svg_to_png(whole, scale=0.2).startswith(b"\x89PNG")
    assert len(SAMPLE) + len(HARD) + len(ONE) - len(drawn) <= 4  # few have nothing to draw


def _texts(part: Any, x: float, y: float, role: str) -> Iterator[Text]:
    """The texts of a scene, with the places of the groups they are in added up."""
    for mark in part.get("items", []):
        if part.get("marktype") == "text":
            yield from _lines(mark, x, y, part.get("role", role))
        elif part.get("marktype") == "group":
            for inner in mark.get("items", []):
                yield from _texts(inner, x + mark.get("x", 0), y + mark.get("y", 0), part.get("role", role))


def _lines(mark: dict[str, Any], x: float, y: float, role: str) -> Iterator[Text]:
    if not mark.get("opacity", 1):
        return
    said = mark["text"] if isinstance(mark["text"], list) else [mark["text"]]
    size, upright = mark.get("fontSize", SMALL), bool(mark.get("angle"))
    left = x + mark.get("x", 0) + mark.get("dx", 0)
    top = y + mark.get("y", 0) + mark.get("dy", 0) + {"top": size / 2, "bottom": -size / 2}.get(mark.get("baseline"), 0)
    for i, line in enumerate(said):
        width = min(wide(str(line), size) * 0.85, mark.get("limit") or 1e9)  # rather fewer px than there are
        back = {"right": width, "center": width / 2}.get(mark.get("align", "left"), 0)
        yield Text(str(line), left - back, top + i * (size + 2), width, size, role, upright)
