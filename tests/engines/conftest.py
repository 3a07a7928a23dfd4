"""Every engine test runs on the store in memory, on the file and on Parquet: the same answers."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import factory

from lognb.engines.duckdb import DuckDB, build, scan_parquet
from lognb.query import Query

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCES = [("digest-a", "a.jsonl"), ("digest-b", "b.jsonl")]


@pytest.fixture(scope="session")
def records() -> list[factory.Rec]:
    return factory.zoo()


@pytest.fixture(scope="session", params=["memory", "file", "parquet"])
def engine(
    request: pytest.FixtureRequest, records: list[factory.Rec], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[DuckDB]:
    folder = tmp_path_factory.mktemp("engine")
    path = None if request.param == "memory" else folder / "store.duckdb"
    made = build(path, factory.batches(records), SOURCES, lambda: {"records": len(records)})
    if request.param == "parquet":
        with pytest.MonkeyPatch.context() as patch:  # several files, as ten million records would give
            patch.setattr("lognb.engines.duckdb.parquet._FILE_ROWS", 150)
            made.write_parquet(folder / "parquet", Query())
        assert len(list((folder / "parquet").glob("logs-*.parquet"))) > 1
        made.close()
        made = scan_parquet(folder / "parquet")
    yield made
    made.close()
