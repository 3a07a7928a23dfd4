"""open_bundle: an incident bundle back as Logs, pins, marks and report. Nothing in it is trusted."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
import tempfile
import weakref
from contextlib import closing
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from lognb import _html, _notes, _origin
from lognb._text import count, plain, plural, size
from lognb.engines.duckdb import cache
from lognb.errors import LognbError, SourceError
from lognb.loaders.files import Source
from lognb.logs import Logs, scan
from lognb.query import Query
from lognb.report import serial
from lognb.report.archive import Reader, named
from lognb.report.bundle import FORMAT, MANIFEST, VERSION, Part, call
from lognb.report.report import Report

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.report.blocks import Block

LONGEST: Final = 1 << 28
"""Bytes of a file that is held in memory, at most."""
_NEEDED: Final = ("records", "notes", "report/")
_WHOLE: Final = "whole"  # a file that says that all was unpacked
_serial = itertools.count()


class Bundle:
    """What a bundle holds. `logs` are its records, with pins and marks; `report` is the report as it was saved, to be
    read, changed and saved again; `manifest` says what is in it and where that came from. `all_logs` are those of each
    set of sources that the report was about, `logs` the first of them.
    """

    def __init__(self, path: Path, folder: Path, manifest: dict[str, Any]) -> None:
        self.path, self.manifest = path, manifest
        self._folder = folder
        weakref.finalize(self, cache.lease(folder))

    @property
    def logs(self) -> Logs:
        """Raises LognbError for a report of words alone, which has none."""
        if not self.all_logs:
            raise LognbError(f"{self.path} holds no records: nothing in its report is an answer of logs")
        return self.all_logs[0]

    @cached_property
    def all_logs(self) -> tuple[Logs, ...]:
        return tuple(self._logs(i, told) for i, told in enumerate(self.manifest["slices"], 1))

    @cached_property
    def report(self) -> Report:
        """Its answers are of `all_logs` now, so a bundle that is saved of it holds the same records."""
        document, of = serial.load(self._read)
        report = Report(document.title, timezone=document.zone)
        report.meta = dict(document.meta)
        report.logs = list(self.all_logs)
        report.records = self.all_logs or None
        if any(number is not None and number >= len(self.all_logs) for number in of):
            raise LognbError(f"{self.path}: its report is of records that it does not hold; ask for the bundle again")
        for block, number in zip(document.blocks, of, strict=True):
            report.blocks.append(block if number is None else _alive(block, self.all_logs[number]))
            if number is not None and block.origin is not None:
                report.opened[block.origin.opened, block.origin.sources] = call(self.path, number)
        report.hidden = tuple(report.blocks) if document.redacted else ()
        return report

    def _logs(self, number: int, told: dict[str, Any]) -> Logs:
        at = Part(number)
        try:
            logs = scan(self._folder / at.name("records"))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            why = f"{type(error).__name__}: {error}"
            raise LognbError(f"{self.path}: its records cannot be read ({why}); ask for the bundle again") from None
        sources = tuple((str(s["name"]), str(s["digest"])) for s in told["sources"])
        logs.engine.opened = _origin.Opened(call(self.path, number - 1), sources)
        weakref.finalize(logs.engine, cache.lease(self._folder))
        _notes.begin(logs.engine, _notes.read(self._read(at.name("notes.json")), f"{self.path}: notes.json"))
        return Logs(logs.engine, Query(), [name for name, _ in sources], logs.load_report)

    def _read(self, name: str) -> bytes:
        if name not in {file["path"] for file in self.manifest["files"]}:
            raise LognbError(f"{self.path}: its manifest names no {name[:100]!r}")
        file = self._folder / name
        if not named(name) or not file.is_file():
            raise LognbError(f"{self.path}: {name[:100]!r} is no file in it")
        if file.stat().st_size > LONGEST:
            raise LognbError(f"{self.path}: {name} is larger than {size(LONGEST)}")
        return file.read_bytes()

    def __repr__(self) -> str:
        return "\n".join([self._head(), *self._lines()])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        lines = "".join(f"<li>{_html.text(line)}</li>" for line in self._lines())
        page = _html.block(f'<p class="ln-say"><b>{_html.text(self._head())}</b></p>', f"<ul>{lines}</ul>")
        return {"text/plain": repr(self), "text/html": page}

    def _head(self) -> str:
        return f"bundle {plain(self.manifest['title'], 100)!r}: {plural(self.manifest['blocks'], 'block')}"

    def _lines(self) -> Iterator[str]:
        yield f"made {plain(self.manifest['made'], 40)} by lognb {plain(self.manifest['lognb'], 40)}" + (
            ", redacted" if self.manifest["redacted"] else ""
        )
        for told in self.manifest["slices"]:
            what = f"{count(told['records'])} of {plural(told['of_records'], 'record')}"
            what += f", {plural(told['spans'], 'span')}, {plural(len(told['recordings']), 'recording')}"
            yield f"{what}, {plural(told['pins'], 'pin')}, {plural(told['marks'], 'mark')}: " + ", ".join(
                plain(source["name"], 100) for source in told["sources"]
            )


def open_bundle(path: str | Path, *, verify: bool = True) -> Bundle:
    """Open what `report.save("x.zip")` wrote.

    It is unpacked into lognb's cache once; opening it again is instant, and `ln.cache()` shows and clears it. Pins and
    marks that are made on its Logs are kept beside, and found again. Every file is held against its size and hash in
    the manifest first; `verify=False` takes files as they are, for one that was changed on purpose.

    Raises SourceError if there is no such file, LimitError for a zip that would unpack beyond bounds, LognbError for
    one that is damaged, changed, of a newer lognb or no bundle.
    """
    path = Path(path).expanduser()
    if not path.is_file():
        raise SourceError(f"{path}: no such file; a bundle is what report.save('x.zip') wrote")
    name = Source(str(path), path).digest() + ("" if verify else "-as-is")
    folder = cache.folder() / f"{name}{cache.BUNDLE}"
    let_go = cache.lease(folder)  # nobody clears it before the Bundle holds it
    try:
        if not (folder / _WHOLE).is_file():
            folder = _unpacked(path, folder, verify=verify)
        return Bundle(path, folder, _manifest((folder / MANIFEST).read_bytes(), path))
    finally:
        let_go()


def _alive(block: Block, logs: Logs) -> Block:
    """A block whose answer is of some Logs again."""
    assert block.origin is not None
    asked = Logs(logs.engine, block.origin.query, logs.sources, logs.load_report)
    return replace(block, origin=replace(block.origin, logs=asked))


def _unpacked(path: Path, folder: Path, *, verify: bool) -> Path:
    """Unpack what is needed here, whole or not at all; into a folder of this process where the cache is read-only."""
    temp = folder.with_name(f"{folder.name}.{os.getpid()}-{next(_serial)}.tmp")
    try:
        temp.mkdir(parents=True)
    except OSError:
        temp = Path(tempfile.mkdtemp(prefix="lognb-bundle-"))
        weakref.finalize(open_bundle, shutil.rmtree, temp, ignore_errors=True)
        folder = temp
    try:
        with closing(Reader(path)) as zipped:
            _extract(zipped, path, temp, verify=verify)
        (temp / _WHOLE).touch()
        if folder != temp:
            with contextlib.suppress(OSError):  # another process was first
                temp.replace(folder)
            cache.trim(folder)
    except OSError as error:
        raise LognbError(f"{path} cannot be unpacked to {temp}: {error.strerror or error}") from error
    finally:
        if folder != temp:
            shutil.rmtree(temp, ignore_errors=True)
    return folder


def _extract(zipped: Reader, path: Path, folder: Path, *, verify: bool) -> None:
    names = set(zipped.names())
    if MANIFEST not in names or zipped.size(MANIFEST) > LONGEST:
        raise LognbError(f"{path} is a zip, but no incident bundle: it has no {MANIFEST} of one")
    told = b"".join(zipped.blocks(MANIFEST))
    manifest = _manifest(told, path)
    (folder / MANIFEST).write_bytes(told)
    files = {file["path"]: file for file in manifest["files"]}
    if verify and (other := sorted((names - {MANIFEST}) ^ set(files))):
        what = "is not in it" if other[0] in files else "is in it, and its manifest does not name it"
        raise LognbError(f"{path} was changed: {other[0][:100]!r} {what}; ask for the bundle again")
    for name in sorted(names & set(files)):
        kept = name.startswith(_NEEDED)
        if not kept and not verify:
            continue
        hashed, length = hashlib.sha256(), 0
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        with (folder / name).open("wb") if kept else contextlib.nullcontext() as file:
            for block in zipped.blocks(name):
                hashed.update(block)
                length += len(block)
                if file is not None:
                    file.write(block)
        if verify and (length, hashed.hexdigest()) != (files[name]["bytes"], files[name]["sha256"]):
            raise LognbError(
                f"{path} was changed: {name} is not what its manifest says; ask for the bundle again, or open it as it "
                "is with verify=False"
            )


def _manifest(told: bytes, path: Path) -> dict[str, Any]:
    """The manifest, its values of the types that are used; raises LognbError for one that is none."""
    try:
        manifest: dict[str, Any] = json.loads(told)
        if manifest["format"] != FORMAT:
            raise ValueError("of another format")
        version = manifest["version"]
        if type(version) is int and version > VERSION:
            raise LognbError(
                f"{path} was written by lognb {plain(str(manifest.get('lognb')), 40)} as version {version} of bundles; "
                f"this lognb reads {VERSION}: update lognb"
            )
        if version != VERSION:
            raise ValueError("of no known version")
        _typed(manifest, {"title": str, "made": str, "lognb": str, "zone": str, "redacted": bool, "blocks": int})
        for file in manifest["files"]:
            _typed(file, {"path": str, "bytes": int, "sha256": str})
        for told_of in manifest["slices"]:
            counts = ("records", "of_records", "spans", "of_spans", "pins", "marks")
            _typed(told_of, {"recordings": list, **dict.fromkeys(counts, int)})
            for source in told_of["sources"]:
                _typed(source, {"name": str, "digest": str})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise LognbError(
            f"{path} is a zip, but no incident bundle: its {MANIFEST} is none ({type(error).__name__}: {error})"
        ) from None
    return manifest


def _typed(told: dict[str, Any], members: dict[str, type]) -> None:
    for name, kind in members.items():
        if type(told[name]) is not kind:
            raise TypeError(f"{name} is no {kind.__name__}")
