"""LoadReport: what each source was, what was loaded from it, and what could not be, with place and reason."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._html import block, table, text
from lognb._text import duration, plural
from lognb.loaders.decode import Decoded, Rejected
from lognb.schema import TIME

if TYPE_CHECKING:
    from collections.abc import Mapping

# What a position counts.
_UNITS: Final = {"json": "line", "csv": "line", "protobuf": "message", "parquet": "row", "frame": "row"}
_FOUND: Final = ("csv", "parquet", "frame")  # what columns stand for was found out, so it is said
KEEP: Final = 10_000  # rejections of one source that are kept with their place; beyond it they are counted


@dataclass(slots=True)
class FileReport:
    """One source. Bytes: `bytes` as it lies on disk; `stream_bytes` decompressed, of which `accepted_bytes` lie in
    units that were decoded, `rejected_bytes` in parts that were not, the rest is white space between units.
    `out_of_order`: records whose time is before that of the record in front of them. `recordings`: the sessions
    whose recordings are in it, with `recorded` events."""

    source: str
    bytes: int = 0
    format: str = "unknown"
    framing: str = ""
    compression: str = ""
    why: str = ""
    signals: list[str] = field(default_factory=list)
    units: int = 0
    records: int = 0
    spans: int = 0
    metrics: int = 0
    recordings: list[str] = field(default_factory=list)
    recorded: int = 0
    rejected: int = 0
    rejected_records: int | None = 0  # None: not countable
    stream_bytes: int = 0
    accepted_bytes: int = 0
    rejected_bytes: int = 0
    first: int | None = None
    last: int | None = None
    without_time: int = 0
    out_of_order: int = 0
    rejections: list[Rejected] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)
    _before: int = -(2**63)  # time of the last record so far

    def reject(self, r: Rejected) -> None:
        self.rejected += 1
        if self.rejected_records is not None:
            self.rejected_records = None if r.records is None else self.rejected_records + r.records
        if len(self.rejections) < KEEP:
            self.rejections.append(r)

    def add(self, decoded: Decoded) -> None:
        """Count one chunk in; chunks must come in order."""
        self.units += decoded.units
        self.records += decoded.records
        self.spans += decoded.spans
        self.metrics += decoded.metrics
        self.recorded += decoded.recorded
        self.accepted_bytes += decoded.accepted_bytes
        self.rejected_bytes += decoded.rejected_bytes
        self.signals = sorted({*self.signals, *decoded.signals})
        # Some counts come from numpy, whose integers JSON does not know.
        self.notes = {note: int(n) for note, n in (Counter(self.notes) + decoded.notes).items()}
        for r in decoded.rejected:
            self.reject(r)
        if decoded.batch is not None:
            self.recordings = sorted({*self.recordings, *decoded.batch.recordings["session_id"].to_list()})
            self._times(decoded.batch.records["time"].cast(pl.Int64), decoded.batch.spans["start"].cast(pl.Int64))

    def _times(self, records: pl.Series, spans: pl.Series) -> None:
        have = records.drop_nulls()
        self.without_time += len(records) - len(have)
        if len(have):
            self.out_of_order += int((have < have.shift(1, fill_value=self._before)).sum())
            self._before = int(have[-1])
        for times in (have, spans.drop_nulls()):
            if len(times):
                first, last = int(times.min()), int(times.max())  # type: ignore[arg-type]
                self.first = first if self.first is None else min(self.first, first)
                self.last = last if self.last is None else max(self.last, last)

    @property
    def outcome(self) -> str:
        """In words: what came of it. Zero records are never called a success."""
        got = [
            f"{n:,} {word}{'' if n == 1 else 's'}" for n, word in ((self.records, "record"), (self.spans, "span")) if n
        ]
        if self.recorded:
            got.append(f"{plural(self.recorded, 'event')} of {plural(len(self.recordings), 'recording')}")
        if self.metrics:
            got.append(f"{self.metrics:,} metric{'' if self.metrics == 1 else 's'} skipped")
        if not got:
            got.append("nothing loaded" if self.rejected else f"nothing loaded: {self._empty()}")
        if self.rejected:
            lost = "an unknown number of" if self.rejected_records is None else f"{self.rejected_records:,}"
            got.append(f"{self.rejected:,} place{'' if self.rejected == 1 else 's'} rejected ({lost} records)")
        return ", ".join(got)

    def _empty(self) -> str:
        if self.framing == "empty" or not self.units:
            return self.why or "no records in it"
        return f"no records in it ({self.why})" if self.why else "no records in it"

    def place(self, r: Rejected) -> str:
        """Where in the source it is, in words."""
        unit, byte = _UNITS.get(self.format), f"byte {r.offset:,}"
        if unit is None:
            return byte
        return f"{unit} {r.position:,}" if unit == "row" else f"{unit} {r.position:,}, {byte}"

    @property
    def kind(self) -> str:
        framing = "" if self.framing == self.format else self.framing
        parts = [self.format, framing, self.compression]
        return " · ".join(p for p in parts if p)


@dataclass(slots=True)
class LoadReport:
    """What reading gave, source by source (`files`), and over all (`overall`, made by the store; empty without one).

    `frame` has one row per source, `rejected` one per rejected part with its place, `notes` one per rule that was
    applied to odd values, with how often.
    """

    files: list[FileReport] = field(default_factory=list)
    overall: dict[str, Any] = field(default_factory=dict)

    @property
    def records(self) -> int:
        return sum(f.records for f in self.files)

    @property
    def spans(self) -> int:
        return sum(f.spans for f in self.files)

    @property
    def frame(self) -> pl.DataFrame:
        """One row per source: what it is, counts, bytes, first and last time (UTC), records out of order."""
        names = "source format framing compression signals units records spans recordings recorded metrics rejected"
        names += " rejected_records bytes stream_bytes rejected_bytes first last without_time out_of_order outcome"
        text = {"source", "format", "framing", "compression", "signals", "outcome"}
        schema = {
            n: pl.String() if n in text else TIME if n in ("first", "last") else pl.Int64() for n in names.split()
        }
        made = [{"signals": ", ".join(f.signals), "recordings": len(f.recordings)} for f in self.files]
        rows = [[m.get(n, getattr(f, n)) for n in schema] for f, m in zip(self.files, made, strict=True)]
        ints = {n: pl.Int64() if n in ("first", "last") else t for n, t in schema.items()}
        return pl.DataFrame(rows, schema=ints, orient="row").cast({"first": TIME, "last": TIME})

    @property
    def rejected(self) -> pl.DataFrame:
        """One row per rejected part: source, line or message, byte offset and length in the decompressed stream,
        reason, records (null: unknown).
        """
        schema = {
            "source": pl.String,
            "position": pl.Int64,
            "offset": pl.Int64,
            "length": pl.Int64,
            "reason": pl.String,
            "records": pl.Int64,
        }
        return pl.DataFrame([(f.source, *r) for f in self.files for r in f.rejections], schema=schema, orient="row")

    @property
    def notes(self) -> pl.DataFrame:
        """One row per source and rule that was applied to odd values: how many values it met."""
        schema = {"source": pl.String, "note": pl.String, "count": pl.Int64}
        return pl.DataFrame(
            [(f.source, note, n) for f in self.files for note, n in sorted(f.notes.items())],
            schema=schema,
            orient="row",
        )

    def to_dict(self) -> dict[str, Any]:
        return {
            "files": [{k: v for k, v in asdict(f).items() if k != "_before"} for f in self.files],
            "overall": self.overall,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LoadReport:
        files = [
            FileReport(**{**f, "rejections": [Rejected(*r) for r in f["rejections"]]}) for f in data.get("files", ())
        ]
        return cls(files, dict(data.get("overall", {})))

    def _lines(self) -> list[str]:
        out = []
        for f in self.files:
            out.append(f"{f.source}: {f.outcome}  [{f.kind}; {f.bytes:,} bytes]")
            if f.format in _FOUND and f.why and f.records:
                out.append(f"    read {f.why}" if f.why.startswith("by ") else f"    read by {f.why}")
            out += [f"    {f.place(r)}: {r.reason}" for r in f.rejections[:3]]
            if f.rejected > 3:
                out.append(f"    … and {f.rejected - 3:,} more: load_report.rejected")
            out += [f"    {n:,} × {note}" for note, n in sorted(f.notes.items())]
        return out + _overall_lines(self.overall)

    def __str__(self) -> str:
        return (
            "\n".join("".join(c if c.isprintable() else "\ufffd" for c in line) for line in self._lines())
            or "nothing was read"
        )

    __repr__ = __str__

    def _repr_html_(self) -> str:
        names = _short([f.source for f in self.files])
        rows = [
            [text(name), text(f.kind), text(f.outcome), f"{f.out_of_order:,}" if f.out_of_order else "", f"{f.bytes:,}"]
            for name, f in zip(names, self.files, strict=True)
        ]
        head = ["source", "what it is", "outcome", "out of order", "bytes"]
        parts = [table(head, rows, [False, False, False, True, True])]
        places = [
            [text(name), text(f.place(r)), text(r.reason)]
            for name, f in zip(names, self.files, strict=True)
            for r in f.rejections
        ]
        if places:
            total = sum(f.rejected for f in self.files)
            more = f" (first 20 of {total:,}; all: <code>load_report.rejected</code>)" if total > 20 else ""
            parts.append(
                f"<p><b>Rejected</b>{more}</p>" + table(["source", "place", "reason"], places[:20], [False] * 3)
            )
        notes = [
            [text(name), text(note), f"{n:,}"]
            for name, f in zip(names, self.files, strict=True)
            for note, n in sorted(f.notes.items())
        ]
        if notes:
            parts.append("<p><b>Odd values, and the rule that was applied</b></p>")
            parts.append(table(["source", "rule", "values"], notes, [False, False, True]))
        parts += [f"<p>{text(line)}</p>" for line in _overall_lines(self.overall)]
        return block(*parts)


def _short(names: list[str]) -> list[str]:
    """The names without the folder that all of them are in."""
    folders = [name.rpartition("/")[0] for name in names]
    common = os.path.commonpath(folders) if len(names) > 1 and all(f.startswith("/") for f in folders) else ""
    return [name.removeprefix(common).removeprefix("/") if len(common) > 1 else name for name in names]


_COUNTED: Final = {
    "without_time": "without any time",
    "by_observed_time": "ordered by observed time, for want of another",
    "time_ties": "with the same time as another",
    "duplicate_record_ids": "with the id of another: the same source twice?",
}


def _overall_lines(o: Mapping[str, Any]) -> list[str]:
    """The findings over all records that a person should know, only where there is something to say."""
    out = []
    for said, session in o.get("recordings", {}).get("linked", ()):
        out.append(f"the recording {said!r} has no record of its own: by time it is of session {session}")
    if alone := o.get("recordings", {}).get("alone"):
        out.append(f"{plural(len(alone), 'recording')} of sessions without a record: {', '.join(map(repr, alone[:3]))}")
    for key, words in _COUNTED.items():
        if o.get(key):
            out.append(f"{plural(o[key], 'record')} {words}")
    for service, n, median, low, high in o.get("skew", ()):
        if abs(median) >= 1_000_000_000:
            name = service if service is not None else "(no service)"
            out.append(
                f"clock skew of {name}: observed {median / 1e9:+,.1f} s after the event in the median of"
                f" {n:,} records ({low / 1e9:+,.1f} to {high / 1e9:+,.1f} s)"
            )
    for start, stop in o.get("gaps", ()):
        a, b = pl.Series([start, stop]).cast(TIME).dt.strftime("%Y-%m-%d %H:%M:%S")
        out.append(f"no records for {duration(stop - start)}: {a} to {b} UTC")
    return out
