"""Bytes -> Polars frames in the schema. `Load` is the whole of it: sources in, batches and a report out."""

from lognb.loaders.batch import to_frame
from lognb.loaders.files import Source, expand
from lognb.loaders.load import MAX_EXPANSION, MAX_UNIT_BYTES, Load
from lognb.loaders.report import FileReport, LoadReport

__all__ = ["MAX_EXPANSION", "MAX_UNIT_BYTES", "FileReport", "Load", "LoadReport", "Source", "expand", "to_frame"]
