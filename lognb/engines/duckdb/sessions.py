"""Sessions, visits of users and transactions: records of one key, cut by gaps and by conditions, in window SQL.

What goes through the windows is sorted, so it is small: keys and users are numbers, a service is a bit, of a trace or
a page there are 64 bits of its hash, which are compared within one session only. Measured on 10 M records of 40
services: lists of services cost as much as 2.4 searches in text, their bits a tenth of one.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING, Final

import duckdb
import polars as pl

from lognb.engines.base import SESSIONS
from lognb.engines.duckdb import sql
from lognb.engines.duckdb.connect import READING, Params
from lognb.engines.duckdb.joins import JOINED_SQL
from lognb.errors import LimitError
from lognb.schema import LEVELS, PAGE_KEYS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.query import Query

_MOST_BITS: Final = 2_000
"""Of more services a list is shorter than the bits."""

_MEMORY: Final = "1000MB"
_SLICES: Final = (1, 4, 16, 64)

_LEVEL: Final = " ".join(f"WHEN '{level}' THEN {i}" for i, level in enumerate(LEVELS))

_SUMS: Final = f"""min(t) AS start, max(t) AS "end", try_cast(max(t)::HUGEINT - min(t) AS BIGINT) AS duration_ns,
count(*) AS records, count(*) FILTER (fits) AS matching,
count(*) FILTER (level >= {LEVELS.index("error")}) AS errors, max(level) AS level, count(DISTINCT trace) AS traces,
count(*) FILTER (joined) AS joined, bool_or(recorded) AS has_recording, bool_or(closes) AS ended,
arg_max(u, row) AS u, min(u) AS least, max(u) AS most"""


def found(
    engine: DuckDB, query: Query, key: str | None, gap: int | None, start: Query | None, end: Query | None
) -> pl.DataFrame:
    """See engines.base.Engine.sessions."""
    cut = gap is not None or start is not None or end is not None
    params = Params()
    with ExitStack() as held:
        fits, opens, closes = (_test(engine, part, params, held) for part in (query, start, end))
        value = "lognb_user" if key is None else engine.field(key).text(params)
        origin = _with_users(engine) if key is None else "store.logs"
        where = "isfinite(time)" if cut else "true"
        page = _page(engine, params)
        pages = "0" if page == _NO_PAGE else "count(DISTINCT page)"
        names = [n for (n,) in engine.rows(_SERVICES, Params())]
        row = [
            f"{value} AS key", f"{engine.rowid} AS row", "user_id", "service_name",
            "CASE WHEN isfinite(time) THEN epoch_ns(time) END AS t", f"(CASE severity {_LEVEL} END)::UTINYINT AS level",
            "CASE WHEN trace_id IS NOT NULL THEN hash(trace_id) END AS trace", f"{page} AS page",
            "trace_session IS NOT NULL AS joined", f"{_recorded(engine, params)} AS recorded",
            f"coalesce({fits}, false) AS fits", f"coalesce({opens}, false) AS opens",
            f"coalesce({closes}, false) AS closes",
        ]  # fmt: skip
        # A key none of whose records fits, or opens anything, need not go through the windows.
        wanted = [f"bool_or({test})" for test in (fits, opens if start is not None else "true")]
        statement = (
            "WITH keys AS MATERIALIZED (SELECT key, row_number() OVER ()::UINTEGER AS k FROM "
            f"(SELECT {value} AS key FROM {origin} WHERE {where} GROUP BY 1 HAVING {' AND '.join(wanted)}) "
            "WHERE key IS NOT NULL AND {slice}), "  # the braces stay: _sliced fills them in
            "known AS MATERIALIZED (SELECT user_id, row_number() OVER (ORDER BY user_id)::UINTEGER AS u FROM "
            "(SELECT DISTINCT user_id FROM store.logs WHERE user_id IS NOT NULL)), "
            f"ran AS (SELECT unnest({params.add(names)}::VARCHAR[]) AS service_name, "
            f"unnest(range({len(names)}))::UINTEGER AS s), "
            f"l AS (SELECT {', '.join(row)} FROM {origin} WHERE {where}), "
            "r AS (SELECT k, row, u, t, s, level, trace, page, joined, recorded, fits, opens, closes FROM l "
            "JOIN keys USING (key) LEFT JOIN known USING (user_id) LEFT JOIN ran USING (service_name)), "
            f"{_parts(gap, params, opened=start is not None) if cut else _WHOLE}, "
            f"g AS (SELECT k, {_SUMS}, {_listed(len(names), params.add(names))} AS services, {pages} AS pages, "
            "row_number() OVER (PARTITION BY k ORDER BY part) AS part FROM p GROUP BY k, part) "
            "SELECT key, a.user_id AS user, b.user_id AS other_user, g.* FROM g JOIN keys USING (k) "
            "LEFT JOIN known a ON a.u = g.u LEFT JOIN known b ON b.u = CASE WHEN most <> g.u THEN most "
            "WHEN least <> g.u THEN least END WHERE matching > 0 ORDER BY start NULLS LAST, key, part"
        )
        frame = _sliced(engine, statement, params)
    return _shaped(frame, ended=end is not None)


def _sliced(engine: DuckDB, statement: str, params: Params) -> pl.DataFrame:
    """The answer, at once if memory allows, else from slices of the keys: what DuckDB counts apart cannot all spill."""
    head, _, tail = statement.partition("{slice}")
    for slices in _SLICES:
        try:
            with _roomy(engine):
                frames = [engine.frame(f"{head}hash(key) % {slices} = {i}{tail}", params) for i in range(slices)]
        except duckdb.OutOfMemoryException:
            continue
        if slices == 1:
            return frames[0]
        return pl.concat(frames).sort("start", "key", "part", nulls_last=True, maintain_order=True)
    raise LimitError("there is not enough memory for so many records; narrow them, so that fewer sessions are listed")


@contextmanager
def _roomy(engine: DuckDB) -> Iterator[None]:
    """More memory than reading needs, for as long as it takes; a store in memory has no limit."""
    if engine.path is None:
        yield
        return
    engine.rows(f"SET memory_limit = '{_MEMORY}'", Params())
    try:
        yield
    finally:
        with suppress(duckdb.OutOfMemoryException):  # then it stays; what is free goes back when it is needed
            engine.rows(f"SET memory_limit = '{READING}'", Params())


def reach(engine: DuckDB, query: Query, marks: Sequence[Query], who: str) -> pl.DataFrame:
    """See engines.base.Engine.reach."""
    params = Params()
    with ExitStack() as held:
        within, *fits = (_test(engine, part, params, held) for part in (query, *marks))
        value, origin = JOINED_SQL["session"], "store.logs"
        if who == "user":
            value, origin = "lognb_user", _with_users(engine)
        flags = "".join(f", coalesce(bool_or({fit}), false) AS m{i}" for i, fit in enumerate(fits))
        frame = engine.frame(
            f"SELECT {''.join(f'm{i}, ' for i in range(len(marks)))}count(*) AS n FROM (SELECT {value} AS id{flags} "
            f"FROM {origin} WHERE {within} GROUP BY 1) WHERE id IS NOT NULL GROUP BY ALL ORDER BY ALL",
            params,
        )
    return frame.cast({"n": pl.UInt64()})


def _test(engine: DuckDB, query: Query | None, params: Params, held: ExitStack) -> str:
    """The condition of a query in a statement with `params`; "false" for none. What is dear is a table of its rows."""
    if query is None:
        return "false"
    if sql.dear(query):
        return held.enter_context(engine.within(query))[0]
    return engine.where(query, params)


_SERVICES: Final = "SELECT DISTINCT service_name FROM store.logs WHERE service_name IS NOT NULL ORDER BY 1"
_NO_PAGE: Final = "NULL::UBIGINT"
_WHOLE: Final = "p AS (SELECT *, 1 AS part FROM r)"


def _with_users(engine: DuckDB) -> str:
    """`logs` with the user of each record: a record that names none has the one user of its session."""
    session = JOINED_SQL["session"]
    row = "" if engine.rowid == "rid" else ", logs.rowid"
    owners = (
        f"SELECT {session} AS s, min(user_id) AS owner FROM store.logs WHERE {session} IS NOT NULL GROUP BY 1 "
        "HAVING min(user_id) = max(user_id)"
    )
    return (
        f"(SELECT logs.*{row}, coalesce(user_id, owner) AS lognb_user FROM store.logs LEFT JOIN ({owners}) o "
        f"ON user_id IS NULL AND o.s = {session})"
    )


def _parts(gap: int | None, params: Params, *, opened: bool) -> str:
    """`p`: the rows of `r` that lie in a part of their key, and what tells that part from others of the key.

    `o`, `c` and `b` are the last row so far that opens, that closes (before this one), that stands behind a gap. Where
    records open parts, the last one does, if nothing was closed or broken off since; else a part begins behind what
    closed the one before, or behind a gap, whichever is later. Each is one window, and none needs the one before.
    """
    far = "false" if gap is None else f"t::HUGEINT - lag(t) OVER (PARTITION BY k ORDER BY row) > {params.add(gap)}"
    # A running max or sum says the same for four times the CPU.
    last = "last_value(CASE WHEN {} THEN row END IGNORE NULLS) OVER (PARTITION BY k ORDER BY row ROWS {})"
    so_far = "UNBOUNDED PRECEDING"
    marks = [
        f"{last.format('opens', so_far)} AS o" if opened else "NULL AS o",
        f"{last.format('closes', f'BETWEEN {so_far} AND 1 PRECEDING')} AS c",
        f"{last.format('far', so_far)} AS b" if gap is not None else "NULL::BIGINT AS b",
    ]
    inside = "o IS NOT NULL AND coalesce(c < o, true) AND coalesce(b <= o, true)" if opened else "true"
    part = "o" if opened else "coalesce(greatest(2 * c + 1, 2 * b), -1)"  # greatest passes over NULL
    return (
        f"w AS (SELECT *, {far} AS far FROM r), m AS (SELECT *, {', '.join(marks)} FROM w), "
        f"p AS (SELECT *, {part} AS part FROM m WHERE {inside})"
    )


def _listed(count: int, names: str) -> str:
    """The names of services from the numbers of those of each record, in their order."""
    if count > _MOST_BITS:
        return f"list_transform(list_sort(list(DISTINCT s)), lambda i: ({names}::VARCHAR[])[i + 1])"
    if not count:
        return "[]::VARCHAR[]"
    bits = f"bitstring_agg(s, 0, {count - 1})"
    return f"list_filter({names}::VARCHAR[], lambda n, i: coalesce(get_bit({bits}, (i - 1)::INT), 0) = 1)"


def _page(engine: DuckDB, params: Params) -> str:
    """The address of the page that a record was sent from, less its query and fragment, as a hash."""
    keys = [engine.field(f"attributes.{key}").text(params) for key in PAGE_KEYS if engine.catalog.attribute(key)]
    if not keys:
        return _NO_PAGE
    page = f"coalesce({', '.join(keys)})"
    return f"CASE WHEN {page} IS NOT NULL THEN hash(split_part(split_part({page}, '?', 1), '#', 1)) END"


def _recorded(engine: DuckDB, params: Params) -> str:
    """Does the record belong to a session with a recording?"""
    ids = engine.recordings()["session_id"].drop_nulls().unique().sort().to_list()
    return f"coalesce(list_contains({params.add(ids)}::VARCHAR[], {JOINED_SQL['session']}), false)" if ids else "false"


def _shaped(frame: pl.DataFrame, *, ended: bool) -> pl.DataFrame:
    """The answer in the columns of SESSIONS."""
    level = pl.col("level").cast(pl.UInt32).replace_strict(dict(enumerate(LEVELS)), return_dtype=pl.String)
    out = frame.with_columns(severity=level, ended=pl.col("ended") if ended else pl.lit(None))
    return out.select(pl.col(name).cast(kind) for name, kind in SESSIONS.items())
