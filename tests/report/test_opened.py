"""A zip from anyone is opened safely or refused in words, and leaves nothing behind."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import stat
import zipfile
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import lognb as ln
from lognb.errors import LimitError, LognbError, SourceError
from lognb.report import archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_serial = itertools.count()


class Files(dict[str, bytes]):
    """Files by name; it does not print itself."""

    def __or__(self, other: Any) -> Files:
        return Files({**self, **other})

    def __repr__(self) -> str:
        return f"<{len(self)} files>"


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """The files of a small bundle by name."""
    records = [
        {"timeUnixNano": str(1793696400000000000 + i), "severityNumber": 9 + 8 * (i % 2),
         "body": {"stringValue": f"line {i}"}} for i in range(20)
    ]  # fmt: skip
    logs = ln.read(json.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": records}]}]}).encode())
    path = ln.Report("small").add("*words*", logs.volume()).save(tmp_path_factory.mktemp("small") / "x.zip")
    with zipfile.ZipFile(path) as zipped:
        return Files((name, zipped.read(name)) for name in zipped.namelist())


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGNB_CACHE", str(tmp_path / "cache"))


def put(path: Path, files: Files, *, told: bool = True, more: Callable[[zipfile.ZipFile], None] | None = None) -> Path:
    """A zip of these files; `told`: the manifest agrees with them, as whoever changes them can make it."""
    if told and "manifest.json" in files:
        manifest = json.loads(files["manifest.json"])
        manifest["files"] = [
            {"path": name, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items() if name != "manifest.json"
        ]  # fmt: skip
        files = files | {"manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in files.items():
            zipped.writestr(name, data)
        if more is not None:
            more(zipped)
    return path


def manifest(files: Files, **members: Any) -> Files:
    return files | {"manifest.json": json.dumps(json.loads(files["manifest.json"]) | members).encode()}


def refused(path: Path, said: str, kind: type[LognbError] = LognbError) -> None:
    """It is refused with these words, and nothing of it is anywhere."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(kind, match=said):
        ln.open_bundle(path)
    cache = path.parent / "cache"
    left = [p for p in sorted(path.parent.rglob("*")) if p not in before and p != cache and p.suffix != ".use"]
    assert [p.name for p in left] in ([], ["digests.sqlite"])


def test_a_bundle_of_the_same_files_opens(files: Files, tmp_path: Path) -> None:
    bundle = ln.open_bundle(put(tmp_path / "x.zip", files))
    assert (len(bundle.logs), len(bundle.report.blocks)) == (20, 2)


def test_what_is_no_bundle_is_said(files: Files, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="no such file"):
        ln.open_bundle(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("hello")
    refused(tmp_path / "text.zip", "no zip that can be read")
    whole = put(tmp_path / "whole.zip", files).read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    refused(tmp_path / "cut.zip", "no zip that can be read")
    refused(put(tmp_path / "other.zip", Files({"a.txt": b"x"})), "no incident bundle")
    refused(put(tmp_path / "format.zip", manifest(files, format="x")), "no incident bundle")
    refused(put(tmp_path / "json.zip", files | {"manifest.json": b"[" * 10**5}, told=False), "no incident bundle")
    refused(put(tmp_path / "type.zip", manifest(files, title=7)), "no incident bundle")
    refused(
        put(tmp_path / "newer.zip", manifest(files, version=2, lognb="9.9")), "lognb 9.9 as version 2.*update lognb"
    )


def test_a_changed_file_is_named(files: Files, tmp_path: Path) -> None:
    name = "records/resources.parquet"
    changed = files | {"otlp/logs.jsonl": files["otlp/logs.jsonl"].replace(b"line 7", b"line 8")}
    refused(put(tmp_path / "changed.zip", changed, told=False), "otlp/logs.jsonl is not what its manifest says")
    assert len(ln.open_bundle(tmp_path / "changed.zip", verify=False).logs) == 20
    with pytest.raises(LognbError, match=r"otlp/logs.jsonl"):  # what was opened as it is, was not verified
        ln.open_bundle(tmp_path / "changed.zip")
    less = Files((n, d) for n, d in files.items() if n != name)
    refused(put(tmp_path / "less.zip", less, told=False), f"{name}' is not in it")
    refused(put(tmp_path / "more.zip", files | {"records/x": b""}, told=False), "records/x' is in it")


@pytest.mark.parametrize(
    "name",
    ["../x", "/tmp/x", "a/../../x", "a\\..\\x", "C:x", "a//b", "a/", ".hidden", "records/../x", "a\nb", "ü", "a" * 201],
)
def test_a_name_that_leads_elsewhere_is_refused(files: Files, tmp_path: Path, name: str) -> None:
    refused(put(tmp_path / "x.zip", files | {name: b"x"}), "is no name of a file in a bundle")


def test_a_manifest_that_names_what_is_elsewhere_gives_nothing_of_it(files: Files, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    told, name = json.loads(files["report/blocks.json"]), str(tmp_path / "secret")
    told["blocks"][0]["recordings"] = {"s": name}
    said = json.loads(files["manifest.json"])
    said["files"].append({"path": name, "bytes": 1, "sha256": "0"})
    changed = files | {n: json.dumps(v).encode() for n, v in (("report/blocks.json", told), ("manifest.json", said))}
    bundle = ln.open_bundle(put(tmp_path / "x.zip", changed, told=False), verify=False)
    with pytest.raises(LognbError, match="is no file in it"):
        _ = bundle.report


def _entry(name: str, **members: Any) -> Callable[[zipfile.ZipFile], None]:
    def add(zipped: zipfile.ZipFile) -> None:
        info = zipfile.ZipInfo(name)
        for member, value in members.items():
            setattr(info, member, value)
        zipped.writestr(info, b"/etc/passwd")

    return add


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize(
    ("more", "said"),
    [
        (_entry("notes.json"), "is there twice"),
        (_entry("Notes.JSON"), "is there twice"),
        (_entry("link", external_attr=(stat.S_IFLNK | 0o777) << 16, create_system=3), "is a link"),
        (_entry("pipe", external_attr=(stat.S_IFIFO | 0o777) << 16, create_system=3), "is a link or a device"),
        (_entry("packed", compress_type=zipfile.ZIP_LZMA), "compressed in another way"),
    ],
)
def test_an_entry_that_is_no_plain_file_is_refused(
    files: Files, tmp_path: Path, more: Callable[[zipfile.ZipFile], None], said: str
) -> None:
    refused(put(tmp_path / "x.zip", files, more=more), said)


def test_an_encrypted_entry_is_refused(files: Files, tmp_path: Path) -> None:
    data = bytearray(put(tmp_path / "x.zip", files).read_bytes())
    at = data.rfind(b"PK\x01\x02")
    data[at + 8] |= 1
    (tmp_path / "x.zip").write_bytes(data)
    refused(tmp_path / "x.zip", "is encrypted")


def test_bombs_are_refused_before_they_are_unpacked(
    files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def large(zipped: zipfile.ZipFile) -> None:
        zipped.writestr("otlp/zeros", b"0" * 1000)
        zipped.filelist[-1].file_size = 1 << 40

    refused(put(tmp_path / "large.zip", files, more=large), "would unpack to 1,099,5", LimitError)
    monkeypatch.setattr(archive, "ENTRIES", len(files))
    refused(put(tmp_path / "many.zip", files | {"report/x": b""}), "more than the", LimitError)


def test_a_size_that_is_a_lie_is_damage(files: Files, tmp_path: Path) -> None:
    data = bytearray(put(tmp_path / "x.zip", files).read_bytes())
    at = data.find(b"PK\x01\x02")
    data[at + 24 : at + 28] = (5).to_bytes(4, "little")  # of the first file, in the directory
    (tmp_path / "x.zip").write_bytes(data)
    refused(tmp_path / "x.zip", "is damaged|is not what its manifest says")


def _used(path: Path) -> None:
    bundle = ln.open_bundle(path)
    assert len(bundle.logs.pins) >= 0
    assert bundle.report.blocks
    assert repr(bundle)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    place=st.floats(0, 1, exclude_max=True),
    changes=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), min_size=1, max_size=4),
    cut=st.sampled_from([1, 1, 2]),
    packed=st.booleans(),
)
def test_damage_anywhere_is_an_error_in_words(
    files: Files, tmp_path: Path, place: float, changes: list[tuple[float, int]], cut: int, *, packed: bool
) -> None:
    """Bytes of the zip, or of one file where the manifest was made to agree."""

    def hurt(whole: bytes) -> bytes:
        out = bytearray(whole)
        for at, value in changes if out else ():
            out[int(at * len(out))] = value
        return bytes(out[: len(out) // cut])

    path = tmp_path / f"{next(_serial)}.zip"
    if packed:
        path.write_bytes(hurt(put(path, files).read_bytes()))
    else:
        names = sorted(set(files) - {"records/logs-00000.parquet"})
        name = names[int(place * len(names))]
        put(path, files | {name: hurt(files[name])}, told=name != "manifest.json")
    with contextlib.suppress(LognbError):
        _used(path)


TOLD = ("manifest.json", "notes.json", "records/manifest.json", "report/blocks.json")


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    name=st.sampled_from(TOLD),
    place=st.floats(0, 1, exclude_max=True),
    value=st.sampled_from([None, True, -1, 10**30, 0.5, "", "../x", [], {}, [None], {"a": 1}]),
)
def test_a_value_of_another_kind_anywhere_is_an_error_in_words(
    files: Files, tmp_path: Path, name: str, place: float, value: Any
) -> None:
    told = json.loads(files[name])
    places = list(_places(told))
    holder, key = places[int(place * len(places))]
    holder[key] = value
    path = put(tmp_path / f"{next(_serial)}.zip", files | {name: json.dumps(told).encode()})
    with contextlib.suppress(LognbError):
        _used(path)


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield value, key
        yield from _places(value[key])
