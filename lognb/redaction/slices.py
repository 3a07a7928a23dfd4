"""Records, spans and recordings with everything redacted, as Parquet that `ln.scan` opens.

The engine writes the slice, and each file is then written again, a row group at a time. Every attribute that is
frequent is a column there, so that distinct values are looked at and not records. Ids of records, traces and sessions,
times, sizes (those of the texts as they were) and hashes of sources stay.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow.parquet as pq

from lognb.engines.duckdb.parquet import MANIFEST, describe
from lognb.redaction.frames import flags

if TYPE_CHECKING:
    from lognb.logs import Logs
    from lognb.redaction.redactor import Redactor

_LISTS: Final = ("attr_keys", "attr_values")
_AS_THEY_ARE: Final = ("keys.parquet",)


def redact_logs(logs: Logs, redactor: Redactor, folder: str | Path) -> Path:
    """Write the records of these Logs, with the spans and recordings, redacted; what `write_parquet` writes.

    The redactor should have learnt these Logs before. An earlier folder of ours is replaced.
    """
    logs.engine.write_parquet(Path(folder), logs.query)
    redact_folder(Path(folder), redactor)
    return Path(folder)


def redact_folder(folder: Path, redactor: Redactor) -> None:
    """Redact, in place, a folder that `write_parquet` wrote: all its files, names of keys and sources, the manifest."""
    if not redactor.rules:
        return
    for file in sorted(folder.glob("*.parquet")):
        if file.name not in _AS_THEY_ARE:
            _again(file, redactor)
    (folder / "keys.parquet").unlink()
    report = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["report"]
    describe(folder, {**report, "load": redactor.value(report.get("load", {}))})  # the rest are hashes


def _again(file: Path, redactor: Redactor) -> None:
    """Write a file again, redacted; at most a row group is in memory."""
    made = file.with_suffix(".tmp")
    writer: pq.ParquetWriter | None = None
    with pq.ParquetFile(file) as stored:
        groups = (stored.read_row_group(i) for i in range(stored.num_row_groups))
        for table in groups if stored.num_row_groups else [stored.read()]:
            frame = pl.from_arrow(table)
            assert isinstance(frame, pl.DataFrame)
            arrow = _hidden(frame, file.stem, redactor).to_arrow(compat_level=pl.CompatLevel.oldest())
            writer = writer or pq.ParquetWriter(made, arrow.schema, compression="zstd")
            writer.write_table(arrow, row_group_size=max(arrow.num_rows, 1))
    if writer is not None:
        writer.close()
    made.replace(file)


def _hidden(frame: pl.DataFrame, name: str, redactor: Redactor) -> pl.DataFrame:
    if name == "resource_attrs":
        pairs = _literals(frame["key"], frame["value"], redactor, "resource")
        return frame.with_columns(pairs)
    lists = [n for n in _LISTS if n in frame.columns]
    made = redactor.frame(frame.drop([*lists, "data"], strict=False))
    if lists:
        made = made.with_columns(_attributes(frame, redactor))
    if "data" in frame.columns:  # recordings
        data = [redactor.recording(one) for one in frame["data"].to_list()]
        made = made.with_columns(pl.Series("data", data, dtype=pl.Binary)).select(frame.columns)
    return made


def _attributes(frame: pl.DataFrame, redactor: Redactor) -> list[pl.Series]:
    """The lists of keys and of values, as JSON literals, of the attributes that have no column."""
    whole = frame.select(*_LISTS).with_row_index("row")
    rows = whole.filter(pl.col("attr_keys").list.len() > 0).explode(_LISTS)
    keys, values = _literals(rows["attr_keys"], rows["attr_values"], redactor, "attributes")
    lists = rows.select("row", keys.alias("k"), values.alias("v")).group_by("row", maintain_order=True).agg("k", "v")
    out = whole.join(lists, on="row", how="left", maintain_order="left")
    return [
        out.select(pl.coalesce("k", "attr_keys").alias("attr_keys")).to_series(),
        out.select(pl.coalesce("v", "attr_values").alias("attr_values")).to_series(),
    ]


def _literals(keys: pl.Series, values: pl.Series, redactor: Redactor, where: str) -> list[pl.Series]:
    """Pairs of a key and a JSON literal: distinct ones are looked at, as far as they may hold something."""
    texts, count = redactor.texts, redactor.count
    pairs = pl.DataFrame({"key": keys, "value": values}).drop_nulls().group_by("key", "value").len()
    names = pairs["key"].unique()
    meant = [key for key in names.to_list() if texts.meaning(key) is not None]
    looked = pairs.filter(
        pl.col("key").is_in(meant) | (flags(pairs["value"], texts) != 0) | (flags(pairs["key"], texts) != 0)
    )
    rows: list[tuple[str, str, str, str]] = []
    for key, literal, n in looked.iter_rows():
        made, hits = texts.literal(literal, key)
        name, named = texts.hide(key)
        count((*hits, *named), f"{where}.{name}", n)
        rows.append((key, literal, name, made))
    schema = {"key": pl.String(), "value": pl.String(), "new_key": pl.String(), "new_value": pl.String()}
    changed = pl.DataFrame(rows, schema=schema, orient="row")
    both = pl.DataFrame({"key": keys, "value": values}).join(
        changed, on=["key", "value"], how="left", maintain_order="left"
    )
    new = both.select(key=pl.coalesce("new_key", "key"), value=pl.coalesce("new_value", "value"))
    return [new["key"], new["value"]]
