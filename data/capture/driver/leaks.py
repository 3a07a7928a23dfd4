"""Nothing of the machine that made a capture may be in it: no folder, no host name, no user."""

from __future__ import annotations

import getpass
import gzip
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Iterator


def check(folder: Path, root: Path) -> None:
    """Raise SystemExit with the place if a name of this machine is in what was captured."""
    names = {str(root), str(Path.home()), sys.prefix, sys.base_prefix, "/tmp/", "node_modules", socket.gethostname()}
    if len(getpass.getuser()) > 5:
        names.add(getpass.getuser())
    names = {n for n in names if len(n) > 4 and n != "localhost"}
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
