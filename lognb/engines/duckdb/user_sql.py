"""SQL that a person writes: one SELECT over `logs` and `spans`, in a database that can open no file and write nothing.

Settings are those of a whole database instance, so this one is beside the engine's and locked. What holds the records
is given to it before: a store's file, attached read-only, or Arrow tables and data sets, which SQL can only read. From
then on it opens nothing, not even to spill. That matters because DuckDB 2.0 counts WITH x AS (DELETE …) and WITH x AS
(COPY … TO …) as a SELECT, and would let the second overwrite the very file that is attached. The path of a store's file
can be seen (duckdb_databases()), its content not changed. This guards against accidents and pasted SQL; it is no
sandbox for hostile code.
"""

from __future__ import annotations

import contextlib
import json
import re
import weakref
from datetime import UTC, datetime
from numbers import Integral
from typing import TYPE_CHECKING, Any, Final

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset

from lognb._text import plain
from lognb.engines.duckdb import sql
from lognb.engines.duckdb.answers import as_frame
from lognb.engines.duckdb.connect import Params, connect, literal, name, rows, stoppable, stoppably
from lognb.engines.duckdb.joins import JOINED_SQL
from lognb.engines.duckdb.labels import Labelled
from lognb.errors import FieldError, QueryError, StoreError
from lognb.schema import FIELDS, LEVELS, SPAN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from lognb.engines.duckdb.engine import DuckDB
    from lognb.engines.duckdb.fields import Field
    from lognb.query import Query

_LOCK: Final = (
    "temp_directory=''",  # what would spill is refused instead: to spill is to write files
    "allow_persistent_secrets=false",
    "secret_directory=''",
    "enable_external_access=false",
    "disabled_filesystems='LocalFileSystem'",
    "lock_configuration=true",
)
_QUOTED: Final = re.compile(r"""'(?:[^']|'')*'|"((?:[^"]|"")+)\"""")
_DAMAGE: Final = ("IO", "Serialization")
_ALONE: Final = "logs.sql sees `logs` and `spans` alone: no files, addresses, extensions or other databases"
# What to do, by what DuckDB's message contains; the first that fits.
_ADVICE: Final = (
    ("read-only", "logs.sql reads and changes nothing"),
    ("Out of Memory", "group, filter or select fewer columns; or take to_polars() or lazy() and go on in Polars"),
    ("TIMESTAMP WITH TIME ZONE", "times are in UTC and have no zone here: cast the other side, as now()::TIMESTAMP"),
    ("arameter", 'values come by name, logs.sql("… where x = $name", {"name": …}), or as a list for ?'),
    ("Catalog", "the tables are logs and spans; logs.fields() lists the fields, which are columns in double quotes"),
    ("Binder", "a field is a column in double quotes, as \"http.route\"; text is in single quotes, as 'GET'"),
)


class Locked:
    """The locked database of one engine. Safe to use from several threads: each call has a cursor of its own."""

    def __init__(self, engine: DuckDB) -> None:
        self.broken = False
        self._where = "the records in memory" if engine.path is None else str(engine.path)
        con = connect()
        try:
            self._held = _hold(con, engine)
            con.execute(f"CREATE TYPE severity AS ENUM ({', '.join(map(literal, LEVELS))})")
            for setting in _LOCK:
                con.execute(f"SET {setting}")
        except (duckdb.Error, pa.ArrowException, OSError) as error:
            con.close()
            raise StoreError(f"{self._where} cannot be opened for SQL: {error}; read the sources again") from error
        self._con = con
        self.close = weakref.finalize(self, con.close)

    def run(
        self,
        engine: DuckDB,
        query: Query,
        statement: str,
        params: Mapping[str, Any] | Sequence[Any] | None,
        timeout: float | None,
        max_bytes: int,
    ) -> pl.DataFrame:
        """See engines.base.Engine.sql."""
        if timeout is not None and not (isinstance(timeout, int | float) and timeout > 0):
            raise QueryError(f"timeout={timeout!r} is no number of seconds above 0")
        bound = _bound(params)
        cursor = self._con.cursor()
        try:
            with self._speaking():
                text = _one(cursor, statement)
                self._tables(cursor, engine, query, text)
                with engine.known(cursor), stoppable():
                    return stoppably(lambda: as_frame(cursor, text, bound, max_bytes), cursor, timeout)
        except TimeoutError:
            raise QueryError(f"no answer within {timeout:g} s; narrow the logs, or pass a larger timeout=") from None
        finally:
            cursor.close()

    def _tables(self, cursor: duckdb.DuckDBPyConnection, engine: DuckDB, query: Query, text: str) -> None:
        """The views `logs` and `spans` of this cursor. A view takes no parameters, but it may read variables."""
        at = {"logs": "store.logs", "spans": "store.spans"}
        for table, held in self._held.items():
            at[table] = f"lognb_{table}"
            cursor.register(at[table], held)
        params = _Variables()
        known = _ById(engine, self._con)
        fields = {n: known[n] for n in _names(engine, text)}
        columns = {n: _sql(f, params) for n, f in fields.items()}
        columns["severity"] += "::severity"
        views = {"logs": _view(columns, f"{at['logs']} WHERE {sql.where(query, known, params)}")}
        sources = f"list_extract({params.add(engine.source_names())}::VARCHAR[], source_ix::BIGINT + 1)"
        spans = {n: sources if n == "source" else name(n) for n in SPAN}
        spans |= JOINED_SQL
        views["spans"] = _view(spans, at["spans"])
        for variable, value in params.items():
            cursor.execute(f"SET VARIABLE {variable} = $v", {"v": value})
        for view, select in views.items():
            cursor.execute(f"CREATE TEMP VIEW {view} AS {select}")

    @contextlib.contextmanager
    def _speaking(self) -> Iterator[None]:
        """DuckDB's errors as ours, with its words; a stream of batches gives them as OSError."""
        try:
            yield
        except TimeoutError:  # it is an OSError too
            raise
        except (duckdb.Error, OSError) as error:
            kind, _, what = str(error).strip().partition(" Error: ")
            if kind in ("FATAL", "INTERNAL"):
                self.broken = True
            elif kind in _DAMAGE or "checksum" in kind:
                why = f"{self._where} cannot be read: {error}; if it is damaged, remove it and read the sources again"
                raise StoreError(why) from error
            raise QueryError(_said(kind, what)) from None


def _said(kind: str, what: str) -> str:
    """DuckDB's message, the place it points at, and what to do; its own advice is for who may change settings."""
    first, *more = what.split("\n\n")
    if kind == "Out of Memory":
        first = f"it needs more memory than there is for it: {first.splitlines()[0]}"
    if kind == "Permission":
        return f"{_ALONE} ({first})"
    advice = [a for sign, a in _ADVICE if sign in f"{kind}: {what}"][:1]
    said = "\n".join([first or kind, *(m for m in more if m.startswith("LINE ")), *advice])
    return "\n".join(map(plain, said.expandtabs(4).splitlines()))  # a value that does not convert is log text


class _ById:
    """The fields of an engine as another database can tell them."""

    def __init__(self, engine: DuckDB, con: duckdb.DuckDBPyConnection) -> None:
        self._engine, self._con = engine, con
        self.tables = engine.lookups

    def __getitem__(self, name: str) -> Field:
        field = self._engine.field(name)
        return field.by_id(self._con) if isinstance(field, Labelled) else field


class _Variables(Params):
    """Bound values that a view can read."""

    def add(self, value: Any) -> str:
        return f"getvariable({literal(super().add(value)[1:])})"


def _hold(con: duckdb.DuckDBPyConnection, engine: DuckDB) -> dict[str, Any]:
    """Attach the store; or what else holds the records, for each cursor to register."""
    if engine.path is None:
        return {t: engine.arrow(f"SELECT * FROM store.{t}") for t in ("logs", "spans")}
    if engine.path.is_dir():
        files = {"logs": sorted(engine.path.glob("logs-*.parquet")), "spans": [engine.path / "spans.parquet"]}
        return {t: pyarrow.dataset.dataset([str(p) for p in paths], format="parquet") for t, paths in files.items()}
    con.execute(f"ATTACH {literal(str(engine.path))} AS store (READ_ONLY)")
    if json.loads(rows(con, "SELECT manifest FROM store.manifest")[0][0])["overview"] != engine.overview:
        raise OSError("it is another store by now")
    return {}


def _one(cursor: duckdb.DuckDBPyConnection, statement: str) -> str:
    """The statement, if it is one SELECT."""
    if not isinstance(statement, str) or "\0" in statement:
        raise QueryError("a statement is text, without NUL")
    try:
        statement.encode()
    except UnicodeEncodeError:
        raise QueryError("the statement holds half of a surrogate pair, which is no character") from None
    found = cursor.extract_statements(statement)
    if len(found) != 1:
        raise QueryError(f"logs.sql takes one SELECT, not {len(found)} statements")
    kind = found[0].type.name
    if kind != "SELECT":
        hint = "; PIVOT needs its columns: FROM (PIVOT logs ON severity IN ('warn', 'error') USING count(*))"
        raise QueryError(f"logs.sql takes one SELECT, not {kind}{hint if kind == 'MULTI' else ''}")
    return statement


def _names(engine: DuckDB, text: str) -> list[str]:
    """The columns of `logs`: those of a record, frequent attributes, keys of resources, fields that the text quotes.

    SQL's names know no case. Where two fields differ in nothing else, the one of the record or the quoted one is meant.
    """
    quoted = [m[1].replace('""', '"') for m in _QUOTED.finditer(text) if m[1]]
    out: dict[str, str] = {n: n for n in FIELDS}
    for field in dict.fromkeys(quoted):
        taken = out.get(field.lower())
        if taken == field or taken in FIELDS or not _known(engine, field):
            continue
        if taken is not None:
            raise QueryError(f"names in SQL know no case, so {taken!r} and {field!r} cannot both be columns of logs")
        out[field.lower()] = field
    usual = [n for n in (*engine.catalog.flats, *engine.catalog.resource) if n and "\0" not in n]
    lower = [n.lower() for n in dict.fromkeys(usual)]
    for field in usual:
        if lower.count(field.lower()) == 1:
            out.setdefault(field.lower(), field)
    return list(out.values())


def _sql(field: Field, params: Params) -> str:
    """One type for each column; of a field with several, text as facets show it."""
    return field.text(params) if field.dtype == pl.String() else field.typed(params)


def _known(engine: DuckDB, field: str) -> bool:
    try:
        engine.field(field)
    except FieldError:
        return False
    return True


def _view(columns: Mapping[str, str], origin: str) -> str:
    """In two steps, so that no name of a column that comes from the data is taken for one of the table."""
    inner = ", ".join(f"{sql} AS c{i}" for i, sql in enumerate(columns.values()))
    outer = ", ".join(f"c{i} AS {name(n)}" for i, n in enumerate(columns))
    return f"SELECT {outer} FROM (SELECT {inner} FROM {origin})"


def _bound(params: Mapping[str, Any] | Sequence[Any] | None) -> Any:
    if params is None:
        return None
    if isinstance(params, str | bytes) or not hasattr(params, "__len__"):
        raise QueryError("params is a dict for $name, or a list for ?")
    if hasattr(params, "keys"):
        return {str(key).removeprefix("$"): _value(value) for key, value in params.items()} or None  # type: ignore[union-attr]
    return [_value(value) for value in params] or None


def _value(value: Any) -> Any:
    """What DuckDB takes: numpy's whole numbers are ints, any collection is a list, times have no zone but UTC."""
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value.astimezone(UTC).replace(tzinfo=None)
    if not isinstance(value, bool) and isinstance(value, Integral):
        return int(value)
    return [_value(v) for v in value] if isinstance(value, list | tuple | set | frozenset | pl.Series) else value
