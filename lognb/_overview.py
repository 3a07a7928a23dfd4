"""What Logs say of themselves: a Summary, as text for a terminal and as static HTML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb import _asking, _html, _timeline
from lognb._text import SECOND, count, day, duration, plain, plural, share, size, step, window
from lognb.query import Query, format_time
from lognb.schema import LEVELS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.base import Engine
    from lognb.loaders import FileReport, LoadReport

_SERVICES: Final = 8
_FILES: Final = 4
_ERRORS: Final = Query.parse("severity>=error")


@dataclass(frozen=True)
class Summary:
    """The facts a first look needs. `services` are (name or None, records, errors), the most records first."""

    records: int
    total: int
    spans: int
    recordings: int
    first: int | None
    last: int | None
    severities: dict[str, int]
    services: list[tuple[str | None, int, int]]
    services_total: int
    buckets: list[_timeline.Bucket]
    every: int
    size: int | None
    query: str
    sources: tuple[str, ...]
    rejected: str
    notes: list[str]
    empty: list[str]

    def text(self) -> str:
        """A few aligned lines for a terminal."""
        levels = " · ".join(f"{level} {count(n)}" for level, n in self._levels())
        services = " · ".join(_service(name, 40) + f" {count(n)}" + _bad(bad) for name, n, bad in self._services())
        why = [(" " * bool(i) or "empty", reason) for i, reason in enumerate(self.empty)]
        rows = [
            ("", " · ".join(self._head())),
            ("query", plain(self.query)),
            *why,
            ("severity", levels),
            ("services", services + self._more()),
            ("over time", self._blocks()),
            ("rejected", plain(self.rejected)),
            *(("note", plain(note)) for note in self.notes),
            ("sources", self._files()),
        ]
        return "\n".join(f"{name:<10} {value}" if name else value for name, value in rows if value)

    def html(self) -> str:
        """The same for a page: headline, timeline, severities and services side by side, notes, files."""
        head, *rest = self._head()
        parts = [f'<p class="ln-say"><b>{_html.text(head)}</b>{"".join(" · " + _html.text(r) for r in rest)}</p>']
        if self.query:
            parts.append(f'<p class="ln-dim"><code>{_html.text(self.query)}</code></p>')
        parts += [f'<p><span class="ln-sev ln-warn">empty</span> {_html.text(why)}</p>' for why in self.empty]
        parts.append(_timeline.html(self.buckets, self.every))
        parts.append(
            f'<div style="display:flex;flex-wrap:wrap;align-items:flex-start;gap:4px 48px">{self._level_table()}'
        )
        parts.append(f"{self._service_table()}</div>")
        if self.rejected:
            parts.append(f'<p><span class="ln-sev ln-warn">rejected</span> {_html.text(self.rejected)}</p>')
        parts += [f'<p class="ln-dim">{_html.text(note)}</p>' for note in self.notes]
        parts.append(f'<p class="ln-dim">{_html.text(self._files())}</p>')
        return _html.block(*parts)

    def _head(self) -> list[str]:
        records = plural(self.records, "record")
        if self.query and self.records != self.total:
            records = f"{count(self.records)} of {plural(self.total, 'record')}"
        head = [records]
        if self.first is not None and self.last is not None:
            fine = SECOND if self.last - self.first >= 5 * SECOND else 1_000_000
            head.append(f"{window(self.first, self.last, fine)} ({duration(self.last - self.first)})")
        if self.spans and not self.query:
            head.append(plural(self.spans, "span"))
        if self.recordings and not self.query:
            head.append(plural(self.recordings, "recording"))
        return head

    def _levels(self) -> list[tuple[str, int]]:
        return [(level, self.severities[level]) for level in reversed(LEVELS) if self.severities.get(level)]

    def _services(self) -> list[tuple[str | None, int, int]]:
        return self.services[:_SERVICES]

    def _more(self) -> str:
        hidden = self.services_total - len(self._services())
        return f" · {count(hidden)} more" if hidden > 0 else ""

    def _blocks(self) -> str:
        drawn = _timeline.blocks(self.buckets, self.every)
        return f"|{drawn}|" if drawn else ""

    def _files(self) -> str:
        names = ", ".join(plain(name, 60) for name in self.sources[:_FILES])
        more = f" and {len(self.sources) - _FILES} more" if len(self.sources) > _FILES else ""
        bulk = f" · {size(self.size)} of log text" if self.size is not None else ""
        return names + more + bulk

    def _level_table(self) -> str:
        most = max(self.severities.values(), default=1)
        rows = [
            [_html.severity(level), count(n), share(n, self.records), _bar(n, most, level)]
            for level, n in self._levels()
        ]
        return _html.table(["severity", "records", "", ""], rows, [False, True, True, False]) if rows else ""

    def _service_table(self) -> str:
        most = max((n for _, n, _ in self.services), default=1)
        rows = []
        for name, n, bad in self._services():
            errors = f'<span class="ln-sev ln-error">{count(bad)}</span>' if bad else '<span class="ln-dim">0</span>'
            rows.append([_html.text(_service(name, 60)), count(n), errors, _bar(n, most, "info", bad)])
        more = f'<p class="ln-dim">{_html.text(self._more().removeprefix(" · "))}</p>' if self._more() else ""
        table = _html.table(["service_name", "records", "errors", ""], rows, [False, True, True, False])
        return f"<div>{table}{more}</div>" if rows else ""


def summarise(engine: Engine, query: Query, sources: Sequence[str], rejected: str, notes: list[str]) -> Summary:
    """Ask the engine for the facts of a query; those of all records were counted when the store was built."""
    whole = engine.overview
    if not str(query):
        facts = dict(whole)
        buckets = [(int(at), str(level), int(n)) for at, level, n in whole["volume"]["buckets"]]
        every = int(whole["volume"]["every"])
        services = [(name, int(n)) for name, n in whole["services"]]
    else:
        first, last = engine.window(query)
        every = step((last or 0) - (first or 0), 80)
        facts = {"records": engine.count(query), "first": first, "last": last}
        buckets = [
            (int(at), str(by), int(n))
            for at, by, n in engine.volume(query, every, "severity")
            .select(pl.col("bucket").dt.timestamp("ns"), "by", "records")
            .iter_rows()
        ]
        facets = engine.facets(query, ["severity", "service_name"], 20, own=True)
        facts["severities"] = dict(_values(facets, "severity"))
        services = _values(facets, "service_name")
        facts["services_total"] = _distinct(facets, "service_name")
    errors = dict(_values(engine.facets(query & _ERRORS, ["service_name"], 200, own=True), "service_name"))
    return Summary(
        records=int(facts["records"]),
        total=int(whole["records"]),
        spans=int(whole["spans"]),
        recordings=int(whole.get("recordings", {}).get("sessions", 0)),
        first=facts["first"],
        last=facts["last"],
        severities={str(k): int(v) for k, v in facts["severities"].items()},
        services=[(name, n, errors.get(name, 0)) for name, n in services],
        services_total=int(facts["services_total"]),
        buckets=buckets,
        every=every,
        size=whole.get("size_bytes"),
        query=str(query),
        sources=tuple(sources),
        rejected=rejected,
        notes=notes,
        empty=_asking.why_empty(engine, query) if str(query) and not facts["records"] else [],
    )


def notes_of(overview: dict[str, Any]) -> list[str]:
    """What a reader of all records must know about their times and ids; nothing is said where all is well."""
    notes = []
    if n := overview.get("without_time"):
        notes.append(f"{plural(n, 'record')} without a time")
    if n := overview["volume"].get("outside"):
        far = f"{day(overview['first'])} to {day(overview['last'])}"
        notes.append(
            f"{plural(n, 'record')} far from all others in time ({far}) left out of the timeline: wrong clocks?"
        )
    if n := overview.get("by_observed_time"):
        notes.append(f"{plural(n, 'record')} timed by when they were observed, as they carry no time of their own")
    if n := overview.get("duplicate_record_ids"):
        notes.append(f"{plural(n, 'record')} loaded twice (same place in the same content)")
    for since, until in overview.get("gaps", [])[:1]:
        notes.append(f"nothing from {format_time(since)} to {format_time(until)} ({duration(until - since)})")
    for service, n, median, *_ in overview.get("skew", []):
        if abs(median) >= 5 * SECOND:
            how = "after" if median > 0 else "before"
            seen = f"{plural(n, 'record')} observed {duration(abs(median))} {how} the event"
            notes.append(f"{_service(service, 40)}: {seen} (median)")
    return notes


def why(file: FileReport) -> str:
    if file.metrics:
        return f"{plural(file.metrics, 'metric')}, no logs or spans"
    return plain(file.rejections[0].reason, 200) if file.rejections else file.outcome


def rejected_of(report: LoadReport) -> str:
    """How much could not be read, and the first place of it; "" if everything could."""
    total = sum(file.rejected for file in report.files)
    for file in report.files:
        for at in file.rejections[:1]:
            place = f"{plain(file.source, 60)}, {file.place(at)}"
            return f"{plural(total, 'place')} could not be read; the first: {place}: {plain(at.reason, 120)}"
    return ""


def _values(facets: pl.DataFrame, field: str) -> list[tuple[str | None, int]]:
    rows = facets.filter(pl.col("field") == field).select("value", "records").iter_rows()
    return [(value, int(n)) for value, n in rows]


def _distinct(facets: pl.DataFrame, field: str) -> int:
    values = facets.filter(pl.col("field") == field)
    return (int(values["values"][0]) if values.height else 0) + int(values["value"].null_count() > 0)


def _service(name: str | None, limit: int) -> str:
    return "(no service)" if name is None else plain(name, limit)


def _bad(errors: int) -> str:
    return f" ({plural(errors, 'error')})" if errors else ""


def _bar(n: int, most: int, level: str, errors: int = 0) -> str:
    """A bar of at most 160 px; the errors of a service are its first, red part."""
    width = 160 * n / most
    red = width * errors / n if n else 0.0
    first = f'<span style="{_PIECE};width:{red:.1f}px;background:var(--ln-error)"></span>' if errors else ""
    return first + f'<span style="{_PIECE};width:{max(width - red, 0.7):.1f}px;background:var(--ln-{level})"></span>'


_PIECE: Final = "display:inline-block;height:8px;vertical-align:middle"
