"""Colours: severities stay apart for every eye, words stay readable on light and dark."""

from __future__ import annotations

from itertools import combinations

import pytest

from lognb._html import PALETTE, WORDS
from lognb.charts.theme import SEVERITY_COLOURS, colours
from lognb.schema import LEVELS

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


def test_every_severity_has_a_colour_and_a_scale_keeps_the_order_given() -> None:
    assert list(SEVERITY_COLOURS) == list(LEVELS)
    scale = colours(["info", "error"], severities=True).to_dict()
    assert scale == {"domain": ["info", "error"], "range": [SEVERITY_COLOURS["info"], SEVERITY_COLOURS["error"]]}


def test_what_stands_for_no_single_value_is_grey() -> None:
    scale = colours(["web", "(absent)", "other (4 more)"], severities=False).to_dict()["range"]
    assert scale[1] == scale[2] == PALETTE["trace"][0]
    assert scale[0] != scale[1]


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
