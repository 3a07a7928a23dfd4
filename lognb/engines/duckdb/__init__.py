"""The default engine: a DuckDB store, built once, opened read-only, shared by notebooks."""

from lognb.engines.duckdb import cache
from lognb.engines.duckdb.engine import DuckDB
from lognb.engines.duckdb.store import build, open_store, scan_parquet

__all__ = ["DuckDB", "build", "cache", "open_store", "scan_parquet"]
