"""The store as a file: built aside, put in place in one step, opened read-only, never trusted before it is checked.

A store that is being built is `<name>.<pid>-<n>.tmp` with a folder `….stage` beside it; both vanish at the end, and
those of dead processes are swept by the next build. So at any moment a store is whole or absent.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import polars as pl

from lognb.engines.duckdb import cache, catalog, tables
from lognb.engines.duckdb.connect import READING, connect, literal, rows, stoppable
from lognb.engines.duckdb.engine import DuckDB
from lognb.engines.duckdb.overview import overview
from lognb.engines.duckdb.stage import Limits, Stage
from lognb.errors import StoreError
from lognb.schema import LAYOUT_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from lognb.schema import Batch

    Progress = Callable[[float], None]

_HEADERS: Final = 3 * 4096
_serial = itertools.count()


def build(
    path: str | Path | None,
    batches: Iterable[Batch],
    sources: Sequence[tuple[str, str]] = (),
    report: Callable[[], dict[str, Any]] = dict,
    progress: Progress | None = None,
    *,
    limits: Limits | None = None,
) -> DuckDB:
    """Fill a store from batches and open it; `path` None keeps it in memory.

    `sources` are (digest, name) pairs: the store keeps digests, names are given again at each opening. `report` is
    called once the batches are at their end; `progress` gets the part, 0 to 1, of the last step, after all batches.
    Raises StoreError if the file cannot be written; what the batches raise passes through. A store that cannot be
    started where it should be is made in memory, and the engine's `notes` say so.
    """
    job = _Job(batches, sources, report, progress or (lambda part: None), limits or Limits())
    if path is None:
        return _in_memory(job)
    target = Path(path)
    temp = target.with_name(f"{target.name}.{os.getpid()}-{next(_serial)}.tmp")
    stage = temp.with_suffix(".stage")
    try:
        stage.mkdir(parents=True)
    except OSError as error:
        engine = _in_memory(job)
        engine.notes.append(f"{target.parent} cannot be written ({error.strerror}), so the records are in memory only")
        return engine
    try:
        sweep(target.parent)
        with stoppable():
            _write(temp, stage, job)
        _put(temp, target)
    except (duckdb.Error, pl.exceptions.PolarsError, OSError) as error:
        if error is job.broken:
            raise
        raise StoreError(f"the store {target} cannot be written: {error}; free some space or pass store=") from error
    finally:
        _remove(temp, stage)
    cache.trim(target)
    opened = open_store(target, sources)
    if opened is None:
        raise StoreError(f"the store {target} was written but cannot be read back; is the disk full or failing?")
    return opened


def open_store(path: str | Path, sources: Sequence[tuple[str, str]] = ()) -> DuckDB | None:
    """The store at `path`, read-only; None if it is absent, damaged or of another layout version.

    `sources` give the names of now to the digests in the store.
    """
    target = Path(path)
    if not target.is_file():
        return None
    con = connect(memory=READING)
    lease = cache.lease(target)
    try:
        con.execute(f"ATTACH {literal(str(target))} AS store (READ_ONLY)")
        manifest = _checked(con, target)
        if manifest is not None:
            return DuckDB(con, manifest, catalog.load(con), path=target, lease=lease, sources=sources)
    except (duckdb.Error, LookupError, ValueError, TypeError):
        pass  # Whatever is wrong with it, it is made anew.
    con.close()
    lease()
    return None


def peek(path: Path) -> tuple[int | None, list[str] | None]:
    """How many records a store has and the names its sources had; None where it cannot be read."""
    con = connect()
    try:
        con.execute(f"ATTACH {literal(str(path))} AS store (READ_ONLY)")
        manifest = _checked(con, path)
        names = [n for (n,) in rows(con, "SELECT name FROM store.sources ORDER BY source_ix")]
        return (None, None) if manifest is None else (manifest["records"], names)
    except (duckdb.Error, LookupError, ValueError, TypeError):
        return None, None
    finally:
        con.close()


def scan_parquet(directory: str | Path) -> DuckDB:
    """lognb's own Parquet as an engine, in place; raises StoreError if the folder is not that."""
    from lognb.engines.duckdb import parquet

    return parquet.scan(Path(directory))


def sweep(folder: Path) -> None:
    """Remove what builds of dead processes left."""
    for path in itertools.chain(folder.glob("*.tmp"), folder.glob("*.stage"), folder.glob("*.tmp.wal")):
        owner = path.name.removesuffix(".wal").rsplit(".", 2)[-2].partition("-")[0]
        if owner.isdigit() and not _alive(int(owner)):
            _remove(path, path)


@dataclass
class _Job:
    """What build was asked for."""

    batches: Iterable[Batch]
    sources: Sequence[tuple[str, str]]
    report: Callable[[], dict[str, Any]]
    progress: Progress
    limits: Limits
    broken: BaseException | None = None

    def incoming(self) -> Iterator[Batch]:
        """The batches; an error of theirs is kept apart from those of the store."""
        try:
            yield from self.batches
        except Exception as error:
            self.broken = error
            raise


def _in_memory(job: _Job) -> DuckDB:
    con = connect()
    con.execute("RESET memory_limit")
    con.execute("ATTACH ':memory:' AS store")
    manifest = _fill(con, None, job)
    return DuckDB(con, manifest, catalog.load(con), path=None, sources=job.sources)


def _write(temp: Path, folder: Path, job: _Job) -> None:
    con = connect(spill=folder)
    try:
        con.execute(f"ATTACH {literal(str(temp))} AS store")
        _fill(con, folder, job)
        con.execute("CHECKPOINT store")
        con.execute("DETACH store")
    finally:
        con.close()


def _fill(con: duckdb.DuckDBPyConnection, folder: Path | None, job: _Job) -> dict[str, Any]:
    """Make all tables; the manifest comes last."""
    stage = Stage(folder, job.limits, list(dict.fromkeys(name for _, name in job.sources)))
    stage.fill(job.incoming())
    tables.create(con, stage, job.progress)
    tables.write_sources(con, stage.names, job.sources)
    catalog.write(con)
    manifest = {
        "format": "lognb",
        "layout": LAYOUT_VERSION,
        "records": stage.records,
        "spans": stage.spans,
        "overview": overview(con),
        "report": job.report(),
    }
    tables.write_manifest(con, manifest)
    return manifest


def _checked(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any] | None:
    """The manifest, if the file is whole and of this layout."""
    manifest: dict[str, Any] = json.loads(rows(con, "SELECT manifest FROM store.manifest")[0][0])
    if manifest["format"] != "lognb" or manifest["layout"] != LAYOUT_VERSION:
        return None
    held = rows(con, "SELECT (SELECT count(*) FROM store.logs), (SELECT count(*) FROM store.spans)")[0]
    if held != (manifest["records"], manifest["spans"]):
        return None
    # The head of a truncated file still answers; only its length tells.
    size = rows(con, "SELECT block_size * total_blocks FROM pragma_database_size() WHERE database_name = 'store'")
    return manifest if path.stat().st_size >= size[0][0] + _HEADERS else None


def _put(temp: Path, target: Path) -> None:
    """Make `temp` the store: on disk first, then in place, then the folder that names it on disk."""
    with temp.open("rb") as file:
        os.fsync(file.fileno())
    temp.replace(target)
    if os.name == "posix":
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _remove(temp: Path, stage: Path) -> None:
    for path in (temp, temp.with_name(temp.name + ".wal")):
        if path.is_file():
            path.unlink(missing_ok=True)
    shutil.rmtree(stage, ignore_errors=True)


def _alive(pid: int) -> bool:
    if os.name != "posix":
        return True  # os.kill would end it; Windows refuses to remove files in use anyway.
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    return True
