"""The same tables as Parquet: a folder with logs-*.parquet, resources, sources, spans … and manifest.json."""

from __future__ import annotations

import json
import os
import shutil
from typing import TYPE_CHECKING, Any, Final

import duckdb

from lognb.engines.duckdb import catalog
from lognb.engines.duckdb.connect import READING, Params, connect, literal, rows
from lognb.engines.duckdb.engine import DuckDB
from lognb.engines.duckdb.joins import JOINED_SQL
from lognb.engines.duckdb.overview import overview
from lognb.engines.duckdb.sql import within_range
from lognb.errors import StoreError
from lognb.schema import LAYOUT_VERSION, ROW_GROUP

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from lognb.engines.base import Window
    from lognb.query import Query

MANIFEST: Final = "manifest.json"
_BESIDE: Final = ("resources", "resource_attrs", "sources", "spans", "recordings")
_SMALL: Final = (*_BESIDE, "keys")
_FILE_ROWS: Final = 16 * ROW_GROUP


def write(engine: DuckDB, directory: Path, query: Query, windows: Sequence[Window] | None = None) -> None:
    """Write the records of a query, their resources, all sources, and spans and recordings: all, or see `_beside`.

    An earlier folder of ours is replaced, once the new one is whole; any other that is not empty is refused.
    """
    _refuse(directory)
    temp = directory.with_name(f"{directory.name}.{os.getpid()}.tmp")
    try:
        shutil.rmtree(temp, ignore_errors=True)
        temp.mkdir(parents=True)
        _logs(engine, temp, query)
        params = Params()
        used = f"resource_ix IN (SELECT DISTINCT resource_ix FROM store.logs WHERE {engine.where(query, params)})"
        for table in ("resources", "resource_attrs"):
            _copy(engine, f"SELECT * FROM store.{table} WHERE {used} ORDER BY ALL", params, temp / f"{table}.parquet")
        _sources(engine, temp / "sources.parquet")
        params = Params()
        for table, kept in zip(("spans", "recordings"), _beside(engine, query, windows, params), strict=True):
            _copy(engine, f"SELECT * FROM store.{table} WHERE {kept}", params, temp / f"{table}.parquet")
        describe(temp, engine.report)
        _swap(temp, directory)
    except OSError as error:
        raise StoreError(f"{directory} cannot be written: {error.strerror or error}") from error
    finally:
        shutil.rmtree(temp, ignore_errors=True)


def scan(directory: Path) -> DuckDB:
    """The folder as an engine, in place; raises StoreError if it is not ours, of another version or not whole."""
    manifest = _manifest(directory)
    con = connect(memory=READING)
    try:
        _views(con, directory, _SMALL)
        held = rows(con, "SELECT (SELECT count(*) FROM store.logs), (SELECT count(*) FROM store.spans)")[0]
        if held != (manifest["records"], manifest["spans"]):
            raise StoreError(f"{directory} is not whole: {held[0]} of {manifest['records']} records; write it again")
        known = catalog.load(con)
    except duckdb.Error as error:
        con.close()
        raise StoreError(f"{directory} cannot be read: {error}; write it again") from error
    except StoreError:
        con.close()
        raise
    return DuckDB(con, manifest, known, path=directory, rowid="rid")


def _beside(engine: DuckDB, query: Query, windows: Sequence[Window] | None, params: Params) -> tuple[str, str]:
    """Which spans and which recordings go along: all without `windows`.

    Else the spans of the traces of the records, the recordings of the sessions of both, and what overlaps one of the
    windows. What has no time overlaps none.
    """
    if windows is None:
        return "true", "true"
    within = [f"({_overlap(window, params)})" for window in windows]
    records = f"FROM store.logs WHERE {engine.where(query, params)}"
    spans = " OR ".join([f"trace_id IN (SELECT trace_id {records} AND trace_id IS NOT NULL)", *within])
    sessions = " UNION ".join(
        f"SELECT {JOINED_SQL['session']} {told}" for told in (records, f"FROM store.spans WHERE {spans}")
    )
    return spans, " OR ".join([f"session_id IN ({sessions})", *within])


def _overlap(window: Window, params: Params) -> str:
    since, until = window
    tests = ["start IS NOT NULL"]
    if since is not None:
        tests.append(f'coalesce("end", start) >= make_timestamp_ns({params.add(within_range(since))})')
    if until is not None:
        tests.append(f"start < make_timestamp_ns({params.add(within_range(until))})")
    return " AND ".join(tests)


def _sources(engine: DuckDB, path: Path) -> None:
    """The store may have been built under other names of the same content; the names of now are written."""
    params = Params()
    names = params.add(engine.source_names())
    select = f"SELECT source_ix, digest, {names}[row_number() OVER (ORDER BY source_ix)]::VARCHAR AS name"
    _copy(engine, f"{select} FROM store.sources ORDER BY source_ix", params, path)


def _logs(engine: DuckDB, folder: Path, query: Query) -> None:
    """Files of at most _FILE_ROWS rows in time order, so that one file is never too large to move or to read."""
    params = Params()
    where = engine.where(query, params)
    numbered = (
        f"SELECT {engine.rowid} AS rid, row_number() OVER (ORDER BY {engine.rowid}) AS n FROM store.logs WHERE {where}"
    )
    sql = f"SELECT rid FROM ({numbered}) WHERE n % {_FILE_ROWS} = 1 ORDER BY rid"
    starts = [r for (r,) in engine.rows(sql, params)] or [0]
    columns = "* EXCLUDE (rid)" if engine.rowid == "rid" else "*"
    for i, start in enumerate(starts):
        end = f"AND {engine.rowid} < {starts[i + 1]}" if i + 1 < len(starts) else ""
        part = f"FROM store.logs WHERE {where} AND {engine.rowid} >= {start} {end} ORDER BY {engine.rowid}"
        _copy(engine, f"SELECT {columns} {part}", params, folder / f"logs-{i:05d}.parquet")


def _copy(engine: DuckDB, select: str, params: Params, path: Path) -> None:
    engine.rows(
        f"COPY ({select}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE {ROW_GROUP})",
        params,
    )


def describe(folder: Path, report: dict[str, Any]) -> None:
    """Write the table of keys and the manifest, from the other files of a folder."""
    con = connect()
    try:
        _views(con, folder, _BESIDE)
        catalog.write(con)
        keys = literal(str(folder / "keys.parquet"))
        con.execute(f"COPY (FROM store.keys ORDER BY ALL) TO {keys} (FORMAT parquet, COMPRESSION zstd)")
        facts = overview(con)
    finally:
        con.close()
    manifest = {
        "format": "lognb",
        "layout": LAYOUT_VERSION,
        "records": facts["records"],
        "spans": facts["spans"],
        "overview": facts,
        "report": report,
    }
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _views(con: duckdb.DuckDBPyConnection, folder: Path, tables: tuple[str, ...]) -> None:
    con.execute("ATTACH ':memory:' AS store")
    files = sorted(folder.glob("logs-*.parquet"))
    if not files:
        raise StoreError(f"{folder} has no logs-*.parquet; write it again")
    listed = ", ".join(literal(str(f)) for f in files)
    con.execute(
        "CREATE VIEW store.logs AS SELECT *, (file_index::BIGINT << 40) + file_row_number::BIGINT AS rid "
        f"FROM read_parquet([{listed}])"
    )
    for table in tables:
        path = literal(str(folder / f"{table}.parquet"))
        con.execute(f"CREATE VIEW store.{table} AS SELECT * FROM read_parquet({path})")


def _manifest(directory: Path) -> dict[str, Any]:
    path = directory / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        if manifest["format"] != "lognb":
            raise KeyError("format")
    except FileNotFoundError as error:
        raise StoreError(f"{directory} has no {MANIFEST}, so it is not a folder that lognb wrote") from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise StoreError(f"{path} is not lognb's or is damaged") from error
    if manifest["layout"] != LAYOUT_VERSION:
        raise StoreError(
            f"{directory} has layout version {manifest['layout']}, this lognb reads {LAYOUT_VERSION}; write it again"
        )
    return dict(manifest)


def _refuse(directory: Path) -> None:
    if directory.is_dir() and any(directory.iterdir()):
        try:
            _manifest(directory)
        except StoreError as error:
            if "layout version" not in str(error):
                raise StoreError(f"{directory} is not empty and not a folder that lognb wrote; name another") from error
    elif directory.exists() and not directory.is_dir():
        raise StoreError(f"{directory} is a file; name a folder")


def _swap(temp: Path, directory: Path) -> None:
    old = directory.with_name(f"{directory.name}.{os.getpid()}.old")
    if directory.exists():
        directory.replace(old)
    temp.replace(directory)
    shutil.rmtree(old, ignore_errors=True)
