"""Nothing of the machine that made a capture may be in it: no folder, no host name."""

from __future__ import annotations

import gzip
import socket
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator

# A machine of such a name is not told from the shop.
WORDS = {"localhost", "front", "checkout", "worker", "deploy", "node-a", "node-b"}


def check(folder: Path, root: Path) -> None:
    """Raise SystemExit with the place if a name of this machine is in what was captured."""
    names = {str(root), str(Path.home()), sys.prefix, sys.base_prefix, tempfile.gettempdir() + "/", "node_modules"}
    names |= {socket.gethostname()} - WORDS
    names = {n for n in names if len(n) > 4}  # a home of "/" says nothing
    for file, text in _texts(folder):
        for name in names:
            at = text.find(name.encode())
            if at >= 0:
                around = text[max(0, at - 80) : at + 120].decode(errors="replace")
                raise SystemExit(f"{file}: the capture names this machine ({name!r}): ... {around} ...")


def _texts(folder: Path) -> Iterator[tuple[str, bytes]]:
    yield "shop.jsonl", (folder / "shop.jsonl").read_bytes()
    yield "shop.pb", (folder / "shop.pb").read_bytes()
    yield "truth.toml", (folder / "truth.toml").read_bytes()
    for file in sorted((folder / "recordings").glob("*.gz")):
        yield file.name, gzip.decompress(file.read_bytes())
    events = pq.read_table(folder / "events.parquet")
    for column in events.column_names:
        yield f"events.parquet {column}", "\n".join(str(v) for v in events[column].to_pylist()).encode()
