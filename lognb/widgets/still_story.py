"""A story without JavaScript: lanes as SVG, key moments, rows around the first error; for saved notebooks.

Times are on the one clock: a browser's are moved by what is known of its clock.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _html
from lognb._html import DIM, INK, LINE, PALETTE, block, table
from lognb._text import STEPS, clock, count, duration, plain, plural
from lognb.analyses.happened import ERRORS
from lognb.analyses.story import on_one_clock
from lognb.query import format_time
from lognb.widgets.story_marks import packed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.analyses.story import Told
    from lognb.widgets.story_marks import Marks

_ROWS: Final = 20
_KEYS: Final = 12
_LINES: Final = 6  # key moments in a text
_WIDE, _NAMES, _TALL = 940, 130, 22
_SPAN: Final = 6  # px of a line of spans
_DENSE: Final = 3  # px between two marks that are told apart
_LOUD: Final = "rage|dead"


def text(told: Told, code: str) -> str:
    """The story in a few lines."""
    lines = [head(told), *(f"  {line}" for line in (_when(told), _amounts(told), _clock(told)) if line)]
    lines += [
        f"  {at}  {plain(what, 120)}" for at, _, what in keys(told, on_one_clock(told.items, told.clock), _LINES)[0]
    ]
    return "\n".join([*lines, plain(code)])


def html(told: Told, marks: Marks, code: str) -> str:
    """The story as a page."""
    items = on_one_clock(told.items, told.clock)
    said = [_when(told), _amounts(told), _clock(told)]
    found, of = keys(told, items)
    film = told.recordings.height > 0
    moments = [
        [_html.text(at), *([_html.text(seen)] if film else []), _html.text(what, 200)] for at, seen, what in found
    ]
    header = ["time", *(["in the recording"] if film else []), "what"]
    some = f"{count(len(found))} of {plural(of, 'key moment')}" if of > len(found) else plural(of, "key moment")
    parts = [
        f'<p class="ln-say"><b>{_html.text(head(told))}</b></p>',
        f'<p class="ln-dim">{_html.text(" · ".join(s for s in said if s))}</p>',
        _html.picture(svg(told, marks, items), f"lanes of {head(told)}") if items.height else "",
        f'<p class="ln-dim">{_html.text(some)}</p>' + table(header, moments, [False] * len(header)) if found else "",
        _rows(items),
        f'<p class="ln-dim">its records again: <code>{_html.text(code)}</code></p>',
    ]
    return block(*parts)


def head(told: Told) -> str:
    """Whose story, and what went wrong in it."""
    whose = told.whose
    user = f", user {plain(told.users[0], 60)}" if told.users and whose.kind != "user" else ""
    path = " → ".join(plain(s, 40) for s in told.services[:6])
    wrong = plural(told.errors, "error") if told.errors else "no errors"
    name = whose.kind.capitalize()
    return f"{name} {plain(whose.id, 80)}{user}: {wrong}" + (f" · {path}" if path else "")


def _when(told: Told) -> str:
    if not told.items.height:
        return "nothing with a time"
    ends = told.items.select(pl.col("time").min(), pl.max_horizontal("time", "end").max().alias("end"))
    since, until = (int(t) for t in ends.cast(pl.Int64).row(0))
    return f"{format_time(since)[:19].replace('T', ' ')} UTC, {duration(max(until - since, 1))}"


def _amounts(told: Told) -> str:
    def some(n: int, of: int, word: str) -> str:
        return f"{count(n)} of {plural(of, word)}" if n < of else plural(of, word)

    parts = [some(told.records, told.records_of, "record"), some(told.spans, told.spans_of, "span")]
    if told.whose.kind == "user":
        sessions = told.sessions.height
        parts.insert(0, some(sessions, max(told.whose.sessions_of, sessions), "session"))
    parts += told.left
    joined = [f"{count(n)} by {by}" for by, n in told.joined.items() if by != "neither"]
    return " · ".join(parts) + (f" (joined {', '.join(joined)})" if len(joined) > 1 else "")


def _clock(told: Told) -> str:
    offset = told.clock.offset_ns
    if not told.items["browser"].any() or not offset:
        return ""
    return f"browser clock {duration(abs(offset))} {'behind' if offset > 0 else 'ahead'}, corrected here"


def keys(told: Told, items: pl.DataFrame, most: int = _KEYS) -> tuple[list[tuple[str, str, str]], int]:
    """The moments one goes to first: pages, what was wrong, clicks that nothing answered; and how many there are."""
    wrong = pl.col("severity").cast(pl.String).is_in(ERRORS).fill_null(False) & (pl.col("lane") != "spans")
    loud = pl.col("kind").str.contains(_LOUD).fill_null(False) & (pl.col("lane") == "clicks")
    found = items.filter((pl.col("lane") == "pages") | wrong | loud)
    # What was wrong goes before pages, if there is room for some only.
    first = pl.concat([found.filter(wrong | loud), found.filter(~(wrong | loud))])
    kept = first.head(most).sort("time", maintain_order=True)
    rows = kept.select(
        pl.col("time").dt.timestamp("ns"), "lane", "kind", pl.col("severity").cast(pl.String), "service_name", "text"
    )
    told_rows = []
    for ns, lane, kind, severity, service, said in rows.iter_rows():
        who = service or lane
        word = f"{severity.upper()} " if severity in ERRORS else ""
        what = f"{kind} {said}" if lane in ("pages", "clicks") else f"{who} · {kind}: {said}"
        told_rows.append((clock(ns, 1_000_000), _in_film(told, ns), word + what))
    return told_rows, found.height


def _in_film(told: Told, ns: int) -> str:
    """How far into the recording a moment is, "1:07"; nothing where none is on."""
    for since, until in told.recordings.select(pl.col("start", "end").dt.timestamp("ns")).iter_rows():
        at = ns - (told.clock.offset_ns or 0)
        if since <= at <= until:
            seconds = (at - since) // 1_000_000_000
            return f"{seconds // 60}:{seconds % 60:02}"
    return ""


def _rows(items: pl.DataFrame) -> str:
    rows = items.filter(~pl.col("lane").is_in(["idle", "spans"]))
    if not rows.height:
        return "<p>nothing happened</p>"
    wrong = rows["severity"].cast(pl.String).is_in(ERRORS).fill_null(False).arg_true()
    first = max(0, min(int(wrong[0]) - _ROWS // 2, rows.height - _ROWS)) if len(wrong) else 0
    page = rows.slice(first, _ROWS)
    around = "around the first error" if len(wrong) else "the first"
    said = f"{around}: {count(first + 1)}–{count(first + page.height)} of {plural(rows.height, 'row')}"
    cells = []
    for ns, level, service, lane, kind, what in page.select(
        pl.col("time").dt.timestamp("ns"), pl.col("severity").cast(pl.String), "service_name", "lane", "kind", "text"
    ).iter_rows():
        word = _html.severity(level) if level else ""
        cells.append(
            [_html.text(clock(ns, 1_000_000)), word, *(_html.text(t or "", 300) for t in (service or lane, kind, what))]
        )
    return f'<p class="ln-dim">{_html.text(said)}</p>' + table(
        ["time", "severity", "who", "kind", "what"], cells, [False] * 5
    )


def svg(told: Told, marks: Marks, items: pl.DataFrame) -> str:
    """The lanes as a drawing, without a script and with text escaped; `items` are on one clock."""
    start = int(items["time"].dt.timestamp("ns").min())  # type: ignore[arg-type]
    end = int(items.select(pl.max_horizontal("time", "end").dt.timestamp("ns").max()).item())
    span = max(end - start, 1_000_000)
    wide = _WIDE - _NAMES - 12
    codes = marks.codes(items)
    deep, depth = packed(items)
    out, y = [], 6
    for i, lane in enumerate(marks.lanes):
        tall = max(_TALL, deep * _SPAN + 10) if lane["kind"] == "spans" else _TALL
        label = _html.text(lane["name"], 18)
        name = f'x="{_NAMES - 8}" y="{y + tall // 2 + 3}" text-anchor="end" font-size="11"'
        out.append(f'<text {name} fill="{INK}">{label}</text>')
        below = y + tall - 2
        out.append(f'<line x1="{_NAMES}" x2="{_WIDE - 12}" y1="{below}" y2="{below}" stroke="{LINE}"/>')
        own = items.with_columns(depth=pl.Series(depth)).filter(codes == i)
        out += _lane(own, lane["kind"], start, span, wide, y)
        y += tall
    out += _axis(start, span, wide, y)
    size = f'viewBox="0 0 {_WIDE} {y + 20}" width="{_WIDE}" height="{y + 20}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="system-ui,sans-serif">{"".join(out)}</svg>'


def _lane(own: pl.DataFrame, kind: str, start: int, span: int, wide: int, y: int) -> Sequence[str]:
    bars = kind in ("pages", "network", "spans", "idle")
    rows = own.select(
        pl.col("time").dt.timestamp("ns"), pl.col("end").dt.timestamp("ns"), pl.col("severity").cast(pl.String), "depth"
    )
    # Where marks are too close one stands for all: the worst of them.
    drawn: dict[tuple[int, int, int], tuple[float, float, str | None]] = {}
    for at, until, level, line in rows.iter_rows():
        a = _NAMES + (at - start) / span * wide
        w = ((until or at) - at) / span * wide if bars else 0.0
        key = (int(a // _DENSE), int(w // _DENSE), line)
        if key not in drawn or level in ERRORS:
            drawn[key] = (a, w, level)
    out = []
    for (_, _, line), (a, w, level) in drawn.items():
        wrong = level in ERRORS
        colour = PALETTE[level][0] if level in (*ERRORS, "warn") else PALETTE["info"][0]
        if bars:
            fill = PALETTE["error"][0] if wrong else LINE if kind in ("pages", "idle") else PALETTE["accent"][0]
            top, high = (y + 4 + line * _SPAN, _SPAN - 1) if kind == "spans" else (y + 4, 12)
            out.append(f'<rect x="{a:.1f}" y="{top}" width="{max(w, 2):.1f}" height="{high}" rx="1" fill="{fill}"/>')
        elif kind in ("clicks", "inputs"):
            fill = colour if wrong else PALETTE["accent"][0]
            out.append(f'<circle cx="{a:.1f}" cy="{y + 10}" r="{4 if wrong else 3}" fill="{fill}"/>')
        else:
            tall = 16 if wrong else 10
            out.append(f'<rect x="{a - 1.5:.1f}" y="{y + 10 - tall / 2}" width="3" height="{tall}" fill="{colour}"/>')
    return out


def _axis(start: int, span: int, wide: int, tall: int) -> Sequence[str]:
    step = next((s for s in STEPS if span / s <= 8), STEPS[-1])
    first = -(-start // step) * step
    digits = 23 if step < 1_000_000_000 else 19 if step < 60_000_000_000 else 16
    out = []
    for at in range(first, start + span + 1, step):
        x = _NAMES + (at - start) / span * wide
        label = format_time(at)[11:digits] if step < 86_400_000_000_000 else format_time(at)[:10]
        place = f'x="{x:.1f}" y="{tall + 14}" text-anchor="middle"'
        out.append(f'<text {place} font-size="10" fill="{DIM}">{_html.text(label)}</text>')
    return out
