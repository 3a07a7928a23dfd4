"""An incident bundle: a zip with the report and the records, spans and recordings that it is about.

    README.md          what this is, and how to open it with and without lognb
    manifest.json      what is in it: versions, sources, queries, counts, and each file with its size and SHA-256
    records/           the records as lognb's Parquet, which `ln.scan` opens; the spans and recordings beside them
    otlp/              logs.jsonl and traces.jsonl: the same records and spans as OTLP JSON lines
    recordings/        session recordings, a JSON array of rrweb's events each
    notes.json         pinned records and marks
    report/            the report's blocks: blocks.json, a Parquet file for each frame, an SVG for each picture
    report.html, .ipynb   the report to read, and as a notebook

Of a second Logs in one report the folders are records-2, otlp-2, and so on. `opened.py` reads it. The same report gives
the same bytes, but for the time it was made at. Memory is bounded however many records there are: the engine writes the
Parquet, and OTLP is streamed.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import msgspec
import polars as pl
import pyarrow.parquet as pq

from lognb import _notes
from lognb._export import replacing
from lognb._origin import opening
from lognb._progress import Bar
from lognb.errors import LognbError
from lognb.loaders.otlp_write import log_lines, span_lines
from lognb.query import Query, format_time
from lognb.redaction import redact_folder
from lognb.replay.events import decode
from lognb.report import archive, hidden, serial
from lognb.report.about import readme
from lognb.report.redacted import query_redacted
from lognb.report.slices import taken

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from lognb.redaction import Redactor
    from lognb.report.blocks import Block, Document
    from lognb.report.report import Report
    from lognb.report.slices import Slice

FORMAT: Final = "lognb-bundle"
VERSION: Final = 1
"""Of the layout above; a bundle of a newer one is not opened."""
MANIFEST: Final = "manifest.json"
_ROWS: Final = 20_000  # records or spans in memory at once
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9_.-]+")


@dataclass(frozen=True)
class Part:
    """Where the records of one Logs are in a bundle; `number` counts from 1."""

    number: int

    def name(self, what: str) -> str:
        """`records`, or `records-2` of the second; the same with an ending.

        >>> Part(1).name("notes.json"), Part(2).name("notes.json"), Part(2).name("otlp")
        ('notes.json', 'notes-2.json', 'otlp-2')
        """
        stem, dot, ending = what.partition(".")
        return what if self.number == 1 else f"{stem}-{self.number}{dot}{ending}"


def write(report: Report, path: Path) -> Path:
    """Write the bundle; an earlier file at `path` stays whole until this one is.

    Raises LognbError if it cannot be written, or if what redaction hid is still found in one of its files: then
    nothing is written.
    """
    redactor = report.redactor()
    slices = taken(report.logs, report.blocks, report.records)
    for part in slices:
        if redactor is not None and all(known.engine is not part.logs.engine for known in report.logs):
            redactor.learn(part.logs)
    of = [_place(block, slices) for block in report.blocks]  # what redaction adds to them is of none
    try:
        stage = Path(tempfile.mkdtemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent))
    except OSError as error:
        raise LognbError(f"{path} cannot be written: {error.strerror}; name another file") from error
    try:
        with replacing(path) as file:
            with closing(archive.Writer(file)) as out, closing(Bar("bundle", 1)) as bar:
                kept = []
                for i, part in enumerate(slices, 1):
                    kept.append(_records(out, part, Part(i), stage, redactor, _share(bar, i - 1, len(slices))))
                document = report.document(redactor)  # after the records, so that it says what was hidden in these too
                _document(out, document, of, path.name, redactor)
                manifest = _manifest(document, kept)
                manifest["hidden"] = [] if redactor is None else redactor.audit().drop("where").to_dicts()
                _add(out, "README.md", readme(document, manifest, path.name).encode())
                manifest["files"] = sorted(out.files, key=lambda f: str(f["path"]))
                _add(out, MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n")
            if redactor is not None:
                file.flush()
                hidden.prove(Path(file.name), redactor)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    return path


def _share(bar: Bar, before: int, parts: int) -> Callable[[float], None]:
    return lambda done: bar.up_to((before + done) / parts)


def _place(block: Block, slices: list[Slice]) -> int | None:
    """Which of the slices a block's answer is of."""
    logs = block.origin.logs if block.origin else None
    return next((i for i, part in enumerate(slices) if logs and part.logs.engine is logs.engine), None)


def _add(out: archive.Writer, name: str, data: bytes) -> None:
    out.add(name, [data], len(data))


def _records(
    out: archive.Writer, part: Slice, at: Part, stage: Path, redactor: Redactor | None, progress: Any
) -> dict[str, Any]:
    """The files of one slice; what the manifest says of it."""
    from lognb.engines.duckdb import scan_parquet

    folder = stage / at.name("records")
    part.logs.engine.write_parquet(folder, part.query, part.windows)
    if redactor is not None:
        redact_folder(folder, redactor)
    for file in sorted(folder.iterdir()):
        _copy(out, f"{folder.name}/{file.name}", file)
    with closing(scan_parquet(folder)) as engine:
        total = engine.overview["records"]
        frames = _counted(engine.batches(Query(), rows=_ROWS), total, progress)
        out.add(f"{at.name('otlp')}/logs.jsonl", log_lines(frames))
        out.add(f"{at.name('otlp')}/traces.jsonl", span_lines(_spans(folder / "spans.parquet")))
        recorded = _recordings(out, engine, at)
        counts = {"records": total, "spans": engine.overview["spans"], "size_bytes": engine.overview["size_bytes"]}
    shutil.rmtree(folder)
    notes = hidden.notes(_notes.of(part.logs.engine), redactor)
    _add(out, at.name("notes.json"), _notes.written(notes).encode())
    whole, opened = part.logs.engine.overview, part.logs.engine.opened
    query = part.query if redactor is None else query_redacted(part.query, redactor)
    hide = redactor.text if redactor else str
    return {
        "folder": at.name("records"),
        **counts,
        "of_records": whole["records"],
        "of_spans": whole["spans"],
        "recordings": recorded,
        "pins": len(notes.pins),
        "marks": len(notes.marks),
        "query": str(query),
        "windows": None if part.windows is None else [[_time(at) for at in window] for window in part.windows],
        "opened": hide(opened.code),
        "sources": [{"name": hide(name), "digest": digest} for name, digest in opened.sources],
    }


def _copy(out: archive.Writer, name: str, file: Path) -> None:
    with file.open("rb") as source:
        out.add(name, iter(lambda: source.read(archive.BLOCK), b""), file.stat().st_size)


def _counted(frames: Iterator[pl.DataFrame], total: int, progress: Any) -> Iterator[pl.DataFrame]:
    done = 0
    for frame in frames:
        yield frame
        done += frame.height
        progress(done / max(total, 1))


def _spans(file: Path) -> Iterator[pl.DataFrame]:
    """Spans as they are stored, in the order of their starts: the columns of schema.SPAN but `source`."""
    with pq.ParquetFile(file) as stored:
        for batch in stored.iter_batches(_ROWS):
            frame = pl.from_arrow(batch)
            assert isinstance(frame, pl.DataFrame)
            yield frame


def _recordings(out: archive.Writer, engine: Any, at: Part) -> list[dict[str, Any]]:
    """One file for each session; which is which is in the manifest, as ids of sessions may be any text."""
    told: list[dict[str, Any]] = []
    used: set[str] = set()
    for session in engine.recordings()["session_id"].unique(maintain_order=True).to_list():
        stem = _UNSAFE.sub("_", session).lstrip(".")[:80] or "recording"
        name = stem
        while name.casefold() in used:
            name = f"{stem}-{len(used) + 1}"
        used.add(name.casefold())
        file = f"{at.name('recordings')}/{name}.json"
        events = decode(engine.recording(session))
        _add(out, file, msgspec.json.encode(events))
        told.append({"session_id": session, "file": file, "events": len(events)})
    return told


def _document(
    out: archive.Writer, document: Document, of: list[int | None], name: str, redactor: Redactor | None
) -> None:
    from lognb.report import notebook, page  # which load the widgets

    for file, data in serial.dump(document, of).items():
        _add(out, file, data)
    _add(out, "report.html", page.html(document).encode("utf-8", "replace"))
    opened = {
        (block.origin.opened, block.origin.sources): call(name, number)
        for block, number in zip(document.blocks, of, strict=False)
        if block.origin and number is not None
    }
    rules = None if redactor is None else notebook.said(redactor)
    made = notebook.notebook(document, opened, out=f"{Path(name).stem}.html", rules=rules)
    _add(out, "report.ipynb", json.dumps(made, indent=1).encode() + b"\n")


def call(bundle: str | Path, number: int) -> str:
    """The code that gives the Logs of a bundle, counted from 0."""
    return f"{opening('open_bundle', [bundle], {})}." + (f"all_logs[{number}]" if number else "logs")


def _manifest(document: Document, kept: list[dict[str, Any]]) -> dict[str, Any]:
    queries = dict.fromkeys(str(block.origin.query) for block in document.blocks if block.origin)
    return {
        "format": FORMAT,
        "version": VERSION,
        "lognb": document.version,
        "made": document.made.isoformat(),
        "title": document.title,
        "zone": document.zone,
        "redacted": document.redacted,
        "blocks": len(document.blocks),
        "queries": [query for query in queries if query],
        "sources": [{"name": source, "digest": digest} for source, digest in document.sources],
        "slices": kept,
    }


def _time(ns: int | None) -> str | None:
    return None if ns is None else format_time(ns)
