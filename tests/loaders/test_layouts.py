"""Parquet as other tools write it: each layout is written here by its own schema, and reads back as what was meant."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from making import load

import lognb as ln
from lognb.loaders import layouts

if TYPE_CHECKING:
    from pathlib import Path

T0 = 1_760_000_000_123_456_789
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"

# What every layout below says, as far as it can: the second record has nothing but a body.
WANT: list[dict[str, Any]] = [
    {
        "timestamp": T0,
        "severity_number": 17,
        "severity_text": "ERROR",
        "severity": "error",
        "service_name": "checkout",
        "body": "card 4711 was refused: straße",
        "body_type": "string",
        "trace_id": TRACE,
        "span_id": SPAN,
        "trace_flags": 1,
        "scope_name": "shop.pay",
        "scope_version": "1.2",
        "attributes": {"http.route": "/pay", "zip": "007"},
        "resource": {"service.name": "checkout", "host.name": "n1"},
        "scope_attributes": {"lib": "x"},
    },
    {
        "timestamp": None,
        "severity_number": 0,
        "severity_text": None,
        "severity": "unspecified",
        "service_name": None,
        "body": "bare",
        "body_type": "string",
        "trace_id": None,
        "span_id": None,
        "trace_flags": 0,
        "scope_name": None,
        "scope_version": None,
        "attributes": {},
        "resource": {},
        "scope_attributes": {},
    },
]


def parquet(table: pa.Table, **options: Any) -> bytes:
    out = io.BytesIO()
    pq.write_table(table, out, **options)
    return out.getvalue()


def seen(frame: pl.DataFrame, columns: list[str]) -> list[dict[str, Any]]:
    """The rows of a frame, times as nanoseconds, JSON parsed."""
    times = [n for n, t in frame.schema.items() if isinstance(t, pl.Datetime)]
    rows = frame.with_columns(pl.col(times).cast(pl.Int64)).select(columns).to_dicts()
    for row in rows:
        for name in ("attributes", "resource", "scope_attributes"):
            if name in row:
                row[name] = json.loads(row[name])
    return rows


def text_map(*items: dict[str, str]) -> pa.Array:
    return pa.array([list(i.items()) for i in items], pa.map_(pa.string(), pa.string()))


def otlp2parquet() -> pa.Table:
    us = pa.timestamp("us", "UTC")
    return pa.table({
        "Timestamp": pa.array([T0 // 1000, 0], us),
        "TraceId": pa.array([bytes.fromhex(TRACE), bytes(16)], pa.binary()),
        "SpanId": pa.array([bytes.fromhex(SPAN), bytes(8)], pa.binary()),
        "ServiceName": ["checkout", ""],
        "ServiceNamespace": pa.array([None, None], pa.string()),
        "ResourceAttributes": ['{"host.name":"n1"}', "{}"],
        "ResourceSchemaUrl": ["https://opentelemetry.io/schemas/1.6.1", None],
        "ScopeName": ["shop.pay", ""],
        "ScopeVersion": ["1.2", None],
        "ScopeAttributes": ['{"lib":"x"}', "{}"],
        "TimestampTime": pa.array([T0 // 1000, 0], us),
        "ObservedTimestamp": pa.array([0, 0], us),
        "TraceFlags": pa.array([1, 0], pa.uint32()),
        "SeverityText": ["ERROR", ""],
        "SeverityNumber": pa.array([17, 0], pa.int32()),
        "Body": ['"card 4711 was refused: straße"', '"bare"'],
        "LogAttributes": ['{"http.route":"/pay","zip":"007"}', "{}"],
    })  # fmt: skip


def clickhouse() -> pa.Table:
    low = pa.dictionary(pa.int32(), pa.string())  # LowCardinality(String)
    return pa.table({
        "Timestamp": pa.array([T0, 0], pa.timestamp("ns")),
        "TimestampTime": pa.array([T0 // 10**9, 0], pa.uint32()),  # DateTime
        "TraceId": [TRACE, ""],
        "SpanId": [SPAN, ""],
        "TraceFlags": pa.array([1, 0], pa.uint8()),
        "SeverityText": pa.array(["ERROR", ""]).cast(low),
        "SeverityNumber": pa.array([17, 0], pa.uint8()),
        "ServiceName": pa.array(["checkout", ""]).cast(low),
        "Body": pa.array([b"card 4711 was refused: stra\xc3\x9fe", b"bare"], pa.binary()),  # an option of it
        "ResourceSchemaUrl": ["", ""],
        "ResourceAttributes": text_map({"service.name": "checkout", "host.name": "n1"}, {}),
        "ScopeSchemaUrl": ["", ""],
        "ScopeName": ["shop.pay", ""],
        "ScopeVersion": ["1.2", ""],
        "ScopeAttributes": text_map({"lib": "x"}, {}),
        "LogAttributes": text_map({"http.route": "/pay", "zip": "007"}, {}),
    })  # fmt: skip


def snake(time: str, times: pa.Array, flags: str) -> dict[str, Any]:
    return {
        time: times,
        "trace_id": [TRACE.upper(), "0" * 32],
        "span_id": [SPAN, None],
        flags: pa.array([1, 0], pa.int32()),
        "severity_text": ["ERROR", ""],
        "severity_number": pa.array([17, 0], pa.int32()),
        "service_name": ["checkout", ""],
        "body": ["card 4711 was refused: straße", "bare"],
        "resource_attributes": ['{"service.name":"checkout","host.name":"n1"}', "{}"],
        "scope_name": ["shop.pay", ""],
        "scope_version": ["1.2", ""],
        "scope_attributes": ['{"lib":"x"}', "{}"],
        "log_attributes": ['{"http.route":"/pay","zip":"007"}', "{}"],
    }


def duckdb_otlp() -> pa.Table:
    more = {"observed_time_unix_nano": pa.array([None, None], pa.timestamp("ns")), "service_namespace": [None, None]}
    return pa.table(snake("time_unix_nano", pa.array([T0, None], pa.timestamp("ns")), "flags") | more)


def rotel() -> pa.Table:
    more = {"resource_schema_url": ["", ""], "scope_schema_url": ["", ""]}
    return pa.table(snake("timestamp", pa.array([T0, 0], pa.uint64()), "trace_flags") | more)


def posthog_rows() -> list[dict[str, Any]]:
    first = {
        "uuid": "0198-a",
        "trace_id": TRACE.upper(),
        "span_id": SPAN.upper(),
        "body": WANT[0]["body"],
        "attributes": {"http.route": "/pay", "zip": "007"},
        "timestamp": "2025-10-09T08:53:20.123456Z",
        "observed_timestamp": None,
        "severity_text": "ERROR",
        "severity_number": 17,
        "level": "ERROR",
        "resource_attributes": {"service.name": "checkout", "host.name": "n1"},
        "instrumentation_scope": "shop.pay@1.2",
        "event_name": "",
        "trace_flags": 1,
    }
    bare = {
        "uuid": "0198-b", "trace_id": "0" * 32, "span_id": "0" * 16, "body": "bare", "attributes": {},
        "timestamp": None, "observed_timestamp": None, "severity_text": "", "severity_number": 0, "level": "",
        "resource_attributes": {}, "instrumentation_scope": "", "event_name": "", "trace_flags": 0,
    }  # fmt: skip
    return [first, bare]


def posthog_logs() -> pa.Table:
    texts = ("attributes", "resource_attributes")
    rows = [{k: json.dumps(v) if k in texts else v for k, v in row.items()} for row in posthog_rows()]
    return pa.Table.from_pylist(rows)


# layout: (table, what differs from WANT, attributes that come on top)
LAYOUTS: dict[str, tuple[Any, dict[str, Any], list[dict[str, Any]]]] = {
    "otlp2parquet": (otlp2parquet, {"timestamp": T0 // 1000 * 1000}, [{}, {}]),
    "ClickHouse otel_logs": (clickhouse, {}, [{}, {}]),
    "duckdb-otlp": (duckdb_otlp, {}, [{}, {}]),
    "rotel": (rotel, {}, [{}, {}]),
    "PostHog logs": (
        posthog_logs,
        {"timestamp": T0 // 1000 * 1000, "scope_attributes": {}},
        [{"uuid": "0198-a"}, {"uuid": "0198-b"}],
    ),
}


def wanted(name: str) -> list[dict[str, Any]]:
    _, differs, extra = LAYOUTS[name]
    rows = [WANT[0] | differs, WANT[1]]
    return [row | {"attributes": row["attributes"] | more} for row, more in zip(rows, extra, strict=True)]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_is_found_by_its_columns_and_says_what_was_meant(name: str) -> None:
    frame, report = load(parquet(LAYOUTS[name][0]()))
    (file,) = report.files
    assert (file.format, file.framing) == ("parquet", name), str(report)
    assert name in file.why
    assert (file.records, file.rejected, file.rejected_bytes) == (2, 0, 0)
    assert seen(frame, list(WANT[0])) == wanted(name)
    assert frame["source_position"].to_list() == [1, 2]
    assert frame["record_id"].n_unique() == 2


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_layout_reads_the_same_as_a_frame_and_in_many_row_groups(name: str) -> None:
    table = LAYOUTS[name][0]()
    many = pa.concat_tables([table] * 40)
    frame, report = load(parquet(many, row_group_size=7, compression="zstd"))
    assert report.files[0].records == 80, str(report)
    assert seen(frame, list(WANT[0])) == wanted(name) * 40
    assert frame["source_position"].to_list() == list(range(1, 81))
    assert frame["record_id"].n_unique() == 80
    as_frame = pl.concat(ln.frames(table))
    assert seen(as_frame, list(WANT[0])) == wanted(name)


def test_rows_of_posthogs_api_read_the_same_from_json() -> None:
    """As the answer of the API, and line by line."""
    rows = posthog_rows()
    lines = "\n".join(map(json.dumps, rows)).encode()
    answer = json.dumps({"results": rows, "hasMore": False, "nextCursor": None}).encode()
    want = wanted("PostHog logs")
    want[0]["attributes"]["severity_text"] = "ERROR"  # `level` says the same; one of the two stays an attribute
    for data in (lines, answer):
        frame, report = load(data)
        assert report.files[0].rejected == 0, str(report)
        found = seen(frame, list(WANT[0]))
        blank = ("", None, "0" * 32, "0" * 16)
        for row in (*found, *want):
            row["attributes"] = {k: v for k, v in row["attributes"].items() if v not in blank}
        assert found == want


def test_posthog_events_are_records_with_an_event_name_session_and_user() -> None:
    table = pa.table({
        "uuid": ["u1"],
        "event": ["$pageview"],
        "distinct_id": ["user-17"],
        "properties": ['{"$session_id":"s-1","$current_url":"https://shop/","n":3}'],
        "person_properties": ['{"plan":"pro"}'],
        "timestamp": pa.array([T0 // 1000], pa.timestamp("us", "UTC")),
    })  # fmt: skip
    frame, report = load(parquet(table))
    assert report.files[0].framing == "PostHog events"
    assert "event_name" in report.files[0].why
    (row,) = frame.to_dicts()
    assert (row["event_name"], row["session_id"], row["user_id"], row["body"]) == ("$pageview", "s-1", "user-17", None)
    assert json.loads(row["attributes"]) == {
        "$session_id": "s-1", "$current_url": "https://shop/", "n": 3,
        "uuid": "u1", "distinct_id": "user-17", "person_properties": '{"plan":"pro"}',
    }  # fmt: skip


@pytest.mark.parametrize("properties", [{"$session_id": "s-1", "n": 3}, '{ "$session_id": "s-1",\n"n": 3}'])
def test_posthog_events_as_json_are_the_same_records(properties: object) -> None:
    """Their properties nested, as a batch export has them, or as JSON text, as PostHog's own tables do."""
    row = {"uuid": "u1", "event": "$pageview", "distinct_id": "user-17", "properties": properties,
           "timestamp": "2025-10-09T08:53:20Z"}  # fmt: skip
    other = {"event": "a body, since nothing else says what it is", "timestamp": "2025-10-09T08:53:21Z"}
    frame, _ = load((json.dumps(row) + "\n" + json.dumps(other)).encode())
    first, second = frame.to_dicts()
    assert (first["event_name"], first["session_id"], first["user_id"]) == ("$pageview", "s-1", "user-17")
    assert first["body"] is None
    assert json.loads(first["attributes"]) == {"uuid": "u1", "distinct_id": "user-17", "$session_id": "s-1", "n": 3}
    assert (second["event_name"], second["body"]) == (None, other["event"])


@pytest.mark.parametrize("properties", ["{", "{} and more", "{" * 9, "[1]", ""])
def test_properties_that_are_no_json_object_stay_text(properties: str) -> None:
    row = {"event": "e", "distinct_id": "u", "properties": properties, "timestamp": "2025-10-09T08:53:20Z"}
    frame, _ = load(json.dumps(row).encode())
    assert properties in json.loads(frame["attributes"][0]).values()


def test_a_frame_of_lognbs_own_comes_back_as_it_was(samples: Path) -> None:
    first = pl.concat(ln.frames(samples)).head(500)
    again = ln.frames(first)
    assert pl.concat(again).equals(first)
    assert again.load_report.files[0].framing == "lognb"


@pytest.mark.parametrize(("name", "needs"), layouts.OTHERS)
def test_tables_of_other_signals_are_told_from_logs(name: str, needs: tuple[str, ...]) -> None:
    table = pa.table({**{n: ["1", "2"] for n in needs}, "Timestamp": [1, 2], "Attributes": ["{}", "{}"]})
    frame, report = load(parquet(table))
    (file,) = report.files
    assert not len(frame)
    if name == "metrics":
        assert (file.metrics, file.rejected) == (2, 0)
    else:
        assert (file.rejected, file.rejected_records) == (1, 2)
        assert "spans" in file.rejections[0].reason


def test_a_table_without_time_or_body_says_what_it_has_and_what_to_do() -> None:
    frame, report = load(parquet(pa.table({"colour": ["red"], "n": [1]})))
    assert not len(frame)
    assert report.files[0].rejected_records == 1
    assert "columns=" in report.files[0].rejections[0].reason
    assert "'colour', 'n'" in report.files[0].rejections[0].reason


def test_a_body_is_json_text_only_where_the_first_of_them_show_it() -> None:
    table = otlp2parquet()
    bodies = ['"quoted"', '{"level":50,"n":1.5}', "7", "null", "not json"]
    many = pa.concat_tables([table.slice(0, 1)] * 4).set_column(
        table.column_names.index("Body"), "Body", pa.array(bodies[:4])
    )
    frame, report = load(parquet(many))
    assert frame["body"].to_list() == ["quoted", '{"level":50,"n":1.5}', "7", None]
    assert frame["body_type"].to_list() == ["string", "kvlist", "int", None]
    assert "JSON text" in report.files[0].why
    mixed = pa.concat_tables([table.slice(0, 1)] * 2).set_column(
        table.column_names.index("Body"), "Body", pa.array([bodies[0], bodies[4]])
    )
    frame, report = load(parquet(mixed))
    assert frame["body"].to_list() == ['"quoted"', "not json"]
    assert "plain text" in report.files[0].why


def test_a_column_that_repeats_another_is_left_out_only_where_it_does() -> None:
    table = clickhouse()
    times = pa.array([T0 // 10**9 + 5, 0], pa.uint32())
    frame, _ = load(parquet(table.set_column(table.column_names.index("TimestampTime"), "TimestampTime", times)))
    assert json.loads(frame["attributes"][0])["TimestampTime"] == T0 // 10**9 + 5
    assert "TimestampTime" not in frame["attributes"][1]


def test_what_cannot_be_what_its_column_says_stays_with_the_record_and_is_counted() -> None:
    table = pa.table(
        snake("timestamp", pa.array([2**64 - 1, T0], pa.uint64()), "trace_flags")
        | {"trace_id": ["abc", TRACE], "span_id": ["xyz", SPAN], "colour": [None, "red"]}
    )
    frame, report = load(parquet(table))
    first = json.loads(frame["attributes"][0])
    assert first["timestamp"] == str(2**64 - 1)
    assert (first["trace_id"], first["span_id"]) == ("abc", "xyz")
    assert (frame["timestamp"][0], frame["trace_id"][0]) == (None, None)
    assert json.loads(frame["attributes"][1])["colour"] == "red"
    notes = report.files[0].notes
    for words in ("times that could not be read", "trace id of wrong length", "span id of wrong length"):
        assert [n for note, n in notes.items() if note.startswith(words)] == [1], notes


def test_folders_of_partitions_give_their_columns(tmp_path: Path) -> None:
    for service in ("cart", "shop front"):
        folder = tmp_path / "logs" / f"service={service.replace(' ', '%20')}" / "date=2025-10-09"
        folder.mkdir(parents=True)
        table = pa.table({"ts": pa.array([T0], pa.int64()), "msg": [f"from {service}"]})
        pq.write_table(table, folder / "part-0.parquet")
    logs = ln.read(tmp_path / "logs")
    frame = logs.to_polars().sort("service_name")
    assert frame["service_name"].to_list() == ["cart", "shop front"]
    assert frame["body"].to_list() == ["from cart", "from shop front"]
    assert [json.loads(a) for a in frame["attributes"]] == [{"date": "2025-10-09"}] * 2
    # The name of a folder is content now: another name is another store.
    (tmp_path / "logs/service=cart").rename(tmp_path / "logs/service=basket")
    assert "basket" in ln.read(tmp_path / "logs").to_polars()["service_name"].to_list()


def test_columns_of_every_type_become_attributes_of_theirs() -> None:
    table = pa.table({
        "ts": pa.array([datetime(2025, 10, 9, tzinfo=UTC)] * 2, pa.timestamp("ms", "UTC")),
        "msg": ["a", "b"],
        "int": pa.array([1, None], pa.int8()),
        "big": pa.array([2**64 - 1, 1], pa.uint64()),
        "float": pa.array([1.0, float("nan")]),
        "half": pa.array([0.5, None], pa.float32()),
        "bool": [True, None],
        "text": ["007", ""],
        "list": pa.array([["x", None], []]),
        "lists": pa.array([[[1], [2, 3]], None]),
        "struct": pa.array([{"a": 1, "b": ["c"]}, None]),
        "map": pa.array([[("k", 1), ("k", 2)], []], pa.map_(pa.string(), pa.int64())),
        "bytes": pa.array([b"\xff", None]),
        "day": pa.array([datetime(2025, 1, 2), None], pa.date32()),
        "nothing": pa.array([None, None], pa.null()),
        "coded": pa.array(["q", "q"]).dictionary_encode(),
    })  # fmt: skip
    frame, report = load(parquet(table))
    assert report.files[0].records == 2, str(report)
    assert frame["attributes"][0] == (
        '{"int":1,"big":"18446744073709551615","float":1.0,"half":0.5,"bool":true,"text":"007","list":["x",null],'
        '"lists":[[1],[2,3]],"struct":{"a":1,"b":["c"]},"map":{"k":1,"k":2},"bytes":{"$bytes":"/w=="},'
        '"day":"2025-01-02","coded":"q"}'
    )
    assert frame["attributes"][1] == '{"big":1,"float":{"$double":"NaN"},"text":"","list":[],"map":{},"coded":"q"}'


def test_the_store_answers_to_what_a_layout_held(tmp_path: Path) -> None:
    path = tmp_path / "logs.parquet"
    path.write_bytes(parquet(clickhouse()))
    logs = ln.read(path)
    assert len(logs.where('severity>=error service_name=checkout http.route="/pay" zip="007"')) == 1
    assert (
        ln.read(path, columns={"body": "SeverityText"}).to_polars()["body"].to_list()
        != logs.to_polars()["body"].to_list()
    )
