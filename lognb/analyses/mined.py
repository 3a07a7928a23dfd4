"""The field `pattern`: mined once from all records of an engine, when it is first asked for.

So a pattern has the same name whatever was asked, and two windows are compared over the same ones.
"""

from __future__ import annotations

import weakref
from functools import partial
from typing import TYPE_CHECKING, Final

import polars as pl

from lognb.engines.base import Labels
from lognb.mining.mine import mine
from lognb.query import Condition, Query

if TYPE_CHECKING:
    from collections.abc import Iterator

    from lognb.engines.base import Engine

FIELD: Final = "pattern"

_ROWS: Final = 1 << 18
_BYTES: Final = Query((Condition("body_type", "=", "bytes"),))


def offer(engine: Engine) -> None:
    """Let queries of an engine name the field `pattern`."""
    engine.label(FIELD, partial(_made, weakref.proxy(engine)))


def texts(engine: Engine) -> dict[str, str]:
    """The template of each pattern by its id."""
    return dict(engine.labels(FIELD).table.select("value", "text").iter_rows())


def bodies(frame: pl.DataFrame) -> pl.Series:
    """What is mined of records, of their `body` and, where some are bytes, `body_type`; base64 says nothing."""
    if "body_type" not in frame.columns:
        return frame["body"]
    return frame.select(pl.when(pl.col("body_type") == "bytes").then(pl.lit("(bytes)")).otherwise("body")).to_series()


def _made(engine: Engine) -> Labels:
    # Few dumps hold bytes: to ask once costs less than the types of all.
    columns = ("body", "body_type") if engine.count(_BYTES) else ("body",)

    def stream() -> Iterator[pl.Series]:
        return map(bodies, engine.batches(Query(), columns, _ROWS))

    found = mine(stream)
    table = found.patterns.select(pl.col("pattern").alias("value"), pl.col("template").alias("text"))
    return Labels(found.codes, table, found.aliases)
