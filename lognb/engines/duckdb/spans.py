"""Spans as they are in the store: all, of some traces, of one session."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from lognb.engines.duckdb.answers import as_type
from lognb.engines.duckdb.connect import Params
from lognb.engines.duckdb.joins import JOINED_SQL
from lognb.schema import SPAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from lognb.engines.duckdb.engine import DuckDB


def fetched(engine: DuckDB, trace_ids: Sequence[str] | None, session: str | None) -> pl.DataFrame:
    """See engines.base.Engine.spans."""
    params = Params()
    tests = []
    if trace_ids is not None:
        wanted = params.add(list(trace_ids))
        tests.append(f"trace_id IN (SELECT unnest({wanted}::VARCHAR[]))")
    if session is not None:
        tests.append(f"{JOINED_SQL['session']} = {params.add(session)}")
    where = " AND ".join(tests) or "true"
    frame = engine.frame(f'SELECT * FROM store.spans WHERE {where} ORDER BY start, trace_id, span_id, "end"', params)
    names = pl.Series(engine.source_names(), dtype=pl.String)
    frame = frame.with_columns(names.gather(frame["source_ix"]).alias("source"))
    return frame.select(as_type(frame[name], dtype) for name, dtype in SPAN.items())
