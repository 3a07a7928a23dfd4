"""Engines: the dozen operations over (table, Query); base.py has the Protocol, duckdb/ the default."""
