"""What people write down about records: pins, with the record kept whole, and marks at moments.

They belong to the content and not to one Logs: what is narrowed shares them. They are a JSON file beside the store,
`<store>.notes.json`; for a store in lognb's cache it is named after the content alone, so that it outlives the store
and a new version of lognb, and for an opened bundle after the bundle. Without a file to stand beside, they last as long
as the engine. Every change reads the file again under a lock and puts a whole new one in its place: two notebooks never
lose each other's pins.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import threading
import weakref
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from lognb._moments import Moment, resolve
from lognb.errors import QueryError, StoreError
from lognb.query import parse_time
from lognb.schema import RECORD, SEVERITY, TIME

try:
    import fcntl
except ImportError:  # Windows; there the file is replaced as a whole, and a lock within the process must do
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from lognb.engines.base import Engine
    from lognb.logs import Logs

PINS: Final = {"note": pl.String(), "who": pl.String(), "pinned": TIME, **RECORD}
MARKS: Final = {"time": TIME, "text": pl.String(), "who": pl.String()}
LONGEST: Final = 10_000
"""Characters of a note or a mark."""
_VERSION: Final = 1
_UNREADABLE: Final = "{}, which keeps pins and marks, cannot be read ({}); mend it or move it away"

_in_memory: weakref.WeakKeyDictionary[Any, Notes] = weakref.WeakKeyDictionary()
_lock = threading.RLock()
_serial = itertools.count()


@dataclass
class Notes:
    """`pins` are {record_id, note, pinned, record}, the newest last; `marks` are {time (ns), text}, by time.

    Either may have a `who`: the author, where one is said.
    """

    pins: list[dict[str, Any]] = field(default_factory=list)
    marks: list[dict[str, Any]] = field(default_factory=list)


def of(engine: Engine) -> Notes:
    """The notes as they are now; raises StoreError for a file that is none of ours."""
    path = place(engine)
    with _lock:
        return _in_memory.setdefault(engine, Notes()) if path is None else _read(path)


def place(engine: Engine) -> Path | None:
    """The file of the notes, which may not exist; None where records are in memory only."""
    store: Path | None = getattr(engine, "path", None)
    if store is None:
        return None
    if store.name == f"{engine.report.get('key')}.duckdb":
        return store.with_name(f"{fingerprint(engine)}.notes.json")
    if store.parent.suffix == ".bundle":  # an opened one, in the cache
        return store.parent.with_name(f"{store.parent.stem}.{store.name}.notes.json")
    return store.with_name(f"{store.name}.notes.json")


def fingerprint(engine: Engine) -> str:
    """The same for the same content, whatever its files are called and wherever its store is."""
    facts = engine.report
    told = json.dumps([sorted(facts.get("digests") or [facts.get("key", "")]), engine.overview["records"]])
    return hashlib.blake2b(told.encode(), digest_size=8).hexdigest()


def pins(logs: Logs) -> pl.DataFrame:
    """The pinned records, by time, as they were then: `note`, `who` (its author, "" if none is said), `pinned` (when)
    and the columns of schema.RECORD.
    """
    kept = of(logs.engine).pins
    columns: dict[str, list[Any]] = {name: [p.get(name, "") for p in kept] for name in ("note", "who", "pinned")}
    columns |= {name: [p["record"].get(name) for p in kept] for name in RECORD}
    return pl.DataFrame([_column(name, columns[name], dtype) for name, dtype in PINS.items()]).sort(
        "time", nulls_last=True, maintain_order=True
    )


def pin(logs: Logs, record_id: int | str, note: str = "", who: str = "") -> None:
    """Keep a record whole, with a note and, if wanted, its author; pinning it again changes what is said.

    `logs.pins` has them all. They are saved beside the store and found again when the same content is read. Raises
    QueryError if no record has the id.
    """
    record = logs.context(record_id, 0, 0)
    kept = {name: _json(record[name]) for name in RECORD}
    pinned = str(_ns(datetime.now(UTC).isoformat()))
    said = {"note": _short(note), **_by(who)}

    def change(notes: Notes) -> None:
        known = next((p for p in notes.pins if p["record_id"] == kept["record_id"]), None)
        if known is None:
            notes.pins.append({"record_id": kept["record_id"], **said, "pinned": pinned, "record": kept})
        else:
            known.update(said)

    _change(logs.engine, change)


def unpin(logs: Logs, record_id: int | str) -> None:
    """Let go of a pinned record; of one that is not pinned: nothing."""

    def change(notes: Notes) -> None:
        notes.pins[:] = [p for p in notes.pins if p["record_id"] != str(record_id)]

    _change(logs.engine, change)


def marks(logs: Logs) -> pl.DataFrame:
    """The moments that were marked, by time: `time`, `text`, `who` (its author, "" if none is said)."""
    kept = of(logs.engine).marks
    return pl.DataFrame([_column(name, [m.get(name, "") for m in kept], dtype) for name, dtype in MARKS.items()])


def mark(logs: Logs, time: Moment, text: str, who: str = "") -> None:
    """Mark a moment, as a deploy: timelines show it. `time` is as for `where`; kept where pins are, with its author."""
    overview = logs.engine.overview
    entry = {"time": str(resolve(time, overview["first"], overview["last"])), "text": _short(text), **_by(who)}
    if not entry["text"]:
        raise QueryError("a mark without a text says nothing")

    def change(notes: Notes) -> None:
        if entry not in notes.marks:
            notes.marks.append(entry)
            notes.marks.sort(key=lambda m: int(m["time"]))

    _change(logs.engine, change)


def unmark(logs: Logs, time: Moment, text: str | None = None) -> None:
    """Take the marks of a moment away, or only the one with this text."""
    overview = logs.engine.overview
    at = str(resolve(time, overview["first"], overview["last"]))

    def change(notes: Notes) -> None:
        notes.marks[:] = [m for m in notes.marks if m["time"] != at or (text is not None and m["text"] != text)]

    _change(logs.engine, change)


def _change(engine: Engine, change: Callable[[Notes], None]) -> None:
    """Change the notes as they are now; what others wrote meanwhile stays. Raises StoreError."""
    path = place(engine)
    with _lock:
        if path is None:
            change(_in_memory.setdefault(engine, Notes()))
            return
        try:
            with _alone(path):
                notes = _read(path)
                change(notes)
                _write(path, notes)
        except OSError as error:
            raise StoreError(
                f"{path} cannot be written: {error.strerror}; read the sources with store= where it can"
            ) from error


@contextlib.contextmanager
def _alone(path: Path) -> Iterator[None]:
    """No other process changes the file meanwhile. The lock is a file of its own, as the other is replaced."""
    with path.with_name(path.name + ".lock").open("ab") as file:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX)  # goes with the file
        yield


def _read(path: Path) -> Notes:
    try:
        return read(path.read_text(encoding="utf-8"), str(path))
    except FileNotFoundError:
        return Notes()
    except (OSError, ValueError) as error:
        raise StoreError(_UNREADABLE.format(path, error)) from error


def read(text: str | bytes, where: str) -> Notes:
    """The notes that `written` gave as text; raises StoreError, which names `where` it is from, for any other."""
    try:
        told = json.loads(text)
        if told["version"] != _VERSION:
            raise StoreError(f"{where} was written by another lognb (version {told['version']!r}); update lognb")
        pinned = [
            {
                "record_id": str(p["record_id"]),
                "note": str(p["note"]),
                **_by(str(p.get("who", ""))),
                "pinned": str(int(p["pinned"])),
                "record": dict(p["record"]),
            }
            for p in told["pins"]
        ]
        marked = [
            {"time": str(int(m["time"])), "text": str(m["text"]), **_by(str(m.get("who", "")))} for m in told["marks"]
        ]
        return Notes(pinned, marked)
    except (ValueError, LookupError, TypeError) as error:
        raise StoreError(_UNREADABLE.format(where, error)) from error


def written(notes: Notes) -> str:
    """The notes as JSON text."""
    told = {"version": _VERSION, "pins": notes.pins, "marks": notes.marks}
    return json.dumps(told, ensure_ascii=True, indent=1)


def begin(engine: Engine, notes: Notes) -> None:
    """The notes that records came with; where some were kept already, those stay."""
    path = place(engine)
    with _lock:
        if path is None:
            _in_memory.setdefault(engine, notes)
        elif (notes.pins or notes.marks) and not path.exists():
            _write(path, notes)


def _write(path: Path, notes: Notes) -> None:
    temp = path.with_name(f"{path.name}.{os.getpid()}-{next(_serial)}.tmp")
    try:
        with temp.open("w", encoding="utf-8") as file:
            file.write(written(notes))
            file.flush()
            os.fsync(file.fileno())
        temp.replace(path)
    finally:
        temp.unlink(missing_ok=True)


def _json(column: pl.Series) -> Any:
    """The one value of a column, as JSON that loses nothing: ids and times are decimal strings."""
    if isinstance(column.dtype, pl.Datetime):
        ns = column.dt.timestamp("ns")[0]
        return None if ns is None else str(ns)
    return str(column[0]) if column.name == "record_id" else column[0]


def _column(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    if isinstance(dtype, pl.Datetime):
        return pl.Series(name, [None if v is None else int(v) for v in values], pl.Int64).cast(dtype)
    if name == "record_id":
        return pl.Series(name, [int(v) for v in values], pl.UInt64)
    if isinstance(dtype, pl.Enum):
        return pl.Series(name, values, SEVERITY)
    return pl.Series(name, values, dtype)


def _ns(iso: str) -> int:
    return parse_time(iso) or 0


def _by(who: str) -> dict[str, str]:
    """The author where there is one: what others read and wrote before stays as it was."""
    return {"who": _short(who)} if who else {}


def _short(text: str) -> str:
    if not isinstance(text, str) or len(text) > LONGEST:
        raise QueryError(f"a note is text of at most {LONGEST:,} characters")
    return text
