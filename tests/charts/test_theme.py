"""The look: colours stay apart for every eye, words readable, light and dark; one place says it, Altair knows it."""

from __future__ import annotations

import importlib
import re
import tomllib
from itertools import combinations, pairwise
from typing import TYPE_CHECKING

import altair as alt
import polars as pl
import pytest
import vl_convert as vlc
from altair.vegalite.v6.theme import ENTRY_POINT_GROUP

from lognb import Query, Result
from lognb._html import CATEGORIES, PALETTE, TEXT, WORDS, picture
from lognb.charts import steps
from lognb.charts.theme import NAMES, colours, fit, shade, wide
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from pathlib import Path

# Machado, Oliveira and Fernandes (2009), severity 1.0, in linear RGB.
EYES = {
    "usual": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_info_warn_error_and_fatal_are_told_apart(eye: str, theme: int) -> None:
    seen = {level: _lab(_linear(PALETTE[level][theme]), EYES[eye]) for level in ("info", "warn", "error", "fatal")}
    for one, other in combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 11, f"{one} and {other} look alike: {distance:.1f}"


@pytest.mark.parametrize(("theme", "background"), [(0, "#ffffff"), (1, "#111111")], ids=["light", "dark"])
def test_severity_words_are_readable(theme: int, background: str) -> None:
    for level, pair in WORDS.items():
        light, dark = sorted((_luminance(pair[theme]), _luminance(background)), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, level


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_categories_and_the_grey_of_the_rest_are_told_apart(eye: str, theme: int) -> None:
    all_of = [*(pair[theme] for pair in CATEGORIES), PALETTE["trace"][theme]]
    seen = {colour: _lab(_linear(colour), EYES[eye]) for colour in all_of}
    assert len(seen) == 13
    for one, other in combinations(seen, 2):
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 11, f"{one} and {other} look alike: {distance:.1f}"


def test_in_black_and_white_print_what_lies_on_one_another_differs_in_lightness() -> None:
    grey = [_lab(_linear(PALETTE[level][0]), EYES["usual"])[0] for level in LEVELS]
    stacked = dict(zip(LEVELS, grey, strict=True))
    apart = ("trace", "debug", "info", "warn", "error", "fatal")
    for low, high in pairwise(apart):
        assert abs(stacked[low] - stacked[high]) >= 9, (low, high)
    assert stacked["debug"] - stacked["error"] > 20  # errors before all records ("quiet")


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_is_readable_on_the_paper(theme: int) -> None:
    for colour in (TEXT["ink"][theme], TEXT["dim"][theme], WORDS["error"][theme]):
        light, dark = sorted((_luminance(colour), _luminance(TEXT["paper"][theme])), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 4.5, colour


def test_every_severity_has_a_colour_and_a_scale_keeps_the_order_given() -> None:
    assert set(LEVELS) < set(PALETTE)
    scale = colours(["info", "error"], severities=True).to_dict()
    assert scale == {"domain": ["info", "error"], "range": [shade("info"), shade("error")]}


def test_what_stands_for_no_single_value_is_grey() -> None:
    scale = colours(["web", "(absent)", "other (4 more)"], severities=False).to_dict()["range"]
    assert scale[1] == scale[2] == PALETTE["trace"][0]
    assert scale[0] != scale[1]


def test_no_chart_has_fonts_or_colours_of_its_own(root: Path) -> None:
    own = re.compile(
        r"#[0-9a-fA-F]{6}|[\"']?\b(font|fontSize|fontWeight|color|fill|stroke)\b[\"']?\s*[=:]\s*(?!alt\.|of\b|col|shade)"
    )
    for path in (root / "lognb" / "charts").glob("*.py"):
        found = [] if path.name == "theme.py" else own.findall(path.read_text(encoding="utf-8"))
        assert not found, f"{path.name} says how it looks: {found}"


def test_altair_finds_both_themes_and_a_chart_of_ones_own_takes_them_on(root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    points = project["entry-points"][ENTRY_POINT_GROUP]
    assert tuple(points) == NAMES
    shade("ink")  # a chart is drawn: then Altair knows them also where lognb is not installed
    chart = alt.Chart(alt.InlineData(values=[{"a": 1}])).mark_bar().encode(x="a:Q")
    for which, name in enumerate(NAMES):
        module, made = points[name].split(":")
        look = getattr(importlib.import_module(module), made)()
        with alt.theme.enable(name):
            spec = chart.to_dict()
        assert spec["config"] == look["config"]
        svg = vlc.vegalite_to_svg(spec)
        assert TEXT["paper"][which] in svg
        assert PALETTE["accent"][which] in svg


def test_a_result_is_dark_while_the_dark_theme_is_on_and_opaque_as_a_file(result: Result, tmp_path: Path) -> None:
    files = {}
    for name in ("default", "lognb-dark"):
        with alt.theme.enable(name):
            files[name] = result.write(tmp_path / f"{name}.svg").read_text(encoding="utf-8")
            assert result.write(tmp_path / f"{name}.png").stat().st_size > 1000
    for which, svg in enumerate(files.values()):
        paper = re.search(r'<rect width="[\d.]+" height="[\d.]+" fill="(#\w+)"/>', svg)
        assert paper is not None
        assert paper[1] == TEXT["paper"][which]
        assert f'fill="{TEXT["ink"][which]}"' in svg
        assert f'fill="{TEXT["ink"][1 - which]}"' not in svg


@pytest.fixture
def result() -> Result:
    frame = pl.DataFrame({"step": ["all records", "b"], "records": [4, 1], "removed": [0, 3], "alone": [4, 1]})
    return Result(frame=frame, sentence="s", title="Steps", query=Query(), sources=("a",), draw=steps.draw)


def test_in_a_page_light_and_dark_pictures_follow_it_alike(result: Result) -> None:
    shown = [result._html()]
    with alt.theme.enable("lognb-dark"):
        shown.append(result._html())
    pages = [html.split('<div class="ln-live"')[1].split("<img")[0] for html in shown]
    assert pages[0] == pages[1]
    assert "currentColor" in pages[0]
    assert "var(--ln-info," in pages[0]


def test_every_colour_of_a_drawing_follows_the_page() -> None:
    for pair in (*PALETTE.values(), *TEXT.values(), *WORDS.values(), *CATEGORIES):
        for colour in pair:
            live = picture(f'<svg fill="{colour}"></svg>', "").split("</div>")[0]
            assert f'"{colour}"' not in live


def test_an_emoji_is_never_cut_in_two() -> None:
    said = "💥" * 30
    assert fit(said, 100) != said
    assert wide(fit(said, 100)) <= 100
    assert fit("x" * 300, 100) == "x" * 300  # which Vega cuts, to the pixel
    frame = pl.DataFrame({"step": [said * 4], "records": [1], "removed": [0], "alone": [1]})
    assert "💥…" in vlc.vegalite_to_svg(steps.draw(frame).to_dict())


def _linear(colour: str) -> list[float]:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    return [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]


def _luminance(colour: str) -> float:
    red, green, blue = _linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _lab(rgb: list[float], eye: tuple[tuple[float, ...], ...]) -> tuple[float, float, float]:
    r, g, b = (min(1.0, max(0.0, sum(m * c for m, c in zip(row, rgb, strict=True)))) for row in eye)
    x = (0.4124 * r + 0.3576 * g + 0.1805 * b) / 0.95047
    y = 0.2126 * r + 0.7152 * g + 0.0722 * b
    z = (0.0193 * r + 0.1192 * g + 0.9505 * b) / 1.08883
    fx, fy, fz = (t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in (x, y, z))
    return 116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)
