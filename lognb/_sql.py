"""Questions in SQL, bound as a verb of Logs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from lognb.logs import Logs


def sql(
    logs: Logs,
    statement: str,
    params: Mapping[str, Any] | Sequence[Any] | None = None,
    *,
    timeout: float | None = None,
    max_bytes: int = 1 << 31,
) -> pl.DataFrame:
    """Ask in SQL: one SELECT, in DuckDB's dialect, over `logs`, the records of these Logs, and `spans`, all spans.

    `logs` has the columns of schema.FIELDS; then the frequent attributes and the keys of resources as columns of their
    own, with their type and named in double quotes: "http.route". Any other field of a query is one as soon as the
    statement names it so: "resource.env", "body.user.id". A field of whole and other numbers is DOUBLE; one of other
    types together is text, as in `facets`: a string that reads like a number is in quotes there, so that
    try_cast("limit" AS DOUBLE) has the numbers alone.
    `attributes` and `resource` are JSON text, which `attributes->>'$."http.route"'` looks into. Where names differ in
    case only, which SQL cannot tell apart, the one in double quotes is meant. `spans` has the columns of schema.SPAN
    and of schema.JOINED.

    Times are TIMESTAMP_NS in UTC, and Datetime(ns, UTC) in the answer. `severity` sorts by rank but compares with text
    as text: write severity >= 'warn'::severity. Values come by name, `logs.sql("… WHERE body = $b", {"b": text})`, or
    as a list for `?`. In the answer a name that repeats has a number, and an INTERVAL is a Duration.

    A statement reads nothing else and changes nothing: no files, addresses, extensions, settings, Python variables.
    Raises QueryError if it is not one SELECT, if DuckDB refuses it, with DuckDB's words, or after `timeout` seconds;
    LimitError for an answer of more than `max_bytes` of memory. Ctrl-C stops it.
    """
    return logs.engine.sql(logs.query, statement, params, timeout, max_bytes)
