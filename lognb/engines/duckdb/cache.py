"""The folder of stores: where a key's store is, what is there, and what goes when it grows too large.

Bundles that were opened lie there too, unpacked, as folders `<digest>.bundle`; what is said of stores holds for them.

$LOGNB_CACHE names another folder, $LOGNB_CACHE_LIMIT another size than 20 GB. Beside each store lies `<store>.use`: who
reads the store holds a shared lock on it, and its time is when the store was last opened. Locks end with the process.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import time
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final

import platformdirs
import polars as pl

from lognb.errors import StoreError

try:
    import fcntl
except ImportError:  # Windows does not let go of an open file, which is lock enough.
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SUFFIX: Final = ".duckdb"
BUNDLE: Final = ".bundle"
DEFAULT_LIMIT: Final = 20 * 10**9
_UNITS: Final = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_LISTING: Final = {
    "key": pl.String(),
    "path": pl.String(),
    "bytes": pl.Int64(),
    "records": pl.Int64(),
    "last_used": pl.Datetime("ns", "UTC"),
    "sources": pl.List(pl.String()),
}


def folder() -> Path:
    """Where the stores are."""
    chosen = os.environ.get("LOGNB_CACHE")
    return Path(chosen).expanduser() if chosen else Path(platformdirs.user_cache_dir("lognb")) / "stores"


def path_for(key: str) -> Path:
    """The path of a key's store, which may not exist; raises StoreError for a key that is no plain name."""
    if not re.fullmatch(r"[\w.-]{1,200}", key) or key.startswith("."):
        raise StoreError(f"a store's key is made of letters, digits, - and _, not {key!r}")
    return folder() / f"{key}{SUFFIX}"


def limit() -> int:
    """The largest size of the folder, in bytes."""
    text = os.environ.get("LOGNB_CACHE_LIMIT", "").strip()
    if not text:
        return DEFAULT_LIMIT
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)I?B?", text.upper())
    if match is None:
        raise StoreError(f"LOGNB_CACHE_LIMIT is {text!r}; write a size such as 5GB")
    return int(float(match[1]) * _UNITS[match[2]])


def listing() -> pl.DataFrame:
    """Rows: one store, last used first. `records` and `sources` are null where a store cannot be read."""
    found = [(p.stem, str(p), _size(p), *_facts(p), _used(p)) for p in _stores()]
    found.sort(key=lambda row: (-row[5], row[0]))
    rows = [(key, path, size, records, used, names) for key, path, size, records, names, used in found]
    return pl.DataFrame(rows, schema=_LISTING | {"last_used": pl.Int64()}, orient="row").cast(_LISTING)  # type: ignore[arg-type]


def clear(older_than: timedelta | None = None) -> int:
    """Remove the stores that no living process reads, and that were last used `older_than` ago; how many went."""
    latest = time.time_ns() - (older_than // timedelta(microseconds=1) * 1000 if older_than else 0)
    return sum(_drop(path) for path in _stores() if older_than is None or _used(path) <= latest)


def trim(keep: Path | None = None) -> None:
    """Remove the stores that were not used for longest until the folder is within its limit; never `keep`."""
    if keep is not None and keep.parent != folder():
        return
    stores = sorted(_stores(), key=_used)
    total, most = sum(map(_size, stores)), limit()
    for path in stores:
        if total <= most:
            return
        size = _size(path)
        if path != keep and _drop(path):
            total -= size


def lease(path: Path) -> Callable[[], None]:
    """Say that this process reads the store, until what is returned is called or the process ends.

    A folder that cannot be written is no harm: nothing will be removed from it either.
    """
    held = -1
    if path.parent == folder():
        with contextlib.suppress(OSError):
            held = os.open(_use(path), os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o644)
            if fcntl is not None:
                fcntl.flock(held, fcntl.LOCK_SH | fcntl.LOCK_NB)
            os.utime(_use(path))
    return partial(_let_go, [held] if held >= 0 else [])


def _let_go(held: list[int]) -> None:
    while held:
        os.close(held.pop())


def _drop(path: Path) -> bool:
    """Remove a store unless it is read."""
    try:
        with _use(path).open("ab") as file:
            _lock_alone(file)
            if path.is_dir():
                shutil.rmtree(path)
            path.unlink(missing_ok=True)
            _use(path).unlink(missing_ok=True)
    except OSError:
        return False
    return True


def _lock_alone(file: IO[bytes]) -> None:
    if fcntl is not None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _stores() -> Iterator[Path]:
    return iter(sorted([*folder().glob(f"*{SUFFIX}"), *folder().glob(f"*{BUNDLE}")]))


def _use(path: Path) -> Path:
    return path.with_name(path.name + ".use")


def _size(path: Path) -> int:
    with contextlib.suppress(OSError):
        inside = path.rglob("*") if path.is_dir() else [path]
        return sum(file.stat().st_size for file in inside)
    return 0


def _used(path: Path) -> int:
    """When the store was last opened, ns."""
    for candidate in (_use(path), path):
        with contextlib.suppress(OSError):
            return candidate.stat().st_mtime_ns
    return 0


def _facts(path: Path) -> tuple[int | None, list[str] | None]:
    if path.suffix == BUNDLE:
        try:
            slices = json.loads((path / "manifest.json").read_text(encoding="utf-8"))["slices"]
            return sum(s["records"] for s in slices), [source["name"] for s in slices for source in s["sources"]]
        except (OSError, LookupError, ValueError, TypeError):
            return None, None
    from lognb.engines.duckdb.store import peek

    return peek(path)
