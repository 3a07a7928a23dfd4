"""A Document as files and back: `blocks.json`, a Parquet file for each frame, an SVG for each picture.

Files are named by the number of their block, never after what is in the data. What is read may have been written by
anyone: a value of another shape, a frame that is none and a picture that could do more than show are errors in words.
"""

from __future__ import annotations

import io
import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, get_args

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from lognb._origin import Origin
from lognb.errors import LognbError
from lognb.query import Query
from lognb.report.blocks import Block, Document, Kind, Table
from lognb.report.pictures import checked

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

FOLDER: Final = "report/"
BLOCKS: Final = FOLDER + "blocks.json"
ROWS: Final = 200_000
"""Rows of a frame, at most: a story has 20,000 items, a panel's picture a row for each bucket and value. It is known
before a frame is read, for a billion equal values are a few bytes in Parquet."""
_BYTES: Final = 1 << 28  # of a frame when it is unpacked
_VALUES: Final = 5_000_000  # of a column, which may be lists
_NEEDED: Final = {  # without which a block cannot be shown; panels and stories are as far as they go
    "actions": ("actions", ("what", "owner", "due", "status", "kind")),
    "pins": ("pins", ("time", "record_id", "note", "who")),
    "timeline": ("moments", ("time", "kind", "who", "what", "record_id")),
}
_COMPRESSED: Final = (b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18")  # zstd and LZ4, with which no IPC of ours is written

_WRONG: Final = (
    KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, RecursionError, LognbError,
    pl.exceptions.PolarsError, pl.exceptions.PanicException, pa.ArrowException, OSError,
)  # fmt: skip


def dump(document: Document, of: Sequence[int | None] = ()) -> dict[str, bytes]:
    """The files of a document by name. `of` says, by number, which Logs the answer of each block is of.

    Raises LognbError for a frame of Python objects and for facts that are no JSON.
    """
    files: dict[str, bytes] = {}
    numbers = [*of, *(None for _ in document.blocks[len(of) :])]
    blocks = [
        _block(i, b, files) | {"logs": n} for i, (b, n) in enumerate(zip(document.blocks, numbers, strict=True), 1)
    ]
    told = {
        "title": document.title,
        "zone": document.zone,
        "meta": dict(document.meta),
        "made": document.made.isoformat(),
        "version": document.version,
        "redacted": document.redacted,
        "blocks": blocks,
    }
    return {BLOCKS: json.dumps(told, indent=1, allow_nan=False).encode() + b"\n"} | files


def load(read: Callable[[str], bytes]) -> tuple[Document, list[int | None]]:
    """The document, and for each block which of the logs its answer is of. `read` gives the file of a name.

    Raises LognbError for what `dump` did not write.
    """
    name = BLOCKS
    try:
        told = json.loads(read(name))
        blocks, of = [], []
        for i, entry in enumerate(told["blocks"], 1):
            name = f"{BLOCKS}, block {i}"
            blocks.append(_read_block(entry, read))
            of.append(_whole(entry["logs"]) if entry["logs"] is not None else None)
        name = BLOCKS
        made = datetime.fromisoformat(told["made"])
        meta = {_text(k): _text(v) for k, v in told["meta"].items()}
        texts = (_text(told["title"]), _text(told["zone"]))
        document = Document(*texts, meta, tuple(blocks), made, _text(told["version"]), told["redacted"] is True)
    except _WRONG as error:
        why = " ".join(f"{type(error).__name__}: {error}".split())[:300]
        raise LognbError(f"the report in the bundle cannot be read ({name}: {why}); ask for the bundle again") from None
    return document, of


def _block(number: int, block: Block, files: dict[str, bytes]) -> dict[str, Any]:
    stem = f"{FOLDER}{number:03d}"
    frames: dict[str, Any] = {}
    for i, (name, table) in enumerate(block.frames.items(), 1):
        file, data = _frame(table.frame.head(ROWS), f"{stem}-{i}")
        files[file] = data
        frames[name] = {"file": file, "rows": table.rows, "columns": list(table.columns)}
    pictures = {name: f"{stem}-{i}.svg" for i, name in enumerate(block.pictures, 1)}
    files |= {file: _picture(block, name, number) for name, file in pictures.items()}
    recordings = {name: f"{stem}-{i}.jsonl" for i, name in enumerate(block.recordings, 1)}
    files |= {file: block.recordings[name] for name, file in recordings.items()}
    return {
        "kind": block.kind,
        "title": block.title,
        "text": block.text,
        "note": block.note,
        "facts": _json(block.facts, number),
        "origin": _origin(block.origin) if block.origin else None,
        "frames": frames,
        "pictures": pictures,
        "recordings": recordings,
    }


def _read_block(entry: dict[str, Any], read: Callable[[str], bytes]) -> Block:
    if entry["kind"] not in get_args(Kind):
        raise ValueError(f"no block of kind {str(entry['kind'])[:40]!r} is known")
    frames = {
        _text(name): Table(_read_frame(table["file"], read), _whole(table["rows"]), tuple(map(_text, table["columns"])))
        for name, table in entry["frames"].items()
    }
    _complete(entry["kind"], frames)
    return Block(
        entry["kind"],
        _text(entry["title"]),
        _text(entry["text"]),
        frames,
        _read_json(entry["facts"]),
        _read_origin(entry["origin"]) if entry["origin"] is not None else None,
        _text(entry["note"]),
        {_text(name): checked(read(file).decode()) for name, file in entry["pictures"].items()},
        recordings={_text(name): read(file) for name, file in entry["recordings"].items()},
    )


def _complete(kind: str, frames: dict[str, Table]) -> None:
    """Raises ValueError for a block without the frame, the columns or the types that its kind is shown by."""
    if kind not in _NEEDED:
        return
    name, columns = _NEEDED[kind]
    schema = frames[name].frame.schema if name in frames else {}
    if lacking := [column for column in columns if column not in schema]:
        raise ValueError(f"a block of kind {kind!r} needs a frame {name!r} with {', '.join(lacking)}")
    texts = columns if kind == "actions" else ()
    odd = [c for c in texts if schema[c] not in (pl.String, pl.Null)]
    odd += ["time"] if "time" in columns and not isinstance(schema["time"], pl.Datetime) else []
    if odd:
        raise ValueError(f"a block of kind {kind!r} has a column {odd[0]!r} of another type")


def _frame(frame: pl.DataFrame, stem: str) -> tuple[str, bytes]:
    """Parquet, but for what it does not keep (a struct of nothing) and what says no size before it is read (integers of
    128 bits): Arrow's IPC, not compressed.
    """
    out = io.BytesIO()
    try:
        if any(map(_odd, frame.dtypes)):
            frame.write_ipc(out)
            return f"{stem}.arrow", out.getvalue()
        frame.write_parquet(out)
        return f"{stem}.parquet", out.getvalue()
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        types = ", ".join(f"{name} ({dtype})" for name, dtype in frame.schema.items())[:200]
        raise LognbError(
            f"block {stem.rsplit('/', 1)[1]} holds a frame that no file can hold ({types}); cast its columns"
        ) from error


def _picture(block: Block, name: str, number: int) -> bytes:
    try:
        return checked(block.pictures[name]).encode()
    except LognbError as error:
        raise LognbError(f"block {number} ({block.title[:60]!r}): {error}; change the chart or take it out") from None


def _odd(dtype: pl.DataType) -> bool:
    """Is it a struct of no fields or an integer of 128 bits, or made of one?"""
    if isinstance(dtype, pl.Struct):
        return not dtype.fields or any(_odd(f.dtype) for f in dtype.fields)  # type: ignore[arg-type]
    if isinstance(dtype, pl.List | pl.Array):
        return _odd(dtype.inner)  # type: ignore[arg-type]
    return dtype in (pl.Int128, pl.UInt128)


def _read_frame(name: str, read: Callable[[str], bytes]) -> pl.DataFrame:
    """Raises ValueError for one that would grow beyond bounds: of Parquet before it is read; IPC that is not compressed
    is as large as its file.
    """
    data = read(name)
    if name.endswith(".arrow"):
        if any(magic in data for magic in _COMPRESSED):
            raise ValueError(f"{name} is compressed")
        frame = pl.read_ipc(io.BytesIO(data))
    else:
        told = pq.read_metadata(io.BytesIO(data))
        groups = [told.row_group(i) for i in range(told.num_row_groups)]
        values = [sum(g.column(i).num_values for g in groups) for i in range(told.num_columns)]
        _bounded(name, told.num_rows, max(values, default=0), sum(g.total_byte_size for g in groups))
        frame = pl.read_parquet(io.BytesIO(data))
    _bounded(name, frame.height, 0, 0)
    return frame


def _bounded(name: str, rows: int, values: int, length: int) -> None:
    for n, most, what in ((rows, ROWS, "rows"), (values, _VALUES, "values"), (length, _BYTES, "bytes")):
        if n > most:
            raise ValueError(f"{name} holds {n:,} {what}, more than the {most:,} that a frame of a report may have")


def _origin(origin: Origin) -> dict[str, Any]:
    """Times in ns as text: not every reader of JSON has integers of 64 bits."""
    return {
        "opened": origin.opened,
        "call": origin.call,
        "query": origin.query.to_json(),
        "since": None if origin.since is None else str(origin.since),
        "until": None if origin.until is None else str(origin.until),
        "sources": [list(source) for source in origin.sources],
        "version": origin.version,
    }


def _read_origin(told: dict[str, Any]) -> Origin:
    since, until = (None if told[n] is None else int(_text(told[n])) for n in ("since", "until"))
    sources = tuple((_text(name), _text(digest)) for name, digest in told["sources"])
    query = Query.from_json(told["query"])
    return Origin(_text(told["opened"]), _text(told["call"]), query, since, until, sources, _text(told["version"]))


def _json(value: Any, number: int) -> Any:
    """Facts as JSON has them; doubles that are no number are tagged, and what looks like a tag too."""
    if isinstance(value, float) and not math.isfinite(value):
        return {"$double": str(value)}
    if isinstance(value, dict) or hasattr(value, "items"):
        if not all(isinstance(key, str) for key in value):
            raise LognbError(f"the facts of block {number} have a key that is no text; use text")
        made = {key: _json(item, number) for key, item in value.items()}
        return {"$object": made} if set(made) in ({"$double"}, {"$object"}) else made
    if isinstance(value, list | tuple):
        return [_json(item, number) for item in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise LognbError(f"the facts of block {number} hold a {type(value).__name__}; use plain JSON values")


def _read_json(value: Any) -> Any:
    if isinstance(value, dict):
        if set(value) == {"$double"}:
            return float(value["$double"])
        inner = value["$object"] if set(value) == {"$object"} else value
        return {key: _read_json(item) for key, item in inner.items()}
    return [_read_json(item) for item in value] if isinstance(value, list) else value


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"text is meant, not {type(value).__name__}")
    return value


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise TypeError("a number is meant")
    return value
