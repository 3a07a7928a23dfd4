"""What the user names -> sources: paths, globs, folders, addresses, bytes, open binary files."""

from __future__ import annotations

import glob
import io
import os
import sqlite3
from contextlib import closing, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import sha256
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import unquote

from platformdirs import user_cache_path

from lognb.errors import SourceError
from lognb.loaders import remote
from lognb.loaders.frames import Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from lognb.loaders.remote import Remote


@dataclass(frozen=True, slots=True)
class Source:
    """One thing to read. `name` is how it is shown; one of the others is where its bytes are."""

    name: str
    path: Path | None = None
    data: bytes | None = None
    remote: Remote | None = None
    frame: Frame | None = None
    partition: tuple[tuple[str, str], ...] = ()  # of a path of folders like service=shop/date=2025-10-17

    @property
    def size(self) -> int:
        """Bytes as they lie on disk; of a folder of lognb's Parquet, of all its files."""
        if self.frame is not None:
            return self.frame.size
        if self.data is not None:
            return len(self.data)
        if self.remote is not None:
            return self.remote.size
        return sum(p.stat().st_size for p in self.files())

    def files(self) -> list[Path]:
        assert self.path is not None
        return sorted(self.path.iterdir()) if self.path.is_dir() else [self.path]

    def open(self) -> IO[bytes]:
        if self.data is not None:
            return io.BytesIO(self.data)
        if self.remote is not None:
            return self.remote.open()
        assert self.path is not None
        return self.path.open("rb")

    def digest(self) -> str:
        """Hash of the content, in hex. Of files it is remembered by path, size and time of change; what lies at an
        address goes by what its server says of it.
        """
        if self.frame is not None:
            return self.frame.digest
        if self.data is not None:
            return _hash(self.data)
        if self.remote is not None:
            return self.remote.digest()
        digests = [_digest(p) for p in self.files()]
        if self.partition:
            digests.append(repr(self.partition))
        return digests[0] if len(digests) == 1 else _hash("".join(digests).encode())


def expand(arguments: Iterable[Any]) -> list[Source]:
    """Sources in a fixed order: as named; a folder's files by name, at any depth, hidden ones left out.

    Raises SourceError if a path or pattern matches nothing, TypeError for what is none of the accepted kinds.
    """
    out: list[Source] = []
    for i, arg in enumerate(arguments):
        if isinstance(arg, (bytes, bytearray, memoryview)):
            out.append(Source(f"<bytes {i}>", data=bytes(arg)))
        elif isinstance(arg, (str, os.PathLike)):
            text = os.fspath(arg)
            out.extend(_remote(text) if remote.is_remote(text) else _paths(text))
        elif hasattr(arg, "read"):
            data = arg.read()
            if not isinstance(data, bytes):
                raise TypeError(
                    f"source {i}: open the file in binary mode ('rb'); it gives {type(data).__name__}, not bytes"
                )
            out.append(Source(str(getattr(arg, "name", f"<file {i}>")), data=data))
        elif (frame := Frame.of(arg, f"<frame {i}>")) is not None:
            out.append(Source(frame.name, frame=frame))
        else:
            raise TypeError(
                f"source {i} is {type(arg).__name__}; give paths, globs, folders, bytes, open binary files or frames"
            )
    return out


def _remote(url: str) -> Iterator[Source]:
    for one in remote.find(url):
        yield Source(remote.safe(one.url), remote=one)


def _paths(text: str) -> Iterator[Source]:
    path = Path(text).expanduser()
    if path.is_dir():
        found = list(_folder(path))
        if not found:
            raise SourceError(f"{text}: the folder has no files")
        yield from found
    elif path.exists():
        yield Source(text, path, partition=_partition(path))
    else:
        pattern = glob.has_magic(text)
        matches = sorted(glob.glob(str(path), recursive=True)) if pattern else []  # noqa: PTH207 (Path.glob takes no absolute patterns)
        if not matches:
            raise SourceError(
                f"{text}: {'the pattern matches no file' if pattern else 'no such file or folder'}{_near(path)}"
            )
        for match in matches:
            yield from _paths(match)


def _folder(folder: Path, above: frozenset[Path] = frozenset()) -> Iterator[Source]:
    here = folder.resolve()
    if here in above:
        return  # a link that leads back up
    if (folder / "manifest.json").is_file() and any(folder.glob("logs*.parquet")):
        yield Source(str(folder), folder)
        return
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _folder(entry, above | {here})
        elif entry.is_file():
            yield Source(str(entry), entry, partition=_partition(entry))


def _partition(path: Path) -> tuple[tuple[str, str], ...]:
    """Columns that stand in the names of folders, as Hive and its kin write them: `key=value`."""
    pairs = (part.partition("=") for part in path.parts[:-1])
    return tuple((k, unquote(v)) for k, eq, v in pairs if eq and k.isidentifier() and v != "__HIVE_DEFAULT_PARTITION__")


def _near(path: Path) -> str:
    with suppress(OSError):
        near = get_close_matches(path.name, [p.name for p in path.parent.iterdir()], n=1)
        if near:
            return f"; did you mean {str(path.parent / near[0])!r}?"
    return ""


def cache_folder() -> Path:
    """Where lognb keeps stores and digests: $LOGNB_CACHE, else the user's cache folder."""
    return Path(os.environ["LOGNB_CACHE"]) if os.environ.get("LOGNB_CACHE") else user_cache_path("lognb")


def _hash(data: bytes) -> str:
    return sha256(data).hexdigest()[:32]


def _digest(path: Path) -> str:
    stat = path.stat()
    known = (str(path.resolve()), stat.st_size, stat.st_mtime_ns, stat.st_ino)
    with suppress(OSError, sqlite3.Error), closing(_digests()) as db:
        row = db.execute(
            "SELECT digest FROM digests WHERE path = ? AND size = ? AND mtime = ? AND inode = ?", known
        ).fetchone()
        if row:
            return str(row[0])
    hashed = sha256()  # processors have instructions for it: twice as fast as blake2b
    with path.open("rb") as f:
        while block := f.read(1 << 20):
            hashed.update(block)
    digest = hashed.hexdigest()[:32]
    with suppress(OSError, sqlite3.Error), closing(_digests()) as db, db:
        db.execute("INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", (*known, digest))
    return digest


def _digests() -> sqlite3.Connection:
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    db = sqlite3.connect(folder / "digests.sqlite", timeout=5)
    db.execute(
        "CREATE TABLE IF NOT EXISTS digests"
        " (path TEXT PRIMARY KEY, size INTEGER, mtime INTEGER, inode INTEGER, digest TEXT)"
    )
    return db
