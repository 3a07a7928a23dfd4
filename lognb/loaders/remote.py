"""s3://, gs://, https:// and whatever else fsspec knows: found, identified and read as a stream.

Nothing goes over the network unless the user names such an address. Credentials are fsspec's matter (environment,
profiles). Source: fsspec's documentation of AbstractFileSystem.
"""

from __future__ import annotations

import hashlib
import io
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, cast

from lognb.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO

_QUERY: Final = re.compile(r"\?[^\s'\")]*|(?<=://)[^/\s]*@")  # where an address has its secrets
_HEAD: Final = 64
_BLOCK: Final = 8 << 20
# What tells one content from another, in the words of the different stores.
_IDENTITY: Final = ("ETag", "etag", "md5Hash", "crc32c", "mtime", "LastModified", "Last-Modified", "created", "updated")


@dataclass(frozen=True, slots=True)
class Remote:
    """One file of a remote file system; `size` in bytes, 0 where the server does not say."""

    url: str
    fs: Any
    path: str
    size: int

    def open(self) -> IO[bytes]:
        """The bytes as a stream, read ahead in blocks; SourceError if they stop coming."""
        try:
            # Without a size there is no way to ask for parts; one long answer is read then.
            more = {"block_size": _BLOCK, "cache_type": "readahead"} if self.size else {"block_size": 0}
            return cast("IO[bytes]", _Reader(self.fs.open(self.path, "rb", **more), self.url))
        except Exception as e:
            raise SourceError(f"{safe(self.url)} cannot be opened: {_said(e)}") from e

    def digest(self) -> str:
        """From the tag or the time that the server gives its content; where it gives none, it is new each time."""
        try:
            info = self.fs.info(self.path)
        except Exception:
            info = {}
        facts = {key: str(info[key]) for key in _IDENTITY if info.get(key)}
        if not facts:
            return secrets.token_hex(16)
        named = json.dumps([self.url.partition("?")[0], info.get("size"), facts], sort_keys=True)
        return hashlib.sha256(named.encode()).hexdigest()[:32]


class _Reader(io.RawIOBase):
    """A stream whose every failure names the address and the place; half a file is never taken for a whole one."""

    def __init__(self, raw: Any, url: str) -> None:
        self._raw = raw
        self._url = url
        self._at = 0
        self._head = b""  # the first bytes, so that a stream without parts can be looked at and begun again

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return bool(self._raw.seekable())

    def tell(self) -> int:
        return self._at

    def read(self, n: int | None = -1) -> bytes:
        n = -1 if n is None else n
        if not self.seekable() and self._at < len(self._head):
            data = self._head[self._at :] if n < 0 else self._head[self._at : self._at + n]
        else:
            try:
                data = self._raw.read(n)
            except Exception as e:
                place = f"{safe(self._url)}: reading stopped at byte {self._at:,}"
                raise SourceError(f"{place}: {_said(e)}; try again") from e
            if self._at < _HEAD:
                self._head += data[: _HEAD - self._at]
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        if self.seekable():
            self._at = self._raw.seek(offset, whence)
        elif whence == 0 and offset == 0 and self._at <= len(self._head):
            self._at = 0
        else:
            raise SourceError(
                f"{safe(self._url)}: the server gives no parts of a file, which Parquet needs; download it"
            )
        return self._at

    def close(self) -> None:
        if not self.closed:
            self._raw.close()
        super().close()


def is_remote(text: str) -> bool:
    return "://" in text and not text.startswith("file://")


def find(url: str) -> Iterator[Remote]:
    """The files at an address: itself, those a pattern matches, or those in a folder, at any depth.

    Raises SourceError if there is none, or if fsspec lacks the package for the protocol.
    """
    try:
        import fsspec

        fs, path = fsspec.core.url_to_fs(url)
        paths = _paths(fs, path, is_pattern=not url.startswith("http") and any(c in path for c in "*?["))
        found = [Remote(fs.unstrip_protocol(p), fs, p, int(size or 0)) for p, size in paths]
    except ImportError as e:
        raise SourceError(f"{safe(url)} needs packages that are not here: pip install 'lognb[remote]' ({e})") from e
    except FileNotFoundError as e:
        # Over HTTP this is said of whatever went wrong.
        why = e.__cause__
        if why is not None and not isinstance(why, FileNotFoundError) and getattr(why, "status", 0) != 404:
            raise SourceError(f"{safe(url)} cannot be reached: {_said(why)}") from e
        raise SourceError(f"{safe(url)}: no such file or folder there") from e
    except Exception as e:  # each store has errors of its own
        raise SourceError(f"{safe(url)} cannot be reached: {_said(e)}") from e
    if not found:
        raise SourceError(f"{safe(url)}: no file there")
    yield from found


def _paths(fs: Any, path: str, *, is_pattern: bool) -> list[tuple[str, int | None]]:
    if is_pattern:
        matched = fs.glob(path, detail=True)
        return sorted((p, info.get("size")) for p, info in matched.items() if info["type"] == "file")
    info = fs.info(path)
    if info["type"] != "directory":
        return [(path, info.get("size"))]
    listed = fs.find(path, detail=True)
    return sorted((p, i.get("size")) for p, i in listed.items() if not p.rpartition("/")[2].startswith("."))


def _said(e: BaseException) -> str:
    text = _QUERY.sub("", " ".join(str(e).split()))[:200]
    return f"{type(e).__name__}: {text}" if text else type(e).__name__


def safe(url: str) -> str:
    """Without the query part, where signed addresses have their secret, and without a password."""
    scheme, _, rest = url.partition("?")[0].partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
