"""SQL that a person writes sees the records of the query and the spans, typed; nothing else, and changes nothing."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from factory import ODD, T0, Rec, batch
from oracle import matches
from polars.testing import assert_frame_equal

import lognb as ln
from lognb.engines.duckdb import build
from lognb.errors import LimitError, LognbError, QueryError
from lognb.query import Condition, Query
from lognb.schema import FIELDS, JOINED, RECORD, SPAN

if TYPE_CHECKING:
    from pathlib import Path

    from lognb.engines.duckdb import DuckDB

ALL = Query()
SLOW = "SELECT count(*) FROM range(1000000) a, range(1000000) b WHERE (a.range * b.range) % 7 = 3"
secret = pl.DataFrame({"a": [1]})

QUERIES = [
    "",
    "severity>=warn",
    "n=3 http.route=/cart",
    "body:timed -severity=info",
    "env=override",
    "resource.env=prod replicas>1",
    "mixed=7 OR odd exists",
    "time>=2026-11-03T09:01:00Z time<2026-11-03T09:05:00Z",
    r"body~^s.*d$ source=a.jsonl",
    'body:"\'; DROP TABLE logs; --"',
    "source_position in (4, 8, 12)",
]


@pytest.mark.parametrize("text", QUERIES)
def test_logs_are_the_records_of_the_query(engine: DuckDB, records: list[Rec], text: str) -> None:
    query = Query.parse(text)
    wanted = [r.id for r in records if matches(query, r)]
    found = engine.sql(query, "SELECT record_id FROM logs")
    assert found.schema == {"record_id": pl.UInt64}
    assert sorted(found["record_id"]) == sorted(wanted)
    assert wanted
    assert engine.sql(query, "SELECT count(*) AS n FROM logs AS l")["n"].to_list() == [len(wanted)]


def test_columns_of_a_record_are_those_of_the_engine(engine: DuckDB) -> None:
    names = ", ".join(f'"{n}"' for n in RECORD)
    found = engine.sql(ALL, f"SELECT {names} FROM logs ORDER BY time, source_position")
    assert found.schema == RECORD
    kept = [n for n in RECORD if n not in ("attributes", "resource")]
    assert_frame_equal(found.sort("record_id"), engine.fetch(ALL).sort("record_id"))
    assert found.select(kept).height


@pytest.mark.parametrize(
    "field", ["http.route", "dur", "ok", "odd", "env", "replicas", "service.name", "big", "rare.13", "attributes.env",
              "resource.env", "list", "raw"]
)  # fmt: skip
def test_a_field_of_one_type_is_a_column_of_it(engine: DuckDB, field: str) -> None:
    found = engine.sql(ALL, f'SELECT record_id, "{field}" FROM logs')
    assert_frame_equal(found.sort("record_id"), engine.fetch(ALL, ["record_id", field]).sort("record_id"))


@pytest.mark.parametrize("field", ["n", "mixed", "body.user.id"])
def test_a_field_of_several_types_is_text_that_tells_them_apart(engine: DuckDB, field: str) -> None:
    found = engine.sql(ALL, f'SELECT "{field}" AS value, count(*) AS records FROM logs GROUP BY 1')
    shown = engine.facets(ALL, [field], top=1000).select("value", pl.col("records").cast(pl.Int64))
    assert_frame_equal(found.sort("value", nulls_last=True), shown.sort("value", nulls_last=True))


def test_whole_and_other_numbers_are_one_column_of_numbers() -> None:
    keys = [
        ("ms", "int", "7"),
        ("ms", "double", "7.5"),
        ("ms", "double", '{"$double":"Infinity"}'),
        ("ms", "empty", "null"),
    ]
    engine = build(None, iter([batch([Rec(i, T0 + i, attributes=[k]) for i, k in enumerate(keys)])]))
    found = engine.sql(ALL, 'SELECT "ms" FROM logs ORDER BY time')
    assert (found.dtypes, found["ms"].to_list()) == ([pl.Float64], [7.0, 7.5, float("inf"), None])
    assert engine.sql(ALL, 'SELECT count(*) FROM logs WHERE "ms" > 7').item() == 2
    engine.close()


def test_numbers_among_texts(engine: DuckDB, records: list[Rec]) -> None:
    found = engine.sql(ALL, 'SELECT record_id FROM logs WHERE try_cast("mixed" AS DOUBLE) > 6')
    assert sorted(found["record_id"]) == sorted(r.id for r in records if matches(Query.parse("mixed>6"), r))


def test_star_and_describe_show_what_is_there(engine: DuckDB) -> None:
    described = engine.sql(ALL, "DESCRIBE logs")["column_name"].to_list()
    assert engine.sql(ALL, "FROM logs LIMIT 1").columns == described
    assert described[: len(FIELDS)] == list(FIELDS)
    assert {"http.route", "n", "replicas"} <= set(described)
    assert {"logs", "spans"} <= set(engine.sql(ALL, "SHOW TABLES").to_series())


def test_spans_have_their_columns(engine: DuckDB) -> None:
    assert engine.sql(ALL, "FROM spans").schema == {**SPAN, **JOINED}


def test_spans_are_all_spans(shop: Path, tmp_path: Path) -> None:
    logs = ln.read(shop)
    for some in (logs.where("severity>=error"), ln.scan(logs.where("severity>=error").write_parquet(tmp_path / "p"))):
        found = some.sql('FROM spans ORDER BY start, trace_id, span_id, "end"')
        assert_frame_equal(found.drop(JOINED), logs.spans)
        joined = some.sql("SELECT count(*) FROM logs JOIN spans USING (trace_id, span_id)").item()
        pairs = some.to_polars(["trace_id", "span_id"]).join(logs.spans, on=["trace_id", "span_id"])
        assert joined == pairs.height > 0


def test_times_bucket_and_subtract(engine: DuckDB, records: list[Rec]) -> None:
    times = [t for r in records if (t := r.time if r.time is not None else r.observed) is not None]
    found = engine.sql(
        ALL,
        "SELECT min(time) a, max(time) - min(time) b, date_trunc('minute', min(time)) c, list(time) d, "
        "min(time)::TIMESTAMPTZ e, '9999-12-31'::TIMESTAMP f, sum(source_position) g, "
        "170141183460469231731687303715884105727 h FROM logs",
    )
    ns = pl.Datetime("ns", "UTC")
    assert found.select("a", "c", "e", "b", "f", "g").dtypes == [
        *[ns] * 3, pl.Duration("ns"), pl.Datetime("us", "UTC"), pl.Int64,
    ]  # fmt: skip
    assert found["a"].cast(pl.Int64).item() == min(times)
    assert found["b"].cast(pl.Int64).item() == (max(times) - min(times)) // 1000 * 1000
    assert found["f"].item() == datetime(9999, 12, 31, tzinfo=UTC)
    assert found["h"].item() == 2**127 - 1


def test_severity_sorts_by_rank(engine: DuckDB, records: list[Rec]) -> None:
    order = list(RECORD["severity"].categories)  # type: ignore[attr-defined]
    found = engine.sql(ALL, "SELECT severity, count(*) AS n FROM logs GROUP BY 1 ORDER BY 1")
    assert dict(found.iter_rows()) == Counter(r.severity for r in records)
    assert found["severity"].to_list() == [s for s in order if s in set(found["severity"])]
    high = engine.sql(ALL, "SELECT count(*) FROM logs WHERE severity >= 'warn'::severity").item()
    assert high == sum(r.severity in ("warn", "error", "fatal") for r in records)


@pytest.mark.parametrize("value", [*ODD, "%", "_", "') OR true; --", "\u202ex", "p0", "x" * 1_000_000])
def test_values_stay_values(engine: DuckDB, records: list[Rec], value: str) -> None:
    """Those of the query and those of the statement, which may have the same names."""
    query = Query.parse("odd exists service_name in (svc0, svc1, svc2)")
    wanted = sorted(r.id for r in records if matches(query, r) and r.value("odd") == value)
    own = query & Query((Condition("odd", "=", value),))
    assert sorted(engine.sql(own, "SELECT record_id FROM logs")["record_id"]) == wanted
    for params in ({"p0": value, "p1": 1}, {"$p0": value, "p1": 1}, [value, 1]):
        p0, p1 = ("$p0", "$p1") if isinstance(params, dict) else ("?", "?")
        found = engine.sql(query, f'SELECT record_id FROM logs WHERE "odd" = {p0} AND 1 = {p1}', params)
        assert sorted(found["record_id"]) == wanted
    assert sorted(engine.sql(query, "SELECT record_id FROM logs WHERE \"odd\" = getvariable('p0')")["record_id"]) == []


def test_times_as_values(engine: DuckDB, records: list[Rec]) -> None:
    at = datetime(2026, 11, 3, 9, 5, tzinfo=UTC)
    wanted = sum((r.time or r.observed or 0) >= T0 + 300 * 10**9 for r in records)
    for value in (at, at.replace(tzinfo=None), at.astimezone(timezone(timedelta(hours=5))), "2026-11-03T09:05:00Z"):
        found = engine.sql(ALL, "SELECT count(*) FROM logs WHERE time >= $t", {"t": value})
        assert found.item() == wanted, value
    assert engine.sql(ALL, "SELECT count(*) FROM logs WHERE list_contains($t, time)", {"t": [at]}).item() is not None


@pytest.mark.parametrize("value", [{4, 8}, (4, 8), pl.Series([4, 8]), np.array([4, 8]), [np.int64(4), 8]])
def test_collections_as_values(engine: DuckDB, value: Any) -> None:
    found = engine.sql(
        ALL, "SELECT source_position AS p FROM logs WHERE p IN (SELECT unnest($v)) ORDER BY 1", {"v": value}
    )
    assert found["p"].to_list() == [4, 8]
    assert engine.sql(ALL, "SELECT $v", {"v": np.int64(7)}).item() == 7


@pytest.mark.parametrize(
    "statement",
    [
        "WITH logs AS (SELECT 1 AS a) SELECT a FROM logs",
        "WITH logs AS (SELECT * FROM logs WHERE false), x AS (SELECT count(*) AS a FROM logs) SELECT a + 1 AS a FROM x",
        "WITH RECURSIVE r(a) AS (SELECT 1 UNION ALL SELECT a + 1 FROM r WHERE a < 1) SELECT * FROM r",
        "SELECT a FROM (SELECT 1 AS a) AS logs",
        "SELECT 1 AS a; -- and that is all",
        "SELECT 1 AS a ;; /* nor ; this */ ;",
        "/* first */ SELECT 1 AS a\n-- last",
        "SELECT count(*) AS a FROM query('SELECT 1 AS a')",
        "SELECT count(*) AS a FROM (FROM query_table('logs') LIMIT 1)",
        "VALUES (1)",
        "SELECT length(';--') - 2 AS a",
    ],
)
def test_statements_that_are_one_select(engine: DuckDB, statement: str) -> None:
    assert engine.sql(ALL, statement).item() == 1


def test_names_that_repeat_and_types_that_polars_lacks(engine: DuckDB) -> None:
    found = engine.sql(
        ALL,
        "SELECT 1 AS n, 2 AS n, 3 AS n_1, INTERVAL 2 SECONDS AS i, [INTERVAL 1 DAY] AS l, '101'::BIT AS b, "
        "union_value(k := 7) AS u, '\"x\"'::JSON AS j, 1::VARIANT AS v, NULL AS z, '09:00'::TIMETZ AS t, "
        "'a'::ENUM('a', 'b') AS e -- the end ;",
    )
    assert found.columns == ["n", "n_2", "n_1", "i", "l", "b", "u", "j", "v", "z", "t", "e"]
    assert found.row(0) == (
        1, 2, 3, timedelta(seconds=2), "[1 day]", "101", "7", '"x"', "1", None, "09:00:00+00", "a",
    )  # fmt: skip
    ordered = engine.sql(ALL, "SELECT range AS r, INTERVAL 1 DAY AS i FROM range(300000) ORDER BY r DESC;")
    assert ordered["r"].is_sorted(descending=True)
    assert engine.sql(ALL, "SELECT ';--' AS a, INTERVAL 1 DAY AS ';--'").columns == ["a", ";--"]


REFUSED = [
    *[f"FROM {f}('/etc/passwd')" for f in (
        "read_csv", "read_text", "read_blob", "read_parquet", "read_json", "read_ndjson_objects", "glob", "sniff_csv",
        "parquet_metadata", "parquet_schema", "query_table", "read_duckdb",
    )],
    *[f"FROM {f}('{{store}}')" for f in ("read_csv", "read_blob", "glob", "parquet_metadata")],
    "FROM '/etc/passwd'", "FROM '{store}'", "FROM 'logs-*.parquet'", "FROM 'https://lognb.invalid/x.parquet'",
    "FROM 's3://lognb/x.parquet'", "FROM read_csv('https://lognb.invalid/x.csv')",
    "COPY logs TO '{folder}/x.csv'", "COPY (SELECT 1) TO '{folder}/x.parquet'", "COPY logs TO '/dev/stdout'",
    "COPY logs FROM '/etc/passwd'", "EXPORT DATABASE '{folder}'", "IMPORT DATABASE '{folder}'",
    "WITH x AS (COPY (SELECT 1) TO '{folder}/x.csv') SELECT 1",
    "WITH x AS (COPY (SELECT 1) TO '{store}' (FORMAT csv, USE_TMP_FILE false)) SELECT 1",
    "WITH x AS (COPY (SELECT 1) TO '{parquet}' (FORMAT parquet, USE_TMP_FILE false)) SELECT 1",
    "FROM query('WITH x AS (COPY (SELECT 1) TO ''{folder}/x.csv'') SELECT 1')", "FROM query('DROP VIEW logs')",
    "FROM query('SELECT 1; SELECT 2')",
    "ATTACH '{folder}/x.duckdb'", "ATTACH '{store}' AS again (READ_ONLY)", "ATTACH ':memory:' AS m", "DETACH store",
    "USE store", "INSTALL httpfs", "LOAD json", "FORCE INSTALL spatial", "PRAGMA version", "PRAGMA database_list",
    "CALL pragma_version()", "SET memory_limit='100GB'", "SET GLOBAL enable_external_access=true", "RESET threads",
    "SET VARIABLE p0 = 1", "CREATE SECRET s (TYPE s3, KEY_ID 'a')", "SELECT getenv('HOME')",
    "FROM secret", "SELECT * FROM secret.a", "SELECT secret.a", "FROM staged", "FROM SOURCES",
    "SELECT 1; SELECT 2", "SELECT 1; DROP TABLE store.logs", "", ";", "-- nothing",
    "CREATE TABLE t (a INT)", "CREATE TEMP TABLE t AS FROM logs", "CREATE VIEW v AS FROM logs", "DROP VIEW logs",
    "CREATE OR REPLACE TEMP VIEW logs AS SELECT 1", "CREATE MACRO m() AS 1", "CREATE FUNCTION f() AS 1",
    "DELETE FROM {logs}", "INSERT INTO {logs} SELECT * FROM {logs}", "UPDATE {logs} SET body = ''", "TRUNCATE {logs}",
    "DROP TABLE {logs}", "ALTER TABLE {logs} DROP COLUMN body", "VACUUM", "CHECKPOINT", "BEGIN", "COMMIT",
    "MERGE INTO {logs} USING (SELECT 1) x ON false WHEN MATCHED THEN DELETE",
    "WITH x AS (DELETE FROM {logs} RETURNING 1) FROM x", "WITH x AS (UPDATE {logs} SET body = '' RETURNING 1) FROM x",
    "WITH x AS (INSERT INTO {logs} SELECT * FROM {logs} RETURNING 1) FROM x",
    "PREPARE p AS SELECT 1", "EXECUTE p", "EXPLAIN ANALYZE SELECT 1", "EXPLAIN FROM logs", "SELECT nextval('s')",
    "FROM arrow_scan(1, 2, 3)", "FROM pandas_scan(1)", "FROM sql_auto_complete('s')",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
    "PIVOT logs ON severity USING count(*)", "SELECT 1 \0 AS a", "SELECT '\ud800'",
]  # fmt: skip


@pytest.fixture
def untouched(engine: DuckDB, tmp_path: Path) -> Any:
    """The names to fill in; afterwards no file has changed, and the records are all there."""
    before, count = _state(engine), engine.count(ALL)
    parquet = next(iter(sorted(engine.path.glob("logs-*"))), None) if engine.path and engine.path.is_dir() else None
    yield {
        "store": engine.path or tmp_path / "none",
        "parquet": parquet or tmp_path / "none.parquet",
        "folder": tmp_path,
        "logs": "lognb_logs" if parquet or engine.path is None else "store.logs",
    }
    assert engine.sql(ALL, "SELECT count(*) FROM logs").item() == engine.count(ALL) == count
    assert _state(engine) == before
    assert list(tmp_path.iterdir()) == []


def _state(engine: DuckDB) -> list[tuple[str, str]]:
    if engine.path is None:
        return []
    files = sorted(engine.path.iterdir()) if engine.path.is_dir() else [engine.path]
    return [(f.name, hashlib.md5(f.read_bytes()).hexdigest()) for f in files]


@pytest.mark.parametrize("statement", REFUSED)
def test_what_is_no_look_at_the_records_is_refused(engine: DuckDB, untouched: dict[str, Any], statement: str) -> None:
    with pytest.raises(QueryError) as refused:
        engine.sql(ALL, statement.format(**untouched))
    assert "Traceback" not in str(refused.value)
    assert refused.value.__suppress_context__ or refused.value.__cause__ is None


@pytest.mark.parametrize("kind", ["COPY (SELECT 1 AS a) TO '{target}' (FORMAT csv, USE_TMP_FILE false)",
                                  "DELETE FROM {logs} RETURNING 1"])  # fmt: skip
def test_what_runs_beside_the_transaction_cannot_write_either(
    engine: DuckDB, untouched: dict[str, Any], kind: str
) -> None:
    """This function of DuckDB runs a serialized statement in a connection of its own, whatever the statement does."""
    target = untouched["parquet"] if engine.path and engine.path.is_dir() else untouched["store"]
    inner = f"WITH x AS ({kind.format(target=target, **untouched)}) SELECT 1"
    tree = engine.sql(ALL, "SELECT json_serialize_sql($s)", {"s": inner}).item()
    literal = tree.replace("'", "''")
    with pytest.raises(QueryError):
        engine.sql(ALL, f"FROM json_execute_serialized_sql('{literal}')")


def test_what_is_allowed_leaves_nothing_behind(engine: DuckDB, untouched: dict[str, Any]) -> None:
    engine.sql(ALL, "SELECT write_log('x'), setseed(0.5)")
    assert engine.sql(ALL, "FROM duckdb_logs()").height == 0
    assert engine.sql(ALL, "FROM duckdb_secrets()").height == 0
    locked = engine.sql(ALL, "SELECT name, value FROM duckdb_settings()")
    settings = dict(locked.iter_rows())
    assert (settings["enable_external_access"], settings["lock_configuration"]) == ("false", "true")
    known = [str(v) for v in settings.values()] + engine.sql(ALL, "SELECT path FROM duckdb_databases()")[
        "path"
    ].to_list()
    named = [v for v in known if v and str(untouched["store"]) in v]
    assert named == [] or (engine.path is not None and engine.path.is_file()), "only a store's file shows where it is"


@pytest.mark.parametrize(
    ("statement", "params", "said"),
    [
        ("SELECT 1 FRM logs WHERE", None, r'syntax error at or near "logs"\nLINE 1: .*\n +\^'),
        ("SELECT nope FROM logs", None, r'column "nope" not found(.|\n)*double quotes, as "http.route"'),
        ("SELECT 1 FROM records", None, r"Table with name records does not exist(.|\n)*the tables are logs and spans"),
        ("SELECT $a", None, r"not provided for the following parameters: a\nvalues come by name"),
        ("SELECT 1", {"a": 1}, r"Expected 0, got 1\nvalues come by name"),
        ("SELECT $a", {"a": object()}, "Unable to transform python value"),
        ("SELECT $a", {"a": 2**200}, "too large"),
        ("SELECT $a", {"a": "\ud800"}, "surrogate"),
        ("FROM logs WHERE time < now()", None, r"have no zone here: cast the other side, as now\(\)::TIMESTAMP"),
        ("SELECT $a", "a", r"params is a dict for \$name, or a list for \?"),
        ("SELECT $a", 1, r"params is a dict"),
        ("SELECT $a = ?", {"a": 1}, "Mixing named and positional"),
        (7, None, "a statement is text"),
        ("SELECT 'x'::INT", None, "Could not convert string 'x' to INT32"),
        ("SELECT error('boom') FROM range(9)", None, "boom"),
        ("SELECT CASE WHEN range > 500000 THEN error('boom') END FROM range(1000000)", None, "boom"),
        ("COPY logs TO 'x'", None, "takes one SELECT, not COPY"),
        ("SELECT 1; SELECT 2", None, "takes one SELECT, not 2 statements"),
        ("FROM read_text('/etc/passwd')", None, "no files, addresses, extensions"),
    ],
)  # fmt: skip
def test_refusals_say_what_and_what_to_do(engine: DuckDB, statement: Any, params: Any, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        engine.sql(ALL, statement, params)
    assert engine.sql(ALL, "SELECT 1").item() == 1


def test_an_answer_larger_than_its_bound(engine: DuckDB) -> None:
    with pytest.raises(LimitError, match=r"larger than 1,000,000 bytes.*max_bytes="):
        engine.sql(ALL, "SELECT range FROM range(100000000)", max_bytes=10**6)


def test_timeout(engine: DuckDB) -> None:
    for statement in (
        SLOW,
        f"FROM ({SLOW}) UNION ALL SELECT 1",
        "SELECT sum(a.range) FROM range(9999999) a, logs b, logs c",
    ):
        with pytest.raises(QueryError, match=r"no answer within 0\.2 s; narrow the logs, or pass a larger timeout="):
            engine.sql(ALL, statement, timeout=0.2)
    assert engine.sql(ALL, "SELECT 1", timeout=30).item() == 1
    for wrong in (0, -1, "1"):
        with pytest.raises(QueryError, match="number of seconds above 0"):
            engine.sql(ALL, "SELECT 1", timeout=wrong)  # type: ignore[arg-type]


def test_threads_ask_at_once(engine: DuckDB, records: list[Rec]) -> None:
    found: list[tuple[str, int]] = []

    def ask(service: str) -> None:
        query = Query.parse(f"service_name={service}")
        found.extend((service, engine.sql(query, "SELECT count(*) FROM logs").item()) for _ in range(5))

    threads = [threading.Thread(target=ask, args=(f"svc{i}",)) for i in range(3)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert Counter(found) == dict.fromkeys(Counter(r.service for r in records if r.service).items(), 5)


INTERRUPTED = f"""
import sys, time
import lognb as ln
logs = ln.read(sys.argv[1])
logs.sql("SELECT 1")
for statement in ({SLOW!r}, "SELECT a.range FROM range(1000000) a, range(1000000) b WHERE a.range * b.range = -1"):
    print("ready", flush=True)
    try:
        logs.sql(statement)
    except KeyboardInterrupt:
        print("stopped", logs.sql("SELECT count(*) FROM logs").item(), flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them")
def test_ctrl_c_stops_it_at_once(shop: Path, truth: dict[str, Any]) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, str(shop)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    for _ in range(2):
        assert process.stdout.readline() == "ready\n"
        threading.Event().wait(0.5)
        process.send_signal(signal.SIGINT)
        assert process.stdout.readline() == f"stopped {truth['records']}\n"
    _, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, "")


def test_fields_that_differ_in_case_only(tmp_path: Path) -> None:
    keys = [
        ("Code", "int", "1"),
        ("code", "string", "x"),
        ("BODY", "string", "no"),
        ("a\0b", "int", "1"),
        ("", "int", "1"),
    ]
    for path in (None, tmp_path / "s.duckdb"):
        engine = build(path, iter([batch([Rec(i, T0 + i, body="b", attributes=keys) for i in range(50)])]))
        assert engine.sql(ALL, 'SELECT DISTINCT "Code", BODY FROM logs').rows() == [(1, "b")]
        assert engine.sql(ALL, 'SELECT DISTINCT "code" FROM logs').rows() == [("x",)]
        with pytest.raises(QueryError, match=r'"code" not found'):
            engine.sql(ALL, "SELECT code FROM logs")
        with pytest.raises(QueryError, match="know no case, so 'Code' and 'code' cannot both be columns"):
            engine.sql(ALL, 'SELECT "Code", "code" FROM logs')
        engine.close()


def test_memory_is_bounded_and_nothing_spills() -> None:
    engine = build(None, iter([batch([Rec(1, T0)])]))
    with pytest.raises(QueryError, match=r"more memory than there is for it: .*\n.*lazy\(\)"):
        engine.sql(ALL, "SELECT md5(range::VARCHAR) FROM range(100000000) ORDER BY 1")
    assert engine.sql(ALL, "SELECT value FROM duckdb_settings() WHERE name = 'temp_directory'").item() == ""
    engine.close()


def test_a_store_that_is_gone_says_so(tmp_path: Path) -> None:
    engine = build(tmp_path / "s.duckdb", iter([batch([Rec(1, T0)])]))
    (tmp_path / "s.duckdb").unlink()
    with pytest.raises(LognbError, match=r"s\.duckdb cannot be opened for SQL.*read the sources again"):
        engine.sql(ALL, "SELECT 1")
    engine.close()


def test_what_another_thread_asks_can_be_stopped(engine: DuckDB) -> None:
    """A panel stops the question of before also where it is SQL, in a database of its own."""
    ended: list[BaseException] = []

    def ask() -> None:
        try:
            engine.sql(Query(), "select count(*) from range(100000000000) where range % 7 = 8")
        except KeyboardInterrupt as error:
            ended.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    until = time.monotonic() + 20
    while thread.is_alive() and time.monotonic() < until:
        engine.interrupt(thread)
        thread.join(0.05)
    assert len(ended) == 1
    assert engine.sql(Query(), "select 1 as one")["one"].to_list() == [1], "the next question is answered"
