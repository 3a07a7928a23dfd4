"""Stacks that a collector split into a record for each line: the lines near a sure one, in the same stream, as text.

A stream is what one process writes to one place: the same source, resource (service, node, process) and file or pipe.
Records of equal time keep the order of their source, so its lines stand in the order in which they were written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from lognb.engines.base import TOLD
from lognb.engines.duckdb.connect import Params

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from lognb.engines.base import Pieces, Signs
    from lognb.engines.duckdb.engine import DuckDB

# What tells apart the streams of one resource; a collector writes these beside each line.
_STREAM_KEYS: Final = ("log.file.path", "log.file.name", "log.iostream", "container.id", "k8s.pod.uid")


@dataclass(frozen=True)
class Lines:
    """The lines of such stacks: `rows`, which of `texts` each is part of, and whether it is the first of its stack."""

    rows: NDArray[np.int64]
    codes: NDArray[np.int64]
    heads: NDArray[np.bool_]
    texts: pl.DataFrame


def joined(engine: DuckDB, sure: NDArray[np.int64], signs: Signs, pieces: Pieces | None) -> Lines:
    """The stacks around the `sure` lines; `pieces` says which of the lines near them belong together."""
    nothing = pl.DataFrame(schema=dict.fromkeys(TOLD, pl.String()))
    none = np.empty(0, np.int64)
    if pieces is None or not len(sure):
        return Lines(none, none, none.astype(np.bool_), nothing)
    found = pieces(_near(engine, sure, signs.near))
    if not found.height:
        return Lines(none, none, none.astype(np.bool_), nothing)
    stacks = found.group_by("piece", maintain_order=True).agg(
        pl.col("body").fill_null("").str.join("\n").alias("stack")
    )
    stacks = stacks.with_columns(pl.col("stack").str.replace_all(signs.numbers, "0").alias("key"))
    texts = stacks.unique("key", keep="first", maintain_order=True).with_row_index("code")
    codes = stacks.join(texts.select("key", "code"), on="key", how="left")
    rows = found.join(codes.select("piece", "code"), on="piece", how="left", maintain_order="left")
    empty = pl.lit(None, pl.String)
    return Lines(
        rows["row"].to_numpy(),
        rows["code"].cast(pl.Int64).to_numpy(),
        rows.select(pl.col("piece") != pl.col("piece").shift(1)).to_series().fill_null(value=True).to_numpy(),
        texts.with_columns(*(empty.alias(n) for n in TOLD if n != "stack")).select(TOLD),
    )


def _near(engine: DuckDB, sure: NDArray[np.int64], near: int) -> pl.DataFrame:
    """The records at most `near` places from a sure line in its stream; in the order of stream and place."""
    params = Params()
    known = [k for k in _STREAM_KEYS if engine.catalog.attribute(k)]
    keys = [engine.field(f"attributes.{k}").text(params) for k in known]
    stream = f"hash({', '.join(['source_ix', 'resource_ix', *keys])})"
    width = int(near)
    with engine.registered(pa.table({"r": sure})) as name:
        frame = engine.frame(
            f"WITH l AS (SELECT {engine.rowid} AS row, time, {stream} AS stream FROM store.logs), "
            f"s AS MATERIALIZED (SELECT DISTINCT stream FROM l JOIN {name} ON l.row = {name}.r), "
            f"m AS (SELECT l.*, {name}.r IS NOT NULL AS sure FROM l JOIN s USING (stream) "
            f"LEFT JOIN {name} ON l.row = {name}.r), "
            "o AS (SELECT row, stream, epoch_ns(time) AS ns, row_number() OVER w AS n, "
            f"bool_or(sure) OVER (w ROWS BETWEEN {width} PRECEDING AND {width} FOLLOWING) AS near FROM m "
            "WINDOW w AS (PARTITION BY stream ORDER BY row)) "
            "SELECT row, stream, n, ns FROM o WHERE near ORDER BY stream, n",
            params,
        )
    rows = frame["row"].to_numpy()
    bodies = pl.DataFrame({"row": np.sort(rows), "body": engine.at(rows, ["body"])["body"]})
    return frame.join(bodies, on="row", how="left", maintain_order="left")
