"""Recordings (rrweb) as plain data: decoded, made harmless, told as lanes. No engine, no files, no browser."""

from lognb.replay.captured import from_events
from lognb.replay.events import decode, encode
from lognb.replay.lanes import lanes
from lognb.replay.sanitize import clean

__all__ = ["clean", "decode", "encode", "from_events", "lanes"]
