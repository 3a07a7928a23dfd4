"""A panel without JavaScript: timeline, facets and the first rows of the open tab as static HTML."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from lognb import _html, _timeline
from lognb._html import block, table
from lognb._text import count, plain, plural
from lognb.schema import LEVELS
from lognb.widgets.records import text_of
from lognb.widgets.rows import RIGHT, arranged, head, speaks, told

if TYPE_CHECKING:
    from lognb.logs import Logs
    from lognb.result import Result
    from lognb.widgets.counted import Counted
    from lognb.widgets.tabs import Tab

    Listed = tuple[Tab, Result, str]

_ROWS: Final = 20
_RANK: Final = 3  # of columns that a page has room for
_VALUES: Final = 6
_FACETS: Final = 4
_BODY: Final = 300
_BARS: Final = 80


def text(logs: Logs, found: Counted | None, code: str, note: str, listed: Listed | None = None) -> str:
    """The panel in a few lines; `listed` is the answer of its open tab and the code that gives it."""
    if found is None:
        return (
            f"panel of {plural(int(logs.engine.overview['records']), 'record')}: nothing is counted yet\n{plain(code)}"
        )
    lines = [
        _head(logs, found),
        plain(str(found.view.query)),
        f"|{_timeline.blocks(*_bars(found))}|",
        *([] if listed is None else [f"{listed[0].title}: {plain(listed[1].sentence)}"]),
        plain(code if listed is None else listed[2]),
        plain(note),
    ]
    return "\n".join(line for line in lines if line.strip("|"))


def html(logs: Logs, found: Counted | None, code: str, note: str, listed: Listed | None = None) -> str:
    """The panel as a page: headline, query, timeline, facets, the first rows of the open tab, and their code."""
    if found is None:
        return block(f"<p>{_html.text(text(logs, found, code, note))}</p>")
    what = "records" if listed is None else "rows"
    rows, again = (_records(found), code) if listed is None else (_list(*listed[:2]), listed[2])
    query = str(found.view.query)
    parts = [
        f'<p class="ln-say"><b>{_html.text(_head(logs, found))}</b></p>',
        f'<p class="ln-dim"><code>{_html.text(query)}</code></p>' if query else "",
        f'<p><span class="ln-sev ln-warn">note</span> {_html.text(note)}</p>' if note else "",
        _timeline.html(*_bars(found)),
        f'<div class="ln-side">{"".join(_facet(found, field) for field in found.fields[:_FACETS])}</div>',
        rows,
        f'<p class="ln-dim">these {what} again: <code>{_html.text(again)}</code></p>',
    ]
    return block(*parts)


def _head(logs: Logs, found: Counted) -> str:
    total = int(logs.engine.overview["records"])
    if found.panel.count == total:
        return plural(total, "record")
    return f"{count(found.panel.count)} of {plural(total, 'record')}"


def _bars(found: Counted) -> tuple[list[_timeline.Bucket], int]:
    return bars(found.volume, found.since, found.until, found.every, found.view.by)


def bars(
    volume: pl.DataFrame, since: int, until: int, every: int, by: str | None, of: str = "records"
) -> tuple[list[_timeline.Bucket], int]:
    """A timeline by severity in some 80 bars, and their width, ns; split by another field, as if all were info."""
    every *= max(1, -(-((until - since) // every) // _BARS))
    found: dict[tuple[int, str], int] = {}
    for at, value, n in volume.select(pl.col("bucket").dt.timestamp("ns"), "by", of).iter_rows():
        level = value if value in LEVELS and by == "severity" else "info"
        key = (at // every * every, level)
        found[key] = found.get(key, 0) + (n or 0)
    return [(at, level, n) for (at, level), n in found.items()], every


def _facet(found: Counted, field: str) -> str:
    rows = found.panel.facets.filter(pl.col("field") == field)
    if not rows.height:
        return ""
    cells = []
    for value, n, chosen in rows.select("value", "records", "chosen").head(_VALUES).iter_rows():
        label = "(absent)" if value is None else plain(value, 40)
        shown = _html.severity(label) if field == "severity" and label in LEVELS else _html.text(label)
        cells.append([shown if chosen else f'<span class="ln-dim">{shown}</span>', count(n)])
    more = int(rows["values"][0]) - sum(v is not None for v in rows["value"].head(_VALUES))
    rest = f'<p class="ln-dim">{_html.text(f"{count(more)} more")}</p>' if more > 0 else ""
    return f"<div>{table([plain(field, 60), 'records'], cells, [False, True])}{rest}</div>"


def _records(found: Counted) -> str:
    frame, names = found.panel.page.records.head(_ROWS), [name for name, _ in found.view.columns]
    columns = ["time", "severity", "service_name", *names, "body"]
    shown = []
    for name in columns:
        values = text_of(frame[name]).to_list()
        if name == "severity":
            shown.append([_html.severity(v) for v in values])
        else:
            shown.append([_html.text(v or "", _BODY) for v in values])
    if not frame.height:
        return "<p>no record</p>"
    order = "newest" if found.view.newest else "oldest"
    rows = f"{order} {count(frame.height)} of {plural(found.panel.count, 'record')}"
    cells = [list(row) for row in zip(*shown, strict=True)]
    return f'<p class="ln-dim">{_html.text(rows)}</p>' + table(columns, cells, [False] * len(columns))


def _list(tab: Tab, result: Result) -> str:
    """The finding of a list and its first rows, as the tab shows them to who has touched nothing."""
    there = [c for c in tab.columns if c.name in result.frame.columns and speaks(result.frame[c.name], c.kind)]
    by, down = tab.order or ("", False)
    order = arranged(result.frame, there, next((c for c in there if c.name == by), None), down=down, text="")["at"]
    frame = result.frame[order.head(_ROWS)]
    columns = [c for c in there if c.rank <= _RANK]
    said = f'<p class="ln-say"><b>{_html.text(tab.title)}</b>: {_html.text(result.sentence)}</p>'
    if not frame.height:
        return said
    shown = []
    for column in columns:
        level = column.kind == "severity"
        shown.append(
            [_html.severity(v) if level else _html.text(v, _BODY) for v in told(frame[column.name], column.kind)]
        )
    cells = [list(row) for row in zip(*shown, strict=True)]
    right = [column.kind in RIGHT for column in columns]
    rows = f"{count(frame.height)} of {plural(result.frame.height, 'row')}"
    return f'{said}<p class="ln-dim">{_html.text(rows)}</p>' + table([head(c) for c in columns], cells, right)
