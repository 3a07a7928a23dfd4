"""What kind of change each cut of a series is: a step, a spike or a dip, a trend; and where only the spread changes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import TYPE_CHECKING, Final

import numpy as np

from lognb.analyses.levels import Counts, Shares, Spreads
from lognb.analyses.segments import LEAST, Segment, segments

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.analyses.levels import Model

_SHORT: Final = 3  # buckets, or a fiftieth of all: longer, it is two steps
BACK: Final = 0.25
"""Of the height of a change: so near the old level it has come back."""
_STAIRS: Final = 3  # steps in one direction that may be a trend
_RARE: Final = 1.0  # a bucket: of what is rarer the spread is its number, and half of the time would go into it
_SPREADS: Final = 2.0  # times as wide, or as narrow: less is not worth a line


@dataclass(frozen=True)
class Shift:
    """A change from `before` to `after` at bucket `start`; `end` where it is over, for spike, dip and trend.

    `gain` is how much better the series is told with it, as minus twice a log-likelihood beyond the penalty.
    `confidence` is 1 less a bound of the chance that noise alone looks like it in so many buckets and series.
    """

    kind: str
    start: int
    end: int | None
    before: float
    after: float
    gain: float
    confidence: float


def shifts(model: Model, tests: int = 1) -> list[Shift]:
    """All changes of a series, in order."""
    parts = segments(model, tests)
    n, places = len(model), model.places
    found, calm = _excursions(parts, n, places)
    for _, run in groupby(range(1, len(calm)), key=lambda i: calm[i].level > calm[i - 1].level):
        steps = list(run)
        stairs = [calm[steps[0] - 1], *(calm[i] for i in steps)]
        if len(steps) >= _STAIRS and _straight(model, stairs):
            found.append(_trend(model, stairs, places))
            continue
        found += [_shift("step", calm[i], None, calm[i - 1].level, places) for i in steps]
    return sorted(found + _spreads(model, parts, tests), key=lambda s: s.start)


def _excursions(parts: list[Segment], n: int, places: int) -> tuple[list[Shift], list[Segment]]:
    """Spikes and dips, and the segments without them."""
    found: list[Shift] = []
    calm = parts[:1]
    for i in range(1, len(parts)):
        part, before = parts[i], calm[-1].level
        after = parts[i + 1].level if i + 1 < len(parts) else None
        short = part.end - part.start <= max(_SHORT, n // 50)
        if short and after is not None and abs(after - before) <= BACK * abs(part.level - before):
            kind = "spike" if part.level > before else "dip"
            found.append(_shift(kind, part, part.end, before, places))
        elif found and found[-1].end == part.start:
            # Behind a spike the old level goes on.
            calm[-1] = Segment(calm[-1].start, part.end, calm[-1].level, calm[-1].gain)
        else:
            calm.append(part)
    return found, calm


def _shift(kind: str, part: Segment, end: int | None, before: float, places: int) -> Shift:
    return Shift(kind, part.start, end, before, part.level, part.gain, _confidence(part.gain, places))


def _confidence(gain: float, places: int) -> float:
    """Of a likelihood ratio that is `gain` beyond the penalty: `places` and all series are in the penalty already."""
    return 1 - float(np.exp(-max(gain, 0.0) / 2) / np.sqrt(places))


def _straight(model: Model, stairs: list[Segment]) -> bool:
    """Does a straight line say the same as the stairs, with fewer numbers?"""
    steps = np.concatenate([model.residuals(s.start, s.end, s.level) for s in stairs])
    start, end = stairs[0].start, stairs[-1].end
    line = min(float((model.residuals(start, end, line) ** 2).sum()) for line in _lines(stairs))
    numbers = len(stairs) - 2  # a line has two ends where each step has a place and a height
    return bool((line - float((steps**2).sum())) / model.noise < 3 * np.log(len(model)) * numbers)


def _lines(stairs: list[Segment]) -> Iterator[np.ndarray]:
    """Ramps from the first level to the last, which begin and end about the first and the last step."""
    start, end = stairs[0].start, stairs[-1].end
    for left in np.linspace(start, stairs[1].start, 8):
        for right in np.linspace(stairs[-1].start, end, 8):
            for low, high in ((stairs[0].level, stairs[-1].level), *_beyond(stairs)):
                yield np.interp(np.arange(start, end), [left, right], [low, high])


def _beyond(stairs: list[Segment]) -> list[tuple[float, float]]:
    """Levels of ends beyond the first and last mean, as those of a ramp that goes on to the edge are."""
    low, high = stairs[0].level, stairs[-1].level
    return [(low - part * (stairs[1].level - low), high + part * (high - stairs[-2].level)) for part in (0.25, 0.5)]


def _trend(model: Model, stairs: list[Segment], places: int) -> Shift:
    gain = max(s.gain for s in stairs[1:])
    first, last = stairs[0], stairs[-1]
    return Shift("trend", stairs[1].start, last.start, first.level, last.level, gain, _confidence(gain, places))


def _spreads(model: Model, parts: list[Segment], tests: int) -> list[Shift]:
    """Where buckets begin to lie further from their level, or nearer, while the level stays."""
    n = len(model)
    if n < 2 * LEAST or (isinstance(model, Counts | Shares) and model.values.mean() < _RARE):
        return []
    rest = np.concatenate([model.residuals(p.start, p.end, p.level) for p in parts]) / np.sqrt(model.noise)
    found = segments(Spreads(rest), tests)
    out = []
    for before, after in pairwise(found):
        ratio = after.level / max(before.level, 1e-9)
        level = any(abs(p.start - after.start) <= _SHORT for p in parts[1:])
        if not level and not 1 / _SPREADS < ratio < _SPREADS:
            gain = after.gain
            out.append(Shift("variance", after.start, None, before.level, after.level, gain, _confidence(gain, n)))
    return out
