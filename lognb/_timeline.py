"""A small timeline of record counts: a picture for a page, a line of blocks for a terminal. No chart library."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from lognb._html import DIM, LINE, picture
from lognb._text import DAY, clock, count, day, duration, plural, step
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

Bucket = tuple[int, str, int]
"""Left edge in ns, severity, number of records."""

WIDTH: Final = 860
_HEIGHT: Final = 56
_BLOCKS: Final = " ▁▂▃▄▅▆▇█"
_ERRORS: Final = ("error", "fatal")


def html(buckets: Sequence[Bucket], every: int) -> str:
    """Stacked bars, errors on top, a bar's numbers in its tooltip, the times below; "" where there is nothing."""
    if not buckets:
        return ""
    peak = max(sum(s.values()) for s in _stacks(buckets).values())
    return picture(svg(buckets, every), f"records over time, up to {count(peak)} per {duration(every)}")


def svg(buckets: Sequence[Bucket], every: int) -> str:
    """The drawing; colours are named as severities are."""
    stacks = _stacks(buckets)
    first, last = min(stacks), max(stacks)
    slots = (last - first) // every + 1
    peak = max(sum(s.values()) for s in stacks.values())
    slot = WIDTH / slots
    bars = []
    for at, stack in sorted(stacks.items()):
        x, y = (at - first) // every * slot, float(_HEIGHT)
        rects = []
        for level in LEVELS:
            if n := stack.get(level, 0):
                height = max(n / peak * _HEIGHT, 0.7)  # a single error among thousands stays visible
                y -= height
                rects.append(
                    f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(slot * 0.88, 0.6):.1f}" height="{height:.1f}" '
                    f'fill="{level}"/>'
                )
        bars.append(f"<g><title>{_tip(at, every, stack)}</title>{''.join(rects)}</g>")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 -4 {WIDTH} {_HEIGHT + 22}" width="{WIDTH}" '
        f'font-family="system-ui,DejaVu Sans,sans-serif" font-size="11">'
        f'<line x1="0" x2="{WIDTH}" y1="{_HEIGHT}" y2="{_HEIGHT}" stroke="{LINE}"/>'
        f"{''.join(bars)}{_labels(first, last + every)}</svg>"
    )


def blocks(buckets: Sequence[Bucket], every: int, width: int = 60) -> str:
    """One character per bucket (or group of buckets): its height is the number of records, a space is none."""
    if not buckets:
        return ""
    stacks = _stacks(buckets)
    first, last = min(stacks), max(stacks)
    group = -(-((last - first) // every + 1) // width)
    totals = [0] * (-(-((last - first) // every + 1) // group))
    for at, stack in stacks.items():
        totals[(at - first) // every // group] += sum(stack.values())
    peak = max(totals)
    return "".join(_BLOCKS[0 if not n else 1 + round(7 * n / peak)] for n in totals)


def _stacks(buckets: Sequence[Bucket]) -> dict[int, dict[str, int]]:
    stacks: dict[int, dict[str, int]] = defaultdict(dict)
    for at, level, n in buckets:
        stacks[at][level] = stacks[at].get(level, 0) + n
    return stacks


def _tip(at: int, every: int, stack: dict[str, int]) -> str:
    errors = sum(stack.get(level, 0) for level in _ERRORS)
    more = f", {plural(errors, 'error')}" if errors else ""
    return f"{clock(at, every)}–{clock(at + every, every)} UTC: {plural(sum(stack.values()), 'record')}{more}"


def _labels(since: int, until: int) -> str:
    width = step(until - since, 7)
    width *= -(-(until - since) // (8 * width))  # a hundred years have more of the widest steps than there is room for
    marks = []
    for at in range(-(-since // width) * width, until, width):
        x = (at - since) / (until - since) * WIDTH
        anchor = "start" if x < 30 else "end" if x > WIDTH - 30 else "middle"
        label = clock(at, width) if until - since <= DAY else day(at).rsplit(" ", 1)[0]
        if width % DAY and until - since > DAY:
            label += f" {clock(at, width)}"
        marks.append(f'<text x="{x:.0f}" y="{_HEIGHT + 14}" text-anchor="{anchor}" fill="{DIM}">{label}</text>')
    return "".join(marks)
