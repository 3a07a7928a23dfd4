"""A zip as bundles are: written the same for the same content, and read from whoever it may be from."""

from __future__ import annotations

import hashlib
import re
import stat
import zipfile
import zlib
from typing import IO, TYPE_CHECKING, Any, Final

from lognb.errors import LimitError, LognbError
from lognb.loaders import MAX_EXPANSION
from lognb.loaders.streams import FREE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

BLOCK: Final = 1 << 20
ENTRIES: Final = 100_000
"""Files of a bundle at most."""
_NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*){0,4}\Z")
_LONGEST: Final = 200
_PACKED: Final = (".parquet",)  # what deflate would only slow down


class Writer:
    """Files into a zip, one after the other; `files` says of each its path, bytes and SHA-256."""

    def __init__(self, file: IO[bytes]) -> None:
        self._zip = zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, allowZip64=True)
        self.files: list[dict[str, Any]] = []

    def add(self, name: str, blocks: Iterable[bytes], size: int | None = None) -> None:
        """One file of what `blocks` give, `size` bytes if that is known. Neither time nor owner is kept: the same
        content is the same zip.
        """
        info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        info.compress_type = zipfile.ZIP_STORED if name.endswith(_PACKED) else zipfile.ZIP_DEFLATED
        info.create_system, info.external_attr = 3, (stat.S_IFREG | 0o644) << 16
        info.file_size = size or 0
        hashed, written = hashlib.sha256(), 0
        with self._zip.open(info, "w", force_zip64=size is None) as out:
            for block in blocks:
                hashed.update(block)
                written += len(block)
                out.write(block)
        self.files.append({"path": name, "bytes": written, "sha256": hashed.hexdigest()})

    def close(self) -> None:
        self._zip.close()


class Reader:
    """The files of a zip that anyone may have made. Raises LognbError for one that no writer of ours made, and
    LimitError for one that would grow beyond bounds, before anything of it is unpacked.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
            raise LognbError(
                f"{path} is no zip that can be read ({error}); a bundle is what report.save wrote"
            ) from None
        try:
            self._entries = self._checked(path.stat().st_size)
        except BaseException:
            self.close()
            raise

    def names(self) -> list[str]:
        return list(self._entries)

    def size(self, name: str) -> int:
        """Bytes of a file as the zip says; it never gives more."""
        return self._entries[name].file_size

    def blocks(self, name: str) -> Iterator[bytes]:
        try:
            with self._zip.open(self._entries[name]) as file:
                while block := file.read(BLOCK):
                    yield block
        except (zipfile.BadZipFile, zlib.error, OSError, ValueError, EOFError, RuntimeError) as error:
            raise LognbError(f"{self._path}: {name} is damaged ({error}); ask for the bundle again") from None

    def close(self) -> None:
        self._zip.close()

    def _checked(self, size: int) -> dict[str, zipfile.ZipInfo]:
        entries = self._zip.infolist()
        if len(entries) > ENTRIES:
            raise LimitError(f"{self._path} holds {len(entries):,} files, more than the {ENTRIES:,} a bundle may have")
        most = max(FREE, int(MAX_EXPANSION * size))
        total = sum(entry.file_size for entry in entries)
        if total > most:
            raise LimitError(
                f"{self._path} would unpack to {total:,} bytes, more than {MAX_EXPANSION:g} times its size; "
                "a bundle does not, so this was made to do harm"
            )
        out: dict[str, zipfile.ZipInfo] = {}
        folded: set[str] = set()
        for entry in entries:
            if why := _wrong(entry, folded):
                shown = repr(entry.orig_filename[:100])
                raise LognbError(f"{self._path}: {shown} {why}; no bundle of lognb has that, so nothing is unpacked")
            folded.add(entry.filename.casefold())
            out[entry.filename] = entry
        return out


def named(name: str) -> bool:
    """Is it the name of a file as bundles have them, which leads nowhere else?"""
    return len(name) <= _LONGEST and _NAME.match(name) is not None


def _wrong(entry: zipfile.ZipInfo, folded: set[str]) -> str:
    """Why an entry is none of ours; "" if it may be one."""
    name = entry.orig_filename
    mode = entry.external_attr >> 16
    if name != entry.filename or not named(name):
        return "is no name of a file in a bundle"
    if name.casefold() in folded:
        return "is there twice"
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or a device"
    if entry.flag_bits & 0x1:
        return "is encrypted"
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return "is compressed in another way than deflate"
    return ""
