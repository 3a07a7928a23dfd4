"""The version as pyproject.toml has it (a test holds the two together); it is part of the key of a store."""

from __future__ import annotations

__version__ = "0.1.0"
