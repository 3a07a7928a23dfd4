"""Logs: log records seen through a query; and `read`, `scan` and `frames`, which open them."""

from __future__ import annotations

import hashlib
import json
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from lognb import _arguments, _asking, _completer, _export, _kept, _notes, _overview
from lognb._moments import Moment, resolve
from lognb._origin import Opened, called, opening
from lognb._progress import Bar
from lognb._sql import sql as _sql
from lognb._text import plain
from lognb._version import __version__
from lognb.analyses.changes import changes as _changes
from lognb.analyses.compare import compare as _compare
from lognb.analyses.errors import errors as _errors
from lognb.analyses.errors import offer as _offer_issues
from lognb.analyses.explain import explain as _explain
from lognb.analyses.facets import facets as _facets
from lognb.analyses.hours import hours as _hours
from lognb.analyses.impact import impact as _impact
from lognb.analyses.mined import offer as _offer_patterns
from lognb.analyses.patterns import patterns as _patterns
from lognb.analyses.scope import scope as _scope
from lognb.analyses.services import services as _services
from lognb.analyses.sessions import sessions as _sessions
from lognb.analyses.stats import stats as _stats
from lognb.analyses.steps import steps as _steps
from lognb.analyses.summary import summary as _summary_of
from lognb.analyses.traces import traces as _traces
from lognb.analyses.usage import usage as _usage
from lognb.analyses.volume import volume as _volume
from lognb.analyses.waterfall import waterfall as _waterfall
from lognb.engines.duckdb import build, open_store, scan_parquet
from lognb.engines.duckdb import cache as _stores
from lognb.engines.duckdb.cached import Cache
from lognb.errors import QueryError, SourceError, StoreError
from lognb.loaders import MAX_EXPANSION, MAX_UNIT_BYTES, Load, LoadReport, expand, to_frame
from lognb.loaders.load import load_frames
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lognb.analyses.whose import Kind
    from lognb.engines.base import Engine
    from lognb.loaders import Source
    from lognb.result import Result
    from lognb.schema import Batch
    from lognb.widgets.explorer import Explorer
    from lognb.widgets.story import Story


def read(
    *sources: Any,
    store: str | Path | None = None,
    workers: int | None = None,
    progress: bool | None = None,
    session_keys: str | Sequence[str] = (),
    user_keys: str | Sequence[str] = (),
    columns: Mapping[str, str] | None = None,
    max_expansion: float = MAX_EXPANSION,
    max_unit_bytes: int = MAX_UNIT_BYTES,
) -> Logs:
    """Load files, globs, folders (recursively), bytes, open binary files or frames, whatever logs are in them.

    OTLP is read as JSON or protobuf in any framing; Parquet by the layouts of otlp2parquet, ClickHouse, duckdb-otlp,
    rotel and PostHog; other Parquet, CSV and JSON lines by the names that loggers usually give to time, level, message
    and ids. `columns` says it instead, as {"body": "msg", "time": "ts"}: a part of the record (schema.RECORD; "time" is
    the timestamp) and the column for it. A frame is one of Polars or pandas, or anything with an Arrow stream. Columns
    that are no part of the record become attributes with their type. A frame of events is read with `columns` that name
    event_name, session_id and user_id. `columns` holds for all tables among the sources; where they differ, rename a
    frame's columns to the parts. The load report says what was found, how times were read, and what did not fit.

    The records go into a local store once; reading the same content again opens that store, whatever the files are
    called by then. `store` names a file of your own for it instead of lognb's cache. `workers` are the processes that
    decode (default: as many as are worth it). `session_keys` and `user_keys` are attribute keys to look for before the
    known ones. `max_expansion` and `max_unit_bytes` bound what a compressed file may grow to, as a ratio, and how
    large one message may be; what is beyond them is rejected in the load report.

    Raises SourceError if a source is missing, if `columns` names a part or a column that is not there, or if no log
    record, no span and no recording came out of any source.
    """
    if not sources:
        raise SourceError("nothing to read: name files, folders, patterns, addresses, bytes or frames")
    found = expand(sources)
    named = [(_digest(source), source.name) for source in found]
    digests = [digest for digest, _ in named]
    options: dict[str, Any] = {
        "session_keys": _listed(session_keys),
        "user_keys": _listed(user_keys),
        "columns": dict(columns) if columns else None,
        "max_expansion": max_expansion,
        "max_unit_bytes": max_unit_bytes,
    }
    key = _key(sorted(digests), options)
    path = _stores.path_for(key) if store is None else Path(store)
    engine = open_store(path, sources=named)
    if engine is None and store is not None and path.exists():
        raise StoreError(f"{path} is there and is no store that this lognb can open; remove it or name another file")
    if engine is not None and engine.report.get("key") != key:
        engine.close()
        engine = None
    if engine is None:
        load = Load(found, workers=workers, progress=progress is not False, **options)
        facts = {"key": key, "digests": digests}
        with closing(Bar("storing", 1, show=progress is not False)) as bar:
            engine = build(
                path,
                _some(load),
                sources=named,
                report=lambda: facts | {"load": load.report.to_dict()},
                progress=bar.up_to,
            )
    given = {"session_keys": session_keys, "user_keys": user_keys, "columns": columns, "store": store and str(store)}
    engine.opened = Opened(opening("read", sources, given), tuple((name, digest) for digest, name in named))
    report = LoadReport.from_dict({**engine.report["load"], "overall": engine.overview})
    names = list(named)
    for file, digest in zip(report.files, engine.report["digests"], strict=True):
        # A store outlives the names of its files; the same content may have several.
        file.source = names.pop(next(i for i, (known, _) in enumerate(names) if known == digest))[1]
    return Logs(engine, Query(), [source.name for source in found], report)


def cache() -> Cache:
    """The local stores, in which what was read once is found again."""
    return Cache()


def scan(directory: str | Path) -> Logs:
    """Open Parquet that `write_parquet` wrote, in place: nothing is copied."""
    engine = scan_parquet(directory)
    digests = engine.report.get("digests", [])
    engine.opened = Opened(opening("scan", [directory], {}), tuple((str(directory), d) for d in digests))
    report = LoadReport.from_dict({**engine.report.get("load", {}), "overall": engine.overview})
    return Logs(engine, Query(), [str(directory)], report)


def frames(*sources: Any, **options: Any) -> Frames:
    """The loaders alone: an iterator of Polars frames in the columns of schema.RECORD; no store, bounded memory.

    Options are those of `read`, without `store`.
    """
    return Frames(Load(expand(sources), **options))


class Frames:
    """Frames of records as they are decoded, in the order of the sources; `load_report` is complete at the end."""

    def __init__(self, load: Load) -> None:
        self._load = load

    def __iter__(self) -> Iterator[pl.DataFrame]:
        return load_frames(self._load, to_frame)

    @property
    def load_report(self) -> LoadReport:
        return self._load.report


class Logs:
    """The records of some sources that a query lets through; narrowing gives new Logs and copies nothing.

    `engine` answers, `query` says which records are meant (its text can be printed and parsed), `sources` are the
    names of the files and `load_report` says what was read from them and what could not be.
    """

    def __init__(self, engine: Engine, query: Query, sources: Sequence[str], load_report: LoadReport) -> None:
        self.engine = engine
        self.query = query
        self.sources = tuple(sources)
        self.load_report = load_report
        self._count: int | None = None
        _offer_issues(engine)
        _offer_patterns(engine)
        _completer.install(Logs)

    volume = called(_volume)
    facets = called(_facets)
    steps = called(_steps)
    hours = called(_hours)
    stats = called(_stats)
    usage = called(_usage)
    sessions = called(_sessions)
    services = called(_services)
    impact = called(_impact)
    changes = called(_changes)
    traces = called(_traces)
    waterfall = called(_waterfall)
    compare = called(_compare)
    errors = called(_errors)
    explain = called(_explain)
    scope = called(_scope)
    summary = called(_summary_of)
    patterns = called(_patterns)

    def where(
        self, text: str | Query | None = None, *, since: Moment | None = None, until: Moment | None = None
    ) -> Logs:
        """The records that also fit a query text and lie in the half-open window [since, until).

        A time is a datetime (UTC if it has no zone), ISO text, a time of the data's day ("09:30"), or relative to the
        data: "-15m" before the last of all records, "+2h" after the first. Raises QueryError for a text or time that
        cannot be understood, FieldError for a field that no record has.
        """
        query = Query.parse(text) if isinstance(text, str) else text if text is not None else Query()
        first, last = self.engine.overview["first"], self.engine.overview["last"]
        bounds = [None if t is None else resolve(t, first, last) for t in (since, until)]
        if bounds[0] is not None and bounds[1] is not None and bounds[0] >= bounds[1]:
            raise QueryError(f"since={str(since)!r} is not before until={str(until)!r}")
        query = self.query & query & Query((), *bounds)
        _asking.check(self.engine, query, text if isinstance(text, str) else None)
        return Logs(self.engine, query, self.sources, self.load_report)

    def between(self, since: Moment, until: Moment) -> Logs:
        """The records in the half-open window [since, until); times as for `where`."""
        return self.where(since=since, until=until)

    def __len__(self) -> int:
        if self._count is None:
            self._count = self.engine.count(self.query)
        return self._count

    def head(self, n: int = 10) -> pl.DataFrame:
        """The first `n` records in time order, those without a time last; the columns of schema.RECORD."""
        return self.engine.page(self.query, n).records

    def tail(self, n: int = 10) -> pl.DataFrame:
        """The last `n` records that have a time, in time order."""
        newest = self.engine.page(self.query, n, newest=True).records
        return newest.filter(pl.col("time").is_not_null()).reverse()

    def get(self, *record_ids: int | str) -> pl.DataFrame:
        """The records with these ids, in time order; an id that no record of these Logs has is left out."""
        ids = tuple(int(i) for i in record_ids)
        return self.engine.fetch(self.query & Query((Condition("record_id", "in", ids),)))

    def context(
        self, record_id: int | str, before: int | str = 20, after: int | str = 20, same: str | None = None
    ) -> pl.DataFrame:
        """The record with this id and the records around it, whatever the query: what else happened then.

        `before` and `after` are numbers of records, or lengths of time like "30s". In time order, equal times in the
        order of their sources; the columns of schema.RECORD. `same` keeps to the records with its "service", "node"
        (host.name, else k8s.node.name), "session" or "trace". Around a record without a time stand only others
        without, in the order of the sources; around others none of those. Raises QueryError if no record has the id,
        if the record lacks what `same` names, or a time where there are seconds to count from it.
        """
        at = _arguments.whole("record_id", record_id, 2**64 - 1)
        (most, far), (most_after, far_after) = _arguments.side("before", before), _arguments.side("after", after)
        return self.engine.context(at, most, most_after, same, within=(far, far_after))

    def sample(self, n: int, seed: int = 0) -> pl.DataFrame:
        """`n` records by lot, all if there are fewer, in time order; the columns of schema.RECORD.

        The same records and `seed` give the same sample, on any machine: the lot is a hash of record id and seed. A
        larger `n` adds to a smaller one. Raises QueryError for an `n` that is no number of records.
        """
        return self.engine.sample(self.query, _arguments.whole("n", n), seed)

    def to_polars(self, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """All records in time order, in memory. `columns` may name any field.

        Attributes keep their type; where a field's values are whole numbers and fractions they are Float64 (exact up
        to 2^53), where they are of several other types they are text as facets show it.
        """
        return self.engine.fetch(self.query, columns)

    def fields(self) -> pl.DataFrame:
        """Every field: `field`, `origin` (column, attribute or resource), `records` that have it, `values`, `types`."""
        return self.engine.fields(self.query)

    @property
    def spans(self) -> pl.DataFrame:
        """All spans found beside the logs, in the columns of schema.SPAN; the query does not narrow them."""
        return self.engine.spans()

    recordings = property(_kept.recordings)
    events = property(_kept.events)

    def write_parquet(self, directory: str | Path) -> Path:
        """Write the records, and the spans, as lognb's own Parquet; `lognb.scan` opens it in place."""
        self.engine.write_parquet(Path(directory), self.query)
        return Path(directory)

    def write_jsonl(self, path: str | Path) -> Path:
        """Write the records, and the spans, as OTLP JSON lines; `read` and any OTLP tool take them."""
        from lognb.loaders.otlp_write import write_otlp

        write_otlp(self.engine.batches(self.query), Path(path), spans=self.spans)
        return Path(path)

    lazy = _export.lazy
    write_csv = _export.write_csv
    to_arrow = _export.to_arrow
    to_pandas = _export.to_pandas
    sql = _sql

    pins = property(_notes.pins)
    pin = _notes.pin
    unpin = _notes.unpin
    marks = property(_notes.marks)
    mark = _notes.mark
    unmark = _notes.unmark

    @property
    def all(self) -> Logs:
        """All records of the sources, whatever these Logs' own query."""
        return Logs(self.engine, Query(), self.sources, self.load_report)

    def explore(self, permalink: str | None = None, **view: Any) -> Explorer:
        """A panel of these records: search, timeline, facets, table, lists; what is clicked is its `query` and `code`.

        `permalink` is what another panel gave as its own: it restores that panel's query and view, and warns where it
        was of other sources. `view` are settings to begin with: columns, newest, zone, by, unit, log, fields, baseline,
        tab.
        """
        from lognb.widgets.explorer import Explorer

        return Explorer(self, permalink, **view)

    def session(self, id: str, **options: Any) -> Story:
        """The story of one session: its records, also those that its traces join to it, spans, recording, on one clock.

        The beginning of an id is enough where it is the beginning of one only. Only the window of these Logs narrows a
        story. Options: at (a record's id), zone, project_url (of PostHog, https://us.posthog.com/project/1; else the
        environment's LOGNB_PROJECT_URL) and links ({name: address}, see lognb.analyses.links). Raises QueryError if
        there is none with this id, and names those that are near.
        """
        return self._story("session", id, options)

    def user(self, id: str, **options: Any) -> Story:
        """The story of one user: all their sessions, and all ids that `$identify` says are theirs; as `session`."""
        return self._story("user", id, options)

    def trace(self, id: str, **options: Any) -> Story:
        """The story of one trace: its spans as a waterfall, and its records; as `session`."""
        return self._story("trace", id, options)

    def _story(self, kind: Kind, id: str, options: dict[str, Any]) -> Story:
        from lognb.widgets.story import Story

        return Story(self, kind, id, **options)

    def __getitem__(self, field: str) -> Result:
        """`logs["http.route"]`: the values of one field."""
        return self.facets(field)

    __iter__ = None  # a loop over records in Python is what the engine is there to avoid

    def _ipython_key_completions_(self) -> list[str]:
        return self.engine.field_names()

    def __repr__(self) -> str:
        return self._summary().text()

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        summary = self._summary()
        return {"text/plain": summary.text(), "text/html": summary.html()}

    def _summary(self) -> _overview.Summary:
        notes = [] if str(self.query) else [*_overview.notes_of(self.engine.overview), *self.engine.notes]
        rejected = "" if str(self.query) else _overview.rejected_of(self.load_report)
        return _overview.summarise(self.engine, self.query, self.sources, rejected, notes)


def _key(digests: list[str], options: dict[str, Any]) -> str:
    """What a store depends on: the content, wherever it lies and in any order, the options, the version of lognb."""
    facts = json.dumps([__version__, digests, options], sort_keys=True)
    return hashlib.blake2b(facts.encode(), digest_size=16).hexdigest()


def _digest(source: Source) -> str:
    """The content's hash; a file that cannot be read has none, and is a line in the load report."""
    try:
        return source.digest()
    except OSError:
        return f"unreadable {source.name}"


def _listed(keys: str | Sequence[str]) -> list[str]:
    return [keys] if isinstance(keys, str) else list(keys)


def _some(load: Load) -> Iterator[Batch]:
    """The batches; raises at their end, before there is a store, if nothing was in them."""
    yield from load
    if not any(file.records or file.spans or file.recorded for file in load.report.files):
        why = [f"{plain(file.source, 100)}: {_overview.why(file)}" for file in load.report.files[:5]]
        more = f"; and {len(load.report.files) - 5} more" if len(load.report.files) > 5 else ""
        raise SourceError("no log record and no span, and no recording: " + "; ".join(why) + more, load.report)
