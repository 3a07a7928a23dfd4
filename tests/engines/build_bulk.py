"""A program that builds a store of bulk records: tests run it, kill it, and run it several times at once."""

from __future__ import annotations

import sys
from pathlib import Path

from bulk import bulk

from lognb.engines.duckdb import build
from lognb.engines.duckdb.stage import Limits

if __name__ == "__main__":
    path, count = Path(sys.argv[1]), int(sys.argv[2])
    limits = Limits(small=20_000, chunk_rows=20_000, bucket_rows=40_000)
    engine = build(path, bulk(count, 5_000), [("d", "bulk")], limits=limits)
    print(engine.overview["records"])
