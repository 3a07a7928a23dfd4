"""A Batch as a frame in the schema: attributes and resource as JSON text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lognb.loaders.pairs import AttributeLists
from lognb.schema import RECORD

if TYPE_CHECKING:
    from lognb.schema import Batch


def to_frame(batch: Batch) -> pl.DataFrame:
    """One row a record, the columns of RECORD."""
    records = batch.records
    resource = (
        batch.resources["resource"].gather(records["resource_ix"]) if len(records) else pl.Series([], dtype=pl.String)
    )
    attributes = AttributeLists(batch.offsets, batch.codes, batch.pairs).texts()
    return records.with_columns(attributes.alias("attributes"), resource.alias("resource")).select(list(RECORD))
