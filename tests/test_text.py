"""How numbers, times and log text are put into words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lognb import _text
from lognb._text import DAY, HOUR, MINUTE, SECOND


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 10, "0 %"),
        (0, 0, "0 %"),
        (10, 10, "100 %"),
        (1, 3, "33 %"),
        (12, 1000, "1.2 %"),
        (1, 100_000, "<0.1 %"),
        (99_999, 100_000, ">99.9 %"),
        (998, 1000, "99.8 %"),
    ],
)
def test_share(part: int, whole: int, said: str) -> None:
    assert _text.share(part, whole) == said


@given(st.integers(1, 10**9), st.integers(1, 10**9))
def test_only_none_and_all_are_0_and_100_per_cent(part: int, more: int) -> None:
    assert _text.share(part, part + more) not in ("0 %", "100 %")


@pytest.mark.parametrize(
    ("ns", "said"),
    [
        (0, "0 ns"),
        (1_500, "1.5 µs"),
        (12_000_000, "12 ms"),
        (1_500_000_000, "1.5 s"),
        (20 * MINUTE, "20 min"),
        (HOUR + 30 * SECOND, "1 h"),
        (2 * DAY + 4 * HOUR + MINUTE, "2 d 4 h"),
        (59_999_999_999, "60 s"),
        (-90 * SECOND, "−1 min 30 s"),
    ],
)
def test_duration(ns: int, said: str) -> None:
    assert _text.duration(ns) == said


@pytest.mark.parametrize(
    ("text", "ns"),
    [("15m", 15 * MINUTE), ("1h30m", 90 * MINUTE), ("0.5s", SECOND // 2), ("250ms", 250_000_000), ("2w", 14 * DAY)],
)
def test_length(text: str, ns: int) -> None:
    assert _text.length(text) == ns


@pytest.mark.parametrize("text", ["", "m", "15", "15 m", "1h x", "-1h", "1M", "1e3s"])
def test_no_length(text: str) -> None:
    assert _text.length(text) is None


@given(st.text())
def test_plain_text_moves_no_cursor_and_keeps_to_one_line(text: str) -> None:
    said = _text.plain(text)
    assert len(said.splitlines()) <= 1
    assert not any(c in said for c in "\x1b\x07\x9b\u202e\u2066\r\n\x85")
    assert _text.plain(said) == said


def test_plain_text_is_cut_with_a_sign() -> None:
    assert _text.plain("a" * 50, 10) == "a" * 9 + "…"
    assert _text.plain("a" * 10, 10) == "a" * 10


@given(st.integers(1, 400 * DAY), st.integers(20, 200))
def test_steps_cover_the_span_with_few_round_buckets(span: int, most: int) -> None:
    width = _text.step(span, most)
    assert width in _text.STEPS
    assert span // width < most
    narrower = [s for s in _text.STEPS if s < width]
    assert not narrower or span // narrower[-1] >= most


def test_window_says_the_day_once() -> None:
    nine = 1_793_696_400 * SECOND
    assert _text.window(nine, nine + HOUR, MINUTE) == "3 Nov 2026, 09:00–10:00 UTC"
    assert _text.window(nine, nine + DAY) == "3 Nov 2026, 09:00:00 – 4 Nov 2026, 09:00:00 UTC"


def test_sizes() -> None:
    assert [_text.size(n) for n in (0, 999, 1000, 82_140, 9_960_000, 1_500_000_000)] == [
        "0 B", "999 B", "1.0 kB", "82 kB", "10 MB", "1.5 GB",
    ]  # fmt: skip
