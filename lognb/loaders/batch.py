"""A Batch as a frame in the schema: attributes and resource as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from lognb.loaders.cells import runs
from lognb.loaders.pairs import AttributeLists, no_attributes
from lognb.schema import RECORD, SPAN, Batch

if TYPE_CHECKING:
    from collections.abc import Sequence


def to_frame(batch: Batch) -> pl.DataFrame:
    """One row a record, the columns of RECORD."""
    records = batch.records
    resource = (
        batch.resources["resource"].gather(records["resource_ix"]) if len(records) else pl.Series([], dtype=pl.String)
    )
    attributes = AttributeLists(batch.offsets, batch.codes, batch.pairs).texts()
    return records.with_columns(attributes.alias("attributes"), resource.alias("resource")).select(list(RECORD))


def joined(batches: Sequence[Batch]) -> Batch:
    """Batches of one stretch of a source as one, records in the order of their positions."""
    if len(batches) == 1:
        return batches[0]
    base = np.cumsum([0, *(len(b.resources) for b in batches)])
    records = pl.concat([
        b.records.with_columns(pl.col("resource_ix") + pl.lit(int(n), pl.UInt32))
        for b, n in zip(batches, base, strict=False)
    ])  # fmt: skip
    pairs = np.cumsum([0, *(len(b.pairs) for b in batches)])
    codes = np.concatenate([b.codes.astype(np.int64) + n for b, n in zip(batches, pairs, strict=False)])
    sizes = np.concatenate([np.diff(b.offsets) for b in batches])
    starts = np.concatenate(([0], np.cumsum(sizes)))
    order = np.argsort(records["source_position"].to_numpy(), kind="stable")
    return Batch(
        records[order],
        np.concatenate(([0], np.cumsum(sizes[order]))),
        codes[runs(starts[:-1][order], sizes[order])].astype(np.uint32),
        pl.concat([b.pairs for b in batches]),
        pl.concat([b.resources for b in batches]),
        pl.concat([b.spans for b in batches]),
        pl.concat([b.recordings for b in batches]),
    )


def nothing() -> Batch:
    """A Batch without a record, for what stands beside records."""
    none = no_attributes(0)
    apart = {n: t for n, t in RECORD.items() if n not in ("attributes", "resource")} | {"resource_ix": pl.UInt32()}
    no_resources = pl.DataFrame(schema={"resource": pl.String})
    spans = pl.DataFrame(schema=SPAN)
    return Batch(pl.DataFrame(schema=apart), none.offsets, none.codes, none.table, no_resources, spans)
